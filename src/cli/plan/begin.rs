//! `nhacviec plan begin`: what was due before the office began to use the program is not asked for.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use super::reports;
use crate::{
    cli::{
        Exit, STORE_FAILED, block_on, load_config,
        preview::parse_date,
        print,
        report::{By, Desk, due_in_force, explain_refusal},
        which::describe,
    },
    clock::{Clock as _, SystemClock},
    config::Folders,
    domain::{
        ids::UnitId,
        life::{Facts, Report, Reports},
        occurrence::Occurrence,
        office::Office,
        plan::{Plan, Task},
    },
    message::vietnamese::{period, short_date},
    store::{NewReport, Recorded},
};

#[derive(clap::Args)]
#[command(help_template = crate::cli::usage::TEMPLATE)]
pub struct Begin {
    /// Mã kế hoạch
    #[arg(value_name = "KẾ HOẠCH", help_heading = "Tham số")]
    plan: String,
    /// Ngày bắt đầu: hạn hết trước ngày này mà chưa ai báo gì thì không nhắc; mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// Nhiệm vụ còn nợ, vẫn nhắc dù đã quá hạn; ghi được nhiều số thứ tự
    #[arg(long, value_name = "NHIỆM VỤ", num_args = 1.., value_delimiter = ',', help_heading = "Tùy chọn")]
    except: Vec<String>,
    /// Chỉ kê ra, không ghi
    #[arg(long, help_heading = "Tùy chọn")]
    check: bool,
    #[command(flatten)]
    by: By,
}

impl Begin {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let (office, today) = (&config.office, config.office.hours.date(SystemClock.now()));
        let on = self.on.unwrap_or(today);
        if on > today {
            bail!("ngày bắt đầu {} ở sau hôm nay; ghi hôm nay hoặc một ngày đã qua", short_date(on));
        }
        let plans = &office.agenda.plans;
        let Some(index) = plans.iter().position(|plan| plan.id.as_str() == self.plan) else {
            let known: Vec<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
            bail!("không có kế hoạch «{}»; các kế hoạch: {}", self.plan, known.join(", "));
        };
        let has_task = |task: &&String| plans[index].tasks.iter().any(|t| t.id.as_str() == task.as_str());
        if let Some(task) = self.except.iter().find(|task| !has_task(task)) {
            bail!("kế hoạch «{}» không có nhiệm vụ «{task}»; xem danh sách bằng lệnh: nhacviec tasks", self.plan);
        }
        let reports = reports(&config)?;
        let is_left = |o: &&Occurrence| o.plan == index && self.leaves(office, &reports, o, on);
        let left: Vec<&Occurrence> = office.agenda.occurrences.iter().filter(is_left).collect();
        if left.is_empty() {
            print(&format!("Không có hạn nào trước {} mà chưa ai báo gì: không phải bỏ gì.", short_date(on)));
            return Ok(Exit::Done);
        }
        if !self.check {
            // Read again, by who records: the store may be new.
            let Some(desk) = Desk::open(folders)? else { return Ok(Exit::Config) };
            for occurrence in &left {
                self.record(&desk, occurrence, on)?;
            }
        }
        print(&self.said(office, &plans[index], &left, on));
        Ok(Exit::Done)
    }

    /// Whether an occurrence was due before `on`, and nobody reported anything: what somebody did report is followed.
    fn leaves(&self, office: &Office, reports: &Reports, occurrence: &Occurrence, on: NaiveDate) -> bool {
        let is_excepted = self.except.iter().any(|task| occurrence.task.id.as_str() == task);
        let is_over = due_in_force(office, occurrence, None).is_some_and(|due| due.last_on < on);
        !is_excepted && is_over && reports.life(occurrence.subject()).is_none()
    }

    fn record(&self, desk: &Desk, occurrence: &Occurrence, on: NaiveDate) -> anyhow::Result<()> {
        let office = &desk.config.office;
        let new = NewReport {
            subject: occurrence.subject().clone(),
            report: Report::Cancelled {
                reason: format!("hạn trước ngày bắt đầu theo dõi {}", short_date(on))
            },
            reported_by: self.by.by.clone(),
            reported_from: "cli",
        };
        let facts = Facts::of(occurrence, None, office, desk.today);
        match block_on(desk.store.report(new, facts, desk.clock.now()))?.context(STORE_FAILED)? {
            Recorded::Taken(_) => Ok(()),
            Recorded::Refused(refusal) => {
                bail!(explain_refusal(&refusal, office, &describe(office, occurrence)))
            }
        }
    }

    /// What was left out, each task on a line, and how to take some of it back.
    fn said(&self, office: &Office, plan: &Plan, left: &[&Occurrence], on: NaiveDate) -> String {
        let mut of_task: HashMap<*const Task, Vec<&Occurrence>> = HashMap::new();
        for occurrence in left {
            of_task.entry(Arc::as_ptr(&occurrence.task)).or_default().push(occurrence);
        }
        // In the order of the annex.
        let rows = plan.tasks.iter().filter_map(|task| Some((task, of_task.remove(&Arc::as_ptr(task))?)));
        let rows: Vec<String> = rows
            .map(|(task, left)| format!("  {}: {}{}", task.id, periods_of(&left), units_of(office, task, &left)))
            .collect();
        let begins = if self.check { "Sẽ không nhắc" } else { "Đã ghi: không nhắc" };
        let (dates, tasks, on) = (left.len(), rows.len(), short_date(on));
        let mut lines = vec![format!("{begins} {dates} hạn trước {on} của {tasks} nhiệm vụ, chưa ai báo gì:")];
        lines.extend(rows);
        lines.push("Các hạn sau đó nhắc như thường.".to_owned());
        lines.extend(left.last().map(|Occurrence { task, unit, period, .. }| {
            if self.check {
                return format!("Việc nào còn nợ, vẫn phải nhắc, thì thêm --except, ví dụ: --except {}", task.id);
            }
            let (plan, task) = (&plan.id, &task.id);
            format!(
                "Việc nào còn nợ thì mở lại: nhacviec reopen {task} --plan {plan} --unit {unit} --period {period} --reason \"còn nợ\""
            )
        }));
        lines.join("\n")
    }
}

/// The periods in words, each once, the first and the last of many.
fn periods_of(occurrences: &[&Occurrence]) -> String {
    let mut periods: Vec<String> = occurrences.iter().map(|o| period(&o.period)).collect();
    periods.dedup();
    match periods.as_slice() {
        [first, .., last] if periods.len() > 3 => format!("{first} … {last} ({} kỳ)", periods.len()),
        _ => periods.join(", "),
    }
}

/// The units meant, where several are in charge.
fn units_of(office: &Office, task: &Task, occurrences: &[&Occurrence]) -> String {
    if task.lead.len() < 2 {
        return String::new();
    }
    let is_meant = |unit: &&UnitId| occurrences.iter().any(|o| o.unit == **unit);
    let names: Vec<&str> = task.lead.iter().filter(is_meant).map(|unit| office.directory.unit_name(unit)).collect();
    format!(" ({})", names.join(", "))
}
