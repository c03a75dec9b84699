//! Reads a configuration, and finds all in it that can't stay.

use super::{Problems, duplicates, schema};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};
use std::collections::BTreeSet;

/// How many problems of one part are looked for. Each costs a reading of the whole.
const MOST: usize = 100;

/// A part of the configuration, as a user writes it.
pub trait Config: DeserializeOwned + JsonSchema {
    /// Properties that the platform adds to what the user writes. They are passed over.
    const OF_THE_PLATFORM: &'static [&'static str] = &[];

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
    if let Some(properties) = value.as_object_mut() {
        properties.retain(|name, _| !T::OF_THE_PLATFORM.contains(&name.as_str()));
    }
    duplicates::note(root, json, &mut problems);

    // What can't stay makes room for what can, and the whole is read again.
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
    problems.none().map(|()| config)
}

fn join(root: &str, path: &Path) -> String {
    match path.iter().len() {
        0 => root.to_string(),
        _ => format!("{root}.{path}"),
    }
}

/// Where a configuration can't stay as it is: the steps from its root.
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
        let missing = message.strip_prefix("missing field `").and_then(|it| it.strip_suffix('`'));
        Self(known.chain(missing.map(|name| Step::Property(name.to_string()))).collect())
    }

    /// Takes what stands here out of `value`, or replaces it, where it can't be left out,
    /// with something that `schema` allows. `None` if that doesn't help.
    fn mend(
        mut self,
        value: &mut Value,
        schema: &Value,
        mended: &mut BTreeSet<String>,
    ) -> Option<()> {
        // A list where an object is wanted may be read as one: then its items have no schema,
        // and the list itself is what can't stay.
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
                match required(schema).any(|required| required == name) {
                    true => {
                        properties.insert(name.clone(), stand_in(&schema["properties"][name]));
                    }
                    false => drop(properties.remove(name)?),
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

    /// Whether this schema is of what the last step is made in.
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

/// A value that a schema allows, so that what stands around it can be read.
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
