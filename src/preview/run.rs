//! A preview from its catalog to its last transaction.

use super::catalog::{self, Program, Task};
use super::combine::{self, BindingPlan, Transaction};
use super::connection::{Connection, Connector};
use super::fixture::Fixture;
use super::report::{self, Committed, Report};
use super::state::State;
use super::{Error, Options, drive, look, select, shards, spec};
use crate::flow::materialize::request;
use crate::flow::spec::{CollectionSpec, FieldSelection, MaterializationSpec};
use crate::flow::{Codec, materialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::time::timeout_at;

/// Runs a preview.
///
/// # Errors
/// Whatever ends it early: files that can't be read, a task that its connector refuses,
/// a line that is no document, or a connector that fails. Transactions that were
/// committed before stay.
pub async fn run(options: Options) -> Result<(), Error> {
    let task = catalog::load(&options.source, options.name.as_deref())?;
    let connector = connector(&options, &task)?;
    let initial: Value = serde_json::from_str(&options.initial_state)
        .map_err(|e| Error::Option { option: "initial-state", reason: format!("not JSON: {e}") })?;
    let mut report = Report::new();
    let local = if options.local { Some(super::local::start()?) } else { None };
    let config = match &local {
        Some(server) => super::local::point_at(server, task.config.clone())?,
        None => task.config.clone(),
    };

    let connection = Connection::start(&connector)?;
    let (materialization, connection) = build(&task, &config, connection).await?;
    let collections: Vec<_> =
        task.bindings.iter().map(|binding| Arc::clone(&binding.collection)).collect();
    let bindings = BindingPlan::all(&collections, &materialization.bindings)?.into();

    let preview = Preview { options: &options, connector, materialization, bindings };
    let outcome = preview.sessions(connection, State::new(initial), &mut report).await;
    report.finish();
    outcome?;

    if let Some(server) = &local {
        let key = config["api_key"].as_str().unwrap_or_default();
        let endpoint = look::Endpoint::new(&server.url(), key)?;
        for binding in &preview.materialization.bindings {
            if let [workspace, collection] = binding.resource_path.as_slice() {
                report.say(&endpoint.collection(workspace, collection).await?);
            }
        }
    }
    Ok(())
}

/// The connector that the command line names, or the catalog, or this program's own.
fn connector(options: &Options, task: &Task) -> Result<Connector, Error> {
    let codec = options.codec;
    Ok(match (options.command_words()?, &task.program) {
        (Some(words), _) => {
            let program = Program { words, env: Default::default(), protobuf: true };
            Connector::Program(program, codec.unwrap_or_default())
        }
        (None, Some(program)) => {
            let own = if program.protobuf { Codec::Proto } else { Codec::Json };
            Connector::Program(program.clone(), codec.unwrap_or(own))
        }
        (None, None) => Connector::Own(codec.unwrap_or_default()),
    })
}

/// Has the connector check the task, and selects the fields of its bindings.
async fn build(
    task: &Task,
    config: &Value,
    mut connection: Connection,
) -> Result<(MaterializationSpec, Connection), Error> {
    let spec = drive::spec(&mut connection).await?;
    check("the endpoint configuration", &spec.config_schema_json, config)?;
    for binding in &task.bindings {
        let what = format!("bindings/{}/resource", binding.index);
        check(&what, &spec.resource_config_schema_json, &binding.resource)?;
    }

    let collections = task.bindings.iter().map(|binding| spec::collection(&binding.collection));
    let collections: Vec<CollectionSpec> = collections.collect::<Result<_, _>>()?;
    let validate = spec::validate(task, config, &collections);
    let validated = drive::validate(&mut connection, validate).await?;
    let selections = selections(task, &collections, &validated)?;
    let built = spec::materialization(task, config, collections, validated, selections);
    Ok((built, connection))
}

fn check(what: &str, schema: &[u8], config: &Value) -> Result<(), Error> {
    let failed = |e: String| Error::Response {
        response: "Spec",
        reason: format!("its schema of {what} cannot be used: {e}"),
    };
    let schema: Value = serde_json::from_slice(schema).map_err(|e| failed(e.to_string()))?;
    let validator = jsonschema::options().offline().build(&schema);
    let validator = validator.map_err(|e| failed(e.to_string()))?;
    // A configuration holds secrets, which belong into no message.
    let violations: Vec<String> = validator
        .iter_errors(config)
        .map(|error| match error.instance_path().as_str() {
            "" => error.masked().to_string(),
            path => format!("{path}: {}", error.masked()),
        })
        .collect();
    match violations.is_empty() {
        true => Ok(()),
        false => Err(Error::Config { what: what.to_string(), violations }),
    }
}

fn selections(
    task: &Task,
    collections: &[CollectionSpec],
    validated: &[materialize::response::validated::Binding],
) -> Result<Vec<FieldSelection>, Error> {
    let bindings = task.bindings.iter().zip(collections).zip(validated);
    let selections = bindings.map(|((binding, collection), validated)| {
        let key = spec::key_fields(binding, collection);
        select::select(&key, &collection.projections, &binding.fields, validated).map_err(
            |conflicts| Error::Selection {
                binding: binding.index,
                collection: collection.name.clone(),
                conflicts,
            },
        )
    });
    selections.collect()
}

/// A preview whose task has been checked.
struct Preview<'o> {
    options: &'o Options,
    connector: Connector,
    materialization: MaterializationSpec,
    bindings: Arc<[BindingPlan]>,
}

impl Preview<'_> {
    /// Runs one session after the other, until the fixture ends.
    async fn sessions(
        &self,
        connection: Connection,
        state: State,
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut transactions = self.read(report)?;
        let mut connection = Some(connection);
        let mut states = vec![state; self.options.shards as usize];
        let mut committed = 0;
        for (session, target) in self.options.session_targets().into_iter().enumerate() {
            let first = match connection.take() {
                Some(first) => first,
                None => Connection::start(&self.connector)?,
            };
            let last = (session > 0).then(|| self.materialization.clone());
            let shards = self.open(first, last, states, report).await?;
            let mut run = Session { shards, target, committed: &mut committed };
            let is_over = run.transactions(self.options, &mut transactions, report).await?;
            states = shards::close(run.shards).await?;
            if is_over {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Begins to read the fixture, in a thread that nothing waits for: a pipe may
    /// never end.
    fn read(&self, report: &Report) -> Result<mpsc::Receiver<Result<Transaction, Error>>, Error> {
        let (sender, receiver) = mpsc::channel(1);
        let (path, shards) = (self.options.fixture.clone(), self.options.shards);
        let (bindings, progress) = (Arc::clone(&self.bindings), report.progress());
        let read = move || match Fixture::open(&path) {
            Ok(fixture) => combine::read(fixture, bindings, shards, &progress, &sender),
            Err(error) => drop(sender.blocking_send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("fixture".to_string()).spawn(read);
        let path = || self.options.fixture.clone();
        thread.map_err(|reason| Error::Read { path: path(), reason })?;
        Ok(receiver)
    }

    /// Applies the task with the first shard, and opens them all.
    async fn open(
        &self,
        mut first: Connection,
        last_materialization: Option<MaterializationSpec>,
        mut states: Vec<State>,
        report: &Report,
    ) -> Result<Vec<drive::Shard>, Error> {
        let is_first_session = last_materialization.is_none();
        if let Some(state) = states.first_mut() {
            let version = || spec::VERSION.to_string();
            let apply = request::Apply {
                materialization: Some(self.materialization.clone()),
                version: version(),
                last_version: last_materialization.as_ref().map(|_| version()).unwrap_or_default(),
                last_materialization,
                state_json: state.current().to_string().into(),
            };
            let action = drive::apply(&mut first, apply, state).await?;
            match action.trim() {
                "" => report.say("applied: nothing to do"),
                action => report.say(&format!("applied: {action}")),
            }
            if self.options.output_apply {
                report::output("applied.actionDescription", &json!(action))?;
            }
            self.output_state(state)?;
        }
        if is_first_session {
            // A task is split only after it was applied.
            if let Some((first, others)) = states.split_first_mut() {
                others.iter_mut().for_each(|state| state.clone_from(first));
            }
        }
        let mut connections = vec![first];
        for _ in 1..self.options.shards {
            connections.push(Connection::start(&self.connector)?);
        }
        shards::open(connections, &self.bindings, &self.materialization, states).await
    }

    fn output_state(&self, state: &mut State) -> Result<(), Error> {
        let change = state.take_change();
        match self.options.output_state {
            true => report::output("connectorState", &change),
            false => Ok(()),
        }
    }
}

/// A session that is open.
struct Session<'p> {
    shards: Vec<drive::Shard>,
    /// How many transactions it may have.
    target: Option<u64>,
    /// How many there were, in all sessions.
    committed: &'p mut u64,
}

impl Session<'_> {
    /// Runs transactions up to the session's target. Returns whether there are no more.
    async fn transactions(
        &mut self,
        options: &Options,
        transactions: &mut mpsc::Receiver<Result<Transaction, Error>>,
        report: &mut Report,
    ) -> Result<bool, Error> {
        let deadline = options.timeout.map(|timeout| report.begin() + timeout);
        let mut here = 0;
        while self.target.is_none_or(|target| here < target) {
            let next = match deadline {
                Some(deadline) => timeout_at(deadline.into(), transactions.recv()).await,
                None => Ok(transactions.recv().await),
            };
            let transaction = match next {
                Ok(Some(transaction)) => transaction?,
                Ok(None) => return Ok(true),
                Err(_) => {
                    report.say("the time is over");
                    return Ok(true);
                }
            };
            self.transaction(options, transaction, report).await?;
            here += 1;
        }
        Ok(false)
    }

    async fn transaction(
        &mut self,
        options: &Options,
        transaction: Transaction,
        report: &mut Report,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        let Transaction { documents, bytes, ignored, .. } = transaction;
        let number = *self.committed + 1;
        let shards = std::mem::take(&mut self.shards);
        let (mut shards, stores) = shards::commit(shards, transaction, number).await?;
        *self.committed = number;
        for shard in &mut shards {
            let change = shard.state.take_change();
            if options.output_state {
                report::output("connectorState", &change)?;
            }
        }
        self.shards = shards::acknowledge(shards).await?;
        let time = begin.elapsed();
        report.committed(&Committed { number, documents, stores, bytes, ignored, time });
        Ok(())
    }
}
