//! Location of a source's objects: an S3 server, or a directory in its place.

use super::pattern::Pattern;
use crate::local::catalog::Catalog;
use crate::local::error::{ApiError, with_causes};
use crate::local::options::S3;
use crate::rockset::client::{install_crypto_provider, may_use_proxy};
use crate::rockset::types::{AwsAccessKey, S3Integration, Source, SourceS3};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectMeta, ObjectStore, RetryConfig};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The region of a source that names none.
const REGION: &str = "us-east-1";

/// Time limit for connecting, and for the first byte of an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time for which a failing request is repeated before the source shows the error.
const RETRIED: Duration = Duration::from_secs(10);

/// A proxy that doesn't exist, and all hosts, by name and by address, as exceptions from it.
const NO_PROXY: &str = "http://127.0.0.1:1";
const EVERYTHING: &str = "*,0.0.0.0/0,::/0";

/// A bucket and its location.
#[derive(Clone, PartialEq)]
pub(super) struct BucketLocation {
    bucket: String,
    server: Backend,
}

// No `Debug`, because it holds a secret.
#[derive(Clone, PartialEq)]
enum Backend {
    Directory(PathBuf),
    S3 { region: String, endpoint: Option<String>, key: Option<AccessKey> },
}

#[derive(Clone, PartialEq)]
struct AccessKey {
    id: String,
    secret: String,
}

impl From<AwsAccessKey> for AccessKey {
    fn from(key: AwsAccessKey) -> Self {
        Self { id: key.aws_access_key_id, secret: key.aws_secret_access_key }
    }
}

impl BucketLocation {
    /// The location of a source. Refuses an integration that is of no use for it.
    pub(super) fn of(
        source: &Source,
        s3: &SourceS3,
        store: &Catalog,
        options: &S3,
    ) -> Result<Self, ApiError> {
        let name = source.integration_name.as_deref().unwrap_or_default();
        Self::with_integration(name, &s3.bucket, s3.region.as_deref(), store, options)
    }

    /// The location of a bucket. The name of the integration may be empty.
    fn with_integration(
        name: &str,
        bucket: &str,
        region: Option<&str>,
        store: &Catalog,
        options: &S3,
    ) -> Result<Self, ApiError> {
        // A public bucket needs no credentials.
        let (credentials, own_endpoint) = match name {
            "" => (S3Integration::default(), None),
            name => {
                let kept = store.secret_integration(name)?;
                let not_s3 = || ApiError::invalid(format!("Integration {name:?} is not for S3"));
                (kept.integration.s3.ok_or_else(not_s3)?, kept.s3_endpoint)
            }
        };
        let bucket = bucket.to_string();
        if let Some(directory) = &options.directory {
            return Ok(Self { bucket, server: Backend::Directory(directory.clone()) });
        }
        if credentials.aws_access_key.is_none() && credentials.aws_role.is_some() {
            return Err(ApiError::invalid(format!(
                "Integration {name:?} has an aws_role, which the local Rockset can't assume: give \
                 it an aws_access_key, or start the local Rockset with --s3-directory"
            )));
        }
        let endpoint = own_endpoint.as_ref().or(options.endpoint.as_ref());
        let endpoint = endpoint.map(|url| url.as_str().trim_end_matches('/').to_string());
        let region = region.unwrap_or(REGION).to_string();
        let key = credentials.aws_access_key.map(AccessKey::from);
        Ok(Self { bucket, server: Backend::S3 { region, endpoint, key } })
    }

    /// Opens the bucket. An error is the message for the user.
    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, String> {
        match &self.server {
            Backend::Directory(directory) => {
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
            Backend::S3 { region, endpoint, key } => {
                install_crypto_provider();
                let mut client = ClientOptions::new()
                    .with_allow_http(true)
                    .with_connect_timeout(PATIENCE)
                    // A large object may take long, as long as bytes arrive.
                    .with_timeout_disabled();
                let endpoint_url = endpoint.as_ref().and_then(|url| Url::parse(url).ok());
                if endpoint_url.is_some_and(|url| !may_use_proxy(&url)) {
                    // Only a proxy of the client's own overrides one of the environment.
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
                let store = builder.build().map_err(|error| with_causes(&error))?;
                Ok(Arc::new(store))
            }
        }
    }
}

/// Opens a bucket by the credentials of an integration.
pub fn open_bucket(
    bucket: &str,
    integration: &str,
    catalog: &Catalog,
    options: &S3,
) -> Result<Arc<dyn ObjectStore>, ApiError> {
    let location = BucketLocation::with_integration(integration, bucket, None, catalog, options)?;
    location.open().map_err(ApiError::invalid)
}

/// All objects of a bucket that match a pattern, in any order.
pub(super) async fn list(
    store: &dyn ObjectStore,
    pattern: &Pattern,
) -> Result<Vec<ObjectMeta>, String> {
    // A listing matches whole segments, a pattern characters.
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
        .map_err(|error| with_causes(&error))
}
