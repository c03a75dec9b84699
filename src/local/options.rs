//! How the local Rockset is started.

use super::limits::VirtualInstance;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Settings of the local Rockset, each an argument of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Address and port to listen on, such as localhost:8089, or :8089 for all addresses of this machine; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8089", value_parser = address)]
    pub listen: SocketAddr,

    /// The only API key to accept; without it, any key will do
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<ApiKey>,

    /// A second API key to accept, which may read but not write
    #[arg(long, value_name = "KEY")]
    pub read_only_api_key: Option<ApiKey>,

    /// How long a new collection takes to be READY, and a deleted one to be gone, such as 500ms, 2s or 1m
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = humantime::parse_duration)]
    pub ready_after: Duration,

    /// Enforce the write requests per second of this size, such as SMALL or XLARGE; without it, there is no limit
    #[arg(long, value_name = "SIZE")]
    pub virtual_instance: Option<VirtualInstance>,

    /// HTTPS in place of HTTP.
    #[command(flatten)]
    pub tls: Tls,

    /// Where sources are read.
    #[cfg(feature = "engine")]
    #[command(flatten)]
    pub s3: super::engine::S3,
}

/// What HTTPS is served with. By default, it is not.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Tls {
    /// Serve HTTPS, with a certificate made on the spot
    #[arg(long = "tls")]
    pub generate: bool,

    /// Write the certificate made on the spot to this file, for clients to trust it
    #[arg(long = "tls-ca-file", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,

    /// Serve HTTPS with the certificate in this PEM file, followed by those that vouch for it
    #[arg(long = "tls-cert", value_name = "FILE")]
    pub cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
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
            tls: Tls::default(),
            #[cfg(feature = "engine")]
            s3: super::engine::S3::default(),
        }
    }
}

/// An API key, which shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Whether this is the key.
    pub fn is(&self, key: &str) -> bool {
        self.0 == key
    }
}

impl FromStr for ApiKey {
    type Err = &'static str;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        match key.trim() {
            "" => Err("an API key can't be empty"),
            key => Ok(Self(key.to_string())),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Reads an address and a port: numbers, a name in place of the address, or no address
/// for all that this machine has.
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
        // It means this machine, whatever there is to look names up with.
        "localhost" => return Ok((Ipv4Addr::LOCALHOST, port).into()),
        _ if host.contains([':', '/', '[', ']']) => return Err(wrong()),
        _ => {}
    }
    let found = (host, port).to_socket_addrs();
    let found: Vec<SocketAddr> = found.map_err(|error| format!("{host:?}: {error}"))?.collect();
    let usual = found.iter().find(|address| address.is_ipv4()).or(found.first());
    usual.copied().ok_or_else(|| format!("{host:?} has no address"))
}
