//! Which way this machine sees 64 bytes at once. Owns the choice, and all that is unsafe about it.
#![allow(unsafe_code, reason = "instructions that not every machine has; which ones it has is asked first")]
#![allow(clippy::cast_ptr_alignment, reason = "the loads need none")]
#![allow(clippy::inline_always, reason = "compiled anew for each way, with what its machines have")]

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::masks::Lanes;
use super::masks::{self, AHEAD, Bits, Words};

/// A way of looking at a row that this machine has. All of them see the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Eight bytes as a number.
    Words,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Way {
    /// The one for every machine.
    pub const PLAIN: Self = Self(Kind::Words);

    /// The fastest.
    #[cfg(not(feature = "plain"))]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        return Self(if is_x86_feature_detected!("avx2") { Kind::Avx2 } else { Kind::Sse2 });
        #[cfg(target_arch = "aarch64")]
        return Self(Kind::Neon);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return Self::PLAIN;
    }

    /// The only one, so that it can be timed.
    #[cfg(feature = "plain")]
    pub fn best() -> Self {
        Self::PLAIN
    }

    /// All, for tests to compare.
    pub fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let others = [Some(Kind::Sse2), is_x86_feature_detected!("avx2").then_some(Kind::Avx2)];
        #[cfg(target_arch = "aarch64")]
        let others = [Some(Kind::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let others = [None];
        std::iter::once(Self::PLAIN).chain(others.into_iter().flatten().map(Self))
    }

    pub(super) fn make(self, bytes: &[u8], carry: u64, bits: &mut [Bits; AHEAD]) -> u64 {
        match self.0 {
            Kind::Words => masks::make::<Words>(bytes, carry, bits),
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => masks::make::<Sse2>(bytes, carry, bits),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `best` and `all` make this kind, where the machine says that it has AVX2.
            Kind::Avx2 => unsafe { avx2(bytes, carry, bits) },
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => masks::make::<Neon>(bytes, carry, bits),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(bytes: &[u8], carry: u64, bits: &mut [Bits; AHEAD]) -> u64 {
    masks::make::<Avx2>(bytes, carry, bits)
}

/// What every x86-64 has.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Sse2([arch::__m128i; 4]);

#[cfg(target_arch = "x86_64")]
impl Sse2 {
    #[inline(always)]
    fn mask(self, compare: impl Fn(arch::__m128i) -> arch::__m128i) -> u64 {
        self.0.iter().rev().fold(0, |bits, &lane| {
            // SAFETY: every x86-64 has SSE2.
            let mask = unsafe { arch::_mm_movemask_epi8(compare(lane)) };
            bits << 16 | u64::from(mask.cast_unsigned())
        })
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Sse2 {
    #[inline(always)]
    fn load(bytes: &[u8; 64]) -> Self {
        let from = bytes.as_ptr().cast::<arch::__m128i>();
        // SAFETY: every x86-64 has SSE2; four times 16 bytes are inside the 64, and these loads need no alignment.
        Self(unsafe {
            [
                arch::_mm_loadu_si128(from),
                arch::_mm_loadu_si128(from.add(1)),
                arch::_mm_loadu_si128(from.add(2)),
                arch::_mm_loadu_si128(from.add(3)),
            ]
        })
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u64 {
        // SAFETY: every x86-64 has SSE2.
        self.mask(|lane| unsafe { arch::_mm_cmpeq_epi8(lane, arch::_mm_set1_epi8(byte.cast_signed())) })
    }

    #[inline(always)]
    fn controls(self) -> u64 {
        // SAFETY: every x86-64 has SSE2.
        self.mask(|lane| unsafe {
            arch::_mm_cmpeq_epi8(arch::_mm_min_epu8(lane, arch::_mm_set1_epi8(0x1f)), lane)
        })
    }
}

/// Used inside [`avx2`] only.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2([arch::__m256i; 2]);

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    #[inline(always)]
    fn mask(self, compare: impl Fn(arch::__m256i) -> arch::__m256i) -> u64 {
        let [low, high] = self.0;
        // SAFETY: `avx2` is called where there is AVX2.
        let mask = |lane| u64::from(unsafe { arch::_mm256_movemask_epi8(compare(lane)) }.cast_unsigned());
        mask(high) << 32 | mask(low)
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    #[inline(always)]
    fn load(bytes: &[u8; 64]) -> Self {
        let from = bytes.as_ptr().cast::<arch::__m256i>();
        // SAFETY: `avx2` is called where there is AVX2; both loads are inside the 64 bytes and need no alignment.
        Self(unsafe { [arch::_mm256_loadu_si256(from), arch::_mm256_loadu_si256(from.add(1))] })
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u64 {
        // SAFETY: `avx2` is called where there is AVX2.
        self.mask(|lane| unsafe { arch::_mm256_cmpeq_epi8(lane, arch::_mm256_set1_epi8(byte.cast_signed())) })
    }

    #[inline(always)]
    fn controls(self) -> u64 {
        // SAFETY: `avx2` is called where there is AVX2.
        self.mask(|lane| unsafe {
            arch::_mm256_cmpeq_epi8(arch::_mm256_min_epu8(lane, arch::_mm256_set1_epi8(0x1f)), lane)
        })
    }
}

/// What every 64-bit ARM that Rust is built for has.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
struct Neon([arch::uint8x16_t; 4]);

#[cfg(target_arch = "aarch64")]
impl Neon {
    /// `compare` makes each byte 0 or 255; here each becomes one bit.
    #[inline(always)]
    fn mask(self, compare: impl Fn(arch::uint8x16_t) -> arch::uint8x16_t) -> u64 {
        const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let [a, b, c, d] = self.0;
        // SAFETY: this target has NEON; the load is of 16 bytes that are there.
        unsafe {
            let places = arch::vld1q_u8(PLACES.as_ptr());
            let bit = |lane| arch::vandq_u8(compare(lane), places);
            // Each step adds neighbours, so that after three of them a byte holds the bits of eight.
            let (low, high) = (arch::vpaddq_u8(bit(a), bit(b)), arch::vpaddq_u8(bit(c), bit(d)));
            let four = arch::vpaddq_u8(low, high);
            let eight = arch::vpaddq_u8(four, four);
            arch::vgetq_lane_u64::<0>(arch::vreinterpretq_u64_u8(eight))
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Lanes for Neon {
    #[inline(always)]
    fn load(bytes: &[u8; 64]) -> Self {
        let from = bytes.as_ptr();
        // SAFETY: this target has NEON; four times 16 bytes are inside the 64.
        Self(unsafe {
            [
                arch::vld1q_u8(from),
                arch::vld1q_u8(from.add(16)),
                arch::vld1q_u8(from.add(32)),
                arch::vld1q_u8(from.add(48)),
            ]
        })
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u64 {
        // SAFETY: this target has NEON.
        self.mask(|lane| unsafe { arch::vceqq_u8(lane, arch::vdupq_n_u8(byte)) })
    }

    #[inline(always)]
    fn controls(self) -> u64 {
        // SAFETY: this target has NEON.
        self.mask(|lane| unsafe { arch::vcltq_u8(lane, arch::vdupq_n_u8(b' ')) })
    }
}
