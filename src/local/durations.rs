//! Durations as the API writes them: ISO 8601, such as `PT2H` or `P1DT30M`.

use super::errors::Failure;
use crate::rockset::types::SourceS3Settings;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long the pause between two listings of a bucket may be.
const SCAN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);

/// Reads days, hours, minutes and seconds.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        None => (text.strip_prefix('P')?, None),
        Some((date, time)) => (date, Some(time)),
    };
    let mut seconds = 0.0;
    let empty = date.is_empty() && time.is_none_or(str::is_empty);
    let parts = [(date, &[('D', 86_400.0)][..])];
    let time = [(time.unwrap_or_default(), &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)][..])];
    for (mut rest, units) in parts.into_iter().chain(time) {
        for (unit, in_seconds) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
                seconds += number.parse::<f64>().ok().filter(|_| plain)? * in_seconds;
                rest = after;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !empty)
}

/// The pause between two listings of a bucket, if a source sets one.
pub(super) fn scan_frequency(
    settings: Option<&SourceS3Settings>,
    place: &str,
) -> Result<Option<Duration>, Failure> {
    let Some(text) = settings.and_then(|settings| settings.s3_scan_frequency.as_deref()) else {
        return Ok(None);
    };
    match parse(text).filter(|pause| SCAN.contains(pause)) {
        Some(pause) => Ok(Some(pause)),
        None => Err(Failure::invalid(format!(
            "Wrong in {place}.settings.s3_scan_frequency: {text:?} is no ISO 8601 duration from \
             PT1S to PT1H"
        ))),
    }
}
