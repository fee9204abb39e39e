//! A cache of values whose keys begin with the person's id. A change of KV is seen everywhere only after a while (a minute, by
//! the platform's word), so whatever was deleted is looked for once more after that.

use super::{Attempt, settings::StoreSettings};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
};
use consentry::erasure::task::Outcome;

/// The longest key of KV, in bytes.
const LONGEST: usize = 512;

/// The most values that one attempt deletes; a Worker may make a thousand calls.
const MOST: u64 = if cfg!(test) { 5 } else { 500 };

/// Deletes them.
pub(super) async fn attempt<P: Platform>(
    app: &App<'_, P>,
    settings: &StoreSettings,
    users: &[String],
    looked: bool,
) -> Result<Attempt, DatabaseError> {
    let mut removed = 0;
    for user in users {
        let prefix = settings.cache_prefix(user);
        if prefix.len() > LONGEST {
            // Nothing can be kept under it.
            continue;
        }
        let mut from = None;
        loop {
            let page = app.platform.list_cache(&prefix, from).await?;
            for name in &page.names {
                if removed == MOST {
                    // The rest is for the next attempt, once the listing no longer shows what is gone.
                    return Ok(look_again(app, removed));
                }
                app.platform.delete_cache(name).await?;
                removed += 1;
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    if removed == 0 && looked {
        return Ok(Attempt::done(0, 0));
    }
    Ok(look_again(app, removed))
}

fn look_again<P: Platform>(app: &App<'_, P>, removed: u64) -> Attempt {
    let again = app.now.plus_ms(app.config.kv_delay_ms);
    Attempt { outcome: Outcome::LookAgain(again), ..Attempt::done(removed, removed) }
}
