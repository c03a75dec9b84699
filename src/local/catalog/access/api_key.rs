//! An API key, of which only a digest is kept.

use crate::local::catalog::timestamp;
use crate::local::error::ApiError;
use crate::rockset::enums::{ApiKeyState, ErrorType};
use crate::rockset::types;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, Ordering};
use subtle::ConstantTimeEq;

/// Characters of a key. Each has 5.95 bits.
const LENGTH: usize = 64;

/// Characters of a key that are shown later. The others have 345 bits.
const SHOWN: usize = 6;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Seconds of use after which the time of the last use is kept anew.
const KEPT_EVERY: i64 = 3_600;

/// An API key of a user.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApiKey {
    pub user: String,
    pub name: String,
    /// The role to which the key is limited.
    pub role: Option<String>,
    /// The first characters of the key.
    shown: String,
    /// SHA-256 of the key, in base64. A key is random, so that its digest needs no salt and no work.
    digest: String,
    pub expires: Option<DateTime<Utc>>,
    pub is_suspended: bool,
    created_at: String,
    created_by_apikey_name: String,
    /// Seconds since the epoch at which the key was last used; 0 if never.
    last_access: AtomicI64,
}

impl ApiKey {
    /// A new key, and its text.
    pub fn new(user: String, name: String, created_with: &str) -> Result<(Self, String), ApiError> {
        let text = random_text()?;
        let key = Self {
            user,
            name,
            role: None,
            shown: text[..SHOWN].to_string(),
            digest: digest_of(&text),
            expires: None,
            is_suspended: false,
            created_at: timestamp(),
            created_by_apikey_name: created_with.to_string(),
            last_access: AtomicI64::new(0),
        };
        Ok((key, text))
    }

    /// Whether this is the text of the key. What lists show finds candidates; the rest is compared
    /// in constant time.
    pub fn is(&self, text: &str) -> bool {
        let is_same = || digest_of(text).as_bytes().ct_eq(self.digest.as_bytes()).into();
        text.starts_with(&self.shown) && is_same()
    }

    /// Fails if the key is suspended, or has expired.
    pub fn check(&self) -> Result<(), ApiError> {
        let refuse = |why: &str| Err(ApiError::new(ErrorType::Authexception, why));
        match self.expires {
            _ if self.is_suspended => refuse("The API key is suspended"),
            Some(expires) if expires <= Utc::now() => refuse("The API key has expired"),
            _ => Ok(()),
        }
    }

    /// Notes that the key is used. Returns whether that is to be kept: after an hour, so that
    /// reading does not write all the time.
    pub fn touch(&self) -> bool {
        let now = Utc::now().timestamp();
        self.last_access.swap(now, Ordering::Relaxed) / KEPT_EVERY != now / KEPT_EVERY
    }

    /// The key as the API shows it, without its secret.
    pub fn show(&self) -> types::ApiKey {
        let state = match self.is_suspended {
            true => ApiKeyState::Suspended,
            false => ApiKeyState::Active,
        };
        let last_access = DateTime::from_timestamp(self.last_access.load(Ordering::Relaxed), 0);
        types::ApiKey {
            created_at: Some(self.created_at.clone()),
            name: self.name.clone(),
            key: self.shown.clone(),
            last_access_time: last_access.filter(|it| it.timestamp() != 0).map(written),
            expiry_time: self.expires.map(written),
            role: self.role.clone(),
            created_by: Some(self.user.clone()),
            created_by_apikey_name: Some(self.created_by_apikey_name.clone()),
            state: Some(state),
        }
    }
}

/// A time of expiry in a request.
pub fn expiry(text: &str) -> Result<DateTime<Utc>, ApiError> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| {
        let wrong = format!("{text:?} is no time of ISO 8601, such as 2030-01-31T12:00:00Z");
        ApiError::invalid(format!("Wrong in expiry_time: {wrong}"))
    })?;
    Ok(time.to_utc())
}

fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn digest_of(text: &str) -> String {
    STANDARD.encode(digest(&SHA256, text.as_bytes()))
}

/// Random letters and digits.
fn random_text() -> Result<String, ApiError> {
    let mut text = String::new();
    while text.len() < LENGTH {
        let mut bytes = [0; LENGTH];
        let failed = |_| ApiError::internal(&"the system has no random numbers");
        SystemRandom::new().fill(&mut bytes).map_err(failed)?;
        // More bytes would make the first characters of the alphabet more frequent.
        let even = bytes.iter().filter(|byte| usize::from(**byte) < 4 * ALPHABET.len());
        text.extend(even.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])));
    }
    text.truncate(LENGTH);
    Ok(text)
}
