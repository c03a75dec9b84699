//! What the connector `materialize-s3-parquet` left, for this one to go on from: where
//! Flow stands, and how many files there are.
//!
//! It had two forms of state. Until 2023 it held the Flow checkpoint itself; since then
//! the runtime keeps that, and the state counts files.

use super::Error;
use super::task::Binding;
use crate::config::InitializeFromS3;
use crate::flow::Checkpoint;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tracing::warn;

const CHECKPOINT: &str = "b64EncodedFlowCheckpoint";
const NEXT_FILES: &str = "nextSeqNumList";
const FILE_COUNTS: &str = "fileCounts";
const UPLOADS: &str = "uploads";

/// The keys of its state, of both forms.
pub(super) const KEYS: [&str; 4] = [CHECKPOINT, NEXT_FILES, FILE_COUNTS, UPLOADS];

/// What to go on from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Handover {
    /// Where the runtime is to go on, unless it knows that itself.
    pub checkpoint: Option<Checkpoint>,
    files: Files,
}

/// How many files were written.
#[derive(Debug, Clone, PartialEq)]
enum Files {
    /// By the index of the binding.
    ByBinding(Vec<u64>),
    /// By the files' folder.
    ByFolder(Vec<(Folder, u64)>),
}

/// Where the files of a binding are: `{path}/v{backfill:010}/`, below a prefix that isn't
/// known here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    path: String,
    backfill: u64,
}

/// Both forms, of which a state has one.
#[derive(Deserialize)]
struct Form {
    #[serde(rename = "b64EncodedFlowCheckpoint")]
    checkpoint: Option<String>,
    #[serde(rename = "nextSeqNumList", default)]
    next_files: Vec<u64>,
    /// By state key, the number of the last file. The first file has the number 0.
    #[serde(rename = "fileCounts")]
    file_counts: Option<BTreeMap<String, u64>>,
    /// By state key, what was begun and not completed.
    #[serde(default)]
    uploads: Option<BTreeMap<String, Value>>,
}

impl Handover {
    /// Reads what the other connector left in a state, if there is any of it.
    pub fn read(request: &'static str, state: &Map<String, Value>) -> Result<Option<Self>, Error> {
        let keys: Vec<&str> = KEYS.iter().copied().filter(|key| state.contains_key(*key)).collect();
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
        match form {
            Form { checkpoint: Some(checkpoint), file_counts: None, next_files, .. } => {
                let encoded = STANDARD
                    .decode(&checkpoint)
                    .map_err(|e| wrong(format!("{CHECKPOINT} is not base64: {e}")))?;
                let checkpoint = Checkpoint::from_encoded(encoded)
                    .map_err(|e| wrong(format!("{CHECKPOINT} is no checkpoint: {e}")))?;
                Ok(Some(Self { checkpoint: Some(checkpoint), files: Files::ByBinding(next_files) }))
            }
            Form { checkpoint: None, file_counts: Some(counts), uploads, .. } => {
                refuse_pending(request, &uploads.unwrap_or_default())?;
                let folders =
                    counts.iter().map(|(key, last)| (Folder::of(key), last.saturating_add(1)));
                Ok(Some(Self { checkpoint: None, files: Files::ByFolder(folders.collect()) }))
            }
            // It has written no file yet.
            Form { checkpoint: None, file_counts: None, uploads: Some(uploads), .. } => {
                refuse_pending(request, &uploads)?;
                Ok(Some(Self { checkpoint: None, files: Files::ByFolder(Vec::new()) }))
            }
            _ => Err(wrong(format!(
                "{CHECKPOINT} belongs with {NEXT_FILES}, and {FILE_COUNTS} with {UPLOADS}"
            ))),
        }
    }

    /// How many files each binding must have been filled with at the least. None, where
    /// nothing is known.
    ///
    /// Fails where files can't be told apart by the bindings' configuration: to go on
    /// before all of them are in would lose what is in the rest.
    pub fn expected_files(&self, bindings: &[Binding]) -> Result<Vec<Option<u64>>, Error> {
        let sources: Vec<Option<&InitializeFromS3>> =
            bindings.iter().map(|binding| binding.resource.initialize_from_s3.as_ref()).collect();
        match &self.files {
            Files::ByBinding(counts) => Ok(by_binding(counts, bindings, &sources)),
            Files::ByFolder(folders) => by_folder(folders, bindings, &sources),
        }
    }
}

/// Files that aren't in S3 yet, but whose documents the runtime has committed.
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
    match pending.is_empty() {
        true => Ok(()),
        false => Err(Error::request(
            request,
            format!(
                "materialize-s3-parquet has begun to upload files that are not in S3 yet, for {}: \
                 their documents would be lost; enable the S3 materialization once more, let it \
                 acknowledge a transaction, which completes them, and only then switch to Rockset",
                pending.join(", ")
            ),
        )),
    }
}

fn by_binding(
    counts: &[u64],
    bindings: &[Binding],
    sources: &[Option<&InitializeFromS3>],
) -> Vec<Option<u64>> {
    if counts.len() > bindings.len() {
        warn!(
            "materialize-s3-parquet had {} bindings, and this task has {}: files of the others \
             aren't waited for",
            counts.len(),
            bindings.len()
        );
    }
    let expected = sources.iter().enumerate().map(|(index, source)| {
        let count = counts.get(index).copied().unwrap_or_default();
        if source.is_none() && count > 0 {
            warn_of_no_source(&format!("bindings[{index}] ({})", bindings[index].target), count);
        }
        source.map(|_| count)
    });
    expected.collect()
}

fn by_folder(
    folders: &[(Folder, u64)],
    bindings: &[Binding],
    sources: &[Option<&InitializeFromS3>],
) -> Result<Vec<Option<u64>>, Error> {
    let mut expected = vec![None; bindings.len()];
    let mut unnamed = Vec::new();
    for (folder, count) in folders {
        let named =
            sources.iter().position(|source| source.is_some_and(|it| folder.is_named_by(it)));
        match named {
            Some(index) => *expected[index].get_or_insert(0) += count,
            None => unnamed.push((folder, count)),
        }
    }
    let open: Vec<usize> = (0..bindings.len())
        .filter(|index| sources[*index].is_some() && expected[*index].is_none())
        .collect();
    match (open.as_slice(), unnamed.is_empty()) {
        (_, true) => {}
        ([], false) => {
            for (folder, count) in unnamed {
                warn_of_no_source(&folder.path, *count);
            }
        }
        // Its prefix is above all of their folders.
        ([index], false) => expected[*index] = Some(unnamed.iter().map(|(_, count)| *count).sum()),
        (several, false) => {
            let paths: Vec<&str> = unnamed.iter().map(|(folder, _)| folder.path.as_str()).collect();
            let targets: Vec<String> = several
                .iter()
                .map(|index| format!("bindings[{index}] ({})", bindings[*index].target))
                .collect();
            return Err(Error::request(
                "Open",
                format!(
                    "materialize-s3-parquet wrote files for {}, and which of them {} are filled from \
                     can't be told; end the prefix of initializeFromS3 with the path of the files",
                    paths.join(", "),
                    targets.join(" and "),
                ),
            ));
        }
    }
    Ok(expected)
}

fn warn_of_no_source(what: &str, count: u64) {
    warn!(
        "materialize-s3-parquet wrote {count} files for {what}, and no binding's initializeFromS3 \
         names them: what is in them isn't waited for"
    );
}

impl Folder {
    /// Of a state key: the percent-encoded path, and `.v` with the backfill counter if
    /// that isn't zero.
    fn of(state_key: &str) -> Self {
        let (path, backfill) = match state_key.rsplit_once(".v") {
            Some((path, counter)) if !counter.is_empty() => match counter.parse() {
                Ok(counter) => (path, counter),
                Err(_) => (state_key, 0),
            },
            _ => (state_key, 0),
        };
        Self { path: percent_decode_str(path).decode_utf8_lossy().into_owned(), backfill }
    }

    /// Whether a source's prefix or pattern has this folder's path in it.
    fn is_named_by(&self, source: &InitializeFromS3) -> bool {
        let text = source.prefix.as_deref().or(source.pattern.as_deref()).unwrap_or_default();
        let path = self.path.trim_matches('/');
        let version = format!("v{:010}", self.backfill);
        if path.is_empty() {
            return false;
        }
        text.match_indices(path).any(|(start, _)| {
            let (before, after) = (&text[..start], &text[start + path.len()..]);
            let begins = before.is_empty() || before.ends_with('/');
            let below = after.strip_prefix('/').unwrap_or(after);
            let ends = after.is_empty() || after.starts_with('/');
            let other_version = below.starts_with('v')
                && below.len() >= version.len()
                && below[1..version.len()].bytes().all(|byte| byte.is_ascii_digit())
                && !below.starts_with(&version);
            begins && ends && !other_version
        })
    }
}
