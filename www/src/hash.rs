//! The hash of the notice. Owns asking the browser for SHA-256, which it computes in its own time, and waiting for it.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::cell::{OnceCell, RefCell};

use js_sys::Uint8Array;
use web_sys::Window;

use crate::{body::hex_digit, dom::listener, queue::then};

/// 64 hex digits; `None` where the browser won't compute them (no secure context).
pub(crate) type Hash = Option<String>;

type Waiting = Box<dyn FnOnce(&Hash)>;

/// The hash of what this page shows.
#[derive(Default)]
pub(crate) struct NoticeHash {
    hash: OnceCell<Hash>,
    waiting: RefCell<Vec<Waiting>>,
}

impl NoticeHash {
    /// Starts to compute it.
    pub(crate) fn compute(&'static self, window: &Window, canonical: &[u8]) {
        let bytes = Uint8Array::from(canonical);
        let digest = window
            .crypto()
            .and_then(|crypto| crypto.subtle().digest_with_str_and_buffer_source("SHA-256", &bytes));
        if let Ok(digest) = digest {
            let good = listener(|digest| self.known(Some(hex(&Uint8Array::new(&digest).to_vec()))));
            then(&digest, &good, &listener(|_| self.known(None)));
        } else {
            self.known(None);
        }
    }

    /// Calls `callback` with it, at once if it is known.
    pub(crate) fn when_known(&self, callback: impl FnOnce(&Hash) + 'static) {
        match self.hash.get() {
            Some(hash) => callback(hash),
            None => self.waiting.borrow_mut().push(Box::new(callback)),
        }
    }

    fn known(&self, hash: Hash) {
        let hash = self.hash.get_or_init(|| hash);
        for callback in self.waiting.take() {
            callback(hash);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]).collect()
}
