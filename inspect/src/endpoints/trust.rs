//! Whom this side believes, and what it says of itself: certificates of authorities, and the token.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;

use crate::tls::client;
use crate::token::Token;

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

fn connector(file: Option<&Path>) -> Result<TlsConnector, String> {
    Ok(TlsConnector::from(Arc::new(client(file)?)))
}
