//! TLS on the asking side: whom it believes.

mod pinned;
mod wrong;

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use pinned::Pinned;
pub(crate) use wrong::{none_there, not_believed};

/// Where systems keep the certificates of their authorities, all in one file.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Speaks TLS with whoever is certified by one of the authorities.
///
/// # Errors
/// A file that was named cannot be read or has none, in words.
pub(crate) fn client(file: Option<&Path>) -> Result<ClientConfig, String> {
    let named =
        file.map(Path::to_owned).or_else(|| std::env::var_os("SSL_CERT_FILE").map(Into::into));
    let mut roots = RootCertStore::empty();
    let mut pinned = Vec::new();
    match named {
        Some(path) => {
            let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let all = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect);
            let all: Vec<CertificateDer<'static>> = all.map_err(|error| wrong(&error))?;
            for one in &all {
                roots.add(one.clone()).map_err(|error| wrong(&error))?;
            }
            pinned = all;
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
    if pinned.is_empty() {
        return Ok(config.with_root_certificates(roots).with_no_client_auth());
    }
    let verifier = Arc::new(Pinned::new(roots, pinned)?);
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}
