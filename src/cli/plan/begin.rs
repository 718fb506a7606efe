//! `nhacviec plan begin`: what was due before the office began to use the program is not asked for.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;

use crate::{
    cli::{
        Exit, STORE_FAILED, block_on,
        preview::parse_date,
        print,
        report::{By, Desk, due_in_force, explain_refusal},
        which::describe,
    },
    clock::Clock as _,
    config::Folders,
    domain::{
        ids::TaskId,
        life::{Facts, Report},
        occurrence::Occurrence,
        office::Office,
        plan::Task,
    },
    message::vietnamese::{period, short_date},
    store::{NewReport, Recorded},
};

#[derive(clap::Args)]
#[command(help_template = crate::cli::usage::TEMPLATE)]
pub struct Begin {
    /// Mã kế hoạch; không ghi thì mọi kế hoạch
    #[arg(value_name = "KẾ HOẠCH", help_heading = "Tham số")]
    plan: Option<String>,
    /// Ngày bắt đầu: hạn hết trước ngày này mà chưa ai báo gì thì không nhắc; mặc định hôm nay
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// Nhiệm vụ còn nợ, vẫn nhắc dù đã quá hạn; ghi được nhiều số thứ tự
    #[arg(long, value_name = "NHIỆM VỤ", num_args = 1.., help_heading = "Tùy chọn")]
    except: Vec<String>,
    /// Chỉ kê ra, không ghi
    #[arg(long, help_heading = "Tùy chọn")]
    check: bool,
    #[command(flatten)]
    by: By,
}

impl Begin {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(desk) = Desk::open(folders)? else { return Ok(Exit::Config) };
        let office = &desk.config.office;
        let on = self.on.unwrap_or(desk.today);
        if on > desk.today {
            bail!("ngày bắt đầu {} ở sau hôm nay; ghi hôm nay hoặc một ngày đã qua", short_date(on));
        }
        self.check_names(office)?;
        let left: Vec<&Occurrence> = office.agenda.occurrences.iter().filter(|o| self.leaves(&desk, o, on)).collect();
        if left.is_empty() {
            print(&format!("Không có hạn nào trước {} mà chưa ai báo gì: không phải bỏ gì.", short_date(on)));
            return Ok(Exit::Done);
        }
        if !self.check {
            for occurrence in &left {
                self.record(&desk, occurrence, on)?;
            }
        }
        print(&said(office, &left, on, self.check));
        Ok(Exit::Done)
    }

    fn check_names(&self, office: &Office) -> anyhow::Result<()> {
        let plans = &office.agenda.plans;
        if let Some(plan) = &self.plan
            && !plans.iter().any(|known| known.id.as_str() == plan)
        {
            let known: Vec<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
            bail!("không có kế hoạch «{plan}»; các kế hoạch: {}", known.join(", "));
        }
        let has_task = |task: &String| {
            let id = TaskId::from(task.as_str());
            plans.iter().filter(|plan| self.is_meant(plan.id.as_str())).any(|p| p.tasks.iter().any(|t| t.id == id))
        };
        match self.except.iter().find(|task| !has_task(task)) {
            Some(task) => bail!("không có nhiệm vụ «{task}»; xem danh sách bằng lệnh: nhacviec tasks"),
            None => Ok(()),
        }
    }

    fn is_meant(&self, plan: &str) -> bool {
        self.plan.as_ref().is_none_or(|meant| meant == plan)
    }

    /// Whether an occurrence was due before `on`, and nobody reported anything: what somebody did report is followed.
    fn leaves(&self, desk: &Desk, occurrence: &Occurrence, on: NaiveDate) -> bool {
        let office = &desk.config.office;
        let is_excepted = self.except.iter().any(|task| occurrence.task.id.as_str() == task);
        let is_over = due_in_force(office, occurrence, None).is_some_and(|due| due.last_on < on);
        self.is_meant(office.agenda.plans[occurrence.plan].id.as_str())
            && !is_excepted
            && is_over
            && desk.reports.life(occurrence.subject()).is_none()
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
}

/// How many periods were left out, each task on a line, and how to take one back.
fn said(office: &Office, left: &[&Occurrence], on: NaiveDate, is_check: bool) -> String {
    let mut of_task: HashMap<*const Task, Vec<&Occurrence>> = HashMap::new();
    for occurrence in left {
        of_task.entry(Arc::as_ptr(&occurrence.task)).or_default().push(occurrence);
    }
    // In the order of the annex.
    let rows = office.agenda.plans.iter().flat_map(|plan| plan.tasks.iter().map(move |task| (plan, task)));
    let rows: Vec<_> =
        rows.filter_map(|(plan, task)| Some((plan, task, of_task.remove(&Arc::as_ptr(task))?))).collect();
    let begins = if is_check { "Sẽ không nhắc" } else { "Đã ghi: không nhắc" };
    let (periods, tasks) = (left.len(), rows.len());
    let mut lines =
        vec![format!("{begins} {periods} hạn trước {} của {tasks} nhiệm vụ, chưa ai báo gì:", short_date(on))];
    lines
        .extend(rows.iter().map(|(plan, task, of_task)| format!("  {} {}: {}", plan.id, task.id, periods_of(of_task))));
    lines.push("Các hạn sau đó nhắc như thường.".to_owned());
    if let Some(last) = left.last() {
        let example = if is_check {
            format!("Việc nào còn nợ thì thêm --except, ví dụ: --except {}", last.task.id)
        } else {
            let Occurrence { task, unit, period, .. } = last;
            format!(
                "Việc nào còn nợ thì mở lại: nhacviec reopen {} --unit {unit} --period {period} --reason \"còn nợ\"",
                task.id
            )
        };
        lines.push(example);
    }
    lines.join("\n")
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
