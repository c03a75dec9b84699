//! Ingest transformations, as Rockset's `field_mapping_query`.
//!
//! A value that passes unchanged, as by `*`, never leaves the text of the document. A value that an
//! expression reads becomes a column, and the expression is bound for its type, as a query is.
//!
//! - `statement`: parses the statement; `paths`: values that pass unchanged.
//! - `fields`: the fields of a document, looked up.
//! - `plan`: expressions, ready to be evaluated.
//! - `rollup`: documents that are aggregated.

mod error;
mod fields;
mod paths;
mod plan;
mod rollup;
mod statement;

use super::scan::{self, Path};
use super::types::Type;
use crate::local::catalog::{Transform, Transformed};
use crate::local::error::ApiError;
use chrono::Utc;
use error::{unless_it_panics, wrong};
use fields::Fields;
use parking_lot::Mutex;
use plan::{Plan, Row};
use rollup::RollupTransform;
use statement::{Item, Statement};
use std::collections::HashMap;
use std::sync::Arc;

/// Maximum number of plans that are kept. Documents with more combinations of types are planned for
/// again and again.
const PLANS: usize = 100;

/// Parses SQL as a transformation. Fails if it is none.
pub fn parse(sql: &str) -> Result<Arc<dyn Transform>, ApiError> {
    unless_it_panics(|| parsed(sql)).map_err(|failed| wrong(&failed))?
}

fn parsed(sql: &str) -> Result<Arc<dyn Transform>, ApiError> {
    let (input, select) = statement::parse(sql)?;
    if statement::is_rollup(&select) {
        return Ok(Arc::new(RollupTransform::new(sql, input, select)?));
    }
    let statement = Statement::new(input, select)?;
    Ok(Arc::new(SqlTransform { statement, plans: Mutex::default() }))
}

/// A transformation of each document by itself.
#[derive(Debug)]
struct SqlTransform {
    statement: Statement,
    plans: Mutex<HashMap<Vec<Type>, Planned>>,
}

type Planned = Arc<Result<Plan, String>>;

impl SqlTransform {
    /// Evaluates the expressions for all documents at once. If that fails, each document is tried
    /// by itself.
    fn evaluate_on_large_stack(&self, documents: &[&Fields<'_>]) -> Vec<Row> {
        if self.statement.is_plain() {
            return vec![Ok(Some(Vec::new())); documents.len()];
        }
        match unless_it_panics(|| self.evaluate(documents)) {
            Ok(rows) => rows,
            Err(_) if documents.len() > 1 => {
                let each = documents.iter().map(std::slice::from_ref);
                each.flat_map(|document| self.evaluate_on_large_stack(document)).collect()
            }
            Err(failed) => vec![Err(failed); documents.len()],
        }
    }

    /// Evaluates the expressions for each document.
    fn evaluate(&self, documents: &[&Fields<'_>]) -> Vec<Row> {
        let column = |path: &Path| {
            let values: Vec<_> = documents.iter().map(|fields| fields.value(path)).collect();
            scan::column(values.iter())
        };
        let (types, columns): (Vec<_>, Vec<_>) =
            self.statement.computed.paths.iter().map(column).unzip();
        match self.plan(types).as_ref() {
            Ok(plan) => plan.run(columns, documents.len()),
            Err(reason) => vec![Err(reason.clone()); documents.len()],
        }
    }

    fn plan(&self, types: Vec<Type>) -> Planned {
        if let Some(plan) = self.plans.lock().get(&types) {
            return plan.clone();
        }
        let Statement { computed, condition, .. } = &self.statement;
        let plan = Plan::new(computed, *condition, &types, Utc::now().timestamp_micros());
        let plan = Arc::new(plan.map_err(|error| error.message));
        // A plan that holds the present time is valid for these documents only.
        if !computed.tells_time {
            let mut plans = self.plans.lock();
            if plans.len() >= PLANS {
                plans.clear();
            }
            plans.insert(types, plan.clone());
        }
        plan
    }

    /// The transformed document.
    fn output(&self, fields: &Fields<'_>, computed: &[Option<String>]) -> String {
        let mut out = Output { text: String::from("{"), names: Vec::new() };
        let objects =
            self.statement.items.iter().filter(|item| matches!(item, Item::Fields { .. }));
        let several = objects.count() > 1;
        for item in &self.statement.items {
            match item {
                Item::Fields { of, except } => {
                    let inner;
                    let fields = match of {
                        None => fields,
                        Some(path) => {
                            let object = fields.get(path).map(|value| Fields::read(value.get()));
                            let Some(Ok(object)) = object else {
                                continue;
                            };
                            inner = object;
                            &inner
                        }
                    };
                    for field in &fields.fields {
                        let name = field.name.as_ref();
                        if !except.iter().any(|left_out| left_out == name)
                            && !self.statement.names(name)
                            && out.is_new(name, several)
                        {
                            out.push(field.key, field.value.get());
                        }
                    }
                }
                Item::Copy { path, name } => {
                    if let Some(value) = fields.get(path) {
                        out.push(&quoted(name), value.get());
                    }
                }
                Item::Computed { expression, name } => {
                    if let Some(Some(value)) = computed.get(*expression) {
                        out.push(&quoted(name), value);
                    }
                }
            }
        }
        out.text.push('}');
        out.text
    }
}

impl Transform for SqlTransform {
    fn apply(&self, documents: &[&str]) -> Vec<Transformed> {
        let read: Vec<_> = documents.iter().map(|text| Fields::read(text)).collect();
        let good: Vec<&Fields<'_>> = read.iter().flatten().collect();
        let mut rows = self.evaluate_on_large_stack(&good).into_iter();
        let transformed = read.iter().map(|fields| match fields {
            Err(error) => Transformed::Failed(error.to_string()),
            Ok(fields) => match rows.next() {
                None | Some(Ok(None)) => Transformed::Dropped,
                Some(Err(reason)) => {
                    Transformed::Failed(format!("It can't be transformed: {reason}"))
                }
                Some(Ok(Some(computed))) => Transformed::Document(self.output(fields, &computed)),
            },
        });
        transformed.collect()
    }
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

struct Output {
    text: String,
    /// Names of the fields of earlier objects.
    names: Vec<String>,
}

impl Output {
    fn push(&mut self, key: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(key);
        self.text.push(':');
        self.text.push_str(value);
    }

    /// Whether no earlier object has had a field of this name, if there are several objects.
    fn is_new(&mut self, name: &str, several: bool) -> bool {
        if !several {
            return true;
        }
        let new = !self.names.iter().any(|earlier| earlier == name);
        if new {
            self.names.push(name.to_string());
        }
        new
    }
}
