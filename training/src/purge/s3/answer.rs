//! What a service of buckets answers: read, and as a sentence where it refuses. Nothing of it but a code is ever repeated, because it can
//! hold ids of users.

use std::io::Read as _;

use ureq::Body;
use ureq::http::Response;

/// The most that is read, in bytes: a page of a list has a thousand keys of a kilobyte.
const LARGEST: u64 = 64 << 20;

pub(super) fn text(answer: Response<Body>) -> Result<String, String> {
    let mut text = String::new();
    let mut body = answer.into_body().into_with_config().limit(LARGEST).reader();
    body.read_to_string(&mut text).map_err(|error| format!("gave an answer that can't be read: {error}"))?;
    Ok(text)
}

/// What a refusal says.
pub(super) fn told(answer: Response<Body>) -> String {
    let status = answer.status().as_u16();
    sentence(status, &text(answer).unwrap_or_default())
}

/// The code of an error.
pub(super) fn code(said: &str) -> Option<&str> {
    let (code, _) = said.split_once("<Code>")?.1.split_once("</Code>")?;
    (code.len() < 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(code)
}

pub(super) fn sentence(status: u16, said: &str) -> String {
    let code = code(said);
    match (status, code) {
        (_, Some("NoSuchBucket")) => "has no such bucket; check its name and the endpoint".into(),
        (_, Some("InvalidObjectState")) => {
            "is archived, so it can't be read; restore it, or copy it to another class and remove it here"
                .into()
        }
        (_, Some("RequestTimeTooSkewed")) => "has another time than this machine; set the clock".into(),
        (301 | 307, _)
        | (
            _,
            Some(
                "PermanentRedirect"
                | "AuthorizationQueryParametersError"
                | "AuthorizationHeaderMalformed"
                | "InvalidRegionName",
            ),
        ) => "is in another region; name that as region".into(),
        (403, None | Some("AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch")) => format!(
            "refuses ({}); check its access key, which must be allowed to list, get and put objects",
            code.unwrap_or("403")
        ),
        (_, Some(code)) => format!("answered with HTTP status {status} ({code})"),
        (_, None) => format!("answered with HTTP status {status}; is it a service with the interface of S3?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do_and_repeats_a_code_at_most() {
        let said = |status, code: &str| {
            sentence(status, &format!("<Error><Code>{code}</Code><Key>ada@example.com</Key></Error>"))
        };
        for (status, code, why) in [
            (403, "SignatureDoesNotMatch", "check its access key"),
            (403, "InvalidObjectState", "restore it"),
            (403, "RequestTimeTooSkewed", "set the clock"),
            (400, "AuthorizationQueryParametersError", "name that as region"),
            (404, "NoSuchBucket", "check its name"),
            (400, "KeyTooLongError", "400 (KeyTooLongError)"),
            (500, "a b", "is it a service"),
        ] {
            let said = said(status, code);
            assert!(said.contains(why) && !said.contains("ada"), "{said}");
        }
        assert!(sentence(403, "").contains("refuses (403)"));
        assert!(sentence(502, "<html>ada@example.com</html>").contains("status 502; is it"));
    }
}
