//! Gzip: decodes bodies, and encodes answers for clients that accept it.

use crate::local::error::ApiError;
use crate::rockset::enums::ErrorType;
use crate::rockset::rules::MAX_BODY;
use axum::body::{Body, Bytes, to_bytes};
use axum::response::Response;
use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use std::io::Read;
use tokio::task::spawn_blocking;

/// Bytes of a body from which encoding is worth the work.
const WORTHWHILE: usize = 1024;

/// Decodes the body of a request. The limit on its size holds after decoding, too.
pub(super) async fn decode(headers: &mut HeaderMap, body: Bytes) -> Result<Bytes, ApiError> {
    let Some(encoding) = headers.remove(CONTENT_ENCODING) else {
        return Ok(body);
    };
    match encoding.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => {}
        other => {
            let message = format!("A body can be encoded with gzip or not at all, not {other:?}");
            return Err(ApiError::new(ErrorType::Unsupportedmediatype, message));
        }
    }
    headers.remove(CONTENT_LENGTH);
    let unreadable = |error: &dyn std::fmt::Display| {
        ApiError::new(ErrorType::Badrequest, format!("The body is no good gzip: {error}"))
    };
    let decoded = spawn_blocking(move || {
        let mut decoded = Vec::new();
        let limit = MAX_BODY as u64 + 1;
        MultiGzDecoder::new(body.as_ref()).take(limit).read_to_end(&mut decoded)?;
        Ok::<_, std::io::Error>(decoded)
    });
    let decoded = decoded.await.map_err(|error| unreadable(&error))?;
    let decoded = decoded.map_err(|error| unreadable(&error))?;
    if decoded.len() > MAX_BODY {
        return Err(ApiError::too_large());
    }
    Ok(decoded.into())
}

/// Whether a client accepts an answer in gzip.
pub(super) fn wants_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut named = None;
    let mut any = false;
    for entry in lists.flat_map(|list| list.split(',')) {
        let (coding, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        let wanted = weight.is_ok_and(|weight| weight > 0.0);
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(wanted),
            "*" => any = wanted,
            _ => {}
        }
    }
    named.unwrap_or(any)
}

/// Encodes an answer, if that makes it shorter.
pub(super) async fn encode(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // All answers are in memory as a whole.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    if body.len() < WORTHWHILE || parts.headers.contains_key(CONTENT_ENCODING) {
        return Response::from_parts(parts, Body::from(body));
    }
    let plain = body.clone();
    let encoded = spawn_blocking(move || {
        let mut encoded = Vec::new();
        GzEncoder::new(plain.as_ref(), Compression::fast()).read_to_end(&mut encoded)?;
        Ok::<_, std::io::Error>(encoded)
    });
    match encoded.await {
        Ok(Ok(encoded)) if encoded.len() < body.len() => {
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(encoded))
        }
        _ => Response::from_parts(parts, Body::from(body)),
    }
}
