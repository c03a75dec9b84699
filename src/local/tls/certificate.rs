//! The certificate for HTTPS: generated at start, or read from files.

use crate::local::options::Tls;
use rcgen::{
    CertificateParams, CertifiedKey, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{Error, ErrorKind, Result};
use std::net::IpAddr;
use std::path::Path;

/// A certificate and its key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    /// Name of the certificate in messages.
    pub name: String,
    /// PEM of a generated certificate, which clients need to trust it.
    pub made: Option<String>,
}

/// The identity that the options ask for; `None` without HTTPS.
pub fn identity(tls: &Tls, address: IpAddr) -> Result<Option<Identity>> {
    let refuse = |message| Err(Error::new(ErrorKind::InvalidInput, message));
    match (&tls.cert, &tls.key) {
        (Some(_), None) => refuse("--tls-cert needs --tls-key, the file with its private key"),
        (None, Some(_)) => refuse("--tls-key needs --tls-cert, the file with its certificate"),
        (Some(_), Some(_)) if tls.ca_file.is_some() => {
            refuse("--tls-ca-file is for a certificate that --tls makes, not for a given one")
        }
        (Some(cert), Some(key)) => read(cert, key).map(Some),
        (None, None) if tls.generate => make(address, tls.ca_file.as_deref()).map(Some),
        (None, None) if tls.ca_file.is_some() => {
            refuse("--tls-ca-file needs --tls, which makes the certificate to write there")
        }
        (None, None) => Ok(None),
    }
}

/// Generates a self-signed certificate for this machine and the address.
fn make(address: IpAddr, file: Option<&Path>) -> Result<Identity> {
    let CertifiedKey { cert, signing_key } = self_signed(address)
        .map_err(|error| Error::other(format!("A certificate can't be made: {error}")))?;
    let pem = cert.pem();
    if let Some(file) = file {
        std::fs::write(file, &pem).map_err(|error| {
            let place = file.display();
            Error::new(
                error.kind(),
                format!("The certificate can't be written to {place}: {error}"),
            )
        })?;
    }
    Ok(Identity {
        chain: vec![cert.into()],
        key: signing_key.into(),
        name: "the certificate made on the spot".to_string(),
        made: Some(pem),
    })
}

fn self_signed(address: IpAddr) -> std::result::Result<CertifiedKey<KeyPair>, rcgen::Error> {
    let mut names = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let address = address.to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Local Rockset");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signing_key = KeyPair::generate()?;
    Ok(CertifiedKey { cert: params.self_signed(&signing_key)?, signing_key })
}

/// Reads a certificate, its issuers' certificates, and its key.
fn read(cert: &Path, key: &Path) -> Result<Identity> {
    let wrong = |file: &Path, reason: String| {
        Error::new(ErrorKind::InvalidData, format!("{} {reason}", file.display()))
    };
    let chain: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&text(cert)?).collect();
    let chain = chain.map_err(|error| wrong(cert, format!("is not PEM: {error}")))?;
    if chain.is_empty() {
        return Err(wrong(cert, "holds no certificate in PEM".to_string()));
    }
    let key = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|error| match error {
        PemError::NoItemsFound => wrong(key, "holds no private key in PEM".to_string()),
        error => wrong(key, format!("is not PEM: {error}")),
    })?;
    Ok(Identity { chain, key, name: format!("the certificate in {}", cert.display()), made: None })
}

fn text(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        Error::new(error.kind(), format!("{} can't be read: {error}", file.display()))
    })
}
