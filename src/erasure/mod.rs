//! A person's data is to be deleted. Owns the states of an erasure and of its tasks (one a store), how the states of the tasks
//! make one, and why an erasure may be refused, held or extended. Which task is next and when is [`task`]'s, the law's time
//! [`deadline`]'s, what is signed in the end [`receipt`]'s. Doing the work and storing the state are left to the faces.

pub mod deadline;
pub mod receipt;
pub mod task;

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$each])* $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

names! {
    /// Where an erasure stands.
    State {
        /// Asked for, nothing begun.
        Open = "open",
        /// Whether the person asks is being checked.
        Verifying = "verifying",
        /// Stores are being worked on.
        Running = "running",
        /// Some stores are done, others failed or are not reached.
        PartlyDone = "partly_done",
        /// Every store is done.
        Done = "done",
        /// A legal ground forbids it.
        Refused = "refused",
        /// Paused by a legal hold.
        OnHold = "on_hold",
    }
}

impl State {
    /// Whether nothing is left to do or to decide about it.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }

    /// Whether stores may be worked on.
    pub const fn may_go_on(self) -> bool {
        matches!(self, Self::Open | Self::Running | Self::PartlyDone)
    }
}

names! {
    /// Where one store stands.
    StoreState {
        /// Not begun.
        Open = "open",
        /// Removed; whether it stays gone is looked at once more.
        Verifying = "verifying",
        /// Tried and not removed; it is tried again.
        Failed = "failed",
        /// Tried so often in vain that somebody must look; it is tried again once a day.
        Dead = "dead",
        /// Removed and verified gone.
        Done = "done",
    }
}

names! {
    /// Why an erasure is refused. A fixed list, because what is said in the log stays there, and a text could name a person.
    Ground {
        /// Freedom of expression and information (GDPR Art. 17(3)(a)).
        Expression = "expression",
        /// A legal obligation or a task in the public interest (Art. 17(3)(b)).
        LegalObligation = "legal_obligation",
        /// Public health (Art. 17(3)(c)).
        PublicHealth = "public_health",
        /// Archiving, research or statistics in the public interest (Art. 17(3)(d)).
        Research = "research",
        /// Legal claims (Art. 17(3)(e)).
        LegalClaims = "legal_claims",
        /// Manifestly unfounded or excessive (Art. 12(5)(b)).
        Unfounded = "unfounded",
        /// The person can't be identified (Art. 11(2), 12(2), 12(6)).
        NotIdentified = "not_identified",
    }
}

names! {
    /// Why the person has to wait longer: what GDPR Art. 12(3) lets count.
    Extension {
        /// The request is complex.
        Complexity = "complexity",
        /// There are many requests.
        NumberOfRequests = "number_of_requests",
    }
}

names! {
    /// Why an erasure is held.
    Hold {
        /// The data is needed for a legal claim (GDPR Art. 17(3)(e), 18(1)(c)).
        LegalClaims = "legal_claims",
        /// An authority or a court ordered it.
        Authority = "authority",
        /// Whether the person has the right is disputed (Art. 18(1)(d)).
        Dispute = "dispute",
    }
}

/// What somebody decides about an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is refused on a legal ground.
    Refuse(Ground),
    /// It is held.
    Hold(Hold),
    /// It goes on: the person who asks is known, or the hold is over.
    Release,
}

impl Change {
    /// The state that it leads to from another; `None` where it can't be decided any more, or not yet. What is removed from every one
    /// of the stores can be neither refused nor held.
    pub fn from(self, state: State, stores: &[StoreState]) -> Option<State> {
        match (self, state) {
            (_, State::Done | State::Refused) | (Self::Hold(_), State::OnHold) => None,
            (Self::Refuse(_) | Self::Hold(_), _) if overall(stores) == State::Done => None,
            (Self::Refuse(_), _) => Some(State::Refused),
            (Self::Hold(_), _) => Some(State::OnHold),
            (Self::Release, State::OnHold | State::Verifying) => Some(State::Open),
            (Self::Release, _) => None,
        }
    }
}

/// The state of an erasure whose work may begin, from its stores: done only when every one of them is.
pub fn overall(stores: &[StoreState]) -> State {
    let done = stores.iter().filter(|state| **state == StoreState::Done).count();
    if stores.is_empty() {
        State::Open
    } else if done == stores.len() {
        State::Done
    } else if done > 0 || stores.iter().any(|state| matches!(state, StoreState::Failed | StoreState::Dead)) {
        State::PartlyDone
    } else {
        State::Running
    }
}

/// Until when a restored backup may still hold what was removed: 30 days, as far back as D1's Time Travel goes.
pub fn restore_horizon(removed_at: Timestamp) -> Timestamp {
    removed_at.plus_days(30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn what_ended_and_what_is_stopped_does_not_go_on() {
        let of = |holds: fn(State) -> bool| {
            State::ALL.iter().copied().filter(|state| holds(*state)).collect::<Vec<_>>()
        };
        assert_eq!(of(State::is_ended), [State::Done, State::Refused]);
        assert_eq!(of(State::may_go_on), [State::Open, State::Running, State::PartlyDone]);
    }

    #[test]
    fn what_ended_is_not_decided_about_any_more() {
        let refuse = Change::Refuse(Ground::LegalClaims);
        let hold = Change::Hold(Hold::Authority);
        for ended in [State::Done, State::Refused] {
            assert!([refuse, hold, Change::Release].iter().all(|change| change.from(ended, &[]).is_none()));
        }
        assert_eq!(hold.from(State::PartlyDone, &[]), Some(State::OnHold));
        assert_eq!(Change::Release.from(State::OnHold, &[]), Some(State::Open));
        assert_eq!(Change::Release.from(State::Verifying, &[]), Some(State::Open));
        assert_eq!(Change::Release.from(State::Running, &[]), None);
        assert_eq!(refuse.from(State::OnHold, &[]), Some(State::Refused));
    }

    #[test]
    fn what_is_removed_everywhere_is_neither_refused_nor_held() {
        use StoreState::{Done, Failed};
        let changes = [Change::Refuse(Ground::LegalClaims), Change::Hold(Hold::Authority)];
        for change in changes {
            assert_eq!(change.from(State::PartlyDone, &[Done, Done]), None);
            assert!(change.from(State::PartlyDone, &[Done, Failed]).is_some());
        }
        assert_eq!(Change::Release.from(State::OnHold, &[Done]), Some(State::Open));
    }

    #[test]
    fn partial_failure_is_never_done() {
        use StoreState::{Dead, Done, Failed, Open, Verifying};
        assert_eq!(overall(&[Done, Done]), State::Done);
        assert_eq!(overall(&[Done, Failed]), State::PartlyDone);
        assert_eq!(overall(&[Failed]), State::PartlyDone);
        assert_eq!(overall(&[Dead, Open]), State::PartlyDone);
        assert_eq!(overall(&[Open, Done]), State::PartlyDone);
        assert_eq!(overall(&[Open, Verifying]), State::Running);
        assert_eq!(overall(&[]), State::Open);
    }
}
