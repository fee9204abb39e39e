//! A snapshot that is kept fresh during a long run. Owns the thread that asks the edge for changes, and what they do to the answers of
//! the snapshot.
//!
//! The snapshot stays as it is mapped; what changed since lies over it, with ends of its own. A question that fails changes nothing: what is known
//! goes on to be used until it is older than it may be, and then nothing is written any more.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use consentry::{
    granted::{Key, form::minute},
    subject::UserId,
    time::Timestamp,
};

use super::Changes;
use super::api::{Api, ApiError};
use super::beside::Note;
use crate::grants::{Grants, Witness};
use crate::manifest::Consents;
use crate::snapshot::{Keying, Refused, Snapshot};

/// A snapshot and what changed since.
pub struct Fresh {
    snapshot: Snapshot,
    over: Arc<RwLock<Over>>,
    max_age_ms: i64,
    clock: fn() -> Timestamp,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What lies over the snapshot.
struct Over {
    changes: Changes,
    /// How many of them are a yes.
    yes: usize,
    as_of: Timestamp,
    position: String,
    refreshed: bool,
}

/// What the thread works with.
struct Refresh {
    api: Api,
    purpose: consentry::purpose::Purpose,
    /// The names of the logs that the snapshot is of.
    log: String,
    over: Arc<RwLock<Over>>,
    clock: fn() -> Timestamp,
    failed: fn(&ApiError),
}

impl Fresh {
    /// Keeps a pulled snapshot fresh, asking at once and then as often as `every` says; `failed` is told of each question
    /// that fails. Data older than `max_age_ms` is not trusted any more.
    ///
    /// [`Refused::Io`] if what `consentry snapshot pull` left beside the snapshot is not there.
    pub fn start(
        snapshot: Snapshot,
        api: Api,
        every: Duration,
        max_age_ms: i64,
        clock: fn() -> Timestamp,
        failed: fn(&ApiError),
    ) -> Result<Self, Refused> {
        let note = Note::of(&snapshot).ok_or_else(|| {
            let what = "has nothing beside it to refresh it by; fetch it with `consentry snapshot pull`";
            Refused::Io(io::Error::new(io::ErrorKind::NotFound, what))
        })?;
        let over = Arc::new(RwLock::new(Over {
            changes: BTreeMap::new(),
            yes: 0,
            as_of: snapshot.header().created_at,
            position: note.position,
            refreshed: false,
        }));
        let purpose = snapshot.header().purpose.clone();
        let mut refresh = Refresh { api, purpose, log: note.log, over: over.clone(), clock, failed };
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("refresh".into()).spawn(move || {
            loop {
                refresh.once();
                match stopped.recv_timeout(every) {
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
            }
        })?;
        Ok(Self { snapshot, over, max_age_ms, clock, stop: Some(stop), thread: Some(thread) })
    }

    /// Whether the yes of a user stands in this minute, of whom the snapshot says `before`.
    fn now_granted(&self, over: &Over, now: u32, user: &UserId, before: Option<Key>) -> Option<Key> {
        let key = match before {
            // Most who are not in the snapshot have not come since either; their key is needed only if somebody has.
            None if over.yes == 0 => return None,
            None => self.snapshot.key_of(user),
            Some(key) => key,
        };
        match over.changes.get(&key) {
            Some(end) => end.filter(|end| *end > now).map(|_| key),
            None => before,
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Not joined: it may be waiting for an answer, and it owns all it touches.
        drop(self.thread.take());
    }
}

impl Grants for Fresh {
    fn granted(&self, user: &UserId) -> Option<Key> {
        let over = self.over.read().unwrap_or_else(PoisonError::into_inner);
        self.now_granted(&over, minute((self.clock)()), user, self.snapshot.granted(user))
    }

    fn granted_all(&self, users: &[UserId]) -> Vec<Option<Key>> {
        let mut all = self.snapshot.granted_all(users);
        let over = self.over.read().unwrap_or_else(PoisonError::into_inner);
        if !over.changes.is_empty() {
            let now = minute((self.clock)());
            for (answer, user) in all.iter_mut().zip(users) {
                *answer = self.now_granted(&over, now, user, *answer);
            }
        }
        all
    }

    fn trusted(&self) -> Result<(), Refused> {
        let as_of = self.over.read().unwrap_or_else(PoisonError::into_inner).as_of;
        if (self.clock)().as_ms() - as_of.as_ms() > self.max_age_ms {
            return Err(Refused::TooOld(as_of));
        }
        Ok(())
    }
}

impl Witness for Fresh {
    fn consents(&self, started_at: Timestamp) -> Consents {
        let over = self.over.read().unwrap_or_else(PoisonError::into_inner);
        let consents = self.snapshot.consents(started_at);
        if !over.refreshed {
            return consents;
        }
        Consents { log_position: over.position.parse().ok(), refreshed_at: Some(over.as_of), ..consents }
    }

    fn keying(&self) -> Keying {
        self.snapshot.keying()
    }
}

impl Refresh {
    fn once(&mut self) {
        let now = (self.clock)();
        let since = self.over.read().unwrap_or_else(PoisonError::into_inner).position.clone();
        let mut changes = Changes::new();
        let answer = self.api.changes(&self.purpose, &since, &mut changes);
        let answer = answer.and_then(|page| {
            let same = page.log == self.log;
            if same { Ok(page) } else { Err(ApiError::Unreadable("another log")) }
        });
        if let Err(error) = &answer {
            changes.clear();
            (self.failed)(error);
        }
        let mut over = self.over.write().unwrap_or_else(PoisonError::into_inner);
        over.changes.extend(changes);
        over.yes = over.changes.values().filter(|end| end.is_some()).count();
        if let Ok(page) = answer {
            over.position = page.position;
            over.as_of = now;
            over.refreshed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Builder, Wanted};
    use consentry::{purpose::Purpose, slug::Slug};
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::fs::File;

    const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    thread_local!(static MINUTES: Cell<u32> = const { Cell::new(0) });

    fn after(minutes: u32) -> Timestamp {
        START.plus_ms(i64::from(minutes) * 60_000)
    }

    fn clock() -> Timestamp {
        after(MINUTES.get())
    }

    fn user(n: usize) -> UserId {
        UserId::parse(&format!("u{n}")).unwrap()
    }

    /// A snapshot of users who granted for so many minutes, with changes over it that came from the edge.
    fn fresh(granted: &[Option<u32>], since: &BTreeMap<usize, Option<u32>>) -> Fresh {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("snapshot");
        let (site, purpose) = (Slug::parse("demo").unwrap(), Purpose::ModelTraining);
        let mut builder = Builder::new(site, purpose.clone(), START, Keying::Inside([7; 32]), folder.path());
        for (n, end) in granted.iter().enumerate() {
            if let Some(end) = end {
                builder.add_until(&user(n), after(*end)).unwrap();
            }
        }
        builder.finish(&mut File::create(&name).unwrap()).unwrap();
        MINUTES.set(0);
        let wanted = Wanted { purpose: &purpose, site: None, max_age_ms: i64::MAX, clock, key: None };
        let snapshot = Snapshot::open(&name, &wanted).unwrap();
        let changes: Changes = since
            .iter()
            .map(|(n, end)| (snapshot.key_of(&user(*n)), end.map(|end| minute(after(end)))))
            .collect();
        let yes = changes.values().flatten().count();
        let (as_of, position) = (START, String::new());
        let over = Arc::new(RwLock::new(Over { changes, yes, as_of, position, refreshed: true }));
        Fresh { snapshot, over, max_age_ms: i64::MAX, clock, stop: None, thread: None }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn what_changed_last_counts_until_it_ends_and_else_the_snapshot_until_that_ends(
            granted in proptest::collection::vec(proptest::option::of(1..20_u32), 0..40),
            since in proptest::collection::btree_map(0..40_usize, proptest::option::of(0..20_u32), 0..30),
            times in proptest::collection::vec(0..22_u32, 1..6),
        ) {
            let fresh = fresh(&granted, &since);
            let users: Vec<UserId> = (0..45).map(user).collect();
            for time in times {
                MINUTES.set(time);
                let last = |n| since.get(&n).map_or_else(|| granted.get(n).copied().flatten(), |end| *end);
                let expected: Vec<bool> = (0..45).map(|n| last(n).is_some_and(|end| end > time)).collect();
                let alone: Vec<bool> = users.iter().map(|user| fresh.granted(user).is_some()).collect();
                let together: Vec<bool> = fresh.granted_all(&users).iter().map(Option::is_some).collect();
                prop_assert_eq!(&alone, &expected);
                prop_assert_eq!(&together, &expected);
            }
        }
    }
}
