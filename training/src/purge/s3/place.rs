//! Where objects with rows are, `s3://BUCKET/KEY`, and how their bucket is reached. Owns what may be written there.

use std::path::PathBuf;

use glob::{MatchOptions, Pattern};
use serde::{Deserialize, Serialize};

const SCHEME: &str = "s3://";

const HELP: &str = "write s3://BUCKET/KEY, where KEY may be a pattern such as clean/*.jsonl.gz";

/// The characters with which a pattern begins.
const WILD: [char; 3] = ['*', '?', '['];

/// As in paths: only `**` goes over a `/`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// How a bucket is reached, by the interface of Amazon S3, which R2 and others have too. What isn't said is taken from the environment,
/// by the names that Amazon's tools have for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Where the service is, such as `https://ACCOUNT.r2.cloudflarestorage.com`. Else `AWS_ENDPOINT_URL`, else Amazon's in the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region. Else `AWS_REGION`, else `us-east-1`, which services without regions take too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A file with the keys, as Amazon's tools write it. Else `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// The section of that file; `default` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Access {
    /// What can be told without asking anybody.
    fn check(&self) -> Result<(), &'static str> {
        if self.profile.is_some() && self.credentials_file.is_none() {
            return Err("profile is a section of the credentials_file; name that too");
        }
        self.endpoint.as_deref().map_or(Ok(()), check_endpoint)
    }
}

/// Whether an address is one that can be called.
pub(super) fn check_endpoint(url: &str) -> Result<(), &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['@', '?', '#', ' ']) => Ok(()),
        _ => Err(
            "the endpoint of a bucket is https:// or http:// and a host, such as https://ACCOUNT.r2.cloudflarestorage.com",
        ),
    }
}

/// The objects of a bucket that a path means.
#[derive(Debug)]
pub(super) struct Place<'p> {
    pub(super) bucket: &'p str,
    key: &'p str,
    /// `None` if the key is that of one object.
    pattern: Option<Pattern>,
}

impl<'p> Place<'p> {
    pub(super) fn parse(path: &'p str) -> Result<Self, &'static str> {
        let (bucket, key) = path.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')).ok_or(HELP)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !bucket.bytes().all(plain)
            || !bucket.bytes().any(|byte| byte.is_ascii_alphanumeric())
            || key.is_empty()
        {
            return Err(HELP);
        }
        if key.ends_with('/') {
            return Err("names a folder of a bucket; write which objects in it, such as clean/**/*.jsonl");
        }
        if !can_be_asked_for(key) {
            return Err("a key with . or .. between slashes can't be asked for");
        }
        let pattern = key.contains(WILD).then(|| Pattern::new(key)).transpose().map_err(|error| error.msg)?;
        Ok(Self { bucket, key, pattern })
    }

    /// The one key, if it is no pattern.
    pub(super) const fn only(&self) -> Option<&'p str> {
        if self.pattern.is_none() { Some(self.key) } else { None }
    }

    /// What all keys begin with.
    pub(super) fn prefix(&self) -> &'p str {
        self.key.split(WILD).next().unwrap_or_default()
    }

    pub(super) fn means(&self, key: &str) -> bool {
        key == self.key || self.pattern.as_ref().is_some_and(|pattern| pattern.matches_with(key, OPTIONS))
    }

    /// How reports name an object.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{SCHEME}{}/{key}", self.bucket)
    }
}

/// The objects of a bucket that bear a user's id in the last part of their key.
#[derive(Debug)]
pub(super) struct Owned<'p> {
    pub(super) bucket: &'p str,
    pub(super) before: &'p str,
    after: &'p str,
}

impl<'p> Owned<'p> {
    pub(super) fn parse(path: &'p str) -> Result<Self, &'static str> {
        const HELP: &str = "the last part of such a key has {user_id} in it once, such as s3://BUCKET/embeddings/{user_id}.npy";
        let Place { bucket, key, pattern } = Place::parse(path)?;
        if pattern.is_some() {
            return Err("a key with {user_id} in it is no pattern");
        }
        let (before, after) = key.split_once("{user_id}").ok_or(HELP)?;
        if after.contains('/') || after.contains("{user_id}") {
            return Err(HELP);
        }
        Ok(Self { bucket, before, after })
    }

    /// The key that is a user's.
    pub(super) fn key(&self, id: &str) -> String {
        format!("{}{id}{}", self.before, self.after)
    }

    /// How reports name it, without the id.
    pub(super) fn name(&self, user: usize) -> String {
        format!("{SCHEME}{}/{}{{user {user}}}{}", self.bucket, self.before, self.after)
    }
}

/// Whether the address of an object is its own: in addresses `.` and `..` lead elsewhere.
pub(super) fn can_be_asked_for(key: &str) -> bool {
    !key.is_empty() && key.split('/').all(|part| !matches!(part, "." | ".."))
}

/// Whether a path leads into a bucket.
pub(in crate::purge) fn is_in_bucket(path: &str) -> bool {
    path.starts_with(SCHEME)
}

/// Whether a path and what is said of its bucket are understood.
pub(in crate::purge) fn check(path: &str, access: Option<&Access>) -> Result<(), &'static str> {
    if is_in_bucket(path) {
        Place::parse(path)?;
        access.map_or(Ok(()), Access::check)
    } else if access.is_some() {
        Err("s3 says how a bucket is reached, so its path begins with s3://")
    } else {
        Ok(())
    }
}

/// The same where the key bears a user's id.
pub(in crate::purge) fn check_owned(path: &str) -> Result<(), &'static str> {
    Owned::parse(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_keys_as_it_means_paths() {
        let place = Place::parse("s3://data/clean/*.jsonl.gz").unwrap();
        assert_eq!((place.bucket, place.prefix(), place.only()), ("data", "clean/", None));
        assert!(place.means("clean/a.jsonl.gz") && place.means("clean/.jsonl.gz"));
        assert!(
            !place.means("clean/b/a.jsonl.gz") && !place.means("clean/a.jsonl") && !place.means("a.jsonl.gz")
        );
        assert!(Place::parse("s3://data/**/*.jsonl").unwrap().means("a/b/c.jsonl"));
        // As a path that is there.
        let odd = Place::parse("s3://data/a[1].jsonl").unwrap();
        assert!(odd.means("a[1].jsonl") && odd.means("a1.jsonl") && odd.prefix() == "a");
        let one = Place::parse("s3://data/a.jsonl").unwrap();
        assert_eq!((one.only(), one.prefix()), (Some("a.jsonl"), "a.jsonl"));
        assert!(one.means("a.jsonl") && !one.means("a.jsonl2"));
    }

    #[test]
    fn an_id_is_in_the_last_part_of_a_key_once_and_is_no_pattern() {
        let owned = Owned::parse("s3://data/emb/v1-{user_id}.npy").unwrap();
        assert_eq!(
            (owned.bucket, owned.key("ada@example.com").as_str()),
            ("data", "emb/v1-ada@example.com.npy")
        );
        assert_eq!(owned.name(3), "s3://data/emb/v1-{user 3}.npy");
        for bad in
            ["emb", "{user_id}/x", "{user_id}{user_id}", "{user_id}/{user_id}", "*/{user_id}", "{user_id}?"]
        {
            assert!(check_owned(&format!("s3://data/{bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for bad in [
            "s3://",
            "s3://data",
            "s3://data/",
            "s3:///a",
            "s3://da ta/a",
            "s3://../a",
            "s3://a@b/c",
            "s3://data/../b",
            "s3://data/x/./*",
            "s3://data/a/",
            "s3://data/a/***",
        ] {
            assert!(check(bad, None).is_err(), "{bad}");
        }
        let access = |endpoint: &str| Access { endpoint: Some(endpoint.into()), ..Access::default() };
        for bad in [
            "data.example",
            "ftp://data.example",
            "https://",
            "https://key@data.example",
            "https://data.example?x",
        ] {
            assert!(check("s3://data/a", Some(&access(bad))).is_err(), "{bad}");
        }
        assert!(check("s3://data/a", Some(&access("http://127.0.0.1:9000"))).is_ok());
        assert!(check("data/a", Some(&Access::default())).unwrap_err().contains("s3://"));
        let profile = Access { profile: Some("x".into()), ..Access::default() };
        assert!(check("s3://data/a", Some(&profile)).unwrap_err().contains("credentials_file"));
    }
}
