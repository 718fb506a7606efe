//! Polling and storing 20,000 open dossiers from loopback. `cargo bench --bench poll`

use std::{sync::Arc, time::Instant};

use axum::{Router, extract::Query, routing::get};
use nhacviec::{
    clock::{Clock as _, SystemClock},
    config::{self, Folders, example},
    passes::{self, App},
    secret::SecretFile,
    store,
};
use serde::Deserialize;

const DOSSIERS: usize = 20_000;

#[derive(Deserialize)]
struct Window {
    start: usize,
    end: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders { config: folder.path().join("config"), state: folder.path().to_owned(), credentials: None };
    example::write_to(&folders.config).expect("writable");
    std::fs::write(folder.path().join("secret"), "x").expect("writable");
    let mut config = config::load(&folders).unwrap_or_else(|e| panic!("{e}"));
    let nhacviec::source::Way::Http(http) = &mut config.sources[0].way else { unreachable!() };
    http.url = url.parse().expect("a URL");
    http.pause = Some(std::time::Duration::ZERO);
    http.password = Some(SecretFile::at(folder.path().join("secret")));
    let store = store::open(&config.store_path).expect("a new store");
    let app = App::new(&config, Arc::clone(&store));
    let mut now = SystemClock.now();
    for what in ["first poll, all new", "second poll, nothing changed", "third poll"] {
        let start = Instant::now();
        let polled = passes::poll(&app, now, || {}).await.expect("the store works");
        println!("{what}: {:.2} s ({:?})", start.elapsed().as_secs_f64(), polled[0].result);
        now += chrono::Duration::hours(1);
    }
}

/// A server whose pages are made beforehand, so that it costs next to nothing itself.
async fn serve() -> String {
    let rows: Arc<Vec<String>> = Arc::new((0..DOSSIERS).map(row).collect());
    let answer = move |Query(window): Query<Window>| {
        let rows = Arc::clone(&rows);
        async move {
            let page = rows[window.start.min(rows.len())..window.end.min(rows.len())].join(",");
            format!("{{\"total\":{},\"data\":[{page}]}}", rows.len())
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/o/rest/v2/dossiers", listener.local_addr().expect("bound"));
    let router = Router::new().route("/o/rest/v2/dossiers", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A row with the keys that real rows carry beside those we read.
fn row(i: usize) -> String {
    format!(
        r#"{{"dossierIdCTN":"26A{i:05}","dossierId":{i},"groupId":35166,"createDate":"03/06/2025 08:14:09","modifiedDate":"12/06/2025 16:40:51",
"referenceUid":"5d0f3c2e-8a41-4d6b-9b0e-{i:012}","counter":1,"serviceCode":"SCT-XNK-07","serviceName":"Cấp Giấy phép bán buôn rượu trên địa bàn tỉnh",
"govAgencyCode":"SCT","govAgencyName":"Sở Công Thương","applicantName":"CÔNG TY TNHH VÍ DỤ A","applicantIdNo":2400999001,"address":"Số 1 đường Ví Dụ",
"contactTelNo":"0900000001","dossierNo":"SCT.250603.{i:05}","submitting":false,"receiveDate":"03/06/2025 09:00:00","dueDate":"17/06/2027 17:00:00",
"releaseDate":"","finishDate":"","dossierStatus":"processing","dossierStatusText":"Đang xử lý","lastActionUser":"TRẦN THỊ MẪU","stepCode":210,
"stepName":"Chuyên viên thụ lý","hasPassword":"x","lockState":"","durationCount":10,"domainCode":"XNK","domainName":"Lưu thông hàng hóa","extendDate":"",
"metaData":"","lock":"Yêu cầu bổ sung trong hạn 3 ngày","systemId":0}}"#
    )
}
