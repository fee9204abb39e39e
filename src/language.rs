//! Which language a person is spoken to in. Owns the choice among the languages that there are; finding out what is wanted
//! (`Accept-Language`, the page's `lang`) and keeping the texts is left to the faces.

use crate::words::Words;

/// Tags that are asked for under one name and kept under another: Norwegian is Bokmål unless it says otherwise, and its
/// readers of Nynorsk rather read that than English.
const ALSO: [(&str, &str); 2] = [("no", "nb"), ("nn", "nb")];

/// The one of some languages (BCP 47, separated by spaces) that fits a wanted tag: itself, or else one of the same language,
/// if possible the one without a region. Case makes no difference.
pub fn best<'a>(wanted: &str, there_are: &'a str) -> Option<&'a str> {
    let primary = primary(wanted);
    let primary =
        ALSO.iter().find(|(tag, _)| primary.eq_ignore_ascii_case(tag)).map_or(primary, |(_, kept)| kept);
    let (mut without_region, mut of_a_region) = (None, None);
    for one in Words::new(there_are, b' ') {
        if one.eq_ignore_ascii_case(wanted) {
            return Some(one);
        }
        if one.eq_ignore_ascii_case(primary) {
            without_region = Some(one);
        } else if self::primary(one).eq_ignore_ascii_case(primary) {
            of_a_region = Some(one);
        }
    }
    without_region.or(of_a_region)
}

/// The language of a tag without script and region.
fn primary(tag: &str) -> &str {
    let end = tag.bytes().position(|byte| matches!(byte, b'-' | b'_'));
    end.and_then(|end| tag.get(..end)).unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE_ARE: &str = "de en nb pt pt-BR zh-Hans";

    fn spoken(wanted: &str) -> Option<&'static str> {
        best(wanted, THERE_ARE)
    }

    #[test]
    fn a_tag_gets_its_own_language_before_a_related_one() {
        assert_eq!(spoken("pt-BR"), Some("pt-BR"));
        assert_eq!(spoken("PT-br"), Some("pt-BR"));
        assert_eq!(spoken("pt"), Some("pt"));
        assert_eq!(spoken("pt-AO"), Some("pt"));
    }

    #[test]
    fn a_region_falls_back_to_its_language() {
        assert_eq!(spoken("de-AT"), Some("de"));
        assert_eq!(spoken("en_GB"), Some("en"));
        assert_eq!(spoken("zh-CN"), Some("zh-Hans"));
    }

    #[test]
    fn norwegian_has_many_names() {
        for tag in ["no", "nb-NO", "nn", "NO"] {
            assert_eq!(spoken(tag), Some("nb"), "{tag}");
        }
    }

    #[test]
    fn a_language_that_there_is_not_is_none() {
        for tag in ["fr", "d", "fr-DE"] {
            assert_eq!(spoken(tag), None, "{tag:?}");
        }
    }
}
