//! The banner for one visitor. Its scripts are assets, one a language; who the visitor is, is known only here, so regime, country,
//! language and Global Privacy Control are decided here, the first two and the last written into the script of the third, and the
//! banner needs no request of its own.

use crate::http::Call;
use consentry::{language, regime::Regime};
use std::{cell::RefCell, rc::Rc};
use worker::{Env, Headers, Response, ResponseBuilder, Result};

/// The scripts that are served so: with WebAssembly and without.
pub(super) const PATHS: [&str; 2] = ["/banner.js", "/banner.csp.js"];

/// What in a script is replaced by what is known of the visitor.
const VISITOR: &str = "%CONSENTRY_VISITOR%";
/// The language of whoever wants one that there is not.
const ENGLISH: &str = "en";

thread_local! {
    /// The languages that there are, once they are read: a new deployment has new isolates.
    static LANGUAGES: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
}

/// The script at the path of the call.
pub(super) async fn serve(call: &Call, env: &Env) -> Result<Response> {
    let there_are = languages(env).await?;
    let language = call.languages().find_map(|tag| language::best(tag, &there_are)).unwrap_or(ENGLISH);
    let name = call.path.strip_suffix(".js").unwrap_or(&call.path);
    let mut asset = asset(env, &format!("{name}.{language}.js")).await?;
    if asset.status_code() != 200 {
        return Ok(asset);
    }
    let country = call.country.as_deref().filter(|code| code.bytes().all(|byte| byte.is_ascii_uppercase()));
    let visitor = format!(
        "{}|{}|{language}|{}",
        Regime::of_place(country, call.region.as_deref()).code,
        country.unwrap_or("-"),
        u8::from(call.gpc()),
    );
    let script = asset.text().await?.replacen(VISITOR, &visitor, 1);
    let headers = Headers::new();
    headers.set("Content-Type", "text/javascript; charset=utf-8")?;
    headers.set("X-Content-Type-Options", "nosniff")?;
    // Anybody may embed it, and it differs by visitor, so no shared cache keeps it.
    headers.set("Access-Control-Allow-Origin", "*")?;
    headers.set("Cross-Origin-Resource-Policy", "cross-origin")?;
    headers.set("Cache-Control", "private, max-age=300")?;
    headers.set("Vary", "Accept-Language, Sec-GPC")?;
    Ok(ResponseBuilder::new().with_headers(headers).fixed(script.into_bytes()))
}

pub(super) async fn asset(env: &Env, path: &str) -> Result<Response> {
    env.assets("ASSETS")?.fetch(format!("https://assets.invalid{path}"), None).await
}

/// What `www/dist/locales/index.txt` lists; nothing if it is missing.
async fn languages(env: &Env) -> Result<Rc<str>> {
    if let Some(known) = LANGUAGES.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let mut file = asset(env, "/locales/index.txt").await?;
    if file.status_code() != 200 {
        return Ok("".into());
    }
    let read: Rc<str> = file.text().await?.into();
    LANGUAGES.set(Some(read.clone()));
    Ok(read)
}
