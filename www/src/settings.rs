//! What the embedding page wants. Owns the data attributes of the script tag and the note about the visitor that the Worker
//! writes into the script; what follows from them is decided by the core.

use alloc::{string::String, vec::Vec};
use consentry::{
    banner::Setup,
    decision::Context,
    notice::NoticeVersion,
    purpose::Purpose,
    regime::{DEFAULT, Regime},
};

/// What is known before the first decision.
pub(crate) struct Settings {
    /// The site's id at the Worker.
    pub(crate) site: String,
    /// Where the Worker is, without a slash at the end.
    pub(crate) api: String,
    /// The purposes to ask for, in order, each once.
    pub(crate) purposes: Vec<Purpose>,
    /// The version of the notice.
    pub(crate) notice: NoticeVersion,
    /// Languages to try, best first.
    pub(crate) languages: Vec<String>,
    /// Regime and Global Privacy Control.
    pub(crate) context: Context,
}

/// What a page can be asked about itself; a closure in tests.
pub(crate) struct Page<'a> {
    /// A data attribute of the script tag, without `data-`.
    pub(crate) attribute: &'a dyn Fn(&str) -> Option<String>,
    /// The absolute address of the script.
    pub(crate) source: String,
    /// The language of the document.
    pub(crate) language: String,
    /// What the Worker wrote: `regime|country|language|gpc`, or the placeholder where no Worker served the script.
    pub(crate) visitor: &'a str,
    /// Whether the browser sends Global Privacy Control.
    pub(crate) gpc: bool,
}

impl Settings {
    /// Whatever is missing or can't be read gets the default, and a regime that can't the strictest.
    pub(crate) fn read(page: &Page<'_>) -> Self {
        let attribute = |name| (page.attribute)(name).filter(|value| !value.is_empty());
        let mut visitor = page.visitor.split('|');
        let regime = visitor.next().and_then(Regime::by_code).unwrap_or(&DEFAULT);
        let language = visitor.nth(1).unwrap_or_default();
        let gpc = page.gpc || visitor.next() == Some("1");
        let api = attribute("api").unwrap_or_else(|| origin(&page.source));
        Self {
            site: attribute("site").unwrap_or_else(|| "default".into()),
            api: api.trim_end_matches('/').into(),
            purposes: purposes(&attribute("purposes").unwrap_or_default()),
            notice: attribute("notice-version")
                .and_then(|number| NoticeVersion::parse(&number))
                .unwrap_or(NoticeVersion::FIRST),
            languages: [attribute("lang").unwrap_or_default(), page.language.clone(), language.into()].into(),
            context: Context { regime, gpc },
        }
    }

    /// The part of it that the banner's rules need.
    pub(crate) fn setup(&self) -> Setup {
        Setup { purposes: self.purposes.clone(), notice: self.notice, context: self.context }
    }
}

/// Scheme, host and port of an absolute address.
fn origin(address: &str) -> String {
    let parts: Vec<_> = address.split('/').take(3).collect();
    parts.join("/")
}

/// The purposes that an attribute names, separated by white space; the default ones if it names none. A word that is no
/// purpose is left out: it can be granted by nobody.
fn purposes(attribute: &str) -> Vec<Purpose> {
    let mut purposes = Vec::new();
    for purpose in attribute.split_ascii_whitespace().filter_map(Purpose::parse) {
        if !purposes.contains(&purpose) {
            purposes.push(purpose);
        }
    }
    if purposes.is_empty() { Purpose::DEFAULT.into() } else { purposes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;

    fn read(attributes: &[(&str, &str)], visitor: &str) -> Settings {
        let attribute = |name: &str| {
            attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::read(&Page {
            attribute: &attribute,
            source: "https://consent.example:8443/banner.js?v=1".into(),
            language: "fr-CA".into(),
            visitor,
            gpc: false,
        })
    }

    #[test]
    fn a_bare_tag_gets_the_defaults() {
        let settings = read(&[], "%VISITOR%");
        assert_eq!(settings.api, "https://consent.example:8443");
        assert_eq!(settings.purposes, Purpose::DEFAULT);
        assert_eq!(settings.notice, NoticeVersion::FIRST);
        assert_eq!(settings.context.regime.code, "default");
        assert!(!settings.context.gpc);
    }

    #[test]
    fn attributes_decide() {
        let attributes = [
            ("site", "shop"),
            ("api", "https://api.example/"),
            ("purposes", " analytics  fraud_checks analytics No-Purpose"),
            ("notice-version", "7"),
            ("lang", "de"),
        ];
        let settings = read(&attributes, "%VISITOR%");
        assert_eq!((settings.site.as_str(), settings.api.as_str()), ("shop", "https://api.example"));
        let names: Vec<_> = settings.purposes.iter().map(Purpose::as_str).collect();
        assert_eq!(names, ["analytics", "fraud_checks"]);
        assert_eq!(settings.notice.get(), 7);
        assert_eq!(settings.languages, ["de", "fr-CA", ""]);
    }

    #[test]
    fn the_worker_says_where_the_visitor_is() {
        let settings = read(&[], "us_opt_out|US|en|1");
        assert_eq!(settings.context.regime.code, "us_opt_out");
        assert!(settings.context.gpc);
        assert_eq!(settings.languages, ["", "fr-CA", "en"]);
    }

    #[test]
    fn an_unknown_regime_is_the_strict_one() {
        assert_eq!(read(&[], "atlantis|-|-|0").context.regime.code, "default");
    }
}
