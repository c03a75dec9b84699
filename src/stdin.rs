//! stdin, read without a thread in between where it is a pipe, as it is in Flow.

/// How much a pipe is to hold, in bytes: the more, the less often the runtime and the
/// connector wait for each other. Any process may ask for up to 1 MiB.
#[cfg(target_os = "linux")]
const PIPE: usize = 256 << 10;

#[cfg(unix)]
pub fn pipe() -> Option<tokio::net::unix::pipe::Receiver> {
    use std::os::fd::AsFd;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    // It may be refused where many pipes are large, and then stays as it is.
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(&stdin, PIPE);
    tokio::net::unix::pipe::Receiver::from_owned_fd(stdin).ok()
}

#[cfg(not(unix))]
pub fn pipe() -> Option<tokio::io::Stdin> {
    None
}
