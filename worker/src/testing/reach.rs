//! What erasures reach outside of the databases, in memory.

use super::Host;
use crate::{
    erasure::reach::{Names, Reach, Unread, Versioned},
    platform::DatabaseError,
};

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

    async fn data(&self, name: &str, most: usize) -> Result<Result<Versioned, Unread>, DatabaseError> {
        Ok(match self.data.borrow().get(name) {
            None => Err(Unread::Gone),
            Some((bytes, _)) if bytes.len() > most => Err(Unread::TooLarge),
            Some((bytes, version)) => Ok(Versioned { bytes: bytes.clone(), etag: version.to_string() }),
        })
    }

    async fn replace_data(&self, name: &str, etag: &str, bytes: Vec<u8>) -> Result<bool, DatabaseError> {
        let mut data = self.data.borrow_mut();
        let object = data.get_mut(name).filter(|(_, version)| version.to_string() == etag);
        Ok(object.map(|object| *object = (bytes, object.1 + 1)).is_some())
    }

    async fn gunzip(&self, bytes: &[u8], most: usize) -> Option<Vec<u8>> {
        use std::io::Read as _;
        let mut all = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(bytes).take(most as u64 + 1);
        reader.read_to_end(&mut all).ok().map(|_| all)
    }

    async fn gzip(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        use std::io::Write as _;
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(bytes).ok()?;
        writer.finish().ok()
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
