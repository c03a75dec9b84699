//! What answers of the API hold in place of a value that there isn't.

/// What stands in an answer for a property without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// `null`.
    Null,
    /// An empty list.
    Empty,
    /// Nothing, not even the property.
    LeftOut,
}

/// What stands for a property of a schema, such as `description` of `Workspace`. Of what
/// the document doesn't have, nothing.
pub fn absent(schema: &str, property: &str) -> Absent {
    let found = ABSENT.binary_search_by(|(name, _)| (*name).cmp(schema));
    let properties = found.map(|i| ABSENT[i].1).unwrap_or_default();
    let found = properties.iter().find(|(name, _)| *name == property);
    found.map_or(Absent::LeftOut, |(_, absent)| *absent)
}

include!(concat!(env!("OUT_DIR"), "/rockset_answers.rs"));
