//! The way in and out on workerd: turns the runtime's requests into calls and answers into responses, and gives the handlers
//! a clock, randomness, D1 and the rate limiters. No rule lives here.

mod banner;
mod crypto;
mod reach;

use crate::{
    app::{App, Config},
    cache::Cache,
    erasure::drive::{forget, go_on, sweep},
    export::Export,
    http::{Answer, Call, Stored, max_body, problem},
    keys::Keys,
    platform::{DatabaseError, LimitClass, Param, Platform, Rows, Statement},
    respond::respond,
    site::Jwk,
    snapshot::build::tick,
    tree::{fold, inspect::inspect},
};
use consentry::{
    erasure::task::Pace,
    problem::{Code, Problem},
    time::Timestamp,
};
use futures_util::{StreamExt as _, stream};
use http::Method;
use std::cell::Cell;
use std::time::Duration;
use uuid::Uuid;
use worker::{
    Bucket, Context, D1Database, Date, Delay, Env, Headers, MessageBatch, MessageExt as _, Request, Response,
    ResponseBuilder, Result, ScheduleContext, ScheduledEvent, UploadedPart, console_log, event,
    wasm_bindgen::JsValue,
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

/// The machine.
struct Workerd {
    env: Env,
    databases: Vec<D1Database>,
    queries: Cell<usize>,
    rows_read: Cell<usize>,
    rows_written: Cell<usize>,
}

impl Workerd {
    /// The databases are the bindings `DB`, `DB1`, `DB2` and so on.
    fn new(env: &Env) -> std::result::Result<Self, Problem> {
        let more = (1..).map_while(|number| env.d1(&format!("DB{number}")).ok());
        let databases: Vec<_> = env.d1("DB").into_iter().chain(more).collect();
        if databases.is_empty() {
            let detail = "bind a D1 database as DB in wrangler.toml: npx wrangler d1 create consentry";
            return Err(Problem::new(Code::Misconfigured, detail));
        }
        let zero = || Cell::new(0);
        Ok(Self { env: env.clone(), databases, queries: zero(), rows_read: zero(), rows_written: zero() })
    }

    fn bucket(&self) -> std::result::Result<Bucket, DatabaseError> {
        self.env.bucket("SNAPSHOTS").map_err(|_| {
            let what = "bind an R2 bucket as SNAPSHOTS in wrangler.toml: npx wrangler r2 bucket create consentry-snapshots";
            DatabaseError::Objects(what.into())
        })
    }

    /// What the call cost in D1, for the bench.
    fn cost(&self) -> String {
        let (queries, read, written) = (self.queries.get(), self.rows_read.get(), self.rows_written.get());
        format!("queries={queries};read={read};written={written}")
    }
}

impl Platform for Workerd {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(Date::now().as_millis()).unwrap_or_default())
    }

    fn random(&self, buffer: &mut [u8]) {
        // Web Crypto can't fail for the few bytes that are asked for here.
        let _ = getrandom::fill(buffer);
    }

    fn shards(&self) -> usize {
        self.databases.len()
    }

    async fn batch(
        &self,
        shard: usize,
        statements: Vec<Statement>,
    ) -> std::result::Result<Vec<Rows>, DatabaseError> {
        let database =
            self.databases.get(shard).ok_or_else(|| DatabaseError::Unavailable("no such database".into()))?;
        let failed = |error: worker::Error| DatabaseError::from_message(&format!("{error}"));
        let prepared = statements
            .iter()
            .map(|statement| {
                let params: Vec<JsValue> = statement.params.iter().map(js).collect();
                database.prepare(statement.sql).bind(&params)
            })
            .collect::<Result<Vec<_>>>()
            .map_err(failed)?;
        self.queries.set(self.queries.get() + 1);
        let results = database.batch(prepared).await.map_err(failed)?;
        results
            .into_iter()
            .map(|result| {
                if let Some(error) = result.error() {
                    return Err(DatabaseError::from_message(&error));
                }
                if let Ok(Some(meta)) = result.meta() {
                    self.rows_read.set(self.rows_read.get() + meta.rows_read.unwrap_or_default());
                    self.rows_written.set(self.rows_written.get() + meta.rows_written.unwrap_or_default());
                }
                result.results().map(Rows).map_err(failed)
            })
            .collect()
    }

    async fn put_object(&self, name: &str, bytes: Vec<u8>) -> std::result::Result<(), DatabaseError> {
        self.bucket()?.put(name, bytes).execute().await.map(drop).map_err(objects)
    }

    async fn object(&self, name: &str) -> std::result::Result<Option<Vec<u8>>, DatabaseError> {
        let object = self.bucket()?.get(name).execute().await.map_err(objects)?;
        match object.as_ref().and_then(worker::Object::body) {
            Some(body) => body.bytes().await.map(Some).map_err(objects),
            None => Ok(None),
        }
    }

    async fn delete_object(&self, name: &str) -> std::result::Result<(), DatabaseError> {
        self.bucket()?.delete(name).await.map_err(objects)
    }

    async fn begin_upload(&self, name: &str) -> std::result::Result<String, DatabaseError> {
        let upload = self.bucket()?.create_multipart_upload(name).execute().await.map_err(objects)?;
        Ok(upload.upload_id().await)
    }

    async fn upload_part(
        &self,
        name: &str,
        upload: &str,
        number: usize,
        bytes: Vec<u8>,
    ) -> std::result::Result<String, DatabaseError> {
        let upload = self.bucket()?.resume_multipart_upload(name, upload).map_err(objects)?;
        let number = u16::try_from(number).map_err(|_| DatabaseError::Objects("too many parts".into()))?;
        upload.upload_part(number, bytes).await.map(|part| part.etag()).map_err(objects)
    }

    async fn finish_upload(
        &self,
        name: &str,
        upload: &str,
        tags: Vec<String>,
    ) -> std::result::Result<(), DatabaseError> {
        let upload = self.bucket()?.resume_multipart_upload(name, upload).map_err(objects)?;
        let parts = (1..).zip(tags).map(|(number, tag)| UploadedPart::new(number, tag));
        upload.complete(parts).await.map(drop).map_err(objects)
    }

    async fn asset(&self, path: &str) -> Option<String> {
        let mut asset = banner::asset(&self.env, path).await.ok()?;
        if asset.status_code() == 200 { asset.text().await.ok() } else { None }
    }

    async fn within_limit(&self, class: LimitClass, key: String) -> bool {
        let name = match class {
            LimitClass::Person => "RATE_LIMIT_PERSON",
            LimitClass::Key => "RATE_LIMIT_KEY",
        };
        let Ok(limiter) = self.env.rate_limiter(name) else { return true };
        // A limiter that fails must not stop people from withdrawing their consent.
        limiter.limit(key).await.map_or(true, |outcome| outcome.success)
    }

    async fn verify(&self, key: &Jwk, message: &[u8], signature: &[u8]) -> Option<bool> {
        crypto::verify(key, message, signature).await
    }

    async fn public_key(&self, seed: &[u8; 32]) -> Option<[u8; 32]> {
        crypto::key(seed).await.map(|(_, public)| public)
    }

    async fn sign(&self, seed: &[u8; 32], message: &[u8]) -> Option<([u8; 32], [u8; 64])> {
        crypto::sign(seed, message).await
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn objects(error: worker::Error) -> DatabaseError {
    DatabaseError::Objects(format!("{error}"))
}

fn js(param: &Param) -> JsValue {
    match param {
        Param::Null => JsValue::NULL,
        // Exact up to 53 bits, which no time and no index here exceeds.
        #[allow(clippy::cast_precision_loss)]
        Param::Integer(value) => JsValue::from_f64(*value as f64),
        Param::Text(text) => JsValue::from_str(text),
    }
}
