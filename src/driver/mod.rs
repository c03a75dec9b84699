//! The driver: answers each request.
//!
//! Each request has a file or folder: `spec`, `validate`, `apply`, `open`, and `write` for the
//! stream of documents after an Open. They share:
//!
//! - `task`, the configured task, and `last`, the task of the last publication;
//! - `names`, the names of fields in Rockset;
//! - `survey`, which reads what workspaces hold, and `differences` between a collection and its
//!   configuration; `occupant`, what else has the name of a collection;
//! - `state`, which the runtime keeps for the connector;
//! - `progress` and `poll_settings`, for waiting.

mod apply;
mod differences;
mod error;
mod last;
mod names;
mod occupant;
mod open;
mod poll_settings;
mod progress;
mod spec;
mod state;
mod survey;
mod task;
mod validate;
mod write;

use error::Doing;
pub use error::Error;
pub use poll_settings::PollSettings;
pub use write::batch::Limits;

use crate::flow::{Codec, Request, Response, Session};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::info;

/// Parts of the path of a document, which benchmarks measure one by one.
#[doc(hidden)]
pub mod bench {
    pub use super::write::batch::{Batch, Operation, Pool};
    pub use super::write::layout::Layout;
}

/// Options of a session that don't belong to a task's configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The sizes of requests and of their memory.
    pub limits: Limits,
    /// How often collections are polled, and progress is reported.
    pub poll: PollSettings,
}

impl Options {
    /// The usual options. The variable `ROCKSET_WAIT_SCALE` shortens all waiting for
    /// collections: with `0.01`, it takes a hundredth of the time.
    pub fn from_environment() -> Self {
        let scale = std::env::var("ROCKSET_WAIT_SCALE").ok();
        let scale = scale.and_then(|text| text.parse().ok());
        let scale = scale.filter(|scale| *scale > 0.0 && *scale <= 1.0);
        let poll = scale.map_or_else(PollSettings::default, PollSettings::scaled);
        Self { poll, ..Self::default() }
    }
}

/// Serves one session until its input ends, as the connector does.
///
/// An error ends the session: the input is read no further, and the request has no answer.
pub async fn run<R, W>(input: R, output: W, codec: Codec) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    run_with(input, output, codec, Options::default()).await
}

/// Serves one session until its input ends. See [`run`].
pub async fn run_with<R, W>(
    input: R,
    output: W,
    codec: Codec,
    options: Options,
) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut session = Session::new(input, output, codec);
    while let Some(request) = session.next().await? {
        let response = match request {
            Request::Spec(_) => Response::Spec(spec::spec()),
            Request::Validate(request) => Response::Validated(validate::validate(&request).await?),
            Request::Apply(request) => {
                Response::Applied(apply::apply(&request, options.poll).await?)
            }
            Request::Open(request) => {
                let ready = tokio::select! {
                    biased;
                    ready = open::open(&request, options) => ready?,
                    () = abandoned(&mut session, options.poll.grace) => {
                        info!("the input ended while Open waited");
                        return Ok(());
                    }
                };
                // With many bindings, the request takes much memory.
                drop(request);
                return write::serve(session, ready).await;
            }
            other => return Err(Error::Unexpected(other.name())),
        };
        session.respond(response).await?;
    }
    Ok(())
}

/// Waits until nobody waits for an answer any more: until the input has ended, and some time to
/// answer it has passed, because the input may be a file with requests.
async fn abandoned<R, W>(session: &mut Session<R, W>, grace: Duration)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    session.end().await;
    tokio::time::sleep(grace).await;
}
