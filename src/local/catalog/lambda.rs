//! A query lambda: its versions and its tags.

use super::creator::Creator;
use super::timestamp;
use crate::rockset::enums::QueryLambdaVersionState;
use crate::rockset::types::{
    self, QueryLambdaSql, QueryLambdaStats, QueryLambdaTag, QueryLambdaVersion, QueryParameter,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::once;
use uuid::Uuid;

/// The tag of the latest version, which can't be set.
pub const LATEST: &str = "latest";

/// Bytes of a hash that make the name of a version.
const VERSION: usize = 8;

/// A query lambda. It has a version at least.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lambda {
    pub workspace: String,
    pub name: String,
    pub latest: Version,
    /// The other versions, the newest last.
    earlier: Vec<Version>,
    /// The version of each tag but `latest`.
    tags: BTreeMap<String, String>,
}

/// A version of a query lambda.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Hash of the content.
    pub version: String,
    pub content: Content,
    #[serde(default)]
    creator: Creator,
    created_at: String,
    /// By which the version is executed without a key, if it is public.
    pub public_access_id: Option<String>,
    /// What the query reads; `None` if it couldn't be planned when it was checked last.
    pub reads: Option<LambdaReads>,
}

/// The content of a version, which never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    pub description: Option<String>,
    pub query: String,
    pub default_parameters: Vec<QueryParameter>,
}

/// What the query of a version reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaReads {
    /// `workspace.name` of each collection.
    pub collections: BTreeSet<String>,
    /// `workspace.name` of all that the text names.
    pub entities: BTreeSet<String>,
}

/// The name of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaVersion {
    pub workspace: String,
    pub name: String,
    pub version: String,
}

impl fmt::Display for LambdaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}::{}", self.workspace, self.name, self.version)
    }
}

impl Content {
    /// The name of a version with this content, of the lambda of this name.
    fn version(&self, workspace: &str, name: &str) -> String {
        let parameters = self.default_parameters.iter();
        let parameters = parameters.flat_map(|it| [&*it.name, &*it.type_, &*it.value]);
        let description = self.description.as_deref().unwrap_or_default();
        let mut hash = Sha256::new();
        for text in [workspace, name, description, &self.query].into_iter().chain(parameters) {
            // With its length, no text runs into the next one.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hex::encode(&hash.finalize()[..VERSION])
    }
}

impl Version {
    fn new(
        version: String,
        content: Content,
        reads: Option<LambdaReads>,
        creator: Creator,
    ) -> Self {
        let created_at = timestamp();
        Self { version, content, creator, created_at, public_access_id: None, reads }
    }

    /// Makes the version public, or not.
    fn publish(&mut self, is_public: bool) {
        match is_public {
            true => _ = self.public_access_id.get_or_insert_with(|| Uuid::new_v4().to_string()),
            false => self.public_access_id = None,
        }
    }
}

impl Lambda {
    pub fn new(
        (workspace, name): (&str, &str),
        content: Content,
        is_public: Option<bool>,
        reads: Option<LambdaReads>,
        creator: Creator,
    ) -> Self {
        let version = content.version(workspace, name);
        let mut latest = Version::new(version, content, reads, creator);
        latest.publish(is_public.unwrap_or_default());
        let (workspace, name) = (workspace.to_string(), name.to_string());
        Self { workspace, name, latest, earlier: Vec::new(), tags: BTreeMap::new() }
    }

    /// All versions, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        once(&self.latest).chain(self.earlier.iter().rev())
    }

    pub fn version(&self, version: &str) -> Option<&Version> {
        self.versions().find(|known| known.version == version)
    }

    /// The tags, each with its version: `latest` first, then by name.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &Version)> {
        let others = self.tags.iter();
        let others = others.filter_map(|(tag, version)| Some((&**tag, self.version(version)?)));
        once((LATEST, &self.latest)).chain(others)
    }

    pub fn tagged(&self, tag: &str) -> Option<&Version> {
        self.tags().find(|(known, _)| *known == tag).map(|(_, version)| version)
    }

    /// Makes this content the latest version. The same content makes no second one.
    pub fn save(
        &mut self,
        content: Content,
        is_public: Option<bool>,
        reads: Option<LambdaReads>,
        creator: Creator,
    ) {
        let version = content.version(&self.workspace, &self.name);
        if self.latest.version != version {
            let earlier = self.earlier.iter().position(|known| known.version == version);
            let next = match earlier {
                Some(at) => self.earlier.remove(at),
                None => Version::new(version, content, None, creator),
            };
            self.earlier.push(std::mem::replace(&mut self.latest, next));
        }
        self.latest.reads = reads;
        if let Some(is_public) = is_public {
            self.latest.publish(is_public);
        }
    }

    /// Replaces what a version is known to read.
    pub fn note_reads(&mut self, version: &str, reads: Option<LambdaReads>) {
        let mut versions = once(&mut self.latest).chain(&mut self.earlier);
        if let Some(known) = versions.find(|known| known.version == version) {
            known.reads = reads;
        }
    }

    pub fn tag(&mut self, tag: String, version: String) {
        self.tags.insert(tag, version);
    }

    pub fn untag(&mut self, tag: &str) {
        self.tags.remove(tag);
    }

    /// The lambda without a version; `None` if that is its last one.
    pub fn without(mut self, version: &str) -> Option<Self> {
        if self.latest.version == version {
            self.latest = self.earlier.pop()?;
        } else {
            self.earlier.retain(|known| known.version != version);
        }
        self.tags.retain(|_, tagged| tagged != version);
        Some(self)
    }

    /// The name of one of its versions.
    pub fn path(&self, version: &Version) -> LambdaVersion {
        let (workspace, name) = (self.workspace.clone(), self.name.clone());
        LambdaVersion { workspace, name, version: version.version.clone() }
    }

    /// A version as the API shows it, with what it reads now.
    pub fn show_version(
        &self,
        version: &Version,
        reads: Option<&LambdaReads>,
        stats: QueryLambdaStats,
    ) -> QueryLambdaVersion {
        let Version { content, creator, created_at, public_access_id, .. } = version;
        QueryLambdaVersion {
            workspace: Some(self.workspace.clone()),
            created_by: Some(creator.email.clone()),
            created_by_apikey_name: Some(creator.key.clone()),
            created_at: Some(created_at.clone()),
            name: Some(self.name.clone()),
            version: Some(version.version.clone()),
            description: content.description.clone(),
            sql: Some(QueryLambdaSql {
                query: content.query.clone(),
                default_parameters: content.default_parameters.clone(),
            }),
            collections: reads.iter().flat_map(|it| &it.collections).cloned().collect(),
            state: Some(match reads {
                Some(_) => QueryLambdaVersionState::Active,
                None => QueryLambdaVersionState::InvalidSql,
            }),
            stats: Some(stats),
            public_access_id: public_access_id.clone(),
        }
    }

    /// The lambda as lists show it, with its latest version as the API shows that.
    pub fn show(&self, latest: QueryLambdaVersion) -> types::QueryLambda {
        types::QueryLambda {
            workspace: Some(self.workspace.clone()),
            last_updated_by: latest.created_by.clone(),
            last_updated: latest.created_at.clone(),
            name: Some(self.name.clone()),
            version_count: i32::try_from(self.earlier.len() + 1).ok(),
            collections: latest.collections.clone(),
            latest_version: Some(latest),
        }
    }
}

/// A tag as the API shows it.
pub fn show_tag(tag: &str, version: QueryLambdaVersion) -> QueryLambdaTag {
    QueryLambdaTag { tag_name: Some(tag.to_string()), version: Some(version) }
}
