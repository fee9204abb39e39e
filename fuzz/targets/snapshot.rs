//! Any bytes as the file of a snapshot: a header is read only as it would be written, and a file that has the right digests and key,
//! whatever stands in its index, answers alike for one user and for many.
#![no_main]

use std::io::Write as _;

use consentry::granted::file::{DIGEST, HEADER, Header, digest};
use consentry::granted::key_check;
use consentry::subject::{SiteKey, UserId};
use consentry_training::snapshot::{Snapshot, Wanted};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

/// The largest body that is tried: it is hashed as one chunk.
const MOST: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut header) = Header::decode(bytes) else { return };
    assert_eq!(bytes.get(..HEADER), Some(&header.encode()[..]));
    let Some((keys, index, whole)) = header.lengths() else { return };
    assert_eq!(whole, HEADER + keys + index + DIGEST);
    if keys + index > MOST {
        return;
    }
    let mut body = bytes[HEADER..].to_vec();
    body.resize(keys + index, 0);
    // No mutation finds a key's tag or a digest.
    let key = SiteKey::from_bytes(header.key_id, header.key_inside.unwrap_or([7; 32]));
    header.key_check = key_check(&key);
    let head = header.encode();
    let sum = digest(&head, &Sha256::digest(&body));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for part in [&head[..], &body, &sum] {
        file.write_all(part).expect("room");
    }
    let wanted = Wanted {
        purpose: &header.purpose,
        site: Some(&header.site),
        max_age_ms: 0,
        now: header.created_at,
        key: Some(&key),
    };
    let snapshot = Snapshot::open(file.path(), &wanted).map_err(|refused| refused.code()).expect("is whole");
    let users: Vec<UserId> = (0..50).filter_map(|n| UserId::parse(&format!("u{n}")).ok()).collect();
    let alone: Vec<_> = users.iter().map(|user| snapshot.granted(user)).collect();
    assert_eq!(snapshot.granted_all(&users), alone);
});
