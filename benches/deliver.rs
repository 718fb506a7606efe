//! Delivering N different digests from the store to a mail server. `bash benches/delivery.sh` runs it beside others.
//!
//! Prints wall and CPU time of the deliver pass alone (not of preparing the store), the length of a message, and the
//! peak of memory. Without a port it only prints what the parts cost.

use std::{env, fs, sync::Arc, time::Instant};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use nhacviec::{
    clock::ManualClock,
    config::{self, Config, Folders, example},
    domain::{
        deadline::Due,
        decide::Decision,
        directory::{ChannelKind, Route},
        notification::{Audience, Batch, Item, Notification, NotificationKey, Reason, TaskRow},
    },
    message,
    passes::{self, App},
    store::{self, Outcome, Store},
};
use tokio_util::sync::CancellationToken;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let number = |name: &str, usual: u64| env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual);
    let (port, messages) = (number("PORT", 0), number("MESSAGES", 5000));
    // As the daemon: one thread for the passes, one for the store.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), port);
    let now = now(&config);
    if port == 0 {
        runtime.block_on(parts(&config, messages, now));
        return;
    }
    let store = store::open(&config.store_path).expect("a new store");
    runtime.block_on(fill(&*store, &config, messages, now));
    let app = App::new(&config, Arc::clone(&store));
    let clock = ManualClock::new(now);
    let (cpu, start) = (cpu_seconds(), Instant::now());
    let delivered = runtime.block_on(passes::deliver(&app, &clock, &CancellationToken::new(), || {}));
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let delivered = delivered.expect("the store works");
    assert_eq!(u64::from(delivered.sent), messages, "{delivered:?}");
    println!("{wall:.2} {cpu:.2} {}", peak_kib());
}

/// What one message costs in each part, in microseconds of wall time.
async fn parts(config: &Config, messages: u64, now: DateTime<Utc>) {
    let store = store::open(&config.store_path).expect("a new store");
    fill(&*store, config, messages, now).await;
    let mut batches: Vec<Batch> = Vec::new();
    let start = Instant::now();
    while let Some(batch) = store.claim(now, Duration::minutes(15), None).await.expect("works") {
        batches.push(batch);
    }
    print("claim, a commit each", start, messages);
    let start = Instant::now();
    let rendered: Vec<_> =
        batches.iter().map(|batch| message::render(batch, &config.office, &config.letterhead, now).0).collect();
    print("render", start, messages);
    let sample = &rendered[0];
    println!("text {} bytes, html {} bytes", sample.text.len(), sample.html.len());
    let start = Instant::now();
    for batch in &batches {
        store.finish(batch.id, Outcome::Sent, now).await.expect("works");
    }
    print("finish, a commit each", start, messages);
}

fn print(what: &str, start: Instant, messages: u64) {
    println!("{what}: {:.0} µs", (start.elapsed() / u32::try_from(messages).unwrap_or(u32::MAX)).as_secs_f64() * 1e6);
}

fn config(folder: &std::path::Path, port: u64) -> Config {
    let folders = Folders { config: folder.join("config"), state: folder.to_owned(), credentials: None };
    example::write_to(&folders.config).expect("writable");
    let path = folders.config.join("nhacviec.yaml");
    let text = fs::read_to_string(&path).expect("readable");
    let smtp = format!(
        "smtp: {{ host: 127.0.0.1, port: {}, security: plaintext, client_name: do.example, connections: 8 }}",
        port.max(1)
    );
    fs::write(&path, text.replace("maildir: thu-di", &smtp)).expect("writable");
    config::load(&folders).unwrap_or_else(|e| panic!("{}", e.one_line()))
}

fn now(config: &Config) -> DateTime<Utc> {
    config.office.hours.digest_moment(NaiveDate::from_ymd_opt(2023, 2, 14).expect("a date"))
}

/// A notification for each of so many people, each about a task of its own.
async fn fill(store: &dyn Store, config: &Config, messages: u64, now: DateTime<Utc>) {
    let day = |on: &str| on.parse().expect("a date");
    let due = Due::on(day("2023-02-20"), &config.office.calendar);
    let notify = (0..messages).map(|n| {
        let row = TaskRow {
            plan: "Kế hoạch kiểm soát thủ tục hành chính năm 2023".into(),
            task: format!("II.{n}").into(),
            content: format!("Báo cáo kết quả kiểm soát thủ tục hành chính số {n}").into(),
            product: "Báo cáo".into(),
            phrase: "Trước ngày 21/02/2023".into(),
            period: "2023".into(),
            unit: "Văn phòng Sở".into(),
            coordinating: vec!["Các phòng, đơn vị thuộc Sở".into()],
            document: None,
            reference: None,
        };
        Notification {
            key: NotificationKey {
                subject: format!("task:kh/II.{n}:2023:van-phong").as_str().into(),
                revision_on: due.last_on,
                offset: 1,
                audience: Audience::Following,
                recipient: format!("nguoi-{n}").as_str().into(),
                resumed_on: None,
            },
            reason: Reason::Upcoming,
            item: Item::Task { row: row.into(), due },
            advice: None,
            routes: [Route { channel: ChannelKind::Email, address: format!("nguoi-{n}@so.example") }].into(),
            on_behalf_of: None,
            not_before: now,
            merged_into: None,
        }
    });
    let decision = Decision { notify: notify.collect(), ..Decision::default() };
    store.apply(decision, Vec::new(), now).await.expect("the store works");
}

/// CPU seconds of this process, in its own code and in the kernel.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name in brackets").1.split_whitespace().collect();
    let ticks = |i: usize| fields[i].parse::<f64>().expect("a number");
    // Fields 14 and 15 of proc(5), of which two are cut off above; 100 ticks a second on every Linux we know.
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
