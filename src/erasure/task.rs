//! The tasks of one erasure, one a store: which may be worked on now, what an attempt makes of one, and when the next may be.
//! Pure functions over what the faces keep; chance (the jitter) and the clock are arguments.

use super::StoreState;
use crate::time::Timestamp;
use alloc::{string::String, vec::Vec};

/// A task, as far as these rules go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The store's name; unique among the tasks of an erasure.
    pub store: String,
    /// The stores that must be done first. A name that none of the tasks has is nothing to wait for.
    pub after: Vec<String>,
    /// Where it stands.
    pub state: StoreState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Before this nobody works on it.
    pub next_at: Timestamp,
    /// Until this somebody has it to themself.
    pub leased_until: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Removed and verified gone.
    Done,
    /// Removed; to be looked at again then, because the store shows a change late.
    LookAgain(Timestamp),
    /// Not removed, or not all.
    Failed,
}

/// How fast failures are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The wait after the first failure, in milliseconds; every further one doubles it.
    pub first_ms: i64,
    /// The longest wait, in milliseconds.
    pub longest_ms: i64,
    /// After how many failed attempts somebody must look.
    pub attempts: u32,
    /// The wait from then on, in milliseconds.
    pub dead_ms: i64,
}

impl Pace {
    /// Half a minute, doubling up to six hours; after twelve attempts (a day and a half) once a day.
    pub const USUAL: Self =
        Self { first_ms: 30_000, longest_ms: 6 * 3_600_000, attempts: 12, dead_ms: 24 * 3_600_000 };

    /// How long to wait after so many failed attempts: at most the doubled wait, and at least half of it, by chance, so that
    /// tasks which failed together don't come back together. `jitter` is any number.
    pub fn wait_ms(self, failures: u32, jitter: u32) -> i64 {
        let doubled = self.first_ms.saturating_mul(1 << failures.saturating_sub(1).min(40));
        let most = if failures >= self.attempts { self.dead_ms } else { doubled.min(self.longest_ms) };
        let half = (most / 2).max(0);
        half + i64::from(jitter) % (most - half + 1).max(1)
    }
}

/// Whether the task is free of what it waits for: every store that must come first is done.
fn unblocked(task: &Task, all: &[Task]) -> bool {
    let done = |name: &String| {
        all.iter().find(|other| other.store == *name).is_none_or(|other| other.state == StoreState::Done)
    };
    task.after.iter().all(done)
}

/// The tasks that may be worked on now, by their place.
pub fn ready(tasks: &[Task], now: Timestamp) -> Vec<usize> {
    let ready = |task: &Task| {
        task.state != StoreState::Done
            && task.next_at <= now
            && task.leased_until <= now
            && unblocked(task, tasks)
    };
    (0..).zip(tasks).filter(|(_, task)| ready(task)).map(|(place, _)| place).collect()
}

/// When a task of those that are `mine` may be worked on next, if there is one that isn't done and waits for no other.
pub fn wake_at(tasks: &[Task], mine: impl Fn(&Task) -> bool) -> Option<Timestamp> {
    tasks
        .iter()
        .filter(|task| mine(task) && task.state != StoreState::Done && unblocked(task, tasks))
        .map(|task| task.next_at.max(task.leased_until))
        .min()
}

/// What the end of an attempt makes of a task: its state, and before when nobody works on it again. Done is for ever.
pub fn after_attempt(
    task: &Task,
    outcome: Outcome,
    pace: Pace,
    jitter: u32,
    now: Timestamp,
) -> (StoreState, Timestamp) {
    match outcome {
        _ if task.state == StoreState::Done => (StoreState::Done, task.next_at),
        Outcome::Done => (StoreState::Done, now),
        Outcome::LookAgain(at) => (StoreState::Verifying, at),
        Outcome::Failed => {
            // What was removed and only looked at since did not fail until now, however many attempts that took.
            let failures = if task.state == StoreState::Verifying { 1 } else { task.attempts };
            let dead = failures >= pace.attempts;
            let state = if dead { StoreState::Dead } else { StoreState::Failed };
            (state, now.plus_ms(pace.wait_ms(failures, jitter)))
        }
    }
}

/// Whether somebody may have a task tried before its time: one that failed, and one of a service that was `told`, said that it
/// accepted and may have lost it since. Not one that is looked at again because its store shows a change late, as an earlier look would
/// prove nothing, nor one that somebody has. Only its time changes by that: what it becomes is up to the attempt, so one that was tried
/// too often stays so until it is done.
pub fn may_be_retried(task: &Task, told: bool, now: Timestamp) -> bool {
    let waits = match task.state {
        StoreState::Failed | StoreState::Dead => true,
        StoreState::Verifying => told,
        StoreState::Open | StoreState::Done => false,
    };
    waits && task.leased_until <= now
}

/// Whether the last attempt was begun and nobody ended it in time.
pub fn was_cut_off(task: &Task, now: Timestamp) -> bool {
    let begun = task.leased_until > Timestamp::UNIX_EPOCH;
    task.state != StoreState::Done && begun && task.leased_until <= now
}

/// Whether the stores can all be done in some order: `(name, after)` each. Names of `after` that are no store's make it `false`.
pub fn can_be_ordered<'a>(stores: &[(&'a str, Vec<&'a str>)]) -> bool {
    let mut done: Vec<&str> = Vec::new();
    while done.len() < stores.len() {
        let before = done.len();
        for (name, after) in stores {
            if !done.contains(name) && after.iter().all(|first| done.contains(first)) {
                done.push(name);
            }
        }
        if done.len() == before {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erasure::{State, overall};
    use alloc::{format, vec};
    use proptest::{collection, prelude::*};

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn task(store: &str, after: &[&str]) -> Task {
        Task {
            store: store.into(),
            after: after.iter().map(|name| (*name).into()).collect(),
            state: StoreState::Open,
            attempts: 0,
            next_at: Timestamp::UNIX_EPOCH,
            leased_until: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_store_waits_for_those_that_come_first() {
        let mut tasks = [task("a", &["b"]), task("b", &[])];
        assert_eq!(ready(&tasks, NOW), [1]);
        tasks[1].state = StoreState::Verifying;
        tasks[1].next_at = NOW.next();
        assert_eq!(ready(&tasks, NOW), [0_usize; 0]);
        tasks[1].state = StoreState::Done;
        assert_eq!(ready(&tasks, NOW), [0]);
    }

    #[test]
    fn nobody_works_on_what_somebody_has() {
        let mut tasks = [task("a", &[])];
        tasks[0].leased_until = NOW.next();
        assert_eq!(ready(&tasks, NOW), [0_usize; 0]);
        assert_eq!(wake_at(&tasks, |_| true), Some(NOW.next()));
        assert_eq!(ready(&tasks, NOW.next()), [0]);
    }

    #[test]
    fn after_enough_failures_somebody_must_look_and_it_is_tried_once_a_day() {
        let mut failing = task("a", &[]);
        failing.attempts = Pace::USUAL.attempts;
        let (state, at) = after_attempt(&failing, Outcome::Failed, Pace::USUAL, 0, NOW);
        assert_eq!((state, at), (StoreState::Dead, NOW.plus_ms(12 * 3_600_000)));
    }

    #[test]
    fn what_failed_may_be_retried_and_what_only_waits_may_not() {
        use StoreState::{Dead, Done, Failed, Open, Verifying};
        let may = |state, told| may_be_retried(&Task { state, ..task("a", &[]) }, told, NOW);
        let of = |told| [Open, Verifying, Failed, Dead, Done].map(|state| may(state, told));
        assert_eq!(of(false), [false, false, true, true, false]);
        // Whether a service that accepted still knows of it, nobody here can say.
        assert_eq!(of(true), [false, true, true, true, false]);
    }

    #[test]
    fn what_somebody_has_is_not_retried() {
        let taken = Task { state: StoreState::Failed, leased_until: NOW.next(), ..task("a", &[]) };
        assert!(!may_be_retried(&taken, false, NOW));
        assert!(may_be_retried(&taken, false, NOW.next()));
    }

    #[test]
    fn a_store_that_was_tried_too_often_stays_so_when_it_fails_once_more() {
        let dead = Task { state: StoreState::Dead, attempts: Pace::USUAL.attempts + 1, ..task("a", &[]) };
        assert_eq!(after_attempt(&dead, Outcome::Failed, Pace::USUAL, 0, NOW).0, StoreState::Dead);
        assert_eq!(after_attempt(&dead, Outcome::Done, Pace::USUAL, 0, NOW).0, StoreState::Done);
    }

    #[test]
    fn an_attempt_whose_time_is_over_was_cut_off_unless_it_ended() {
        let taken = Task { leased_until: NOW.next(), ..task("a", &[]) };
        assert!(!was_cut_off(&taken, NOW));
        assert!(was_cut_off(&taken, NOW.next()));
        assert!(!was_cut_off(&task("a", &[]), NOW));
        assert!(!was_cut_off(&Task { state: StoreState::Done, ..taken }, NOW.next()));
    }

    #[test]
    fn a_look_that_fails_after_many_that_did_not_is_the_first_failure() {
        let looked = Task { state: StoreState::Verifying, attempts: 50, ..task("a", &[]) };
        let (state, at) = after_attempt(&looked, Outcome::Failed, Pace::USUAL, 0, NOW);
        assert_eq!((state, at), (StoreState::Failed, NOW.plus_ms(15_000)));
    }

    #[test]
    fn stores_that_wait_for_each_other_or_for_none_can_not_be_ordered() {
        assert!(can_be_ordered(&[("a", vec!["b"]), ("b", vec![])]));
        assert!(!can_be_ordered(&[("a", vec!["b"]), ("b", vec!["a"])]));
        assert!(!can_be_ordered(&[("a", vec!["a"])]));
        assert!(!can_be_ordered(&[("a", vec!["c"])]));
    }

    /// Stores of which each waits for some of those before it.
    fn tasks() -> impl Strategy<Value = Vec<Task>> {
        collection::vec(any::<u8>(), 1..7).prop_map(|masks| {
            let name = |place: usize| format!("s{place}");
            let after = |place: usize, mask: u8| {
                (0..place).filter(|earlier| mask >> earlier & 1 == 1).map(name).collect()
            };
            masks
                .iter()
                .enumerate()
                .map(|(place, mask)| Task { after: after(place, *mask), ..task(&name(place), &[]) })
                .collect()
        })
    }

    proptest! {
        /// Whatever fails and however often: as long as something isn't done there is a moment at which something may be done,
        /// nothing is worked on before what it waits for, and when all outcomes are good it ends.
        #[test]
        fn work_never_gets_stuck(mut tasks in tasks(), outcomes in collection::vec((0_u8..3, any::<u32>()), 0..60)) {
            let mut now = NOW;
            let mut outcomes = outcomes.into_iter();
            let mut steps = 0;
            while let Some(at) = wake_at(&tasks, |_| true) {
                now = now.max(at);
                let place = *ready(&tasks, now).first().unwrap();
                let firsts = tasks[place].after.clone();
                prop_assert!(tasks.iter().filter(|t| firsts.contains(&t.store)).all(|t| t.state == StoreState::Done));
                let (kind, jitter) = outcomes.next().unwrap_or((0, 0));
                let outcome = match kind {
                    0 => Outcome::Done,
                    1 => Outcome::LookAgain(now.plus_ms(60_000)),
                    _ => Outcome::Failed,
                };
                tasks[place].attempts += 1;
                let (state, next) = after_attempt(&tasks[place], outcome, Pace::USUAL, jitter, now);
                prop_assert!(next >= now);
                prop_assert_eq!(state == StoreState::Done, kind == 0);
                (tasks[place].state, tasks[place].next_at) = (state, next);
                let states: Vec<_> = tasks.iter().map(|task| task.state).collect();
                let all_done = states.iter().all(|state| *state == StoreState::Done);
                prop_assert_eq!(overall(&states) == State::Done, all_done);
                steps += 1;
                prop_assert!(steps < 100);
            }
            prop_assert!(tasks.iter().all(|task| task.state == StoreState::Done));
        }

        #[test]
        fn waits_double_within_their_bounds(failures in 1_u32..1000, jitter: u32) {
            let wait = Pace::USUAL.wait_ms(failures, jitter);
            prop_assert!(wait >= Pace::USUAL.first_ms / 2);
            let longest = if failures < 12 { Pace::USUAL.longest_ms } else { Pace::USUAL.dead_ms };
            prop_assert!(wait <= longest);
        }
    }
}
