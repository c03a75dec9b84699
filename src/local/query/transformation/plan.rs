//! Expressions, planned for columns of certain types.

use crate::local::query::bind::OnInput;
use crate::local::query::columns::Reader;
use crate::local::query::scan::column_name;
use crate::local::query::sql_error::{SqlError, SqlResult, from_datafusion};
use crate::local::query::types::Type;
use crate::local::query::value::{Value, write_document};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::{Field, Schema};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use std::sync::Arc;

/// Expressions that can be evaluated on columns of certain types.
#[derive(Debug)]
pub(super) struct Plan {
    schema: Arc<Schema>,
    expressions: Vec<(Arc<dyn PhysicalExpr>, Type)>,
    condition: Option<usize>,
}

/// Result for a document: the JSON of each expression that isn't undefined; nothing if the
/// condition doesn't hold; or an error.
pub(super) type Row = Result<Option<Vec<Option<String>>>, String>;

impl Plan {
    /// Plans expressions for columns of these types.
    pub(super) fn new(
        on: &OnInput,
        condition: Option<usize>,
        types: &[Type],
        now: i64,
    ) -> SqlResult<Self> {
        let field = |(at, of): (usize, &Type)| Field::new(column_name(0, at), of.arrow(), true);
        let fields: Vec<Field> = types.iter().enumerate().map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        let columns = DFSchema::try_from(schema.clone()).map_err(from_datafusion)?;
        let (properties, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
        let bound = on.bind(types, now)?.into_iter().map(|value| {
            let expr = create_physical_expr(&value.expr, &columns, &properties, &context);
            expr.map(|expr| (expr, value.of)).map_err(from_datafusion)
        });
        let expressions = bound.collect::<SqlResult<_>>()?;
        Ok(Self { schema, expressions, condition })
    }

    /// Evaluates the expressions on columns of `rows` rows.
    pub(super) fn run(&self, columns: Vec<ArrayRef>, rows: usize) -> Vec<Row> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = match RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
        {
            Ok(batch) => batch,
            Err(error) => return vec![Err(error.to_string()); rows],
        };
        match self.evaluate(&batch) {
            Ok(done) => done.into_iter().map(Ok).collect(),
            // One row has failed, and must not take the others with it.
            Err(_) => (0..rows).map(|row| self.evaluate_one(&batch.slice(row, 1))).collect(),
        }
    }

    fn evaluate_one(&self, row: &RecordBatch) -> Row {
        let mut rows = self.evaluate(row).map_err(tell)?;
        Ok(rows.pop().flatten())
    }

    fn evaluate(
        &self,
        batch: &RecordBatch,
    ) -> Result<Vec<Option<Vec<Option<String>>>>, DataFusionError> {
        let rows = batch.num_rows();
        let Some(condition) = self.condition else {
            let all: Vec<usize> = (0..self.expressions.len()).collect();
            return Ok(self.texts(batch, &all)?.into_iter().map(Some).collect());
        };
        let kept = self.expressions[condition].0.evaluate(batch)?.into_array(rows)?;
        let kept = kept.as_boolean();
        let kept = match kept.null_count() {
            0 => kept.clone(),
            _ => prep_null_mask_filter(kept),
        };
        // Rows that are left out must not fail in the expressions.
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
    ) -> Result<Vec<Vec<Option<String>>>, DataFusionError> {
        let rows = batch.num_rows();
        let mut texts = vec![Vec::with_capacity(expressions.len()); rows];
        for at in expressions {
            let (expression, of) = &self.expressions[*at];
            let array = expression.evaluate(batch)?.into_array(rows)?;
            let reader = Reader::new(&array, *of);
            for (row, texts) in texts.iter_mut().enumerate() {
                texts.push(text(&reader.get(row)));
            }
        }
        Ok(texts)
    }
}

/// The JSON of a value, unless it is undefined.
fn text(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_document(value, &mut text);
    (*value != Value::Undefined).then_some(text)
}

fn tell(error: DataFusionError) -> String {
    let SqlError { message, .. } = from_datafusion(error);
    message
}
