//! Expressions and aggregates of a rollup, planned.

use crate::local::query::bind::{Rollup, aggregate_name, key_name};
use crate::local::query::scan::column_name;
use crate::local::query::sql_error::{SqlResult, from_datafusion};
use crate::local::query::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{filter_record_batch, prep_null_mask_filter};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Accumulator, Expr};
use datafusion::physical_expr::aggregate::{AggregateFunctionExpr, LoweredAggregateBuilder};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use std::sync::Arc;

/// A rollup, planned.
#[derive(Debug)]
pub(super) struct Plan {
    input: SchemaRef,
    condition: Option<Arc<dyn PhysicalExpr>>,
    keys: Vec<(Arc<dyn PhysicalExpr>, Type)>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Columns of keys and of the aggregates' values.
    output: SchemaRef,
    items: Vec<(String, Arc<dyn PhysicalExpr>, Type)>,
    /// Writes the states of aggregates as bytes.
    pub(super) states: RowConverter,
}

/// An aggregate, which is computed in two phases.
#[derive(Debug)]
pub(super) struct Aggregate {
    function: Arc<AggregateFunctionExpr>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    args: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) state: Vec<FieldRef>,
}

/// Values of documents: those that make groups, and those that are aggregated.
pub(super) struct Inputs {
    /// Which of the documents the condition holds for. The columns have no others.
    pub(super) kept: Vec<bool>,
    pub(super) keys: Vec<ArrayRef>,
    /// Arguments of each aggregate, and which of them it takes.
    pub(super) aggregates: Vec<(Vec<ArrayRef>, Option<ArrayRef>)>,
}

impl Plan {
    /// Plans a rollup of documents of which this number of paths is read.
    pub(super) fn new(rollup: Rollup, paths: usize) -> SqlResult<Self> {
        Self::planned(rollup, paths).map_err(from_datafusion)
    }

    fn planned(rollup: Rollup, paths: usize) -> Result<Self> {
        let columns = (0..paths).map(|at| Field::new(column_name(0, at), Type::Any.arrow(), true));
        let input = Planner::new(columns.collect())?;
        let condition =
            rollup.condition.map(|filter| input.expression(&filter.expr)).transpose()?;
        let keys = rollup.keys.iter().map(|key| Ok((input.expression(&key.expr)?, key.of)));
        let keys: Vec<_> = keys.collect::<Result<_>>()?;
        let aggregates = rollup.aggregates.iter().map(|aggregate| input.aggregate(aggregate));
        let aggregates: Vec<_> = aggregates.collect::<Result<_>>()?;

        let key = |(at, (_, of)): (usize, &(_, Type))| Field::new(key_name(at), of.arrow(), true);
        let value = |(at, aggregate): (usize, &Aggregate)| {
            Field::new(aggregate_name(at), aggregate.function.field().data_type().clone(), true)
        };
        let fields = keys.iter().enumerate().map(key);
        let fields = fields.chain(aggregates.iter().enumerate().map(value));
        let output = Planner::new(fields.collect())?;
        let items = rollup
            .items
            .into_iter()
            .map(|(name, value)| Ok((name, output.expression(&value.expr)?, value.of)));
        let items = items.collect::<Result<_>>()?;
        let states = aggregates.iter().flat_map(|aggregate| &aggregate.state);
        let states = states.map(|state| SortField::new(state.data_type().clone()));
        let states = RowConverter::new(states.collect())?;
        let (input, output) = (input.schema, output.schema);
        Ok(Self { input, condition, keys, aggregates, output, items, states })
    }

    /// Evaluates what is of documents.
    pub(super) fn inputs(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<Inputs> {
        let batch = batch(&self.input, columns, rows)?;
        let (batch, kept) = match &self.condition {
            None => (batch, vec![true; rows]),
            Some(condition) => {
                let kept = condition.evaluate(&batch)?.into_array(rows)?;
                let kept = holding(&kept);
                (filter_record_batch(&batch, &kept)?, kept.values().iter().collect())
            }
        };
        let evaluated =
            |expr: &Arc<dyn PhysicalExpr>| expr.evaluate(&batch)?.into_array(batch.num_rows());
        let keys = self.keys.iter().map(|(key, _)| evaluated(key)).collect::<Result<_>>()?;
        let aggregates = self.aggregates.iter().map(|aggregate| {
            let args = aggregate.args.iter().map(evaluated).collect::<Result<_>>()?;
            Ok((args, aggregate.filter.as_ref().map(evaluated).transpose()?))
        });
        Ok(Inputs { kept, keys, aggregates: aggregates.collect::<Result<_>>()? })
    }

    /// Types of the keys.
    pub(super) fn key_types(&self) -> impl Iterator<Item = Type> {
        self.keys.iter().map(|(_, of)| *of)
    }

    /// The fields of a group's document, as columns of one row, from its keys and the values of
    /// its aggregates.
    pub(super) fn fields(&self, columns: Vec<ArrayRef>) -> Result<Vec<(&str, ArrayRef, Type)>> {
        let batch = batch(&self.output, columns, 1)?;
        let items = self.items.iter().map(|(name, expr, of)| {
            Ok((name.as_str(), expr.evaluate(&batch)?.into_array(1)?, *of))
        });
        items.collect()
    }
}

/// Where a condition holds, rather than is null.
pub(super) fn holding(condition: &ArrayRef) -> BooleanArray {
    let condition = condition.as_boolean();
    match condition.null_count() {
        0 => condition.clone(),
        _ => prep_null_mask_filter(condition),
    }
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

impl Aggregate {
    pub(super) fn accumulator(&self) -> Result<Box<dyn Accumulator>> {
        self.function.create_accumulator()
    }
}

/// Plans expressions on columns.
struct Planner {
    schema: SchemaRef,
    names: DFSchema,
    properties: ExecutionProps,
    context: PhysicalPlanningContext,
}

impl Planner {
    fn new(columns: Vec<Field>) -> Result<Self> {
        let schema = Arc::new(Schema::new(columns));
        let names = DFSchema::try_from(schema.clone())?;
        let (properties, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
        Ok(Self { schema, names, properties, context })
    }

    fn expression(&self, expr: &Expr) -> Result<Arc<dyn PhysicalExpr>> {
        create_physical_expr(expr, &self.names, &self.properties, &self.context)
    }

    fn aggregate(&self, expr: &Expr) -> Result<Aggregate> {
        let Self { schema, names, properties, context } = self;
        let builder = LoweredAggregateBuilder::new(expr, names, schema, properties, context);
        let lowered = builder.build()?;
        let (function, filter) = (lowered.aggregate, lowered.filter);
        let mut args = function.expressions();
        // An aggregate with an order takes the keys of it after its arguments.
        args.extend(function.order_bys().iter().map(|key| key.expr.clone()));
        let state = function.state_fields()?;
        // Some can be planned and not be run.
        function.create_accumulator()?;
        Ok(Aggregate { function, filter, args, state })
    }
}
