//! The page's elements as this widget uses them. Owns the few imports that web-sys declares as fallible although they can't
//! fail with the constant names given here (a `Result` at each costs a third of the module's size), and short hands over
//! them. Every element is made by name and text, never from markup, so that Trusted Types and a strict policy have nothing to
//! object to.

use alloc::string::String;
use js_sys::{Array, Function};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// An element of any kind, the document or the window.
    #[derive(Clone, PartialEq)]
    pub(crate) type Node;

    #[wasm_bindgen(js_namespace = document, js_name = createElement)]
    pub(crate) fn create(name: &str) -> Node;
    #[wasm_bindgen(js_namespace = document, js_name = querySelector)]
    pub(crate) fn find(selector: &str) -> Option<Node>;
    /// A `NodeList`, of which only length and elements are used, as if it were an array.
    #[wasm_bindgen(js_namespace = document, js_name = querySelectorAll)]
    pub(crate) fn find_all(selector: &str) -> Array;
    #[wasm_bindgen(js_namespace = document, js_name = dispatchEvent)]
    pub(crate) fn dispatch(event: &JsValue);
    #[wasm_bindgen(method, js_name = setAttribute)]
    pub(crate) fn set_attribute(this: &Node, name: &str, value: &str);
    #[wasm_bindgen(method, js_name = getAttribute)]
    pub(crate) fn attribute(this: &Node, name: &str) -> Option<String>;
    #[wasm_bindgen(method, js_name = removeAttribute)]
    pub(crate) fn remove_attribute(this: &Node, name: &str);
    #[wasm_bindgen(method, setter, js_name = textContent)]
    pub(crate) fn set_text(this: &Node, text: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn append(this: &Node, child: &Node);
    #[wasm_bindgen(method)]
    pub(crate) fn prepend(this: &Node, child: &Node);
    #[wasm_bindgen(method, js_name = replaceWith)]
    pub(crate) fn replace_with(this: &Node, other: &Node);
    #[wasm_bindgen(method)]
    pub(crate) fn closest(this: &Node, selector: &str) -> Option<Node>;
    #[wasm_bindgen(method, js_name = addEventListener)]
    pub(crate) fn listen(this: &Node, kind: &str, listener: &Function);
    #[wasm_bindgen(method)]
    pub(crate) fn focus(this: &Node);
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_hidden(this: &Node, hidden: bool);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn checked(this: &Node) -> bool;
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_checked(this: &Node, checked: bool);
    #[wasm_bindgen(method, setter, js_name = async)]
    pub(crate) fn set_async(this: &Node, checked: bool);
    #[wasm_bindgen(method, js_name = showModal)]
    pub(crate) fn show_modal(this: &Node);
    #[wasm_bindgen(method)]
    pub(crate) fn close(this: &Node);

    #[wasm_bindgen(js_namespace = Reflect, js_name = get)]
    pub(crate) fn get(object: &JsValue, key: &str) -> JsValue;
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    pub(crate) fn set(object: &JsValue, key: &str, value: &JsValue);
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    pub(crate) fn set_str(object: &JsValue, key: &str, value: &str);
}

impl Node {
    /// Any object as a node.
    pub(crate) fn of(object: &JsValue) -> &Self {
        object.unchecked_ref()
    }

    /// The element that has the focus.
    pub(crate) fn focused() -> Option<Self> {
        find(":focus")
    }

    /// The body, once the parser has opened it.
    pub(crate) fn body() -> Option<Self> {
        find("body")
    }
}

/// A new last child of `parent`. `attributes` are `name=value`, separated by spaces, so no value may contain one.
#[inline(never)]
pub(crate) fn add(parent: &Node, name: &str, attributes: &str, text: &str) -> Node {
    let child = create(name);
    for attribute in attributes.split(' ') {
        if let Some((key, value)) = attribute.split_once('=') {
            child.set_attribute(key, value);
        }
    }
    child.set_text(text);
    parent.append(&child);
    child
}

/// A function for JavaScript that lives as long as the page.
pub(crate) fn function(callback: impl FnMut(JsValue) -> JsValue + 'static) -> Function {
    Closure::<dyn FnMut(JsValue) -> JsValue>::new(callback).into_js_value().unchecked_into()
}

/// [`function`] for a callback that has nothing to answer.
pub(crate) fn listener(mut callback: impl FnMut(JsValue) + 'static) -> Function {
    function(move |value| {
        callback(value);
        JsValue::UNDEFINED
    })
}

/// Calls `listener` at every event of these kinds, separated by spaces.
pub(crate) fn listen(target: &Node, kinds: &str, listener: &Function) {
    for kind in kinds.split(' ') {
        target.listen(kind, listener);
    }
}
