//! How often the connector looks, and says something, while it waits.

use crate::rockset::client::retry::RetryPolicy;
use std::time::Duration;

/// How often a collection that is waited for is looked at, and what is said meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct PollSettings {
    /// Before the second look. The pause grows from there.
    first_pause: Duration,
    longest_pause: Duration,
    /// The longest pause once it has taken an hour.
    longest_pause_later: Duration,
    later: Duration,
    /// Between two reports of progress.
    pub report: Duration,
    /// Between two texts for the platform to show.
    pub status: Duration,
    /// Without anything moving, after which something is wrong.
    pub stalled: Duration,
    /// How long it goes on after the input has ended.
    pub grace: Duration,
    /// How long all of this takes, compared with what is usual.
    scale: f64,
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(45),
            longest_pause_later: Duration::from_secs(90),
            later: Duration::from_secs(3_600),
            report: Duration::from_secs(30),
            status: Duration::from_secs(10),
            stalled: Duration::from_secs(300),
            grace: Duration::from_secs(10),
            scale: 1.0,
        }
    }
}

impl PollSettings {
    /// The usual settings, with all times multiplied by `scale`, which is above 0 and at most 1.
    pub fn scaled(scale: f64) -> Self {
        let usual = Self::default();
        Self {
            first_pause: usual.first_pause.mul_f64(scale),
            longest_pause: usual.longest_pause.mul_f64(scale),
            longest_pause_later: usual.longest_pause_later.mul_f64(scale),
            later: usual.later.mul_f64(scale),
            report: usual.report.mul_f64(scale),
            status: usual.status.mul_f64(scale),
            stalled: usual.stalled.mul_f64(scale),
            grace: usual.grace.mul_f64(scale),
            scale,
        }
    }

    /// How a look is repeated that isn't answered.
    pub fn retry(&self, usual: RetryPolicy) -> RetryPolicy {
        RetryPolicy {
            initial_backoff: usual.initial_backoff.mul_f64(self.scale),
            max_backoff: usual.max_backoff.mul_f64(self.scale),
            timeout: usual.timeout.mul_f64(self.scale),
        }
    }

    /// How long to wait after `looks` looks: jitter keeps tasks that were started together
    /// from asking together.
    pub fn pause(&self, looks: u32, waited: Duration) -> Duration {
        let longest =
            if waited < self.later { self.longest_pause } else { self.longest_pause_later };
        let grown = self.first_pause.as_secs_f64() * 1.5f64.powi(looks.min(64) as i32);
        let pause = grown.min(longest.as_secs_f64());
        Duration::from_secs_f64(pause * (0.7 + fastrand::f64() * 0.6))
    }
}
