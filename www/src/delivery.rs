//! What follows from the Worker's answer to decisions that were sent. Owns which answers are final and how long to wait after
//! one that is not; the queue and the requests are in `www/loader/queue.js`.

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT_MS: f64 = 2_000.0;
/// The longest wait, also where the Worker asks for a longer one.
const LONGEST_WAIT_MS: f64 = 300_000.0;

/// What is no wait: the decisions are recorded.
pub(crate) const RECORDED: f64 = 0.0;
/// What is no wait: the decisions are refused for good.
pub(crate) const REFUSED: f64 = -1.0;

/// How long to wait before the next attempt, or [`RECORDED`], or [`REFUSED`].
///
/// `status` is that of the answer, 0 where there was none; `failures` counts those in a row before it; `told` is the number of
/// seconds in `Retry-After`, or no number.
pub(crate) fn wait_ms(status: u32, failures: u32, told: f64) -> f64 {
    match status {
        200..=299 => RECORDED,
        // The same body will never do; keeping it would hold up every later decision.
        400 | 413 | 415 | 422 => REFUSED,
        _ => {
            let doubled = FIRST_WAIT_MS * f64::from(1_u32 << failures.min(16));
            let told = told * 1_000.0;
            // A comparison with no number is false.
            let wait = if told > doubled { told } else { doubled };
            if wait > LONGEST_WAIT_MS { LONGEST_WAIT_MS } else { wait }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(status: u32, failures: u32, told: f64) -> u32 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = wait_ms(status, failures, told) as u32;
        whole
    }

    #[test]
    fn success_and_refusal_end_it() {
        assert!(wait_ms(201, 3, f64::NAN).abs() < f64::EPSILON);
        for status in [400, 413, 415, 422] {
            assert!(wait_ms(status, 0, f64::NAN) < 0.0, "{status}");
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let waits = [0, 1, 2, 7, 8, 1_000].map(|failures| wait(0, failures, f64::NAN));
        assert_eq!(waits, [2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
    }

    #[test]
    fn a_longer_wait_that_the_worker_asks_for_counts_within_limits() {
        assert_eq!(wait(503, 0, 30.0), 30_000);
        assert_eq!(wait(429, 0, 1.0), 2_000);
        assert_eq!(wait(503, 0, -5.0), 2_000);
        assert_eq!(wait(503, 0, f64::INFINITY), 300_000);
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        // A key that is not yet known, a clock that is wrong, a server that is down.
        for status in [0, 401, 403, 404, 409, 429, 500, 503] {
            assert!(wait(status, 0, f64::NAN) > 0, "{status}");
        }
    }
}
