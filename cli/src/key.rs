//! The file with a site's key. Owns its form: one line, the key's id, a colon, 64 hexadecimal digits.

use std::fs;
use std::path::Path;

use consentry::{
    hash::Hash,
    subject::{KeyId, SiteKey},
};

use crate::failure::Failure;

/// Reads a key. What is wrong with one is said without a word of it.
pub(crate) fn read(path: &Path) -> Result<(SiteKey, KeyId), Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
    parse(&text).ok_or_else(|| {
        Failure::file(path, "is no key file; write one line: the key's id, a colon and 64 hexadecimal digits")
    })
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
