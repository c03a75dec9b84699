//! Numerals: decimal numbers as a text writes them.

/// The parts of a number of any size, with or without an exponent.
#[derive(Debug, Clone, Copy)]
pub struct Numeral<'t> {
    pub is_negative: bool,
    /// The digits before the point.
    pub whole: &'t str,
    /// The digits after the point.
    pub fraction: &'t str,
    pub exponent: i64,
}

impl<'t> Numeral<'t> {
    /// Parses a number as JSON writes it, where a plus sign and a missing digit on one side of
    /// the point are allowed, too.
    pub fn parse(text: &'t str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let has_digits = !(whole.is_empty() && fraction.is_empty());
        let is_number = has_digits && are_digits(whole) && are_digits(fraction);
        let is_negative = mantissa.starts_with('-');
        is_number.then_some(Self { is_negative, whole, fraction, exponent })
    }

    /// Whether the number is an integer: no digit but zero has a place after the point.
    pub fn is_integer(&self) -> bool {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        let zeros = digits.rev().take_while(|byte| *byte == b'0').count();
        let places = self.fraction.len() as i128 - i128::from(self.exponent);
        zeros == self.whole.len() + self.fraction.len() || places <= zeros as i128
    }
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
