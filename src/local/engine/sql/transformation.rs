//! A transformation, on batches of documents.

use super::cells::{self, Cell, Kind};
use super::document::Fields;
use super::error::wrong;
use super::functions;
use super::plan::{Plan, Row};
use super::query::{Item, Query};
use super::room::with_room;
use crate::local::errors::Failure;
use crate::local::incoming::Transformed;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// How many plans are kept. Documents whose types differ more than that are planned for
/// again and again.
const PLANS: usize = 100;

/// An ingest transformation.
#[derive(Debug)]
pub(in crate::local) struct Transformation {
    query: Query,
    /// Whether a plan is good for later, too.
    lasting: bool,
    plans: Mutex<HashMap<Vec<DataType>, Planned>>,
}

type Planned = Arc<Result<Plan, String>>;

impl Transformation {
    /// Takes SQL as a transformation. Fails if it is none.
    pub(in crate::local) fn parse(sql: &str) -> Result<Self, Failure> {
        let parsed = with_room(|| {
            let query = Query::parse(sql)?;
            let lasting = !query.expressions.iter().any(functions::tells_time);
            Ok::<_, Failure>((query, lasting))
        });
        let (query, lasting) = parsed.map_err(|failed| wrong(&failed))??;
        Ok(Self { query, lasting, plans: Mutex::default() })
    }

    /// Transforms documents, each the text of a JSON object. Answers what has become of
    /// each, in their order.
    pub(in crate::local) fn apply(&self, documents: &[&str]) -> Vec<Transformed> {
        let read: Vec<_> = documents.iter().map(|text| Fields::read(text)).collect();
        let good: Vec<&Fields<'_>> = read.iter().flatten().collect();
        let mut rows = self.evaluate_with_room(&good).into_iter();
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

    /// Evaluates the expressions for each document. Should that fail as a whole, each is
    /// tried by itself.
    fn evaluate_with_room(&self, documents: &[&Fields<'_>]) -> Vec<Row> {
        if self.query.expressions.is_empty() {
            return vec![Ok(Some(Vec::new())); documents.len()];
        }
        match with_room(|| self.evaluate(documents)) {
            Ok(rows) => rows,
            Err(_) if documents.len() > 1 => {
                let each = documents.iter().map(std::slice::from_ref);
                each.flat_map(|document| self.evaluate_with_room(document)).collect()
            }
            Err(failed) => vec![Err(failed); documents.len()],
        }
    }

    /// Evaluates the expressions for each document.
    fn evaluate(&self, documents: &[&Fields<'_>]) -> Vec<Row> {
        let paths = &self.query.paths;
        let cells: Vec<Vec<Cell<'_>>> = documents
            .iter()
            .map(|document| paths.iter().map(|path| Cell::read(document.get(path))).collect())
            .collect();
        // A null is of the type that the value has elsewhere.
        let usual: Vec<Kind> = (0..paths.len())
            .map(|path| {
                let mut kinds = cells.iter().map(|row| row[path].kind());
                kinds.find(|kind| *kind != Kind::Null).unwrap_or(Kind::Null)
            })
            .collect();
        let mut parts: HashMap<Vec<Kind>, Vec<usize>> = HashMap::new();
        for (row, cells) in cells.iter().enumerate() {
            let kind = |(cell, usual): (&Cell<'_>, &Kind)| match cell.kind() {
                Kind::Null => *usual,
                kind => kind,
            };
            let kinds = cells.iter().zip(&usual).map(kind).collect();
            parts.entry(kinds).or_default().push(row);
        }

        let mut rows: Vec<Row> = vec![Ok(None); documents.len()];
        for (kinds, part) in parts {
            let columns: Vec<ArrayRef> = kinds
                .iter()
                .enumerate()
                .map(|(path, kind)| {
                    let column: Vec<_> = part.iter().map(|row| &cells[*row][path]).collect();
                    cells::column(*kind, &column)
                })
                .collect();
            let types: Vec<_> = columns.iter().map(|column| column.data_type().clone()).collect();
            let done = match self.plan(types).as_ref() {
                Ok(plan) => plan.run(columns, part.len()),
                Err(reason) => vec![Err(reason.clone()); part.len()],
            };
            for (row, outcome) in part.into_iter().zip(done) {
                rows[row] = outcome;
            }
        }
        rows
    }

    fn plan(&self, types: Vec<DataType>) -> Planned {
        if let Some(plan) = self.plans.lock().get(&types) {
            return plan.clone();
        }
        let Query { expressions, condition, .. } = &self.query;
        let plan = Arc::new(Plan::new(expressions, *condition, &types));
        if self.lasting {
            let mut plans = self.plans.lock();
            if plans.len() >= PLANS {
                plans.clear();
            }
            plans.insert(types, plan.clone());
        }
        plan
    }

    /// The document that comes out.
    fn output(&self, fields: &Fields<'_>, computed: &[String]) -> String {
        let mut out = Output { text: String::from("{"), names: Vec::new() };
        let objects = self.query.items.iter().filter(|item| matches!(item, Item::Fields { .. }));
        let several = objects.count() > 1;
        for item in &self.query.items {
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
                    for field in &fields.0 {
                        let name = field.name.as_ref();
                        if !except.iter().any(|left_out| left_out == name)
                            && !self.query.names(name)
                            && out.is_new(name, several)
                        {
                            out.push(field.key, field.value.get());
                        }
                    }
                }
                Item::Copy { path, name } => {
                    if let Some(value) = fields.get(path) {
                        out.push(&Value::from(name.as_str()).to_string(), value.get());
                    }
                }
                Item::Computed { expression, name } => {
                    if let Some(value) = computed.get(*expression) {
                        out.push(&Value::from(name.as_str()).to_string(), value);
                    }
                }
            }
        }
        out.text.push('}');
        out.text
    }
}

struct Output {
    text: String,
    /// The fields of objects so far.
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

    /// Whether no object before has had a field of this name, if there are several.
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
