//! The requests of the protocol to one connector, and its responses.

use super::connection::Connection;
use crate::flow::consumer::Checkpoint;
use crate::flow::materialize::{request, response};
use crate::flow::spec::ConnectorState;
use crate::flow::spec::materialization_spec::ConnectorType;
use crate::flow::{Codec, PROTOCOL, Request, Response};
use crate::preview::Error;
use crate::preview::documents::binding::BindingPlan;
use crate::preview::documents::extract::{self, Extractor};
use crate::preview::documents::transaction::{Entry, Packed};
use crate::preview::options::Runtime;
use bytes::Bytes;
use std::sync::Arc;

/// Receives the response of this name. Another response is an error.
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

/// Asks for the connector's configuration schemas, with an empty configuration.
pub async fn spec(
    connection: &mut Connection,
    kind: ConnectorType,
) -> Result<response::Spec, Error> {
    let request =
        request::Spec { connector_type: kind.into(), config_json: Bytes::from_static(b"{}") };
    connection.send(Request::Spec(request)).await?;
    let spec = receive!(connection, Spec)?;
    if spec.protocol != PROTOCOL {
        let reason = format!("its protocol is {}, but {PROTOCOL} is spoken here", spec.protocol);
        return Err(Error::Response { response: "Spec", reason });
    }
    Ok(spec)
}

/// Validates the task. Returns one answer a binding.
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

/// Applies the task: the connector creates missing resources.
pub async fn apply(
    connection: &mut Connection,
    apply: request::Apply,
) -> Result<response::Applied, Error> {
    connection.send(Request::Apply(Box::new(apply))).await?;
    receive!(connection, Applied)
}

/// A connector with an open session.
pub struct Shard {
    connection: Connection,
    bindings: Arc<[BindingPlan]>,
    runtime: Runtime,
    /// The open transaction, sorted by binding and key.
    entries: Vec<Entry>,
}

impl Shard {
    /// Opens a stream of transactions.
    pub async fn open(
        mut connection: Connection,
        bindings: Arc<[BindingPlan]>,
        runtime: Runtime,
        open: request::Open,
    ) -> Result<(Self, response::Opened), Error> {
        connection.send(Request::Open(Box::new(open))).await?;
        let opened = receive!(connection, Opened)?;
        Ok((Self { connection, bindings, runtime, entries: Vec::new() }, opened))
    }

    /// Acknowledges the last transaction, which is committed for good. The connector may answer
    /// later.
    pub async fn acknowledge(&mut self, state_patches_json: Bytes) -> Result<(), Error> {
        let acknowledge = request::Acknowledge { state_patches_json };
        self.connection.send(Request::Acknowledge(acknowledge)).await?;
        self.connection.flush("Acknowledged").await
    }

    /// Waits for the answer to an acknowledgement. Loaded documents may come before it.
    pub async fn acknowledged(&mut self) -> Result<Option<ConnectorState>, Error> {
        match self.loaded_or("Loaded or Acknowledged").await? {
            Response::Acknowledged(acknowledged) => Ok(acknowledged.state),
            other => Err(unexpected("Loaded or Acknowledged", &other)),
        }
    }

    /// Begins a transaction, and asks which of its documents the endpoint holds already.
    pub async fn load(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        for entry in &entries {
            let binding = &self.bindings[entry.binding as usize];
            if !binding.delta_updates {
                let load = request::Load {
                    binding: entry.binding,
                    key_json: self.in_json(&binding.keys, &entry.packed),
                    key_packed: self.packed(&entry.key),
                };
                self.connection.send(Request::Load(load)).await?;
            }
        }
        self.entries = entries;
        Ok(())
    }

    /// Reduces the transaction into the documents that the endpoint holds.
    pub async fn flush(&mut self, patches: Bytes) -> Result<Option<ConnectorState>, Error> {
        let flush = request::Flush { state_patches_json: patches, ..Default::default() };
        self.connection.send(Request::Flush(flush)).await?;
        match self.loaded_or("Loaded or Flushed").await? {
            Response::Flushed(flushed) => Ok(flushed.state),
            other => Err(unexpected("Loaded or Flushed", &other)),
        }
    }

    /// Stores the transaction. Returns how many documents it has.
    pub async fn store(&mut self) -> Result<u64, Error> {
        let entries = std::mem::take(&mut self.entries);
        let stores = entries.len() as u64;
        for mut entry in entries {
            let binding = &self.bindings[entry.binding as usize];
            // Flow stores a deletion as any other document if nothing came before it.
            let was_there = entry.exists || entry.is_fresh || !entry.rest.is_empty();
            entry.is_deletion &= binding.delta_updates || was_there;
            if !entry.rest.is_empty() {
                binding.settle(&mut entry, None)?;
            }
            let store = self.stored(entry);
            self.connection.send(Request::Store(store)).await?;
        }
        Ok(stores)
    }

    /// Commits the transaction.
    pub async fn commit(
        &mut self,
        checkpoint: Checkpoint,
        patches: Bytes,
    ) -> Result<Option<ConnectorState>, Error> {
        let start_commit = request::StartCommit {
            runtime_checkpoint: Some(checkpoint.into()),
            state_patches_json: patches,
        };
        self.connection.send(Request::StartCommit(start_commit)).await?;
        Ok(receive!(self.connection, StartedCommit)?.state)
    }

    /// Ends the session.
    pub async fn close(self) -> Result<(), Error> {
        self.connection.close().await
    }

    /// Accepts Loaded documents up to the first other response.
    async fn loaded_or(&mut self, expected: &'static str) -> Result<Response, Error> {
        loop {
            match self.connection.receive(expected).await? {
                Response::Loaded(loaded) => self.loaded(loaded)?,
                other => return Ok(other),
            }
        }
    }

    fn loaded(&mut self, loaded: response::Loaded) -> Result<(), Error> {
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
        let entries = &mut self.entries;
        let found = entries.binary_search_by(|entry| (entry.binding, &*entry.key).cmp(&wanted));
        let entry = found.ok().map(|index| &mut entries[index]);
        let Some(entry) = entry.filter(|entry| !entry.exists) else {
            return Err(failed("it is of a key that was not asked for".to_string()));
        };
        entry.exists = true;
        binding.settle(entry, Some(document))
    }

    fn stored(&self, entry: Entry) -> request::Store {
        let binding = &self.bindings[entry.binding as usize];
        let Entry { binding: index, key, packed, is_deletion, exists, .. } = entry;
        request::Store {
            binding: index,
            key_json: self.in_json(&binding.keys, &packed),
            key_packed: self.packed(&key),
            values_json: self.in_json(&binding.values, &packed),
            values_packed: self.packed(&packed.values),
            doc_json: if binding.selects_document { packed.json } else { Bytes::new() },
            exists,
            delete: is_deletion,
        }
    }

    /// Only messages in JSON carry tuples as JSON.
    fn in_json(&self, fields: &[Extractor], packed: &Packed) -> Bytes {
        match self.connection.codec() {
            Codec::Proto => Bytes::new(),
            Codec::Json => extract::json(fields, &packed.document()).into(),
        }
    }

    /// A packed tuple, unless the runtime sends tuples only as JSON.
    fn packed(&self, tuple: &Bytes) -> Bytes {
        match (self.runtime, self.connection.codec()) {
            (Runtime::V2, Codec::Json) => Bytes::new(),
            _ => tuple.clone(),
        }
    }
}

fn unexpected(expected: &'static str, got: &Response) -> Error {
    Error::Unexpected { expected, got: got.name().to_string() }
}
