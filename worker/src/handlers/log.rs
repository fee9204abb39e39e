//! The log as anyone may see it: checkpoints, tiles and proofs, which hold hashes and nothing of a person. Each database has a
//! log of its own; `?log=1` is the second one's. Its rows are for a site's backend and whoever it lets audit.

use super::event;
use crate::{
    app::App,
    auth,
    http::{Answer, Call, Stored, answer, json},
    model::{ConsistencyOutput, InclusionOutput, LogOutput, RestartedOutput},
    platform::{LimitClass, Platform},
    routes::Endpoint,
    scope::Scope,
    sign,
    store::{SignedHead, StoredEvidence, name_at, read_range, stored as stored_events},
    tree::{self, Log, Refused, published},
};
use base64ct::{Base64, Encoding as _};
use consentry::{
    event::Kind,
    log::leaf,
    merkle::{consistency, inclusion},
    problem::{Code, Problem},
    tile::Tile,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json as value;

/// The most rows of an answer.
const MAX_ROWS: u64 = if cfg!(test) { 100 } else { 4096 };

/// The number of the log that a call is about.
fn shard<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<usize, Problem> {
    let number = call.query_number("log")?.unwrap_or(0);
    let shard = usize::try_from(number).ok().filter(|shard| *shard < app.platform.shards());
    shard.ok_or_else(|| Problem::new(Code::NotFound, "there is no such log"))
}

/// The log that a call is about, under its present name.
async fn log<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<(Log, SignedHead), Problem> {
    let shard = shard(app, call)?;
    let store = app.store();
    let fault = |error| app.fault(&error);
    let names = store.names(shard).await.map_err(fault)?;
    match store.head(shard).await.map_err(fault)? {
        Some(signed) => Ok((Log { shard, names, head: signed.head }, signed)),
        None if app.config.log_keys.at(app.now).is_none() => Err(no_key()),
        None => Err(Problem::new(Code::NotFound, "no checkpoint is signed yet; repeat the call in a minute")),
    }
}

/// The same under the name that the call asks for, which may be one that the log had before its database was restored.
async fn named<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<(Log, SignedHead), Problem> {
    app.count(LimitClass::Person, format!("log {}", call.address())).await?;
    let (log, mut signed) = log(app, call).await?;
    let present = log.names.last().map(|named| named.origin.clone());
    let Some(asked) = call.query("origin").filter(|asked| Some(asked) != present.as_ref()) else {
        return Ok((log, signed));
    };
    let fault = |error| app.fault(&error);
    let names = tree::names_until(app, log.names, &asked).await.map_err(fault)?;
    let found = match &names {
        Some(_) => published(app, &asked).await.map_err(fault)?,
        None => None,
    };
    let (Some((checkpoint, note)), Some(names)) = (found, names) else {
        return Err(Problem::new(Code::NotFound, "this log never had that name"));
    };
    signed = SignedHead { head: checkpoint.head, note: note.to_string(), ..signed };
    Ok((Log { shard: log.shard, names, head: checkpoint.head }, signed))
}

/// Answers what is asked of a log. One function, because each that waits would bring the way to the head again.
pub(super) async fn read<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    endpoint: Endpoint,
    param: &str,
) -> Result<Answer, Problem> {
    let (log, signed) = named(app, call).await?;
    let size = log.head.size;
    match endpoint {
        Endpoint::Log => {
            let waiting = app.store().waiting(log.shard, size).await.map_err(|error| app.fault(&error))?;
            json(StatusCode::OK, &LogOutput::new(log, &signed, waiting))
        }
        Endpoint::LogKey => {
            let origin = log.names.last().map(|named| named.origin.as_str()).unwrap_or_default();
            Ok(text(tree::verifier_keys(app, origin).await))
        }
        Endpoint::Tile => tile(&log, param).map(stored).ok_or_else(no_such_tile),
        Endpoint::InclusionProof => {
            let tree_size = at_most(call, "tree_size", size)?;
            let log_index = param.parse().map_err(|_| no_such_event())?;
            let mut needed = inclusion(log_index, tree_size).ok_or_else(no_such_event)?;
            needed.insert(0, log_index..log_index + 1);
            let mut hashes = log.parts(app, needed).await.map_err(|error| app.fault(&error))?;
            let leaf_hash = hashes.remove(0);
            json(StatusCode::OK, &InclusionOutput { log_index, leaf_hash, tree_size, hashes })
        }
        Endpoint::ConsistencyProof => {
            let to = at_most(call, "to", size)?;
            // Without an earlier size nothing can be proved.
            let from = call.query_number("from")?.unwrap_or(u64::MAX);
            let needed = consistency(from, to).ok_or_else(|| {
                Problem::field(
                    "from",
                    "the query parameter from must be the size of an earlier checkpoint, at most that of to",
                )
            })?;
            let hashes = log.parts(app, needed).await.map_err(|error| app.fault(&error))?;
            json(StatusCode::OK, &ConsistencyOutput { from, to, hashes })
        }
        _ => Ok(text(signed.note)),
    }
}

/// Rows of the log as `consentry verify` reads them, a line each: the leaf of those of the caller's site and of the log itself, and of
/// those of other sites only its hash. Leaves a row itself.
pub(super) async fn rows<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let caller = auth::backend(app, call, Scope::LogRead).await?;
    let (log, _) = log(app, call).await?;
    let from = call.query_number("from")?.unwrap_or(0);
    let to = at_most(call, "to", log.head.size)?;
    let count = to.checked_sub(from).filter(|count| *count > 0).ok_or_else(|| {
        Problem::field("from", "the query parameter from must be less than to, the row after the last")
    })?;
    let count = count.min(MAX_ROWS);
    let site = &caller.site.id;
    let details = [("from", value!(from)), ("to", value!(from + count))];
    let read = event(app, Kind::LogRead, site, None, &caller.actor, &details);
    let fault = |error| app.fault(&error);
    let store = app.store();
    let (_, rows) = store.append_then_read(log.shard, read, read_range(from, count)).await.map_err(fault)?;
    let mut lines = String::new();
    for row in stored_events(rows).map_err(fault)? {
        let mut line = value!({ "log_index": row.log_index, "leaf_hash": row.leaf_hash });
        if row.event.site.as_ref().is_none_or(|of| of == site) {
            let leaf = leaf(name_at(&log.names, row.log_index), &row.event);
            line["leaf"] = Base64::encode_string(&leaf).into();
            // What it was is the person's; that it is gone is the log's.
            if row.evidence == StoredEvidence::Redacted {
                line["evidence"] = value!(null);
            }
        }
        lines += &line.to_string();
        lines.push('\n');
    }
    Ok(answer(StatusCode::OK, "application/jsonl", lines))
}

/// Lets a log whose database was restored to an earlier state go on under another name.
pub(super) async fn restart<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    auth::authenticate_admin(app, call).await?;
    let shard = shard(app, call)?;
    match tree::restart(app, shard).await {
        Ok(named) => {
            // What is left of the log is signed at once; should that fail, the scheduled handler does it.
            let _ = tree::fold(app).await;
            json(StatusCode::OK, &RestartedOutput(named))
        }
        Err(Refused::NotRolledBack) => Err(Problem::new(
            Code::LogNotRolledBack,
            "nothing was published that the database doesn't know, so its log goes on under the name it has",
        )),
        Err(Refused::Unsigned) => Err(Problem::new(
            Code::LogNotRolledBack,
            "the last checkpoint in the bucket is not signed by a key of this log; put back the one that is",
        )),
        Err(Refused::NoKey) => Err(no_key()),
        Err(Refused::Failed(error)) => Err(app.fault(&error)),
    }
}

fn no_key() -> Problem {
    Problem::new(
        Code::Misconfigured,
        "no checkpoint is signed: set CONSENTRY_LOG_KEY to 64 random hexadecimal digits with npx wrangler secret put \
         CONSENTRY_LOG_KEY",
    )
}

/// The keys that verify receipts and whatever else is signed JSON.
pub(super) async fn jwks<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    app.count(LimitClass::Person, format!("log {}", call.address())).await?;
    let mut answer = json(StatusCode::OK, &sign::jwks(app).await?)?;
    // A key that is to come is there long before it signs.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(answer)
}

fn text(body: String) -> Answer {
    answer(StatusCode::OK, "text/plain; charset=utf-8", body)
}

fn no_such_tile() -> Problem {
    Problem::new(Code::NotFound, "the log has no such tile")
}

/// The object of a tile, if the log has it.
fn tile(log: &Log, path: &str) -> Option<String> {
    let tile = Tile::parse(&format!("tile/{path}"))?;
    let there = Tile::at(tile.level(), tile.index(), log.head.size)?;
    (tile.width() <= there.width()).then(|| log.object(tile))
}

fn stored(name: String) -> Answer {
    let mut answer = answer(StatusCode::OK, "", String::new());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    // A partial one is there in the widths that checkpoints had.
    answer.extensions_mut().insert(Stored { name, missing: no_such_tile() });
    answer
}

fn no_such_event() -> Problem {
    Problem::new(Code::NotFound, "the log has no such event under this checkpoint yet")
}

/// A size in the query, by default that of the log's checkpoint, which it must not exceed.
fn at_most(call: &Call, name: &str, size: u64) -> Result<u64, Problem> {
    let asked = call.query_number(name)?.unwrap_or(size);
    if asked <= size {
        return Ok(asked);
    }
    Err(Problem::field(
        name,
        format!("the query parameter {name} must be at most {size}, the size of the log's checkpoint"),
    ))
}
