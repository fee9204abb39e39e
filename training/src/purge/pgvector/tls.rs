//! TLS to a PostgreSQL. Owns how much of the server's certificate is looked at, which rustls leaves open only to those who say
//! so, and the sentences for what is wrong with it; what a connection asks for is `connection`'s.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What of a server's certificate must be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing, unless authorities are named: as `require` of libpq.
    Nothing,
    /// That an authority made it.
    Chain,
    /// And that it was made for that host.
    ChainAndName,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Of those whom this machine believes.
    System,
    /// Of those whose own are in a PEM file.
    File(PathBuf),
}

impl Roots {
    fn load(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        match self {
            Self::System => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if store.is_empty() {
                    return Err("sslrootcert=system: this machine has no certificates of authorities; install them (ca-certificates), or name a file".into());
                }
            }
            Self::File(path) => {
                let bad = |why: &str| {
                    format!(
                        "sslrootcert {}: {why}; name a PEM file with the certificate of the server's authority",
                        path.display()
                    )
                };
                for certificate in
                    CertificateDer::pem_file_iter(path).map_err(|error| bad(&error.to_string()))?
                {
                    let certificate = certificate.map_err(|error| bad(&error.to_string()))?;
                    store.add(certificate).map_err(|error| bad(&error.to_string()))?;
                }
                if store.is_empty() {
                    return Err(bad("there is no certificate in it"));
                }
            }
        }
        Ok(store)
    }
}

/// What the driver asks for TLS.
pub(super) fn connector(check: Check, roots: Option<&Roots>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let roots = roots.map(Roots::load).transpose()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = match (check, roots) {
        (Check::ChainAndName, roots) => {
            builder.with_root_certificates(roots.unwrap_or(RootCertStore::empty()))
        }
        (Check::Nothing | Check::Chain, roots) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Nameless { provider, roots }))
        }
    }
    .with_no_client_auth();
    // Servers from version 17 on ask for it where TLS begins without a word before (`sslnegotiation=direct`).
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// Looks at no name; without authorities at nothing but that the server has the key of its certificate.
#[derive(Debug)]
struct Nameless {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The names alone, without what kind each is, in which rustls wraps them.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    presented.iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// What is wrong with a server's TLS, and what to do.
pub(super) fn refused(error: &Error, roots: Option<&Roots>) -> String {
    let Error::InvalidCertificate(why) = error else {
        return format!("can't be spoken to over TLS: {error}");
    };
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let place = match roots {
                Some(Roots::File(path)) => format!("in {}", path.display()),
                Some(Roots::System) | None => "that this machine trusts".into(),
            };
            format!("is not trusted: no authority {place} made its certificate; name the file of the right one as sslrootcert")
        }
        CertificateError::NotValidForName => {
            "is not trusted: its certificate is for another host; connect by the name that is in it".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let host = expected.to_str();
            if presented.is_empty() {
                format!("is not trusted: its certificate names no host as subjectAltName, so not {host} either; make one that does, or write sslmode=verify-ca if any server of that authority will do")
            } else {
                format!("is not trusted: its certificate is not for {host} but for {}; connect by that name, or write sslmode=verify-ca if any server of that authority will do", names(presented))
            }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "is not trusted: its certificate has expired; renew it there".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not trusted: its certificate holds from a later time on; look at the clocks of both machines".into()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "is not trusted: its certificate is that of an authority and not of a server; make one with basicConstraints=CA:FALSE".into()
        }
        other => format!("is not trusted: its certificate can't be checked ({other})"),
    }
}
