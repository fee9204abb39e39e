//! Decimal digits without the machinery of the standard library, which costs a browser 15 kB. Owns writing and reading whole
//! numbers up to 2^53, as floating-point numbers because that is what browsers have.

use alloc::string::String;

/// The first power of ten that no number here reaches.
const LIMIT: f64 = 1e16;

/// Appends a whole number, which must not be negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a digit")]
pub fn write(text: &mut String, mut number: f64) {
    let mut unit = LIMIT;
    let mut begun = false;
    while unit > 1.0 {
        unit /= 10.0;
        let digit = (number / unit) as u8;
        number -= f64::from(digit) * unit;
        begun |= digit > 0 || unit <= 1.0;
        if begun {
            text.push(char::from(b'0' + digit));
        }
    }
}

/// Reads digits; `None` where there is none, or anything else. A number above 2^53 comes out near what was written.
pub fn read(text: &str) -> Option<f64> {
    let mut number = None;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = Some(number.unwrap_or_default() * 10.0 + f64::from(byte - b'0'));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    const MOST: u64 = 1 << 53;

    fn both_ways(number: u64) {
        #[allow(clippy::cast_precision_loss)]
        let exact = number as f64;
        let mut text = String::new();
        write(&mut text, exact);
        assert_eq!(text, number.to_string());
        assert_eq!(read(&text), Some(exact));
    }

    #[test]
    fn ends_and_powers_of_ten_are_written_and_read() {
        for number in (0..16).map(|exponent| 10_u64.pow(exponent)).chain([0, MOST]) {
            both_ways(number);
            both_ways(number.saturating_sub(1));
        }
    }

    #[test]
    fn anything_but_digits_is_no_number() {
        for bad in ["", "-1", "+1", "1.5", " 1", "1e3", "one", "١"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_written_and_read(number in 0..=MOST) {
            both_ways(number);
        }
    }
}
