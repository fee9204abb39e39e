//! Where does a plain stretch of a string end? Owns the one loop that most bytes of most rows go through; faster ways for
//! particular machines belong here and nowhere else.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const WORD: usize = 8;
const BLOCK: usize = 32;

/// The index of the first quote, backslash or control character at or after `at`; the length of the row if there is none.
pub(super) fn end(row: &[u8], mut at: usize) -> usize {
    // Most strings are keys and short values, most bytes are in long ones.
    for _ in 0..2 {
        match word(row, at) {
            Some(0) => at += WORD,
            Some(odd) => return at + first(odd),
            None => return tail(row, at),
        }
    }
    while let Some(block) = row.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
        // Without an early end, so that the compiler makes vectors of it.
        let odd = block.iter().fold(0, |odd, &byte| odd | u8::from(is_odd(byte)));
        if odd != 0 {
            break;
        }
        at += BLOCK;
    }
    loop {
        match word(row, at) {
            Some(0) => at += WORD,
            Some(odd) => return at + first(odd),
            None => return tail(row, at),
        }
    }
}

fn tail(row: &[u8], at: usize) -> usize {
    row.get(at..).and_then(|rest| rest.iter().position(|&byte| is_odd(byte))).map_or(row.len(), |n| at + n)
}

const fn is_odd(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// The high bit of every byte of the next eight that is odd; above the first such byte others may be marked too.
fn word(row: &[u8], at: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*row.get(at..)?.first_chunk::<WORD>()?);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    Some((quote | backslash | control) & HIGHS)
}

const fn first(odd: u64) -> usize {
    odd.trailing_zeros() as usize / WORD
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
