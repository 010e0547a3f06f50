//! TLS, for addresses that other machines reach.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tls(…)")
    }
}

impl Tls {
    /// Reads a certificate with its chain, and its key, from PEM files. The key's may be read by its owner alone.
    ///
    /// # Errors
    /// A sentence: what is wrong with which file.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let facts =
            std::fs::metadata(key).map_err(|error| format!("{}: {error}", key.display()))?;
        if facts.mode() & 0o077 != 0 {
            let mode = facts.mode() & 0o7777;
            return Err(format!(
                "{}: mode {mode:04o}, so others may read the key; chmod 600 it",
                key.display()
            ));
        }
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain: Vec<CertificateDer<'static>> =
            chain.map_err(|error| format!("{}: {error}", certificate.display()))?;
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("{}: {error}", key.display()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
        let config = config.map_err(|error| format!("{}: {error}", certificate.display()))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
