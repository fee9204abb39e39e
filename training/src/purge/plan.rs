//! Whom to remove, and from where. Owns the forms of a plan: as JSON, and as the words `KIND:WHERE`; what a store then does
//! is its module's.
//!
//! A plan is read strictly: a key that nobody knows is an error, because a store that was spelled wrong would otherwise be
//! left out in silence. Errors never say what stands among the users.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use consentry::subject::{UserId, UserIdError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::chroma::Collection;
use super::chroma_files::Directory;
use super::folder;
use super::s3::{self, Access};
use crate::scan::Field;

/// At least one user and one store.
#[derive(Clone, Debug)]
pub struct Plan {
    users: Vec<UserId>,
    stores: Vec<Store>,
}

impl Plan {
    /// Puts a plan together.
    pub fn new(users: Vec<UserId>, stores: Vec<Store>) -> Result<Self, PlanError> {
        if users.is_empty() {
            return Err(PlanError::NoUsers);
        }
        if stores.is_empty() {
            return Err(PlanError::NoStores);
        }
        let mut known = HashSet::new();
        if let Some(twice) = users.iter().position(|user| !known.insert(user)) {
            return Err(PlanError::Twice(twice));
        }
        Ok(Self { users, stores })
    }

    /// Whom to remove. Reports name them by their place in this list.
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// From where, in this order.
    pub fn stores(&self) -> &[Store] {
        &self.stores
    }
}

/// A place with data of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Store {
    /// Files of one JSON object a line.
    Jsonl(Files),
    /// Parquet files.
    Parquet(Files),
    /// Files, folders or objects that bear a user's id in their name.
    Folder(Named),
    /// A collection of a Chroma server.
    Chroma(Collection),
    /// The data directory of a Chroma that is stopped.
    ChromaFiles(Directory),
    /// A table of PostgreSQL, with vectors of pgvector or without.
    Pgvector(Rows),
}

impl Store {
    /// The kinds, as they are written.
    pub const KINDS: [&str; 6] = ["jsonl", "parquet", "folder", "chroma", "chroma_files", "pgvector"];

    /// Its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Jsonl(_) => "jsonl",
            Self::Parquet(_) => "parquet",
            Self::Folder(_) => "folder",
            Self::Chroma(_) => "chroma",
            Self::ChromaFiles(_) => "chroma_files",
            Self::Pgvector(_) => "pgvector",
        }
    }

    /// Reads `KIND:WHERE`, as a command line has it, with `user_field` for all kinds that have one.
    pub fn parse(text: &str, user_field: &Field) -> Result<Self, PlanError> {
        let unknown = || PlanError::Word(format!("write KIND:WHERE, with one of {}", Self::KINDS.join(", ")));
        let (kind, place) = text.split_once(':').ok_or_else(unknown)?;
        if place.is_empty() {
            return Err(unknown());
        }
        let store = match kind {
            "jsonl" => Self::Jsonl(Files { path: place.into(), user_field: user_field.clone(), s3: None }),
            "parquet" => {
                Self::Parquet(Files { path: place.into(), user_field: user_field.clone(), s3: None })
            }
            "folder" => Self::Folder(Named { path: place.into(), s3: None }),
            "chroma" => Self::Chroma(
                Collection::parse(place, &user_field.to_string())
                    .map_err(|error| PlanError::Word(error.into()))?,
            ),
            "chroma_files" => {
                Self::ChromaFiles(Directory { path: place.into(), user_field: user_field.to_string() })
            }
            "pgvector" => {
                let parts =
                    place.split_once('@').filter(|(table, file)| !table.is_empty() && !file.is_empty());
                let (table, file) = parts.ok_or_else(|| {
                    PlanError::Word("write pgvector:TABLE@FILE, where FILE holds the connection".into())
                })?;
                Self::Pgvector(Rows {
                    connection_file: file.into(),
                    table: table.into(),
                    user_field: user_field.to_string(),
                })
            }
            _ => return Err(unknown()),
        };
        store.check().map_err(|error| PlanError::Word(error.into()))?;
        Ok(store)
    }

    /// What its types can't say of it.
    fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::ChromaFiles(_) | Self::Pgvector(_) => Ok(()),
            Self::Jsonl(files) | Self::Parquet(files) => s3::check(&files.path, files.s3.as_ref()),
            Self::Folder(named) => {
                s3::check(&named.path, named.s3.as_ref())?;
                if s3::is_in_bucket(&named.path) {
                    s3::check_owned(&named.path)
                } else {
                    folder::Pattern::parse(&named.path).map(drop)
                }
            }
            Self::Chroma(collection) => collection.check(),
        }
    }
}

/// Files with rows, or objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// A path, or a pattern with `*`, `?`, `[…]` and `**`; in a bucket `s3://BUCKET/KEY`, or a pattern of keys.
    pub path: String,
    /// Where a row names its user.
    #[serde(default, serialize_with = "field_to_text", deserialize_with = "field_from_text")]
    pub user_field: Field,
    /// How the bucket is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<Access>,
}

/// Files, folders or objects with a user's id in their name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// A path whose last part has `{user_id}` in it once, such as `embeddings/{user_id}.npy`; in a bucket
    /// `s3://BUCKET/embeddings/{user_id}.npy`.
    pub path: String,
    /// How the bucket is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<Access>,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// A file with the connection, as libpq writes it: `host=… dbname=… user=… password=…`, or `postgresql://…`, with its
    /// `sslmode` and `sslrootcert`.
    pub connection_file: PathBuf,
    /// The table, with or without its schema before it and a dot.
    pub table: String,
    /// The column that names the user.
    #[serde(default = "super::chroma::user_id")]
    pub user_field: String,
}

fn field_to_text<S: Serializer>(field: &Field, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(field)
}

fn field_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
    let text = String::deserialize(deserializer)?;
    Field::parse(&text)
        .ok_or_else(|| serde::de::Error::custom("user_field: write up to 16 keys with dots between them"))
}

/// Reads `{"users": […], "stores": […]}`. Users may be absent, if they come from elsewhere.
pub fn read(json: &[u8]) -> Result<(Vec<UserId>, Vec<Store>), PlanError> {
    /// Users are taken as they are, so that no message of the parser repeats one.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        #[serde(default)]
        users: serde_json::Value,
        #[serde(default)]
        stores: Vec<Store>,
    }

    let raw: Raw = serde_json::from_slice(json).map_err(|error| PlanError::Json(error.to_string()))?;
    let users = match raw.users {
        serde_json::Value::Null => Vec::new(),
        serde_json::Value::Array(users) => {
            let parsed = users.iter().enumerate().map(|(index, user)| {
                let text = user.as_str().ok_or(PlanError::UserIsNoText(index))?;
                user_id(index, text)
            });
            parsed.collect::<Result<_, _>>()?
        }
        _ => return Err(PlanError::Json("users: write a list of ids".into())),
    };
    for store in &raw.stores {
        store.check().map_err(|error| PlanError::Json(error.into()))?;
    }
    Ok((users, raw.stores))
}

/// Reads a user's id; `index` says which in the list, for the error.
pub fn user_id(index: usize, text: &str) -> Result<UserId, PlanError> {
    UserId::parse(text).map_err(|error| PlanError::User(index, error))
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// It is no JSON of that form; where and why.
    Json(String),
    /// No user in it.
    NoUsers,
    /// No store in it.
    NoStores,
    /// A user, by the place in the list, is no text.
    UserIsNoText(usize),
    /// A user, by the place in the list, is no id.
    User(usize, UserIdError),
    /// A user, by the place in the list, was there before.
    Twice(usize),
    /// `KIND:WHERE` is something else.
    Word(String),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(why) => write!(f, "is no plan: {why}"),
            Self::NoUsers => f.write_str("no user is named; say whom to remove"),
            Self::NoStores => f.write_str("no store is named; say where to remove them from"),
            Self::UserIsNoText(index) => write!(f, "user {index} is no text; write ids as JSON strings"),
            Self::User(index, error) => write!(f, "user {index} {error}"),
            Self::Twice(index) => write!(f, "user {index} is there twice; name everybody once"),
            Self::Word(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PlanError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        match read(json.as_bytes()) {
            Ok((users, stores)) => Plan::new(users, stores).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_plan_has_users_and_stores() {
        let (users, stores) = read(
            br#"{"users":["ada"],"stores":[{"kind":"jsonl","path":"data/*.jsonl","user_field":"meta.id"},
                {"kind":"folder","path":"emb/{user_id}.npy"}]}"#,
        )
        .unwrap();
        let plan = Plan::new(users, stores).unwrap();
        assert_eq!(plan.users()[0].as_str(), "ada");
        assert_eq!(
            plan.stores(),
            [
                Store::parse("jsonl:data/*.jsonl", &Field::parse("meta.id").unwrap()).unwrap(),
                Store::parse("folder:emb/{user_id}.npy", &Field::default()).unwrap(),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (json, why) in [
            (r#"{"users":["a"],"stores":[{"kind":"jsonl","path":"x","user_fild":"y"}]}"#, "user_fild"),
            (r#"{"users":["a"],"stores":[{"kind":"jsnl","path":"x"}]}"#, "jsnl"),
            (r#"{"users":["a"],"stores":[{"kind":"jsonl"}]}"#, "path"),
            (r#"{"users":["a"],"store":[]}"#, "store"),
            (r#"{"users":["a"],"stores":[{"kind":"jsonl","path":"x","user_field":"a..b"}]}"#, "user_field"),
            (r#"{"users":["a"],"stores":[{"kind":"folder","path":"x"}]}"#, "{user_id}"),
            (r#"{"users":["a"],"stores":[]}"#, "no store"),
            (r#"{"users":[],"stores":[{"kind":"jsonl","path":"x"}]}"#, "no user"),
            (r#"{"users":["a","a"],"stores":[{"kind":"jsonl","path":"x"}]}"#, "user 1 is there twice"),
            (r#"{"users":["a","b\n"],"stores":[{"kind":"jsonl","path":"x"}]}"#, "user 1 has a control"),
        ] {
            let said = refused(json);
            assert!(said.contains(why), "{json}: {said}");
        }
    }

    #[test]
    fn no_error_repeats_an_id() {
        for json in [
            r#"{"users":"ada@example.com","stores":[]}"#,
            r#"{"users":{"ada@example.com":1},"stores":[]}"#,
            r#"{"users":["ada@example.com\n"],"stores":[]}"#,
            r#"{"users":["ada@example.com" "b"],"stores":[]}"#,
            r#"{"users":["ada@example.com","ada@example.com"],"stores":[{"kind":"jsonl","path":"x"}]}"#,
        ] {
            let said = refused(json);
            assert!(!said.contains("ada"), "{json}: {said}");
        }
    }

    #[test]
    fn a_store_on_the_command_line_has_a_kind_and_a_place() {
        for bad in [
            "data.jsonl",
            "jsonl:",
            "jsnl:x",
            ":x",
            "folder:emb",
            "folder:{user_id}/x",
            "pgvector:items",
            "pgvector:@x",
        ] {
            assert!(Store::parse(bad, &Field::default()).is_err(), "{bad}");
        }
    }
}
