//! The resource path of each binding. By the path, Flow remembers how far a binding has read.
//!
//! A binding that continues one of the last publication keeps the path of that one, because with
//! another path, Flow reads the collection from its start. That other binding may be of this
//! connector, or of materialize-s3-parquet, whose files then fill the new collection.

use super::Candidate;
use crate::config::{InitializeFromS3, Problems};
use crate::driver::last::{self, Last};
use serde_json::Value;
use std::collections::BTreeSet;
use tracing::warn;

/// The path of each candidate; no two are the same. Notes a problem if it can't be told which
/// binding a candidate continues.
pub(super) fn resolve(
    candidates: &[Candidate<'_>],
    last: &Last<'_>,
    problems: &mut Problems,
) -> Vec<Vec<String>> {
    let mut paths: Vec<Option<Vec<String>>> = vec![None; candidates.len()];
    let mut taken: BTreeSet<Vec<String>> = BTreeSet::new();
    for (path, candidate) in paths.iter_mut().zip(candidates) {
        let kept = candidate.last.as_ref().map(|last| last.spec.resource_path.clone());
        *path = kept.filter(|kept| !kept.is_empty() && taken.insert(kept.clone()));
    }
    for (path, candidate) in paths.iter_mut().zip(candidates).filter(|(path, _)| path.is_none()) {
        let Some(source) = &candidate.resource.initialize_from_s3 else { continue };
        let continued = continued(candidate, source, last, problems);
        *path = continued.filter(|continued| {
            let is_free = taken.insert(continued.clone());
            if !is_free {
                warn!(
                    collection = candidate.collection.name,
                    "{}.initializeFromS3: another binding goes on where the files of {} end, so \
                     Flow sends this one all documents from the start",
                    candidate.path(),
                    continued.join("/"),
                );
            }
            is_free
        });
    }
    let mut resolved = Vec::with_capacity(candidates.len());
    for (path, candidate) in paths.into_iter().zip(candidates) {
        let path = path.unwrap_or_else(|| {
            let path = candidate.resource.path();
            // Two bindings with one collection of Rockset have been noted already.
            let has_twin = candidates
                .iter()
                .any(|other| other.index != candidate.index && other.resource.path() == path);
            if !taken.insert(path.clone()) && !has_twin {
                let mut found = Problems::default();
                found.add(
                    format!("{}.collection", candidate.path()),
                    format!(
                        "another binding goes on as {} in Flow; name another collection for this \
                         one",
                        path.join("/")
                    ),
                );
                problems.0.extend(found.about(&candidate.collection.name).0);
            }
            path
        });
        resolved.push(path);
    }
    resolved
}

/// The path of the binding of materialize-s3-parquet that wrote the files of a source, if there is
/// one.
fn continued(
    candidate: &Candidate<'_>,
    source: &InitializeFromS3,
    last: &Last<'_>,
    problems: &mut Problems,
) -> Option<Vec<String>> {
    let bucket = last.endpoint["bucket"].as_str()?;
    let of_collection: Vec<&last::Binding<'_>> = last
        .bindings
        .iter()
        .filter(|it| it.config["path"].is_string() && !it.spec.resource_path.is_empty())
        .filter(|it| it.collection.is_some_and(|it| it.name == candidate.collection.name))
        .collect();
    let is_read = |binding: &&&last::Binding<'_>| {
        source.bucket == bucket
            && is_same_region(&last.endpoint["region"], source)
            && reads_files(source, &last.endpoint["prefix"], binding)
    };
    let read: Vec<&&last::Binding<'_>> = of_collection.iter().filter(is_read).collect();
    let path = format!("{}.initializeFromS3", candidate.path());
    match (of_collection.as_slice(), read.as_slice()) {
        (_, [one]) if candidate.backfill <= one.spec.backfill => {
            Some(one.spec.resource_path.clone())
        }
        (_, [_]) | ([], []) => None,
        (several, []) => {
            let folders: Vec<String> = several
                .iter()
                .map(|binding| {
                    format!("s3://{bucket}/{}", folder(&last.endpoint["prefix"], binding))
                })
                .collect();
            warn!(
                collection = candidate.collection.name,
                "{path}: it does not name the files that materialize-s3-parquet wrote for this \
                 collection, which are in {}, so Flow sends all documents from the start",
                folders.join(" and "),
            );
            None
        }
        (_, several) => {
            let paths: Vec<String> =
                several.iter().map(|binding| binding.spec.resource_path.join("/")).collect();
            let mut found = Problems::default();
            found.add(
                path,
                format!(
                    "it names the files that materialize-s3-parquet wrote to the paths {}, and \
                     which of them the binding goes on from can't be told; end the prefix with one \
                     of the paths and its version",
                    paths.join(" and "),
                ),
            );
            problems.0.extend(found.about(&candidate.collection.name).0);
            None
        }
    }
}

fn is_same_region(written: &Value, source: &InitializeFromS3) -> bool {
    match (written.as_str(), source.region.as_deref()) {
        (Some(written), Some(read)) => written.is_empty() || written == read,
        _ => true,
    }
}

/// Whether a source reads all files of a binding of materialize-s3-parquet.
fn reads_files(source: &InitializeFromS3, prefix: &Value, binding: &last::Binding<'_>) -> bool {
    let folder = folder(prefix, binding);
    match (&source.prefix, &source.pattern) {
        (Some(prefix), _) => folder.starts_with(prefix.as_str()),
        (None, Some(pattern)) => [0, 1, 12_345].iter().all(|number| {
            let file = format!("{folder}{number:020}.parquet");
            matches(pattern.as_bytes(), file.as_bytes())
        }),
        (None, None) => true,
    }
}

/// The folder of a binding's files: `{prefix}/{path}/v{backfill:010}/`.
fn folder(prefix: &Value, binding: &last::Binding<'_>) -> String {
    let path = binding.config["path"].as_str().unwrap_or_default();
    let parts = [prefix.as_str().unwrap_or_default(), path];
    let parts = parts.map(|part| part.trim_matches('/')).into_iter().filter(|it| !it.is_empty());
    let mut folder: String = parts.map(|part| format!("{part}/")).collect();
    folder.push_str(&format!("v{:010}/", binding.spec.backfill));
    folder
}

/// Whether a pattern of a source matches a name: `?` matches a character, `*` any number of them
/// within a segment, `**` any number at all, and `{…}` is assumed to match any segment.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let any = |rest: &[u8], may_pass: fn(u8) -> bool| {
        let passed = name.iter().take_while(|byte| may_pass(**byte)).count();
        (0..=passed).any(|at| matches(rest, &name[at..]))
    };
    match pattern {
        [] => name.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => matches(rest, name) || any(&pattern[2..], |_| true),
        [b'*', b'*', rest @ ..] => any(rest, |_| true),
        [b'*', rest @ ..] => any(rest, |byte| byte != b'/'),
        [b'{', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b'}').map_or(rest.len(), |at| at + 1);
            any(&rest[end..], |byte| byte != b'/')
        }
        [b'?', rest @ ..] => {
            name.split_first().is_some_and(|(first, name)| *first != b'/' && matches(rest, name))
        }
        [byte, rest @ ..] => {
            name.split_first().is_some_and(|(first, name)| first == byte && matches(rest, name))
        }
    }
}
