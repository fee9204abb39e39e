//! The forms of values whose types belong to the core, as JSON Schema (2020-12).

use consentry::{
    decision::Reason,
    erasure::{Extension, Ground, Hold, State, StoreState},
    lineage::ModelState,
    purpose::Purpose,
    record::{LegalBasis, Status},
    regime,
    slug::Slug,
    surface::Surface,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;

fn nullable(schema: &Schema) -> Schema {
    json_schema!({ "anyOf": [schema, { "type": "null" }] })
}

fn one_of(values: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": values })
}

pub(crate) fn hash(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
}

pub(crate) fn hashes(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": hash(generator) })
}

pub(crate) fn optional_hash(generator: &mut SchemaGenerator) -> Schema {
    nullable(&hash(generator))
}

pub(crate) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time", "examples": ["2026-11-24T09:30:00.000Z"] })
}

pub(crate) fn optional_time(generator: &mut SchemaGenerator) -> Schema {
    nullable(&time(generator))
}

pub(crate) fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

pub(crate) fn optional_uuid(generator: &mut SchemaGenerator) -> Schema {
    nullable(&uuid(generator))
}

pub(crate) fn model_state(_: &mut SchemaGenerator) -> Schema {
    one_of(&ModelState::ALL.map(ModelState::as_str))
}

pub(crate) fn slug(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": Slug::PATTERN })
}

pub(crate) fn slugs(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": slug(generator), "uniqueItems": true })
}

pub(crate) fn origins(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": {
        "type": "string",
        "pattern": "^https?://[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[1-9][0-9]{0,3})?$",
        "examples": ["https://example.com"],
    } })
}

/// What a site says of itself in records of ISO/IEC TS 27560.
pub(crate) fn controller(_: &mut SchemaGenerator) -> Schema {
    let text = |words| json!({ "type": "string", "description": words });
    let texts = |words| json!({ "type": "array", "items": { "type": "string" }, "description": words });
    json_schema!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": text("Who decides why and how data is used."),
            "identifier": text("Their identifier, such as a number in a register of companies or a URL."),
            "address": text("Their postal address."),
            "contact": text("How they are reached about data protection."),
            "jurisdiction": text("Whose law holds, such as IE."),
            "personal_data": texts("What is collected, such as e-mail address."),
            "recipients": texts("To whom it goes."),
            "storage": text("Where and for how long it is kept."),
            "withdrawal": text("Where consent is withdrawn: a URL."),
            "rights": text("Which rights the person has and where."),
        },
    })
}

pub(crate) fn secret(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" })
}

/// A purpose of a site, known or declared, in an answer.
pub(crate) fn any_purpose(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": Slug::PATTERN, "examples": ["model_training"] })
}

/// A purpose in a request: those that every site has; a site may declare more.
pub(crate) fn purpose(_: &mut SchemaGenerator) -> Schema {
    let purposes = Purpose::DEFAULT;
    let names: Vec<_> = purposes.iter().map(Purpose::as_str).collect();
    json_schema!({
        "description": "One of the four purposes that every site has, or one that the site declares.",
        "type": "string",
        "pattern": Slug::PATTERN,
        "examples": names,
    })
}

pub(crate) fn status(_: &mut SchemaGenerator) -> Schema {
    one_of(&Status::ALL.map(Status::as_str))
}

pub(crate) fn legal_basis(_: &mut SchemaGenerator) -> Schema {
    one_of(&LegalBasis::ALL.map(LegalBasis::as_str))
}

pub(crate) fn optional_legal_basis(generator: &mut SchemaGenerator) -> Schema {
    nullable(&legal_basis(generator))
}

pub(crate) fn reason(_: &mut SchemaGenerator) -> Schema {
    one_of(&Reason::ALL.map(Reason::as_str))
}

pub(crate) fn surface(_: &mut SchemaGenerator) -> Schema {
    one_of(&Surface::ALL.map(Surface::as_str))
}

pub(crate) fn erasure_state(_: &mut SchemaGenerator) -> Schema {
    {
        let states: Vec<_> = State::ALL.iter().map(|state| state.as_str()).collect();
        one_of(&states)
    }
}

pub(crate) fn optional_regime(_: &mut SchemaGenerator) -> Schema {
    let codes: Vec<_> = regime::ALL.iter().map(|regime| regime.code).collect();
    nullable(&one_of(&codes))
}

pub(crate) fn country(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$", "examples": ["DE"] })
}

pub(crate) fn region(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{1,3}$", "examples": ["CA"] })
}

pub(crate) fn optional_country(generator: &mut SchemaGenerator) -> Schema {
    nullable(&country(generator))
}

pub(crate) fn ip(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [
        { "type": "string", "format": "ipv4" }, { "type": "string", "format": "ipv6" }, { "type": "null" },
    ] })
}

/// A user id, in at most 256 bytes of UTF-8.
pub(crate) fn path_user_id() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 256,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$", "examples": ["ada@example.com"],
    })
}

pub(crate) fn user_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [path_user_id(), { "type": "null" }] })
}

pub(crate) fn required_user_id(_: &mut SchemaGenerator) -> Schema {
    path_user_id().try_into().unwrap_or_default()
}

pub(crate) fn optional_slugs(generator: &mut SchemaGenerator) -> Schema {
    nullable(&slugs(generator))
}

pub(crate) fn store_state(_: &mut SchemaGenerator) -> Schema {
    let states: Vec<_> = StoreState::ALL.iter().map(|state| state.as_str()).collect();
    one_of(&states)
}

pub(crate) fn extension(_: &mut SchemaGenerator) -> Schema {
    one_of(&Extension::ALL.iter().map(|reason| reason.as_str()).collect::<Vec<_>>())
}

pub(crate) fn ground(_: &mut SchemaGenerator) -> Schema {
    one_of(&Ground::ALL.iter().map(|ground| ground.as_str()).collect::<Vec<_>>())
}

pub(crate) fn hold(_: &mut SchemaGenerator) -> Schema {
    one_of(&Hold::ALL.iter().map(|ground| ground.as_str()).collect::<Vec<_>>())
}

pub(crate) fn deadline_warning(_: &mut SchemaGenerator) -> Schema {
    one_of(&["none", "soon", "overdue"])
}

/// The form of a consent record, whose type is the core's.
pub(crate) struct Record;

impl JsonSchema for Record {
    fn schema_name() -> Cow<'static, str> {
        "ConsentRecord".into()
    }

    fn json_schema(g: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["id", "purpose", "status", "legal_basis", "granted_at", "revoked_at", "created_at"],
            "properties": {
                "id": uuid(g),
                "purpose": any_purpose(g),
                "status": status(g),
                "legal_basis": legal_basis(g),
                "granted_at": optional_time(g),
                "revoked_at": optional_time(g),
                "created_at": time(g),
                "decided_at": time(g),
                "notice_hash": hash(g),
                "over_gpc": {
                    "description": "There and true if the person said yes although they were shown that Global Privacy \
                        Control says no; such a yes outranks the signal.",
                    "type": "boolean",
                },
            },
        })
    }
}
