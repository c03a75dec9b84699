//! Rollups: documents with the same keys become one document of aggregates.
//!
//! This is aggregation in two phases, as of a query that several machines share. Documents that
//! come in together are aggregated by group to *states*, without any lock. When a group is stored,
//! its states are merged with those of what came before, which are kept with its document. So a
//! document that comes late counts as one that came early does.
//!
//! - `plan`: expressions and aggregates, ready to be evaluated.
//! - `group`: documents of one group.

mod group;
mod plan;

use super::error::{refused, unless_it_panics};
use super::fields::Fields;
use crate::local::catalog::{self, Transform, Transformed};
use crate::local::error::ApiError;
use crate::local::query::bind::OnGroups;
use crate::local::query::columns::boxed;
use crate::local::query::scan::{self, Path};
use crate::local::query::sql_error::SqlResult;
use arrow::array::ArrayRef;
use chrono::Utc;
use group::{Grouped, grouped};
use plan::Plan;
use sqlparser::ast::Select;
use std::sync::Arc;

/// A rollup.
#[derive(Debug)]
pub(super) struct RollupTransform {
    /// Part of the `_id` of its groups: those of another rollup are other ones.
    sql: String,
    query: OnGroups,
    /// Planned for the present time when the collection was created.
    plan: Arc<Plan>,
}

impl RollupTransform {
    /// Fails if the query is no rollup.
    pub(super) fn new(sql: &str, input: String, select: Select) -> Result<Self, ApiError> {
        let query = OnGroups::new(input, select).map_err(refused)?;
        let plan = Arc::new(planned(&query).map_err(refused)?);
        Ok(Self { sql: sql.to_string(), query, plan })
    }

    /// The group of each document; `None` for those that the condition leaves out.
    fn groups(&self, documents: &[&Fields<'_>]) -> SqlResult<Vec<Option<Grouped>>> {
        // A plan that holds the present time is valid for these documents only.
        let plan = match self.query.tells_time {
            true => Arc::new(planned(&self.query)?),
            false => self.plan.clone(),
        };
        let columns = self.query.paths.iter().map(|path| column(documents, path)).collect();
        grouped(&plan, &self.sql, columns, documents.len())
    }

    /// The group of each document. If that fails, each document is tried by itself.
    fn each(&self, documents: &[&Fields<'_>]) -> Vec<Result<Option<Grouped>, String>> {
        let groups = unless_it_panics(|| self.groups(documents));
        match groups.and_then(|groups| groups.map_err(|error| error.message)) {
            Ok(groups) => groups.into_iter().map(Ok).collect(),
            Err(_) if documents.len() > 1 => {
                documents.iter().flat_map(|document| self.each(&[*document])).collect()
            }
            Err(reason) => vec![Err(reason); documents.len()],
        }
    }
}

fn planned(query: &OnGroups) -> SqlResult<Plan> {
    let rollup = query.bind(Utc::now().timestamp_micros())?;
    Plan::new(rollup, query.paths.len())
}

/// The values of documents at a path, each encoded by itself.
fn column(documents: &[&Fields<'_>], path: &Path) -> ArrayRef {
    let values: Vec<_> = documents.iter().map(|fields| fields.value(path)).collect();
    let (of, column) = scan::column(values.iter());
    if of.is_boxed() { column } else { boxed(&column, of) }
}

impl Transform for RollupTransform {
    fn apply(&self, documents: &[&str]) -> Vec<Transformed> {
        let read: Vec<_> = documents.iter().map(|text| Fields::read(text)).collect();
        let good: Vec<&Fields<'_>> = read.iter().flatten().collect();
        let mut groups = self.each(&good).into_iter();
        let transformed = read.iter().map(|fields| match fields {
            Err(error) => Transformed::Failed(error.to_string()),
            Ok(_) => match groups.next() {
                None | Some(Ok(None)) => Transformed::Dropped,
                Some(Err(reason)) => {
                    Transformed::Failed(format!("It can't be transformed: {reason}"))
                }
                Some(Ok(Some(Grouped { id, group }))) => {
                    Transformed::Grouped(id, group as Arc<dyn catalog::Group>)
                }
            },
        });
        transformed.collect()
    }

    fn is_rollup(&self) -> bool {
        true
    }
}
