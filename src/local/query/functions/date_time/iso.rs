//! Dates and times of ISO 8601, with what SQL lets be shorter: months, days, hours, minutes and
//! seconds of one digit, and a space for the `T`.

use super::moment::{days_of, micros_of, micros_of_day};
use super::zones::Zone;
use crate::local::query::value::Value;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use std::ops::RangeInclusive;

/// What a text holds.
#[derive(Debug, Default, Clone, Copy)]
struct Iso {
    date: Option<NaiveDate>,
    time: Option<NaiveTime>,
    zone: Option<Zone>,
}

impl Iso {
    /// The date and time as they are written; midnight if there is no time.
    fn local(self) -> Option<i64> {
        let time = self.time.unwrap_or(NaiveTime::MIN);
        self.date.map(|date| micros_of(NaiveDateTime::new(date, time)))
    }
}

/// `YYYY-[M]M-[D]D`.
pub fn date_literal(text: &str) -> Result<Value, String> {
    let iso = read(text).filter(|iso| iso.time.is_none() && iso.zone.is_none());
    let date = iso.and_then(|iso| iso.date);
    date.map(|date| Value::Date(days_of(date))).ok_or_else(|| isnt(text, "date"))
}

/// `[H]H:[M]M[:[S]S[.D{1,6}]]`.
pub fn time_literal(text: &str) -> Result<Value, String> {
    let iso = read(text).filter(|iso| iso.date.is_none() && iso.zone.is_none());
    let time = iso.and_then(|iso| iso.time);
    time.map(|time| Value::Time(micros_of_day(time))).ok_or_else(|| isnt(text, "time"))
}

/// `YYYY-[M]M-[D]D[ [H]H:[M]M[:[S]S[.D{1,6}]]]`.
pub fn datetime_literal(text: &str) -> Result<Value, String> {
    let iso = read(text).filter(|iso| iso.zone.is_none());
    iso.and_then(Iso::local).map(Value::Datetime).ok_or_else(|| isnt(text, "datetime"))
}

/// That of a datetime, with or without a zone; UTC if there is none.
pub fn timestamp_literal(text: &str) -> Result<Value, String> {
    timestamp_of(text)
}

/// The date of a text, whatever follows it.
pub fn date_of(text: &str) -> Result<Value, String> {
    let date = read(text).and_then(|iso| iso.date);
    date.map(|date| Value::Date(days_of(date))).ok_or_else(|| isnt(text, "date"))
}

/// The time of day of a text, whatever is before and after it.
pub fn time_of(text: &str) -> Result<Value, String> {
    let time = read(text).and_then(|iso| iso.time);
    time.map(|time| Value::Time(micros_of_day(time))).ok_or_else(|| isnt(text, "time"))
}

/// The date and time of a text as they are written, whatever their zone.
pub fn datetime_of(text: &str) -> Result<Value, String> {
    read(text).and_then(Iso::local).map(Value::Datetime).ok_or_else(|| isnt(text, "datetime"))
}

/// The moment of a text; UTC if it has no zone.
pub fn timestamp_of(text: &str) -> Result<Value, String> {
    let iso = read(text).ok_or_else(|| isnt(text, "timestamp"))?;
    let local = iso.local().ok_or_else(|| isnt(text, "timestamp"))?;
    iso.zone.unwrap_or(Zone::UTC).to_utc(local).map(Value::Timestamp)
}

fn isnt(text: &str, what: &str) -> String {
    format!("'{text}' isn't a {what}")
}

fn read(text: &str) -> Option<Iso> {
    let mut cursor = Cursor { rest: text.trim() };
    let date = cursor.date();
    let time = match (date, cursor.separator()) {
        (Some(_), false) => None,
        (Some(_), true) | (None, _) => Some(cursor.time()?),
    };
    Some(Iso { date, time, zone: cursor.zone()? })
}

/// What of a text isn't read yet.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Nothing is read if there is no date.
    fn date(&mut self) -> Option<NaiveDate> {
        let before = self.rest;
        let date = self.year_month_day();
        if date.is_none() {
            self.rest = before;
        }
        date
    }

    fn year_month_day(&mut self) -> Option<NaiveDate> {
        let is_negative = self.takes("-");
        let year = match is_negative || self.takes("+") {
            true => self.number(1..=6)?,
            false => self.number(4..=4)?,
        };
        let month = self.takes("-").then(|| self.number(1..=2))??;
        let day = self.takes("-").then(|| self.number(1..=2))??;
        NaiveDate::from_ymd_opt(if is_negative { -year } else { year }, month as u32, day as u32)
    }

    /// A `T`, or spaces that a digit follows.
    fn separator(&mut self) -> bool {
        let spaced = self.rest.trim_start();
        let is_spaced =
            spaced.len() < self.rest.len() && spaced.starts_with(|c: char| c.is_ascii_digit());
        if is_spaced {
            self.rest = spaced;
        }
        is_spaced || self.takes("T") || self.takes("t")
    }

    fn time(&mut self) -> Option<NaiveTime> {
        let hour = self.number(1..=2)?;
        let minute = self.takes(":").then(|| self.number(1..=2))??;
        let (mut second, mut fraction) = (0, 0);
        if self.takes(":") {
            second = self.number(1..=2)?;
            if self.takes(".") || self.takes(",") {
                fraction = self.fraction()?;
            }
        }
        NaiveTime::from_hms_micro_opt(hour as u32, minute as u32, second as u32, fraction)
    }

    /// Microseconds of the digits of a fraction, of which six count.
    fn fraction(&mut self) -> Option<u32> {
        let digits = self.digits(1..=usize::MAX)?;
        format!("{:0<6.6}", digits).parse().ok()
    }

    /// `None` if what is left isn't a zone, and no zone if nothing is left.
    fn zone(&mut self) -> Option<Option<Zone>> {
        self.rest = self.rest.trim_start();
        match self.rest {
            "" => return Some(None),
            "Z" | "z" => return Some(Some(Zone::UTC)),
            _ => {}
        }
        let sign = match self.rest.chars().next() {
            Some('-') => -1,
            Some('+') => 1,
            _ => return Zone::named(self.rest).ok().map(Some),
        };
        self.rest = &self.rest[1..];
        let digits = self.digits(1..=4)?;
        let (hours, minutes) = match digits.len() {
            3.. => digits.split_at(digits.len() - 2),
            _ if self.takes(":") => (digits, self.digits(2..=2)?),
            _ => (digits, "0"),
        };
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let is_whole = self.rest.is_empty() && minutes < 60;
        is_whole.then(|| Zone::east(sign * (hours * 60 + minutes) * 60))?.map(Some)
    }

    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn number(&mut self, count: RangeInclusive<usize>) -> Option<i32> {
        self.digits(count)?.parse().ok()
    }

    /// As many digits as there are, if that is one of the counts.
    fn digits(&mut self, count: RangeInclusive<usize>) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        count.contains(&end).then_some(digits)
    }
}
