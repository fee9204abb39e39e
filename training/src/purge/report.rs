//! What a purge did, as data. Owns the form of the report and keeping ids of users out of it; whoever writes it chooses where.

use consentry::hash::Hash;
use consentry::subject::UserId;
use consentry::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many rows that can't be judged a store names one by one; all are counted.
const NAMED_ROWS: usize = 100;

/// What a purge did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the library.
    pub version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// How many users the plan had; stores name them by their place in it, from 0 on.
    pub users: usize,
    /// These users' keyed hashes, if a key was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subjects: Option<Vec<Hash>>,
    /// The stores in the order of the plan.
    pub stores: Vec<StoreReport>,
}

/// How a purge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The users are gone from every store, which was read again to see it.
    Done,
    /// Something failed; the report of its store says what. The users may still be there.
    Partial,
    /// Everything was looked at and nothing changed.
    DryRun,
    /// As that, but something could not be looked at.
    DryRunPartial,
}

/// How far the data is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erasure {
    /// The store's own files no longer hold it. Backups, copies, logs that it recycles and freed blocks of the
    /// disk are not looked at.
    Physical,
    /// The store no longer answers with it; its files may still hold it.
    Logical,
}

/// What became of one store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    /// Its kind.
    pub kind: String,
    /// Where it is, as the plan says.
    pub place: String,
    /// How far what is removed from it is gone.
    pub erasure: Erasure,
    /// How many rows, records or entries of the users there were.
    pub found: u64,
    /// These by user, in the order of the plan.
    pub found_by_user: Vec<u64>,
    /// How many of them were removed.
    pub removed: u64,
    /// Whether all of it was read again and none of the users was there.
    pub verified: bool,
    /// How many rows stay because it can't be said whose they are.
    pub unjudged: u64,
    /// The first of these.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unjudged_rows: Vec<Row>,
    /// What is good to know and no failure.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// What failed.
    pub failures: Vec<Failure>,
}

/// A row that can't be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The file.
    pub file: String,
    /// The line, from 1 on.
    pub line: u64,
    /// The code of the reason.
    pub reason: String,
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where: a file, or the store itself.
    pub place: String,
    /// Why, and what to do.
    pub reason: String,
}

impl StoreReport {
    pub(super) fn new(kind: &str, place: &str, erasure: Erasure, users: usize) -> Self {
        Self {
            kind: kind.into(),
            place: place.into(),
            erasure,
            found: 0,
            found_by_user: vec![0; users],
            removed: 0,
            verified: false,
            unjudged: 0,
            unjudged_rows: Vec::new(),
            notes: Vec::new(),
            failures: Vec::new(),
        }
    }

    pub(super) fn found(&mut self, user: usize, count: u64) {
        self.found += count;
        if let Some(of_user) = self.found_by_user.get_mut(user) {
            *of_user += count;
        }
    }

    pub(super) fn unjudged(&mut self, row: Row) {
        self.unjudged += 1;
        if self.unjudged_rows.len() < NAMED_ROWS {
            self.unjudged_rows.push(row);
        }
    }

    /// Takes in what was found in a part of the store.
    pub(super) fn add(&mut self, part: Self) {
        for (user, count) in part.found_by_user.into_iter().enumerate() {
            self.found(user, count);
        }
        self.removed += part.removed;
        self.unjudged += part.unjudged;
        let room = NAMED_ROWS.saturating_sub(self.unjudged_rows.len());
        self.unjudged_rows.extend(part.unjudged_rows.into_iter().take(room));
        self.notes.extend(part.notes);
        self.failures.extend(part.failures);
    }

    pub(super) fn fail(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.failures.push(Failure { place: place.into(), reason: reason.into() });
    }

    /// Puts `user N` in the place of ids, which paths can hold.
    pub(super) fn hide(&mut self, users: &[UserId]) {
        let hide = |text: &mut String| *text = hidden(text, users);
        hide(&mut self.place);
        self.notes.iter_mut().for_each(hide);
        self.unjudged_rows.iter_mut().for_each(|row| hide(&mut row.file));
        for failure in &mut self.failures {
            hide(&mut failure.place);
            hide(&mut failure.reason);
        }
    }
}

/// The text with `{user N}` in the place of each user's id, wherever it is a word of its own.
pub fn hidden(text: &str, users: &[UserId]) -> String {
    // A longer id may have a shorter one inside.
    let mut order: Vec<(usize, &str)> = users.iter().map(UserId::as_str).enumerate().collect();
    order.sort_by_key(|(_, id)| std::cmp::Reverse(id.len()));
    let mut text = text.to_owned();
    for (index, id) in order {
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(id)) {
            let (start, end) = (from + at, from + at + id.len());
            let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let before = text.get(..start).and_then(|before| before.chars().next_back());
            let after = text.get(end..).and_then(|after| after.chars().next());
            if inside(before) || inside(after) {
                from = end;
                continue;
            }
            let name = format!("{{user {index}}}");
            from = start + name.len();
            text.replace_range(start..end, &name);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hidden_where_they_are_words() {
        let users = ["a", "a@b.c", "ü"].map(|id| UserId::parse(id).unwrap());
        assert_eq!(hidden("data/a@b.c/a.jsonl", &users), "data/{user 1}/{user 0}.jsonl");
        assert_eq!(hidden("data/ü.jsonl ", &users), "data/{user 2}.jsonl ");
        assert_eq!(hidden("can't be read", &users), "can't be read");
    }
}
