//! Recording decisions, and what holds now.

use super::{canonical, event, once};
use crate::{
    app::App,
    auth::{self, Access, Claimed},
    http::{Answer, Call, json},
    model::{
        ContextInput, DecideInput, DecisionInput, DecisionOutput, GrantInput, NewDecision, NoticeInput,
        PurposeStatus, Recorded, RecordedAll, StatusOutput,
    },
    object::Object,
    platform::Platform,
    scope::Scope,
    store::{NewEvent, Stored, history, read_history},
};
use consentry::{
    decision::{Context, decide as decide_purpose},
    event::{Actor, Event, Kind},
    evidence::{Evidence, Salt, SealedEvidence, TruncatedIp},
    history::History,
    problem::Problem,
    purpose::Purpose,
    record::{ConsentRecord, LegalBasis, NewRecord, Status},
};
use http::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;

/// The most decisions in one call: no site has more purposes, and a call stays one small transaction.
const MAX_DECISIONS: usize = 20;

pub(super) async fn grant<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    record_one(app, call, Status::Granted).await
}

pub(super) async fn revoke<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    record_one(app, call, Status::Revoked).await
}

async fn record_one<P: Platform>(app: &App<'_, P>, call: &Call, status: Status) -> Result<Answer, Problem> {
    let input: GrantInput = call.json()?;
    let claimed = Claimed { user_id: input.user_id, anonymous: input.anonymous };
    let access = auth::authorise(app, call, claimed, Scope::ConsentWrite).await?;
    let decision = DecisionInput {
        purpose: input.purpose,
        status,
        legal_basis: input.legal_basis,
        decided_at: input.decided_at,
    };
    let decisions = vec![NewDecision { field: String::new(), input: decision }];
    let committed = record(app, call, &access, decisions, input.notice, input.context).await?;
    let recorded = committed.events.first().map(recorded);
    Ok(committed.mark(json(StatusCode::CREATED, &recorded)?))
}

pub(super) async fn decide<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let input: DecideInput = call.json()?;
    let claimed = Claimed { user_id: input.user_id, anonymous: input.anonymous };
    let access = auth::authorise(app, call, claimed, Scope::ConsentWrite).await?;
    if !(1..=MAX_DECISIONS).contains(&input.decisions.len()) {
        return Err(Problem::field("decisions", format!("decisions must hold 1 to {MAX_DECISIONS} entries")));
    }
    let decisions = input
        .decisions
        .into_iter()
        .enumerate()
        .map(|(i, Object(input))| NewDecision { field: format!("decisions[{i}]."), input });
    let committed = record(app, call, &access, decisions.collect(), input.notice, input.context).await?;
    let output = RecordedAll {
        user_id: access.user.as_str().into(),
        records: committed.events.iter().map(recorded).collect(),
    };
    Ok(committed.mark(json(StatusCode::CREATED, &output)?))
}

fn recorded(stored: &Stored) -> Recorded {
    Recorded {
        purpose: stored.event.purpose.as_ref().map(ToString::to_string).unwrap_or_default(),
        status: stored.event.status.unwrap_or(Status::Pending),
        id: stored.event.id,
        timestamp: stored.event.created_at,
        log_index: stored.log_index,
        leaf_hash: stored.leaf_hash,
    }
}

async fn record<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    access: &Access,
    decisions: Vec<NewDecision>,
    notice: Option<Object<NoticeInput>>,
    context: Option<Object<ContextInput>>,
) -> Result<once::Committed, Problem> {
    let notice = notice.map(|Object(notice)| checked(notice)).transpose()?;
    let evidence = evidence(call, access, context.map(|Object(context)| context))?;
    let mut seen: Vec<Purpose> = Vec::new();
    let mut events = Vec::new();
    for NewDecision { field, input } in decisions {
        let field = format!("{field}purpose");
        let purpose = access.purpose(&field, &input.purpose)?;
        if seen.contains(&purpose) {
            return Err(Problem::field(field, "this purpose stands twice; decide about each purpose once"));
        }
        seen.push(purpose.clone());
        let record = ConsentRecord::new(
            NewRecord {
                id: app.store().new_id(),
                purpose,
                status: input.status,
                legal_basis: input.legal_basis.unwrap_or(LegalBasis::Consent),
                decided_at: input.decided_at,
                notice_hash: notice.as_ref().and_then(|notice| notice.hash),
            },
            app.now,
        )
        .map_err(|error| Problem::field("decisions", error.to_string()))?;
        let mut salt = [0; 32];
        app.platform.random(&mut salt);
        let sealed = SealedEvidence { salt: Salt(salt), evidence: evidence.clone() };
        events.push(new_event(access, &record, notice.as_ref(), sealed));
    }
    let claim = once::claim(call, &access.key, &caller(access))?;
    let shard = app.store().shard_of(&access.subject);
    once::commit(app, shard, events, claim.as_ref(), vec![]).await
}

/// Whose idempotency keys these are: a person's own, or those of a backend's key.
pub(super) fn caller(access: &Access) -> String {
    match &access.actor {
        Actor::User => access.subject.hash.to_string(),
        other => other.to_string(),
    }
}

fn new_event(
    access: &Access,
    record: &ConsentRecord,
    notice: Option<&NoticeInput>,
    evidence: SealedEvidence,
) -> NewEvent {
    let details = match notice {
        Some(notice) => {
            canonical(&[("notice", json!({ "language": notice.language, "version": notice.version }))])
        }
        None => canonical(&[]),
    };
    let event = Event {
        id: record.id(),
        site: Some(access.site.id.clone()),
        kind: Kind::of_consent(record.status()),
        subject: Some(access.subject),
        purpose: Some(record.purpose().clone()),
        status: Some(record.status()),
        legal_basis: Some(record.legal_basis()),
        notice_hash: record.notice_hash(),
        created_at: record.created_at(),
        decided_at: record.decided_at(),
        actor: access.actor.clone(),
        details,
        evidence_commitment: Some(evidence.commitment()),
    };
    NewEvent { event, evidence: Some(evidence) }
}

fn checked(notice: NoticeInput) -> Result<NoticeInput, Problem> {
    let mut parts = notice.language.split('-');
    let primary = parts.next().unwrap_or_default();
    let well_formed = notice.language.len() <= 35
        && (2..=8).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if well_formed {
        Ok(notice)
    } else {
        Err(Problem::field("notice.language", "the language must be a BCP 47 tag, such as en or pt-BR"))
    }
}

/// What the request showed. A backend's own address and agent say nothing about its visitor, but they are what there is if
/// it gives no context.
fn evidence(call: &Call, access: &Access, context: Option<ContextInput>) -> Result<Evidence, Problem> {
    let evidence = match context {
        Some(_) if access.actor == Actor::User => {
            return Err(Problem::field(
                "context",
                "only a site's backend may give the context of a visitor; a person's own request is its context",
            ));
        }
        Some(context) => Evidence {
            ip_address: context
                .ip_address
                .map(|text| {
                    TruncatedIp::parse(&text).ok_or_else(|| {
                        Problem::field(
                            "context.ip_address",
                            "the address must be IPv4 or IPv6, such as 203.0.113.7",
                        )
                    })
                })
                .transpose()?,
            user_agent: context.user_agent,
            country: context.country.map(|code| country("context.country", code)).transpose()?,
            gpc: context.gpc,
        },
        None => Evidence {
            ip_address: TruncatedIp::parse(call.address()),
            user_agent: call.header("user-agent").map(Into::into),
            country: call.country.clone(),
            gpc: call.gpc(),
        },
    };
    Ok(evidence.bounded())
}

fn country(field: &str, code: String) -> Result<String, Problem> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(Problem::field(field, "the country must be an ISO 3166-1 alpha-2 code in capitals, such as DE"))
    }
}

pub(super) async fn status<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::ConsentRead).await?;
    let context = context(call, &access)?;
    let history = read(app, &access, &[]).await?;
    let purposes = access.site.purposes().chain(history.purposes().into_iter().cloned());
    let consent: BTreeMap<_, _> = purposes
        .map(|purpose| {
            let decision = decide_purpose(&history, &purpose, context, app.now);
            let status = PurposeStatus {
                status: decision.status,
                reason: decision.reason,
                updated_at: decision.updated_at,
            };
            (purpose.to_string(), status)
        })
        .collect();
    json(StatusCode::OK, &StatusOutput { user_id: access.user.as_str().into(), consent })
}

pub(super) async fn decision<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
    purpose: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::ConsentRead).await?;
    let purpose = access.purpose("purpose", purpose)?;
    let context = context(call, &access)?;
    let history = read(app, &access, &[("purpose", json!(purpose))]).await?;
    let decision = decide_purpose(&history, &purpose, context, app.now);
    let output = DecisionOutput {
        user_id: access.user.as_str().into(),
        purpose: purpose.to_string(),
        allowed: decision.allowed,
        status: decision.status,
        reason: decision.reason,
        regime: context.regime.code,
        expires_at: decision.expires_at,
        updated_at: decision.updated_at,
    };
    json(StatusCode::OK, &output)
}

/// Where the person is and whether their browser sends Global Privacy Control: `country` and `gpc` in the query, else the
/// request's own header and the site's regime.
fn context(call: &Call, access: &Access) -> Result<Context, Problem> {
    let country = call.query("country").map(|code| country("country", code)).transpose()?;
    let gpc = match call.query("gpc").as_deref() {
        None => call.gpc(),
        Some("1") => true,
        Some("0") => false,
        Some(_) => {
            return Err(Problem::field("gpc", "the query parameter gpc must be 0 or 1").allowing(["0", "1"]));
        }
    };
    Ok(Context { regime: access.site.regime(country.as_deref()), gpc })
}

async fn read<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    details: &[(&str, serde_json::Value)],
) -> Result<History, Problem> {
    let subject = access.subject;
    let event = event(app, Kind::ConsentRead, &access.site.id, Some(subject), &access.actor, details);
    let store = app.store();
    let shard = store.shard_of(&subject);
    let rows = store.append_then_read(shard, event, read_history(&subject)).await;
    rows.and_then(|(_, rows)| history(rows)).map_err(|error| app.fault(&error))
}
