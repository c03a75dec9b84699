//! YAML files.

use crate::preview::Error;
use serde_json::Value;
use std::path::Path;

/// Reads a YAML file; JSON is YAML too.
pub fn read_value(path: &Path) -> Result<Value, Error> {
    let shown = || path.display().to_string();
    let invalid = |e: yaml_serde::Error| Error::Catalog { path: shown(), reason: e.to_string() };

    let text =
        std::fs::read_to_string(path).map_err(|reason| Error::Read { path: shown(), reason })?;
    let mut yaml: yaml_serde::Value = yaml_serde::from_str(&text).map_err(invalid)?;
    yaml.apply_merge().map_err(invalid)?;
    serde_json::to_value(yaml)
        .map_err(|e| Error::Catalog { path: shown(), reason: format!("not JSON: {e}") })
}
