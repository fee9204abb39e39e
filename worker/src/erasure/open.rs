//! Opening an erasure: the request, its deadline, the ids that stores need and one task a store, in one transaction with the
//! event that says so.

use super::{drive, ends::Ends, settings::StoreSettings, users};
use crate::{
    app::App,
    auth::Access,
    object::Object,
    platform::{DatabaseError, Platform},
    site::Site,
    store::{Claim, ErasureRow, TaskRow, save_erasure, save_tasks},
};
use consentry::{
    erasure::{State, deadline::Deadline},
    event::Kind,
    regime::Regime,
    subject::Subject,
};
use serde::Deserialize;
use serde_json::json as value;
use uuid::Uuid;

/// What a request led to.
pub(crate) enum Opened {
    /// A new erasure.
    New(ErasureRow),
    /// That which was open.
    Before(ErasureRow),
    /// That of an earlier call with the same idempotency key.
    Replayed(Uuid),
}

/// Opens an erasure, or finds the one that is open. With `verify`, nothing is removed before somebody says who is asking.
pub(crate) async fn open<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    regime: &Regime,
    verify: bool,
    claim: Option<&Claim>,
) -> Result<Opened, DatabaseError> {
    let store = app.store();
    let shard = store.shard_of(&access.subject);
    let id = store.new_id();
    let ids = ids(app, access).await?;
    let erasure = ErasureRow {
        id,
        site: access.site.id.clone(),
        subject: access.subject,
        state: if verify { State::Verifying } else { State::Open },
        requested_at: app.now,
        due_at: Deadline::of(regime).due_at(app.now),
        completed_at: None,
        users: Some(users::seal(app, &access.site.id, &id.to_string(), &ids).await?),
        revision: 0,
        ledgered: false,
        regime: regime.code.into(),
        ground: None,
        extension: None,
    };
    let tasks: Vec<_> = stores(&access.site)
        .map(|settings| TaskRow::new(store.new_id(), id, &access.site.id, settings))
        .collect();
    let details = [("erasure", value!(id))];
    let asked = crate::handlers::event(
        app,
        Kind::ErasureRequested,
        &access.site.id,
        Some(access.subject),
        &access.actor,
        &details,
    );
    let mut events = vec![asked.into()];
    let mut after = vec![save_erasure(&erasure), save_tasks(&tasks)];
    // Before it is known who asks, nothing of theirs ends.
    let ends = if verify { None } else { Some(Ends::read(app, &erasure, &access.actor, app.now).await?) };
    if let Some(ends) = &ends {
        let (more, marks) = ends.here(app);
        events.extend(more);
        after.extend(marks);
    }
    match store.append(shard, events, claim, after).await {
        Ok(_) => {
            if let Some(ends) = &ends {
                ends.elsewhere(app).await;
            }
            drive::begin(app, shard, erasure).await.map(Opened::New)
        }
        Err(DatabaseError::Duplicate("erasures")) => match store.open_erasure(&access.subject).await? {
            Some(open) => Ok(Opened::Before(open)),
            // It ended just now; whoever asks again opens a new one.
            None => Err(DatabaseError::Unavailable("the open erasure ended meanwhile".into())),
        },
        Err(DatabaseError::Duplicate(_)) => match claim {
            Some(claim) => replayed(app, shard, claim).await.map(Opened::Replayed),
            None => Err(DatabaseError::Unavailable("a claim without a key".into())),
        },
        Err(error) => Err(error),
    }
}

async fn replayed<P: Platform>(app: &App<'_, P>, shard: usize, claim: &Claim) -> Result<Uuid, DatabaseError> {
    use crate::store::First;
    #[derive(Deserialize)]
    struct Details {
        erasure: Uuid,
    }
    let First::Same(events) = app.store().first_call(shard, claim).await? else {
        return Err(DatabaseError::Duplicate("idempotency"));
    };
    let details = events.first().map(|stored| stored.event.details.as_str()).unwrap_or_default();
    serde_json::from_str::<Details>(details)
        .map(|details| details.erasure)
        .map_err(|_| DatabaseError::Unreadable("an erasure's event names none".into()))
}

/// The stores of a site, the built-in one first.
fn stores(site: &Site) -> impl Iterator<Item = StoreSettings> + '_ {
    std::iter::once(StoreSettings::evidence())
        .chain(site.settings.stores.iter().map(|Object(store)| store.clone()))
}

/// The ids by which stores know the person: their own, and those of the visitors they turned out to be.
async fn ids<P: Platform>(app: &App<'_, P>, access: &Access) -> Result<Vec<String>, DatabaseError> {
    let mut ids = vec![access.user.as_str().to_owned()];
    for (visitor, sealed) in app.store().visitor_ids(&access.subject).await? {
        ids.extend(
            users::unseal(app, &access.site.id, &about_link(&access.subject, &visitor), &sealed).await?,
        );
    }
    Ok(ids)
}

/// What the id of a visitor who turned out to be a person is encrypted with.
pub(crate) fn about_link(person: &Subject, visitor: &Subject) -> String {
    format!("{} {}", person.hash, visitor.hash)
}
