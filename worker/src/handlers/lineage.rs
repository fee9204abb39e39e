//! Data sets that were made for training and the models that were trained on them, for a site's backend: registering both, asking
//! whose rows are where, and saying what became of a model.

use super::{event, once};
use crate::{
    app::App,
    auth::{self, Caller, Claimed},
    http::{Answer, Call, json},
    lineage::{Announced, find, note_earlier, object, vectors, whole},
    model::{
        DatasetDetails, DatasetOutput, DatasetsOutput, HoldingOutput, Manifest, ModelInput, ModelOutput,
        RegisterInput, VectorsHeld, slug,
    },
    object::Object,
    platform::Platform,
    scope::Scope,
    store::{
        Change, DatasetRow, FIRST, change_model, forget_chunks, save_chunk, save_dataset, save_model,
        seal_dataset,
    },
};
use consentry::{
    event::Kind,
    hash::Hash,
    problem::{Code, Problem},
    slug::Slug,
};
use http::StatusCode;
use serde_json::json as value;
use sha2::{Digest as _, Sha256};

/// Models of a data set.
const MAX_MODELS: usize = 100;

/// Data sets on a page.
const PAGE: u64 = if cfg!(test) { 2 } else { 100 };

pub(super) async fn caller<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Caller, Problem> {
    auth::backend(app, call, Scope::LineageWrite).await
}

async fn dataset<P: Platform>(app: &App<'_, P>, site: &Slug, name: &str) -> Result<DatasetRow, Problem> {
    let found = app.store().dataset(site, name).await.map_err(|error| app.fault(&error))?;
    found.ok_or_else(|| {
        Problem::new(Code::NotFound, "there is no such data set; register it with POST /lineage")
    })
}

pub(super) async fn register<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let caller = caller(app, call).await?;
    let input: RegisterInput = call.json()?;
    let site = &caller.site.id;
    let name = slug("dataset", &input.dataset)?;
    let (Object(manifest), Object(index)) = (input.manifest, input.index);
    check(&caller, &manifest)?;
    let announced = Announced::parse(&index.header, site, (&app.site_key(site), app.key_id()))?;
    let models = models(&input.models)?;
    let known = app.store().dataset(site, name.as_str()).await.map_err(|error| app.fault(&error))?;
    if known.as_ref().is_some_and(|known| known.digest != index.digest || known.header != index.header) {
        let detail =
            "another data set was registered under this name; give each its own, such as corpus_2026_11";
        return Err(Problem::field("dataset", detail));
    }
    let added: Vec<_> = models
        .iter()
        .filter(|model| {
            known.as_ref().is_none_or(|known| !known.models.iter().any(|one| one == model.as_str()))
        })
        .collect();
    if known.as_ref().map_or(0, |known| known.models.len()) + added.len() > MAX_MODELS {
        return Err(Problem::field("models", format!("a data set has at most {MAX_MODELS} models")));
    }
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    if known.is_none() || !added.is_empty() {
        let mut statements = Vec::new();
        if known.is_none() {
            let row = DatasetRow {
                dataset: name.to_string(),
                manifest,
                header: index.header,
                digest: index.digest,
                chunks: announced.chunks(),
                users: announced.users(),
                registered_at: app.now,
                kept_at: None,
                models: vec![],
                next: 0,
            };
            statements.push(save_dataset(site, &row));
        }
        statements
            .extend(added.iter().flat_map(|model| save_model(site, name.as_str(), model.as_str(), app.now)));
        let names: Vec<_> = added.iter().map(|model| model.as_str()).collect();
        let details = [
            ("dataset", value!(name.as_str())),
            ("index", value!(index.digest)),
            ("users", value!(announced.users())),
            ("models", value!(names)),
        ];
        let registered = event(app, Kind::LineageRegistered, site, None, &caller.actor, &details);
        let claim = once::claim(call, &app.site_key(site), &caller.actor.to_string())?;
        let committed = once::commit(app, FIRST, vec![registered.into()], claim.as_ref(), statements).await?;
        let row = dataset(app, site, name.as_str()).await?;
        return Ok(committed.mark(json(status, &output(row))?));
    }
    json(status, &output(dataset(app, site, name.as_str()).await?))
}

fn check(caller: &Caller, manifest: &Manifest) -> Result<(), Problem> {
    caller.site.purpose("manifest.purpose", &manifest.purpose)?;
    let Object(snapshot) = &manifest.snapshot;
    if snapshot.site != caller.site.id.as_str() {
        let detail = "this run was about another site's users; use an API key of that site";
        return Err(Problem::field("manifest.snapshot.site", detail));
    }
    if manifest.version.len() > 32 {
        return Err(Problem::field("manifest.version", "a version has at most 32 characters"));
    }
    Ok(())
}

fn models(names: &[String]) -> Result<Vec<Slug>, Problem> {
    let mut models = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let field = format!("models[{index}]");
        let model = slug(&field, name)?;
        if models.contains(&model) {
            return Err(Problem::field(field, "this model is named twice; name each once"));
        }
        models.push(model);
    }
    Ok(models)
}

pub(super) async fn put_chunk<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    name: &str,
    number: &str,
) -> Result<Answer, Problem> {
    let caller = caller(app, call).await?;
    let bytes = call.chunk()?;
    let site = &caller.site.id;
    let row = dataset(app, site, name).await?;
    let number = number
        .parse()
        .map_err(|_| Problem::field("number", "the last segment of the path must be a whole number"))?;
    let broken = || Problem::new(Code::Internal, "the index of this data set can't be read");
    let announced = Announced::read(&row.header).ok_or_else(broken)?;
    let chunk = announced.piece(number, bytes)?;
    let fault = |error| app.fault(&error);
    // What is whole stays as it is.
    if row.kept_at.is_none() {
        app.platform.put_object(&object(site, name, number), bytes.to_vec()).await.map_err(fault)?;
        app.platform.batch(FIRST, vec![save_chunk(site, name, number, &chunk)]).await.map_err(fault)?;
    }
    let row = dataset(app, site, name).await?;
    if row.kept_at.is_some() || row.next < row.chunks {
        return json(StatusCode::OK, &output(row));
    }
    let chunks = app.store().chunks(site, name).await.map_err(fault)?;
    if !whole(&announced, &chunks, row.digest) {
        app.platform.batch(FIRST, vec![forget_chunks(site, name)]).await.map_err(fault)?;
        let detail =
            "the pieces don't make the index that was announced; send all of it again, from piece 0 on";
        return Err(Problem::field("body", detail));
    }
    // First, so that no data set counts as known of which earlier erasures weren't told.
    note_earlier(app, site, &row).await.map_err(fault)?;
    app.platform.batch(FIRST, vec![seal_dataset(site, name, app.now)]).await.map_err(fault)?;
    json(StatusCode::OK, &output(dataset(app, site, name).await?))
}

pub(super) async fn list<P: Platform>(app: &App<'_, P>, call: &Call) -> Result<Answer, Problem> {
    let caller = caller(app, call).await?;
    let after = call.query("after").unwrap_or_default();
    let rows =
        app.store().datasets(&caller.site.id, &after, PAGE).await.map_err(|error| app.fault(&error))?;
    let full = rows.len() as u64 == PAGE;
    let next = rows.last().map(|row| row.dataset.clone()).filter(|_| full);
    json(StatusCode::OK, &DatasetsOutput { datasets: rows.into_iter().map(output).collect(), next })
}

pub(super) async fn get<P: Platform>(app: &App<'_, P>, call: &Call, name: &str) -> Result<Answer, Problem> {
    let caller = caller(app, call).await?;
    let about = output(dataset(app, &caller.site.id, name).await?);
    let erasures = app.store().standings(&caller.site.id, name).await.map_err(|error| app.fault(&error))?;
    json(StatusCode::OK, &DatasetDetails { about, erasures })
}

pub(super) async fn put_model<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    name: &str,
    model: &str,
) -> Result<Answer, Problem> {
    let caller = caller(app, call).await?;
    let input: ModelInput = call.json()?;
    if !input.state.takes(input.reason.as_deref()) {
        let detail =
            "justified needs a reason of 1 to 500 characters on one line; the other states have none";
        return Err(Problem::field("reason", detail));
    }
    let site = &caller.site.id;
    let row = dataset(app, site, name).await?;
    if !row.models.iter().any(|one| one == model) {
        let detail = "no such model was trained on this data set; name it with POST /lineage";
        return Err(Problem::new(Code::NotFound, detail));
    }
    let change = Change {
        site,
        dataset: name,
        model,
        erasure: input.erasure,
        state: input.state,
        reason: input.reason.as_deref(),
        now: app.now,
    };
    let changed = app.store().differing(&change).await.map_err(|error| app.fault(&error))?;
    if changed > 0 {
        let mut details = vec![
            ("dataset", value!(name)),
            ("model", value!(model)),
            ("state", value!(input.state)),
            ("erasures", value!(changed)),
        ];
        details.extend(input.erasure.map(|id| ("erasure", value!(id))));
        // Its words may turn out to name somebody, and what is in the log stays.
        let reason = input.reason.as_ref().map(|reason| Hash(Sha256::digest(reason).into()));
        details.extend(reason.map(|hash| ("reason_sha256", value!(hash))));
        let said = event(app, Kind::ModelStateChanged, site, None, &caller.actor, &details);
        let statement = change_model(&change);
        app.store()
            .append(FIRST, vec![said.into()], None, vec![statement])
            .await
            .map_err(|error| app.fault(&error))?;
    }
    let ModelInput { state, .. } = input;
    json(StatusCode::OK, &ModelOutput { dataset: name.into(), model: model.into(), state, changed })
}

/// The data sets that hold rows of a person or of the visitors whom they turned out to be.
pub(super) async fn holding_of<P: Platform>(
    app: &App<'_, P>,
    call: &Call,
    user: &str,
) -> Result<Answer, Problem> {
    let access = auth::authorise(app, call, Claimed::user(user), Scope::SubjectErase).await?;
    let (store, site, fault) = (app.store(), &access.site.id, |error| app.fault(&error));
    let mut subjects = store.visitors(&access.subject).await.map_err(fault)?;
    subjects.push(access.subject);
    let read = event(app, Kind::LineageRead, site, Some(access.subject), &access.actor, &[]);
    let shard = store.shard_of(&access.subject);
    store.append(shard, vec![read.into()], None, vec![]).await.map_err(fault)?;
    let found = find(app, site, &subjects).await.map_err(fault)?;
    let counts = vectors(app, &subjects).await.map_err(fault)?;
    let vectors = counts.into_iter().map(|(store, count)| VectorsHeld { store, count }).collect();
    let user_id = access.user.as_str().into();
    json(StatusCode::OK, &HoldingOutput { user_id, datasets: found.holding, unknown: found.unknown, vectors })
}

fn output(row: DatasetRow) -> DatasetOutput {
    DatasetOutput {
        dataset: row.dataset,
        registered_at: row.registered_at,
        kept_at: row.kept_at,
        users: row.users,
        chunks: row.chunks,
        next: Some(row.next).filter(|_| row.kept_at.is_none()),
        digest: row.digest,
        manifest: row.manifest,
        models: row.models,
    }
}
