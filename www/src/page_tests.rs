//! The widget in a real page: what a visitor sees, what is kept, which tags run. The whole path to the Worker is tested in
//! `tests/browser/`.

use alloc::{format, string::String, vec, vec::Vec};

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{CssStyleSheet, Document, Element, HtmlDialogElement, HtmlElement, HtmlInputElement, Storage};

wasm_bindgen_test_configure!(run_in_browser);

const CSS: &str = include_str!("../loader/widget.css");

fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

fn storage() -> Storage {
    web_sys::window().unwrap().local_storage().unwrap().unwrap()
}

fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).unwrap()
}

fn press(selector: &str) {
    find(selector).unwrap().unchecked_into::<HtmlElement>().click();
}

fn is_shown(selector: &str) -> bool {
    find(selector).is_some_and(|element| element.get_bounding_client_rect().height() > 0.0)
}

fn switch(purpose: &str) -> HtmlInputElement {
    find(&format!("#consentry-preferences [name={purpose}]")).unwrap().unchecked_into()
}

fn append(name: &str, attributes: &[(&str, &str)], text: &str) -> Element {
    let element = document().create_element(name).unwrap();
    for (key, value) in attributes {
        element.set_attribute(key, value).unwrap();
    }
    element.set_text_content(Some(text));
    document().body().unwrap().append_child(&element).unwrap();
    element
}

/// What the loader does with the styles.
fn style() {
    let sheet = CssStyleSheet::new().unwrap();
    sheet.replace_sync(CSS).unwrap();
    document().set_adopted_style_sheets(&Array::of1(&sheet));
}

/// Starts the widget in a page without traces of the test before, and gives what it tells Consent Mode. The Worker is a port
/// where nobody listens.
fn open(attributes: &[(&str, &str)]) -> Array {
    for left in
        ["#consentry-banner", "#consentry-preferences", "#consentry-reopen", "[data-purpose]", "[data-site]"]
    {
        while let Some(element) = find(left) {
            element.remove();
        }
    }
    style();
    let mut all = vec![("type", "text/plain"), ("data-site", "test"), ("data-api", "http://127.0.0.1:9")];
    all.extend(attributes);
    let script = append("script", &all, "");
    let locales = Object::new();
    for (language, lines) in
        [("en", include_str!("../locales/en.txt")), ("de", include_str!("../locales/de.txt"))]
    {
        Reflect::set(&locales, &language.into(), &lines.into()).unwrap();
    }
    let told = Array::new();
    let signal = Function::new_with_args("command, kind, switches", "this.push([command, kind, switches])")
        .bind0(&told);
    crate::start(web_sys::window().unwrap(), &script, "%VISITOR%", &locales, signal);
    told
}

fn open_anew(attributes: &[(&str, &str)]) -> Array {
    storage().clear().unwrap();
    open(attributes)
}

fn signal(told: &Array, name: &str) -> String {
    let last = Array::from(&told.get(told.length() - 1));
    assert_eq!((last.get(0), last.get(1)), (JsValue::from("consent"), JsValue::from("update")));
    Reflect::get(&last.get(2), &name.into()).unwrap().as_string().unwrap()
}

fn ran() -> String {
    document().body().unwrap().get_attribute("data-ran").unwrap_or_default()
}

/// A blocked inline script that leaves its letter on the body.
fn block(purpose: &str, letter: &str) {
    let script = format!("document.body.dataset.ran = (document.body.dataset.ran ?? '') + '{letter}'");
    append("script", &[("type", "text/plain"), ("data-purpose", purpose)], &script);
    document().body().unwrap().remove_attribute("data-ran").unwrap();
}

#[wasm_bindgen_test]
fn the_first_visit_shows_a_labelled_dialog_with_three_buttons() {
    open_anew(&[]);
    assert!(is_shown("#consentry-banner"));
    let banner = find("#consentry-banner").unwrap();
    assert_eq!(banner.get_attribute("role").as_deref(), Some("dialog"));
    let label = find(&format!("#{}", banner.get_attribute("aria-labelledby").unwrap())).unwrap();
    assert_eq!(label.text_content().as_deref(), Some("Your data, your choice"));
    let buttons = banner.query_selector_all("button").unwrap();
    let labels: Vec<_> =
        (0..buttons.length()).map(|i| buttons.item(i).unwrap().text_content().unwrap()).collect();
    assert_eq!(labels, ["Accept all", "Reject all", "Choose"]);
}

#[wasm_bindgen_test]
fn accepting_and_rejecting_look_the_same() {
    open_anew(&[]);
    let size = |action: &str| {
        let rect =
            find(&format!("#consentry-banner [data-consentry={action}]")).unwrap().get_bounding_client_rect();
        (rect.width(), rect.height())
    };
    assert_eq!(size("accept"), size("reject"));
    assert_eq!(size("accept"), size("choose"));
}

#[wasm_bindgen_test]
fn rejecting_keeps_the_choice_and_runs_nothing() {
    let told = open_anew(&[]);
    block("analytics", "a");
    press("#consentry-banner [data-consentry=reject]");
    assert!(!is_shown("#consentry-banner"));
    assert!(is_shown("#consentry-reopen"));
    assert_eq!(ran(), "");
    assert_eq!(signal(&told, "analytics_storage"), "denied");
    assert!(storage().get_item("consentry.test.choice").unwrap().unwrap().contains("analytics=revoked@"));
}

#[wasm_bindgen_test]
fn accepting_runs_the_blocked_tags_in_the_order_of_the_page() {
    let told = open_anew(&[]);
    block("analytics", "a");
    block("personalization analytics", "b");
    block("no_such_purpose", "x");
    block("analytics no_such_purpose", "x");
    block("", "x");
    block("inference", "c");
    press("#consentry-banner [data-consentry=accept]");
    assert_eq!(ran(), "abc");
    assert_eq!(signal(&told, "analytics_storage"), "granted");
    assert_eq!(signal(&told, "ad_storage"), "denied");
}

#[wasm_bindgen_test]
fn no_switch_is_on_before_the_person_turns_it_on() {
    open_anew(&[]);
    press("#consentry-banner [data-consentry=choose]");
    assert!(find("#consentry-preferences").unwrap().unchecked_into::<HtmlDialogElement>().open());
    for purpose in ["model_training", "inference", "analytics", "personalization"] {
        assert!(!switch(purpose).checked(), "{purpose}");
    }
}

#[wasm_bindgen_test]
fn saving_runs_only_what_was_switched_on_and_the_switches_stay() {
    open_anew(&[]);
    block("analytics", "a");
    block("inference", "i");
    press("#consentry-banner [data-consentry=choose]");
    switch("inference").click();
    press("#consentry-preferences [data-consentry=save]");
    assert_eq!(ran(), "i");
    press("#consentry-reopen");
    assert!(switch("inference").checked());
    assert!(!switch("analytics").checked());
}

#[wasm_bindgen_test]
fn a_kept_choice_runs_the_tags_without_asking() {
    open_anew(&[]);
    press("#consentry-banner [data-consentry=accept]");
    block("analytics", "a");
    open(&[]);
    assert!(!is_shown("#consentry-banner"));
    block("analytics", "b");
    press("#consentry-reopen");
    press("#consentry-preferences [data-consentry=save]");
    assert_eq!(ran(), "b");
}

#[wasm_bindgen_test]
fn an_unreadable_choice_counts_as_none() {
    for text in ["", "yes", "1 1 analytics=granted", "{\"analytics\":true}"] {
        storage().set_item("consentry.test.choice", text).unwrap();
        let told = open(&[]);
        assert!(is_shown("#consentry-banner"), "{text:?}");
        assert_eq!(signal(&told, "analytics_storage"), "denied", "{text:?}");
    }
}

#[wasm_bindgen_test]
fn a_newer_notice_asks_again() {
    open_anew(&[]);
    press("#consentry-banner [data-consentry=accept]");
    let told = open(&[("data-notice-version", "2")]);
    assert!(is_shown("#consentry-banner"));
    assert_eq!(signal(&told, "analytics_storage"), "denied");
}

#[wasm_bindgen_test]
fn the_tag_chooses_language_and_purposes() {
    open_anew(&[("data-lang", "de-AT"), ("data-purposes", "analytics sale_or_sharing")]);
    let banner = find("#consentry-banner").unwrap();
    assert_eq!(banner.get_attribute("lang").as_deref(), Some("de"));
    assert!(banner.text_content().unwrap().contains("Alle ablehnen"));
    press("#consentry-banner [data-consentry=choose]");
    assert!(find("#consentry-preferences [name=model_training]").is_none());
    assert!(!switch("sale_or_sharing").checked());
}

#[wasm_bindgen_test]
fn the_page_can_ask_and_open() {
    open_anew(&[]);
    let api = Reflect::get(&web_sys::window().unwrap(), &"Consentry".into()).unwrap();
    let call = |name: &str, argument: &str| {
        let function: Function = Reflect::get(&api, &name.into()).unwrap().unchecked_into();
        function.call1(&api, &argument.into()).unwrap()
    };
    assert_eq!(call("accepted", "analytics"), JsValue::FALSE);
    assert!(Reflect::get(&call("proof", ""), &"secret".into()).unwrap().is_undefined());
    call("show", "");
    press("#consentry-preferences [data-consentry=accept]");
    assert_eq!(call("accepted", "analytics"), JsValue::TRUE);
    assert_eq!(call("accepted", "no_such_purpose"), JsValue::FALSE);
}
