//! The way in and out on workerd: turns the runtime's requests, messages and schedules into calls and answers into responses. What
//! handlers ask of the machine is [`platform`]'s, what erasures reach is [`reach`]'s. No rule lives here.

mod banner;
mod crypto;
mod platform;
mod reach;

use platform::{Workerd, objects};

use crate::{
    app::{App, Config},
    cache::Cache,
    erasure::drive::{forget, go_on, sweep},
    export::Export,
    http::{Answer, Call, Stored, max_body, problem},
    keys::Keys,
    platform::Platform,
    respond::respond,
    snapshot::build::tick,
    tree::{fold, inspect::inspect},
};
use consentry::{
    erasure::task::Pace,
    problem::{Code, Problem},
};
use futures_util::{StreamExt as _, stream};
use http::Method;
use std::time::Duration;
use uuid::Uuid;
use worker::{
    Context, Delay, Env, Headers, MessageBatch, MessageExt as _, Request, Response, ResponseBuilder, Result,
    ScheduleContext, ScheduledEvent, console_log, event,
};

thread_local! {
    /// Kept for as long as the runtime keeps the isolate.
    static CACHE: Cache = Cache::default();
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let call = match read(request).await {
        Ok(call) => call,
        Err(refused) => return write(problem(&refused), None),
    };
    if banner::PATHS.contains(&call.path.as_str()) && matches!(call.method, Method::GET | Method::HEAD) {
        return banner::serve(&call, &env).await;
    }
    let platform = match Workerd::new(&env) {
        Ok(platform) => platform,
        Err(refused) => return write(problem(&refused), None),
    };
    let answer = with_app(&env, &platform, async |app| respond(app, &call).await).await;
    let cost = text(&env, "BENCH").filter(|on| on == "on").map(|_| platform.cost());
    let mut answer = answer.unwrap_or_else(|refused| problem(&refused));
    if let Some(export) = answer.extensions_mut().remove::<Export>() {
        return make(&env, platform, answer, export);
    }
    match answer.extensions().get::<Stored>().cloned() {
        Some(stored) => send(&platform, answer, &stored).await,
        None => write(answer, cost),
    }
}

/// After how long a change of KV is seen everywhere, by the platform's word.
const KV_DELAY_MS: i64 = 60_000;

/// After how long it is looked whether an index of Vectorize has done what it was asked to. Nobody promises when it has; an earlier look
/// would only fail.
const VECTORS_DELAY_MS: i64 = 60_000;

/// The cron expression that is for snapshots and the log only; with every other one there is housekeeping too, so that it never ends
/// for a changed hour.
const EACH_MINUTE: &str = "* * * * *";

#[event(scheduled)]
async fn scheduled(event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    let outcome = async {
        let platform = Workerd::new(&env)?;
        with_app(&env, &platform, async |app| {
            // Each even where another failed: they have nothing to do with each other.
            let built = tick(app).await;
            let folded = fold(app).await;
            let (mut kept, mut ended, mut links, mut sound) = (Ok(()), Ok(()), Ok(()), Ok(()));
            if event.cron() != EACH_MINUTE {
                kept = app.store().forget_expired_keys().await;
                ended = forget(app).await;
                links = app.store().forget_expired_links().await;
                sound = inspect(app).await;
            }
            let swept = sweep(app).await;
            // Each is told, so that one that lasts hides none of the others.
            for error in [built, folded, kept, ended, links, sound, swept].into_iter().filter_map(Result::err)
            {
                console_log!("scheduled: {}", app.fault(&error).detail);
            }
        })
        .await
    };
    if let Err(error) = outcome.await {
        console_log!("scheduled: {}", error.detail);
    }
}

/// Goes on with erasures. A message that can't be served now comes again, and in the end to the dead-letter queue; nothing is lost
/// with it, because the scheduled handler finds what is due.
#[event(queue)]
async fn queue(batch: MessageBatch<String>, env: Env, _context: Context) -> Result<()> {
    for message in batch.raw_iter() {
        let outcome = async {
            let id = message.body().as_string().and_then(|id| Uuid::try_parse(&id).ok());
            let Some(id) = id else { return Ok(()) };
            let platform = Workerd::new(&env)?;
            with_app(&env, &platform, async |app| go_on(app, id).await.map_err(|error| app.fault(&error)))
                .await?
        };
        match outcome.await {
            Ok(()) => message.ack(),
            Err(error) => {
                console_log!("queue: {}", error.detail);
                message.retry();
            }
        }
    }
    Ok(())
}

async fn with_app<T>(
    env: &Env,
    platform: &Workerd,
    run: impl AsyncFnOnce(&App<'_, Workerd>) -> T,
) -> std::result::Result<T, Problem> {
    let config = config(env)?;
    let cache = CACHE.with(Cache::clone);
    let app = App { platform, config: &config, cache: &cache, now: platform.now() };
    Ok(run(&app).await)
}

fn config(env: &Env) -> std::result::Result<Config, Problem> {
    let secret = |name: &str, least: usize| {
        env.secret(name)
            .ok()
            .map(|secret| secret.to_string())
            .filter(|secret| secret.len() >= least)
            .ok_or_else(|| {
                let detail = format!(
                    "set {name} to at least {least} random characters: npx wrangler secret put {name}"
                );
                Problem::new(Code::Misconfigured, detail)
            })
    };
    Ok(Config {
        secret: secret("CONSENTRY_SECRET", 32)?.into_bytes(),
        admin_secret: secret("CONSENTRY_ADMIN_SECRET", 32)?,
        log_host: text(env, "LOG_HOST").unwrap_or_else(|| "consentry.invalid".into()),
        log_keys: log_keys(env),
        pace: number(env, "ERASURE_RETRY_MS")
            .map_or(Pace::USUAL, |first_ms| Pace { first_ms, ..Pace::USUAL }),
        kv_delay_ms: number(env, "ERASURE_KV_DELAY_MS").unwrap_or(KV_DELAY_MS),
        vectors_delay_ms: number(env, "ERASURE_VECTORS_DELAY_MS").unwrap_or(VECTORS_DELAY_MS),
        rate_limit: text(env, "RATE_LIMIT").is_none_or(|setting| setting != "off"),
    })
}

/// Collecting consent does not wait for whoever set a key that is none; they are told where there is something to sign.
fn log_keys(env: &Env) -> Keys {
    let secret = |name: &str| Some(env.secret(name).ok()?.to_string()).filter(|secret| !secret.is_empty());
    let more = (2..).map_while(|number| secret(&format!("CONSENTRY_LOG_KEY{number}")));
    Keys::parse(secret("CONSENTRY_LOG_KEY").into_iter().chain(more))
}

fn number(env: &Env, name: &str) -> Option<i64> {
    text(env, name)?.parse().ok().filter(|number| *number > 0)
}

fn text(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|var| var.to_string())
}

async fn read(mut request: Request) -> std::result::Result<Call, Problem> {
    let malformed = |what: &str| Problem::new(Code::MalformedRequest, format!("the {what} can't be read"));
    let url = request.inner().url();
    let (path, query) = path_and_query(&url);
    let headers = request.headers().entries().collect();
    let method = request.inner().method().parse().map_err(|_| malformed("method"))?;
    let country = request.cf().and_then(worker::Cf::country);
    let region = request.cf().and_then(worker::Cf::region_code);
    let body = if request.inner().body().is_some() {
        body(&mut request, max_body(&method, path)).await.map_err(|_| malformed("body"))?
    } else {
        Vec::new()
    };
    Ok(Call { method, path: path.into(), query: query.into(), headers, body, country, region })
}

/// The parts of a URL that the runtime has parsed and written out again, so that nothing is left to normalise; the crate
/// `url` would bring 100 kB of Unicode tables for host names.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let from_path = rest.find('/').map_or("/", |at| &rest[at..]);
    let without_fragment = from_path.split('#').next().unwrap_or_default();
    without_fragment.split_once('?').unwrap_or((without_fragment, ""))
}

/// The body, or as much of it as shows that it is too large.
async fn body(request: &mut Request, most: usize) -> Result<Vec<u8>> {
    let mut stream = request.stream()?;
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > most {
            break;
        }
    }
    Ok(body)
}

/// An answer whose body is made as fast as the caller takes it. If that fails, the body ends before its time.
fn make(env: &Env, platform: Workerd, answer: Answer, export: Export) -> Result<Response> {
    let config = match config(env) {
        Ok(config) => config,
        Err(refused) => return write(problem(&refused), None),
    };
    let state = (platform, config, CACHE.with(Cache::clone), export);
    let pieces = stream::try_unfold(state, |(platform, config, cache, mut export)| async move {
        // workerd's own D1 answers without ever waiting, and as long as nothing waits workerd reads no other request.
        Delay::from(Duration::ZERO).await;
        let app = App { platform: &platform, config: &config, cache: &cache, now: platform.now() };
        let piece = export.next(&app).await.map_err(|broken| {
            console_log!("an export was broken off: {}", broken.detail);
            worker::Error::RustError("the export was broken off".into())
        })?;
        Ok::<_, worker::Error>(piece.map(|piece| (piece.into_bytes(), (platform, config, cache, export))))
    });
    let (builder, _) = write(answer, None)?.into_parts();
    builder.from_stream(pieces)
}

/// An answer whose body goes from R2 to the caller without passing through here.
async fn send(platform: &Workerd, answer: Answer, stored: &Stored) -> Result<Response> {
    let bucket = platform.bucket();
    let object = match &bucket {
        Ok(bucket) => bucket.get(&stored.name).execute().await?,
        Err(_) => None,
    };
    if let Some(body) = object.as_ref().and_then(worker::Object::body) {
        let (builder, _) = write(answer, None)?.into_parts();
        Ok(builder.body(body.response_body()?))
    } else {
        write(problem(&stored.missing), None)
    }
}

fn write(answer: Answer, cost: Option<String>) -> Result<Response> {
    let (parts, body) = answer.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    if let Some(cost) = cost {
        headers.set("Consentry-D1", &cost)?;
    }
    let builder = ResponseBuilder::new().with_status(parts.status.as_u16()).with_headers(headers);
    Ok(if body.is_empty() { builder.empty() } else { builder.fixed(body.into_bytes()) })
}
