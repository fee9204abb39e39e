//! What the bytes of a row are to its strings: quotes that end one, escapes, and what no string may hold. Owns these masks, a bit
//! for each byte and 64 bytes at a time, and the plain way to make them; faster ways for particular machines are [`super::simd`]'s.
#![allow(clippy::inline_always, reason = "compiled anew for each way, with what its machines have")]

use super::Way;

/// How many masks are made at a time, so that the choice of a way costs nothing.
pub(super) const AHEAD: usize = 16;

/// What 64 bytes are; the lowest bit stands for the first.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Bits {
    /// Quotes that are not escaped.
    pub(super) quotes: u64,
    /// Backslashes that begin an escape.
    pub(super) escapes: u64,
    /// The `u` of escapes in hexadecimal digits.
    pub(super) hex: u64,
    /// Control characters, and letters behind a backslash that make no escape.
    pub(super) bad: u64,
}

/// The masks of one row, made as they are asked for.
pub(super) struct Masks<'r> {
    row: &'r [u8],
    way: Way,
    bits: [Bits; AHEAD],
    /// Which 64 bytes of the row the first of these stands for.
    first: usize,
    /// Whether the byte behind the last of these is escaped: 1 or 0.
    carry: u64,
}

impl<'r> Masks<'r> {
    pub(super) fn new(row: &'r [u8], way: Way) -> Self {
        let mut masks = Self { row, way, bits: [Bits::default(); AHEAD], first: 0, carry: 0 };
        masks.make();
        masks
    }

    /// What the 64 bytes at `64 * chunk` are, of which only those in the row count; `None` behind the row. Never asked for
    /// bytes before those that it was asked for last.
    pub(super) fn of(&mut self, chunk: usize) -> Option<Bits> {
        if 64 * chunk >= self.row.len() {
            return None;
        }
        while chunk >= self.first + AHEAD {
            self.first += AHEAD;
            self.make();
        }
        self.bits.get(chunk - self.first).copied()
    }

    fn make(&mut self) {
        let rest = self.row.get(64 * self.first..).unwrap_or_default();
        let bytes = rest.get(..64 * AHEAD).unwrap_or(rest);
        self.carry = self.way.make(bytes, self.carry, &mut self.bits);
    }
}

/// 64 bytes that are compared at once, each way on its own machines.
pub(super) trait Lanes: Copy {
    fn load(bytes: &[u8; 64]) -> Self;

    /// The bytes that are this one.
    fn equal(self, byte: u8) -> u64;

    /// The control characters of JSON: bytes below a space.
    fn controls(self) -> u64;

    /// Which of the bytes at `places` are letters that make an escape by themselves, and which are the `u` before digits. Where
    /// comparing is cheap, all are compared, because how many places there are can't be foretold.
    #[inline(always)]
    fn letters(self, _bytes: &[u8; 64], places: u64) -> (u64, u64) {
        let good = [b'"', b'\\', b'/', b'b', b'f', b'n', b'r', b't'].map(|letter| self.equal(letter));
        (places & good.into_iter().fold(0, |letters, these| letters | these), places & self.equal(b'u'))
    }
}

/// Makes the masks of `bytes`, no more than there is room for; takes and gives the carry.
#[inline(always)]
pub(super) fn make<L: Lanes>(bytes: &[u8], mut carry: u64, bits: &mut [Bits; AHEAD]) -> u64 {
    let (chunks, rest) = bytes.as_chunks();
    let mut last = [0; 64];
    let last = (!rest.is_empty()).then(|| {
        last[..rest.len()].copy_from_slice(rest);
        &last
    });
    for (chunk, bits) in chunks.iter().chain(last).zip(bits) {
        *bits = look::<L>(chunk, &mut carry);
    }
    carry
}

#[inline(always)]
fn look<L: Lanes>(bytes: &[u8; 64], carry: &mut u64) -> Bits {
    let lanes = L::load(bytes);
    let (quotes, backslashes, controls) = (lanes.equal(b'"'), lanes.equal(b'\\'), lanes.controls());
    if backslashes | *carry == 0 {
        return Bits { quotes, bad: controls, ..Bits::default() };
    }
    let escapes = begin(backslashes & !*carry);
    let behind = escapes << 1 | *carry;
    *carry = escapes >> 63;
    let (letters, hex) = lanes.letters(bytes, behind);
    Bits { quotes: quotes & !behind, escapes, hex, bad: controls | behind & !letters & !hex }
}

/// Which of these backslashes begin an escape: the first of each run, and every other one behind it.
const fn begin(backslashes: u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let starts = backslashes & !(backslashes << 1);
    // Adding its first bit to a run clears the run.
    let from_even = backslashes & !backslashes.wrapping_add(starts & EVEN);
    from_even & EVEN | backslashes & !from_even & !EVEN
}

/// Eight bytes as one number, on any machine.
#[derive(Clone, Copy)]
pub(super) struct Words([u64; 8]);

impl Words {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * Self::ONES;

    /// A bit for each byte: whether its highest bit is clear after `sum`, and in itself.
    #[inline(always)]
    fn gather(self, sum: impl Fn(u64) -> u64) -> u64 {
        self.0.iter().rev().fold(0, |bits, &word| {
            let clear = !sum(word) >> 7 & Self::ONES;
            // Moves the lowest bit of byte n to bit 56 + n.
            bits << 8 | clear.wrapping_mul(0x0102_0408_1020_4080) >> 56
        })
    }
}

impl Lanes for Words {
    #[inline(always)]
    fn load(bytes: &[u8; 64]) -> Self {
        let (words, _) = bytes.as_chunks();
        let mut all = [0; 8];
        for (into, word) in all.iter_mut().zip(words) {
            *into = u64::from_le_bytes(*word);
        }
        Self(all)
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u64 {
        let wanted = Self::ONES * u64::from(byte);
        self.gather(|word| {
            let other = word ^ wanted;
            ((other & Self::LOW) + Self::LOW) | other
        })
    }

    #[inline(always)]
    fn controls(self) -> u64 {
        self.gather(|word| ((word & Self::LOW) + 0x60 * Self::ONES) | word)
    }

    #[inline(always)]
    fn letters(self, bytes: &[u8; 64], mut places: u64) -> (u64, u64) {
        let (mut letters, mut hex) = (0, 0);
        while places != 0 {
            let bit = places & places.wrapping_neg();
            match bytes[bit.trailing_zeros() as usize] {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => letters |= bit,
                b'u' => hex |= bit,
                _ => {}
            }
            places ^= bit;
        }
        (letters, hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Byte by byte.
    fn plainly(row: &[u8]) -> Vec<Bits> {
        let mut all = vec![Bits::default(); row.len().div_ceil(64)];
        let mut escaped = false;
        for (at, &byte) in row.iter().enumerate() {
            let (bits, bit) = (&mut all[at / 64], 1 << (at % 64));
            if byte < b' ' || escaped && !br#""\/bfnrtu"#.contains(&byte) {
                bits.bad |= bit;
            }
            if escaped && byte == b'u' {
                bits.hex |= bit;
            }
            if !escaped && byte == b'"' {
                bits.quotes |= bit;
            }
            escaped = !escaped && byte == b'\\';
            if escaped {
                bits.escapes |= bit;
            }
        }
        all
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            4 => 0x20..=0xff_u8,
            2 => Just(b'\\'),
            1 => Just(b'"'),
            1 => Just(b'u'),
            1 => any::<u8>(),
        ];
        prop_oneof![
            proptest::collection::vec(byte, 0..300),
            (0..70_usize, 0..140_usize, 0..70_usize).prop_map(|(before, backslashes, behind)| {
                [vec![b'a'; before], vec![b'\\'; backslashes], vec![b'"'; behind]].concat()
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn every_way_sees_what_is_seen_byte_by_byte(row in bytes(), times in 1..20_usize) {
            let row = row.repeat(times);
            for way in Way::all() {
                let mut masks = Masks::new(&row, way);
                for (chunk, expected) in plainly(&row).into_iter().enumerate() {
                    let mut bits = masks.of(chunk).unwrap();
                    // What stands behind the row is nobody's.
                    let inside = row.len() - 64 * chunk;
                    if inside < 64 {
                        for mask in [&mut bits.quotes, &mut bits.escapes, &mut bits.hex, &mut bits.bad] {
                            *mask &= (1 << inside) - 1;
                        }
                    }
                    prop_assert_eq!(bits, expected, "{:?} at {}", way, 64 * chunk);
                }
                prop_assert_eq!(masks.of(row.len().div_ceil(64)), None);
            }
        }
    }
}
