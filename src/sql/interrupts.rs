//! Ctrl-C, as something to wait for.

use std::io;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::ctrl_c;
use tokio::sync::watch;

/// Hears Ctrl-C from when it is made, so that it does not end the process any more.
#[derive(Debug, Clone)]
pub struct Interrupts(watch::Receiver<()>);

impl Interrupts {
    /// Begins to listen. One listener hears all, so that none is missed between two.
    pub fn listen() -> io::Result<Self> {
        let (sender, receiver) = watch::channel(());
        #[cfg(unix)]
        let mut pressed = signal(SignalKind::interrupt())?;
        #[cfg(windows)]
        let mut pressed = ctrl_c()?;
        tokio::spawn(
            async move { while pressed.recv().await.is_some() && sender.send(()).is_ok() {} },
        );
        Ok(Self(receiver))
    }

    /// Hears nothing.
    pub fn none() -> Self {
        Self(watch::channel(()).1)
    }

    /// Forgets what came before.
    pub fn reset(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for the next Ctrl-C.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
