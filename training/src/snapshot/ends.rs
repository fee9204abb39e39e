//! Until when each yes in a snapshot stands. Owns where the ends are in the file, and the time that they are held against: it is asked
//! anew for each batch of users, so that an end that passes while a snapshot is open, or in the middle of a run, is heeded from then
//! on. A snapshot without ends asks for no time.

use consentry::{
    granted::{file::END, form::minute},
    time::Timestamp,
};

/// The ends of one snapshot.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// Where they begin in the file.
    pub(super) start: usize,
    /// The time.
    pub(super) clock: fn() -> Timestamp,
}

impl Ends {
    /// The present minute since 1970.
    pub(super) fn now(&self) -> u32 {
        minute((self.clock)())
    }

    /// The end of the person at this place; what is not there has ended.
    pub(super) fn at(&self, file: &[u8], place: usize) -> u32 {
        let bytes = file.get(self.start + END * place..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Whether the yes of the person at this place stands in this minute.
    pub(super) fn stands(&self, file: &[u8], place: usize, now: u32) -> bool {
        // No time is as late as the minute that stands for no end.
        self.at(file, place) > now
    }
}
