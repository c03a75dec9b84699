//! HTTPS on this machine: a certificate, and the server's side of a connection.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A certificate for this machine and its key, in files.
pub struct Identity(TempDir);

impl Identity {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]).unwrap();
        std::fs::write(certificate(folder.path()), made.cert.pem()).unwrap();
        std::fs::write(key(folder.path()), made.signing_key.serialize_pem()).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn certificate(&self) -> PathBuf {
        certificate(self.path())
    }
}

fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

fn key(folder: &Path) -> PathBuf {
    folder.join("key.pem")
}

/// What encrypts connections.
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// With the identity in that folder.
    pub fn read(folder: &Path) -> Self {
        let chain = vec![CertificateDer::from_pem_file(certificate(folder)).unwrap()];
        let key = PrivateKeyDer::from_pem_file(key(folder)).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        Self(Arc::new(config.unwrap()))
    }

    pub fn accept(&self, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
        StreamOwned::new(ServerConnection::new(self.0.clone()).unwrap(), stream)
    }
}
