//! Secrets and ids. Owns their text forms; the randomness is the browser's.

use alloc::string::String;
use web_sys::Crypto;

use crate::body::hex_digit;

/// A secret of 32 random bytes as base64url without padding (43 characters); whoever shows it is the person it stands for.
pub(crate) fn secret(crypto: &Crypto) -> Option<String> {
    Some(base64url(&bytes::<32>(crypto)?))
}

/// A random UUID (RFC 9562, version 4). Not `crypto.randomUUID`, which insecure contexts lack.
pub(crate) fn uuid(crypto: &Crypto) -> Option<String> {
    Some(uuid_of(bytes(crypto)?))
}

fn bytes<const N: usize>(crypto: &Crypto) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    crypto.get_random_values_with_u8_array(&mut bytes).ok()?;
    Some(bytes)
}

fn uuid_of(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::new();
    for (index, byte) in bytes.into_iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.extend([hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
    text
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            text.push(char::from(ALPHABET[word >> (18 - 6 * position) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64url(bytes.as_bytes()), text);
        }
        assert_eq!(base64url(&[0xfb, 0xff, 0xfe]), "-__-");
        assert_eq!(base64url(&[0; 32]).len(), 43);
    }

    #[test]
    fn a_uuid_says_version_and_variant() {
        assert_eq!(uuid_of([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid_of([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
