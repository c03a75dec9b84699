//! The running server.

use super::api::router;
use super::catalog;
#[cfg(feature = "engine")]
use super::execution;
use super::ingest::sources;
use super::journal::Journal;
use super::opening;
use super::options::Options;
use super::pool::Pool;
#[cfg(feature = "engine")]
use super::queries::Queries;
#[cfg(feature = "engine")]
use super::query::Engine;
use super::rate_limit::WriteLimit;
#[cfg(feature = "engine")]
use super::replica;
use super::state::{AppState, Inner, WeakState};
use super::storage::Memory;
use super::tls::certificate;
use super::tls::listener::{TlsListener, acceptor};
use axum::Router;
use axum::serve::{Listener, ListenerExt};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
#[cfg(feature = "engine")]
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing::debug;

/// Interval between purges of documents that are older than their retention period, and between
/// looks for chunks that are to be merged.
const PURGED_EVERY: Duration = Duration::from_secs(10);

/// A running local Rockset. Dropping it stops the server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: String,
    certificate: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    journal: Option<Journal>,
    /// The reason why a replica can't follow the store, once there is one.
    lost: Option<watch::Receiver<String>>,
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
    check_open(address, &options)?;
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            debug!(%error, "a connection stays slow");
        }
    });
    let mut identity = certificate::identity(&options.tls, address.ip())?;
    let certificate = identity.as_mut().and_then(|identity| identity.made.take());
    let acceptor = identity.map(acceptor).transpose()?;

    let url = url(address, if acceptor.is_some() { "https" } else { "http" });
    let advertised = options.data.advertised.as_ref().map_or(url.as_str(), |it| it.as_str());
    #[cfg(feature = "engine")]
    options.memory.make_scratch()?;
    let memory = Memory::new(options.memory.bytes());
    let opened = opening::open(&options, advertised, &memory)?;
    let app = AppState::new(Inner {
        url: url.clone(),
        started_at: catalog::timestamp(),
        catalog: opened.catalog,
        writes: options.virtual_instance.map(WriteLimit::new),
        pool: Pool::start()?,
        #[cfg(feature = "engine")]
        engine: Arc::new(Engine::start(
            &memory,
            options.query.bytes(memory.limit()),
            options.memory.scratch.clone(),
        )?),
        #[cfg(feature = "engine")]
        queries: Queries::default(),
        memory,
        options,
    });
    // What a replica would read, the other process reads.
    let collections = app.catalog.collections().into_iter().filter(|_| !app.catalog.is_replica());
    for collection in collections {
        for source in collection.sources() {
            sources::start(&app, &collection, &source);
        }
    }
    // A replica executes nothing of what the writer executes.
    #[cfg(feature = "engine")]
    if opened.follower.is_none() {
        runtime.spawn(execution::keep_time(app.weak()));
    }
    #[cfg(feature = "engine")]
    let lost = opened.follower.map(|follower| replica::run(&app, follower)).transpose()?;
    #[cfg(not(feature = "engine"))]
    let lost = None;
    runtime.spawn(purge(app.weak()));
    let router = router(app);
    let (stop, stopped) = oneshot::channel();
    let task = match acceptor {
        None => runtime.spawn(run(listener, router, stopped)),
        Some(acceptor) => runtime.spawn(run(TlsListener::new(listener, acceptor), router, stopped)),
    };
    let journal = opened.journal;
    Ok(Server { address, url, certificate, stop: Some(stop), journal, lost, task })
}

/// Fails if other machines could reach a server that takes any key.
fn check_open(address: SocketAddr, options: &Options) -> io::Result<()> {
    if options.api_key.is_some() || address.ip().is_loopback() {
        return Ok(());
    }
    let message = format!(
        "other machines can reach {address}, and without --api-key any key will do: set --api-key, \
         or listen on 127.0.0.1"
    );
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Purges documents that are older than their retention period, and merges chunks, until the server
/// has ended.
async fn purge(app: WeakState) {
    loop {
        tokio::time::sleep(PURGED_EVERY).await;
        let Some(app) = app.upgrade() else {
            return;
        };
        #[cfg(feature = "engine")]
        app.queries.tidy();
        for collection in app.catalog.collections() {
            if collection.is_to_be_purged() {
                let collection = collection.clone();
                app.pool.spawn(move || collection.purge());
            }
            #[cfg(feature = "engine")]
            if collection.is_to_be_compacted() {
                app.pool.spawn(move || collection.compact());
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
        // An error means that the server was dropped, which stops it, too.
        let _ = stopped.await;
    });
    served.await
}

impl Server {
    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base address of the API, such as `http://127.0.0.1:8089`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The generated certificate for HTTPS, as PEM, which a client must trust.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Waits until the server can't go on: another local Rockset has taken over its store, or a read
    /// replica doesn't understand what the store says.
    pub async fn fenced(&self) -> io::Error {
        if let Some(journal) = &self.journal {
            return io::Error::other(journal.fenced().await);
        }
        if let Some(mut lost) = self.lost.clone()
            && lost.changed().await.is_ok()
        {
            return io::Error::other(lost.borrow().clone());
        }
        std::future::pending().await
    }

    /// Stops accepting connections. The server ends when the requests in flight are answered.
    pub fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until the server has ended.
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
