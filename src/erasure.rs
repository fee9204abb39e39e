//! A person's data is to be deleted. Owns the states of an erasure, how the states of its stores make one, and its
//! deadline. Doing the work and storing the state are left to the faces.

use crate::time::Timestamp;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Where an erasure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Asked for, nothing begun.
    Open,
    /// Whether the person asks is being checked.
    Verifying,
    /// Stores are being worked on.
    Running,
    /// Some stores are done, others failed or are not reached.
    PartlyDone,
    /// Every store is done.
    Done,
    /// A legal ground forbids it.
    Refused,
    /// Paused by a legal hold.
    OnHold,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Verifying,
        Self::Running,
        Self::PartlyDone,
        Self::Done,
        Self::Refused,
        Self::OnHold,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verifying => "verifying",
            Self::Running => "running",
            Self::PartlyDone => "partly_done",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::OnHold => "on_hold",
        }
    }
}

/// Where one store stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// Not begun.
    Open,
    /// Removed and verified gone.
    Done,
    /// Tried and not removed.
    Failed,
}

/// What an erasure did in one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    /// The store's name.
    pub store: String,
    /// Where it stands.
    pub state: StoreState,
    /// How many items were removed.
    pub removed: u64,
}

/// The state of an erasure whose work has begun, from its stores: done only when every one of them is.
pub fn overall(stores: &[StoreReport]) -> State {
    let done = stores.iter().filter(|report| report.state == StoreState::Done).count();
    if stores.is_empty() {
        State::Open
    } else if done == stores.len() {
        State::Done
    } else if done > 0 || stores.iter().any(|report| report.state == StoreState::Failed) {
        State::PartlyDone
    } else {
        State::Running
    }
}

/// By when the person must have an answer: one calendar month (GDPR Art. 12(3)).
pub fn due_at(requested_at: Timestamp) -> Timestamp {
    requested_at.plus_months(1)
}

/// Until when a restored backup may still hold what was removed: 30 days, as far back as D1's Time Travel goes.
pub fn restore_horizon(removed_at: Timestamp) -> Timestamp {
    removed_at.plus_days(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stores(states: &[StoreState]) -> alloc::vec::Vec<StoreReport> {
        states.iter().map(|state| StoreReport { store: "s".into(), state: *state, removed: 0 }).collect()
    }

    #[test]
    fn partial_failure_is_never_done() {
        use StoreState::{Done, Failed, Open};
        assert_eq!(overall(&stores(&[Done, Done])), State::Done);
        assert_eq!(overall(&stores(&[Done, Failed])), State::PartlyDone);
        assert_eq!(overall(&stores(&[Failed])), State::PartlyDone);
        assert_eq!(overall(&stores(&[Open, Done])), State::PartlyDone);
        assert_eq!(overall(&stores(&[Open])), State::Running);
        assert_eq!(overall(&[]), State::Open);
    }
}
