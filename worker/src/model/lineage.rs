//! The bodies about data sets and models.

use crate::object::Object;
#[cfg(test)]
use crate::openapi::schema;
use consentry::{hash::Hash, lineage::ModelState, time::Timestamp};
use serde::{Deserialize, Serialize};

/// A data set that was made for training.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RegisterInput {
    /// A name that no other data set of the site has.
    #[cfg_attr(test, schemars(schema_with = "schema::slug"))]
    pub(crate) dataset: String,
    /// What `consentry filter --manifest` wrote. What is not kept (its files, for one) may be left out.
    pub(crate) manifest: Object<Manifest>,
    /// The first bytes and the digest of the index beside the manifest.
    pub(crate) index: Object<IndexInput>,
    /// The models that were trained on it. Further ones may be named by registering the same data set again.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::slugs"))]
    pub(crate) models: Vec<String>,
}

/// What is kept of a manifest. Further members are read over, because newer programs write more.
#[derive(Debug, Deserialize, Serialize, Clone)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Manifest {
    /// The version of the program.
    #[cfg_attr(test, schemars(length(max = 32)))]
    pub(crate) version: String,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) started_at: Timestamp,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) ended_at: Timestamp,
    /// What the rows are used for.
    #[cfg_attr(test, schemars(schema_with = "schema::any_purpose"))]
    pub(crate) purpose: String,
    /// Who had granted that.
    pub(crate) snapshot: Object<ManifestSnapshot>,
    /// What became of the rows.
    pub(crate) counts: Object<ManifestCounts>,
}

/// The snapshot of a run.
#[derive(Debug, Deserialize, Serialize, Clone)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ManifestSnapshot {
    /// Whose users.
    #[cfg_attr(test, schemars(schema_with = "schema::slug"))]
    pub(crate) site: String,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) digest: Hash,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) created_at: Timestamp,
    /// The last entry of the log that is in it.
    #[serde(default)]
    pub(crate) log_position: Option<u64>,
}

/// Rows by what became of them.
#[derive(Debug, Deserialize, Serialize, Clone)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ManifestCounts {
    pub(crate) rows: u64,
    pub(crate) kept: u64,
}

/// What an index says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct IndexInput {
    /// Its first 256 bytes, as hexadecimal digits.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{512}$")))]
    pub(crate) header: String,
    /// Its last 32 bytes, as hexadecimal digits.
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) digest: Hash,
}

/// Vectors of an index that are made of people's data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorsInput {
    /// The name of the index among the stores of the site.
    #[cfg_attr(test, schemars(schema_with = "schema::slug"))]
    pub(crate) store: String,
    /// Those that are about to be written. With `removed` at most 1,000 ids.
    #[serde(default)]
    pub(crate) vectors: Vec<Object<VectorsOfUser>>,
    /// Those that are no longer in the index, or made of nobody's data any more.
    #[serde(default)]
    pub(crate) removed: Vec<Object<VectorsOfUser>>,
}

/// Vectors that are made of one person's data. One that is made of several people's is given for each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorsOfUser {
    #[cfg_attr(test, schemars(schema_with = "schema::required_user_id"))]
    pub(crate) user_id: String,
    /// Their ids in the index, 1 to 64 bytes each.
    #[cfg_attr(test, schemars(inner(length(min = 1, max = 64))))]
    pub(crate) ids: Vec<String>,
}

/// What was registered.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorsOutput {
    /// How many vectors an erasure now knows of, of those in this call.
    pub(crate) registered: u64,
    pub(crate) removed: u64,
    /// The places in `vectors` of people whose data was erased and who granted nothing since. Theirs are not registered: don't write them.
    pub(crate) refused: Vec<usize>,
}

/// How many vectors in a store are made of a person's data.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorsHeld {
    pub(crate) store: String,
    pub(crate) count: u64,
}

/// What became of a model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ModelInput {
    /// Where it stands now.
    #[cfg_attr(test, schemars(schema_with = "schema::model_state"))]
    pub(crate) state: ModelState,
    /// Why it stays as it is, for `justified` and only there. Name nobody in it.
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = 500)))]
    pub(crate) reason: Option<String>,
    /// The erasure that this is about; every erasure so far if absent.
    #[serde(default)]
    #[cfg_attr(test, schemars(schema_with = "schema::optional_uuid"))]
    pub(crate) erasure: Option<uuid::Uuid>,
}

/// A data set.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DatasetOutput {
    #[cfg_attr(test, schemars(schema_with = "schema::slug"))]
    pub(crate) dataset: String,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) registered_at: Timestamp,
    /// When all of its index was there; nobody is found in it before.
    #[cfg_attr(test, schemars(schema_with = "schema::optional_time"))]
    pub(crate) kept_at: Option<Timestamp>,
    /// Whose rows are in it: how many people.
    pub(crate) users: u64,
    /// In how many pieces its index comes, each of 1 MiB but the last.
    pub(crate) chunks: u64,
    /// The piece to be sent next, with `PUT /lineage/{dataset}/index/{number}`; none once all are there.
    pub(crate) next: Option<u64>,
    #[cfg_attr(test, schemars(schema_with = "schema::hash"))]
    pub(crate) digest: Hash,
    pub(crate) manifest: Manifest,
    pub(crate) models: Vec<String>,
}

/// Data sets.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DatasetsOutput {
    pub(crate) datasets: Vec<DatasetOutput>,
    /// Where the next page begins: give it as `after`.
    pub(crate) next: Option<String>,
}

/// A data set and the erasures of people whose rows it held.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DatasetDetails {
    #[serde(flatten)]
    pub(crate) about: DatasetOutput,
    /// The latest thousand.
    pub(crate) erasures: Vec<ModelStanding>,
}

/// Where a model stands with an erasure.
#[derive(Debug, Serialize, Clone)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ModelStanding {
    #[cfg_attr(test, schemars(schema_with = "schema::uuid"))]
    pub(crate) erasure: uuid::Uuid,
    pub(crate) dataset: String,
    /// The model; none for a data set of which no model is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// Where that model stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "schema::model_state"))]
    pub(crate) state: Option<ModelState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[cfg_attr(test, schemars(schema_with = "schema::time"))]
    pub(crate) changed_at: Timestamp,
}

/// What was changed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ModelOutput {
    pub(crate) dataset: String,
    pub(crate) model: String,
    #[cfg_attr(test, schemars(schema_with = "schema::model_state"))]
    pub(crate) state: ModelState,
    /// For how many erasures it was another one before.
    pub(crate) changed: u64,
}

/// Data sets with a person's rows, and the models that were trained on them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HoldingOutput {
    pub(crate) user_id: String,
    pub(crate) datasets: Vec<Holding>,
    /// Data sets whose index isn't whole yet, so that nobody can say.
    pub(crate) unknown: Vec<String>,
    /// Vectors that are made of the person's data, by store.
    pub(crate) vectors: Vec<VectorsHeld>,
}

/// A data set with a person's rows.
#[derive(Debug, Serialize, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Holding {
    pub(crate) dataset: String,
    pub(crate) models: Vec<String>,
}
