//! Talking to a bucket: listing, fetching, and replacing what nobody changed meanwhile. Owns the calls and what went wrong as a sentence;
//! answers are never repeated in one, because they can hold ids of users, and neither are addresses, which are signed.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Seek as _};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rusty_s3::actions::{DeleteObject, GetObject, ListObjectsV2, PutObject};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};

use super::answer::{code, sentence, text, told};
use super::credentials;
use super::place::{Access, check_endpoint};
use crate::http::agent;

/// How long an address is good for once it is signed.
const SIGNED: Duration = Duration::from_mins(15);

/// How long an answer may take to begin, and each read and write of a body.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often a call that changes nothing twice is made, if the service says that it can't now.
const TRIES: u32 = 3;

/// The most that one put takes, in bytes: 5 GiB, for Amazon; R2 takes as much but for 5 MiB.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024 - 5 * 1024 * 1024;

/// The service whose keys for the objects of a bucket may not be allowed more. It has neither versions nor tags; should it get them, it says
/// so to whoever may ask.
const R2: &str = ".r2.cloudflarestorage.com";

/// Classes in which an object can't be read again once it is put.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// What the name of an object begins with that is put to see whether a service heeds conditions.
const PROBE: &str = ".consentry-";

/// Whether an object holds no rows, whatever a pattern means: an empty folder as consoles make it, or what a killed purge put to see how it
/// goes.
pub(super) fn is_nothing(key: &str, empty: bool) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    empty && (name.is_empty() || name.starts_with(PROBE))
}

/// Which headers of an object are put again with it, beside its own metadata (`x-amz-meta-…`).
const KEPT: [&str; 11] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// One bucket.
pub(super) struct Server {
    agent: Agent,
    bucket: Bucket,
    credentials: Credentials,
    /// Whether it puts only what nobody changed, once somebody asked.
    careful: OnceLock<Result<(), String>>,
}

/// An object as it was when it was fetched.
pub(super) struct Fetched {
    pub(super) file: File,
    tag: String,
    /// What is put again with it, or what keeps it from being put again.
    headers: Result<Vec<(String, String)>, &'static str>,
}

impl Server {
    /// `environment` says what a variable holds.
    pub(super) fn open(
        bucket: &str,
        access: Option<&Access>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let nothing = Access::default();
        let access = access.unwrap_or(&nothing);
        let first = |names: [&str; 2]| names.into_iter().find_map(environment);
        let credentials = credentials::read(access, environment)?;
        let region = access.region.clone().or_else(|| first(["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let region = region.unwrap_or_else(|| "us-east-1".into());
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(
                "has a region that is none; it has letters, digits and dashes, such as eu-central-1".into()
            );
        }
        let endpoint = access.endpoint.clone().or_else(|| first(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
        let (endpoint, style) = match endpoint {
            Some(url) => {
                check_endpoint(&url)?;
                (url, UrlStyle::Path)
            }
            // Its certificates are for one name before its own.
            None if bucket.contains('.') => (format!("https://s3.{region}.amazonaws.com"), UrlStyle::Path),
            None => (format!("https://s3.{region}.amazonaws.com"), UrlStyle::VirtualHost),
        };
        let endpoint = endpoint.parse().map_err(|_| "has an endpoint that is no address")?;
        let bucket = Bucket::new(endpoint, style, bucket.to_owned(), region)
            .map_err(|error| format!("can't be addressed: {error}"))?;
        Ok(Self { agent: agent(PATIENCE), bucket, credentials, careful: OnceLock::new() })
    }

    /// A bucket that keeps old versions keeps what is removed, and what was removed before.
    pub(super) fn refuse_if_versioned(&self) -> Result<(), String> {
        // The address of no object is that of the bucket.
        match self.ask("", "versioning", "s3:GetBucketVersioning")? {
            Some(said) if said.contains("Enabled") || said.contains("Suspended") => Err(
                "keeps old versions, which would keep what is removed; end versioning and remove the old versions, or copy what is current to \
                 a bucket without it".into(),
            ),
            _ => Ok(()),
        }
    }

    /// What is said of an object or the bucket; `None` if the service has no such thing. Whoever may not ask doesn't know, which is an error.
    fn ask(&self, key: &str, what: &'static str, right: &str) -> Result<Option<String>, String> {
        let mut action = GetObject::new(&self.bucket, Some(&self.credentials), key);
        action.query_mut().insert(what, "");
        let answer = self.retried(&action, &[])?;
        let (status, said) = (answer.status().as_u16(), text(answer)?);
        match (status, code(&said)) {
            (200, _) => Ok(Some(said)),
            // So some say that an object has no tags.
            (405 | 501, _) | (404, Some("NoSuchTagSet" | "NoSuchTagSetError")) => Ok(None),
            (403, _) if self.bucket.base_url().host_str().is_some_and(|host| host.ends_with(R2)) => Ok(None),
            (403, Some("AccessDenied")) => {
                Err(format!("doesn't let its {what} be asked for; allow its access key {right}"))
            }
            _ => Err(sentence(status, &said)),
        }
    }

    /// The keys that begin so, of which this holds; it is told whether the object is empty, too.
    pub(super) fn keys(
        &self,
        prefix: &str,
        means: impl Fn(&str, bool) -> bool,
    ) -> Result<Vec<String>, String> {
        const UNREADABLE: &str = "gave a list that can't be read";
        let mut keys = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            let mut action = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
            action.with_prefix(prefix);
            // Some that are asked for encoded keys give plain ones and say that they are encoded.
            action.query_mut().remove("encoding-type");
            if let Some(token) = &token {
                action.with_continuation_token(token);
            }
            let answer = self.retried(&action, &[])?;
            if answer.status() != 200 {
                return Err(told(answer));
            }
            let page = ListObjectsV2::parse_response(&text(answer)?).map_err(|_| UNREADABLE)?;
            for object in page.contents {
                // A key that was read wrongly is another one, or twice there.
                if !object.key.starts_with(prefix) || keys.contains(&object.key) {
                    return Err(UNREADABLE.into());
                }
                if means(&object.key, object.size == Some(0)) {
                    keys.insert(object.key);
                }
            }
            match page.next_continuation_token {
                None => return Ok(keys.into_iter().collect()),
                next if next == token => return Err("gave a list without an end".into()),
                next => token = next,
            }
        }
    }

    /// Refuses a folder in which nothing is, because it is rather written wrongly. `prefix` is what keys begin with; the folder is what is
    /// before its last slash.
    pub(super) fn refuse_if_nothing_is_in(&self, prefix: &str) -> Result<(), String> {
        let Some((folder, _)) = prefix.rsplit_once('/') else { return Ok(()) };
        let folder = format!("{folder}/");
        let mut action = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
        action.with_prefix(&folder);
        action.with_max_keys(1);
        let answer = self.retried(&action, &[])?;
        if answer.status() != 200 {
            return Err(told(answer));
        }
        match ListObjectsV2::parse_response(&text(answer)?) {
            Ok(page) if page.contents.is_empty() => Err(format!(
                "nothing in the bucket is in {folder}; check the path, or leave it out if nothing is there any more"
            )),
            Ok(_) => Ok(()),
            Err(_) => Err("gave a list that can't be read".into()),
        }
    }

    /// Fetches an object whole, as it is stored; `None` if it isn't there.
    pub(super) fn fetch(&self, key: &str) -> Result<Option<Fetched>, String> {
        // Some unpack what is packed for whoever doesn't ask for it so, and may pack what isn't for whoever does. The tag is weak then, or
        // the length unknown.
        for coding in ["identity", "gzip"] {
            let action = GetObject::new(&self.bucket, Some(&self.credentials), key);
            let answer = self.retried(&action, &[("accept-encoding".into(), coding.into())])?;
            match answer.status().as_u16() {
                200 => {}
                404 => {
                    let said = text(answer)?;
                    return if matches!(code(&said), None | Some("NoSuchKey")) {
                        Ok(None)
                    } else {
                        Err(sentence(404, &said))
                    };
                }
                _ => return Err(told(answer)),
            }
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
            let tag = header("etag").ok_or("was given without an ETag")?.to_owned();
            let length = header("content-length").and_then(|length| length.parse().ok());
            if tag.starts_with("W/") || length.is_none() {
                continue;
            }
            let headers = kept(answer.headers());
            let mut file = tempfile::tempfile()
                .map_err(|error| format!("can't be kept in the temporary folder: {error}"))?;
            let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
            let got =
                io::copy(&mut body, &mut file).map_err(|error| format!("can't be fetched whole: {error}"))?;
            if length != Some(got) {
                return Err("came cut short; try again".into());
            }
            return Ok(Some(Fetched { file, tag, headers }));
        }
        Err("is packed or unpacked on its way, so it can't be put back as it is; rewrite it by hand".into())
    }

    /// Puts `file` in the place of an object as it was fetched; whether it still was that.
    pub(super) fn replace(&self, key: &str, fetched: &Fetched, file: &mut File) -> Result<bool, String> {
        let headers = fetched.headers.as_deref().map_err(|why| *why)?;
        if self.ask(key, "tagging", "s3:GetObjectTagging")?.is_some_and(|tags| tags.contains("<Tag>")) {
            return Err("has tags, which it would lose; remove them or rewrite it by hand".into());
        }
        self.refuse_if_careless(key, headers)?;
        let io = |error: io::Error| error.to_string();
        if file.metadata().map_err(io)?.len() > LARGEST {
            return Err("has 5 GiB or more, which can't be put at once; split it".into());
        }
        file.rewind().map_err(io)?;
        let answer = self.put(key, headers, &fetched.tag, file)?;
        match answer.status().as_u16() {
            200 => Ok(true),
            // It is gone, another one, or being replaced.
            404 | 409 | 412 => Ok(false),
            _ => Err(told(answer)),
        }
    }

    /// Refuses a bucket that would put in spite of a condition that doesn't hold: it would overwrite what somebody else put meanwhile.
    /// It is asked once, with an object beside the first that is to be replaced.
    fn refuse_if_careless(&self, key: &str, headers: &[(String, String)]) -> Result<(), String> {
        self.careful.get_or_init(|| self.probe(key, headers)).clone()
    }

    fn probe(&self, beside: &str, headers: &[(String, String)]) -> Result<(), String> {
        const NOBODYS: &str = "\"00000000000000000000000000000000\"";
        let folder = beside.rsplit_once('/').map_or("", |(folder, _)| folder);
        let slash = if folder.is_empty() { "" } else { "/" };
        let key = format!("{folder}{slash}{PROBE}{:016x}", RandomState::new().build_hasher().finish());
        let nothing = tempfile::tempfile().map_err(|error| error.to_string())?;
        // Some put an object that isn't there whatever the condition, and heed that of one that is.
        let mut answer = self.put(&key, headers, NOBODYS, &nothing)?;
        let made = answer.status() == 200;
        if made {
            let again = self.put(&key, headers, NOBODYS, &nothing);
            if self.remove(&key).is_err() {
                return Err(format!(
                    "doesn't let an object be removed that was put to see how it goes; remove {key}"
                ));
            }
            answer = again?;
        }
        match answer.status().as_u16() {
            404 | 409 | 412 => Ok(()),
            200 => Err("puts objects whatever If-Match says, so a purge could overwrite what others put meanwhile; use a service that heeds it".into()),
            _ => Err(told(answer)),
        }
    }

    fn put(
        &self,
        key: &str,
        headers: &[(String, String)],
        tag: &str,
        file: &File,
    ) -> Result<Response<Body>, String> {
        let condition = ("if-match".to_owned(), tag.to_owned());
        let headers: Vec<_> = headers.iter().cloned().chain([condition]).collect();
        let mut action = PutObject::new(&self.bucket, Some(&self.credentials), key);
        for (name, value) in &headers {
            action.headers_mut().insert(name, value);
        }
        self.call(&action, &headers, Some(file))
    }

    /// Removes an object, if it is there.
    pub(super) fn remove(&self, key: &str) -> Result<(), String> {
        let answer = self.retried(&DeleteObject::new(&self.bucket, Some(&self.credentials), key), &[])?;
        if answer.status().is_success() { Ok(()) } else { Err(told(answer)) }
    }

    /// Calls again after a while if the service can't answer now.
    fn retried<'a, A: S3Action<'a>>(
        &self,
        action: &A,
        headers: &[(String, String)],
    ) -> Result<Response<Body>, String> {
        let mut wait = Duration::from_millis(500);
        for _ in 1..TRIES {
            match self.call(action, headers, None) {
                Ok(answer) if !matches!(answer.status().as_u16(), 429 | 500 | 502..=504) => {
                    return Ok(answer);
                }
                Ok(_) => thread::sleep(wait),
                Err(error) => return Err(error),
            }
            wait *= 4;
        }
        self.call(action, headers, None)
    }

    fn call<'a, A: S3Action<'a>>(
        &self,
        action: &A,
        headers: &[(String, String)],
        body: Option<&File>,
    ) -> Result<Response<Body>, String> {
        const UNSAID: &str = "has a key or metadata that can't be said in HTTP";
        let mut request =
            ureq::http::Request::builder().method(A::METHOD.to_str()).uri(action.sign(SIGNED).as_str());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = match body {
            Some(file) => self.agent.run(request.body(file).map_err(|_| UNSAID)?),
            None => self.agent.run(request.body(()).map_err(|_| UNSAID)?),
        };
        answer.map_err(|error| format!("can't be reached: {error}"))
    }
}

/// The headers that are put again, or why it would lose something.
fn kept(headers: &HeaderMap) -> Result<Vec<(String, String)>, &'static str> {
    const LOST: &str = "has metadata that are no plain text and would be lost; rewrite it by hand";
    let class = headers.get("x-amz-storage-class");
    if class.is_some_and(|class| ARCHIVES.iter().any(|archive| class == archive)) {
        return Err("is archived, and would be at once again; copy it to another class and remove it here");
    }
    if headers.contains_key("x-amz-missing-meta") {
        return Err(LOST);
    }
    let kept = headers
        .iter()
        .filter(|(name, _)| KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-"));
    kept.map(|(name, value)| Ok((name.as_str().to_owned(), value.to_str().map_err(|_| LOST)?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purge::s3::place::Place;

    fn open(path: &str, access: &Access) -> Result<Server, String> {
        let keys = |name: &str| {
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].contains(&name).then(|| "key".to_owned())
        };
        Server::open(Place::parse(path).unwrap().bucket, Some(access), &keys)
    }

    #[test]
    fn without_an_endpoint_it_is_amazon_s() {
        let base = |path: &str| open(path, &Access::default()).unwrap().bucket.base_url().to_string();
        assert_eq!(base("s3://data/a"), "https://data.s3.us-east-1.amazonaws.com/");
        assert_eq!(base("s3://data.example/a"), "https://s3.us-east-1.amazonaws.com/data.example/");
        let access = Access {
            endpoint: Some("https://x.r2.cloudflarestorage.com".into()),
            region: Some("auto".into()),
            ..Access::default()
        };
        let server = open("s3://data/a", &access).unwrap();
        assert_eq!(
            (server.bucket.base_url().as_str(), server.bucket.region()),
            ("https://x.r2.cloudflarestorage.com/data/", "auto")
        );
        let strange = Access { region: Some("eu/x".into()), ..Access::default() };
        assert!(open("s3://data/a", &strange).is_err_and(|error| error.contains("region")));
    }

    #[test]
    fn one_that_is_not_there_is_told_without_its_address() {
        let access = Access { endpoint: Some("http://127.0.0.1:1".into()), ..Access::default() };
        let error = open("s3://data/a", &access).unwrap().fetch("ada@example.com").map(drop).unwrap_err();
        assert!(
            error.contains("can't be reached") && !error.contains("ada") && !error.contains("X-Amz"),
            "{error}"
        );
    }
}
