//! Batches that are small beside the memory of a query, for operators that keep them and may spill.
//!
//! Such an operator has a part of the memory, and takes a batch as a whole. Slices of a column share its
//! buffers, and each counts as all of them. So where the documents that a query reads are wide for its
//! memory, these operators get copies, in batches of fewer rows.

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
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::fmt::{self, Formatter};
use std::sync::Arc;

/// The fewest rows of a batch, however wide they are.
const FEWEST: usize = 16;

/// What a plan reads, and what becomes of it.
#[derive(Debug, Default)]
pub struct Read {
    /// Bytes of all sources.
    pub bytes: usize,
    /// Whether operators keep much of it: sorts, or what hands batches to other threads.
    pub is_kept: bool,
    /// Bytes of a row, on average, of the widest source that has more than one batch may have.
    widest: usize,
}

impl Read {
    /// What a plan reads, of which a batch may have so many bytes.
    pub fn by(plan: &Arc<dyn ExecutionPlan>, batch: usize) -> Result<Self> {
        let mut read = Self::default();
        plan.apply(|node| {
            let (bytes, rows) = source(&**node);
            read.bytes += bytes;
            if bytes > batch {
                read.widest = read.widest.max(bytes / rows.max(1));
            }
            read.is_kept |= sorts_all(&**node) || node.is::<RepartitionExec>();
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(read)
    }
}

/// A plan whose operators get batches of at most so many bytes, and the rows that a batch should have
/// then. If `rows` rows have no more bytes, the plan stays as it is.
pub fn with_small_batches(
    plan: Arc<dyn ExecutionPlan>,
    read: &Read,
    rows: usize,
    bytes: usize,
) -> Result<(Arc<dyn ExecutionPlan>, usize)> {
    let small = (bytes / read.widest.max(1)).max(FEWEST);
    if small >= rows {
        return Ok((plan, rows));
    }
    let plan = plan.transform_up(|node| {
        let small = |child: &Arc<dyn ExecutionPlan>| small_for(&*node, child, small);
        let children: Vec<_> = node.children().into_iter().map(small).collect::<Result<_>>()?;
        if children.iter().all(|child| child.is_none()) {
            return Ok(Transformed::no(node));
        }
        let old = node.children().into_iter().cloned();
        let children = children.into_iter().zip(old).map(|(new, old)| new.unwrap_or(old)).collect();
        Ok(Transformed::yes(with_children(node, children)?))
    })?;
    Ok((plan.data, if plan.transformed { small } else { rows }))
}

/// What a node gets its batches from if they are to have at most so many rows; `None` if the child that
/// it has will do.
fn small_for(
    node: &dyn ExecutionPlan,
    child: &Arc<dyn ExecutionPlan>,
    rows: usize,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let copied = |source: &Arc<dyn ExecutionPlan>| {
        Arc::new(Copied { source: source.clone(), rows }) as Arc<dyn ExecutionPlan>
    };
    if sorts_all(node) {
        return Ok(Some(copied(child)));
    }
    match child.downcast_ref::<RepartitionExec>() {
        // A join keeps all that it gets, and so much the less if it shares the buffers of columns.
        Some(repartition) if !node.name().ends_with("JoinExec") => {
            let source = copied(repartition.input());
            with_children(child.clone(), vec![source]).map(Some)
        }
        _ => Ok(None),
    }
}

fn with_children(
    node: Arc<dyn ExecutionPlan>,
    children: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))
}

/// Whether a node sorts without a limit, with which it would keep few rows.
fn sorts_all(node: &dyn ExecutionPlan) -> bool {
    node.downcast_ref::<SortExec>().is_some_and(|sort| sort.fetch().is_none())
}

/// Bytes and rows of a node, if it is a source in memory.
fn source(node: &dyn ExecutionPlan) -> (usize, usize) {
    let source = node.downcast_ref::<DataSourceExec>();
    let source = source.and_then(|it| it.data_source().downcast_ref::<MemorySourceConfig>());
    let (mut counter, mut rows) = (RecordBatchMemoryCounter::new(), 0);
    for batch in source.into_iter().flat_map(MemorySourceConfig::partitions).flatten() {
        counter.count_batch(batch);
        rows += batch.num_rows();
    }
    (counter.memory_usage(), rows)
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
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        with_children(self, children)
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
