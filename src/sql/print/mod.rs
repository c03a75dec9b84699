//! Rows for people and for programs.

mod cell;
mod csv;
mod grid;
mod table;

use self::csv::Csv;
use self::table::Tables;
use crate::rockset::client::queries::Row;
use std::io::{self, Write};
use std::time::Duration;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people, cut to the terminal's width
    Table,
    /// A JSON object a line, as the server sent it
    Json,
    /// Comma-separated values, below a line with the names of the columns
    Csv,
}

/// Prints the rows of one query, page by page.
#[derive(Debug)]
pub enum Printer {
    Table(Tables),
    Json,
    Csv(Csv),
}

impl Printer {
    /// A printer whose tables are so wide at most.
    pub fn new(format: Format, width: Option<usize>) -> Self {
        match format {
            Format::Table => Self::Table(Tables::new(width)),
            Format::Json => Self::Json,
            Format::Csv => Self::Csv(Csv::default()),
        }
    }

    /// Prints a page. The columns may be unknown, which is an empty list.
    pub fn rows(
        &mut self,
        columns: &[String],
        rows: Vec<Row>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Table(tables) => tables.rows(columns, &rows, out),
            Self::Json => rows.iter().try_for_each(|row| json(row, out)),
            Self::Csv(csv) => csv.rows(columns, rows, out),
        }
    }

    /// Prints what comes after the last page.
    pub fn finish(self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Table(tables) => tables.finish(elapsed, out),
            Self::Json => Ok(()),
            Self::Csv(csv) => csv.finish(out),
        }
    }
}

/// A row on a line of its own. A line break in JSON stands between its words only.
fn json(row: &Row, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = row.json().lines();
    lines.try_for_each(|line| out.write_all(line.as_bytes()))?;
    out.write_all(b"\n")
}
