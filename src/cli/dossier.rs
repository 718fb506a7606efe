//! `nhacviec dossier`: what the office did about a late dossier, or about a petition.

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use super::{
    Exit, STORE_FAILED, block_on, load_config, open_existing_store,
    preview::parse_date,
    print,
    report::{By, explain_refusal},
};
use crate::{
    clock::{Clock, SystemClock},
    config::Folders,
    domain::{
        dossier::{SourceKind, TrackedDossier, dossier_subject},
        life::{Facts, Report},
        office::Office,
    },
    message::vietnamese::short_date,
    store::{NewReport, Recorded, Store},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct DossierCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Ghi văn bản xin lỗi đã gửi người dân, tổ chức
    Apology(Paper),
    /// Ghi báo cáo giải trình lý do chậm
    Explained(Paper),
    /// Ghi ngày hẹn lại (chỉ được một lần)
    Reappointed {
        /// Ngày hẹn trả mới
        #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
        to: NaiveDate,
        #[command(flatten)]
        paper: Paper,
    },
    /// Ghi hồ sơ đã xong, khi danh sách xuất ra không cho biết
    Done(Paper),
    /// Ghi phản ánh, kiến nghị đã chuyển cơ quan có thẩm quyền
    Forwarded(Paper),
}

#[derive(clap::Args)]
struct Paper {
    /// Mã hồ sơ
    #[arg(value_name = "MÃ HỒ SƠ", help_heading = "Tham số")]
    code: String,
    /// Số, ký hiệu văn bản
    #[arg(long, value_name = "VĂN BẢN", help_heading = "Tùy chọn")]
    document: String,
    /// Ngày văn bản; mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// Hệ thống một cửa, nếu nhiều hệ thống có cùng mã
    #[arg(long, value_name = "HỆ THỐNG", help_heading = "Tùy chọn")]
    source: Option<String>,
    #[command(flatten)]
    by: By,
}

impl DossierCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let office = &config.office;
        let (What::Apology(paper)
        | What::Explained(paper)
        | What::Reappointed { paper, .. }
        | What::Done(paper)
        | What::Forwarded(paper)) = &self.what;
        let Some(store) = open_existing_store(&config)? else {
            bail!("dịch vụ chưa chạy lần nào trên máy này nên chưa biết hồ sơ nào");
        };
        let tracked = find(paper, office, &*store)?;
        let now = SystemClock.now();
        let today = office.hours.date(now);
        let (document, done_on) = (paper.document.clone(), paper.on.unwrap_or(today));
        let rules = &office.sources[&tracked.source];
        let report = match &self.what {
            What::Apology(_) => Report::Apologised { done_on, document },
            What::Explained(_) => Report::Explained { done_on, document },
            What::Reappointed { to, .. } => Report::Reappointed { to_on: *to, document },
            What::Done(_) if tracked.closed_at.is_some() => bail!("hồ sơ {} đã được coi là xong", paper.code),
            What::Done(_) => Report::Finished { done_on, document },
            What::Forwarded(_) if rules.kind == SourceKind::Petitions => Report::Forwarded { done_on, document },
            What::Forwarded(_) => {
                bail!("{} là hồ sơ, không phải phản ánh, kiến nghị, nên không chuyển đơn", paper.code)
            }
        };
        let unit = rules.holder(&tracked.dossier).map_or(&rules.fallback, |rule| &rule.unit);
        let facts = Facts::of_dossier(&tracked.dossier, unit, office, today);
        let subject = dossier_subject(&tracked.source, &tracked.dossier.code);
        let new = NewReport { subject, report, reported_by: paper.by.by.clone(), reported_from: "cli" };
        match block_on(store.report(new, facts, now))?.context(STORE_FAILED)? {
            Recorded::Taken(_) => {
                print(&self.done(done_on));
                Ok(Exit::Done)
            }
            Recorded::Refused(refusal) => bail!(explain_refusal(&refusal, office, &format!("Hồ sơ {}", paper.code))),
        }
    }

    fn done(&self, done_on: NaiveDate) -> String {
        let on = short_date(done_on);
        match &self.what {
            What::Apology(p) => {
                format!("Đã ghi văn bản xin lỗi của hồ sơ {}: {}, ngày {on}; thôi nhắc việc này.", p.code, p.document)
            }
            What::Explained(p) => {
                format!(
                    "Đã ghi báo cáo giải trình của hồ sơ {}: {}, ngày {on}; thôi nhắc việc này.",
                    p.code, p.document
                )
            }
            What::Reappointed { to, paper } => format!(
                "Đã ghi hồ sơ {} hẹn lại đến hết {} ({}); nhắc theo ngày mới, không được hẹn lại lần nữa.",
                paper.code,
                short_date(*to),
                paper.document
            ),
            What::Done(p) => format!(
                "Đã ghi hồ sơ {} xong ngày {on} ({}); thôi nhắc, trừ khi hệ thống một cửa còn cho biết hồ sơ đang xử lý.",
                p.code, p.document
            ),
            What::Forwarded(p) => format!("Đã ghi {} được chuyển đi: {}, ngày {on}; thôi nhắc.", p.code, p.document),
        }
    }
}

/// The dossier of that number, in whichever source has it.
fn find(paper: &Paper, office: &Office, store: &dyn Store) -> anyhow::Result<TrackedDossier> {
    let mut found = Vec::new();
    let wanted = |id: &str| paper.source.as_deref().is_none_or(|source| source == id);
    for source in office.sources.keys().filter(|id| wanted(id.as_str())) {
        found.extend(block_on(store.dossier(source.clone(), paper.code.clone()))?.context(STORE_FAILED)?);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => bail!("không có hồ sơ «{}»; tìm bằng lệnh: nhacviec dossiers --all --find {}", paper.code, paper.code),
        _ => bail!(
            "nhiều hệ thống có mã «{}»; thêm --source: {}",
            paper.code,
            found.iter().map(|t| t.source.as_str()).collect::<Vec<_>>().join(", ")
        ),
    }
}
