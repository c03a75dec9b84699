//! Masks the API key in answers.
//!
//! A server or a proxy may repeat a request in its answer, and the words of answers get into errors
//! and logs. So answers are masked as soon as they arrive.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// The text in place of the key.
const HIDDEN: &str = "(hidden)";

/// The length from which a key is masked everywhere. A shorter one was probably made up for a first
/// try, and may be part of many words, so it is masked only where it stands alone.
const SECRET: usize = 8;

/// Properties with names that the connector compares with the configuration. A name that equals
/// the key was configured, and stays.
const NAMES: [&str; 3] = ["name", "workspace", "integration_name"];

/// Masks a key in texts. Clones share its forms.
#[derive(Clone)]
pub(super) struct Mask(Arc<Forms>);

struct Forms {
    key: String,
    /// The key in all its encodings, longest first.
    written: Vec<String>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(hidden)")
    }
}

impl Mask {
    /// Masks a key in plain text, and as JSON, percent, HTML and base64 encode it.
    pub fn new(key: &str) -> Self {
        let json = Value::from(key).to_string();
        let percent = utf8_percent_encode(key, NON_ALPHANUMERIC).to_string();
        let header = format!("ApiKey {key}");
        let entities = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")];
        let html = entities.iter().fold(key.to_string(), |text, (c, to)| text.replace(*c, to));
        let mut forms = vec![
            key.to_string(),
            json[1..json.len() - 1].to_string(),
            json[1..json.len() - 1].replace('/', "\\/"),
            percent.to_lowercase(),
            percent.replace("%2D", "-").replace("%5F", "_").replace("%2E", ".").replace("%7E", "~"),
            percent,
            html,
        ];
        if key.len() >= SECRET {
            for text in [key, &header] {
                forms.push(BASE64_STANDARD_NO_PAD.encode(text));
                forms.push(BASE64_URL_SAFE_NO_PAD.encode(text));
            }
        }
        forms.retain(|form| !form.is_empty());
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self(Arc::new(Forms { key: key.to_string(), written: forms }))
    }

    /// A text with the key masked.
    pub fn text(&self, text: &str) -> String {
        let mut masked = text.to_string();
        for form in &self.0.written {
            masked = without(&masked, form);
        }
        masked
    }

    /// The body of an answer with the key masked. JSON stays JSON.
    pub fn body(&self, body: Bytes) -> Bytes {
        let written = &self.0.written;
        let is_in = written.iter().any(|form| memmem::find(&body, form.as_bytes()).is_some());
        // An escaped text may hold the key, too.
        if !is_in && !body.contains(&b'\\') {
            return body;
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(value) => {
                let masked = self.value(value.clone());
                if masked == value { body } else { masked.to_string().into() }
            }
            Err(_) => self.text(&String::from_utf8_lossy(&body)).into(),
        }
    }

    /// A value with the key masked in all its strings.
    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| self.member(name, value)).collect()
            }
            other => other,
        }
    }

    fn member(&self, name: String, value: Value) -> (String, Value) {
        let is_secret = self.0.key.len() >= SECRET;
        let is_looked_at = !is_secret || NAMES.contains(&name.as_str());
        let value = match value {
            Value::String(text) if is_looked_at && text == self.0.key => text.into(),
            value => self.value(value),
        };
        let name = if is_secret { self.text(&name) } else { name };
        (name, value)
    }
}

/// A text with each occurrence of `form` masked. A short form is masked only where it stands alone.
fn without(text: &str, form: &str) -> String {
    let is_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut masked = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(form) {
        let (before, after) = (&rest[..at], &rest[at + form.len()..]);
        masked.push_str(before);
        let stands_alone =
            !is_of_word(masked.chars().next_back()) && !is_of_word(after.chars().next());
        masked.push_str(if form.len() >= SECRET || stands_alone { HIDDEN } else { form });
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = r#"abc+/=&"1234567"#;

    fn masked(key: &str, body: &str) -> String {
        let body = Mask::new(key).body(body.to_string().into());
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn the_key_is_masked_however_it_is_written() {
        let header = BASE64_STANDARD_NO_PAD.encode(format!("ApiKey {KEY}"));
        let forms = [
            KEY.to_string(),
            "abc%2B%2F%3D%26%221234567".to_string(),
            "abc%2b%2f%3d%26%221234567".to_string(),
            r#"abc+/=&amp;&quot;1234567"#.to_string(),
            BASE64_STANDARD_NO_PAD.encode(KEY),
            BASE64_URL_SAFE_NO_PAD.encode(KEY),
            format!("{header}=="),
        ];
        for form in forms {
            let text = masked(KEY, &format!("<p>no access for {form}</p>"));
            assert!(text.starts_with("<p>no access for (hidden)"), "{form}: {text}");
            let body = json!({"message": format!("{form} is wrong"), form.as_str(): [form]});
            let text = masked(KEY, &body.to_string());
            assert!(text.contains("(hidden)") && !text.contains("1234567"), "{form}: {text}");
            assert!(!text.contains(form.as_str()), "{text}");
        }
        let escaped = r#"{"message": "\u0061bc\u002b\/\u003d\u0026\u00221234567"}"#;
        assert_eq!(masked(KEY, escaped), r#"{"message":"(hidden)"}"#);
    }

    #[test]
    fn what_does_not_hold_the_key_stays_as_it_is() {
        for body in [r#"{"a": 1e2, "b":"\u0041"}"#, "<p>\\</p>", "", "abc+/=&"] {
            assert_eq!(masked(KEY, body), body);
        }
    }

    #[test]
    fn a_key_that_was_made_up_does_not_make_answers_unreadable() {
        let answer = r#"{"data":{"message":"any company: any","name":"any","status":"any"}}"#;
        let expected =
            r#"{"data":{"message":"(hidden) company: (hidden)","name":"any","status":"any"}}"#;
        assert_eq!(masked("any", answer), expected);
        assert_eq!(masked("data", answer), answer);
        // A workspace may have the key's name.
        let answer = r#"{"data":[{"description":"acmeCo-rockset","name":"acmeCo-rockset"}]}"#;
        let expected = r#"{"data":[{"description":"(hidden)","name":"acmeCo-rockset"}]}"#;
        assert_eq!(masked("acmeCo-rockset", answer), expected);
    }
}
