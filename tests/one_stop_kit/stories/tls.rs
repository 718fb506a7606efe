//! HTTPS in front of a server: who trusts whom.

use super::{
    client::now,
    kit::{Certificate, Petitions, TlsFront},
};

/// A client that trusts the authority and shows what it has.
fn client(front: &TlsFront, identity: Option<&str>) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ca = reqwest::Certificate::from_pem(front.ca_pem().as_bytes()).expect("PEM");
    let builder = reqwest::Client::builder().no_proxy().tls_certs_merge([ca]);
    let identity = identity.map(|pem| reqwest::Identity::from_pem(pem.as_bytes()).expect("PEM"));
    identity.into_iter().fold(builder, reqwest::ClientBuilder::identity).build().expect("a client")
}

async fn succeeds(client: &reqwest::Client, front: &TlsFront) -> bool {
    client.get(front.base_url() + Petitions::PATH).send().await.is_ok_and(|response| response.status() == 200)
}

#[tokio::test]
async fn only_the_right_certificate_of_a_trusted_authority_will_do() {
    let server = Petitions::start(now()).await;
    let right = TlsFront::start(&server, Certificate::Right).await;
    assert!(succeeds(&client(&right, None), &right).await);
    assert_eq!(server.take_requests().len(), 1, "it reached the server behind");
    let stranger = TlsFront::start(&server, Certificate::Right).await;
    assert!(!succeeds(&client(&right, None), &stranger).await, "each front has its own authority");
    for shown in [Certificate::OtherHost, Certificate::Expired] {
        let front = TlsFront::start(&server, shown).await;
        assert!(!succeeds(&client(&front, None), &front).await, "{shown:?}");
    }
    assert_eq!(server.requests(), [], "nothing is said before the certificate is believed");
}

#[tokio::test]
async fn a_server_may_talk_to_known_clients_only() {
    let server = Petitions::start(now()).await;
    let front = TlsFront::start_for_known_clients(&server).await;
    assert!(!succeeds(&client(&front, None), &front).await);
    assert!(succeeds(&client(&front, Some(front.client_pem())), &front).await);
    assert_eq!(server.requests().len(), 1);
}
