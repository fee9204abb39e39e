//! The digest at the end of an export. Owns telling a whole file from one that was broken off or changed, and whose digest it is.

use std::path::Path;

use consentry::export::{Digest, Format, TYP, open};
use consentry::jws::Jws;

use super::{check, disproved};
use crate::failure::Failure;

/// What a digest comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    /// One of the keys signed that these are the bytes.
    Signed,
    /// These are the bytes that the digest says; no key was given to tell who says it.
    Unsigned,
    /// The file is whole, and the service had no key to sign with.
    Keyless,
}

/// The form of a file, by its name.
pub(super) fn format_of(path: &Path) -> Format {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Format::Csv,
        Some("html" | "htm") => Format::Html,
        Some("jsonld") => Format::JsonLd,
        _ => Format::Json,
    }
}

/// Checks the digest of a file; what it says is there if there is a signature.
pub(super) fn verify(
    path: &Path,
    file: &[u8],
    format: Format,
    keys: &[[u8; 32]],
) -> Result<(Verified, Option<Digest>), Failure> {
    let wrong = |what: &str| disproved(path, what);
    let sealed = open(format, file)
        .ok_or_else(|| wrong("does not end in a digest: it was broken off, or written anew since"))?;
    let Some(text) = sealed.jws else {
        return Ok((Verified::Keyless, None));
    };
    let jws = Jws::parse(text).map_err(|error| disproved(path, format_args!("the digest {error}")))?;
    let verified = if keys.is_empty() {
        Verified::Unsigned
    } else {
        jws.verify(TYP, keys, check).map_err(|error| disproved(path, format_args!("the digest {error}")))?;
        Verified::Signed
    };
    let digest: Digest =
        serde_json::from_slice(&jws.payload).map_err(|_| wrong("the digest says nothing of an export"))?;
    if digest.format != format {
        return Err(wrong("the digest is of an export in another form"));
    }
    if !digest.covers(sealed.covered) {
        return Err(wrong("was changed: its bytes are not those of the digest"));
    }
    Ok((verified, Some(digest)))
}
