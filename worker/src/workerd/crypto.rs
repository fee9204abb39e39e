//! Signatures by the runtime's own Web Crypto.

use crate::site::Jwk;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::{cell::RefCell, collections::BTreeMap};
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

/// What stands before the seed in the PKCS #8 form of an Ed25519 key (RFC 8410 § 7), the one that a runtime imports.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A key that signs, and its public key.
type Imported = (CryptoKey, [u8; 32]);

thread_local! {
    /// Keys that were imported, by seed: one or two, for as long as the runtime keeps the isolate. Importing takes longer than
    /// signing.
    static KEYS: RefCell<BTreeMap<[u8; 32], Imported>> = const { RefCell::new(BTreeMap::new()) };
}

/// The key of this seed and its public key.
pub(super) async fn key(seed: &[u8; 32]) -> Option<Imported> {
    if let Some(kept) = KEYS.with(|keys| keys.borrow().get(seed).cloned()) {
        return Some(kept);
    }
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().ok()?.subtle();
    let usages = Array::of1(&JsValue::from_str("sign"));
    let form = Uint8Array::from([&PKCS8[..], seed].concat().as_slice());
    // Exportable, because only the export tells the public key.
    let parameters = object(&[("name", "Ed25519")])?;
    let import = subtle.import_key_with_object("pkcs8", &form, &parameters, true, &usages).ok()?;
    let key: CryptoKey = JsFuture::from(import).await.ok()?.unchecked_into();
    let jwk = JsFuture::from(subtle.export_key("jwk", &key).ok()?).await.ok()?;
    let x = Reflect::get(&jwk, &JsValue::from_str("x")).ok()?.as_string()?;
    let public = Base64UrlUnpadded::decode_vec(&x).ok()?.try_into().ok()?;
    KEYS.with(|keys| keys.borrow_mut().insert(*seed, (key.clone(), public)));
    Some((key, public))
}

/// The signature over the message by the key of this seed, and the public key.
pub(super) async fn sign(seed: &[u8; 32], message: &[u8]) -> Option<([u8; 32], [u8; 64])> {
    let (key, public) = key(seed).await?;
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().ok()?.subtle();
    let parameters = object(&[("name", "Ed25519")])?;
    let signing =
        subtle.sign_with_object_and_js_u8_array(&parameters, &key, &Uint8Array::from(message)).ok()?;
    let signature = Uint8Array::new(&JsFuture::from(signing).await.ok()?).to_vec().try_into().ok()?;
    Some((public, signature))
}

fn object(members: &[(&str, &str)]) -> Option<Object> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value)).ok()?;
    }
    Some(object)
}

/// AES-256-GCM, forth or back, with `about` authenticated beside the text.
pub(super) async fn aes(
    seal: bool,
    key: &[u8; 32],
    nonce: [u8; 12],
    about: &[u8],
    text: &[u8],
) -> Option<Vec<u8>> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().ok()?.subtle();
    let parameters = object(&[("name", "AES-GCM")])?;
    for (name, value) in [("iv", &nonce[..]), ("additionalData", about)] {
        Reflect::set(&parameters, &JsValue::from_str(name), &Uint8Array::from(value)).ok()?;
    }
    let usages = Array::of1(&JsValue::from_str(if seal { "encrypt" } else { "decrypt" }));
    let raw = Uint8Array::from(&key[..]);
    let import =
        subtle.import_key_with_object("raw", &raw, &object(&[("name", "AES-GCM")])?, false, &usages).ok()?;
    let key: CryptoKey = JsFuture::from(import).await.ok()?.unchecked_into();
    let text = Uint8Array::from(text);
    let done = if seal {
        subtle.encrypt_with_object_and_js_u8_array(&parameters, &key, &text)
    } else {
        subtle.decrypt_with_object_and_js_u8_array(&parameters, &key, &text)
    };
    Some(Uint8Array::new(&JsFuture::from(done.ok()?).await.ok()?).to_vec())
}
