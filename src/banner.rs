//! What a banner does next. Owns the states of banner and preferences, when a person is asked (again), and what follows from
//! each thing they do, as one function from state, event and time to a new state and an [`Outcome`]. Showing [`State::view`]
//! and carrying out the outcome (the page, storage, the network) is left to the faces; whether a purpose may be used is
//! [`crate::decision`]'s rule.
//!
//! A purpose is granted by two acts only: *Accept all*, or its own switch turned on and then *Save*. Closing, Escape,
//! going away and doing nothing grant nothing (GDPR Art. 4(11), recital 32), and no switch starts out on unless the
//! person granted that purpose before.
//!
//! This is the part of the core that travels to every visitor, so purposes are borrowed names and places in a list here, and
//! nothing is copied that can be asked of the state.

mod choice;
mod set;
#[cfg(test)]
mod tests;

pub use choice::{Answer, Choice};
pub use set::Set;

use crate::{
    decision::{Context, Decision, decide_current},
    history::Current,
    notice::NoticeVersion,
    purpose::Kind,
    record::Status,
    signals::ConsentMode,
    time::Timestamp,
};
use alloc::vec::Vec;

/// How far ahead of the clock a kept answer may lie. Beyond it the clock was wrong then or is now, and a grant whose age
/// is unknown is none.
const CLOCK_TOLERANCE_DAYS: u16 = 1;

/// What a page asks for, and the rules that hold for its visitor.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The names of the purposes in the order they are shown, each once, at most [`Set::MOST`]. Their places here are how a
    /// [`Set`] and an [`Event::Toggle`] know them.
    pub purposes: &'a [&'a str],
    /// The version of the notice.
    pub notice: NoticeVersion,
    /// Regime and Global Privacy Control.
    pub context: Context,
}

/// What is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Neither banner nor preferences.
    Hidden,
    /// The banner.
    Banner,
    /// The preferences, with the switches that [`State::draft`] says. When they go, the focus goes back to where it was before
    /// them.
    Preferences {
        /// Whether the banner was there before and comes back if nothing is decided.
        over_banner: bool,
    },
}

/// Where a banner is.
#[derive(Clone, Debug)]
pub struct State<'a> {
    setup: Setup<'a>,
    choice: Option<Choice<'a>>,
    view: View,
    draft: Set,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The page is there; with the choice that the browser kept, if it could be read.
    PageLoaded(Option<Choice<'a>>),
    /// *Accept all* was pressed.
    AcceptAll,
    /// *Reject all* was pressed.
    RejectAll,
    /// The preferences were asked for, from the banner or from anywhere on the page.
    OpenPreferences,
    /// The switch of the purpose at a place was set.
    Toggle(usize, bool),
    /// *Save* was pressed in the preferences.
    Save,
    /// Banner or preferences were closed without deciding.
    Close,
    /// Another tab kept a choice, or removed it.
    StorageChanged(Option<Choice<'a>>),
}

/// What a face has to do, beside showing [`State::view`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Nothing,
    /// It is known for the first time what may be used: tell Consent Mode, then let loose what is allowed. In this order,
    /// because a tag that is let loose reads the signal at once.
    Known,
    /// Another tab changed what may be used: as [`Self::Known`], and tell the page.
    Changed,
    /// The person decided: keep [`State::choice`], send [`State::answers`] to be recorded, then as [`Self::Changed`].
    Decided,
}

impl<'a> State<'a> {
    /// Before [`Event::PageLoaded`]: nothing is shown and nothing kept is known.
    pub fn new(mut setup: Setup<'a>) -> Self {
        setup.purposes = setup.purposes.get(..Set::MOST).unwrap_or(setup.purposes);
        Self { setup, choice: None, view: View::Hidden, draft: Set::EMPTY }
    }

    /// What the page asks for.
    pub fn setup(&self) -> Setup<'a> {
        self.setup
    }

    /// What is on the screen.
    pub fn view(&self) -> View {
        self.view
    }

    /// The switches of the preferences that are on, not yet saved.
    pub fn draft(&self) -> Set {
        self.draft
    }

    /// What was decided, here or on an earlier visit.
    pub fn choice(&self) -> Option<&Choice<'a>> {
        self.choice.as_ref()
    }

    /// The part of the choice that is about what this page asks for: after [`Outcome::Decided`], what was just decided.
    pub fn answers(&self) -> &[Answer<'a>] {
        let answers = self.choice.as_ref().map_or(&[][..], |choice| &choice.answers);
        answers.get(..self.setup.purposes.len()).unwrap_or_default()
    }

    /// Whether the purpose with this name may be used at `now`, and why; one that the page doesn't ask for may not.
    pub fn decision(&self, purpose: &str, now: Timestamp) -> Option<Decision> {
        let asked = self.setup.purposes.contains(&purpose);
        asked.then(|| decide_current(self.current(purpose, now), Kind::of(purpose), self.setup.context, now))
    }

    /// Whether the purpose with this name may be used at `now`.
    pub fn allows(&self, purpose: &str, now: Timestamp) -> bool {
        self.standing(purpose, now).0
    }

    /// Of a decision whether it allows, and what the person decided. Kept apart from the whole decision because this is all
    /// that a browser needs of it.
    #[inline(never)]
    fn standing(&self, purpose: &str, now: Timestamp) -> (bool, Status) {
        let decision = self.decision(purpose, now);
        decision.map_or((false, Status::Pending), |decision| (decision.allowed, decision.status))
    }

    /// The purposes that may be used at `now`.
    pub fn allowed(&self, now: Timestamp) -> Set {
        self.those(|purpose| self.allows(purpose, now))
    }

    /// What Consent Mode is to be told at `now`.
    pub fn consent_mode(&self, now: Timestamp) -> ConsentMode {
        let allowed = self.allowed(now);
        ConsentMode::of(|kind| {
            (0..).zip(self.setup.purposes).any(|(place, name)| allowed.has(place) && Kind::of(name) == kind)
        })
    }

    fn those(&self, belongs: impl Fn(&str) -> bool) -> Set {
        let mut set = Set::EMPTY;
        for (place, purpose) in self.setup.purposes.iter().enumerate() {
            set.put(place, belongs(purpose));
        }
        set
    }

    /// The kept answer as far as it still counts: a grant on another version of the notice, or from the future, does not.
    /// A refusal always does.
    fn current(&self, purpose: &str, now: Timestamp) -> Option<Current> {
        let choice = self.choice.as_ref()?;
        let current = choice.current(purpose)?;
        let doubtful = choice.notice != self.setup.notice || is_from_the_future(current.since, now);
        if doubtful && current.status == Status::Granted { None } else { Some(current) }
    }

    /// Whether there is a purpose that the person has to be asked about: never answered, answered on another version of
    /// the notice, granted longer ago than a grant stands, or refused longer ago than the pause after a refusal.
    fn must_ask(&self, now: Timestamp) -> bool {
        let Some(choice) = &self.choice else { return true };
        let regime = self.setup.context.regime;
        choice.notice != self.setup.notice
            || self.setup.purposes.iter().any(|purpose| {
                let Some(Current { status, since }) = self.current(purpose, now) else { return true };
                let months = match status {
                    Status::Granted => regime.validity_months,
                    Status::Revoked => regime.ask_again_months,
                    Status::Pending => return true,
                };
                is_from_the_future(since, now) || since.plus_months(months) <= now
            })
    }

    /// A moment for a new answer: now, but always after the answers before it, so that a clock that was set back can't make
    /// a new grant look older than the refusal it replaces.
    fn moment_of_answer(&self, now: Timestamp) -> Timestamp {
        match self.choice.as_ref().and_then(Choice::latest) {
            Some(latest) if !is_from_the_future(latest, now) => now.max(latest.next()),
            _ => now,
        }
    }

    /// What follows from `event` at `now`. An event that can't happen in a state (such as *Save* without preferences) changes
    /// nothing.
    pub fn step(&mut self, event: Event<'a>, now: Timestamp) -> Outcome {
        let preferences = matches!(self.view, View::Preferences { .. });
        match event {
            Event::PageLoaded(choice) => self.adopt(choice, now, Outcome::Known),
            Event::StorageChanged(choice) => self.adopt(choice, now, Outcome::Changed),
            Event::AcceptAll if self.view != View::Hidden => self.answer(Set::ALL, now),
            Event::RejectAll if self.view != View::Hidden => self.answer(Set::EMPTY, now),
            Event::Save if preferences => self.answer(self.draft, now),
            Event::OpenPreferences if !preferences => {
                // On only where a grant of the person's stands.
                self.draft = self.those(|purpose| self.standing(purpose, now).1 == Status::Granted);
                self.view = View::Preferences { over_banner: self.view == View::Banner };
                Outcome::Nothing
            }
            Event::Toggle(place, on) if preferences => {
                self.draft.put(place, on);
                Outcome::Nothing
            }
            Event::Close => {
                self.close(now);
                Outcome::Nothing
            }
            _ => Outcome::Nothing,
        }
    }

    /// Takes over a kept choice. Open preferences stay open: a person is at work there.
    fn adopt(&mut self, choice: Option<Choice<'a>>, now: Timestamp, outcome: Outcome) -> Outcome {
        self.choice = choice;
        let must_ask = self.must_ask(now);
        match self.view {
            View::Hidden if must_ask => self.view = View::Banner,
            View::Banner if !must_ask => self.view = View::Hidden,
            _ => {}
        }
        outcome
    }

    fn close(&mut self, now: Timestamp) {
        self.view = match self.view {
            View::Preferences { over_banner: true } if self.must_ask(now) => View::Banner,
            _ => View::Hidden,
        };
    }

    fn answer(&mut self, granted: Set, now: Timestamp) -> Outcome {
        let decided_at = self.moment_of_answer(now);
        let notice = self.setup.notice;
        let mut answers = Vec::new();
        for (place, purpose) in self.setup.purposes.iter().enumerate() {
            let status = if granted.has(place) { Status::Granted } else { Status::Revoked };
            answers.push(Answer { purpose, status, decided_at });
        }
        // A page may ask for fewer purposes than another page of its site; what was answered there stays.
        if let Some(kept) = &self.choice
            && kept.notice == notice
        {
            for answer in &kept.answers {
                if !self.setup.purposes.contains(&answer.purpose) {
                    answers.push(*answer);
                }
            }
        }
        self.choice = Some(Choice { notice, answers });
        self.view = View::Hidden;
        Outcome::Decided
    }
}

fn is_from_the_future(moment: Timestamp, now: Timestamp) -> bool {
    moment > now.plus_days(CLOCK_TOLERANCE_DAYS)
}
