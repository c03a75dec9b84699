//! The state that the runtime keeps for a task: the connector's own part, the state of
//! materialize-s3-parquet to continue from, or both.

mod own;
mod s3_parquet;
mod s3_parquet_files;

pub(super) use self::own::OwnState;
use self::s3_parquet::S3ParquetState;
use super::Error;
use crate::flow::spec::ConnectorState;
use serde_json::{Map, Value, json};

/// The parts of a state.
#[derive(Debug, Default)]
pub(super) struct State {
    pub own: OwnState,
    pub s3_parquet: Option<S3ParquetState>,
    /// The keys of materialize-s3-parquet in the state.
    other_keys: Vec<&'static str>,
}

impl State {
    /// Reads the state that came with a request.
    pub fn read(request: &'static str, json: &[u8]) -> Result<Self, Error> {
        let state = object(request, json)?;
        let strange: Vec<&str> = state
            .keys()
            .map(String::as_str)
            .filter(|key| !own::KEYS.contains(key) && !s3_parquet::KEYS.contains(key))
            .collect();
        if !strange.is_empty() {
            return Err(Error::request(
                request,
                format!(
                    "the state holds {}, which neither this connector nor materialize-s3-parquet \
                     wrote; if another connector served this task before, give the task a new name",
                    strange.join(", ")
                ),
            ));
        }
        Ok(Self {
            own: OwnState::read(request, &state)?,
            s3_parquet: S3ParquetState::read(request, &state)?,
            other_keys: s3_parquet::keys(&state),
        })
    }

    /// The patch of the state at the first commit: it removes the keys of materialize-s3-parquet,
    /// and adds the collections that have been filled since `before`. `None` if nothing changes.
    ///
    /// It must be a patch, because a whole state would overwrite what other shards have written.
    pub fn on_first_commit(&self, before: &OwnState) -> Option<ConnectorState> {
        let mut patch: Map<String, Value> =
            self.other_keys.iter().map(|key| (key.to_string(), Value::Null)).collect();
        if self.own.loaded != before.loaded {
            patch.insert("version".to_string(), json!(own::VERSION));
            patch.insert("loaded".to_string(), json!(self.own.loaded));
        }
        (!patch.is_empty()).then(|| ConnectorState {
            updated_json: Value::from(patch).to_string().into(),
            merge_patch: true,
        })
    }
}

/// The state as an object, from its JSON text.
pub(super) fn object(request: &'static str, json: &[u8]) -> Result<Map<String, Value>, Error> {
    if json.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(json) {
        Ok(Value::Null) => Ok(Map::new()),
        Ok(Value::Object(state)) => Ok(state),
        Ok(_) => Err(Error::request(request, "the state is no object")),
        Err(e) => Err(Error::request(request, format!("the state is not JSON: {e}"))),
    }
}
