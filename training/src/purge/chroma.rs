//! Records in a Chroma server, over version 2 of its HTTP interface. Owns finding a user's records by their metadata, deleting
//! them by id, and asking again.
//!
//! A server forgets logically only: what it deleted stays in its files until they are rebuilt (`super::chroma_files`), and
//! nothing over HTTP does that. Answers are never repeated in errors, because they can hold ids of users.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ureq::Agent;

use super::People;
use super::report::StoreReport;

/// How many records are asked for and deleted at once; hosted servers give no more.
const PAGE: usize = 300;

const TIMEOUT: Duration = Duration::from_mins(5);

/// One collection of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collection {
    /// Where the server is, such as `http://127.0.0.1:8000`.
    pub url: String,
    /// The tenant.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// The database.
    #[serde(default = "default_database")]
    pub database: String,
    /// The collection's name.
    pub collection: String,
    /// Which key of a record's metadata names its user.
    #[serde(default = "user_id")]
    pub user_field: String,
    /// A file with the token that the server wants in `x-chroma-token`, if it wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

fn default_tenant() -> String {
    "default_tenant".into()
}

fn default_database() -> String {
    "default_database".into()
}

pub(super) fn user_id() -> String {
    "user_id".into()
}

impl Collection {
    /// Reads `URL/COLLECTION` or `URL/TENANT/DATABASE/COLLECTION`.
    pub(super) fn parse(place: &str, user_field: &str) -> Result<Self, &'static str> {
        const HELP: &str =
            "write chroma:http://HOST:PORT/COLLECTION or chroma:http://HOST:PORT/TENANT/DATABASE/COLLECTION";
        let host = place.find("://").ok_or(HELP)? + 3;
        let path = place[host..].find('/').ok_or(HELP)? + host;
        let names: Vec<&str> = place[path + 1..].split('/').collect();
        let (tenant, database, collection) = match *names.as_slice() {
            [collection] => (default_tenant(), default_database(), collection),
            [tenant, database, collection] => (tenant.into(), database.into(), collection),
            _ => return Err(HELP),
        };
        let collection = Self {
            url: place[..path].into(),
            tenant,
            database,
            collection: collection.into(),
            user_field: user_field.into(),
            token_file: None,
        };
        collection.check()?;
        Ok(collection)
    }

    /// Whether the address is one that can be called.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let rest = self.url.strip_prefix("http://").or_else(|| self.url.strip_prefix("https://"));
        if rest.is_none_or(|host| host.is_empty() || host.contains(['/', '@', '?', '#', ' '])) {
            return Err(
                "the url of a Chroma server is http:// or https://, a host and a port, and nothing behind it",
            );
        }
        let name = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !text.is_empty() && text.bytes().all(plain) && !matches!(text, "." | "..")
        };
        if ![&self.tenant, &self.database, &self.collection].into_iter().all(|text| name(text)) {
            return Err(
                "names of tenants, databases and collections have letters, digits, dots, dashes and underscores only",
            );
        }
        if self.user_field.is_empty() { Err("user_field is a key of the records' metadata") } else { Ok(()) }
    }

    /// How reports name it.
    pub(super) fn place(&self) -> String {
        format!("{}/{}/{}/{}", self.url, self.tenant, self.database, self.collection)
    }
}

pub(super) fn purge(
    store: &Collection,
    people: &People<'_>,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    if let Err(error) = through(store, people, dry_run, &mut report) {
        report.fail(store.place(), error);
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn through(
    store: &Collection,
    people: &People<'_>,
    dry_run: bool,
    report: &mut StoreReport,
) -> Result<(), String> {
    let server = Server::open(store)?;
    for (user, id) in people.ids.iter().enumerate() {
        let wanted = wanted(&store.user_field, id);
        let mut found = 0;
        loop {
            let page = server.ids(&wanted, found)?.len();
            found += page;
            if page < PAGE {
                break;
            }
        }
        report.found(user, found as u64);
        if !dry_run {
            server.remove(user, &wanted, &mut report.removed)?;
        }
    }
    Ok(())
}

/// The condition under which a record is a user's. Whoever has numbers for ids may have stored them as such.
fn wanted(field: &str, id: &str) -> Value {
    let text = json!({ field: { "$eq": id } });
    match id.parse::<i64>() {
        Ok(number) if number.to_string() == id => json!({ "$or": [text, { field: { "$eq": number } }] }),
        _ => text,
    }
}

struct Server {
    agent: Agent,
    token: Option<String>,
    collection: String,
}

impl Server {
    fn open(store: &Collection) -> Result<Self, String> {
        store.check()?;
        let token = match &store.token_file {
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                Some(text.trim_ascii().to_owned())
            }
            None => None,
        };
        let config = Agent::config_builder();
        let agent = config.timeout_global(Some(TIMEOUT)).http_status_as_error(false).max_redirects(0).build();
        let Collection { url, tenant, database, collection, .. } = store;
        let collections = format!("{url}/api/v2/tenants/{tenant}/databases/{database}/collections");
        let mut server =
            Self { agent: agent.into(), token, collection: format!("{collections}/{collection}") };
        let about = server.call(None, "")?;
        let id = about.get("id").and_then(Value::as_str).ok_or("gave no answer of a Chroma server")?;
        if !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Err("gave no answer of a Chroma server".into());
        }
        server.collection = format!("{collections}/{id}");
        Ok(server)
    }

    /// The ids of the records that meet a condition, a page of them.
    fn ids(&self, wanted: &Value, offset: usize) -> Result<Vec<String>, String> {
        let body = json!({ "where": wanted, "include": [], "limit": PAGE, "offset": offset });
        let answer = self.call(Some(&body), "/get")?;
        let ids = answer.get("ids").and_then(Value::as_array).ok_or("gave no ids")?;
        ids.iter()
            .map(|id| id.as_str().map(Into::into).ok_or_else(|| "gave ids that are no texts".into()))
            .collect()
    }

    /// Deletes the records that meet a condition until the server says there are none. Counts them, as far as it comes.
    fn remove(&self, user: usize, wanted: &Value, removed: &mut u64) -> Result<(), String> {
        let mut before = Vec::new();
        loop {
            let ids = self.ids(wanted, 0)?;
            if ids.is_empty() {
                return Ok(());
            }
            if ids == before {
                return Err(format!(
                    "still has {} records of user {user} that it was told to delete",
                    ids.len()
                ));
            }
            self.call(Some(&json!({ "ids": ids })), "/delete")?;
            *removed += ids.len() as u64;
            before = ids;
        }
    }

    /// Gets, or posts if there is something to post.
    fn call(&self, body: Option<&Value>, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.collection);
        // A server without access control passes over an empty token.
        let token = self.token.as_deref().unwrap_or_default();
        let answer = if let Some(body) = body {
            self.agent.post(&url).header("x-chroma-token", token).send_json(body)
        } else {
            self.agent.get(&url).header("x-chroma-token", token).call()
        };
        let mut answer = answer.map_err(|error| format!("can't be reached: {error}"))?;
        match answer.status().as_u16() {
            200..=299 => {}
            401 | 403 => return Err("refuses; name a token_file with a token that may delete".into()),
            404 => return Err("has no such tenant, database or collection; check the names".into()),
            code => return Err(format!("answered with HTTP status {code}; its log says why")),
        }
        answer
            .body_mut()
            .read_json()
            .map_err(|_| "gave an answer that is no JSON; is it a Chroma server?".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_and_one_or_three_names() {
        let collection = Collection::parse("http://127.0.0.1:8000/docs", "user_id").unwrap();
        assert_eq!(collection.place(), "http://127.0.0.1:8000/default_tenant/default_database/docs");
        let collection = Collection::parse("https://chroma/t/d/docs", "who").unwrap();
        assert_eq!((collection.tenant.as_str(), collection.user_field.as_str()), ("t", "who"));
        for bad in [
            "docs",
            "http://h",
            "http://h/",
            "http://h/a/b",
            "ftp://h/a",
            "http://u:p@h/a",
            "http://h/a b",
            "http://h/..",
        ] {
            assert!(Collection::parse(bad, "user_id").is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_of_digits_is_asked_for_as_a_number_too() {
        assert_eq!(wanted("u", "07"), json!({ "u": { "$eq": "07" } }));
        assert_eq!(wanted("u", "7"), json!({ "$or": [{ "u": { "$eq": "7" } }, { "u": { "$eq": 7 } }] }));
    }

    #[test]
    fn a_server_that_is_not_there_is_told() {
        let store = Collection::parse("http://127.0.0.1:1/docs", "user_id").unwrap();
        let report = StoreReport::new("chroma", "", super::super::report::Erasure::Logical, 0);
        let report = purge(&store, &People::new(&[]), false, report);
        assert!(!report.verified && report.failures[0].reason.contains("can't be reached"));
    }
}
