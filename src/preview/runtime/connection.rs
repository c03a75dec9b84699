//! A connector that runs, in this process or in its own, and the messages to and
//! from it.

use crate::driver;
use crate::flow::codec::{FrameReader, FrameWriter};
use crate::flow::{self, Codec, Request, Response, materialize};
use crate::preview::Error;
use crate::preview::catalog::Program;
use crate::preview::error::Boxed;
use crate::preview::output::report;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PIPE: usize = 1 << 20;
const WRITE_AHEAD: usize = 256 << 10;
/// The longest that a connector takes to end after its input.
const GRACE: Duration = Duration::from_secs(60);

/// Which connector to run.
#[derive(Debug, Clone)]
pub enum Connector {
    /// The one of this program, within this process.
    Own(Codec),
    /// A program, over pipes.
    Program(Program, Codec),
}

/// A connector that runs.
pub struct Connection {
    codec: Codec,
    /// Dropped to end the connector's input.
    writer: Option<FrameWriter<Box<dyn AsyncWrite + Send + Unpin>>>,
    responses: mpsc::UnboundedReceiver<Result<Response, flow::Error>>,
    running: Option<Running>,
}

enum Running {
    Task(JoinHandle<Result<(), Boxed>>),
    Process { child: Box<Child>, command: String },
}

impl Connection {
    /// Starts a connector.
    pub fn start(connector: &Connector) -> Result<Self, Error> {
        match connector {
            Connector::Own(codec) => {
                let (requests_in, requests_out) = tokio::io::duplex(PIPE);
                let (responses_in, responses_out) = tokio::io::duplex(PIPE);
                let (codec, options) = (*codec, driver::Options::from_environment());
                let run = async move {
                    driver::run_with(requests_in, responses_out, codec, options)
                        .await
                        .map_err(Into::into)
                };
                let running = Running::Task(tokio::spawn(run));
                Ok(Self::new(requests_out, responses_in, codec, running))
            }
            Connector::Program(program, codec) => Self::start_program(program, *codec),
        }
    }

    fn start_program(program: &Program, codec: Codec) -> Result<Self, Error> {
        let command = program.words.join(" ");
        let failed = |what: String| Error::Process { command: command.clone(), what };
        let Some((name, arguments)) = program.words.split_first() else {
            return Err(failed("names no program".to_string()));
        };
        let mut child = Command::new(name)
            .args(arguments)
            .env("FLOW_RUNTIME_CODEC", codec.to_string())
            .envs(&program.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(format!("could not be started: {e}")))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("has no pipes".to_string()));
        };
        Ok(Self::new(stdin, stdout, codec, Running::Process { child: Box::new(child), command }))
    }

    fn new<W, R>(requests: W, responses: R, codec: Codec, running: Running) -> Self
    where
        W: AsyncWrite + Send + Unpin + 'static,
        R: AsyncRead + Send + Unpin + 'static,
    {
        // Responses are read while requests are written, so that neither side ever
        // waits for the other one to read.
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut reader = FrameReader::new(responses, codec);
            loop {
                let response = match reader.next().await {
                    Ok(Some(frame)) => codec
                        .decode::<materialize::Response>("Response", frame)
                        .and_then(Response::try_from),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let is_error = response.is_err();
                if sender.send(response).is_err() || is_error {
                    return;
                }
            }
        });
        let writer: Box<dyn AsyncWrite + Send + Unpin> = Box::new(requests);
        Self {
            codec,
            writer: Some(FrameWriter::new(writer, codec)),
            responses: receiver,
            running: Some(running),
        }
    }

    /// The codec of messages.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Writes a request, possibly to a buffer.
    pub async fn send(&mut self, request: Request) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let waiting = writer.push("Request", &materialize::Request::from(request))?;
        if waiting >= WRITE_AHEAD { self.flush("a response").await } else { Ok(()) }
    }

    /// Writes all buffered requests.
    pub async fn flush(&mut self, expected: &'static str) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        match writer.flush().await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.ended(expected).await),
        }
    }

    /// Writes all buffered requests, and reads the response that is due.
    pub async fn receive(&mut self, expected: &'static str) -> Result<Response, Error> {
        self.flush(expected).await?;
        match self.responses.recv().await {
            Some(response) => Ok(response?),
            None => Err(self.ended(expected).await),
        }
    }

    /// Ends the connector's input and waits for it to end, too.
    pub async fn close(mut self) -> Result<(), Error> {
        self.flush("the end of its input").await?;
        self.writer = None;
        match timeout(GRACE, self.responses.recv()).await {
            Ok(None) => {}
            Ok(Some(response)) => {
                let got = response?.name().to_string();
                return Err(Error::Unexpected { expected: "the end of its output", got });
            }
            Err(_) => return Err(self.lingers()),
        }
        let Some(running) = &mut self.running else { return Ok(()) };
        match timeout(GRACE, running.outcome()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.lingers()),
        }
    }

    fn lingers(&self) -> Error {
        let reason = format!("it did not end within {} of its input's end", report::seconds(GRACE));
        Error::Response { response: "end", reason }
    }

    /// The reason why the connector accepts no more requests. A broken pipe is only the
    /// consequence: if the connector failed or wrote no valid response, that is the error.
    async fn ended(&mut self, expected: &'static str) -> Error {
        self.writer = None;
        if let Some(mut running) = self.running.take()
            && let Ok(Err(cause)) = timeout(GRACE, running.outcome()).await
        {
            return cause;
        }
        while let Ok(Some(response)) = timeout(GRACE, self.responses.recv()).await {
            if let Err(error) = response {
                return error.into();
            }
        }
        Error::Ended { expected }
    }
}

impl Running {
    async fn outcome(&mut self) -> Result<(), Error> {
        match self {
            Self::Task(task) => match task.await {
                Ok(outcome) => outcome.map_err(Error::Connector),
                Err(error) => Err(Error::Connector(error.into())),
            },
            Self::Process { child, command } => {
                let failed = |what| Error::Process { command: command.clone(), what };
                match child.wait().await {
                    Ok(status) if status.success() => Ok(()),
                    Ok(status) => Err(failed(format!("ended with {status}"))),
                    Err(error) => Err(failed(format!("cannot be waited for: {error}"))),
                }
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A process is killed when its handle is dropped, but a task is not.
        if let Some(Running::Task(task)) = &self.running {
            task.abort();
        }
    }
}
