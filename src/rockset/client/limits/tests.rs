//! The limiters against simulated servers, on a paused clock.

use super::limiter::{Limiter, Verdict};
use super::metadata::MetadataLimits;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How a server limits requests.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// A token bucket that holds `size` requests.
    Bucket { size: f64, says_when: bool },
    /// By whole minutes.
    Minutes { says_when: bool },
}

#[derive(Debug)]
struct Server {
    limit: Limit,
    per_second: f64,
    /// How many requests it would accept now.
    left: f64,
    at: Instant,
    accepted: u64,
    refused: u64,
}

impl Server {
    fn new(limit: Limit, per_second: f64) -> Arc<Mutex<Self>> {
        let left = match limit {
            Limit::Bucket { size, .. } => size,
            Limit::Minutes { .. } => per_second * 60.0,
        };
        let at = Instant::now();
        Arc::new(Mutex::new(Self { limit, per_second, left, at, accepted: 0, refused: 0 }))
    }

    /// Whether a request is refused, and what is asked for then.
    fn refuses(&mut self, now: Instant) -> Option<Option<Duration>> {
        let since = (now - self.at).as_secs_f64();
        let (says_when, wait) = match self.limit {
            Limit::Bucket { size, says_when } => {
                self.left = (self.left + since * self.per_second).min(size);
                self.at = now;
                (says_when, (1.0 - self.left) / self.per_second)
            }
            Limit::Minutes { says_when } => {
                if since >= 60.0 {
                    (self.left, self.at) = (self.per_second * 60.0, now);
                }
                (says_when, 60.0 - (now - self.at).as_secs_f64())
            }
        };
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.accepted += 1;
            return None;
        }
        self.refused += 1;
        Some(says_when.then(|| Duration::from_secs_f64(wait.ceil())))
    }
}

/// Makes one call, however many attempts it takes. An answer comes after `latency`.
async fn call(limiter: &Limiter, server: &Mutex<Server>, latency: Duration) {
    let mut ticket = limiter.enter();
    for attempt in 0.. {
        let permit = ticket.acquire().await;
        tokio::time::sleep(latency).await;
        let refused = {
            let mut server = server.lock();
            server.refuses(Instant::now())
        };
        match refused {
            None => return permit.finish(Verdict::Accepted, None),
            Some(asked) => permit.finish(Verdict::Throttled, asked),
        }
        if refused == Some(None) {
            let bound = 0.5 * f64::from(1 << attempt.min(5));
            tokio::time::sleep(Duration::from_secs_f64(bound / 2.0)).await;
        }
    }
}

/// How long `calls` updates of metadata take, in seconds, and how many attempts are refused.
async fn updates(limit: Limit, per_minute: f64, assumed: f64, calls: u64) -> (f64, u64) {
    let begun = Instant::now();
    let limits = MetadataLimits { reads: 1.0, updates: assumed };
    let (_, limiter) = limits.limiters(Duration::from_secs(600));
    assert_eq!(limiter.rate(), None);
    let limiter = Arc::new(limiter);
    let server = Server::new(limit, per_minute / 60.0);
    let mut calling = JoinSet::new();
    for _ in 0..calls {
        let (limiter, server) = (Arc::clone(&limiter), Arc::clone(&server));
        calling.spawn(async move { call(&limiter, &server, Duration::from_millis(50)).await });
    }
    calling.join_all().await;
    let refused = server.lock().refused;
    (begun.elapsed().as_secs_f64(), refused)
}

/// Writes by 16 workers for a minute. Returns which part of what the server allows was used,
/// and which part of the requests was refused.
async fn writes(per_second: f64, says_when: bool, latency: Duration) -> (f64, f64) {
    const RUN: Duration = Duration::from_secs(60);
    let limiter = Arc::new(Limiter::new(8, Duration::from_secs(600)));
    let server = Server::new(Limit::Bucket { size: per_second, says_when }, per_second);
    let mut workers = JoinSet::new();
    for _ in 0..16 {
        let (limiter, server) = (Arc::clone(&limiter), Arc::clone(&server));
        workers.spawn(async move {
            loop {
                call(&limiter, &server, latency).await;
            }
        });
    }
    tokio::time::sleep(RUN).await;
    drop(workers);
    let server = server.lock();
    let (accepted, refused) = (server.accepted as f64, server.refused as f64);
    let allowed = per_second * (RUN.as_secs_f64() + 1.0);
    (accepted / allowed, refused / (accepted + refused))
}

#[tokio::test(start_paused = true)]
async fn a_virtual_instance_is_used_without_being_pressed() {
    for latency in [1, 20, 100].map(Duration::from_millis) {
        // NANO to LARGE.
        for per_second in [5.0, 10.0, 15.0, 25.0, 50.0, 100.0] {
            // Eight requests in flight get no more done.
            if per_second * latency.as_secs_f64() > 7.0 {
                continue;
            }
            let (used, refused) = writes(per_second, true, latency).await;
            let case = format!("{per_second} a second, {latency:?}: {used:.3}, {refused:.3}");
            println!("{case}");
            assert!(used > 0.90, "{case}");
            assert!(refused < 0.05, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_back_as_long_as_no_limit_shows_itself() {
    let limit = Limit::Bucket { size: 1e9, says_when: true };
    let (seconds, refused) = updates(limit, 1e9, 50.0, 1_000).await;
    // As many at once as may be, and 50 ms each.
    assert!(seconds < 4.0, "{seconds}");
    assert_eq!(refused, 0);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_kept_to_without_a_storm() {
    for says_when in [true, false] {
        // What is documented, less, and more.
        for (per_minute, assumed) in [(50.0, 50.0), (20.0, 50.0), (50.0, 10.0)] {
            let bucket = Limit::Bucket { size: per_minute, says_when };
            for limit in [bucket, Limit::Minutes { says_when }] {
                let (seconds, refused) = updates(limit, per_minute, assumed, 1_000).await;
                let least = (1_000.0 - per_minute) / per_minute * 60.0;
                let case = format!("{limit:?} {assumed}: {seconds} of {least}, {refused}");
                println!("{case}");
                assert!(seconds < least * 1.3, "{case}");
                assert!(refused < 150, "{case}");
            }
        }
    }
}
