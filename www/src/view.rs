//! The elements on the page: banner, preferences and the button that reopens them. Owns their making, showing and hiding; what
//! is shown when is the core's decision. They are in the light DOM with plain labels, where assistive technology and
//! consent tools of the visitor's own find them.
//!
//! A button says what it does in `data-consentry`, an input names its purpose in `name`; [`crate::app`] listens.

use core::cell::{OnceCell, RefCell};

use consentry::{banner::Switch, purpose::Purpose, record::LegalBasis};
use js_sys::Function;

use crate::{
    dom::{Node, add, find, listen},
    texts::Texts,
};

/// What a button does, as its `data-consentry` says; also the key of its label.
pub(crate) mod action {
    pub(crate) const ACCEPT: &str = "accept";
    pub(crate) const REJECT: &str = "reject";
    pub(crate) const CHOOSE: &str = "choose";
    pub(crate) const SAVE: &str = "save";
    pub(crate) const CLOSE: &str = "close";
    pub(crate) const REOPEN: &str = "reopen";
}

/// The elements, made once the page has a body.
pub(crate) struct View {
    body: Node,
    listener: Function,
    banner: Node,
    reopen: Node,
    preferences: OnceCell<Node>,
    focus: RefCell<Option<Node>>,
}

impl View {
    /// Adds banner and button to the body, both hidden; `listener` hears what happens in them.
    pub(crate) fn new(body: Node, purposes: &[Purpose], texts: &Texts, listener: Function) -> Self {
        let banner = add(
            &body,
            "div",
            "id=consentry-banner role=dialog aria-labelledby=consentry-title aria-describedby=consentry-text hidden=",
            "",
        );
        banner.set_attribute("lang", &texts.language);
        let words = add(&banner, "div", "class=consentry-words", "");
        add(&words, "h2", "id=consentry-title", texts.get("title"));
        add(&words, "p", "id=consentry-text", texts.get("text"));
        let list = add(&words, "ul", "", "");
        for purpose in purposes {
            add(&list, "li", "", &texts.title(purpose));
        }
        buttons(&banner, &[action::ACCEPT, action::REJECT, action::CHOOSE], texts);
        // First in the body, so that a keyboard and a screen reader meet the question before the page it is about.
        body.prepend(&banner);

        let reopen = button(&body, action::REOPEN, texts);
        reopen.set_attribute("id", "consentry-reopen");
        reopen.set_attribute("lang", &texts.language);
        reopen.set_hidden(true);
        for root in [&banner, &reopen] {
            listen(root, "click", &listener);
        }
        Self { body, listener, banner, reopen, preferences: OnceCell::new(), focus: RefCell::default() }
    }

    /// Shows or hides the banner.
    pub(crate) fn show_banner(&self, show: bool) {
        self.banner.set_hidden(!show);
    }

    /// Shows or hides the button that reopens the preferences.
    pub(crate) fn show_reopen(&self, show: bool) {
        self.reopen.set_hidden(!show);
    }

    /// Opens the preferences with these switches.
    pub(crate) fn show_preferences(&self, switches: &[Switch], texts: &Texts) {
        let dialog = self.preferences.get_or_init(|| {
            let dialog = preferences(&self.body, switches, texts);
            listen(&dialog, "click change close", &self.listener);
            dialog
        });
        for (purpose, on) in switches {
            if let Some(input) = find(&["#consentry-", purpose.as_str()].concat()) {
                input.set_checked(*on);
            }
        }
        dialog.show_modal();
    }

    /// Closes the preferences.
    pub(crate) fn hide_preferences(&self) {
        if let Some(dialog) = self.preferences.get() {
            dialog.close();
        }
    }

    /// Remembers where the focus is.
    pub(crate) fn remember_focus(&self) {
        self.focus.replace(Node::focused());
    }

    /// Puts the focus back; where it was may be gone with the banner, then to the button that reopens.
    pub(crate) fn return_focus(&self) {
        if let Some(element) = self.focus.take() {
            element.focus();
            if Node::focused().as_ref() != Some(&element) {
                self.reopen.focus();
            }
        }
    }
}

fn preferences(body: &Node, switches: &[Switch], texts: &Texts) -> Node {
    let dialog = add(
        body,
        "dialog",
        "id=consentry-preferences aria-labelledby=consentry-heading aria-describedby=consentry-intro",
        "",
    );
    dialog.set_attribute("lang", &texts.language);
    let head = add(&dialog, "div", "class=consentry-head", "");
    add(&head, "h2", "id=consentry-heading", texts.get("preferences"));
    let close = button(&head, action::CLOSE, texts);
    close.set_attribute("aria-label", texts.get(action::CLOSE));
    close.set_text("✕");
    let list = add(&dialog, "div", "class=consentry-list", "");
    add(&list, "p", "id=consentry-intro", texts.get("preferences_text"));
    for (purpose, _) in switches {
        let row = add(&list, "div", "class=consentry-purpose", "");
        // The names of purposes have no spaces.
        let with = |before: &str| [before, purpose.as_str()].concat();
        add(&row, "label", &with("for=consentry-"), &texts.title(purpose));
        let input = add(&row, "input", "type=checkbox role=switch", "");
        input.set_attribute("name", purpose.as_str());
        input.set_attribute("id", &with("consentry-"));
        input.set_attribute("aria-describedby", &with("consentry-about-"));
        let words = add(&row, "div", &with("id=consentry-about-"), "");
        add(&words, "p", "", texts.description(purpose));
        add(&words, "p", "class=consentry-basis", texts.basis(LegalBasis::Consent));
    }
    buttons(&dialog, &[action::ACCEPT, action::REJECT, action::SAVE], texts);
    dialog
}

fn buttons(parent: &Node, actions: &[&str], texts: &Texts) {
    let row = add(parent, "div", "class=consentry-actions", "");
    for action in actions {
        button(&row, action, texts);
    }
}

fn button(parent: &Node, action: &str, texts: &Texts) -> Node {
    let button = add(parent, "button", "type=button", texts.get(action));
    button.set_attribute("data-consentry", action);
    button
}
