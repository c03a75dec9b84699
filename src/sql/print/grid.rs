//! Rows under their columns.

use super::cell::{Cell, Fields};
use crate::rockset::client::queries::Row;
use std::collections::HashMap;
use std::io;

/// The rows of a page, each with a cell for each column.
#[derive(Debug)]
pub struct Grid {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// The columns that are known, followed by those that come up in the rows.
    pub fn new(columns: &[String], rows: &[Row]) -> io::Result<Self> {
        let mut grid = Self { columns: columns.to_vec(), rows: Vec::with_capacity(rows.len()) };
        let mut places: HashMap<String, usize> = columns.iter().cloned().zip(0..).collect();
        for row in rows {
            let fields: Fields = serde_json::from_str(row.json())?;
            let mut cells = vec![Cell::Missing; grid.columns.len()];
            for (name, cell) in fields.0 {
                let place = *places.entry(name).or_insert_with_key(|name| {
                    grid.columns.push(name.clone());
                    cells.push(Cell::Missing);
                    grid.columns.len() - 1
                });
                cells[place] = cell;
            }
            grid.rows.push(cells);
        }
        let width = grid.columns.len();
        grid.rows.iter_mut().for_each(|cells| cells.resize(width, Cell::Missing));
        Ok(grid)
    }
}
