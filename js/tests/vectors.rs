//! The published cases of `tests/vectors/` in a browser: once on the core, compiled to WebAssembly, and once through what
//! JavaScript calls.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../tests/agreement/mod.rs"]
mod agreement;

use agreement::cases;
use consentry_js::{current_status, decide, validate_record, verify_receipt};
use js_sys::{Error, JSON, Reflect};
use serde_json::{Value, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn js(value: &Value) -> JsValue {
    JSON::parse(&value.to_string()).unwrap()
}

fn json(value: &JsValue) -> Value {
    serde_json::from_str(&String::from(JSON::stringify(value).unwrap())).unwrap()
}

/// The regime, the signal, the erasure and the moment of a case, as options.
fn options(case: &Value) -> Value {
    let now: consentry::time::Timestamp = case["now"].as_str().unwrap().parse().unwrap();
    json!({ "regime": case["regime"], "gpc": case["gpc"], "erased_at": case["erased_at"], "now": now.as_ms() })
}

#[wasm_bindgen_test]
fn the_core_gives_the_published_answers() {
    agreement::leaves_have_the_published_bytes_and_hashes();
    agreement::evidence_has_the_published_commitments();
    agreement::people_have_the_published_hashes_and_ids();
    agreement::records_are_normalised_or_refused_with_the_published_code();
    agreement::what_holds_now_is_as_published();
    agreement::decisions_are_as_published();
}

#[wasm_bindgen_test]
fn validate_record_gives_the_published_answers() {
    for case in cases(agreement::RECORD) {
        let name = &case["name"];
        match validate_record(&js(&case["record"])) {
            Ok(record) => assert_eq!(json(&record), case["normalised"], "{name}"),
            Err(error) => {
                for key in ["code", "field"] {
                    let value = Reflect::get(&error, &key.into()).unwrap();
                    assert_eq!(value.as_string().as_deref(), case["error"][key].as_str(), "{name}: {key}");
                }
                let error: Error = error.dyn_into().unwrap();
                assert_eq!(error.name(), "ConsentryError");
                assert!(error.message().length() > 10, "{name}");
            }
        }
    }
}

#[wasm_bindgen_test]
fn current_status_gives_the_published_answers() {
    for case in cases(agreement::STATUS) {
        let mut options = options(&case);
        options["purposes"] = case["purposes"].clone();
        let current = current_status(&js(&case["records"]), &js(&options)).unwrap();
        assert_eq!(json(&current), case["current"], "{}", case["name"]);
    }
}

#[wasm_bindgen_test]
fn decide_gives_the_published_answers() {
    for case in cases(agreement::DECIDE) {
        let mut context = options(&case);
        context["purposes"] = json!([case["purpose"]]);
        if let Some(claimed) = case.get("legal_basis") {
            context["legal_basis"] = claimed.clone();
        }
        let decision = decide(&js(&case["records"]), &js(&case["purpose"]), &js(&context)).unwrap();
        assert_eq!(json(&decision), case["decision"], "{}", case["name"]);
    }
}

#[wasm_bindgen_test]
async fn verify_receipt_gives_the_published_answers() {
    let document: Value = serde_json::from_str(include_str!("../../tests/vectors/receipt.json")).unwrap();
    for case in document["cases"].as_array().unwrap() {
        let name = &case["name"];
        match verify_receipt(js(&case["proved"]), js(&document["jwks"])).await {
            Ok(verified) => {
                let verified = json(&verified);
                assert_eq!(verified["tree_size"], case["tree_size"], "{name}");
                assert_eq!(verified["receipt"]["record"]["purpose"], "model_training", "{name}");
            }
            Err(error) => {
                let code = Reflect::get(&error, &"code".into()).unwrap().as_string();
                assert_eq!(code.as_deref(), case["error"].as_str(), "{name}");
                assert_eq!(error.dyn_into::<Error>().unwrap().name(), "ConsentryError");
            }
        }
    }
}

#[wasm_bindgen_test]
async fn a_receipt_may_be_the_signed_text_alone() {
    let document: Value = serde_json::from_str(include_str!("../../tests/vectors/receipt.json")).unwrap();
    let text = document["cases"][0]["proved"]["receipt"].as_str().unwrap();
    let verified = json(&verify_receipt(text.into(), js(&document["jwks"])).await.unwrap());
    assert_eq!(verified["receipt"]["log_index"], 1);
    assert_eq!(verified.get("tree_size"), None);
}
