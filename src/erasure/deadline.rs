//! By when a person who asks for an erasure must have an answer. Owns a dated table, one row a legal order as in
//! [`crate::regime`], and what follows from it. This is data, not legal advice.

use super::State;
use crate::{regime::Regime, time::Timestamp};
use serde::{Deserialize, Serialize};

/// A length of time as laws count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Calendar months; where the last one is too short, its last day.
    Months(u16),
    /// Days.
    Days(u16),
}

impl Period {
    /// The end of the period that begins then.
    pub const fn from(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Months(months) => start.plus_months(months),
            Self::Days(days) => start.plus_days(days),
        }
    }
}

/// How long an answer may take.
#[derive(Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The code of the regime.
    pub regime: &'static str,
    /// Without an extension.
    pub first: Period,
    /// With one, also counted from the request; `None` where the law knows none.
    pub extended: Option<Period>,
    /// Where the row comes from.
    pub source: &'static str,
    /// The day the row was last looked at, as YYYY-MM-DD.
    pub as_of: &'static str,
}

use Period::{Days, Months};

/// Every row. Regimes without one have the first.
pub static ALL: &[Deadline] = &[
    Deadline {
        regime: "gdpr",
        first: Months(1),
        extended: Some(Months(3)),
        source: "GDPR Art. 12(3); counted as Regulation 1182/71 Art. 3",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "uk",
        first: Months(1),
        extended: Some(Months(3)),
        source: "UK GDPR Art. 12(3), 12A",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "ch",
        first: Days(30),
        extended: None,
        source: "FADP Art. 32; the time of DPO Art. 18(1), as for access; a longer one that the person is told (Art. 18(2)) is left unused",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "us_ca",
        first: Days(45),
        extended: Some(Days(90)),
        source: "California Civil Code § 1798.130(a)(2)(A); 11 CCR § 7021(b)",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "us_opt_out",
        first: Days(45),
        extended: Some(Days(90)),
        source: "Colo. Rev. Stat. § 6-1-1306(2), Conn. Gen. Stat. § 42-518(c), Tex. Bus. & Com. Code § 541.052 and their like",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "br",
        first: Days(15),
        extended: None,
        source: "LGPD Art. 18, 19(II): the 15 days of access, as no other period is set",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "ca_qc",
        first: Days(30),
        extended: None,
        source: "P-39.1 s. 32",
        as_of: "2026-11-28",
    },
    Deadline {
        regime: "ca",
        first: Days(30),
        extended: Some(Days(60)),
        source: "PIPEDA s. 8(3), 8(4)",
        as_of: "2026-11-28",
    },
];

/// How near the deadline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// More than a week is left, or nothing is left to do.
    None,
    /// Less than a week is left.
    Soon,
    /// It has passed.
    Overdue,
}

/// The days before a deadline from which on it is warned of.
const WARNING_DAYS: i64 = 7;

impl Deadline {
    /// The row of a regime.
    pub fn of(regime: &Regime) -> &'static Self {
        static FIRST: &Deadline = &ALL[0];
        ALL.iter().find(|row| row.regime == regime.code).unwrap_or(FIRST)
    }

    /// By when an answer is due.
    pub const fn due_at(&self, requested_at: Timestamp) -> Timestamp {
        self.first.from(requested_at)
    }

    /// By when it is due after an extension that is said at `now`: one, within the first period, where the law knows it.
    pub fn extended(&self, requested_at: Timestamp, due_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let first = self.due_at(requested_at);
        let extended = self.extended?.from(requested_at);
        (due_at == first && now <= first).then_some(extended)
    }
}

/// What is to be said of a deadline at `now`. A hold and a check of identity don't stop the clock here: whoever answers the
/// person must see it.
pub fn warning(state: State, due_at: Timestamp, now: Timestamp) -> Warning {
    match state {
        _ if state.is_ended() => Warning::None,
        _ if due_at < now => Warning::Overdue,
        _ if due_at.plus_ms(-WARNING_DAYS * 86_400_000) <= now => Warning::Soon,
        _ => Warning::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::{self, BRAZIL, CALIFORNIA, DEFAULT, GDPR};
    use chrono::{DateTime, Months as ChronoMonths, TimeDelta, Utc};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn every_row_belongs_to_a_regime() {
        for row in ALL {
            assert!(regime::Regime::by_code(row.regime).is_some(), "{}", row.regime);
        }
        assert_eq!(Deadline::of(&DEFAULT).regime, "gdpr");
    }

    #[test]
    fn a_month_ends_on_the_last_day_of_a_shorter_one() {
        let row = Deadline::of(&GDPR);
        assert_eq!(row.due_at(at("2027-01-31T12:00:00Z")), at("2027-02-28T12:00:00Z"));
        assert_eq!(row.due_at(at("2028-01-31T12:00:00Z")), at("2028-02-29T12:00:00Z"));
        assert_eq!(Deadline::of(&CALIFORNIA).due_at(at("2027-01-01T00:00:00Z")), at("2027-02-15T00:00:00Z"));
    }

    #[test]
    fn it_is_extended_once_and_only_within_the_first_period() {
        let row = Deadline::of(&GDPR);
        let (asked, first) = (at("2027-01-31T12:00:00Z"), at("2027-02-28T12:00:00Z"));
        let longer = at("2027-04-30T12:00:00Z");
        assert_eq!(row.extended(asked, first, first), Some(longer));
        assert_eq!(row.extended(asked, first, first.next()), None);
        assert_eq!(row.extended(asked, longer, asked), None);
        assert_eq!(Deadline::of(&BRAZIL).extended(asked, at("2027-02-15T12:00:00Z"), asked), None);
    }

    #[test]
    fn a_deadline_is_warned_of_in_its_last_week_and_after() {
        let due = at("2027-02-28T12:00:00Z");
        let warns = |text: &str| warning(State::PartlyDone, due, at(text));
        assert_eq!(warns("2027-02-21T11:59:59.999Z"), Warning::None);
        assert_eq!(warns("2027-02-21T12:00:00Z"), Warning::Soon);
        assert_eq!(warns("2027-02-28T12:00:00Z"), Warning::Soon);
        assert_eq!(warns("2027-02-28T12:00:00.001Z"), Warning::Overdue);
        assert_eq!(warning(State::Done, due, due.next()), Warning::None);
    }

    proptest! {
        /// Against chrono's calendar.
        #[test]
        fn deadlines_are_those_of_another_calendar(ms in 0_i64..200_000_000_000_000, row in 0..ALL.len()) {
            let row = &ALL[row];
            let start: DateTime<Utc> = DateTime::from_timestamp_millis(ms).unwrap();
            let end = |period: Period| match period {
                Period::Months(months) => start.checked_add_months(ChronoMonths::new(months.into())).unwrap(),
                Period::Days(days) => start + TimeDelta::days(days.into()),
            };
            let asked = Timestamp::from_ms(ms);
            prop_assert_eq!(row.due_at(asked).as_ms(), end(row.first).timestamp_millis());
            let extended = row.extended(asked, row.due_at(asked), asked).map(Timestamp::as_ms);
            prop_assert_eq!(extended, row.extended.map(|period| end(period).timestamp_millis()));
        }
    }
}
