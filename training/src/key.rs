//! The file with a site's key. Owns its form: one line, the key's id, a colon, 64 hexadecimal digits.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use consentry::{
    hash::Hash,
    slug::Slug,
    subject::{KeyId, SiteKey},
};

/// Why there is no key. Never says what stands in the file.
#[derive(Debug)]
pub enum KeyFileError {
    /// It can't be read.
    Io(io::Error),
    /// It holds something else.
    NotAKey,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::NotAKey => {
                f.write_str("is no key file; write one line: the key's id, a colon and 64 hexadecimal digits")
            }
        }
    }
}

impl std::error::Error for KeyFileError {}

/// Reads a key.
pub fn read(path: &Path) -> Result<(SiteKey, KeyId), KeyFileError> {
    parse(&fs::read_to_string(path).map_err(KeyFileError::Io)?).ok_or(KeyFileError::NotAKey)
}

/// What stands in the file of a key that is derived from the secret of an edge.
pub fn line(secret: &[u8], site: &Slug, id: KeyId) -> String {
    format!("{}:{}\n", id.0, Hash(SiteKey::derive_bytes(secret, site, id)))
}

fn parse(text: &str) -> Option<(SiteKey, KeyId)> {
    let (id, key) = text.trim_ascii().split_once(':')?;
    let id = KeyId(id.parse().ok()?);
    let Hash(key) = Hash::parse(&key.to_ascii_lowercase())?;
    Some((SiteKey::from_bytes(id, key), id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use consentry::subject::UserId;

    #[test]
    fn a_line_holds_the_key_that_the_edge_derives() {
        let (site, user) = (Slug::parse("demo").unwrap(), UserId::parse("u1").unwrap());
        let (key, id) = parse(&line(b"secret", &site, KeyId(2))).unwrap();
        assert_eq!(id, KeyId(2));
        assert_eq!(key.subject(&user), SiteKey::derive(b"secret", &site, KeyId(2)).subject(&user));
    }

    #[test]
    fn a_key_is_an_id_and_64_digits() {
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(parse(&format!("3:{digits}\n")).map(|(_, id)| id), Some(KeyId(3)));
        for bad in
            [digits.clone(), format!("3:{}", &digits[1..]), format!("70000:{digits}"), format!("3 {digits}")]
        {
            assert!(parse(&bad).is_none(), "{bad}");
        }
    }
}
