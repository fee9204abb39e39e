//! The log as anyone may see it: checkpoints, tiles and proofs, which hold hashes and nothing of a person. Each database has a
//! log of its own; `?log=1` is the second one's.

use crate::{
    app::App,
    http::{Answer, Call, Stored, answer, json},
    model::{ConsistencyOutput, InclusionOutput},
    platform::{LimitClass, Platform},
    routes::Endpoint,
    sign,
    store::SignedHead,
    tree::{object, parts},
};
use consentry::{
    merkle::{consistency, inclusion},
    problem::{Code, Problem},
    tile::Tile,
};
use http::{HeaderValue, StatusCode, header};

/// The log that a call is about: its name and its head.
async fn log<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<(String, SignedHead), Problem> {
    app.count(LimitClass::Person, format!("log {}", call.address())).await?;
    let number = call.query_number("log")?.unwrap_or(0);
    let shard = usize::try_from(number).ok().filter(|shard| *shard < app.platform.shards());
    let shard = shard.ok_or_else(|| Problem::new(Code::NotFound, "there is no such log"))?;
    let store = app.store();
    let fault = |error| app.fault(&error);
    match store.head(shard).await.map_err(fault)? {
        Some(head) => Ok((store.origin(shard).await.map_err(fault)?, head)),
        None if app.config.log_keys.at(app.now).is_none() => Err(Problem::new(
            Code::Misconfigured,
            "no checkpoint is signed: set CONSENTRY_LOG_KEY to 64 random hexadecimal digits with npx wrangler secret put \
             CONSENTRY_LOG_KEY",
        )),
        None => Err(Problem::new(Code::NotFound, "no checkpoint is signed yet; repeat the call in a minute")),
    }
}

/// Answers what is asked of a log. One function, because each that waits would bring the way to the head again.
pub(super) async fn read<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    endpoint: Endpoint,
    param: &str,
) -> Result<Answer, Problem> {
    let (origin, signed) = log(app, call).await?;
    let size = signed.head.size;
    match endpoint {
        Endpoint::LogKey => Ok(text(format!("{}\n", signed.key))),
        Endpoint::Tile => tile(&origin, param, size).map(stored).ok_or_else(no_such_tile),
        Endpoint::InclusionProof => {
            let tree_size = at_most(call, "tree_size", size)?;
            let log_index = param.parse().map_err(|_| no_such_event())?;
            let mut needed = inclusion(log_index, tree_size).ok_or_else(no_such_event)?;
            needed.insert(0, log_index..log_index + 1);
            let mut hashes = parts(app, &origin, needed, size).await.map_err(|error| app.fault(&error))?;
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
            let hashes = parts(app, &origin, needed, size).await.map_err(|error| app.fault(&error))?;
            json(StatusCode::OK, &ConsistencyOutput { from, to, hashes })
        }
        _ => Ok(text(signed.note)),
    }
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

/// The object of a tile, if a log of `size` events has it.
fn tile(origin: &str, path: &str, size: u64) -> Option<String> {
    let tile = Tile::parse(&format!("tile/{path}"))?;
    let there = Tile::at(tile.level(), tile.index(), size)?;
    (tile.width() <= there.width()).then(|| object(origin, &tile.to_string()))
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
