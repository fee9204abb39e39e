//! Receipts: what a person is given with each decision, and the same again later with the proof that the log has it. What a
//! receipt says is the core's ([`consentry::receipt`]); by which key it is signed follows from when the event happened.

use super::event;
use crate::{
    app::App,
    auth::{self, Caller},
    http::{Answer, Call, answer, json},
    model::Recorded,
    object::Object,
    platform::{DatabaseError, Platform, Rows},
    scope::Scope,
    sign,
    store::{FIRST, Stored, name_at, read_consent, stored as decisions},
    tree::Log,
};
use consentry::{
    dpv,
    event::Kind,
    merkle::inclusion,
    problem::{Code, Problem},
    proof::Inclusion,
    receipt::{Proved, Receipt, TYPE},
    record::Status,
    subject::Subject,
};
use http::StatusCode;

/// What a caller is told of the decisions among these events. A receipt that can't be signed is left out: the decision is
/// recorded, and `GET /receipts/{log_index}` gives it once there is a key.
pub(super) async fn recorded<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    events: &[Stored],
) -> Result<Vec<Recorded>, Problem> {
    let mut records = Vec::with_capacity(events.len());
    for stored in events.iter().filter(|stored| stored.event.kind.is_consent()) {
        let receipt = if app.config.log_keys.at(stored.event.created_at).is_some() {
            signed(app, shard, stored).await.inspect_err(|problem| app.platform.log(&problem.detail)).ok()
        } else {
            None
        };
        records.push(Recorded {
            purpose: stored.event.purpose.as_ref().map(ToString::to_string).unwrap_or_default(),
            status: stored.event.status.unwrap_or(Status::Pending),
            id: stored.event.id,
            timestamp: stored.event.created_at,
            log_index: stored.log_index,
            leaf_hash: stored.leaf_hash,
            receipt,
        });
    }
    Ok(records)
}

/// The receipt of an event, always in the same bytes.
async fn signed<P: Platform>(app: &App<'_, P>, shard: usize, stored: &Stored) -> Result<String, Problem> {
    let store = app.store();
    let fault = |error| app.fault(&error);
    let log = store.origin(shard).await.map_err(fault)?;
    let mut receipt = Receipt::of(&log, stored.log_index, &stored.event).ok_or_else(no_such)?;
    if receipt.leaf_hash != stored.leaf_hash {
        // The log had another name then: its database was restored since.
        let names = store.names(shard).await.map_err(fault)?;
        let log = name_at(&names, stored.log_index);
        receipt = Receipt::of(log, stored.log_index, &stored.event).ok_or_else(no_such)?;
    }
    let payload = serde_json::to_value(&receipt)
        .map_err(|_| Problem::new(Code::Internal, "the receipt could not be written"))?;
    sign::jws_at(app, stored.event.created_at, TYPE, &payload).await
}

pub(super) async fn read<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    log_index: &str,
) -> Result<Answer, Problem> {
    let caller = auth::authenticate(app, call, None).await?;
    caller.has(Scope::SubjectExport)?;
    let log_index = log_index.parse().ok().filter(|index| *index <= 1 << 53).ok_or_else(no_such)?;
    let key = app.site_key(&caller.site.id);
    let person = caller.only().map(|user| key.subject(user));
    let shard = shard(app, call, person.as_ref())?;
    let store = app.store();
    let fault = |error| app.fault(&error);
    let stored = store.range(shard, log_index, 1).await.map_err(fault)?.pop().ok_or_else(no_such)?;
    let subject = reached(app, &caller, person, &stored).await?;
    let details = [("log_index", log_index.into())];
    let read = event(app, Kind::ReceiptRead, &caller.site.id, Some(subject), &caller.actor, &details);
    let linked = call.accepts("application/ld+json");
    let before = if linked { vec![read_consent(&subject)] } else { vec![] };
    let appended = store.append(shard, vec![read.into()], None, before).await.map_err(fault)?;
    let receipt = signed(app, shard, &stored).await?;
    if linked {
        let rows = appended.after.into_iter().next().unwrap_or_default();
        let before = before_of(&stored, rows).map_err(fault)?;
        return linked_data(&caller, &stored, before, &receipt);
    }
    let head = store.head(shard).await.map_err(fault)?;
    let proved = match head.filter(|signed| signed.head.size > log_index) {
        None => Proved { receipt, inclusion: None, checkpoint: None },
        Some(signed) => {
            let tree_size = signed.head.size;
            let needed = inclusion(log_index, tree_size).ok_or_else(no_such)?;
            let names = store.names(shard).await.map_err(fault)?;
            let log = Log { shard, names, head: signed.head };
            let hashes = log.parts(app, needed).await.map_err(fault)?;
            let inclusion = Inclusion { log_index, leaf_hash: stored.leaf_hash, tree_size, hashes };
            Proved { receipt, inclusion: Some(inclusion), checkpoint: Some(signed.note) }
        }
    };
    json(StatusCode::OK, &proved)
}

/// What the person had decided about the purpose before; asked but undecided if nothing.
fn before_of(stored: &Stored, rows: Rows) -> Result<Status, DatabaseError> {
    let mut earlier = decisions(rows)?.into_iter().filter(|earlier| {
        earlier.event.purpose == stored.event.purpose && earlier.log_index < stored.log_index
    });
    Ok(earlier.next_back().and_then(|earlier| earlier.event.status).unwrap_or(Status::Pending))
}

/// The receipt as ISO/IEC TS 27560 has it.
fn linked_data(caller: &Caller, stored: &Stored, before: Status, receipt: &str) -> Result<Answer, Problem> {
    let controller = caller.site.settings.controller.clone().map(|Object(controller)| controller);
    let record = dpv::record(&controller.unwrap_or_default(), &stored.event, Some(before));
    let record = record.ok_or_else(no_such)?;
    let body = dpv::receipt(&record, &stored.event, receipt).to_string();
    Ok(answer(StatusCode::OK, "application/ld+json", body))
}

/// The database that the call is about: that of the person who calls, unless it says which; a backend's is the first.
fn shard<P: Platform>(app: &App<'_, P>, call: &Call, person: Option<&Subject>) -> Result<usize, Problem> {
    let own = person.map_or(FIRST, |person| app.store().shard_of(person));
    let asked = call.query_number("log")?.map_or(Some(own), |number| usize::try_from(number).ok());
    asked.filter(|shard| *shard < app.platform.shards()).ok_or_else(no_such)
}

/// The subject of a decision that the caller reaches. What others decided is not told from what nobody did.
async fn reached<P: Platform>(
    app: &App<'_, P>,
    caller: &Caller,
    person: Option<Subject>,
    stored: &Stored,
) -> Result<Subject, Problem> {
    let event = &stored.event;
    let subject = event.subject.filter(|_| event.kind.is_consent()).ok_or_else(no_such)?;
    let theirs = event.site.as_ref() == Some(&caller.site.id)
        && match person {
            None => true,
            Some(person) if person == subject => true,
            // What a person decided as a visitor is theirs too.
            Some(person) => {
                app.store().visitors(&person).await.map_err(|error| app.fault(&error))?.contains(&subject)
            }
        };
    if theirs { Ok(subject) } else { Err(no_such()) }
}

fn no_such() -> Problem {
    Problem::new(Code::NotFound, "these credentials reach no decision at this place of the log")
}
