//! Sorts of batches that are small beside the memory of a query, so that they can spill.
//!
//! A sort has a share of the memory, and takes a batch as a whole. Slices of a column share its buffers,
//! and each counts as all of them. So where the documents that a query reads are wide for its memory, a
//! sort gets copies in batches of fewer rows.

use arrow::array::{Array, ArrayRef, AsArray, MutableArrayData, RecordBatch, make_array};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::fmt::{self, Formatter};
use std::sync::Arc;

/// The fewest rows of a batch, however wide they are.
const FEWEST: usize = 16;

/// A plan whose sorts get batches of at most so many bytes, and the rows that a batch should have then. If
/// `rows` rows have no more bytes, the plan stays as it is.
pub fn with_small_batches(
    plan: Arc<dyn ExecutionPlan>,
    rows: usize,
    bytes: usize,
) -> Result<(Arc<dyn ExecutionPlan>, usize)> {
    let mut widest = 0;
    plan.apply(|node| {
        widest = widest.max(width(&**node));
        Ok(TreeNodeRecursion::Continue)
    })?;
    let small = (bytes / widest.max(1)).max(FEWEST);
    if small >= rows {
        return Ok((plan, rows));
    }
    let mut has_sort = false;
    let plan = plan.transform_up(|node| {
        // With a limit, it keeps few rows.
        let Some(sort) = node.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none())
        else {
            return Ok(Transformed::no(node));
        };
        has_sort = true;
        let copied = Arc::new(Copied { source: sort.input().clone(), rows: small });
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
        Ok(Transformed::yes(node.replace_children(vec![copied], options)?))
    })?;
    Ok((plan.data, if has_sort { small } else { rows }))
}

/// Bytes of a row that a source in memory has, on average; 0 if it's none.
fn width(node: &dyn ExecutionPlan) -> usize {
    let source = node.downcast_ref::<DataSourceExec>();
    let source = source.and_then(|it| it.data_source().downcast_ref::<MemorySourceConfig>());
    let (mut counter, mut rows) = (RecordBatchMemoryCounter::new(), 0);
    for batch in source.into_iter().flat_map(MemorySourceConfig::partitions).flatten() {
        counter.count_batch(batch);
        rows += batch.num_rows();
    }
    counter.memory_usage().checked_div(rows).unwrap_or_default()
}

/// The rows of another node, in batches of so many that share no buffers.
#[derive(Debug)]
struct Copied {
    source: Arc<dyn ExecutionPlan>,
    rows: usize,
}

impl DisplayAs for Copied {
    fn fmt_as(&self, _: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: rows={}", self.name(), self.rows)
    }
}

impl ExecutionPlan for Copied {
    fn name(&self) -> &str {
        "SmallBatchesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.source.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.source]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { source: children.swap_remove(0), rows: self.rows }))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { source: children.swap_remove(0), rows: self.rows }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (source, most) = (self.source.execute(partition, context)?, self.rows);
        let schema = source.schema();
        let small = source.map_ok(move |batch| {
            let begins = (0..batch.num_rows()).step_by(most);
            stream::iter(begins.map(move |at| copied(&batch, at, most)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, small.try_flatten().boxed())))
    }
}

/// A part of a batch, with buffers of its own.
fn copied(batch: &RecordBatch, at: usize, most: usize) -> Result<RecordBatch> {
    let part = batch.slice(at, most.min(batch.num_rows() - at));
    let columns = part.columns().iter().map(own_buffers).collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(part.schema(), columns)?)
}

fn own_buffers(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => {
            let data = column.to_data();
            let mut copy = MutableArrayData::new(vec![&data], false, data.len());
            copy.try_extend(0, 0, data.len())?;
            make_array(copy.freeze())
        }
    })
}
