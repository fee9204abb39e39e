//! What an agent is told by whoever runs it: a JSON file, read as strictly as a plan of `consentry purge`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::purge::{PlanError, Store, plan};

/// How often to ask for tasks, in seconds, if nothing is said.
const POLL: u64 = 60;

/// What an agent does.
#[derive(Debug)]
pub struct Config {
    /// The address of the edge.
    pub api: String,
    /// The file with its API key of the scope `erasure:work`.
    pub api_key_file: PathBuf,
    /// The file with the key that its results are signed with.
    pub signing_key_file: PathBuf,
    /// The folder of its journal.
    pub state: PathBuf,
    /// How often to ask for tasks.
    pub poll: Duration,
    /// By the name that the site's settings have for each: what is purged there, in this order.
    pub stores: BTreeMap<String, Vec<Store>>,
}

/// Why a file is no configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// It can't be read.
    Io(io::Error),
    /// It is no JSON of that form; where and why.
    Json(String),
    /// The stores of a name are none.
    Stores(String, PlanError),
    /// It names no store.
    NoStores,
    /// It asks for tasks never, or less than once a day.
    Poll,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "can't be read: {error}"),
            Self::Json(why) => write!(f, "is no configuration of an agent: {why}"),
            Self::Stores(name, error) => write!(f, "names a store {name} that {error}"),
            Self::NoStores => f.write_str(
                "names no store; say what is to be purged, under the names of the site's settings",
            ),
            Self::Poll => f.write_str("has poll_seconds that are none; write 1 to 86400"),
        }
    }
}

impl std::error::Error for ConfigError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    api: String,
    api_key_file: PathBuf,
    signing_key_file: PathBuf,
    state: PathBuf,
    #[serde(default)]
    poll_seconds: Option<u64>,
    stores: BTreeMap<String, serde_json::Value>,
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&fs::read(path).map_err(ConfigError::Io)?)
    }

    fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let raw: Raw = serde_json::from_slice(json).map_err(|error| ConfigError::Json(error.to_string()))?;
        if raw.stores.is_empty() {
            return Err(ConfigError::NoStores);
        }
        let seconds = raw.poll_seconds.unwrap_or(POLL);
        if !(1..=86_400).contains(&seconds) {
            return Err(ConfigError::Poll);
        }
        let mut stores = BTreeMap::new();
        for (name, list) in raw.stores {
            // By the reader of plans, so that a store means the same in both.
            let plan = serde_json::json!({ "stores": list }).to_string();
            let read = plan::read(plan.as_bytes())
                .and_then(|(_, list)| if list.is_empty() { Err(PlanError::NoStores) } else { Ok(list) });
            match read {
                Ok(list) => stores.insert(name, list),
                Err(error) => return Err(ConfigError::Stores(name, error)),
            };
        }
        Ok(Self {
            api: raw.api,
            api_key_file: raw.api_key_file,
            signing_key_file: raw.signing_key_file,
            state: raw.state,
            poll: Duration::from_secs(seconds),
            stores,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(stores: &str, more: &str) -> Result<Config, ConfigError> {
        let json = format!(
            r#"{{"api":"https://c.example","api_key_file":"a","signing_key_file":"k","state":"s","stores":{stores}{more}}}"#
        );
        Config::parse(json.as_bytes())
    }

    #[test]
    fn a_store_of_the_site_is_one_or_more_places() {
        let config = parse(
            r#"{"files":[{"kind":"jsonl","path":"data/*.jsonl"},{"kind":"folder","path":"emb/{user_id}"}]}"#,
            "",
        );
        let config = config.unwrap();
        assert_eq!((config.stores["files"].len(), config.poll), (2, Duration::from_mins(1)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (stores, more, why) in [
            ("{}", "", "names no store"),
            (r#"{"a":[]}"#, "", "store a"),
            (r#"{"a":[{"kind":"jsnl","path":"x"}]}"#, "", "jsnl"),
            (r#"{"a":[{"kind":"folder","path":"x"}]}"#, "", "user_id"),
            (r#"{"a":[{"kind":"jsonl","path":"x"}]}"#, r#","pol":1"#, "pol"),
            (r#"{"a":[{"kind":"jsonl","path":"x"}]}"#, r#","poll_seconds":0"#, "86400"),
        ] {
            let said = parse(stores, more).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
