//! The form of properties without a value, in answers of the API.

/// What an answer holds for a property without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// `null`.
    Null,
    /// An empty list.
    Empty,
    /// Nothing, not even the property.
    LeftOut,
}

/// What an answer holds for a property of a schema without a value, such as `description` of
/// `Workspace`. A property that the API document doesn't have is left out.
pub fn absent(schema: &str, property: &str) -> Absent {
    let found = ABSENT.binary_search_by(|(name, _)| (*name).cmp(schema));
    let properties = found.map(|i| ABSENT[i].1).unwrap_or_default();
    let found = properties.iter().find(|(name, _)| *name == property);
    found.map_or(Absent::LeftOut, |(_, absent)| *absent)
}

include!(concat!(env!("OUT_DIR"), "/rockset_answers.rs"));
