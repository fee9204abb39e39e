//! From events to leaves. Owns the canonical encoding of a leaf, version 1, and its hash (RFC 6962 § 2.1).
//!
//! The encoding is permanent from the first record on: `tests/vectors/leaf.json` holds it fast for every implementation.
//! Integers are in network order, texts have their length in four bytes in front, `?` is one byte 0 or 1 and the value
//! only after 1:
//!
//! | field | form |
//! |---|---|
//! | format version | one byte, 1 |
//! | log origin | text |
//! | site | ? text |
//! | record id | 16 bytes |
//! | kind | text |
//! | subject | ? 32 bytes, then the key's id in two |
//! | purpose, status, legal basis | each ? text |
//! | notice hash | ? 32 bytes |
//! | server time | eight bytes, ms since the epoch |
//! | `decided_at` | ? eight bytes, ms since the epoch |
//! | actor, details | each text |
//! | evidence commitment | ? 32 bytes |
//!
//! The place in the log is not in the leaf: the leaf is hashed before its place is known.

use crate::{
    bytes::{Reader, Writer},
    event::{Actor, Event, Kind},
    hash::Hash,
    purpose::Purpose,
    record::{LegalBasis, Status},
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const VERSION: u8 = 1;

/// The canonical bytes of an event in the log named `origin`.
pub fn leaf(origin: &str, event: &Event) -> Vec<u8> {
    let mut w = Writer::default();
    w.u8(VERSION).text(origin);
    w.option(event.site.as_ref(), |w, site| w.text(site.as_str()));
    w.fixed(event.id.as_bytes()).text(event.kind.as_str());
    w.option(event.subject, |w, s| w.fixed(&s.hash.0).fixed(&s.key_id.0.to_be_bytes()));
    w.option(event.purpose.as_ref(), |w, purpose| w.text(purpose.as_str()));
    w.option(event.status, |w, status| w.text(status.as_str()));
    w.option(event.legal_basis, |w, basis| w.text(basis.as_str()));
    w.option(event.notice_hash, |w, hash| w.fixed(&hash.0));
    w.u64(event.created_at.as_ms().unsigned_abs());
    w.option(event.decided_at, |w, time| w.u64(time.as_ms().unsigned_abs()));
    w.text(&event.actor.to_string()).text(&event.details);
    w.option(event.evidence_commitment, |w, hash| w.fixed(&hash.0));
    w.finish()
}

/// The RFC 6962 hash of a leaf: SHA-256 over a zero byte and the leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// Reads a leaf; `None` unless the bytes are exactly what [`leaf`] writes.
pub fn parse_leaf(bytes: &[u8]) -> Option<(String, Event)> {
    let mut r = Reader(bytes);
    if r.u8()? != VERSION {
        return None;
    }
    let origin = r.text()?;
    let event = Event {
        site: r.option(|r| Slug::parse(&r.text()?))?,
        id: Uuid::from_bytes(r.fixed()?),
        kind: Kind::parse(&r.text()?)?,
        subject: r.option(|r| {
            Some(Subject { hash: Hash(r.fixed()?), key_id: KeyId(u16::from_be_bytes(r.fixed()?)) })
        })?,
        purpose: r.option(|r| Purpose::parse(&r.text()?))?,
        status: r.option(|r| Status::parse(&r.text()?))?,
        legal_basis: r.option(|r| LegalBasis::parse(&r.text()?))?,
        notice_hash: r.option(|r| r.fixed().map(Hash))?,
        created_at: time(r.u64()?)?,
        decided_at: r.option(|r| time(r.u64()?))?,
        actor: Actor::parse(&r.text()?)?,
        details: r.text()?,
        evidence_commitment: r.option(|r| r.fixed().map(Hash))?,
    };
    r.0.is_empty().then_some((origin, event))
}

fn time(ms: u64) -> Option<Timestamp> {
    let ms = i64::try_from(ms).ok()?;
    (Timestamp::from_ms(ms).as_ms() == ms).then(|| Timestamp::from_ms(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{option, prelude::*, sample::select};

    fn slug() -> impl Strategy<Value = Slug> {
        "[a-z][a-z0-9_]{0,10}".prop_map(|text| Slug::parse(&text).unwrap())
    }

    fn hash() -> impl Strategy<Value = Hash> {
        any::<[u8; 32]>().prop_map(Hash)
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        (0..253_402_300_799_999_i64).prop_map(Timestamp::from_ms)
    }

    prop_compose! {
        fn event()(
            (id, site, kind) in (any::<[u8; 16]>(), option::of(slug()), select(Kind::ALL)),
            subject in option::of((hash(), any::<u16>())),
            purpose in option::of("[a-z][a-z0-9_]{0,10}"),
            status in option::of(select(&Status::ALL[..])),
            legal_basis in option::of(select(&LegalBasis::ALL[..])),
            notice_hash in option::of(hash()),
            (created_at, decided_at) in (moment(), option::of(moment())),
            actor in prop_oneof![Just(Actor::User), Just(Actor::System), slug().prop_map(Actor::Key)],
            details in ".*",
            evidence_commitment in option::of(hash()),
        ) -> Event {
            Event {
                id: Uuid::from_bytes(id), site, kind,
                subject: subject.map(|(hash, key_id)| Subject { hash, key_id: KeyId(key_id) }),
                purpose: purpose.map(|text| Purpose::parse(&text).unwrap()),
                status, legal_basis, notice_hash, created_at, decided_at, actor, details, evidence_commitment,
            }
        }
    }

    proptest! {
        #[test]
        fn a_leaf_reads_back_as_the_event_it_was(origin in ".*", event in event()) {
            let bytes = leaf(&origin, &event);
            prop_assert_eq!(parse_leaf(&bytes), Some((origin, event)));
        }

        #[test]
        fn bytes_that_parse_are_the_only_ones_for_their_event(
            event in event(), position in any::<prop::sample::Index>(), flip in 1..=255_u8,
        ) {
            let mut bytes = leaf("o", &event);
            let at = position.index(bytes.len());
            bytes[at] ^= flip;
            if let Some((origin, changed)) = parse_leaf(&bytes) {
                prop_assert_eq!(leaf(&origin, &changed), bytes);
            }
        }

        #[test]
        fn a_leaf_that_is_cut_or_continued_is_none(event in event(), cut in any::<prop::sample::Index>()) {
            let mut bytes = leaf("o", &event);
            prop_assert_eq!(parse_leaf(&bytes[..cut.index(bytes.len())]), None);
            bytes.push(0);
            prop_assert_eq!(parse_leaf(&bytes), None);
        }
    }

    #[test]
    fn the_hash_of_an_empty_leaf_is_the_one_rfc_6962_implementations_publish() {
        assert_eq!(
            leaf_hash(&[]).to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }
}
