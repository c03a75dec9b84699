//! The connector as Flow's runtime sees it: a process with a stdin and a stdout.

use materialize_rockset::flow::codec::{FrameReader, FrameWriter};
use materialize_rockset::flow::{Codec, Error, Request, Response, materialize};
use std::io::ErrorKind;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

/// The binary.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_materialize-rockset");

/// A running connector.
pub struct Connector {
    child: Child,
    requests: FrameWriter<ChildStdin>,
    responses: FrameReader<ChildStdout>,
    stderr: JoinHandle<String>,
}

/// A connector that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote to stdout and nobody has read.
    pub stdout: Vec<u8>,
    /// All its logs.
    pub stderr: String,
}

impl Connector {
    /// Starts the binary without arguments.
    pub fn start(codec: Codec) -> Self {
        Self::start_command(codec, &mut command(codec))
    }

    /// Starts the binary with everything that it waits for a hundred times as fast.
    pub fn start_hurried(codec: Codec) -> Self {
        Self::start_command(codec, command(codec).env("ROCKSET_WAIT_SCALE", "0.01"))
    }

    /// Starts the binary hurried, with these variables in its environment.
    pub fn start_hurried_with(codec: Codec, variables: &[(&str, &str)]) -> Self {
        let mut command = command(codec);
        command.env("ROCKSET_WAIT_SCALE", "0.01").envs(variables.iter().copied());
        Self::start_command(codec, &mut command)
    }

    /// Starts the binary with these variables in its environment.
    pub fn start_with(codec: Codec, variables: &[(&str, &str)]) -> Self {
        Self::start_command(codec, command(codec).envs(variables.iter().copied()))
    }

    fn start_command(codec: Codec, command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        Self {
            requests: FrameWriter::new(child.stdin.take().unwrap(), codec),
            responses: FrameReader::new(child.stdout.take().unwrap(), codec),
            stderr: tokio::spawn(async move {
                let mut text = String::new();
                stderr.read_to_string(&mut text).await.unwrap();
                text
            }),
            child,
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Writes a request. A connector that has given up doesn't read it.
    pub async fn send(&mut self, request: Request) {
        let request = materialize::Request::from(request);
        match self.requests.write("Request", &request).await {
            Err(Error::Io(_, error)) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.unwrap(),
        }
    }

    /// Reads a response; `None` once stdout is closed.
    pub async fn receive(&mut self) -> Option<Response> {
        let frame = self.responses.next().await.unwrap()?;
        let codec = self.responses.codec();
        let response: materialize::Response = codec.decode("Response", frame).unwrap();
        Some(response.try_into().unwrap())
    }

    /// Writes a request and reads its response.
    pub async fn ask(&mut self, request: impl Into<Request>) -> Response {
        self.send(request.into()).await;
        match self.receive().await {
            Some(response) => response,
            None => panic!("the connector ended: {}", (&mut self.stderr).await.unwrap()),
        }
    }

    /// Closes stdin and waits for the end.
    pub async fn end(self) -> Ended {
        let Self { mut child, requests, mut responses, stderr } = self;
        drop(requests);
        let mut stdout = Vec::new();
        while let Some(frame) = responses.next().await.unwrap() {
            stdout.extend_from_slice(&frame);
        }
        let code = child.wait().await.unwrap().code();
        Ended { code, stdout, stderr: stderr.await.unwrap() }
    }
}

/// Runs the connector on these very bytes.
pub async fn run_on(codec: Codec, input: &[u8]) -> Ended {
    let mut child = command(codec).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A connector that gives up early doesn't read all of it.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    Ended {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ended {
    /// The message of the error record that it ended with.
    pub fn error(&self) -> String {
        let last = self.stderr.lines().last().unwrap_or_default();
        let record: serde_json::Value = serde_json::from_str(last)
            .unwrap_or_else(|_| panic!("the last log line is no record: {:?}", self.stderr));
        assert_eq!(record["level"], "error", "{record}");
        assert!(record["ts"].is_string(), "{record}");
        record["message"].as_str().unwrap().to_string()
    }

    /// All records of the log, but for what [`Self::statuses`] gives.
    pub fn records(&self) -> Vec<serde_json::Value> {
        self.parsed().filter(|record| record.get("eventType").is_none()).collect()
    }

    /// The texts for the platform to show.
    pub fn statuses(&self) -> Vec<String> {
        let shown = self.parsed().filter(|record| record["eventType"] == "connectorStatus");
        shown.map(|record| record["message"].as_str().unwrap().to_string()).collect()
    }

    /// How many requests were answered 429.
    pub fn throttled(&self) -> usize {
        let is_throttled = |record: &serde_json::Value| {
            record["reason"].as_str().is_some_and(|reason| reason.starts_with("429 "))
        };
        self.records().iter().filter(|record| is_throttled(record)).count()
    }

    fn parsed(&self) -> impl Iterator<Item = serde_json::Value> {
        self.stderr.lines().map(|line| serde_json::from_str(line).unwrap())
    }
}

fn command(codec: Codec) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env("FLOW_RUNTIME_CODEC", codec.to_string())
        .env_remove("LOG_LEVEL")
        .env_remove("LOG_FORMAT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
