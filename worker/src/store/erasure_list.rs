//! The erasures of a site, by when they are due. Owns the places between two of them, by which a list over several databases is read in
//! pages.

use super::{
    Store,
    erasures::{ErasureRow, Row, columns},
};
use crate::platform::{DatabaseError, Platform, Rows, Statement};
use consentry::{
    erasure::{State, StoreState},
    slug::Slug,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// The latest time that D1, whose numbers are JavaScript's, tells from the one before.
const NEVER: i64 = 1 << 53;

/// A page walks the index of each state from the page's place on, then takes the first of all of them; only of these it reads the rest.
macro_rules! page {
    ($after:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            ", (SELECT json_group_array(json_array(store, state)) FROM (SELECT store, state FROM erasure_tasks \
             WHERE erasure = erasures.id AND state IN ('failed', 'dead') ORDER BY place)) AS failing \
             FROM erasures WHERE id IN (SELECT one.id FROM (SELECT value FROM json_each(?2)) AS wanted \
             JOIN erasures AS one ON one.id IN (SELECT id FROM erasures WHERE site = ?1 AND state = wanted.value \
             AND (due_at, id) ",
            $after,
            " (?3, ?4) AND due_at < ?5 ORDER BY due_at",
            $order,
            ", id",
            $order,
            " LIMIT ?6) ORDER BY one.due_at",
            $order,
            ", one.id",
            $order,
            " LIMIT ?6) ORDER BY due_at",
            $order,
            ", id",
            $order
        )
    };
}

const FIRST_DUE: &str = page!(">", "");
const LAST_DUE: &str = page!("<", " DESC");

/// A place in the list: that of an erasure. Two that are due at the same time are told apart by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    due_at: Timestamp,
    id: Uuid,
}

impl Place {
    /// Parses what [`Place`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (due_at, id) = text.split_once('.')?;
        let due_at = due_at.parse().ok().filter(|at| (0..NEVER).contains(at))?;
        Some(Self { due_at: Timestamp::from_ms(due_at), id: Uuid::try_parse(id).ok()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.due_at.as_ms(), self.id)
    }
}

/// Which page of a site's erasures is read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// In one of these states.
    pub(crate) states: Vec<State>,
    /// Only those that are due before.
    pub(crate) due_before: Option<Timestamp>,
    /// Whether those that are due last come first.
    pub(crate) last_first: bool,
    /// Only what comes after this place.
    pub(crate) after: Option<Place>,
    /// At most so many.
    pub(crate) limit: u64,
}

/// An erasure with the stores that are not done although they were tried.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) erasure: ErasureRow,
    pub(crate) failed: Vec<String>,
    pub(crate) dead: Vec<String>,
}

impl Listed {
    /// Where it is in the list.
    pub(crate) fn place(&self) -> Place {
        Place { due_at: self.erasure.due_at, id: self.erasure.id }
    }
}

/// Reads a page of one database, for [`listed`].
pub(crate) fn read_list(site: &Slug, wanted: &Wanted) -> Statement {
    let states: Vec<_> = wanted.states.iter().map(|state| state.as_str()).collect();
    let (due_at, id): (i64, String) = match wanted.after {
        Some(Place { due_at, id }) => (due_at.as_ms(), id.to_string()),
        None if wanted.last_first => (NEVER, String::new()),
        None => (-1, String::new()),
    };
    Statement::new(
        if wanted.last_first { LAST_DUE } else { FIRST_DUE },
        [
            site.as_str().into(),
            json!(states).to_string().into(),
            due_at.into(),
            id.into(),
            wanted.due_before.map_or(NEVER, Timestamp::as_ms).into(),
            i64::try_from(wanted.limit).unwrap_or(i64::MAX).into(),
        ],
    )
}

/// What [`read_list`] returned.
pub(crate) fn listed(rows: Rows) -> Result<Vec<Listed>, DatabaseError> {
    #[derive(Deserialize)]
    struct Found {
        #[serde(flatten)]
        row: Row,
        failing: String,
    }
    let found = |Found { row, failing }: Found| {
        let erasure = ErasureRow::try_from(row)?;
        let stores: Vec<(String, StoreState)> = serde_json::from_str(&failing)
            .map_err(|_| DatabaseError::Unreadable(format!("the stores of erasure {}", erasure.id)))?;
        let of = |wanted| {
            stores.iter().filter(|(_, state)| *state == wanted).map(|(store, _)| store.clone()).collect()
        };
        Ok(Listed { erasure, failed: of(StoreState::Failed), dead: of(StoreState::Dead) })
    };
    rows.all()?.into_iter().map(found).collect()
}

impl<P: Platform> Store<'_, P> {
    /// A page of one database.
    pub(crate) async fn list(
        &self,
        shard: usize,
        site: &Slug,
        wanted: &Wanted,
    ) -> Result<Vec<Listed>, DatabaseError> {
        listed(self.one(shard, read_list(site, wanted)).await?)
    }
}
