//! The elements on the page: banner, preferences and the button that reopens them. Owns their making, showing and hiding; what
//! is shown when is the core's decision. They are in the light DOM with plain labels, where assistive technology and
//! consent tools of the visitor's own find them.
//!
//! A button says what it does in `data-consentry`; `www/loader/main.js` listens.

use consentry::banner::{Asked, Set, View as Shown};

use crate::{
    hands::{add, add_with, check, focus, modal, show},
    texts::{Key, Texts},
};

/// The elements, made once the page has a body.
pub(crate) struct View {
    banner: u32,
    reopen: u32,
    /// Made when they are first asked for.
    preferences: Option<u32>,
    /// Whether they are open.
    open: bool,
}

impl View {
    /// Adds banner and button to the body, both hidden. They come first, so that a keyboard and a screen reader meet the
    /// question before the page it is about.
    pub(crate) fn new(purposes: &[Asked<'static>], texts: &Texts) -> Self {
        let button = "button id=consentry-reopen lang=$ data-consentry=reopen hidden=";
        let reopen = add_with(0, button, texts.language, texts.get(Key::reopen));
        let dialog = "div id=consentry-banner role=dialog lang=$ \
            aria-labelledby=consentry-title aria-describedby=consentry-text hidden=";
        let banner = add_with(0, dialog, texts.language, "");
        let words = add(banner, "div class=consentry-words", "");
        add(words, "h2 id=consentry-title", texts.get(Key::title));
        add(words, "p id=consentry-text", texts.get(Key::text));
        let list = add(words, "ul", "");
        for purpose in purposes {
            add(list, "li", texts.title(purpose.name()));
        }
        buttons(banner, texts, "choose", Key::choose);
        Self { banner, reopen, preferences: None, open: false }
    }

    /// Shows what is to be shown, with these switches on if it is the preferences.
    pub(crate) fn show(&mut self, shown: Shown, on: Set, purposes: &[Asked<'static>], texts: &Texts) {
        let open = matches!(shown, Shown::Preferences { .. });
        // A dialog remembers the focus when it opens and restores it when it closes: it must open before what has the focus
        // is hidden, and close after that is shown.
        if open && !self.open {
            let dialog = *self.preferences.get_or_insert_with(|| preferences(purposes, texts));
            for place in 0..purposes.len() {
                check(dialog, place, on.has(place));
            }
            modal(dialog, true);
        }
        show(self.banner, shown == Shown::Banner);
        show(self.reopen, shown == Shown::Hidden);
        if let Some(dialog) = self.preferences
            && self.open
            && !open
        {
            modal(dialog, false);
            focus(self.reopen);
        }
        self.open = open;
    }
}

fn preferences(purposes: &[Asked<'static>], texts: &Texts) -> u32 {
    let tag = "dialog id=consentry-preferences lang=$ \
        aria-labelledby=consentry-heading aria-describedby=consentry-intro";
    let dialog = add_with(0, tag, texts.language, "");
    let head = add(dialog, "div class=consentry-head", "");
    add(head, "h2 id=consentry-heading", texts.get(Key::preferences));
    add_with(head, "button data-consentry=close aria-label=$", texts.get(Key::close), "✕");
    let list = add(dialog, "div class=consentry-list", "");
    add(list, "p id=consentry-intro", texts.get(Key::preferences_text));
    for asked in purposes {
        let purpose = asked.name();
        let row = add(list, "div class=consentry-purpose", "");
        add_with(row, "label for=consentry-$", purpose, texts.title(purpose));
        let input =
            "input type=checkbox role=switch name=$ id=consentry-$ aria-describedby=consentry-about-$";
        add_with(row, input, purpose, "");
        let words = add_with(row, "div id=consentry-about-$", purpose, "");
        add(words, "p", texts.description(purpose));
        add(words, "p class=consentry-basis", texts.basis(asked.basis()));
    }
    buttons(dialog, texts, "save", Key::save);
    dialog
}

/// Yes, no and a third.
fn buttons(parent: u32, texts: &Texts, third: &str, label: Key) {
    let row = add(parent, "div class=consentry-actions", "");
    for (action, key) in [("accept", Key::accept), ("reject", Key::reject), (third, label)] {
        add_with(row, "button data-consentry=$", action, texts.get(key));
    }
}
