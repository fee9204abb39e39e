//! Who granted a purpose, as a run asks it. Owns what any such knowledge must answer, and asking it of many users together; a snapshot answers from its file, and
//! whatever keeps itself fresh during a run can do it instead.

use consentry::{subject::UserId, time::Timestamp};

use crate::manifest::Consents;
use crate::snapshot::{Key, Keying, Refused, Snapshot};

/// Knows who granted a purpose; several threads ask at once.
///
/// A closure from a user to their key does too, and never refuses.
pub trait Grants: Sync {
    /// The key (the first 16 bytes of the subject) of a user whose grant stands, `None` for everybody else.
    fn granted(&self, user: &UserId) -> Option<Key>;

    /// [`Self::granted`] of each, in their order. Worth its own way where one look-up waits for memory: many can wait together.
    fn granted_all(&self, users: &[UserId]) -> Vec<Option<Key>> {
        users.iter().map(|user| self.granted(user)).collect()
    }

    /// Whether what is known may be used still. Asked before rows are written and before files get their names; a refusal
    /// ends the run and no more is written.
    fn trusted(&self) -> Result<(), Refused> {
        Ok(())
    }
}

impl<F: Fn(&UserId) -> Option<Key> + Sync> Grants for F {
    fn granted(&self, user: &UserId) -> Option<Key> {
        self(user)
    }
}

/// Users who are asked of together, each with the place that the answer is for.
#[derive(Debug)]
pub struct Together<P> {
    users: Vec<UserId>,
    places: Vec<P>,
}

impl<P> Default for Together<P> {
    fn default() -> Self {
        Self { users: Vec::new(), places: Vec::new() }
    }
}

impl<P> Together<P> {
    /// One more.
    pub fn add(&mut self, user: UserId, place: P) {
        self.users.push(user);
        self.places.push(place);
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Asks of all, tells each place its answer ([`Grants::granted`]) in the order in which they were added, and forgets them.
    pub fn ask(&mut self, grants: &(impl Grants + ?Sized), mut tell: impl FnMut(P, Option<Key>)) {
        for (place, granted) in self.places.drain(..).zip(grants.granted_all(&self.users)) {
            tell(place, granted);
        }
        self.users.clear();
    }
}

/// Knows it from something that a manifest can name.
pub trait Witness: Grants {
    /// What the manifest of a run that began at `started_at` says of it, asked at the end of the run.
    fn consents(&self, started_at: Timestamp) -> Consents;

    /// The key that makes the keys of its users.
    fn keying(&self) -> Keying;
}

impl Grants for Snapshot {
    fn granted(&self, user: &UserId) -> Option<Key> {
        Self::granted(self, user)
    }

    fn granted_all(&self, users: &[UserId]) -> Vec<Option<Key>> {
        Self::granted_all(self, users)
    }
}

impl Witness for Snapshot {
    fn consents(&self, started_at: Timestamp) -> Consents {
        let header = self.header();
        Consents {
            file: self.file().display().to_string(),
            digest: self.digest(),
            site: header.site.clone(),
            users: header.count,
            created_at: header.created_at,
            age_ms: started_at.as_ms() - header.created_at.as_ms(),
            log_position: header.log_position,
            refreshed_at: None,
        }
    }

    fn keying(&self) -> Keying {
        Self::keying(self)
    }
}
