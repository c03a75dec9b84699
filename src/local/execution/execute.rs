//! Execution of a statement.

use super::collections::Collections;
use super::export::export;
use super::on_pool::{on_pool, shutting_down};
use super::reader::{Reader, forbidden};
use crate::local::catalog::access::{Caller, Resource};
use crate::local::error::ApiError;
use crate::local::ingest::insert;
use crate::local::queries::Answer;
use crate::local::query::{
    Engine, Plan, Query, Rows, Share, SqlError, SqlErrorKind, SqlResult, Statement, Target, Value,
    describe,
};
use crate::local::state::{AppState, WeakState};
use crate::rockset::enums::PrivilegeAction as Action;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A statement, ready to be executed.
#[derive(Debug)]
pub struct Prepared {
    pub statement: Statement,
    pub parameters: BTreeMap<String, Value>,
    /// Start of the query, in microseconds since the epoch.
    pub now: i64,
    /// The sender, who needs privileges for what is written.
    pub caller: Arc<Caller>,
    /// In whose name it reads.
    pub reader: Reader,
}

impl Prepared {
    /// Fails if the sender may not write what the statement writes.
    pub fn check_writes(&self) -> Result<(), ApiError> {
        match &self.statement {
            Statement::Insert { target, .. } => check_write(&self.caller, &target.workspace),
            Statement::Export { .. } => self.caller.check(&Action::ExportDataGlobal, Resource::Any),
            _ => Ok(()),
        }
    }
}

fn check_write(caller: &Caller, workspace: &str) -> Result<(), ApiError> {
    caller.check(&Action::WriteDataWs, Resource::Named(workspace))
}

/// Executes the statement of a query. A server that ends meanwhile doesn't wait for it.
pub async fn execute(
    app: &WeakState,
    (id, instance): (&str, &str),
    prepared: Prepared,
) -> SqlResult<Answer> {
    let Prepared { statement, parameters, now, caller, reader } = prepared;
    let planned = |query: Query| plan(app, instance.to_string(), query, parameters, now, &reader);
    match statement {
        Statement::Query(query) => {
            let Planned { engine, plan, share } = planned(query).await?;
            engine.run(plan, share).await.map(Answer::new)
        }
        Statement::Insert { target, query, fields } => {
            let place = target.place;
            let refused = |error: ApiError| SqlError::new(error.message()).at(place);
            let check = app.upgrade().ok_or_else(shutting_down)?.catalog.check_journal();
            check.map_err(refused)?;
            app.upgrade().ok_or_else(shutting_down)?.room().await.map_err(refused)?;
            let Planned { engine, plan, share } = planned(query).await?;
            check_fields(&plan, fields).map_err(|error| error.at(place))?;
            let rows = engine.run_for_documents(plan, share).await?;
            let app = app.upgrade().ok_or_else(shutting_down)?;
            let answer =
                on_pool(&app.weak(), move |app| inserted(app, &caller, &target, rows)).await?;
            app.catalog.settled().await.map_err(refused)?;
            Ok(answer)
        }
        Statement::Export { destination, query } => {
            let Planned { engine, plan, share } = planned(query).await?;
            let rows = engine.run_for_documents(plan, share).await?;
            export(app, id, destination, rows).await
        }
        Statement::Describe(target, depth) => {
            on_pool(app, move |app| {
                let (collection, reads) = Collections::new(app).target(&target)?;
                reader.check(&reads)?;
                let new = |error: ApiError| SqlError::new(error.message()).at(target.place);
                let new = |error| new(error).of_kind(SqlErrorKind::NotReady);
                collection.created().map_err(new)?;
                let rows = describe(&collection.query(), depth)?;
                Ok(Answer::new(Rows { reads, ..rows }))
            })
            .await
        }
        Statement::Explain { query, analyze } => {
            let Planned { engine, plan, share } = planned(query).await?;
            engine.explain(plan, share, analyze).await.map(Answer::new)
        }
    }
}

/// A query, ready to be run.
struct Planned {
    engine: Arc<Engine>,
    plan: Plan,
    share: Share,
}

async fn plan(
    app: &WeakState,
    instance: String,
    query: Query,
    parameters: BTreeMap<String, Value>,
    now: i64,
    reader: &Reader,
) -> SqlResult<Planned> {
    let planned = on_pool(app, move |app| {
        let collections = Collections::on(app, &instance);
        let plan = app.engine.plan_query(&query, &parameters, &collections, now)?;
        let share = app.engine.share(&instance, app.catalog.running_instances())?;
        Ok(Planned { engine: app.engine.clone(), plan, share })
    })
    .await?;
    reader.check(&planned.plan.reads)?;
    Ok(planned)
}

/// Checks that a query has as many columns as `INSERT INTO` lists fields.
fn check_fields(plan: &Plan, fields: Option<usize>) -> SqlResult<()> {
    match (fields, plan.width()) {
        (Some(_), None) => {
            let message = "The query of an INSERT INTO with a list of fields can't answer `*`";
            Err(SqlError::new(message))
        }
        (Some(fields), Some(columns)) if fields != columns => {
            let message = format!("INSERT INTO lists {fields} fields for {columns} columns");
            Err(SqlError::new(message))
        }
        _ => Ok(()),
    }
}

/// Stores rows as documents. An alias may lead to another workspace than its own.
fn inserted(app: &AppState, caller: &Caller, target: &Target, rows: Rows) -> SqlResult<Answer> {
    let (collection, _) = Collections::new(app).target(target)?;
    check_write(caller, collection.workspace()).map_err(forbidden)?;
    let refused = |error: ApiError| SqlError::new(error.message()).at(target.place);
    if let Some(writes) = &app.writes {
        writes.take().map_err(|error| refused(error).of_kind(SqlErrorKind::Resources))?;
    }
    let (count, offset) = insert::rows(&collection, &rows.rows).map_err(refused)?;
    let row = format!(r#"{{"num_docs_inserted":{count}}}"#).into();
    let columns = Some(vec!["num_docs_inserted".to_string()]);
    let answer = Answer::new(Rows { columns, rows: vec![row], reads: rows.reads });
    Ok(Answer { last_offset: Some(offset), ..answer })
}
