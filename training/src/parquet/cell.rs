//! What one value of a column means to a policy. Owns the way from Parquet's kinds to the marks of [`consentry::gate`], which is the
//! one that the same value takes as JSON: dates are text, whatever is no number, truth or text can't be read.

use chrono::DateTime;
use consentry::gate::Mark;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::ColumnDescriptor;

use super::is_text;

/// What stands in a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Absent,
    Bool(bool),
    Number(f64),
    Text(String),
    Unreadable,
}

impl Cell {
    pub(super) fn mark(&self) -> Mark<'_> {
        match self {
            Self::Absent => Mark::Absent,
            Self::Bool(bool) => Mark::Bool(*bool),
            Self::Number(number) => Mark::Number(*number),
            Self::Text(text) => Mark::Text(text),
            Self::Unreadable => Mark::Unreadable,
        }
    }

    /// JSON has no other numbers.
    const fn number(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Unreadable }
    }

    fn text(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or(Self::Unreadable, |text| Self::Text(text.into()))
    }

    /// The date of a moment, in UTC.
    pub(super) fn date(seconds: i64) -> Self {
        DateTime::from_timestamp(seconds, 0)
            .map_or(Self::Unreadable, |moment| Self::Text(moment.date_naive().to_string()))
    }
}

/// What the values of a column mean.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Number,
    /// A number without a sign, of so many bits.
    Unsigned(u32),
    /// A number of so many digits behind its point.
    Decimal(i32),
    Text,
    /// Days since 1970.
    Date,
    /// So many of these are a second.
    Moment(i64),
    /// None of these.
    Other,
}

impl Kind {
    pub(super) fn of(column: &ColumnDescriptor) -> Self {
        match (column.logical_type_ref(), column.converted_type()) {
            _ if is_text(column) => Self::Text,
            (Some(LogicalType::Enum), _) | (None, ConvertedType::ENUM) => Self::Text,
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Self::Date,
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                Self::Decimal(column.type_scale())
            }
            (Some(LogicalType::Timestamp(kind)), _) => Self::Moment(match kind.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            }),
            (None, ConvertedType::TIMESTAMP_MILLIS) => Self::Moment(1_000),
            (None, ConvertedType::TIMESTAMP_MICROS) => Self::Moment(1_000_000),
            (Some(LogicalType::Integer(kind)), _) if !kind.is_signed => Self::unsigned(column),
            (
                None,
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64,
            ) => Self::unsigned(column),
            (Some(LogicalType::Integer(_)), _)
            | (
                None,
                ConvertedType::NONE
                | ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64,
            ) => Self::Number,
            _ => Self::Other,
        }
    }

    fn unsigned(column: &ColumnDescriptor) -> Self {
        Self::Unsigned(if column.physical_type() == Physical::INT32 { 32 } else { 64 })
    }

    #[allow(clippy::cast_precision_loss, reason = "as readers of JSON do with large numbers")]
    pub(super) fn integer(self, value: i64) -> Cell {
        match self {
            Self::Number => Cell::Number(value as f64),
            Self::Unsigned(bits) => {
                Cell::Number((value.cast_unsigned() << (64 - bits) >> (64 - bits)) as f64)
            }
            Self::Decimal(_) => self.decimal(value.into()),
            Self::Date => value.checked_mul(86_400).map_or(Cell::Unreadable, Cell::date),
            Self::Moment(second) => Cell::date(value.div_euclid(second)),
            Self::Text | Self::Other => Cell::Unreadable,
        }
    }

    pub(super) fn float(self, value: f64) -> Cell {
        if matches!(self, Self::Number) { Cell::number(value) } else { Cell::Unreadable }
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Cell {
        match self {
            Self::Text => Cell::text(bytes),
            Self::Decimal(_) if (1..=16).contains(&bytes.len()) => {
                // Big-endian, in two's complement.
                let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1_i128 };
                self.decimal(bytes.iter().fold(sign, |value, byte| value << 8 | i128::from(*byte)))
            }
            _ => Cell::Unreadable,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "as readers of JSON do with large numbers")]
    fn decimal(self, value: i128) -> Cell {
        let Self::Decimal(scale) = self else { return Cell::Unreadable };
        Cell::number(value as f64 / 10_f64.powi(scale))
    }
}
