//! Signing in: what a visitor decided is joined to the person they turn out to be. Which decisions the person takes over is the
//! core's rule ([`History::taken_over`]); here they are read, copied and recorded. Where the person had their data erased before, what
//! the visitor granted until then ends as well.

use super::{canonical, consent::caller, consent_event, event, once, over_gpc, receipt::recorded};
use crate::{
    app::App,
    auth::{self, Access, Claimed},
    erasure::{ends, open::about_link, users},
    http::{Answer, Call, json},
    model::{LinkInput, LinkOutput},
    object::Object,
    platform::{DatabaseError, Platform},
    scope::Scope,
    store::{
        Claim, NewEvent, Stored, erased_at, history, read_consent, read_erased, read_history, save_link,
        stored,
    },
};
use consentry::{
    event::Kind,
    history::{Entry, History},
    problem::Problem,
    record::{ConsentRecord, LegalBasis, NewRecord},
    subject::{Subject, UserId, VisitorSecret},
    time::Timestamp,
};
use http::StatusCode;
use serde_json::json as value;

pub(super) async fn link<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let input: LinkInput = call.json()?;
    let claimed = Claimed { user_id: input.user_id, anonymous: None };
    let access = auth::authorise(app, call, claimed, Scope::ConsentWrite).await?;
    if access.user.is_anonymous() {
        let detail =
            "name the person who signed in, by their token or as user_id; the proof names the visitor";
        return Err(Problem::field("user_id", detail));
    }
    let Object(proof) = input.anonymous;
    if proof.site != access.site.id.as_str() {
        return Err(Problem::field("anonymous.site", "the visitor and the person must be of one site"));
    }
    let secret = VisitorSecret::parse(&proof.secret).ok_or_else(|| {
        Problem::field(
            "anonymous.secret",
            "a secret is 32 bytes in base64url without padding (43 characters)",
        )
    })?;
    let visitor = UserId::of_visitor(&secret);
    let claim = once::claim(call, &access.key, &caller(&access))?;
    let joined = join(app, &access, &visitor, claim.as_ref()).await?;
    let output = LinkOutput {
        user_id: access.user.as_str().into(),
        visitor_id: visitor.as_str().into(),
        records: recorded(app, app.store().shard_of(&access.subject), &joined.events).await?,
    };
    Ok(joined.mark(json(StatusCode::CREATED, &output)?))
}

async fn join<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    visitor: &UserId,
    claim: Option<&Claim>,
) -> Result<once::Committed, Problem> {
    let store = app.store();
    let fault = |error: DatabaseError| app.fault(&error);
    let id = visitor.as_str().to_owned();
    let visitor = access.key.subject(visitor);
    let about = about_link(&access.subject, &visitor);
    let sealed = users::seal(app, &access.site.id, &about, &[id]).await.map_err(fault)?;
    let (home, away) = (store.shard_of(&access.subject), store.shard_of(&visitor));
    let rows = app.platform.batch(home, read_history(&access.subject)).await.map_err(fault)?;
    let mine = history(rows).map_err(fault)?;
    let read = vec![read_consent(&visitor), read_erased(&visitor)];
    let mut rows = app.platform.batch(away, read).await.map_err(fault)?;
    let ended_at = erased_at(rows.pop().unwrap_or_default()).map_err(fault)?;
    let theirs = stored(rows.pop().unwrap_or_default()).map_err(fault)?;
    let told = |subject: &Subject, role: &str, other: &Subject| -> NewEvent {
        let details = [(role, value!(other.hash))];
        event(app, Kind::IdentityLinked, &access.site.id, Some(*subject), &access.actor, &details).into()
    };
    let mut events = vec![told(&access.subject, "visitor", &visitor)];
    events.extend(copies(app, access, &visitor, &mine, (&theirs, ended_at)));
    let ended =
        async |at| ends::with_link(app, &access.site.id, &access.subject, &visitor, at).await.map_err(fault);
    let (asked, mark) = match mine.erased_at().filter(|at| ended_at < Some(*at)) {
        Some(at) => Some(ended(at).await?).unzip(),
        None => (None, None),
    };
    let theirs = [told(&visitor, "person", &access.subject)].into_iter().chain(asked);
    let mut after = vec![read_erased(&access.subject), save_link(&access.subject, &visitor, sealed)];
    if away == home {
        events.extend(theirs);
        after.extend(mark);
    } else {
        // The visitor's own trail first: should the second append fail or be a repeated one, it is said once more.
        let mark = mark.into_iter().collect();
        store.append(away, theirs.collect(), None, mark).await.map_err(fault)?;
    }
    let mut joined = once::commit(app, home, events, claim, after).await?;
    // The erasure may have been asked for since it was looked, and a repeated call stores nothing here.
    let (marked, last) = if joined.replayed {
        (if away == home { ended_at } else { ended_at.max(mine.erased_at()) }, mine.erased_at())
    } else {
        (ended_at.max(mine.erased_at()), erased_at(joined.after.swap_remove(0)).map_err(fault)?)
    };
    if let Some(at) = last.filter(|at| marked < Some(*at)) {
        let (asked, mark) = ended(at).await?;
        store.append(away, vec![asked], None, vec![mark]).await.map_err(fault)?;
    }
    Ok(joined)
}

/// The person's records of what they take over from the visitor.
fn copies<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    visitor: &Subject,
    mine: &History,
    (theirs, erased_at): (&[Stored], Option<Timestamp>),
) -> Vec<NewEvent> {
    let history = History::new(theirs.iter().filter_map(entry).collect()).erased(erased_at);
    let copy = |entry: &Entry| {
        let original = &theirs.iter().find(|stored| stored.log_index == entry.log_index)?.event;
        let new = NewRecord {
            id: app.store().new_id(),
            purpose: entry.purpose.clone(),
            status: entry.status,
            legal_basis: original.legal_basis.unwrap_or(LegalBasis::Consent),
            decided_at: Some(entry.effective_at()),
            notice_hash: original.notice_hash,
            over_gpc: entry.over_gpc,
        };
        let record = ConsentRecord::new(new, app.now).ok()?;
        let mut details = vec![("visitor", value!(visitor.hash))];
        details.extend(over_gpc(&record));
        Some(consent_event(access, &record, canonical(&details), None).into())
    };
    mine.taken_over(&history).into_iter().filter_map(copy).collect()
}

fn entry(stored: &Stored) -> Option<Entry> {
    Some(Entry {
        log_index: stored.log_index,
        purpose: stored.event.purpose.clone()?,
        status: stored.event.status?,
        created_at: stored.event.created_at,
        decided_at: stored.event.decided_at,
        over_gpc: stored.over_gpc(),
    })
}
