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
    /// Whether a link "Do not sell or share my personal information" must stand on every page.
    pub opt_out_link: bool,
    /// Calendar months for which a grant stands; then the person is asked again.
    pub validity_months: u16,
    /// Calendar months after a refusal during which the person is not asked again.
    pub ask_again_months: u16,
    /// Where the row comes from.
    #[cfg(feature = "full")]
    pub source: &'static str,
    /// The day the row was last looked at, as YYYY-MM-DD.
    #[cfg(feature = "full")]
    pub as_of: &'static str,
}

macro_rules! regimes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $default:ident, gpc $gpc:literal, link $link:literal,
       months $validity:literal $ask_again:literal, $source:literal, $as_of:literal;)+) => {
        $(
            $(#[$doc])*
            pub static $name: Regime = Regime {
                code: $code,
                default: DefaultRule::$default,
                honours_gpc: $gpc,
                opt_out_link: $link,
                validity_months: $validity,
                ask_again_months: $ask_again,
                #[cfg(feature = "full")]
                source: $source,
                #[cfg(feature = "full")]
                as_of: $as_of,
            };
        )+

        /// Every row of the table.
        pub static ALL: &[&Regime] = &[$(&$name,)+];
    };
}

regimes! {
    /// The EU and the other states of the EEA, with the periods that the French authority recommends. Global Privacy Control asks
    /// for nothing that is not so already, except of a legitimate interest, where it is an objection under every row.
    GDPR = "gdpr", OptIn, gpc false, link false, months 6 6,
        "GDPR Art. 6, 7; ePrivacy Directive Art. 5(3); CNIL recommendation 2020-092 of 2020-09-17 (a choice is kept six months)",
        "2026-11-24";

    /// The United Kingdom. The exceptions for statistics and appearance are left unused: a banner can't know whether a tag stays
    /// within them.
    UK = "uk", OptIn, gpc false, link false, months 6 6,
        "UK GDPR Art. 6, 7; PECR reg. 6, Schedule A1; no period in either, so that of the strictest row", "2026-11-24";

    /// Switzerland. Its law lets people object; what it calls high-risk profiling needs a yes, and a banner can't tell the two
    /// apart, so all of it does.
    SWITZERLAND = "ch", OptIn, gpc false, link false, months 6 6,
        "FADP Art. 6, 30, 31; TCA Art. 45c", "2026-11-24";

    /// California. A refusal, be it by the signal, rests for twelve months; how long a yes stands the law leaves open.
    CALIFORNIA = "us_ca", OptOut, gpc true, link true, months 12 12,
        "California Civil Code § 1798.120, 1798.135; 11 CCR § 7013, 7025, 7028; not asked again for twelve months: § 1798.135(c)(4)",
        "2026-11-24";

    /// The other states of the USA: those whose law lets people opt out and makes sites honour Global Privacy Control, and
    /// those without a law, which get what their neighbours require. What counts as sensitive needs a yes in most of them; a
    /// banner can't know what does, so a site must ask for that elsewhere.
    US_OPT_OUT = "us_opt_out", OptOut, gpc true, link true, months 12 12,
        "the privacy acts that name an opt-out signal, such as Colo. Rev. Stat. § 6-1-1306, Conn. Gen. Stat. § 42-520, Tex. Bus. & Com. Code § 541.055; periods as in California", "2026-11-24";

    /// Brazil. What rests on something else than consent can be objected to only where the law was broken (Art. 18 § 2); here it
    /// can always.
    BRAZIL = "br", OptIn, gpc false, link false, months 6 6,
        "LGPD Art. 7, 8, 18; no period in it, so that of the strictest row", "2026-11-24";

    /// Quebec: what identifies, locates or profiles is off until the person turns it on.
    QUEBEC = "ca_qc", OptIn, gpc false, link false, months 6 6,
        "Act respecting the protection of personal information in the private sector (P-39.1) s. 8.1, 9.1, 14", "2026-11-24";

    /// The rest of Canada. Where an opt-out would do depends on how sensitive the data is, which a banner can't know.
    CANADA = "ca", OptIn, gpc false, link false, months 6 6,
        "PIPEDA Schedule 1, principle 4.3; no period in it, so that of the strictest row", "2026-11-24";

    /// Everywhere else: as strict as the strictest, until a row of its own says otherwise.
    DEFAULT = "default", OptIn, gpc true, link false, months 6 6, "the strictest of the rows above", "2026-11-24";
}

/// EU member states and the other states of the EEA, and the parts of them that have a code of their own and the same law (TFEU
/// Art. 355; Åland, the French overseas departments and Saint-Martin); ISO 3166-1 alpha-2.
const EEA: [&str; 37] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "AX", "GF", "GP", "MF",
    "MQ", "RE", "YT",
];

impl Regime {
    /// The regime of a place: its country (ISO 3166-1 alpha-2) and region (the second part of ISO 3166-2), both in capitals;
    /// `None` where unknown.
    pub fn of_place(country: Option<&str>, region: Option<&str>) -> &'static Self {
        match (country, region) {
            (Some("US"), Some("CA")) => &CALIFORNIA,
            (Some("US"), _) => &US_OPT_OUT,
            (Some("CA"), Some("QC")) => &QUEBEC,
            (Some("CA"), _) => &CANADA,
            (Some("GB"), _) => &UK,
            (Some("CH"), _) => &SWITZERLAND,
            (Some("BR"), _) => &BRAZIL,
            (Some(code), _) if EEA.contains(&code) => &GDPR,
            _ => &DEFAULT,
        }
    }

    /// The regime for people of a site, which may have `configured` one, by its code, for those of whom it is not known where they
    /// are.
    pub fn of_site(configured: Option<&str>, country: Option<&str>, region: Option<&str>) -> &'static Self {
        match (country, configured.and_then(Self::by_code)) {
            (None, Some(configured)) => configured,
            (country, _) => Self::of_place(country, region),
        }
    }

    /// The row with this code, if there is one.
    pub fn by_code(code: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|regime| regime.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_gets_the_strict_row() {
        assert_eq!(Regime::of_place(None, None).default, DefaultRule::OptIn);
        assert_eq!(Regime::of_place(Some("T1"), Some("CA")).code, "default");
    }

    #[test]
    fn a_site_says_what_holds_where_nobody_knows_the_place_and_nowhere_else() {
        assert_eq!(Regime::of_site(Some("br"), None, None).code, "br");
        assert_eq!(Regime::of_site(Some("br"), Some("DE"), None).code, "gdpr");
        assert_eq!(Regime::of_site(None, None, None).code, "default");
        assert_eq!(Regime::of_site(Some("no such"), None, None).code, "default");
    }

    #[test]
    fn places_have_the_rules_of_their_law() {
        for (country, region, code) in [
            ("DE", None, "gdpr"),
            ("DE", Some("CA"), "gdpr"),
            ("NO", None, "gdpr"),
            ("RE", None, "gdpr"),
            ("GB", None, "uk"),
            ("CH", None, "ch"),
            ("US", Some("CA"), "us_ca"),
            ("US", Some("TX"), "us_opt_out"),
            ("US", None, "us_opt_out"),
            ("BR", None, "br"),
            ("CA", Some("QC"), "ca_qc"),
            ("CA", None, "ca"),
            ("JP", None, "default"),
        ] {
            assert_eq!(Regime::of_place(Some(country), region).code, code, "{country} {region:?}");
        }
    }

    #[test]
    fn whoever_may_only_opt_out_is_heard_when_the_browser_says_so() {
        for regime in ALL.iter().filter(|regime| regime.default == DefaultRule::OptOut) {
            assert!(regime.honours_gpc && regime.opt_out_link, "{}", regime.code);
        }
    }

    #[test]
    fn codes_name_one_row_each() {
        for regime in ALL {
            assert_eq!(Regime::by_code(regime.code), Some(*regime));
        }
        assert_eq!(Regime::by_code("GDPR"), None);
    }
}
