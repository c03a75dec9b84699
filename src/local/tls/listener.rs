//! A listener with TLS.

use super::certificate::Identity;
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::ring;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

/// Time limit of a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Acceptor that does the server's part of each handshake.
pub fn acceptor(identity: Identity) -> io::Result<TlsAcceptor> {
    let Identity { chain, key, name, made: _ } = identity;
    let wrong = |error: rustls::Error| {
        let message = format!("HTTPS can't be served with {name} and its key: {error}");
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(wrong)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Listener that returns connections after their handshake.
///
/// Each handshake is a task of its own, so that a client that stalls in its handshake delays nobody
/// else.
pub struct TlsListener<L: Listener> {
    listener: L,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<L::Io>, SocketAddr)>>,
}

impl<L: Listener> TlsListener<L> {
    pub fn new(listener: L, acceptor: TlsAcceptor) -> Self {
        Self { listener, acceptor, handshakes: JoinSet::new() }
    }
}

impl<L: Listener<Addr = SocketAddr>> Listener for TlsListener<L> {
    type Io = TlsStream<L::Io>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                (connection, client) = self.listener.accept() => {
                    self.handshakes.spawn(handshake(self.acceptor.clone(), connection, client));
                }
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(encrypted)) = done {
                        return encrypted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn handshake<Io>(
    acceptor: TlsAcceptor,
    connection: Io,
    client: SocketAddr,
) -> Option<(TlsStream<Io>, SocketAddr)>
where
    Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    match tokio::time::timeout(PATIENCE, acceptor.accept(connection)).await {
        Ok(Ok(encrypted)) => return Some((encrypted, client)),
        Ok(Err(error)) => debug!(%client, %error, "a handshake failed"),
        Err(_) => debug!(%client, "a handshake took too long"),
    }
    None
}
