//! Where a store is: a directory, or a prefix in a bucket of S3.

use crate::rockset::client::{install_crypto_provider, may_use_proxy};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Prefix;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore};
use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// Variables of the environment that give the address of an S3 server.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];

/// A proxy that doesn't exist, and all hosts, by name and by address, as exceptions from it.
const NO_PROXY: &str = "http://127.0.0.1:1";
const EVERYTHING: &str = "*,0.0.0.0/0,::/0";

/// Opens the objects at a location: the path of a directory, which is made if it doesn't exist, or
/// `s3://BUCKET/PREFIX`.
pub fn open(location: &str) -> io::Result<Arc<dyn ObjectStore>> {
    match bucket(location)? {
        None => fs::create_dir_all(location)?,
        Some((bucket, prefix)) => return s3(bucket, prefix),
    }
    directory(Path::new(location))
}

/// Opens the objects at a location, as [`open`] does, but makes no directory.
pub fn existing(location: &str) -> io::Result<Arc<dyn ObjectStore>> {
    match bucket(location)? {
        None => directory(Path::new(location)),
        Some((bucket, prefix)) => s3(bucket, prefix),
    }
}

/// Whether one of two locations is the other one, or within it.
pub fn overlap(a: &str, b: &str) -> bool {
    let whole = |location: &str| match location.starts_with("s3://") {
        true => PathBuf::from(location),
        false => path::absolute(location).unwrap_or_else(|_| location.into()),
    };
    let (a, b) = (whole(a), whole(b));
    a.starts_with(&b) || b.starts_with(&a)
}

/// The bucket and the prefix of a location in S3; `None` for a directory.
fn bucket(location: &str) -> io::Result<Option<(&str, &str)>> {
    match location.strip_prefix("s3://") {
        None if location.contains("://") => {
            Err(io::Error::other("it is neither a directory nor s3://BUCKET/PREFIX"))
        }
        None => Ok(None),
        Some(place) => Ok(Some(place.split_once('/').unwrap_or((place, "")))),
    }
}

fn directory(path: &Path) -> io::Result<Arc<dyn ObjectStore>> {
    let path = path.canonicalize()?;
    // A new directory is durable once the one above it is.
    if let Some(above) = path.parent() {
        File::open(above)?.sync_all()?;
    }
    let store = LocalFileSystem::new_with_prefix(path).map_err(io::Error::other)?;
    Ok(Arc::new(store.with_fsync(true)))
}

fn s3(bucket: &str, prefix: &str) -> io::Result<Arc<dyn ObjectStore>> {
    install_crypto_provider();
    let prefix = Prefix::parse(prefix.trim_end_matches('/')).map_err(io::Error::other)?;
    let mut client = ClientOptions::new();
    let endpoint = ENDPOINTS.iter().find_map(|name| env::var(name).ok());
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    if let Some(endpoint) = endpoint {
        client = client.with_allow_http(true);
        if Url::parse(&endpoint).is_ok_and(|url| !may_use_proxy(&url)) {
            // Only a proxy of the client's own overrides one of the environment.
            client = client.with_proxy_url(NO_PROXY).with_proxy_excludes(EVERYTHING);
        }
        builder = builder.with_endpoint(endpoint);
    }
    let store = builder.with_client_options(client).build().map_err(io::Error::other)?;
    Ok(match prefix.as_ref() {
        "" => Arc::new(store),
        _ => Arc::new(PrefixStore::new(store, prefix)),
    })
}
