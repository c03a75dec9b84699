//! How often the connector polls Rockset, and reports, while it waits.

use crate::rockset::client::retry::RetryPolicy;
use std::time::Duration;

/// How often collections are polled, and progress is reported, while the connector waits for them.
#[derive(Debug, Clone, Copy)]
pub struct PollSettings {
    /// The pause after the first poll. It grows from there.
    initial_pause: Duration,
    max_pause: Duration,
    /// The longest pause after a long wait.
    max_pause_later: Duration,
    /// The time after which a wait is a long one.
    long_wait: Duration,
    /// The time between two reports of progress in the logs.
    pub report: Duration,
    /// The time between two statuses on the platform.
    pub status: Duration,
    /// The time without progress after which a warning is logged.
    pub stalled: Duration,
    /// The time for which an answer is still prepared after the input has ended.
    pub grace: Duration,
    /// The factor of all these times.
    scale: f64,
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            initial_pause: Duration::from_millis(100),
            max_pause: Duration::from_secs(45),
            max_pause_later: Duration::from_secs(90),
            long_wait: Duration::from_secs(3_600),
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
            initial_pause: usual.initial_pause.mul_f64(scale),
            max_pause: usual.max_pause.mul_f64(scale),
            max_pause_later: usual.max_pause_later.mul_f64(scale),
            long_wait: usual.long_wait.mul_f64(scale),
            report: usual.report.mul_f64(scale),
            status: usual.status.mul_f64(scale),
            stalled: usual.stalled.mul_f64(scale),
            grace: usual.grace.mul_f64(scale),
            scale,
        }
    }

    /// How a poll is retried that isn't answered.
    pub fn retry(&self, usual: RetryPolicy) -> RetryPolicy {
        RetryPolicy {
            initial_backoff: usual.initial_backoff.mul_f64(self.scale),
            max_backoff: usual.max_backoff.mul_f64(self.scale),
            timeout: usual.timeout.mul_f64(self.scale),
        }
    }

    /// The pause after a number of polls. Jitter keeps tasks that were started together from
    /// polling together.
    pub fn pause(&self, polls: u32, waited: Duration) -> Duration {
        let max_pause = if waited < self.long_wait { self.max_pause } else { self.max_pause_later };
        let grown = self.initial_pause.as_secs_f64() * 1.5f64.powi(polls.min(64) as i32);
        let pause = grown.min(max_pause.as_secs_f64());
        Duration::from_secs_f64(pause * (0.7 + fastrand::f64() * 0.6))
    }
}
