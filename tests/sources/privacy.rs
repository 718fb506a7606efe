//! What must be kept nowhere: whose a dossier is, keys and numbers of people, and the account's secrets.

use std::{
    fmt, fs,
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::{
    desk::Desk,
    kit::{FakeDossier, Fault, RetryAfter, local},
    world::{Kind, World},
};

/// Everything that is logged by anybody, down to the last detail.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The one log of this process.
    fn capture() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
            tracing::subscriber::set_global_default(all.with_writer(log.clone()).finish()).expect("the only one");
            log
        })
        .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic under the lock")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic under the lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Words of the fakes' rows and logins, in lower case.
fn secrets() -> Vec<String> {
    let people = ["khoa-bi-mat", "2400999001", "024099900100", "0900000001", "a@example.invalid", "nguyễn văn thử"];
    let logins = ["access-1", "refresh-1", "2f0c-1"];
    let passwords = Kind::ALL.map(Kind::password);
    let all = people.into_iter().chain(logins).chain(passwords).filter(|word| !word.is_empty());
    all.map(str::to_owned).chain([FakeDossier::APPLICANT.to_lowercase()]).collect()
}

fn assert_tells_nothing(what: &dyn fmt::Display, text: &str) {
    let text = text.to_lowercase();
    for secret in secrets() {
        assert!(!text.contains(&secret), "{what} tells {secret:?}");
    }
}

/// Every file of the state folder: the store and what stands beside it.
fn stored(desk: &Desk) -> String {
    let files = fs::read_dir(desk.folder.state()).expect("a state folder").flatten();
    files.map(|file| String::from_utf8_lossy(&fs::read(file.path()).expect("readable")).into_owned()).collect()
}

#[tokio::test]
async fn neither_store_nor_log_nor_sentences_know_people_or_passwords_whatever_happens() {
    let log = Log::capture();
    for kind in Kind::ALL {
        let world = World::new(kind, FakeDossier::several(5, "2025-06-17 17:00:00")).await;
        world.desk.read("2025-06-18 00:00").await.expect("all is well");
        let busy = Fault::Busy { status: 500, retry_after: RetryAfter::Seconds(0) };
        let wrong = [Fault::Truncated, Fault::Maintenance, Fault::CutMidBody, busy];
        for (hour, fault) in wrong.into_iter().enumerate() {
            world.fake.fail_at("", fault);
            for polled in world.desk.poll(&format!("2025-06-18 {:02}:00", 2 * hour + 2)).await {
                assert_tells_nothing(&"a sentence", &polled.result.expect_err("it goes wrong"));
            }
            world.fake.recover();
        }
        let mut rows = FakeDossier::several(5, "2025-06-17 17:00:00");
        rows[1].resolved = Some(local("2025-06-18 10:00:00"));
        rows.remove(3);
        world.tell(rows);
        for hour in 20..24 {
            world.desk.read(&format!("2025-06-18 {hour}:00")).await.expect("all is well again");
        }
        assert_tells_nothing(&"the list of problems", &world.desk.problems().await.join("\n"));
        let store = stored(&world.desk);
        assert!(store.contains("HS-001") || store.contains("20250603"), "{kind:?}: it is the store");
        assert_tells_nothing(&format_args!("the store of {kind:?}"), &store);
    }
    let log = log.text();
    assert!(log.contains("polled the one-stop system"), "it is the log");
    assert_tells_nothing(&"the log", &log);
}

#[tokio::test]
async fn applicants_are_known_by_their_initials_or_where_the_office_wants_it_by_name_while_it_lasts() {
    let rows = || FakeDossier::several(5, "2025-06-17 17:00:00");
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Petitions) {
        let initials = if kind == Kind::OpenCps { "C. T. T. V. D. B. M." } else { "C. t. T. V. D. B. M." };
        let world = World::new(kind, rows()).await;
        world.read_well("2025-06-18 08:00").await;
        assert_eq!(world.desk.dossier("HS-001").await.applicant.as_deref(), Some(initials), "{kind:?}");

        let world = World::with(kind, rows(), &["applicant_names: true"]).await;
        world.read_well("2025-06-18 08:00").await;
        let name = world.desk.dossier("HS-001").await.applicant.expect("it is kept");
        assert_eq!(name.to_lowercase(), FakeDossier::APPLICANT.to_lowercase(), "{kind:?}");
        // One has a result, one is gone.
        let mut fewer = rows();
        fewer[1].resolved = Some(local("2025-06-18 10:00:00"));
        fewer.remove(3);
        world.tell(fewer);
        world.read_well("2025-06-18 09:00").await;
        world.read_well("2025-06-18 10:00").await;
        for ended in world.desk.tracked(false).await.into_iter().filter(|t| t.closed_at.is_some()) {
            assert_eq!(ended.dossier.applicant, None, "{kind:?}");
        }
        assert!(world.desk.dossier("HS-001").await.applicant.is_some());
    }
}

#[tokio::test]
async fn an_office_that_no_longer_wants_names_has_initials_from_the_next_answer_on() {
    let rows = FakeDossier::several(5, "2025-06-17 17:00:00");
    let mut world = World::with(Kind::OpenCps, rows, &["applicant_names: true"]).await;
    world.read_well("2025-06-18 08:00").await;
    world.desk.folder.replace("nhacviec.yaml", "    applicant_names: true\n", "");
    world.desk.reload("2025-06-18 08:30").await;
    world.read_well("2025-06-18 09:00").await;
    for tracked in world.desk.tracked(false).await {
        assert_eq!(tracked.dossier.applicant.as_deref(), Some("C. T. T. V. D. B. M."));
    }
}
