//! The command line.

use super::parameter::Parameter;
use super::print::Format;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// The local Rockset, where it listens unless it is told otherwise.
pub(super) const SERVER: &str = "http://127.0.0.1:8089";
/// The variable of the environment with the key.
const KEY_VARIABLE: &str = "ROCKSET_API_KEY";
/// A local Rockset takes any key, but wants one.
const ANY_KEY: &str = "local";

const MORE: &str = "\
Queries come from the argument, from --file, from a pipe, or from a prompt where there is none of
these. Each ends with a semicolon, which the last one may do without. The first that fails ends the
command with exit code 1. Ctrl-C cancels the query that runs.";

/// Asks a Rockset in SQL, the local one unless `--server` names another.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
#[command(after_help = MORE)]
pub struct Options {
    /// Query to run
    #[arg(value_name = "QUERY", conflicts_with = "file")]
    pub query: Option<String>,

    /// File with queries to run
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Address of the server
    #[arg(long, value_name = "URL", default_value = SERVER, value_parser = server)]
    pub server: Url,

    /// API key; without it the variable ROCKSET_API_KEY counts, and without that a key is sent
    /// that a local Rockset takes
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<ApiKey>,

    /// How rows are printed; without it a table on a terminal, and JSON lines elsewhere
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Value of the parameter :name of the queries, as in mag=6.5, or name:type=value as in
    /// day:date=2024-05-01; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<Parameter>,
}

impl Options {
    /// The key that is sent.
    pub(super) fn key(&self) -> String {
        let given = self.api_key.as_ref().map(|key| key.0.clone());
        let from_environment = || std::env::var(KEY_VARIABLE).ok();
        let key = given.or_else(from_environment).unwrap_or_default();
        match key.trim() {
            "" => ANY_KEY.to_string(),
            key => key.to_string(),
        }
    }
}

/// An API key, which shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

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

/// Reads an address. Without a scheme, it is that of HTTPS, as Rockset's regions are written.
fn server(text: &str) -> Result<Url, String> {
    let text = match text.contains("://") {
        true => text.to_string(),
        false => format!("https://{text}"),
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(format!("write {SERVER}, for example")),
        Err(reason) => Err(format!("{reason}; write {SERVER}, for example")),
    }
}
