//! Which rules hold where. Owns a dated table of regimes; finding out where a visitor is belongs to the faces.
//!
//! This is data, not legal advice: each row says where it comes from and when it was last read. What a row leaves open is
//! decided the strict way.

/// What holds where a person has not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRule {
    /// Nothing is allowed until the person says yes.
    OptIn,
    /// Allowed until the person says no; never for training.
    OptOut,
}

/// The rules of one legal order, as far as a decision or a banner depends on them.
#[derive(Debug, PartialEq, Eq)]
pub struct Regime {
    /// Stable name on the wire.
    pub code: &'static str,
    /// What holds without a decision.
    pub default: DefaultRule,
    /// Whether Global Privacy Control must be honoured as an opt-out.
    pub honours_gpc: bool,
    /// Calendar months for which a grant stands; then the person is asked again.
    pub validity_months: u16,
    /// Calendar months after a refusal during which the person is not asked again.
    pub ask_again_months: u16,
    /// Where the row comes from.
    pub source: &'static str,
    /// The day the row was last held against its source, as YYYY-MM-DD.
    pub as_of: &'static str,
}

/// GDPR and ePrivacy, with the periods the French authority recommends.
pub static GDPR: Regime = Regime {
    code: "gdpr",
    default: DefaultRule::OptIn,
    honours_gpc: false,
    validity_months: 6,
    ask_again_months: 6,
    source: "GDPR Art. 6, 7; ePrivacy Directive Art. 5(3); CNIL guidelines of 2020-09-17 (choice kept six months)",
    as_of: "2026-11-24",
};

/// States of the USA whose law lets people opt out and makes sites honour Global Privacy Control.
pub static US_OPT_OUT: Regime = Regime {
    code: "us_opt_out",
    default: DefaultRule::OptOut,
    honours_gpc: true,
    validity_months: 12,
    ask_again_months: 12,
    source: "California Civil Code § 1798.120, 1798.135; 11 CCR § 7025, 7028",
    as_of: "2026-11-24",
};

/// Everywhere else: as strict as the strictest, until a row of its own says otherwise.
pub static DEFAULT: Regime = Regime {
    code: "default",
    default: DefaultRule::OptIn,
    honours_gpc: true,
    validity_months: 6,
    ask_again_months: 6,
    source: "the strictest of the rows above",
    as_of: "2026-11-24",
};

/// Every row of the table.
pub static ALL: [&Regime; 3] = [&GDPR, &US_OPT_OUT, &DEFAULT];

/// EU member states, the other states of the EEA, the United Kingdom and Switzerland; ISO 3166-1 alpha-2.
const GDPR_COUNTRIES: [&str; 32] = [
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE",
    "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Regime {
    /// The regime of a country (ISO 3166-1 alpha-2, upper case; `None` if unknown).
    ///
    /// The whole USA is one row: the states differ in scope, not in what a decision needs, and those without a law get
    /// the opt-out that their neighbours require.
    pub fn of_country(country: Option<&str>) -> &'static Self {
        match country {
            Some("US") => &US_OPT_OUT,
            Some(code) if GDPR_COUNTRIES.contains(&code) => &GDPR,
            _ => &DEFAULT,
        }
    }

    /// The row with this code, if there is one.
    pub fn by_code(code: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|regime| regime.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_gets_the_strict_row() {
        assert_eq!(Regime::of_country(None).default, DefaultRule::OptIn);
        assert_eq!(Regime::of_country(Some("T1")).code, "default");
    }

    #[test]
    fn germany_opts_in_and_the_usa_opts_out() {
        assert_eq!(Regime::of_country(Some("DE")).code, "gdpr");
        assert_eq!(Regime::of_country(Some("US")).default, DefaultRule::OptOut);
    }

    #[test]
    fn codes_name_one_row_each() {
        for regime in ALL {
            assert_eq!(Regime::by_code(regime.code), Some(regime));
        }
        assert_eq!(Regime::by_code("GDPR"), None);
    }
}
