//! What handlers share: settings of the deployment, the registry of sites and the origins of the logs, each kept across the
//! calls of an isolate.

use crate::{
    cache::Cache,
    keys::Keys,
    platform::{DatabaseError, LimitClass, Platform},
    site::Registry,
    store::Store,
};
use consentry::{
    erasure::task::Pace,
    problem::{Code, Problem},
    slug::Slug,
    subject::{KeyId, SiteKey},
    time::Timestamp,
};
use std::rc::Rc;

/// The key whose id new subjects carry. Rotation will read it from the site's settings.
const CURRENT_KEY: KeyId = KeyId(1);

/// Settings of the deployment.
pub(crate) struct Config {
    /// The master secret, from which the keys of sites and API keys come.
    pub(crate) secret: Vec<u8>,
    /// The bootstrap secret.
    pub(crate) admin_secret: String,
    /// The first part of the names of the logs: the host by which the deployment is known.
    pub(crate) log_host: String,
    /// The keys that sign checkpoints and receipts; nothing is signed without one.
    pub(crate) log_keys: Keys,
    /// How fast a store that failed is tried again.
    pub(crate) pace: Pace,
    /// After how long a change of KV is seen everywhere, in milliseconds.
    pub(crate) kv_delay_ms: i64,
    /// After how long an index of vectors has removed what it was asked to, in milliseconds.
    pub(crate) vectors_delay_ms: i64,
    /// Whether calls are counted against limits.
    pub(crate) rate_limit: bool,
}

/// Everything a handler works with.
pub(crate) struct App<'a, P> {
    pub(crate) platform: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) cache: &'a Cache,
    /// One time for the whole call.
    pub(crate) now: Timestamp,
}

impl<P: Platform> App<'_, P> {
    pub(crate) fn store(&self) -> Store<'_, P> {
        Store { platform: self.platform, cache: self.cache, log_host: &self.config.log_host, now: self.now }
    }

    /// The site's current key.
    pub(crate) fn site_key(&self, site: &Slug) -> SiteKey {
        SiteKey::derive(&self.config.secret, site, CURRENT_KEY)
    }

    /// Which key that is.
    #[allow(clippy::unused_self, reason = "rotation will ask the site")]
    pub(crate) const fn key_id(&self) -> KeyId {
        CURRENT_KEY
    }

    /// The registry, at most a minute old.
    pub(crate) async fn registry(&self) -> Result<Rc<Registry>, Problem> {
        let kept = self.cache.registry.borrow().clone();
        match kept.filter(|registry| registry.is_fresh(self.now)) {
            Some(registry) => Ok(registry),
            None => self.load_registry().await,
        }
    }

    /// The registry as it is now, which the calls after this one then use.
    pub(crate) async fn load_registry(&self) -> Result<Rc<Registry>, Problem> {
        let registry = Rc::new(self.store().registry().await.map_err(|error| self.fault(&error))?);
        self.cache.registry.replace(Some(registry.clone()));
        Ok(registry)
    }

    /// Looks something up in the registry; if it is not there and the registry not brand-new, looks again in a new one.
    pub(crate) async fn find<T>(&self, look: impl Fn(&Registry) -> Option<T>) -> Result<Option<T>, Problem> {
        let registry = self.registry().await?;
        match look(&registry) {
            None if !registry.is_fresh_for_a_miss(self.now) => Ok(look(&*self.load_registry().await?)),
            found => Ok(found),
        }
    }

    /// Counts a call against a limit.
    pub(crate) async fn count(&self, class: LimitClass, name: String) -> Result<(), Problem> {
        if !self.config.rate_limit || self.platform.within_limit(class, name).await {
            Ok(())
        } else {
            Err(Problem::new(
                Code::RateLimited,
                "too many calls in this minute; wait for as long as Retry-After says",
            ))
        }
    }

    /// The caller is told that the storage failed, whoever runs the service why.
    pub(crate) fn fault(&self, error: &DatabaseError) -> Problem {
        self.platform.log(&format!("database: {error:?}"));
        match error {
            DatabaseError::Unavailable(_) | DatabaseError::Objects(_) | DatabaseError::Renamed => {
                Problem::new(Code::StorageUnavailable, "nothing was stored; repeat the call in a moment")
            }
            DatabaseError::Overtaken => {
                Problem::new(Code::Conflict, "it was changed meanwhile; look at it and decide again")
            }
            DatabaseError::Duplicate(_) | DatabaseError::Refused(_) | DatabaseError::Unreadable(_) => {
                Problem::new(Code::Internal, "nothing was stored; the service's log says why")
            }
        }
    }
}
