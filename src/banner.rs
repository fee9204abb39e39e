//! What a banner does next. Owns the states of banner and preferences, when a person is asked (again), and what follows from
//! each thing they do, as one function from state, event and time to a new state and an [`Outcome`]. Showing [`State::view`]
//! and carrying out the outcome (the page, storage, the network) is left to the faces; whether a purpose may be used is
//! [`crate::decision`]'s rule.
//!
//! A purpose that rests on consent is granted by three acts only: *Accept all*, its own switch turned on and then *Save*, or
//! allowing the content of a placeholder for good. Closing, Escape, going away and doing nothing grant nothing (GDPR Art. 4(11), recital 32), and its switch does not start out
//! on unless the person granted that purpose before. One that rests on a legitimate interest is used until the person objects, by
//! *Reject all* or by its switch turned off and *Save*.
//!
//! This is the part of the core that travels to every visitor, so purposes are borrowed names and places in a list here, and
//! nothing is copied that can be asked of the state.

mod asked;
mod asking;
mod choice;
#[cfg(feature = "full")]
mod renewed;
mod set;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use choice::{Answer, Choice, Mark};
pub use set::Set;

use crate::{
    decision::{Context, Decision, Reason, decide_current, reason},
    notice::NoticeVersion,
    purpose::{Kind, SALE_OR_SHARING},
    record::{LegalBasis, Status},
    signals::ConsentMode,
    surface::Surface,
    time::Timestamp,
};
use alloc::vec::Vec;

/// What a page asks for, and the rules that hold for its visitor.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The purposes in the order they are shown, each once, at most [`Set::MOST`]. Their places here are how a [`Set`] and an
    /// [`Event::Toggle`] know them.
    pub purposes: &'a [Asked<'a>],
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
    /// How many answers at the head of the choice the last act gave.
    new: usize,
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
    /// The content of a placeholder was allowed for good, by the place of its purpose.
    Allow(usize),
    /// The person opted out of the sale and sharing of their data. That holds for the whole site, so it is an answer even where
    /// this page doesn't ask.
    OptOut,
    /// Banner or preferences were closed without deciding.
    Close,
    /// Another tab kept a choice, or removed it, or what was decided elsewhere was heard of ([`Choice::renewed`]).
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
    /// The person decided, there: keep [`State::choice`], send [`State::answers`] to be recorded, then as [`Self::Changed`].
    Decided(Surface),
}

/// What a person decides by one event.
struct Act {
    /// The purposes that it is about, and of those the ones that are granted.
    about: Set,
    granted: Set,
    /// Whether each purpose was decided about by itself.
    singly: bool,
    surface: Surface,
}

impl<'a> State<'a> {
    /// Before [`Event::PageLoaded`]: nothing is shown and nothing kept is known.
    pub fn new(mut setup: Setup<'a>) -> Self {
        setup.purposes = setup.purposes.get(..Set::MOST).unwrap_or(setup.purposes);
        Self { setup, choice: None, new: 0, view: View::Hidden, draft: Set::EMPTY }
    }

    /// What the page asks for.
    pub fn setup(&self) -> Setup<'a> {
        self.setup
    }

    /// Whether the browser sends Global Privacy Control and it is honoured, which a person is to be shown (11 CCR § 7025(c)(6)).
    pub fn gpc_honoured(&self) -> bool {
        self.setup.context.gpc_honoured()
    }

    /// What is on the screen.
    pub fn view(&self) -> View {
        self.view
    }

    /// The purposes that will be used once the preferences are saved: whose switch is on, or, where the person can only object,
    /// whose objection is off.
    pub fn draft(&self) -> Set {
        self.draft
    }

    /// What was decided, here or on an earlier visit.
    pub fn choice(&self) -> Option<&Choice<'a>> {
        self.choice.as_ref()
    }

    /// After [`Outcome::Decided`] what was just decided; these are the first answers of the choice.
    pub fn answers(&self) -> &[Answer<'a>] {
        let answers = self.choice.as_ref().map_or(&[][..], |choice| &choice.answers);
        answers.get(..self.new).unwrap_or_default()
    }

    /// The ground of an answer about the purpose with this name; consent where the page doesn't ask for it.
    pub fn legal_basis(&self, purpose: &str) -> LegalBasis {
        self.asked(purpose).map_or(LegalBasis::Consent, Asked::basis)
    }

    /// Whether the purpose with this name may be used at `now`, and why; `None` if the page doesn't ask for it.
    pub fn decision(&self, purpose: &str, now: Timestamp) -> Option<Decision> {
        let asked = self.asked(purpose)?;
        let current = self.current(purpose, now);
        Some(decide_current(current, asked.kind(), asked.basis(), self.setup.context, now))
    }

    /// Whether the purpose with this name may be used at `now`; one that the page doesn't ask for may not.
    pub fn allows(&self, purpose: &str, now: Timestamp) -> bool {
        self.asked(purpose).is_some_and(|asked| self.reason(asked, now).allows())
    }

    fn asked(&self, purpose: &str) -> Option<&Asked<'a>> {
        self.setup.purposes.iter().find(|asked| asked.name() == purpose)
    }

    /// The reason of a decision, apart from the rest of it because this is all that a browser needs.
    #[inline(never)]
    fn reason(&self, asked: &Asked<'_>, now: Timestamp) -> Reason {
        reason(self.current(asked.name(), now), asked.kind(), asked.basis(), self.setup.context, now)
    }

    /// The purposes that may be used at `now`.
    pub fn allowed(&self, now: Timestamp) -> Set {
        self.those(|asked| self.reason(asked, now).allows())
    }

    /// What Consent Mode is to be told at `now`.
    pub fn consent_mode(&self, now: Timestamp) -> ConsentMode {
        let allowed = self.allowed(now);
        ConsentMode::of(|kind| {
            (0..).zip(self.setup.purposes).any(|(place, asked)| allowed.has(place) && asked.kind() == kind)
        })
    }

    fn those(&self, belongs: impl Fn(&Asked<'_>) -> bool) -> Set {
        let mut set = Set::EMPTY;
        for (place, asked) in self.setup.purposes.iter().enumerate() {
            set.put(place, belongs(asked));
        }
        set
    }

    /// What follows from `event` at `now`. An event that can't happen in a state (such as *Save* without preferences) changes
    /// nothing.
    pub fn step(&mut self, event: Event<'a>, now: Timestamp) -> Outcome {
        let preferences = matches!(self.view, View::Preferences { .. });
        let shown = self.view != View::Hidden;
        let surface = if preferences { Surface::Dialog } else { Surface::Banner };
        let act = match event {
            Event::PageLoaded(choice) => return self.adopt(choice, now, Outcome::Known),
            Event::StorageChanged(choice) => return self.adopt(choice, now, Outcome::Changed),
            Event::AcceptAll if shown => Act { about: Set::ALL, granted: Set::ALL, singly: false, surface },
            Event::RejectAll if shown => Act { about: Set::ALL, granted: Set::EMPTY, singly: false, surface },
            Event::Save if preferences => Act { about: Set::ALL, granted: self.draft, singly: true, surface },
            Event::Allow(place) => {
                let one = Set::of(place);
                Act { about: one, granted: one, singly: true, surface: Surface::Placeholder }
            }
            Event::OptOut => {
                let sale = self.those(|asked| asked.kind() == Kind::SaleOrSharing);
                Act { about: sale, granted: Set::EMPTY, singly: true, surface: Surface::Page }
            }
            Event::OpenPreferences if !preferences => {
                // Of what needs a yes only what has one: to be allowed by default is none.
                self.draft = self.those(|asked| {
                    let reason = self.reason(asked, now);
                    reason.allows() && reason != Reason::OptOutDefault
                });
                self.view = View::Preferences { over_banner: self.view == View::Banner };
                return Outcome::Nothing;
            }
            Event::Toggle(place, on) if preferences => {
                self.draft.put(place, on);
                return Outcome::Nothing;
            }
            Event::Close => {
                self.close(now);
                return Outcome::Nothing;
            }
            _ => return Outcome::Nothing,
        };
        self.answer(act, now)
    }

    /// Takes over a kept choice. Open preferences stay open: a person is at work there.
    fn adopt(&mut self, choice: Option<Choice<'a>>, now: Timestamp, outcome: Outcome) -> Outcome {
        (self.choice, self.new) = (choice, 0);
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

    /// Puts the answers before those that they don't replace: a page may ask for fewer purposes than another page of its site. Of
    /// answers to another version of the notice only refusals are left, which always count.
    ///
    /// A yes outranks Global Privacy Control, now and from here on, if it was said to this very purpose while the person was told
    /// that the signal is honoured; a yes to everything is not specific enough for that, nor to take it back.
    fn answer(&mut self, Act { about, granted, singly, surface }: Act, now: Timestamp) -> Outcome {
        let decided_at = self.moment_of_answer(now);
        let notice = self.setup.notice;
        let mut answers: Vec<Answer<'a>> = Vec::new();
        for (place, asked) in self.setup.purposes.iter().enumerate() {
            if about.has(place) && asked.has_answer() {
                let mut answer = Answer::new(asked.name(), Status::Revoked, decided_at);
                if granted.has(place) {
                    answer.status = Status::Granted;
                    if self.gpc_honoured() && (singly || self.stands_over_gpc(asked, now)) {
                        answer.mark = Mark::OverGpc;
                    }
                }
                answers.push(answer);
            }
        }
        // Opting out counts on the pages that ask, even if this one doesn't.
        if answers.is_empty() && surface == Surface::Page {
            answers.push(Answer::new(SALE_OR_SHARING, Status::Revoked, decided_at));
        }
        self.new = answers.len();
        if let Some(kept) = &self.choice {
            for answer in &kept.answers {
                let mut answer = *answer;
                if kept.notice != notice {
                    if answer.status == Status::Granted {
                        continue;
                    }
                    answer.mark = Mark::Outdated;
                }
                if Answer::find(&answers, answer.purpose).is_none() {
                    answers.push(answer);
                }
            }
        }
        if self.new > 0 {
            self.choice = Some(Choice { notice, answers });
        }
        self.draft.replace(about, granted);
        if about == Set::ALL || self.view == View::Banner && !self.must_ask(now) {
            self.view = View::Hidden;
        }
        if self.new > 0 { Outcome::Decided(surface) } else { Outcome::Nothing }
    }
}
