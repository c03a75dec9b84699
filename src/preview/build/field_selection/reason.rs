//! Reasons to take a field, and to leave it out.

/// A reason to take a field, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Select {
    DesiredDepth,
    CoreMetadata,
    LocationRequired,
    UserDefined,
    CurrentValue,
    PartitionKey,
    FieldRequired,
    UserRequired,
    CurrentDocument,
    Key,
}

impl Select {
    /// Whether any reason to leave the field out is stronger.
    pub fn gives_way(self) -> bool {
        matches!(
            self,
            Self::DesiredDepth
                | Self::CoreMetadata
                | Self::UserDefined
                | Self::CurrentValue
                | Self::PartitionKey
        )
    }

    /// The reason in words, after the field's name.
    pub fn explain(self) -> &'static str {
        match self {
            Self::DesiredDepth => "is recommended",
            Self::CoreMetadata => "is metadata that is commonly selected",
            Self::LocationRequired => "is at a location that the connector requires",
            Self::UserDefined => "is a projection of the user's own",
            Self::CurrentValue => "was taken by the last publication",
            Self::PartitionKey => "partitions the collection",
            Self::FieldRequired => "is required by the connector",
            Self::UserRequired => "is required by \"fields\"",
            Self::CurrentDocument => "was the document of the last publication",
            Self::Key => "is part of the key",
        }
    }
}

/// A reason to leave a field out, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reject<'a> {
    Covered,
    ParentExcluded,
    SameLocation,
    SameName(&'a str),
    NotInResponse,
    NotInCollection,
    Incompatible,
    Forbidden,
    UserExcluded,
}

impl Reject<'_> {
    /// The reason in words, after the field's name; `reason` is the connector's own.
    pub fn explain(self, reason: &str) -> String {
        match self {
            Self::Covered => "is within another selected field".to_string(),
            Self::ParentExcluded => "is within an excluded field".to_string(),
            Self::SameLocation => "is at the location of another selected field".to_string(),
            Self::SameName(other) => format!("has the name of field {other:?} at the endpoint"),
            Self::NotInResponse => "has no constraint of the connector".to_string(),
            Self::NotInCollection => "is no field of the collection".to_string(),
            Self::Incompatible => format!(
                "cannot be taken without filling the resource anew: {reason}; raise \"backfill\" of \
                 the binding"
            ),
            Self::Forbidden => format!("is forbidden by the connector: {reason}"),
            Self::UserExcluded => "is excluded by \"fields\"".to_string(),
        }
    }
}
