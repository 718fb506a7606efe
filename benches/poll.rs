//! Polling a long list of dossiers from loopback into the store. `bash benches/poll.sh` compares it with scripts.
//!
//! Without arguments: 20,000 dossiers in one process. Otherwise, each in a process of its own:
//! `serve N ROUND` answers until its input ends, `poll URL STATE` reads the list once, `write N ROUND FILE` makes one
//! file of it.

use std::{
    env, fs,
    io::{BufWriter, Read as _, Write as _, stdin},
    path::Path,
    sync::Arc,
    time::Instant,
};

use axum::{Router, extract::Query, routing::get};
use nhacviec::{
    clock::{Clock as _, SystemClock},
    config::{self, Folders, example},
    passes::{self, App},
    secret::SecretFile,
    source::Way,
    store,
};
use serde::Deserialize;

/// How the rows of this list read.
const PROFILE: &str = "title: Thử
path: /dossiers
headers: { Accept: application/json }
query: { start: \"{start}\", end: \"{end}\" }
auth: { kind: none }
paging: { kind: offset, size: 1000, pause_milliseconds: 0 }
answer: { rows: /data, total: /total }
fields:
  code: /code
  id: /id
  procedure_code: /procedure
  procedure: /title
  field: /field
  unit: /unit
  handler: /officer
  applicant: /applicant
  received_at: /received_at
  due_at: /due_at
  status: /status
  paid_online: { at: /paid, in: [\"true\"] }
statuses: { dang_xu_ly: open, cho_bo_sung: paused, qua_han: open, hoan_thanh: finished }
";

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Window {
    start: usize,
    end: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo bench` adds a word of its own.
    let words: Vec<String> = env::args().skip(1).filter(|a| a != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", count, round] => {
            println!("{}", serve(number(count), number(round)).await);
            tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()))
                .await
                .expect("ends")
                .expect("readable");
        }
        ["poll", url, state] => poll(url, Path::new(state)).await,
        ["write", count, round, file] => write(number(count), number(round), file),
        _ => {
            let folder = tempfile::tempdir().expect("a folder");
            for round in [1, 1, 2] {
                poll(&serve(20_000, round).await, folder.path()).await;
            }
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

async fn poll(url: &str, state: &Path) {
    let folders = Folders { config: state.join("config"), state: state.to_owned(), credentials: None };
    if !folders.config.exists() {
        example::write_to(&folders.config).expect("writable");
        fs::create_dir(folders.config.join("profiles")).expect("writable");
        fs::write(folders.config.join("profiles/thu.yaml"), PROFILE).expect("writable");
        fs::write(state.join("secret"), "x").expect("writable");
        let main = folders.config.join("nhacviec.yaml");
        let text = fs::read_to_string(&main).expect("written above");
        let text = text.replace("profile: opencps-v2", "profile: thu").replace("parameters: { group_id: 35166 }", "");
        fs::write(&main, text).expect("writable");
    }
    let mut config = config::load(&folders).unwrap_or_else(|e| panic!("{}", e.one_line()));
    let Way::Http(http) = &mut config.sources[0].way else { unreachable!("the example reads over HTTP") };
    http.url = url.parse().expect("a URL");
    http.query.clear();
    http.password = Some(SecretFile::at(state.join("secret")));
    let store = store::open(&config.store_path).expect("a store");
    let app = App::new(&config, Arc::clone(&store));
    let now = SystemClock.now();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let polled = passes::poll_one(&app, app.sources[0].as_ref(), now, &|| {}).await.expect("the store works");
    println!(
        "nhacviec: {:.1} CPU-s, {:.1} s, peak {} MiB, {:?}",
        cpu_seconds() - cpu,
        start.elapsed().as_secs_f64(),
        peak_mib(),
        polled.result
    );
}

/// User and system time of this process (proc(5), fields 14 and 15, a hundredth of a second each).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = stat.rsplit(") ").next().expect("a name in brackets");
    let ticks: u32 = after.split(' ').skip(11).take(2).map(|t| t.parse::<u32>().expect("a number")).sum();
    f64::from(ticks) / 100.0
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

/// A server whose rows are made beforehand, so that it costs next to nothing itself.
async fn serve(count: usize, round: usize) -> String {
    let rows: Arc<Vec<String>> = Arc::new(list(count, round).collect());
    let answer = move |Query(window): Query<Window>| {
        let rows = Arc::clone(&rows);
        async move {
            let page = rows[window.start.min(rows.len())..window.end.min(rows.len())].join(",");
            format!("{{\"total\":{},\"data\":[{page}]}}", rows.len())
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/dossiers", listener.local_addr().expect("bound"));
    let router = Router::new().route("/dossiers", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn write(count: usize, round: usize, file: &str) {
    let mut out = BufWriter::new(fs::File::create(file).expect("writable"));
    for (i, row) in list(count, round).enumerate() {
        write!(out, "{}{row}", if i == 0 { "[" } else { "," }).expect("writable");
    }
    write!(out, "]").expect("writable");
}

/// In the second round 0.4 % have a new status, 0.3 % a new appointment, 0.2 % are gone and 0.2 % are new.
fn list(count: usize, round: usize) -> impl Iterator<Item = String> {
    let fresh = if round == 1 { 0 } else { count / 500 };
    (0..count + fresh).filter_map(move |i| {
        let mut status = ["dang_xu_ly", "cho_bo_sung", "qua_han"][i * 7 % 3];
        let mut due = format!("20{}-{:02}-{:02}", 27 + i % 3, 1 + i % 12, 1 + i * 11 % 28);
        if round == 2 && i < count {
            match i * 7919 % 1000 {
                0..4 => status = "hoan_thanh",
                4..7 => "2030-12-31".clone_into(&mut due),
                7..9 => return None,
                _ => {}
            }
        }
        Some(row(i, status, &due))
    })
}

/// Twenty fields, as many of them wanted as a real system has, some 480 bytes.
fn row(i: usize, status: &str, due: &str) -> String {
    let units =
        ["Phòng Tư pháp", "Phòng Tài chính", "Phòng Nội vụ", "UBND phường 3", "Phòng Tài nguyên", "Văn phòng một cửa"];
    format!(
        r#"{{"id":{i},"code":"HS-2026-{i:07}","title":"Hồ sơ cấp phép xây dựng {i}","applicant":"Nguyễn Văn {}","phone":"09{:08}","unit":"{}","unit_id":{},"officer":"cb{:03}","officer_email":"cb{:03}@office.test","field":"xd","procedure":"1.00{:04}","received_at":"2026-{:02}-{:02}T08:{:02}:00+07:00","due_at":"{due}T17:00:00+07:00","status":"{status}","step":{},"priority":{},"fee":{},"paid":{},"days_late":{},"updated_at":"2026-10-{:02}T10:00:00+07:00"}}"#,
        i % 9973,
        i * 7919 % 100_000_000,
        units[i % 6],
        i % 6,
        i % 311,
        i % 311,
        i % 800,
        1 + i % 10,
        1 + i % 28,
        i % 60,
        1 + i % 8,
        i % 4,
        i % 500 * 1000,
        i % 10 < 7,
        i % 40,
        1 + i % 28
    )
}
