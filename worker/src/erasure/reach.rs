//! What an erasure reaches outside of the databases: the ledger, the objects and caches that belong to a site, its webhooks, the
//! queue. On workerd these are bindings; host tests have them in memory.

use crate::platform::DatabaseError;
use futures_util::stream::LocalBoxStream;

/// A page of names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// A small object with what tells whether it was changed since.
#[derive(Debug)]
pub(crate) struct Versioned {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
}

/// Bytes as they come.
pub(crate) type Pieces = LocalBoxStream<'static, Result<Vec<u8>, DatabaseError>>;

/// An object that is being read.
pub(crate) struct Opened {
    /// How many bytes it has.
    pub(crate) size: u64,
    /// What tells whether it was changed since.
    pub(crate) etag: String,
    /// All of its bytes, or an error.
    pub(crate) pieces: Pieces,
}

/// What is reached. Errors are [`DatabaseError::Objects`] and name what to bind.
pub(crate) trait Reach {
    /// Writes an entry of the ledger over the one that is of this etag, or where there is none; whether it did.
    async fn put_ledger(&self, name: &str, text: String, over: Option<&str>) -> Result<bool, DatabaseError>;

    /// Reads one.
    async fn ledger(&self, name: &str) -> Result<Option<Versioned>, DatabaseError>;

    /// The entries' names, a page at a time.
    async fn list_ledger(&self, from: Option<String>) -> Result<Names, DatabaseError>;

    /// Removes an entry; that there is none is no error.
    async fn delete_ledger(&self, name: &str) -> Result<(), DatabaseError>;

    /// The names of the site's objects with this prefix, a page at a time.
    async fn list_data(&self, prefix: &str, from: Option<String>) -> Result<Names, DatabaseError>;

    /// Opens an object of the site, if there is one, and of this etag where one is given.
    async fn data(&self, name: &str, etag: Option<&str>) -> Result<Option<Opened>, DatabaseError>;

    /// Replaces it by so many bytes, unless it was changed since it had this etag; whether it did. Other bytes than so many are an error,
    /// and replace nothing.
    async fn replace_data(
        &self,
        name: &str,
        etag: &str,
        length: u64,
        pieces: Pieces,
    ) -> Result<bool, DatabaseError>;

    /// What a gzip stream holds; [`DatabaseError::Unreadable`] if it is none that can be read to its end.
    fn gunzip(&self, packed: Pieces) -> Pieces;

    /// As a gzip stream; the same bytes for the same bytes.
    fn gzip(&self, rows: Pieces) -> Pieces;

    /// The names of the site's cached values with this prefix, a page at a time.
    async fn list_cache(&self, prefix: &str, from: Option<String>) -> Result<Names, DatabaseError>;

    /// Removes one; that there is none is no error.
    async fn delete_cache(&self, name: &str) -> Result<(), DatabaseError>;

    /// Which of these vectors of an index are there.
    async fn vectors(&self, index: &str, ids: &[String]) -> Result<Vec<String>, DatabaseError>;

    /// Asks an index to remove vectors, which it does later; that there is none of an id is no error.
    async fn delete_vectors(&self, index: &str, ids: &[String]) -> Result<(), DatabaseError>;

    /// Posts JSON, following no redirect: the status and the beginning of the answer.
    async fn post(&self, url: &str, headers: &[(&str, String)], body: String) -> Option<(u16, String)>;

    /// Asks to be told to go on with an erasure after so many seconds. Nothing depends on it: the sweep finds what is due.
    async fn wake(&self, erasure: &str, after_s: u32);

    /// AES-256-GCM (NIST SP 800-38D) with the tag behind; `None` if the machine can't.
    async fn seal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], plain: &[u8]) -> Option<Vec<u8>>;

    /// The other way; `None` also if it is not authentic.
    async fn unseal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}
