//! What is wrong with a configuration, and where.

use std::fmt;

/// A place in a configuration that can't stay as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `bindings[2].resource.collection`.
    pub path: String,
    /// The collection that it is about, if it is about one.
    pub collection: Option<String>,
    /// What is wrong there, and what to write instead.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(collection) = &self.collection {
            write!(f, " ({collection})")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// All that is wrong, one line a problem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => problem.fmt(f),
            problems => {
                write!(f, "there are {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
        }
    }
}

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        let (path, problem) = (path.into(), problem.into());
        self.0.push(Problem { path, collection: None, problem });
    }

    /// Says of each problem which collection it is about.
    pub fn about(mut self, collection: &str) -> Self {
        for problem in &mut self.0 {
            problem.collection.get_or_insert_with(|| collection.to_string());
        }
        self
    }

    /// The value of a result, or `None` and its problems noted.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }

    /// Puts those of the endpoint first, and those of the bindings in their order.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|problem| {
            let index = problem.path.strip_prefix("bindings[")?.split(']').next()?;
            index.parse::<usize>().ok()
        });
    }

    /// Nothing, if nothing has been noted.
    pub fn none(self) -> Result<(), Self> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }
}
