//! Comma-separated values, by RFC 4180 but for the line's end, which is that of Unix.

use super::cell::Cell;
use super::grid::Grid;
use crate::rockset::client::queries::Row;
use std::borrow::Cow;
use std::io::{self, Write};

/// Prints rows as soon as their columns are known. Where the server doesn't say them, they
/// are known once all rows are there.
#[derive(Debug, Default)]
pub struct Csv {
    has_header: bool,
    waiting: Vec<Row>,
}

impl Csv {
    pub fn rows(
        &mut self,
        columns: &[String],
        mut rows: Vec<Row>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if columns.is_empty() {
            self.waiting.append(&mut rows);
            return Ok(());
        }
        let mut grid = Grid::new(columns, &rows)?;
        grid.columns.truncate(columns.len());
        self.print(&grid, out)
    }

    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        match rows.is_empty() {
            true => Ok(()),
            false => self.print(&Grid::new(&[], &rows)?, out),
        }
    }

    fn print(&mut self, grid: &Grid, out: &mut dyn Write) -> io::Result<()> {
        if !self.has_header {
            line(grid.columns.iter().map(|name| quoted(name)), out)?;
            self.has_header = true;
        }
        let width = grid.columns.len();
        grid.rows.iter().try_for_each(|cells| line(cells.iter().take(width).map(value), out))
    }
}

fn line<'v>(values: impl Iterator<Item = Cow<'v, str>>, out: &mut dyn Write) -> io::Result<()> {
    let values: Vec<Cow<'_, str>> = values.collect();
    writeln!(out, "{}", values.join(","))
}

/// Nothing stands for null as well as for what is missing; an empty text has quotes.
fn value(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Missing | Cell::Null => Cow::Borrowed(""),
        Cell::Number(number) => Cow::Borrowed(number),
        Cell::Text(text) => quoted(text),
    }
}

fn quoted(text: &str) -> Cow<'_, str> {
    match text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        true => Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))),
        false => Cow::Borrowed(text),
    }
}
