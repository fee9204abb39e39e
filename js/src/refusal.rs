//! What a caller did wrong. Owns the error that JavaScript sees: an `Error` with `code`, `field` and `allowed`, in the manner
//! of the API's problem documents. What is refused is decided where it is found.

use consentry::{problem::Code, receipt::ReceiptError, record::RecordError};
use js_sys::Error;
use wasm_bindgen::prelude::*;

/// One argument that can't be accepted.
pub(crate) struct Refusal {
    code: &'static str,
    field: String,
    sentence: String,
    allowed: Vec<String>,
}

impl Refusal {
    /// A field that can't be read.
    pub(crate) fn field(field: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidField.as_str(),
            field: field.into(),
            sentence: sentence.into(),
            allowed: Vec::new(),
        }
    }

    /// The same with the values that would be accepted.
    pub(crate) fn allowing<T: ToString>(mut self, allowed: impl IntoIterator<Item = T>) -> Self {
        self.allowed = allowed.into_iter().map(|value| value.to_string()).collect();
        self
    }

    /// A receipt that does not verify.
    pub(crate) fn receipt(error: ReceiptError) -> Self {
        Self { code: error.code(), ..Self::field("", error.to_string()) }
    }

    /// What serde found at `at`, the place of the value that was being read.
    pub(crate) fn found(at: &str, error: serde_path_to_error::Error<serde_wasm_bindgen::Error>) -> Self {
        let below = error.path().to_string();
        let thrown = JsValue::from(error.into_inner());
        let sentence =
            thrown.dyn_ref::<Error>().map_or_else(|| "can't be read".into(), |e| String::from(e.message()));
        // Serde counts an absent field as a fault of what should hold it.
        if let Some(name) = sentence.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
            return Self::field(join(at, name), "is missing");
        }
        Self::field(join(at, &below), sentence)
    }

    /// Fields that make no record together.
    pub(crate) fn record(at: &str, error: RecordError) -> Self {
        Self { code: error.code(), ..Self::field(at, error.to_string()) }
    }
}

/// The dotted path of `below` inside `at`; either may be the whole (empty or a lone dot).
fn join(at: &str, below: &str) -> String {
    match (at, below) {
        (at, "." | "") => at.into(),
        ("", below) => below.into(),
        (at, below) => format!("{at}.{below}"),
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = Error)]
    type ConsentryError;
    #[wasm_bindgen(method, setter)]
    fn set_code(this: &ConsentryError, code: &str);
    #[wasm_bindgen(method, setter)]
    fn set_field(this: &ConsentryError, field: &str);
    #[wasm_bindgen(method, setter)]
    fn set_allowed(this: &ConsentryError, allowed: Vec<String>);
}

impl From<Refusal> for JsValue {
    fn from(Refusal { code, field, sentence, allowed }: Refusal) -> Self {
        let mut message = if field.is_empty() { sentence } else { format!("{field}: {sentence}") };
        if !allowed.is_empty() {
            message = format!("{message}; give one of {}", allowed.join(", "));
        }
        let error = Error::new(&message);
        error.set_name("ConsentryError");
        let error = error.unchecked_into::<ConsentryError>();
        error.set_code(code);
        if !field.is_empty() {
            error.set_field(&field);
        }
        if !allowed.is_empty() {
            error.set_allowed(allowed);
        }
        error.into()
    }
}
