//! Answers with rows. Rows are JSON texts, which are copied and not parsed again.

use crate::local::queries::cursor::cursor;
use crate::local::queries::{Answer, Query, Shown};
use serde::Serialize;

/// A JSON object that grows property by property.
#[derive(Debug)]
pub struct ObjectText(String);

/// Position of rows in a whole result, and cursors to the others.
#[derive(Debug, Serialize)]
pub struct Position {
    current_page_doc_count: usize,
    next_cursor_offset: usize,
    start_cursor: Option<String>,
    next_cursor: Option<String>,
    next_page_link: Option<String>,
}

/// Time that a query has taken.
#[derive(Debug, Serialize)]
pub struct Duration {
    elapsed_time_ms: u64,
    throttled_time_micros: u64,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl ObjectText {
    pub fn new() -> Self {
        Self("{".to_string())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    pub fn set(&mut self, name: &str, value: &impl Serialize) {
        self.name(name);
        // Every value that is set here can be JSON.
        self.0.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_string()));
    }

    /// Sets the rows, each of which is JSON.
    pub fn rows(&mut self, rows: &[Box<str>]) {
        self.name("results");
        self.0.reserve(rows.iter().map(|row| row.len() + 1).sum::<usize>() + 1);
        self.0.push('[');
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                self.0.push(',');
            }
            self.0.push_str(row);
        }
        self.0.push(']');
    }

    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

impl Duration {
    pub fn of(shown: &Shown) -> Self {
        let number = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            elapsed_time_ms: number(shown.elapsed.as_millis()),
            throttled_time_micros: number(shown.waited.as_micros()),
        }
    }
}

impl Position {
    /// Position of `count` rows from the row `first` on, of `total`.
    pub fn new(query_id: &str, first: usize, count: usize, total: usize) -> Self {
        let next = first.saturating_add(count).min(total);
        let next_cursor = (next < total).then(|| cursor(query_id, next));
        let next_page_link = next_cursor.as_ref().map(|cursor| {
            format!("/v1/orgs/self/queries/{query_id}/pages?cursor={cursor}&docs={}", count.max(1))
        });
        Self {
            current_page_doc_count: count,
            next_cursor_offset: next,
            start_cursor: None,
            next_cursor,
            next_page_link,
        }
    }
}

/// Answer of a query that has completed: all rows, or `initial` rows at most.
pub fn completed(query: &Query, answer: &Answer, initial: Option<usize>) -> String {
    let all = &answer.rows.rows;
    let shown = &all[..initial.unwrap_or(all.len()).min(all.len())];
    let mut text = ObjectText::new();
    let reads = &answer.rows.reads;
    text.set("collections", &reads.collections);
    text.set("aliases", &reads.aliases);
    if let Some(columns) = &answer.rows.columns {
        let columns: Vec<_> = columns.iter().map(|name| Column { name, kind: "" }).collect();
        text.set("column_fields", &columns);
    }
    text.rows(shown);
    text.set("query_id", &query.id());
    if let Some(path) = query.lambda() {
        text.set("query_lambda_path", &path.to_string());
    }
    text.set("stats", &Duration::of(&query.show()));
    text.set("status", &"COMPLETED");
    if !answer.warnings.is_empty() {
        text.set("warnings", &answer.warnings);
    }
    if let Some(offset) = &answer.last_offset {
        text.set("last_offset", offset);
    }
    if initial.is_some() && answer.last_offset.is_none() {
        let position = Position::new(query.id(), 0, shown.len(), all.len());
        let start_cursor = Some(cursor(query.id(), 0));
        text.set("pagination", &Position { start_cursor, ..position });
        text.set("results_total_doc_count", &all.len());
    }
    text.finish()
}
