//! Query lambdas that are executed on a schedule:
//!
//! - `timer`: waits for the times of all schedules.
//! - `run`: one execution; `webhook`: the call after it.

mod run;
mod timer;
mod webhook;

pub use timer::keep_time;
pub use webhook::check_authorization;
