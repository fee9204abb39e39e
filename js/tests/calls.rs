//! What JavaScript callers do right and wrong: defaults, moments, and what an error tells them.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::panic)]

use consentry_js::{current_status, decide, validate_record};
use js_sys::{Array, Date, Error, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const GRANT: &str = r#"{"log_index":7,"id":"019ab4d0-6c00-7000-8000-000000000001","purpose":"analytics","status":"granted",
    "legal_basis":"consent","granted_at":"2026-11-24T09:30:00.000Z","revoked_at":null,
    "created_at":"2026-11-24T09:30:00.000Z"}"#;

fn js(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

fn text(value: &JsValue) -> String {
    JSON::stringify(value).unwrap().into()
}

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).unwrap()
}

fn set(object: &JsValue, key: &str, value: impl Into<JsValue>) -> JsValue {
    Reflect::set(object, &key.into(), &value.into()).unwrap();
    object.clone()
}

fn one_grant() -> JsValue {
    Array::of1(&js(GRANT)).into()
}

fn message(result: Result<JsValue, JsValue>) -> String {
    result.unwrap_err().dyn_into::<Error>().unwrap().message().into()
}

#[wasm_bindgen_test]
fn without_options_the_four_purposes_are_reported_by_the_strict_regime_and_the_clock() {
    let current = current_status(&js("[]"), &JsValue::UNDEFINED).unwrap();
    let never = r#"{"status":"pending","reason":"not_recorded"}"#;
    let expected =
        ["model_training", "inference", "analytics", "personalization"].map(|p| format!("\"{p}\":{never}"));
    assert_eq!(text(&current), format!("{{{}}}", expected.join(",")));
}

#[wasm_bindgen_test]
fn a_recorded_purpose_is_reported_without_being_asked_for() {
    let records = js(&format!("[{}]", GRANT.replace("analytics", "fraud_checks")));
    let current = current_status(&records, &js(r#"{"now":1795600000000}"#)).unwrap();
    assert_eq!(get(&get(&current, "fraud_checks"), "status"), JsValue::from("granted"));
    assert_eq!(js_sys::Object::keys(current.unchecked_ref::<js_sys::Object>()).length(), 5);
}

#[wasm_bindgen_test]
fn now_may_be_milliseconds_or_a_date_and_is_the_clock_if_left_out() {
    let context = || js(r#"{"regime":"gdpr","gpc":false}"#);
    let ask = |context: JsValue| {
        get(&decide(&one_grant(), &"analytics".into(), &context).unwrap(), "reason").as_string().unwrap()
    };
    let end = Date::parse("2027-05-24T09:30:00.000Z");
    assert_eq!(ask(set(&context(), "now", end - 1.0)), "granted");
    assert_eq!(ask(set(&context(), "now", end)), "expired");
    assert_eq!(ask(set(&context(), "now", Date::new(&end.into()))), "expired");

    let fresh = Date::new_0().to_iso_string();
    let records = js(&format!("[{}]", GRANT.replace("2026-11-24T09:30:00.000Z", &String::from(fresh))));
    let decision = decide(&records, &"analytics".into(), &context()).unwrap();
    assert_eq!(get(&decision, "allowed"), JsValue::TRUE);
}

#[wasm_bindgen_test]
fn a_moment_that_is_none_is_refused() {
    for now in [f64::NAN, f64::INFINITY, -1.0, 1.5, 1e15] {
        let context = set(&js(r#"{"regime":"gdpr","gpc":false}"#), "now", now);
        assert!(message(decide(&one_grant(), &"analytics".into(), &context)).starts_with("now: "), "{now}");
    }
    for now in [JsValue::NULL, "2026-11-24T09:30:00Z".into(), Date::new(&"?".into()).into()] {
        let refused = current_status(&one_grant(), &set(&js("{}"), "now", now));
        assert!(message(refused).starts_with("now: "));
    }
}

#[wasm_bindgen_test]
fn an_unknown_regime_is_told_what_is_allowed() {
    let error =
        decide(&one_grant(), &"analytics".into(), &js(r#"{"regime":"ccpa","gpc":false}"#)).unwrap_err();
    assert_eq!(get(&error, "code"), JsValue::from("invalid_field"));
    assert_eq!(get(&error, "field"), JsValue::from("regime"));
    assert_eq!(
        text(&get(&error, "allowed")),
        r#"["gdpr","uk","ch","us_ca","us_opt_out","br","ca_qc","ca","default"]"#
    );
    assert_eq!(
        message(Err(error)),
        "regime: there is no regime 'ccpa'; give one of gdpr, uk, ch, us_ca, us_opt_out, br, ca_qc, ca, default"
    );
    let refused = current_status(&one_grant(), &js(r#"{"regime":"GDPR"}"#));
    assert!(message(refused).contains("us_opt_out"));
}

#[wasm_bindgen_test]
fn a_misspelt_purpose_is_an_error_and_not_an_opt_out_default() {
    let context = r#"{"regime":"us_opt_out","gpc":false}"#;
    let error = decide(&js("[]"), &"training".into(), &js(context)).unwrap_err();
    assert_eq!(get(&error, "field"), JsValue::from("purpose"));
    assert_eq!(
        text(&get(&error, "allowed")),
        r#"["model_training","inference","analytics","personalization","sale_or_sharing"]"#
    );
    for purpose in [JsValue::UNDEFINED, JsValue::NULL, 1.into(), "".into(), "Analytics".into()] {
        assert!(message(decide(&js("[]"), &purpose, &js(context))).starts_with("purpose: "));
    }
}

#[wasm_bindgen_test]
fn the_ground_is_consent_unless_the_caller_says_otherwise() {
    let ask = |context: &str| decide(&js("[]"), &"analytics".into(), &js(context));
    let reason = |context| get(&ask(context).unwrap(), "reason");
    assert_eq!(reason(r#"{"regime":"gdpr","gpc":false}"#), "not_recorded");
    assert_eq!(reason(r#"{"regime":"gdpr","gpc":false,"legal_basis":"contract"}"#), "contract");
    let error = ask(r#"{"regime":"gdpr","gpc":false,"legal_basis":"vital interests"}"#).unwrap_err();
    assert_eq!(get(&error, "field"), "legal_basis");
    assert_eq!(text(&get(&error, "allowed")), r#"["consent","legitimate_interest","contract"]"#);
}

#[wasm_bindgen_test]
fn a_site_may_offer_other_purposes_and_then_only_those() {
    let context = js(r#"{"regime":"gdpr","gpc":false,"purposes":["fraud_checks"]}"#);
    assert!(decide(&one_grant(), &"fraud_checks".into(), &context).is_ok());
    let refused = decide(&one_grant(), &"analytics".into(), &context);
    assert_eq!(message(refused), "purpose: is none of this site's; give one of fraud_checks");
    let refused = current_status(&one_grant(), &js(r#"{"purposes":["analytics","Fraud checks"]}"#));
    assert!(message(refused).starts_with("purposes[1]: "));
}

#[wasm_bindgen_test]
fn a_decision_is_not_made_without_regime_and_signal() {
    let ask = |context: JsValue| message(decide(&one_grant(), &"analytics".into(), &context));
    assert!(ask(JsValue::UNDEFINED).starts_with("regime: is missing; give one of gdpr, uk, "));
    assert!(ask(js(r#"{"regime":"us_opt_out"}"#)).starts_with("gpc: is missing"));
    assert!(ask(js(r#"{"regime":"us_opt_out","gpc":"no"}"#)).starts_with("gpc: "));
    assert_eq!(ask(5.into()), "invalid type: floating point `5.0`, expected an object with options");
}

#[wasm_bindgen_test]
fn one_unreadable_record_stops_the_answer_and_is_named() {
    let bad = GRANT.replace("2026-11-24T09:30:00.000Z\",\"revoked_at", "yesterday\",\"revoked_at");
    let records = js(&format!("[{GRANT},{bad}]"));
    let error = current_status(&records, &JsValue::UNDEFINED).unwrap_err();
    assert_eq!(get(&error, "field"), JsValue::from("records[1].granted_at"));
    let broken = js(&format!("[{}]", GRANT.replace("-7000-", "-4000-")));
    let error = decide(&broken, &"analytics".into(), &js("{}")).unwrap_err();
    assert_eq!(get(&error, "code"), JsValue::from("record_id_not_v7"));
    assert_eq!(message(Err(error)), "records[0]: id must be a UUID of version 7");
}

#[wasm_bindgen_test]
fn records_that_are_no_array_are_refused() {
    for records in [JsValue::UNDEFINED, JsValue::NULL, js("{}"), "[]".into()] {
        assert!(message(current_status(&records, &JsValue::UNDEFINED)).starts_with("records: "));
    }
}

#[wasm_bindgen_test]
fn a_place_beyond_what_numbers_count_to_is_refused() {
    let record = set(&js(GRANT), "log_index", js_sys::BigInt::from(1_u64 << 53));
    assert!(message(validate_record(&record)).starts_with("log_index: "));
    let record = set(&js(GRANT), "log_index", js_sys::BigInt::from(7_u64));
    assert_eq!(get(&validate_record(&record).unwrap(), "log_index"), JsValue::from(7));
}

#[wasm_bindgen_test]
fn a_field_that_is_undefined_is_an_absent_one() {
    let record = set(&js(GRANT), "decided_at", JsValue::UNDEFINED);
    let valid = validate_record(&set(&record, "purpose", JsValue::UNDEFINED));
    assert!(message(valid).starts_with("purpose: "));
    let record = set(&set(&record, "purpose", "analytics"), "over_gpc", JsValue::UNDEFINED);
    let valid = validate_record(&record).unwrap();
    for absent in ["decided_at", "over_gpc"] {
        assert!(!Reflect::has(&valid, &absent.into()).unwrap(), "{absent}");
    }
}
