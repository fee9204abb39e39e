//! Who is in a snapshot. Owns when a person counts as having granted a purpose where only that is kept, until when, what of
//! their subject stands for them, and the tag by which a wrong key is told. The bytes in which an edge sends one are [`form`]'s,
//! those of a file [`mod@file`]'s; how the records of many people are read is left to the faces.

pub mod file;
pub mod form;

use crate::{
    decision::{Context, Reason, decide_erased},
    hash::Hash,
    history::Current,
    purpose::Kind,
    record::LegalBasis,
    regime::Regime,
    subject::SiteKey,
    time::Timestamp,
};

/// Bytes of a subject that a snapshot keeps.
pub const KEY: usize = 16;

/// The first [`KEY`] bytes of a subject.
pub type Key = [u8; KEY];

/// Until when the person's yes allows the purpose, if it does at `now`: the rule of [`crate::decision`], on consent and nothing
/// else, so that neither silence nor a claim of the site puts anybody into a snapshot.
///
/// What was granted up to `erased_at`, when the erasure of the person's data was asked for, stands no longer.
pub fn granted_until(
    current: Option<Current>,
    erased_at: Option<Timestamp>,
    purpose: Kind,
    regime: &'static Regime,
    now: Timestamp,
) -> Option<Timestamp> {
    let context = Context { regime, gpc: false };
    let decision = decide_erased(current, erased_at, purpose, LegalBasis::Consent, context, now);
    decision.expires_at.filter(|_| decision.allowed && decision.reason == Reason::Granted)
}

/// The part of a subject that a snapshot keeps.
pub fn key(Hash(bytes): Hash) -> Key {
    let mut key = [0; KEY];
    key.copy_from_slice(&bytes[..KEY]);
    key
}

/// Tells two keys apart without saying either. The first byte keeps it apart from subjects and from other tags of the key.
pub fn key_check(site_key: &SiteKey) -> Key {
    key(site_key.tag(b"\x03consentry/snapshot/key-check"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{history::Fold, record::Status, regime::GDPR, regime::US_OPT_OUT};

    const DAY: i64 = 86_400_000;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_ms(day * DAY)
    }

    fn until(status: Status, erased: Option<i64>, now: i64) -> Option<Timestamp> {
        let mut fold = Fold::default();
        fold.add(status, at(10), None, false);
        granted_until(fold.current(), erased.map(at), Kind::ModelTraining, &GDPR, at(now))
    }

    #[test]
    fn a_yes_stands_until_the_regime_ends_it() {
        let end = at(10).plus_months(GDPR.validity_months);
        assert_eq!(until(Status::Granted, None, 11), Some(end));
        assert_eq!(until(Status::Granted, None, 400), None);
    }

    #[test]
    fn a_no_and_an_open_question_are_not_in_it() {
        assert_eq!(until(Status::Revoked, None, 11), None);
        assert_eq!(until(Status::Pending, None, 11), None);
    }

    #[test]
    fn silence_is_not_in_it_even_where_it_allows() {
        assert_eq!(granted_until(None, None, Kind::Analytics, &US_OPT_OUT, at(1)), None);
    }

    #[test]
    fn an_erasure_ends_what_was_granted_up_to_then_and_nothing_later() {
        assert_eq!(until(Status::Granted, Some(10), 11), None);
        assert_eq!(until(Status::Granted, Some(12), 13), None);
        assert!(until(Status::Granted, Some(9), 11).is_some());
    }
}
