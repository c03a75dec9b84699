//! Events of a social network, made up by a seed: in the manner of JSONBench, half a kilobyte each.

use fastrand::Rng;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The first event's time, in microseconds.
pub const BEGIN: u64 = 1_767_225_600_000_000;
/// The time between two events, in microseconds.
const STEP: u64 = 50_000;

/// Kinds of records, of which the first ones are more frequent.
const COLLECTIONS: [&str; 12] = [
    "app.feed.like",
    "app.feed.post",
    "app.graph.follow",
    "app.feed.repost",
    "app.graph.block",
    "app.actor.profile",
    "app.graph.listitem",
    "app.feed.threadgate",
    "app.graph.starterpack",
    "app.feed.generator",
    "app.labeler.service",
    "chat.declaration",
];

const WORDS: [&str; 16] = [
    "morning", "light", "river", "garden", "letter", "music", "winter", "station", "coffee",
    "window", "mountain", "street", "paper", "bread", "ocean", "clock",
];

/// Makes events. The same seed makes the same events.
#[derive(Debug)]
pub struct Events {
    rng: Rng,
    users: usize,
}

impl Events {
    /// Of so many users.
    pub fn new(seed: u64, users: usize) -> Self {
        Self { rng: Rng::with_seed(seed), users }
    }

    /// The event of a number, as JSON text with its `_id`. About 4 of 100 are odd: another type of
    /// `time_us` or `commit`, no `did`, a null `kind`, and a `score` of three types.
    pub fn event(&mut self, number: usize) -> String {
        let mut event = format!(r#"{{"_id":"{}""#, id(number));
        let odd = self.rng.u32(0..1_000);
        if !(10..20).contains(&odd) {
            write_to(&mut event, format_args!(r#","did":"{}""#, self.user()));
        }
        let time = time(number) + self.rng.u64(0..STEP);
        match odd {
            0..10 => write_to(&mut event, format_args!(r#","time_us":"after {time}""#)),
            _ => write_to(&mut event, format_args!(r#","time_us":{time}"#)),
        }
        match odd {
            20..30 => event.push_str(r#","kind":null"#),
            30..35 => event.push_str(r#","kind":"commit","commit":"gone""#),
            35..60 => self.account(&mut event),
            _ => self.commit(&mut event),
        }
        match odd {
            60..65 => event.push_str(r#","score":"high""#),
            65..70 => event.push_str(r#","score":{"by":"hand","points":7}"#),
            70..270 => write_to(&mut event, format_args!(r#","score":{:.3}"#, self.rng.f64())),
            _ => {}
        }
        event + "}"
    }

    /// A user: some write much more than others.
    fn user(&mut self) -> String {
        let share = self.rng.f64();
        let user = (share * share * share * self.users as f64) as u64;
        format!("did:plc:{:024x}", scatter(user))
    }

    fn account(&mut self, event: &mut String) {
        let active = self.rng.bool();
        let sequence = self.rng.u32(..);
        write_to(
            event,
            format_args!(r#","kind":"account","account":{{"active":{active},"seq":{sequence}}}"#),
        );
    }

    fn commit(&mut self, event: &mut String) {
        let share = self.rng.f64();
        let collection = COLLECTIONS[(share * share * share * COLLECTIONS.len() as f64) as usize];
        let operation = match self.rng.u32(0..100) {
            0..6 => "delete",
            6..9 => "update",
            _ => "create",
        };
        let (rev, key, cid) = (self.rng.u64(..), self.rng.u64(..), self.rng.u128(..));
        write_to(
            event,
            format_args!(
                r#","kind":"commit","commit":{{"rev":"{rev:016x}","operation":"{operation}","collection":"{collection}","rkey":"{key:016x}","cid":"bafy{cid:032x}","record":"#
            ),
        );
        match collection {
            "app.feed.post" => self.post(event),
            _ => self.subject(event, collection),
        }
        event.push('}');
    }

    fn post(&mut self, event: &mut String) {
        let words: Vec<_> =
            (0..self.rng.usize(8..56)).map(|_| WORDS[self.rng.usize(0..16)]).collect();
        let text = words.join(" ");
        write_to(
            event,
            format_args!(r#"{{"$type":"app.feed.post","langs":["en"],"text":"{text}"}}"#),
        );
    }

    fn subject(&mut self, event: &mut String, collection: &str) {
        let (user, key, cid) = (self.user(), self.rng.u64(..), self.rng.u128(..));
        write_to(
            event,
            format_args!(
                r#"{{"$type":"{collection}","createdAt":"2026-01-01T00:00:00.000Z","subject":{{"cid":"bafy{cid:032x}","uri":"at://{user}/app.feed.post/{key:016x}"}}}}"#
            ),
        );
    }
}

/// Writes two files for the scripts that ask other systems, too, into a folder of this name, which
/// it returns: so many events, and as many upserts, of which half replace events.
pub fn files(name: &str, count: usize) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut events = Events::new(1, count / 10);
    write(&folder.join("events.json"), &mut events, 0..count);
    write(&folder.join("upserts.json"), &mut events, count / 2..count + count / 2);
    folder
}

/// Writes the events of these numbers, one a line, in an order in which those that are replaced
/// and those that are new alternate.
fn write(path: &Path, events: &mut Events, numbers: Range<usize>) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let half = numbers.len() / 2;
    for at in 0..numbers.len() {
        let number = numbers.start + if at % 2 == 0 { at / 2 } else { half + at / 2 };
        writeln!(file, "{}", events.event(number)).unwrap();
    }
    file.into_inner().unwrap();
}

/// The `_id` of an event's number. Numbers that follow each other are far apart.
pub fn id(number: usize) -> String {
    format!("{:016x}", scatter(number as u64))
}

/// The time of an event's number, in microseconds, rounded down.
pub fn time(number: usize) -> u64 {
    BEGIN + number as u64 * STEP
}

/// Multiplies by 2⁶⁴ over the golden ratio: Knuth's multiplicative hashing, which is one to one.
fn scatter(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes everything");
}
