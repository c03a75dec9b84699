//! Numbers in strings: exact decimals of any size.

use num_bigint::BigInt;
use std::fmt;
use std::ops::Add;

/// How many digits a sum may have, with its zeros.
const MAX_DIGITS: u32 = 1 << 16;

/// A decimal: an integer and a power of ten.
#[derive(Debug, Clone, PartialEq)]
pub struct Decimal {
    digits: BigInt,
    exponent: i32,
}

impl Decimal {
    /// Reads a number as JSON writes it, with or without a sign.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (text, 0i32),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_number = is_digits(unsigned) && is_digits(fraction);
        if !is_number || unsigned.is_empty() && fraction.is_empty() {
            return None;
        }
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
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

    /// The same number without zeros at its end.
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

/// Without an exponent.
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
