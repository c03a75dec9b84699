//! Errors of connecting that don't pass by themselves.
//!
//! A network error is retried. A certificate that isn't trusted, or a server that doesn't speak
//! HTTPS, has to be mended by a person.

use rustls::AlertDescription as Alert;
use std::error::Error;
use std::io;

/// What is wrong and what to do, if the error can't pass by itself.
pub(super) fn permanent_cause(error: &reqwest::Error) -> Option<&'static str> {
    if error.is_builder() || error.is_redirect() {
        return Some("a request can't be sent to that address; check region_base_url");
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(advice) = tls(error).and_then(of_tls) {
            return Some(advice);
        }
        cause = error.source();
    }
    None
}

/// The TLS error that this error is or wraps. An I/O error has to be unwrapped here, because its
/// `source()` skips the error that it wraps.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = error.downcast_ref() {
        return Some(error);
    }
    tls(error.downcast_ref::<io::Error>()?.get_ref()?)
}

fn of_tls(error: &rustls::Error) -> Option<&'static str> {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(_) | E::NoCertificatesPresented | E::UnsupportedNameType => Some(
            "Rockset's certificate is not trusted, so no connection is safe; check \
             region_base_url, and let this machine trust who issued the certificate, such as by \
             SSL_CERT_FILE",
        ),
        E::InvalidMessage(_) => Some(
            "what answers does not speak HTTPS; check region_base_url, with its port and any \
             proxy on the way",
        ),
        E::PeerIncompatible(_)
        | E::NoApplicationProtocol
        | E::AlertReceived(
            Alert::HandshakeFailure
            | Alert::ProtocolVersion
            | Alert::InsufficientSecurity
            | Alert::UnrecognisedName
            | Alert::AccessDenied
            | Alert::CertificateRequired
            | Alert::NoApplicationProtocol,
        ) => Some(
            "the server and the connector find no way to speak HTTPS with each other; check \
             region_base_url, and any proxy on the way",
        ),
        _ => None,
    }
}
