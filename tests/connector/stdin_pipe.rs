//! The pipe that Flow writes to holds enough for either side to go on while the other is busy.

use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Asks the connector for its spec through a pipe of that size, and returns the size that it
/// has then.
fn size_after(before: usize) -> usize {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl_setpipe_size(&writer, before).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .env("FLOW_RUNTIME_CODEC", "json")
        .stdin(reader)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writer.write_all(b"{\"spec\":{}}\n").unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("{\"spec\":"), "{line}");
    let size = fcntl_getpipe_size(&writer).unwrap();
    drop(writer);
    assert!(child.wait().unwrap().success());
    size
}

#[test]
fn a_pipe_grows_and_never_shrinks() {
    assert_eq!(size_after(64 << 10), 256 << 10);
    assert_eq!(size_after(1 << 20), 1 << 20);
}
