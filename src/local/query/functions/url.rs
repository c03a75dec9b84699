//! URLs, by the standard of WHATWG, which browsers go by: a host is in lower case, and
//! characters that a URL can't have are percent-encoded.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use percent_encoding::percent_decode_str;
use url::Url;
use url::form_urlencoded::byte_serialize;

const STRING: super::Returns = Always(Kind::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("URL_ENCODE", "URL_ENCODE(string)", (1, 1), STRING, |call| {
        Ok(Value::String(byte_serialize(call.string(0)?.as_bytes()).collect()))
    })
    .meaning(
        "Returns the string as a form sends it in a URL: with `+` for a space, and \
         percent-encoded.",
    )
    .examples(&[("URL_ENCODE('a b/é')", "\"a+b%2F%C3%A9\"")]),
    Function::new("URL_DECODE", "URL_DECODE(string)", (1, 1), STRING, decode)
        .meaning("Returns the string that `URL_ENCODE` encodes so.")
        .examples(&[("URL_DECODE('a+b%2F%C3%A9')", "\"a b/é\"")]),
    Function::new("URL_EXTRACT_PROTOCOL", "URL_EXTRACT_PROTOCOL(url)", (1, 1), STRING, |call| {
        part(call, |url| Some(Value::string(url.scheme())))
    })
    .meaning("Returns the scheme of a URL, or null if it is no URL.")
    .examples(&[
        ("URL_EXTRACT_PROTOCOL('https://a.example/b')", "\"https\""),
        ("URL_EXTRACT_PROTOCOL('a b')", "null"),
    ]),
    Function::new("URL_EXTRACT_HOST", "URL_EXTRACT_HOST(url)", (1, 1), STRING, |call| {
        part(call, |url| url.host_str().map(Value::string))
    })
    .meaning("Returns the host of a URL, or null if there is none.")
    .examples(&[("URL_EXTRACT_HOST('https://A.example:8080/b')", "\"a.example\"")]),
    Function::new("URL_EXTRACT_PORT", "URL_EXTRACT_PORT(url)", (1, 1), Always(Kind::Int), |call| {
        part(call, |url| url.port().map(|port| Value::Int(port.into())))
    })
    .meaning("Returns the port of a URL, or null if it is that of its scheme.")
    .examples(&[
        ("URL_EXTRACT_PORT('https://a.example:8080/b')", "8080"),
        ("URL_EXTRACT_PORT('https://a.example/b')", "null"),
    ]),
    Function::new("URL_EXTRACT_PATH", "URL_EXTRACT_PATH(url)", (1, 1), STRING, |call| {
        part(call, |url| Some(Value::string(url.path())))
    })
    .meaning("Returns the path of a URL, or null if it is no URL.")
    .examples(&[("URL_EXTRACT_PATH('https://a.example/b/c?d=1')", "\"/b/c\"")]),
    Function::new("URL_EXTRACT_QUERY", "URL_EXTRACT_QUERY(url)", (1, 1), STRING, |call| {
        part(call, |url| url.query().map(Value::string))
    })
    .meaning("Returns what follows the question mark of a URL, or null if there is none.")
    .examples(&[("URL_EXTRACT_QUERY('https://a.example/b?c=1&d=2#e')", "\"c=1&d=2\"")]),
    Function::new(
        "URL_EXTRACT_PARAMETER",
        "URL_EXTRACT_PARAMETER(url, name)",
        (2, 2),
        STRING,
        |call| {
            let name = call.string(1)?;
            part(call, |url| {
                let mut pairs = url.query_pairs();
                pairs.find_map(|(key, value)| (key == name).then(|| Value::string(value)))
            })
        },
    )
    .meaning(
        "Returns the first parameter with this name in the query of a URL, or null if there is \
         none.",
    )
    .examples(&[("URL_EXTRACT_PARAMETER('https://a.example/?c=1&d=x+y', 'd')", "\"x y\"")]),
    Function::new("URL_EXTRACT_FRAGMENT", "URL_EXTRACT_FRAGMENT(url)", (1, 1), STRING, |call| {
        part(call, |url| url.fragment().map(Value::string))
    })
    .meaning("Returns what follows the `#` of a URL, or null if there is none.")
    .examples(&[("URL_EXTRACT_FRAGMENT('https://a.example/b#c')", "\"c\"")]),
];

fn decode(call: &Call<'_>) -> Result<Value, String> {
    let spaced = call.string(0)?.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().map_err(|error| call.error(error))?;
    Ok(Value::string(text))
}

fn part(call: &Call<'_>, part: impl Fn(&Url) -> Option<Value>) -> Result<Value, String> {
    let url = Url::parse(call.string(0)?).ok();
    Ok(url.and_then(|url| part(&url)).unwrap_or(Value::Null))
}
