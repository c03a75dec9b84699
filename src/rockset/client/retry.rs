//! Which answers are retried, and when.
//!
//! Every call of the API is idempotent: documents are written by `_id`, and creating what exists
//! changes nothing. So the only question is whether another attempt can help.

use super::effort::Tried;
use crate::rockset::enums::ErrorType;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use reqwest::StatusCode;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The longest wait that is computed with, whatever a server asks for.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The part by which a wait is prolonged at most, at random, because other clients were asked to
/// wait as long.
pub(super) const JITTER: f64 = 0.05;

/// Exponential backoff with full jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Upper bound of the first wait. The bound doubles with every attempt.
    pub initial_backoff: Duration,
    /// The largest bound.
    pub max_backoff: Duration,
    /// No attempt begins later than this after the first one.
    pub timeout: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            timeout: Duration::from_secs(600),
        }
    }
}

/// The waits between the attempts of one call.
#[derive(Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    begun: Instant,
    attempts: u32,
}

impl RetryPolicy {
    /// Begins with the first attempt.
    pub fn begin(self) -> Backoff {
        Backoff { policy: self, begun: Instant::now(), attempts: 1 }
    }
}

impl Backoff {
    /// The wait before the next attempt: a random time below the bound, and no less than the
    /// server asks for. `None` if the attempt would begin after the timeout.
    pub fn wait(&mut self, at_least: Option<Duration>) -> Option<Duration> {
        let doubled = self.policy.initial_backoff.saturating_mul(1 << (self.attempts - 1).min(20));
        let bound = doubled.min(self.policy.max_backoff).min(LONGEST);
        let asked = self.granted(at_least.unwrap_or_default());
        let wait = bound.mul_f64(fastrand::f64()).max(asked);
        let in_time = wait < self.left();
        self.attempts += u32::from(in_time);
        in_time.then_some(wait)
    }

    /// The wait that the server asks for. If it would pass the timeout, half of the time left, so
    /// that there are some more attempts, at long intervals.
    pub fn granted(&self, asked: Duration) -> Duration {
        let (left, asked) = (self.left(), asked.min(LONGEST));
        if asked.mul_f64(1.0 + JITTER) < left { asked } else { left.min(LONGEST) / 2 }
    }

    /// The time in which attempts may still begin.
    pub fn left(&self) -> Duration {
        self.policy.timeout.saturating_sub(self.begun.elapsed())
    }

    /// The attempts until now.
    pub fn tried(&self) -> Tried {
        Tried { attempts: self.attempts, elapsed: self.begun.elapsed() }
    }
}

/// Whether a call with this answer may succeed when it is repeated. Statuses above 504 come from
/// proxies that don't reach the server behind them, or are overloaded. A query that has timed out
/// takes as long again.
pub fn is_retryable(status: StatusCode, kind: Option<&ErrorType>) -> bool {
    if kind == Some(&ErrorType::QueryTimeout) {
        return false;
    }
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520 | 522 | 524 | 529)
        || matches!(
            kind,
            Some(ErrorType::NotReady | ErrorType::Creating | ErrorType::Ratelimitexceeded)
        )
}

/// Whether an answer says that there were too many requests.
pub(super) fn is_throttled(status: StatusCode, kind: Option<&ErrorType>) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || kind == Some(&ErrorType::Ratelimitexceeded)
}

/// Whether a document with an error of this type may be stored when it is sent again.
pub fn is_retryable_document(kind: &ErrorType) -> bool {
    matches!(
        kind,
        ErrorType::NotReady
            | ErrorType::Creating
            | ErrorType::Internalerror
            | ErrorType::Ratelimitexceeded
            | ErrorType::Serviceunavailable
    )
}

/// The wait that the server asks for, in seconds or as a date, up to a day. `None` if that time is
/// over.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if value.starts_with(|c: char| c.is_ascii_digit()) {
        let seconds = value.parse::<f64>().ok()?.min(LONGEST.as_secs_f64());
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        date.duration_since(SystemTime::now()).ok()?.min(LONGEST)
    };
    (!asked.is_zero()).then_some(asked)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn asked(value: &str) -> Option<Duration> {
        let value = HeaderValue::from_str(value).unwrap();
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
    }

    #[test]
    fn a_wait_is_bounded_before_anything_is_computed_from_it() {
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        let day = Some(LONGEST);
        let cases = [
            ("1", seconds(1.0)),
            (" 30 ", seconds(30.0)),
            ("1.5", seconds(1.5)),
            ("3600", seconds(3600.0)),
            ("18446744073709551615", day),
            ("18446744073709551616", day),
            ("1e400", day),
            (&"9".repeat(400), day),
            ("Fri, 31 Dec 9999 23:59:59 GMT", day),
            ("Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("Thu, 01 Jan 1969 00:00:00 GMT", None),
            ("0", None),
            ("0.0", None),
            ("-1", None),
            ("inf", None),
            ("NaN", None),
            ("1s", None),
            ("soon", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(asked(value), expected, "{value}");
        }
    }

    /// When the attempts of a call begin that is always asked to wait `at_least`, in seconds.
    async fn tries(policy: RetryPolicy, at_least: Option<Duration>) -> Vec<f64> {
        let begun = Instant::now();
        let mut backoff = policy.begin();
        let mut tries = vec![0.0];
        while let Some(wait) = backoff.wait(at_least) {
            tokio::time::sleep(wait).await;
            tries.push(begun.elapsed().as_secs_f64());
        }
        assert_eq!(backoff.tried().attempts as usize, tries.len());
        tries
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_is_waited_for_as_long_as_there_is_time() {
        for asked in [600, 3_600, u64::MAX] {
            let tries = tries(RetryPolicy::default(), Some(Duration::from_secs(asked))).await;
            assert!(tries.len() > 4, "{tries:?}");
            assert!((295.0..305.0).contains(&tries[1]), "{tries:?}");
            assert!((440.0..460.0).contains(&tries[2]), "{tries:?}");
            assert!(tries.iter().all(|at| *at < 600.0), "{tries:?}");
        }
        let tries = tries(RetryPolicy::default(), Some(Duration::from_secs(60))).await;
        assert!(tries.windows(2).take(9).all(|two| two[1] - two[0] >= 59.9), "{tries:?}");
        assert!(tries.len() > 9 && tries.len() < 20, "{tries:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_overflows() {
        let endless = RetryPolicy {
            initial_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            timeout: Duration::MAX,
        };
        let mut backoff = endless.begin();
        assert!(backoff.wait(Some(Duration::MAX)).is_some());
        assert!(backoff.wait(None).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_asks_for_nothing_is_asked_ever_more_seldom() {
        let tries = tries(RetryPolicy::default(), None).await;
        assert!((40..110).contains(&tries.len()), "{tries:?}");
        assert!(tries[tries.len() - 1] < 600.0, "{tries:?}");
    }
}
