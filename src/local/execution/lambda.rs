//! What query lambdas read, and records of their executions.

use super::validate::{Named, check};
use crate::local::catalog::lambda::{Content, Lambda, LambdaReads, LambdaVersion, Version};
use crate::local::queries::error_type;
use crate::local::query::{SqlError, SqlResult, Value, parameter};
use crate::local::state::AppState;
use crate::rockset::types::QueryParameter;
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;

/// What a content reads, or why it can't be planned. This may take long, and much stack.
pub fn reads(app: &AppState, content: &Content) -> Result<LambdaReads, SqlError> {
    let Named { reads, .. } = check(app, &content.query, defaults(content)?)?;
    Ok(LambdaReads { collections: reads.collections, entities: reads.entities })
}

/// Values of the default parameters, by name.
pub fn defaults(content: &Content) -> SqlResult<BTreeMap<String, Value>> {
    let defaults = content.default_parameters.iter();
    defaults.map(|it| Ok((it.name.clone(), default_value(it)?))).collect()
}

fn default_value(given: &QueryParameter) -> Result<Value, SqlError> {
    let QueryParameter { name, type_, value } = given;
    let wrong = |wrong: String| {
        SqlError::new(format!("The default value of the parameter {name:?} is wrong: {wrong}"))
    };
    let json = to_raw_value(value).map_err(|error| wrong(error.to_string()))?;
    parameter(Some(type_), &json).map_err(wrong)
}

/// What a version reads now, if its query can be planned. One that could be planned, and of which
/// everything that it names still exists, isn't planned again. This may take long, and much stack.
pub fn reads_now(app: &AppState, lambda: &Lambda, version: &Version) -> Option<LambdaReads> {
    let exists = |reads: &&LambdaReads| reads.entities.iter().all(|it| app.catalog.has(it));
    if let Some(reads) = version.reads.as_ref().filter(exists) {
        return Some(reads.clone());
    }
    let reads = reads(app, &version.content).ok();
    if reads != version.reads {
        app.catalog.note_reads(&lambda.path(version), reads.clone());
    }
    reads
}

/// Records the end of an execution.
pub fn ended(app: &AppState, path: &LambdaVersion, error: Option<&SqlError>) {
    let error = error.map(|error| {
        let kind = error_type(error.kind);
        (kind.to_string(), error.message.clone())
    });
    app.catalog.lambda_ends(path, error);
}
