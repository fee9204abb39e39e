//! Telling somebody's server. Owns the message, its signature (Standard Webhooks) and how often it is tried.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use ureq::Agent;
use uuid::Uuid;

use crate::failure::Failure;
use crate::{messages, now};

const TRIES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to post, and with which secret.
pub(super) struct Webhook {
    url: String,
    secret: Option<Vec<u8>>,
    agent: Agent,
}

impl Webhook {
    pub(super) fn new(url: &str, secret: Option<&Path>) -> Result<Self, Failure> {
        let near = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| {
            url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        if !url.starts_with("https://") && !near {
            return Err(Failure::usage("a webhook is https://… (or http on this machine)"));
        }
        let secret = secret
            .map(|path| {
                let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
                let key = text.trim().strip_prefix("whsec_").and_then(|key| Base64::decode_vec(key).ok());
                key.filter(|key| key.len() >= 24).ok_or_else(|| {
                    Failure::file(path, "holds no secret; write whsec_ and base64 of 24 bytes or more")
                })
            })
            .transpose()?;
        let config = Agent::config_builder().max_redirects(0).timeout_global(Some(PATIENCE));
        Ok(Self { url: url.to_owned(), secret, agent: config.build().new_agent() })
    }

    /// Posts a message, several times if it must be; that nobody takes it is said and ends nothing.
    pub(super) fn post(&self, kind: &str, edge: &str, message: &str, held: Option<&str>) {
        let time = now();
        let mut random = [0; 16];
        let _ = getrandom::fill(&mut random);
        let id = format!("msg_{}", Uuid::from_bytes(random).simple());
        let body = json!({
            "type": kind, "timestamp": time, "data": { "url": edge, "message": message, "held": held },
        })
        .to_string();
        for attempt in 0..TRIES {
            if attempt > 0 {
                thread::sleep(Duration::from_secs(1 << (attempt - 1)));
            }
            let seconds = (now().as_ms() / 1000).to_string();
            let mut request = self
                .agent
                .post(&self.url)
                .header("Content-Type", "application/json")
                .header("webhook-id", &id)
                .header("webhook-timestamp", &seconds);
            if let Some(signature) = self.signature(&id, &seconds, &body) {
                request = request.header("webhook-signature", signature);
            }
            if request.send(&body).is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
        }
        messages::say(&format!("the webhook took nothing in {TRIES} tries: {kind} was told to nobody"));
    }

    fn signature(&self, id: &str, seconds: &str, body: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_deref()?).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes())))
    }
}
