//! The call of a webhook after an execution.

use crate::local::catalog::schedule::{Trouble, Webhook};
use crate::local::error::with_causes;
use crate::local::queries::Query;
use crate::rockset::Secret;
use crate::rockset::client::{install_crypto_provider, may_use_proxy};
use crate::rockset::rules::MAX_BODY;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::json;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use url::Url;

/// Time for all attempts together.
const LIMIT: Duration = Duration::from_secs(60);

/// Time for one attempt.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits before further attempts.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(3)];

/// The value of the header `Authorization`; `None` if it can't be one.
pub fn check_authorization(text: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text.reveal()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Calls the webhook, if there is one. What may have passed a moment later is tried again.
pub async fn call(webhook: &Webhook, query: &Query) -> Result<(), Trouble> {
    let Some(url) = &webhook.url else { return Ok(()) };
    let body = webhook.payload.clone().unwrap_or_else(|| rows(query));
    let late = |_| Err(Trouble::passing("The webhook took too long"));
    timeout(LIMIT, attempts(url, &webhook.authorization, body)).await.unwrap_or_else(late)
}

async fn attempts(url: &str, authorization: &Secret, body: String) -> Result<(), Trouble> {
    install_crypto_provider();
    let mut client = Client::builder()
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(PATIENCE);
    if !Url::parse(url).is_ok_and(|url| may_use_proxy(&url)) {
        client = client.no_proxy();
    }
    let client = client.build().map_err(|error| transport(&error))?;
    let mut waits = WAITS.into_iter();
    loop {
        let mut request = client.post(url).header(CONTENT_TYPE, "application/json");
        if let Some(value) = check_authorization(authorization).filter(|it| !it.is_empty()) {
            request = request.header(AUTHORIZATION, value);
        }
        let sent = request.body(body.clone()).send().await;
        let outcome = sent.map_err(|error| transport(&error.without_url())).and_then(judge);
        match (outcome, waits.next()) {
            (Err(trouble), Some(wait)) if trouble.may_pass() => sleep(wait).await,
            (outcome, _) => return outcome,
        }
    }
}

fn judge(answer: Response) -> Result<(), Trouble> {
    let status = answer.status();
    let told = format!("The webhook answered {status}");
    match status {
        _ if status.is_success() => Ok(()),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(Trouble::passing(told)),
        _ if status.is_server_error() => Err(Trouble::passing(told)),
        _ => Err(Trouble::permanent(told)),
    }
}

fn transport(error: &reqwest::Error) -> Trouble {
    Trouble::passing(format!("The webhook was not reached: {}", with_causes(error)))
}

/// The rows of a query as JSON: as many as a body may have bytes.
fn rows(query: &Query) -> String {
    let answer = query.kept();
    let all = answer.as_ref().map(|answer| answer.rows.rows.as_slice()).unwrap_or_default();
    let path = query.lambda().map(ToString::to_string);
    let head = json!({
        "query_id": query.id(),
        "query_lambda_path": path,
        "status": "COMPLETED",
        "results_total_doc_count": all.len(),
    });
    let mut body = head.to_string();
    // The rows are texts of JSON already.
    body.pop();
    body.push_str(",\"results\":[");
    for (i, row) in all.iter().enumerate() {
        if body.len() + row.len() + ",]}".len() > MAX_BODY {
            break;
        }
        if i > 0 {
            body.push(',');
        }
        body.push_str(row);
    }
    body.push_str("]}");
    body
}
