//! Blocked tags. Owns letting `<script type="text/plain" data-purpose="…">` run once all its purposes may be used, in the order
//! of the document: a script with a `src` is waited for unless it is `async`.
//!
//! The element itself is taken out and put back with its real type (`data-type`, or JavaScript): a script that was never run is
//! prepared again when it is inserted. So no text and no address is assigned, which Trusted Types would forbid, and its nonce
//! and every other attribute stay.

use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell};

use consentry::purpose::Purpose;
use js_sys::Function;
use wasm_bindgen::JsCast;

use crate::dom::{Node, create, find_all, listen, listener};

/// The blocked scripts of a page; at first nothing is allowed.
#[derive(Default)]
pub(crate) struct Tags {
    allowed: RefCell<Vec<Purpose>>,
    waiting: Cell<bool>,
    resume: OnceCell<Function>,
}

impl Tags {
    /// From now on exactly these purposes may be used. A script that already ran can't be undone.
    pub(crate) fn allow(&'static self, purposes: Vec<Purpose>) {
        self.allowed.replace(purposes);
        self.run();
    }

    /// Runs every script that may run and has not, up to the first that must be waited for.
    pub(crate) fn run(&'static self) {
        while !self.waiting.get() {
            let Some(script) = self.next() else { return };
            self.release(&script);
        }
    }

    fn next(&self) -> Option<Node> {
        let blocked = find_all(r#"script[type="text/plain"][data-purpose]"#);
        (0..blocked.length())
            .map(|index| blocked.get(index).unchecked_into())
            .find(|script| self.may_run(script))
    }

    fn may_run(&self, script: &Node) -> bool {
        let allowed = self.allowed.borrow();
        let wanted = script.attribute("data-purpose").unwrap_or_default();
        let mut names = wanted.split_ascii_whitespace().peekable();
        names.peek().is_some() && names.all(|name| allowed.iter().any(|purpose| purpose.as_str() == name))
    }

    fn release(&'static self, script: &Node) {
        script.set_attribute("type", &script.attribute("data-type").unwrap_or_default());
        // Inserted by a script, it would otherwise run whenever it arrives, in any order.
        if script.attribute("async").is_none() {
            script.set_async(false);
            if script.attribute("src").is_some() {
                self.waiting.set(true);
                listen(script, "load error", self.resume());
            }
        }
        let hole = create("script");
        script.replace_with(&hole);
        hole.replace_with(script);
    }

    fn resume(&'static self) -> &'static Function {
        self.resume.get_or_init(|| {
            listener(|_| {
                self.waiting.set(false);
                self.run();
            })
        })
    }
}
