//! The machine as [`Platform`] wants it: a clock, randomness, D1, the bucket for snapshots and the log, the rate limiters, Web Crypto.

use super::{banner, crypto};
use crate::{
    platform::{DatabaseError, LimitClass, Param, Platform, Rows, Statement},
    site::Jwk,
};
use consentry::{
    problem::{Code, Problem},
    time::Timestamp,
};
use std::cell::Cell;
use worker::{Bucket, D1Database, Date, Env, Result, UploadedPart, console_log, wasm_bindgen::JsValue};

/// The machine.
pub(super) struct Workerd {
    pub(super) env: Env,
    databases: Vec<D1Database>,
    queries: Cell<usize>,
    rows_read: Cell<usize>,
    rows_written: Cell<usize>,
}

impl Workerd {
    /// The databases are the bindings `DB`, `DB1`, `DB2` and so on.
    pub(super) fn new(env: &Env) -> std::result::Result<Self, Problem> {
        let more = (1..).map_while(|number| env.d1(&format!("DB{number}")).ok());
        let databases: Vec<_> = env.d1("DB").into_iter().chain(more).collect();
        if databases.is_empty() {
            let detail = "bind a D1 database as DB in wrangler.toml: npx wrangler d1 create consentry";
            return Err(Problem::new(Code::Misconfigured, detail));
        }
        let zero = || Cell::new(0);
        Ok(Self { env: env.clone(), databases, queries: zero(), rows_read: zero(), rows_written: zero() })
    }

    pub(super) fn bucket(&self) -> std::result::Result<Bucket, DatabaseError> {
        self.env.bucket("SNAPSHOTS").map_err(|_| {
            let what = "bind an R2 bucket as SNAPSHOTS in wrangler.toml: npx wrangler r2 bucket create consentry-snapshots";
            DatabaseError::Objects(what.into())
        })
    }

    /// What the call cost in D1, for the bench.
    pub(super) fn cost(&self) -> String {
        let (queries, read, written) = (self.queries.get(), self.rows_read.get(), self.rows_written.get());
        format!("queries={queries};read={read};written={written}")
    }
}

impl Platform for Workerd {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(i64::try_from(Date::now().as_millis()).unwrap_or_default())
    }

    fn random(&self, buffer: &mut [u8]) {
        // Web Crypto can't fail for the few bytes that are asked for here.
        let _ = getrandom::fill(buffer);
    }

    fn shards(&self) -> usize {
        self.databases.len()
    }

    async fn batch(
        &self,
        shard: usize,
        statements: Vec<Statement>,
    ) -> std::result::Result<Vec<Rows>, DatabaseError> {
        let database =
            self.databases.get(shard).ok_or_else(|| DatabaseError::Unavailable("no such database".into()))?;
        let failed = |error: worker::Error| DatabaseError::from_message(&format!("{error}"));
        let prepared = statements
            .iter()
            .map(|statement| {
                let params: Vec<JsValue> = statement.params.iter().map(js).collect();
                database.prepare(statement.sql).bind(&params)
            })
            .collect::<Result<Vec<_>>>()
            .map_err(failed)?;
        self.queries.set(self.queries.get() + 1);
        let results = database.batch(prepared).await.map_err(failed)?;
        results
            .into_iter()
            .map(|result| {
                if let Some(error) = result.error() {
                    return Err(DatabaseError::from_message(&error));
                }
                if let Ok(Some(meta)) = result.meta() {
                    self.rows_read.set(self.rows_read.get() + meta.rows_read.unwrap_or_default());
                    self.rows_written.set(self.rows_written.get() + meta.rows_written.unwrap_or_default());
                }
                result.results().map(Rows).map_err(failed)
            })
            .collect()
    }

    async fn put_object(&self, name: &str, bytes: Vec<u8>) -> std::result::Result<(), DatabaseError> {
        self.bucket()?.put(name, bytes).execute().await.map(drop).map_err(objects)
    }

    async fn object(&self, name: &str) -> std::result::Result<Option<Vec<u8>>, DatabaseError> {
        let object = self.bucket()?.get(name).execute().await.map_err(objects)?;
        match object.as_ref().and_then(worker::Object::body) {
            Some(body) => body.bytes().await.map(Some).map_err(objects),
            None => Ok(None),
        }
    }

    async fn delete_object(&self, name: &str) -> std::result::Result<(), DatabaseError> {
        self.bucket()?.delete(name).await.map_err(objects)
    }

    async fn begin_upload(&self, name: &str) -> std::result::Result<String, DatabaseError> {
        let upload = self.bucket()?.create_multipart_upload(name).execute().await.map_err(objects)?;
        Ok(upload.upload_id().await)
    }

    async fn upload_part(
        &self,
        name: &str,
        upload: &str,
        number: usize,
        bytes: Vec<u8>,
    ) -> std::result::Result<String, DatabaseError> {
        let upload = self.bucket()?.resume_multipart_upload(name, upload).map_err(objects)?;
        let number = u16::try_from(number).map_err(|_| DatabaseError::Objects("too many parts".into()))?;
        upload.upload_part(number, bytes).await.map(|part| part.etag()).map_err(objects)
    }

    async fn finish_upload(
        &self,
        name: &str,
        upload: &str,
        tags: Vec<String>,
    ) -> std::result::Result<(), DatabaseError> {
        let upload = self.bucket()?.resume_multipart_upload(name, upload).map_err(objects)?;
        let parts = (1..).zip(tags).map(|(number, tag)| UploadedPart::new(number, tag));
        upload.complete(parts).await.map(drop).map_err(objects)
    }

    async fn asset(&self, path: &str) -> Option<String> {
        let mut asset = banner::asset(&self.env, path).await.ok()?;
        if asset.status_code() == 200 { asset.text().await.ok() } else { None }
    }

    async fn within_limit(&self, class: LimitClass, key: String) -> bool {
        let name = match class {
            LimitClass::Person => "RATE_LIMIT_PERSON",
            LimitClass::Key => "RATE_LIMIT_KEY",
        };
        let Ok(limiter) = self.env.rate_limiter(name) else { return true };
        // A limiter that fails must not stop people from withdrawing their consent.
        limiter.limit(key).await.map_or(true, |outcome| outcome.success)
    }

    async fn verify(&self, key: &Jwk, message: &[u8], signature: &[u8]) -> Option<bool> {
        crypto::verify(key, message, signature).await
    }

    async fn public_key(&self, seed: &[u8; 32]) -> Option<[u8; 32]> {
        crypto::key(seed).await.map(|(_, public)| public)
    }

    async fn sign(&self, seed: &[u8; 32], message: &[u8]) -> Option<([u8; 32], [u8; 64])> {
        crypto::sign(seed, message).await
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn objects(error: worker::Error) -> DatabaseError {
    DatabaseError::Objects(format!("{error}"))
}

fn js(param: &Param) -> JsValue {
    match param {
        Param::Null => JsValue::NULL,
        // Exact up to 53 bits, which no time and no index here exceeds.
        #[allow(clippy::cast_precision_loss)]
        Param::Integer(value) => JsValue::from_f64(*value as f64),
        Param::Text(text) => JsValue::from_str(text),
    }
}
