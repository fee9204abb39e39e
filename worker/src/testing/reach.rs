//! What erasures reach outside of the databases, in memory.

use super::Host;
use crate::{
    erasure::reach::{Names, Opened, Pieces, Reach, Versioned},
    platform::DatabaseError,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

impl Reach for Host {
    async fn put_ledger(&self, name: &str, text: String, over: Option<&str>) -> Result<bool, DatabaseError> {
        self.step();
        self.reach_objects()?;
        let mut ledger = self.ledger.borrow_mut();
        let as_it_was = ledger.get(name).map(String::as_str) == over;
        if as_it_was {
            ledger.insert(name.into(), text);
        }
        Ok(as_it_was)
    }

    async fn ledger(&self, name: &str) -> Result<Option<Versioned>, DatabaseError> {
        self.step();
        // As in R2 the etag follows from the bytes.
        let versioned = |text: &String| Versioned { bytes: text.clone().into_bytes(), etag: text.clone() };
        Ok(self.ledger.borrow().get(name).map(versioned))
    }

    async fn list_ledger(&self, _from: Option<String>) -> Result<Names, DatabaseError> {
        Ok(Names { names: self.ledger.borrow().keys().cloned().collect(), next: None })
    }

    async fn delete_ledger(&self, name: &str) -> Result<(), DatabaseError> {
        self.ledger.borrow_mut().remove(name);
        Ok(())
    }

    async fn list_data(&self, prefix: &str, _from: Option<String>) -> Result<Names, DatabaseError> {
        let data = self.data.borrow();
        Ok(Names {
            names: data.keys().filter(|name| name.starts_with(prefix)).cloned().collect(),
            next: None,
        })
    }

    async fn data(&self, name: &str, etag: Option<&str>) -> Result<Option<Opened>, DatabaseError> {
        let data = self.data.borrow();
        let same = |(_, version): &&(Vec<u8>, u64)| etag.is_none_or(|etag| version.to_string() == etag);
        Ok(data.get(name).filter(same).map(|(bytes, version)| {
            let pieces: Vec<_> = bytes.chunks(7).map(|piece| Ok(piece.to_vec())).collect();
            let (size, etag) = (bytes.len() as u64, version.to_string());
            Opened { size, etag, pieces: stream::iter(pieces).boxed_local() }
        }))
    }

    async fn replace_data(
        &self,
        name: &str,
        etag: &str,
        length: u64,
        pieces: Pieces,
    ) -> Result<bool, DatabaseError> {
        let bytes = pieces.try_concat().await?;
        if bytes.len() as u64 != length {
            return Err(DatabaseError::Objects("other bytes than so many".into()));
        }
        let mut data = self.data.borrow_mut();
        let object = data.get_mut(name).filter(|(_, version)| version.to_string() == etag);
        Ok(object.map(|object| *object = (bytes, object.1 + 1)).is_some())
    }

    fn gunzip(&self, packed: Pieces) -> Pieces {
        use std::io::Read as _;
        let unpacked = async {
            let (packed, mut rows) = (packed.try_concat().await?, Vec::new());
            let mut reader = flate2::bufread::GzDecoder::new(&packed[..]);
            // As the runtime's: one member, and nothing behind it.
            let read = reader.read_to_end(&mut rows).is_ok() && reader.into_inner().is_empty();
            read.then_some(rows).ok_or_else(|| DatabaseError::Unreadable("gzip".into()))
        };
        stream::once(unpacked).boxed_local()
    }

    fn gzip(&self, rows: Pieces) -> Pieces {
        use std::io::Write as _;
        let packed = async {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let rows = rows.try_concat().await?;
            writer.write_all(&rows).unwrap();
            Ok(writer.finish().unwrap())
        };
        stream::once(packed).boxed_local()
    }

    async fn list_cache(&self, prefix: &str, _from: Option<String>) -> Result<Names, DatabaseError> {
        let values = self.values.borrow();
        Ok(Names {
            names: values.keys().filter(|name| name.starts_with(prefix)).cloned().collect(),
            next: None,
        })
    }

    async fn delete_cache(&self, name: &str) -> Result<(), DatabaseError> {
        self.values.borrow_mut().remove(name);
        Ok(())
    }

    async fn vectors(&self, index: &str, ids: &[String]) -> Result<Vec<String>, DatabaseError> {
        assert!(ids.len() <= 20, "more than can be fetched at once");
        let vectors = self.vectors.borrow();
        let unbound = || DatabaseError::Objects(format!("no index is bound as {index}"));
        let there = vectors.get(index).ok_or_else(unbound)?;
        Ok(ids.iter().filter(|id| there.contains(*id)).cloned().collect())
    }

    async fn delete_vectors(&self, index: &str, ids: &[String]) -> Result<(), DatabaseError> {
        assert!(ids.len() <= 100, "more than can be removed at once");
        let unbound = || DatabaseError::Objects(format!("no index is bound as {index}"));
        self.vectors.borrow().get(index).map(drop).ok_or_else(unbound)?;
        self.to_remove.borrow_mut().extend(ids.iter().map(|id| (index.into(), id.clone())));
        Ok(())
    }

    async fn post(&self, url: &str, headers: &[(&str, String)], body: String) -> Option<(u16, String)> {
        self.step();
        let headers = headers.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        self.posts.borrow_mut().push((url.into(), headers, body));
        let mut answers = self.answers.borrow_mut();
        (!answers.is_empty()).then(|| answers.remove(0))
    }

    async fn wake(&self, erasure: &str, after_s: u32) {
        self.woken.borrow_mut().push((erasure.into(), after_s));
    }

    async fn seal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        use aes_gcm::{
            Aes256Gcm, KeyInit as _,
            aead::{Aead as _, Payload},
        };
        Aes256Gcm::new(key.into()).encrypt(&nonce.into(), Payload { msg: plain, aad: about }).ok()
    }

    async fn unseal(&self, key: &[u8; 32], nonce: [u8; 12], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        use aes_gcm::{
            Aes256Gcm, KeyInit as _,
            aead::{Aead as _, Payload},
        };
        Aes256Gcm::new(key.into()).decrypt(&nonce.into(), Payload { msg: sealed, aad: about }).ok()
    }
}
