//! Whom this side believes, and what it says of itself: certificates of authorities, and the token.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::token::Token;

/// Where systems keep the certificates of their authorities, all in one file.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Certificates and the token.
#[derive(Clone, Default)]
pub struct Trust {
    tls: Option<TlsConnector>,
    token: Option<Token>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Trust(…)")
    }
}

impl Trust {
    /// Nobody but who needs no certificate, and no token.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads certificates of authorities, PEM: those of `file`, else of `SSL_CERT_FILE`, else the system's.
    ///
    /// # Errors
    /// A file that was named cannot be read or has none, in words.
    pub fn read(file: Option<&Path>, token: Option<&Path>) -> Result<Self, String> {
        let token = token.map(Token::read).transpose()?;
        Ok(Self { tls: Some(connector(file)?), token })
    }

    pub(super) fn tls(&self) -> Option<&TlsConnector> {
        self.tls.as_ref()
    }

    /// The value of `Authorization`.
    pub(super) fn authorization(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("Bearer {}", token.text()))
    }
}

/// Speaks TLS with whoever is certified by one of the authorities.
///
/// # Errors
/// A file that was named cannot be read or has none, in words.
pub(crate) fn client(file: Option<&Path>) -> Result<ClientConfig, String> {
    let named =
        file.map(Path::to_owned).or_else(|| std::env::var_os("SSL_CERT_FILE").map(Into::into));
    let mut roots = RootCertStore::empty();
    match named {
        Some(path) => {
            let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let all = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect);
            let all: Vec<CertificateDer<'static>> = all.map_err(|error| wrong(&error))?;
            for one in all {
                roots.add(one).map_err(|error| wrong(&error))?;
            }
            if roots.is_empty() {
                return Err(wrong(&"there is no certificate in it"));
            }
        }
        None => {
            let found = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
            let all = found.and_then(|path| CertificateDer::pem_file_iter(path).ok());
            // One of them that cannot be read is no reason to believe none.
            roots.add_parsable_certificates(all.into_iter().flatten().filter_map(Result::ok));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn connector(file: Option<&Path>) -> Result<TlsConnector, String> {
    Ok(TlsConnector::from(Arc::new(client(file)?)))
}
