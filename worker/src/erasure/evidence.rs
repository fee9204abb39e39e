//! The evidence that the databases keep of how people were asked: that of the person, and of the visitors they turned out to be.

use super::Attempt;
use crate::{
    app::App,
    handlers::event,
    platform::{DatabaseError, Platform, Rows},
    store::{ErasureRow, count_evidence, redact, save_erased},
};
use consentry::{
    event::{Actor, Kind},
    subject::Subject,
};
use serde::Deserialize;
use serde_json::json as value;

/// Removes it, and reads again that nothing is left. `first` says that nothing was tried before: then the log says that the
/// person's evidence was removed even where there was none.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    first: bool,
) -> Result<Attempt, DatabaseError> {
    let mut removed = remove(app, erasure, erasure.subject, first).await?;
    let mut left = left(app, &erasure.subject).await?;
    for visitor in app.store().visitors(&erasure.subject).await? {
        // Where nobody said so at the asking, because the link is newer or that was cut off.
        let unmarked = app.store().erased(&visitor).await? < Some(erasure.requested_at);
        removed += remove(app, erasure, visitor, unmarked).await?;
        left += self::left(app, &visitor).await?;
    }
    Ok(match left {
        0 => Attempt::done(removed, removed),
        _ => Attempt::failed(removed, "new evidence was recorded meanwhile"),
    })
}

fn count(rows: Rows) -> Result<u64, DatabaseError> {
    #[derive(Deserialize)]
    struct Row {
        count: u64,
    }
    Ok(rows.first::<Row>()?.map_or(0, |row| row.count))
}

async fn left<P: Platform>(app: &App<'_, P>, subject: &Subject) -> Result<u64, DatabaseError> {
    let shard = app.store().shard_of(subject);
    let mut rows = app.platform.batch(shard, vec![count_evidence(subject)]).await?;
    count(rows.pop().unwrap_or_default())
}

/// Removes the evidence about a subject in one transaction with the event that says so; how many pieces there were.
async fn remove<P: Platform>(
    app: &App<'_, P>,
    erasure: &ErasureRow,
    subject: Subject,
    even_if_none: bool,
) -> Result<u64, DatabaseError> {
    if !even_if_none && left(app, &subject).await? == 0 {
        return Ok(0);
    }
    let details = [("erasure", value!(erasure.id))];
    let redacted = event(app, Kind::EvidenceRedacted, &erasure.site, Some(subject), &Actor::System, &details);
    let mut after = vec![count_evidence(&subject), save_erased(&subject, erasure.requested_at)];
    after.extend(redact(&subject));
    let store = app.store();
    let mut appended = store.append(store.shard_of(&subject), vec![redacted.into()], None, after).await?;
    count(appended.after.swap_remove(0))
}
