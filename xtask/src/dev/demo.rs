//! The demo site and its API key: made through the admin API like anybody else's.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::UP;
use crate::stamp::write;

const SITE: &str = "demo";
const SCOPES: [&str; 6] =
    ["consent:read", "consent:write", "subject:export", "subject:erase", "audit:read", "snapshot:read"];

/// What `target/dev.json` says.
pub(crate) struct Demo {
    url: String,
    api_key: String,
}

/// Registers the site for this address and keeps the key of the last time if the server still takes it.
pub(crate) fn ensure(url: &str, port: u16, admin: &str, file: &Path) -> Result<Demo> {
    let site = json!({
        "name": "Demo",
        "origins": [url, format!("http://localhost:{port}")],
    });
    admin_call(minreq::put(format!("{url}/admin/sites/{SITE}")), admin, &site, 200)?;

    let before = fs::read_to_string(file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let known = before.as_ref().and_then(|before| before["api_key"].as_str()).filter(|key| works(url, key));
    let api_key = if let Some(key) = known { key.to_owned() } else { new_key(url, admin)? };
    let state = json!({ "url": url, "site": SITE, "api_key": api_key });
    write(file, format!("{state:#}\n"))?;
    Ok(Demo { url: url.to_owned(), api_key })
}

/// A key of another database, or one that was withdrawn, is refused; a good one learns that there is no such erasure. The
/// question is about nobody, so it leaves no event.
fn works(url: &str, key: &str) -> bool {
    let call =
        minreq::get(format!("{url}/erasures/none")).with_header("Authorization", format!("Bearer {key}"));
    call.with_timeout(10).send().is_ok_and(|answer| answer.status_code == 404)
}

fn new_key(url: &str, admin: &str) -> Result<String> {
    let wanted = json!({ "name": "demo", "scopes": SCOPES });
    let made = admin_call(minreq::post(format!("{url}/admin/sites/{SITE}/keys")), admin, &wanted, 201)?;
    Ok(made["key"].as_str().context("the admin API made a key and did not tell it")?.to_owned())
}

fn admin_call(request: minreq::Request, admin: &str, body: &Value, expected: u16) -> Result<Value> {
    let answer = request
        .with_header("Authorization", format!("Bearer {admin}"))
        .with_header("Content-Type", "application/json")
        .with_body(body.to_string())
        .with_timeout(10)
        .send()
        .context("the admin API did not answer")?;
    let text = answer.as_str().unwrap_or("(no text)");
    if i64::from(answer.status_code) != i64::from(expected) {
        bail!("the admin API answered {} instead of {expected}: {text}", answer.status_code);
    }
    serde_json::from_str(text).with_context(|| format!("the admin API did not answer with JSON: {text}"))
}

impl fmt::Display for Demo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, api_key } = self;
        writeln!(out, "{UP}{url}")?;
        writeln!(out, "  demo page    {url}/")?;
        writeln!(out, "  API docs     {url}/docs/")?;
        writeln!(out, "  site id      {SITE}")?;
        writeln!(out, "  API key      {api_key}")?;
        write!(out, "  (also in target/dev.json)")
    }
}
