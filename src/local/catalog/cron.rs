//! Times of a schedule, as cron writes them.
//!
//! Two spellings are known: that of Unix, with five fields (minute, hour, day of the month, month,
//! day of the week), and that of Quartz, with seconds before these and optionally a year after
//! them. In Quartz, days of the week count from 1 for Sunday; in Unix, Sunday is 0 or 7. All times
//! are in UTC.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Years in which a time is looked for. Calendars repeat after 28 years, or 40 around a year such as
/// 2100.
const HORIZON: u32 = 41;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A schedule's times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cron {
    text: String,
    seconds: BTreeSet<u32>,
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    days: Field,
    months: BTreeSet<u32>,
    weekdays: Field,
    years: BTreeSet<u32>,
}

/// Days of the month, or of the week.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    /// Whether it begins with `*`, so that it excludes no day that the other field of days allows.
    is_open: bool,
    days: Vec<Day>,
}

/// A day of the month, or of the week as the number of days from Sunday.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    On(u32),
    /// So many days before the last one of the month.
    FromEnd(u32),
    /// The weekday from Monday to Friday that is next to this day of the month, or to its last one.
    Near(Option<u32>),
    /// The last such day of the week in the month.
    Last(u32),
    /// The n-th such day of the week in the month.
    Nth(u32, u32),
}

/// What a field may hold.
struct Bounds {
    what: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const fn bounds(what: &'static str, least: u32, most: u32) -> Bounds {
    Bounds { what, least, most, names: &[] }
}

impl TryFrom<String> for Cron {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let is_quartz = fields.len() > 5;
        let (second, rest, year) = match fields.as_slice() {
            [rest @ .., year] if fields.len() == 7 => (rest[0], &rest[1..], *year),
            [second, rest @ ..] if fields.len() == 6 => (*second, rest, "*"),
            rest if fields.len() == 5 => ("0", rest, "*"),
            _ => return Err(format!("{text:?} has {} fields, and not 5, 6 or 7", fields.len())),
        };
        let names = &MONTHS;
        let weekdays = weekdays(rest[4], is_quartz)?;
        let days = days(rest[2])?;
        if is_quartz && !days.is_open && !weekdays.is_open {
            return Err(format!(
                "{text:?} gives days of the month and of the week: with seconds, one of them is `?`"
            ));
        }
        Ok(Self {
            seconds: bounds("second", 0, 59).values(second)?,
            minutes: bounds("minute", 0, 59).values(rest[0])?,
            hours: bounds("hour", 0, 23).values(rest[1])?,
            days,
            months: Bounds { names, ..bounds("month", 1, 12) }.values(rest[3])?,
            weekdays,
            years: bounds("year", 1970, 2199).values(year)?,
            text,
        })
    }
}

impl From<Cron> for String {
    fn from(cron: Cron) -> Self {
        cron.text
    }
}

impl Cron {
    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after a moment, if there is one.
    pub fn next_after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let from = moment.naive_utc().with_nanosecond(0)? + chrono::TimeDelta::seconds(1);
        let end = from.date().checked_add_months(Months::new(12 * HORIZON))?;
        let mut day = from.date();
        while day < end {
            if !self.is_in_month(day) {
                day = day.with_day(1)?.checked_add_months(Months::new(1))?;
                continue;
            }
            let from = if day == from.date() { from.time() } else { NaiveTime::MIN };
            let time = self.is_on_day(day).then(|| self.time_from(from)).flatten();
            if let Some(time) = time {
                return Some(day.and_time(time).and_utc());
            }
            day = day.checked_add_days(Days::new(1))?;
        }
        None
    }

    fn is_in_month(&self, day: NaiveDate) -> bool {
        let year = u32::try_from(day.year()).unwrap_or_default();
        self.years.contains(&year) && self.months.contains(&day.month())
    }

    fn is_on_day(&self, day: NaiveDate) -> bool {
        let by_month = self.days.days.iter().any(|it| it.is(day));
        let by_week = self.weekdays.days.iter().any(|it| it.is_weekday(day));
        match self.days.is_open || self.weekdays.is_open {
            true => by_month && by_week,
            false => by_month || by_week,
        }
    }

    /// The first time of a day from a time on.
    fn time_from(&self, from: NaiveTime) -> Option<NaiveTime> {
        for hour in self.hours.range(from.hour()..) {
            let minute = if *hour == from.hour() { from.minute() } else { 0 };
            for minute in self.minutes.range(minute..) {
                let is_now = (*hour, *minute) == (from.hour(), from.minute());
                let second = if is_now { from.second() } else { 0 };
                if let Some(second) = self.seconds.range(second..).next() {
                    return NaiveTime::from_hms_opt(*hour, *minute, *second);
                }
            }
        }
        None
    }
}

impl Day {
    /// Whether this, as a day of the month, is that day.
    fn is(self, day: NaiveDate) -> bool {
        let last = u32::from(day.num_days_in_month());
        match self {
            Self::On(number) => day.day() == number,
            Self::FromEnd(before) => day.day() + before == last,
            Self::Near(number) => near(day, number.unwrap_or(last), last) == Some(day.day()),
            Self::Last(_) | Self::Nth(..) => false,
        }
    }

    /// Whether this, as a day of the week, is that day.
    fn is_weekday(self, day: NaiveDate) -> bool {
        let weekday = day.weekday().num_days_from_sunday();
        match self {
            Self::On(number) => weekday == number,
            Self::Last(number) => {
                weekday == number && day.day() + 7 > u32::from(day.num_days_in_month())
            }
            Self::Nth(number, nth) => weekday == number && day.day().div_ceil(7) == nth,
            Self::FromEnd(_) | Self::Near(_) => false,
        }
    }
}

/// The day from Monday to Friday that is next to a day, in the same month.
fn near(month: NaiveDate, number: u32, last: u32) -> Option<u32> {
    let day = month.with_day(number)?;
    Some(match day.weekday() {
        Weekday::Sat if number == 1 => 3,
        Weekday::Sat => number - 1,
        Weekday::Sun if number == last => number - 2,
        Weekday::Sun => number + 1,
        _ => number,
    })
}

fn days(text: &str) -> Result<Field, String> {
    let bounds = bounds("day of the month", 1, 31);
    let wrong = || bounds.wrong(text);
    let mut days = Vec::new();
    for part in text.split(',') {
        let upper = part.to_ascii_uppercase();
        if upper == "LW" {
            days.push(Day::Near(None));
        } else if let Some(before) = upper.strip_prefix('L') {
            let before = if before.is_empty() { Some("0") } else { before.strip_prefix('-') };
            let before = before.and_then(|it| it.parse().ok()).filter(|it| *it < 31);
            days.push(Day::FromEnd(before.ok_or_else(wrong)?));
        } else if let Some(number) = upper.strip_suffix('W') {
            days.push(Day::Near(Some(bounds.value(number).ok_or_else(wrong)?)));
        } else {
            days.extend(bounds.values(part)?.into_iter().map(Day::On));
        }
    }
    Ok(Field { is_open: text.starts_with(['*', '?']), days })
}

fn weekdays(text: &str, is_quartz: bool) -> Result<Field, String> {
    let bounds = match is_quartz {
        true => Bounds { names: &WEEKDAYS, ..bounds("day of the week", 1, 7) },
        false => Bounds { names: &WEEKDAYS, ..bounds("day of the week", 0, 7) },
    };
    let wrong = || bounds.wrong(text);
    let from_sunday = |number: u32| if is_quartz { number - 1 } else { number % 7 };
    let mut days = Vec::new();
    for part in text.split(',') {
        let upper = part.to_ascii_uppercase();
        if is_quartz && upper == "L" {
            days.push(Day::On(6));
        } else if let Some(number) = upper.strip_suffix('L') {
            days.push(Day::Last(from_sunday(bounds.value(number).ok_or_else(wrong)?)));
        } else if let Some((number, nth)) = upper.split_once('#') {
            let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth)).ok_or_else(wrong)?;
            days.push(Day::Nth(from_sunday(bounds.value(number).ok_or_else(wrong)?), nth));
        } else {
            days.extend(bounds.values(part)?.into_iter().map(|it| Day::On(from_sunday(it))));
        }
    }
    Ok(Field { is_open: text.starts_with(['*', '?']), days })
}

impl Bounds {
    fn wrong(&self, text: &str) -> String {
        format!("{text:?} is no {}, nor several", self.what)
    }

    /// A number, or a name.
    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| text.eq_ignore_ascii_case(name));
        // The first name means the least number.
        let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + self.least);
        let numbered = || text.parse().ok().filter(|_| !text.starts_with('+'));
        named.or_else(numbered).filter(|it| (self.least..=self.most).contains(it))
    }

    /// All values of a list such as `1,3-5,*/10`.
    fn values(&self, text: &str) -> Result<BTreeSet<u32>, String> {
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                None => (part, None),
                Some((range, step)) => (range, Some(step)),
            };
            let step = step.map(|it| it.parse::<usize>().ok().filter(|it| *it > 0));
            let (from, to) = match range.split_once('-') {
                _ if matches!(range, "*" | "?") => (Some(self.least), Some(self.most)),
                Some((from, to)) => (self.value(from), self.value(to)),
                // Quartz counts on from a single number with a step.
                None if step.is_some() => (self.value(range), Some(self.most)),
                None => (self.value(range), self.value(range)),
            };
            let step = step.unwrap_or(Some(1));
            let (Some(from), Some(to), Some(step)) = (from, to, step) else {
                return Err(self.wrong(text));
            };
            if from <= to {
                values.extend((from..=to).step_by(step));
            } else {
                // Around the end, such as from Friday to Monday.
                let around = (from..=self.most).chain(self.least..=to);
                values.extend(around.step_by(step));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests;
