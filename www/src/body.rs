//! The body of `POST /consent`. Owns writing it as JSON, by hand because a JSON library costs a browser 15 kB; when it is
//! sent is left to [`crate::queue`].

use alloc::{string::String, vec::Vec};
use consentry::notice::NoticeVersion;

/// Who decided, on what they had before them.
pub(crate) struct Sender<'a> {
    /// The site's id.
    pub(crate) site: &'a str,
    /// The person's secret.
    pub(crate) secret: &'a str,
    /// The version of the notice.
    pub(crate) version: NoticeVersion,
    /// The language it was shown in.
    pub(crate) language: &'a str,
    /// SHA-256 of its canonical bytes in hex; `None` where the browser can't compute it (no secure context).
    pub(crate) hash: Option<&'a str>,
}

/// One decision: purpose, status and the moment in RFC 3339.
pub(crate) type Line = (String, &'static str, String);

/// The JSON text. Without a hash there is no notice in it: a version alone proves nothing about what was shown.
pub(crate) fn body(sender: &Sender<'_>, decisions: &[Line]) -> String {
    let notice = sender.hash.map_or_else(String::new, |hash| {
        let (version, language) = (&sender.version.digits(), &string(sender.language));
        [r#""notice":{"version":"#, version, r#","language":"#, language, r#","hash":"#, &string(hash), "},"]
            .concat()
    });
    let decision = |(purpose, status, decided_at): &Line| {
        let (purpose, decided_at) = (&string(purpose), &string(decided_at));
        [
            r#"{"purpose":"#,
            purpose,
            r#","status":""#,
            status,
            r#"","legal_basis":"consent","decided_at":"#,
            decided_at,
            "}",
        ]
        .concat()
    };
    let decisions: Vec<_> = decisions.iter().map(decision).collect();
    let (site, secret, decisions) = (&string(sender.site), &string(sender.secret), &decisions.join(","));
    [
        r#"{"anonymous":{"site":"#,
        site,
        r#","secret":"#,
        secret,
        "},",
        &notice,
        r#""decisions":["#,
        decisions,
        "]}",
    ]
    .concat()
}

/// A JSON string (RFC 8259, section 7).
fn string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1f' => {
                let code = character as u8;
                json.push_str("\\u00");
                json.extend([hex_digit(code >> 4), hex_digit(code & 15)]);
            }
            _ => json.push(character),
        }
    }
    json.push('"');
    json
}

/// The digit for a number below 16.
pub(crate) fn hex_digit(number: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(number & 15)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use serde_json::{Value, json};

    fn write(site: &str, hash: Option<&str>) -> Value {
        let sender = Sender { site, secret: "c2VjcmV0", version: NoticeVersion::FIRST, language: "en", hash };
        let line =
            |purpose: &str, status| (purpose.to_owned(), status, "2026-11-24T09:30:00.000Z".to_owned());
        serde_json::from_str(&body(&sender, &[line("analytics", "granted"), line("inference", "revoked")]))
            .unwrap()
    }

    #[test]
    fn the_body_is_what_the_worker_reads() {
        assert_eq!(
            write("demo", Some("ab")),
            json!({
                "anonymous": { "site": "demo", "secret": "c2VjcmV0" },
                "notice": { "version": 1, "language": "en", "hash": "ab" },
                "decisions": [
                    { "purpose": "analytics", "status": "granted", "legal_basis": "consent",
                      "decided_at": "2026-11-24T09:30:00.000Z" },
                    { "purpose": "inference", "status": "revoked", "legal_basis": "consent",
                      "decided_at": "2026-11-24T09:30:00.000Z" },
                ],
            })
        );
    }

    #[test]
    fn any_site_name_stays_inside_its_quotes() {
        for site in ["a\"b", "back\\slash", "line\nbreak", "\u{0}\u{1f}", "naïve 🙂"] {
            assert_eq!(write(site, None)["anonymous"]["site"], site);
        }
    }

    #[test]
    fn a_notice_without_a_hash_is_left_out() {
        assert_eq!(write("demo", None).get("notice"), None);
    }
}
