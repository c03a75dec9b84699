//! The state of the connector `materialize-s3-parquet`, which this one continues from: the Flow
//! checkpoint and the numbers of files.
//!
//! That connector had two forms of state. Until 2023, the state held the Flow checkpoint itself;
//! since then, the runtime keeps the checkpoint, and the state counts files.

use super::s3_parquet_files::{Files, Folder};
use crate::driver::Error;
use crate::driver::task::Binding;
use crate::flow::Checkpoint;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const CHECKPOINT: &str = "b64EncodedFlowCheckpoint";
const NEXT_FILES: &str = "nextSeqNumList";
const FILE_COUNTS: &str = "fileCounts";
const UPLOADS: &str = "uploads";

/// The keys of the state, in both forms.
pub(super) const KEYS: [&str; 4] = [CHECKPOINT, NEXT_FILES, FILE_COUNTS, UPLOADS];

/// The state of materialize-s3-parquet.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::driver) struct S3ParquetState {
    /// The checkpoint from which the runtime continues, unless the runtime keeps it.
    pub checkpoint: Option<Checkpoint>,
    pub files: Files,
}

/// The properties of both forms, of which a state has one. An empty one may be null.
#[derive(Deserialize)]
struct Form {
    #[serde(rename = "b64EncodedFlowCheckpoint")]
    checkpoint: Option<String>,
    #[serde(rename = "nextSeqNumList")]
    next_files: Option<Vec<u64>>,
    /// By state key, the number of the last file. The first file has the number 0.
    #[serde(rename = "fileCounts")]
    file_counts: Option<BTreeMap<String, u64>>,
    /// By state key, uploads that were begun and not completed.
    uploads: Option<BTreeMap<String, Value>>,
}

impl S3ParquetState {
    /// Reads the state of materialize-s3-parquet from the state of a task, if it is there.
    pub fn read(request: &'static str, state: &Map<String, Value>) -> Result<Option<Self>, Error> {
        let keys = keys(state);
        if keys.is_empty() {
            return Ok(None);
        }
        let wrong = |what: String| {
            Error::request(
                request,
                format!(
                    "the state holds {}, but not as materialize-s3-parquet writes it: {what}",
                    keys.join(", ")
                ),
            )
        };
        let form =
            Form::deserialize(&Value::Object(state.clone())).map_err(|e| wrong(e.to_string()))?;
        refuse_pending(request, &form.uploads.unwrap_or_default())?;
        match (form.checkpoint, form.next_files, form.file_counts) {
            (Some(checkpoint), next_files, None) => {
                let encoded = STANDARD
                    .decode(&checkpoint)
                    .map_err(|e| wrong(format!("{CHECKPOINT} is not base64: {e}")))?;
                let checkpoint = Checkpoint::from_encoded(encoded)
                    .map_err(|e| wrong(format!("{CHECKPOINT} is no checkpoint: {e}")))?;
                let files = Files::ByBinding(next_files.unwrap_or_default());
                Ok(Some(Self { checkpoint: Some(checkpoint), files }))
            }
            // Without counts, no file has been written yet.
            (None, None, counts) => {
                let counts = counts.unwrap_or_default().into_iter();
                let folders = counts.map(|(key, last)| (Folder::of(&key), last.saturating_add(1)));
                Ok(Some(Self { checkpoint: None, files: Files::ByFolder(folders.collect()) }))
            }
            _ => Err(wrong(format!(
                "{CHECKPOINT} belongs with {NEXT_FILES}, and {FILE_COUNTS} with {UPLOADS}"
            ))),
        }
    }

    /// The checkpoint from which the runtime continues, with its sources renamed to those of these
    /// bindings.
    ///
    /// A source is named `{journal};{read suffix}`, and a read suffix ends with the path of the
    /// resource. The old suffixes differ from today's: most have no version.
    pub fn checkpoint_of(self, bindings: &[Binding<'_>]) -> Result<Option<Checkpoint>, Error> {
        let Some(checkpoint) = self.checkpoint else { return Ok(None) };
        let renamed = checkpoint.rename_sources(|source| {
            let (journal, suffix) = source.split_once(';')?;
            let path = Folder::of(suffix.rsplit('/').next()?);
            let of_path =
                |binding: &&Binding<'_>| path.has_path_of(&Folder::of(&binding.spec.state_key));
            let of_collection = |binding: &&Binding<'_>| {
                let rest = journal.strip_prefix(binding.collection.name.as_str());
                rest.is_some_and(|rest| rest.starts_with('/'))
            };
            let binding = bindings.iter().find(of_path).or_else(|| {
                let mut of_collection = bindings.iter().filter(of_collection);
                of_collection.next().filter(|_| of_collection.next().is_none())
            })?;
            let suffix = binding.spec.journal_read_suffix.as_str();
            (!suffix.is_empty()).then(|| format!("{journal};{suffix}"))
        });
        renamed
            .map(Some)
            .map_err(|e| Error::request("Open", format!("{CHECKPOINT} is no checkpoint: {e}")))
    }
}

/// The keys of materialize-s3-parquet in a state.
pub(super) fn keys(state: &Map<String, Value>) -> Vec<&'static str> {
    KEYS.into_iter().filter(|key| state.contains_key(*key)).collect()
}

/// Fails if there are files that aren't in S3 yet, because the runtime has committed their
/// documents.
fn refuse_pending(request: &'static str, uploads: &BTreeMap<String, Value>) -> Result<(), Error> {
    let is_pending = |value: &Value| match value {
        Value::Null => false,
        Value::Array(files) => !files.is_empty(),
        Value::Object(files) => !files.is_empty(),
        _ => true,
    };
    let pending: Vec<&str> = uploads
        .iter()
        .filter(|(_, files)| is_pending(files))
        .map(|(key, _)| key.as_str())
        .collect();
    if pending.is_empty() {
        return Ok(());
    }
    Err(Error::request(
        request,
        format!(
            "materialize-s3-parquet has begun to upload files that are not in S3 yet, for {}: \
             their documents would be lost; enable the S3 materialization once more, let it \
             acknowledge a transaction, which completes them, and only then switch to Rockset",
            pending.join(", ")
        ),
    ))
}
