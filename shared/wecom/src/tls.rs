//! TLS 1.2 and 1.3 on ring. The provider is passed explicitly, so that no process-wide default of rustls is used.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Mozilla's roots, compiled in.
pub(crate) fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

/// TLS configuration of this crate, for other calls to public servers: Mozilla's roots, TLS 1.2 and 1.3, HTTP/1.1.
///
/// # Errors
/// When the provider lacks one of these versions; ring has both.
pub fn public_tls() -> Result<ClientConfig, rustls::Error> {
    config(public_roots())
}

/// TLS configuration that trusts `roots` and offers HTTP/1.1, which WeCom's API speaks.
pub(crate) fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Duration};

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::{
        ServerConfig, SupportedProtocolVersion,
        pki_types::{CertificateDer, PrivateKeyDer},
        version::{TLS12, TLS13},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;
    use url::Url;

    use super::*;
    use crate::{Client, Error};

    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"access_token\":\"tok_1\",\"expires_in\":7200}";

    /// A TLS server with a certificate of its own making, for `localhost`.
    async fn server(version: &'static SupportedProtocolVersion) -> (SocketAddr, CertificateDer<'static>) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = [0; 4096];
                assert_ne!(stream.read(&mut request).await.unwrap(), 0);
                stream.write_all(ANSWER).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        (address, certificate)
    }

    async fn ask(host: &str, address: SocketAddr, roots: RootCertStore) -> Result<(), Error> {
        let url = format!("https://{host}:{}", address.port());
        let mut config = crate::ClientConfig::new(Url::parse(&url).unwrap());
        config.backoff = Duration::ZERO;
        let client = Client::trusting(roots, config).unwrap();
        client.access_token("ww1", &"s_1".into()).await.map(drop)
    }

    fn trusting(certificate: CertificateDer<'static>) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        roots
    }

    #[tokio::test]
    async fn speaks_tls_1_2_and_1_3_with_a_server_that_it_trusts() {
        for version in [&TLS12, &TLS13] {
            let (address, certificate) = server(version).await;
            let asked = ask("localhost", address, trusting(certificate)).await;
            assert_eq!(asked, Ok(()), "{version:?}");
        }
    }

    #[tokio::test]
    async fn refuses_a_self_signed_server() {
        let (address, _) = server(&TLS13).await;
        let asked = ask("localhost", address, public_roots()).await;
        assert_eq!(asked, Err(Error::Unreachable));
    }

    #[tokio::test]
    async fn refuses_a_server_of_another_name() {
        let (address, certificate) = server(&TLS13).await;
        let asked = ask("127.0.0.1", address, trusting(certificate)).await;
        assert_eq!(asked, Err(Error::Unreachable));
    }
}
