//! `EXPLAIN`: the plan by which DataFusion runs a query.

use super::bind::{Plan, explained as explained_by};
use super::run::{Engine, Rows};
use super::session::{Prepared, Session};
use super::share::Share;
use super::sql_error::{SqlResult, from_datafusion};
use super::value::{Value, write_json};
use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::collect;

impl Engine {
    /// The plan of a query, a row for each line; with `analyze`, after running it. Dropping the
    /// future ends the query.
    pub async fn explain(&self, plan: Plan, share: Share, analyze: bool) -> SqlResult<Rows> {
        let _ended = plan.stop.when_dropped();
        let session = self.sessions.begin(share);
        let reads = plan.reads.clone();
        let rows = self.finish(explained(plan, session, analyze)).await?;
        let columns = ["stage", "plan"].map(String::from);
        Ok(Rows { columns: Some(columns.into()), rows, reads })
    }
}

async fn explained(plan: Plan, session: Session, analyze: bool) -> SqlResult<Vec<Box<str>>> {
    let Plan { plan, outer_name, .. } = plan;
    let refused = |error| explained_by(outer_name.as_ref(), from_datafusion(error));
    let plan = LogicalPlanBuilder::from(plan).explain(false, analyze);
    let plan = plan.and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
    let Prepared { plan, context, turn: _turn } = session.prepare(plan).await.map_err(refused)?;
    let batches = collect(plan, context).await.map_err(from_datafusion)?;
    Ok(batches.iter().flat_map(lines).collect())
}

/// The lines of each plan in a batch, with the stage of planning that it comes from.
fn lines(batch: &RecordBatch) -> Vec<Box<str>> {
    let text = |column: usize, row| {
        let column: &dyn Array = batch.column(column);
        array_value_to_string(column, row).unwrap_or_default()
    };
    let rows = (0..batch.num_rows()).map(|row| (text(0, row).to_lowercase(), text(1, row)));
    rows.flat_map(|(stage, plan)| plan.lines().map(|line| row(&stage, line)).collect::<Vec<_>>())
        .collect()
}

fn row(stage: &str, line: &str) -> Box<str> {
    let mut json = String::new();
    let fields = [("stage", stage), ("plan", line)];
    let fields = fields.map(|(name, text)| (name.to_string(), Value::string(text)));
    write_json(&Value::Object(fields.into()), &mut json);
    json.into()
}
