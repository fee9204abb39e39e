//! From recorded decisions to what holds now. Owns the fold; expiry and defaults are the business of [`crate::decision`].
//!
//! The entry with the highest `log_index` decides, with one exception: an entry that was decided no later than a
//! revocation which is already recorded never overrides it. That is the queue of a phone that was offline: its grant
//! arrives after the revocation but was given before.

use crate::{purpose::Purpose, record::Status, time::Timestamp};
use alloc::vec::Vec;

/// One recorded decision about one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the log.
    pub log_index: u64,
    /// What it is about.
    pub purpose: Purpose,
    /// What was decided.
    pub status: Status,
    /// When the server recorded it.
    pub created_at: Timestamp,
    /// When the person decided, if the caller said so.
    pub decided_at: Option<Timestamp>,
}

impl Entry {
    /// When the decision was made as far as is known: `decided_at`, but never after it was recorded.
    pub fn effective_at(&self) -> Timestamp {
        self.decided_at.map_or(self.created_at, |decided| decided.min(self.created_at))
    }
}

/// What holds now for one purpose, before expiry is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Current {
    /// What was decided.
    pub status: Status,
    /// When it was decided ([`Entry::effective_at`]).
    pub since: Timestamp,
}

/// Everything recorded about one subject, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<Entry>);

impl History {
    /// From entries in any order; they are sorted by `log_index`.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.log_index);
        Self(entries)
    }

    /// The entries in the order of the log.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The purposes that were ever decided about, each once, in alphabetical order of their kinds.
    pub fn purposes(&self) -> Vec<&Purpose> {
        let mut purposes: Vec<_> = self.0.iter().map(|entry| &entry.purpose).collect();
        purposes.sort();
        purposes.dedup();
        purposes
    }

    /// What holds for `purpose`; `None` if nothing was ever recorded about it.
    pub fn current(&self, purpose: &Purpose) -> Option<Current> {
        let mut current = None;
        let mut revoked_at: Option<Timestamp> = None;
        for entry in self.0.iter().filter(|entry| entry.purpose == *purpose) {
            let since = entry.effective_at();
            if entry.status == Status::Revoked {
                revoked_at = revoked_at.max(Some(since));
            } else if entry.decided_at.is_some() && revoked_at >= Some(since) {
                continue;
            }
            current = Some(Current { status: entry.status, since });
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn entry(log_index: u64, status: Status, created: i64, decided: Option<i64>) -> Entry {
        Entry {
            log_index,
            purpose: Purpose::Analytics,
            status,
            created_at: Timestamp::from_ms(created),
            decided_at: decided.map(Timestamp::from_ms),
        }
    }

    fn status(entries: Vec<Entry>) -> Option<Status> {
        History::new(entries).current(&Purpose::Analytics).map(|current| current.status)
    }

    #[test]
    fn no_entry_is_no_answer() {
        assert_eq!(status(vec![]), None);
    }

    #[test]
    fn the_highest_log_index_decides_whatever_the_order_of_arrival() {
        let (grant, revoke) = (entry(1, Status::Granted, 10, None), entry(2, Status::Revoked, 10, None));
        assert_eq!(status(vec![revoke.clone(), grant.clone()]), Some(Status::Revoked));
        assert_eq!(status(vec![grant, revoke]), Some(Status::Revoked));
    }

    #[test]
    fn a_late_grant_never_overrides_a_recorded_revocation() {
        let entries = vec![entry(1, Status::Revoked, 100, None), entry(2, Status::Granted, 200, Some(50))];
        assert_eq!(status(entries), Some(Status::Revoked));
    }

    #[test]
    fn a_late_pending_never_overrides_a_recorded_revocation() {
        let entries = vec![entry(1, Status::Revoked, 100, None), entry(2, Status::Pending, 200, Some(50))];
        assert_eq!(status(entries), Some(Status::Revoked));
    }

    #[test]
    fn a_grant_decided_after_the_revocation_stands() {
        let entries =
            vec![entry(1, Status::Revoked, 100, Some(90)), entry(2, Status::Granted, 200, Some(150))];
        assert_eq!(status(entries), Some(Status::Granted));
    }

    #[test]
    fn a_grant_without_a_time_of_its_own_stands_even_in_the_same_millisecond() {
        let entries = vec![entry(1, Status::Revoked, 100, None), entry(2, Status::Granted, 100, None)];
        assert_eq!(status(entries), Some(Status::Granted));
    }

    #[test]
    fn a_late_revocation_is_a_revocation() {
        let entries = vec![entry(1, Status::Granted, 100, None), entry(2, Status::Revoked, 200, Some(50))];
        assert_eq!(status(entries), Some(Status::Revoked));
    }

    #[test]
    fn a_time_in_the_future_counts_as_now() {
        let late = entry(1, Status::Revoked, 100, Some(9_000));
        assert_eq!(late.effective_at(), Timestamp::from_ms(100));
        assert_eq!(status(vec![late, entry(2, Status::Granted, 200, Some(150))]), Some(Status::Granted));
    }

    #[test]
    fn other_purposes_do_not_count() {
        let mut other = entry(2, Status::Revoked, 10, None);
        other.purpose = Purpose::Inference;
        assert_eq!(status(vec![entry(1, Status::Granted, 10, None), other]), Some(Status::Granted));
    }
}
