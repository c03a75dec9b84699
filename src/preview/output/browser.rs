//! The browser of whoever runs a preview.

use std::io;
use std::process::{Command, Stdio};

/// The program that opens an address, and its arguments before the address.
const OPENER: &[&str] = if cfg!(target_os = "macos") {
    &["open"]
} else if cfg!(windows) {
    &["rundll32", "url.dll,FileProtocolHandler"]
} else {
    &["xdg-open"]
};

/// Opens an address, without waiting for the browser.
pub fn open(url: &str) -> io::Result<()> {
    let mut opener = Command::new(OPENER[0]);
    opener.args(&OPENER[1..]).arg(url);
    opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    opener
        .spawn()
        .map(drop)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", OPENER[0])))
}
