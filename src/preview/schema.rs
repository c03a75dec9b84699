//! A collection's JSON schema: references, and a validator.
//!
//! Flow reads schemas as JSON Schema 2019-09, whatever `$schema` says, and checks
//! formats. So does this.

use super::pointer::Pointer;
use jsonschema::{Draft, ValidationOptions, Validator, ValidatorMap};
use serde_json::{Value, json};

const WRITE_SCHEMA: &str = "flow://write-schema";
const RELAXED_WRITE_SCHEMA: &str = "flow://relaxed-write-schema";

/// A schema whose references all lead somewhere within it.
#[derive(Debug)]
pub struct Schema {
    root: Value,
    validator: Validator,
}

impl Schema {
    /// Checks and compiles a schema. The error says what is wrong, and where.
    pub fn compile(root: Value) -> Result<Self, String> {
        check_references(&root, &root, &mut String::new())?;
        let validator = options().build(&root).map_err(|e| explain(&e))?;
        Ok(Self { root, validator })
    }

    /// The schema itself.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The schema that a `$ref` leads to, with its pointer.
    pub fn resolve<'s>(&'s self, reference: &'s str) -> Option<(&'s str, &'s Value)> {
        resolve(&self.root, reference)
    }

    /// All violations, each with its path; none if the document is valid.
    pub fn violations(&self, document: &Value) -> Vec<String> {
        if self.validator.is_valid(document) {
            return Vec::new();
        }
        violations(&self.validator, document)
    }

    /// A validator for each subschema, by its pointer after `#`.
    pub fn subschema_validators(&self) -> Result<ValidatorMap, String> {
        options().build_map(&self.root).map_err(|e| explain(&e))
    }
}

/// What a validator has against a value, each with its path.
pub fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| explain(&error)).collect()
}

/// A validator that fetches nothing.
pub fn options<'o>() -> ValidationOptions<'o> {
    jsonschema::options()
        .offline()
        .with_draft(Draft::Draft201909)
        .should_validate_formats(true)
        .with_format("integer", |text: &str| is_integer(text))
        .with_format("number", |text: &str| {
            matches!(text, "NaN" | "Infinity" | "-Infinity")
                || text.parse::<f64>().is_ok_and(f64::is_finite)
        })
}

/// Takes a write schema into the read schema that refers to it.
pub fn with_write_schema(mut read: Value, write: &Value) -> Value {
    let mut pointer = String::from("#/$defs");
    super::pointer::push(&mut pointer, WRITE_SCHEMA);

    let mut referred = false;
    rewrite_references(&mut read, &mut |reference| {
        if matches!(reference.as_str(), WRITE_SCHEMA | RELAXED_WRITE_SCHEMA) {
            reference.clone_from(&pointer);
            referred = true;
        }
    });
    let mut write = write.clone();
    rewrite_references(&mut write, &mut |reference| {
        if let Some(local) = reference.strip_prefix('#') {
            *reference = format!("{pointer}{local}");
        }
    });
    if let (true, Some(root)) = (referred, read.as_object_mut()) {
        let defs = root.entry("$defs").or_insert_with(|| json!({}));
        if let Some(defs) = defs.as_object_mut() {
            defs.insert(WRITE_SCHEMA.to_string(), write);
        }
    }
    read
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn explain(error: &jsonschema::ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => error.to_string(),
        path => format!("{path}: {error}"),
    }
}

fn resolve<'s>(root: &'s Value, reference: &'s str) -> Option<(&'s str, &'s Value)> {
    let pointer = reference.strip_prefix('#')?;
    Pointer::parse(pointer)?.query(root).map(|schema| (pointer, schema))
}

fn check_references(root: &Value, schema: &Value, at: &mut String) -> Result<(), String> {
    let length = at.len();
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                check_reference(root, reference).map_err(|e| format!("schema at {at:?}: {e}"))?;
            }
            for (key, value) in map {
                // These hold values, not schemas.
                if matches!(key.as_str(), "const" | "enum" | "default" | "examples") {
                    continue;
                }
                super::pointer::push(at, key);
                check_references(root, value, at)?;
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                super::pointer::push(at, &index.to_string());
                check_references(root, value, at)?;
                at.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_reference(root: &Value, reference: &str) -> Result<(), String> {
    if resolve(root, reference).is_some() {
        return Ok(());
    }
    Err(match reference {
        "flow://inferred-schema" => "$ref \"flow://inferred-schema\" is known only to Flow; \
             put the inferred schema in its place"
            .to_string(),
        _ if reference.starts_with("#/") || reference == "#" => {
            format!("$ref {reference:?} leads to nothing in this schema")
        }
        _ => format!(
            "$ref {reference:?} leads out of this schema, which a preview does not follow; \
             move what it refers to into \"$defs\""
        ),
    })
}

fn rewrite_references(schema: &mut Value, rewrite: &mut impl FnMut(&mut String)) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(reference) if key == "$ref" => rewrite(reference),
                    value => rewrite_references(value, rewrite),
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| rewrite_references(item, rewrite));
        }
        _ => {}
    }
}
