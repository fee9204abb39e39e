//! Where does a plain stretch of a string end? Owns the one loop that most bytes of most rows go through; faster ways for
//! particular machines belong here and nowhere else.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The index of the first quote, backslash or control character at or after `at`; the length of the row if there is none.
pub(super) fn end(row: &[u8], mut at: usize) -> usize {
    let Some(mut rest) = row.get(at..) else { return row.len() };
    // Eight bytes as one number: wider blocks without early ends lose where texts have an escape in every line.
    while let Some((word, more)) = rest.split_first_chunk() {
        let odd = odd(u64::from_le_bytes(*word));
        if odd != 0 {
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
        rest = more;
    }
    rest.iter().position(|&byte| is_odd(byte)).map_or(row.len(), |place| at + place)
}

const fn is_odd(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// The high bit of every byte that is odd; above the first such byte others may be marked too.
fn odd(word: u64) -> u64 {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    (quote | backslash | control) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_odd_byte_is_found_at_any_distance(
            mut row in proptest::collection::vec(prop_oneof![8 => 0x20..=0xff_u8, 1 => any::<u8>()], 0..200),
            plain in 0..150_usize,
            at in 0..40_usize,
        ) {
            for byte in row.iter_mut().take(plain) {
                if is_odd(*byte) {
                    *byte = b'!';
                }
            }
            let at = at.min(row.len());
            let expected = row[at..].iter().position(|&byte| is_odd(byte)).map_or(row.len(), |n| at + n);
            prop_assert_eq!(end(&row, at), expected);
        }
    }
}
