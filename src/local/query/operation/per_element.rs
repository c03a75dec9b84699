//! A query on the elements of an array, for each row: `(SELECT … FROM UNNEST(array) …)` where
//! the array is of the row.
//!
//! DataFusion doesn't run a subquery for each row. All elements of a batch of rows become one
//! batch, on which the subquery's expressions are evaluated once.

use crate::local::query::columns::Reader;
use crate::local::query::types::Type;
use crate::local::query::value::{Value, elements, encode};
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewBuilder, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The values that an expression has for the elements of an array, as an array.
#[derive(Debug)]
pub struct PerElement {
    /// Columns of the element, and of all else that the expressions read of the row.
    pub schema: SchemaRef,
    /// Condition that elements must meet.
    pub filter: Option<Arc<dyn PhysicalExpr>>,
    pub value: Arc<dyn PhysicalExpr>,
    pub of: Type,
    /// Description of the subquery. Equal subqueries have equal ones.
    pub key: String,
    pub signature: Signature,
}

impl PerElement {
    pub fn signature(arguments: usize) -> Signature {
        Signature::any(arguments, Volatility::Immutable)
    }

    pub fn call(self, arguments: Vec<Expr>) -> Expr {
        ScalarUDF::new_from_impl(self).call(arguments)
    }

    /// The elements of all rows as one batch, with the row of each.
    fn flattened(&self, columns: &[ArrayRef], rows: usize) -> Result<(RecordBatch, Vec<usize>)> {
        let arrays = columns[0].as_binary_view();
        let mut values = BinaryViewBuilder::new();
        let mut row_of = Vec::new();
        for row in 0..rows {
            let array = arrays.is_valid(row).then(|| arrays.value(row)).and_then(elements);
            for element in array.into_iter().flatten() {
                values.append_value(element);
                row_of.push(row);
            }
        }
        let indices = UInt64Array::from_iter_values(row_of.iter().map(|row| *row as u64));
        let mut flat: Vec<ArrayRef> = vec![Arc::new(values.finish())];
        for column in &columns[1..] {
            flat.push(take(column, &indices, None)?);
        }
        Ok((RecordBatch::try_new(self.schema.clone(), flat)?, row_of))
    }
}

impl PartialEq for PerElement {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for PerElement {}

impl Hash for PerElement {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl ScalarUDFImpl for PerElement {
    fn name(&self) -> &str {
        "per_element"
    }

    fn schema_name(&self, _: &[Expr]) -> Result<String> {
        Ok(self.key.clone())
    }

    fn display_name(&self, _: &[Expr]) -> Result<String> {
        Ok(self.key.clone())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::BinaryView)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let columns: Vec<ArrayRef> = match columns.first() {
            // All arguments are constants.
            Some(column) if column.len() != rows => {
                args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<_>>()?
            }
            _ => columns,
        };
        let (batch, row_of) = self.flattened(&columns, rows)?;
        let chosen = match &self.filter {
            Some(filter) => Some(filter.evaluate(&batch)?.into_array(batch.num_rows())?),
            None => None,
        };
        let chosen = chosen.as_ref().map(|chosen| chosen.as_boolean());
        let values = self.value.evaluate(&batch)?.into_array(batch.num_rows())?;
        let reader = Reader::new(&values, self.of);
        let mut arrays: Vec<Vec<Value>> = vec![Vec::new(); rows];
        for (at, row) in row_of.iter().enumerate() {
            if chosen.is_none_or(|chosen| chosen.is_valid(at) && chosen.value(at)) {
                arrays[*row].push(match reader.get(at) {
                    Value::Undefined => Value::Null,
                    value => value,
                });
            }
        }
        let mut out = BinaryViewBuilder::with_capacity(rows);
        for array in arrays {
            out.append_value(encode(&Value::Array(array)));
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}
