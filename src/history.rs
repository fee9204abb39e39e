//! From recorded decisions to what holds now. Owns the fold; expiry and defaults are the business of [`crate::decision`].
//!
//! The entry with the highest `log_index` decides, with one exception: an entry that was decided no later than a
//! revocation which is already recorded never overrides it. That is the queue of a phone that was offline: its grant
//! arrives after the revocation but was given before.
//!
//! An erasure doesn't take entries away; it ends what was granted until then ([`ends`]).

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
    /// Whether it is a yes over Global Privacy Control ([`Current::over_gpc`]).
    pub over_gpc: bool,
}

impl Entry {
    /// When the decision was made as far as is known: `decided_at`, but never after it was recorded.
    pub fn effective_at(&self) -> Timestamp {
        effective_at(self.created_at, self.decided_at)
    }
}

/// What holds now for one purpose, before expiry is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
pub struct Current {
    /// What was decided.
    pub status: Status,
    /// When it was decided ([`Entry::effective_at`]).
    pub since: Timestamp,
    /// Whether it is a yes that the person gave although Global Privacy Control was on, honoured and shown to them as an opt-out.
    pub over_gpc: bool,
}

/// The fold itself, for who can't hold all entries at once: those of one subject about one purpose, one after the other in the
/// order of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
pub struct Fold {
    current: Option<Current>,
    revoked_at: Option<Timestamp>,
}

impl Fold {
    /// Takes in the next entry, given by the fields of [`Entry`]; says whether it is the one that decides now.
    pub fn add(
        &mut self,
        status: Status,
        created_at: Timestamp,
        decided_at: Option<Timestamp>,
        over_gpc: bool,
    ) -> bool {
        let since = effective_at(created_at, decided_at);
        if status == Status::Revoked {
            self.revoked_at = self.revoked_at.max(Some(since));
        } else if decided_at.is_some() && self.revoked_at >= Some(since) {
            return false;
        }
        self.current = Some(Current { status, since, over_gpc });
        true
    }

    /// What holds after the entries so far; `None` if there were none.
    pub const fn current(&self) -> Option<Current> {
        self.current
    }
}

/// The folds of many people about one purpose. Their entries come sorted by person and, of one person, in the order of the log;
/// the last person is open until an entry of another comes, or nothing more.
#[derive(Clone, Debug)]
pub struct Folds<P> {
    /// Whose entries are being read. Whoever stops in the middle can go on from here.
    pub open: Option<(P, Fold)>,
}

impl<P> Default for Folds<P> {
    fn default() -> Self {
        Self { open: None }
    }
}

/// An entry came behind those of a person who comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder;

impl<P: Ord> Folds<P> {
    /// Takes in the next entry of `person`, given by the fields of [`Entry`]; gives the person before, whose entries are complete
    /// now.
    pub fn add(
        &mut self,
        person: P,
        status: Status,
        created_at: Timestamp,
        decided_at: Option<Timestamp>,
        over_gpc: bool,
    ) -> Result<Option<(P, Fold)>, OutOfOrder> {
        let (closed, mut fold) = match self.open.take() {
            Some((open, fold)) if open == person => (None, fold),
            Some((open, _)) if person < open => return Err(OutOfOrder),
            before => (before, Fold::default()),
        };
        fold.add(status, created_at, decided_at, over_gpc);
        self.open = Some((person, fold));
        Ok(closed)
    }
}

fn effective_at(created_at: Timestamp, decided_at: Option<Timestamp>) -> Timestamp {
    decided_at.map_or(created_at, |decided| decided.min(created_at))
}

/// Whether an erasure that was asked for at `erased_at` ends what was decided at `since` ([`Entry::effective_at`]): a yes that was
/// given no later. A no outlasts it, and a yes that comes after it counts.
pub fn ends(erased_at: Option<Timestamp>, status: Status, since: Timestamp) -> bool {
    status == Status::Granted && erased_at >= Some(since)
}

/// Everything recorded about one subject, in the order of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry>,
    erased_at: Option<Timestamp>,
}

impl History {
    /// From entries in any order; they are sorted by `log_index`. No log has two entries at one index; where a caller gives
    /// them all the same, a revocation counts as the later one.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| (entry.log_index, entry.status == Status::Revoked));
        Self { entries, erased_at: None }
    }

    /// The same of a subject whose data was asked to be erased, last at `erased_at`; `None` if it never was.
    #[must_use]
    pub fn erased(self, erased_at: Option<Timestamp>) -> Self {
        Self { erased_at, ..self }
    }

    /// When the erasure of the subject's data was last asked for.
    pub const fn erased_at(&self) -> Option<Timestamp> {
        self.erased_at
    }

    /// The entries in the order of the log.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The purposes that were ever decided about, each once, in alphabetical order of their kinds.
    pub fn purposes(&self) -> Vec<&Purpose> {
        let mut purposes: Vec<_> = self.entries.iter().map(|entry| &entry.purpose).collect();
        purposes.sort();
        purposes.dedup();
        purposes
    }

    /// What was decided last about `purpose`, whether or not an erasure ended it; `None` if nothing was ever recorded about it.
    pub fn current(&self, purpose: &Purpose) -> Option<Current> {
        self.deciding(purpose).map(|entry| Current {
            status: entry.status,
            since: entry.effective_at(),
            over_gpc: entry.over_gpc,
        })
    }

    /// The entry that decides about `purpose`, by the rule of this module.
    pub fn deciding(&self, purpose: &Purpose) -> Option<&Entry> {
        let mut fold = Fold::default();
        self.entries
            .iter()
            .filter(|entry| entry.purpose == *purpose)
            .filter(|entry| fold.add(entry.status, entry.created_at, entry.decided_at, entry.over_gpc))
            .last()
    }

    /// What a person takes over from the visitor they turn out to be, by purpose: whatever decides for the visitor, where the
    /// person has decided nothing that still stands. Decisions made signed in win. What is taken over counts from when the visitor
    /// decided ([`Entry::effective_at`]), so that it never overrides a revocation that came later, and is nothing that an erasure
    /// of either ended.
    pub fn taken_over<'a>(&self, visitor: &'a Self) -> Vec<&'a Entry> {
        let mut purposes = visitor.purposes();
        purposes.retain(|purpose| self.deciding(purpose).is_none_or(|entry| self.ended(entry)));
        let decided = purposes.into_iter().filter_map(|purpose| visitor.deciding(purpose));
        decided.filter(|entry| !self.ended(entry) && !visitor.ended(entry)).collect()
    }

    /// Whether an erasure ended it.
    fn ended(&self, entry: &Entry) -> bool {
        ends(self.erased_at, entry.status, entry.effective_at())
    }
}

#[cfg(test)]
pub(crate) mod strategies {
    use super::*;
    use proptest::{collection, option, prelude::*, sample::select};

    /// Few moments and purposes, so that ties and late entries are common.
    fn entry() -> impl Strategy<Value = Entry> {
        const PURPOSES: &[Purpose] = &[Purpose::Analytics, Purpose::ModelTraining, Purpose::SaleOrSharing];
        let moment = || (0..8_i64).prop_map(Timestamp::from_ms);
        (select(PURPOSES), select(&Status::ALL[..]), moment(), option::of(moment()), any::<bool>()).prop_map(
            |(purpose, status, created_at, decided_at, over_gpc)| Entry {
                log_index: 0,
                purpose,
                status,
                created_at,
                decided_at,
                over_gpc,
            },
        )
    }

    /// Entries in any order of arrival, each with a place of its own in the log.
    pub(crate) fn entries() -> impl Strategy<Value = Vec<Entry>> {
        collection::vec(entry(), 0..10)
            .prop_map(|mut entries| {
                for (log_index, entry) in (0..).zip(&mut entries) {
                    entry.log_index = log_index;
                }
                entries
            })
            .prop_shuffle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn entry(log_index: u64, status: Status, created: i64, decided: Option<i64>) -> Entry {
        Entry {
            log_index,
            purpose: Purpose::Analytics,
            status,
            created_at: Timestamp::from_ms(created),
            decided_at: decided.map(Timestamp::from_ms),
            over_gpc: false,
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
    fn of_two_entries_at_one_index_the_revocation_counts() {
        let (grant, revoke) = (entry(1, Status::Granted, 10, None), entry(1, Status::Revoked, 10, None));
        assert_eq!(status(vec![revoke.clone(), grant.clone()]), Some(Status::Revoked));
        assert_eq!(status(vec![grant, revoke]), Some(Status::Revoked));
    }

    #[test]
    fn a_person_takes_over_what_they_have_not_decided_themselves() {
        let of = |log_index, purpose, status| Entry { purpose, ..entry(log_index, status, 10, None) };
        let visitor = History::new(vec![
            of(1, Purpose::Analytics, Status::Granted),
            of(2, Purpose::Inference, Status::Granted),
            of(3, Purpose::Analytics, Status::Revoked),
        ]);
        let person = History::new(vec![of(4, Purpose::Inference, Status::Revoked)]);
        let places = |person: &History| -> Vec<u64> {
            person.taken_over(&visitor).iter().map(|entry| entry.log_index).collect()
        };
        assert_eq!(places(&person), [3]);
        assert_eq!(places(&History::default()), [2, 3]);
        assert_eq!(places(&visitor), [0_u64; 0]);
    }

    #[test]
    fn what_an_erasure_ended_is_not_taken_over_and_stands_in_nobodys_way() {
        let of = |log_index, status, at| History::new(vec![entry(log_index, status, at, None)]);
        let erased = |history: History, at| history.erased(Some(Timestamp::from_ms(at)));
        let taken = |person: &History, visitor: &History| person.taken_over(visitor).len();
        let (person, visitor) = (of(1, Status::Granted, 10), of(2, Status::Granted, 20));
        assert_eq!(taken(&History::default(), &erased(visitor.clone(), 20)), 0);
        assert_eq!(taken(&History::default(), &erased(of(2, Status::Revoked, 20), 20)), 1);
        assert_eq!(taken(&erased(person.clone(), 9), &visitor), 0);
        assert_eq!(taken(&erased(person.clone(), 10), &visitor), 1);
        assert_eq!(taken(&erased(person, 20), &visitor), 0);
    }

    #[test]
    fn a_person_who_comes_again_behind_another_is_out_of_order() {
        let mut folds = Folds::default();
        let mut add = |person: u8| folds.add(person, Status::Granted, Timestamp::from_ms(1), None, false);
        assert_eq!(add(1), Ok(None));
        assert!(matches!(add(2), Ok(Some((1, _)))));
        assert_eq!(add(1), Err(OutOfOrder));
    }

    #[test]
    fn other_purposes_do_not_count() {
        let mut other = entry(2, Status::Revoked, 10, None);
        other.purpose = Purpose::Inference;
        assert_eq!(status(vec![entry(1, Status::Granted, 10, None), other]), Some(Status::Granted));
    }

    /// The rule as a definition instead of a fold: of the entries that are not barred, the last in the log.
    fn model(entries: &[Entry], purpose: &Purpose) -> Option<Current> {
        let about: Vec<_> = entries.iter().filter(|entry| entry.purpose == *purpose).collect();
        let barred = |late: &Entry| {
            late.status != Status::Revoked
                && late.decided_at.is_some()
                && about.iter().any(|earlier| {
                    earlier.status == Status::Revoked
                        && earlier.log_index < late.log_index
                        && earlier.effective_at() >= late.effective_at()
                })
        };
        let last = about.iter().filter(|entry| !barred(entry)).max_by_key(|entry| entry.log_index)?;
        Some(Current { status: last.status, since: last.effective_at(), over_gpc: last.over_gpc })
    }

    fn next_index(entries: &[Entry]) -> u64 {
        entries.iter().map(|entry| entry.log_index + 1).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn the_fold_agrees_with_the_definition(entries in strategies::entries()) {
            let history = History::new(entries.clone());
            for purpose in [Purpose::Analytics, Purpose::ModelTraining, Purpose::SaleOrSharing, Purpose::Inference] {
                prop_assert_eq!(history.current(&purpose), model(&entries, &purpose));
            }
        }

        #[test]
        fn many_people_in_one_pass_are_what_each_is_alone(
            mut entries in proptest::collection::vec((0..4_u8, strategies::entries()), 0..4),
        ) {
            entries.sort_by_key(|(person, _)| *person);
            entries.dedup_by_key(|(person, _)| *person);
            let mut folds = Folds::default();
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            for (person, entries) in entries {
                let history = History::new(entries.into_iter().map(|entry| Entry { purpose: Purpose::Analytics, ..entry }).collect());
                for Entry { status, created_at, decided_at, over_gpc, .. } in history.entries() {
                    together.extend(folds.add(person, *status, *created_at, *decided_at, *over_gpc).unwrap());
                }
                alone.extend(history.current(&Purpose::Analytics).map(|current| (person, current)));
            }
            together.extend(folds.open);
            let together: Vec<_> = together.into_iter().filter_map(|(person, fold)| Some((person, fold.current()?))).collect();
            prop_assert_eq!(together, alone);
        }

        #[test]
        fn whatever_came_before_a_new_revocation_revokes(entries in strategies::entries(), late in 0..8_i64) {
            let mut entries = entries;
            entries.push(Entry { log_index: next_index(&entries), ..entry(0, Status::Revoked, 8, Some(late)) });
            prop_assert_eq!(status(entries), Some(Status::Revoked));
        }

        #[test]
        fn what_was_decided_before_a_recorded_revocation_changes_nothing(
            entries in strategies::entries(), revoked in 0..8_i64, before in 0..8_i64,
        ) {
            let mut entries = entries;
            entries.push(Entry { log_index: next_index(&entries), ..entry(0, Status::Revoked, revoked, None) });
            let known = History::new(entries.clone()).current(&Purpose::Analytics);
            let decided = Some(revoked - before);
            entries.push(Entry { log_index: next_index(&entries), ..entry(0, Status::Granted, 9, decided) });
            prop_assert_eq!(History::new(entries).current(&Purpose::Analytics), known);
        }
    }
}
