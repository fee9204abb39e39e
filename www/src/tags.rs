//! Blocked tags. Owns letting `<script type="text/plain" data-purpose="…">` run once all its purposes may be used, in the order
//! of the document: a script with a `src` is waited for unless it is `async`.
//!
//! The element itself is taken out and put back with its real type (`data-type`, or JavaScript): a script that was never run is
//! prepared again when it is inserted. So no text and no address is assigned, which Trusted Types would forbid, and its nonce
//! and every other attribute stay.

use std::cell::{Cell, RefCell};

use consentry::purpose::Purpose;
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, HtmlScriptElement};

use crate::dom::{function, listen};

/// The blocked scripts of a page.
pub(crate) struct Tags {
    document: Document,
    allowed: RefCell<Vec<Purpose>>,
    waiting: Cell<bool>,
    resume: RefCell<Option<Function>>,
}

impl Tags {
    /// With nothing allowed.
    pub(crate) fn new(document: Document) -> Self {
        Self { document, allowed: RefCell::default(), waiting: Cell::new(false), resume: RefCell::default() }
    }

    /// From now on exactly these purposes may be used. A script that already ran can't be undone.
    pub(crate) fn allow(&'static self, purposes: Vec<Purpose>) {
        self.allowed.replace(purposes);
        self.run();
    }

    /// Runs every script that may run and has not, up to the first that must be waited for.
    pub(crate) fn run(&'static self) {
        while !self.waiting.get() {
            let Some(script) = self.next() else { return };
            if self.release(&script).is_err() {
                // A tree that refuses the script (already taken apart by the page) would be tried for ever.
                return;
            }
        }
    }

    fn next(&self) -> Option<HtmlScriptElement> {
        let blocked = self.document.query_selector_all(r#"script[type="text/plain"][data-purpose]"#).ok()?;
        let scripts = (0..blocked.length()).filter_map(|index| blocked.item(index));
        scripts.map(JsCast::unchecked_into).find(|script| self.may_run(script))
    }

    fn may_run(&self, script: &HtmlScriptElement) -> bool {
        let allowed = self.allowed.borrow();
        let wanted = script.get_attribute("data-purpose").unwrap_or_default();
        let mut names = wanted.split_ascii_whitespace().peekable();
        names.peek().is_some() && names.all(|name| allowed.iter().any(|purpose| purpose.as_str() == name))
    }

    fn release(&'static self, script: &HtmlScriptElement) -> Result<(), JsValue> {
        match script.get_attribute("data-type") {
            Some(kind) => script.set_attribute("type", &kind)?,
            None => script.remove_attribute("type")?,
        }
        // Inserted by a script, it would otherwise run whenever it arrives, in any order.
        let in_order = !script.has_attribute("async");
        if in_order {
            script.set_async(false);
            if script.has_attribute("src") {
                self.waiting.set(true);
                listen(script, &["load", "error"], &self.resume());
            }
        }
        let parent = script.parent_node().ok_or(JsValue::NULL)?;
        let next = script.next_sibling();
        parent.remove_child(script)?;
        parent.insert_before(script, next.as_ref())?;
        Ok(())
    }

    fn resume(&'static self) -> Function {
        let mut resume = self.resume.borrow_mut();
        let make = || {
            function(|_: JsValue| {
                self.waiting.set(false);
                self.run();
            })
        };
        resume.get_or_insert_with(make).clone()
    }
}
