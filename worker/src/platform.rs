//! What the handlers need from the machine they run on: a clock, randomness, databases, a rate limiter. On workerd that is
//! `workerd.rs`; host tests have one of their own over SQLite, with the same SQL and the same migrations.

use crate::{erasure::reach::Reach, site::Jwk};
use consentry::time::Timestamp;
use serde::de::{DeserializeOwned, value::MapDeserializer};
use serde_json::{Map, Value};

/// The machine.
pub(crate) trait Platform: Reach {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Fills the buffer from a cryptographically secure source.
    fn random(&self, buffer: &mut [u8]);

    /// How many databases there are; at least one.
    fn shards(&self) -> usize;

    /// Runs the statements in one round trip and one transaction: all of them or none.
    async fn batch(&self, shard: usize, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseError>;

    /// Keeps an object under a name.
    async fn put_object(&self, name: &str, bytes: Vec<u8>) -> Result<(), DatabaseError>;

    /// The object of a name, if there is one.
    async fn object(&self, name: &str) -> Result<Option<Vec<u8>>, DatabaseError>;

    /// Removes an object; that there is none is no error.
    async fn delete_object(&self, name: &str) -> Result<(), DatabaseError>;

    /// Begins an object that comes in parts; gives what stands for it until it is whole.
    async fn begin_upload(&self, name: &str) -> Result<String, DatabaseError>;

    /// Hands in a part, from 1 on, all but the last of one size; gives its tag.
    async fn upload_part(
        &self,
        name: &str,
        upload: &str,
        number: usize,
        bytes: Vec<u8>,
    ) -> Result<String, DatabaseError>;

    /// Makes the object of its parts, which are named by their tags in order.
    async fn finish_upload(&self, name: &str, upload: &str, tags: Vec<String>) -> Result<(), DatabaseError>;

    /// The text of a file that is served beside the Worker, by its path; `None` if there is none.
    async fn asset(&self, path: &str) -> Option<String>;

    /// Counts one call of `key`; `false` if it was one too many.
    async fn within_limit(&self, class: LimitClass, key: String) -> bool;

    /// Whether `key`, of a kind that [`crate::auth::algorithm`] names, made the signature over the message; `None` if the
    /// key is malformed.
    async fn verify(&self, key: &Jwk, message: &[u8], signature: &[u8]) -> Option<bool>;

    /// The public key of the Ed25519 key of this seed; `None` if the machine can't.
    async fn public_key(&self, seed: &[u8; 32]) -> Option<[u8; 32]>;

    /// The Ed25519 signature over the message by the key of this seed, and the public key; `None` if the machine can't.
    async fn sign(&self, seed: &[u8; 32], message: &[u8]) -> Option<([u8; 32], [u8; 64])>;

    /// A line for whoever runs the service. Never with a user id.
    fn log(&self, line: &str);
}

/// Which limit a caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitClass {
    /// One person, or an address that shows no valid credentials.
    Person,
    /// A site's backend.
    Key,
}

/// One SQL statement with its parameters `?1`, `?2`, …
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) params: Vec<Param>,
}

impl Statement {
    pub(crate) fn new(sql: &'static str, params: impl IntoIterator<Item = Param>) -> Self {
        Self { sql, params: params.into_iter().collect() }
    }
}

/// A value for a parameter. Bytes travel as hexadecimal text, through SQL's `unhex` and `hex`.
#[derive(Clone, Debug)]
pub(crate) enum Param {
    Null,
    /// At most 53 bits: D1 takes numbers as JavaScript has them.
    Integer(i64),
    Text(String),
}

impl From<i64> for Param {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Param {
    fn from(time: Timestamp) -> Self {
        Self::Integer(time.as_ms())
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<consentry::hash::Hash> for Param {
    fn from(hash: consentry::hash::Hash) -> Self {
        Self::Text(hash.to_string())
    }
}

/// What one statement returned: objects by column name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows(pub(crate) Vec<Row>);

/// A row: its values by the names of its columns.
pub(crate) type Row = Map<String, Value>;

impl Rows {
    /// Every row as `T`.
    pub(crate) fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, DatabaseError> {
        self.0.into_iter().map(row).collect()
    }

    /// The first row as `T`, if there is one.
    pub(crate) fn first<T: DeserializeOwned>(mut self) -> Result<Option<T>, DatabaseError> {
        self.0.truncate(1);
        Ok(self.all()?.pop())
    }
}

/// A row as `T`. A deserializer that knows that a row is no sequence spares the Worker the code that reads each `T` from one.
fn row<T: DeserializeOwned>(row: Row) -> Result<T, DatabaseError> {
    let columns = MapDeserializer::new(row.into_iter());
    T::deserialize(columns).map_err(|e: serde_json::Error| DatabaseError::Unreadable(e.to_string()))
}

/// Why a batch failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseError {
    /// A key of this table exists already; nothing was written.
    Duplicate(&'static str),
    /// The log goes on under another name than the one that the events were to have; nothing was written.
    Renamed,
    /// Somebody else decided about the erasure meanwhile; nothing was written.
    Overtaken,
    /// A guard of the log refused; nothing was written.
    Refused(String),
    /// A row is not of the shape its table promises.
    Unreadable(String),
    /// The database did not answer, or not in time.
    Unavailable(String),
    /// The store of objects did not do what it was asked.
    Objects(String),
}

impl DatabaseError {
    /// Sorts what the database says; D1 and SQLite word their messages alike.
    pub(crate) fn from_message(message: &str) -> Self {
        if message.contains("UNIQUE constraint failed: idempotency.") {
            Self::Duplicate("idempotency")
        } else if message.contains("UNIQUE constraint failed: used_links.") {
            Self::Duplicate("used_links")
        } else if message.contains("UNIQUE constraint failed: log_origins.") {
            Self::Duplicate("log_origins")
        } else if message.contains("malformed JSON") {
            Self::Renamed
        } else if message.contains("UNIQUE constraint failed: erasures.") {
            Self::Duplicate("erasures")
        } else if message.contains("NOT NULL constraint failed: erasures.revision") {
            Self::Overtaken
        } else if message.contains("events are append-only") {
            Self::Refused(message.into())
        } else {
            Self::Unavailable(message.into())
        }
    }
}
