//! Where the objects of a source are: an S3 server, or a directory in its place.

use super::pattern::Pattern;
use crate::local::engine::S3;
use crate::local::errors::Failure;
use crate::local::store::Store;
use crate::rockset::client::may_use_proxy;
use crate::rockset::types::{AwsAccessKey, S3Integration, Source, SourceS3};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, RetryConfig};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The region of a source that names none.
const REGION: &str = "us-east-1";

/// How long a connection may take to come about, and an answer to begin.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a request that fails is repeated, before the source says so.
const RETRIED: Duration = Duration::from_secs(10);

/// A proxy that isn't there, and what goes through none: hosts by name and by address.
const NO_PROXY: &str = "http://127.0.0.1:1";
const EVERYTHING: &str = "*,0.0.0.0/0,::/0";

/// A bucket, and how to get at it.
#[derive(Clone, PartialEq)]
pub(in crate::local::engine) struct Place {
    bucket: String,
    server: Server,
}

// There is a secret in it, so it can't be shown.
#[derive(Clone, PartialEq)]
enum Server {
    Directory(PathBuf),
    S3 { region: String, endpoint: Option<String>, key: Option<Key> },
}

#[derive(Clone, PartialEq)]
struct Key {
    id: String,
    secret: String,
}

impl From<AwsAccessKey> for Key {
    fn from(key: AwsAccessKey) -> Self {
        Self { id: key.aws_access_key_id, secret: key.aws_secret_access_key }
    }
}

impl Place {
    /// Where a source is read. Refuses an integration that is of no use for it.
    pub(in crate::local::engine) fn of(
        source: &Source,
        s3: &SourceS3,
        store: &Store,
        options: &S3,
    ) -> Result<Self, Failure> {
        let name = source.integration_name.as_deref().unwrap_or_default();
        // A public bucket needs no credentials.
        let (credentials, own_endpoint) = match name {
            "" => (S3Integration::default(), None),
            name => {
                let kept = store.secret_integration(name)?;
                let not_s3 = || Failure::invalid(format!("Integration {name:?} is not for S3"));
                (kept.integration.s3.ok_or_else(not_s3)?, kept.s3_endpoint)
            }
        };
        let bucket = s3.bucket.clone();
        if let Some(directory) = &options.directory {
            return Ok(Self { bucket, server: Server::Directory(directory.clone()) });
        }
        if credentials.aws_access_key.is_none() && credentials.aws_role.is_some() {
            return Err(Failure::invalid(format!(
                "Integration {name:?} has an aws_role, which the local Rockset can't assume: give \
                 it an aws_access_key, or start the local Rockset with --s3-directory"
            )));
        }
        let endpoint = own_endpoint.as_ref().or(options.endpoint.as_ref());
        let endpoint = endpoint.map(|url| url.as_str().trim_end_matches('/').to_string());
        let region = s3.region.clone().unwrap_or_else(|| REGION.to_string());
        let key = credentials.aws_access_key.map(Key::from);
        Ok(Self { bucket, server: Server::S3 { region, endpoint, key } })
    }

    /// Gets at the bucket. Fails with what to tell the user.
    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, String> {
        match &self.server {
            Server::Directory(directory) => {
                let directory = directory.join(&self.bucket);
                match LocalFileSystem::new_with_prefix(&directory) {
                    Ok(store) => Ok(Arc::new(store)),
                    Err(_) => Err(format!(
                        "Bucket {:?} does not exist: there is no directory {}",
                        self.bucket,
                        directory.display()
                    )),
                }
            }
            Server::S3 { region, endpoint, key } => {
                // The first to install a provider wins, which may be an application around us.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let mut client = ClientOptions::new()
                    .with_allow_http(true)
                    .with_connect_timeout(PATIENCE)
                    // A large object may take its time, as long as something comes.
                    .with_timeout_disabled();
                let endpoint_url = endpoint.as_ref().and_then(|url| Url::parse(url).ok());
                if endpoint_url.is_some_and(|url| !may_use_proxy(&url)) {
                    // Only a proxy of its own keeps it from one of the environment.
                    client = client.with_proxy_url(NO_PROXY).with_proxy_excludes(EVERYTHING);
                }
                let retry = RetryConfig {
                    backoff: BackoffConfig::default(),
                    max_retries: 3,
                    retry_timeout: RETRIED,
                };
                let mut builder = AmazonS3Builder::new()
                    .with_bucket_name(&self.bucket)
                    .with_region(region)
                    .with_client_options(client)
                    .with_retry(retry);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                builder = match key {
                    None => builder.with_skip_signature(true),
                    Some(key) => {
                        builder.with_access_key_id(&key.id).with_secret_access_key(&key.secret)
                    }
                };
                let store = builder.build().map_err(|error| explain(&error))?;
                Ok(Arc::new(store))
            }
        }
    }
}

/// All objects of a bucket that a pattern means, in any order.
pub(super) async fn list(
    store: &dyn ObjectStore,
    pattern: &Pattern,
) -> Result<Vec<ObjectMeta>, String> {
    // A listing goes by whole segments, a pattern by characters.
    let literal = pattern.literal();
    let directory = literal.rfind('/').and_then(|slash| Path::parse(&literal[..slash]).ok());
    store
        .list(directory.as_ref())
        .try_filter(|object| {
            let is_folder = object.size == 0 && object.location.as_ref().ends_with('/');
            let meant = !is_folder && pattern.matches(object.location.as_ref()).is_some();
            std::future::ready(meant)
        })
        .try_collect()
        .await
        .map_err(|error| explain(&error))
}

/// An error with all its causes.
pub(super) fn explain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
