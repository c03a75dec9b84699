//! The running server.

use super::limits::Writes;
use super::options::Options;
use super::pool::Pool;
use super::router::router;
use super::state::{App, Parts, WeakApp};
use super::store::Store;
use super::tls::{TlsListener, acceptor};
use super::{certificate, store};
use axum::Router;
use axum::serve::{Listener, ListenerExt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::debug;

/// How often it is looked for documents that have outlived their retention.
const PURGED_EVERY: Duration = Duration::from_secs(10);

/// A running local Rockset. It stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: String,
    certificate: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

/// Starts a local Rockset on the address of the options.
///
/// Fails if nothing can listen there, if HTTPS is asked for with a certificate that
/// can't be used, or outside of a Tokio runtime.
pub fn start(options: Options) -> io::Result<Server> {
    let address = options.listen;
    let listener = std::net::TcpListener::bind(address).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "; choose another address or port with --listen",
            _ => ", which is the address of --listen",
        };
        io::Error::new(error.kind(), format!("can't listen on {address}: {error}{hint}"))
    })?;
    serve(listener, options)
}

/// Starts a local Rockset on a listener, whatever the address of the options.
///
/// Fails if HTTPS is asked for with a certificate that can't be used, or outside of a
/// Tokio runtime.
pub fn serve(listener: std::net::TcpListener, options: Options) -> io::Result<Server> {
    let runtime = Handle::try_current().map_err(io::Error::other)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            debug!(%error, "a connection stays slow");
        }
    });
    let mut identity = certificate::identity(&options.tls, address.ip())?;
    let certificate = identity.as_mut().and_then(|identity| identity.made.take());
    let acceptor = identity.map(acceptor).transpose()?;

    let url = url(address, if acceptor.is_some() { "https" } else { "http" });
    let app = App::new(Parts {
        url: url.clone(),
        started_at: store::timestamp(),
        store: Store::new(options.ready_after),
        writes: options.virtual_instance.map(Writes::new),
        pool: Pool::start()?,
        options,
    });
    runtime.spawn(purge(app.weak()));
    let router = router(app);
    let (stop, stopped) = oneshot::channel();
    let task = match acceptor {
        None => runtime.spawn(run(listener, router, stopped)),
        Some(acceptor) => runtime.spawn(run(TlsListener::new(listener, acceptor), router, stopped)),
    };
    Ok(Server { address, url, certificate, stop: Some(stop), task })
}

/// Frees the memory of documents that have outlived their retention, until the server has
/// ended.
async fn purge(app: WeakApp) {
    loop {
        tokio::time::sleep(PURGED_EVERY).await;
        let Some(app) = app.upgrade() else {
            return;
        };
        for collection in app.store.collections() {
            if collection.is_to_be_purged() {
                app.pool.spawn(move || collection.purge());
            }
        }
    }
}

async fn run(
    listener: impl Listener<Addr = SocketAddr>,
    router: Router,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let served = axum::serve(listener, router).with_graceful_shutdown(async {
        // An error says that the server was dropped, which means the same.
        let _ = stopped.await;
    });
    served.await
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of its API, such as `http://127.0.0.1:8089`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The certificate that was made for HTTPS, as PEM, which a client must trust.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Lets it take no more connections, and end when the requests in hand are answered.
    pub fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has ended.
    pub async fn stopped(mut self) -> io::Result<()> {
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

/// The address by which this machine reaches a server.
fn url(address: SocketAddr, scheme: &str) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("{scheme}://{address}")
}
