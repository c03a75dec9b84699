//! The progress of filling collections from S3: of one collection, and of a whole task.

use super::task::Target;
use crate::rockset::enums::SourceState;
use crate::rockset::types::Source;
use crate::status;
use bytesize::ByteSize;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::{Duration, Instant};

/// The progress of a source, as Rockset reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub state: Option<SourceState>,
    /// Rockset's message on the state.
    pub message: String,
    pub objects: u64,
    pub objects_total: u64,
    pub bytes: u64,
    pub bytes_total: u64,
}

impl From<&Source> for Progress {
    fn from(source: &Source) -> Self {
        let count = |count: Option<i64>| count.and_then(|it| it.try_into().ok()).unwrap_or(0);
        let s3 = source.s3.as_ref();
        let status = source.status.as_ref();
        Self {
            state: status.and_then(|status| status.state.clone()),
            message: status.and_then(|status| status.message.clone()).unwrap_or_default(),
            objects: count(s3.and_then(|s3| s3.object_count_downloaded)),
            objects_total: count(s3.and_then(|s3| s3.object_count_total)),
            bytes: count(s3.and_then(|s3| s3.object_bytes_downloaded)),
            bytes_total: count(s3.and_then(|s3| s3.object_bytes_total)),
        }
    }
}

impl Progress {
    /// Whether the source is in a state in which it doesn't go on by itself.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, Some(SourceState::Error | SourceState::Suspended))
    }

    /// Whether all objects are ingested, and they are at least `expected`.
    pub fn is_complete(&self, expected: Option<u64>) -> bool {
        let has_looked = match self.state {
            Some(SourceState::Watching | SourceState::Completed) => true,
            // A server that reports no state reports counts.
            None => self.objects_total > 0,
            Some(_) => false,
        };
        has_looked
            && self.objects >= self.objects_total
            && self.objects_total >= expected.unwrap_or_default()
    }

    /// Whether anything was downloaded or found since `before`.
    pub fn has_moved_since(&self, before: &Self) -> bool {
        let counts = |it: &Self| (it.objects, it.objects_total, it.bytes, it.bytes_total);
        counts(self) != counts(before)
    }

    /// The rate since `before`, and the time that the rest takes at that rate, for people.
    pub fn pace(&self, before: &Self, took: Duration) -> String {
        let done = self.bytes.saturating_sub(before.bytes) as f64;
        let rate = done / took.as_secs_f64().max(f64::EPSILON);
        let left = self.bytes_total.saturating_sub(self.bytes) as f64;
        let mut pace = format!(", {}/s", ByteSize(rate as u64));
        if rate >= 1.0 && left > 0.0 {
            pace.push_str(&format!(", about {} left", Seconds(left / rate)));
        }
        pace
    }
}

/// The progress of all collections of a task, which the platform shows.
#[derive(Debug)]
pub(super) struct Overview {
    /// The shortest time between two statuses.
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The number of workspaces that have not been polled yet.
    unseen: usize,
    /// The collections that are waited for, by binding. For one that is filled from S3, the number
    /// of ingested objects and of all objects.
    waiting: BTreeMap<usize, (String, Option<(u64, u64)>)>,
    /// The same numbers for the collections that are ready.
    objects: (u64, u64),
    shown: Option<(Instant, String)>,
}

impl Overview {
    /// An overview of collections in this number of workspaces.
    pub fn new(workspaces: usize, pause: Duration) -> Self {
        let (waiting, objects, shown) = Default::default();
        Self { pause, state: State { unseen: workspaces, waiting, objects, shown }.into() }
    }

    /// Notes the progress of a collection.
    pub fn update(&self, target: &Target, objects: Option<(u64, u64)>, is_done: bool) {
        let mut state = self.state.lock();
        if is_done {
            state.waiting.remove(&target.binding);
            let (is_in, all) = objects.unwrap_or_default();
            state.objects.0 += is_in;
            state.objects.1 += all;
        } else {
            state.waiting.insert(target.binding, (target.to_string(), objects));
        }
    }

    /// Shows what is waited for, if a status is due. `is_first`: a workspace has been polled for
    /// the first time.
    pub fn show(&self, is_first: bool) {
        let mut state = self.state.lock();
        state.unseen = state.unseen.saturating_sub(is_first.into());
        let is_due = state.shown.as_ref().is_none_or(|(at, _)| at.elapsed() >= self.pause);
        if state.unseen > 0 || state.waiting.is_empty() || !is_due {
            return;
        }
        let text = state.to_string();
        if state.shown.as_ref().is_none_or(|(_, shown)| *shown != text) {
            status::show(&text);
            state.shown = Some((Instant::now(), text));
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled: Vec<(u64, u64)> =
            self.waiting.values().filter_map(|(_, objects)| *objects).collect();
        let plain = self.waiting.len() - filled.len();
        if !filled.is_empty() {
            let (is_in, all) = filled
                .iter()
                .fold(self.objects, |(is_in, all), more| (is_in + more.0, all + more.1));
            write!(f, "filling from S3: {} of {} objects", Count(is_in), Count(all))?;
            return match plain {
                0 => Ok(()),
                1 => write!(f, "; waiting for 1 other collection to be READY"),
                more => {
                    write!(f, "; waiting for {} other collections to be READY", Count(more as u64))
                }
            };
        }
        match self.waiting.values().next() {
            Some((name, _)) if plain == 1 => write!(f, "waiting for collection {name} to be READY"),
            _ => write!(f, "waiting for {} collections to be READY", Count(plain as u64)),
        }
    }
}

/// A number with commas between thousands, for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// A duration in seconds, minutes or hours, for people.
pub(super) struct Seconds(pub f64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0.0..90.0 => write!(f, "{:.0} s", self.0.max(1.0)),
            90.0..5_400.0 => write!(f, "{:.0} min", self.0 / 60.0),
            _ => write!(f, "{:.1} h", self.0 / 3_600.0),
        }
    }
}
