//! The local Rockset over HTTPS, with a certificate of its own and with a given one.

use crate::support::local::{Local, options};
use materialize_rockset::local::{self, Options, Tls};
use materialize_rockset::rockset::client::documents;
use materialize_rockset::rockset::client::error::chain;
use materialize_rockset::rockset::{self, Error, call};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::Certificate;
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const ORGANIZATION: &str = "/v1/orgs/self";

fn https(tls: Tls) -> Options {
    Options { tls, ..options() }
}

fn generated() -> Options {
    https(Tls { generate: true, ..Tls::default() })
}

fn given(cert: &Path, key: &Path) -> Options {
    https(Tls { cert: Some(cert.into()), key: Some(key.into()), ..Tls::default() })
}

/// A client that trusts this certificate and no other.
fn trusting(pem: &str) -> reqwest::Client {
    let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap()
}

/// A server with a certificate of its own, and a client that trusts it.
fn start() -> Local {
    let mut local = Local::with(generated());
    local.http = trusting(local.server.certificate().unwrap());
    local
}

async fn get(client: &reqwest::Client, url: &str) -> reqwest::Result<u16> {
    let request = client.get(format!("{url}{ORGANIZATION}")).header("Authorization", "ApiKey any");
    request.send().await.map(|response| response.status().as_u16())
}

/// A certificate for 127.0.0.1 and its key in files, and the certificate itself.
fn files() -> (TempDir, CertifiedKey<KeyPair>) {
    let folder = TempDir::new().unwrap();
    let made = generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    (folder, made)
}

fn refused(options: Options) -> String {
    local::start(options).unwrap_err().to_string()
}

#[tokio::test]
async fn the_api_is_served_with_a_certificate_made_on_the_spot() {
    let local = start();
    assert!(local.server.url().starts_with("https://127.0.0.1:"), "{}", local.server.url());
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    assert_eq!(
        local.add(json!([{"_id": "1", "a": "x".repeat(1 << 20)}])).await.statuses(),
        ["ADDED"]
    );
    let organization = local.get(ORGANIZATION).await;
    assert_eq!(organization.data()["clusters"][0]["apiserver_url"], local.server.url());
}

#[tokio::test]
async fn the_certificate_is_for_this_machine_by_all_its_names() {
    let everywhere = (Ipv4Addr::UNSPECIFIED, 0).into();
    let api_key = Some("any".parse().unwrap());
    let local = Local::with(Options { listen: everywhere, api_key, ..generated() });
    let client = trusting(local.server.certificate().unwrap());
    assert!(local.server.url().starts_with("https://127.0.0.1:"));
    let port = local.server.address().port();
    for name in ["localhost", "127.0.0.1"] {
        assert_eq!(get(&client, &format!("https://{name}:{port}")).await.unwrap(), 200, "{name}");
    }
    let other = reqwest::Client::builder()
        .tls_certs_only([
            Certificate::from_pem(local.server.certificate().unwrap().as_bytes()).unwrap()
        ])
        .resolve("rockset.example", SocketAddr::from(([127, 0, 0, 1], port)))
        .build()
        .unwrap();
    get(&other, &format!("https://rockset.example:{port}")).await.unwrap_err();
}

// Elsewhere, 127.0.0.1 is the only address of this machine that can be relied upon.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_certificate_is_for_the_address_that_is_listened_on() {
    let local = Local::with(Options { listen: ([127, 0, 0, 9], 0).into(), ..generated() });
    let client = trusting(local.server.certificate().unwrap());
    assert_eq!(get(&client, &local.server.url()).await.unwrap(), 200);
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_goes_away() {
    let (local, other) = (start(), start());
    let stranger = trusting(other.server.certificate().unwrap());
    assert!(get(&stranger, &local.server.url()).await.unwrap_err().is_connect());
    assert_eq!(local.get(ORGANIZATION).await.status, 200);
}

/// What the connector's own client comes to, which trusts what the machine trusts. With
/// its default settings, what may pass is tried for ten minutes.
async fn call_at(url: &str) -> Error {
    let client = rockset::connect(&url.parse().unwrap(), "any").unwrap();
    let called = tokio::time::timeout(Duration::from_secs(60), call(client.get_organization()));
    called.await.expect("it is not tried again").unwrap_err()
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_an_error_at_once() {
    let local = start();
    let error = call_at(&local.server.url()).await;
    assert!(!error.is_transient());
    let said = chain(&error);
    for part in ["region_base_url", "SSL_CERT_FILE", "invalid peer certificate"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert!(!said.contains("no answer"), "{said}");

    let client = rockset::connect(&local.server.url().parse().unwrap(), "any").unwrap();
    let written = documents::add(&client, "commons", "c", r#"{"data":[]}"#.into()).await;
    assert!(matches!(written, Err(Error::Impossible { .. })), "{written:?}");
}

#[tokio::test]
async fn a_server_that_speaks_no_https_is_an_error_at_once() {
    let local = Local::start();
    let error = call_at(&local.server.url().replace("http:", "https:")).await;
    assert!(!error.is_transient());
    let said = chain(&error);
    assert!(said.contains("HTTPS") && said.contains("region_base_url"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_of_no_web_server_is_an_error_at_once() {
    let error = call_at("ftp://127.0.0.1:1").await;
    assert!(!error.is_transient());
    let said = chain(&error);
    assert!(said.contains("region_base_url"), "{said}");
}

#[tokio::test]
async fn plain_http_is_refused_and_does_no_harm() {
    let local = start();
    let plain = local.server.url().replace("https:", "http:");
    get(&reqwest::Client::new(), &plain).await.unwrap_err();
    assert_eq!(local.get(ORGANIZATION).await.status, 200);
}

#[tokio::test]
async fn clients_that_stall_in_their_handshake_hold_up_nobody() {
    let mut local = start();
    let mut stalled = Vec::new();
    for first in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut connection = TcpStream::connect(local.server.address()).await.unwrap();
        connection.write_all(first).await.unwrap();
        stalled.push(connection);
    }
    let answered = tokio::time::timeout(Duration::from_secs(5), local.get(ORGANIZATION)).await;
    assert_eq!(answered.unwrap().status, 200);

    // Nor do they hold up its end.
    local.server.stop();
    drop(local.http);
    let ended = tokio::time::timeout(Duration::from_secs(5), local.server.stopped()).await;
    ended.unwrap().unwrap();
    for mut connection in stalled {
        let read = connection.read(&mut [0; 64]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}

#[tokio::test]
async fn a_given_certificate_is_served() {
    let (folder, made) = files();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let local = Local::with(given(&cert, &key));
    assert_eq!(local.server.certificate(), None, "none was made");
    assert_eq!(get(&trusting(&made.cert.pem()), &local.server.url()).await.unwrap(), 200);

    // `--tls` asks for HTTPS, and is answered with the certificate that is there.
    let mut both = given(&cert, &key);
    both.tls.generate = true;
    let local = Local::with(both);
    assert_eq!(get(&trusting(&made.cert.pem()), &local.server.url()).await.unwrap(), 200);
}

#[tokio::test]
async fn a_certificate_that_can_not_be_used_is_an_error_that_names_it() {
    let (folder, _) = files();
    let at = |name: &str| folder.path().join(name);
    let (cert, key) = (at("cert.pem"), at("key.pem"));
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(at("text"), "hello").unwrap();
    std::fs::write(at("cut"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    std::fs::write(at("junk"), junk).unwrap();
    std::fs::write(at("other"), KeyPair::generate().unwrap().serialize_pem()).unwrap();

    for (cert, key, file, reason) in [
        (&at("none"), &key, "none", "can't be read: No such file"),
        (&cert, &at("none"), "none", "can't be read: No such file"),
        (&at("text"), &key, "text", "holds no certificate in PEM"),
        (&key, &key, "key.pem", "holds no certificate in PEM"),
        (&at("cut"), &key, "cut", "is not PEM: "),
        (&at("junk"), &key, "junk", "HTTPS can't be served with the certificate in "),
        (&cert, &at("text"), "text", "holds no private key in PEM"),
        (&cert, &cert, "cert.pem", "holds no private key in PEM"),
        (&cert, &at("other"), "cert.pem", "and its key: "),
    ] {
        let error = refused(given(cert, key));
        let path = at(file).display().to_string();
        assert!(error.contains(&path) && error.contains(reason), "{file}: {error}");
    }
}

#[tokio::test]
async fn options_that_lack_each_other_are_refused() {
    let file = || Some("file.pem".into());
    for (tls, message) in [
        (Tls { cert: file(), ..Tls::default() }, "--tls-cert needs --tls-key"),
        (Tls { key: file(), ..Tls::default() }, "--tls-key needs --tls-cert"),
        (Tls { ca_file: file(), ..Tls::default() }, "--tls-ca-file needs --tls"),
        (
            Tls { cert: file(), key: file(), ca_file: file(), generate: true },
            "--tls-ca-file is for a certificate that --tls makes",
        ),
    ] {
        let error = refused(https(tls));
        assert!(error.starts_with(message), "{error}");
    }
    let nowhere = Some("/nowhere/ca.pem".into());
    let error = refused(https(Tls { generate: true, ca_file: nowhere, ..Tls::default() }));
    assert!(error.starts_with("The certificate can't be written to /nowhere/ca.pem: "), "{error}");
}

#[tokio::test]
async fn the_command_writes_its_certificate_where_it_is_told() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ca.pem");
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["local", "--listen", "127.0.0.1:0", "--tls", "--tls-ca-file"])
        .arg(&file)
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.next_line().await.unwrap().unwrap();
    assert!(line.contains(&format!("Its certificate is in {}.", file.display())), "{line}");
    let url = line.split(' ').find_map(|word| word.strip_suffix('.').filter(|w| w.contains("://")));
    let client = trusting(&std::fs::read_to_string(&file).unwrap());
    assert_eq!(get(&client, url.unwrap()).await.unwrap(), 200);
}

#[tokio::test]
async fn the_command_says_what_is_wrong() {
    let ended = tokio::process::Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
        .args(["local", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("--tls-cert needs --tls-key"), "{said}");
}
