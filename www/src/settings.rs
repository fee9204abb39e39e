//! What the embedding page wants. Owns the data attributes of the script tag and the note about the visitor that the Worker
//! writes into the script; what follows from them is decided by the core.

use alloc::vec::Vec;
use consentry::{
    banner::{Asked, Setup},
    decision::Context,
    language,
    notice::NoticeVersion,
    purpose::Purpose,
    record::LegalBasis,
    regime::{DEFAULT, Regime},
    words::Words,
};

/// What is asked for by a tag that names no purposes.
const PURPOSES: &str = "model_training inference analytics personalization";

/// What is known before the first decision.
pub(crate) struct Settings {
    /// The part that the banner's rules need.
    pub(crate) setup: Setup<'static>,
    /// The language to speak.
    pub(crate) language: &'static str,
}

/// What a page says about itself.
pub(crate) struct Page {
    /// The attribute `data-purposes`, or the purposes of the page's configuration.
    pub(crate) purposes: &'static str,
    /// The attribute `data-notice-version`.
    pub(crate) notice: &'static str,
    /// The attribute `data-regime`.
    pub(crate) regime: &'static str,
    /// What the Worker wrote: `regime|country|language|gpc`, or the placeholder where no Worker served the script.
    pub(crate) visitor: &'static str,
    /// The languages that there are texts in, separated by spaces.
    pub(crate) languages: &'static str,
    /// The languages that the page wants, best first, separated by spaces.
    pub(crate) wanted: &'static str,
    /// The language whose texts are in the script.
    pub(crate) own: &'static str,
    /// Whether the browser sends Global Privacy Control.
    pub(crate) gpc: bool,
}

impl Settings {
    /// Whatever is missing or can't be read gets the default, and a regime that can't the strictest. What the page says comes
    /// before what the Worker found: a site may give everybody the rights that some must have.
    pub(crate) fn read(page: &Page) -> Self {
        let mut visitor = Words::new(page.visitor, b'|');
        let located = visitor.next().and_then(Regime::by_code);
        let regime = Regime::by_code(page.regime).or(located).unwrap_or(&DEFAULT);
        let gpc = page.gpc || visitor.nth(2) == Some("1");
        let mut wanted = Words::new(page.wanted, b' ').filter_map(|tag| language::best(tag, page.languages));
        Self {
            setup: Setup {
                purposes: purposes(page.purposes),
                notice: NoticeVersion::parse(page.notice).unwrap_or(NoticeVersion::FIRST),
                context: Context { regime, gpc },
            },
            language: wanted.next().unwrap_or(page.own),
        }
    }
}

/// The purposes that a text names, separated by white space, each with the legal basis that the site claims after a colon unless
/// that is consent; the default ones if it names none. A word that is no purpose is left out: it can be granted by nobody.
fn purposes(text: &'static str) -> &'static [Asked<'static>] {
    let mut purposes: Vec<Asked<'static>> = Vec::new();
    for word in Words::new(text, b' ') {
        let mut parts = Words::new(word, b':');
        let name = parts.next().unwrap_or_default();
        if Purpose::is_name(name) && !purposes.iter().any(|asked| asked.name() == name) {
            // A claim that can't be read is none, and without a claim only a yes will do.
            let basis = parts.next().and_then(LegalBasis::parse).unwrap_or(LegalBasis::Consent);
            purposes.push(Asked::new(name, basis));
        }
    }
    if purposes.is_empty() { self::purposes(PURPOSES) } else { purposes.leak() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: Page = Page {
        purposes: "",
        notice: "",
        regime: "",
        visitor: "%VISITOR%",
        languages: "de en fr pt-BR",
        wanted: " fr-CA",
        own: "en",
        gpc: false,
    };

    #[test]
    fn a_bare_tag_gets_the_defaults() {
        let Settings { setup, language } = Settings::read(&BARE);
        assert!(Purpose::DEFAULT.iter().map(Purpose::as_str).eq(setup.purposes.iter().map(Asked::name)));
        assert_eq!(setup.notice, NoticeVersion::FIRST);
        assert_eq!(setup.context.regime.code, "default");
        assert!(!setup.context.gpc);
        assert_eq!(language, "fr");
    }

    #[test]
    fn attributes_decide() {
        let page = Page {
            purposes: " analytics  fraud_checks\nanalytics No-Purpose",
            notice: "7",
            wanted: "pt-br fr",
            ..BARE
        };
        let Settings { setup, language } = Settings::read(&page);
        assert!(setup.purposes.iter().map(Asked::name).eq(["analytics", "fraud_checks"]));
        assert_eq!(setup.notice.get(), 7);
        assert_eq!(language, "pt-BR");
    }

    #[test]
    fn the_worker_says_where_the_visitor_is() {
        let context = Settings::read(&Page { visitor: "us_opt_out|US|en|1", ..BARE }).setup.context;
        assert_eq!(context.regime.code, "us_opt_out");
        assert!(context.gpc);
    }

    #[test]
    fn an_unknown_regime_is_the_strict_one() {
        let context = Settings::read(&Page { visitor: "atlantis|-|-|0", ..BARE }).setup.context;
        assert_eq!((context.regime.code, context.gpc), ("default", false));
    }

    #[test]
    fn a_page_that_wants_no_language_that_there_is_gets_that_of_the_file() {
        assert_eq!(Settings::read(&Page { wanted: " th", ..BARE }).language, "en");
    }

    #[test]
    fn a_legal_basis_stands_after_the_purpose() {
        let page = Page { purposes: "analytics:legitimate_interest support:contract inference:whim", ..BARE };
        let bases: Vec<_> = Settings::read(&page).setup.purposes.iter().map(Asked::basis).collect();
        assert_eq!(bases, [LegalBasis::LegitimateInterest, LegalBasis::Contract, LegalBasis::Consent]);
    }

    #[test]
    fn the_page_may_name_a_regime_for_everybody() {
        let page = Page { regime: "gdpr", visitor: "us_ca|US|en|0", ..BARE };
        assert_eq!(Settings::read(&page).setup.context.regime.code, "gdpr");
        assert_eq!(Settings::read(&Page { regime: "gdpr", ..BARE }).setup.context.regime.code, "gdpr");
    }
}
