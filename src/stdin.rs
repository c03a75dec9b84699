//! stdin, read without a thread in between where it is a pipe, as it is in Flow.

/// How much a pipe is to hold, in bytes: the more, the less often the runtime and the
/// connector wait for each other. Any process may ask for up to 1 MiB.
#[cfg(target_os = "linux")]
const PIPE: usize = 256 << 10;

#[cfg(unix)]
pub fn pipe() -> Option<tokio::net::unix::pipe::Receiver> {
    use std::os::fd::AsFd;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    #[cfg(target_os = "linux")]
    grow(&stdin);
    tokio::net::unix::pipe::Receiver::from_owned_fd(stdin).ok()
}

/// A pipe that isn't made larger is slower, and that's all: where many pipes are large, it may
/// be refused.
#[cfg(target_os = "linux")]
fn grow(stdin: &std::os::fd::OwnedFd) {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    if fcntl_getpipe_size(stdin).is_ok_and(|size| size < PIPE) {
        let _ = fcntl_setpipe_size(stdin, PIPE);
    }
}

#[cfg(not(unix))]
pub fn pipe() -> Option<tokio::io::Stdin> {
    None
}
