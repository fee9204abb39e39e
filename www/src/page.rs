//! What the page's own scripts see. Owns the DOM events `consentry:…` and the object `window.Consentry`.

use js_sys::Object;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::CustomEvent;

use crate::{
    app::App,
    dom::{dispatch, function, listener, set},
};

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
    let init = Object::new();
    set(&init, "detail", detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(name, init.unchecked_ref()) {
        dispatch(&event);
    }
}

/// Puts `window.Consentry` there.
pub(crate) fn expose(app: &'static App) {
    let api = Object::new();
    set(&api, "show", &listener(|_| app.show()));
    set(&api, "accepted", &function(|purpose| app.accepted(&purpose.as_string().unwrap_or_default()).into()));
    set(&api, "proof", &function(|_| app.proof()));
    set(&app.window, "Consentry", &api);
}
