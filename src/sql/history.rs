//! Where the prompt keeps what was typed.

use std::path::PathBuf;

/// The file of the history, in the directory that the user's programs keep their state in.
pub fn file() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let state = variable("XDG_STATE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .or_else(|| variable("LOCALAPPDATA"))?;
    let directory = state.join(env!("CARGO_PKG_NAME"));
    std::fs::create_dir_all(&directory).ok()?;
    Some(directory.join("sql_history"))
}
