//! The description of the API (OpenAPI 3.1), made from the table of routes and the types of bodies. It is built on the host
//! and committed as `openapi.json`; a test holds the file against the code. Run that test with `UPDATE_OPENAPI=1` to write
//! the file anew.

mod examples;
mod operation;
mod operations;
pub(crate) mod schema;

use crate::routes::Endpoint;
use consentry::problem::Code;
use operation::{Body, Operation};
use operations::operation;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The whole description.
pub(crate) fn description() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut input = settings.clone().for_deserialize().into_generator();
    let mut output = settings.for_serialize().into_generator();
    let mut paths = Map::new();
    for endpoint in Endpoint::ALL {
        let path = paths.entry(endpoint.path().replace('*', "")).or_insert_with(|| json!({}));
        let method = endpoint.method_name().to_lowercase();
        path[method] = describe(&operation(*endpoint), *endpoint, &mut input, &mut output);
    }
    let mut schemas = Map::new();
    schemas.extend(input.take_definitions(true));
    schemas.extend(output.take_definitions(true));
    schemas.insert("Problem".into(), problem());
    let examples: Map<_, _> = Code::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), json!({ "value": operation::problem_example(*code) })))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Consentry",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Who said yes to what: recorded, proved, exported and erased.",
            "description": operation::INTRODUCTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "the host that serves this description" }],
        "tags": operation::tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "examples": examples,
            "securitySchemes": operation::security_schemes(),
            "headers": {
                "Idempotent-Replayed": {
                    "description": "`true` where the answer is that of the first call with the same Idempotency-Key.",
                    "schema": { "type": "string", "enum": ["true"] },
                },
                "Retry-After": {
                    "description": "After how many seconds the call may be repeated.",
                    "schema": { "type": "string", "pattern": "^[0-9]+$" },
                },
            },
        },
    })
}

fn describe(
    operation: &Operation,
    endpoint: Endpoint,
    input: &mut SchemaGenerator,
    output: &mut SchemaGenerator,
) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "security": operation.security,
        "parameters": operation.parameters(endpoint),
        "responses": responses(operation, endpoint, output),
    });
    if let Some(Body { schema, example, required }) = &operation.request {
        described["requestBody"] = json!({
            "required": required,
            "content": { "application/json": { "schema": schema(input), "example": example } },
        });
    }
    if operation.bytes {
        described["requestBody"]["content"]["application/octet-stream"] = json!({});
    }
    described
}

fn responses(operation: &Operation, endpoint: Endpoint, output: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": operation.success.1 });
    if let Some(body) = &operation.response {
        success["content"] =
            json!({ "application/json": { "schema": (body.schema)(output), "example": body.example } });
    }
    for form in operation.forms {
        success["content"][form] = json!({ "schema": { "type": "string" } });
    }
    if endpoint.method_name() == "POST" {
        success["headers"] =
            json!({ "Idempotent-Replayed": { "$ref": "#/components/headers/Idempotent-Replayed" } });
    }
    if let Some(meaning) = operation.again {
        let mut again = success.clone();
        again["description"] = meaning.into();
        responses.insert("200".into(), again);
    }
    responses.insert(operation.success.0.to_string(), success);
    for code in operation.problems() {
        let status = code.status().to_string();
        let response = responses.entry(status).or_insert_with(|| {
            let mut response = json!({
                "description": "",
                "content": { "application/problem+json": {
                    "schema": { "$ref": "#/components/schemas/Problem" }, "examples": {},
                } },
            });
            if matches!(code, Code::RateLimited | Code::SnapshotNotBuilt | Code::StorageUnavailable) {
                response["headers"] =
                    json!({ "Retry-After": { "$ref": "#/components/headers/Retry-After" } });
            }
            response
        });
        let before = response["description"].as_str().unwrap_or_default();
        let separator = if before.is_empty() { "" } else { "; " };
        response["description"] = format!("{before}{separator}{}", code.title()).into();
        response["content"]["application/problem+json"]["examples"][code.as_str()] =
            json!({ "$ref": format!("#/components/examples/{}", code.as_str()) });
    }
    responses.into()
}

fn problem() -> Value {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "description": "A problem document (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "description": "A stable name of what went wrong.", "type": "string", "enum": codes },
            "detail": { "description": "What is wrong this time and what to do.", "type": "string" },
            "field": { "description": "Where in the body, as a dotted path.", "type": "string" },
            "allowed": {
                "description": "What would be accepted there.", "type": "array", "items": { "type": "string" },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_description_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let text = serde_json::to_string_pretty(&description()).unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == text, "run: UPDATE_OPENAPI=1 cargo test -p consentry-worker openapi");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    found.extend(object.get("$ref").and_then(Value::as_str).map(Into::into));
                    object.values().for_each(|value| references(value, found));
                }
                Value::Array(array) => array.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let description = description();
        let mut found = Vec::new();
        references(&description, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let target = description.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference}");
        }
    }
}
