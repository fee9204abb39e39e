//! What the log records. Owns the kinds of events, who can act, and [`Event`]: one row of the log before it has a place in
//! it. How an event becomes bytes is the business of [`crate::log`].

use crate::{
    hash::Hash,
    purpose::Purpose,
    record::{LegalBasis, Status},
    slug::Slug,
    subject::Subject,
    time::Timestamp,
};
use alloc::string::String;
use core::fmt;
use uuid::Uuid;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What happened. The names are part of every leaf and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in leaves and in the audit trail.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// The log begins; `details` names its origin. Always and only at index 0.
    LogStarted = "log_started",
    /// A person said yes.
    ConsentGranted = "consent_granted",
    /// A person said no.
    ConsentRevoked = "consent_revoked",
    /// A person was asked or registered and has not decided.
    ConsentPending = "consent_pending",
    /// Somebody read a person's status or a decision.
    ConsentRead = "consent_read",
    /// Somebody read a person's audit trail.
    AuditRead = "audit_read",
    /// Somebody exported what is held about a person.
    DataExported = "data_exported",
    /// The erasure of a person's data was asked for.
    ErasureRequested = "erasure_requested",
    /// Evidence of earlier events of this subject was removed.
    EvidenceRedacted = "evidence_redacted",
    /// An erasure ended; `details` says what was removed where.
    DataDeleted = "data_deleted",
    /// Somebody read the state of an erasure, or, about no one person, a page of the list of a site's erasures.
    ErasureRead = "erasure_read",
    /// Somebody took a receipt again; `details` says which.
    ReceiptRead = "receipt_read",
    /// An erasure was held, released, refused or extended, or stores that failed were to be tried at once; `details` says which and why.
    ErasureChanged = "erasure_changed",
    /// A visitor signed in: `details` names the other subject, the visitor's of a person's event and the other way round.
    IdentityLinked = "identity_linked",
    /// Somebody read who granted a purpose, whole or what changed of it; `details` says which.
    SnapshotRead = "snapshot_read",
    /// A data set for training was registered, or models that were trained on it; `details` says which.
    LineageRegistered = "lineage_registered",
    /// Somebody asked which data sets hold a person's rows.
    LineageRead = "lineage_read",
    /// Somebody said what became of a model that was trained on the rows of people who were erased; `details` says what.
    ModelStateChanged = "model_state_changed",
    /// The text of a notice was registered; `notice_hash` is its hash.
    NoticeRegistered = "notice_registered",
    /// A person opened their own page by a link of the site's.
    PrivacyOpened = "privacy_opened",
    /// A site was created or its settings replaced.
    SiteConfigured = "site_configured",
    /// An API key was issued.
    KeyCreated = "key_created",
    /// An API key was withdrawn.
    KeyRevoked = "key_revoked",
    /// The database was restored to an earlier state, and the log goes on under another origin; `details` names it, and the last
    /// checkpoint of the one before.
    LogRestarted = "log_restarted",
    /// Somebody read rows of the log; `details` says which.
    LogRead = "log_read",
}

impl Kind {
    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// The kind of a consent event with this status.
    pub const fn of_consent(status: Status) -> Self {
        match status {
            Status::Granted => Self::ConsentGranted,
            Status::Revoked => Self::ConsentRevoked,
            Status::Pending => Self::ConsentPending,
        }
    }

    /// Whether such an event is about a person, and so among what they are told was done.
    pub const fn is_about_a_person(self) -> bool {
        match self {
            Self::ConsentGranted
            | Self::ConsentRevoked
            | Self::ConsentPending
            | Self::ConsentRead
            | Self::AuditRead
            | Self::DataExported
            | Self::ErasureRequested
            | Self::EvidenceRedacted
            | Self::DataDeleted
            | Self::ErasureRead
            | Self::ErasureChanged
            | Self::ReceiptRead
            | Self::IdentityLinked
            | Self::LineageRead
            | Self::PrivacyOpened => true,
            Self::LogStarted
            | Self::LogRestarted
            | Self::LogRead
            | Self::SnapshotRead
            | Self::LineageRegistered
            | Self::ModelStateChanged
            | Self::NoticeRegistered
            | Self::SiteConfigured
            | Self::KeyCreated
            | Self::KeyRevoked => false,
        }
    }

    /// Whether the event is a consent record.
    pub const fn is_consent(self) -> bool {
        matches!(self, Self::ConsentGranted | Self::ConsentRevoked | Self::ConsentPending)
    }
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The service itself.
    System,
    /// The person, signed in or by the secret of an anonymous visitor.
    User,
    /// The holder of the bootstrap secret.
    Admin,
    /// A site's backend, by the id of its API key.
    Key(Slug),
}

impl Actor {
    const KEY: &'static str = "key:";

    /// Parses the text form.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "system" => Some(Self::System),
            "user" => Some(Self::User),
            "admin" => Some(Self::Admin),
            other => other.strip_prefix(Self::KEY).and_then(Slug::parse).map(Self::Key),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::User => f.write_str("user"),
            Self::Admin => f.write_str("admin"),
            Self::Key(id) => write!(f, "{}{id}", Self::KEY),
        }
    }
}

/// One thing that happened, complete but for its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `UUIDv7` (RFC 9562 § 5.7).
    pub id: Uuid,
    /// The site it belongs to; `None` for what concerns the whole log.
    pub site: Option<Slug>,
    /// What happened.
    pub kind: Kind,
    /// The person it is about, if it is about one.
    pub subject: Option<Subject>,
    /// The purpose of a consent event.
    pub purpose: Option<Purpose>,
    /// The status of a consent event.
    pub status: Option<Status>,
    /// The legal basis of a consent event.
    pub legal_basis: Option<LegalBasis>,
    /// The hash of the notice the person was shown.
    pub notice_hash: Option<Hash>,
    /// The server's time.
    pub created_at: Timestamp,
    /// When the person decided, if the caller said so; never later than `created_at`.
    pub decided_at: Option<Timestamp>,
    /// Who acted.
    pub actor: Actor,
    /// A JSON object in the canonical form of RFC 8785, `{}` if there is nothing to say. Never a user id.
    pub details: String,
    /// What stands for the evidence, if there is any.
    pub evidence_commitment: Option<Hash>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_of_kinds_and_actors_parse_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
        for actor in [Actor::System, Actor::User, Actor::Admin, Actor::Key(Slug::parse("k1").unwrap())] {
            assert_eq!(Actor::parse(&actor.to_string()), Some(actor));
        }
        assert_eq!(Actor::parse("root"), None);
    }
}
