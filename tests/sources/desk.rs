//! An office whose sources are read at times set by hand, without a word about what is then decided and sent.

use std::{fs, sync::Arc};

use chrono::{DateTime, Utc};
use nhacviec::{
    clock::{Clock as _, SystemClock},
    config::{self, ConfigError},
    domain::dossier::{Dossier, DossierStatus, TrackedDossier},
    passes::{self, App, Polled},
    store::{self, DossierFilter, SourceStatus, Store, SyncReport},
};

use crate::support::{OfficeFolder, instant};

/// Nobody is sent anything here.
const NO_MAIL_SERVER: u16 = 9;
const TASKS: &str = "  - { id: X, content: Việc khác, lead: [van-phong], deadline: Khi có phát sinh }\n";

/// The machine's own time, by which clocks of servers are judged.
pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// A source of `nhacviec.yaml`, three rows a page unless its own lines say otherwise.
pub fn source(id: &str, profile: &str, url: &str, lines: &[&str]) -> String {
    let usual = ["page_size: 3", "pause_milliseconds: 0", "policy: ho-so", "fallback: van-phong"];
    let key = |line: &str| line.split(':').next().map(str::to_owned);
    let usual = usual.into_iter().filter(|line| !lines.iter().any(|own| key(own) == key(line)));
    let lines: Vec<_> = usual.chain(lines.iter().copied()).collect();
    format!("  - id: {id}\n    profile: {profile}\n    url: \"{url}\"\n    {}\n", lines.join("\n    "))
}

/// An office at its one-stop systems.
pub struct Desk {
    pub folder: OfficeFolder,
    pub store: Arc<dyn Store>,
    pub app: App,
}

impl Desk {
    /// An office with these sources; the files come first, since sources name them.
    pub fn open(files: &[(&str, &str)], sources: &str) -> Self {
        let folder = OfficeFolder::new(NO_MAIL_SERVER, TASKS);
        fs::create_dir_all(folder.state()).expect("writable");
        for (path, text) in files {
            folder.write(path, text);
        }
        folder.append("nhacviec.yaml", &format!("sources:\n{sources}"));
        let config = folder.load();
        let store = store::open(&config.store_path).expect("a new store");
        let app = App::new(&config, Arc::clone(&store));
        Self { folder, store, app }
    }

    /// Why an office with these sources is not let through.
    pub fn refusal(files: &[(&str, &str)], sources: &str) -> String {
        let folder = OfficeFolder::new(NO_MAIL_SERVER, TASKS);
        for (path, text) in files {
            folder.write(path, text);
        }
        folder.append("nhacviec.yaml", &format!("sources:\n{sources}"));
        let error: ConfigError = config::load(&folder.folders()).expect_err("the configuration is wrong");
        error.one_line()
    }

    /// Loads the configuration again, as SIGHUP does.
    pub async fn reload(&mut self, moment: &str) {
        self.app = App::new(&self.folder.load(), Arc::clone(&self.store));
        passes::begin(&self.app, instant(moment)).await.expect("the store works");
    }

    /// Reads the sources that are due.
    pub async fn poll(&self, moment: &str) -> Vec<Polled> {
        passes::poll(&self.app, instant(moment), || {}).await.expect("the store works")
    }

    /// Reads the only source, which must be due.
    pub async fn read(&self, moment: &str) -> Result<SyncReport, String> {
        let mut polled = self.poll(moment).await;
        assert_eq!(polled.len(), 1, "the source is due");
        polled.remove(0).result
    }

    /// The same, when all is well with it.
    pub async fn read_well(&self, moment: &str) -> SyncReport {
        let report = self.read(moment).await.unwrap_or_else(|sentence| panic!("{sentence}"));
        assert_eq!(self.problems().await, [""; 0]);
        report
    }

    /// The same, when it goes wrong: the sentence that `status` shows.
    pub async fn read_badly(&self, moment: &str) -> String {
        let sentence = self.read(moment).await.expect_err("it went wrong");
        let problems = self.problems().await;
        assert!(problems.contains(&sentence), "{sentence:?} is not in {problems:?}");
        sentence
    }

    /// The open problems, in the words that the administrator reads.
    pub async fn problems(&self) -> Vec<String> {
        let status = self.store.status(now()).await.expect("the store works");
        status.problems.into_iter().map(|p| p.sentence).collect()
    }

    pub async fn source_status(&self) -> SourceStatus {
        self.store.status(now()).await.expect("the store works").sources.remove(0)
    }

    pub async fn tracked(&self, only_open: bool) -> Vec<TrackedDossier> {
        let filter = DossierFilter { only_open, ..DossierFilter::default() };
        self.store.dossiers(filter).await.expect("the store works")
    }

    /// The numbers of those that are not closed, sorted.
    pub async fn open_codes(&self) -> Vec<String> {
        let mut codes: Vec<_> = self.tracked(true).await.into_iter().map(|t| t.dossier.code).collect();
        codes.sort();
        codes
    }

    pub async fn dossier(&self, code: &str) -> Dossier {
        let found = self.tracked(false).await.into_iter().find(|t| t.dossier.code == code);
        found.unwrap_or_else(|| panic!("{code} was not stored")).dossier
    }

    pub async fn status_of(&self, code: &str) -> DossierStatus {
        self.dossier(code).await.status
    }
}

/// A sentence for people of the office: it names the source, and is in Vietnamese.
pub fn assert_is_for_people(sentence: &str) {
    let vietnamese = "ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáãèéìíòóõùúý";
    assert!(sentence.starts_with("mc: "), "{sentence}");
    assert!(sentence.chars().filter(|c| vietnamese.contains(*c)).count() > 5, "{sentence}");
    assert!(!sentence.contains("127.0.0") && !sentence.contains("http://"), "no addresses: {sentence}");
}
