//! API keys.

use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;

/// An API key, which shows in no log, error or Debug output.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the key. The time that the answer takes depends on the lengths only, so
    /// it tells nobody how many characters are right.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    /// Reads a key that stands alone, such as an argument of the command line.
    fn from_str(key: &str) -> Result<Self, Self::Err> {
        match key.trim() {
            "" => Err("an API key can't be empty"),
            key => Ok(Self::new(key)),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_whole_text_and_shows_nowhere() {
        let secret = Secret::new("s3cret");
        assert!(secret.is("s3cret"));
        for other in ["", "s3cre", "s3cret5", "S3cret", "s3creT"] {
            assert!(!secret.is(other), "{other}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }
}
