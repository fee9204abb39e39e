//! A task as the edge hands it out, the calls about it, and the result of it as it is signed. The ids of its users are here and in
//! the purge, nowhere else.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use consentry::hash::Hash;
use consentry::subject::UserId;
use consentry::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::journal::Entry;
use crate::edge::{Api, ApiError};
use crate::purge::report::Erasure;
use crate::purge::{Outcome, Report};

/// Tasks that are taken at a time: the lease of a second one would run while the first is purged.
const TOGETHER: u32 = 1;

/// Somebody is to be removed from a store.
#[derive(Deserialize)]
pub(super) struct Task {
    pub(super) id: String,
    erasure: String,
    pub(super) store: String,
    pub(super) attempt: u32,
    users: Vec<String>,
    pub(super) due_at: Timestamp,
    leased_until: Timestamp,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} of store {}, attempt {}", self.id, self.store, self.attempt)
    }
}

/// What the edge made of a result.
pub(super) enum Told {
    /// It has it, now or before.
    Taken,
    /// It wants another one, or none.
    Refused(ApiError),
    /// It can't be asked now.
    Later(ApiError),
}

/// Takes the next task, if there is one.
pub(super) fn take(api: &Api) -> Result<Option<Task>, ApiError> {
    #[derive(Deserialize)]
    struct Tasks {
        tasks: Vec<Task>,
    }
    let Tasks { tasks } = api.post("/agent/tasks", &json!({ "limit": TOGETHER }))?;
    let task = tasks.into_iter().next();
    // Names of files are made of it, and lines.
    let plain = |text: &str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    match task {
        Some(task) if !(plain(&task.id) && plain(&task.erasure) && plain(&task.store)) => {
            Err(ApiError::Unreadable("a task whose names are none"))
        }
        task => Ok(task),
    }
}

/// Makes the lease longer.
pub(super) fn renew(api: &Api, task: &Task) -> Result<(), ApiError> {
    api.post::<Value>(&format!("/agent/tasks/{}/lease", task.id), &json!({})).map(drop)
}

/// Tells a result; one that the edge has already changes nothing there.
pub(super) fn tell(api: &Api, entry: &Entry) -> Told {
    let path = format!("/agent/tasks/{}/result", entry.task);
    match api.post::<Value>(&path, &json!({ "result": entry.result })) {
        Ok(_) => Told::Taken,
        // A key that was withdrawn may be replaced; what is wrong with the task or the result stays wrong.
        Err(error @ ApiError::Refused(400 | 404 | 409 | 410 | 422, ..)) => Told::Refused(error),
        Err(error) => Told::Later(error),
    }
}

impl Task {
    /// Whom to remove; `None` if one of them is no user id.
    pub(super) fn users(&self) -> Option<Vec<UserId>> {
        let distinct: BTreeSet<&str> = self.users.iter().map(String::as_str).collect();
        distinct.into_iter().map(|user| UserId::parse(user).ok()).collect()
    }

    /// How often to make the lease longer, as seen at `now`.
    pub(super) fn renew_every(&self, now: Timestamp, most: Duration) -> Duration {
        let left = u64::try_from(self.leased_until.as_ms() - now.as_ms()).unwrap_or(0);
        // Clocks differ, so never in a hurry.
        Duration::from_millis(left / 3).clamp(Duration::from_secs(1), most)
    }

    /// What a purge did.
    pub(super) fn result(&self, report: &Report, digest: Hash) -> Value {
        let stores = &report.stores;
        let logical = stores.iter().any(|store| store.erasure == Erasure::Logical);
        let result = json!({
            "outcome": if report.outcome == Outcome::Done { "done" } else { "partial" },
            "found": stores.iter().map(|store| store.found).sum::<u64>(),
            "removed": stores.iter().map(|store| store.removed).sum::<u64>(),
            "verified": stores.iter().all(|store| store.verified),
            "erasure_kind": if logical { "logical" } else { "physical" },
            "report_sha256": digest,
        });
        let error = (report.outcome != Outcome::Done).then(|| {
            let failures: usize = stores.iter().map(|store| store.failures.len()).sum();
            let unjudged: u64 = stores.iter().map(|store| store.unjudged).sum();
            format!(
                "{failures} places failed and {unjudged} rows can't be judged; the report with the agent says which and why"
            )
        });
        self.about((report.started_at, report.ended_at), result, error)
    }

    /// That nothing could be purged, with a sentence why.
    pub(super) fn failed(&self, why: &str, times: (Timestamp, Timestamp)) -> Value {
        let nothing = Hash([0; 32]);
        let result = json!({
            "outcome": "partial", "found": 0, "removed": 0, "verified": false, "erasure_kind": "logical",
            "report_sha256": nothing,
        });
        self.about(times, result, Some(why.into()))
    }

    fn about(
        &self,
        (started_at, ended_at): (Timestamp, Timestamp),
        mut result: Value,
        error: Option<String>,
    ) -> Value {
        result["task"] = self.id.as_str().into();
        result["erasure"] = self.erasure.as_str().into();
        result["store"] = self.store.as_str().into();
        result["attempt"] = self.attempt.into();
        result["started_at"] = json!(started_at);
        result["ended_at"] = json!(ended_at);
        result["version"] = env!("CARGO_PKG_VERSION").into();
        // Somebody may be called `rows`; then the sentence, which must hold no id, is left out.
        if let Some(error) = error.filter(|error| !self.users.iter().any(|user| error.contains(user))) {
            result["error"] = error.into();
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(user: &str) -> Task {
        Task {
            id: "t".into(),
            erasure: "e".into(),
            store: "s".into(),
            attempt: 1,
            users: vec![user.into(), user.into()],
            due_at: Timestamp::from_ms(0),
            leased_until: Timestamp::from_ms(600_000),
        }
    }

    #[test]
    fn a_sentence_that_would_name_somebody_is_left_out() {
        let times = (Timestamp::from_ms(0), Timestamp::from_ms(1));
        assert_eq!(task("ada").failed("no such store", times)["error"], "no such store");
        assert!(task("store").failed("no such store", times).get("error").is_none());
    }

    #[test]
    fn whoever_is_named_twice_is_removed_once() {
        assert_eq!(task("ada").users().unwrap().len(), 1);
        assert!(task("a\nb").users().is_none());
    }

    #[test]
    fn a_lease_is_made_longer_well_before_it_ends_and_never_in_a_hurry() {
        let every = |now| task("ada").renew_every(Timestamp::from_ms(now), Duration::from_mins(3)).as_secs();
        assert_eq!((every(0), every(300_000), every(599_000), every(900_000)), (180, 100, 1, 1));
    }
}
