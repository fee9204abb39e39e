//! Short hands for the DOM. Owns nothing but them; every element is made by name and text, never from markup, so that Trusted
//! Types and a strict policy have nothing to object to.

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Document, Element, EventTarget};

/// A new element with attributes and text; in a real page it can't fail.
pub(crate) fn element(
    document: &Document,
    name: &str,
    attributes: &[(&str, &str)],
    text: &str,
) -> Result<Element, JsValue> {
    let element = document.create_element(name)?;
    for (name, value) in attributes {
        element.set_attribute(name, value)?;
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    Ok(element)
}

/// Makes a new element the last child of `parent`.
pub(crate) fn append(
    parent: &Element,
    name: &str,
    attributes: &[(&str, &str)],
    text: &str,
) -> Result<Element, JsValue> {
    let child = element(&parent.owner_document().ok_or(JsValue::NULL)?, name, attributes, text)?;
    parent.append_child(&child)?;
    Ok(child)
}

/// A function for JavaScript that lives as long as the page.
pub(crate) fn function<T: wasm_bindgen::convert::FromWasmAbi + 'static>(
    callback: impl FnMut(T) + 'static,
) -> Function {
    Closure::<dyn FnMut(T)>::new(callback).into_js_value().unchecked_into()
}

/// Calls `listener` at every event of these kinds.
pub(crate) fn listen(target: &EventTarget, kinds: &[&str], listener: &Function) {
    for kind in kinds {
        let _never_fails = target.add_event_listener_with_callback(kind, listener);
    }
}
