//! Recording decisions, and what holds now.

use super::{
    canonical, consent_event, cookie::Cookie, event, notice::check_language, once, over_gpc,
    receipt::recorded,
};
use crate::{
    app::App,
    auth::{self, Access, Claimed},
    http::{Answer, Call, json},
    model::{
        ContextInput, DecideInput, DecisionInput, DecisionOutput, GrantInput, NewDecision, NoticeInput,
        PurposeStatus, RecordedAll, ShownInput, StatusOutput,
    },
    object::Object,
    platform::Platform,
    scope::Scope,
    store::{NewEvent, history, read_history},
};
use consentry::{
    decision::{Context, decide as decide_purpose},
    event::{Actor, Kind},
    evidence::{Evidence, Salt, SealedEvidence, TruncatedIp},
    history::History,
    problem::Problem,
    purpose::Purpose,
    record::{ConsentRecord, LegalBasis, NewRecord, Status},
    regime::{self, Regime},
};
use http::StatusCode;
use serde_json::{Value, json};
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
        over_gpc: false,
    };
    let decisions = vec![NewDecision { field: String::new(), input: decision }];
    let committed = record(app, call, &access, decisions, input.notice, None, input.context).await?;
    let shard = app.store().shard_of(&access.subject);
    let recorded = recorded(app, shard, &committed.events).await?;
    Ok(committed.mark(json(StatusCode::CREATED, &recorded.first())?))
}

pub(super) async fn decide<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let input: DecideInput = call.json()?;
    let secret = auth::shown_secret(call, input.anonymous.as_ref()).map(String::from);
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
    let cookie = |Object(wanted)| Cookie::new(app, call, &access.site.id, secret.as_deref(), &wanted);
    let cookie = input.cookie.map(cookie).transpose()?.flatten();
    let hash = input.notice.as_ref().and_then(|Object(notice)| notice.hash);
    let decisions = decisions.collect();
    let committed = record(app, call, &access, decisions, input.notice, input.shown, input.context).await?;
    let registry = app.registry().await?;
    let shard = app.store().shard_of(&access.subject);
    let output = RecordedAll {
        user_id: access.user.as_str().into(),
        records: recorded(app, shard, &committed.events).await?,
        notice_registered: hash.map(|hash| registry.notices.contains(&(access.site.id.clone(), hash))),
    };
    let mut answer = committed.mark(json(StatusCode::CREATED, &output)?);
    if let Some(cookie) = cookie {
        cookie.set(&mut answer);
    }
    Ok(answer)
}

async fn record<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    access: &Access,
    decisions: Vec<NewDecision>,
    notice: Option<Object<NoticeInput>>,
    shown: Option<Object<ShownInput>>,
    context: Option<Object<ContextInput>>,
) -> Result<once::Committed, Problem> {
    let (notice, shown) = (notice.map(|Object(notice)| notice), shown.map(|Object(shown)| shown));
    notice.as_ref().map(|notice| check_language("notice.language", &notice.language)).transpose()?;
    shown.as_ref().map(check_shown).transpose()?;
    let evidence = evidence(call, access, context.map(|Object(context)| context))?;
    let asking = asking(notice.as_ref(), shown.as_ref(), evidence.gpc);
    let mut seen: Vec<Purpose> = Vec::new();
    let mut events = Vec::new();
    for NewDecision { field, input } in decisions {
        let field = format!("{field}purpose");
        let purpose = match access.purpose(&field, &input.purpose) {
            Err(unknown) if input.status == Status::Revoked => {
                decided_before(app, access, &input.purpose).await?.ok_or(unknown)?
            }
            known => known?,
        };
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
                over_gpc: input.over_gpc,
            },
            app.now,
        )
        .map_err(|error| Problem::field("decisions", error.to_string()))?;
        let mut salt = [0; 32];
        app.platform.random(&mut salt);
        let sealed = SealedEvidence { salt: Salt(salt), evidence: evidence.clone() };
        let details: Vec<_> = asking.iter().cloned().chain(over_gpc(&record)).collect();
        let event = consent_event(access, &record, canonical(&details), Some(sealed.commitment()));
        events.push(NewEvent { event, evidence: Some(sealed) });
    }
    let claim = once::claim(call, &access.key, &caller(access))?;
    let shard = app.store().shard_of(&access.subject);
    once::commit(app, shard, events, claim.as_ref(), vec![]).await
}

/// A purpose that the site no longer has, if the person once decided about it: what was granted can be withdrawn for as long
/// as it stands (GDPR Art. 7(3)).
async fn decided_before<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    name: &str,
) -> Result<Option<Purpose>, Problem> {
    let shard = app.store().shard_of(&access.subject);
    let rows = app.platform.batch(shard, read_history(&access.subject)).await;
    let history = rows.and_then(history).map_err(|error| app.fault(&error))?;
    Ok(history.purposes().into_iter().find(|purpose| purpose.as_str() == name).cloned())
}

/// Whose idempotency keys these are: a person's own, or those of a backend's key.
pub(super) fn caller(access: &Access) -> String {
    match &access.actor {
        Actor::User => access.subject.hash.to_string(),
        other => other.to_string(),
    }
}

/// What is said about the asking: the notice by its number and language, how it was shown, and whether the browser sent Global
/// Privacy Control, which must outlast the evidence.
fn asking(notice: Option<&NoticeInput>, shown: Option<&ShownInput>, gpc: bool) -> Vec<(&'static str, Value)> {
    let notice = notice.map(|notice| json!({ "language": notice.language, "version": notice.version }));
    let parts =
        [("notice", notice), ("shown", shown.map(|shown| json!(shown))), ("gpc", gpc.then_some(true.into()))];
    parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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

fn is_region(text: &str) -> bool {
    (1..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// What holds for each purpose, as far as it rests on consent: on which ground a site uses data is what its pages say, and no
/// setting that a call could ask about.
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
            let decision = decide_purpose(&history, &purpose, LegalBasis::Consent, context, app.now);
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

/// Whether a purpose may be used, as far as it rests on consent, as in [`status`].
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
    let decision = decide_purpose(&history, &purpose, LegalBasis::Consent, context, app.now);
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

/// Where the person is and whether their browser sends Global Privacy Control: `country`, `region` and `gpc` in the query;
/// else, where the person calls, what their own request shows, so that they are told what their banner told them; else the
/// site's regime. A backend's own address and signals say nothing about the person.
fn context(call: &Call, access: &Access) -> Result<Context, Problem> {
    let country = call.query("country").map(|code| country("country", code)).transpose()?;
    let region = call.query("region");
    if region.as_deref().is_some_and(|region| !is_region(region)) {
        let detail = "the region must be the second part of an ISO 3166-2 code in capitals, such as CA";
        return Err(Problem::field("region", detail));
    }
    let personal = access.actor == Actor::User;
    let (country, region) = match country {
        None if personal => (call.country.clone(), call.region.clone()),
        given => (given, region),
    };
    let gpc = call.query_flag("gpc")?.unwrap_or_else(|| personal && call.gpc());
    Ok(Context { regime: access.site.regime(country.as_deref(), region.as_deref()), gpc })
}

/// Reads what is on record of a person, and records that it was read.
pub(super) async fn read<P: Platform>(
    app: &App<'_, P>,
    access: &Access,
    details: &[(&str, serde_json::Value)],
) -> Result<History, Problem> {
    let subject = access.subject;
    let event = event(app, Kind::ConsentRead, &access.site.id, Some(subject), &access.actor, details);
    let store = app.store();
    let shard = store.shard_of(&subject);
    let appended = store.append(shard, vec![event.into()], None, read_history(&subject)).await;
    appended.and_then(|appended| history(appended.after)).map_err(|error| app.fault(&error))
}

fn check_shown(shown: &ShownInput) -> Result<(), Problem> {
    if shown.regime.as_deref().is_some_and(|code| Regime::by_code(code).is_none()) {
        let codes = regime::ALL.iter().map(|regime| regime.code);
        return Err(Problem::field("shown.regime", "there is no such regime").allowing(codes));
    }
    if shown.version.as_ref().is_some_and(|version| version.len() > 32) {
        return Err(Problem::field("shown.version", "the version must have at most 32 bytes"));
    }
    Ok(())
}
