//! Whose rows a run kept. Owns gathering them: each thread notes every user once, in bounded memory, and all go into one index.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use consentry::{purpose::Purpose, slug::Slug, time::Timestamp};

use crate::output::Output;
use crate::snapshot::{Builder, Key, Keying, write_index};

/// All users of a run whose rows were kept.
pub struct Kept {
    all: Mutex<Gathered>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

struct Gathered {
    builder: Builder,
    /// The first thing that went wrong; it is told at the end.
    failed: Option<io::Error>,
}

impl Kept {
    /// Nobody yet. The keys are made with `keying`; what doesn't fit in memory goes to nameless files in `folder`.
    pub fn new(site: Slug, purpose: Purpose, now: Timestamp, keying: Keying, folder: &Path) -> Self {
        let builder = Builder::new(site, purpose, now, keying, folder);
        Self { all: Mutex::new(Gathered { builder, failed: None }) }
    }

    /// What one thread notes.
    pub(crate) fn notes(&self) -> Notes<'_> {
        Notes { kept: self, seen: HashSet::default() }
    }

    /// Writes the index; says how many users are in it.
    pub(crate) fn write(self, output: &mut Output) -> io::Result<u32> {
        let gathered = self.all.into_inner().unwrap_or_else(PoisonError::into_inner);
        match gathered.failed {
            Some(error) => Err(error),
            None => write_index(gathered.builder, output.file()),
        }
    }

    fn take(&self, mut keys: Vec<Key>) {
        // Here, where other threads do the same at the same time.
        keys.sort_unstable();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            if let Err(error) = all.builder.add_key(key, true) {
                all.failed.get_or_insert(error);
                break;
            }
        }
    }
}

/// The users that one thread met.
pub(crate) struct Notes<'k> {
    kept: &'k Kept,
    seen: HashSet<Key, BuildHasherDefault<Head>>,
}

impl Notes<'_> {
    /// They take about 20 MB of each thread.
    const MOST: usize = 1 << 19;

    pub(crate) fn add(&mut self, key: Key) {
        if self.seen.insert(key) && self.seen.len() >= Self::MOST {
            self.kept.take(self.seen.drain().collect());
        }
    }
}

impl Drop for Notes<'_> {
    fn drop(&mut self) {
        self.kept.take(self.seen.drain().collect());
    }
}

/// The first bytes of a key, which is a hash already and which nobody without the site's key can choose.
#[derive(Default)]
struct Head(u64);

impl Hasher for Head {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*head);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length, which is the same for all.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
