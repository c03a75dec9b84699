//! The driver: what the connector does with each request.
//!
//! A file or folder for each request: [`spec`], [`validate`], [`apply`], [`open`], and [`mod@write`]
//! for the stream that follows an Open. They share the `task` as configured, and as it was
//! `last`; `names`, what a field is called in Rockset; `survey`, what workspaces hold;
//! `differences`, how a collection is not as configured; `state`, what the runtime keeps for
//! the connector; `progress` and `poll_settings`, for what takes long.

pub mod apply;
mod differences;
mod error;
mod last;
mod names;
pub mod open;
mod poll_settings;
mod progress;
pub mod spec;
mod state;
mod survey;
mod task;
pub mod validate;
pub mod write;

pub use error::Error;
pub use poll_settings::PollSettings;

use crate::flow::{Codec, Request, Response, Session};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::info;

/// How a session is served, as far as a task's configuration doesn't say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How large requests get.
    pub limits: write::batch::Limits,
    /// How often collections are looked at, and progress is reported.
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
/// On an error the session is over: the input is read no further, and nothing more
/// has been answered.
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
                // With very many bindings, it is large.
                drop(request);
                return write::serve(session, ready).await;
            }
            other => return Err(Error::Unexpected(other.name())),
        };
        session.respond(response).await?;
    }
    Ok(())
}

/// Waits until nobody is there for an answer any more. What comes soon is still given,
/// to a pipe that holds nothing but requests.
async fn abandoned<R, W>(session: &mut Session<R, W>, grace: Duration)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    session.end().await;
    tokio::time::sleep(grace).await;
}
