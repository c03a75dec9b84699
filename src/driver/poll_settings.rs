//! How often the connector looks, and says something, while it waits.

use crate::rockset::retry::Policy;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
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

impl Default for Rhythm {
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

impl Rhythm {
    /// The usual one, unless the variable `ROCKSET_WAIT_SCALE` asks for another pace: with
    /// `0.01`, everything happens a hundred times as fast.
    pub fn from_environment() -> Self {
        let scale = std::env::var("ROCKSET_WAIT_SCALE").ok();
        let scale = scale.and_then(|text| text.parse::<f64>().ok());
        let usual = Self::default();
        match scale.filter(|scale| scale.is_finite() && *scale > 0.0 && *scale <= 1.0) {
            None => usual,
            Some(scale) => Self {
                first_pause: usual.first_pause.mul_f64(scale),
                longest_pause: usual.longest_pause.mul_f64(scale),
                longest_pause_later: usual.longest_pause_later.mul_f64(scale),
                later: usual.later.mul_f64(scale),
                report: usual.report.mul_f64(scale),
                status: usual.status.mul_f64(scale),
                stalled: usual.stalled.mul_f64(scale),
                grace: usual.grace.mul_f64(scale),
                scale,
            },
        }
    }

    /// How a look is repeated that isn't answered.
    pub fn retry(&self, usual: Policy) -> Policy {
        Policy {
            first: usual.first.mul_f64(self.scale),
            highest: usual.highest.mul_f64(self.scale),
            limit: usual.limit.mul_f64(self.scale),
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
