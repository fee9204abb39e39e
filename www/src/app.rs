//! The running widget. Owns the one state of the banner, turns what happens in the page into events for the core and carries
//! out the effects that come back, in their order.

use alloc::{string::String, vec::Vec};
use core::cell::{OnceCell, RefCell};

use consentry::{
    banner::{self, Answer, Effect, Event, State, View as Shown},
    purpose::Purpose,
    signals::ConsentMode,
    time::Timestamp,
};
use js_sys::{Function, Object};
use wasm_bindgen::JsValue;
use web_sys::Window;

use crate::{
    body::{Line, Sender, body},
    dom::{Node, get, set, set_str},
    hash::{Hash, NoticeHash},
    page::{self, Kind},
    queue::Queue,
    random,
    settings::Settings,
    store::Store,
    tags::Tags,
    texts::Texts,
    view::{View, action},
};

/// Everything that lives as long as the page.
pub(crate) struct App {
    pub(crate) window: Window,
    pub(crate) settings: Settings,
    pub(crate) texts: Texts,
    pub(crate) store: &'static Store,
    pub(crate) queue: Queue,
    pub(crate) tags: Tags,
    pub(crate) notice: NoticeHash,
    /// Writes to Google's `dataLayer` the way `gtag` does.
    pub(crate) signal: Function,
    pub(crate) state: RefCell<State>,
    pub(crate) view: OnceCell<View>,
    /// What is to be shown once there is a body.
    pub(crate) unseen: RefCell<Vec<Effect>>,
}

impl App {
    /// Lets something happen.
    pub(crate) fn dispatch(&'static self, event: Event) {
        if let (Event::OpenPreferences, Some(view)) = (&event, self.view.get()) {
            view.remember_focus();
        }
        let state = self.state.borrow().clone();
        let (state, effects) = banner::step(state, event, now());
        // Before the effects: they call the page's own code, which may ask for the state.
        self.state.replace(state);
        for effect in effects {
            self.carry_out(effect);
        }
        self.show_reopen();
    }

    /// `Consentry.show()`.
    pub(crate) fn show(&'static self) {
        self.dispatch(Event::OpenPreferences);
    }

    /// `Consentry.accepted(purpose)`.
    pub(crate) fn accepted(&self, purpose: &str) -> bool {
        let decision =
            Purpose::parse(purpose).and_then(|purpose| self.state.borrow().decision(&purpose, now()));
        decision.is_some_and(|decision| decision.allowed)
    }

    /// `Consentry.proof()`: what the person needs to read their own record; without a secret before the first decision.
    pub(crate) fn proof(&self) -> JsValue {
        let proof = Object::new();
        set_str(&proof, "api", &self.settings.api);
        set_str(&proof, "site", &self.settings.site);
        if let Some(secret) = self.store.get("secret") {
            set_str(&proof, "secret", &secret);
        }
        proof.into()
    }

    /// There is a body now.
    pub(crate) fn body_is_there(&'static self, view: View) {
        if self.view.set(view).is_ok() {
            for effect in self.unseen.take() {
                self.carry_out(effect);
            }
            self.show_reopen();
        }
    }

    /// Something happened in the page.
    pub(crate) fn hear(&'static self, event: &JsValue) {
        let text = |key| get(event, key).as_string();
        match text("type").unwrap_or_default().as_str() {
            "click" => self.clicked(event),
            "change" => {
                let input = get(event, "target");
                let purpose = get(&input, "name").as_string();
                if let Some(purpose) = purpose.and_then(|name| Purpose::parse(&name)) {
                    self.dispatch(Event::Toggle(purpose, Node::of(&input).checked()));
                }
            }
            // Also fired when the preferences were closed by saving; then there is nothing left to close.
            "close" => self.close_if(|shown| matches!(shown, Shown::Preferences { .. })),
            "keydown" => {
                // An Escape that the page used up closed something of the page's.
                if text("key").as_deref() == Some("Escape") && !get(event, "defaultPrevented").is_truthy() {
                    self.close_if(|shown| *shown == Shown::Banner);
                }
            }
            "storage" => {
                if self.store.is_choice(text("key").as_deref()) {
                    self.dispatch(Event::StorageChanged(self.store.choice()));
                }
            }
            "online" => self.queue.flush(),
            _ => self.tags.run(),
        }
    }

    fn clicked(&'static self, event: &JsValue) {
        let Some(button) = Node::of(&get(event, "target")).closest("[data-consentry]") else { return };
        self.dispatch(match button.attribute("data-consentry").unwrap_or_default().as_str() {
            action::ACCEPT => Event::AcceptAll,
            action::REJECT => Event::RejectAll,
            action::CHOOSE | action::REOPEN => Event::OpenPreferences,
            action::SAVE => Event::Save,
            _ => Event::Close,
        });
    }

    fn close_if(&'static self, shown: impl Fn(&Shown) -> bool) {
        let close = shown(self.state.borrow().view());
        if close {
            self.dispatch(Event::Close);
        }
    }

    fn show_reopen(&self) {
        if let Some(view) = self.view.get() {
            view.show_reopen(*self.state.borrow().view() == Shown::Hidden);
        }
    }

    fn carry_out(&'static self, effect: Effect) {
        match effect {
            Effect::Store(choice) => self.store.set_choice(&choice),
            Effect::Record(answers) => self.record(answers),
            Effect::Signal(mode) => self.tell_consent_mode(mode),
            Effect::Allow { purposes, changed } => {
                self.tags.allow(purposes);
                if changed {
                    page::tell(Kind::Change, &self.permissions());
                }
            }
            Effect::ShowBanner
            | Effect::HideBanner
            | Effect::ShowPreferences(_)
            | Effect::HidePreferences
            | Effect::ReturnFocus => match self.view.get() {
                Some(view) => self.display(view, effect),
                None => self.unseen.borrow_mut().push(effect),
            },
        }
    }

    fn display(&self, view: &View, effect: Effect) {
        match effect {
            Effect::ShowBanner => view.show_banner(true),
            Effect::HideBanner => view.show_banner(false),
            Effect::ShowPreferences(switches) => view.show_preferences(&switches, &self.texts),
            Effect::HidePreferences => view.hide_preferences(),
            _ => view.return_focus(),
        }
    }

    /// Of each purpose whether it may be used.
    fn permissions(&self) -> JsValue {
        let permissions = Object::new();
        let allowed = self.state.borrow().allowed(now());
        for purpose in &self.settings.purposes {
            set(&permissions, purpose.as_str(), &allowed.contains(purpose).into());
        }
        permissions.into()
    }

    fn tell_consent_mode(&self, mode: ConsentMode) {
        let switches = Object::new();
        for (name, granted) in mode.entries() {
            set_str(&switches, name, if granted { "granted" } else { "denied" });
        }
        let _page_broke_it =
            self.signal.call3(&JsValue::NULL, &"consent".into(), &"update".into(), &switches);
    }

    fn record(&'static self, answers: Vec<Answer>) {
        // Almost always known by now: it is computed while the page loads.
        self.notice.when_known(move |hash| self.send(&answers, hash));
    }

    fn send(&'static self, answers: &[Answer], hash: &Hash) {
        let Ok(crypto) = self.window.crypto() else { return };
        let secret = self.store.get("secret").or_else(|| {
            let secret = random::secret(&crypto)?;
            self.store.set("secret", &secret);
            Some(secret)
        });
        let (Some(secret), Some(key), Some(answer)) = (secret, random::uuid(&crypto), answers.first()) else {
            return;
        };
        let line = |answer: &Answer| -> Line {
            (answer.purpose.as_str().into(), answer.status.as_str(), rfc3339(answer.decided_at))
        };
        let lines: Vec<_> = answers.iter().map(line).collect();
        let sender = Sender {
            site: &self.settings.site,
            secret: &secret,
            version: self.settings.notice,
            language: &self.texts.language,
            hash: hash.as_deref(),
        };
        self.queue.push(&rfc3339(answer.decided_at).replace(['.', ':'], "-"), &key, &body(&sender, &lines));
    }
}

/// The clock of the browser.
#[allow(clippy::cast_possible_truncation, reason = "milliseconds of the clock are whole and far below 2^53")]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_ms(js_sys::Date::now() as i64)
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds up to the year 9999 are far below 2^53")]
fn rfc3339(moment: Timestamp) -> String {
    js_sys::Date::new(&JsValue::from_f64(moment.as_ms() as f64)).to_iso_string().into()
}
