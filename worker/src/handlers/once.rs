//! Calls that happen once however often they are sent: the `Idempotency-Key` header around an append.

use crate::{
    app::App,
    http::{Answer, Call},
    platform::{DatabaseError, Platform, Rows, Statement},
    store::{Claim, First, NewEvent, Stored},
};
use consentry::{
    problem::{Code, Problem},
    subject::SiteKey,
};
use http::HeaderValue;

/// The events of a call, now or from the first time it was sent.
pub(super) struct Committed {
    pub(super) events: Vec<Stored>,
    /// What each statement after them returned; nothing for an earlier call.
    pub(super) after: Vec<Rows>,
    /// Whether they are from an earlier call.
    pub(super) replayed: bool,
}

/// The claim that a call makes on its key, if it has one. Keys are the caller's own and belong to one path.
pub(super) fn claim(call: &Call, key: &SiteKey, caller: &str) -> Result<Option<Claim>, Problem> {
    let Some(text) = call.header("idempotency-key") else { return Ok(None) };
    if !(1..=255).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail =
            "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces, such as a UUID";
        return Err(Problem::new(Code::MalformedRequest, detail));
    }
    // The first byte keeps these tags apart from subjects: no user id begins with a control character. A header has no line
    // break, so the parts can't run into each other.
    let scope = format!("\u{1}{caller}\n{} {}\n{text}", call.method, call.path);
    let body = [&[2], call.body.as_slice()].concat();
    Ok(Some(Claim { key: key.tag(scope.as_bytes()), body: key.tag(&body) }))
}

/// Stores events, or finds those that the first call with this key stored.
pub(super) async fn commit<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    events: Vec<NewEvent>,
    claim: Option<&Claim>,
    after: Vec<Statement>,
) -> Result<Committed, Problem> {
    match (app.store().append(shard, events, claim, after).await, claim) {
        (Ok(appended), _) => {
            Ok(Committed { events: appended.events, after: appended.after, replayed: false })
        }
        (Err(DatabaseError::Duplicate(_)), Some(claim)) => first(app, shard, claim).await,
        (Err(error), _) => Err(app.fault(&error)),
    }
}

async fn first<P: Platform>(app: &App<'_, P>, shard: usize, claim: &Claim) -> Result<Committed, Problem> {
    match app.store().first_call(shard, claim).await.map_err(|error| app.fault(&error))? {
        First::Same(events) => Ok(Committed { events, after: vec![], replayed: true }),
        First::Other => Err(Problem::new(
            Code::IdempotencyKeyReused,
            "this Idempotency-Key was used with another body; use a new key for a new call",
        )),
        // It was there when the claim failed and expired since.
        First::Forgotten => Err(Problem::new(Code::StorageUnavailable, "repeat the call")),
    }
}

impl Committed {
    /// Marks an answer that was given before.
    pub(super) fn mark(&self, mut answer: Answer) -> Answer {
        if self.replayed {
            answer.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        answer
    }
}
