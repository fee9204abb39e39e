//! Signatures by the runtime's own Web Crypto.

use crate::site::Jwk;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, WorkerGlobalScope};

/// Whether the key made the signature over the message; `None` if the key can't be imported.
pub(super) async fn verify(key: &Jwk, message: &[u8], signature: &[u8]) -> Option<bool> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().ok()?.subtle();
    let (parameters, jwk) = match &key.y {
        None => {
            (object(&[("name", "Ed25519")])?, object(&[("kty", "OKP"), ("crv", "Ed25519"), ("x", &key.x)])?)
        }
        Some(y) => (
            object(&[("name", "ECDSA"), ("namedCurve", "P-256"), ("hash", "SHA-256")])?,
            object(&[("kty", "EC"), ("crv", "P-256"), ("x", &key.x), ("y", y)])?,
        ),
    };
    let usages = Array::of1(&JsValue::from_str("verify"));
    let import = subtle.import_key_with_object("jwk", &jwk, &parameters, false, &usages).ok()?;
    let key: CryptoKey = JsFuture::from(import).await.ok()?.unchecked_into();
    let verify = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &parameters,
        &key,
        &Uint8Array::from(signature),
        &Uint8Array::from(message),
    );
    // A signature of the wrong length is no verified one, whether the runtime says false or throws.
    let verified = match verify {
        Ok(verify) => JsFuture::from(verify).await.unwrap_or(JsValue::FALSE),
        Err(_) => JsValue::FALSE,
    };
    Some(verified.is_truthy())
}

fn object(members: &[(&str, &str)]) -> Option<Object> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value)).ok()?;
    }
    Some(object)
}
