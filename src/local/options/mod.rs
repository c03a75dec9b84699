//! Settings of the local Rockset.

mod backup;
mod bytes;
mod data;
mod memory;
#[cfg(feature = "engine")]
mod query;
#[cfg(feature = "engine")]
mod s3;

pub use backup::{BackupOptions, RestoreOptions};
pub use data::Data;
pub use memory::MemoryOptions;
#[cfg(feature = "engine")]
pub use query::QueryOptions;
#[cfg(feature = "engine")]
pub use s3::S3;

use super::rate_limit::VirtualInstance;
use crate::rockset::Secret;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// Settings of the local Rockset, each an argument of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address and port to listen on, such as localhost:8089, or :8089 for all addresses of this machine; port 0 means any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089", value_parser = address)]
    pub listen: SocketAddr,

    /// The only API key to accept; by default, any key will do
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<Secret>,

    /// A second API key to accept, which may read but not write
    #[arg(long, value_name = "KEY")]
    pub read_only_api_key: Option<Secret>,

    /// The time until a new collection is READY, and a deleted one gone, such as 500ms, 2s or 1m
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = humantime::parse_duration)]
    pub ready_after: Duration,

    /// Limit write requests per second to those of this size, such as SMALL or XLARGE; by default, there is no limit
    #[arg(long, value_name = "SIZE")]
    pub virtual_instance: Option<VirtualInstance>,

    /// The identifier of the virtual instance main, for clients that name the one that they had; it stays in a store
    #[arg(long, value_name = "UUID", conflicts_with = "read_replica")]
    pub main_instance_id: Option<Uuid>,

    /// Where everything is kept.
    #[command(flatten)]
    pub data: Data,

    /// How much memory there is.
    #[command(flatten)]
    pub memory: MemoryOptions,

    /// HTTPS in place of HTTP.
    #[command(flatten)]
    pub tls: Tls,

    /// Where sources are read.
    #[cfg(feature = "engine")]
    #[command(flatten)]
    pub s3: S3,

    /// How queries are run.
    #[cfg(feature = "engine")]
    #[command(flatten)]
    pub query: QueryOptions,
}

/// What HTTPS is served with. By default, it is not.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Tls {
    /// Serve HTTPS with a generated certificate
    #[arg(long = "tls")]
    pub generate: bool,

    /// Write the generated certificate to this file, for clients to trust it
    #[arg(long = "tls-ca-file", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Serve HTTPS with the certificate in this PEM file, followed by its issuers' certificates
    #[arg(long = "tls-cert", value_name = "FILE")]
    pub cert: Option<PathBuf>,

    /// PEM file with the private key of the certificate
    #[arg(long = "tls-key", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8089).into(),
            api_key: None,
            read_only_api_key: None,
            ready_after: Duration::from_millis(200),
            virtual_instance: None,
            main_instance_id: None,
            data: Data::default(),
            memory: MemoryOptions::default(),
            tls: Tls::default(),
            #[cfg(feature = "engine")]
            s3: S3::default(),
            #[cfg(feature = "engine")]
            query: QueryOptions::default(),
        }
    }
}

/// Parses an address and a port. The address is numeric, a name, or empty for all addresses of this
/// machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = || {
        format!("{text:?} is no address with a port: write 127.0.0.1:8089, localhost:8089 or :8089")
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    match host {
        "" => return Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        // This machine, even where no name can be resolved.
        "localhost" => return Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ if host.contains([':', '/', '[', ']']) => return Err(wrong()),
        _ => {}
    }
    let found = (host, port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.map_err(|error| format!("{host:?}: {error}"))?.collect();
    let usual = found.iter().find(|address| address.is_ipv4()).or(found.first());
    usual.copied().ok_or_else(|| format!("{host:?} has no address"))
}
