//! The two keys of an agent: the one it calls the edge with, and the one its results are signed with. Owns their files, which
//! only their owner may read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use consentry::hash::Hash;
use consentry::jws::{compact, signing_input};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::Value;

use crate::edge::parse_api_key;
use crate::private;

/// What a result is, as its signature says.
const TYPE: &str = "erasure-result+jws";

/// Why a key can't be used.
#[derive(Debug)]
pub enum KeyError {
    /// The file can't be read.
    Io(PathBuf, io::Error),
    /// Others may read the file.
    Open(PathBuf),
    /// It holds something else.
    NotASigningKey(PathBuf),
    /// It holds something else.
    NotAnApiKey(PathBuf),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{} can't be read: {error}", path.display()),
            Self::Open(path) => {
                let path = path.display();
                write!(f, "{path} can be read by others than its owner; run chmod 600 {path}")
            }
            Self::NotASigningKey(path) => {
                write!(f, "{} is none; make one with consentry agent keygen", path.display())
            }
            Self::NotAnApiKey(path) => {
                write!(f, "{} holds none; write one line that begins with ck_", path.display())
            }
        }
    }
}

impl std::error::Error for KeyError {}

fn read(path: &Path) -> Result<String, KeyError> {
    let text = private::read(path).map_err(|error| KeyError::Io(path.to_owned(), error))?;
    text.ok_or_else(|| KeyError::Open(path.to_owned()))
}

/// Reads the API key.
pub(super) fn api_key(path: &Path) -> Result<String, KeyError> {
    parse_api_key(&read(path)?).ok_or_else(|| KeyError::NotAnApiKey(path.to_owned()))
}

/// Signs results.
pub struct Signer {
    key: SigningKey,
    /// The id of the agent's API key, by which the edge knows whose signature it is.
    kid: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.kid)
    }
}

impl Signer {
    pub(super) fn read(path: &Path, api_key: &str) -> Result<Self, KeyError> {
        let Hash(seed) =
            Hash::parse(read(path)?.trim_ascii()).ok_or_else(|| KeyError::NotASigningKey(path.to_owned()))?;
        let kid = api_key.split('_').nth(1).unwrap_or_default().to_owned();
        Ok(Self { key: SigningKey::from_bytes(&seed), kid })
    }

    /// What stands in the file of a key with this seed, and its public half.
    pub fn make(seed: [u8; 32]) -> (String, [u8; 32]) {
        (format!("{}\n", Hash(seed)), SigningKey::from_bytes(&seed).verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, payload: &Value) -> String {
        let signed = signing_input(&self.kid, TYPE, payload);
        let signature = self.key.sign(signed.as_bytes());
        compact(&signed, &signature.to_bytes())
    }
}
