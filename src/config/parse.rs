//! Reads a configuration, and finds all problems in it.

use super::{Problems, duplicates, schema};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use std::collections::BTreeSet;

/// The largest number of problems to find in one part. Each costs another reading of the part.
const MOST: usize = 100;

/// A part of the configuration, as a user writes it.
pub trait Config: DeserializeOwned + JsonSchema {
    /// Properties that the platform adds to what the user writes. They are ignored.
    const OF_THE_PLATFORM: &'static [&'static str] = &[];

    /// Notes values that contradict each other. `path` is the path of this part.
    fn check(&self, path: &str, problems: &mut Problems) {
        let _ = (path, problems);
    }
}

/// Reads a configuration. `root` is its path, such as `bindings[2].resource`.
///
/// The error names every wrong value, not only the first one.
pub fn parse<T: Config>(root: &str, json: &[u8]) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let mut value: Value = match serde_json::from_slice(json) {
        Ok(value) => value,
        Err(error) => {
            problems.add(root, format!("is not JSON: {error}"));
            return Err(problems);
        }
    };
    if let Some(properties) = value.as_object_mut() {
        properties.retain(|name, _| !T::OF_THE_PLATFORM.contains(&name.as_str()));
    }
    duplicates::note(root, json, &mut problems);

    // A wrong value is replaced by a right one, and the whole is read again, to find the next.
    let (mut mended, mut whole) = (BTreeSet::new(), None);
    let config: T = loop {
        match serde_path_to_error::deserialize(&value) {
            Ok(config) => break config,
            Err(error) => {
                let message = error.inner().to_string();
                problems.add(join(root, error.path()), &message);
                let place = Place::of(error.path(), &message);
                let whole = whole.get_or_insert_with(schema::<T>);
                let is_mended = place.mend(&mut value, whole, &mut mended).is_some();
                if !is_mended || mended.len() >= MOST {
                    return Err(problems);
                }
            }
        }
    };
    config.check(root, &mut problems);
    problems.into_result().map(|()| config)
}

fn join(root: &str, path: &Path) -> String {
    match path.iter().len() {
        0 => root.to_string(),
        _ => format!("{root}.{path}"),
    }
}

/// The place of a wrong value: the steps from the root of the configuration.
struct Place(Vec<Step>);

enum Step {
    Property(String),
    Item(usize),
}

impl Place {
    fn of(path: &Path, message: &str) -> Self {
        let known = path.iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Property(key.clone())),
            Segment::Seq { index } => Some(Step::Item(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        // A missing field is named by the message of serde only: the path ends at its object.
        let missing = message.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`'));
        Self(known.chain(missing.map(|name| Step::Property(name.to_string()))).collect())
    }

    /// Removes the wrong value from `value`, or replaces it by one that `schema` allows if the
    /// property is required. `None` if that isn't possible, or has been done before.
    fn mend(
        mut self,
        value: &mut Value,
        schema: &Value,
        mended: &mut BTreeSet<String>,
    ) -> Option<()> {
        // serde reads a list as an object, if it can. Then the path leads to an item that has no
        // schema, and the list itself is wrong.
        while self.0.len() > 1 && self.within(schema).is_none_or(|of| !self.is_in(of)) {
            self.0.pop();
        }
        if !mended.insert(pointer(&self.0)) {
            return None;
        }
        let schema = self.within(schema)?;
        let (last, parents) = self.0.split_last()?;
        let parent = value.pointer_mut(&pointer(parents))?;
        match last {
            Step::Property(name) => {
                let properties = parent.as_object_mut()?;
                if required(schema).any(|required| required == name) {
                    properties.insert(name.clone(), stand_in(&schema["properties"][name]));
                } else {
                    properties.remove(name)?;
                }
            }
            Step::Item(index) => *parent.get_mut(*index)? = stand_in(&schema["items"]),
        }
        Some(())
    }

    /// The schema of the object or list that this place is in.
    fn within<'a>(&self, schema: &'a Value) -> Option<&'a Value> {
        let (_, parents) = self.0.split_last()?;
        parents.iter().try_fold(schema, |schema, step| match step {
            Step::Property(name) => schema["properties"].get(name),
            Step::Item(_) => schema.get("items"),
        })
    }

    /// Whether a schema is that of an object or list in which the last step can be made.
    fn is_in(&self, schema: &Value) -> bool {
        match self.0.last() {
            Some(Step::Property(_)) => schema["type"] == "object",
            Some(Step::Item(_)) => schema["type"] == "array",
            None => false,
        }
    }
}

fn pointer(steps: &[Step]) -> String {
    let steps = steps.iter().map(|step| match step {
        Step::Property(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        Step::Item(index) => format!("/{index}"),
    });
    steps.collect()
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A value that a schema allows, to stand in for a wrong one.
fn stand_in(schema: &Value) -> Value {
    if let Some(example) = schema.pointer("/examples/0") {
        return example.clone();
    }
    if schema["type"] != "object" {
        return Value::from("x");
    }
    let properties = required(schema)
        .map(|name| (name.to_string(), stand_in(&schema["properties"][name])))
        .collect::<Map<_, _>>();
    properties.into()
}
