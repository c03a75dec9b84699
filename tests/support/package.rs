//! A copy of this package, to change and check.

use super::api;
use serde_json::Value as Json;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use yaml_serde::Value;

/// What cargo needs to build the connector.
const PARTS: [&str; 9] = [
    "benches",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "build",
    "openapi",
    "proto",
    "rust-toolchain.toml",
    "src",
];

/// The copy. It stays in cargo's target folder, and so does what is built of it, so that
/// dependencies are built once. One test at a time has it.
pub struct Package {
    root: PathBuf,
    _turn: File,
}

/// What came of `cargo check`.
pub struct Checked {
    pub succeeded: bool,
    /// Diagnostics, as a person sees them.
    pub stderr: String,
    /// When the client was generated, if the build got that far.
    pub generated: Option<SystemTime>,
}

impl Package {
    /// A copy of the package as it is now.
    pub fn copy() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("regenerating");
        fs::create_dir_all(&folder).unwrap();
        let turn = File::create(folder.join("turn")).unwrap();
        turn.lock().unwrap();

        let root = folder.join("package");
        fs::create_dir_all(&root).unwrap();
        for part in PARTS {
            mirror(&Path::new(env!("CARGO_MANIFEST_DIR")).join(part), &root.join(part));
        }
        Self { root, _turn: turn }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// Changes the API document. Returns the changed one.
    pub fn change(&self, change: impl FnOnce(&mut Value)) -> Value {
        let mut document = api::document();
        change(&mut document);
        let text = yaml_serde::to_string(&document).unwrap();
        fs::write(self.path("openapi/rockset.yaml"), text).unwrap();
        document
    }

    /// Runs `cargo check` on the connector alone.
    pub fn check(&self) -> Checked {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--locked", "--no-default-features"])
            .arg("--message-format=json-render-diagnostics")
            .current_dir(&self.root)
            // With the dependencies of other checks without features.
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_INCREMENTAL", "1")
            .output()
            .unwrap();
        let messages = String::from_utf8(output.stdout).unwrap();
        let out_dir = messages
            .lines()
            .map(|line| serde_json::from_str::<Json>(line).unwrap())
            .filter(|message| message["reason"] == "build-script-executed")
            .filter(|message| message["package_id"].as_str().unwrap().starts_with("path+"))
            .find_map(|message| Some(PathBuf::from(message["out_dir"].as_str()?)));
        let generated = out_dir.and_then(|out| out.join("rockset.rs").metadata().ok());
        Checked {
            succeeded: output.status.success(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            generated: generated.map(|file| file.modified().unwrap()),
        }
    }
}

impl Checked {
    /// Fails unless one of the errors holds all the words.
    pub fn assert_error(&self, words: &[&str]) {
        let mut errors = self.stderr.split("\n\n");
        let found = errors.any(|error| words.iter().all(|word| error.contains(word)));
        assert!(!self.succeeded && found, "no error with {words:?} in\n{}", self.stderr);
    }
}

/// Makes `to` the same as `from`. What is the same already keeps its time, by which
/// cargo tells whether to build it.
fn mirror(from: &Path, to: &Path) {
    if !from.is_dir() {
        let text = fs::read(from).unwrap();
        if fs::read(to).ok().as_ref() != Some(&text) {
            fs::write(to, text).unwrap();
        }
        return;
    }
    fs::create_dir_all(to).unwrap();
    for name in names(to).into_iter().filter(|name| !from.join(name).exists()) {
        match to.join(&name).is_dir() {
            true => fs::remove_dir_all(to.join(&name)).unwrap(),
            false => fs::remove_file(to.join(&name)).unwrap(),
        }
    }
    for name in names(from) {
        mirror(&from.join(&name), &to.join(&name));
    }
}

fn names(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect()
}
