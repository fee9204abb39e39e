//! What the browser keeps. Owns the keys in `localStorage` and living without it: where it is refused or full, everything is
//! kept in memory until the page goes, so that the page works the same and the person is asked again on the next one.

use alloc::{string::String, vec::Vec};
use core::cell::RefCell;

use consentry::banner::Choice;
use web_sys::{Storage, Window};

/// The kept choice, the person's secret and the queue of one site.
pub(crate) struct Store {
    prefix: String,
    local: Option<Storage>,
    memory: RefCell<Vec<(String, String)>>,
}

impl Store {
    /// For a site; two sites on one origin don't share a key.
    pub(crate) fn open(window: &Window, site: &str) -> Self {
        Self {
            prefix: ["consentry.", site, "."].concat(),
            local: window.local_storage().ok().flatten(),
            memory: RefCell::default(),
        }
    }

    /// The kept choice; an unreadable one counts as none.
    pub(crate) fn choice(&self) -> Option<Choice> {
        Choice::parse(&self.get("choice")?)
    }

    /// Keeps a choice.
    pub(crate) fn set_choice(&self, choice: &Choice) {
        self.set("choice", &choice.to_text());
    }

    /// Whether a storage event with this key (`None`: all were removed) is about the choice.
    pub(crate) fn is_choice(&self, key: Option<&str>) -> bool {
        key.is_none_or(|key| key.strip_prefix(&self.prefix) == Some("choice"))
    }

    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let key = self.key(name);
        let memory = self.memory.borrow();
        if let Some((_, value)) = memory.iter().find(|(kept, _)| *kept == key) {
            return Some(value.clone());
        }
        self.local.as_ref()?.get_item(&key).ok().flatten()
    }

    /// Keeps a value under a key.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.remove(name);
        let key = self.key(name);
        let kept = self.local.as_ref().is_some_and(|local| local.set_item(&key, value).is_ok());
        if !kept {
            self.memory.borrow_mut().push((key, value.into()));
        }
    }

    /// Forgets a key.
    pub(crate) fn remove(&self, name: &str) {
        let key = self.key(name);
        self.memory.borrow_mut().retain(|(kept, _)| *kept != key);
        if let Some(local) = &self.local {
            let _refused = local.remove_item(&key);
        }
    }

    /// The first key in alphabetical order that begins with `start`.
    pub(crate) fn first(&self, start: &str) -> Option<String> {
        let start = self.key(start);
        let mut first: Option<String> = None;
        let mut consider = |key: String| {
            if key.starts_with(&start) && first.as_ref().is_none_or(|first| key < *first) {
                first = Some(key);
            }
        };
        for (key, _) in self.memory.borrow().iter() {
            consider(key.clone());
        }
        if let Some(local) = &self.local {
            let count = local.length().unwrap_or_default();
            for key in (0..count).filter_map(|index| local.key(index).ok().flatten()) {
                consider(key);
            }
        }
        Some(first?.split_off(self.prefix.len()))
    }

    fn key(&self, name: &str) -> String {
        [&self.prefix, name].concat()
    }
}
