//! The running widget. Owns the one state of the banner, lets events of the page happen to it and has the outcome carried out.
//!
//! The state is locked only while it is asked or changed, never while the browser acts: that runs code of the page, which may
//! call again.

use alloc::string::String;

use consentry::{
    banner::{Choice, Event, Outcome, State, View},
    digits,
    purpose::Kind,
    surface::Surface,
    time::Timestamp,
};
use spin::Mutex;

use crate::{hands, settings::Settings};

// As texts, because to append a character brings the encoding of all of Unicode.
const SPACE: &str = " ";
const EQUALS: &str = "=";

/// Everything that lives as long as the page.
pub(crate) struct App {
    pub(crate) state: State<'static>,
    /// Since when the view is what it is.
    since: Timestamp,
}

static APP: Mutex<Option<App>> = Mutex::new(None);

/// Asks or changes the app. `None` before [`start`], and for ever after a panic, which leaves the lock locked: then nothing
/// is allowed.
pub(crate) fn with<T>(act: impl FnOnce(&mut App) -> T) -> Option<T> {
    APP.try_lock()?.as_mut().map(act)
}

/// Begins with what the browser kept.
pub(crate) fn start(settings: &Settings, choice: Option<Choice<'static>>) {
    let now = hands::now();
    let state = State::new(settings.setup);
    describe(&state, now);
    if let Some(mut app) = APP.try_lock() {
        *app = Some(App { state, since: now });
    }
    happen(Event::PageLoaded(choice), 0);
    hands::speak(settings.language);
}

/// Says what there is to ask of somebody who has not said anything.
fn describe(silent: &State<'_>, now: Timestamp) {
    let setup = silent.setup();
    let regime = setup.context.regime;
    let allowed = silent.allowed(now);
    let mut flags = u32::from(silent.gpc_honoured());
    let mut what = String::new();
    digits::write(&mut what, f64::from(setup.notice.get()));
    for part in [SPACE, regime.code] {
        what.push_str(part);
    }
    for (place, asked) in setup.purposes.iter().enumerate() {
        for part in [SPACE, asked.name(), EQUALS, asked.basis().as_str()] {
            what.push_str(part);
        }
        if allowed.has(place) {
            what.push_str(EQUALS);
            flags |= u32::from(asked.has_answer()) << 1;
        }
        flags |= u32::from(regime.opt_out_link && asked.kind() == Kind::SaleOrSharing) << 2;
    }
    hands::describe(flags, &what);
}

/// Lets something happen, to the purpose at a place if it is about one.
pub(crate) fn happen(event: Event<'static>, place: usize) {
    let now = hands::now();
    let Some((outcome, since, view, draft)) = with(|app| {
        let (before, since) = (app.state.view(), app.since);
        let outcome = app.state.step(event, now);
        let view = app.state.view();
        if view != before {
            app.since = now;
        }
        (outcome, since, view, app.state.draft())
    }) else {
        return;
    };
    let view = match view {
        View::Hidden => 0,
        View::Banner => 1,
        View::Preferences { .. } => 2,
    };
    hands::render(view, draft.bits());
    let surface = match outcome {
        Outcome::Nothing => return,
        Outcome::Decided(surface) => Some(surface),
        Outcome::Known | Outcome::Changed => None,
    };
    if let Some(surface) = surface {
        let kept = with(|app| (app.state.choice().map(Choice::to_text), app.state.answers().len()));
        if let Some((Some(choice), answers)) = kept {
            let about = if surface == Surface::Placeholder { place } else { 0 };
            hands::keep(surface as usize + about * Surface::ALL.len(), since, answers, &choice);
        }
    }
    if let Some(signals) = with(|app| app.state.consent_mode(now).bits()) {
        hands::permit(signals, outcome != Outcome::Known);
    }
}
