//! Operations of SQL on values, as scalar functions of DataFusion.
//!
//! - `op`: the kinds of operations.
//! - `eval`: an operation is evaluated value by value, unless `by_bytes` can evaluate it on encoded
//!   values, or `by_type` on integers and moments.
//! - `per_element`: an expression for each element of an array; `stop`: cancellation.

mod by_bytes;
mod by_type;
mod eval;
mod op;
mod per_element;
mod stop;
#[cfg(test)]
mod tests;

pub use op::{Arithmetic, Comparison, Documents, Op};
pub use per_element::PerElement;
pub use stop::Stop;

use super::columns::boxed;
use super::script::{NAMESPACE, ScriptFunction};
use super::sql_error::{Place, SqlError, SqlErrorKind};
use super::types::Type;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};
use std::fmt;
use std::hash::{Hash, Hasher};

/// An operation on expressions of known types.
#[derive(Debug, Clone)]
pub struct Operation {
    op: Op,
    arguments: Vec<Type>,
    returns: Type,
    /// Whether an error becomes null.
    is_lenient: bool,
    /// Start of the query, in microseconds since the epoch.
    now: i64,
    /// Place in the query. Equal operations may stand in several places.
    place: Option<Place>,
    stop: Stop,
    signature: Signature,
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op
            && self.arguments == other.arguments
            && self.returns == other.returns
            && self.is_lenient == other.is_lenient
    }
}

impl Eq for Operation {}

impl Hash for Operation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.op.hash(state);
        self.arguments.hash(state);
    }
}

impl Operation {
    pub fn new(
        op: Op,
        arguments: Vec<Type>,
        returns: Type,
        now: i64,
        place: Option<Place>,
    ) -> Self {
        let is_pure = match &op {
            Op::Function(function) => function.is_pure,
            Op::Script(_) | Op::Unknown => false,
            _ => true,
        };
        // An operation that fails for some types must not be evaluated before a condition on the
        // type. As it is volatile, the optimizer can't move it there.
        let is_checked = matches!(op, Op::Function(_) | Op::Arithmetic(_) | Op::Cast { .. })
            && arguments.contains(&Type::Any);
        let is_pure = is_pure && !is_checked;
        let volatility = if is_pure { Volatility::Immutable } else { Volatility::Volatile };
        let types = match arguments.len() {
            0 => TypeSignature::Nullary,
            count => TypeSignature::Any(count),
        };
        let signature = Signature::new(types, volatility);
        let stop = Stop::default();
        Self { op, arguments, returns, is_lenient: false, now, place, stop, signature }
    }

    /// Lets the operation fail when `stop` asks it to.
    pub fn stopped_by(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// Lets an error become null.
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    pub fn call(self, arguments: Vec<Expr>) -> Expr {
        ScalarUDF::new_from_impl(self).call(arguments)
    }

    fn output(&self) -> DataType {
        let list = |of| DataType::new_list(of, true);
        match self.op {
            Op::Elements => list(DataType::BinaryView),
            Op::Ordinals => list(DataType::Int64),
            Op::EqualityKey | Op::Present => DataType::BinaryView,
            _ => self.returns.arrow(),
        }
    }

    fn error(&self, message: impl Into<String>) -> DataFusionError {
        DataFusionError::External(Box::new(SqlError::new(message).at(self.place)))
    }
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        self.op.name()
    }

    // DataFusion tells columns apart by these names.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        Ok(self.shown(args))
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        Ok(self.shown(args))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.output())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.stop.is_asked() {
            let stopped = SqlError::new("The query was cancelled").of_kind(SqlErrorKind::Cancelled);
            return Err(DataFusionError::External(Box::new(stopped)));
        }
        if let (Op::UnlessStopped | Op::First, [value, ..]) = (&self.op, &args.args[..]) {
            return Ok(value.clone());
        }
        let is_column = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Array(_));
        let is_pure = self.signature.volatility == Volatility::Immutable;
        let scalar = is_pure && !args.args.iter().any(is_column);
        let rows = if scalar { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|arg| match arg {
            ColumnarValue::Array(column) => Ok(column.clone()),
            ColumnarValue::Scalar(value) => value.to_array_of_size(1),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let by_bytes = by_bytes::evaluate(self, &columns, rows)?;
        let result = match by_bytes.or_else(|| by_type::evaluate(self, &columns, rows)) {
            Some(column) => column,
            None if self.op == Op::Box && columns.iter().all(|column| column.len() == rows) => {
                boxed(&columns[0], self.arguments[0])
            }
            None => match &self.op {
                Op::Script(function) => self.by_script(function, &columns, rows)?,
                _ => self.row_by_row(&columns, rows, &|args| self.eval(args))?,
            },
        };
        Ok(match scalar {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?),
            false => ColumnarValue::Array(result),
        })
    }
}

impl Operation {
    /// Calls a function of the query's script for each row.
    fn by_script(
        &self,
        function: &ScriptFunction,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let stop = self.stop.clone();
        let called =
            function.run(move || stop.is_asked(), |call| self.row_by_row(columns, rows, call));
        called.map_err(|error| DataFusionError::External(Box::new(error.at(self.place))))?
    }

    fn shown(&self, args: &[Expr]) -> String {
        let args: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        format!("{self}({})", args.join(", "))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.op {
            Op::Function(function) => f.write_str(function.name),
            Op::Script(function) => write!(f, "{NAMESPACE}.{}", function.name),
            Op::Document(_) => f.write_str("Document"),
            op => write!(f, "{op:?}"),
        }
    }
}

/// Index of a row in a column, which has one value for all rows, or one for each.
fn at(column: &ArrayRef, row: usize) -> usize {
    if column.len() == 1 { 0 } else { row }
}

impl Operation {
    pub(super) fn op(&self) -> &Op {
        &self.op
    }

    pub(super) fn argument(&self, index: usize) -> Type {
        self.arguments.get(index).copied().unwrap_or(Type::UNDEFINED)
    }

    /// Whether it fails only if documents can't be read, which is no null.
    fn reads_documents(&self) -> bool {
        matches!(self.op, Op::Document(_))
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.is_lenient
    }

    pub(super) fn wrong(&self, message: impl Into<String>) -> DataFusionError {
        self.error(message)
    }
}
