//! Making a snapshot in bounded memory. Owns sorting what users last said, on the disk where it doesn't fit in memory, and
//! writing the file; reading tables of users is left to [`super::table`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use consentry::{
    granted::{file::ENDLESS, form::minute},
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey, UserId},
    time::Timestamp,
};

use super::format::{self, Header, KEY, Key};
use super::write::Writer;

/// The key that hashes the users of a snapshot.
#[derive(Clone)]
pub enum Keying {
    /// The site's, with its id; it stays out of the file.
    Site(SiteKey, KeyId),
    /// Random bytes that go into the file, so that whoever has the file can try out who is in it: it is not pseudonymous.
    Inside([u8; 32]),
}

/// What a user said, in the order in which it was said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: Key,
    sequence: u64,
    /// The minute in which their yes ends, [`NO`] if they said none.
    end: u32,
}

/// What has ended before any time.
const NO: u32 = 0;

/// Collects what users said and writes the snapshot.
pub struct Builder {
    key: SiteKey,
    header: Header,
    folder: PathBuf,
    entries: Vec<Entry>,
    capacity: usize,
    runs: Vec<File>,
    sequence: u64,
}

impl Builder {
    /// 2 Mi entries take 64 MiB.
    const CAPACITY: usize = 2 << 20;

    /// An empty one. What doesn't fit in memory goes to nameless files in `folder`.
    pub fn new(site: Slug, purpose: Purpose, created_at: Timestamp, keying: Keying, folder: &Path) -> Self {
        let (key, key_id, key_inside) = match keying {
            Keying::Site(key, id) => (key, id, None),
            Keying::Inside(bytes) => (SiteKey::from_bytes(KeyId(0), bytes), KeyId(0), Some(bytes)),
        };
        let key_check = format::key_check(&key);
        let header = Header {
            site,
            purpose,
            created_at,
            log_position: None,
            key_id,
            count: 0,
            key_check,
            key_inside,
            bits: 0,
            ends: false,
        };
        let folder = folder.to_owned();
        Self {
            key,
            header,
            folder,
            entries: Vec::new(),
            capacity: Self::CAPACITY,
            runs: Vec::new(),
            sequence: 0,
        }
    }

    /// Takes in what a user said; what the same user says later counts instead.
    pub fn add(&mut self, user: &UserId, granted: bool) -> io::Result<()> {
        self.add_key(format::first(self.key.subject(user).hash), granted)
    }

    /// Takes in that a user granted the purpose until some time. The minute in which it ends has no yes in it any more.
    pub fn add_until(&mut self, user: &UserId, end: Timestamp) -> io::Result<()> {
        self.push(format::first(self.key.subject(user).hash), minute(end))
    }

    /// The same of a user whose key is known.
    pub fn add_key(&mut self, key: Key, granted: bool) -> io::Result<()> {
        self.push(key, if granted { ENDLESS } else { NO })
    }

    fn push(&mut self, key: Key, end: u32) -> io::Result<()> {
        self.entries.push(Entry { key, sequence: self.sequence, end });
        self.sequence += 1;
        if self.entries.len() >= self.capacity { self.spill() } else { Ok(()) }
    }

    /// What the snapshot is for.
    pub const fn purpose(&self) -> &Purpose {
        &self.header.purpose
    }

    fn spill(&mut self) -> io::Result<()> {
        self.entries.sort_unstable();
        let mut writer = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        for entry in self.entries.drain(..) {
            writer.write_all(&entry.key)?;
            writer.write_all(&entry.sequence.to_le_bytes())?;
            writer.write_all(&entry.end.to_le_bytes())?;
        }
        let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// Writes the snapshot from the beginning of `file` on; says how many users are in it: those whose yes stands as of
    /// its time.
    pub fn finish(mut self, file: &mut (impl Write + Seek)) -> io::Result<u32> {
        self.entries.sort_unstable();
        let mut runs: Vec<Run> = self.runs.into_iter().map(|file| Run::Disk(BufReader::new(file))).collect();
        runs.push(Run::Memory(self.entries.into_iter()));
        let mut writer = Writer::new(file, self.header, self.sequence, &self.folder)?;
        merge(runs, |key, end| writer.push(&key, end))?;
        Ok(writer.finish()?.0)
    }
}

/// Entries in ascending order.
enum Run {
    Memory(std::vec::IntoIter<Entry>),
    Disk(BufReader<File>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        match self {
            Self::Memory(entries) => Ok(entries.next()),
            Self::Disk(reader) => {
                let mut key = [0; KEY];
                match reader.read_exact(&mut key) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    read => read?,
                }
                let (mut sequence, mut end) = ([0; 8], [0; 4]);
                reader.read_exact(&mut sequence)?;
                reader.read_exact(&mut end)?;
                Ok(Some(Entry { key, sequence: u64::from_le_bytes(sequence), end: u32::from_le_bytes(end) }))
            }
        }
    }
}

/// Gives every key with the end of its last entry, once and in ascending order.
fn merge(mut runs: Vec<Run>, mut give: impl FnMut(Key, u32) -> io::Result<()>) -> io::Result<()> {
    let mut heads = BinaryHeap::with_capacity(runs.len());
    for (n, run) in runs.iter_mut().enumerate() {
        heads.extend(run.next()?.map(|entry| Reverse((entry, n))));
    }
    let mut last: Option<Entry> = None;
    while let Some(Reverse((entry, n))) = heads.pop() {
        if let Some(run) = runs.get_mut(n) {
            heads.extend(run.next()?.map(|entry| Reverse((entry, n))));
        }
        if let Some(before) = last.replace(entry)
            && before.key != entry.key
        {
            give(before.key, before.end)?;
        }
    }
    last.map_or(Ok(()), |entry| give(entry.key, entry.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::io::Cursor;

    /// What one user said: no, or yes for so many minutes.
    type Said = (u8, Option<u32>);

    fn build(said: &[Said], capacity: usize) -> Vec<u8> {
        let site = Slug::parse("demo").unwrap();
        let keying = Keying::Inside([7; 32]);
        let mut builder =
            Builder::new(site, Purpose::ModelTraining, Timestamp::UNIX_EPOCH, keying, &std::env::temp_dir());
        builder.capacity = capacity;
        for (user, granted) in said {
            let user = UserId::parse(&format!("u{user}")).unwrap();
            match granted {
                None => builder.add(&user, false).unwrap(),
                Some(ENDLESS) => builder.add(&user, true).unwrap(),
                Some(end) => builder.add_until(&user, Timestamp::from_ms(i64::from(*end) * 60_000)).unwrap(),
            }
        }
        let mut file = Cursor::new(Vec::new());
        builder.finish(&mut file).unwrap();
        file.into_inner()
    }

    fn said() -> impl Strategy<Value = Vec<Said>> {
        let end = prop_oneof![Just(None), Just(Some(ENDLESS)), (0..4_u32).prop_map(Some)];
        proptest::collection::vec((0..40_u8, end), 0..200)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_does_not_fit_in_memory_makes_the_same_file(said in said(), capacity in 1..50_usize) {
            let whole = build(&said, usize::MAX);
            prop_assert_eq!(&whole, &build(&said, capacity));
            let last: BTreeMap<u8, Option<u32>> = said.into_iter().collect();
            let standing: Vec<u32> = last.into_values().flatten().filter(|end| *end > 0).collect();
            let header = Header::decode(&whole).unwrap();
            prop_assert_eq!(header.count as usize, standing.len());
            prop_assert_eq!(header.ends, standing.iter().any(|end| *end != ENDLESS));
            prop_assert_eq!(whole.len(), header.lengths().unwrap().whole);
        }
    }
}
