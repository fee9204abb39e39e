//! From the types of the core to JavaScript values. Owns the shapes that callers get: plain objects, as `JSON.parse` would
//! make them from the API's answers.

use crate::{read::Exported, refusal::Refusal};
use consentry::{
    decision::{Decision, Reason},
    record::{ConsentRecord, Status},
    time::Timestamp,
};
use serde::{Serialize, Serializer as _};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

pub(crate) fn plain() -> Serializer {
    Serializer::json_compatible()
}

pub(crate) fn written(result: Result<JsValue, serde_wasm_bindgen::Error>) -> Result<JsValue, Refusal> {
    result.map_err(|error| Refusal::field("", error.to_string()))
}

/// A record with its place in front.
pub(crate) fn record(exported: &Exported) -> Result<JsValue, Refusal> {
    #[derive(Serialize)]
    struct Flat<'a> {
        log_index: u64,
        #[serde(flatten)]
        record: &'a ConsentRecord,
    }
    let Exported { log_index, record } = exported;
    written(Flat { log_index: *log_index, record }.serialize(&plain()))
}

/// A decision as it is.
pub(crate) fn decision(decision: &Decision) -> Result<JsValue, Refusal> {
    written(decision.serialize(&plain()))
}

/// What holds per purpose: the decisions without what they allow.
pub(crate) fn standings<'a>(decided: impl Iterator<Item = (&'a str, Decision)>) -> Result<JsValue, Refusal> {
    #[derive(Serialize)]
    struct Standing {
        status: Status,
        #[serde(skip_serializing_if = "Option::is_none")]
        updated_at: Option<Timestamp>,
        reason: Reason,
    }
    written(plain().collect_map(decided.map(|(purpose, Decision { status, updated_at, reason, .. })| {
        (purpose, Standing { status, updated_at, reason })
    })))
}
