//! The banner in a page: a face of the core for browsers.
//!
//! In scope: reading what the embedding tag says, showing banner and preferences, keeping the choice, letting blocked tags
//! run, sending decisions. Out of scope: every rule (when to ask, what counts as granting, what a purpose means for other
//! tags' signals), which is the core's.
//!
//! `www/loader/entry.js` carries this module and calls [`start`] before any later tag runs.

mod app;
mod body;
mod dom;
mod hash;
mod page;
mod queue;
mod random;
mod settings;
mod store;
mod tags;
mod texts;
mod view;

use std::cell::{OnceCell, RefCell};

use consentry::banner::{Event, State};
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Document, Element, MutationObserver, MutationObserverInit, Window};

use crate::{
    app::App,
    hash::NoticeHash,
    queue::Queue,
    settings::{Page, Settings},
    store::Store,
    tags::Tags,
    texts::Texts,
    view::View,
};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// Starts the widget.
///
/// `script` is the embedding tag, `visitor` what the Worker wrote about the visitor, `css` the styles, `locales` an object
/// from language to the content of its file, `signal` a function that writes its arguments to Google's `dataLayer`.
#[wasm_bindgen]
pub fn start(
    script: &Element,
    visitor: &str,
    css: &str,
    locales: &Object,
    signal: Function,
) -> Result<(), JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let document = window.document().ok_or(JsValue::NULL)?;
    let settings = settings(&window, &document, script, visitor);
    let texts = texts(&settings, locales);
    // Of the page's own lifetime: listeners and promises refer to it until the page goes.
    let store: &'static Store = Box::leak(Box::new(Store::open(&window, &settings.site)));
    let app: &'static App = Box::leak(Box::new(App {
        queue: Queue::new(window.clone(), store, &settings.api),
        tags: Tags::new(document.clone()),
        notice: NoticeHash::default(),
        state: RefCell::new(State::new(settings.setup())),
        view: OnceCell::new(),
        unseen: RefCell::default(),
        window,
        document,
        settings,
        texts,
        store,
        signal,
    }));
    app.notice.compute(&app.window, &app.texts.notice(&app.settings).canonical_bytes());
    page::expose(app)?;
    app.dispatch(Event::PageLoaded(store.choice()));

    let listener = dom::function(|event: web_sys::Event| app.hear(&event));
    dom::listen(&app.window, &["storage", "online"], &listener);
    dom::listen(&app.document, &["keydown", "DOMContentLoaded"], &listener);
    view::style(&app.document, css)?;
    when_body_is_there(app, listener)?;
    app.queue.flush();
    Ok(())
}

fn settings(window: &Window, document: &Document, script: &Element, visitor: &str) -> Settings {
    let source = script.get_attribute("src").unwrap_or_default();
    let base = document.base_uri().ok().flatten().unwrap_or_default();
    let text = |object: &JsValue, key: &str| Reflect::get(object, &key.into()).unwrap_or_default();
    Settings::read(&Page {
        attribute: &|name| script.get_attribute(&["data-", name].concat()),
        origin: web_sys::Url::new_with_base(&source, &base).map(|url| url.origin()).unwrap_or_default(),
        language: document.document_element().and_then(|root| root.get_attribute("lang")).unwrap_or_default(),
        visitor,
        gpc: text(&window.navigator(), "globalPrivacyControl").is_truthy(),
    })
}

/// The first of the wanted languages that there is, or English.
fn texts(settings: &Settings, locales: &Object) -> Texts {
    let wanted = settings.languages.iter().map(|tag| texts::primary(tag)).chain(["en".into()]);
    let mut found = wanted.filter_map(|language| {
        let lines = Reflect::get(locales, &language.as_str().into()).ok()?.as_string()?;
        Some(Texts::new(&language, lines))
    });
    found.next().unwrap_or_else(|| Texts::new("en", String::new()))
}

/// Makes the view as soon as the parser has opened the body, not only when the whole page is read.
fn when_body_is_there(app: &'static App, listener: Function) -> Result<(), JsValue> {
    let make = move || {
        if app.document.body().is_some()
            && app.view.get().is_none()
            && let Ok(view) = View::new(&app.document, &app.settings.purposes, &app.texts, listener.clone())
        {
            app.body_is_there(view);
        }
        app.view.get().is_some()
    };
    if make() {
        return Ok(());
    }
    let grown = Closure::<dyn FnMut(JsValue, MutationObserver)>::new(move |_, observer: MutationObserver| {
        if make() {
            observer.disconnect();
        }
    });
    let observer = MutationObserver::new(grown.into_js_value().unchecked_ref())?;
    let init = MutationObserverInit::new();
    init.set_child_list(true);
    let root = app.document.document_element().ok_or(JsValue::NULL)?;
    observer.observe_with_options(&root, &init)
}

#[cfg(test)]
mod tests {
    use consentry::signals::ConsentMode;

    #[test]
    fn the_loader_denies_by_default_what_the_core_denies() {
        let loader = include_str!("../loader/entry.js");
        let default = loader.split_once("'default', {").unwrap().1.split_once("});").unwrap().0;
        let lines: Vec<_> = default.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let expected = ConsentMode::DENIED
            .entries()
            .map(|(name, granted)| [name, ": '", if granted { "granted" } else { "denied" }, "',"].concat());
        assert_eq!(lines, expected);
    }
}
