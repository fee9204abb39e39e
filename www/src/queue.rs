//! Delivery. Owns the queue of decisions that the Worker has not acknowledged yet: it survives reload and a closed tab, keeps
//! the order, and repeats with the same idempotency key, so that a decision is recorded once however often it is sent.
//!
//! An entry is `queue.<milliseconds>.<idempotency key>` → the body. Each has a key of its own, so that two tabs never write over
//! each other.

use alloc::string::String;
use core::cell::Cell;

use js_sys::{Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Response, Window};

use crate::{
    dom::{get, listener, set, set_str},
    page::{self, Kind},
    store::Store,
};

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT_MS: i32 = 2_000;
/// The longest wait.
const LONGEST_WAIT_MS: i32 = 300_000;

/// The decisions of a page that are under way.
pub(crate) struct Queue {
    window: Window,
    store: &'static Store,
    url: String,
    busy: Cell<bool>,
    wait: Cell<i32>,
}

impl Queue {
    /// For the Worker at `api`.
    pub(crate) fn new(window: Window, store: &'static Store, api: &str) -> Self {
        let url = [api, "/consent"].concat();
        Self { window, store, url, busy: Cell::new(false), wait: Cell::new(FIRST_WAIT_MS) }
    }

    /// Puts a body last and starts sending.
    pub(crate) fn push(&'static self, moment: &str, idempotency_key: &str, body: &str) {
        self.store.set(&["queue.", moment, ".", idempotency_key].concat(), body);
        self.flush();
    }

    /// Sends the oldest entry, and after its answer the next.
    pub(crate) fn flush(&'static self) {
        if self.busy.get() || !self.window.navigator().on_line() {
            return;
        }
        let Some(entry) = self.store.first("queue.") else { return };
        let Some(body) = self.store.get(&entry) else { return };
        self.busy.set(true);
        let request = self.request(&entry, &body);
        let answered = listener(move |response| self.answered(&entry, response.unchecked_ref()));
        then(&request, &answered, &listener(|_| self.retry(None)));
    }

    fn request(&self, entry: &str, body: &str) -> Promise {
        let (init, headers) = (Object::new(), Object::new());
        set_str(&headers, "Content-Type", "application/json");
        set_str(&headers, "Idempotency-Key", entry.rsplit('.').next().unwrap_or_default());
        set(&init, "headers", &headers);
        set_str(&init, "method", "POST");
        set_str(&init, "body", body);
        // The person's secret is in the body; cookies of the Worker's origin have no business here.
        set_str(&init, "credentials", "omit");
        // Outlives the page, so that a decision followed by a click on a link arrives.
        set(&init, "keepalive", &JsValue::TRUE);
        self.window.fetch_with_str_and_init(&self.url, init.unchecked_ref())
    }

    fn answered(&'static self, entry: &str, response: &Response) {
        let kind = match response.status() {
            200..=299 => Kind::Recorded,
            // The same body will never do; keeping it would hold up every later decision.
            400 | 413 | 415 | 422 => Kind::Refused,
            _ => return self.retry(response.headers().get("Retry-After").ok().flatten()),
        };
        self.store.remove(entry);
        self.busy.set(false);
        self.wait.set(FIRST_WAIT_MS);
        if let Ok(json) = response.json() {
            then(&json, &listener(move |answer| page::tell(kind, &answer)), &listener(|_| {}));
        }
        self.flush();
    }

    fn retry(&'static self, after_seconds: Option<String>) {
        let wait = self.wait.get();
        self.wait.set(wait.saturating_mul(2).min(LONGEST_WAIT_MS));
        let told = after_seconds.and_then(|seconds| seconds.parse::<i32>().ok()).unwrap_or_default();
        let wait = wait.max(told.saturating_mul(1_000).min(LONGEST_WAIT_MS));
        self.busy.set(false);
        let again = listener(|_| self.flush());
        let _no_timer = self.window.set_timeout_with_callback_and_timeout_and_arguments_0(&again, wait);
    }
}

/// `promise.then(good, bad)`.
pub(crate) fn then(promise: &Promise, good: &Function, bad: &Function) {
    let then: Function = get(promise, "then").unchecked_into();
    let _never_fails = then.call2(promise, good, bad);
}
