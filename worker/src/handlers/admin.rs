//! Sites and their API keys, for whoever runs the service. Every change is an event in the log of the first database.

use super::{event, once};
use crate::{
    app::App,
    auth::{algorithm, authenticate_admin, hash_secret, issue, text_of},
    erasure::{
        settings::{self, StoreKind},
        webhook,
        work::Work,
    },
    http::{Answer, Call, answer, json},
    model::{KeyInput, KeyIssued, KeyOutput, SiteOutput, SitesOutput, slug},
    object::Object,
    platform::Platform,
    scope::Scope,
    site::{ApiKey, Registry, Settings, Site},
    store::{FIRST, save_key, save_site, withdraw_key},
};
use consentry::{
    event::{Actor, Kind},
    problem::{Code, Problem},
    purpose::Purpose,
    regime,
};
use http::{StatusCode, Uri};
use serde_json::json as value;
use std::collections::BTreeMap;

pub(super) async fn list_sites<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    authenticate_admin(app, call).await?;
    let registry = app.load_registry().await?;
    let sites = registry.sites.iter().map(|site| site_output(&registry, site)).collect();
    json(StatusCode::OK, &SitesOutput { sites })
}

pub(super) async fn get_site<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    site: &str,
) -> Result<Answer, Problem> {
    authenticate_admin(app, call).await?;
    let registry = app.load_registry().await?;
    let site = registry.site(site).ok_or_else(no_site)?;
    json(StatusCode::OK, &site_output(&registry, &site))
}

pub(super) async fn put_site<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    site: &str,
) -> Result<Answer, Problem> {
    authenticate_admin(app, call).await?;
    let id = slug("site", site)?;
    let settings: Settings = call.json()?;
    check(&settings)?;
    check_keys(app, &settings).await?;
    let value = value!(settings);
    let change = event(app, Kind::SiteConfigured, &id, None, &Actor::Admin, &[("settings", value.clone())]);
    let statement = save_site(&id, &value.to_string(), app.now);
    app.store().append(FIRST, vec![change.into()], None, vec![statement]).await.map_err(|e| app.fault(&e))?;
    let registry = app.load_registry().await?;
    let site = registry.site(id.as_str()).ok_or_else(no_site)?;
    let stores = || site.settings.stores.iter().map(|Object(store)| store);
    let agents: Vec<_> = stores().filter(|store| store.kind == StoreKind::Agent).collect();
    for shard in 0..if agents.is_empty() { 0 } else { app.platform.shards() } {
        // What fails here is done when the edge would try such a store.
        if let Err(error) = app.store().give_to_agents(shard, &site.id, &agents).await {
            app.platform.log(&format!("site {}: {error:?}", site.id));
        }
    }
    let mut output = site_output(&registry, &site);
    let webhooks = stores().filter(|store| store.kind == StoreKind::Webhook);
    output.webhook_secrets = webhooks
        .map(|store| (store.name.clone(), webhook::shown_secret(app, &site.id, &store.name)))
        .collect();
    json(StatusCode::OK, &output)
}

pub(super) async fn create_key<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    site: &str,
) -> Result<Answer, Problem> {
    authenticate_admin(app, call).await?;
    let input: KeyInput = call.json()?;
    if !(1..=100).contains(&input.name.chars().count()) {
        return Err(Problem::field("name", "the name must have 1 to 100 characters"));
    }
    if input.scopes.is_empty() {
        return Err(Problem::field("scopes", "give the key at least one scope"));
    }
    let work = work(app, &input).await?;
    let site = app.find(|registry| registry.site(site)).await?.ok_or_else(no_site)?;
    let id = issue(app).ok_or_else(|| Problem::new(Code::Internal, "no id could be made for the key"))?;
    let key = ApiKey {
        secret_hash: hash_secret(&text_of(&app.config.secret, &id)),
        id,
        site: site.id.clone(),
        name: input.name,
        scopes: input.scopes,
        created_at: app.now,
        work,
    };
    let mut details =
        vec![("key", value!(key.id.as_str())), ("name", value!(key.name)), ("scopes", value!(key.scopes))];
    details.extend(key.work.as_ref().map(|work| ("work", value!(work))));
    let change = event(app, Kind::KeyCreated, &site.id, None, &Actor::Admin, &details);
    let claim = once::claim(call, &app.site_key(&site.id), "admin")?;
    let committed =
        once::commit(app, FIRST, vec![change.into()], claim.as_ref(), vec![save_key(&key)]).await?;
    let registry = app.load_registry().await?;
    let first = committed.events.first().and_then(|stored| key_of(&stored.event.details));
    let key = first.and_then(|id| registry.key(&id)).ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            "the key that the first call with this Idempotency-Key issued was withdrawn",
        )
    })?;
    let issued = KeyIssued { about: key_output(key), key: text_of(&app.config.secret, &key.id) };
    Ok(committed.mark(json(StatusCode::CREATED, &issued)?))
}

/// What an agent's key may work on: said with that scope, and only with it.
async fn work<P: Platform>(app: &App<'_, P>, input: &KeyInput) -> Result<Option<Work>, Problem> {
    let agents = input.scopes.contains(&Scope::ErasureWork);
    let given = [("stores", input.stores.is_some()), ("public_key", input.public_key.is_some())];
    if let Some((field, _)) = given.iter().find(|(_, given)| *given != agents) {
        let detail = if agents {
            "a key with the scope erasure:work needs stores, the names of those it works on, and public_key"
        } else {
            "only a key with the scope erasure:work has this; add the scope or leave it out"
        };
        return Err(Problem::field(*field, detail));
    }
    let (Some(stores), Some(public_key)) = (input.stores.clone(), input.public_key.clone()) else {
        return Ok(None);
    };
    if !(1..=50).contains(&stores.len()) {
        return Err(Problem::field("stores", "name 1 to 50 stores"));
    }
    for (i, store) in stores.iter().enumerate() {
        slug(&format!("stores[{i}]"), store)?;
    }
    let Object(key) = &public_key;
    if algorithm(key) != Some("EdDSA") || app.platform.verify(key, &[], &[]).await.is_none() {
        return Err(Problem::field("public_key", "this must be a public key of type OKP with Ed25519"));
    }
    Ok(Some(Work { stores, public_key }))
}

fn key_of(details: &str) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    Some(details.get("key")?.as_str()?.to_owned())
}

pub(super) async fn revoke_key<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    site: &str,
    id: &str,
) -> Result<Answer, Problem> {
    authenticate_admin(app, call).await?;
    let registry = app.load_registry().await?;
    let key = registry.key(id).filter(|key| key.site.as_str() == site).ok_or_else(|| {
        Problem::new(Code::NotFound, "the site has no such key, or it was withdrawn before")
    })?;
    let details = [("key", value!(key.id.as_str()))];
    let change = event(app, Kind::KeyRevoked, &key.site, None, &Actor::Admin, &details);
    let statement = withdraw_key(&key.id, app.now);
    app.store().append(FIRST, vec![change.into()], None, vec![statement]).await.map_err(|e| app.fault(&e))?;
    app.load_registry().await?;
    Ok(answer(StatusCode::NO_CONTENT, "application/json", String::new()))
}

fn no_site() -> Problem {
    Problem::new(Code::NotFound, "there is no such site; create it with PUT /admin/sites/{site}")
}

fn site_output(registry: &Registry, site: &Site) -> SiteOutput {
    let keys = registry.keys.iter().filter(|key| key.site == site.id).map(key_output).collect();
    SiteOutput {
        id: site.id.to_string(),
        settings: site.settings.clone(),
        webhook_secrets: BTreeMap::new(),
        keys,
    }
}

fn key_output(key: &ApiKey) -> KeyOutput {
    KeyOutput {
        id: key.id.to_string(),
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        stores: key.work.as_ref().map(|work| work.stores.clone()),
        created_at: key.created_at,
    }
}

fn check(settings: &Settings) -> Result<(), Problem> {
    if !(1..=100).contains(&settings.name.chars().count()) {
        return Err(Problem::field("name", "the name must have 1 to 100 characters"));
    }
    for (i, origin) in settings.origins.iter().enumerate() {
        if !is_origin(origin) {
            let detail =
                "an origin is a scheme and a host in lower case, without a path, such as https://example.com";
            return Err(Problem::field(format!("origins[{i}]"), detail));
        }
    }
    for (i, purpose) in settings.purposes.iter().enumerate() {
        if Purpose::DEFAULT.contains(purpose) || settings.purposes[..i].contains(purpose) {
            let detail = "every site has this purpose already; list only further ones, each once";
            return Err(Problem::field(format!("purposes[{i}]"), detail));
        }
    }
    settings::check(&settings.stores)?;
    if settings.regime.as_deref().is_some_and(|code| regime::Regime::by_code(code).is_none()) {
        let codes = regime::ALL.iter().map(|regime| regime.code);
        return Err(Problem::field("regime", "there is no such regime").allowing(codes));
    }
    Ok(())
}

/// Lets the platform try each key, so that one that can never verify anything is refused when it is set.
async fn check_keys<P: Platform>(app: &App<'_, P>, settings: &Settings) -> Result<(), Problem> {
    let keys = settings.jwks.iter().flat_map(|Object(set)| &set.keys);
    for (i, Object(key)) in keys.enumerate() {
        if algorithm(key).is_none() || app.platform.verify(key, &[], &[]).await.is_none() {
            let detail = "a key must be a public key of type OKP with Ed25519 or EC with P-256";
            return Err(Problem::field(format!("jwks.keys[{i}]"), detail));
        }
    }
    Ok(())
}

/// Whether the text is the serialisation of an origin (RFC 6454 § 6.1) that a browser would send.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    matches!(scheme, "http" | "https")
        && !authority.is_empty()
        && !authority.contains('@')
        && format!("{scheme}://{authority}") == text
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}
