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
