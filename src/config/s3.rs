//! The source in S3 of a collection's first documents.

use super::{Problems, text};
use crate::rockset::{rules, types};
use schemars::JsonSchema;
use serde::Deserialize;

/// Objects in S3 that a new collection is filled from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object with integration and bucket")]
pub struct InitializeFromS3 {
    /// The name of the Rockset integration that holds the credentials for your bucket.
    /// You make it in Rockset beforehand.
    #[serde(deserialize_with = "text::name")]
    #[schemars(
        title = "Integration Name",
        length(min = 1, max = rules::MAX_NAME),
        regex(pattern = rules::NAME_PATTERN),
        extend("order" = 0)
    )]
    pub integration: String,

    /// The bucket that your S3 materialization wrote to.
    #[serde(deserialize_with = "text::non_empty")]
    #[schemars(title = "Bucket", length(min = 1), extend("order" = 1))]
    pub bucket: String,

    /// The AWS region of your bucket.
    #[serde(default, deserialize_with = "text::optional")]
    #[schemars(
        title = "Region",
        with = "String",
        example = &"us-west-2",
        extend("order" = 2)
    )]
    pub region: Option<String>,

    /// Only objects whose keys begin with this are taken in. You can't set both a
    /// prefix and a pattern.
    #[serde(default, deserialize_with = "text::optional")]
    #[schemars(
        title = "Prefix",
        with = "String",
        example = &"acmeCo/orders/",
        extend("order" = 3)
    )]
    pub prefix: Option<String>,

    /// Only objects whose keys match this are taken in: `?` is one character, `*` any
    /// within a path segment, and `**` any number of segments. You can't set both a
    /// pattern and a prefix.
    #[serde(default, deserialize_with = "text::optional")]
    #[schemars(
        title = "Pattern",
        with = "String",
        example = &"acmeCo/orders/**/*.parquet",
        extend("order" = 4)
    )]
    pub pattern: Option<String>,
}

impl InitializeFromS3 {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.prefix.is_some() && self.pattern.is_some() {
            problems.add(
                path,
                "has both a prefix and a pattern; leave one of them out, since a pattern can \
                 begin with the prefix",
            );
        }
    }
}

impl From<InitializeFromS3> for types::Source {
    fn from(source: InitializeFromS3) -> Self {
        let InitializeFromS3 { integration, bucket, region, prefix, pattern } = source;
        let s3 = types::SourceS3 {
            bucket,
            region,
            prefix,
            pattern,
            object_bytes_downloaded: None,
            object_bytes_total: None,
            object_count_downloaded: None,
            object_count_total: None,
            prefixes: Vec::new(),
            settings: None,
        };
        Self { integration_name: Some(integration), s3: Some(s3), ..Self::default() }
    }
}
