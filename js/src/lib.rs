//! The core for JavaScript callers: validate a record, tell what holds now, decide. Owns the translation between JavaScript
//! values and the types of the core, and the TypeScript types of both; every rule is the core's. Fetching records and
//! keeping them is left to the caller.
//!
//! Whatever can't be read is an error that says which field it is and what would do. Nothing is skipped: an answer that
//! leaves out an unreadable record could allow what that record forbids.

mod read;
mod receipt;
mod refusal;
mod write;

use consentry::{
    decision,
    purpose::Purpose,
    record::LegalBasis,
    regime::{self, Regime},
};
use read::{Options, exported, history, known_purpose};
pub use receipt::verify_receipt;
use refusal::Refusal;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Checks a record by the rules of the log and returns it in its normal form: times in UTC with milliseconds, ids in lower
/// case, `null` in `granted_at` and `revoked_at` where they do not apply, fields that are not known left out.
///
/// Throws a `ConsentryError` if it is no consent record
#[wasm_bindgen(js_name = validateRecord, unchecked_return_type = "ConsentRecord")]
pub fn validate_record(
    #[wasm_bindgen(unchecked_param_type = "unknown")] record: &JsValue,
) -> Result<JsValue, JsValue> {
    Ok(write::record(&exported(record, "")?)?)
}

/// What holds now for each purpose, by all records of one person.
///
/// Throws a `ConsentryError` if a record or an option can't be read
#[wasm_bindgen(js_name = currentStatus, unchecked_return_type = "Record<string, CurrentStatus>")]
pub fn current_status(
    #[wasm_bindgen(unchecked_param_type = "readonly ConsentRecord[]")] records: &JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "StatusOptions | null")] options: &JsValue,
) -> Result<JsValue, JsValue> {
    let (history, options) = (history(records)?, Options::read(options)?);
    let history = history.erased(options.erased_at);
    let context = decision::Context {
        regime: options.regime.unwrap_or(&regime::DEFAULT),
        gpc: options.gpc.unwrap_or(false),
    };
    let purposes = options.purposes.unwrap_or_else(|| {
        let recorded = history.purposes().into_iter().filter(|purpose| !Purpose::DEFAULT.contains(purpose));
        Purpose::DEFAULT.iter().chain(recorded).cloned().collect()
    });
    let decided = purposes.iter().map(|purpose| {
        (purpose.as_str(), decision::decide(&history, purpose, LegalBasis::Consent, context, options.now))
    });
    Ok(write::standings(decided)?)
}

/// Whether a purpose may be used now, and why, by all records of one person.
///
/// Training is allowed only while a grant stands, whatever the regime. Leaving out the regime or the signal is an error,
/// not a default: what nobody looked up must not allow anything.
///
/// Throws a `ConsentryError` if a record or a part of the context can't be read, or the purpose is not one of the site's
#[wasm_bindgen(js_name = decide, unchecked_return_type = "Decision")]
pub fn decide(
    #[wasm_bindgen(unchecked_param_type = "readonly ConsentRecord[]")] records: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "Purpose")] purpose: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "DecisionContext")] context: &JsValue,
) -> Result<JsValue, JsValue> {
    let (history, options) = (history(records)?, Options::read(context)?);
    let history = history.erased(options.erased_at);
    let purpose = known_purpose(purpose, options.purposes.as_deref())?;
    let context = decision::Context {
        regime: options.regime.ok_or_else(|| {
            Refusal::field("regime", "is missing")
                .allowing(regime::ALL.iter().map(|regime: &&Regime| regime.code))
        })?,
        gpc: options.gpc.ok_or_else(|| {
            Refusal::field("gpc", "is missing; say whether the browser sends Global Privacy Control")
        })?,
    };
    Ok(write::decision(&decision::decide(&history, &purpose, options.legal_basis, context, options.now))?)
}
