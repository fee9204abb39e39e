//! What is to be destroyed, written down in R2 before any of it is: a restore of the database doesn't roll it back, so whatever
//! the database lacks then is opened again from here. An entry names the person by keyed hash and encrypted ids, and is removed
//! when no restore can reach behind the erasure any more.

use super::{ends::Ends, reach::Versioned, users};
use crate::{
    app::App,
    handlers,
    platform::{DatabaseError, Platform},
    store::{ErasureRow, TaskRow, change_erasure, save_erasure, save_tasks},
};
use consentry::{
    erasure::{State, restore_horizon},
    event::{Actor, Kind},
    hash::Hash,
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::json as value;
use uuid::Uuid;

/// An entry. Its form is only ever added to.
#[derive(Serialize, Deserialize)]
struct Entry {
    erasure: Uuid,
    site: String,
    subject: Hash,
    key_id: KeyId,
    regime: String,
    requested_at: Timestamp,
    due_at: Timestamp,
    users: Option<String>,
    /// The settings of the stores.
    stores: Vec<super::settings::StoreSettings>,
    /// When it was done or refused, if it was.
    #[serde(default)]
    completed_at: Option<Timestamp>,
    /// What keeps it from going on, if anything does.
    #[serde(default)]
    kept: Option<Kept>,
    /// Why the deadline was extended.
    #[serde(default)]
    extension: Option<String>,
    /// How often it was decided about when this was written: what tells a restored database from one that was changed since.
    #[serde(default)]
    revision: u32,
}

/// That somebody refused or held it: a restore of the database to before that must not let it go on.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: State,
    ground: Option<String>,
}

impl Kept {
    fn of(erasure: &ErasureRow) -> Option<Self> {
        let kept = matches!(erasure.state, State::Refused | State::OnHold);
        kept.then(|| Self { state: erasure.state, ground: erasure.ground.clone() })
    }
}

fn name(site: &Slug, erasure: Uuid) -> String {
    format!("ledger/{site}/{erasure}.json")
}

fn erasure_of(name: &str) -> Option<Uuid> {
    name.strip_suffix(".json")?.rsplit('/').next().and_then(|id| Uuid::try_parse(id).ok())
}

/// How often a writer that was overtaken by a decision or another writer begins anew; whoever decided writes too, and so does the sweep.
const TRIES: usize = 3;

/// Writes the entry of an erasure as the database has it, and notes there that this was done; whether it was. Nothing but this writes
/// one. A decision is stored in the database first, together with the mark that its entry is due, so whatever stops this, the sweep writes
/// it. An entry never gives way to an older one: it is replaced only as it was read, by what is no older.
pub(crate) async fn write<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    id: Uuid,
) -> Result<bool, DatabaseError> {
    let store = app.store();
    for _ in 0..TRIES {
        let Some(erasure) = store.erasure_in(shard, id).await? else { return Ok(false) };
        let tasks = store.tasks(shard, id).await?;
        if put(app, &erasure, &tasks).await? && store.note_ledgered(shard, id, erasure.revision).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it could: not over an entry of a later revision, nor where somebody else wrote meanwhile.
async fn put<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    tasks: &[TaskRow],
) -> Result<bool, DatabaseError> {
    let name = name(&erasure.site, erasure.id);
    let before = app.platform.ledger(&name).await?;
    if let Some(before) = &before
        && entry(erasure.id, before)?.revision > erasure.revision
    {
        return Ok(false);
    }
    let entry = Entry {
        erasure: erasure.id,
        site: erasure.site.to_string(),
        subject: erasure.subject.hash,
        key_id: erasure.subject.key_id,
        regime: erasure.regime.clone(),
        requested_at: erasure.requested_at,
        due_at: erasure.due_at,
        users: erasure.users.clone(),
        stores: tasks.iter().map(|row| row.settings.clone()).collect(),
        completed_at: erasure.completed_at,
        kept: Kept::of(erasure),
        extension: erasure.extension.clone(),
        revision: erasure.revision,
    };
    let over = before.map(|before| before.etag);
    app.platform.put_ledger(&name, value!(entry).to_string(), over.as_deref()).await
}

/// An erasure as it stands, after what the ledger knows and a restored database has forgotten was decided there once more: what was
/// refused or held stays so. `None` if somebody else decides about it at this moment.
pub(crate) async fn caught_up<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    row: ErasureRow,
) -> Result<Option<ErasureRow>, DatabaseError> {
    let Some(found) = app.platform.ledger(&name(&row.site, row.id)).await? else { return Ok(Some(row)) };
    let entry = entry(row.id, &found)?;
    if entry.revision <= row.revision || matches!(row.state, State::Done | State::Refused) {
        return Ok(Some(row));
    }
    let mut erasure = row.clone();
    erasure.revision = entry.revision;
    erasure.ledgered = true;
    (erasure.due_at, erasure.extension) = (entry.due_at, entry.extension);
    let change = match entry.kept {
        Some(Kept { state, ground }) => {
            (erasure.state, erasure.ground) = (state, ground);
            erasure.completed_at = entry.completed_at;
            if state == State::Refused { "refuse" } else { "hold" }
        }
        // What was done before the restore is done again.
        None if row.may_go_on() => "extend",
        None => {
            (erasure.state, erasure.ground) = (State::Open, None);
            "release"
        }
    };
    let details = [
        ("change", value!(change)),
        ("due_at", value!(erasure.due_at)),
        ("erasure", value!(row.id)),
        ("ground", value!(erasure.ground)),
        ("replayed", value!(true)),
    ];
    let subject = Some(row.subject);
    let changed = handlers::event(app, Kind::ErasureChanged, &row.site, subject, &Actor::System, &details);
    let change = change_erasure(&erasure, row.revision);
    let stored = if erasure.state == row.state && erasure.due_at == row.due_at {
        app.store().run(shard, change).await
    } else {
        app.store().append(shard, vec![changed.into()], None, vec![change]).await.map(drop)
    };
    match stored {
        Ok(()) => Ok(Some(erasure)),
        Err(DatabaseError::Overtaken) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An erasure whose stores may be worked on, of which the ledger has an entry. Both are seen to here; the ledger is asked each time.
pub(super) async fn workable<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    id: Uuid,
) -> Result<Option<ErasureRow>, DatabaseError> {
    let Some(row) = app.store().erasure_in(shard, id).await? else { return Ok(None) };
    let Some(erasure) = caught_up(app, shard, row).await? else { return Ok(None) };
    if !erasure.ledgered && erasure.state != State::Verifying && !write(app, shard, id).await? {
        // Somebody else decides about it at this moment, or writes.
        return Ok(None);
    }
    Ok(Some(erasure).filter(ErasureRow::may_go_on))
}

fn entry(id: Uuid, found: &Versioned) -> Result<Entry, DatabaseError> {
    serde_json::from_slice(&found.bytes).map_err(|_| unreadable(id))
}

fn unreadable(id: Uuid) -> DatabaseError {
    DatabaseError::Unreadable(format!("the entry of erasure {id} in the ledger"))
}

/// How many calls one run may spend on opening again; what is left is the next run's. A Worker may make a thousand, and goes on with
/// erasures too.
const CALLS: usize = 250;

/// How many of them one takes, as a rule.
const REOPENING: usize = 10;

/// Opens again what the ledger has and the databases lack, and forgets what no restore can bring back. Both are safe to repeat and need
/// not know whether there was a restore. An entry that nothing can be done about keeps the others waiting, but not for ever.
pub(super) async fn replay<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let (mut due, mut from) = (Vec::new(), None);
    loop {
        let page = app.platform.list_ledger(from).await?;
        let entries: Vec<_> =
            page.names.into_iter().filter_map(|name| Some((erasure_of(&name)?, name))).collect();
        let known = app.store().known_erasures(entries.iter().map(|(id, _)| *id)).await?;
        due.extend(entries.into_iter().filter_map(|(id, name)| match known.get(&id) {
            None => Some((id, name, false)),
            Some(ended) => ended.is_some_and(|at| is_past(app, at)).then_some((id, name, true)),
        }));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    // Each run begins elsewhere, so that each entry has its turn whatever is wrong with those before it.
    let mut random = [0; 4];
    app.platform.random(&mut random);
    let first = u32::from_le_bytes(random) as usize % due.len();
    due.rotate_left(first);
    let (mut outcome, mut calls) = (Ok(()), CALLS);
    for (id, name, past) in due {
        if calls < REOPENING {
            break;
        }
        let spent = if past {
            app.platform.delete_ledger(&name).await.map(|()| 1)
        } else {
            open_again(app, &name, id).await
        };
        calls -= *spent.as_ref().unwrap_or(&1);
        outcome = outcome.and(spent.map(drop));
    }
    outcome
}

/// Whether no restore can reach behind an erasure that ended then.
fn is_past<P: Platform>(app: &App<'_, P>, ended: Timestamp) -> bool {
    restore_horizon(ended) <= app.now
}

/// What follows from an entry of which no database knows; how many calls that took at most.
async fn open_again<P: Platform>(app: &App<'_, P>, name: &str, id: Uuid) -> Result<usize, DatabaseError> {
    let Some(found) = app.platform.ledger(name).await? else { return Ok(1) };
    let entry = entry(id, &found)?;
    if entry.completed_at.is_some_and(|at| is_past(app, at)) {
        app.platform.delete_ledger(name).await?;
        return Ok(2);
    }
    if entry.kept.as_ref().is_some_and(|kept| kept.state == State::Refused) {
        return Ok(1);
    }
    reopen(app, entry).await.map(|()| REOPENING)
}

/// All of it is done again: a restore brought back what the databases held, and what other stores hold is looked at.
async fn reopen<P: Platform>(app: &App<'_, P>, entry: Entry) -> Result<(), DatabaseError> {
    let site = Slug::parse(&entry.site).ok_or_else(|| unreadable(entry.erasure))?;
    let (state, ground) = entry.kept.map_or((State::Open, None), |kept| (kept.state, kept.ground));
    let store = app.store();
    let erasure = ErasureRow {
        id: entry.erasure,
        site: site.clone(),
        subject: Subject { hash: entry.subject, key_id: entry.key_id },
        state,
        requested_at: entry.requested_at,
        due_at: entry.due_at,
        completed_at: None,
        users: entry.users,
        revision: entry.revision,
        ledgered: true,
        regime: entry.regime,
        ground,
        extension: entry.extension,
    };
    let tasks: Vec<_> = entry
        .stores
        .into_iter()
        .map(|settings| TaskRow::new(store.new_id(), erasure.id, &site, settings))
        .collect();
    let details = [("erasure", value!(erasure.id)), ("replayed", value!(true))];
    let asked =
        handlers::event(app, Kind::ErasureRequested, &site, Some(erasure.subject), &Actor::System, &details);
    let ends = Ends::read(app, &erasure, &Actor::System, erasure.requested_at).await?;
    let (more, marks) = ends.here(app);
    let events = [asked.into()].into_iter().chain(more).collect();
    let after = [save_erasure(&erasure), save_tasks(&tasks)].into_iter().chain(marks).collect();
    match store.append(store.shard_of(&erasure.subject), events, None, after).await {
        Ok(_) => {
            ends.elsewhere(app).await;
            Ok(())
        }
        // The person has another open one, which does the same; this is looked at again when that is done.
        Err(DatabaseError::Duplicate(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The ids of an erasure's person.
pub(super) async fn users<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
) -> Result<Vec<String>, DatabaseError> {
    match &erasure.users {
        Some(sealed) => users::unseal(app, &erasure.site, &erasure.id.to_string(), sealed).await,
        None => Ok(vec![]),
    }
}
