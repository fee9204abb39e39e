//! Texts that somebody vouches for (C2SP `signed-note`). Owns the form of a note, the names and ids of keys, and which of its
//! signatures count; the curve is an argument, because a Worker signs with what its runtime has and must not carry another.
//!
//! A note is a text, a blank line, and a line for each signature: `— name base64(key id ‖ signature)`. A key is written
//! `name+id+base64(1 ‖ public key)`, the 1 for Ed25519; its id is the beginning of a hash over name and key.

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
    vec::Vec,
};
use base64ct::{Base64, Encoding as _};
use core::fmt;
use sha2::{Digest, Sha256};

use crate::hash::parse_hex;

/// A log's notes are under a kilobyte; what is far larger is not read.
const MAX_LENGTH: usize = 1_000_000;
/// Witnesses add signatures, but not so many.
const MAX_SIGNATURES: usize = 100;
const ED25519: u8 = 1;

/// A public key that vouches under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key with its name; `None` if the name is empty or has white space, control characters or `+` in it.
    pub fn new(name: &str, public: [u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self { name: name.to_owned(), public })
    }

    /// Reads `name+id+base64`; `None` unless the id is that of the key, which must be an Ed25519 key.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let [ED25519, public @ ..] =
            Base64::decode_vec(key).ok()?.try_into().ok().map(|key: [u8; 33]| key)?
        else {
            return None;
        };
        let key = Self::new(name, public)?;
        (parse_hex(id) == Some(key.id())).then_some(key)
    }

    /// Who vouches.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 public key (RFC 8032 § 5.1.5).
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// What signatures name the key by.
    pub fn id(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.public)
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = [ED25519].into_iter().chain(self.public).collect();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), Base64::encode_string(&key))
    }
}

/// A line under a note. Whether it is true is found out by [`Note::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who is said to have signed.
    pub name: String,
    /// Which of their keys.
    pub key_id: [u8; 4],
    /// What it comes to depends on the key.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// A signature by this key.
    pub fn new(key: &VerifierKey, bytes: [u8; 64]) -> Self {
        Self { name: key.name.clone(), key_id: key.id(), bytes: bytes.into() }
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, data) = line.strip_prefix("— ")?.split_once(' ')?;
        let data = Base64::decode_vec(data).ok()?;
        let (key_id, bytes) = data.split_first_chunk()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: *key_id,
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [&self.key_id[..], &self.bytes].concat();
        writeln!(f, "— {} {}", self.name, Base64::encode_string(&data))
    }
}

/// A text with signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Why something is no note, or nobody who is trusted has signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// The bytes are not of the form of a note.
    Malformed,
    /// None of the keys has signed it.
    Unsigned,
    /// It has a signature under the name and id of a key that this key did not make.
    Forged,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "is no signed note",
            Self::Unsigned => "is not signed by a key that was given",
            Self::Forged => "has a signature that the key it names did not make",
        })
    }
}

impl core::error::Error for NoteError {}

impl Note {
    /// A text and the first signature under it; `None` unless the text ends a line and has no control characters.
    pub fn new(text: &str, signature: Signature) -> Option<Self> {
        is_text(text).then(|| Self { text: text.to_owned(), signatures: [signature].into() })
    }

    /// Reads a note.
    pub fn parse(note: &[u8]) -> Result<Self, NoteError> {
        parse(note).ok_or(NoteError::Malformed)
    }

    /// What the signatures are over, with the end of its last line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines under it, checked or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature.
    pub fn sign(&mut self, signature: Signature) {
        self.signatures.push(signature);
    }

    /// The keys that vouch for the text, at least one. `check` says whether a public key made the signature (its third argument)
    /// over a message. Signatures by others say nothing.
    pub fn verify<'a>(
        &self,
        keys: &'a [VerifierKey],
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Vec<&'a VerifierKey>, NoteError> {
        let mut vouching: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let signer = |key: &&VerifierKey| key.name == signature.name && key.id() == signature.key_id;
            let Some(key) = keys.iter().find(signer) else { continue };
            let bytes = signature.bytes.as_slice().try_into().map_err(|_| NoteError::Forged)?;
            if !check(&key.public, self.text.as_bytes(), bytes) {
                return Err(NoteError::Forged);
            }
            if !vouching.contains(&key) {
                vouching.push(key);
            }
        }
        if vouching.is_empty() { Err(NoteError::Unsigned) } else { Ok(vouching) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(f))
    }
}

fn parse(note: &[u8]) -> Option<Note> {
    let note = core::str::from_utf8(note).ok().filter(|note| note.len() <= MAX_LENGTH)?;
    // The last blank line: the text may have others.
    let end = note.rfind("\n\n")?;
    let (text, lines) = (&note[..=end], note[end + 2..].strip_suffix('\n')?);
    if !is_text(text) || lines.split('\n').count() > MAX_SIGNATURES {
        return None;
    }
    let signatures = lines.split('\n').map(Signature::parse).collect::<Option<_>>()?;
    Some(Note { text: text.to_string(), signatures })
}

fn is_text(text: &str) -> bool {
    text.ends_with('\n') && !text.chars().any(|c| c < ' ' && c != '\n')
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c < ' ' || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    /// From the tests of Go's `sumdb/note`.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETERS_SECRET: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PETERS_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    /// The key in the example of C2SP `signed-note`.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).unwrap();
        key.verify_strict(message, &signature.into()).is_ok()
    }

    fn key(text: &str) -> VerifierKey {
        VerifierKey::parse(text).unwrap()
    }

    fn peters() -> Note {
        Note::parse(PETERS_NOTE.as_bytes()).unwrap()
    }

    #[test]
    fn published_keys_read_and_come_out_the_same() {
        for text in
            [PETER, ENOCH, EXAMPLE, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
        {
            assert_eq!(key(text).to_string(), text);
        }
        assert_eq!(key(EXAMPLE).name(), "example.com/foo");
        assert_eq!(key(EXAMPLE).id(), [0x53, 0x0d, 0x90, 0x3a]);
    }

    #[test]
    fn no_other_text_is_a_key() {
        for (from, to) in [
            ("c74f20a3", "c74f20a4"),
            ("c74f20a3", "C74F20A3"),
            ("c74f20a3", "74f20a3"),
            ("+ARpc", "+AhPc"),
            ("10TW", "10TX"),
            ("10TW", "10T"),
            ("10TW", "10TWAAAA"),
            ("PeterNeumann", "Peter Neumann"),
            ("PeterNeumann", ""),
            ("PeterNeumann+", "PeterNeumann"),
        ] {
            assert_eq!(VerifierKey::parse(&PETER.replace(from, to)), None, "{from} → {to}");
        }
    }

    #[test]
    fn the_published_note_verifies_and_comes_out_the_same() {
        let keys = [key(ENOCH), key(PETER)];
        assert_eq!(peters().verify(&keys, check), Ok([&keys[1]].into()));
        assert_eq!(peters().to_string(), PETERS_NOTE);
    }

    #[test]
    fn the_published_secret_signs_the_published_note() {
        let secret = Base64::decode_vec(PETERS_SECRET).unwrap();
        let signing = SigningKey::from_bytes(secret[1..].try_into().unwrap());
        let signature = signing.sign(peters().text().as_bytes()).to_bytes();
        let note = Note::new(peters().text(), Signature::new(&key(PETER), signature)).unwrap();
        assert_eq!(note.to_string(), PETERS_NOTE);
    }

    #[test]
    fn a_note_counts_by_keys_that_are_trusted() {
        assert_eq!(peters().verify(&[key(ENOCH)], check), Err(NoteError::Unsigned));
        assert_eq!(peters().verify(&[], check), Err(NoteError::Unsigned));
        let mut witnessed = peters();
        witnessed.sign(Signature { name: "somebody".into(), key_id: [1; 4], bytes: [1, 2, 3].into() });
        let reread = Note::parse(witnessed.to_string().as_bytes()).unwrap();
        assert_eq!(reread.verify(&[key(PETER)], check).map(|keys| keys.len()), Ok(1));
    }

    #[test]
    fn a_signature_that_a_trusted_key_did_not_make_spoils_the_note() {
        let changed = PETERS_NOTE.replace("answer", "reason");
        let note = Note::parse(changed.as_bytes()).unwrap();
        assert_eq!(note.verify(&[key(PETER)], check), Err(NoteError::Forged));
        let mut short = peters();
        short.signatures[0].bytes.pop();
        assert_eq!(short.verify(&[key(PETER)], check), Err(NoteError::Forged));
    }

    #[test]
    fn two_signatures_of_one_key_count_once() {
        let mut twice = peters();
        twice.sign(peters().signatures[0].clone());
        assert_eq!(twice.verify(&[key(PETER)], check).map(|keys| keys.len()), Ok(1));
    }

    #[test]
    fn a_text_may_have_blank_lines() {
        let note = Note::new("a\n\n\nb\n", peters().signatures[0].clone()).unwrap();
        assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
    }

    #[test]
    fn what_is_not_of_the_form_is_no_note() {
        let line = "— a eHh4eHg=\n";
        assert!(Note::parse(format!("text\n\n{line}").as_bytes()).is_ok());
        for bad in [
            String::new(),
            "text\n".into(),
            "text\n\n".into(),
            format!("text\n{line}"),
            format!("\n{line}"),
            format!("te\txt\n\n{line}"),
            format!("text\r\n\n{line}"),
            format!("text\n\n{line}\n"),
            format!("text\n\n{}", line.trim_end()),
            format!("text\n\n{}", line.replace("— ", "- ")),
            format!("text\n\n{}", line.replace("— ", "—")),
            format!("text\n\n{}", line.replace("a ", "")),
            format!("text\n\n{}", line.replace("a ", "a+b ")),
            format!("text\n\n{}", line.replace("eHg=", "eHg")),
            format!("text\n\n{}", line.replace("eHg=", "eHh=")),
            format!("text\n\n{}", line.replace("eHh4eHg=", "eHh4eA==")),
            format!("text\n\n{}", line.repeat(101)),
            format!("{}\n\n{line}", "x".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(
                Note::parse(bad.as_bytes()),
                Err(NoteError::Malformed),
                "{:?}",
                &bad[..bad.len().min(60)]
            );
        }
        assert_eq!(Note::parse(b"te\xFFxt\n\n\xE2\x80\x94 a eHh4eHg=\n"), Err(NoteError::Malformed));
    }

    proptest! {
        #[test]
        fn a_note_with_one_changed_byte_vouches_for_nothing_else(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = PETERS_NOTE.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert!(note.verify(&[key(PETER)], check).is_err());
            }
        }

        #[test]
        fn a_note_that_parses_comes_out_the_same(text in "[a—\n \t]{0,20}", line in "(— [a+]{0,2} [A-D=]{0,12}\n?){0,2}") {
            let whole = format!("{text}\n{line}");
            if let Ok(note) = Note::parse(whole.as_bytes()) {
                prop_assert_eq!(note.to_string(), whole);
            }
        }
    }
}
