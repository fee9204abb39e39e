//! What a deletion receipt says: per store what was removed, how that was verified and when, and until when backups may hold it.
//! Whoever holds one can show later what the service vouched for; it names the person by keyed hash.

use super::settings::StoreKind;
use crate::{
    app::App,
    lineage,
    platform::{DatabaseError, Platform},
    store::{ErasureRow, TaskRow},
};
use consentry::erasure::restore_horizon;
use serde_json::{Value, json};

/// How it was looked at that nothing is left.
const fn verified(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::D1Evidence => "read_again",
        StoreKind::R2Jsonl => "every_row_read",
        StoreKind::Kv => "listed_again_after_delay",
        StoreKind::Vectorize => "fetched_again_after_delay",
        StoreKind::Webhook => "said_by_the_service",
        StoreKind::Agent => "signed_by_the_agent",
    }
}

fn store(row: &TaskRow) -> Value {
    let mut said = json!({
        "store": row.settings.name,
        "kind": row.settings.kind,
        "attempts": row.task.attempts,
        "found": row.found,
        "removed": row.removed,
        // Nobody knows what an attempt removed that was cut off, only that nothing is left.
        "counts": if row.uncounted == 0 { "exact" } else { "at_least" },
        "verified": verified(row.settings.kind),
        "verified_at": row.done_at,
    });
    if let Some(result) = row.result.as_ref().filter(|_| row.is_an_agents()) {
        said["result"] = result.as_str().into();
    }
    said
}

/// The payload of the receipt of an erasure that is done.
pub(crate) async fn deletion_receipt<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: &ErasureRow,
) -> Result<Value, DatabaseError> {
    let tasks = app.store().tasks(shard, erasure.id).await?;
    Ok(json!({
        "erasure": erasure.id,
        "site": erasure.site.as_str(),
        "subject": erasure.subject.hash,
        "subject_key_id": erasure.subject.key_id,
        "log": app.store().origin(shard).await?,
        "regime": erasure.regime,
        "requested_at": erasure.requested_at,
        "due_at": erasure.due_at,
        "completed_at": erasure.completed_at,
        "restore_horizon": erasure.completed_at.map(restore_horizon),
        "kept": "consent records and the audit trail, without user ids (GDPR Art. 17(3)(b) and (e))",
        "stores": tasks.iter().map(store).collect::<Vec<_>>(),
        "lineage": lineage::of_erasure(app, erasure.id).await?,
    }))
}
