//! Objects with a row of JSON a line, plain or gzip by what they hold. Each that holds rows of the person is written anew without
//! them, byte for byte otherwise, and only if nobody changed it meanwhile. Which rows those are is [`super::rows`]'s.
//!
//! An object's name may be a person's, so what failed is told by its number in the order of names and by the line.
//!
//! R2 takes a condition only with an object that is put at once, and of a stream only one whose length is known before. So an object goes
//! through in pieces, first to see what is whose and how long the rest is, and then, where rows go, to be written. What takes longer than a
//! Worker may is an agent's work.

use super::{
    Attempt,
    reach::{Opened, Pieces},
    rows::{Filter, Person, Seen, without},
    settings::StoreSettings,
};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use consentry::erasure::task::Outcome;
use futures_util::{StreamExt as _, TryStreamExt as _, future::ready, stream};
use std::rc::Rc;

/// The most bytes of an object. A Worker has half a minute of processor time.
const MOST: u64 = 128 << 20;

/// The most bytes of a packed one, as it is stored and unpacked: the runtime unpacks and packs without waiting for whoever reads, and a
/// Worker has 128 MB.
const MOST_PACKED: u64 = 24 << 20;

/// The most objects of one attempt; a Worker may make a thousand calls, and each takes up to five.
const OBJECTS: usize = 180;

/// How often an object that others keep changing is read anew in one attempt.
const TRIES: usize = 3;

/// Writes the objects anew.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    settings: &StoreSettings,
    users: &[String],
) -> Result<Attempt, DatabaseError> {
    let person = Rc::new(Person::new(settings.user_field.as_deref().unwrap_or("user_id"), users));
    let prefix = settings.prefix.as_deref().unwrap_or_default();
    let mut all = Attempt::done(0, 0);
    let (mut from, mut objects, mut failed) = (None, 0, 0);
    loop {
        let page = app.platform.list_data(prefix, from).await?;
        for name in &page.names {
            objects += 1;
            if objects > OBJECTS {
                let error = "there are more objects than one attempt reads (180); give the store to an agent";
                return Ok(Attempt::failed(all.removed, error));
            }
            let one = object(app, name, &person).await?;
            all.found += one.found;
            all.removed += one.removed;
            if let Some(why) = one.error {
                failed += 1;
                all.outcome = Outcome::Failed;
                all.error.get_or_insert_with(|| format!("object {objects} in the order of names: {why}"));
            }
        }
        from = page.next;
        if from.is_none() {
            if failed > 1 {
                all.error = all.error.map(|first| format!("{first}; {} more objects failed", failed - 1));
            }
            return Ok(all);
        }
    }
}

async fn object<P: Platform>(
    app: &App<'_, P>,
    name: &str,
    person: &Rc<Person>,
) -> Result<Attempt, DatabaseError> {
    const LARGE: &str = "it is too large to be written anew at the edge (128 MiB; packed 24 MiB, also unpacked; 2 MiB a row); \
                         give the store to an agent";
    for _ in 0..TRIES {
        let Some(Opened { size, etag, pieces }) = app.platform.data(name, None).await? else {
            return Ok(Attempt::done(0, 0));
        };
        let (packed, pieces) = is_packed(pieces).await?;
        if size > most(packed) {
            return Ok(Attempt::failed(0, LARGE));
        }
        let rows = if packed { app.platform.gunzip(pieces) } else { pieces };
        let filter = Filter::of(person, most(packed));
        let read = length(without(rows, &filter)).await;
        let Seen { removed, unknown, first_unknown, too_much } = filter.borrow().seen;
        let mut kept = match read {
            Ok(kept) => kept,
            Err(_) if too_much => return Ok(Attempt::failed(0, LARGE)),
            Err(DatabaseError::Unreadable(why)) => {
                app.platform.log(&format!("an object can't be unpacked: {why}"));
                let error = "it can't be unpacked to its end; mend it or give the store to an agent";
                return Ok(Attempt::failed(0, error));
            }
            Err(error) => return Err(error),
        };
        if removed > 0 {
            if packed {
                let Some(anew) = anew(app, name, &etag, true, person).await? else { continue };
                kept = length(anew).await?;
            }
            let Some(anew) = anew(app, name, &etag, packed, person).await? else { continue };
            if !app.platform.replace_data(name, &etag, kept, anew).await? {
                continue;
            }
        }
        return Ok(match unknown {
            0 => Attempt::done(removed, removed),
            unknown => Attempt::failed(
                removed,
                format!(
                    "of {unknown} rows, the first in line {first_unknown}, it can't be said whose they are; mend or remove them"
                ),
            ),
        });
    }
    Ok(Attempt::failed(0, "it was changed by others each time it was to be replaced"))
}

/// What an object is to hold; `None` if it was changed since it had this etag.
async fn anew<P: Platform>(
    app: &App<'_, P>,
    name: &str,
    etag: &str,
    packed: bool,
    person: &Rc<Person>,
) -> Result<Option<Pieces>, DatabaseError> {
    let Some(Opened { pieces, .. }) = app.platform.data(name, Some(etag)).await? else { return Ok(None) };
    let filter = Filter::of(person, most(packed));
    Ok(Some(if packed {
        app.platform.gzip(without(app.platform.gunzip(pieces), &filter))
    } else {
        without(pieces, &filter)
    }))
}

const fn most(packed: bool) -> u64 {
    if packed { MOST_PACKED } else { MOST }
}

/// Whether pieces begin as gzip does (RFC 1952 § 2.3.1), and all of them.
async fn is_packed(mut pieces: Pieces) -> Result<(bool, Pieces), DatabaseError> {
    let mut first = Vec::new();
    while first.len() < 2 {
        let Some(piece) = pieces.try_next().await? else { break };
        first.extend(piece);
    }
    Ok((first.starts_with(&[0x1f, 0x8b]), stream::once(ready(Ok(first))).chain(pieces).boxed_local()))
}

/// How many bytes they have.
pub(super) async fn length(pieces: Pieces) -> Result<u64, DatabaseError> {
    pieces.try_fold(0, |sum, piece| ready(Ok(sum + piece.len() as u64))).await
}
