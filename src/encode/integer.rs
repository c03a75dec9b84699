//! Integers in decimal, eight digits at a time.

use super::buffer::Writer;

/// One more than the largest number of eight digits.
const EIGHT: u64 = 100_000_000;

/// Appends an integer.
#[inline(always)]
pub(super) fn write(value: u64, out: &mut Writer<'_>) {
    if value < EIGHT {
        return write_first(value as u32, out);
    }
    let (first, last) = (value / EIGHT, (value % EIGHT) as u32);
    if first < EIGHT {
        write_first(first as u32, out);
    } else {
        write_first((first / EIGHT) as u32, out);
        out.extend_array(&digits((first % EIGHT) as u32).to_le_bytes());
    }
    out.extend_array(&digits(last).to_le_bytes());
}

/// Appends a number of up to eight digits, without leading zeros.
#[inline(always)]
fn write_first(value: u32, out: &mut Writer<'_>) {
    let digits = digits(value);
    let zeros = ((digits & 0x0f0f_0f0f_0f0f_0f0f).trailing_zeros() / 8).min(7);
    out.extend_piece(&(digits >> (8 * zeros)).to_le_bytes(), 8 - zeros as usize);
}

/// Eight digits in ASCII, the first one in the lowest byte, by SWAR (SIMD within a register): each
/// step splits all numbers at once, into two of four digits, four of two, and eight of one.
///
/// The divisions of the last two steps are multiplications by a reciprocal that is a little too
/// large, by so little that the quotient is exact in the range: 10,486 / 2²⁰ for 1/100 up to
/// 9,999, and 103 / 2¹⁰ for 1/10 up to 99.
#[inline(always)]
fn digits(value: u32) -> u64 {
    let value = u64::from(value);
    let fours = halves(value, value / 10_000, 10_000, 32);
    let twos = halves(fours, ((fours * 10_486) >> 20) & 0x7f_0000_007f, 100, 16);
    let ones = halves(twos, ((twos * 103) >> 10) & 0x000f_000f_000f_000f, 10, 8);
    ones | 0x3030_3030_3030_3030
}

/// Places each remainder `bits` above its quotient.
#[inline(always)]
fn halves(values: u64, quotients: u64, divisor: u64, bits: u32) -> u64 {
    quotients | (values - quotients * divisor) << bits
}
