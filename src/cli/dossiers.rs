//! `nhacviec dossiers`: the dossiers as they are known, with how late or near they are by the office's own calendar.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Exit, STORE_FAILED, block_on, load_config, open_existing_store, print, print_json, which::unit_named};
use crate::{
    clock::{Clock, SystemClock},
    config::Folders,
    domain::{
        dossier::{DossierStatus, TrackedDossier, dossier_subject, has_hour},
        ids::UnitId,
        life::Reports,
        office::Office,
    },
    message::vietnamese::{moment, short_date},
    store::DossierFilter,
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Dossiers {
    /// Chỉ một hệ thống (mã trong nhacviec.yaml)
    #[arg(long, value_name = "HỆ THỐNG", help_heading = "Tùy chọn")]
    source: Option<String>,
    /// Chỉ hồ sơ của một đơn vị (mã hoặc tên đơn vị)
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    unit: Option<String>,
    /// Chỉ hồ sơ quá hạn
    #[arg(long, conflicts_with = "near", help_heading = "Tùy chọn")]
    late: bool,
    /// Chỉ hồ sơ quá hạn hoặc đến hạn trong bấy nhiêu ngày làm việc
    #[arg(long, value_name = "NGÀY", help_heading = "Tùy chọn")]
    near: Option<u32>,
    /// Chỉ hồ sơ còn thiếu văn bản xin lỗi hoặc báo cáo giải trình
    #[arg(long, help_heading = "Tùy chọn")]
    owing: bool,
    /// Chỉ mã hồ sơ hoặc thủ tục có chữ này
    #[arg(long, value_name = "CHỮ", help_heading = "Tùy chọn")]
    find: Option<String>,
    /// Cả hồ sơ đã xong
    #[arg(long, help_heading = "Tùy chọn")]
    all: bool,
    /// In kết quả dạng JSON
    #[arg(long, conflicts_with = "csv", help_heading = "Tùy chọn")]
    json: bool,
    /// In kết quả dạng CSV, mở được bằng Excel
    #[arg(long, help_heading = "Tùy chọn")]
    csv: bool,
}

/// A dossier as the list shows it.
struct Shown<'s> {
    tracked: &'s TrackedDossier,
    unit: &'s UnitId,
    /// The appointment in force.
    due_at: Option<DateTime<Utc>>,
    /// Working days until the appointment, negative after it; none without one, or when the clock stands still.
    days: Option<i64>,
    /// Papers that are owed.
    owed: Vec<&'static str>,
}

impl Dossiers {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let office = &config.office;
        if let Some(source) = self.source.as_ref().filter(|s| !office.sources.contains_key(&s.as_str().into())) {
            let known =
                office.sources.keys().map(super::super::domain::ids::SourceId::as_str).collect::<Vec<_>>().join(", ");
            bail!("không có hệ thống một cửa «{source}» trong nhacviec.yaml; các mã: {known}");
        }
        let unit = self.unit.as_ref().map(|u| unit_named(&office.directory, u)).transpose()?;
        let Some(store) = open_existing_store(&config)? else {
            print("Dịch vụ chưa chạy lần nào trên máy này.");
            return Ok(Exit::NeedsAttention);
        };
        let now = SystemClock.now();
        let filter = DossierFilter {
            source: self.source.as_deref().map(Into::into),
            only_open: !self.all && !self.owing,
            due_before: None,
        };
        let dossiers = block_on(store.dossiers(filter))?.context(STORE_FAILED)?;
        let reports = block_on(store.reports())?.context(STORE_FAILED)?;
        let shown: Vec<Shown<'_>> = dossiers
            .iter()
            .filter_map(|tracked| show(tracked, office, &reports, now))
            .filter(|s| self.is_wanted(s, unit.as_ref()))
            .collect();
        match (self.json, self.csv) {
            (true, _) => print_json(&shown.iter().map(|s| as_json(s, office)).collect()),
            (_, true) => print_csv(&shown, office)?,
            _ => print_table(&shown, office),
        }
        Ok(Exit::Done)
    }

    fn is_wanted(&self, shown: &Shown<'_>, unit: Option<&UnitId>) -> bool {
        let dossier = &shown.tracked.dossier;
        let is_found = self.find.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            let texts = [Some(&dossier.code), dossier.procedure.as_ref(), dossier.procedure_code.as_ref()];
            texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&wanted))
        });
        let within = |days: i64| shown.days.is_some_and(|left| left <= days);
        unit.is_none_or(|u| u == shown.unit)
            && is_found
            && (!self.late || within(-1))
            && self.near.is_none_or(|days| within(i64::from(days)))
            && (!self.owing || !shown.owed.is_empty())
    }
}

fn show<'s>(
    tracked: &'s TrackedDossier,
    office: &'s Office,
    reports: &Reports,
    now: DateTime<Utc>,
) -> Option<Shown<'s>> {
    let rules = office.sources.get(&tracked.source)?;
    let dossier = &tracked.dossier;
    let unit = rules.holder(dossier).map_or(&rules.fallback, |rule| &rule.unit);
    let is_running = dossier.status.clock_runs() && tracked.closed_at.is_none();
    let life = reports.life(&dossier_subject(&tracked.source, &dossier.code));
    let due_at = office.due_in_force(dossier, life);
    let days = due_at.filter(|_| is_running).map(|due| office.working_days_left(due, now));
    let is_late = office.owes_papers(tracked, office.hours.date(now));
    let owes = |is_recorded: bool| rules.policy.late.is_some() && is_late && !is_recorded;
    let mut owed = Vec::new();
    if owes(life.is_some_and(|l| l.apology.is_some())) {
        owed.push("xin lỗi");
    }
    if owes(life.is_some_and(|l| l.explanation.is_some())) {
        owed.push("giải trình");
    }
    Some(Shown { tracked, unit, due_at, days, owed })
}

fn status_name(tracked: &TrackedDossier) -> &'static str {
    match (tracked.closed_at.is_some(), tracked.dossier.status) {
        (true, _) | (_, DossierStatus::Finished) => "đã xong",
        (_, DossierStatus::NotReceived) => "chưa tiếp nhận",
        (_, DossierStatus::Open) => "đang xử lý",
        (_, DossierStatus::Paused) => "tạm dừng",
        (_, DossierStatus::Unmapped) => "chưa rõ",
    }
}

fn days_text(shown: &Shown<'_>) -> String {
    match shown.days {
        Some(days) if days < 0 => format!("quá hạn {} ngày", -days),
        Some(0) => "hôm nay".to_owned(),
        Some(days) => format!("còn {days} ngày"),
        None => String::new(),
    }
}

fn due_text(shown: &Shown<'_>, office: &Office) -> String {
    let Some(at) = shown.due_at else { return "chưa có ngày hẹn trả".to_owned() };
    let at = if has_hour(at) { moment(office.hours.zone, at) } else { short_date(office.hours.date(at)) };
    format!("hẹn trả {at}")
}

fn print_table(shown: &[Shown<'_>], office: &Office) {
    if shown.is_empty() {
        return print("Không có hồ sơ nào như vậy.");
    }
    for s in shown {
        let dossier = &s.tracked.dossier;
        let parts = [days_text(s), status_name(s.tracked).to_owned(), office.directory.unit_name(s.unit).to_owned()];
        let parts: Vec<_> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        print(&format!("{}  {}; {}", dossier.code, due_text(s, office), parts.join("; ")));
        let handler = dossier.handler.as_ref().map(|h| format!("cán bộ {h}"));
        let applicant = dossier.applicant.as_ref().map(|a| format!("người nộp {a}"));
        let owed = (!s.owed.is_empty()).then(|| format!("còn thiếu: {}", s.owed.join(", ")));
        let facts: Vec<_> = [dossier.procedure.clone(), handler, applicant, owed].into_iter().flatten().collect();
        if !facts.is_empty() {
            print(&format!("    {}", facts.join("; ")));
        }
    }
    print(&format!("{} hồ sơ.", shown.len()));
}

fn as_json(s: &Shown<'_>, office: &Office) -> serde_json::Value {
    let d = &s.tracked.dossier;
    json!({
        "source": s.tracked.source, "code": d.code, "native_id": d.native_id, "procedure_code": d.procedure_code,
        "procedure": d.procedure, "field": d.field, "agency": d.agency, "step": d.step, "department": d.unit,
        "handler": d.handler, "applicant": d.applicant, "unit": s.unit, "unit_name": office.directory.unit_name(s.unit),
        "received_at": d.received_at, "due_at": d.due_at, "extended_due_at": d.extended_due_at,
        "step_due_at": d.step_due_at, "resolved_at": d.resolved_at, "returned_at": d.returned_at,
        "status": d.status.as_str(), "status_raw": d.status_raw, "working_days_left": s.days, "owed": s.owed,
        "online": d.is_online, "by_post": d.is_by_post, "paid_online": d.is_paid_online, "link": d.link,
        "seen_at": s.tracked.seen_at, "closed_at": s.tracked.closed_at, "missing_polls": s.tracked.missing_polls,
    })
}

fn print_csv(shown: &[Shown<'_>], office: &Office) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record([
        "Mã hồ sơ",
        "Thủ tục",
        "Lĩnh vực",
        "Đơn vị giữ",
        "Cán bộ",
        "Ngày tiếp nhận",
        "Ngày hẹn trả",
        "Ngày hẹn lại",
        "Ngày làm việc còn lại",
        "Trạng thái",
        "Trạng thái ở hệ thống một cửa",
        "Còn thiếu",
        "Hệ thống",
    ])?;
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    // As a spreadsheet sorts and reads it.
    let day = |at: Option<DateTime<Utc>>| {
        let form = |at: DateTime<Utc>| if has_hour(at) { "%d/%m/%Y %H:%M" } else { "%d/%m/%Y" };
        at.map(|at| at.with_timezone(&office.hours.zone).format(form(at)).to_string()).unwrap_or_default()
    };
    for s in shown {
        let d = &s.tracked.dossier;
        out.write_record(
            [
                d.code.clone(),
                text(&d.procedure),
                text(&d.field),
                office.directory.unit_name(s.unit).to_owned(),
                text(&d.handler),
                day(d.received_at),
                day(d.due_at),
                day(s.due_at.filter(|_| s.due_at != d.due_at)),
                s.days.map(|n| n.to_string()).unwrap_or_default(),
                status_name(s.tracked).to_owned(),
                d.status_raw.clone(),
                s.owed.join(", "),
                s.tracked.source.to_string(),
            ]
            .map(|cell| harmless(&cell)),
        )?;
    }
    let bytes = out.into_inner().context("không ghi được CSV")?;
    // The mark tells Excel that it is UTF-8.
    print(&format!("\u{feff}{}", String::from_utf8_lossy(&bytes).trim_end()));
    Ok(())
}

/// A cell that a spreadsheet would take for a formula is made a text.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '@', '\t']) || (cell.starts_with('-') && cell.parse::<i64>().is_err()) {
        return format!("'{cell}");
    }
    cell.to_owned()
}
