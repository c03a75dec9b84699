//! Sums of numbers in strings: exact decimals of any size.

use crate::preview::schema::numeral::Numeral;
use num_bigint::BigInt;
use std::fmt;
use std::ops::Add;

/// The most digits of a sum, its zeros included.
const MAX_DIGITS: u32 = 1 << 16;

/// A decimal: an integer and a power of ten.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal {
    digits: BigInt,
    exponent: i32,
}

impl Decimal {
    /// Parses a number as JSON writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let Numeral { is_negative, whole, fraction, exponent } = Numeral::parse(text)?;
        let magnitude: BigInt = format!("{whole}{fraction}").parse().ok()?;
        let digits = if is_negative { -magnitude } else { magnitude };
        let places = i32::try_from(fraction.len()).ok()?;
        let exponent = i32::try_from(exponent).ok()?.checked_sub(places)?;
        Some(Self { digits, exponent }.normal())
    }

    /// The sum, unless it has too many digits to be written.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |it: Self| {
            let zeros = it.exponent.checked_sub(exponent)?.unsigned_abs();
            (zeros <= MAX_DIGITS).then(|| it.digits * BigInt::from(10).pow(zeros))
        };
        let digits = scaled(self)?.add(scaled(other)?);
        let sum = Self { digits, exponent }.normal();
        (sum.exponent.unsigned_abs() <= MAX_DIGITS).then_some(sum)
    }

    /// The same number, normalized: its digits don't end with a zero.
    fn normal(mut self) -> Self {
        let digits = self.digits.to_string();
        let kept = digits.trim_end_matches('0');
        if matches!(kept, "" | "-") {
            return Self { digits: BigInt::ZERO, exponent: 0 };
        }
        let zeros = i32::try_from(digits.len() - kept.len()).unwrap_or(0);
        if let (1.., Ok(digits), Some(exponent)) =
            (zeros, kept.parse(), self.exponent.checked_add(zeros))
        {
            self = Self { digits, exponent };
        }
        self
    }
}

/// Writes the number without an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits.sign() == num_bigint::Sign::Minus { "-" } else { "" };
        let digits = self.digits.magnitude().to_string();
        let places = usize::try_from(-i64::from(self.exponent)).unwrap_or(0);
        let zeros = usize::try_from(self.exponent).unwrap_or(0);
        if places == 0 {
            return write!(f, "{sign}{digits}{}", "0".repeat(zeros));
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        write!(f, "{sign}{whole}.{fraction}")
    }
}
