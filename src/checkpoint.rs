//! What a log says of itself (C2SP `tlog-checkpoint`): its origin, its size and its root. Owns that text; who vouches for it is
//! the business of [`crate::note`].

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
};
use base64ct::{Base64, Encoding as _};
use core::fmt;

use crate::{
    hash::Hash,
    merkle::Head,
    note::{Note, NoteError, VerifierKey},
};

/// A log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Its tree.
    pub head: Head,
    /// Further lines, each with its end; none of a log of Consentry.
    pub extensions: String,
}

impl Checkpoint {
    /// Reads the text of a checkpoint; `None` unless it is exactly what a checkpoint is written as.
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = text.split_once('\n')?;
        let (size, rest) = rest.split_once('\n')?;
        let (root, extensions) = rest.split_once('\n')?;
        let root = Base64::decode_vec(root).ok()?.try_into().ok()?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            head: Head { size: size.parse().ok()?, root: Hash(root) },
            extensions: extensions.to_owned(),
        };
        let lines = extensions.is_empty()
            || (extensions.ends_with('\n')
                && !extensions[..extensions.len() - 1].split('\n').any(str::is_empty));
        (!origin.is_empty() && lines && checkpoint.to_string() == text).then_some(checkpoint)
    }

    /// Reads a note that one of the keys has signed. The name of a key that signs is the log's origin: whoever trusts a key for
    /// one log trusts it for no other. `check` is as in [`Note::verify`].
    pub fn open(
        note: &[u8],
        keys: &[VerifierKey],
        check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> Result<Self, CheckpointError> {
        let note = Note::parse(note).map_err(CheckpointError::Note)?;
        let signers = note.verify(keys, check).map_err(CheckpointError::Note)?;
        let checkpoint = Self::parse(note.text()).ok_or(CheckpointError::Text)?;
        if signers.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin)
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, head, extensions } = self;
        write!(f, "{origin}\n{}\n{}\n{extensions}", head.size, Base64::encode_string(&head.root.0))
    }
}

/// Why a note is no checkpoint that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// It is no note, or not signed by who is trusted.
    Note(NoteError),
    /// Its text is not that of a checkpoint.
    Text,
    /// It is of another log than the key that signed it.
    Origin,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => error.fmt(f),
            Self::Text => f.write_str("is signed, but no checkpoint of a log"),
            Self::Origin => f.write_str("is of another log than the one its key is for"),
        }
    }
}

impl core::error::Error for CheckpointError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::Signature;
    use alloc::format;
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    fn check(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).unwrap();
        key.verify_strict(message, &signature.into()).is_ok()
    }

    fn key(name: &str) -> (SigningKey, VerifierKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let public = VerifierKey::new(name, secret.verifying_key().to_bytes()).unwrap();
        (secret, public)
    }

    fn signed(text: &str, (secret, public): &(SigningKey, VerifierKey)) -> String {
        let signature = Signature::new(public, secret.sign(text.as_bytes()).to_bytes());
        Note::new(text, signature).unwrap().to_string()
    }

    #[test]
    fn the_published_example_reads_and_comes_out_the_same() {
        let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.head.size, 20_852_163);
        assert_eq!(
            checkpoint.head.root.to_string(),
            "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
        );
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn a_head_that_the_checksum_database_of_go_published_is_verified() {
        let key = VerifierKey::parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
            .unwrap();
        let note = format!(
            "go.sum database tree\n20852163\n{ROOT}\n\n\
             — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        );
        let note = Note::parse(note.as_bytes()).unwrap();
        assert!(note.verify(&[key], check).is_ok());
        assert!(Checkpoint::parse(note.text()).is_some());
    }

    #[test]
    fn further_lines_are_kept() {
        let text = format!("o\n0\n{ROOT}\none\ntwo\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.extensions, "one\ntwo\n");
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn what_is_not_of_the_form_is_no_checkpoint() {
        for text in [
            String::new(),
            format!("o\n1\n{ROOT}"),
            format!("\n1\n{ROOT}\n"),
            format!("o\n01\n{ROOT}\n"),
            format!("o\n+1\n{ROOT}\n"),
            format!("o\n-1\n{ROOT}\n"),
            format!("o\n 1\n{ROOT}\n"),
            format!("o\n\n{ROOT}\n"),
            format!("o\n18446744073709551616\n{ROOT}\n"),
            format!("o\n1\n{}\n", &ROOT[..40]),
            format!("o\n1\n{}\n", ROOT.replace("q2I=", "q2J=")),
            format!("o\n1\n{ROOT}\n\n"),
            format!("o\n1\n{ROOT}\none\n\ntwo\n"),
            format!("o\n1\n{ROOT}\none"),
        ] {
            assert_eq!(Checkpoint::parse(&text), None, "{text:?}");
        }
    }

    #[test]
    fn a_checkpoint_counts_by_a_key_of_its_log() {
        let own = key("log.example/1");
        let text = format!("log.example/1\n5\n{ROOT}\n");
        let note = signed(&text, &own);
        let opened = Checkpoint::open(note.as_bytes(), core::slice::from_ref(&own.1), check);
        assert_eq!(opened.map(|checkpoint| checkpoint.head.size), Ok(5));
        let other = key("log.example/2");
        let foreign = signed(&text, &other);
        assert_eq!(Checkpoint::open(foreign.as_bytes(), &[other.1], check), Err(CheckpointError::Origin));
        let no_checkpoint = signed("log.example/1\nhello\n", &own);
        assert_eq!(Checkpoint::open(no_checkpoint.as_bytes(), &[own.1], check), Err(CheckpointError::Text));
        assert_eq!(
            Checkpoint::open(note.as_bytes(), &[], check),
            Err(CheckpointError::Note(NoteError::Unsigned))
        );
    }

    proptest! {
        #[test]
        fn every_checkpoint_reads_back(origin in "[^\n]{1,20}", size in any::<u64>(), root in any::<[u8; 32]>(), extensions in "([^\n]{1,5}\n){0,3}") {
            let checkpoint = Checkpoint { origin, head: Head { size, root: Hash(root) }, extensions };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Some(checkpoint));
        }
    }
}
