//! The banner in a page: a face of the core for browsers.
//!
//! In scope: reading what the embedding tag says, showing banner and preferences, keeping the choice, letting blocked tags
//! run, sending decisions. Out of scope: every rule (when to ask, what counts as granting, what a purpose means for other
//! tags' signals), which is the core's.
//!
//! `www/loader/entry.js` carries this module and calls [`start`] before any later tag runs.
#![no_std]

extern crate alloc;
#[cfg(not(feature = "bare"))]
extern crate std;

mod app;
mod body;
mod dom;
mod hash;
mod page;
#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod page_tests;
mod queue;
mod random;
mod settings;
mod store;
mod tags;
mod texts;
mod view;

use alloc::{boxed::Box, string::String};
use core::cell::{OnceCell, RefCell};

use consentry::banner::{Event, State};
use js_sys::{Function, Object};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::{MutationObserver, Window};

use crate::{
    app::App,
    dom::{Node, get, listen, listener, set},
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

/// Formatting what went wrong would cost a quarter of the module; the trap stops the call, and what was denied stays denied.
#[cfg(all(feature = "bare", target_arch = "wasm32"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// Starts the widget.
///
/// `script` is the embedding tag, `visitor` what the Worker wrote about the visitor, `locales` an object from language to the
/// content of its file, `signal` a function that writes its arguments to Google's `dataLayer`.
#[wasm_bindgen]
pub fn start(window: Window, script: &JsValue, visitor: &str, locales: &JsValue, signal: Function) {
    let settings = settings(&window, script, visitor);
    let texts = texts(&settings, locales);
    // Of the page's own lifetime: listeners and promises refer to it until the page goes.
    let store: &'static Store = Box::leak(Box::new(Store::open(&window, &settings.site)));
    let app: &'static App = Box::leak(Box::new(App {
        queue: Queue::new(window.clone(), store, &settings.api),
        tags: Tags::default(),
        notice: NoticeHash::default(),
        state: RefCell::new(State::new(settings.setup())),
        view: OnceCell::new(),
        unseen: RefCell::default(),
        window,
        settings,
        texts,
        store,
        signal,
    }));
    app.notice.compute(&app.window, &app.texts.notice(&app.settings).canonical_bytes());
    page::expose(app);
    app.dispatch(Event::PageLoaded(store.choice()));

    let hear = listener(|event| app.hear(&event));
    listen(Node::of(&app.window), "storage online keydown DOMContentLoaded", &hear);
    when_body_is_there(app, hear);
    app.queue.flush();
}

fn settings(window: &Window, script: &JsValue, visitor: &str) -> Settings {
    let text = |object: &JsValue, key: &str| get(object, key).as_string().unwrap_or_default();
    let document = get(window, "document");
    Settings::read(&Page {
        attribute: &|name| Node::of(script).attribute(&["data-", name].concat()),
        source: text(script, "src"),
        language: text(&get(&document, "documentElement"), "lang"),
        visitor,
        gpc: get(&window.navigator(), "globalPrivacyControl").is_truthy(),
    })
}

/// The first of the wanted languages that there is, or English.
fn texts(settings: &Settings, locales: &JsValue) -> Texts {
    let wanted = settings.languages.iter().map(|tag| texts::primary(tag)).chain(["en".into()]);
    let mut found =
        wanted.filter_map(|language| Some(Texts::new(&language, get(locales, &language).as_string()?)));
    found.next().unwrap_or_else(|| Texts::new("en", String::new()))
}

/// Makes the view as soon as the parser has opened the body, not only when the whole page is read.
fn when_body_is_there(app: &'static App, hear: Function) {
    let make = move || {
        if app.view.get().is_none()
            && let Some(body) = Node::body()
        {
            app.body_is_there(View::new(body, &app.settings.purposes, &app.texts, hear.clone()));
        }
    };
    make();
    if app.view.get().is_none()
        && let Ok(observer) = MutationObserver::new(&listener(move |_| make()))
    {
        let children = Object::new();
        set(&children, "childList", &JsValue::TRUE);
        let root = get(&get(&app.window, "document"), "documentElement");
        let _never_fails = observer.observe_with_options(root.unchecked_ref(), children.unchecked_ref());
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
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
