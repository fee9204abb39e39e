//! Moments in time. Owns [`Timestamp`] and calendar arithmetic on it; reading a clock is left to the faces.
//!
//! The calendar is written out here because a browser banner needs "six months from now" and `chrono` costs it 10 kB; a
//! property test holds it against `chrono`. Text forms (RFC 3339) exist with the feature `full` and are `chrono`'s.

const MS_PER_DAY: i64 = 86_400_000;

/// The latest moment that is accepted: 9999-12-31T23:59:59.999Z, the last one RFC 3339 can write.
const MAX_MS: i64 = 253_402_300_799_999;

/// Milliseconds since 1970-01-01T00:00:00Z, from then to the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of Unix time.
    pub const UNIX_EPOCH: Self = Self(0);

    /// From milliseconds since the epoch; values outside 1970–9999 are moved to the nearer end.
    pub const fn from_ms(ms: i64) -> Self {
        if ms < 0 {
            Self(0)
        } else if ms > MAX_MS {
            Self(MAX_MS)
        } else {
            Self(ms)
        }
    }

    /// Milliseconds since the epoch, never negative.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// The same moment `ms` milliseconds later (earlier if negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// The same time of day `days` days later.
    #[must_use]
    pub const fn plus_days(self, days: u16) -> Self {
        self.plus_ms(days as i64 * MS_PER_DAY)
    }

    /// The same day of the month `months` calendar months later; where that month is shorter, its last day
    /// (31 January + 1 month = 28 or 29 February), as periods of the GDPR are counted (Regulation 1182/71, Art. 3).
    #[must_use]
    pub const fn plus_months(self, months: u16) -> Self {
        let (year, month, day) = civil_from_days(self.0 / MS_PER_DAY);
        let count = year * 12 + (month - 1) + months as i64;
        let (year, month) = (count / 12, count % 12 + 1);
        let last = days_in_month(year, month);
        let day = if day < last { day } else { last };
        Self::from_ms(days_from_civil(year, month, day) * MS_PER_DAY + self.0 % MS_PER_DAY)
    }
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch of a date of the Gregorian calendar; years from 1970 on.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last, so that one formula gives the length of all months before.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = y / 4 - y / 100 + y / 400;
    y * 365 + leap_days + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day since the epoch, which must not be negative.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days / 366;
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    let mut day = days - days_from_civil(year, 1, 1);
    while day >= days_in_month(year, month) {
        day -= days_in_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(feature = "full")]
mod text {
    use super::Timestamp;
    use alloc::string::String;
    use chrono::{DateTime, SecondsFormat};
    use core::{fmt, str::FromStr};

    /// The text is no RFC 3339 time between 1970 and 9999.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct NotRfc3339;

    impl fmt::Display for NotRfc3339 {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("write a time as RFC 3339, such as 2026-11-24T09:30:00.000Z")
        }
    }

    impl core::error::Error for NotRfc3339 {}

    impl fmt::Display for Timestamp {
        /// RFC 3339 in UTC with milliseconds.
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let moment = DateTime::from_timestamp_millis(self.as_ms()).unwrap_or_default();
            f.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
        }
    }

    impl FromStr for Timestamp {
        type Err = NotRfc3339;

        fn from_str(text: &str) -> Result<Self, NotRfc3339> {
            let ms = DateTime::parse_from_rfc3339(text).map_err(|_| NotRfc3339)?.timestamp_millis();
            if Self::from_ms(ms).as_ms() == ms { Ok(Self::from_ms(ms)) } else { Err(NotRfc3339) }
        }
    }

    impl serde::Serialize for Timestamp {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> serde::Deserialize<'de> for Timestamp {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        }
    }
}

#[cfg(feature = "full")]
pub use text::NotRfc3339;

#[cfg(feature = "full")]
#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use chrono::{DateTime, Months};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_after_the_last_of_january_is_the_last_of_february() {
        assert_eq!(at("2027-01-31T10:00:00Z").plus_months(1), at("2027-02-28T10:00:00Z"));
        assert_eq!(at("2028-01-31T10:00:00Z").plus_months(1), at("2028-02-29T10:00:00Z"));
    }

    #[test]
    fn times_before_the_epoch_are_refused() {
        assert_eq!("1969-12-31T23:59:59Z".parse::<Timestamp>(), Err(NotRfc3339));
    }

    proptest! {
        #[test]
        fn months_are_counted_as_chrono_counts_them(ms in 0..200_000_000_000_000_i64, months in 0..1200_u16) {
            let expected = DateTime::from_timestamp_millis(ms).unwrap() + Months::new(u32::from(months));
            prop_assert_eq!(Timestamp::from_ms(ms).plus_months(months).as_ms(), expected.timestamp_millis());
        }

        #[test]
        fn text_round_trips(ms in 0..=MAX_MS) {
            let time = Timestamp::from_ms(ms);
            prop_assert_eq!(time.to_string().parse::<Timestamp>(), Ok(time));
        }
    }
}
