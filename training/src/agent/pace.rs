//! When to ask again. Owns how long an agent waits; random numbers are arguments.

use std::time::Duration;

/// The longest wait while the edge is away.
const LONGEST: Duration = Duration::from_mins(5);

/// A tenth less or more, so that agents that began together don't ask together.
pub(super) fn poll(every: Duration, random: u32) -> Duration {
    let share = f64::from(random) / f64::from(u32::MAX);
    every.mul_f64(0.9 + 0.2 * share)
}

/// After so many failures, from 1 on: up to one second, doubled each time and up to five minutes; half of it at least.
pub(super) fn backoff(failures: u32, random: u32) -> Duration {
    let most = Duration::from_secs(1).saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    let share = f64::from(random) / f64::from(u32::MAX);
    most.mul_f64(0.5 + 0.5 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_minutes_and_are_never_none() {
        assert_eq!(backoff(1, u32::MAX), Duration::from_secs(1));
        assert_eq!(backoff(1, 0), Duration::from_millis(500));
        assert_eq!(backoff(4, u32::MAX), Duration::from_secs(8));
        assert_eq!(backoff(u32::MAX, u32::MAX), LONGEST);
    }

    #[test]
    fn polls_differ_by_a_tenth() {
        let minute = Duration::from_mins(1);
        assert_eq!((poll(minute, 0).as_secs(), poll(minute, u32::MAX).as_secs()), (54, 66));
    }
}
