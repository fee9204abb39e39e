//! Verifying receipts where they are shown. The core says which signatures must be checked and what they prove; the runtime's Web
//! Crypto checks them, so that no curve travels with the package. Web Crypto answers later and the core asks at once, so the core is
//! asked twice: the first time to learn which signatures count, the second with what Web Crypto said of each.

use crate::{
    read::read,
    refusal::Refusal,
    write::{plain, written},
};
use consentry::{
    jws::public_of,
    receipt::{Proved, Verified},
};
use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize as _;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

/// Verifies what a person was given for a decision: the signature, that the fields make the leaf hash, and, with the proof that
/// `GET /receipts/{log_index}` adds, that the log has it. Nothing is sent anywhere.
///
/// Rejects with a `ConsentryError` that names what is wrong
#[wasm_bindgen(js_name = verifyReceipt, unchecked_return_type = "VerifiedReceipt")]
pub async fn verify_receipt(
    #[wasm_bindgen(unchecked_param_type = "string | ProvedReceipt")] receipt: JsValue,
    #[wasm_bindgen(unchecked_param_type = "{ keys: readonly object[] }")] jwks: JsValue,
) -> Result<JsValue, JsValue> {
    let proved = match receipt.as_string() {
        Some(receipt) => Proved { receipt, inclusion: None, checkpoint: None },
        None => read(&receipt, "")?,
    };
    let keys = keys(&jwks)?;
    let verified = verify(&proved, &keys).await?.map_err(Refusal::receipt)?;
    Ok(written(verified.serialize(&plain()))?)
}

fn keys(jwks: &JsValue) -> Result<Vec<[u8; 32]>, Refusal> {
    let set: serde_json::Value = read(jwks, "jwks")?;
    let keys = set["keys"].as_array().ok_or_else(|| Refusal::field("jwks.keys", "is missing"))?;
    Ok(keys.iter().filter_map(public_of).collect())
}

/// A question to Web Crypto.
struct Asked {
    public: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
    made: bool,
}

async fn verify(
    proved: &Proved,
    keys: &[[u8; 32]],
) -> Result<Result<Verified, consentry::receipt::ReceiptError>, Refusal> {
    let asked = RefCell::new(Vec::new());
    // What is wrong apart from the signatures is wrong whatever Web Crypto says, but only a true signature makes it worth telling.
    let _ = proved.verify(keys, |public, message, signature| {
        let question = Asked { public: *public, message: message.into(), signature: *signature, made: false };
        asked.borrow_mut().push(question);
        true
    });
    let mut asked = asked.into_inner();
    for question in &mut asked {
        question.made = made(question).await.ok_or_else(|| {
            Refusal::field(
                "",
                "this browser can't check Ed25519 signatures; use a newer one, or consentry verify receipt",
            )
        })?;
    }
    Ok(proved.verify(keys, |public, message, signature| {
        asked.iter().any(|question| {
            question.made
                && question.public == *public
                && question.message == message
                && question.signature == *signature
        })
    }))
}

/// Whether the key made the signature; `None` where the runtime can't tell.
async fn made(asked: &Asked) -> Option<bool> {
    let crypto: Crypto = Reflect::get(&js_sys::global(), &"crypto".into()).ok()?.unchecked_into();
    let subtle: SubtleCrypto = Reflect::get(&crypto, &"subtle".into()).ok()?.dyn_into().ok()?;
    let parameters = Object::new();
    Reflect::set(&parameters, &"name".into(), &"Ed25519".into()).ok()?;
    let public = Uint8Array::from(asked.public.as_slice());
    let usages = Array::of1(&"verify".into());
    let import = subtle.import_key_with_object("raw", &public, &parameters, true, &usages).ok()?;
    let key: CryptoKey = JsFuture::from(import).await.ok()?.unchecked_into();
    let verify = subtle
        .verify_with_object_and_js_u8_array_and_js_u8_array(
            &parameters,
            &key,
            &Uint8Array::from(asked.signature.as_slice()),
            &Uint8Array::from(asked.message.as_slice()),
        )
        .ok()?;
    Some(JsFuture::from(verify).await.ok()?.is_truthy())
}
