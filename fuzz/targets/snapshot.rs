//! Any bytes as the file of a snapshot: a header is read only as it would be written, and a file that has the right digests and key,
//! whatever stands in its index and its ends, answers alike for one user and for many, and time only takes answers away.
#![no_main]

use std::cell::Cell;
use std::io::Write as _;

use consentry::granted::file::{DIGEST, HEADER, Header, Lengths, digest};
use consentry::granted::key_check;
use consentry::subject::{SiteKey, UserId};
use consentry::time::Timestamp;
use consentry_training::snapshot::{Key, Snapshot, Wanted};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

/// The largest body that is tried: it is hashed as one chunk.
const MOST: usize = 1 << 16;

thread_local!(static TIME: Cell<i64> = const { Cell::new(0) });

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut header) = Header::decode(bytes) else { return };
    assert_eq!(bytes.get(..HEADER), Some(&header.encode()[..]));
    let Some(Lengths { keys, index, ends, whole }) = header.lengths() else { return };
    assert_eq!(whole, HEADER + keys + index + ends + DIGEST);
    assert_eq!(ends, if header.ends { keys / 4 } else { 0 });
    if keys + index + ends > MOST {
        return;
    }
    let mut body = bytes[HEADER..].to_vec();
    body.resize(keys + index + ends, 0);
    // No mutation finds a key's tag or a digest.
    let key = SiteKey::from_bytes(header.key_id, header.key_inside.unwrap_or([7; 32]));
    header.key_check = key_check(&key);
    let head = header.encode();
    let sum = digest(&head, &Sha256::digest(&body));
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    for part in [&head[..], &body, &sum] {
        file.write_all(part).expect("room");
    }
    TIME.set(header.created_at.as_ms());
    let wanted = Wanted {
        purpose: &header.purpose,
        site: Some(&header.site),
        max_age_ms: 0,
        clock: || Timestamp::from_ms(TIME.get()),
        key: Some(&key),
    };
    let snapshot = Snapshot::open(file.path(), &wanted).map_err(|refused| refused.code()).expect("is whole");
    let users: Vec<UserId> = (0..50).filter_map(|n| UserId::parse(&format!("u{n}")).ok()).collect();
    let mut before: Option<Vec<Option<Key>>> = None;
    for time in [0, header.created_at.as_ms(), i64::MAX] {
        TIME.set(time);
        let alone: Vec<_> = users.iter().map(|user| snapshot.granted(user)).collect();
        assert_eq!(snapshot.granted_all(&users), alone);
        // Time ends a yes and brings none.
        if let Some(before) = before.replace(alone.clone()) {
            assert!(alone.iter().zip(before).all(|(now, before)| now.is_none() || *now == before));
        }
    }
});
