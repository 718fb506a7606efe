//! What people report about a piece of work: received, done, more time, not ours, and what the office decides.

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use super::{
    Exit, STORE_FAILED, block_on, load_config, open_store,
    preview::parse_date,
    print,
    which::{Which, describe, unit_named},
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        deadline::Due,
        life::{Ending, Facts, Life, Opening, Refusal, Report},
        occurrence::{Occurrence, OccurrenceKind, occurrence_subject},
        office::Office,
    },
    message::vietnamese::short_date,
    store::{NewReport, Recorded, Store},
};

/// Who reports.
#[derive(clap::Args)]
pub struct By {
    /// Người báo
    #[arg(
        long,
        value_name = "NGƯỜI",
        default_value = "dòng lệnh",
        hide_default_value = true,
        help_heading = "Tùy chọn"
    )]
    pub by: String,
}

/// Which work, why, and who says so.
#[derive(clap::Args)]
struct Reasoned {
    #[command(flatten)]
    which: Which,
    /// Lý do hoặc căn cứ
    #[arg(long, value_name = "LÝ DO", help_heading = "Tùy chọn")]
    reason: String,
    #[command(flatten)]
    by: By,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Done {
    #[command(flatten)]
    which: Which,
    /// Số, ký hiệu hoặc tên sản phẩm, ví dụ 45/BC-SCT
    #[arg(long, value_name = "SẢN PHẨM", help_heading = "Tùy chọn")]
    product: String,
    /// Ngày hoàn thành (2023-03-20 hoặc 20/03/2023); mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    #[command(flatten)]
    by: By,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Ack {
    #[command(flatten)]
    which: Which,
    /// Nhắc lại vào sáng ngày này
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    until: NaiveDate,
    /// Đơn vị báo đã nhận, nếu là đơn vị phối hợp
    #[arg(long = "as", value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    as_unit: Option<String>,
    #[command(flatten)]
    by: By,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Extend {
    #[command(flatten)]
    said: Reasoned,
    /// Ngày cuối còn đúng hạn sau khi gia hạn
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, required_unless_present = "refuse", help_heading = "Tùy chọn")]
    to: Option<NaiveDate>,
    /// Đồng ý gia hạn (ghi văn bản hoặc người quyết định vào --reason)
    #[arg(long, conflicts_with = "refuse", help_heading = "Tùy chọn")]
    grant: bool,
    /// Không đồng ý gia hạn
    #[arg(long, conflicts_with = "to", help_heading = "Tùy chọn")]
    refuse: bool,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Reopen {
    #[command(flatten)]
    said: Reasoned,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Snooze {
    #[command(flatten)]
    said: Reasoned,
    /// Nhắc lại vào sáng ngày này
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    until: NaiveDate,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Cancel {
    #[command(flatten)]
    said: Reasoned,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct NotOurs {
    #[command(flatten)]
    said: Reasoned,
    /// Đơn vị đúng, nếu biết
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    right: Option<String>,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Assign {
    #[command(flatten)]
    said: Reasoned,
    /// Đơn vị chủ trì từ nay
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    to: String,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Open {
    #[command(flatten)]
    which: Which,
    /// Văn bản giao việc hoặc ấn định thời hạn
    #[arg(long, value_name = "VĂN BẢN", help_heading = "Tùy chọn")]
    document: String,
    /// Ngày cuối còn đúng hạn; bỏ qua nếu kế hoạch ghi «… ngày kể từ ngày nhận …»
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    due: Option<NaiveDate>,
    /// Ngày xảy ra sự kiện hoặc nhận văn bản; mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    received: Option<NaiveDate>,
    #[command(flatten)]
    by: By,
}

impl Done {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        if self.product.trim().is_empty() {
            bail!("chưa ghi sản phẩm; ví dụ: --product 58/BC-SCT");
        }
        let report = |_: &Office, facts: &Facts| {
            Ok(Report::Completed { done_on: self.on.unwrap_or(facts.today), product: self.product.clone() })
        };
        record(folders, &self.which, &self.by, report, |office, work| {
            let done_on = self.on.unwrap_or(work.today);
            let late = match work.due {
                Some(due) if done_on > due.last_on => {
                    let days = office.calendar.working_days_between(due.last_on, done_on);
                    format!("quá hạn {days} ngày làm việc")
                }
                Some(_) => "đúng hạn".to_owned(),
                None => "đã ghi".to_owned(),
            };
            let (what, product) = (&work.what, &self.product);
            format!("Đã ghi nhận hoàn thành {what}: ngày {}, sản phẩm {product}; {late}.", short_date(done_on))
        })
    }
}

impl Ack {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let until = short_date(self.until);
        let report = |office: &Office, facts: &Facts| {
            let unit = match &self.as_unit {
                Some(written) => unit_named(&office.directory, written)?,
                None => facts.unit.clone(),
            };
            Ok(Report::Acknowledged { unit, until_on: self.until })
        };
        record(folders, &self.which, &self.by, report, |_, work| {
            format!("Đã ghi: đã nhận {}; nhắc lại vào sáng {until}, nếu chưa báo hoàn thành.", work.what)
        })
    }
}

impl Extend {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let reason = self.said.reason.clone();
        let report = match self.to {
            Some(to_on) if self.grant => Report::ExtensionGranted { to_on, document: reason },
            Some(to_on) => Report::ExtensionAsked { to_on, reason },
            None => Report::ExtensionRefused { reason },
        };
        let to = self.to.map(short_date).unwrap_or_default();
        self.said.record(
            folders,
            |_, _| Ok(report.clone()),
            |_, work| {
                let what = &work.what;
                if self.refuse {
                    format!("Đã ghi: không đồng ý gia hạn {what}; hạn không đổi.")
                } else if self.grant {
                    format!("Đã gia hạn {what} đến hết {to}; nhắc lại theo hạn mới.")
                } else {
                    let meanwhile =
                        "đơn vị theo dõi sẽ được báo để quyết định. Hạn cũ còn nguyên cho đến khi được đồng ý";
                    format!("Đã ghi đề nghị gia hạn {what} đến hết {to}; {meanwhile}.")
                }
            },
        )
    }
}

impl Reopen {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let report = Report::Reopened { reason: self.said.reason.clone() };
        self.said.record(
            folders,
            |_, _| Ok(report.clone()),
            |_, work| format!("Đã mở lại {}: tiếp tục nhắc cho đến khi báo hoàn thành.", work.what),
        )
    }
}

impl Snooze {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let report = Report::Snoozed { until_on: self.until, reason: self.said.reason.clone() };
        self.said.record(
            folders,
            |_, _| Ok(report.clone()),
            |_, work| format!("Đã tạm dừng nhắc {}; nhắc lại vào sáng {}.", work.what, short_date(self.until)),
        )
    }
}

impl Cancel {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let report = Report::Cancelled { reason: self.said.reason.clone() };
        self.said.record(folders, |_, _| Ok(report.clone()), |_, work| format!("Đã hủy {}: không nhắc nữa.", work.what))
    }
}

impl NotOurs {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let reason = &self.said.reason;
        let report = |office: &Office, _: &Facts| {
            Ok(match &self.right {
                Some(written) => {
                    Report::WrongUnit { right: unit_named(&office.directory, written)?, reason: reason.clone() }
                }
                None => Report::NotOurs { reason: reason.clone() },
            })
        };
        self.said.record(folders, report, |_, work| {
            let next = "đơn vị theo dõi sẽ được báo để giao lại (nhacviec assign)";
            format!("Đã ghi: {} không thuộc trách nhiệm của đơn vị; {next}.", work.what)
        })
    }
}

impl Assign {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let report = |office: &Office, _: &Facts| {
            let unit = unit_named(&office.directory, &self.to)?;
            Ok(Report::Assigned { unit, reason: self.said.reason.clone() })
        };
        self.said.record(folders, report, |office, work| {
            let unit = unit_named(&office.directory, &self.to).ok();
            let name = unit.as_ref().map_or(self.to.as_str(), |unit| office.directory.unit_name(unit));
            format!("Đã giao {} cho {name} chủ trì.", work.what)
        })
    }
}

impl Open {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(desk) = Desk::open(folders)? else { return Ok(Exit::Config) };
        let office = &desk.config.office;
        let plan = self.which.plan(office)?;
        let (_, task) =
            office.agenda.task(&plan.id, &self.which.task.as_str().into()).context("không có nhiệm vụ này")?;
        let due_on = match self.due {
            Some(due_on) => due_on,
            None => self.due_by_phrase(office, &task.reading, desk.today).with_context(|| {
                format!(
                    "thời hạn «{}» không tự tính ra ngày được; ghi thêm --due và ngày cuối còn đúng hạn",
                    task.phrase
                )
            })?,
        };
        let mut units = task.lead.clone();
        if let Some(written) = &self.which.unit {
            units = vec![unit_named(&office.directory, written)?];
        }
        let period = self.free_period(&desk, &plan.id, &task.id)?;
        for unit in units {
            let report = Report::Opened {
                plan: plan.id.clone(),
                task: task.id.clone(),
                period: period.clone(),
                unit: unit.clone(),
                due_on,
                document: self.document.clone(),
            };
            let subject = occurrence_subject(&plan.id, &task.id, &period, &unit);
            let opening = Opening::of(&subject, &report, desk.today);
            let occurrence = opening.and_then(|o| office.agenda.opened(&o, &office.calendar));
            let facts = Facts::of(&occurrence.context("không có nhiệm vụ này")?, None, office, desk.today);
            let new = NewReport { subject, report, reported_by: self.by.by.clone(), reported_from: "cli" };
            let name = office.directory.unit_name(&unit);
            let what = format!("{} – {} ({name})", task.id, crate::message::vietnamese::period(&period));
            match block_on(desk.store.report(new, facts, desk.clock.now()))?.context(STORE_FAILED)? {
                Recorded::Taken(_) => print(&format!(
                    "Đã ghi việc phát sinh {what} theo {}: hạn hết {}. Báo hoàn thành: nhacviec done {} --unit {unit} --period {period}",
                    self.document,
                    short_date(due_on),
                    task.id
                )),
                Recorded::Refused(refusal) => bail!(explain_refusal(&refusal, office, &what)),
            }
        }
        Ok(Exit::Done)
    }

    fn due_by_phrase(
        &self,
        office: &Office,
        reading: &crate::domain::deadline::Reading,
        today: NaiveDate,
    ) -> Option<NaiveDate> {
        let received = self.received.unwrap_or(today).and_time(chrono::NaiveTime::MIN);
        let due = reading.due_from_event(received, &office.calendar, &office.hours.timetable)?;
        Some(due.date())
    }

    /// A name for the instance that none has yet: the day, and a number from the second on.
    fn free_period(
        &self,
        desk: &Desk,
        plan: &crate::domain::ids::PlanId,
        task: &crate::domain::ids::TaskId,
    ) -> anyhow::Result<String> {
        if let Some(period) = &self.which.period {
            let is_plain = period.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !is_plain || period.is_empty() {
                bail!("tên kỳ «{period}» chỉ gồm chữ không dấu, số và dấu -");
            }
        }
        let day = self.which.period.clone().unwrap_or_else(|| format!("ps-{}", desk.today));
        let taken = |name: &str| {
            let opened = desk.reports.openings().iter().any(|o| o.plan == *plan && o.task == *task && o.period == name);
            opened || desk.config.office.agenda.of_task(plan, task).any(|o| *o.period == *name)
        };
        let names = std::iter::once(day.clone()).chain((2..).map(|n| format!("{day}-{n}")));
        Ok(names.into_iter().find(|name| !taken(name)).unwrap_or(day))
    }
}

/// What a sentence says of the work.
struct Reported {
    what: String,
    /// The due date in force when it was reported.
    due: Option<Due>,
    today: NaiveDate,
}

/// Configuration, store and day, for reports.
pub struct Desk {
    pub config: Config,
    pub store: std::sync::Arc<dyn Store>,
    pub reports: std::sync::Arc<crate::domain::life::Reports>,
    pub clock: SystemClock,
    pub today: NaiveDate,
}

impl Desk {
    /// `None` when the configuration is wrong, which was said then.
    pub fn open(folders: &Folders) -> anyhow::Result<Option<Self>> {
        let Some(config) = load_config(folders) else { return Ok(None) };
        std::fs::create_dir_all(&folders.state).context("thư mục trạng thái không ghi được")?;
        let store = open_store(&config)?;
        let reports = block_on(store.reports())?.context(STORE_FAILED)?;
        let today = config.office.hours.date(SystemClock.now());
        Ok(Some(Self { config, store, reports, clock: SystemClock, today }))
    }
}

impl Reasoned {
    fn record(
        &self,
        folders: &Folders,
        report: impl Fn(&Office, &Facts) -> anyhow::Result<Report>,
        said: impl Fn(&Office, &Reported) -> String,
    ) -> anyhow::Result<Exit> {
        record(folders, &self.which, &self.by, report, said)
    }
}

/// Records the report and prints what it means, or says why it was not taken.
fn record(
    folders: &Folders,
    which: &Which,
    by: &By,
    report: impl Fn(&Office, &Facts) -> anyhow::Result<Report>,
    said: impl Fn(&Office, &Reported) -> String,
) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(folders)? else { return Ok(Exit::Config) };
    let office = &desk.config.office;
    let occurrence = which.one(office, &desk.reports)?;
    let life = desk.reports.life(occurrence.subject());
    let facts = Facts::of(&occurrence, life, office, desk.today);
    let new = NewReport {
        subject: occurrence.subject().clone(),
        report: report(office, &facts)?,
        reported_by: by.by.clone(),
        reported_from: "cli",
    };
    let what = describe(office, &occurrence);
    let work = Reported { what, due: due_in_force(office, &occurrence, life), today: desk.today };
    match block_on(desk.store.report(new, facts, desk.clock.now()))?.context("chưa ghi được; thử lại")? {
        Recorded::Taken(_) => {
            print(&said(office, &work));
            Ok(Exit::Done)
        }
        Recorded::Refused(refusal) => bail!(explain_refusal(&refusal, office, &work.what)),
    }
}

/// The due date of an occurrence as extensions have moved it.
pub fn due_in_force(office: &Office, occurrence: &Occurrence, life: Option<&Life>) -> Option<Due> {
    match occurrence.kind {
        OccurrenceKind::Dated(due) => Some(Life::due_in_force(life, due, &office.calendar)),
        OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => None,
    }
}

/// Why a report was not taken, and what to do instead.
pub fn explain_refusal(refusal: &Refusal, office: &Office, what: &str) -> String {
    let unit = |id| office.directory.unit_name(id).to_owned();
    match refusal {
        Refusal::Ended(Ending::Completed { done_on, product, .. }) => format!(
            "{what} đã được báo hoàn thành trước đó: ngày {}, sản phẩm {product}. Không ghi lại; nếu báo nhầm thì mở lại bằng nhacviec reopen rồi báo lại",
            short_date(*done_on)
        ),
        Refusal::Ended(Ending::Cancelled { reason, .. }) => {
            format!("{what} đã bị hủy ({reason}); nếu vẫn phải làm thì mở lại bằng nhacviec reopen")
        }
        Refusal::NotEnded => format!("{what} chưa hoàn thành, chưa bị hủy, nên không cần mở lại"),
        Refusal::NotAhead(on) => format!("ngày {} phải ở sau hôm nay; ghi một ngày sắp tới", short_date(*on)),
        Refusal::DoneAhead(on) => {
            format!("ngày hoàn thành {} còn ở phía trước; báo vào ngày đó hoặc sau đó", short_date(*on))
        }
        Refusal::NotLater { due_on } => {
            format!("{what} đang có hạn hết {}; ngày gia hạn phải sau ngày đó", short_date(*due_on))
        }
        Refusal::NoDueDate => {
            format!("{what} không có hạn nên không có gì để gia hạn; muốn tạm ngừng nhắc thì dùng nhacviec snooze")
        }
        Refusal::QuietTooLong { latest } => format!(
            "chỉ được yên đến {}: ghi --until {} hoặc sớm hơn; cần thêm thời gian thì dùng nhacviec extend",
            short_date(*latest),
            short_date(*latest)
        ),
        Refusal::NotConcerned(id) => format!("{} không chủ trì, không phối hợp {what}", unit(id)),
        Refusal::SameUnit(id) => format!("{} đang chủ trì {what}; ghi đơn vị khác", unit(id)),
        Refusal::AlreadyOpened => format!("{what} đã được ghi phát sinh; ghi thêm --period với tên khác"),
        Refusal::NothingAsked => format!("{what} không có đề nghị gia hạn nào đang chờ trả lời"),
        Refusal::ReappointedOnce => format!("{what} đã hẹn lại 01 lần; không được hẹn lại lần thứ hai"),
        Refusal::AlreadyRecorded => format!("{what} đã được ghi việc này trước đó; xem nhacviec explain"),
        Refusal::NoText => "chưa ghi lý do, căn cứ hoặc văn bản; thêm nội dung vào --reason hoặc --document".to_owned(),
    }
}
