//! What SQL gives of the decisions about one purpose: a line each, in the order of subject and log, so that a hundred
//! thousand of them are one text and not a hundred thousand objects. Owns reading lines and folding those of one person.

use crate::{platform::DatabaseError, store::Erased};
use consentry::{
    granted::{Key, form::from_hex, granted_until},
    history::Fold,
    purpose::Purpose,
    record::Status,
    regime::Regime,
    time::Timestamp,
};

/// A decision: 32 hexadecimal digits of the subject, status, when it was recorded, when it was made or nothing.
pub(crate) struct Said {
    pub(crate) key: Key,
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

/// Folds decisions that come sorted by subject. The person whose decisions are being read is open until those of another come.
#[derive(Default)]
pub(crate) struct Groups {
    pub(crate) open: Option<(Key, Fold)>,
}

impl Groups {
    /// Takes in a decision; gives the person before, if their decisions are complete now.
    pub(crate) fn add(&mut self, said: &Said) -> Result<Option<(Key, Fold)>, DatabaseError> {
        let (closed, mut fold) = match self.open.take() {
            Some((key, fold)) if key == said.key => (None, fold),
            Some((key, _)) if said.key < key => return Err(unreadable("the order of subjects")),
            other => (other, Fold::default()),
        };
        fold.add(said.status, said.created_at, said.decided_at, false);
        self.open = Some((said.key, fold));
        Ok(closed)
    }
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
