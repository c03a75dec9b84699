//! A collection's JSON schema, in its plain form, and a validator.
//!
//! Flow reads schemas as one dialect, without regard to `$schema`, and checks formats. So does
//! a preview.

pub mod bundle;
pub mod describe;
mod diamonds;
pub mod field;
mod formats;
mod inference;
pub mod keywords;
mod locations;
pub mod numeral;
pub mod order;
pub mod pointer;
pub mod projections;
mod references;
pub mod shape;
mod shape_algebra;
pub mod types;

use self::formats::FORMATS;
use jsonschema::{Draft, ValidationOptions, Validator, ValidatorMap};
use serde_json::Value;

/// A schema whose references all lead somewhere within it.
#[derive(Debug)]
pub struct Schema {
    root: Value,
    validator: Validator,
}

impl Schema {
    /// Checks and compiles a schema. The error says what is wrong, and where.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let root = plain(schema)?;
        let validator = options().build(&root).map_err(|e| explain(&e))?;
        Ok(Self { root, validator })
    }

    /// The schema itself, in its plain form.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The schema that a `$ref` leads to, with its pointer.
    pub fn resolve(&self, reference: &str) -> Option<(String, &Value)> {
        references::resolve(&self.root, reference)
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

/// Brings a schema into its plain form, in which all references are places within it, and
/// validation takes no exponential time.
pub fn plain(schema: &Value) -> Result<Value, String> {
    diamonds::flatten(references::plain(schema)?)
}

/// A validator's violations of a value, each with its path.
pub fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| explain(&error)).collect()
}

/// A validator that fetches nothing.
pub fn options<'o>() -> ValidationOptions<'o> {
    let options = jsonschema::options()
        .offline()
        .with_draft(Draft::Draft201909)
        .should_validate_formats(true);
    FORMATS.into_iter().fold(options, |options, (name, has)| options.with_format(name, has))
}

fn explain(error: &jsonschema::ValidationError<'_>) -> String {
    match error.instance_path().as_str() {
        "" => error.to_string(),
        path => format!("{path}: {error}"),
    }
}
