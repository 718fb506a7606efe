//! Owns the rehearsal: the year 2023 of the example office, with real servers on loopback and the
//! unmodified passes on a real store; only the clock is set by hand.

pub mod mail_server;
pub mod one_stop;
pub mod zalo;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use tokio_util::sync::CancellationToken;

use self::{
    mail_server::{MailServer, Received},
    one_stop::OneStop,
    zalo::{FakeZalo, Fault},
};
use crate::{
    channel::{EmailTransport, SmtpLimits, SmtpSecurity, SmtpSettings, linking},
    clock::{Clock, ManualClock},
    config::{self, Config, ConfigError, Folders, example},
    domain::{
        dossier::dossier_subject,
        ids::TaskId,
        life::{Facts, Report},
        occurrence::OccurrenceKind,
        office::Office,
    },
    message::vietnamese::date,
    passes::{self, App, Polled},
    secret::SecretFile,
    source,
    store::{self, DossierFilter, NewReport, Store, StoreError},
};

/// The year that is rehearsed.
const YEAR: i32 = 2023;

/// The rehearsal could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder or a server's port cannot be used.
    #[error("không ghi được thư mục hoặc không mở được cổng nội bộ")]
    Io(#[from] io::Error),
    /// The example office in this binary is wrong.
    #[error("cấu hình mẫu có lỗi: {}", .0.findings.first().map(config::finding::Finding::one_line).unwrap_or_default())]
    Config(#[from] ConfigError),
    /// The store.
    #[error("kho dữ liệu không dùng được")]
    Store(#[from] StoreError),
}

/// What the year came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages that the mail server took.
    pub messages: usize,
    /// Message-IDs that it took more than once.
    pub duplicates: usize,
    /// Messages that reached somebody over Zalo.
    pub zalo: usize,
    /// Notifications decided.
    pub notified: u32,
    /// Deliveries left unsent at the end.
    pub unsent: u32,
    /// Apologies and explanations of late dossiers that were recorded.
    pub papers: u32,
    /// Dossiers that the one-stop system ever had.
    pub dossiers: usize,
    /// Occurrences reported done, in time and late.
    pub done_in_time: u32,
    /// See above.
    pub done_late: u32,
}

impl Summary {
    /// Whether nothing was lost or doubled.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.duplicates == 0 && self.unsent == 0 && self.messages > 0 && self.zalo > 0
    }
}

/// Plays the year into `out` and tells each morning's story through `tell`.
///
/// # Errors
/// When the folder, a port or the store cannot be used.
pub async fn rehearse(out: &Path, tell: &(dyn Fn(&str) + Sync)) -> Result<Summary, DemoError> {
    let stage = Stage::set(out).await?;
    tell(&format!("Diễn tập năm {YEAR}: {}.", stage.app.office.name));
    tell(&format!("Thư được ghi vào {}\n", stage.mail.folder().display()));
    let mut summary = Summary::default();
    let first = NaiveDate::from_ymd_opt(YEAR, 1, 1).expect("1 January exists");
    for day in first.iter_days().take_while(|d| d.year() == YEAR) {
        if let Some(story) = stage.play(day, &mut summary).await? {
            tell(&story);
        }
    }
    stage.sum_up(&mut summary).await?;
    tell(&stage.describe(&summary));
    Ok(summary)
}

struct Stage {
    app: App,
    store: Arc<dyn Store>,
    clock: ManualClock,
    one_stop: OneStop,
    mail: MailServer,
    zalo: FakeZalo,
}

impl Stage {
    async fn set(out: &Path) -> Result<Self, DemoError> {
        let folders = Folders { config: out.join("config"), state: out.to_owned(), credentials: None };
        fs::create_dir_all(&folders.config)?;
        example::write_to(&folders.config)?;
        let zalo = FakeZalo::start(DateTime::UNIX_EPOCH).await?;
        add_zalo(&folders.config, &zalo)?;
        let mut config = config::load(&folders)?;
        let one_stop = OneStop::start(&config.office).await?;
        let mail = MailServer::start(out.join("thu")).await?;
        point_at_loopback(&mut config, &one_stop, &mail, &folders.config)?;
        let store = store::open(&config.store_path)?;
        let config = link_reader(config, &store, &zalo).await?;
        let app = App::new(&config, Arc::clone(&store));
        Ok(Self { app, store, clock: ManualClock::new(DateTime::UNIX_EPOCH), one_stop, mail, zalo })
    }

    fn office(&self) -> &Office {
        &self.app.office
    }

    fn set_clock(&self, day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).expect("the hours are written below");
        let now = self.office().hours.instant(day, time);
        self.clock.set(now);
        self.one_stop.set_time(now);
        self.zalo.set_time(now);
        now
    }

    /// One day: before the office opens, the digest, a try again, the afternoon. Days off are played
    /// too; they must stay silent.
    async fn play(&self, day: NaiveDate, summary: &mut Summary) -> Result<Option<String>, DemoError> {
        let office = self.office();
        let is_working_day = office.calendar.is_working_day(day);
        let mut remarks: Vec<String> = Vec::new();
        let before = self.sent();
        let mut polled = Vec::new();
        let mut notified = 0;
        for (hour, minute) in [(7, 0), (7, 30), (7, 45), (14, 0)] {
            let now = self.set_clock(day, hour, minute);
            self.stage_faults(day, hour, &mut remarks);
            polled.extend(passes::poll(&self.app, now, || {}).await?);
            notified += passes::decide(&self.app, now).await?.notified;
            passes::deliver(&self.app, &self.clock, &CancellationToken::new(), || {}).await?;
        }
        remarks.extend(self.finish_work(day, summary).await?);
        if is_working_day {
            summary.papers += self.answer_late_dossiers(day).await?;
        }
        summary.notified += notified;
        let sent = self.sent() - before;
        if !is_working_day {
            assert_eq!(sent, 0, "nothing leaves on a day off");
            let name =
                office.calendar.day_off_name(day).map(|name| format!("{}: nghỉ {name}, không gửi tin.", date(day)));
            return Ok(name);
        }
        Ok(Some(format!(
            "{}: {} · quyết định {notified} · gửi {sent} tin{}",
            date(day),
            describe_poll(&polled),
            join(&remarks)
        )))
    }

    /// Messages that arrived, by whatever way.
    fn sent(&self) -> usize {
        self.mail.count() + self.zalo.texts().len()
    }

    /// A few bad mornings, so that the year shows what happens then.
    fn stage_faults(&self, day: NaiveDate, hour: u32, remarks: &mut Vec<String>) {
        let at = |month, day_of_month| day.month() == month && day.day() == day_of_month;
        let is_morning = hour < 8;
        self.one_stop.set_maintenance(at(6, 5) && is_morning);
        self.one_stop.set_empty(at(9, 11) && is_morning);
        self.mail.set_closed(at(3, 15) && is_morning);
        self.mail.set_greylisting(at(10, 18));
        self.zalo.set_fault("/sendMessage", at(5, 15).then_some(Fault::Error(401)));
        let remark = match (day.month(), day.day(), hour) {
            (6, 5, 7) => "một cửa bảo trì buổi sáng",
            (9, 11, 7) => "một cửa bỗng trả về danh sách trống: không tin",
            (5, 15, 7) => "Zalo không nhận mã bot: tin đi bằng thư ngay trong lượt đó",
            (3, 15, 7) => "máy chủ thư đóng cửa buổi sáng, thư giữ đến chiều",
            (10, 18, 7) => "máy chủ thư hoãn lần đầu với từng người (greylisting)",
            _ => return,
        };
        if !remarks.iter().any(|r| r == remark) {
            remarks.push(remark.to_owned());
        }
    }

    /// Units report what they finished, through the same store call as `nhacviec done`.
    async fn finish_work(&self, day: NaiveDate, summary: &mut Summary) -> Result<Vec<String>, DemoError> {
        let mut remarks = Vec::new();
        for (task, period, on, product) in FINISHED {
            let on = NaiveDate::parse_from_str(on, "%d/%m/%Y").expect("the table below holds dates");
            if on != day {
                continue;
            }
            let agenda = &self.office().agenda;
            let task = TaskId::from(task);
            for occurrence in agenda.occurrences.iter().filter(|o| o.task.id == task && *o.period == *period) {
                let facts = Facts::of(occurrence, None, self.office(), day);
                let report = NewReport {
                    subject: occurrence.subject().clone(),
                    report: Report::Completed { done_on: day, product: product.to_owned() },
                    reported_by: "diễn tập".to_owned(),
                    reported_from: "demo",
                };
                self.store.report(report, facts, self.clock.now()).await?;
                let is_late = matches!(occurrence.kind, OccurrenceKind::Dated(due) if day > due.last_on);
                *(if is_late { &mut summary.done_late } else { &mut summary.done_in_time }) += 1;
                let unit = self.office().directory.unit_name(&occurrence.unit);
                remarks.push(format!(
                    "{unit} báo hoàn thành {task} ({product}), {}",
                    if is_late { "quá hạn" } else { "đúng hạn" }
                ));
            }
        }
        Ok(remarks)
    }

    /// The office apologises for late dossiers the day after it was told, and explains them the day after that, through
    /// the same store call as `nhacviec dossier`.
    async fn answer_late_dossiers(&self, day: NaiveDate) -> Result<u32, DemoError> {
        let office = self.office();
        let reports = self.store.reports().await?;
        let mut papers = 0;
        for tracked in self.store.dossiers(DossierFilter::default()).await? {
            let (Some(due_at), dossier) = (tracked.dossier.due_at, &tracked.dossier) else { continue };
            let due_on = office.hours.date(due_at);
            let late = office.calendar.working_days_between(due_on, day);
            let is_late = tracked.owes || (tracked.closed_at.is_none() && dossier.status.clock_runs() && late > 0);
            let subject = dossier_subject(&tracked.source, &dossier.code);
            let life = reports.life(&subject);
            let (done_on, document) = (day, format!("{}/SCT-VP", 100 + day.ordinal()));
            let report = match life.map(|l| (l.apology.is_some(), l.explanation.is_some())) {
                _ if !is_late || late < 2 => continue,
                None | Some((false, _)) => Report::Apologised { done_on, document },
                Some((true, false)) => Report::Explained { done_on, document },
                Some((true, true)) => continue,
            };
            let rules = &office.sources[&tracked.source];
            let unit = rules.holder(dossier).map_or(&rules.fallback, |rule| &rule.unit);
            let facts = Facts::of_dossier(dossier, unit, office, day);
            let (reported_by, reported_from) = ("diễn tập".to_owned(), "demo");
            self.store
                .report(NewReport { subject, report, reported_by, reported_from }, facts, self.clock.now())
                .await?;
            papers += 1;
        }
        Ok(papers)
    }

    /// Lets a few more working days pass, so that what is decided last is sent too.
    async fn sum_up(&self, summary: &mut Summary) -> Result<(), DemoError> {
        let status = self.store.status(self.clock.now()).await?;
        let waiting =
            ["sending", "unknown", "failed"].into_iter().filter_map(|s| status.deliveries.get(s)).sum::<u32>();
        let overdue_to_send = self.office().hours.is_sending_time(&self.office().calendar, self.clock.now());
        let pending = if overdue_to_send { status.deliveries.get("pending").copied().unwrap_or(0) } else { 0 };
        summary.unsent = waiting + pending;
        let received = self.mail.received();
        let mut ids: Vec<&str> = received.iter().map(|r| r.message_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        summary.messages = received.len();
        summary.duplicates = received.len() - ids.len();
        summary.dossiers = self.one_stop.count();
        // The first text confirms the link.
        summary.zalo = self.zalo.texts().len().saturating_sub(1);
        Ok(())
    }

    fn describe(&self, summary: &Summary) -> String {
        let mut per_person: BTreeMap<String, usize> = BTreeMap::new();
        for Received { to, .. } in self.mail.received() {
            *per_person.entry(to).or_default() += 1;
        }
        let people = &self.office().directory.people;
        let name = |address: &str| {
            people
                .values()
                .find(|p| p.routes.iter().any(|r| r.address == address))
                .map_or(address.to_owned(), |p| format!("{} ({})", p.name, p.title))
        };
        let mut lines = vec![
            format!("\nTổng kết năm {YEAR}"),
            format!("  Hồ sơ một cửa đã theo dõi   {}", summary.dossiers),
            format!("  Việc báo hoàn thành         {} đúng hạn, {} quá hạn", summary.done_in_time, summary.done_late),
            format!("  Xin lỗi, giải trình đã ghi  {}", summary.papers),
            format!("  Lần nhắc đã quyết định      {}", summary.notified),
            format!("  Thư máy chủ đã nhận         {}", summary.messages),
            format!("  Thư trùng                   {}", summary.duplicates),
            format!("  Tin qua Zalo Bot            {}", summary.zalo),
            format!("  Tin chưa đi được            {}", summary.unsent),
        ];
        lines.extend(per_person.iter().map(|(address, n)| format!("    {n:>4} thư tới {}", name(address))));
        lines.push(format!("Thư mục thư: {}", self.mail.folder().display()));
        lines.join("\n")
    }
}

/// What the units of the rehearsal finish, and when: task, period, day, product.
const FINISHED: [(&str, &str, &str, &str); 7] = [
    ("I.1", "2023", "12/01/2023", "03/KH-SCT"),
    ("II.5.1", "2023-03", "06/04/2023", "58/BC-SCT"),
    ("II.5.1", "2023-06", "28/06/2023", "121/BC-SCT"),
    ("II.5.1", "2023-09", "29/09/2023", "187/BC-SCT"),
    ("III.3.2", "2023", "08/12/2023", "240/BC-SCT"),
    ("III.1.1", "2023", "14/12/2023", "246/BC-SCT"),
    ("II.5.1", "2023-12", "28/12/2023", "259/BC-SCT"),
];

fn point_at_loopback(
    config: &mut Config,
    one_stop: &OneStop,
    mail: &MailServer,
    folder: &Path,
) -> Result<(), DemoError> {
    let password = write_secret(folder, "mot-cua-password", one_stop::PASSWORD)?;
    for source in &mut config.sources {
        let source::Way::Http(http) = &mut source.way else { continue };
        http.url = one_stop.url().parse().expect("the demo's own address is a URL");
        http.user = Some(one_stop::USER.to_owned());
        http.parameters.insert("group_id".to_owned(), one_stop::GROUP_ID.to_string());
        http.password = Some(SecretFile::at(password.clone()));
        http.page_size = Some(15);
        http.pause = Some(std::time::Duration::ZERO);
    }
    if let Some(email) = &mut config.channels.email {
        let server = SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: mail.port(),
            security: SmtpSecurity::Plaintext,
            credentials: None,
            ca_file: None,
            client_name: Some("nhacviec.example".to_owned()),
            limits: SmtpLimits::default(),
        };
        email.transport = EmailTransport::Smtp(server);
    }
    Ok(())
}

/// Who reads over the Zalo bot, and by mail where that does not get through.
const ZALO_READER: &str = "hoang-van-tu";

/// Adds the stand-in for Zalo to the example office's files.
fn add_zalo(folder: &Path, zalo: &FakeZalo) -> io::Result<()> {
    let edit = |name: &str, change: &dyn Fn(String) -> String| {
        let path = folder.join(name);
        fs::write(&path, change(fs::read_to_string(&path)?))
    };
    let section = format!("\nzalo_bot: {{ token_file: zalo-bot-token, base_url: \"{}\" }}\n", zalo.url());
    edit("nhacviec.yaml", &|text| text + &section)?;
    let id = format!("id: {ZALO_READER},");
    edit("units.yaml", &|text| text.replace(&id, &format!("{id} channels: [zalo_bot, email],")))?;
    write_secret(folder, "zalo-bot-token", FakeZalo::BOT_TOKEN).map(|_| ())
}

/// The reader sends the code to the bot, as `nhacviec zalo link` asks for it.
async fn link_reader(config: Config, store: &Arc<dyn Store>, zalo: &FakeZalo) -> Result<Config, DemoError> {
    let code = linking::new_code().ok_or_else(|| io::Error::other("no random bytes"))?;
    let now = DateTime::UNIX_EPOCH;
    store.issue_zalo_code(ZALO_READER.into(), linking::hash(&code), now + chrono::Duration::days(1)).await?;
    zalo.receive("phong-thuong-mai-tu", "Hoàng Văn Tú", &format!("LIENKET {code}"));
    passes::link(&App::new(&config, Arc::clone(store)), now).await?;
    Ok(config.with_links(&store.zalo_links().await?))
}

fn write_secret(folder: &Path, name: &str, secret: &str) -> io::Result<PathBuf> {
    let path = folder.join("secrets").join(name);
    fs::create_dir_all(folder.join("secrets"))?;
    fs::write(&path, secret)?;
    Ok(path)
}

fn describe_poll(polled: &[Polled]) -> String {
    let last = polled.iter().rev().find_map(|p| p.result.as_ref().ok());
    let new: u32 = polled.iter().filter_map(|p| p.result.as_ref().ok()).map(|r| r.new).sum();
    let closed: u32 = polled.iter().filter_map(|p| p.result.as_ref().ok()).map(|r| r.closed).sum();
    match last {
        Some(report) => format!("một cửa {} hồ sơ mở (+{new}, −{closed})", report.open),
        None => "một cửa không đọc được".to_owned(),
    }
}

fn join(remarks: &[String]) -> String {
    remarks.iter().flat_map(|r| ["\n    · ", r]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_finished_work_names_occurrences_that_exist() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        example::write_to(folder.path()).expect("writable");
        let folders = Folders { config: folder.path().to_owned(), state: folder.path().to_owned(), credentials: None };
        let office = config::load(&folders).expect("valid").office;
        for (task, period, ..) in FINISHED {
            assert!(
                office.agenda.occurrences.iter().any(|o| o.task.id.as_str() == task && *o.period == *period),
                "{task} {period}"
            );
        }
    }
}
