//! A row of the log in a file. Owns its two forms, and the hash of the leaf that its content makes.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use consentry::event::{Actor, Event, Kind};
use consentry::evidence::SealedEvidence;
use consentry::hash::Hash;
use consentry::log::{leaf, leaf_hash, parse_leaf};
use consentry::purpose::Purpose;
use consentry::record::{LegalBasis, Status};
use consentry::slug::Slug;
use consentry::subject::{KeyId, Subject};
use consentry::time::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

/// A row whose content and hash agree.
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) hash: Hash,
    /// `None` where the file has no more than its hash.
    pub(super) event: Option<Event>,
    pub(super) evidence: Evidence,
    /// The name of the log that is in its leaf.
    pub(super) origin: Option<String>,
}

/// What is left of a row's evidence.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The file says nothing of it.
    Unknown,
    /// There never was any, or it is what the row committed to.
    Whole,
    /// It is gone.
    Gone,
}

/// What is wrong with a row by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Unreadable,
    Hash,
    Origin,
    Evidence,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "is no row of a log",
            Self::Hash => "does not have the leaf hash that its content makes",
            Self::Origin => "is of another log",
            Self::Evidence => "has other evidence than it committed to",
        })
    }
}

/// Either the leaf, or the columns of the table `events`: bytes as hexadecimal digits, times in milliseconds.
#[derive(Deserialize)]
#[allow(clippy::option_option, reason = "absent is not null")]
struct Fields {
    log_index: u64,
    leaf_hash: Option<String>,
    leaf: Option<String>,
    id: Option<Uuid>,
    site: Option<String>,
    kind: Option<String>,
    subject: Option<String>,
    key_id: Option<u16>,
    purpose: Option<Purpose>,
    status: Option<Status>,
    legal_basis: Option<LegalBasis>,
    notice_hash: Option<String>,
    created_at: Option<i64>,
    decided_at: Option<i64>,
    actor: Option<String>,
    details: Option<String>,
    evidence_commitment: Option<String>,
    #[serde(default, deserialize_with = "present")]
    evidence: Option<Option<String>>,
}

/// A column that is null is there; one that is absent is not, and nothing is said of it.
#[allow(clippy::option_option, reason = "absent is not null")]
fn present<'de, D: Deserializer<'de>>(column: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(column).map(Some)
}

impl Row {
    /// Reads a line of a log. Leaves hold the name that the log has had since the last row that began one: `began`, if such a row
    /// came already; columns without one are taken to be of `otherwise`.
    pub(super) fn parse(began: Option<&str>, otherwise: &str, line: &[u8]) -> Result<Self, Wrong> {
        let fields: Fields = serde_json::from_slice(line).map_err(|_| Wrong::Unreadable)?;
        let (index, claimed) = (fields.log_index, hash(fields.leaf_hash.as_deref())?);
        let kept = fields.evidence.clone();
        let (hash, event, origin) = if let Some(text) = &fields.leaf {
            let bytes = Base64::decode_vec(text).map_err(|_| Wrong::Unreadable)?;
            let (own, event) = parse_leaf(&bytes).ok_or(Wrong::Unreadable)?;
            let expected = named(&event).or_else(|| began.map(str::to_owned));
            if expected.is_some_and(|expected| expected != own) {
                return Err(Wrong::Origin);
            }
            (leaf_hash(&bytes), event, own)
        } else if let (None, None, Some(hash)) = (&fields.kind, fields.id, claimed) {
            return Ok(Self { index, hash, event: None, evidence: Evidence::Unknown, origin: None });
        } else {
            let event = fields.event()?;
            let origin = named(&event).unwrap_or_else(|| began.unwrap_or(otherwise).to_owned());
            (leaf_hash(&leaf(&origin, &event)), event, origin)
        };
        if claimed.is_some_and(|claimed| claimed != hash) {
            return Err(Wrong::Hash);
        }
        let evidence = match (event.evidence_commitment, kept) {
            (_, None) => Evidence::Unknown,
            (None, Some(None)) => Evidence::Whole,
            (Some(_), Some(None)) => Evidence::Gone,
            (commitment, Some(Some(text))) => {
                let sealed: SealedEvidence = serde_json::from_str(&text).map_err(|_| Wrong::Evidence)?;
                if commitment != Some(sealed.commitment()) {
                    return Err(Wrong::Evidence);
                }
                Evidence::Whole
            }
        };
        Ok(Self { index, hash, event: Some(event), evidence, origin: Some(origin) })
    }
}

/// The name that an event gives to the log, if it is one that begins one.
fn named(event: &Event) -> Option<String> {
    let begins = matches!(event.kind, Kind::LogStarted | Kind::LogRestarted);
    let details: Value = serde_json::from_str(&event.details).ok().filter(|_| begins)?;
    Some(details["origin"].as_str()?.to_owned())
}

impl Fields {
    fn event(self) -> Result<Event, Wrong> {
        let time =
            |ms| Some(Timestamp::from_ms(ms)).filter(|time| time.as_ms() == ms).ok_or(Wrong::Unreadable);
        let site = self.site.map(|site| Slug::parse(&site).ok_or(Wrong::Unreadable)).transpose()?;
        let subject = hash(self.subject.as_deref())?;
        Ok(Event {
            id: self.id.ok_or(Wrong::Unreadable)?,
            site,
            kind: self.kind.as_deref().and_then(Kind::parse).ok_or(Wrong::Unreadable)?,
            subject: match (subject, self.key_id) {
                (Some(hash), Some(id)) => Some(Subject { hash, key_id: KeyId(id) }),
                (None, None) => None,
                _ => return Err(Wrong::Unreadable),
            },
            purpose: self.purpose,
            status: self.status,
            legal_basis: self.legal_basis,
            notice_hash: hash(self.notice_hash.as_deref())?,
            created_at: self.created_at.ok_or(Wrong::Unreadable).and_then(time)?,
            decided_at: self.decided_at.map(time).transpose()?,
            actor: self.actor.as_deref().and_then(Actor::parse).ok_or(Wrong::Unreadable)?,
            details: self.details.ok_or(Wrong::Unreadable)?,
            evidence_commitment: hash(self.evidence_commitment.as_deref())?,
        })
    }
}

/// A hash, in either case; SQLite's `hex` makes nothing of null.
fn hash(digits: Option<&str>) -> Result<Option<Hash>, Wrong> {
    match digits {
        None | Some("") => Ok(None),
        Some(digits) => Hash::parse(&digits.to_ascii_lowercase()).map(Some).ok_or(Wrong::Unreadable),
    }
}
