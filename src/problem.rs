//! What is told to a caller whose call failed. Owns the stable codes, their HTTP status and the shape of a problem document
//! (RFC 9457). Which problem a call has is decided where it is found.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Deref;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong, by who can mend it: 4xx the caller, 5xx whoever runs the service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name on the wire; never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status (RFC 9110).
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The same sentence for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    /// The body is no JSON.
    MalformedJson = "malformed_json", 400, "The body is not JSON";
    /// A header, query or path is not of its form.
    MalformedRequest = "malformed_request", 400, "The request is malformed";
    /// No valid credentials.
    Unauthenticated = "unauthenticated", 401, "Valid credentials are needed";
    /// The credentials do not reach this far.
    Forbidden = "forbidden", 403, "These credentials do not allow this";
    /// Nothing here, or nothing this caller may know of.
    NotFound = "not_found", 404, "There is nothing here";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "This path has no such method";
    /// A new origin was asked for of a log that needs none.
    LogNotRolledBack = "log_not_rolled_back", 409, "The log was not rolled back";
    /// It was overtaken by what others did.
    Conflict = "conflict", 409, "The state of it no longer allows this";
    /// The body is over the limit.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// The body is not announced as a type that the call takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body is not of a type that this call takes";
    /// A field of the body has no acceptable value.
    InvalidField = "invalid_field", 422, "A field has no acceptable value";
    /// The key was used with another body.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The Idempotency-Key was used for another request";
    /// Too many calls.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// A setting of the service is missing or wrong.
    Misconfigured = "misconfigured", 500, "The service is not configured";
    /// The service broke a rule of its own.
    Internal = "internal", 500, "The service failed";
    /// A snapshot was asked for that is still to be built.
    SnapshotNotBuilt = "snapshot_not_built", 503, "The snapshot is not built yet";
    /// The database did not answer.
    StorageUnavailable = "storage_unavailable", 503, "The storage is not available";
}

/// One failed call. The texts never hold a user id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(Box<Parts>);

/// What a [`Problem`] says. It is boxed there, so that passing a failure on costs a pointer: every call of the edge does it in
/// dozens of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What went wrong.
    pub code: Code,
    /// What is wrong this time and what to do.
    pub detail: String,
    /// Where in the body, as a dotted path.
    pub field: Option<String>,
    /// What would be accepted there, where that is a short list.
    pub allowed: Vec<String>,
}

impl Problem {
    /// A problem with a sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts { code, detail: detail.into(), field: None, allowed: Vec::new() }))
    }

    /// A field that has no acceptable value.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::InvalidField, detail);
        problem.0.field = Some(field.into());
        problem
    }

    /// The same with the values that would be accepted.
    #[must_use]
    pub fn allowing<T: ToString>(mut self, allowed: impl IntoIterator<Item = T>) -> Self {
        self.0.allowed = allowed.into_iter().map(|value| value.to_string()).collect();
        self
    }
}

impl Deref for Problem {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Problem", 7)?;
        document.serialize_field("type", &alloc::format!("urn:consentry:problem:{}", self.code.as_str()))?;
        document.serialize_field("title", self.code.title())?;
        document.serialize_field("status", &self.code.status())?;
        document.serialize_field("code", self.code.as_str())?;
        document.serialize_field("detail", &self.detail)?;
        if let Some(field) = &self.field {
            document.serialize_field("field", field)?;
        }
        if !self.allowed.is_empty() {
            document.serialize_field("allowed", &self.allowed)?;
        }
        document.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_field_and_what_is_allowed() {
        let problem = Problem::field("purpose", "unknown").allowing(["analytics"]);
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            serde_json::json!({
                "type": "urn:consentry:problem:invalid_field", "title": "A field has no acceptable value",
                "status": 422, "code": "invalid_field", "detail": "unknown", "field": "purpose",
                "allowed": ["analytics"],
            })
        );
    }
}
