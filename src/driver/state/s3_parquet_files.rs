//! The number of files that a binding's S3 source has to ingest, as `materialize-s3-parquet`
//! counted them when it wrote them.
//!
//! That connector counted by its own bindings, and named files
//! `{prefix}/{path}/v{backfill:010}/{number:020}.parquet`. So a count belongs to the sources
//! whose prefix or pattern names that path.

use crate::config::InitializeFromS3;
use crate::driver::Error;
use crate::driver::task::Binding;
use percent_encoding::percent_decode_str;
use tracing::warn;

/// The numbers of files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::driver) enum Files {
    /// By the index of the binding.
    ByBinding(Vec<u64>),
    /// By the files' folder.
    ByFolder(Vec<(Folder, u64)>),
}

/// The folder of a binding's files: `{path}/v{backfill:010}/`, below a prefix that isn't known
/// here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::driver) struct Folder {
    path: String,
    backfill: u64,
}

impl Files {
    /// The smallest number of files in the source of each binding. `None` if nothing is known.
    ///
    /// Fails if no source reads the files, or if the configuration doesn't tell which source reads
    /// which: documents would be lost if the task continued before all files are ingested.
    pub fn expected(&self, bindings: &[Binding<'_>]) -> Result<Vec<Option<u64>>, Error> {
        let has_source = bindings.iter().any(|it| it.resource.initialize_from_s3.is_some());
        let written = self.written(bindings);
        if !has_source && !written.is_empty() {
            return Err(Error::request(
                "Open",
                format!(
                    "materialize-s3-parquet wrote {}, and no binding has initializeFromS3: what is \
                     in them would be lost; set it, or give the task a new name, so that all \
                     documents are written from the start",
                    written.join(" and ")
                ),
            ));
        }
        match self {
            Self::ByBinding(counts) => Ok(by_binding(counts, bindings)),
            Self::ByFolder(folders) => by_folder(folders, bindings),
        }
    }

    /// The written files, for people.
    fn written(&self, bindings: &[Binding<'_>]) -> Vec<String> {
        match self {
            Self::ByBinding(counts) => {
                let counts = counts.iter().enumerate().filter(|(_, count)| **count > 0);
                counts.map(|(index, count)| files(*count, &name(index, bindings))).collect()
            }
            Self::ByFolder(folders) => {
                folders.iter().map(|(folder, count)| files(*count, &folder.path)).collect()
            }
        }
    }
}

fn files(count: u64, of: &str) -> String {
    match count {
        1 => format!("1 file for {of}"),
        count => format!("{count} files for {of}"),
    }
}

fn name(index: usize, bindings: &[Binding<'_>]) -> String {
    match bindings.get(index) {
        Some(binding) => format!("bindings[{index}] ({})", binding.target),
        None => format!("bindings[{index}]"),
    }
}

fn by_binding(counts: &[u64], bindings: &[Binding<'_>]) -> Vec<Option<u64>> {
    if counts.len() > bindings.len() {
        warn!(
            "materialize-s3-parquet had {} bindings, and this task has {}: files of the others \
             aren't waited for",
            counts.len(),
            bindings.len()
        );
    }
    let expected = bindings.iter().enumerate().map(|(index, binding)| {
        let count = counts.get(index).copied().unwrap_or_default();
        let has_source = binding.resource.initialize_from_s3.is_some();
        if !has_source && count > 0 {
            warn_of_no_source(&name(index, bindings), count);
        }
        has_source.then_some(count)
    });
    expected.collect()
}

fn by_folder(
    folders: &[(Folder, u64)],
    bindings: &[Binding<'_>],
) -> Result<Vec<Option<u64>>, Error> {
    let mut expected = vec![None; bindings.len()];
    let mut is_named = vec![false; folders.len()];
    let mut open = Vec::new();
    for (index, binding) in bindings.iter().enumerate() {
        let Some(source) = &binding.resource.initialize_from_s3 else { continue };
        let continued =
            folders.iter().position(|(it, _)| *it == Folder::of(&binding.spec.state_key));
        let named = match continued {
            Some(at) => vec![at],
            None => named_by(source, folders),
        };
        for at in named {
            is_named[at] = true;
            *expected[index].get_or_insert(0) += folders[at].1;
        }
        if expected[index].is_none() {
            open.push(index);
        }
    }
    let unnamed: Vec<&(Folder, u64)> =
        folders.iter().zip(is_named).filter(|(_, named)| !named).map(|(it, _)| it).collect();
    match (open.as_slice(), unnamed.is_empty()) {
        (_, true) => {}
        ([], false) => {
            for (folder, count) in unnamed {
                warn_of_no_source(&folder.path, *count);
            }
        }
        // The only source without a count must read them all: its prefix is above their folders.
        ([index], false) => expected[*index] = Some(unnamed.iter().map(|(_, count)| *count).sum()),
        (several, false) => {
            let paths: Vec<&str> = unnamed.iter().map(|(folder, _)| folder.path.as_str()).collect();
            let targets: Vec<String> = several.iter().map(|index| name(*index, bindings)).collect();
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
        "materialize-s3-parquet wrote {}, and no binding's initializeFromS3 names them: what is in \
         them isn't waited for",
        files(count, what)
    );
}

/// The indices of the folders that a source reads. If it names several paths, of which one ends
/// with the other, the longest counts.
fn named_by(source: &InitializeFromS3, folders: &[(Folder, u64)]) -> Vec<usize> {
    let named = folders.iter().enumerate();
    let named = named.filter_map(|(at, (folder, _))| Some((at, folder.segments_named_by(source)?)));
    let named: Vec<(usize, usize)> = named.collect();
    let longest = named.iter().map(|(_, segments)| *segments).max();
    named.iter().filter(|(_, segments)| Some(*segments) == longest).map(|(at, _)| *at).collect()
}

impl Folder {
    /// The folder of a state key: the percent-encoded path, and `.v` with the backfill counter if
    /// that isn't zero.
    pub fn of(state_key: &str) -> Self {
        let (path, backfill) = match state_key.rsplit_once(".v") {
            Some((path, counter)) => match counter.parse() {
                Ok(counter) => (path, counter),
                Err(_) => (state_key, 0),
            },
            None => (state_key, 0),
        };
        Self { path: percent_decode_str(path).decode_utf8_lossy().into_owned(), backfill }
    }

    /// Whether both have the same path, in any version.
    pub fn has_path_of(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// The number of segments of this folder's path that a source names, if it reads the folder:
    /// all of them, or none if it reads the whole bucket.
    ///
    /// After the path, a prefix may hold only the folder's version or the beginning of it, and a
    /// pattern may hold wildcards.
    fn segments_named_by(&self, source: &InitializeFromS3) -> Option<usize> {
        let (location, is_pattern) = match (&source.prefix, &source.pattern) {
            (Some(prefix), _) => (prefix, false),
            (None, Some(pattern)) => (pattern, true),
            (None, None) => return Some(0),
        };
        let path = segments(&self.path);
        let location = segments(location);
        let version = format!("v{:010}", self.backfill);
        let goes_on = |rest: &[&str]| match rest {
            [] => true,
            [segment, ..] if *segment == version => true,
            [segment] if !is_pattern => version.starts_with(segment),
            [segment, ..] => is_pattern && segment.contains(['*', '?', '{']),
        };
        let is_named = !path.is_empty()
            && location
                .windows(path.len())
                .enumerate()
                .any(|(at, segments)| segments == path && goes_on(&location[at + path.len()..]));
        is_named.then_some(path.len())
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}
