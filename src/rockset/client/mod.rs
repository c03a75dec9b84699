//! A connected client: authentication, timeouts, limits, retries and tracing, as hooks
//! of the generated one.

mod answer;
mod attempts;
mod connection;
pub mod documents;
pub mod effort;
pub mod error;
pub mod limits;
mod mask;
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

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How failed calls are repeated.
    pub retry: RetryPolicy,
    /// What is assumed of the limits on metadata calls, once one has shown itself.
    pub metadata_limits: MetadataLimits,
    /// How many requests that write documents may be under way at once, at most.
    pub max_concurrent_writes: usize,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long the wire may be silent while an answer is awaited.
    pub silence_timeout: Duration,
    /// How long an attempt may take until its answer is whole, with the request's way there.
    pub answer_timeout: Duration,
    /// How long after the client was made all its calls are over.
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
/// The key is sent with every request and shows nowhere else. Fails if the key
/// can't stand in a header.
pub fn connect(base: &Url, api_key: &str) -> Result<Client, Error> {
    connect_with(base, api_key, Settings::default())
}

/// A client with settings of its own. See [`connect`].
pub fn connect_with(base: &Url, api_key: &str, settings: Settings) -> Result<Client, Error> {
    let mut authorization = HeaderValue::try_from(format!("ApiKey {api_key}"))
        .map_err(|_| Error::Unexpected("api_key holds characters that no key has".to_string()))?;
    authorization.set_sensitive(true);

    // The first to install a provider wins, which may be an application around us.
    let _ = rustls::crypto::ring::default_provider().install_default();
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

/// Whether a proxy that the environment names may stand in between: it would read what
/// isn't encrypted, and nothing leaves this machine that stays on it.
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

    /// What writing documents came to, by this client and its clones.
    pub fn writes(&self) -> Writes {
        self.inner.writes.writes()
    }

    /// How fast metadata calls go, by this client and its clones.
    pub fn metadata_rate(&self) -> MetadataRate {
        let per_minute = |limiter: &Limiter| limiter.rate().map(|rate| rate * 60.0);
        MetadataRate {
            reads_per_minute: per_minute(&self.inner.reads),
            updates_per_minute: per_minute(&self.inner.updates),
        }
    }

    /// This client, with another policy of repeating failed calls.
    pub fn retrying(&self, retry: RetryPolicy) -> Self {
        let mut client = self.clone();
        client.inner.retry = retry;
        client
    }

    /// Traces a call, and makes as many attempts as it takes.
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
    /// Why the call that is being awaited failed. The generated client has no place for it.
    static FAILURE: RefCell<Option<Error>>;
}

impl ClientHooks<Connection> for Client {
    /// Sends every call. [`call`] finds the error of one that fails.
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

/// Awaits a call of the client and sorts its outcome.
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
