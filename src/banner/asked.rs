//! What a page asks for. Owns [`Asked`] and which of it a person answers.

use crate::{decision::legal_basis, purpose::Kind, record::LegalBasis};

/// A purpose that a page wants to use data for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    name: &'a str,
    kind: Kind,
    basis: LegalBasis,
}

impl<'a> Asked<'a> {
    /// By its name, on the ground that the page claims.
    pub fn new(name: &'a str, claimed: LegalBasis) -> Self {
        let kind = Kind::of(name);
        Self { name, kind, basis: legal_basis(kind, claimed) }
    }

    /// Its name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The ground on which it rests, by [`legal_basis`]; not always the one that was claimed.
    pub const fn basis(&self) -> LegalBasis {
        self.basis
    }

    /// Whether a person says yes or no to it. What a contract needs is told and not asked: it has no switch and no answer.
    pub fn has_answer(&self) -> bool {
        self.basis != LegalBasis::Contract
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_rests_on_consent_whatever_the_page_claims() {
        for claimed in LegalBasis::ALL {
            assert_eq!(Asked::new("model_training", claimed).basis(), LegalBasis::Consent);
        }
    }

    #[test]
    fn only_what_a_contract_needs_has_no_answer() {
        let has_answer = LegalBasis::ALL.map(|claimed| Asked::new("inference", claimed).has_answer());
        assert_eq!(has_answer, [true, true, false]);
    }
}
