//! The tables of a data directory. Owns finding a person's records in them, and a copy without these from which Chroma makes
//! its indexes anew.
//!
//! Chroma keeps every change in a queue until the index of its collection is on the disk. A rebuilt collection has its whole
//! content in that queue again, each record once at its old place in the order, and an index that has seen nothing of it.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::super::People;
use super::index::Index;

/// What a data directory of a known version has.
const COLUMNS: [(&str, &[&str]); 8] = [
    ("collections", &["id"]),
    ("collection_metadata", &["collection_id", "key", "str_value"]),
    ("segments", &["id", "type", "scope", "collection"]),
    ("segment_metadata", &["segment_id"]),
    ("max_seq_id", &["segment_id", "seq_id"]),
    ("embeddings", &["id", "segment_id", "embedding_id", "seq_id"]),
    ("embedding_metadata", &["id", "key", "string_value", "int_value"]),
    ("embeddings_queue", &["seq_id", "operation", "topic", "id", "vector", "encoding", "metadata"]),
];

const VECTORS: &str = "urn:chroma:segment/vector/hnsw-local-persisted";

/// A collection and its two segments.
pub(super) struct Collection {
    pub(super) id: String,
    metadata: String,
    pub(super) vectors: String,
    pub(super) index: Option<Index>,
    /// Whether it holds something of a person, or of records that were deleted before.
    pub(super) rebuild: bool,
}

pub(super) type Result<T> = std::result::Result<T, String>;

/// Says of an error of the database what to do.
#[allow(clippy::needless_pass_by_value, reason = "given to map_err")]
pub(super) fn told(error: rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => IN_USE.into(),
        _ => format!("chroma.sqlite3: {error}"),
    }
}

pub(super) const IN_USE: &str =
    "is in use; stop the Chroma that has it open, and start it again when this is done";

pub(super) fn open(file: &Path, write: bool) -> Result<Connection> {
    let flags = if write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let tables = Connection::open_with_flags(file, flags).map_err(told)?;
    tables.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY").map_err(told)?;
    for (table, columns) in COLUMNS {
        for column in columns {
            let known: i64 = tables
                .query_row(
                    "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2",
                    [table, column],
                    |row| row.get(0),
                )
                .map_err(told)?;
            if known == 0 {
                return Err(format!(
                    "has no {table}.{column}, so it is of a version that is not known here (Chroma 1.x is)"
                ));
            }
        }
    }
    Ok(tables)
}

/// Keeps everybody else out until the connection ends.
pub(super) fn lock(tables: &Connection) -> Result<()> {
    // The first puts a write-ahead log, if there is one, into the file.
    tables
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT",
        )
        .map_err(told)
}

/// Lists the records of people in the temporary table `gone`. Says how many each has.
pub(super) fn find(tables: &Connection, field: &str, people: &People<'_>) -> Result<Vec<u64>> {
    tables
        .execute_batch(
            "CREATE TEMP TABLE gone (collection TEXT, id TEXT, row INTEGER, PRIMARY KEY (collection, id));
             CREATE TEMP TABLE touched (collection TEXT PRIMARY KEY);
             CREATE TEMP VIEW queued AS SELECT substr(topic, -36) AS collection, id, vector,
               CASE WHEN json_valid(metadata) THEN metadata ELSE '{}' END AS metadata FROM main.embeddings_queue;",
        )
        .map_err(told)?;
    let arrays = has_arrays(tables)?;
    let mut counts = Vec::new();
    for (user, id) in people.ids.iter().enumerate() {
        let found = tables
            .execute(
                "INSERT OR IGNORE INTO gone SELECT s.collection, e.embedding_id, e.id
                   FROM main.embedding_metadata m JOIN main.embeddings e ON e.id = m.id
                   JOIN main.segments s ON s.id = e.segment_id
                   WHERE m.key = ?1 AND (m.string_value = ?2 OR CAST(m.int_value AS TEXT) = ?2)",
                [field, id],
            )
            .map_err(told)?;
        counts.push(found as u64);
        if arrays {
            let several =
                "SELECT count(*) FROM main.embedding_metadata_array WHERE key = ?1 AND string_value = ?2";
            let several: i64 = tables.query_row(several, [field, id], |row| row.get(0)).map_err(told)?;
            if several > 0 {
                return Err(format!(
                    "{several} records name user {user} among several users; remove those by hand"
                ));
            }
        }
        // What the queue still says of a person: of records that are deleted or somebody else's by now.
        let said =
            "collection IN (SELECT id FROM main.collections) AND EXISTS (SELECT 1 FROM json_each(metadata)
            WHERE key = ?1 AND (atom = ?2 OR CAST(atom AS TEXT) = ?2))";
        let touched =
            format!("INSERT OR IGNORE INTO touched SELECT DISTINCT collection FROM queued WHERE {said}");
        tables.execute(&touched, [field, id]).map_err(told)?;
        let queued = format!(
            "INSERT OR IGNORE INTO gone SELECT DISTINCT q.collection, q.id, NULL FROM queued q WHERE {said}
               AND NOT EXISTS (SELECT 1 FROM main.embeddings e JOIN main.segments s ON s.id = e.segment_id
                 WHERE s.collection = q.collection AND e.embedding_id = q.id)"
        );
        tables.execute(&queued, [field, id]).map_err(told)?;
    }
    Ok(counts)
}

/// Whether this version keeps lists in metadata.
fn has_arrays(tables: &Connection) -> Result<bool> {
    let known = "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE name = 'embedding_metadata_array')";
    tables.query_row(known, [], |row| row.get(0)).map_err(told)
}

/// All collections, with what must be rebuilt of them.
pub(super) fn collections(tables: &Connection, folder: &Path) -> Result<Vec<Collection>> {
    let mut statement = tables
        .prepare(
            "SELECT c.id, m.id, v.id, v.type,
               EXISTS (SELECT 1 FROM gone WHERE collection = c.id) OR EXISTS (SELECT 1 FROM touched WHERE collection = c.id)
               OR EXISTS (SELECT 1 FROM embeddings_queue WHERE substr(topic, -36) = c.id AND operation = 3),
               EXISTS (SELECT 1 FROM embeddings_queue WHERE substr(topic, -36) = c.id
                 AND seq_id > coalesce((SELECT seq_id FROM max_seq_id WHERE segment_id = m.id), 0))
             FROM collections c JOIN segments m ON m.collection = c.id AND m.scope = 'METADATA'
             JOIN segments v ON v.collection = c.id AND v.scope = 'VECTOR'",
        )
        .map_err(told)?;
    let mut rows = statement.query([]).map_err(told)?;
    let mut collections = Vec::new();
    while let Some(row) = rows.next().map_err(told)? {
        let text = |index| row.get::<_, String>(index).map_err(told);
        let flag = |index| row.get::<_, bool>(index).map_err(told);
        if text(3)? != VECTORS {
            return Err(
                "has a collection with an index that is not known here (those of Chroma 1.x are)".into()
            );
        }
        if flag(5)? {
            return Err(
                "has changes that Chroma has not applied; start it, read from each collection, stop it"
                    .into(),
            );
        }
        let vectors = text(2)?;
        let id = text(0)?;
        let cosine = compares_angles(tables, &id)?;
        let index = Index::open(&folder.join(&vectors), cosine).map_err(|error| error.to_string())?;
        let left_over = match &index {
            Some(index) => !index.left_over().map_err(|error| error.to_string())?.is_empty(),
            None => false,
        };
        collections.push(Collection {
            id: text(0)?,
            metadata: text(1)?,
            vectors,
            index,
            rebuild: flag(4)? || left_over,
        });
    }
    let all: i64 =
        tables.query_row("SELECT count(*) FROM collections", [], |row| row.get(0)).map_err(told)?;
    if usize::try_from(all) != Ok(collections.len()) {
        return Err("has a collection with other segments than one of metadata and one of vectors".into());
    }
    Ok(collections)
}

/// Whether a collection compares vectors by their angle. Versions differ in where they keep that.
fn compares_angles(tables: &Connection, id: &str) -> Result<bool> {
    let columns = tables.prepare("SELECT * FROM collections LIMIT 0").map_err(told)?;
    let known = |column: &str| columns.column_names().any(|name| name == column);
    let mut places = Vec::new();
    if known("schema_str") {
        const PATH: &str = r##"'$.keys."#embedding".float_list.vector_index.config.space'"##;
        places.push(format!("SELECT json_extract(schema_str, {PATH}) FROM collections WHERE id = ?1"));
    }
    if known("config_json_str") {
        places.push("SELECT atom FROM collections, json_tree(config_json_str) WHERE collections.id = ?1 AND key = 'space'".into());
    }
    places.push(
        "SELECT str_value FROM collection_metadata WHERE collection_id = ?1 AND key = 'hnsw:space'".into(),
    );
    for place in places {
        let space: Option<Option<String>> =
            tables.query_row(&place, [id], |row| row.get(0)).optional().map_err(told)?;
        if let Some(space) = space.flatten() {
            return Ok(space == "cosine");
        }
    }
    Ok(false)
}

/// Removes the records in `gone`, and puts what the collections to be rebuilt hold into the queue.
pub(super) fn rewrite(tables: &mut Connection, collections: &[Collection]) -> Result<()> {
    let tables = tables.transaction().map_err(told)?;
    tables
        .execute_batch(
            "DELETE FROM embedding_fulltext_search WHERE rowid IN (SELECT row FROM gone);
             DELETE FROM embedding_metadata WHERE id IN (SELECT row FROM gone);
             DELETE FROM embeddings WHERE id IN (SELECT row FROM gone);",
        )
        .map_err(told)?;
    if has_arrays(&tables)? {
        tables
            .execute("DELETE FROM embedding_metadata_array WHERE id IN (SELECT row FROM gone)", [])
            .map_err(told)?;
    }
    for collection in collections.iter().filter(|collection| collection.rebuild) {
        queue(&tables, collection)?;
        let id: String = tables.query_row(NEW_ID, [], |row| row.get(0)).map_err(told)?;
        for (table, column) in [("segments", "id"), ("segment_metadata", "segment_id")] {
            let renamed = format!("UPDATE {table} SET {column} = ?1 WHERE {column} = ?2");
            tables.execute(&renamed, [&id, &collection.vectors]).map_err(told)?;
        }
        tables
            .execute("DELETE FROM max_seq_id WHERE segment_id = ?1", [&collection.vectors])
            .map_err(told)?;
    }
    tables
        .execute_batch(
            // The next change gets the number behind the highest in the queue, and must be news to everybody.
            "UPDATE max_seq_id SET seq_id = (SELECT coalesce(max(seq_id), 0) FROM embeddings_queue)
               WHERE seq_id > (SELECT coalesce(max(seq_id), 0) FROM embeddings_queue);
             INSERT INTO embedding_fulltext_search (embedding_fulltext_search) VALUES ('rebuild');",
        )
        .map_err(told)?;
    tables.commit().map_err(told)
}

/// A random UUID. What has none of the old names has nothing to do with the old files.
const NEW_ID: &str = "SELECT lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3)
    || '-' || substr(h, 21, 12)) FROM (SELECT hex(randomblob(16)) AS h)";

/// Makes the queue of a collection anew: each record once, with its last vector.
fn queue(tables: &Connection, collection: &Collection) -> Result<()> {
    let Collection { id, metadata, index, .. } = collection;
    let topic: Option<String> = tables
        .query_row("SELECT topic FROM embeddings_queue WHERE substr(topic, -36) = ?1 LIMIT 1", [id], |row| {
            row.get(0)
        })
        .optional()
        .map_err(told)?;
    let topic = topic.unwrap_or_else(|| format!("persistent://default/default/{id}"));
    // Of each record the last vector stays, without what was said of the record then.
    tables
        .execute(
            "DELETE FROM embeddings_queue WHERE topic = ?1 AND (
               id NOT IN (SELECT embedding_id FROM embeddings WHERE segment_id = ?2)
               OR seq_id NOT IN (SELECT max(seq_id) FROM embeddings_queue
                 WHERE topic = ?1 AND vector IS NOT NULL GROUP BY id))",
            [&topic, metadata],
        )
        .map_err(told)?;
    let plain = "UPDATE embeddings_queue SET operation = 0, metadata = NULL WHERE topic = ?1";
    tables.execute(plain, [&topic]).map_err(told)?;
    // All others have theirs in the index.
    let mut records = tables
        .prepare(
            "SELECT embedding_id, seq_id FROM embeddings e WHERE segment_id = ?1
             AND embedding_id NOT IN (SELECT id FROM embeddings_queue WHERE topic = ?2)",
        )
        .map_err(told)?;
    let mut add = tables
        .prepare(
            "INSERT INTO embeddings_queue (seq_id, operation, topic, id, vector, encoding, metadata)
             VALUES (?1, 0, ?2, ?3, ?4, 'FLOAT32', NULL)",
        )
        .map_err(told)?;
    let mut rows = records.query([metadata, &topic]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let record: String = row.get(0).map_err(told)?;
        let place = match row.get_ref(1).map_err(told)? {
            ValueRef::Integer(place) => Some(place),
            ValueRef::Blob(place) => place.try_into().ok().map(i64::from_be_bytes),
            _ => None,
        };
        let place = place.ok_or("has records without a place in the order")?;
        let index = index.as_ref().ok_or(NO_VECTOR)?;
        let vector = index.vector(&record).map_err(|error| error.to_string())?.ok_or(NO_VECTOR)?;
        add.execute(params![place, topic, record, vector]).map_err(told)?;
    }
    Ok(())
}

const NO_VECTOR: &str =
    "has a record whose vector is neither in the queue nor in the index, so it was left as it is";
