//! Talking to the edge over HTTP. Owns which addresses are talked to, the calls, and what went wrong as a sentence; the key
//! is never in one.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use consentry::granted::form::{from_hex, minute};
use consentry::{purpose::Purpose, time::Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ureq::Agent;
use ureq::http::Response;

use super::Changes;
use crate::http::agent;

/// How long an answer may take to begin, and each read of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why the edge can't be asked, or what it said.
#[derive(Debug)]
pub enum ApiError {
    /// The address is none that a key may be sent to.
    Url,
    /// The file with the API key can't be read.
    KeyFile(io::Error),
    /// It holds something else.
    NoApiKey,
    /// The edge can't be reached, or the connection broke.
    Network(String),
    /// The edge refused: its status, its code and its sentence.
    Refused(u16, String, String),
    /// Too much was asked; after how many seconds to ask again.
    Later(u64),
    /// The first snapshot is being built; after how many seconds to ask again.
    NotBuilt(u64),
    /// The answer is not what it should be.
    Unreadable(&'static str),
    /// What came can't be kept.
    Io(io::Error),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url => f.write_str(
                "is no address of an edge; write https://HOST (or http://127.0.0.1:PORT for one on this machine)",
            ),
            Self::KeyFile(error) => write!(f, "the file with the API key can't be read: {error}"),
            Self::NoApiKey => f.write_str("the file with the API key holds none; write one line that begins with ck_"),
            Self::Network(what) => write!(f, "can't be reached: {what}"),
            Self::Refused(401, ..) => {
                f.write_str("doesn't know this API key (401); it may have been withdrawn, so ask for another")
            }
            Self::Refused(status, code, detail) => write!(f, "refused ({status} {code}): {detail}"),
            Self::Later(seconds) => write!(f, "was asked too often (429); ask again in {seconds} seconds"),
            Self::NotBuilt(seconds) => write!(
                f,
                "is still building the first snapshot of this purpose (503); ask again in {seconds} seconds"
            ),
            Self::Unreadable(what) => {
                write!(f, "gave an answer that can't be trusted ({what}); is this the address of an edge?")
            }
            Self::Io(error) => write!(f, "what came can't be kept: {error}"),
        }
    }
}

impl std::error::Error for ApiError {}

/// Reads an API key from a file: one line.
pub fn read_api_key(path: &Path) -> Result<String, ApiError> {
    let text = fs::read_to_string(path).map_err(ApiError::KeyFile)?;
    parse_api_key(&text).ok_or(ApiError::NoApiKey)
}

/// The API key that a text is, but for white space around it.
pub(crate) fn parse_api_key(text: &str) -> Option<String> {
    let key = text.trim_ascii();
    let whole = key.starts_with("ck_") && key.bytes().all(|byte| byte.is_ascii_graphic());
    whole.then(|| key.to_owned())
}

/// An edge, as a site's backend sees it.
pub struct Api {
    url: String,
    /// Empty for one that is asked only for what it tells everybody.
    bearer: String,
    agent: Agent,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({})", self.url)
    }
}

/// An answer to a question for changes.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) site: String,
    pub(super) log: String,
    pub(super) position: String,
    more: bool,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    key: String,
    granted: bool,
    expires_at: Option<Timestamp>,
}

impl Api {
    /// An edge at an address, with the key of a site. Only over TLS, but for this machine itself.
    pub fn new(url: &str, api_key: &str) -> Result<Self, ApiError> {
        Ok(Self { bearer: format!("Bearer {api_key}"), ..Self::open(url)? })
    }

    /// An edge at an address, for what it tells everybody. Only over TLS, but for this machine itself.
    pub fn open(url: &str) -> Result<Self, ApiError> {
        let url = url.trim_end_matches('/');
        let uri: ureq::http::Uri = url.parse().map_err(|_| ApiError::Url)?;
        let near = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let secure = uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && near;
        let bare = uri.query().is_none() && !uri.authority().is_some_and(|who| who.as_str().contains('@'));
        if !secure || !bare || uri.host().is_none() {
            return Err(ApiError::Url);
        }
        Ok(Self { url: url.to_owned(), bearer: String::new(), agent: agent(PATIENCE) })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn get(&self, path: &str, tag: Option<&str>) -> Result<Response<ureq::Body>, ApiError> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.url))
            // Keys are random bytes; and what is counted and hashed is what was sent.
            .header("Accept-Encoding", "identity");
        if !self.bearer.is_empty() {
            request = request.header("Authorization", &self.bearer);
        }
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        let answer = request.call().map_err(|error| ApiError::Network(error.to_string()))?;
        match answer.status().as_u16() {
            200 | 304 => Ok(answer),
            status => Err(refused(status, answer)),
        }
    }

    /// Sends JSON, and reads what is answered.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("Authorization", &self.bearer);
        Self::read(request.send_json(body))
    }

    /// Sends bytes, and reads what is answered.
    pub(super) fn put_bytes<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ApiError> {
        let request = self
            .agent
            .put(format!("{}{path}", self.url))
            .header("Authorization", &self.bearer)
            .header("Content-Type", "application/octet-stream");
        Self::read(request.send(body))
    }

    fn read<T: DeserializeOwned>(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<T, ApiError> {
        let answer = answer.map_err(|error| ApiError::Network(error.to_string()))?;
        match answer.status().as_u16() {
            200..300 => answer.into_body().read_json().map_err(|_| ApiError::Unreadable("no such JSON")),
            status => Err(refused(status, answer)),
        }
    }

    /// What the edge answers to a GET of a path, at most 64 MB.
    pub fn fetch(&self, path: &str) -> Result<Vec<u8>, ApiError> {
        let body = self.get(path, None)?.into_body().into_with_config().limit(64 << 20);
        body.read_to_vec().map_err(|error| ApiError::Network(error.to_string()))
    }

    /// Writes the whole snapshot into `file` and gives its tag; nothing if there is none newer than `tag`.
    pub(super) fn whole(
        &self,
        purpose: &Purpose,
        tag: Option<&str>,
        file: &mut impl Write,
    ) -> Result<Option<String>, ApiError> {
        let answer = self.get(&format!("/snapshots/{purpose}"), tag)?;
        if answer.status() == 304 {
            return Ok(None);
        }
        let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let tag = tag.ok_or(ApiError::Unreadable("a snapshot without an ETag"))?;
        let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match io::Read::read(&mut body, &mut buffer) {
                Err(error) => return Err(ApiError::Network(error.to_string())),
                Ok(0) => return Ok(Some(tag)),
                Ok(read) => read,
            };
            file.write_all(&buffer[..read]).map_err(ApiError::Io)?;
        }
    }

    /// Takes in everything that changed since a position; gives the last page, with the position that was reached.
    pub(super) fn changes(
        &self,
        purpose: &Purpose,
        since: &str,
        changes: &mut Changes,
    ) -> Result<Page, ApiError> {
        let mut since = since.to_owned();
        loop {
            let answer = self.get(&format!("/snapshots/{purpose}/changes?since={since}"), None)?;
            let unreadable = |_| ApiError::Unreadable("changes that are none");
            let page: Page = answer.into_body().read_json().map_err(unreadable)?;
            let known = page.position.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if !known || page.more && page.position == since {
                return Err(ApiError::Unreadable("a position that leads nowhere"));
            }
            for change in &page.changes {
                let key = from_hex(&change.key).ok_or(ApiError::Unreadable("a key that is none"))?;
                // A yes without an end is none.
                changes.insert(key, change.expires_at.filter(|_| change.granted).map(minute));
            }
            if !page.more {
                return Ok(page);
            }
            since.clone_from(&page.position);
        }
    }
}

fn refused(status: u16, answer: Response<ureq::Body>) -> ApiError {
    #[derive(Deserialize)]
    struct Problem {
        code: String,
        detail: String,
    }
    let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
    let problem: Option<Problem> = answer.into_body().with_config().limit(1 << 16).read_json().ok();
    match (status, problem) {
        (429, _) => ApiError::Later(wait.unwrap_or(60)),
        (503, Some(problem)) if problem.code == "snapshot_not_built" => {
            ApiError::NotBuilt(wait.unwrap_or(60))
        }
        (_, Some(Problem { code, detail })) => {
            // What a server says goes to a terminal.
            let plain = |text: String| text.chars().filter(|c| !c.is_control()).take(300).collect();
            ApiError::Refused(status, plain(code), plain(detail))
        }
        (300..400, None) => ApiError::Unreadable("it leads to another address"),
        (_, None) => ApiError::Refused(status, "no problem document".into(), "is this an edge?".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_only_over_tls_or_within_the_machine() {
        for good in
            ["https://consent.example", "http://127.0.0.1:8787", "http://localhost:1/", "http://[::1]:1"]
        {
            assert!(Api::new(good, "ck_x").is_ok(), "{good}");
        }
        for bad in [
            "http://consent.example",
            "consent.example",
            "ftp://127.0.0.1",
            "https://user:word@consent.example",
            "http://127.0.0.1@consent.example",
            "http://127.0.0.1.example",
            "https://consent.example?x=1",
            "",
        ] {
            assert!(Api::new(bad, "ck_x").is_err(), "{bad}");
        }
    }

    #[test]
    fn the_api_key_shows_nowhere() {
        let api = Api::new("https://consent.example", "ck_secret").unwrap();
        assert!(!format!("{api:?}").contains("secret"));
    }
}
