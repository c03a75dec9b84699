//! A local Rockset in a process of its own, which can be killed.

use super::local::{Answer, answer};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method};
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;

/// The process. It is killed when this is dropped.
pub struct Process {
    child: Mutex<Child>,
    stderr: Option<thread::JoinHandle<String>>,
    pub url: String,
    http: Client,
}

/// A process that has ended before it listened.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
}

impl Process {
    /// Starts it, and waits until it listens.
    pub fn start<S: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = S>,
        variables: &[(&str, &str)],
    ) -> Result<Self, Ended> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
            .args(["local", "--listen", "127.0.0.1:0", "--ready-after", "0s"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let url = loop {
            let begin = said.len();
            if stderr.read_line(&mut said).unwrap() == 0 {
                return Err(Ended { status: child.wait().unwrap(), stderr: said });
            }
            if let Some(rest) = said[begin..].strip_prefix("A local Rockset listens on ") {
                break rest.split(". ").next().unwrap().to_string();
            }
        };
        let rest = thread::spawn(move || {
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Ok(Self { child: Mutex::new(child), stderr: Some(rest), url, http: Client::new() })
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http.request(method, url).header(AUTHORIZATION, "ApiKey any")
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// Sends a request. `None` if the process ends before it answers.
    pub async fn try_send(&self, method: Method, path: &str, body: &Value) -> Option<Sent> {
        let request = self.request(method, path).header(CONTENT_TYPE, "application/json");
        let response = request.body(body.to_string()).send().await.ok()?;
        let status = response.status().as_u16();
        Some(Sent { status, body: response.json().await.ok()? })
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Sent {
        self.try_send(method, path, body).await.unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Kills it, as with `kill -9`.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal: one stops it, as on a machine that hangs, and one lets it go on.
    #[cfg(target_os = "linux")]
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.lock().unwrap()), signal).unwrap();
    }

    /// Waits until it has ended.
    pub fn ended(mut self) -> Ended {
        let status = self.child.lock().unwrap().wait().unwrap();
        Ended { status, stderr: self.stderr.take().unwrap().join().unwrap() }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Sent {
    pub status: u16,
    pub body: Value,
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
