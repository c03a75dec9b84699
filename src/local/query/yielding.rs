//! Plans that yield while they run, so that a query can be cancelled.
//!
//! DataFusion makes sources yield now and then. A join makes many rows of few, and the operator
//! above may take all of them without asking a source again; so joins yield, too.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use std::sync::Arc;

/// Makes each join of a plan yield.
pub fn yielding(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let joins = plan.transform_up(|node| {
        // Operators that make many rows of few: joins, and arrays that are unnested.
        Ok(match node.name().ends_with("JoinExec") || node.name() == "UnnestExec" {
            true => Transformed::yes(Arc::new(CooperativeExec::new(node)) as _),
            false => Transformed::no(node),
        })
    });
    joins.map(|plan| plan.data)
}
