//! Talking to a bucket: listing, fetching, and replacing what nobody changed meanwhile. Owns the calls and what went wrong as a sentence;
//! answers are never repeated in one, because they can hold ids of users, and neither are addresses, which are signed.

use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Read as _, Seek as _};
use std::sync::OnceLock;
use std::time::Duration;

use rusty_s3::actions::{DeleteObject, GetObject, ListObjectsV2, PutObject};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::credentials;
use super::place::{Access, Place, check_endpoint};

/// How long an address is good for once it is signed.
const SIGNED: Duration = Duration::from_mins(15);

/// How long an answer may take to begin, and each read and write of a body.
const PATIENCE: Duration = Duration::from_mins(2);

/// The most that one put takes, in bytes: 5 GiB, for Amazon; R2 takes as much but for 5 MiB.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024 - 5 * 1024 * 1024;

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
    headers: Vec<(String, String)>,
    /// What keeps it from being put again, if something does.
    fixed: Option<&'static str>,
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
        let credentials = credentials::read(access, environment)?;
        let region =
            access.region.clone().or_else(|| environment("AWS_REGION")).unwrap_or_else(|| "us-east-1".into());
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(
                "has a region that is none; it has letters, digits and dashes, such as eu-central-1".into()
            );
        }
        let (endpoint, style) = match access.endpoint.clone().or_else(|| environment("AWS_ENDPOINT_URL")) {
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
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .timeout_per_write(Some(PATIENCE))
            .user_agent(concat!("consentry/", env!("CARGO_PKG_VERSION")));
        Ok(Self { agent: config.build().new_agent(), bucket, credentials, careful: OnceLock::new() })
    }

    /// A bucket that keeps old versions keeps what is removed, and what was removed before.
    pub(super) fn refuse_if_versioned(&self) -> Result<(), String> {
        // The address of no object is that of the bucket.
        let mut action = GetObject::new(&self.bucket, Some(&self.credentials), "");
        action.query_mut().insert("versioning", "");
        let answer = self.call(&action, &[], None)?;
        // Who knows no versions says so with another status, and whoever may not ask sees it by each object.
        if answer.status() == 200 {
            let said = text(answer)?;
            if said.contains(">Enabled<") || said.contains(">Suspended<") {
                return Err(VERSIONED.into());
            }
        }
        Ok(())
    }

    /// The keys that begin so, of which this holds.
    pub(super) fn keys(&self, prefix: &str, means: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut action = ListObjectsV2::new(&self.bucket, Some(&self.credentials));
            action.with_prefix(prefix);
            if let Some(token) = &token {
                action.with_continuation_token(token);
            }
            let answer = self.call(&action, &[], None)?;
            if answer.status() != 200 {
                return Err(told(answer));
            }
            let page = ListObjectsV2::parse_response(&text(answer)?)
                .map_err(|_| "gave a list that can't be read")?;
            keys.extend(page.contents.into_iter().map(|object| object.key).filter(|key| means(key)));
            match page.next_continuation_token {
                None => return Ok(keys),
                next if next == token => return Err("gave a list without an end".into()),
                next => token = next,
            }
        }
    }

    /// Fetches an object whole; `None` if it isn't there.
    pub(super) fn fetch(&self, key: &str) -> Result<Option<Fetched>, String> {
        let answer = self.call(&GetObject::new(&self.bucket, Some(&self.credentials), key), &[], None)?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(told(answer)),
        }
        let header =
            |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if header("x-amz-version-id").is_some_and(|version| version != "null") {
            return Err(VERSIONED.into());
        }
        let tag = header("etag").ok_or("was given without an ETag")?;
        let kept = answer.headers().iter().filter(|(name, _)| is_kept(name.as_str()));
        let headers = kept.map(|(name, value)| match value.to_str() {
            Ok(value) => Ok((name.as_str().to_owned(), value.to_owned())),
            Err(_) => Err("has metadata that is no plain text and would be lost; rewrite it by hand"),
        });
        let headers: Result<Vec<_>, _> = headers.collect();
        let fixed = match (&headers, header("x-amz-tagging-count")) {
            (Err(why), _) => Some(*why),
            (_, Some(count)) if count != "0" => {
                Some("has tags, which it would lose; remove them or rewrite it by hand")
            }
            _ => None,
        };
        let length = answer.body().content_length();
        let mut file = tempfile::tempfile()
            .map_err(|error| format!("can't be kept in the temporary folder: {error}"))?;
        let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let got =
            io::copy(&mut body, &mut file).map_err(|error| format!("can't be fetched whole: {error}"))?;
        if length.is_some_and(|length| length != got) {
            return Err("came cut short; try again".into());
        }
        Ok(Some(Fetched { file, tag, headers: headers.unwrap_or_default(), fixed }))
    }

    /// Puts `file` in the place of an object as it was fetched; whether it still was that.
    pub(super) fn replace(&self, key: &str, fetched: &Fetched, file: &mut File) -> Result<bool, String> {
        if let Some(why) = fetched.fixed {
            return Err(why.into());
        }
        let io = |error: io::Error| error.to_string();
        if file.metadata().map_err(io)?.len() > LARGEST {
            return Err("has more than 5 GiB, which can't be put at once; split it".into());
        }
        file.rewind().map_err(io)?;
        let mut headers = fetched.headers.clone();
        headers.push(("if-match".into(), fetched.tag.clone()));
        let mut action = PutObject::new(&self.bucket, Some(&self.credentials), key);
        sign(&mut action, &headers);
        let answer = self.call(&action, &headers, Some(file))?;
        match answer.status().as_u16() {
            200 => Ok(true),
            // It is gone, another one, or being replaced.
            404 | 409 | 412 => Ok(false),
            _ => Err(told(answer)),
        }
    }

    /// Refuses a bucket that would put in spite of a condition that doesn't hold: it would overwrite what somebody else put meanwhile.
    /// It is asked once, with an object that doesn't exist.
    pub(super) fn refuse_if_careless(&self, place: &Place<'_>) -> Result<(), String> {
        self.careful.get_or_init(|| self.probe(place)).clone()
    }

    fn probe(&self, place: &Place<'_>) -> Result<(), String> {
        let key = format!("{}.consentry-{:016x}", place.prefix(), RandomState::new().build_hasher().finish());
        let headers = [("if-match".to_owned(), "\"00000000000000000000000000000000\"".to_owned())];
        let mut action = PutObject::new(&self.bucket, Some(&self.credentials), &key);
        sign(&mut action, &headers);
        let answer =
            self.call(&action, &headers, Some(&tempfile::tempfile().map_err(|error| error.to_string())?))?;
        match answer.status().as_u16() {
            404 | 409 | 412 => Ok(()),
            200 => {
                let left = self
                    .remove(&key)
                    .err()
                    .map(|_| format!("; remove {}", place.name(&key)))
                    .unwrap_or_default();
                Err(format!(
                    "puts objects whatever If-Match says, so a purge could overwrite what others put meanwhile; use a service that heeds it{left}"
                ))
            }
            _ => Err(told(answer)),
        }
    }

    /// Removes an object, if it is there.
    pub(super) fn remove(&self, key: &str) -> Result<(), String> {
        let answer = self.call(&DeleteObject::new(&self.bucket, Some(&self.credentials), key), &[], None)?;
        if answer.status().is_success() { Ok(()) } else { Err(told(answer)) }
    }

    fn call<'a, A: S3Action<'a>>(
        &self,
        action: &A,
        headers: &[(String, String)],
        body: Option<&File>,
    ) -> Result<Response<Body>, String> {
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

const UNSAID: &str = "has a key or metadata that can't be said in HTTP";

const VERSIONED: &str = "is in a bucket that keeps old versions, which would keep what is removed; end versioning and remove the old versions, or \
                         copy what is current to a bucket without it";

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || name.starts_with("x-amz-meta-")
}

fn sign<'a>(action: &mut PutObject<'a>, headers: &'a [(String, String)]) {
    for (name, value) in headers {
        action.headers_mut().insert(name, value);
    }
}

fn text(answer: Response<Body>) -> Result<String, String> {
    let mut text = String::new();
    let mut body = answer.into_body().into_with_config().limit(64 << 20).reader();
    body.read_to_string(&mut text).map_err(|error| format!("gave an answer that can't be read: {error}"))?;
    Ok(text)
}

/// What a refusal says.
fn told(answer: Response<Body>) -> String {
    let status = answer.status().as_u16();
    let said = text(answer).unwrap_or_default();
    let code =
        said.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code = code.filter(|code| code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match (status, code) {
        (403, code) => {
            let code = code.unwrap_or("AccessDenied");
            format!(
                "refuses ({code}); check its access key, which must be allowed to list, get and put objects"
            )
        }
        (404, Some("NoSuchBucket")) => "has no such bucket; check its name and the endpoint".into(),
        (
            301 | 307 | 400,
            Some(
                "PermanentRedirect"
                | "TemporaryRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException",
            ),
        ) => "is in another region; name that as region".into(),
        (_, Some(code)) => format!("answered with HTTP status {status} ({code})"),
        (_, None) => format!("answered with HTTP status {status}; is it a service with the interface of S3?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
