//! A preview from its catalog to its last transaction.

use super::build::{linked, spec};
use super::catalog::{self, Endpoint, Program, Task};
use super::documents::binding::BindingPlan;
use super::documents::fixture::Fixture;
use super::documents::reader::{Begin, Reader};
use super::options::Runtime;
use super::output::report::{self, Progress, Report};
use super::output::{browser, local_rockset, table};
use super::runtime::checkpoint::Checkpoint;
use super::runtime::connection::{Connection, Connector};
use super::runtime::publication::{Publication, Publisher};
use super::runtime::recovery_log::RecoveryLog;
use super::runtime::requests;
use super::runtime::session::{self, End, Session, Transactions};
use super::{Error, Options};
use crate::flow::Codec;
use crate::flow::materialize::request;
use crate::flow::spec::{ConnectorState, MaterializationSpec};
use crate::local::Server;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The most rounds in which a task is applied.
const APPLY_ROUNDS: usize = 3;
/// How many bindings a report names.
const MAX_NAMED: usize = 10;

/// Runs a preview.
///
/// # Errors
/// An error that ends the preview early: files that can't be read, a task that its connector
/// refuses, a line that is no document, or a connector that fails. Transactions that were
/// committed before stay.
pub async fn run(options: Options) -> Result<(), Error> {
    let task = catalog::load(&options.source, options.name.as_deref())?;
    let connector = connector(&options, &task)?;
    let mut log = recovery_log(&options)?;
    local_rockset::check_queries(&options.query)?;
    let mut report = Report::new();
    report.say(&outline(&task));
    let local = if options.local { Some(local_rockset::start()?) } else { None };
    invite(&options, local.as_ref(), &report);
    let config = match &local {
        Some(server) => local_rockset::point_at(server, task.config.clone())?,
        None => task.config.clone(),
    };

    let publisher = Publisher::new(&task, &config, options.collections)?;
    let preview = Preview { options: &options, connector, publisher };
    let outcome = preview.sessions(&mut log, &mut report).await;
    report.finish();
    outcome?;

    if let Some(server) = &local {
        show_collections(&task, &server.url(), &config, &report).await?;
        let key = config["api_key"].as_str().unwrap_or_default();
        for query in &options.query {
            report.say(query);
            report.say(&local_rockset::ask(server, key, query).await?);
        }
    }
    match &local {
        Some(server) if options.stays() => {
            let says = format!("the console stays at {} until Ctrl-C", server.url());
            local_rockset::stay(|| report.say(&says)).await
        }
        Some(_) => {
            report
                .say("the local Rockset has ended; with --keep it stays, and so does its console");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Says where the console of a local Rockset that stays is, and opens it.
fn invite(options: &Options, local: Option<&Server>, report: &Report) {
    let Some(server) = local.filter(|_| options.stays()) else { return };
    let url = server.url();
    report.say(&format!("the console is at {url}, and any API key will do"));
    if options.open
        && let Err(error) = browser::open(&url)
    {
        report.say(&format!("no browser opens ({error}); open {url} yourself"));
    }
}

/// Shows the documents of all collections that the task fills in the local Rockset.
async fn show_collections(
    task: &Task,
    url: &str,
    config: &Value,
    report: &Report,
) -> Result<(), Error> {
    let endpoint = table::Endpoint::new(url, config["api_key"].as_str().unwrap_or_default())?;
    for binding in &task.bindings {
        let target = |key: &str| binding.resource[key].as_str();
        if let (Some(workspace), Some(collection)) = (target("workspace"), target("collection")) {
            report.say(&endpoint.collection(workspace, collection).await?);
        }
    }
    Ok(())
}

/// The task in one line.
fn outline(task: &Task) -> String {
    let collections: BTreeSet<&str> =
        task.bindings.iter().map(|binding| binding.collection.name.as_str()).collect();
    format!(
        "{}: {} of {}",
        task.name,
        report::count(task.bindings.len() as u64, "binding"),
        report::count(collections.len() as u64, "collection"),
    )
}

/// The connector that the command line names, or the catalog, or this program's own.
fn connector(options: &Options, task: &Task) -> Result<Connector, Error> {
    let codec = options.codec;
    Ok(match (options.command_words()?, &task.endpoint) {
        (Some(words), _) => {
            let program = Program { words, env: Default::default(), protobuf: true };
            Connector::Program(program, codec.unwrap_or_default())
        }
        (None, Endpoint::Local(program)) => {
            let own = if program.protobuf { Codec::Proto } else { Codec::Json };
            Connector::Program(program.clone(), codec.unwrap_or(own))
        }
        (None, Endpoint::Image(_)) => Connector::Own(codec.unwrap_or_default()),
    })
}

/// The recovery log that the options describe.
fn recovery_log(options: &Options) -> Result<RecoveryLog, Error> {
    let state = serde_json::from_str(&options.initial_state)
        .map_err(|e| Error::Option { option: "initial-state", reason: format!("not JSON: {e}") })?;
    let checkpoint = Checkpoint::parse(&options.initial_checkpoint)
        .map_err(|reason| Error::Option { option: "initial-checkpoint", reason })?;
    let last = options.last_materialization.as_deref().map(last_materialization).transpose()?;
    Ok(RecoveryLog::new(options.runtime, state, checkpoint, last))
}

fn last_materialization(path: &Path) -> Result<MaterializationSpec, Error> {
    let text = std::fs::read(path)
        .map_err(|reason| Error::Read { path: path.display().to_string(), reason })?;
    let failed = |reason| Error::Option { option: "last-materialization", reason };
    let wrong =
        |why: String| failed(format!("{} is no built specification: {why}", path.display()));
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err(wrong("it is no object".to_string()));
    }
    let spec: MaterializationSpec =
        serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
    linked::resolve(spec.clone()).map_err(failed)?;
    Ok(spec)
}

/// A preview that is ready to run.
struct Preview<'p> {
    options: &'p Options,
    connector: Connector,
    publisher: Publisher<'p>,
}

/// The fixture that is being read.
struct Reading {
    transactions: Transactions,
    /// The task that it is read for.
    materialization: MaterializationSpec,
}

impl Preview<'_> {
    /// Runs one session after the other, each as a publication of its own, until the
    /// fixture ends.
    async fn sessions(&self, log: &mut RecoveryLog, report: &mut Report) -> Result<(), Error> {
        let mut reading: Option<Reading> = None;
        let mut committed = 0;
        for target in self.options.session_targets() {
            let (publication, first) =
                report.during(&self.what("checking"), self.publish(log)).await?;
            let applying = self.apply(first, log, &publication, report);
            let first = report.during(&self.what("applying"), applying).await?;
            log.split(self.options.shards);

            let before = session::positions(&publication.bindings, &log.checkpoint);
            let connections = self.connections(first)?;
            let opening = Session::open(self.options, log, &publication, connections);
            let session = report.during(&self.what("opening"), opening).await?;
            let positions = session.positions();
            if reading.is_none() && session.has_read() {
                tell(&publication.bindings, &positions, report);
            }
            let mut now = self.read_on(reading.take(), &publication, positions, &before, report)?;
            let end = session.run(target, &mut now.transactions, &mut committed, report).await?;
            if end == End::Over {
                return Ok(());
            }
            reading = Some(now);
            log.last = Some(publication.published);
        }
        Ok(())
    }

    /// A step in words, with the number of bindings.
    fn what(&self, doing: &str) -> String {
        format!("{doing} {}", report::count(self.publisher.bindings() as u64, "binding"))
    }

    /// Publishes the task. The older runtime keeps the same connector.
    async fn publish(&self, log: &RecoveryLog) -> Result<(Publication, Option<Connection>), Error> {
        let mut connection = Connection::start(&self.connector)?;
        let publication = self.publisher.publish(&mut connection, log.last.as_ref()).await?;
        if self.options.output_materialization {
            report::output("materialization", &json!(publication.published))?;
        }
        match self.options.runtime {
            Runtime::V1 => Ok((publication, Some(connection))),
            Runtime::V2 => {
                connection.close().await?;
                Ok((publication, None))
            }
        }
    }

    /// Applies the task, until the connector answers no state any more. The older runtime
    /// does it once.
    async fn apply(
        &self,
        first: Option<Connection>,
        log: &mut RecoveryLog,
        publication: &Publication,
        report: &Report,
    ) -> Result<Option<Connection>, Error> {
        if let Some(mut connection) = first {
            self.apply_once(&mut connection, log, publication, 1, report).await?;
            self.applied(log)?;
            return Ok(Some(connection));
        }
        for round in 1..=APPLY_ROUNDS {
            let mut connection = Connection::start(&self.connector)?;
            requests::spec(&mut connection, publication.materialization.connector_type()).await?;
            let is_done = self.apply_once(&mut connection, log, publication, round, report).await?;
            connection.close().await?;
            if is_done {
                self.applied(log)?;
                return Ok(None);
            }
        }
        Err(Error::Response {
            response: "Applied",
            reason: format!(
                "it still has a state after {APPLY_ROUNDS} rounds, each with the state of the \
                 ones before; Flow applies until there is none"
            ),
        })
    }

    /// Outputs the state after Apply, which is that of the first shard.
    fn applied(&self, log: &mut RecoveryLog) -> Result<(), Error> {
        let changes = log.take_changes();
        session::output_states(self.options, changes.get(..1).unwrap_or_default())
    }

    /// Applies the task. Returns whether the connector has no state to keep of it.
    async fn apply_once(
        &self,
        connection: &mut Connection,
        log: &mut RecoveryLog,
        publication: &Publication,
        round: usize,
        report: &Report,
    ) -> Result<bool, Error> {
        let version = || spec::VERSION.to_string();
        let apply = request::Apply {
            materialization: Some(publication.materialization.clone()),
            version: version(),
            last_version: log.last.as_ref().map(|_| version()).unwrap_or_default(),
            last_materialization: log.last.clone(),
            state_json: log.state(0),
        };
        let applied = requests::apply(connection, apply).await?;
        match applied.action_description.trim() {
            "" if round > 1 => {}
            "" => report.say("applied: nothing to do"),
            action => report.say(&format!("applied: {action}")),
        }
        if self.options.output_apply {
            report::output("applied.actionDescription", &json!(applied.action_description))?;
        }
        let has_state = |state: &ConnectorState| !state.updated_json.is_empty();
        let is_done = !applied.state.as_ref().is_some_and(has_state);
        log.update("Applied", vec![applied.state])?;
        // Open sends the whole state, so patches aren't needed.
        log.take_patches();
        Ok(is_done)
    }

    /// A connector for each shard.
    fn connections(&self, first: Option<Connection>) -> Result<Vec<Connection>, Error> {
        let mut connections: Vec<Connection> = first.into_iter().collect();
        while connections.len() < self.options.shards as usize {
            connections.push(Connection::start(&self.connector)?);
        }
        Ok(connections)
    }

    /// Goes on with the reader of the last session, unless the checkpoint has another position.
    fn read_on(
        &self,
        last: Option<Reading>,
        publication: &Publication,
        positions: Vec<Option<u64>>,
        before: &[Option<u64>],
        report: &Report,
    ) -> Result<Reading, Error> {
        let is_again = last.is_some();
        let is_next = |last: &Reading| {
            last.materialization.bindings == publication.materialization.bindings
                && positions == before
        };
        match last.filter(is_next) {
            Some(reading) => Ok(reading),
            None => self.read(publication, positions, is_again, report),
        }
    }

    /// Begins to read the fixture, in a thread that nothing waits for: a pipe may
    /// never end.
    fn read(
        &self,
        publication: &Publication,
        positions: Vec<Option<u64>>,
        is_again: bool,
        report: &Report,
    ) -> Result<Reading, Error> {
        let (sender, transactions) = mpsc::channel(1);
        let (path, shards) = (self.options.fixture.clone(), self.options.shards);
        if is_again && !Fixture::is_lasting(&path) {
            let reason = "the connector reads on elsewhere than where the session before ended, \
                          and what is no regular file can be read only once";
            return Err(Error::Option { option: "fixture", reason: reason.to_string() });
        }
        let progress = if is_again { Progress::hidden() } else { report.progress() };
        let positions = positions.into_iter().map(Option::unwrap_or_default).collect();
        let begin = Begin { positions, is_again };
        let bindings = Arc::clone(&publication.bindings);
        let read = move || match Fixture::open(&path) {
            Ok(fixture) => {
                Reader::new(fixture, bindings, begin, shards, progress).send_all(&sender);
            }
            Err(error) => drop(sender.blocking_send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("fixture".to_string()).spawn(read);
        let path = || self.options.fixture.clone();
        thread.map_err(|reason| Error::Read { path: path(), reason })?;
        Ok(Reading { transactions, materialization: publication.materialization.clone() })
    }
}

/// Reports where bindings read on by a checkpoint from before this preview.
fn tell(bindings: &[BindingPlan], positions: &[Option<u64>], report: &Report) {
    for (index, (binding, position)) in bindings.iter().zip(positions).enumerate().take(MAX_NAMED) {
        let name = format!("binding {index} ({})", binding.collection.name);
        match position {
            Some(offset) => {
                report.say(&format!("{name} reads on after {}", report::count(*offset, "document")))
            }
            None => report.say(&format!(
                "{name} reads from the start: the checkpoint has no source {:?}",
                binding.source
            )),
        }
    }
    if bindings.len() > MAX_NAMED {
        report.say(&format!("and {} more bindings", bindings.len() - MAX_NAMED));
    }
}
