//! The endpoint's configuration.

use super::number::whole;
use super::{Config, Problems, text};
use crate::rockset::Secret;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use tracing::warn;
use url::{Host, Url};

const DEFAULT_REGION: &str = "api.usw2a1.rockset.com";
const DEFAULT_CONCURRENCY: u8 = 8;
const MAX_CONCURRENCY: u8 = 64;

/// Where Rockset is, and how to write to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(expecting = "an object with api_key")]
#[schemars(title = "Rockset Endpoint")]
pub struct Endpoint {
    /// Your Rockset API key. Its role needs to read and create workspaces and
    /// collections, and to write documents.
    #[serde(deserialize_with = "api_key")]
    #[schemars(title = "API Key", with = "String", extend("secret" = true, "order" = 0))]
    pub api_key: Secret,

    /// You can lower this to leave more of your virtual instance's write requests to
    /// others, or raise it for a large one. It limits each shard of your task.
    #[serde(default = "default_concurrency", deserialize_with = "concurrency")]
    #[schemars(
        title = "Maximum Concurrent Requests",
        range(min = 1, max = MAX_CONCURRENCY),
        extend("order" = 1)
    )]
    pub max_concurrent_requests: u8,

    /// Your region's API host, such as `api.use1a1.rockset.com`, or the URL of a
    /// server that speaks the Rockset API. You can use `http://` only for an address
    /// of this machine, because your key would travel in clear.
    #[serde(default = "default_region", deserialize_with = "region")]
    #[schemars(
        title = "Region Base URL",
        with = "String",
        default = "default_region_text",
        example = &"api.use1a1.rockset.com",
        example = &"https://rockset.example.com",
        extend("order" = 2)
    )]
    pub region_base_url: Url,

    /// Whether a document that is deleted in your Flow collection is deleted in Rockset,
    /// too. If not, it stays there as it was last, marked as deleted.
    #[serde(default, rename = "hardDelete")]
    #[schemars(title = "Hard Delete", extend("order" = 3))]
    pub hard_delete: bool,

    /// Options that you only need when you are told to use them.
    #[serde(default)]
    #[schemars(
        title = "Advanced Options",
        with = "Advanced",
        extend("advanced" = true, "order" = 4)
    )]
    pub advanced: Option<Advanced>,
}

/// Options that hardly anybody sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object with feature_flags")]
pub struct Advanced {
    /// Names of features that you switch on, or off with `no_` before the name, separated
    /// by commas. There are none at present.
    #[serde(deserialize_with = "text::optional")]
    #[schemars(
        title = "Feature Flags",
        with = "String",
        extend("order" = 0, "nonsensitive" = true)
    )]
    pub feature_flags: Option<String>,
}

impl Config for Endpoint {
    /// Warns of unknown feature flags. They are no problem: another edition may know them.
    fn check(&self, path: &str, _: &mut Problems) {
        let flags = self.advanced.iter().filter_map(|advanced| advanced.feature_flags.as_deref());
        let flags: Vec<&str> = flags
            .flat_map(|flags| flags.split(','))
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        if !flags.is_empty() {
            warn!(
                "{path}.advanced.feature_flags: this edition of the connector knows none of the \
                 flags {}, so they change nothing; leave them out unless another edition needs them",
                flags.join(", ")
            );
        }
    }
}

/// Reads an API key. Errors don't repeat the value, whatever its type.
fn api_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(key) if key.is_empty() => {
            Err(D::Error::custom("is empty; write the API key that Rockset gave you"))
        }
        Value::String(key) if !key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(D::Error::custom(
                "holds white space or other characters that no key has; copy it again",
            ))
        }
        Value::String(key) => Ok(Secret::new(key)),
        _ => Err(D::Error::custom("is no string; put the key in quotes")),
    }
}

fn default_concurrency() -> u8 {
    DEFAULT_CONCURRENCY
}

fn concurrency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let number = Number::deserialize(deserializer)?;
    match whole(&number).map(u8::try_from) {
        Some(Ok(number @ 1..=MAX_CONCURRENCY)) => Ok(number),
        _ => Err(D::Error::custom(format!(
            "{number} is not within 1 to {MAX_CONCURRENCY}; leave it out for {DEFAULT_CONCURRENCY}"
        ))),
    }
}

fn default_region_text() -> &'static str {
    DEFAULT_REGION
}

#[allow(clippy::expect_used, reason = "of a constant")]
fn default_region() -> Url {
    base_url(DEFAULT_REGION).expect("the default region is a host")
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim() {
        "" => Ok(default_region()),
        text => base_url(text).map_err(D::Error::custom),
    }
}

/// The base URL of requests, from a host or a URL. Errors don't repeat the text, which may hold a
/// secret.
fn base_url(text: &str) -> Result<Url, &'static str> {
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("https://{text}"))
    };
    let url = url.map_err(
        |_| "is neither a host nor a URL; write a region's host such as api.use1a1.rockset.com",
    )?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password; the key belongs in api_key");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("goes on after its path; write a host or a URL without ? and #");
    }
    let mut path = url.path().split('/');
    if path.any(|segment| segment == "v1") {
        return Err("goes on with /v1, which is a part of each request; leave /v1 out, and what \
                    follows");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("would send your key in clear over the network; write https://, or the \
                       address of this machine"),
        _ => Err("has a scheme other than https"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
