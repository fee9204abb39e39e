//! Building an object, in as many runs as it takes. Owns the order of the steps and what is kept between two runs.
//!
//! A run walks the decisions of every subject once, a page at a time, and hands R2 a part whenever one is full; what is left at
//! its end goes to R2 as an object of its own. It never holds more than one part and one page, whatever the number of people.
//! All runs of one build look at the log as it was when the build began.

use super::{PIECE, Position, Said, add, granted};
use crate::{
    app::App,
    platform::{DatabaseError, Platform},
    site::Site,
    store::{Erased, FIRST, Page, Snapshot, claim_snapshot, keep_build, keep_built},
};
use consentry::{
    granted::{
        Key,
        form::{Chain, FORMAT, Head, entry, from_hex, minute, to_hex},
        key_check,
    },
    hash::Hash,
    history::{Fold, Folds},
    purpose::Purpose,
    time::Timestamp,
};

/// The most pages in a run of the scheduled handler: a million events, well within what an invocation may ask of D1.
const PAGES: usize = 100;

/// The object that is served.
pub(crate) struct Built {
    pub(crate) object: String,
    pub(crate) position: String,
    /// The one before, which somebody may still be reading; empty if there was none.
    previous: String,
}

impl Built {
    /// Reads what [`Self::text`] wrote; nothing is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').map(String::from);
        Some(Self { object: words.next()?, position: words.next()?, previous: words.next()? })
    }

    fn text(&self) -> String {
        [self.object.as_str(), &self.position, &self.previous].join(" ")
    }
}

/// How far a build is.
struct Building {
    object: String,
    upload: String,
    position: String,
    started_at: i64,
    /// The first byte of the subjects that are walked: with several databases each byte's are in one of them.
    first: u16,
    /// The last event that was read there.
    subject: String,
    log_index: i64,
    open: Option<(Key, Fold)>,
    /// The tags of the parts that R2 has.
    parts: Vec<String>,
    chain: Chain,
    /// The object with what is no part yet.
    rest: String,
}

impl Building {
    /// A line each.
    fn text(&self) -> String {
        let (key, fold) = match &self.open {
            Some((key, fold)) => (to_hex(key), serde_json::to_string(fold).unwrap_or_default()),
            None => Default::default(),
        };
        [
            self.object.clone(),
            self.upload.clone(),
            self.position.clone(),
            self.started_at.to_string(),
            self.first.to_string(),
            self.subject.clone(),
            self.log_index.to_string(),
            key,
            fold,
            self.parts.join("\t"),
            self.chain.0.to_string(),
            self.rest.clone(),
        ]
        .join("\n")
    }

    /// Reads what [`Self::text`] wrote.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let mut next = || lines.next();
        Some(Self {
            object: next()?.into(),
            upload: next()?.into(),
            position: next()?.into(),
            started_at: next()?.parse().ok()?,
            first: next()?.parse().ok()?,
            subject: next()?.into(),
            log_index: next()?.parse().ok()?,
            open: match (next()?, next()?) {
                ("", _) => None,
                (open, fold) => Some((from_hex(open)?, serde_json::from_str(fold).ok()?)),
            },
            parts: next()?.split('\t').filter(|tag| !tag.is_empty()).map(String::from).collect(),
            chain: Chain(Hash::parse(next()?)?),
            rest: next()?.into(),
        })
    }
}

/// Goes on with whatever is to be built, as far as one run goes.
pub(crate) async fn tick<P: Platform>(app: &App<'_, P>) -> Result<(), DatabaseError> {
    let mut pages = PAGES;
    while pages > 0 {
        let Some(row) = app.store().first_row(claim_snapshot(app.now, None)).await? else { break };
        run(app, row, &mut pages).await?;
    }
    Ok(())
}

/// Goes on with one, as far as so many pages go; gives what is served then.
pub(crate) async fn advance<P: Platform>(
    app: &App<'_, P>,
    site: &str,
    purpose: &Purpose,
    mut pages: usize,
) -> Result<Option<Built>, DatabaseError> {
    match app.store().first_row(claim_snapshot(app.now, Some((site, purpose)))).await? {
        Some(row) => run(app, row, &mut pages).await,
        None => Ok(None),
    }
}

async fn run<P: Platform>(
    app: &App<'_, P>,
    row: Snapshot,
    pages: &mut usize,
) -> Result<Option<Built>, DatabaseError> {
    let registry = app.store().registry().await?;
    let (Some(site), Some(purpose)) = (registry.site(&row.site), Purpose::parse(&row.purpose)) else {
        *pages = pages.saturating_sub(1);
        return Ok(None);
    };
    let mut walk = match Building::parse(&row.building) {
        Some(building) => Walk::resume(app, &site, &purpose, building).await,
        None => Walk::start(app, &site, &purpose).await,
    };
    let done = match &mut walk {
        Ok(walk) => walk.go_on(pages).await,
        Err(error) => Err(error.clone()),
    };
    let outcome = match (walk, done) {
        (Ok(walk), Ok(true)) => walk.finish(&row.built).await.map(Some),
        (Ok(walk), Ok(false)) => walk.pause().await.map(|()| None),
        (_, Err(error)) | (Err(error), _) => Err(error),
    };
    if let Err(DatabaseError::Objects(_)) = &outcome {
        // Whatever R2 has of it can't be gone on with; the next run begins again.
        app.store().run(FIRST, keep_build(&site.id, &purpose, None)).await?;
    }
    outcome
}

struct Walk<'a, 'b, P> {
    app: &'a App<'b, P>,
    site: &'a Site,
    purpose: &'a Purpose,
    state: Building,
    position: Position,
    folds: Folds<Key>,
    /// What is no part yet; shorter than a part.
    bytes: Vec<u8>,
}

impl<'a, 'b, P: Platform> Walk<'a, 'b, P> {
    async fn start(app: &'a App<'b, P>, site: &'a Site, purpose: &'a Purpose) -> Result<Self, DatabaseError> {
        let store = app.store();
        let position = store.end().await?;
        let key = app.site_key(&site.id);
        let head = Head {
            format: FORMAT.into(),
            site: site.id.to_string(),
            purpose: purpose.clone(),
            key_id: app.key_id(),
            key_check: to_hex(&key_check(&key)),
            log: store.origins().await?,
            position: position.to_string(),
            built_at: app.now,
        };
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        let object = format!("snapshots/{}/{}/{}", site.id, purpose, store.new_id());
        let state = Building {
            upload: app.platform.begin_upload(&object).await?,
            rest: format!("{object}.rest"),
            object,
            position: position.to_string(),
            started_at: app.now.as_ms(),
            first: 0,
            subject: String::new(),
            log_index: -1,
            open: None,
            parts: Vec::new(),
            chain: Chain::START,
        };
        Ok(Self { app, site, purpose, state, position, folds: Folds::default(), bytes })
    }

    async fn resume(
        app: &'a App<'b, P>,
        site: &'a Site,
        purpose: &'a Purpose,
        mut state: Building,
    ) -> Result<Self, DatabaseError> {
        let lost = |what: &str| DatabaseError::Objects(format!("of a snapshot that is being built {what}"));
        let position = Position::parse(&state.position, app.platform.shards())
            .ok_or_else(|| lost("the number of databases changed"))?;
        let bytes =
            app.platform.object(&state.rest).await?.ok_or_else(|| lost("the last bytes are missing"))?;
        let folds = Folds { open: state.open.take() };
        Ok(Self { app, site, purpose, state, position, folds, bytes })
    }

    /// Walks on; whether it came to the end.
    async fn go_on(&mut self, pages: &mut usize) -> Result<bool, DatabaseError> {
        let shards = self.app.platform.shards();
        // With one database all subjects are one walk, else those of each first byte.
        let whole = shards == 1;
        while self.state.first < 256 {
            if *pages == 0 {
                return Ok(false);
            }
            *pages -= 1;
            let first = self.state.first;
            let shard = usize::from(first) % shards;
            if self.state.subject.is_empty() && !whole {
                self.state.subject = format!("{first:02x}");
            }
            let end = if whole || first == 255 { "ff".repeat(33) } else { format!("{:02x}", first + 1) };
            let page = Page {
                subject: &self.state.subject,
                log_index: self.state.log_index,
                end: &end,
                site: self.site.id.as_str(),
                purpose: self.purpose,
                key_id: self.app.key_id(),
                position: self.position.of(shard),
            };
            let (read, erased) = self.app.store().decisions(shard, &page).await?;
            for said in Said::all(&read.lines) {
                if let Some(closed) = add(&mut self.folds, &said?)? {
                    self.take(closed, &erased).await?;
                }
            }
            if let Some((subject, log_index)) = read.last {
                (self.state.subject, self.state.log_index) = (subject, log_index);
            }
            if read.is_last {
                if let Some(closed) = self.folds.open.take() {
                    self.take(closed, &erased).await?;
                }
                self.state.first = if whole { 256 } else { first + 1 };
                (self.state.subject, self.state.log_index) = (String::new(), -1);
            }
        }
        Ok(true)
    }

    async fn take(&mut self, closed: (Key, Fold), erased: &Erased) -> Result<(), DatabaseError> {
        let regime = self.site.regime(None, None);
        let now = Timestamp::from_ms(self.state.started_at);
        if let Some(until) = granted(closed, erased, self.purpose, regime, now) {
            self.bytes.extend(entry(&closed.0, minute(until)));
        }
        self.hand_over().await
    }

    /// Gives R2 what is a whole part.
    async fn hand_over(&mut self) -> Result<(), DatabaseError> {
        while self.bytes.len() >= PIECE {
            let piece: Vec<u8> = self.bytes.drain(..PIECE).collect();
            self.state.chain = self.state.chain.with(&piece);
            self.upload(piece).await?;
        }
        Ok(())
    }

    async fn upload(&mut self, piece: Vec<u8>) -> Result<(), DatabaseError> {
        let number = self.state.parts.len() + 1;
        let Building { object, upload, .. } = &self.state;
        let tag = self.app.platform.upload_part(object, upload, number, piece).await?;
        self.state.parts.push(tag);
        Ok(())
    }

    /// Keeps what the next run needs.
    async fn pause(mut self) -> Result<(), DatabaseError> {
        let before = std::mem::take(&mut self.state.rest);
        // A name of its own, so that a run which ends between the two steps leaves the last one whole.
        self.state.rest = format!("{}.{}", self.state.object, self.app.store().new_id());
        self.app.platform.put_object(&self.state.rest, self.bytes).await?;
        self.state.open = self.folds.open;
        let building = self.state.text();
        self.app.store().run(FIRST, keep_build(&self.site.id, self.purpose, Some(building))).await?;
        self.app.platform.delete_object(&before).await
    }

    /// Puts the object together and lets it be served.
    async fn finish(mut self, built: &str) -> Result<Built, DatabaseError> {
        self.hand_over().await?;
        let mut bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            self.state.chain = self.state.chain.with(&bytes);
        }
        bytes.extend(self.state.chain.0.0);
        for piece in bytes.chunks(PIECE) {
            self.upload(piece.to_vec()).await?;
        }
        let platform = self.app.platform;
        let Building { object, upload, parts, position, rest, started_at, .. } = self.state;
        platform.finish_upload(&object, &upload, parts).await?;
        let before = Built::parse(built);
        let (previous, dated) = before.map(|before| (before.object, before.previous)).unwrap_or_default();
        let now_built = Built { object, position, previous };
        let text = now_built.text();
        let kept = keep_built(&self.site.id, self.purpose, Timestamp::from_ms(started_at), &text);
        self.app.store().run(FIRST, kept).await?;
        for name in [dated, rest].iter().filter(|name| !name.is_empty()) {
            platform.delete_object(name).await?;
        }
        Ok(now_built)
    }
}
