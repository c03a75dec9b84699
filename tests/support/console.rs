//! The console as a process.

use std::io::Write;
use std::process::{Child, Command, Stdio};

/// A console that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A console that asks a server. Its environment has no key.
pub fn command(server: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"));
    command.arg("sql").args(["--server", server]).args(arguments).env_remove("ROCKSET_API_KEY");
    command
}

/// Starts a console and gives it this text through a pipe.
pub fn start(mut command: Command, input: &str) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that has a query already may have ended without it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// Waits for a console's end.
pub fn end(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a console to its end, away from the threads that its server runs on.
pub async fn run(server: &str, arguments: &[&str], input: &str) -> Ended {
    let (command, input) = (command(server, arguments), input.to_string());
    tokio::task::spawn_blocking(move || end(start(command, &input))).await.unwrap()
}

impl Ended {
    /// What a success printed.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        &self.stdout
    }

    /// What a failure told.
    #[track_caller]
    pub fn fails(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        &self.stderr
    }
}
