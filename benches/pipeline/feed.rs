//! Feeding a process through a pipe, and looking at what it used.

use crate::process::{Address, Server, Usage, usage};
use crate::workload::{Block, Workload};
use bytes::BytesMut;
use materialize_rockset::flow::materialize::{self, request};
use materialize_rockset::flow::spec::RangeSpec;
use materialize_rockset::flow::{Codec, Request};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// What one program did with the session.
#[derive(Debug, Clone)]
pub struct Run {
    pub wall: Duration,
    pub cpu: Duration,
    pub system: Duration,
    pub peak_rss: u64,
    pub bytes: u64,
    /// How long the pipe was empty, by the connector's own account.
    pub waiting_for_flow: Duration,
    /// How long reading stopped because as many requests as allowed were in flight.
    pub waiting_for_rockset: Duration,
    /// The last record of its log.
    pub log: String,
}

impl Run {
    pub fn and(self, other: Self) -> Self {
        Self {
            wall: self.wall + other.wall,
            cpu: self.cpu + other.cpu,
            system: self.system + other.system,
            bytes: self.bytes + other.bytes,
            peak_rss: self.peak_rss.max(other.peak_rss),
            waiting_for_flow: self.waiting_for_flow + other.waiting_for_flow,
            waiting_for_rockset: self.waiting_for_rockset + other.waiting_for_rockset,
            log: other.log,
        }
    }
}

/// The latencies of transactions of one document.
#[derive(Debug)]
pub struct Trickle {
    pub median: Duration,
    pub p99: Duration,
    /// What the server itself takes.
    pub server: Duration,
}

struct Connector {
    child: Child,
    stdin: ChildStdin,
    stdout: Box<dyn Read>,
}

impl Connector {
    fn start(server: &Address, workload: &Workload) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
            .env_remove("LOG_LEVEL")
            .envs(server.trust())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = Box::new(child.stdout.take().unwrap());
        let mut connector = Self { child, stdin, stdout };
        let range = RangeSpec { key_end: u32::MAX, r_clock_end: u32::MAX, ..RangeSpec::default() };
        connector.ask(Request::Open(Box::new(request::Open {
            materialization: Some(workload.task(&server.url)),
            range: Some(range),
            ..Default::default()
        })));
        connector.begin();
        connector
    }

    fn begin(&mut self) {
        self.ask(Request::Acknowledge(Default::default()));
        self.ask(Request::Flush(Default::default()));
    }

    fn ask(&mut self, request: Request) {
        self.stdin.write_all(&frame(request)).unwrap();
        self.answer();
    }

    fn answer(&mut self) {
        let mut length = [0; 4];
        self.stdout.read_exact(&mut length).expect("the connector failed; see its log");
        let mut message = vec![0; u32::from_le_bytes(length) as usize];
        self.stdout.read_exact(&mut message).unwrap();
    }

    fn end(mut self) -> String {
        drop(self.stdin);
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log.lines().last().unwrap_or_default().to_string()
    }
}

fn frame(request: Request) -> Vec<u8> {
    let mut frame = BytesMut::new();
    let request = materialize::Request::from(request);
    Codec::Proto.encode("Request", &request, &mut frame).unwrap();
    frame.to_vec()
}

/// Writes all documents.
fn feed(stdin: &mut ChildStdin, workload: &Workload, block: &mut Block) {
    for repetition in 0..workload.repetitions() {
        workload.turn(block, repetition);
        stdin.write_all(&block.frames).unwrap();
    }
}

/// The connector, for one transaction of all documents.
pub fn connector(server: &Address, workload: &Workload, block: &mut Block) -> Run {
    let mut connector = Connector::start(server, workload);
    let before = usage(connector.child.id());
    let begun = Instant::now();
    feed(&mut connector.stdin, workload, block);
    connector.ask(Request::StartCommit(Default::default()));
    let wall = begun.elapsed();
    let after = usage(connector.child.id());
    let log = connector.end();
    run(wall, before, after, block, workload, log)
}

/// The floor, for the same bytes.
pub fn floor(
    server: &Address,
    block: &mut Block,
    workload: &Workload,
    bodies: &Path,
    requests: u64,
) -> Run {
    let input = (block.frames.len() * workload.repetitions()).to_string();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("floor")
        .arg(&server.url)
        .arg(bodies)
        .args([requests.to_string(), input])
        .envs(server.trust())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    stdout.read_line(&mut said).unwrap();
    let before = usage(child.id());
    let begun = Instant::now();
    feed(&mut stdin, workload, block);
    stdout.read_line(&mut said).unwrap();
    assert_eq!(said, "ready\ndone\n");
    let wall = begun.elapsed();
    let after = usage(child.id());
    drop(stdin);
    assert!(child.wait().unwrap().success());
    run(wall, before, after, block, workload, String::new())
}

fn run(
    wall: Duration,
    before: Usage,
    after: Usage,
    block: &Block,
    workload: &Workload,
    log: String,
) -> Run {
    let bytes = (block.frames.len() * workload.repetitions()) as u64;
    let (cpu, system) = (after.cpu - before.cpu, after.system - before.system);
    let record: serde_json::Value = serde_json::from_str(&log).unwrap_or_default();
    let waiting = |whom: &str| Duration::from_secs_f64(record[whom].as_f64().unwrap_or_default());
    Run {
        wall,
        cpu,
        system,
        peak_rss: after.peak_rss,
        bytes,
        waiting_for_flow: waiting("waiting_for_flow"),
        waiting_for_rockset: waiting("waiting_for_rockset"),
        log,
    }
}

/// Transactions of one document each.
pub fn trickle(server: &Server, transactions: usize) -> Trickle {
    let workloads = crate::workload::all();
    let workload = &workloads[0];
    let block = workload.block().frames;
    let length = 4 + u32::from_le_bytes(block[..4].try_into().unwrap()) as usize;
    let mut connector = Connector::start(&server.address, workload);
    let mut took = Vec::new();
    let mut by_server = Duration::ZERO;
    for _ in 0..transactions {
        let begun = Instant::now();
        connector.stdin.write_all(&block[..length]).unwrap();
        connector.ask(Request::StartCommit(Default::default()));
        took.push(begun.elapsed());
        by_server += Duration::from_micros(server.stats().last_micros);
        connector.begin();
    }
    connector.end();
    took.sort();
    Trickle {
        median: took[transactions / 2],
        p99: took[transactions * 99 / 100],
        server: by_server / transactions as u32,
    }
}
