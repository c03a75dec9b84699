//! Documents of one group of a rollup.

use super::plan::{Inputs, Plan, holding};
use crate::local::catalog;
use crate::local::query::columns::Reader;
use crate::local::query::sql_error::{SqlResult, from_datafusion};
use crate::local::query::transformation::error::unless_it_panics;
use crate::local::query::value::{Value, write_document};
use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{filter, take};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// The group of a document.
#[derive(Debug, Clone)]
pub(super) struct Grouped {
    /// `_id` of the group's document.
    pub(super) id: Box<str>,
    pub(super) group: Arc<Group>,
}

/// Documents of a group that came in together.
#[derive(Debug)]
pub(super) struct Group {
    plan: Arc<Plan>,
    /// Columns of one row, as are the states.
    keys: Vec<ArrayRef>,
    states: Vec<Vec<ArrayRef>>,
}

/// The group of each document; `None` for those that the condition leaves out.
pub(super) fn grouped(
    plan: &Arc<Plan>,
    sql: &str,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> SqlResult<Vec<Option<Grouped>>> {
    groups(plan, sql, columns, rows).map_err(from_datafusion)
}

fn groups(
    plan: &Arc<Plan>,
    sql: &str,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<Vec<Option<Grouped>>> {
    let inputs = plan.inputs(columns, rows)?;
    let count = inputs.kept.iter().filter(|kept| **kept).count();
    let mut found = vec![None; count];
    for members in partitioned(&inputs.keys, count)? {
        let group = Group::new(plan, &inputs, &members)?;
        let grouped = Grouped { id: group.id(sql), group: Arc::new(group) };
        members.iter().for_each(|row| found[*row as usize] = Some(grouped.clone()));
    }
    let mut found = found.into_iter();
    Ok(inputs.kept.iter().map(|kept| if *kept { found.next().flatten() } else { None }).collect())
}

/// The rows of each group.
fn partitioned(keys: &[ArrayRef], rows: usize) -> Result<Vec<Vec<u32>>> {
    let all = 0..rows as u32;
    if keys.is_empty() {
        return Ok(if rows == 0 { Vec::new() } else { vec![all.collect()] });
    }
    let types = keys.iter().map(|key| SortField::new(key.data_type().clone()));
    let texts = RowConverter::new(types.collect())?.convert_columns(keys)?;
    let mut numbers = HashMap::new();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for (row, key) in all.zip(&texts) {
        let number = *numbers.entry(key).or_insert(groups.len());
        if number == groups.len() {
            groups.push(Vec::new());
        }
        groups[number].push(row);
    }
    Ok(groups)
}

impl Group {
    /// Aggregates these rows.
    fn new(plan: &Arc<Plan>, inputs: &Inputs, members: &[u32]) -> Result<Self> {
        let rows = UInt32Array::from(members.to_vec());
        let of_group = |column: &ArrayRef| Ok(take(column, &rows, None)?);
        let states = plan.aggregates.iter().zip(&inputs.aggregates);
        let states = states.map(|(aggregate, (args, chosen))| {
            let mut args = args.iter().map(of_group).collect::<Result<Vec<_>>>()?;
            if let Some(chosen) = chosen {
                let chosen = of_group(chosen)?;
                let chosen = holding(&chosen);
                args = args.iter().map(|arg| Ok(filter(arg, &chosen)?)).collect::<Result<_>>()?;
            }
            let mut accumulator = aggregate.accumulator()?;
            accumulator.update_batch(&args)?;
            state(&mut *accumulator)
        });
        let states = states.collect::<Result<_>>()?;
        let first = |key: &ArrayRef| key.slice(members[0] as usize, 1);
        Ok(Self { plan: plan.clone(), keys: inputs.keys.iter().map(first).collect(), states })
    }

    /// The `_id` of the group's document: a hash of its rollup and its keys.
    fn id(&self, sql: &str) -> Box<str> {
        let mut text = sql.to_string();
        for (key, of) in self.keys.iter().zip(self.plan.key_types()) {
            // No JSON has this character in it.
            text.push('\0');
            match Reader::new(key, of).get(0) {
                Value::Undefined => {}
                value => write_document(&value, &mut text),
            }
        }
        hex::encode(Sha256::digest(text)).into()
    }

    fn merge(&self, earlier: Option<&[u8]>) -> Result<(String, Box<[u8]>)> {
        let mut earlier = earlier.map(|state| self.read(state)).transpose()?.map(Vec::into_iter);
        let (mut columns, mut all) = (self.keys.clone(), Vec::new());
        for (aggregate, new) in self.plan.aggregates.iter().zip(&self.states) {
            let mut accumulator = aggregate.accumulator()?;
            if let Some(earlier) = &mut earlier {
                let states: Vec<_> = earlier.take(aggregate.state.len()).collect();
                accumulator.merge_batch(&states)?;
            }
            accumulator.merge_batch(new)?;
            let merged = state(&mut *accumulator)?;
            // To ask for its state may have taken everything out of the first one.
            let mut accumulator = aggregate.accumulator()?;
            accumulator.merge_batch(&merged)?;
            columns.push(accumulator.evaluate()?.to_array_of_size(1)?);
            all.extend(merged);
        }
        Ok((self.text(columns)?, self.written(&all)?))
    }

    /// The text of the group's document.
    fn text(&self, columns: Vec<ArrayRef>) -> Result<String> {
        let mut text = String::from("{");
        for (name, column, of) in self.plan.fields(columns)? {
            let value = Reader::new(&column, of).get(0);
            if value == Value::Undefined {
                continue;
            }
            if text.len() > 1 {
                text.push(',');
            }
            write_document(&Value::string(name), &mut text);
            text.push(':');
            write_document(&value, &mut text);
        }
        text.push('}');
        Ok(text)
    }

    fn written(&self, states: &[ArrayRef]) -> Result<Box<[u8]>> {
        if states.is_empty() {
            return Ok(Box::default());
        }
        Ok(self.plan.states.convert_columns(states)?.row(0).as_ref().into())
    }

    fn read(&self, state: &[u8]) -> Result<Vec<ArrayRef>> {
        if state.is_empty() {
            return Ok(Vec::new());
        }
        let parser = self.plan.states.parser();
        Ok(self.plan.states.convert_rows([parser.parse(state)])?)
    }
}

impl catalog::Group for Group {
    fn merged(&self, earlier: Option<&[u8]>) -> std::result::Result<(String, Box<[u8]>), String> {
        let merged = unless_it_panics(|| self.merge(earlier))?;
        merged.map_err(|error| from_datafusion(error).message)
    }
}

/// The state of an aggregate, as columns of one row.
fn state(accumulator: &mut dyn Accumulator) -> Result<Vec<ArrayRef>> {
    accumulator.state()?.iter().map(|state: &ScalarValue| state.to_array_of_size(1)).collect()
}
