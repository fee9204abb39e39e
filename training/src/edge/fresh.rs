//! A snapshot that is kept fresh during a long run. Owns the thread that asks the edge for changes, and what they and passing
//! time do to the answers of the snapshot.
//!
//! The snapshot stays as it is mapped; what changed since lies over it. A question that fails changes nothing: what is known
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
use super::beside::Beside;
use crate::grants::{Grants, Witness};
use crate::manifest::Consents;
use crate::snapshot::{Keying, Refused, Snapshot, next};

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
    now: u32,
    as_of: Timestamp,
    position: String,
    refreshed: bool,
}

/// What the thread works with.
struct Refresh {
    api: Api,
    purpose: consentry::purpose::Purpose,
    beside: Beside,
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
        let beside = Beside::open(snapshot.file(), snapshot.digest()).ok_or_else(|| {
            let what = "has nothing beside it to refresh it by; fetch it with `consentry snapshot pull`";
            Refused::Io(io::Error::new(io::ErrorKind::NotFound, what))
        })?;
        let over = Arc::new(RwLock::new(Over {
            changes: BTreeMap::new(),
            yes: 0,
            now: minute(clock()),
            as_of: snapshot.header().created_at,
            position: beside.note.position.clone(),
            refreshed: false,
        }));
        let purpose = snapshot.header().purpose.clone();
        let mut refresh = Refresh { api, purpose, beside, over: over.clone(), clock, failed };
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

    fn now_granted(&self, over: &Over, user: &UserId, before: Option<Key>) -> Option<Key> {
        let key = match before {
            // Most who are not in the snapshot have not come since either; their key is needed only if somebody has.
            None if over.yes == 0 => return None,
            None => self.snapshot.key_of(user),
            Some(key) => key,
        };
        match over.changes.get(&key) {
            Some(end) => end.filter(|end| *end > over.now).map(|_| key),
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
        self.now_granted(&over, user, self.snapshot.granted(user))
    }

    fn granted_all(&self, users: &[UserId]) -> Vec<Option<Key>> {
        let mut all = self.snapshot.granted_all(users);
        let over = self.over.read().unwrap_or_else(PoisonError::into_inner);
        if !over.changes.is_empty() {
            for (answer, user) in all.iter_mut().zip(users) {
                *answer = self.now_granted(&over, user, *answer);
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
            let same = page.log == self.beside.note.log;
            if same { Ok(page) } else { Err(ApiError::Unreadable("another log")) }
        });
        if let Err(error) = &answer {
            changes.clear();
            (self.failed)(error);
        }
        let ended = self.ended(minute(now));
        let mut over = self.over.write().unwrap_or_else(PoisonError::into_inner);
        // Those who ended lie under what changed: somebody may have granted again since.
        for key in ended.as_deref().unwrap_or_default() {
            over.changes.entry(*key).or_insert(None);
        }
        over.changes.extend(changes);
        over.yes = over.changes.values().filter(|end| end.is_some()).count();
        over.now = minute(now);
        // Beyond what lies beside the snapshot nobody knows who ended; then time stands still until it is too old.
        let known = ended.is_ok() && minute(now) < self.beside.note.until;
        if let (Ok(page), true) = (answer, known) {
            over.position = page.position;
            over.as_of = now;
            over.refreshed = true;
        }
    }

    /// Those of the snapshot whose yes has ended.
    fn ended(&mut self, now: u32) -> io::Result<Vec<Key>> {
        let mut people = self.beside.people()?;
        let mut ended = Vec::new();
        while let Some((key, end)) = next(&mut people)? {
            if end <= now {
                ended.push(key);
            }
        }
        Ok(ended)
    }
}
