//! Requests in and answers out, without a runtime: strict JSON, paths, queries, problem documents. Which call means what is
//! the business of the handlers.

use crate::object::Object;
use consentry::problem::{Code, Problem};
use http::{HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// The largest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The largest piece of an index that is read, in bytes.
pub(crate) const MAX_CHUNK: usize = consentry::granted::file::CHUNK;

/// How much of a body is read at most. Only pieces of an index (`PUT /lineage/…`) may be larger than other bodies.
pub(crate) fn max_body(method: &Method, path: &str) -> usize {
    if *method == Method::PUT && path.starts_with("/lineage/") { MAX_CHUNK } else { MAX_BODY }
}

/// A whole answer.
pub(crate) type Answer = Response<String>;

/// Among the extensions of an answer: its body is an object.
#[derive(Clone)]
pub(crate) struct Stored {
    /// The object's name.
    pub(crate) name: String,
    /// What is answered in its place if there is no such object.
    pub(crate) missing: Problem,
}

/// One call, with what the platform knows about the caller.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// As it came, still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: String,
    /// By name in lower case; several of one name are joined by commas, as the runtime does it.
    pub(crate) headers: BTreeMap<String, String>,
    /// Cut somewhere behind what [`max_body`] allows.
    pub(crate) body: Vec<u8>,
    /// The caller's country as the platform sees it, ISO 3166-1 alpha-2.
    pub(crate) country: Option<String>,
    /// And the part of it, the second part of ISO 3166-2.
    pub(crate) region: Option<String>,
}

impl Call {
    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The caller's address as the platform saw it.
    pub(crate) fn address(&self) -> &str {
        self.header("cf-connecting-ip").unwrap_or("unknown")
    }

    /// Whether the browser sends Global Privacy Control; any other value than `1` is ignored.
    pub(crate) fn gpc(&self) -> bool {
        self.header("sec-gpc") == Some("1")
    }

    /// The languages that the caller wants: what the address asks for (`?lang=de`, for pages that know their language), then what
    /// the browser does: in the order of its list, because browsers put first what they prefer, whatever the weights.
    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        let asked = self.query.split('&').filter_map(|pair| pair.strip_prefix("lang="));
        let preferred = self.header("accept-language").unwrap_or_default().split(',');
        asked.chain(preferred.filter_map(|range| Some(range.split(';').next()?.trim())))
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A query parameter that is a whole number.
    pub(crate) fn query_number(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.query(name)
            .map(|text| {
                text.parse().ok().filter(|number| *number <= 1 << 53).ok_or_else(|| {
                    Problem::field(name, format!("the query parameter {name} must be a whole number"))
                })
            })
            .transpose()
    }

    /// A query parameter that says yes or no.
    pub(crate) fn query_flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.query(name)
            .map(|text| match text.as_str() {
                "1" => Ok(true),
                "0" => Ok(false),
                _ => Err(Problem::field(name, format!("the query parameter {name} must be 0 or 1"))
                    .allowing(["0", "1"])),
            })
            .transpose()
    }

    /// Whether the query parameter `order` asks for the other way round.
    pub(crate) fn query_descends(&self) -> Result<bool, Problem> {
        match self.query("order").as_deref() {
            None | Some("asc") => Ok(false),
            Some("desc") => Ok(true),
            Some(_) => {
                let detail = "the query parameter order is asc, as without it, or desc, the other way round";
                Err(Problem::field("order", detail).allowing(["asc", "desc"]))
            }
        }
    }

    /// Whether the body is announced to be of a media type, whatever its parameters.
    pub(crate) fn is_announced_as(&self, media_type: &str) -> bool {
        let announced = self.header("content-type").unwrap_or_default();
        announced.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
    }

    /// Whether the caller asks for this media type by its name.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        let asked = self.header("accept").unwrap_or_default();
        asked
            .split(',')
            .any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type))
    }

    /// The body, if it is within the limit.
    pub(crate) fn bytes(&self) -> Result<&[u8], Problem> {
        if self.body.len() > MAX_BODY {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!("the body is larger than {MAX_BODY} bytes; send fewer decisions at a time"),
            ));
        }
        Ok(&self.body)
    }

    /// The body as bytes, announced as such, if it is within the limit of a piece of an index.
    pub(crate) fn chunk(&self) -> Result<&[u8], Problem> {
        if !self.is_announced_as("application/octet-stream") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "send the bytes as they are with the header Content-Type: application/octet-stream",
            ));
        }
        if self.body.len() > MAX_CHUNK {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!(
                    "a piece of an index has at most {MAX_CHUNK} bytes; send it as the answer to POST /lineage says"
                ),
            ));
        }
        Ok(&self.body)
    }

    /// The body as `T`: announced as JSON, within the limit, with every field known and of its type.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_announced_as("application/json") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "send the body as JSON with the header Content-Type: application/json",
            ));
        }
        let mut reader = serde_json::Deserializer::from_slice(self.bytes()?);
        let Object(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| explain(&error))?;
        reader.end().map_err(|error| not_json(&error))?;
        Ok(value)
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(
        Code::MalformedJson,
        format!("the body is not JSON (line {}, column {})", error.line(), error.column()),
    )
}

/// Tells which field is wrong and what it must be. serde quotes the value that it did not want, which may be a user id in the
/// wrong place, so only what it expected is passed on.
fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if !inner.is_data() {
        return not_json(inner);
    }
    let text = inner.to_string();
    let sentence = text.rsplit_once(" at line ").map_or(text.as_str(), |(sentence, _)| sentence);
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    if let Some(name) = quoted(sentence, "missing field `") {
        return Problem::field(join(&path, name), "this field is missing");
    }
    if let Some(name) = quoted(sentence, "duplicate field `") {
        return Problem::field(join(&path, name), "this field stands twice");
    }
    let Some((_, expected)) = sentence.rsplit_once(", expected ") else {
        return Problem::field(join(&path, ""), sentence);
    };
    let allowed = expected
        .strip_prefix("one of ")
        .unwrap_or(expected)
        .split([',', ' '])
        .filter_map(|word| word.strip_prefix('`')?.strip_suffix('`'));
    if sentence.starts_with("unknown field ") {
        // The path ends in the name of the unknown field already.
        Problem::field(join(&path, ""), "there is no such field").allowing(allowed)
    } else if sentence.starts_with("unknown variant ") {
        Problem::field(join(&path, ""), "there is no such value").allowing(allowed)
    } else {
        Problem::field(join(&path, ""), format!("this must be {expected}"))
    }
}

/// The dotted path of a field below another; the whole body is called `body`.
fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", "") => "body".into(),
        ("", name) => name.into(),
        (path, "") => path.into(),
        (path, name) => format!("{path}.{name}"),
    }
}

fn quoted<'a>(sentence: &'a str, before: &str) -> Option<&'a str> {
    sentence.strip_prefix(before)?.split('`').next()
}

/// One segment of a path, decoded.
pub(crate) fn decode_segment(segment: &str) -> Result<String, Problem> {
    percent_decode_str(segment).decode_utf8().map(Into::into).map_err(|_| {
        Problem::new(Code::MalformedRequest, "the path is not UTF-8; percent-encode the bytes of UTF-8")
    })
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Answer, Problem> {
    let text = serde_json::to_string(body)
        .map_err(|_| Problem::new(Code::Internal, "the answer could not be written"))?;
    Ok(answer(status, "application/json", text))
}

/// The answer to a call that failed.
pub(crate) fn problem(problem: &Problem) -> Answer {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer =
        answer(status, "application/problem+json", serde_json::to_string(problem).unwrap_or_default());
    let headers = answer.headers_mut();
    match problem.code {
        Code::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"consentry\""));
        }
        // The platform's limiter counts by the minute, and as often the scheduled handler goes on with building.
        Code::RateLimited | Code::SnapshotNotBuilt => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        Code::StorageUnavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Code::MethodNotAllowed => {
            if let Ok(allow) = HeaderValue::from_str(&problem.allowed.join(", ")) {
                headers.insert(header::ALLOW, allow);
            }
        }
        _ => {}
    }
    answer
}

/// Any answer. Nothing about a person may rest in a cache, so nothing does unless a handler says otherwise.
pub(crate) fn answer(status: StatusCode, media_type: &'static str, body: String) -> Answer {
    // Nothing has no type: a client that sees one would try to read it.
    let empty = body.is_empty();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if !empty {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Body {
        purpose: String,
        decisions: Vec<Inner>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        status: consentry::record::Status,
    }

    fn parse(content_type: &str, body: &str) -> Problem {
        let headers = BTreeMap::from([("content-type".into(), content_type.into())]);
        let call = Call {
            method: Method::POST,
            path: String::new(),
            query: String::new(),
            headers,
            body: body.into(),
            country: None,
            region: None,
        };
        call.json::<Body>().unwrap_err()
    }

    fn field(body: &str) -> (u16, Option<String>) {
        let problem = parse("application/json; charset=utf-8", body);
        (problem.code.status(), problem.field.clone())
    }

    #[test]
    fn a_wrong_body_names_its_field() {
        assert_eq!(field(r#"{"purpose":1,"decisions":[]}"#), (422, Some("purpose".into())));
        assert_eq!(field(r#"{"purpose":"a"}"#), (422, Some("decisions".into())));
        assert_eq!(field(r#"{"purpose":"a","decisions":[{}]}"#), (422, Some("decisions[0].status".into())));
        assert_eq!(field(r#"{"purpose":"a","decisions":[{"x":1}]}"#), (422, Some("decisions[0].x".into())));
        assert_eq!(field(r#"{"user":"a"}"#), (422, Some("user".into())));
        assert_eq!(field(r"[]"), (422, Some("body".into())));
    }

    #[test]
    fn an_unknown_value_is_told_what_is_allowed() {
        let problem = parse("application/json", r#"{"purpose":"a","decisions":[{"status":"yes"}]}"#);
        assert_eq!(problem.field.as_deref(), Some("decisions[0].status"));
        assert_eq!(problem.allowed, ["granted", "revoked", "pending"]);
    }

    #[test]
    fn what_was_sent_is_never_quoted() {
        for body in [
            r#"{"purpose":"a","decisions":"ada@example.com"}"#,
            r#"{"purpose":"a","decisions":[{"status":"ada@example.com"}]}"#,
            r#"{"purpose":"a","decisions":[{"status":{"ada@example.com":1}}]}"#,
            r#""ada@example.com, expected one of `x`""#,
        ] {
            let problem = parse("application/json", body);
            assert_eq!(problem.code, Code::InvalidField, "{body}");
            assert!(!serde_json::to_string(&problem).unwrap().contains("ada"), "{problem:?}");
        }
    }

    #[test]
    fn broken_json_and_what_follows_it_is_400() {
        assert_eq!(field(r#"{"purpose""#).0, 400);
        assert_eq!(field("").0, 400);
        assert_eq!(field(r#"{"purpose":"a","decisions":[]} x"#).0, 400);
    }

    #[test]
    fn other_media_types_are_415_and_large_bodies_413() {
        assert_eq!(parse("text/plain", "{}").code, Code::UnsupportedMediaType);
        assert_eq!(parse("application/json", &" ".repeat(MAX_BODY + 1)).code, Code::BodyTooLarge);
    }
}
