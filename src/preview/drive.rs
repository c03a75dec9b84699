//! One session with a connector: the requests of the protocol, and what comes back.

use super::Error;
use super::arena::Arena;
use super::combine::{BindingPlan, Entry, Packed};
use super::connection::Connection;
use super::extract::{self, Extractor};
use super::state::State;
use crate::flow::consumer::{Checkpoint, checkpoint};
use crate::flow::materialize::{request, response};
use crate::flow::spec::{MaterializationSpec, RangeSpec};
use crate::flow::{Codec, PROTOCOL, Request, Response};
use bytes::Bytes;
use std::sync::Arc;

/// Names the fixture in checkpoints.
const SOURCE: &str = "fixture";

/// The response of that name, or the error that it is another one.
macro_rules! receive {
    ($connection:expr, $name:ident) => {
        match $connection.receive(stringify!($name)).await? {
            Response::$name(response) => Ok(response),
            other => Err(Error::Unexpected {
                expected: stringify!($name),
                got: other.name().to_string(),
            }),
        }
    };
}

/// Asks for the connector's configuration schemas.
pub async fn spec(connection: &mut Connection) -> Result<response::Spec, Error> {
    connection.send(Request::Spec(request::Spec::default())).await?;
    let spec = receive!(connection, Spec)?;
    if spec.protocol != PROTOCOL {
        let reason = format!("its protocol is {}, but {PROTOCOL} is spoken here", spec.protocol);
        return Err(Error::Response { response: "Spec", reason });
    }
    Ok(spec)
}

/// Asks whether the task is possible. There is an answer for each binding.
pub async fn validate(
    connection: &mut Connection,
    validate: request::Validate,
) -> Result<Vec<response::validated::Binding>, Error> {
    let expected = validate.bindings.len();
    connection.send(Request::Validate(Box::new(validate))).await?;
    let bindings = receive!(connection, Validated)?.bindings;
    let failed = |reason| Err(Error::Response { response: "Validated", reason });
    if bindings.len() != expected {
        return failed(format!("it has {} bindings, but the task has {expected}", bindings.len()));
    }
    for (index, binding) in bindings.iter().enumerate() {
        if binding.resource_path.is_empty() {
            return failed(format!("bindings/{index} has no resource path"));
        }
        if bindings[..index].iter().any(|other| other.resource_path == binding.resource_path) {
            let path = binding.resource_path.join("/");
            return failed(format!("more than one binding has the resource {path:?}"));
        }
    }
    Ok(bindings)
}

/// Has the connector create what the task needs. Returns what it says it did.
pub async fn apply(
    connection: &mut Connection,
    apply: request::Apply,
    state: &mut State,
) -> Result<String, Error> {
    connection.send(Request::Apply(Box::new(apply))).await?;
    let applied = receive!(connection, Applied)?;
    state.update("Applied", applied.state)?;
    Ok(applied.action_description)
}

/// A connector that takes transactions.
pub struct Shard {
    connection: Connection,
    bindings: Arc<[BindingPlan]>,
    /// What the runtime keeps for it.
    pub state: State,
}

impl Shard {
    /// Opens a stream of transactions over this part of the keys.
    pub async fn open(
        mut connection: Connection,
        bindings: Arc<[BindingPlan]>,
        materialization: MaterializationSpec,
        range: RangeSpec,
        mut state: State,
    ) -> Result<Self, Error> {
        let open = request::Open {
            materialization: Some(materialization),
            version: super::spec::VERSION.to_string(),
            range: Some(range),
            state_json: state.current().to_string().into(),
            ..request::Open::default()
        };
        connection.send(Request::Open(Box::new(open))).await?;
        receive!(connection, Opened)?;
        acknowledge(&mut connection, &mut state).await?;
        Ok(Self { connection, bindings, state })
    }

    /// Stores documents and commits them. Returns how many there were.
    pub async fn commit(
        &mut self,
        mut entries: Vec<Entry>,
        transaction: u64,
    ) -> Result<u64, Error> {
        self.load(&mut entries).await?;

        let stores = entries.len() as u64;
        for entry in entries {
            let store = self.store(entry);
            self.connection.send(Request::Store(store)).await?;
        }
        let read_through = i64::try_from(transaction).unwrap_or(i64::MAX);
        let source = checkpoint::Source { read_through, ..Default::default() };
        let sources = [(SOURCE.to_string(), source)].into();
        let checkpoint = Checkpoint { sources, ..Checkpoint::default() };
        let start_commit = request::StartCommit {
            runtime_checkpoint: Some(checkpoint.into()),
            ..Default::default()
        };
        self.connection.send(Request::StartCommit(start_commit)).await?;
        let started = receive!(self.connection, StartedCommit)?;
        self.state.update("StartedCommit", started.state)?;
        Ok(stores)
    }

    /// Tells the connector that its last transaction is committed for good.
    pub async fn acknowledge(&mut self) -> Result<(), Error> {
        acknowledge(&mut self.connection, &mut self.state).await
    }

    /// Ends the session. Returns the connector's state.
    pub async fn close(self) -> Result<State, Error> {
        self.connection.close().await?;
        Ok(self.state)
    }

    /// Looks up which documents the endpoint holds already, and reduces into those.
    async fn load(&mut self, entries: &mut [Entry]) -> Result<(), Error> {
        let codec = self.connection.codec();
        for entry in entries.iter() {
            let binding = &self.bindings[entry.binding as usize];
            if !binding.delta_updates {
                let load = request::Load {
                    binding: entry.binding,
                    key_json: in_json(codec, &binding.keys, &entry.packed),
                    key_packed: entry.key.clone(),
                };
                self.connection.send(Request::Load(load)).await?;
            }
        }
        self.connection.send(Request::Flush(request::Flush::default())).await?;
        loop {
            match self.connection.receive("Loaded or Flushed").await? {
                Response::Loaded(loaded) => self.loaded(entries, loaded)?,
                Response::Flushed(flushed) => {
                    return self.state.update("Flushed", flushed.state);
                }
                other => {
                    let got = other.name().to_string();
                    return Err(Error::Unexpected { expected: "Loaded or Flushed", got });
                }
            }
        }
    }

    fn loaded(&self, entries: &mut [Entry], loaded: response::Loaded) -> Result<(), Error> {
        let failed = |reason| Error::Response { response: "Loaded", reason };
        let document = serde_json::from_slice(&loaded.doc_json)
            .map_err(|e| failed(format!("its document is not JSON: {e}")))?;
        let binding = self
            .bindings
            .get(loaded.binding as usize)
            .ok_or_else(|| failed(format!("there is no binding {}", loaded.binding)))?;

        let mut key = Vec::new();
        extract::pack(&binding.keys, &document, &mut key);
        let wanted = (loaded.binding, key.as_slice());
        let found = entries.binary_search_by(|entry| (entry.binding, &*entry.key).cmp(&wanted));
        let entry = found.ok().map(|index| &mut entries[index]);
        let Some(entry) = entry.filter(|entry| !entry.exists) else {
            return Err(failed("it is of a key that was not asked for".to_string()));
        };
        entry.exists = true;
        if !entry.is_fresh {
            let document = binding.reduce(document, entry.packed.document(), true)?;
            entry.packed = binding.pack(&document, &mut Arena::default());
        }
        Ok(())
    }

    fn store(&self, entry: Entry) -> request::Store {
        let codec = self.connection.codec();
        let binding = &self.bindings[entry.binding as usize];
        let Entry { binding: index, key, packed, is_deletion, exists, .. } = entry;
        request::Store {
            binding: index,
            key_json: in_json(codec, &binding.keys, &packed),
            key_packed: key,
            values_json: in_json(codec, &binding.values, &packed),
            values_packed: packed.values,
            doc_json: if binding.selects_document { packed.json } else { Bytes::new() },
            exists,
            delete: is_deletion,
        }
    }
}

async fn acknowledge(connection: &mut Connection, state: &mut State) -> Result<(), Error> {
    connection.send(Request::Acknowledge(request::Acknowledge::default())).await?;
    let acknowledged = receive!(connection, Acknowledged)?;
    state.update("Acknowledged", acknowledged.state)
}

/// Only messages in JSON carry tuples as JSON.
fn in_json(codec: Codec, fields: &[Extractor], packed: &Packed) -> Bytes {
    match codec {
        Codec::Proto => Bytes::new(),
        Codec::Json => extract::json(fields, &packed.document()).into(),
    }
}
