//! Problems of a configuration.

use std::fmt;

/// A wrong value in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path of the value, such as `bindings[2].resource.collection`.
    pub path: String,
    /// The Flow collection of the binding, if the value belongs to one.
    pub collection: Option<String>,
    /// What is wrong, and what to write instead.
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

/// All problems of a configuration, shown with one line for each.
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

    /// Names the Flow collection in each problem that names none.
    pub fn about(mut self, collection: &str) -> Self {
        for problem in &mut self.0 {
            problem.collection.get_or_insert_with(|| collection.to_string());
        }
        self
    }

    /// The value of a result. Of an error, notes the problems and returns `None`.
    pub fn take<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }

    /// Sorts the problems: those of the endpoint first, then those of each binding.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|problem| {
            let index = problem.path.strip_prefix("bindings[")?.split(']').next()?;
            index.parse::<usize>().ok()
        });
    }

    /// These problems as an error, or `Ok` if there are none.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}
