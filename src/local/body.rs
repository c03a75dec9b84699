//! What comes with a request: its body, its path and its query, each refused in the
//! words of the API when it isn't as it should be.

use super::errors::Failure;
use super::pool::Pool;
use super::strict::Strict;
use crate::rockset::enums::ErrorType;
use crate::rockset::rules::MAX_BODY;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Query, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::{DeserializeOwned, DeserializeSeed};
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

/// How much of a body that is too large is still read, and for how long.
const DRAINED: (usize, Duration) = (10 * MAX_BODY, Duration::from_secs(10));

/// Bytes of a body that are parsed at once; a larger one is left to the pool.
const SMALL: usize = 64 << 10;

/// Reads a body to its end, unless it is too large.
///
/// What is left of a body that is too large is read and thrown away while the answer
/// is under way: a client that still writes to a closed connection would see an
/// error instead of the answer.
pub(super) async fn whole(mut body: Body) -> Result<Bytes, Failure> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut read = Vec::with_capacity(announced.min(MAX_BODY));
    if announced <= MAX_BODY {
        loop {
            match chunk(&mut body).await {
                None => return Ok(read.into()),
                Some(Err(error)) => {
                    let message = format!("The body can't be read: {error}");
                    return Err(Failure::new(ErrorType::Badrequest, message));
                }
                Some(Ok(bytes)) if read.len() + bytes.len() > MAX_BODY => break,
                Some(Ok(bytes)) => read.extend_from_slice(&bytes),
            }
        }
    }
    tokio::spawn(tokio::time::timeout(DRAINED.1, async move {
        let mut left = DRAINED.0;
        while let Some(Ok(bytes)) = chunk(&mut body).await
            && let Some(rest) = left.checked_sub(bytes.len())
        {
            left = rest;
        }
    }));
    Err(Failure::too_large())
}

async fn chunk(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await? {
            Err(error) => return Some(Err(error)),
            Ok(frame) => match frame.into_data() {
                Ok(bytes) => return Some(Ok(bytes)),
                Err(_trailers) => continue,
            },
        }
    }
}

/// A body that says that it is JSON, not yet parsed.
pub(super) struct JsonText(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for JsonText {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        if !says_json(request.headers()) {
            return Err(Failure::new(
                ErrorType::Unsupportedmediatype,
                "A body is needed, with the header `Content-Type: application/json`",
            ));
        }
        let unread = |error| Failure::new(ErrorType::Badrequest, format!("{error}"));
        to_bytes(request.into_body(), MAX_BODY).await.map(Self).map_err(unread)
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// A JSON body of one of the API's types.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned + Send + 'static> FromRequest<S> for JsonBody<T>
where
    Pool: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let JsonText(text) = JsonText::from_request(request, state).await?;
        let is_small = text.len() <= SMALL;
        let parse = move || parse(&text, PhantomData::<T>);
        let parsed = match is_small {
            true => parse(),
            false => Pool::from_ref(state).run(parse).await?,
        };
        parsed.map(Self)
    }
}

/// Parses a body and, if it is wrong, says where.
pub(super) fn parse<'a, T: DeserializeSeed<'a>>(
    text: &'a [u8],
    seed: T,
) -> Result<T::Value, Failure> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let mut track = serde_path_to_error::Track::new();
    let parsed = seed
        .deserialize(serde_path_to_error::Deserializer::new(Strict(&mut json), &mut track))
        .and_then(|value| json.end().map(|()| value));
    parsed.map_err(|error| {
        let place = match track.path().to_string().as_str() {
            "." => "the body".to_string(),
            path => path.to_string(),
        };
        let kind = match error.is_data() {
            true => ErrorType::Invalidinput,
            false => ErrorType::Badrequest,
        };
        Failure::new(kind, format!("Wrong in {place}: {}", in_words_of_json(&error.to_string())))
    })
}

/// What is wrong, as it is told to who has never seen the types that bodies become.
fn in_words_of_json(error: &str) -> String {
    const BEGINNINGS: [(&str, &str); 6] = [
        ("missing field ", "missing property "),
        ("duplicate field ", "duplicate property "),
        ("invalid type: map, ", "invalid type: object, "),
        ("invalid type: sequence, ", "invalid type: array, "),
        ("invalid type: floating point ", "invalid type: number "),
        ("invalid value: floating point ", "invalid value: number "),
    ];
    let known = BEGINNINGS.iter().find_map(|(from, to)| Some((to, error.strip_prefix(from)?)));
    let text = known.map_or_else(|| error.to_string(), |(to, rest)| format!("{to}{rest}"));
    // A text that was sent may be quoted before.
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return text;
    };
    let (expected, place) = match expected.find(" at line ") {
        None => (expected, ""),
        Some(end) => expected.split_at(end),
    };
    let expected = match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "an integer",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        text if text.starts_with("struct ") => "an object",
        text => text,
    };
    format!("{found}, expected {expected}{place}")
}

/// The parameters of a path, in their order.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(error) => Err(Failure::new(ErrorType::Badrequest, error.body_text())),
        }
    }
}

/// The query of an address.
pub(super) struct QueryParams<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(Failure::invalid(error.body_text())),
        }
    }
}
