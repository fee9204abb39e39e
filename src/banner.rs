//! What a banner does next. Owns the states of banner and preferences, when a person is asked (again), and what follows from
//! each thing they do, as a pure function `(State, Event, now) -> (State, effects)`. Carrying out the effects (the page,
//! storage, the network) is left to the faces; whether a purpose may be used is [`crate::decision`]'s rule.
//!
//! A purpose is granted by two acts only: *Accept all*, or its own switch turned on and then *Save*. Closing, Escape,
//! going away and doing nothing grant nothing (GDPR Art. 4(11), recital 32), and no switch starts out on unless the
//! person granted that purpose before.

mod choice;
#[cfg(test)]
mod tests;

pub use choice::{Answer, Choice};

use crate::{
    decision::{Context, Decision, decide_current},
    history::Current,
    notice::NoticeVersion,
    purpose::Purpose,
    record::Status,
    signals::ConsentMode,
    time::Timestamp,
};
use alloc::{vec, vec::Vec};

/// How far ahead of the clock a kept answer may lie. Beyond it the clock was wrong then or is now, and a grant whose age
/// is unknown is none.
const CLOCK_TOLERANCE_MS: i64 = 86_400_000;

/// What a page asks for, and the rules that hold for its visitor.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The purposes in the order they are shown.
    pub purposes: Vec<Purpose>,
    /// The version of the notice.
    pub notice: NoticeVersion,
    /// Regime and Global Privacy Control.
    pub context: Context,
}

/// A switch of the preferences: its purpose and whether it is on.
pub type Switch = (Purpose, bool);

/// What is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Neither banner nor preferences.
    Hidden,
    /// The banner.
    Banner,
    /// The preferences.
    Preferences {
        /// The switches as they stand, not yet saved.
        draft: Vec<Switch>,
        /// Whether the banner was there before and comes back if nothing is decided.
        over_banner: bool,
    },
}

/// Where a banner is.
#[derive(Clone, Debug)]
pub struct State {
    setup: Setup,
    choice: Option<Choice>,
    view: View,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The page is there; with the choice that the browser kept, if it could be read.
    PageLoaded(Option<Choice>),
    /// *Accept all* was pressed.
    AcceptAll,
    /// *Reject all* was pressed.
    RejectAll,
    /// The preferences were asked for, from the banner or from anywhere on the page.
    OpenPreferences,
    /// The switch of a purpose was set.
    Toggle(Purpose, bool),
    /// *Save* was pressed in the preferences.
    Save,
    /// Banner or preferences were closed without deciding.
    Close,
    /// Another tab kept a choice, or removed it.
    StorageChanged(Option<Choice>),
}

/// What a face has to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Show the banner.
    ShowBanner,
    /// Take the banner away.
    HideBanner,
    /// Show the preferences with these switches.
    ShowPreferences(Vec<Switch>),
    /// Take the preferences away.
    HidePreferences,
    /// Keep this choice in the browser.
    Store(Choice),
    /// Send these answers to be recorded.
    Record(Vec<Answer>),
    /// From now on exactly these purposes may be used.
    Allow {
        /// The purposes.
        purposes: Vec<Purpose>,
        /// Whether the person just decided that (here or in another tab), and not on an earlier visit.
        changed: bool,
    },
    /// Tell Consent Mode.
    Signal(ConsentMode),
    /// Put the focus back where it was before the preferences were opened.
    ReturnFocus,
}

impl State {
    /// Before [`Event::PageLoaded`]: nothing is shown and nothing kept is known.
    pub fn new(setup: Setup) -> Self {
        Self { setup, choice: None, view: View::Hidden }
    }

    /// What is on the screen.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether `purpose` may be used at `now`, and why; a purpose that the page doesn't ask for may not.
    pub fn decision(&self, purpose: &Purpose, now: Timestamp) -> Option<Decision> {
        let asked = self.setup.purposes.contains(purpose);
        asked.then(|| decide_current(self.current(purpose, now), purpose, self.setup.context, now))
    }

    /// The purposes that may be used at `now`.
    pub fn allowed(&self, now: Timestamp) -> Vec<Purpose> {
        let may = |purpose: &&Purpose| self.decision(purpose, now).is_some_and(|decision| decision.allowed);
        self.setup.purposes.iter().filter(may).cloned().collect()
    }

    /// The kept answer as far as it still counts: a grant on another version of the notice, or from the future, does not.
    /// A refusal always does.
    fn current(&self, purpose: &Purpose, now: Timestamp) -> Option<Current> {
        let choice = self.choice.as_ref()?;
        let current = choice.current(purpose)?;
        let doubtful = choice.notice != self.setup.notice || is_from_the_future(current.since, now);
        if doubtful && current.status == Status::Granted { None } else { Some(current) }
    }

    /// Whether there is a purpose that the person has to be asked about: never answered, answered on another version of
    /// the notice, granted longer ago than a grant stands, or refused longer ago than the pause after a refusal.
    fn must_ask(&self, now: Timestamp) -> bool {
        let Some(choice) = &self.choice else { return true };
        choice.notice != self.setup.notice
            || self.setup.purposes.iter().any(|purpose| {
                let regime = self.setup.context.regime;
                match self.current(purpose, now) {
                    None | Some(Current { status: Status::Pending, .. }) => true,
                    Some(Current { status: Status::Granted, since }) => {
                        since.plus_months(regime.validity_months) <= now
                    }
                    Some(Current { status: Status::Revoked, since }) => {
                        is_from_the_future(since, now) || since.plus_months(regime.ask_again_months) <= now
                    }
                }
            })
    }

    /// The switches for a person who opens the preferences: on only where a grant of theirs stands.
    fn draft(&self, now: Timestamp) -> Vec<Switch> {
        let granted =
            |purpose: &Purpose| self.decision(purpose, now).is_some_and(|d| d.status == Status::Granted);
        self.setup.purposes.iter().map(|purpose| (purpose.clone(), granted(purpose))).collect()
    }

    /// A moment for a new answer: now, but always after the answers before it, so that a clock that was set back can't make
    /// a new grant look older than the refusal it replaces.
    fn moment_of_answer(&self, now: Timestamp) -> Timestamp {
        match self.choice.as_ref().and_then(Choice::latest) {
            Some(latest) if !is_from_the_future(latest, now) => now.max(latest.plus_ms(1)),
            _ => now,
        }
    }
}

fn is_from_the_future(moment: Timestamp, now: Timestamp) -> bool {
    moment > now.plus_ms(CLOCK_TOLERANCE_MS)
}

/// What follows from `event` in `state` at `now`. An event that can't happen in a state (such as *Save* without preferences)
/// changes nothing.
pub fn step(mut state: State, event: Event, now: Timestamp) -> (State, Vec<Effect>) {
    let effects = match event {
        Event::PageLoaded(choice) => adopt(&mut state, choice, now, false),
        Event::AcceptAll => answer_all(&mut state, Status::Granted, now),
        Event::RejectAll => answer_all(&mut state, Status::Revoked, now),
        Event::OpenPreferences => open_preferences(&mut state, now),
        Event::Toggle(purpose, on) => {
            toggle(&mut state, &purpose, on);
            vec![]
        }
        Event::Save => match &mut state.view {
            View::Preferences { draft, .. } => {
                let switches = core::mem::take(draft);
                answer(&mut state, switches, now)
            }
            View::Hidden | View::Banner => vec![],
        },
        Event::Close => close(&mut state, now),
        Event::StorageChanged(choice) => adopt(&mut state, choice, now, true),
    };
    (state, effects)
}

/// Takes over a kept choice. Open preferences stay open: a person is at work there.
fn adopt(state: &mut State, choice: Option<Choice>, now: Timestamp, changed: bool) -> Vec<Effect> {
    state.choice = choice;
    let mut effects = allow(state, now, changed);
    match state.view {
        View::Hidden => effects.extend(ask_if_due(state, now)),
        View::Banner if !state.must_ask(now) => {
            state.view = View::Hidden;
            effects.push(Effect::HideBanner);
        }
        View::Banner | View::Preferences { .. } => {}
    }
    effects
}

fn allow(state: &State, now: Timestamp, changed: bool) -> Vec<Effect> {
    let purposes = state.allowed(now);
    let signal = Effect::Signal(ConsentMode::of(&purposes));
    // The signal goes first: a tag that is let loose reads it at once.
    vec![signal, Effect::Allow { purposes, changed }]
}

fn ask_if_due(state: &mut State, now: Timestamp) -> Option<Effect> {
    state.must_ask(now).then(|| {
        state.view = View::Banner;
        Effect::ShowBanner
    })
}

fn open_preferences(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let over_banner = match state.view {
        View::Hidden => false,
        View::Banner => true,
        View::Preferences { .. } => return vec![],
    };
    let draft = state.draft(now);
    state.view = View::Preferences { draft: draft.clone(), over_banner };
    let show = Effect::ShowPreferences(draft);
    if over_banner { vec![Effect::HideBanner, show] } else { vec![show] }
}

fn toggle(state: &mut State, purpose: &Purpose, on: bool) {
    if let View::Preferences { draft, .. } = &mut state.view
        && let Some(switch) = draft.iter_mut().find(|(of, _)| of == purpose)
    {
        switch.1 = on;
    }
}

fn close(state: &mut State, now: Timestamp) -> Vec<Effect> {
    match state.view {
        View::Hidden => vec![],
        View::Banner => {
            state.view = View::Hidden;
            vec![Effect::HideBanner]
        }
        View::Preferences { over_banner, .. } => {
            state.view = View::Hidden;
            let mut effects = vec![Effect::HidePreferences];
            if over_banner {
                effects.extend(ask_if_due(state, now));
            }
            effects.push(Effect::ReturnFocus);
            effects
        }
    }
}

fn answer_all(state: &mut State, status: Status, now: Timestamp) -> Vec<Effect> {
    if state.view == View::Hidden {
        return vec![];
    }
    let on = status == Status::Granted;
    let switches = state.setup.purposes.iter().map(|purpose| (purpose.clone(), on)).collect();
    answer(state, switches, now)
}

fn answer(state: &mut State, switches: Vec<Switch>, now: Timestamp) -> Vec<Effect> {
    let decided_at = state.moment_of_answer(now);
    let status = |on| if on { Status::Granted } else { Status::Revoked };
    let answers: Vec<_> = switches
        .into_iter()
        .map(|(purpose, on)| Answer { purpose, status: status(on), decided_at })
        .collect();
    let choice = Choice { notice: state.setup.notice, answers: with_answers_of_other_pages(state, &answers) };
    state.choice = Some(choice.clone());

    let mut effects = match core::mem::replace(&mut state.view, View::Hidden) {
        View::Hidden => vec![],
        View::Banner => vec![Effect::HideBanner],
        View::Preferences { .. } => vec![Effect::HidePreferences],
    };
    effects.extend([Effect::Store(choice), Effect::Record(answers)]);
    effects.extend(allow(state, now, true));
    effects.push(Effect::ReturnFocus);
    effects
}

/// A page may ask for fewer purposes than another page of its site; what was answered there stays.
fn with_answers_of_other_pages(state: &State, answers: &[Answer]) -> Vec<Answer> {
    let kept = state.choice.iter().filter(|choice| choice.notice == state.setup.notice);
    let of_others = kept
        .flat_map(|choice| &choice.answers)
        .filter(|kept| answers.iter().all(|new| new.purpose != kept.purpose));
    answers.iter().chain(of_others).cloned().collect()
}
