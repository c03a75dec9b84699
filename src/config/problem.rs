//! What is wrong with a configuration, and where.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use std::fmt;

/// A place in a configuration that can't stay as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `bindings[2].resource.collection`.
    pub path: String,
    /// The collection that it is about, if it is about one.
    pub collection: Option<String>,
    /// What is wrong there, and what to write instead.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(collection) = &self.collection {
            write!(f, " ({collection})")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// All that is wrong, one line a problem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => problem.fmt(f),
            problems => {
                write!(f, "there are {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        let (path, problem) = (path.into(), problem.into());
        self.0.push(Problem { path, collection: None, problem });
    }

    /// Says of each problem which collection it is about.
    pub fn about(mut self, collection: &str) -> Self {
        for problem in &mut self.0 {
            problem.collection.get_or_insert_with(|| collection.to_string());
        }
        self
    }

    /// The value of a result, or `None` and its problems noted.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }

    /// Puts those of the endpoint first, and those of the bindings in their order.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|problem| {
            let index = problem.path.strip_prefix("bindings[")?.split(']').next()?;
            index.parse::<usize>().ok()
        });
    }

    /// Nothing, if nothing has been noted.
    pub fn none(self) -> Result<(), Self> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }
}

/// A part of the configuration, as a user writes it.
pub trait Config: DeserializeOwned {
    /// Notes what single values don't show: those that contradict each other. `path` is
    /// where this part stands.
    fn check(&self, path: &str, problems: &mut Problems) {
        let _ = (path, problems);
    }
}

/// Reads a configuration. `root` is where it stands, such as `bindings[2].resource`.
///
/// On an error, every value that can't stay is named, not just the first one.
pub fn parse<T: Config>(root: &str, json: &[u8]) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let mut value: Value = match serde_json::from_slice(json) {
        Ok(value) => value,
        Err(error) => {
            problems.add(root, format!("is not JSON: {error}"));
            return Err(problems);
        }
    };
    // A value that can't stay is taken out, and the rest is read again.
    let mut taken_out: Vec<String> = Vec::new();
    let config: T = loop {
        match serde_path_to_error::deserialize(&value) {
            Ok(config) => break config,
            Err(error) => {
                let (path, message) = (error.path(), error.inner().to_string());
                let misses_what_was_taken =
                    message.starts_with("missing field") && taken_out.contains(&path.to_string());
                if !misses_what_was_taken {
                    problems.add(join(root, path), message);
                }
                match take_out(&mut value, path) {
                    Some(parent) => taken_out.push(parent),
                    None => return Err(problems),
                }
            }
        }
    };
    config.check(root, &mut problems);
    problems.none().map(|()| config)
}

fn join(root: &str, path: &Path) -> String {
    match path.iter().len() {
        0 => root.to_string(),
        _ => format!("{root}.{path}"),
    }
}

/// Takes the property at `path` out of its object, or the list out that it is in, and
/// says what object that was. `None` if there is nothing left to take out.
fn take_out(value: &mut Value, path: &Path) -> Option<String> {
    let mut keys: Vec<&Segment> = path.iter().collect();
    while let Some(last) = keys.pop() {
        let Segment::Map { key } = last else { continue };
        let pointer: String = keys.iter().map(|segment| step(segment)).collect();
        value.pointer_mut(&pointer)?.as_object_mut()?.remove(key)?;
        let parent: Vec<String> = keys.iter().map(|segment| segment.to_string()).collect();
        return Some(match parent.is_empty() {
            true => ".".to_string(),
            false => parent.join(".").replace(".[", "["),
        });
    }
    None
}

/// A segment as a part of a JSON pointer.
fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        other => format!("/{}", other.to_string().replace('~', "~0").replace('/', "~1")),
    }
}
