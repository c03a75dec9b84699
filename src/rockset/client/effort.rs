//! The attempts that a call took, for error messages.

use std::fmt;
use std::time::Duration;

/// The attempts that a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// The client's function for the operation, such as `add_documents`.
    pub operation: &'static str,
    /// The number of attempts.
    pub attempts: u32,
    /// The time from the first attempt until the end.
    pub elapsed: Duration,
    /// Whether only the lack of time kept the client from another attempt.
    pub is_given_up: bool,
}

impl Effort {
    /// The effort of a single attempt.
    pub fn first(operation: &'static str) -> Self {
        Self { operation, attempts: 1, elapsed: Duration::ZERO, is_given_up: false }
    }

    /// Whether the call was given up after several attempts or some time.
    pub(super) fn has_given_up(&self) -> bool {
        self.is_given_up && (self.attempts > 1 || self.elapsed >= Duration::from_secs(1))
    }
}

impl fmt::Display for Effort {
    /// Writes what was given up, or else the beginning of a sentence on the outcome. Writes nothing
    /// for a single attempt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = Gerund(self.operation);
        let tried = Tried { attempts: self.attempts, elapsed: self.elapsed };
        match self.attempts {
            _ if self.has_given_up() => write!(f, "gave up {operation} after {tried}"),
            0 | 1 => Ok(()),
            _ => write!(f, "after {tried} at {operation}, "),
        }
    }
}

/// A number of attempts, and the time that they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// The number of attempts.
    pub attempts: u32,
    /// The time from the first attempt until the end.
    pub elapsed: Duration,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attempts = self.attempts;
        let plural = if attempts == 1 { "" } else { "s" };
        let seconds = self.elapsed.as_secs_f64();
        let digits = usize::from(seconds < 9.95);
        write!(f, "{attempts} attempt{plural} in {seconds:.digits$} s")
    }
}

/// The name of an operation as a gerund: `adding documents`.
struct Gerund(&'static str);

impl fmt::Display for Gerund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, what) = self.0.split_once('_').unwrap_or((self.0, ""));
        let doing = match verb {
            "add" => "adding",
            "create" => "creating",
            "delete" => "deleting",
            "get" => "getting",
            "list" => "listing",
            "patch" => "patching",
            "update" => "updating",
            "workspace" if what == "collections" => {
                return f.write_str("listing the collections of a workspace");
            }
            _ => return write!(f, "calling {}", self.0),
        };
        write!(f, "{doing} {}", what.replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(operation: &'static str, attempts: u32, millis: u64, is_given_up: bool) -> String {
        let elapsed = Duration::from_millis(millis);
        Effort { operation, attempts, elapsed, is_given_up }.to_string()
    }

    #[test]
    fn what_was_tried_is_told_if_it_was_more_than_one_attempt() {
        let cases = [
            ("add_documents", 1, 20, false, ""),
            ("add_documents", 1, 20, true, ""),
            (
                "get_collection",
                1,
                10_000,
                true,
                "gave up getting collection after 1 attempt in 10 s",
            ),
            (
                "add_documents",
                34,
                600_100,
                true,
                "gave up adding documents after 34 attempts in 600 s",
            ),
            ("query", 3, 1_940, false, "after 3 attempts in 1.9 s at calling query, "),
        ];
        for (operation, attempts, millis, is_given_up, said) in cases {
            assert_eq!(effort(operation, attempts, millis, is_given_up), said);
        }
    }
}
