//! What SQL gives of the decisions about one purpose: a line each, in the order of subject and log, so that a hundred
//! thousand of them are one text and not a hundred thousand objects. Owns reading lines and what is folded of them; the fold is the core's.

use crate::{platform::DatabaseError, store::Erased};
use consentry::{
    granted::{Key, form::from_hex, granted_until},
    history::{Fold, Folds, OutOfOrder},
    purpose::Purpose,
    record::Status,
    regime::Regime,
    time::Timestamp,
};

/// A decision: 32 hexadecimal digits of the subject, status, when it was recorded, when it was made or nothing.
pub(crate) struct Said {
    key: Key,
    status: Status,
    created_at: Timestamp,
    decided_at: Option<Timestamp>,
}

impl Said {
    /// Reads lines.
    pub(crate) fn all(text: &str) -> impl Iterator<Item = Result<Self, DatabaseError>> + '_ {
        text.lines().map(|line| Self::parse(line).ok_or_else(|| unreadable("a line of decisions")))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let said = Self {
            key: from_hex(words.next()?)?,
            status: Status::parse(words.next()?)?,
            created_at: Timestamp::from_ms(words.next()?.parse().ok()?),
            decided_at: match words.next()? {
                "" => None,
                text => Some(Timestamp::from_ms(text.parse().ok()?)),
            },
        };
        words.next().is_none().then_some(said)
    }
}

pub(crate) fn unreadable(what: &str) -> DatabaseError {
    DatabaseError::Unreadable(what.into())
}

/// Takes in a decision; gives the person before, if their decisions are complete now.
pub(crate) fn add(folds: &mut Folds<Key>, said: &Said) -> Result<Option<(Key, Fold)>, DatabaseError> {
    folds
        .add(said.key, said.status, said.created_at, said.decided_at, false)
        .map_err(|OutOfOrder| unreadable("the order of subjects"))
}

/// Until when a person's yes stands, if it does; `erased` says whose data was to be erased, and when.
pub(crate) fn granted(
    (key, fold): (Key, Fold),
    erased: &Erased,
    purpose: &Purpose,
    regime: &'static Regime,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = erased.binary_search_by_key(&key, |(key, _)| *key).ok().and_then(|place| erased.get(place));
    granted_until(fold.current(), at.map(|(_, at)| *at), purpose.kind(), regime, now)
}
