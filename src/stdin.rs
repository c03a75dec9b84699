//! stdin. Where it is a pipe, as it is in Flow, it is polled, without a thread that blocks.

/// The capacity of the pipe, in bytes. With a larger one, the runtime and the connector wait for
/// each other less often. Linux lets any process ask for up to 1 MiB.
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

/// Enlarges the pipe. The kernel may refuse it to a user with many large pipes; a small pipe is
/// only slower.
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
