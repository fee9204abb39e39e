//! The erasures of a site, for whoever runs them: what is due next and which of their stores failed.
//!
//! A page is about many people and names none, not even by keyed hash, so it leaves one event a page that names none either, as a snapshot
//! and rows of the log do: what was asked for, by whom and when. An event for each person would cost a hundred written rows a look, and
//! say in each trail that somebody looked who saw nothing of that person. Whoever wants to know more of one erasure reads it by its id,
//! which is in the person's trail.

use super::{erasure::summary, event};
use crate::{
    app::App,
    auth,
    http::{Answer, Call, json},
    model::{ErasuresOutput, ListedErasure},
    platform::Platform,
    scope::Scope,
    store::{FIRST, Listed, Place, Wanted, listed, read_list},
};
use consentry::{erasure::State, event::Kind, problem::Problem, time::Timestamp};
use http::StatusCode;
use serde_json::json as value;

/// Erasures on a page: by default and at most.
const MAX_PAGE: u64 = 100;

pub(super) async fn list<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let caller = auth::backend(app, call, Scope::SubjectErase).await?;
    let mut wanted = page(call, app.now)?;
    let names: Vec<_> = wanted.states.iter().map(|state| state.as_str()).collect();
    let mut details = vec![("states", value!(names))];
    details.extend(wanted.due_before.map(|time| ("due_before", value!(time))));
    details.extend(wanted.after.map(|place| ("after", value!(place.to_string()))));
    let site = &caller.site.id;
    let read = event(app, Kind::ErasureRead, site, None, &caller.actor, &details);
    // One more than there is room for says whether there is another page.
    let room = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    wanted.limit += 1;
    let (store, fault) = (app.store(), |error| app.fault(&error));
    let (_, rows) = store.append_then_read(FIRST, read, read_list(site, &wanted)).await.map_err(fault)?;
    let mut found = listed(rows).map_err(fault)?;
    for shard in FIRST + 1..app.platform.shards() {
        found.extend(store.list(shard, site, &wanted).await.map_err(fault)?);
    }
    found.sort_by_key(Listed::place);
    if wanted.last_first {
        found.reverse();
    }
    let more = found.len() > room;
    found.truncate(room);
    let next = found.last().filter(|_| more).map(|last| last.place().to_string());
    let output = |Listed { erasure, failed, dead }| ListedErasure {
        summary: summary(&erasure, app.now),
        failed,
        dead,
    };
    json(StatusCode::OK, &ErasuresOutput { erasures: found.into_iter().map(output).collect(), next })
}

/// The page that a caller wants; without a word, of what is still to be done, the next due first.
fn page(call: &Call, now: Timestamp) -> Result<Wanted, Problem> {
    let limit = call.query_number("limit")?.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("the query parameter limit must be 1 to {MAX_PAGE}")));
    }
    let asked = call.query("state").map(|names| names.split(',').map(state).collect::<Result<Vec<_>, _>>());
    let asked = asked.transpose()?;
    let overdue = call.query_flag("overdue")?.unwrap_or(false);
    let states = State::ALL.iter().copied().filter(|state| match &asked {
        // What ended is not overdue any more.
        Some(asked) => asked.contains(state) && !(overdue && state.is_ended()),
        None => !state.is_ended(),
    });
    let after = call.query("after").map(|text| {
        Place::parse(&text).ok_or_else(|| {
            Problem::field("after", "the query parameter after must be the next of the page before")
        })
    });
    Ok(Wanted {
        states: states.collect(),
        due_before: overdue.then_some(now),
        last_first: call.query_descends()?,
        after: after.transpose()?,
        limit,
    })
}

fn state(name: &str) -> Result<State, Problem> {
    State::ALL.iter().copied().find(|state| state.as_str() == name).ok_or_else(|| {
        let detail = "the query parameter state is one or more states of erasures, separated by commas";
        Problem::field("state", detail).allowing(State::ALL.iter().map(|state| state.as_str()))
    })
}
