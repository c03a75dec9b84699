//! Processes, and what they have used.

use crate::tls::Identity;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The ticks a second of `/proc/PID/stat`, on every Linux.
const TICKS: f64 = 100.0;

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu: Duration,
    /// The part of it that the kernel took.
    pub system: Duration,
    /// The most memory that it ever had, in bytes.
    pub peak_rss: u64,
}

/// What a process has used up to now.
pub fn usage(pid: u32) -> Usage {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name may hold anything, so what counts comes after its parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let time =
        |field: usize| Duration::from_secs_f64(fields[field].parse::<f64>().unwrap() / TICKS);
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    Usage { cpu: time(11) + time(12), system: time(12), peak_rss: kib << 10 }
}

/// What the server has seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stats {
    pub requests: u64,
    pub documents: u64,
    /// Requests below 90 % of their limits.
    pub below_full: u64,
    /// How long the server took over the last requests, in microseconds each.
    pub last_micros: u64,
}

impl Stats {
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            documents: self.documents + other.documents,
            below_full: self.below_full + other.below_full,
            last_micros: other.last_micros,
        }
    }
}

/// Where a server is.
#[derive(Debug, Clone)]
pub struct Address {
    pub url: String,
    /// The certificate to trust, if it speaks HTTPS.
    pub certificate: Option<PathBuf>,
}

impl Address {
    /// The variables that make a client trust it.
    pub fn trust(&self) -> Option<(&'static str, &Path)> {
        self.certificate.as_deref().map(|certificate| ("SSL_CERT_FILE", certificate))
    }
}

/// The discarding server, as a process.
pub struct Server {
    child: Child,
    pub address: Address,
    /// Where it tells what it has seen.
    stats: String,
}

impl Server {
    /// Starts it, with a certificate if it is to speak HTTPS. It writes the first bodies to
    /// the file.
    pub fn start(identity: Option<&Identity>, record: Option<&Path>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("server").stdout(Stdio::piped());
        command.envs(identity.map(|identity| ("IDENTITY", identity.path())));
        command.args(record);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (address, stats) = (line(), line());
        let scheme = if identity.is_some() { "https" } else { "http" };
        let certificate = identity.map(Identity::certificate);
        let address = Address { url: format!("{scheme}://{address}"), certificate };
        Self { child, address, stats }
    }

    /// What it has seen since it was last asked.
    pub fn stats(&self) -> Stats {
        let mut answer = String::new();
        let mut stream = TcpStream::connect(&self.stats).unwrap();
        stream.read_to_string(&mut answer).unwrap();
        let numbers: Vec<u64> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        Stats {
            requests: numbers[0],
            documents: numbers[1],
            below_full: numbers[2],
            last_micros: numbers[3],
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
