//! Owns which occurrence a command means: by task, unit, period and plan; the error names the choices.

use anyhow::{Context as _, bail};

use crate::{
    domain::{
        directory::Directory,
        ids::{PlanId, TaskId, UnitId},
        life::Reports,
        occurrence::Occurrence,
        office::Office,
        plan::Plan,
    },
    message::vietnamese::period,
};

/// The arguments that name an occurrence.
#[derive(clap::Args)]
pub struct Which {
    /// Số thứ tự nhiệm vụ trong phụ lục, ví dụ II.5.1
    #[arg(value_name = "NHIỆM VỤ", help_heading = "Tham số")]
    pub task: String,
    /// Đơn vị chủ trì (mã hoặc tên đơn vị); bỏ qua nếu nhiệm vụ chỉ có một đơn vị
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    pub unit: Option<String>,
    /// Kỳ, ví dụ 2023-03; bỏ qua nếu nhiệm vụ chỉ có một kỳ
    #[arg(long, value_name = "KỲ", help_heading = "Tùy chọn")]
    pub period: Option<String>,
    /// Mã kế hoạch; bỏ qua nếu chỉ một kế hoạch có nhiệm vụ này
    #[arg(long, value_name = "KẾ HOẠCH", help_heading = "Tùy chọn")]
    pub plan: Option<String>,
}

impl Which {
    /// The plan that has the task.
    pub fn plan<'a>(&self, office: &'a Office) -> anyhow::Result<&'a Plan> {
        let task = TaskId::from(self.task.as_str());
        let plans = office.agenda.plans.iter();
        let plans = plans.filter(|p| self.plan.as_ref().is_none_or(|id| p.id == PlanId::from(id.as_str())));
        let plans: Vec<_> = plans.filter(|p| p.tasks.iter().any(|t| t.id == task)).collect();
        match plans.as_slice() {
            [plan] => Ok(plan),
            [] => bail!("không có nhiệm vụ «{task}»; xem danh sách bằng lệnh: nhacviec tasks"),
            several => bail!(
                "nhiệm vụ «{task}» có trong nhiều kế hoạch; thêm --plan: {}",
                several.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    /// Every occurrence of the task that the arguments allow, opened ones included.
    pub fn all(&self, office: &Office, reports: &Reports) -> anyhow::Result<Vec<Occurrence>> {
        let plan = self.plan(office)?;
        let task = TaskId::from(self.task.as_str());
        let mut all: Vec<Occurrence> = office.agenda.of_task(&plan.id, &task).cloned().collect();
        let opened = reports.openings().iter().filter(|o| o.plan == plan.id && o.task == task);
        all.extend(opened.filter_map(|o| office.agenda.opened(o, &office.calendar)));
        if all.is_empty() {
            bail!(
                "nhiệm vụ «{task}» chờ phát sinh, chưa có kỳ nào; ghi việc phát sinh bằng lệnh: nhacviec open {task}"
            );
        }
        let directory = &office.directory;
        let of_period = || all.iter().filter(|o| self.period.as_ref().is_none_or(|p| *o.period == **p));
        let of_unit = |o: &&Occurrence| self.unit.as_ref().is_none_or(|unit| is_named(directory, &o.unit, unit));
        let mut meant: Vec<_> = of_period().filter(of_unit).cloned().collect();
        // Whoever does an old unit's work today knows it by their own name.
        let heir =
            || directory.units.keys().find(|id| is_named(directory, id, self.unit.as_deref().unwrap_or_default()));
        if let (true, Some(heir)) = (meant.is_empty(), heir()) {
            meant = of_period().filter(|o| directory.inherits(heir, &o.unit)).cloned().collect();
        }
        if meant.is_empty() {
            bail!("không có kỳ hoặc đơn vị như vậy; chọn một trong: {}", choices(&all));
        }
        Ok(meant)
    }

    /// The one occurrence meant; otherwise the error names the choices.
    pub fn one(&self, office: &Office, reports: &Reports) -> anyhow::Result<Occurrence> {
        let mut meant = self.all(office, reports)?;
        match meant.len() {
            1 => Ok(meant.remove(0)),
            _ => bail!("cần ghi rõ --unit và --period; chọn một trong: {}", choices(&meant)),
        }
    }
}

/// Whether `written` is the unit's id or name.
pub fn is_named(directory: &Directory, unit: &UnitId, written: &str) -> bool {
    unit.as_str() == written || directory.unit_name(unit).to_lowercase() == written.to_lowercase()
}

/// The unit that somebody wrote on the command line.
pub fn unit_named(directory: &Directory, written: &str) -> anyhow::Result<UnitId> {
    let known = || directory.units.keys().map(UnitId::as_str).collect::<Vec<_>>().join(", ");
    let unit = directory.units.keys().find(|id| is_named(directory, id, written)).cloned();
    unit.with_context(|| format!("không có đơn vị «{written}» trong units.yaml; các mã đơn vị: {}", known()))
}

fn choices(occurrences: &[Occurrence]) -> String {
    occurrences.iter().map(|o| format!("--unit {} --period {}", o.unit, o.period)).collect::<Vec<_>>().join("; ")
}

/// `II.5.1 – tháng 3/2023 (Văn phòng Sở)`.
pub fn describe(office: &Office, occurrence: &Occurrence) -> String {
    let unit = office.directory.unit_name(&occurrence.unit);
    format!("{} – {} ({unit})", occurrence.task.id, period(&occurrence.period))
}
