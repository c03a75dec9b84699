//! The driver: what the connector does with each request.

use crate::flow::Codec;
use tokio::io::{AsyncRead, AsyncWrite};

/// Serves one session until its input ends.
pub async fn run<R, W>(_input: R, _output: W, _codec: Codec) -> Result<(), crate::flow::Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    Ok(())
}
