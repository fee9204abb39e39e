//! Looking users up in a snapshot. Owns the way from a user to their place in the file, one user at a time or many together;
//! opening the file is [`super`]'s, until when a yes stands [`super::ends`]'.

use consentry::granted::file::ENDLESS;
use consentry::subject::UserId;

use super::Snapshot;
use super::format::{self, HEADER, KEY, Key};

/// How many look-ups wait for memory at once; processors keep up to about this many loads under way.
const TOGETHER: usize = 32;

impl Snapshot {
    /// Everybody in it, in ascending order.
    pub(crate) fn keys(&self) -> &[Key] {
        self.map.get(HEADER..self.index).map_or(&[], |keys| keys.as_chunks::<KEY>().0)
    }

    /// Everybody in it, in ascending order, with the minute since 1970 in which their yes ends ([`ENDLESS`] if it doesn't), also those
    /// whose yes has ended.
    pub(crate) fn people(&self) -> impl Iterator<Item = (&Key, u32)> {
        let end = |place| self.ends.map_or(ENDLESS, |ends| ends.at(&self.map, place));
        self.keys().iter().enumerate().map(move |(place, key)| (key, end(place)))
    }

    /// The key of any user.
    pub(crate) fn key_of(&self, user: &UserId) -> Key {
        format::first(self.key.subject(user).hash)
    }

    /// Whether the yes of this user stands.
    pub fn holds(&self, user: &UserId) -> bool {
        self.granted(user).is_some()
    }

    /// The key of this user, if their yes to the purpose stands now.
    pub fn granted(&self, user: &UserId) -> Option<Key> {
        let key = self.key_of(user);
        let (first, near) = self.near(&key)?;
        let place = first + near.binary_search(&key).ok()?;
        self.ends.is_none_or(|ends| ends.stands(&self.map, place, ends.now())).then_some(key)
    }

    /// [`Self::granted`] of each, in their order, all at one time. Much faster than one after the other: a look-up waits for memory
    /// twice, and here many wait together.
    pub fn granted_all(&self, users: &[UserId]) -> Vec<Option<Key>> {
        match self.ends {
            None => self.look_up(users, |_| (), |_| true),
            Some(ends) => {
                let now = ends.now();
                let ask = |first| {
                    std::hint::black_box(ends.at(&self.map, first));
                };
                self.look_up(users, ask, |place| ends.stands(&self.map, place, now))
            }
        }
    }

    /// The keys of those who are there and whom `stands` accepts by their place. `ask` is told of the place near which each user is, if
    /// they are there, before any is looked at.
    fn look_up(
        &self,
        users: &[UserId],
        ask: impl Fn(usize),
        stands: impl Fn(usize) -> bool,
    ) -> Vec<Option<Key>> {
        let mut all = Vec::with_capacity(users.len());
        for users in users.chunks(TOGETHER) {
            let mut wanted = [(Key::default(), (0, &[][..])); TOGETHER];
            for (wanted, user) in wanted.iter_mut().zip(users) {
                wanted.0 = self.key_of(user);
            }
            for (key, near) in &mut wanted[..users.len()] {
                *near = self.near(key).unwrap_or_default();
            }
            // Asks for the keys before any is compared.
            let asked = wanted.iter().fold(0, |sum, (_, (first, near))| {
                ask(*first);
                sum ^ near.first().map_or(0, |key| key[0])
            });
            std::hint::black_box(asked);
            let found = |(key, (first, near)): &(Key, (usize, &[Key]))| {
                let place = first + near.binary_search(key).ok()?;
                stands(place).then_some(*key)
            };
            all.extend(wanted[..users.len()].iter().map(found));
        }
        all
    }

    /// The keys that share the prefix of `key`, and the place of the first of them.
    fn near(&self, key: &Key) -> Option<(usize, &[Key])> {
        let place = self.index + 4 * format::prefix(key, self.header.bits);
        let at = |place: usize| {
            let bytes = self.map.get(place..)?.first_chunk()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        let (keys, _) = self.map.get(HEADER..self.index)?.as_chunks::<KEY>();
        let first = at(place)?;
        Some((first, keys.get(first..at(place + 4)?)?))
    }
}
