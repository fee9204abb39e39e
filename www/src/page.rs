//! What the page's own scripts see. Owns the DOM events `consentry:…` and the object `window.Consentry`.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsValue, closure::Closure};
use web_sys::{CustomEvent, CustomEventInit};

use crate::app::App;

/// An event on `document`.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// The person decided, here or in another tab; `detail` says of each purpose whether it may be used.
    Change,
    /// The Worker recorded decisions; `detail` is its answer.
    Recorded,
    /// The Worker refused decisions for good; `detail` is its problem document.
    Refused,
}

/// Dispatches an event.
pub(crate) fn tell(kind: Kind, detail: &JsValue) {
    let name = match kind {
        Kind::Change => "consentry:change",
        Kind::Recorded => "consentry:recorded",
        Kind::Refused => "consentry:refused",
    };
    let init = CustomEventInit::new();
    init.set_detail(detail);
    let document = web_sys::window().and_then(|window| window.document());
    if let (Some(document), Ok(event)) = (document, CustomEvent::new_with_event_init_dict(name, &init)) {
        let _cancelled = document.dispatch_event(&event);
    }
}

/// Puts `window.Consentry` there.
pub(crate) fn expose(app: &'static App) -> Result<(), JsValue> {
    let api = Object::new();
    let show = Closure::<dyn Fn()>::new(|| app.show());
    let accepted = Closure::<dyn Fn(String) -> bool>::new(|purpose: String| app.accepted(&purpose));
    let proof = Closure::<dyn Fn() -> Object>::new(|| app.proof());
    set(&api, "show", &show.into_js_value())?;
    set(&api, "accepted", &accepted.into_js_value())?;
    set(&api, "proof", &proof.into_js_value())?;
    set(&app.window, "Consentry", &api)
}

/// `object[key] = value`.
pub(crate) fn set(object: &JsValue, key: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(object, &key.into(), value).map(drop)
}
