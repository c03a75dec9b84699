//! Durations as the API writes them: ISO 8601, such as `PT2H` or `P1DT30M`.

use crate::local::error::ApiError;
use crate::rockset::types::SourceS3Settings;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Bounds of the pause between two listings of a bucket.
const SCAN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);

/// Reads days, hours, minutes and seconds, in this order.
pub fn parse(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('P').filter(|text| text.contains(|c: char| c.is_ascii_digit()))?;
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let days = seconds(date, &[('D', 86_400.0)])?;
    let time = seconds(time, &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)])?;
    Duration::try_from_secs_f64(days + time).ok()
}

/// The sum of all amounts of units, each with its length in seconds.
fn seconds(mut text: &str, units: &[(char, f64)]) -> Option<f64> {
    let mut sum = 0.0;
    for (unit, length) in units {
        if let Some((amount, rest)) = text.split_once(*unit) {
            let is_plain = amount.chars().all(|c| c.is_ascii_digit() || c == '.');
            sum += amount.parse::<f64>().ok().filter(|_| is_plain)? * length;
            text = rest;
        }
    }
    text.is_empty().then_some(sum)
}

/// The pause between two listings of a bucket, if a source sets one.
pub fn scan_frequency(
    settings: Option<&SourceS3Settings>,
    place: &str,
) -> Result<Option<Duration>, ApiError> {
    let Some(text) = settings.and_then(|settings| settings.s3_scan_frequency.as_deref()) else {
        return Ok(None);
    };
    match parse(text).filter(|pause| SCAN.contains(pause)) {
        Some(pause) => Ok(Some(pause)),
        None => Err(ApiError::invalid(format!(
            "Wrong in {place}.settings.s3_scan_frequency: {text:?} is no ISO 8601 duration from \
             PT1S to PT1H"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn days_and_times_add_up() {
        for (text, seconds) in [
            ("PT2H", 7_200.0),
            ("P1DT30M", 88_200.0),
            ("P1.5D", 129_600.0),
            ("PT1H1M1.5S", 3_661.5),
            ("PT0.2S", 0.2),
            ("PT0S", 0.0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "P", "PT", "2H", "P2H", "PT2", "PT2D", "PT1M1H", "-PT1H", "PT-1H", "PT1e3S", "P1M"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
