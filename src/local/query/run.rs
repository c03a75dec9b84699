//! Running queries: their limits, and their rows as JSON.

use super::bind::{self, Catalog, Context, Output, Plan, Reads};
use super::columns::Reader;
use super::operation::Stop;
use super::scan::Scan;
use super::session::{Prepared, Session, Sessions};
use super::share::{Share, Shares};
use super::sql_error::{SqlError, SqlErrorKind, SqlResult, from_datafusion};
use super::statement::Query;
use super::types::Type;
use super::value::{Value, write_document, write_json};
use crate::local::pool::lower_priority;
use crate::local::storage::Memory;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::physical_plan::execute_stream;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::runtime::{Builder, Runtime};

/// Bytes of stack of a thread that runs queries, for deeply nested expressions. The system provides
/// only the pages that are used.
const STACK: usize = 64 << 20;

/// Queries that may keep all of their threads busy, without yielding, before others wait.
const QUERIES: usize = 16;

/// Engine that runs queries.
#[derive(Debug)]
pub struct Engine {
    /// `None` once the engine has ended.
    runtime: Option<Runtime>,
    shares: Shares,
    pub(super) sessions: Sessions,
}

/// Result of a query.
#[derive(Debug)]
pub struct Rows {
    /// Names of columns, in their order. `None` after `SELECT *`, where the rows have the names.
    pub columns: Option<Vec<String>>,
    /// Each row as the text of a JSON object.
    pub rows: Vec<Box<str>>,
    /// What was read.
    pub reads: Reads,
}

impl Engine {
    /// Starts the threads. So many bytes of the memory are for queries while they run, which spill to
    /// the directory.
    pub fn start(memory: &Memory, bytes: usize, scratch: Option<PathBuf>) -> io::Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(processors * QUERIES)
            .thread_name("query")
            .thread_stack_size(STACK)
            .on_thread_start(lower_priority)
            .enable_time()
            .build()?;
        let shares = Shares::new(memory.clone(), bytes, scratch);
        Ok(Self { runtime: Some(runtime), shares, sessions: Sessions::new() })
    }

    /// Plans a query. This may take long, and much stack.
    pub fn plan_query(
        &self,
        query: &Query,
        parameters: &BTreeMap<String, Value>,
        catalog: &dyn Catalog,
        now: i64,
    ) -> SqlResult<Plan> {
        let stop = Stop::default();
        let Query { tree, workspace, script } = query;
        let script = script.as_ref();
        let context = Context { catalog, workspace, parameters, script, now, stop };
        bind::plan(tree, &context)
    }

    /// The memory of a virtual instance, one of so many that run.
    pub fn share(&self, instance: &str, parts: usize) -> SqlResult<Share> {
        self.shares.of(instance, parts)
    }

    /// Runs a query. Dropping the future ends it.
    pub async fn run(&self, plan: Plan, share: Share) -> SqlResult<Rows> {
        let _ended = plan.stop.when_dropped();
        self.finish(rows(plan, self.sessions.begin(share), ANSWER)).await
    }

    /// Runs a query whose rows become documents, so that their values keep their types.
    pub async fn run_for_documents(&self, plan: Plan, share: Share) -> SqlResult<Rows> {
        let _ended = plan.stop.when_dropped();
        self.finish(rows(plan, self.sessions.begin(share), DOCUMENTS)).await
    }

    /// Runs work on the threads for queries. Dropping the future ends it.
    pub(super) async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = SqlResult<T>> + Send + 'static,
    ) -> SqlResult<T> {
        let Some(runtime) = &self.runtime else {
            return Err(SqlError::new("The server is shutting down"));
        };
        let task = runtime.spawn(work);
        let mut task = AbortOnDrop(task);
        match (&mut task.0).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_cancelled() => {
                Err(SqlError::new("The query was cancelled").of_kind(SqlErrorKind::Cancelled))
            }
            Err(error) => {
                let message = format!("The local Rockset has failed: {error}");
                Err(SqlError::new(message).of_kind(SqlErrorKind::Internal))
            }
        }
    }
}

impl Drop for Engine {
    // Dropping a runtime waits for its threads, which async code must not do.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A task that is aborted when nobody waits for it any more.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Plan {
    /// The number of columns, if it doesn't depend on the documents.
    pub fn width(&self) -> Option<usize> {
        width(&self.output)
    }
}

fn width(output: &[Output]) -> Option<usize> {
    let is_spread = output.iter().any(|output| matches!(output, Output::Spread { .. }));
    (!is_spread).then_some(output.len())
}

/// Form of the rows, and the limit on their bytes.
#[derive(Clone, Copy)]
struct Form {
    write: fn(&Value, &mut String),
    most: usize,
    /// Advice in the error about more bytes.
    advice: &'static str,
}

const ANSWER: Form = Form { write: write_json, most: 100 << 20, advice: "use LIMIT" };

const DOCUMENTS: Form =
    Form { write: write_document, most: 1 << 30, advice: "insert them by several queries" };

async fn rows(plan: Plan, session: Session, form: Form) -> SqlResult<Rows> {
    let Plan { plan, output, scans, reads, outer_name, .. } = plan;
    let refused = |error| bind::explained(outer_name.as_ref(), from_datafusion(error));
    let Prepared { plan, context, turn: _turn } = session.prepare(plan).await.map_err(refused)?;
    let mut batches = execute_stream(plan, context).map_err(from_datafusion)?;
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(from_datafusion)?;
        write(&batch, &output, &scans, form, &mut rows)?;
        bytes += rows[rows.len().saturating_sub(batch.num_rows())..]
            .iter()
            .map(|row| row.len())
            .sum::<usize>();
        if bytes > form.most {
            let Form { most, advice, .. } = form;
            let message = format!("The rows have more than {} MiB: {advice}", most >> 20);
            return Err(SqlError::new(message).of_kind(SqlErrorKind::Resources));
        }
    }
    let columns = width(&output).is_some().then(|| {
        let name = |output: &Output| match output {
            Output::Field { name, .. } => name.clone(),
            Output::Spread { .. } => String::new(),
        };
        output.iter().map(name).collect()
    });
    Ok(Rows { columns, rows, reads })
}

/// Appends the rows of a batch.
fn write(
    batch: &RecordBatch,
    output: &[Output],
    scans: &[Arc<Scan>],
    form: Form,
    rows: &mut Vec<Box<str>>,
) -> SqlResult<()> {
    let mut jsons: Vec<Row> = (0..batch.num_rows()).map(|_| Row::new(form)).collect();
    for (column, output) in batch.columns().iter().zip(output) {
        let (Output::Field { of, .. } | Output::Spread { of, .. }) = output;
        let mut left = jsons.iter_mut();
        let mut push = |value: Value| {
            if let Some(json) = left.next() {
                json.push_output(output, &value);
            }
        };
        match of {
            Type::Document(scan) => {
                let numbers = column.as_primitive_opt::<Int64Type>();
                let number = |row| numbers.filter(|n| n.is_valid(row)).map(|n| n.value(row));
                if let Some(scan) = scans.get(*scan) {
                    scan.values((0..batch.num_rows()).map(number), &mut push)?;
                }
            }
            of => {
                let reader = Reader::new(column, *of);
                (0..batch.num_rows()).for_each(|row| push(reader.get(row)));
            }
        }
    }
    rows.extend(jsons.into_iter().map(Row::finish));
    Ok(())
}

/// A row as JSON. Of two fields with one name, the first one counts.
struct Row {
    json: String,
    names: Vec<String>,
    form: Form,
}

impl Row {
    fn new(form: Form) -> Self {
        Self { json: "{".to_string(), names: Vec::new(), form }
    }

    /// Adds the value of an output, or the fields of one.
    fn push_output(&mut self, output: &Output, value: &Value) {
        match output {
            Output::Field { name, .. } => self.push(name, value),
            Output::Spread { except, .. } => {
                let Value::Object(fields) = value else { return };
                for (name, value) in fields.iter().filter(|(name, _)| !except.contains(name)) {
                    self.push(name, value);
                }
            }
        }
    }

    fn push(&mut self, name: &str, value: &Value) {
        if *value == Value::Undefined || self.names.iter().any(|known| known == name) {
            return;
        }
        if !self.names.is_empty() {
            self.json.push(',');
        }
        write_json(&Value::string(name), &mut self.json);
        self.json.push(':');
        (self.form.write)(value, &mut self.json);
        self.names.push(name.to_string());
    }

    fn finish(mut self) -> Box<str> {
        self.json.push('}');
        self.json.into()
    }
}
