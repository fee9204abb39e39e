//! The second gate beside consent: material that its owner reserved, and people too young to say yes by themselves. Owns what a
//! mark on a piece of training data means; where marks stand in it, and which of them a site heeds, is left to the faces.
//!
//! A mark that is there and can't be read closes the gate.

use chrono::{DateTime, Datelike as _, NaiveDate};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use crate::time::Timestamp;

/// What stands where a mark may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark<'a> {
    /// Nothing, or null, which tables write for nothing.
    Absent,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Something else, or two things.
    Unreadable,
}

/// Why a piece stays out although its person granted the purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closed {
    /// Its owner reserved it.
    Reserved,
    /// Its person is a child and no parent agreed.
    Child,
}

impl Closed {
    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Child => "child",
        }
    }
}

/// Whether a `tdm-reservation` (TDM Reservation Protocol, section 5) reserves text and data mining: `1` does, `0` does not.
pub fn tdm_reserved(mark: Mark<'_>) -> bool {
    match mark {
        Mark::Absent => false,
        Mark::Bool(reserved) => reserved,
        Mark::Number(number) => number != 0.0,
        Mark::Text(text) => text.trim() != "0",
        Mark::Unreadable => true,
    }
}

/// Whether a `Content-Usage` (draft-ietf-aipref-vocab, section 6: a Dictionary of RFC 9651) disallows training: `train-ai=n` does,
/// `train-ai=y` and a field without that key do not.
///
/// The draft calls a field that can't be parsed, and a value that is neither, unknown, and leaves it to the reader what follows.
/// Here it is reserved.
pub fn content_usage_reserved(mark: Mark<'_>) -> bool {
    let text = match mark {
        Mark::Absent => return false,
        Mark::Text(text) => text,
        Mark::Bool(_) | Mark::Number(_) | Mark::Unreadable => return true,
    };
    let Ok(preferences) = Parser::new(text).parse::<Dictionary>() else { return true };
    match preferences.get("train-ai") {
        None => false,
        Some(ListEntry::Item(item)) => {
            !matches!(&item.bare_item, BareItem::Token(token) if token.as_str() == "y")
        }
        Some(ListEntry::InnerList(_)) => true,
    }
}

/// What is known of a person's age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Age<'a> {
    /// In years, as a number or a text.
    Years(Mark<'a>),
    /// The date of birth: a text that begins with `YYYY-MM-DD`.
    Born(Mark<'a>),
}

/// From what age on people say yes by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeRule {
    /// In years. 16 under Art. 8 GDPR unless a member state says less, down to 13; 13 under COPPA.
    pub minimum: u8,
    /// Whether somebody of unknown age counts as a child.
    pub unknown_is_child: bool,
}

impl AgeRule {
    /// Whether the person counts as a child for whom no parent agreed on the day of `now`, in UTC. Only `true` is a parent's
    /// agreement.
    pub fn closed(self, age: Age<'_>, parental_consent: Mark<'_>, now: Timestamp) -> bool {
        let old_enough = match age {
            Age::Years(Mark::Absent) | Age::Born(Mark::Absent) => !self.unknown_is_child,
            Age::Years(Mark::Number(years)) => years >= f64::from(self.minimum),
            Age::Years(Mark::Text(text)) => text
                .trim()
                .parse::<f64>()
                .is_ok_and(|years| years.is_finite() && years >= f64::from(self.minimum)),
            Age::Born(Mark::Text(text)) => self.born_early_enough(text, now).unwrap_or(false),
            Age::Years(_) | Age::Born(_) => false,
        };
        !old_enough && parental_consent != Mark::Bool(true)
    }

    fn born_early_enough(self, text: &str, now: Timestamp) -> Option<bool> {
        let (date, rest) = text.trim().split_at_checked(10)?;
        // A moment is given by its date; what else begins like a date is none.
        if !(rest.is_empty() || rest.starts_with(['T', ' '])) {
            return None;
        }
        let born = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
        let today = DateTime::from_timestamp_millis(now.as_ms())?.date_naive();
        // Whoever was born on 29 February is a year older on 1 March.
        let birthday = (born.year() + i32::from(self.minimum), born.month(), born.day());
        Some(birthday <= (today.year(), today.month(), today.day()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Absent, Bool, Number, Text, Unreadable};

    const RULE: AgeRule = AgeRule { minimum: 16, unknown_is_child: false };

    fn on(date: &str) -> Timestamp {
        let moment = alloc::format!("{date}T00:00:00Z");
        Timestamp::from_ms(DateTime::parse_from_rfc3339(&moment).unwrap().timestamp_millis())
    }

    #[test]
    fn who_turns_the_age_today_is_old_enough() {
        let closed = |born, today| RULE.closed(Age::Born(Text(born)), Absent, on(today));
        assert!(closed("2010-06-15", "2026-06-14"));
        assert!(!closed("2010-06-15", "2026-06-15"));
        assert!(closed("2008-02-29", "2024-02-28"));
        assert!(!closed("2008-02-29", "2024-02-29"));
        assert!(AgeRule { minimum: 17, ..RULE }.closed(
            Age::Born(Text("2008-02-29")),
            Absent,
            on("2025-02-28")
        ));
    }

    #[test]
    fn an_unknown_age_is_a_childs_only_where_the_rule_says_so() {
        let careful = AgeRule { unknown_is_child: true, ..RULE };
        for age in [Age::Years(Absent), Age::Born(Absent)] {
            assert!(!RULE.closed(age, Absent, Timestamp::UNIX_EPOCH));
            assert!(careful.closed(age, Absent, Timestamp::UNIX_EPOCH));
            assert!(!careful.closed(age, Bool(true), Timestamp::UNIX_EPOCH));
        }
    }

    #[test]
    fn an_age_that_can_not_be_read_is_a_childs() {
        for mark in
            [Bool(true), Text("old"), Text("inf"), Text(""), Number(f64::NAN), Number(-1.0), Unreadable]
        {
            assert!(RULE.closed(Age::Years(mark), Absent, on("2026-01-01")), "{mark:?}");
        }
        for mark in
            [Bool(true), Number(1990.0), Text("1990"), Text("1990-02-30"), Text("1990-01-01x"), Unreadable]
        {
            assert!(RULE.closed(Age::Born(mark), Absent, on("2026-01-01")), "{mark:?}");
        }
    }

    #[test]
    fn only_true_is_a_parents_agreement() {
        let closed = |consent| RULE.closed(Age::Years(Number(12.0)), consent, Timestamp::UNIX_EPOCH);
        assert!(!closed(Bool(true)));
        for other in [Absent, Bool(false), Number(1.0), Text("true"), Unreadable] {
            assert!(closed(other), "{other:?}");
        }
    }
}
