//! What the events of an export name beside themselves: the words of notices and the erasures. Owns noting them while events go
//! by, and reading them afterwards, a few at a time.

use crate::{app::App, handlers::erasure, model::ExportedNotice, platform::Platform, store::Stored};
use consentry::{event::Kind, hash::Hash, problem::Problem, slug::Slug};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A notice is at most 64 kB, so this many are at most 3 MB.
const NOTICES: usize = 50;

/// What is still to be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    notices: BTreeSet<Hash>,
    erasures: BTreeSet<Uuid>,
}

impl Named {
    /// Notes what an event names.
    pub(crate) fn note(&mut self, stored: &Stored) {
        #[derive(Deserialize)]
        struct Details {
            erasure: Uuid,
        }
        self.notices.extend(stored.event.notice_hash);
        if stored.event.kind == Kind::ErasureRequested {
            let details = serde_json::from_str::<Details>(&stored.event.details);
            self.erasures.extend(details.ok().map(|details| details.erasure));
        }
    }

    /// The words of some of the notices; none when all were read.
    pub(crate) async fn notices<P: Platform>(
        &mut self,
        app: &App<'_, P>,
        site: &Slug,
    ) -> Result<Vec<ExportedNotice>, Problem> {
        let some: Vec<_> = self.notices.iter().copied().take(NOTICES).collect();
        for hash in &some {
            self.notices.remove(hash);
        }
        if some.is_empty() {
            return Ok(vec![]);
        }
        let mut words = app.store().notices(site, &some).await.map_err(|error| app.fault(&error))?;
        Ok(some.into_iter().map(|hash| ExportedNotice { hash, notice: words.remove(&hash) }).collect())
    }

    /// One of the erasures, as `GET /erasures/{id}` tells of it; nothing when all were read.
    pub(crate) async fn erasure<P: Platform>(&mut self, app: &App<'_, P>) -> Result<Option<Value>, Problem> {
        while let Some(id) = self.erasures.pop_first() {
            if let Some(erasure) = erasure::describe(app, id).await? {
                return Ok(Some(erasure));
            }
        }
        Ok(None)
    }
}
