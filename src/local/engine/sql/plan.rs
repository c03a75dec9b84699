//! Expressions, planned for columns of certain types.

use super::functions::SESSION;
use super::names;
use crate::local::engine::json;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use chrono::Utc;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{Expr, ExprWithAlias};
use std::sync::Arc;

/// Expressions that can be evaluated on columns of certain types.
#[derive(Debug)]
pub(super) struct Plan {
    schema: Arc<Schema>,
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    condition: Option<usize>,
}

/// What comes of a document: the JSON of each expression, or nothing if the condition
/// does not hold; or why it can't be told.
pub(super) type Row = Result<Option<Vec<String>>, String>;

impl Plan {
    /// Plans expressions for columns of these types. Fails with what is wrong.
    pub(super) fn new(
        expressions: &[Expr],
        condition: Option<usize>,
        types: &[DataType],
    ) -> Result<Self, String> {
        let named =
            |(at, kind): (usize, &DataType)| Field::new(names::column(at), kind.clone(), true);
        let fields: Fields = types.iter().enumerate().map(named).collect();
        let schema = Arc::new(Schema::new(fields));
        let columns = DFSchema::try_from(schema.clone()).map_err(|error| tell(&error))?;
        let plan = |expression: &Expr| plan(expression, &columns).map_err(|error| tell(&error));
        let expressions = expressions.iter().map(plan).collect::<Result<_, _>>()?;
        Ok(Self { schema, expressions, condition })
    }

    /// Evaluates the expressions on so many rows.
    pub(super) fn run(&self, columns: Vec<ArrayRef>, rows: usize) -> Vec<Row> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = match RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
        {
            Ok(batch) => batch,
            Err(error) => return vec![Err(error.to_string()); rows],
        };
        match self.evaluate(&batch) {
            Ok(done) => done.into_iter().map(Ok).collect(),
            // One of them is to blame, and must not take the others with it.
            Err(_) => (0..rows).map(|row| self.evaluate_one(&batch.slice(row, 1))).collect(),
        }
    }

    fn evaluate_one(&self, row: &RecordBatch) -> Row {
        let mut rows = self.evaluate(row).map_err(|error| tell(&error))?;
        Ok(rows.pop().flatten())
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<Vec<Option<Vec<String>>>, DataFusionError> {
        let rows = batch.num_rows();
        let array = |at: usize| self.expressions[at].evaluate(batch)?.into_array(rows);
        let Some(condition) = self.condition else {
            let all: Vec<usize> = (0..self.expressions.len()).collect();
            return Ok(self.texts(batch, &all)?.into_iter().map(Some).collect());
        };
        let kept = array(condition)?;
        let kept = kept.as_boolean_opt().ok_or_else(|| {
            DataFusionError::Plan(format!(
                "WHERE is neither true nor false, but {}",
                kept.data_type()
            ))
        })?;
        let kept = match kept.null_count() {
            0 => kept.clone(),
            _ => prep_null_mask_filter(kept),
        };
        // What is left out must not fail in the expressions.
        let filtered = filter_record_batch(batch, &kept)?;
        let others: Vec<usize> =
            (0..self.expressions.len()).filter(|at| *at != condition).collect();
        let mut texts = self.texts(&filtered, &others)?.into_iter();
        Ok((0..rows).map(|row| if kept.value(row) { texts.next() } else { None }).collect())
    }

    /// The JSON of expressions, for each row.
    fn texts(
        &self,
        batch: &RecordBatch,
        expressions: &[usize],
    ) -> Result<Vec<Vec<String>>, DataFusionError> {
        let rows = batch.num_rows();
        let mut texts: Vec<Vec<String>> = vec![Vec::with_capacity(expressions.len()); rows];
        for at in expressions {
            let array = self.expressions[*at].evaluate(batch)?.into_array(rows)?;
            for (row, text) in texts.iter_mut().zip(json::values(&array)?) {
                row.push(text);
            }
        }
        Ok(texts)
    }
}

fn plan(expression: &Expr, columns: &DFSchema) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let session = &*SESSION;
    let named = ExprWithAlias { expr: expression.clone(), alias: None };
    let logical = session.create_logical_expr_from_sql_expr(named, columns)?;
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(columns.clone()))
        .with_config_options(session.config_options().clone())
        .with_query_execution_start_time(Some(Utc::now()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let logical = simplifier.simplify(simplifier.coerce(logical, columns)?)?;
    session.create_physical_expr(logical, columns)
}

/// An error in a few words.
fn tell(error: &DataFusionError) -> String {
    error.strip_backtrace().lines().next().unwrap_or_default().to_string()
}
