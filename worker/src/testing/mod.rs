//! A machine for host tests: SQLite in memory with the real migrations in place of D1, a clock that the test sets, and the
//! failures that a test asks for.

mod reach;

use crate::{
    app::{App, Config},
    cache::Cache,
    export::Export,
    http::{Answer, Call, Stored, problem},
    keys::Keys,
    platform::{DatabaseError, LimitClass, Param, Platform, Rows, Statement},
    respond::respond,
    site::Jwk,
};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use consentry::{erasure::task::Pace, time::Timestamp};
use rusqlite::{Connection, types::ValueRef};
use serde_json::{Map, Value, json};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    task::{Context, Poll, Waker},
};

pub(crate) const ADMIN: &str = "admin secret of the tests, and of nothing else";
pub(crate) const START: Timestamp = Timestamp::from_ms(1_795_000_000_000);

/// Address, headers and body.
pub(crate) type Posted = (String, BTreeMap<String, String>, String);

/// What another call does meanwhile.
pub(crate) type Act = Box<dyn FnOnce(&Host)>;

/// A deployment with one isolate.
pub(crate) struct Host {
    databases: Vec<RefCell<Connection>>,
    pub(crate) now: Cell<Timestamp>,
    /// After how many more batches the database stops answering.
    pub(crate) batches_left: Cell<usize>,
    pub(crate) batches: Cell<usize>,
    pub(crate) within_limit: Cell<bool>,
    pub(crate) lines: RefCell<Vec<String>>,
    counter: Cell<u64>,
    /// After how many more calls the objects can't be reached.
    pub(crate) objects_left: Cell<usize>,
    pub(crate) objects: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The site's own bucket, by name: what is in it, and how often it was written.
    pub(crate) data: RefCell<BTreeMap<String, (Vec<u8>, u64)>>,
    /// The site's namespace of cached values.
    pub(crate) values: RefCell<BTreeMap<String, String>>,
    /// Indexes of vectors by binding, with what they were asked to remove: they do so when the test calls [`Host::remove_vectors`].
    pub(crate) vectors: RefCell<BTreeMap<String, BTreeSet<String>>>,
    to_remove: RefCell<Vec<(String, String)>>,
    pub(crate) ledger: RefCell<BTreeMap<String, String>>,
    /// What services answer to posts, in turn; one that isn't there can't be reached.
    pub(crate) answers: RefCell<Vec<(u16, String)>>,
    /// What was posted: address, headers, body.
    pub(crate) posts: RefCell<Vec<Posted>>,
    /// After how many more steps (a batch, a look at the ledger, a post) something else is done in between.
    pub(crate) meanwhile: RefCell<Option<(usize, Act)>>,
    /// What the queue was asked to wake, and after how many seconds.
    pub(crate) woken: RefCell<Vec<(String, u32)>>,
    pub(crate) cache: Cache,
    pub(crate) config: Config,
}

impl Host {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            databases: (0..shards).map(|_| RefCell::new(database())).collect(),
            now: Cell::new(START),
            batches_left: Cell::new(usize::MAX),
            batches: Cell::new(0),
            within_limit: Cell::new(true),
            lines: RefCell::default(),
            counter: Cell::new(0),
            objects_left: Cell::new(usize::MAX),
            objects: RefCell::default(),
            data: RefCell::default(),
            values: RefCell::default(),
            vectors: RefCell::default(),
            to_remove: RefCell::default(),
            ledger: RefCell::default(),
            answers: RefCell::default(),
            posts: RefCell::default(),
            meanwhile: RefCell::default(),
            woken: RefCell::default(),
            cache: Cache::default(),
            config: Config {
                secret: b"master secret of the tests, and of nothing else".to_vec(),
                admin_secret: ADMIN.into(),
                log_host: "consentry.test".into(),
                log_keys: Keys::parse(["07".repeat(32)]),
                rate_limit: true,
                pace: Pace::USUAL,
                kv_delay_ms: 60_000,
                vectors_delay_ms: 60_000,
            },
        }
    }

    /// With a site `demo`, and the key of its backend.
    pub(crate) fn with_site(shards: usize) -> (Self, String) {
        let host = Self::new(shards);
        let key = host.add_site("demo");
        (host, key)
    }

    pub(crate) fn add_site(&self, site: &str) -> String {
        let settings = json!({ "name": site, "origins": ["https://demo.example"], "regime": "gdpr" });
        assert_eq!(self.call("PUT", &format!("/admin/sites/{site}"), ADMIN, &settings).0, 200);
        let scopes = [
            "consent:read",
            "consent:write",
            "subject:export",
            "subject:erase",
            "audit:read",
            "snapshot:read",
            "lineage:write",
            "log:read",
        ];
        let input = json!({ "name": "tests", "scopes": scopes });
        let (status, body) = self.call("POST", &format!("/admin/sites/{site}/keys"), ADMIN, &input);
        assert_eq!(status, 201, "{body}");
        body["key"].as_str().unwrap().into()
    }

    pub(crate) fn app(&self) -> App<'_, Self> {
        App { platform: self, config: &self.config, cache: &self.cache, now: self.now.get() }
    }

    /// A call with a bearer token and a JSON body (`Null` for none): status and body.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let answer = self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body);
        let value = serde_json::from_str(answer.body()).unwrap_or_default();
        (answer.status().as_u16(), value)
    }

    /// A call with these headers.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.send_bytes((method, path), headers, "application/json", bytes)
    }

    /// The same with a body of bytes.
    pub(crate) fn send_bytes(
        &self,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        media_type: &str,
        body: Vec<u8>,
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut all: BTreeMap<_, _> =
            headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        all.insert("content-type".into(), media_type.to_owned());
        let call = Call {
            method: method.parse().unwrap(),
            path: path.into(),
            query: query.into(),
            headers: all,
            body,
            country: None,
            region: None,
        };
        let mut answer = at_once(respond(&self.app(), &call));
        if let Some(mut export) = answer.extensions_mut().remove::<Export>() {
            while let Some(piece) = at_once(export.next(&self.app())).unwrap() {
                answer.body_mut().push_str(&piece);
            }
        }
        match answer.extensions().get::<Stored>() {
            Some(stored) if !self.objects.borrow().contains_key(&stored.name) => problem(&stored.missing),
            _ => answer,
        }
    }

    /// Another isolate over the same databases: whatever this one kept is forgotten.
    pub(crate) fn forget(&self) {
        self.cache.registry.replace(None);
        self.cache.origins.borrow_mut().clear();
    }

    fn reach_objects(&self) -> Result<(), DatabaseError> {
        let left = self.objects_left.get();
        self.objects_left.set(left.saturating_sub(1));
        if left == 0 { Err(DatabaseError::Objects("the test unplugged them".into())) } else { Ok(()) }
    }

    fn step(&self) {
        let mut meanwhile = self.meanwhile.borrow_mut();
        let now = match meanwhile.as_mut() {
            Some((0, _)) => meanwhile.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        drop(meanwhile);
        if let Some((_, act)) = now {
            act(self);
        }
    }

    /// Lets the indexes do what they were asked to.
    pub(crate) fn remove_vectors(&self) {
        let mut vectors = self.vectors.borrow_mut();
        for (index, id) in self.to_remove.borrow_mut().drain(..) {
            vectors.get_mut(&index).map(|ids| ids.remove(&id));
        }
    }

    /// Runs SQL past the service.
    pub(crate) fn execute(&self, shard: usize, sql: &str) {
        self.databases[shard].borrow().execute_batch(sql).unwrap();
    }

    /// The first text that a query gives, by database.
    pub(crate) fn text(&self, shard: usize, sql: &str) -> Option<String> {
        self.databases[shard].borrow().query_row(sql, [], |row| row.get(0)).ok()
    }

    /// The one number that a query gives, by database.
    pub(crate) fn count(&self, shard: usize, sql: &str) -> i64 {
        self.databases[shard].borrow().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// What a future of this machine's gives: none of them ever waits. An executor would refuse to run within another, where a call is made
/// between the steps of one.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        connection.execute_batch(&std::fs::read_to_string(file).unwrap()).unwrap();
    }
    connection
}

impl Platform for Host {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, buffer: &mut [u8]) {
        // Different at every call, and the same in every run.
        self.counter.set(self.counter.get() + 1);
        let bytes = self.counter.get().to_be_bytes();
        buffer.iter_mut().rev().zip(bytes.iter().rev()).for_each(|(to, from)| *to = *from);
    }

    fn shards(&self) -> usize {
        self.databases.len()
    }

    async fn batch(&self, shard: usize, statements: Vec<Statement>) -> Result<Vec<Rows>, DatabaseError> {
        self.step();
        if self.batches_left.get() == 0 {
            return Err(DatabaseError::Unavailable("the test unplugged it".into()));
        }
        self.batches_left.set(self.batches_left.get() - 1);
        self.batches.set(self.batches.get() + 1);
        let mut connection = self.databases[shard].borrow_mut();
        let transaction = connection.transaction().unwrap();
        let results: Result<Vec<_>, _> =
            statements.iter().map(|statement| run(&transaction, statement)).collect();
        let results = results.map_err(|error| DatabaseError::from_message(&error.to_string()))?;
        transaction.commit().unwrap();
        Ok(results)
    }

    async fn put_object(&self, name: &str, bytes: Vec<u8>) -> Result<(), DatabaseError> {
        self.reach_objects()?;
        self.objects.borrow_mut().insert(name.into(), bytes);
        Ok(())
    }

    async fn object(&self, name: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        self.reach_objects()?;
        Ok(self.objects.borrow().get(name).cloned())
    }

    async fn delete_object(&self, name: &str) -> Result<(), DatabaseError> {
        self.objects.borrow_mut().remove(name);
        Ok(())
    }

    async fn begin_upload(&self, name: &str) -> Result<String, DatabaseError> {
        Ok(format!("upload of {name}"))
    }

    async fn upload_part(
        &self,
        _name: &str,
        upload: &str,
        number: usize,
        bytes: Vec<u8>,
    ) -> Result<String, DatabaseError> {
        let tag = format!("{upload}, part {number}");
        self.objects.borrow_mut().insert(tag.clone(), bytes);
        Ok(tag)
    }

    async fn finish_upload(&self, name: &str, _upload: &str, tags: Vec<String>) -> Result<(), DatabaseError> {
        let mut objects = self.objects.borrow_mut();
        let parts: Option<Vec<_>> = tags.iter().map(|tag| objects.remove(tag)).collect();
        let parts = parts.ok_or_else(|| DatabaseError::Objects("a part is missing".into()))?;
        objects.insert(name.into(), parts.concat());
        Ok(())
    }

    async fn asset(&self, path: &str) -> Option<String> {
        // As the build makes it, of English only.
        match path {
            "/locales/index.txt" => Some("en".into()),
            "/words/en.json" => Some(r#"{"language":"en","direction":"ltr"}"#.into()),
            _ => None,
        }
    }

    async fn within_limit(&self, _class: LimitClass, _key: String) -> bool {
        self.within_limit.get()
    }

    async fn verify(&self, key: &Jwk, message: &[u8], signature: &[u8]) -> Option<bool> {
        use ed25519_dalek::Verifier as _;
        let bytes: [u8; 32] = Base64UrlUnpadded::decode_vec(&key.x).ok()?.try_into().ok()?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature);
        Some(signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
    }

    async fn public_key(&self, seed: &[u8; 32]) -> Option<[u8; 32]> {
        Some(ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes())
    }

    async fn sign(&self, seed: &[u8; 32], message: &[u8]) -> Option<([u8; 32], [u8; 64])> {
        use ed25519_dalek::Signer as _;
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Some((key.verifying_key().to_bytes(), key.sign(message).to_bytes()))
    }

    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.into());
    }
}

fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<Rows> {
    let mut prepared = connection.prepare(statement.sql)?;
    let names: Vec<String> = prepared.column_names().map(Into::into).collect();
    for (index, param) in statement.params.iter().enumerate() {
        match param {
            Param::Null => prepared.raw_bind_parameter(index + 1, rusqlite::types::Null)?,
            Param::Integer(value) => prepared.raw_bind_parameter(index + 1, value)?,
            Param::Text(text) => prepared.raw_bind_parameter(index + 1, text)?,
        }
    }
    let mut rows = prepared.raw_query();
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (index, name) in names.iter().enumerate() {
            let value = match row.get_ref(index)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => value.into(),
                ValueRef::Real(value) => value.into(),
                ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                ValueRef::Blob(_) => panic!("bytes leave SQL as text: {name}"),
            };
            object.insert(name.clone(), value);
        }
        all.push(object);
    }
    Ok(Rows(all))
}
