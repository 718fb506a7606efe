//! Whom the client believes on the way to a system, whom it shows itself to, and whom it goes through.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    desk::{Desk, assert_is_for_people, now},
    kit::{Certificate, FakeDossier, OpenCps, TlsFront},
    world::Kind,
};

async fn server() -> OpenCps {
    let server = OpenCps::start(now()).await;
    server.set_rows(FakeDossier::several(5, "2025-06-17 17:00:00"));
    server
}

/// An office that has the authority's certificate and one of its own at hand, and uses what its lines say.
fn office(front: &TlsFront, lines: &[&str]) -> Desk {
    let files =
        [("secrets/mat-khau", OpenCps::PASSWORD), ("secrets/may-nay", front.client_pem()), ("ca.crt", front.ca_pem())];
    Desk::open(&files, &Kind::OpenCps.source(&front.base_url(), lines))
}

#[tokio::test]
async fn a_private_authority_is_believed_where_the_administrator_says_so() {
    let server = server().await;
    let front = TlsFront::start(&server, Certificate::Right).await;
    let sentence = office(&front, &[]).read_badly("2025-06-18 09:00").await;
    assert_is_for_people(&sentence);
    assert!(sentence.contains("không kết nối được") && sentence.contains("chứng chỉ"), "{sentence}");
    assert_eq!(server.requests(), [], "no account is shown to a stranger");
    assert_eq!(office(&front, &["ca_file: ca.crt"]).read_well("2025-06-18 09:00").await.new, 5);
}

#[tokio::test]
async fn a_certificate_for_another_host_or_of_the_past_is_not_believed() {
    let server = server().await;
    for shown in [Certificate::OtherHost, Certificate::Expired] {
        let front = TlsFront::start(&server, shown).await;
        let sentence = office(&front, &["ca_file: ca.crt"]).read_badly("2025-06-18 09:00").await;
        assert!(sentence.contains("không kết nối được") && sentence.contains("chứng chỉ"), "{shown:?}: {sentence}");
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn a_system_for_known_machines_is_shown_this_machine_s_certificate() {
    let server = server().await;
    let front = TlsFront::start_for_known_clients(&server).await;
    let sentence = office(&front, &["ca_file: ca.crt"]).read_badly("2025-06-18 09:00").await;
    assert_is_for_people(&sentence);
    assert_eq!(server.requests(), []);
    let lines = ["ca_file: ca.crt", "client_certificate_file: may-nay"];
    assert_eq!(office(&front, &lines).read_well("2025-06-18 09:00").await.new, 5);
}

#[tokio::test]
async fn a_certificate_without_its_key_is_named_and_keeps_nothing_else_from_working() {
    let server = server().await;
    let front = TlsFront::start_for_known_clients(&server).await;
    let mut desk = office(&front, &["ca_file: ca.crt", "client_certificate_file: may-nay"]);
    desk.folder.write("secrets/may-nay", front.ca_pem());
    desk.reload("2025-06-18 08:00").await;
    let sentence = desk.read_badly("2025-06-18 09:00").await;
    assert!(sentence.contains("tệp «may-nay» không có đủ chứng chỉ và khóa riêng dạng PEM"), "{sentence}");
}

/// A proxy that hands everything to one server and notes how it was asked.
async fn proxy(server_port: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
    let port = listener.local_addr().expect("bound").port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut first = vec![0; 4096];
            let length = client.read(&mut first).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&first[..length]).into_owned();
            let line = head.lines().next().unwrap_or_default().to_owned();
            let is_tunnel = line.starts_with("CONNECT ");
            notes.lock().expect("no panic under the lock").push(line);
            let mut server = TcpStream::connect(("127.0.0.1", server_port)).await.expect("the server listens");
            let begun = if is_tunnel {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await
            } else {
                server.write_all(&first[..length]).await
            };
            begun.expect("the other side reads");
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn every_request_goes_through_the_proxy_that_is_set() {
    let server = server().await;
    let (port, asked) = proxy(server.port()).await;
    // Only the proxy knows where this is.
    let url = "http://motcua.example.invalid";
    let line = format!("proxy: \"http://127.0.0.1:{port}\"");
    let desk = Desk::open(&[("secrets/mat-khau", OpenCps::PASSWORD)], &Kind::OpenCps.source(url, &[&line]));
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5);
    let first = asked.lock().expect("no panic under the lock")[0].clone();
    assert!(first.starts_with("GET http://motcua.example.invalid/o/rest/v2/dossiers?"), "{first}");
}

#[tokio::test]
async fn through_a_proxy_https_is_a_tunnel_that_the_proxy_can_not_look_into() {
    let server = server().await;
    let front = TlsFront::start(&server, Certificate::Right).await;
    let front_port = front.base_url().rsplit(':').next().and_then(|p| p.parse().ok()).expect("a port");
    let (port, asked) = proxy(front_port).await;
    let desk = office(&front, &["ca_file: ca.crt", &format!("proxy: \"http://127.0.0.1:{port}\"")]);
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5);
    let asked = asked.lock().expect("no panic under the lock").clone();
    assert!(asked.iter().all(|line| line.starts_with("CONNECT 127.0.0.1:")), "{asked:?}");
}
