//! `nhacviec targets`: what the plan promises, what was reached of it, where that leads; and entering a value.

mod table;

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use serde_json::json;

use super::{
    Exit, STORE_FAILED, block_on, load_config, open_existing_store, open_store, preview::parse_date, print, print_json,
    report::By,
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders, fields::nearest},
    domain::{
        office::Office,
        plan::{Basis, Plan, Target},
        targets::{Entered, Percent, PercentError, Standing, Value, target_key, words},
    },
    message::vietnamese::short_date,
    passes::target_standing,
    store::{self, NewTargetValue, Store},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE, subcommand_help_heading = "Lệnh", subcommand_value_name = "LỆNH")]
pub struct Targets {
    #[command(subcommand)]
    what: Option<What>,
    /// Chỉ xem một kế hoạch (mã kế hoạch)
    #[arg(long, value_name = "KẾ HOẠCH", help_heading = "Tùy chọn")]
    plan: Option<String>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Nhập kết quả của một chỉ tiêu không tính được từ hồ sơ một cửa
    Set(Set),
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct Set {
    /// Mã chỉ tiêu (cột đầu của nhacviec targets)
    #[arg(value_name = "CHỈ TIÊU", help_heading = "Tham số")]
    id: String,
    /// Tỷ lệ đã đạt, từ 0 đến 100, ví dụ 92,5
    #[arg(long, value_name = "TỶ LỆ", allow_hyphen_values = true, help_heading = "Tùy chọn")]
    value: String,
    /// Văn bản nêu kết quả, ví dụ 12/BC-SCT
    #[arg(long, value_name = "VĂN BẢN", help_heading = "Tùy chọn")]
    document: String,
    /// Ngày có kết quả (2023-06-30 hoặc 30/06/2023); mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// Mã kế hoạch; bỏ qua nếu chỉ một kế hoạch có chỉ tiêu này
    #[arg(long, value_name = "KẾ HOẠCH", help_heading = "Tùy chọn")]
    plan: Option<String>,
    #[command(flatten)]
    by: By,
}

impl Targets {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        match &self.what {
            Some(What::Set(set)) => set.execute(&config, folders, self.plan.as_deref()),
            None => self.list(&config),
        }
    }

    fn list(&self, config: &Config) -> anyhow::Result<Exit> {
        let office = &config.office;
        let plans = plans_named(office, self.plan.as_deref())?;
        let now = SystemClock.now();
        // Without a store nothing was counted or entered yet.
        let store = open_existing_store(config)?.map_or_else(store::open_in_memory, Ok).context(STORE_FAILED)?;
        let mut pages = Vec::new();
        for plan in plans.into_iter().filter(|p| !p.targets.is_empty()) {
            let standings = block_on(standings(office, &*store, plan))?.context(STORE_FAILED)?;
            pages.push(Page { plan, today: office.hours.date(now), standings });
        }
        if self.json {
            let plans: Vec<_> = pages.iter().map(Page::json).collect();
            print_json(&json!({ "plans": plans }));
        } else if pages.is_empty() {
            print("Kế hoạch không có chỉ tiêu nào (mục targets của tệp kế hoạch).");
        } else {
            print(&pages.iter().map(table::text).collect::<Vec<_>>().join("\n\n"));
        }
        Ok(Exit::Done)
    }
}

async fn standings(office: &Office, store: &dyn Store, plan: &Plan) -> Result<Vec<Standing>, store::StoreError> {
    let now = SystemClock.now();
    let mut standings = Vec::new();
    for target in &plan.targets {
        standings.push(target_standing(office, store, plan, target, now).await?);
    }
    Ok(standings)
}

/// The targets of one plan with how they stand, in the order of the file.
struct Page<'a> {
    plan: &'a Plan,
    today: NaiveDate,
    standings: Vec<Standing>,
}

impl Page<'_> {
    fn rows(&self) -> impl Iterator<Item = (&Target, &Standing)> {
        self.plan.targets.iter().zip(&self.standings)
    }

    fn is_over(&self) -> bool {
        self.plan.span().is_some_and(|span| self.today > span.until_on)
    }

    fn json(&self) -> serde_json::Value {
        let targets: Vec<_> = self.rows().map(|(target, standing)| target_json(target, standing)).collect();
        let span = self.plan.span();
        json!({ "id": self.plan.id, "title": self.plan.title, "from_on": span.map(|s| s.from_on), "until_on": span.map(|s| s.until_on),
                "targets": targets })
    }
}

/// Percentages as numbers; those of a few digits have an exact decimal form in JSON.
fn target_json(target: &Target, standing: &Standing) -> serde_json::Value {
    let number = |percent: Percent| f64::from(percent.hundredths()) / 100.0;
    let (metric, sources) = match &target.basis {
        Basis::Counted { metric, sources } => (Some(metric.as_str()), sources.as_slice()),
        Basis::Entered => (None, &[][..]),
    };
    let mut object = json!({
        "id": target.id, "section": target.section, "text": target.text, "percent": target.percent, "is_strict": target.is_strict,
        "metric": metric, "sources": sources, "lead": target.lead, "value": standing.value.as_ref().map(|v| number(v.percent())),
        "trend": standing.trend.map(|t| f64::from(t.0) / 100.0), "forecast": standing.forecast.map(|f| number(f.percent())),
        "verdict": standing.verdict.as_str(),
    });
    match &standing.value {
        Some(Value::Cases(measure)) => (object["good"], object["of"]) = (measure.good.into(), measure.of.into()),
        Some(Value::Entered(entered)) => {
            object["document"] = entered.document.as_str().into();
            object["measured_on"] = json!(entered.measured_on);
            object["entered_by"] = entered.entered_by.as_str().into();
        }
        None => {}
    }
    object
}

impl Set {
    fn execute(&self, config: &Config, folders: &Folders, plan: Option<&str>) -> anyhow::Result<Exit> {
        let (office, now) = (&config.office, SystemClock.now());
        let (plan, target) = self.target(office, self.plan.as_deref().or(plan))?;
        if let Basis::Counted { .. } = target.basis {
            bail!("chỉ tiêu «{}» được tính từ hồ sơ một cửa, không nhập tay; xem: nhacviec targets", target.id);
        }
        let value = read_percent(&self.value)?;
        let document = self.document.trim();
        if document.is_empty() {
            bail!("chưa ghi văn bản nêu kết quả; ví dụ: --document 12/BC-SCT");
        }
        let today = office.hours.date(now);
        let measured_on = self.on.unwrap_or(today);
        if measured_on > today {
            bail!("ngày {} còn ở phía trước", short_date(measured_on));
        }
        if let Some(span) = plan.span().filter(|span| measured_on < span.from_on) {
            let from = short_date(span.from_on);
            bail!("ngày {} sớm hơn ngày đầu của kế hoạch ({from})", short_date(measured_on));
        }
        let entered = Entered { measured_on, value, document: document.to_owned(), entered_by: self.by.by.clone() };
        let new = NewTargetValue { target: target_key(&plan.id, &target.id), entered };
        std::fs::create_dir_all(&folders.state).context("thư mục trạng thái không ghi được")?;
        let store = open_store(config)?;
        block_on(store.enter_target(new, now))?.context(STORE_FAILED)?;
        let standing = block_on(target_standing(office, &*store, plan, target, now))?.context(STORE_FAILED)?;
        let is_over = plan.span().is_some_and(|span| today > span.until_on);
        print(&format!(
            "Đã ghi chỉ tiêu {} ({}): {value} theo {document}, ngày {}; yêu cầu {}: {}.",
            target.id,
            target.text,
            short_date(measured_on),
            words::wanted(target),
            words::verdict(&standing, is_over).to_lowercase()
        ));
        Ok(Exit::Done)
    }

    /// The target meant; the error names the nearest one.
    fn target<'a>(&self, office: &'a Office, plan: Option<&str>) -> anyhow::Result<(&'a Plan, &'a Target)> {
        let plans = plans_named(office, plan)?;
        let all = || plans.iter().flat_map(|p| p.targets.iter().map(move |t| (*p, t)));
        let meant: Vec<_> = all().filter(|(_, t)| t.id.as_str() == self.id).collect();
        match meant.as_slice() {
            [one] => Ok(*one),
            [] => {
                let near = nearest(&self.id, all().map(|(_, t)| t.id.as_str()));
                let near = near.map_or_else(|| ".".to_owned(), |near| format!("; ý bạn là «{near}»?"));
                bail!("không có chỉ tiêu «{}»{near} Xem danh sách bằng lệnh: nhacviec targets", self.id)
            }
            several => bail!(
                "chỉ tiêu «{}» có trong nhiều kế hoạch; thêm --plan: {}",
                self.id,
                several.iter().map(|(p, _)| p.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

/// All plans, or the one of that id.
fn plans_named<'a>(office: &'a Office, id: Option<&str>) -> anyhow::Result<Vec<&'a Plan>> {
    let plans = &office.agenda.plans;
    let Some(id) = id else { return Ok(plans.iter().collect()) };
    let meant: Vec<&Plan> = plans.iter().filter(|p| p.id.as_str() == id).collect();
    if meant.is_empty() {
        let known = plans.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
        bail!("không có kế hoạch «{id}»; các kế hoạch: {known}");
    }
    Ok(meant)
}

fn read_percent(text: &str) -> anyhow::Result<Percent> {
    text.parse().map_err(|error| match error {
        PercentError::NotANumber => anyhow::anyhow!("«{text}» không phải một tỷ lệ; viết như 92,5 hoặc 92.5"),
        PercentError::OutOfRange => anyhow::anyhow!("«{text}» không nằm trong khoảng từ 0 đến 100"),
        PercentError::TooFine => anyhow::anyhow!("«{text}» có quá hai chữ số sau dấu phẩy"),
    })
}
