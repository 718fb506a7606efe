//! A one-stop server that answers what the test puts up, over real HTTP.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

pub const USER: &str = "thu";
pub const PASSWORD: &str = "mat-khau";

/// What the next requests get.
#[derive(Clone)]
pub enum Answer {
    /// These dossiers, paged as OpenCPS does.
    Dossiers(Vec<serde_json::Value>),
    /// A raw HTTP response.
    Raw(String),
    /// This many pages as usual, then the raw response.
    PagesThenRaw(Vec<serde_json::Value>, usize, String),
    /// Nothing, until the client gives up.
    Silence,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub target: String,
    pub head: String,
}

#[derive(Clone)]
pub struct FakeOneStop {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeOneStop {
    pub fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let fake = Self { port, answer: Arc::new(Mutex::new(answer)), requests: Arc::default() };
        let shared = fake.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || shared.serve(stream));
            }
        });
        fake
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/o/rest/v2/dossiers", self.port)
    }

    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().expect("no panic under the lock") = answer;
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic under the lock").clone()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut stream = stream;
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                match reader.read_line(&mut head) {
                    Ok(n) if n > 0 => {}
                    _ => return,
                }
            }
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            self.requests.lock().expect("no panic under the lock").push(Request { target: target.clone(), head });
            let answer = self.answer.lock().expect("no panic under the lock").clone();
            let response = match answer {
                Answer::Dossiers(rows) => page(&rows, &target),
                Answer::PagesThenRaw(rows, pages, raw) => {
                    if parameter(&target, "start") / 3 < pages {
                        page(&rows, &target)
                    } else {
                        raw
                    }
                }
                Answer::Raw(raw) => raw,
                Answer::Silence => {
                    let _ = stream.read(&mut [0; 1]);
                    return;
                }
            };
            if stream.write_all(response.as_bytes()).is_err() || response.contains("Connection: close") {
                return;
            }
        }
    }
}

fn parameter(target: &str, name: &str) -> usize {
    let value = target.split(['?', '&']).find_map(|p| p.strip_prefix(&format!("{name}=")));
    value.and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn page(rows: &[serde_json::Value], target: &str) -> String {
    let end = parameter(target, "end").min(rows.len());
    let page = &rows[parameter(target, "start").min(end)..end];
    let body = match page {
        [] => serde_json::json!({ "total": rows.len() }),
        [one] => serde_json::json!({ "total": rows.len(), "data": one }),
        several => serde_json::json!({ "total": rows.len(), "data": several }),
    };
    http("200 OK", "application/json", &body.to_string())
}

/// A complete HTTP response.
pub fn http(status: &str, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A dossier in the hands of Phòng A, promised for the day at 17:00.
pub fn dossier(code: &str, due: &str) -> serde_json::Value {
    let due = chrono::NaiveDate::parse_from_str(due, "%Y-%m-%d").expect("a date");
    serde_json::json!({
        "dossierNo": code, "dossierIdCTN": 18_680_110, "serviceName": "Cấp phép hoạt động điện lực", "domainName": "Điện",
        "applicantName": "NGUYỄN VĂN BÍ MẬT", "hasPassword": "khoa-bi-mat", "dossierStatus": "processing", "lockState": "",
        "receiveDate": "03/01/2023 09:00:00", "dueDate": due.format("%d/%m/%Y 17:00:00").to_string(), "releaseDate": "",
    })
}
