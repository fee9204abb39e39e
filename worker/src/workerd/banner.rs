//! The banner for one visitor. Its scripts and texts are assets; who the visitor is, is known only here, so regime, country,
//! language and Global Privacy Control are decided here and written into the script, and the banner needs no request of its own.

use crate::http::Call;
use consentry::{language, regime::Regime};
use worker::{Env, Headers, Response, ResponseBuilder, Result};

/// The scripts that are served so: with WebAssembly and without.
pub(super) const PATHS: [&str; 2] = ["/banner.js", "/banner.csp.js"];

/// What in a script is replaced by what is known of the visitor.
const VISITOR: &str = "%CONSENTRY_VISITOR%";
/// The language whose texts are in the scripts, and of whoever wants one that there is not.
const ENGLISH: &str = "en";

/// The script at the path of the call.
pub(super) async fn serve(call: &Call, env: &Env) -> Result<Response> {
    let mut asset = asset(env, &call.path).await?;
    if asset.status_code() != 200 {
        return Ok(asset);
    }
    let country = call.country.as_deref().filter(|code| code.bytes().all(|byte| byte.is_ascii_uppercase()));
    let there_are = asset_text(env, "index").await?;
    let language = wanted(call).find_map(|tag| language::best(tag, &there_are)).unwrap_or(ENGLISH);
    let visitor = format!(
        "{}|{}|{language}|{}",
        Regime::of_place(country, call.region.as_deref()).code,
        country.unwrap_or("-"),
        u8::from(call.gpc()),
    );
    let mut script = asset.text().await?.replacen(VISITOR, &visitor, 1);
    if language != ENGLISH {
        script = script.replacen(&asset_text(env, ENGLISH).await?, &asset_text(env, language).await?, 1);
    }
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

/// What the address asks for (`?lang=de`, for pages that know their language), then what the browser does: in the order of its
/// list, because browsers put first what they prefer, whatever the weights.
fn wanted(call: &Call) -> impl Iterator<Item = &str> {
    let asked = call.query.split('&').filter_map(|pair| pair.strip_prefix("lang="));
    let preferred = call.header("accept-language").unwrap_or_default().split(',');
    asked.chain(preferred.filter_map(|range| Some(range.split(';').next()?.trim())))
}

async fn asset(env: &Env, path: &str) -> Result<Response> {
    env.assets("ASSETS")?.fetch(format!("https://assets.invalid{path}"), None).await
}

/// A file of `www/dist/locales/`; as empty as none if it is missing.
async fn asset_text(env: &Env, name: &str) -> Result<String> {
    let mut file = asset(env, &format!("/locales/{name}.txt")).await?;
    if file.status_code() == 200 { file.text().await } else { Ok(String::new()) }
}
