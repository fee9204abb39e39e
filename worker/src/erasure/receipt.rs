//! Makes a deletion receipt of what the tasks of an erasure tell. Its fields are the core's ([`consentry::erasure::receipt`]).

use super::settings::StoreKind;
use crate::{
    app::App,
    lineage,
    platform::{DatabaseError, Platform},
    store::{ErasureRow, TaskRow},
};
use consentry::{
    erasure::{
        receipt::{Counts, DeletionReceipt, Removal, VERSION},
        restore_horizon,
    },
    time::Timestamp,
};
use serde_json::json;

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

/// The row's part; of a store that is done.
fn removal(row: &TaskRow, verified_at: Timestamp) -> Removal {
    Removal {
        store: row.settings.name.clone(),
        kind: row.settings.kind.as_str().into(),
        attempts: row.task.attempts,
        found: row.found,
        removed: row.removed,
        // Nobody knows what an attempt removed that was cut off, only that nothing is left.
        counts: if row.uncounted == 0 { Counts::Exact } else { Counts::AtLeast },
        verified: verified(row.settings.kind).into(),
        verified_at,
        result: row.result.clone().filter(|_| row.is_an_agents()),
    }
}

/// The payload of the receipt of an erasure that was done then.
pub(crate) async fn deletion_receipt<P: Platform>(
    app: &App<'_, P>,
    shard: usize,
    erasure: &ErasureRow,
    completed_at: Timestamp,
) -> Result<DeletionReceipt, DatabaseError> {
    let tasks = app.store().tasks(shard, erasure.id).await?;
    let lineage = lineage::of_erasure(app, erasure.id).await?;
    Ok(DeletionReceipt {
        version: VERSION,
        erasure: erasure.id,
        site: erasure.site.as_str().into(),
        subject: erasure.subject.hash,
        subject_key_id: erasure.subject.key_id,
        log: app.store().origin(shard).await?,
        regime: erasure.regime.clone(),
        requested_at: erasure.requested_at,
        due_at: erasure.due_at,
        completed_at,
        restore_horizon: restore_horizon(completed_at),
        kept: "consent records and the audit trail, without user ids (GDPR Art. 17(3)(b) and (e))".into(),
        stores: tasks.iter().map(|row| removal(row, row.done_at.unwrap_or(completed_at))).collect(),
        lineage: lineage.iter().map(|standing| json!(standing)).collect(),
    })
}
