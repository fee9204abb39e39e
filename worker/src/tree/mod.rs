//! The tree over a log, kept in tiles. Owns folding new events into it, the names of its objects, and reading hashes back; what a
//! tile and a proof are is the core's.
//!
//! A fold goes: tiles, the checkpoint under its size, the head in the database, the checkpoint under its own name. Whatever stops
//! it, all that was written is true and is written again with the same bytes by the next one: tiles and sizes only follow from the
//! events, and Ed25519 signs the same text the same way. What is published never leads the head, so if it does, the database was
//! rolled back, and nothing is signed over it.

use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    store::{Named, SignedHead},
};
use consentry::{
    checkpoint::Checkpoint,
    handover::Handover,
    hash::Hash,
    merkle::Head,
    note::{Note, Signature, VerifierKey},
    tile::{bytes, growth::Growth},
};
use inspect::inspect_edge;
use std::ops::Range;
use tiles::Tiles;

pub(crate) mod inspect;
mod restart;
mod tiles;

pub(crate) use restart::restart;
pub(crate) use tiles::Log;

/// Events that are folded at a time: with them a run stays far under the limits of the runtime, and a later one goes on.
const PAGE: u32 = if cfg!(test) { 300 } else { 4096 };
/// Pages of a run.
const PAGES: usize = 4;

/// The tree of no events; its root is not looked at.
const EMPTY: Head = Head { size: 0, root: Hash([0; 32]) };

/// The name of an object of a log.
pub(crate) fn object(origin: &str, path: &str) -> String {
    format!("log/{origin}/{path}")
}

/// Folds what is new in every log; one that fails doesn't keep the others from it.
pub(crate) async fn fold<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    if app.config.log_keys.at(app.now).is_none() {
        return Ok(());
    }
    let mut outcome = Ok(());
    for shard in 0..app.platform.shards() {
        for _ in 0..PAGES {
            match fold_page(app, shard).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
    }
    outcome
}

/// Folds one page; `false` if there was nothing new.
async fn fold_page<P: Platform>(app: &App<'_, P>, shard: usize) -> Result<bool, DatabaseError> {
    let store = app.store();
    let kept = store.head(shard).await?;
    let from = kept.as_ref().map_or(0, |kept| kept.head.size);
    let leaves = store.leaves(shard, from, PAGE).await?;
    if kept.is_none() && leaves.is_empty() {
        // Nobody called yet, and the name of the log is not to be settled by a clock.
        return Ok(false);
    }
    let names = store.names(shard).await?;
    let Some(Named { origin, .. }) = names.last().cloned() else { return Ok(false) };
    publish(app, &origin, kept.as_ref()).await?;
    if leaves.is_empty() {
        return Ok(false);
    }
    let mut log = Log { shard, names, head: kept.as_ref().map_or(EMPTY, |kept| kept.head) };
    let mut tree = if kept.is_some() { resume(app, &log).await? } else { Growth::default() };
    for leaf in leaves {
        tree.push(leaf);
    }
    let (head, tiles) = tree.finish();
    log.head = head;
    for (tile, hashes) in tiles {
        app.platform.put_object(&log.object(tile), bytes(&hashes)).await?;
    }
    let signed = signed_head(app, &origin, head).await?;
    let note = signed.note.clone().into_bytes();
    app.platform.put_object(&object(&origin, &format!("checkpoint/{}", head.size)), note).await?;
    store.keep_head(shard, &signed).await?;
    publish(app, &origin, Some(&signed)).await?;
    Ok(true)
}

/// Gives the head its place among the objects, unless the objects know of a larger log than the database does.
async fn publish<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    kept: Option<&SignedHead>,
) -> Result<(), DatabaseError> {
    let size = kept.map_or(0, |kept| kept.head.size);
    let published = match self::published(app, origin).await? {
        Some((checkpoint, _)) if checkpoint.head.size > size || !checkpoint.extensions.is_empty() => {
            return Err(DatabaseError::Unreadable(format!(
                "a checkpoint of {} events was published, and the database knows of {size}: it was rolled back, and its log must \
                 not go on under the same name; let it go on under another one with POST /admin/log/restart",
                checkpoint.head.size
            )));
        }
        Some((checkpoint, _)) => checkpoint.head.size,
        None => 0,
    };
    match kept {
        Some(kept) if published < size => {
            app.platform.put_object(&object(origin, "checkpoint"), kept.note.clone().into_bytes()).await
        }
        _ => Ok(()),
    }
}

/// What was last published under a name, read and as it is.
pub(crate) async fn published<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
) -> Result<Option<(Checkpoint, Note)>, DatabaseError> {
    let name = object(origin, "checkpoint");
    let Some(bytes) = app.platform.object(&name).await? else { return Ok(None) };
    let read = Note::parse(&bytes).ok().and_then(|note| {
        let checkpoint = Checkpoint::parse(note.text()).filter(|checkpoint| checkpoint.origin == origin)?;
        Some((checkpoint, note))
    });
    read.map(Some).ok_or(DatabaseError::Unreadable(name))
}

/// The names of a log up to one of them, also where the database was restored to a state before that one began; `None` if it never
/// had it.
pub(crate) async fn names_until<P: Platform>(
    app: &App<'_, P>,
    mut names: Vec<Named>,
    origin: &str,
) -> Result<Option<Vec<Named>>, DatabaseError> {
    if let Some(place) = names.iter().position(|named| named.origin == origin) {
        names.truncate(place + 1);
        return Ok(Some(names));
    }
    // A name that began after the state to which the database was restored is known to the objects only.
    names.truncate(1);
    while let Some(last) = names.last().filter(|last| last.origin != origin) {
        let Some((checkpoint, _)) = published(app, &last.origin).await? else { return Ok(None) };
        let Some(Handover { origin, kept }) = Handover::parse(&checkpoint.extensions) else {
            return Ok(None);
        };
        names.push(Named { first: kept.size, origin, kept: kept.size });
    }
    Ok(Some(names))
}

/// The head of a log as it is signed.
async fn signed_head<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    head: Head,
) -> Result<SignedHead, DatabaseError> {
    let checkpoint = Checkpoint { origin: origin.into(), head, extensions: String::new() };
    let (note, key) = sign(app, &checkpoint).await?;
    Ok(SignedHead { head, note, key, signed_at: app.now })
}

/// A checkpoint as a signed note, and the key that is the first to sign it.
async fn sign<P: Platform>(
    app: &App<'_, P>,
    checkpoint: &Checkpoint,
) -> Result<(String, String), DatabaseError> {
    let text = checkpoint.to_string();
    let mut signed: Option<(Note, String)> = None;
    for key in app.config.log_keys.of_the_log(app.now) {
        let Some((key, signature)) = signature(app, &checkpoint.origin, &key.seed, &text).await else {
            continue;
        };
        match &mut signed {
            Some((note, _)) => note.sign(signature),
            None => signed = Note::new(&text, signature).map(|note| (note, key.to_string())),
        }
    }
    let (note, key) =
        signed.ok_or_else(|| DatabaseError::Unreadable("a checkpoint that can't be signed".into()))?;
    Ok((note.to_string(), key))
}

async fn signature<P: Platform>(
    app: &App<'_, P>,
    origin: &str,
    seed: &[u8; 32],
    text: &str,
) -> Option<(VerifierKey, Signature)> {
    let (public, bytes) = app.platform.sign(seed, text.as_bytes()).await?;
    let key = VerifierKey::new(origin, public)?;
    let signature = Signature::new(&key, bytes);
    Some((key, signature))
}

/// Whether one of the deployment's keys signed a note: it does so again, and gets the same bytes.
async fn is_own<P: Platform>(app: &App<'_, P>, origin: &str, note: &Note) -> bool {
    for key in app.config.log_keys.all() {
        let own = signature(app, origin, &key.seed, note.text()).await;
        if own.is_some_and(|(_, own)| note.signatures().contains(&own)) {
            return true;
        }
    }
    false
}

/// The keys of a log, past, present and to come, a line each.
pub(crate) async fn verifier_keys<P: Platform>(app: &App<'_, P>, origin: &str) -> String {
    let mut lines = String::new();
    for key in app.config.log_keys.all() {
        let public = app.platform.public_key(&key.seed).await;
        if let Some(key) = public.and_then(|public| VerifierKey::new(origin, public)) {
            lines += &key.to_string();
            lines.push('\n');
        }
    }
    lines
}

/// The tree of a head, to be gone on with. Where its tiles don't lead to it, they are held against the database first.
async fn resume<P: Platform>(app: &App<'_, P>, log: &Log) -> Result<Growth, DatabaseError> {
    let whole = Range { start: 0, end: log.head.size };
    for mended in [false, true] {
        let (tiles, missing) = Tiles::read(app, log, std::slice::from_ref(&whole), &[]).await?;
        match Growth::resume(log.head, |tile| tiles.get(tile)) {
            Some(growth) if missing.is_empty() => return Ok(growth),
            _ if mended => break,
            _ => inspect_edge(app, log).await?,
        }
    }
    Err(DatabaseError::Unreadable("the tiles of the log do not lead to its root".into()))
}

/// Why a log gets no new name.
pub(crate) enum Refused {
    /// Nothing was published that the database doesn't know.
    NotRolledBack,
    /// What was published last has no signature of this log.
    Unsigned,
    /// There is no key to sign with.
    NoKey,
    /// One of the stores failed.
    Failed(DatabaseError),
}

impl From<DatabaseError> for Refused {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error)
    }
}
