//! A TLS proxy in front of the embedded stores, as AWS has TLS in front of its endpoints. The certificate authority is generated for
//! one run.

use std::{net::Ipv4Addr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// A TLS listener that forwards everything.
pub(crate) struct TlsFront {
    pub(crate) endpoint_url: String,
    /// Certificate of the authority, in PEM.
    pub(crate) authority: String,
    server: JoinHandle<()>,
}

impl TlsFront {
    /// Starts listening, and forwards to `endpoint_url`, which is an `http` URL.
    pub(crate) async fn start(endpoint_url: &str) -> Result<Self, Error> {
        let address = endpoint_url.trim_start_matches("http://").to_owned();
        let (authority, config) = certified()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint_url = format!("https://localhost:{}", listener.local_addr()?.port());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(hand_on(acceptor.clone(), client, address.clone()));
            }
        });
        Ok(Self {
            endpoint_url,
            authority,
            server,
        })
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hand_on(acceptor: TlsAcceptor, client: TcpStream, address: String) {
    let _ = client.set_nodelay(true);
    if let Ok(mut client) = acceptor.accept(client).await
        && let Ok(mut server) = TcpStream::connect(address).await
    {
        let _ = server.set_nodelay(true);
        // Connections end as they like: their processes are killed.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// A new authority's certificate, and a server configuration with a certificate that it signed.
fn certified() -> Result<(String, ServerConfig), Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    // A process that starts has no ticket of a session before.
    config.send_tls13_tickets = 0;
    Ok((authority.pem(), config))
}
