//! Sites and API keys, all of them at once.

use super::{FIRST, Store};
use crate::{
    platform::{DatabaseError, Param, Platform, Rows, Statement},
    scope::Scope,
    site::{ApiKey, Registry, Settings, Site},
};
use consentry::{hash::Hash, slug::Slug, time::Timestamp};
use serde::Deserialize;
use std::{collections::BTreeSet, rc::Rc};

impl<P: Platform> Store<'_, P> {
    /// Every site and every key that was not withdrawn.
    pub(crate) async fn registry(&self) -> Result<Registry, DatabaseError> {
        let statements = vec![
            Statement::new("SELECT id, settings FROM sites ORDER BY id", []),
            Statement::new(
                "SELECT id, site, name, scopes, lower(hex(secret_hash)) AS secret_hash, created_at, work FROM api_keys \
                 WHERE revoked_at IS NULL ORDER BY created_at, id",
                [],
            ),
            Statement::new("SELECT site, lower(hex(hash)) AS hash FROM notices", []),
        ];
        let mut results = self.platform.batch(FIRST, statements).await?.into_iter();
        Ok(Registry {
            loaded_at: self.now,
            sites: sites(results.next().unwrap_or_default())?,
            keys: keys(results.next().unwrap_or_default())?,
            notices: notices(results.next().unwrap_or_default())?,
        })
    }
}

/// Creates a site or replaces its settings.
pub(crate) fn save_site(id: &Slug, settings: &str, now: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO sites (id, settings, updated_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at",
        [id.as_str().into(), settings.into(), now.into()],
    )
}

/// Stores a new key.
pub(crate) fn save_key(key: &ApiKey) -> Statement {
    let scopes = serde_json::json!(key.scopes).to_string();
    Statement::new(
        "INSERT INTO api_keys (id, site, name, scopes, secret_hash, created_at, work) \
         VALUES (?1, ?2, ?3, ?4, unhex(?5), ?6, ?7)",
        [
            key.id.as_str().into(),
            key.site.as_str().into(),
            key.name.as_str().into(),
            scopes.into(),
            key.secret_hash.into(),
            key.created_at.into(),
            key.work.as_ref().map_or(Param::Null, |work| serde_json::json!(work).to_string().into()),
        ],
    )
}

/// Withdraws a key.
pub(crate) fn withdraw_key(id: &Slug, now: Timestamp) -> Statement {
    Statement::new(
        "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        [id.as_str().into(), now.into()],
    )
}

fn sites(rows: Rows) -> Result<Vec<Rc<Site>>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        settings: String,
    }
    rows.all::<Row>()?
        .into_iter()
        .map(|row| {
            let settings: Settings = parse("site", &row.settings)?;
            Ok(Rc::new(Site { id: slug("site", &row.id)?, settings }))
        })
        .collect()
}

fn keys(rows: Rows) -> Result<Vec<ApiKey>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        site: String,
        name: String,
        scopes: String,
        secret_hash: Hash,
        created_at: i64,
        work: Option<String>,
    }
    rows.all::<Row>()?
        .into_iter()
        .map(|row| {
            let scopes: Vec<Scope> = parse("key", &row.scopes)?;
            Ok(ApiKey {
                id: slug("key", &row.id)?,
                site: slug("site", &row.site)?,
                name: row.name,
                scopes,
                secret_hash: row.secret_hash,
                created_at: Timestamp::from_ms(row.created_at),
                work: row.work.as_deref().map(|work| parse("key", work)).transpose()?,
            })
        })
        .collect()
}

fn notices(rows: Rows) -> Result<BTreeSet<(Slug, Hash)>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        site: String,
        hash: Hash,
    }
    rows.all::<Row>()?.into_iter().map(|row| Ok((slug("site", &row.site)?, row.hash))).collect()
}

fn slug(what: &str, text: &str) -> Result<Slug, DatabaseError> {
    Slug::parse(text).ok_or_else(|| DatabaseError::Unreadable(format!("the id of a {what} is no slug")))
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, DatabaseError> {
    serde_json::from_str(text).map_err(|error| DatabaseError::Unreadable(format!("a {what}: {error}")))
}
