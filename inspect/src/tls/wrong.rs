//! Why TLS does not come about, in words.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

fn of_tls(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What is said where the other side answers something that is no TLS; `None` where that is not what is wrong.
pub(crate) fn none_there(error: &io::Error) -> Option<&'static str> {
    matches!(of_tls(error)?, Error::InvalidMessage(_))
        .then_some("what it answers is not TLS: is it http:// there?")
}

/// Why a certificate is not believed, and what would help: `authority` says how one is named. `None` where that is not
/// what is wrong.
pub(crate) fn not_believed(error: &io::Error, authority: &str) -> Option<String> {
    let Error::InvalidCertificate(why) = of_tls(error)? else { return None };
    Some(match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate is over, by this host's clock".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, by this host's clock".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name than this".to_owned()
        }
        CertificateError::UnknownIssuer | CertificateError::Other(_) => {
            format!("nobody who is believed here certified it; {authority} names who did")
        }
        other => format!("its certificate is not believed: {other}"),
    })
}
