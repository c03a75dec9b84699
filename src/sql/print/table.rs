//! Tables that fit the terminal.

use super::cell::Cell;
use super::grid::Grid;
use crate::rockset::client::queries::Row;
use comfy_table::{CellAlignment, Table, presets};
use console::{measure_text_width, truncate_str};
use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

/// No column is cut to less.
const NARROWEST: usize = 8;
/// A border and a space on each side of a column.
const BORDERS: usize = 3;

/// Prints a table for each page.
#[derive(Debug)]
pub struct Tables {
    width: Option<usize>,
    rows: usize,
    /// How many columns had no room, at most.
    left_out: usize,
}

impl Tables {
    pub fn new(width: Option<usize>) -> Self {
        Self { width, rows: 0, left_out: 0 }
    }

    pub fn rows(
        &mut self,
        columns: &[String],
        rows: &[Row],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.rows += rows.len();
        let grid = Grid::new(columns, rows)?;
        if grid.columns.is_empty() {
            return Ok(());
        }
        let widths: Vec<usize> = (0..grid.columns.len()).map(|it| natural(&grid, it)).collect();
        let (shown, widest) = fit(&widths, self.width.unwrap_or(usize::MAX));
        self.left_out = self.left_out.max(widths.len() - shown);
        writeln!(out, "{}", table(&grid, shown, widest))
    }

    pub fn finish(self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        let rows = match self.rows {
            1 => "1 row".to_string(),
            rows => format!("{rows} rows"),
        };
        let left_out = match self.left_out {
            0 => String::new(),
            1 => "; 1 column has no room, --format json shows it".to_string(),
            count => format!("; {count} columns have no room, --format json shows them"),
        };
        writeln!(out, "({rows} in {:.3} s{left_out})", elapsed.as_secs_f64())
    }
}

/// How wide a column is that nothing is cut from.
fn natural(grid: &Grid, column: usize) -> usize {
    let cells = grid.rows.iter().map(|row| measure_text_width(&shown(&row[column])));
    cells.chain([measure_text_width(&grid.columns[column])]).max().unwrap_or_default()
}

/// How many columns there is room for, and how wide the widest of them may be.
fn fit(widths: &[usize], room: usize) -> (usize, usize) {
    let most = widths.len().min(room / (BORDERS + 1)).max(1);
    let caps = (1..=most).rev().map(|count| {
        let borders = BORDERS * count + 1;
        (count, cap(&widths[..count], room.saturating_sub(borders)))
    });
    let mut fitting = caps.filter(|(count, cap)| *cap >= NARROWEST || *count == 1);
    fitting.next().map_or((1, NARROWEST), |(count, cap)| (count, cap.max(1)))
}

/// How wide columns may be in so much room, where the narrow ones leave theirs to the others.
fn cap(widths: &[usize], mut room: usize) -> usize {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable();
    for (index, width) in sorted.iter().enumerate() {
        let share = room / (sorted.len() - index);
        if *width > share {
            return share;
        }
        room -= width;
    }
    usize::MAX
}

fn table(grid: &Grid, columns: usize, widest: usize) -> Table {
    let cut = |text: &str| truncate_str(&visible(text), widest, "…").into_owned();
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(grid.columns.iter().take(columns).map(|name| cut(name)));
    for row in &grid.rows {
        table.add_row(row.iter().take(columns).map(|cell| cut(&shown(cell))));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        if is_numeric(grid, index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Whether all values of a column are numbers, and there is one.
fn is_numeric(grid: &Grid, column: usize) -> bool {
    let cells = || grid.rows.iter().map(|row| &row[column]);
    cells().any(|cell| matches!(cell, Cell::Number(_)))
        && !cells().any(|cell| matches!(cell, Cell::Text(_)))
}

fn shown(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Missing => Cow::Borrowed("·"),
        Cell::Null => Cow::Borrowed("null"),
        Cell::Number(number) => Cow::Borrowed(number),
        Cell::Text(text) => visible(text),
    }
}

/// What would move the cursor does not belong into a table.
fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(char::is_control) {
        true => Cow::Owned(text.replace(char::is_control, " ")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_columns_leave_their_room_to_wide_ones() {
        assert_eq!(cap(&[3, 100, 5], 38), 30);
        assert_eq!(cap(&[3, 100, 50], 43), 20);
        assert_eq!(cap(&[3, 4], 7), usize::MAX);
    }

    #[test]
    fn columns_without_room_are_left_out() {
        assert_eq!(fit(&[3, 4], 80), (2, usize::MAX));
        assert_eq!(fit(&[40, 40, 40], 40), (3, 10));
        assert_eq!(fit(&[40, 40, 40], 30), (2, 11));
        assert_eq!(fit(&[40; 1_000], 20), (1, 16));
        assert_eq!(fit(&[40], 2), (1, 1));
        assert_eq!(fit(&[1_000; 50], usize::MAX), (50, usize::MAX));
    }
}
