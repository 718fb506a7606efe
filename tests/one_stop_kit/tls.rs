//! HTTPS in front of any of the servers, with a private authority that no system trusts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::{server::FakeServer, visit::System};

/// What the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    /// Good for this host, by name and by address.
    Right,
    /// From the same authority, but for another host.
    OtherHost,
    /// For this host, but in the past.
    Expired,
}

/// Takes HTTPS and hands it on to a server of the kit; it ends with the runtime.
#[derive(Debug)]
pub struct TlsFront {
    port: u16,
    ca: String,
    client: String,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

impl TlsFront {
    pub async fn start<S: System>(server: &FakeServer<S>, shown: Certificate) -> Self {
        Self::open(server.port(), shown, false).await
    }

    /// Talks only to clients that show a certificate of the authority.
    pub async fn start_for_known_clients<S: System>(server: &FakeServer<S>) -> Self {
        Self::open(server.port(), Certificate::Right, true).await
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The authority, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// Certificate and key of a client that the authority knows, PEM.
    pub fn client_pem(&self) -> &str {
        &self.client
    }

    async fn open(behind: u16, shown: Certificate, knows_clients: bool) -> Self {
        let authority = authority();
        let config = server_config(&authority, shown, knows_clients);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, behind));
        tokio::spawn(take_all(listener, TlsAcceptor::from(Arc::new(config)), behind));
        let (certificate, key) = issue(&authority, "client", ExtendedKeyUsagePurpose::ClientAuth, shown);
        Self { port, ca: authority.pem(), client: certificate.pem() + &key.serialize_pem() }
    }
}

async fn take_all(listener: TcpListener, acceptor: TlsAcceptor, behind: SocketAddr) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate, or has none to show, ends here.
            let Ok(mut outside) = acceptor.accept(stream).await else { return };
            let Ok(mut inside) = TcpStream::connect(behind).await else { return };
            // A connection that was cut on one side is cut on the other by the end of both.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names, no wrong names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, new_key()).expect("a new key signs")
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the machine has random numbers")
}

fn issue(
    authority: &Authority,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
    shown: Certificate,
) -> (rcgen::Certificate, KeyPair) {
    let names = match shown {
        Certificate::Right | Certificate::Expired => vec![name.to_owned(), "127.0.0.1".to_owned()],
        Certificate::OtherHost => vec!["motcua.elsewhere.test".to_owned()],
    };
    let mut params = CertificateParams::new(names).expect("the names are plain");
    params.extended_key_usages = vec![usage];
    if shown == Certificate::Expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = new_key();
    (params.signed_by(&key, authority).expect("the authority signs"), key)
}

fn server_config(authority: &Authority, shown: Certificate, knows_clients: bool) -> ServerConfig {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let (certificate, key) = issue(authority, "localhost", ExtendedKeyUsagePurpose::ServerAuth, shown);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().expect("ring knows the versions");
    let builder = if knows_clients {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).expect("the authority is a proper certificate");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        builder.with_client_cert_verifier(verifier.expect("there is an authority"))
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    builder.with_single_cert(vec![certificate.der().clone()], key).expect("key and certificate belong together")
}
