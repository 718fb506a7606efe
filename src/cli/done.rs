//! `nhacviec done`: reports an occurrence as completed.

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use super::{Exit, block_on, load_config, open_store, print};
use crate::{
    clock::{Clock, SystemClock},
    config::Folders,
    domain::{
        directory::Directory,
        ids::{PlanId, TaskId},
        occurrence::{Agenda, Occurrence, OccurrenceKind},
    },
    message::vietnamese::{period, short_date},
    store::{Completion, Recorded},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Done {
    /// Số thứ tự nhiệm vụ trong phụ lục, ví dụ II.5.1
    #[arg(value_name = "NHIỆM VỤ", help_heading = "Tham số")]
    task: String,
    /// Đơn vị chủ trì báo hoàn thành (mã đơn vị); bỏ qua nếu nhiệm vụ chỉ có một đơn vị
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    unit: Option<String>,
    /// Kỳ, ví dụ 2023-03; bỏ qua nếu nhiệm vụ chỉ có một kỳ
    #[arg(long, value_name = "KỲ", help_heading = "Tùy chọn")]
    period: Option<String>,
    /// Số, ký hiệu hoặc tên sản phẩm, ví dụ 45/BC-SCT
    #[arg(long, value_name = "SẢN PHẨM", help_heading = "Tùy chọn")]
    product: String,
    /// Ngày hoàn thành (2023-03-20 hoặc 20/03/2023); mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = super::preview::parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// Người báo
    #[arg(
        long,
        value_name = "NGƯỜI",
        default_value = "dòng lệnh",
        hide_default_value = true,
        help_heading = "Tùy chọn"
    )]
    by: String,
    /// Mã kế hoạch; bỏ qua nếu chỉ một kế hoạch có nhiệm vụ này
    #[arg(long, value_name = "KẾ HOẠCH", help_heading = "Tùy chọn")]
    plan: Option<String>,
}

impl Done {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let office = &config.office;
        let now = SystemClock.now();
        let occurrence = self.find(&office.agenda, &office.directory)?;
        let done_on = self.on.unwrap_or_else(|| office.hours.date(now));
        if self.product.trim().is_empty() {
            bail!("chưa ghi sản phẩm; ví dụ: --product 58/BC-SCT");
        }
        if done_on > office.hours.date(now) {
            bail!("ngày hoàn thành {} còn ở phía trước", short_date(done_on));
        }
        let completion = Completion {
            subject: occurrence.subject.clone(),
            done_on,
            product: self.product.clone(),
            reported_by: self.by.clone(),
        };
        std::fs::create_dir_all(&folders.state).context("thư mục trạng thái không ghi được")?;
        let store = open_store(&config)?;
        let recorded = block_on(store.complete(completion, now))?.context("chưa ghi được; thử lại")?;
        let what = format!(
            "{} – {} ({})",
            occurrence.task.id,
            period(&occurrence.period),
            office.directory.unit_name(&occurrence.unit)
        );
        match recorded {
            Recorded::New => {
                let late = match occurrence.kind {
                    OccurrenceKind::Dated(due) if done_on > due.last_on => {
                        format!("quá hạn {} ngày làm việc", office.calendar.working_days_between(due.last_on, done_on))
                    }
                    OccurrenceKind::Dated(_) => "đúng hạn".to_owned(),
                    OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => "đã ghi".to_owned(),
                };
                print(&format!(
                    "Đã ghi nhận hoàn thành {what}: ngày {}, sản phẩm {}; {late}.",
                    short_date(done_on),
                    self.product
                ));
            }
            Recorded::Already(before) => {
                print(&format!(
                    "{what} đã được báo hoàn thành trước đó: ngày {}, sản phẩm {}. Không ghi lại.",
                    short_date(before.done_on),
                    before.product
                ));
            }
        }
        Ok(Exit::Done)
    }

    /// The one occurrence meant; otherwise the error names the choices.
    fn find<'a>(&self, agenda: &'a Agenda, directory: &Directory) -> anyhow::Result<&'a Occurrence> {
        let task = TaskId::from(self.task.as_str());
        let plans =
            agenda.plans.iter().filter(|p| self.plan.as_ref().is_none_or(|id| p.id == PlanId::from(id.as_str())));
        let plans: Vec<_> = plans.filter(|p| p.tasks.iter().any(|t| t.id == task)).collect();
        let plan = match plans.as_slice() {
            [plan] => plan,
            [] => bail!("không có nhiệm vụ «{task}»; xem danh sách bằng lệnh: nhacviec tasks"),
            several => bail!(
                "nhiệm vụ «{task}» có trong nhiều kế hoạch; thêm --plan: {}",
                several.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
        };
        let all: Vec<_> = agenda.of_task(&plan.id, &task).collect();
        if all.is_empty() {
            bail!("nhiệm vụ «{task}» chờ phát sinh, chưa có kỳ nào để báo hoàn thành");
        }
        let is_unit = |o: &&&Occurrence| {
            self.unit.as_ref().is_none_or(|unit| {
                o.unit.as_str() == unit || directory.unit_name(&o.unit).to_lowercase() == unit.to_lowercase()
            })
        };
        let chosen: Vec<_> =
            all.iter().filter(is_unit).filter(|o| self.period.as_ref().is_none_or(|p| o.period == *p)).collect();
        match chosen.as_slice() {
            [one] => Ok(one),
            [] => bail!("không có kỳ hoặc đơn vị như vậy; chọn một trong: {}", choices(&all)),
            several => bail!(
                "cần ghi rõ --unit và --period; chọn một trong: {}",
                choices(&several.iter().map(|o| **o).collect::<Vec<_>>())
            ),
        }
    }
}

fn choices(occurrences: &[&Occurrence]) -> String {
    occurrences.iter().map(|o| format!("--unit {} --period {}", o.unit, o.period)).collect::<Vec<_>>().join("; ")
}
