//! The choice that a browser keeps between visits. Owns [`Choice`], its text form and the reading of it; where the text is
//! kept is left to the faces.
//!
//! The text is `1 <notice version>` and then, for each purpose, ` <name>=<granted|revoked>@<milliseconds since 1970>`, for
//! example `1 3 analytics=granted@1795000000000`; after that may stand `@gpc` or `@old`. Whatever deviates from it in any place
//! counts as no choice at all.

use crate::{
    digits, history::Current, notice::NoticeVersion, purpose::Purpose, record::Status, time::Timestamp,
    words::Words,
};
use alloc::{string::String, vec::Vec};

// As texts, because to append a character brings the encoding of all of Unicode.
const SPACE: &str = " ";
const EQUALS: &str = "=";
const AT: &str = "@";

/// What a person decided about one purpose, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// About the purpose with this name.
    pub purpose: &'a str,
    /// Yes or no; never [`Status::Pending`].
    pub status: Status,
    /// When.
    pub decided_at: Timestamp,
    /// What else has to be known of it.
    pub mark: Mark,
}

/// What else has to be known of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    None,
    /// It is a yes over Global Privacy Control ([`Current::over_gpc`]).
    OverGpc,
    /// It is a no to an older version of the notice than that of the choice: it counts, but the person is asked again.
    Outdated,
}

impl Mark {
    /// What stands at the end of the answer in a kept text.
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::OverGpc => "@gpc",
            Self::Outdated => "@old",
        }
    }
}

/// What a person decided on one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The version of the notice they had before them, last if they decided several times.
    pub notice: NoticeVersion,
    /// At most one answer for each purpose.
    pub answers: Vec<Answer<'a>>,
}

impl<'a> Choice<'a> {
    /// The answer about a purpose.
    pub fn answer(&self, purpose: &str) -> Option<&Answer<'a>> {
        Answer::find(&self.answers, purpose)
    }

    /// The moment of the latest answer.
    pub fn latest(&self) -> Option<Timestamp> {
        self.answers.iter().map(|answer| answer.decided_at).max()
    }

    /// Of two places where a choice is kept, the one that knows more.
    pub fn later(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let latest = |choice: &Option<Self>| choice.as_ref().and_then(Self::latest);
        if latest(&other) > latest(&one) { other } else { one }
    }

    /// The text to keep.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        text.push_str("1 ");
        digits::write(&mut text, f64::from(self.notice.get()));
        for answer in &self.answers {
            text.push_str(SPACE);
            answer.write(&mut text);
        }
        text
    }

    /// Reads a kept text; `None` if it is not exactly what [`Self::to_text`] writes.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut words = Words::new(text, b' ');
        words.next()?;
        let mut choice = Self { notice: NoticeVersion::parse(words.next()?)?, answers: Vec::new() };
        for word in words {
            let answer = Answer::parse(word)?;
            if Answer::find(&choice.answers, answer.purpose).is_some() {
                return None;
            }
            choice.answers.push(answer);
        }
        // One way to write a choice means that nothing unread can hide in it: signs, leading zeros, times out of range, other
        // words than those that are read here.
        (choice.to_text() == text).then_some(choice)
    }
}

impl<'a> Answer<'a> {
    /// An answer on the notice of the choice that it will be part of.
    pub const fn new(purpose: &'a str, status: Status, decided_at: Timestamp) -> Self {
        Self { purpose, status, decided_at, mark: Mark::None }
    }

    /// The one of some answers that is about a purpose.
    #[inline(never)]
    pub(super) fn find<'s>(answers: &'s [Self], purpose: &str) -> Option<&'s Self> {
        answers.iter().find(|answer| answer.purpose == purpose)
    }

    /// The form that [`crate::decision::decide_current`] takes.
    pub const fn current(&self) -> Current {
        Current { status: self.status, since: self.decided_at, over_gpc: matches!(self.mark, Mark::OverGpc) }
    }

    /// Appends the answer in the form that stands in a kept text.
    pub fn write(&self, text: &mut String) {
        text.push_str(self.purpose);
        text.push_str(EQUALS);
        text.push_str(self.status.as_str());
        text.push_str(AT);
        digits::write(text, self.decided_at.as_js());
        text.push_str(self.mark.as_str());
    }

    /// Reads roughly: what would be written otherwise is found out by writing it.
    fn parse(word: &'a str) -> Option<Self> {
        let mut parts = Words::new(word, b'=');
        let (purpose, answer) = (parts.next()?, parts.next()?);
        let mut parts = Words::new(answer, b'@');
        let status = if parts.next()? == "granted" { Status::Granted } else { Status::Revoked };
        let decided_at = Timestamp::from_js(digits::read(parts.next()?)?);
        let mark = match parts.next() {
            None => Mark::None,
            Some("gpc") => Mark::OverGpc,
            Some(_) => Mark::Outdated,
        };
        Purpose::is_name(purpose).then_some(Self { purpose, status, decided_at, mark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_is_as_documented() {
        let at = Timestamp::from_ms(1_795_000_000_000);
        let answers = [
            Answer::new("analytics", Status::Granted, at),
            Answer { mark: Mark::Outdated, ..Answer::new("inference", Status::Revoked, at) },
            Answer { mark: Mark::OverGpc, ..Answer::new("sale_or_sharing", Status::Granted, at) },
        ];
        let choice = Choice { notice: NoticeVersion::new(3).unwrap(), answers: answers.into() };
        let text = "1 3 analytics=granted@1795000000000 inference=revoked@1795000000000@old \
            sale_or_sharing=granted@1795000000000@gpc";
        assert_eq!(choice.to_text(), text);
        assert_eq!(Choice::parse(text), Some(choice));
    }

    #[test]
    fn anything_else_is_no_choice() {
        for bad in [
            "",
            "1",
            "1 ",
            "2 1",
            "1 0",
            "1 1 ",
            "1 1  analytics=granted@5",
            "1 1 analytics",
            "1 1 analytics=granted",
            "1 1 analytics=granted@",
            "1 1 analytics=granted@-5",
            "1 1 analytics=granted@+5",
            "1 1 analytics=granted@05",
            "1 1 analytics=granted@5.0",
            "1 1 analytics=granted@99999999999999999",
            "1 1 analytics=revoked@5@",
            "1 1 analytics=revoked@5@new",
            "1 1 analytics=revoked@5@old@old",
            "1 1 analytics=granted@5@gpc@old",
            "1 1 analytics=pending@5",
            "1 1 analytics=yes@5",
            "1 1 Analytics=granted@5",
            "1 1 analytics=granted@5 analytics=revoked@6",
            "{\"analytics\":true}",
        ] {
            assert_eq!(Choice::parse(bad), None, "{bad:?}");
        }
    }

    const MARKS: [Mark; 3] = [Mark::None, Mark::OverGpc, Mark::Outdated];

    proptest! {
        #[test]
        fn every_choice_reads_back(version in 1..u32::MAX, answers in prop::collection::btree_map(
            "[a-z][a-z0-9_]{0,5}", (any::<bool>(), 0..200_000_000_000_000_i64, prop::sample::select(&MARKS[..])), 0..5,
        )) {
            let answers = answers.iter().map(|(name, &(granted, ms, mark))| Answer {
                purpose: name,
                status: if granted { Status::Granted } else { Status::Revoked },
                decided_at: Timestamp::from_ms(ms),
                mark,
            });
            let choice = Choice { notice: NoticeVersion::new(version).unwrap(), answers: answers.collect() };
            let text = choice.to_text();
            prop_assert_eq!(Choice::parse(&text), Some(choice));
        }

        #[test]
        fn what_reads_is_what_would_be_written(text in "1 [0-9 @=a-z]{0,30}") {
            if let Some(choice) = Choice::parse(&text) {
                prop_assert_eq!(choice.to_text(), text);
            }
        }
    }
}
