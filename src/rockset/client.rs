//! A connected client: authentication, timeouts, limits, retries and tracing, as hooks
//! of the generated one.

use super::error::Error;
use super::pacing::{Pacer, Pacing};
use super::pressure::{Pressure, Writes};
use super::types::ErrorModel;
use super::{Client, ResponseValue, retry};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::field::Empty;
use tracing::{Instrument, debug_span, trace};
use url::Url;

/// How a client behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How failed calls are repeated.
    pub retry: retry::Policy,
    /// How metadata calls are held back.
    pub pacing: Pacing,
    /// How many requests that write documents may be under way at once, at most.
    pub max_concurrent_writes: usize,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long the wire may be silent while an answer is awaited.
    pub silence_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: retry::Policy::default(),
            pacing: Pacing::default(),
            max_concurrent_writes: 8,
            connect_timeout: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(120),
        }
    }
}

/// What the generated client carries for its hooks.
#[derive(Debug, Clone)]
pub struct Connection {
    retry: retry::Policy,
    pacer: Arc<Pacer>,
    pressure: Arc<Pressure>,
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
    let http = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.silence_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .build()
        .map_err(Error::Unreachable)?;
    let connection = Connection {
        retry: settings.retry,
        pacer: Arc::new(Pacer::new(settings.pacing)),
        pressure: Pressure::new(settings.max_concurrent_writes, settings.retry.limit).into(),
    };
    let base = base.as_str().trim_end_matches('/');
    Ok(Client::new_with_client(base, http, connection))
}

impl Client {
    /// How failed calls are repeated.
    pub fn retry(&self) -> retry::Policy {
        self.inner.retry
    }

    /// What writing documents came to, by this client and its clones.
    pub fn writes(&self) -> Writes {
        self.inner.pressure.writes()
    }

    /// This client, with another policy of repeating failed calls.
    pub fn retrying(&self, retry: retry::Policy) -> Self {
        let mut client = self.clone();
        client.inner.retry = retry;
        client
    }
}

impl ClientHooks<Connection> for Client {
    /// Paces, traces and repeats every call.
    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let connection = self.inner();
        let span = debug_span!(
            "rockset",
            operation = info.operation_id,
            status = Empty,
            attempts = Empty,
            duration_ms = Empty
        );
        async {
            connection.pacer.wait(info.operation_id).await;
            let begun = Instant::now();
            let call = retry::Call {
                operation: info.operation_id,
                policy: connection.retry,
                pressure: is_write(info.operation_id).then_some(&connection.pressure),
            };
            let (result, attempts) = call.execute(self.client(), request).await;
            let status = result.as_ref().map_or(0, |response| response.status().as_u16());
            let duration_ms = begun.elapsed().as_millis() as u64;
            let span = tracing::Span::current();
            span.record("status", status);
            span.record("attempts", attempts);
            span.record("duration_ms", duration_ms);
            trace!(operation = info.operation_id, status, attempts, duration_ms, "called Rockset");
            result
        }
        .instrument(span)
        .await
    }
}

/// Whether what limits an operation are the virtual instance's writes a second.
fn is_write(function: &str) -> bool {
    matches!(function, "add_documents" | "patch_documents" | "delete_documents")
}

/// Awaits a call of the client and sorts its outcome.
pub async fn call<T>(
    operation: impl Future<Output = Result<ResponseValue<T>, progenitor_client::Error<ErrorModel>>>,
) -> Result<T, Error> {
    use progenitor_client::Error as E;
    match operation.await {
        Ok(value) => Ok(value.into_inner()),
        Err(E::ErrorResponse(answer)) => {
            let status = answer.status();
            Err(Error::answered(status, answer.into_inner()))
        }
        Err(E::UnexpectedResponse(response)) => {
            let status = response.status();
            let model = response.json().await.unwrap_or_default();
            Err(Error::answered(status, model))
        }
        Err(
            E::CommunicationError(error) | E::ResponseBodyError(error) | E::InvalidUpgrade(error),
        ) => Err(Error::unanswered(error)),
        Err(E::InvalidResponsePayload(body, error)) => Err(Error::Unexpected(format!(
            "{error} in {}",
            String::from_utf8_lossy(&body[..body.len().min(300)])
        ))),
        Err(E::InvalidRequest(reason) | E::Custom(reason)) => Err(Error::Unexpected(reason)),
    }
}
