//! Which data sets were made, the pieces of their indexes, their models, and where each stands with each erasure. About many
//! people at once, so all of it is in the first database.

use super::{FIRST, Store};
use crate::{
    model::{Manifest, ModelStanding},
    platform::{DatabaseError, Param, Platform, Rows, Statement},
};
use consentry::{hash::Hash, lineage::ModelState, slug::Slug, time::Timestamp};
use serde::Deserialize;
use uuid::Uuid;

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT dataset, manifest, lower(hex(header)) AS header, lower(hex(digest)) AS digest, chunks, users, \
             registered_at, kept_at, (SELECT json_group_array(model) FROM lineage_models m \
              WHERE m.site = d.site AND m.dataset = d.dataset) AS models, \
             (SELECT min(n) FROM (SELECT 0 AS n UNION ALL SELECT number + 1 FROM lineage_chunks c \
              WHERE c.site = d.site AND c.dataset = d.dataset) WHERE NOT EXISTS (SELECT 1 FROM lineage_chunks c \
              WHERE c.site = d.site AND c.dataset = d.dataset AND c.number = n)) AS next FROM lineage d ",
            $where
        )
    };
}

/// A data set.
#[derive(Debug)]
pub(crate) struct DatasetRow {
    pub(crate) dataset: String,
    pub(crate) manifest: Manifest,
    /// Hexadecimal.
    pub(crate) header: String,
    pub(crate) digest: Hash,
    pub(crate) chunks: u64,
    pub(crate) users: u64,
    pub(crate) registered_at: Timestamp,
    pub(crate) kept_at: Option<Timestamp>,
    pub(crate) models: Vec<String>,
    /// The first piece that is missing.
    pub(crate) next: u64,
}

/// A piece of an index.
#[derive(Debug, Deserialize)]
pub(crate) struct ChunkRow {
    pub(crate) hash: Hash,
    pub(crate) first: Option<String>,
}

/// Where a key would be in a data set.
#[derive(Debug, Deserialize)]
pub(crate) struct Holder {
    pub(crate) dataset: String,
    /// The piece; none if the key is before all of them.
    pub(crate) number: Option<u64>,
    pub(crate) users: u64,
    /// Whether the index is whole.
    pub(crate) whole: i64,
    /// A JSON array.
    pub(crate) models: String,
}

/// An erasure.
#[derive(Debug, Deserialize)]
pub(crate) struct ErasedRow {
    pub(crate) id: Uuid,
    pub(crate) subject: Hash,
}

impl<P: Platform> Store<'_, P> {
    /// A data set of a site.
    pub(crate) async fn dataset(
        &self,
        site: &Slug,
        dataset: &str,
    ) -> Result<Option<DatasetRow>, DatabaseError> {
        const ONE: &str = select!("WHERE site = ?1 AND dataset = ?2");
        let rows = self.one(FIRST, Statement::new(ONE, [site.as_str().into(), dataset.into()])).await?;
        rows.first::<Row>()?.map(DatasetRow::try_from).transpose()
    }

    /// Data sets of a site by name.
    pub(crate) async fn datasets(
        &self,
        site: &Slug,
        after: &str,
        limit: u64,
    ) -> Result<Vec<DatasetRow>, DatabaseError> {
        const PAGE: &str = select!("WHERE site = ?1 AND dataset > ?2 ORDER BY dataset LIMIT ?3");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = [site.as_str().into(), after.into(), limit.into()];
        let rows = self.one(FIRST, Statement::new(PAGE, params)).await?;
        rows.all::<Row>()?.into_iter().map(DatasetRow::try_from).collect()
    }

    /// The pieces of an index that are there, in order.
    pub(crate) async fn chunks(&self, site: &Slug, dataset: &str) -> Result<Vec<ChunkRow>, DatabaseError> {
        let sql = "SELECT lower(hex(hash)) AS hash, lower(hex(first)) AS first FROM lineage_chunks \
            WHERE site = ?1 AND dataset = ?2 ORDER BY number";
        self.one(FIRST, Statement::new(sql, [site.as_str().into(), dataset.into()])).await?.all()
    }

    /// Where a key would be in each data set of a site, a page after that of a name.
    pub(crate) async fn holders(
        &self,
        site: &Slug,
        key: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Holder>, DatabaseError> {
        let sql = "SELECT dataset, users, kept_at IS NOT NULL AS whole, (SELECT number FROM lineage_chunks c \
            WHERE c.site = d.site AND c.dataset = d.dataset AND c.first <= unhex(?2) ORDER BY number DESC LIMIT 1) AS number, \
            (SELECT json_group_array(model) FROM lineage_models m WHERE m.site = d.site AND m.dataset = d.dataset) AS models \
            FROM lineage d WHERE site = ?1 AND dataset > ?3 ORDER BY dataset LIMIT ?4";
        let params = [site.as_str().into(), key.into(), after.into(), limit.into()];
        self.one(FIRST, Statement::new(sql, params)).await?.all()
    }

    /// Where the models of a data set stand with the latest erasures.
    pub(crate) async fn standings(
        &self,
        site: &Slug,
        dataset: &str,
    ) -> Result<Vec<ModelStanding>, DatabaseError> {
        let sql = "SELECT erasure, dataset, model, state, reason, changed_at FROM lineage_erasures \
            WHERE site = ?1 AND dataset = ?2 AND (model <> '' OR NOT EXISTS (SELECT 1 FROM lineage_models m \
            WHERE m.site = lineage_erasures.site AND m.dataset = lineage_erasures.dataset)) ORDER BY changed_at DESC, erasure, model LIMIT 1000";
        standings(self.one(FIRST, Statement::new(sql, [site.as_str().into(), dataset.into()])).await?)
    }

    /// Where models stand with an erasure.
    pub(crate) async fn standings_of(&self, erasure: Uuid) -> Result<Vec<ModelStanding>, DatabaseError> {
        let sql = "SELECT erasure, dataset, model, state, reason, changed_at FROM lineage_erasures \
            WHERE erasure = ?1 AND (model <> '' OR NOT EXISTS (SELECT 1 FROM lineage_models m \
            WHERE m.site = lineage_erasures.site AND m.dataset = lineage_erasures.dataset)) ORDER BY dataset, model";
        standings(self.one(FIRST, Statement::new(sql, [erasure.to_string().into()])).await?)
    }

    /// For how many erasures a model has another state, or another reason for it.
    pub(crate) async fn differing(&self, change: &Change<'_>) -> Result<u64, DatabaseError> {
        #[derive(Deserialize)]
        struct Row {
            count: u64,
        }
        let sql = "SELECT count(*) AS count FROM lineage_erasures WHERE site = ?1 AND dataset = ?2 AND model = ?3 \
            AND erasure = coalesce(?4, erasure) AND (state <> ?5 OR reason IS NOT ?6)";
        let [site, dataset, model, erasure, state, reason, _] = change.params();
        let rows =
            self.one(FIRST, Statement::new(sql, [site, dataset, model, erasure, state, reason])).await?;
        Ok(rows.first::<Row>()?.map_or(0, |row| row.count))
    }

    /// Erasures of a site that were asked for after a moment, a page of one database by their ids.
    pub(crate) async fn erased_since(
        &self,
        shard: usize,
        site: &Slug,
        since: Timestamp,
        after: &str,
        limit: i64,
    ) -> Result<Vec<ErasedRow>, DatabaseError> {
        let sql = "SELECT id, lower(hex(subject)) AS subject FROM erasures \
            WHERE site = ?1 AND requested_at >= ?2 AND id > ?3 ORDER BY id LIMIT ?4";
        let params = [site.as_str().into(), since.into(), after.into(), limit.into()];
        self.one(shard, Statement::new(sql, params)).await?.all()
    }
}

/// What became of a model.
pub(crate) struct Change<'a> {
    pub(crate) site: &'a Slug,
    pub(crate) dataset: &'a str,
    pub(crate) model: &'a str,
    /// Every one if none.
    pub(crate) erasure: Option<Uuid>,
    pub(crate) state: ModelState,
    pub(crate) reason: Option<&'a str>,
    pub(crate) now: Timestamp,
}

impl Change<'_> {
    fn params(&self) -> [Param; 7] {
        [
            self.site.as_str().into(),
            self.dataset.into(),
            self.model.into(),
            self.erasure.map_or(Param::Null, |id| id.to_string().into()),
            self.state.as_str().into(),
            self.reason.map_or(Param::Null, Param::from),
            self.now.into(),
        ]
    }
}

/// Stores a new state of a model, for one erasure or for all.
pub(crate) fn change_model(change: &Change<'_>) -> Statement {
    let sql = "UPDATE lineage_erasures SET state = ?5, reason = ?6, changed_at = ?7 \
        WHERE site = ?1 AND dataset = ?2 AND model = ?3 AND erasure = coalesce(?4, erasure) \
        AND (state <> ?5 OR reason IS NOT ?6)";
    Statement::new(sql, change.params())
}

/// Stores a new data set, whose index is to come.
pub(crate) fn save_dataset(site: &Slug, row: &DatasetRow) -> Statement {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Statement::new(
        "INSERT INTO lineage (site, dataset, manifest, header, digest, chunks, users, registered_at) \
         VALUES (?1, ?2, ?3, unhex(?4), unhex(?5), ?6, ?7, ?8)",
        [
            site.as_str().into(),
            row.dataset.as_str().into(),
            serde_json::json!(row.manifest).to_string().into(),
            row.header.as_str().into(),
            row.digest.into(),
            number(row.chunks).into(),
            number(row.users).into(),
            row.registered_at.into(),
        ],
    )
}

/// Stores that a model was trained on a data set; the same twice is stored once. It stands with earlier erasures as the data set
/// does of which no model was known.
pub(crate) fn save_model(site: &Slug, dataset: &str, model: &str, now: Timestamp) -> [Statement; 2] {
    let params: [Param; 4] = [site.as_str().into(), dataset.into(), model.into(), now.into()];
    [
        Statement::new(
            "INSERT INTO lineage_erasures (site, dataset, model, erasure, state, changed_at) \
             SELECT DISTINCT site, dataset, ?3, erasure, 'to_retrain', ?4 FROM lineage_erasures \
             WHERE site = ?1 AND dataset = ?2 ON CONFLICT DO NOTHING",
            params.clone(),
        ),
        Statement::new(
            "INSERT INTO lineage_models (site, dataset, model) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params.into_iter().take(3),
        ),
    ]
}

/// Stores that a piece of an index is there.
pub(crate) fn save_chunk(site: &Slug, dataset: &str, number: u64, row: &ChunkRow) -> Statement {
    Statement::new(
        "INSERT OR REPLACE INTO lineage_chunks (site, dataset, number, hash, first) \
         VALUES (?1, ?2, ?3, unhex(?4), unhex(?5))",
        [
            site.as_str().into(),
            dataset.into(),
            i64::try_from(number).unwrap_or(i64::MAX).into(),
            row.hash.into(),
            row.first.as_deref().map_or(Param::Null, Param::from),
        ],
    )
}

/// Stores that no piece of an index counts, because they don't make the index that was announced.
pub(crate) fn forget_chunks(site: &Slug, dataset: &str) -> Statement {
    Statement::new(
        "DELETE FROM lineage_chunks WHERE site = ?1 AND dataset = ?2",
        [site.as_str().into(), dataset.into()],
    )
}

/// Stores that an index is whole.
pub(crate) fn seal_dataset(site: &Slug, dataset: &str, now: Timestamp) -> Statement {
    Statement::new(
        "UPDATE lineage SET kept_at = ?3 WHERE site = ?1 AND dataset = ?2 AND kept_at IS NULL",
        [site.as_str().into(), dataset.into(), now.into()],
    )
}

/// Stores that an erasure concerns a data set and its models; what is known of them already stays.
pub(crate) fn save_standing(
    site: &Slug,
    dataset: &str,
    model: &str,
    erasure: Uuid,
    now: Timestamp,
) -> Statement {
    Statement::new(
        "INSERT INTO lineage_erasures (site, dataset, model, erasure, state, changed_at) \
         VALUES (?1, ?2, ?3, ?4, 'to_retrain', ?5) ON CONFLICT DO NOTHING",
        [site.as_str().into(), dataset.into(), model.into(), erasure.to_string().into(), now.into()],
    )
}

#[derive(Deserialize)]
struct Row {
    dataset: String,
    manifest: String,
    header: String,
    digest: Hash,
    chunks: u64,
    users: u64,
    registered_at: i64,
    kept_at: Option<i64>,
    models: String,
    next: u64,
}

impl TryFrom<Row> for DatasetRow {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        let unreadable = |_| DatabaseError::Unreadable("a data set".into());
        Ok(Self {
            manifest: serde_json::from_str(&row.manifest).map_err(unreadable)?,
            models: serde_json::from_str(&row.models).map_err(unreadable)?,
            dataset: row.dataset,
            header: row.header,
            digest: row.digest,
            chunks: row.chunks,
            users: row.users,
            registered_at: Timestamp::from_ms(row.registered_at),
            kept_at: row.kept_at.map(Timestamp::from_ms),
            next: row.next,
        })
    }
}

fn standings(rows: Rows) -> Result<Vec<ModelStanding>, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        erasure: Uuid,
        dataset: String,
        model: String,
        state: ModelState,
        reason: Option<String>,
        changed_at: i64,
    }
    let standing = |row: Row| ModelStanding {
        erasure: row.erasure,
        dataset: row.dataset,
        state: Some(row.state).filter(|_| !row.model.is_empty()),
        model: Some(row.model).filter(|model| !model.is_empty()),
        reason: row.reason,
        changed_at: Timestamp::from_ms(row.changed_at),
    };
    Ok(rows.all::<Row>()?.into_iter().map(standing).collect())
}
