//! The first-party cookie in which a visitor's browser keeps its secret and choice. Owns what may be in it, for which domain, and
//! when it is left as it is. It is no credential: whoever calls shows the secret itself, which no page of another site can read,
//! whereas a cookie comes with every call that such a page makes.

use crate::{
    app::App,
    http::{Answer, Call},
    model::CookieInput,
};
use consentry::{banner::Choice, problem::Problem, slug::Slug, subject::VisitorSecret, time::Timestamp};
use http::{HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// 400 days in seconds, the longest that browsers keep a cookie (draft-ietf-httpbis-rfc6265bis, section 5.5).
const MAX_AGE_S: u32 = 400 * 24 * 60 * 60;

/// The most bytes of name and value together that browsers keep (the same, section 5.6).
const MAX_LEN: usize = 4096;

/// What a script's `encodeURIComponent` leaves, less what a cookie must not hold.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A cookie that is ready to be set.
pub(super) struct Cookie(HeaderValue);

impl Cookie {
    /// The cookie that a visitor of a site wants; `None` if the browser has a later choice already, which a decision that
    /// arrives late must not undo.
    pub(super) fn new<P>(
        app: &App<'_, P>,
        call: &Call,
        site: &Slug,
        secret: Option<&str>,
        wanted: &CookieInput,
    ) -> Result<Option<Self>, Problem> {
        let secret = secret.ok_or_else(|| {
            Problem::field("cookie", "only a visitor who shows their secret can be given a cookie of it")
        })?;
        let choice = Choice::parse(&wanted.choice).ok_or_else(|| {
            let detail =
                "the choice must be as the banner keeps it, such as 1 3 analytics=granted@1795000000000";
            Problem::field("cookie.choice", detail)
        })?;
        // What is embedded elsewhere shares less, not more: its cookie is for the host alone.
        let domain = wanted.domain.as_deref().filter(|_| !wanted.embedded);
        if !domain.is_none_or(|domain| covers(domain, host(call))) {
            let detail =
                "the domain must be the host that is called or a parent of it, with a dot and in lower case";
            return Err(Problem::field("cookie.domain", detail));
        }
        let name = format!("consentry.{site}");
        let pair = format!("{name}={}", utf8_percent_encode(&format!("{secret} {}", wanted.choice), &PLAIN));
        if pair.len() > MAX_LEN {
            let detail = format!("with this choice the cookie would be longer than {MAX_LEN} bytes");
            return Err(Problem::field("cookie.choice", detail));
        }
        if held(call, &name, app.now) > choice.latest() {
            return Ok(None);
        }
        // A script reads it, so it is not HttpOnly.
        let mut cookie = format!("{pair}; Path=/; Max-Age={MAX_AGE_S}; Secure");
        cookie.push_str(if wanted.embedded { "; SameSite=None; Partitioned" } else { "; SameSite=Lax" });
        if let Some(domain) = domain {
            cookie.push_str("; Domain=");
            cookie.push_str(domain);
        }
        // Every part of it is made of visible ASCII characters and spaces.
        Ok(HeaderValue::from_str(&cookie).ok().map(Self))
    }

    /// Sends it along.
    pub(super) fn set(self, answer: &mut Answer) {
        answer.headers_mut().append(header::SET_COOKIE, self.0);
    }
}

/// The host that is called, without a port.
fn host(call: &Call) -> &str {
    let host = call.header("host").unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// Whether a cookie of the domain may come from the host. That nobody shares a cookie with all of `co.uk` is seen to by browsers,
/// which know such suffixes.
fn covers(domain: &str, host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name that ends in a number is an address, which has no parents.
    let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
    let is_name = domain.len() <= 253
        && domain.split('.').all(label)
        && last.bytes().any(|byte| !byte.is_ascii_digit());
    let above = host.strip_suffix(domain);
    is_name && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The moment of the latest choice that the browser's cookies of this name hold. One from the future is that of a clock that was
/// wrong, and would keep every later choice out.
fn held(call: &Call, name: &str, now: Timestamp) -> Option<Timestamp> {
    let cookies = call.header("cookie").unwrap_or_default().split(';');
    let values = cookies.filter_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='));
    values
        .filter_map(|value| {
            let text = percent_decode_str(value).decode_utf8().ok()?;
            let (secret, choice) = text.split_once(' ')?;
            VisitorSecret::parse(secret)?;
            Choice::parse(choice)?.latest().filter(|latest| *latest <= now)
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gives_cookies_to_itself_and_its_parents() {
        for domain in ["consent.example.com", "example.com"] {
            assert!(covers(domain, "consent.example.com"), "{domain}");
        }
    }

    #[test]
    fn a_host_gives_no_cookies_to_anybody_else() {
        for domain in [
            "",
            "com",
            ".com",
            ".example.com",
            "example.com.",
            "ample.com",
            "a.consent.example.com",
            "example.org",
            "Example.com",
            "example.com; Path=/x",
            "exämple.com",
        ] {
            assert!(!covers(domain, "consent.example.com"), "{domain:?}");
        }
    }

    #[test]
    fn an_address_has_no_parents() {
        for domain in ["127.0.0.1", "0.0.1", "0.1"] {
            assert!(!covers(domain, "127.0.0.1"), "{domain}");
        }
    }

    #[test]
    fn labels_that_no_name_has_are_refused() {
        for label in ["-a", "a-", "a_b", &"a".repeat(64)] {
            let domain = format!("{label}.com");
            assert!(!covers(&domain, &domain), "{label}");
        }
    }
}
