//! The elements on the page: banner, preferences and the button that reopens them. Owns their making, showing and hiding; what
//! is shown when is the core's decision. They are in the light DOM with plain labels, where assistive technology and
//! consent tools of the visitor's own find them.
//!
//! A button says what it does in `data-consentry`, an input names its purpose; [`crate::app`] listens.

use std::cell::{OnceCell, RefCell};

use consentry::{banner::Switch, purpose::Purpose, record::LegalBasis};
use js_sys::{Array, Function};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleSheet, Document, Element, HtmlDialogElement, HtmlElement, HtmlInputElement};

use crate::{
    dom::{append, element, listen},
    texts::Texts,
};

/// What a button does, as its `data-consentry` says.
pub(crate) mod action {
    pub(crate) const ACCEPT: &str = "accept";
    pub(crate) const REJECT: &str = "reject";
    pub(crate) const CHOOSE: &str = "choose";
    pub(crate) const SAVE: &str = "save";
    pub(crate) const CLOSE: &str = "close";
}

/// The elements, made once the page has a body.
pub(crate) struct View {
    document: Document,
    listener: Function,
    banner: Element,
    reopen: HtmlElement,
    preferences: OnceCell<HtmlDialogElement>,
    focus: RefCell<Option<HtmlElement>>,
}

impl View {
    /// Adds banner and button to the body, both hidden; `listener` hears what happens in them.
    pub(crate) fn new(
        document: &Document,
        purposes: &[Purpose],
        texts: &Texts,
        listener: Function,
    ) -> Result<Self, JsValue> {
        let banner = banner(document, purposes, texts)?;
        let open = [
            ("id", "consentry-reopen"),
            ("type", "button"),
            ("data-consentry", action::CHOOSE),
            ("hidden", ""),
        ];
        let reopen = element(document, "button", &open, texts.get("reopen"))?;
        reopen.set_attribute("lang", &texts.language)?;
        for root in [&banner, &reopen] {
            listen(root, &["click"], &listener);
        }
        let body = document.body().ok_or(JsValue::NULL)?;
        // First in the body, so that a keyboard and a screen reader meet the question before the page it is about.
        body.insert_before(&banner, body.first_child().as_ref())?;
        body.append_child(&reopen)?;
        let reopen = reopen.unchecked_into();
        Ok(Self {
            document: document.clone(),
            listener,
            banner,
            reopen,
            preferences: OnceCell::new(),
            focus: RefCell::default(),
        })
    }

    /// Shows or hides the banner.
    pub(crate) fn show_banner(&self, show: bool) {
        let _never_fails = self.banner.toggle_attribute_with_force("hidden", !show);
    }

    /// Shows or hides the button that reopens the preferences.
    pub(crate) fn show_reopen(&self, show: bool) {
        self.reopen.set_hidden(!show);
    }

    /// Opens the preferences with these switches.
    pub(crate) fn show_preferences(&self, switches: &[Switch], texts: &Texts) -> Result<(), JsValue> {
        let dialog = if let Some(dialog) = self.preferences.get() {
            dialog
        } else {
            let dialog = preferences(&self.document, switches, texts)?;
            listen(&dialog, &["click", "change", "close"], &self.listener);
            self.document.body().ok_or(JsValue::NULL)?.append_child(&dialog)?;
            self.preferences.get_or_init(|| dialog)
        };
        for (purpose, on) in switches {
            if let Some(input) = dialog.query_selector(&["[name=", purpose.as_str(), "]"].concat())? {
                input.unchecked_into::<HtmlInputElement>().set_checked(*on);
            }
        }
        dialog.show_modal()
    }

    /// Closes the preferences.
    pub(crate) fn hide_preferences(&self) {
        if let Some(dialog) = self.preferences.get() {
            dialog.close();
        }
    }

    /// Remembers where the focus is.
    pub(crate) fn remember_focus(&self) {
        self.focus.replace(self.document.active_element().and_then(|element| element.dyn_into().ok()));
    }

    /// Puts the focus back; where it was may be gone with the banner, then to the button that reopens.
    pub(crate) fn return_focus(&self) {
        let Some(element) = self.focus.take() else { return };
        let _gone = element.focus();
        let has_focus = self.document.active_element().is_some_and(|active| active == *element);
        if !has_focus {
            let _gone = self.reopen.focus();
        }
    }
}

/// Adds the widget's styles as a constructed style sheet, which no policy forbids.
pub(crate) fn style(document: &Document, css: &str) -> Result<(), JsValue> {
    let sheet = CssStyleSheet::new()?;
    sheet.replace_sync(css)?;
    let sheets = Array::from(&document.adopted_style_sheets());
    sheets.push(&sheet);
    document.set_adopted_style_sheets(&sheets);
    Ok(())
}

fn banner(document: &Document, purposes: &[Purpose], texts: &Texts) -> Result<Element, JsValue> {
    let attributes = [
        ("id", "consentry-banner"),
        ("role", "dialog"),
        ("aria-labelledby", "consentry-title"),
        ("aria-describedby", "consentry-text"),
        ("lang", &texts.language),
        ("hidden", ""),
    ];
    let banner = element(document, "div", &attributes, "")?;
    let words = append(&banner, "div", &[("class", "consentry-words")], "")?;
    append(&words, "h2", &[("id", "consentry-title")], texts.get("title"))?;
    append(&words, "p", &[("id", "consentry-text")], texts.get("text"))?;
    let list = append(&words, "ul", &[], "")?;
    for purpose in purposes {
        append(&list, "li", &[], &texts.title(purpose))?;
    }
    let actions = append(&banner, "div", &[("class", "consentry-actions")], "")?;
    for action in [action::ACCEPT, action::REJECT, action::CHOOSE] {
        button(&actions, action, texts)?;
    }
    Ok(banner)
}

fn preferences(
    document: &Document,
    switches: &[Switch],
    texts: &Texts,
) -> Result<HtmlDialogElement, JsValue> {
    let attributes = [
        ("id", "consentry-preferences"),
        ("aria-labelledby", "consentry-heading"),
        ("aria-describedby", "consentry-intro"),
        ("lang", &texts.language),
    ];
    let dialog = element(document, "dialog", &attributes, "")?;
    let head = append(&dialog, "div", &[("class", "consentry-head")], "")?;
    append(&head, "h2", &[("id", "consentry-heading")], texts.get("preferences"))?;
    let label = texts.get("close");
    let close =
        [("type", "button"), ("data-consentry", action::CLOSE), ("aria-label", label), ("title", label)];
    append(&head, "button", &close, "✕")?;
    let list = append(&dialog, "div", &[("class", "consentry-list")], "")?;
    append(&list, "p", &[("id", "consentry-intro")], texts.get("preferences_text"))?;
    for (purpose, _) in switches {
        switch(&list, purpose, texts)?;
    }
    let actions = append(&dialog, "div", &[("class", "consentry-actions")], "")?;
    for action in [action::ACCEPT, action::REJECT, action::SAVE] {
        button(&actions, action, texts)?;
    }
    Ok(dialog.unchecked_into())
}

fn switch(list: &Element, purpose: &Purpose, texts: &Texts) -> Result<(), JsValue> {
    let (name, id) = (purpose.as_str(), ["consentry-", purpose.as_str()].concat());
    let about = [&id, "-about"].concat();
    let row = append(list, "div", &[("class", "consentry-purpose")], "")?;
    append(&row, "label", &[("for", &id)], &texts.title(purpose))?;
    let input = [
        ("id", id.as_str()),
        ("name", name),
        ("type", "checkbox"),
        ("role", "switch"),
        ("aria-describedby", &about),
    ];
    append(&row, "input", &input, "")?;
    let words = append(&row, "div", &[("id", &about)], "")?;
    append(&words, "p", &[], texts.description(purpose))?;
    append(&words, "p", &[("class", "consentry-basis")], texts.basis(LegalBasis::Consent))?;
    Ok(())
}

fn button(parent: &Element, action: &str, texts: &Texts) -> Result<Element, JsValue> {
    append(parent, "button", &[("type", "button"), ("data-consentry", action)], texts.get(action))
}
