//! The idle daemon: time to READY, resident memory, wake-ups a second. `cargo bench --bench idle`

use std::{
    fs,
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nhacviec::config::example;

const STARTS: usize = 7;
const WATCHED: Duration = Duration::from_secs(30);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, state) = (folder.path().join("config"), folder.path().join("state"));
    example::write_to(&config).expect("writable");
    // Without a source there is nothing to poll: the daemon only keeps its plan and its ticks.
    let text = fs::read_to_string(config.join("nhacviec.yaml")).expect("readable");
    let (head, rest) = text.split_once("sources:").expect("the example has sources");
    let (_, policies) = rest.split_once("policies:").expect("the example has policies");
    fs::write(config.join("nhacviec.yaml"), format!("{head}policies:{policies}")).expect("writable");
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).expect("a socket");
    let mut ready = Vec::new();
    for start in 0..STARTS {
        let begun = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
        command.arg("run").arg("--config").arg(&config).arg("--state").arg(&state).env("NOTIFY_SOCKET", &path);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut buffer = [0; 1024];
        loop {
            let n = systemd.recv(&mut buffer).expect("a message");
            if String::from_utf8_lossy(&buffer[..n]).contains("READY=1") {
                break;
            }
        }
        ready.push(begun.elapsed().as_secs_f64() * 1000.0);
        if start + 1 == STARTS {
            watch(child.id());
        }
        child.kill().expect("ours");
        child.wait().expect("ended");
    }
    ready.sort_by(f64::total_cmp);
    println!(
        "ready after: min {:.0} ms, median {:.0} ms, max {:.0} ms",
        ready[0],
        ready[STARTS / 2],
        ready[STARTS - 1]
    );
}

fn watch(pid: u32) {
    thread::sleep(Duration::from_secs(5));
    let before = wakeups(pid);
    thread::sleep(WATCHED);
    let rate = f64::from(u32::try_from(wakeups(pid) - before).unwrap_or(u32::MAX)) / WATCHED.as_secs_f64();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    for key in ["VmRSS", "VmHWM", "RssAnon", "Threads"] {
        println!("{}", status.lines().find(|l| l.starts_with(key)).unwrap_or_default());
    }
    println!("wake-ups: {rate:.1} a second");
}

/// Voluntary context switches of all threads: each is a thread that had gone to sleep.
fn wakeups(pid: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process lives").flatten();
    let of_thread = |path: std::path::PathBuf| {
        let status = fs::read_to_string(path.join("status")).unwrap_or_default();
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("voluntary_ctxt_switches:"))
            .unwrap_or_default()
            .trim()
            .to_owned();
        line.parse::<u64>().unwrap_or(0)
    };
    tasks.map(|t| of_thread(t.path())).sum()
}
