//! Moments in time. Owns [`Timestamp`] and calendar arithmetic on it; reading a clock is left to the faces.
//!
//! The calendar is written out here because a browser banner needs "six months from now" and `chrono` costs it 10 kB; a
//! property test holds it against `chrono`. Text forms (RFC 3339) exist with the feature `full` and are `chrono`'s.

const MS_PER_DAY: u32 = 86_400_000;

/// The latest moment that is accepted: 9999-12-31T23:59:59.999Z, the last one RFC 3339 can write.
const MAX_MS: i64 = 253_402_300_799_999;

/// A moment from 1970-01-01T00:00:00Z to the end of the year 9999, to the millisecond.
///
/// Kept as two small numbers, because arithmetic on 64-bit integers costs the banner's translation into JavaScript 3 kB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Days since the epoch.
    day: u32,
    /// Milliseconds of the day.
    ms: u32,
}

impl Timestamp {
    /// The beginning of Unix time.
    pub const UNIX_EPOCH: Self = Self { day: 0, ms: 0 };

    const MAX: Self = Self::from_ms(MAX_MS);

    /// From milliseconds since the epoch; values outside 1970–9999 are moved to the nearer end.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "inside the range both parts fit"
    )]
    pub const fn from_ms(ms: i64) -> Self {
        if ms < 0 {
            return Self::UNIX_EPOCH;
        }
        let ms = if ms > MAX_MS { MAX_MS } else { ms };
        let day = ms / MS_PER_DAY as i64;
        Self { day: day as u32, ms: (ms % MS_PER_DAY as i64) as u32 }
    }

    /// Milliseconds since the epoch, never negative.
    pub const fn as_ms(self) -> i64 {
        self.day as i64 * MS_PER_DAY as i64 + self.ms as i64
    }

    /// [`Self::from_ms`] from a number as browsers have it; what is no number is the epoch.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "inside the range both parts fit"
    )]
    pub const fn from_js(ms: f64) -> Self {
        let day = (ms / MS_PER_DAY as f64) as u32;
        if day > Self::MAX.day {
            return Self::MAX;
        }
        Self { day, ms: (ms - day as f64 * MS_PER_DAY as f64) as u32 }
    }

    /// [`Self::as_ms`] as a number as browsers have it.
    pub const fn as_js(self) -> f64 {
        self.day as f64 * MS_PER_DAY as f64 + self.ms as f64
    }

    /// The same moment `ms` milliseconds later (earlier if negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.as_ms().saturating_add(ms))
    }

    /// The next millisecond.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.ms + 1 < MS_PER_DAY {
            Self { ms: self.ms + 1, ..self }
        } else {
            Self { ms: 0, ..self }.plus_days(1)
        }
    }

    /// The same time of day `days` days later.
    #[must_use]
    pub const fn plus_days(self, days: u16) -> Self {
        self.on(self.day + days as u32)
    }

    /// The same day of the month `months` calendar months later; where that month is shorter, its last day
    /// (31 January + 1 month = 28 or 29 February), as periods of the GDPR are counted (Regulation 1182/71, Art. 3).
    #[must_use]
    pub const fn plus_months(self, months: u16) -> Self {
        let (year, month, day) = civil_from_days(self.day);
        let count = year * 12 + (month - 1) + months as u32;
        let (year, month) = (count / 12, count % 12 + 1);
        let last = days_in_month(year, month);
        self.on(days_from_civil(year, month, if day < last { day } else { last }))
    }

    /// The same time of another day.
    const fn on(self, day: u32) -> Self {
        if day > Self::MAX.day { Self::MAX } else { Self { day, ..self } }
    }
}

const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch of a date of the Gregorian calendar; years from 1970 on.
const fn days_from_civil(year: u32, month: u32, day: u32) -> u32 {
    // Years that begin in March put the leap day last, so that one formula gives the length of all months before.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = y / 4 - y / 100 + y / 400;
    y * 365 + leap_days + (153 * m + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day since the epoch.
const fn civil_from_days(days: u32) -> (u32, u32, u32) {
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
        fn browsers_count_the_same(ms in 0..=MAX_MS, beyond in proptest::num::f64::ANY) {
            #[allow(clippy::cast_precision_loss)]
            let number = ms as f64;
            let time = Timestamp::from_js(number);
            prop_assert_eq!(time, Timestamp::from_ms(ms));
            prop_assert_eq!(time.as_js().to_bits(), number.to_bits());
            prop_assert_eq!(time.next(), time.plus_ms(1));
            prop_assert!(Timestamp::from_js(beyond) <= Timestamp::MAX);
        }

        #[test]
        fn text_round_trips(ms in 0..=MAX_MS) {
            let time = Timestamp::from_ms(ms);
            prop_assert_eq!(time.to_string().parse::<Timestamp>(), Ok(time));
        }
    }
}
