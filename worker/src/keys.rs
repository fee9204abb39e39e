//! The keys that the deployment signs with. Owns reading them from secrets and which of them signs what happened when.
//!
//! `CONSENTRY_LOG_KEY` is the first: 64 hexadecimal digits, the seed of an Ed25519 key. A key that replaces it is a secret more,
//! `CONSENTRY_LOG_KEY2` and so on: the time from which on it signs, a space, its seed. The time lies ahead when the secret is
//! set, so that every isolate changes at the same moment, and it stays: what was signed once is signed again with the same key
//! (Ed25519 gives the same bytes), so nothing that was signed has to be kept.

use consentry::{hash::Hash, time::Timestamp};

/// For how long two keys sign the log when one follows the other.
const CHANGE_MS: i64 = 30 * 24 * 3_600_000;

/// A key that signs from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SigningKey {
    from: Timestamp,
    /// The seed (RFC 8032 § 5.1.5).
    pub(crate) seed: [u8; 32],
}

/// All of them, in the order of their times; empty if none was set or one can't be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys(Vec<SigningKey>);

impl Keys {
    /// Reads the secrets in order. One that can't be read makes all of them none: to go on with the key before it would sign
    /// what another key is to sign.
    pub(crate) fn parse(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut keys: Vec<SigningKey> = Vec::new();
        for secret in secrets {
            let key = match secret.trim().split_once(' ') {
                None if keys.is_empty() => seed(&secret).map(|seed| (Timestamp::UNIX_EPOCH, seed)),
                Some((time, digits)) => time.parse().ok().zip(seed(digits)),
                None => None,
            };
            let Some((from, seed)) = key.filter(|(from, _)| keys.last().is_none_or(|last| last.from < *from))
            else {
                return Self::default();
            };
            keys.push(SigningKey { from, seed });
        }
        Self(keys)
    }

    /// The key that signs what happens at a time.
    pub(crate) fn at(&self, time: Timestamp) -> Option<&SigningKey> {
        self.0.iter().rfind(|key| key.from <= time)
    }

    /// The keys that sign the log at a time: the one of then, and for thirty days after it began the one before, so that whoever
    /// trusts only that one has time to learn of the other.
    pub(crate) fn of_the_log(&self, time: Timestamp) -> impl Iterator<Item = &SigningKey> {
        let present = self.0.iter().rposition(|key| key.from <= time);
        let changing = |place: &usize| self.0[*place].from.plus_ms(CHANGE_MS) > time;
        let before = present.filter(changing).and_then(|place| place.checked_sub(1));
        present.into_iter().chain(before).map(|place| &self.0[place])
    }

    /// Every key, those to come included.
    pub(crate) fn all(&self) -> &[SigningKey] {
        &self.0
    }
}

fn seed(digits: &str) -> Option<[u8; 32]> {
    Hash::parse(digits.trim()).map(|Hash(seed)| seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[String]) -> Keys {
        Keys::parse(secrets.iter().cloned())
    }

    #[test]
    fn a_key_signs_from_its_time_on() {
        let time: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        let keys = keys(&["07".repeat(32), format!("{time} {}", "08".repeat(32))]);
        assert_eq!(keys.at(time.plus_ms(-1)).unwrap().seed, [7; 32]);
        assert_eq!(keys.at(time).unwrap().seed, [8; 32]);
        assert_eq!(keys.all().len(), 2);
    }

    #[test]
    fn the_log_is_signed_by_two_keys_while_one_follows_the_other() {
        let time: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
        let keys = keys(&["07".repeat(32), format!("{time} {}", "08".repeat(32))]);
        let at = |time| keys.of_the_log(time).map(|key| key.seed[0]).collect::<Vec<_>>();
        assert_eq!(at(time.plus_ms(-1)), [7]);
        assert_eq!(at(time), [8, 7]);
        assert_eq!(at(time.plus_ms(CHANGE_MS - 1)), [8, 7]);
        assert_eq!(at(time.plus_ms(CHANGE_MS)), [8]);
        assert_eq!(Keys::default().of_the_log(time).count(), 0);
    }

    #[test]
    fn one_that_cannot_be_read_makes_all_of_them_none() {
        let first = "07".repeat(32);
        for second in ["", "08", &first, &format!("soon {first}"), &format!("1970-01-01T00:00:00Z {first}")] {
            assert_eq!(keys(&[first.clone(), second.into()]), Keys::default(), "{second}");
        }
    }
}
