//! What an erasure reaches, as bindings: the bucket LEDGER, the site's bucket DATA and namespace CACHE, the queue ERASURES, `fetch`.
//! Each is optional in a deployment; whoever needs one that is missing is told its name.

use super::{Workerd, crypto, objects};
use crate::{
    erasure::reach::{Names, Opened, Pieces, Reach, Versioned},
    platform::DatabaseError,
};
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::{Either, ready, select},
    stream,
};
use std::{pin::pin, time::Duration};
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use worker::{
    Bucket, ByteStream, Conditional, Delay, Fetch, FixedLengthStream, Headers, Method, Object,
    QueueContentType, RawMessageBuilder, Request, RequestInit, RequestRedirect, Response, ResponseBody,
    console_log,
    js_sys::{self, Array, Reflect},
    kv::KvStore,
};

/// The most of an answer that is read, in bytes.
const ANSWER: usize = 4096;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

type Outcome<T> = Result<T, DatabaseError>;

#[wasm_bindgen]
extern "C" {
    /// An index of Vectorize, of which the crate `worker` knows nothing.
    type Vectorize;

    #[wasm_bindgen(method, catch, js_name = getByIds)]
    async fn get_by_ids(this: &Vectorize, ids: Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = deleteByIds)]
    async fn delete_by_ids(this: &Vectorize, ids: Array) -> Result<JsValue, JsValue>;
}

impl Workerd {
    fn bound(&self, name: &str) -> Outcome<Bucket> {
        self.env
            .bucket(name)
            .map_err(|_| DatabaseError::Objects(format!("bind an R2 bucket as {name} in wrangler.toml")))
    }

    fn index(&self, name: &str) -> Outcome<Vectorize> {
        let bound = Reflect::get(&self.env, &JsValue::from_str(name)).ok().filter(JsValue::is_object);
        let missing = || DatabaseError::Objects(format!("bind a Vectorize index as {name} in wrangler.toml"));
        Ok(bound.ok_or_else(missing)?.unchecked_into())
    }

    fn cache(&self) -> Outcome<KvStore> {
        let missing = |_| DatabaseError::Objects("bind a KV namespace as CACHE in wrangler.toml".into());
        self.env.kv("CACHE").map_err(missing)
    }
}

fn values(error: impl std::fmt::Display) -> DatabaseError {
    DatabaseError::Objects(format!("KV: {error}"))
}

/// What Vectorize says. Its sentences hold ids of vectors at most in part, and the log is the operator's.
fn vectorize(error: &JsValue) -> DatabaseError {
    let said = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    DatabaseError::Objects(format!("Vectorize: {}", said.unwrap_or_default()))
}

fn array(ids: &[String]) -> Array {
    ids.iter().map(|id| JsValue::from_str(id)).collect()
}

async fn list(bucket: &Bucket, prefix: &str, from: Option<String>) -> Outcome<Names> {
    let mut listing = bucket.list().prefix(prefix);
    if let Some(cursor) = from {
        listing = listing.cursor(cursor);
    }
    let page = listing.execute().await.map_err(objects)?;
    let next = page.cursor().filter(|_| page.truncated());
    Ok(Names { names: page.objects().iter().map(Object::key).collect(), next })
}

impl Reach for Workerd {
    async fn put_ledger(&self, name: &str, text: String, over: Option<&str>) -> Outcome<bool> {
        // Whatever there is has some etag.
        let none = || Conditional { etag_does_not_match: Some("*".into()), ..Conditional::default() };
        let same = |etag: &str| Conditional { etag_matches: Some(etag.into()), ..Conditional::default() };
        let bucket = self.bound("LEDGER")?;
        let put = bucket.put(name, text.into_bytes()).only_if(over.map_or_else(none, same));
        Ok(put.execute().await.map_err(objects)?.is_some())
    }

    async fn ledger(&self, name: &str) -> Outcome<Option<Versioned>> {
        let object = self.bound("LEDGER")?.get(name).execute().await.map_err(objects)?;
        let Some((body, etag)) = object.as_ref().and_then(|object| Some((object.body()?, object.etag())))
        else {
            return Ok(None);
        };
        Ok(Some(Versioned { bytes: body.bytes().await.map_err(objects)?, etag }))
    }

    async fn list_ledger(&self, from: Option<String>) -> Outcome<Names> {
        list(&self.bound("LEDGER")?, "ledger/", from).await
    }

    async fn delete_ledger(&self, name: &str) -> Outcome<()> {
        self.bound("LEDGER")?.delete(name).await.map_err(objects)
    }

    async fn list_data(&self, prefix: &str, from: Option<String>) -> Outcome<Names> {
        list(&self.bound("DATA")?, prefix, from).await
    }

    async fn data(&self, name: &str, etag: Option<&str>) -> Outcome<Option<Opened>> {
        let bucket = self.bound("DATA")?;
        let mut get = bucket.get(name);
        if let Some(etag) = etag {
            get = get.only_if(unchanged(etag));
        }
        let Some(object) = get.execute().await.map_err(objects)? else { return Ok(None) };
        // Without a body where the condition doesn't hold.
        let Some(body) = object.body() else { return Ok(None) };
        let pieces = whole(body.stream().map_err(objects)?, object.size());
        Ok(Some(Opened { size: object.size(), etag: object.etag(), pieces }))
    }

    async fn replace_data(&self, name: &str, etag: &str, length: u64, pieces: Pieces) -> Outcome<bool> {
        let bucket = self.bound("DATA")?;
        let Some(before) = bucket.head(name).await.map_err(objects)? else { return Ok(false) };
        let put = bucket
            .put(name, FixedLengthStream::wrap(pieces.map_err(|error| told(&error)), length))
            .http_metadata(before.http_metadata())
            .custom_metadata(before.custom_metadata().map_err(objects)?)
            .only_if(unchanged(etag));
        Ok(put.execute().await.map_err(objects)?.is_some())
    }

    fn gunzip(&self, packed: Pieces) -> Pieces {
        through(packed, "DecompressionStream")
    }

    fn gzip(&self, rows: Pieces) -> Pieces {
        through(rows, "CompressionStream")
    }

    async fn list_cache(&self, prefix: &str, from: Option<String>) -> Outcome<Names> {
        let mut listing = self.cache()?.list().prefix(prefix.into());
        if let Some(cursor) = from {
            listing = listing.cursor(cursor);
        }
        let page = listing.execute().await.map_err(values)?;
        let next = page.cursor.filter(|_| !page.list_complete);
        Ok(Names { names: page.keys.into_iter().map(|key| key.name).collect(), next })
    }

    async fn delete_cache(&self, name: &str) -> Outcome<()> {
        self.cache()?.delete(name).await.map_err(values)
    }

    async fn vectors(&self, index: &str, ids: &[String]) -> Outcome<Vec<String>> {
        let found = self.index(index)?.get_by_ids(array(ids)).await.map_err(|error| vectorize(&error))?;
        let odd = || DatabaseError::Objects("Vectorize: the answer is no list of vectors".into());
        let found: Array = found.dyn_into().map_err(|_| odd())?;
        let id = |vector: JsValue| Reflect::get(&vector, &JsValue::from_str("id")).ok()?.as_string();
        found.iter().map(|vector| id(vector).ok_or_else(odd)).collect()
    }

    async fn delete_vectors(&self, index: &str, ids: &[String]) -> Outcome<()> {
        self.index(index)?.delete_by_ids(array(ids)).await.map(drop).map_err(|error| vectorize(&error))
    }

    async fn post(&self, url: &str, headers: &[(&str, String)], body: String) -> Option<(u16, String)> {
        let all = Headers::new();
        for (name, value) in headers {
            all.set(name, value).ok()?;
        }
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_headers(all).with_body(Some(JsValue::from_str(&body)));
        init.with_redirect(RequestRedirect::Manual);
        let request = Request::new_with_init(url, &init).ok()?;
        let asking = pin!(async {
            let mut response = Fetch::Request(request).send().await.ok()?;
            let (status, mut text) = (response.status_code(), Vec::new());
            let mut stream = response.stream().ok()?;
            while let Some(chunk) = stream.next().await.filter(|_| text.len() < ANSWER) {
                text.extend(chunk.ok()?);
            }
            text.truncate(ANSWER);
            Some((status, String::from_utf8(text).unwrap_or_default()))
        });
        match select(asking, pin!(Delay::from(PATIENCE))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => None,
        }
    }

    async fn wake(&self, erasure: &str, after_s: u32) {
        let Ok(queue) = self.env.queue("ERASURES") else { return };
        let message = RawMessageBuilder::new(JsValue::from_str(erasure)).delay_seconds(after_s);
        if let Err(error) = queue.send_raw(message.build_with_content_type(QueueContentType::Text)).await {
            console_log!("queue: {error}");
        }
    }

    async fn seal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        crypto::aes(true, key, nonce, about, plain).await
    }

    async fn unseal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        crypto::aes(false, key, nonce, about, sealed).await
    }
}

fn unchanged(etag: &str) -> Conditional {
    Conditional { etag_matches: Some(etag.into()), ..Conditional::default() }
}

/// An error, for whoever reads pieces in JavaScript.
fn told(error: &DatabaseError) -> worker::Error {
    worker::Error::RustError(format!("{error:?}"))
}

/// All bytes of a body. One that was aborted looks as if it had ended.
fn whole(body: ByteStream, size: u64) -> Pieces {
    let step = async |(mut body, left): (ByteStream, u64)| match body.try_next().await.map_err(objects)? {
        Some(piece) => {
            let left = left.saturating_sub(piece.len() as u64);
            Ok(Some((piece, (body, left))))
        }
        None if left == 0 => Ok(None),
        None => Err(DatabaseError::Objects("an object broke off".into())),
    };
    stream::try_unfold((body, size), step).boxed_local()
}

/// Pieces through a transform stream of the runtime for gzip.
fn through(pieces: Pieces, name: &'static str) -> Pieces {
    let unreadable = move |why: &dyn std::fmt::Display| DatabaseError::Unreadable(format!("{name}: {why}"));
    match piped(pieces, name) {
        Some(stream) => ByteStream::from(stream).map_err(move |error| unreadable(&error)).boxed_local(),
        None => stream::once(ready(Err(unreadable(&"the runtime has none")))).boxed_local(),
    }
}

/// The transform by name, because web-sys has it only among what it calls unstable.
fn piped(pieces: Pieces, name: &str) -> Option<web_sys::ReadableStream> {
    let constructor = Reflect::get(&js_sys::global(), &JsValue::from_str(name)).ok()?;
    let constructor: &js_sys::Function = constructor.unchecked_ref();
    let transform = Reflect::construct(constructor, &Array::of1(&JsValue::from_str("gzip"))).ok()?;
    match Response::from_stream(pieces.map_err(|error| told(&error))).ok()?.body() {
        ResponseBody::Stream(stream) => Some(stream.pipe_through(transform.unchecked_ref())),
        _ => None,
    }
}
