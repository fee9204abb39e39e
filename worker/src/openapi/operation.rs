//! What is said of every endpoint: the form of it, and what follows from that form, such as the problems that a call can end in.

use super::schema::path_user_id;
use crate::routes::Endpoint;
use consentry::problem::{Code, Problem};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

pub(super) const INTRODUCTION: &str = "\
Records consent so that it can be proved and never quietly changed. A person is named by the id that your site knows them \
by; the database holds only a keyed hash of it.

**Credentials.** A site's backend sends an API key. A signed-in person, such as the user of a mobile app, sends a JSON Web \
Token that the site's backend signed (EdDSA or ES256; `iss` the site's id, `sub` the user id, `aud` `consentry`, `exp` \
within 24 hours) and reaches their own data only. An anonymous visitor's browser makes a secret of 32 random bytes and shows \
it; their user id is `anonymous:` and the base64url form of its SHA-256.

**Repeating calls.** Every POST takes an `Idempotency-Key`; a repeated call with the same key and body gets the first answer.

**Errors** are problem documents (RFC 9457) with a stable `code`. Answers may gain fields and lose none.";

/// The type of a body and an example of it.
pub(super) struct Body {
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(super) example: Value,
    pub(super) required: bool,
}

#[allow(clippy::unnecessary_wraps, reason = "every use of it fills an Option")]
pub(super) fn body<T: JsonSchema>(example: Value) -> Option<Body> {
    Some(Body { schema: SchemaGenerator::subschema_for::<T>, example, required: true })
}

#[allow(clippy::unnecessary_wraps, reason = "every use of it fills an Option")]
pub(super) fn optional<T: JsonSchema>(example: Value) -> Option<Body> {
    Some(Body { schema: SchemaGenerator::subschema_for::<T>, example, required: false })
}

/// Query parameters by name, with their schema and meaning.
pub(super) type Query = Vec<(&'static str, Value, &'static str)>;

/// One endpoint in words.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) security: Value,
    pub(super) request: Option<Body>,
    /// Whether the request's body may also come as bytes, which the description explains.
    pub(super) bytes: bool,
    /// Other media types that the answer may have, which the description explains.
    pub(super) forms: &'static [&'static str],
    pub(super) success: (u16, &'static str),
    /// What status 200 means with the same body, where that isn't the success.
    pub(super) again: Option<&'static str>,
    pub(super) response: Option<Body>,
    pub(super) query: Query,
}

impl Operation {
    pub(super) fn parameters(&self, endpoint: Endpoint) -> Vec<Value> {
        let mut parameters: Vec<_> = endpoint
            .path()
            .split(['{', '}'])
            .skip(1)
            .step_by(2)
            .map(|name| {
                let (schema, description) = match name {
                    "user_id" => (path_user_id(), "The person, percent-encoded; at most 256 bytes of UTF-8."),
                    "purpose" => (json!({ "type": "string", "examples": ["model_training"] }), "A purpose of the site."),
                    "dataset" => (json!({ "type": "string", "examples": ["corpus_2026_11"] }), "The data set's name."),
                    "model" => (json!({ "type": "string", "examples": ["ranker_7"] }), "The model's name."),
                    "number" => (json!({ "type": "integer", "minimum": 0 }), "Which piece, from 0 on."),
                    "site" => (json!({ "type": "string", "examples": ["demo"] }), "The site's id."),
                    "hash" => (json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }), "The SHA-256 of the notice."),
                    "*path" => (json!({ "type": "string", "examples": ["0/x001/x234/067.p/128"] }), "Level, place and width."),
                    "log_index" => (json!({ "type": "integer", "minimum": 0 }), "Its place in the log."),
                    _ => (json!({ "type": "string" }), "Its id."),
                };
                let name = name.trim_start_matches('*');
                json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description })
            })
            .collect();
        parameters.extend(self.query.iter().map(|(name, schema, description)| {
            json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description })
        }));
        if endpoint.method_name() == "POST" {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
                "description": "A name for this call, such as a UUID, kept for 24 hours.",
            }));
        }
        parameters
    }

    /// The problems that a call can end in.
    pub(super) fn problems(&self) -> Vec<Code> {
        let mut codes = vec![Code::MalformedRequest, Code::MethodNotAllowed];
        if self.tag != "service" {
            codes.extend([Code::InvalidField, Code::RateLimited]);
            if self.security != json!([]) {
                codes.extend([Code::Unauthenticated, Code::Forbidden]);
            } else if self.id == "openPrivacyPage" {
                // Its body holds the credentials.
                codes.push(Code::Unauthenticated);
            }
            if self.id == "restartLog" {
                codes.push(Code::LogNotRolledBack);
            }
        }
        if self.request.is_some() {
            codes.extend([Code::MalformedJson, Code::IdempotencyKeyReused]);
        }
        if self.request.is_some() || self.bytes {
            codes.extend([Code::BodyTooLarge, Code::UnsupportedMediaType]);
        }
        if self.tag == "agents" || self.tag == "data rights" {
            codes.push(Code::Conflict);
        }
        if self.tag == "training" {
            codes.push(Code::SnapshotNotBuilt);
        }
        codes.extend([Code::NotFound, Code::Misconfigured, Code::Internal, Code::StorageUnavailable]);
        codes
    }
}

pub(super) fn tags() -> Value {
    json!([
        { "name": "consent", "description": "Record decisions, and ask what holds." },
        { "name": "data rights", "description": "What a person may ask for: export, erasure, audit trail." },
        { "name": "agents", "description": "Erasing where the edge can't reach: tasks for agents beside the data." },
        { "name": "training", "description": "Who granted a purpose, for those who train models." },
        { "name": "lineage", "description": "Data sets that were made for training, and the models that were trained on them." },
        { "name": "log", "description": "Proof that the log of events only ever grew; open to everybody." },
        { "name": "admin", "description": "Sites and API keys, for whoever runs the service." },
        { "name": "service", "description": "What the service says about itself; open to everybody." },
    ])
}

pub(super) fn security_schemes() -> Value {
    json!({
        "api_key": { "type": "http", "scheme": "bearer", "bearerFormat": "ck_…",
            "description": "An API key of a site's backend." },
        "person": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A signed-in person's token." },
        "visitor": { "type": "apiKey", "in": "header", "name": "Consentry-Secret",
            "description": "An anonymous visitor's secret. POST bodies may hold it in `anonymous` instead." },
        "visitor_site": { "type": "apiKey", "in": "header", "name": "Consentry-Site",
            "description": "The site that the visitor is on." },
        "one_task": { "type": "http", "scheme": "bearer", "description": "The token of one task of an erasure." },
        "admin": { "type": "http", "scheme": "bearer", "description": "The admin secret of the deployment." },
    })
}

pub(super) fn problem_example(code: Code) -> Value {
    let problem = match code {
        Code::InvalidField => {
            let list = "model_training, inference, analytics, personalization";
            Problem::field("purpose", format!("this site has no such purpose; use one of: {list}"))
                .allowing(list.split(", "))
        }
        other => Problem::new(other, "A sentence that says what is wrong this time and what to do."),
    };
    json!(problem)
}
