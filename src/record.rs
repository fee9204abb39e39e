//! What a consent record says. Owns [`Status`] and [`LegalBasis`], and with the feature `full` [`ConsentRecord`], whose
//! constructor is the only way to make one. Which record decides is the business of [`crate::history`].

use core::fmt;

/// What a person decided about one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Status {
    /// Yes.
    Granted,
    /// No, or no longer.
    Revoked,
    /// Asked or registered, but not decided.
    Pending,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Granted, Self::Revoked, Self::Pending];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Revoked => "revoked",
            Self::Pending => "pending",
        }
    }

    /// Parses a wire name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The ground on which data is processed (GDPR Art. 6(1) a, f and b).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum LegalBasis {
    /// Art. 6(1)(a).
    Consent,
    /// Art. 6(1)(f); a revocation is then an objection (Art. 21).
    LegitimateInterest,
    /// Art. 6(1)(b).
    Contract,
}

impl LegalBasis {
    /// Every basis.
    pub const ALL: [Self; 3] = [Self::Consent, Self::LegitimateInterest, Self::Contract];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::LegitimateInterest => "legitimate_interest",
            Self::Contract => "contract",
        }
    }

    /// Parses a wire name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == text)
    }
}

impl fmt::Display for LegalBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "full")]
pub use full::{ConsentRecord, NewRecord, RecordError, RecordFields};

#[cfg(feature = "full")]
mod full {
    use super::{LegalBasis, Status};
    use crate::{hash::Hash, history::Entry, purpose::Purpose, time::Timestamp};
    use core::fmt;
    use serde::{Deserialize, Serialize};
    use uuid::Uuid;

    /// One recorded decision, as a person may see it. Who it is about stands beside it, not in it.
    ///
    /// `granted_at` and `revoked_at` say when the decision was made; `created_at` is the server's time of recording.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(try_from = "RecordFields")]
    pub struct ConsentRecord {
        id: Uuid,
        purpose: Purpose,
        status: Status,
        legal_basis: LegalBasis,
        granted_at: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
        created_at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        decided_at: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        notice_hash: Option<Hash>,
        #[serde(skip_serializing_if = "core::ops::Not::not")]
        over_gpc: bool,
    }

    /// What a new record is made from.
    #[derive(Clone, Debug)]
    pub struct NewRecord {
        /// `UUIDv7`.
        pub id: Uuid,
        /// What the decision is about.
        pub purpose: Purpose,
        /// What was decided.
        pub status: Status,
        /// On which ground.
        pub legal_basis: LegalBasis,
        /// When the person decided, as the caller tells it.
        pub decided_at: Option<Timestamp>,
        /// What the person was shown.
        pub notice_hash: Option<Hash>,
        /// Whether the person was shown that Global Privacy Control says no and said yes all the same.
        pub over_gpc: bool,
    }

    /// Why something is no consent record.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum RecordError {
        /// The id is no `UUIDv7`.
        IdNotV7,
        /// `granted_at` must be there exactly where the status is `granted`.
        GrantedAt,
        /// `revoked_at` must be there exactly where the status is `revoked`.
        RevokedAt,
        /// Decided after it was recorded.
        DecidedLate,
        /// `granted_at` or `revoked_at` is not the time of the decision.
        WrongTime,
    }

    impl RecordError {
        /// Stable name.
        pub const fn code(self) -> &'static str {
            match self {
                Self::IdNotV7 => "record_id_not_v7",
                Self::GrantedAt => "record_granted_at",
                Self::RevokedAt => "record_revoked_at",
                Self::DecidedLate => "record_decided_late",
                Self::WrongTime => "record_wrong_time",
            }
        }
    }

    impl fmt::Display for RecordError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::IdNotV7 => "id must be a UUID of version 7",
                Self::GrantedAt => "granted_at must be given for a granted record and for no other",
                Self::RevokedAt => "revoked_at must be given for a revoked record and for no other",
                Self::DecidedLate => "decided_at must not be after created_at",
                Self::WrongTime => {
                    "granted_at or revoked_at must equal decided_at, or created_at where there is none"
                }
            })
        }
    }

    impl core::error::Error for RecordError {}

    impl ConsentRecord {
        /// A record made at `now`. A `decided_at` in the future is taken for `now`.
        pub fn new(new: NewRecord, now: Timestamp) -> Result<Self, RecordError> {
            let decided_at = new.decided_at.map(|decided| decided.min(now));
            let effective = Some(decided_at.unwrap_or(now));
            RecordFields {
                id: new.id,
                purpose: new.purpose,
                status: new.status,
                legal_basis: new.legal_basis,
                granted_at: effective.filter(|_| new.status == Status::Granted),
                revoked_at: effective.filter(|_| new.status == Status::Revoked),
                created_at: now,
                decided_at,
                notice_hash: new.notice_hash,
                over_gpc: Some(new.over_gpc),
            }
            .try_into()
        }

        /// The record as the fold takes it, once it has its place in the log.
        pub fn entry(&self, log_index: u64) -> Entry {
            Entry {
                log_index,
                purpose: self.purpose.clone(),
                status: self.status,
                created_at: self.created_at,
                decided_at: self.decided_at,
                over_gpc: self.over_gpc,
            }
        }

        /// `UUIDv7`.
        pub const fn id(&self) -> Uuid {
            self.id
        }

        /// What the decision is about.
        pub const fn purpose(&self) -> &Purpose {
            &self.purpose
        }

        /// What was decided.
        pub const fn status(&self) -> Status {
            self.status
        }

        /// On which ground.
        pub const fn legal_basis(&self) -> LegalBasis {
            self.legal_basis
        }

        /// The server's time of recording.
        pub const fn created_at(&self) -> Timestamp {
            self.created_at
        }

        /// When the person decided, if the caller said so.
        pub const fn decided_at(&self) -> Option<Timestamp> {
            self.decided_at
        }

        /// When the person said yes.
        pub const fn granted_at(&self) -> Option<Timestamp> {
            self.granted_at
        }

        /// When the person said no.
        pub const fn revoked_at(&self) -> Option<Timestamp> {
            self.revoked_at
        }

        /// What the person was shown.
        pub const fn notice_hash(&self) -> Option<Hash> {
            self.notice_hash
        }

        /// Whether the person was shown that Global Privacy Control says no and said yes all the same.
        pub const fn over_gpc(&self) -> bool {
            self.over_gpc
        }
    }

    /// The fields of a record that nothing has checked yet.
    #[derive(Clone, Debug, Deserialize)]
    pub struct RecordFields {
        /// See [`ConsentRecord::id`].
        pub id: Uuid,
        /// See [`ConsentRecord::purpose`].
        pub purpose: Purpose,
        /// See [`ConsentRecord::status`].
        pub status: Status,
        /// See [`ConsentRecord::legal_basis`].
        pub legal_basis: LegalBasis,
        /// See [`ConsentRecord::granted_at`].
        #[serde(default)]
        pub granted_at: Option<Timestamp>,
        /// See [`ConsentRecord::revoked_at`].
        #[serde(default)]
        pub revoked_at: Option<Timestamp>,
        /// See [`ConsentRecord::created_at`].
        pub created_at: Timestamp,
        /// See [`ConsentRecord::decided_at`].
        #[serde(default)]
        pub decided_at: Option<Timestamp>,
        /// See [`ConsentRecord::notice_hash`].
        #[serde(default)]
        pub notice_hash: Option<Hash>,
        /// See [`ConsentRecord::over_gpc`]; of what is no yes it says nothing.
        #[serde(default)]
        pub over_gpc: Option<bool>,
    }

    impl TryFrom<RecordFields> for ConsentRecord {
        type Error = RecordError;

        fn try_from(u: RecordFields) -> Result<Self, RecordError> {
            let effective = u.decided_at.unwrap_or(u.created_at);
            if u.id.get_version_num() != 7 {
                Err(RecordError::IdNotV7)
            } else if u.granted_at.is_some() != (u.status == Status::Granted) {
                Err(RecordError::GrantedAt)
            } else if u.revoked_at.is_some() != (u.status == Status::Revoked) {
                Err(RecordError::RevokedAt)
            } else if u.decided_at.is_some_and(|decided| decided > u.created_at) {
                Err(RecordError::DecidedLate)
            } else if u.granted_at.or(u.revoked_at).is_some_and(|at| at != effective) {
                Err(RecordError::WrongTime)
            } else {
                Ok(Self {
                    id: u.id,
                    purpose: u.purpose,
                    status: u.status,
                    legal_basis: u.legal_basis,
                    granted_at: u.granted_at,
                    revoked_at: u.revoked_at,
                    created_at: u.created_at,
                    decided_at: u.decided_at,
                    notice_hash: u.notice_hash,
                    over_gpc: u.over_gpc == Some(true) && u.status == Status::Granted,
                })
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

        fn new(status: Status, decided_at: Option<Timestamp>) -> NewRecord {
            NewRecord {
                id: uuid::Builder::from_unix_timestamp_millis(1, &[7; 10]).into_uuid(),
                purpose: Purpose::Analytics,
                status,
                legal_basis: LegalBasis::Consent,
                decided_at,
                notice_hash: None,
                over_gpc: false,
            }
        }

        #[test]
        fn a_decision_from_the_future_is_taken_for_now() {
            let record = ConsentRecord::new(new(Status::Granted, Some(NOW.plus_days(1))), NOW).unwrap();
            assert_eq!((record.decided_at(), record.granted_at()), (Some(NOW), Some(NOW)));
        }

        #[test]
        fn a_decision_from_before_keeps_its_time_and_the_record_has_its_own() {
            let decided = NOW.plus_days(0).plus_ms(-60_000);
            let record = ConsentRecord::new(new(Status::Revoked, Some(decided)), NOW).unwrap();
            assert_eq!((record.created_at(), record.revoked_at()), (NOW, Some(decided)));
        }

        #[test]
        fn an_id_of_another_version_is_refused() {
            let record = NewRecord { id: Uuid::nil(), ..new(Status::Granted, None) };
            assert_eq!(ConsentRecord::new(record, NOW), Err(RecordError::IdNotV7));
        }

        #[test]
        fn what_is_read_is_checked_like_what_is_made() {
            let record = ConsentRecord::new(new(Status::Granted, None), NOW).unwrap();
            let mut json = serde_json::to_value(&record).unwrap();
            assert_eq!(serde_json::from_value::<ConsentRecord>(json.clone()).unwrap(), record);
            json["status"] = "revoked".into();
            assert!(serde_json::from_value::<ConsentRecord>(json).is_err());
        }
    }
}
