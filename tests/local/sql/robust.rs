//! Nothing that a client sends makes the server fail: queries that are made up, and queries of
//! which something is missing, doubled or exchanged.
//!
//! They take some seconds. `SQL_SECONDS=600` lets each test go on for ten minutes, and `SQL_SEED`
//! begins with another seed. `scripts/fuzz-sql` does both.

use super::QUERIES;
use super::language::with_documents;
use super::smith::Smith;
use crate::support::local::{Answer, Local};
use serde_json::json;
use std::fmt::Display;
use std::time::{Duration, Instant};

/// Queries of each test, unless `SQL_SECONDS` is set.
const QUERIES_OF_A_TEST: u64 = 150;

/// What is in messages of an engine that has got into trouble, rather than of one that refuses.
const TROUBLE: [&str; 9] = [
    "has failed",
    "panicked",
    "Internal error",
    "SanityCheckPlan",
    "Optimizer rule",
    "Arrow error",
    "unreachable",
    "No field named",
    "Schema error",
];

/// Seeds, as many as the test has time for.
fn seeds() -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, seconds) = (number("SQL_SEED").unwrap_or(1), number("SQL_SECONDS"));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    (first..).take_while(move |seed| match end {
        Some(end) => Instant::now() < end,
        None => *seed < first + QUERIES_OF_A_TEST,
    })
}

async fn ask(local: &Local, query: &str) -> Answer {
    local.post(QUERIES, json!({"sql": {"query": query}})).await
}

/// What is wrong with an answer, if anything.
fn trouble(query: &str, answer: &Answer) -> Option<String> {
    let message = answer.body["message"].as_str().unwrap_or_default();
    let is_refusal = match answer.status.as_u16() {
        200 | 400 | 404 => true,
        // A recursion may go on for ever, until its time is over.
        408 => query.contains("RECURSIVE"),
        _ => false,
    };
    let signs = TROUBLE.iter().any(|sign| message.contains(sign));
    (!is_refusal || signs).then(|| format!("{}: {message}", answer.status))
}

/// Reports what went wrong, and how many queries were asked.
struct Report {
    asked: u64,
    answered: u64,
    wrong: Vec<String>,
}

impl Report {
    fn new() -> Self {
        Self { asked: 0, answered: 0, wrong: Vec::new() }
    }

    fn add(&mut self, seed: u64, query: &str, answer: &Answer) {
        self.asked += 1;
        self.answered += u64::from(answer.status == 200);
        if let Some(trouble) = trouble(query, answer) {
            self.tell(seed, query, trouble);
        }
    }

    fn tell(&mut self, seed: u64, query: &str, what: impl Display) {
        self.wrong.push(format!("seed {seed}: {query}\n  {what}"));
    }

    fn check(self) {
        let Self { asked, answered, wrong } = self;
        println!("{asked} queries, of which {answered} were answered; {} are wrong", wrong.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(answered * 20 > asked, "only {answered} of {asked} queries were answered");
    }
}

#[tokio::test]
async fn queries_that_are_made_up_are_answered_or_refused() {
    let local = with_documents().await;
    let mut report = Report::new();
    for seed in seeds() {
        let query = Smith::new(seed).query(4);
        let answer = ask(&local, &query).await;
        report.add(seed, &query, &answer);
    }
    report.check();
}

/// Ternary logic partitioning (Rigger and Su, 2020): a condition holds, doesn't hold or is null, and
/// each row is in one of the three parts.
#[tokio::test]
async fn a_condition_parts_rows_in_three() {
    let local = with_documents().await;
    let mut report = Report::new();
    for seed in seeds() {
        let (from, condition) = Smith::new(seed).partition(3);
        let parts =
            [condition.clone(), format!("NOT ({condition})"), format!("({condition}) IS NULL")];
        let mut found = Vec::new();
        for part in parts {
            let query = format!("SELECT r0._id FROM {from} WHERE {part}");
            let answer = ask(&local, &query).await;
            report.add(seed, &query, &answer);
            let Some(rows) = answer.body["results"].as_array().cloned() else { break };
            found.push(rows);
        }
        let ids = |rows: &[serde_json::Value]| -> Vec<String> {
            rows.iter().map(|row| row["_id"].to_string()).collect()
        };
        let mut all: Vec<String> = found.iter().flat_map(|rows| ids(rows)).collect();
        all.sort();
        if found.len() == 3 && all != ["\"1\"", "\"2\"", "\"3\"", "\"4\""] {
            report.tell(seed, &condition, format!("its parts are {found:?}"));
        }
    }
    report.check();
}

/// Texts that are no queries any more, or just still.
#[tokio::test]
async fn texts_that_are_almost_queries_are_answered_or_refused() {
    let local = with_documents().await;
    let queries: Vec<&str> = include_str!("language.sql").split(";\n").collect();
    let mut report = Report::new();
    for seed in seeds() {
        let query = mutated(&queries, seed);
        let answer = ask(&local, &query).await;
        report.add(seed, &query, &answer);
    }
    report.check();
}

/// A query with words that are left out, doubled, exchanged or taken from another query.
fn mutated(queries: &[&str], seed: u64) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let words = |query: &str| -> Vec<String> {
        query.split_inclusive(|c: char| !c.is_alphanumeric()).map(String::from).collect()
    };
    let mut query = words(queries[rng.usize(..queries.len())]);
    for _ in 0..1 + rng.usize(..3) {
        if query.is_empty() {
            break;
        }
        let at = rng.usize(..query.len());
        match rng.u32(..5) {
            0 => drop(query.remove(at)),
            1 => query.insert(at, query[at].clone()),
            2 => {
                let other = rng.usize(..query.len());
                query.swap(at, other);
            }
            3 => {
                let other = words(queries[rng.usize(..queries.len())]);
                if let Some(word) = rng.choice(other) {
                    query.insert(at, word);
                }
            }
            _ => {
                let strange =
                    ["\u{0}", "'", "\"", "(", ")", "[", "{", "-", "é", "😀", "1e999", "--"];
                query.insert(at, strange[rng.usize(..strange.len())].to_string());
            }
        }
    }
    query.concat()
}
