//! One object with rows.

use std::io::{self, Seek as _};

use super::place::{Place, can_be_asked_for};
use super::server::{Fetched, Server};
use crate::purge::rows::{Form, Holder, Seen};

/// How often an object that changes meanwhile is begun anew.
const TRIES: usize = 3;

pub(super) struct Object<'s> {
    server: &'s Server,
    place: &'s Place<'s>,
    key: &'s str,
    /// What was looked through, until it is replaced.
    fetched: Option<Fetched>,
}

impl<'s> Object<'s> {
    pub(super) const fn new(server: &'s Server, place: &'s Place<'s>, key: &'s str) -> Self {
        Self { server, place, key, fetched: None }
    }

    fn fetch(&self) -> io::Result<Fetched> {
        if !can_be_asked_for(self.key) {
            return Err(io::Error::other(
                "has a key with . or .. between slashes, which can't be asked for; give it another",
            ));
        }
        let fetched = self.server.fetch(self.key).map_err(io::Error::other)?;
        fetched.ok_or_else(|| {
            io::Error::other(
                "there is no such object; mend its key, or leave it out if nothing is there any more",
            )
        })
    }
}

impl Holder for Object<'_> {
    fn name(&self) -> String {
        self.place.name(self.key)
    }

    fn look(&mut self, form: &dyn Form) -> io::Result<Seen> {
        let mut fetched = self.fetch()?;
        fetched.file.rewind()?;
        let seen = form.read(&fetched.file, None)?;
        self.fetched = Some(fetched);
        Ok(seen)
    }

    fn rewrite(&mut self, form: &dyn Form) -> io::Result<(u64, Seen)> {
        for _ in 0..TRIES {
            let mut fetched = match self.fetched.take() {
                Some(fetched) => fetched,
                None => self.fetch()?,
            };
            fetched.file.rewind()?;
            let mut stays = tempfile::tempfile()?;
            let removed = form.read(&fetched.file, Some(&mut stays))?.removed();
            if self.server.replace(self.key, &fetched, &mut stays).map_err(io::Error::other)? {
                // The next one takes as much room.
                drop((fetched, stays));
                return Ok((removed, self.look(form)?));
            }
        }
        Err(io::Error::other(
            "changes all the time, so it was left as it is; stop what writes to it and try again",
        ))
    }
}
