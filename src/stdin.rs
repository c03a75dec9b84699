//! stdin, read without a thread in between where it is a pipe, as it is in Flow.

#[cfg(unix)]
pub fn pipe() -> Option<tokio::net::unix::pipe::Receiver> {
    use std::os::fd::AsFd;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    tokio::net::unix::pipe::Receiver::from_owned_fd(stdin).ok()
}

#[cfg(not(unix))]
pub fn pipe() -> Option<tokio::io::Stdin> {
    None
}
