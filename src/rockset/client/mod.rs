//! A connected client: authentication, timeouts, limits, retries and tracing, as hooks of the
//! generated client.

mod answer;
mod asked;
mod attempts;
mod connection;
pub mod documents;
pub mod effort;
pub mod error;
pub mod limits;
mod mask;
pub mod queries;
pub mod retry;
mod transport_error;

pub use self::connection::Connection;

use self::answer::{Whole, words};
use self::attempts::Call;
use self::effort::Effort;
use self::error::{Error, Foreign, chain};
use self::limits::{Limiter, MetadataLimits, MetadataRate, Writes};
use self::mask::Mask;
use self::retry::RetryPolicy;
use super::types::ErrorModel;
use super::{Client, ResponseValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Request, Response, StatusCode};
use std::cell::RefCell;
use std::time::Duration;
use tokio::task_local;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, debug_span, trace};
use url::{Host, Url};

/// Settings of a client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How failed calls are repeated.
    pub retry: RetryPolicy,
    /// The limits on metadata calls that are assumed after the first 429 to one.
    pub metadata_limits: MetadataLimits,
    /// The largest number of writes in flight.
    pub max_concurrent_writes: usize,
    /// Timeout for connecting.
    pub connect_timeout: Duration,
    /// Timeout between two reads of an answer.
    pub silence_timeout: Duration,
    /// Timeout of an attempt, from sending the request until the answer is complete.
    pub answer_timeout: Duration,
    /// Timeout of all calls together, counted from the making of the client.
    pub patience: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            metadata_limits: MetadataLimits::default(),
            max_concurrent_writes: 8,
            connect_timeout: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(300),
            patience: None,
        }
    }
}

/// A client of the API at `base`, such as `https://api.usw2a1.rockset.com`.
///
/// The key is sent with every request and shows nowhere else. Fails if the key can't be part of a
/// header.
pub fn connect(base: &Url, api_key: &str) -> Result<Client, Error> {
    connect_with(base, api_key, Settings::default())
}

/// A client with settings of its own. See [`connect`].
pub fn connect_with(base: &Url, api_key: &str, settings: Settings) -> Result<Client, Error> {
    let mut authorization = HeaderValue::try_from(format!("ApiKey {api_key}"))
        .map_err(|_| Error::Unexpected("api_key holds characters that no key has".to_string()))?;
    authorization.set_sensitive(true);

    install_crypto_provider();
    let mut http = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.silence_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true);
    if !may_use_proxy(base) {
        http = http.no_proxy();
    }
    let mask = Mask::new(api_key);
    let http = http.build().map_err(|error| {
        let error = mask.text(&chain(&error));
        Error::Unexpected(format!("no client of HTTP could be made: {error}"))
    })?;
    let longest = settings.retry.timeout;
    let (reads, updates) = settings.metadata_limits.limiters(longest);
    let connection = Connection {
        retry: settings.retry,
        deadline: settings.patience.and_then(|patience| Instant::now().checked_add(patience)),
        answer_timeout: settings.answer_timeout,
        mask,
        writes: Limiter::new(settings.max_concurrent_writes, longest).into(),
        reads: reads.into(),
        updates: updates.into(),
    };
    let base = base.as_str().trim_end_matches('/');
    Ok(Client::new_with_client(base, http, connection))
}

/// Makes ring the provider of cryptography for TLS, without which reqwest makes no client. An
/// application around this crate may have installed another one first, which then stays.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether a proxy that the environment names may be used. Not for HTTP, which it could read, and
/// not for an address of this machine.
pub fn may_use_proxy(base: &Url) -> bool {
    let is_here = match base.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback()
                || address.is_unspecified()
                || mapped.is_some_and(|it| it.is_loopback() || it.is_unspecified())
        }
        None => false,
    };
    base.scheme() == "https" && !is_here
}

impl Client {
    /// How failed calls are repeated.
    pub fn retry(&self) -> RetryPolicy {
        self.inner.retry
    }

    /// Counts of writes, by this client and its clones.
    pub fn writes(&self) -> Writes {
        self.inner.writes.writes()
    }

    /// The learned rates of metadata calls, by this client and its clones.
    pub fn metadata_rate(&self) -> MetadataRate {
        let per_minute = |limiter: &Limiter| limiter.rate().map(|rate| rate * 60.0);
        MetadataRate {
            reads_per_minute: per_minute(&self.inner.reads),
            updates_per_minute: per_minute(&self.inner.updates),
        }
    }

    /// This client with another policy for repeating failed calls.
    pub fn retrying(&self, retry: RetryPolicy) -> Self {
        let mut client = self.clone();
        client.inner.retry = retry;
        client
    }

    /// Makes a call, with as many attempts as it takes, and traces it.
    async fn send(&self, request: Request, operation: &'static str) -> Result<Whole, Error> {
        let span = debug_span!(
            "rockset",
            operation,
            status = Empty,
            attempts = Empty,
            duration_ms = Empty
        );
        async {
            let mut call = Call::new(operation, self.inner(), &request);
            let outcome = call.execute(self.client(), &request).await;
            let Effort { attempts, elapsed, .. } = call.effort(false);
            let status = match &outcome {
                Ok(answer) => Some(answer.status),
                Err(error) => error.status(),
            };
            let status = status.map_or(0, |status| status.as_u16());
            let duration_ms = elapsed.as_millis() as u64;
            let span = tracing::Span::current();
            span.record("status", status);
            span.record("attempts", attempts);
            span.record("duration_ms", duration_ms);
            trace!(operation, status, attempts, duration_ms, "called Rockset");
            outcome
        }
        .instrument(span)
        .await
    }
}

task_local! {
    /// Why the awaited call failed. The generated client's error has no place for it.
    static FAILURE: RefCell<Option<Error>>;
}

impl ClientHooks<Connection> for Client {
    /// Sends every call. The error of a failed one is left for [`call`].
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let error = match self.send(request, info.operation_id).await {
            Ok(answer) => return Ok(answer.into()),
            Err(error) => error,
        };
        let status = error.status().filter(|status| !status.is_success());
        let model = ErrorModel { message: Some(chain(&error)), ..ErrorModel::default() };
        let mut answer = http::Response::new(serde_json::to_vec(&model).unwrap_or_default());
        *answer.status_mut() = status.unwrap_or(StatusCode::BAD_GATEWAY);
        let _ = FAILURE.try_with(|failure| failure.replace(Some(error)));
        Ok(answer.into())
    }
}

/// Awaits a call of the client, and turns a failure into an [`Error`].
pub async fn call<T>(
    operation: impl Future<Output = Result<ResponseValue<T>, progenitor_client::Error<ErrorModel>>>,
) -> Result<T, Error> {
    use progenitor_client::Error as E;
    let awaited = async {
        let outcome = operation.await;
        (outcome, FAILURE.with(RefCell::take))
    };
    let (outcome, failure) = FAILURE.scope(RefCell::default(), awaited).await;
    if let Some(error) = failure {
        return Err(error);
    }
    let foreign = |status, words| {
        let effort = Effort::first("");
        Error::Foreign(Foreign { status, words, effort })
    };
    match outcome {
        Ok(value) => Ok(value.into_inner()),
        Err(E::InvalidResponsePayload(body, error)) => {
            let words = format!(" with what it was not asked for ({error}): {}", words(&body));
            Err(foreign(StatusCode::OK, words))
        }
        Err(E::UnexpectedResponse(answer)) => {
            let status = answer.status();
            let body = answer.bytes().await.unwrap_or_default();
            Err(foreign(status, format!(": {}", words(&body))))
        }
        Err(error) => Err(Error::Unexpected(chain(&error))),
    }
}
