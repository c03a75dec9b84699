//! Formats of strings, as Flow defines them.
//!
//! The validator's own checks agree with Flow's in these formats: `date`, `ipv6`,
//! `iri`, `iri-reference`, `json-pointer`, `relative-json-pointer`, `uri` and `uri-reference`.

use super::numeral::Numeral;
use chrono::{DateTime, Datelike, Days, Timelike};
use regex::Regex;
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

/// A format's name, and whether a text has it.
type Format = (&'static str, fn(&str) -> bool);

/// The formats that the validator doesn't know, or judges in another way.
pub const FORMATS: [Format; 16] = [
    ("date-time", is_date_time),
    ("duration", is_duration),
    ("email", is_email),
    ("hostname", is_hostname),
    // Flow knows these two formats, and accepts no text in them.
    ("idn-email", |_| false),
    ("idn-hostname", |_| false),
    ("integer", is_integer),
    ("ipv4", is_ipv4),
    ("macaddr", |text| is_hardware_address(text, 6)),
    ("macaddr8", |text| is_hardware_address(text, 8)),
    ("number", is_number),
    ("regex", |text| Regex::new(text).is_ok()),
    ("sha256", is_sha256),
    ("time", is_time),
    ("uri-template", is_uri_template),
    ("uuid", is_uuid),
];

/// Flow's name of a format that has several.
pub fn name(format: &str) -> &str {
    match format {
        "datetime" => "date-time",
        "uint32" | "uint64" => "integer",
        format => format,
    }
}

/// By RFC 3339. A leap second is the last one of a month.
fn is_date_time(text: &str) -> bool {
    let has_letter = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    has_letter
        && DateTime::parse_from_rfc3339(text)
            .is_ok_and(|time| !is_leap_second(&time) || ends_month(time))
}

fn is_leap_second(time: &impl Timelike) -> bool {
    time.nanosecond() >= 1_000_000_000
}

fn ends_month<Z: chrono::TimeZone>(time: DateTime<Z>) -> bool {
    let time = time.to_utc();
    let next_day = time.checked_add_days(Days::new(1));
    (time.hour(), time.minute()) == (23, 59) && next_day.is_some_and(|day| day.day() == 1)
}

/// A time of the day with an offset, without leap seconds.
fn is_time(text: &str) -> bool {
    DateTime::parse_from_rfc3339(&format!("2000-01-01T{text}"))
        .is_ok_and(|time| !is_leap_second(&time))
}

/// By ISO 8601, in whole numbers: weeks alone, or other units in their order.
fn is_duration(text: &str) -> bool {
    let Some(units) = text.strip_prefix('P') else { return false };
    let is_all = |units: &str, order: &str| !units.is_empty() && are_in_order(units, order);
    match units.split_once('T') {
        Some((date, time)) => are_in_order(date, "YMD") && is_all(time, "HMS"),
        None => is_all(units, "YMD") || is_all(units, "W"),
    }
}

/// Whether a text is made of numbers, each with the name of a unit behind it.
fn are_in_order(mut text: &str, mut units: &str) -> bool {
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let unit = text[digits..].chars().next();
        let place = unit.and_then(|unit| units.find(unit));
        let (1.., Some(place)) = (digits, place) else { return false };
        units = &units[place + 1..];
        text = &text[digits + 1..];
    }
    true
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|it| it.parse::<IpAddr>().is_ok()),
        None => is_hostname(host),
    };
    text.chars().count() <= 254 && is_local_part(local) && is_host
}

fn is_local_part(text: &str) -> bool {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "-!#$%&'*+/=?^_`{|}~".contains(c);
    let is_quoted = |c: char| is_plain(c) || "\". (),\\:;<>@[]".contains(c);
    let is_short = (1..=64).contains(&text.chars().count());
    is_short
        && match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').is_some_and(|text| text.chars().all(is_quoted)),
            None => text.split('.').all(|part| !part.is_empty() && part.chars().all(is_plain)),
        }
}

/// Letters beyond ASCII are allowed, and the last label is no number.
fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let labels: Vec<&str> = name.split('.').collect();
    let is_number = |label: &&str| label.parse::<f64>().is_ok();
    name.chars().count() <= 253
        && labels.len() <= 127
        && labels.iter().all(|label| is_label(label))
        && !labels.last().is_some_and(is_number)
}

fn is_label(label: &str) -> bool {
    let is_letter = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric();
    (1..=63).contains(&label.chars().count())
        && label.chars().all(|c| is_letter(c) || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_ipv4(text: &str) -> bool {
    !text.starts_with('0') && text.parse::<Ipv4Addr>().is_ok()
}

/// Whether a text is N pairs of hexadecimal digits, with `:`, `-` or nothing between them.
fn is_hardware_address(text: &str, pairs: usize) -> bool {
    let mut rest = text.as_bytes();
    for pair in 0..pairs {
        if let (1.., Some((b':' | b'-', behind))) = (pair, rest.split_first()) {
            rest = behind;
        }
        let Some((digits, behind)) = rest.split_first_chunk::<2>() else { return false };
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        rest = behind;
    }
    rest.is_empty()
}

fn is_sha256(text: &str) -> bool {
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|it| it.is_ascii_hexdigit());
    text.strip_prefix("sha256:").is_some_and(is_hash)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// By RFC 6570, with variables and escapes in lower case.
fn is_uri_template(text: &str) -> bool {
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('{') {
        let Some((expression, behind)) = behind.split_once('}') else { return false };
        if !is_template_literal(literal) || !is_template_expression(expression) {
            return false;
        }
        rest = behind;
    }
    is_template_literal(rest)
}

fn is_template_literal(text: &str) -> bool {
    let is_plain = |c: char| c > ' ' && !"\"'<>\\^`{|}".contains(c);
    text.chars().all(is_plain) && are_escapes(text)
}

fn is_template_expression(text: &str) -> bool {
    let variables = text.strip_prefix(['+', '#', '.', '/', ';', '?', '&', '=', ',', '!', '@', '|']);
    variables.unwrap_or(text).split(',').all(|variable| {
        let name = match (variable.strip_suffix('*'), variable.split_once(':')) {
            (Some(name), _) => name,
            (None, Some((name, length))) if is_prefix_length(length) => name,
            (None, _) => variable,
        };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_%".contains(c);
        !name.is_empty() && name.chars().all(is_plain) && are_escapes(name)
    })
}

fn is_prefix_length(text: &str) -> bool {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=4).contains(&text.len()) && is_digits && !text.starts_with('0')
}

/// Whether each `%` has two hexadecimal digits behind it.
fn are_escapes(text: &str) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut behind = text.split('%').skip(1);
    behind.all(|text| text.as_bytes().first_chunk::<2>().is_some_and(|it| it.iter().all(is_digit)))
}

fn is_number(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity") || Numeral::parse(text).is_some()
}

fn is_integer(text: &str) -> bool {
    Numeral::parse(text).is_some_and(|numeral| numeral.is_integer())
}
