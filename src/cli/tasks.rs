//! `nhacviec tasks`: the plan as understood.

use std::{fmt::Write as _, sync::Arc};

use anyhow::Context as _;
use chrono::NaiveDate;
use serde_json::json;

use super::{Exit, STORE_FAILED, block_on, load_config, open_existing_store, print, print_json, report::due_in_force};
use crate::{
    clock::{Clock, SystemClock},
    config::Folders,
    domain::{
        deadline::DeadlineRule,
        directory::Directory,
        ids::UnitId,
        life::{Ending, Life, Reports, Request},
        occurrence::{Occurrence, OccurrenceKind},
        office::Office,
        plan::{Basis, Plan, Target, Task},
        targets::words::wanted,
    },
    message::{
        reading,
        vietnamese::{date, period, short_date},
    },
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Tasks {
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

impl Tasks {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let reports = match open_existing_store(&config)? {
            Some(store) => block_on(store.reports())?.context(STORE_FAILED)?,
            None => Arc::default(),
        };
        let view =
            View { office: &config.office, reports: &reports, today: config.office.hours.date(SystemClock.now()) };
        if self.json {
            let plans: Vec<_> = config.office.agenda.plans.iter().map(|p| view.plan_json(p)).collect();
            print_json(&json!({ "plans": plans }));
        } else {
            let plans: Vec<_> = config.office.agenda.plans.iter().map(|p| view.plan_text(p)).collect();
            print(&plans.join("\n\n"));
        }
        Ok(Exit::Done)
    }
}

struct View<'a> {
    office: &'a Office,
    reports: &'a Reports,
    today: NaiveDate,
}

impl View<'_> {
    fn plan_text(&self, plan: &Plan) -> String {
        let mut lines =
            vec![plan.title.to_string(), format!("Theo dõi: {}", names(&self.office.directory, &plan.followed_by))];
        let mut section = "";
        for task in &plan.tasks {
            if task.section != section {
                section = &task.section;
                lines.push(format!("\n{section}"));
            }
            lines.push(self.task_text(plan, task));
        }
        if !plan.targets.is_empty() {
            lines.push("\nCHỈ TIÊU".to_owned());
        }
        let width = plan.targets.iter().map(|t| t.id.as_str().chars().count()).max().unwrap_or(0);
        lines.extend(
            plan.targets.iter().map(|t| format!("  {:<width$}  {}: {}{}", t.id.as_str(), wanted(t), t.text, basis(t))),
        );
        lines.join("\n")
    }

    fn task_text(&self, plan: &Plan, task: &Task) -> String {
        let mut text = format!("\n  {}  {}", task.id, content(task));
        for (label, value) in [
            ("Chủ trì", names(&self.office.directory, &task.lead)),
            ("Phối hợp", names(&self.office.directory, &task.coordinating)),
            ("Sản phẩm", task.product.to_string()),
            ("Thời hạn", format!("«{}»", task.phrase)),
            ("Cách hiểu", self.reading(plan, task)),
        ] {
            let _ = write!(text, "\n      {label}: {value}");
        }
        for occurrence in self.occurrences(plan, task).iter().filter(|o| matches!(o.kind, OccurrenceKind::Dated(_))) {
            let _ = write!(text, "\n      - {}", self.occurrence_text(occurrence));
        }
        text
    }

    fn occurrences(&self, plan: &Plan, task: &Task) -> Vec<Occurrence> {
        occurrences(self.office, self.reports, plan, task)
    }

    fn reading(&self, plan: &Plan, task: &Task) -> String {
        let notes = || {
            let days = self.office.agenda.of_task(&plan.id, &task.id).filter_map(|o| match o.kind {
                OccurrenceKind::StandingNote(on) | OccurrenceKind::DateMissing(on) => Some(on),
                OccurrenceKind::Dated(_) => None,
            });
            let mut days: Vec<_> = days.collect();
            days.dedup();
            let said = |day| format!("{}{}", short_date(day), self.provisional(day));
            days.into_iter().map(said).collect::<Vec<_>>().join(", ")
        };
        let reading = &task.reading;
        let said = reading::describe(reading, &task.phrase);
        if !task.settled.is_empty() {
            return format!("{said}; ngày hạn đã được chốt trong cấu hình");
        }
        let mut lines = vec![said];
        match reading.clauses.first().map(|c| &c.rule) {
            Some(DeadlineRule::Standing) => lines.push(format!("nhắc lại vào {}", notes())),
            Some(DeadlineRule::ExternalPlan(_)) => lines.push(format!("nhắc bổ sung ngày hạn vào {}", notes())),
            Some(_) if !reading.has_dates() => lines.push("chưa nhắc".to_owned()),
            Some(_) | None => {}
        }
        lines.extend(reading.doubts.iter().map(|d| reading::explain_doubt(d, &task.phrase)));
        lines.join("; ")
    }

    fn occurrence_text(&self, occurrence: &Occurrence) -> String {
        let life = self.reports.life(occurrence.subject());
        let Some(due) = due_in_force(self.office, occurrence, life) else { return String::new() };
        let provisional = if due.is_provisional { " (tạm tính)" } else { "" };
        let safe = if due.safe_on == due.last_on {
            String::new()
        } else {
            format!(", ngày làm việc cuối cùng {}", date(due.safe_on))
        };
        let state = match life.and_then(|l| l.ending.as_ref()) {
            Some(Ending::Completed { done_on, product, .. }) if *done_on <= due.last_on => {
                format!("hoàn thành đúng hạn ngày {} ({product})", short_date(*done_on))
            }
            Some(Ending::Completed { done_on, product, .. }) => {
                format!("hoàn thành quá hạn ngày {} ({product})", short_date(*done_on))
            }
            Some(Ending::Cancelled { reason, .. }) => format!("đã hủy ({reason})"),
            None if self.today > due.last_on => "QUÁ HẠN, chưa báo hoàn thành".to_owned(),
            None => {
                // Counted back from a due date that is not certain, the day is not certain either.
                format!("nhắc từ {}{provisional}", short_date(occurrence.opens_on))
            }
        };
        let state = [vec![state], life.map(|l| standing(l, &self.office.directory, self.today)).unwrap_or_default()];
        let state = state.concat().join("; ");
        let document = occurrence.document.as_ref().map(|d| format!(" theo {d}")).unwrap_or_default();
        let unit = self.office.directory.unit_name(&occurrence.unit);
        format!(
            "{}{document} ({unit}): hết {}{safe}{provisional}; {state}",
            period(&occurrence.period),
            date(due.last_on)
        )
    }

    fn provisional(&self, day: NaiveDate) -> &'static str {
        if self.office.calendar.is_provisional(day) { " (tạm tính)" } else { "" }
    }

    fn plan_json(&self, plan: &Plan) -> serde_json::Value {
        let tasks: Vec<_> = plan.tasks.iter().map(|t| self.task_json(plan, t)).collect();
        let targets: Vec<_> = plan
            .targets
            .iter()
            .map(|t| {
                let metric = match &t.basis {
                    Basis::Counted { metric, .. } => Some(metric.as_str()),
                    Basis::Entered => None,
                };
                json!({ "id": t.id, "section": t.section, "text": t.text, "percent": t.percent, "is_strict": t.is_strict,
                        "metric": metric, "lead": t.lead })
            })
            .collect();
        json!({ "id": plan.id, "title": plan.title, "year": plan.years.first(), "until": plan.years.last, "followed_by": plan.followed_by, "tasks": tasks, "targets": targets })
    }

    fn task_json(&self, plan: &Plan, task: &Task) -> serde_json::Value {
        let occurrences: Vec<_> = self
            .occurrences(plan, task)
            .iter()
            .map(|o| {
                let life = self.reports.life(o.subject());
                let (last_on, safe_on, note_on, is_provisional) = match o.kind {
                    OccurrenceKind::Dated(due) => (Some(due.last_on), Some(due.safe_on), None, due.is_provisional),
                    OccurrenceKind::StandingNote(on) | OccurrenceKind::DateMissing(on) => {
                        (None, None, Some(on), self.office.calendar.is_provisional(on))
                    }
                };
                let due = due_in_force(self.office, o, life);
                let (last_on, safe_on) = due.map_or((last_on, safe_on), |d| (Some(d.last_on), Some(d.safe_on)));
                let done = life.and_then(|l| match l.ending.as_ref()? {
                    Ending::Completed { done_on, product, by } => Some(json!({ "on": done_on, "product": product, "by": by })),
                    Ending::Cancelled { .. } => None,
                });
                json!({ "subject": o.subject(), "unit": o.unit, "period": o.period, "last_on": last_on, "safe_on": safe_on, "note_on": note_on,
                        "is_provisional": is_provisional, "opens_on": o.opens_on, "done": done,
                        "is_cancelled": life.is_some_and(|l| matches!(l.ending, Some(Ending::Cancelled { .. }))), "document": o.document })
            })
            .collect();
        json!({ "id": task.id, "section": task.section, "content": content(task), "lead": task.lead, "coordinating": task.coordinating,
                "deadline": task.phrase, "reading": self.reading(plan, task), "product": task.product, "occurrences": occurrences })
    }
}

/// Those of the plan and those that documents opened.
pub fn occurrences(office: &Office, reports: &Reports, plan: &Plan, task: &Task) -> Vec<Occurrence> {
    let agenda = &office.agenda;
    let mut all: Vec<Occurrence> = agenda.of_task(&plan.id, &task.id).cloned().collect();
    let opened = reports.openings().iter().filter(|o| o.plan == plan.id && o.task == task.id);
    all.extend(opened.filter_map(|o| agenda.opened(o, &office.calendar)));
    all
}

/// What the task asks for; of one marked secret its number.
pub fn content(task: &Task) -> String {
    match &task.secret {
        Some(secret) => format!("nhiệm vụ {}: văn bản số {}", secret.mark, secret.reference),
        None => task.content.to_string(),
    }
}

/// What people reported and what still stands, in words.
pub fn standing(life: &Life, directory: &Directory, today: NaiveDate) -> Vec<String> {
    let mut said = Vec::new();
    said.extend(life.due_on.map(|_| "đã được gia hạn".to_owned()));
    said.extend(life.unit.as_ref().map(|u| format!("đã giao {} chủ trì", directory.unit_name(u))));
    if life.is_closed() {
        return said;
    }
    for unit in life.acknowledged.keys() {
        let until = life.quiet_until(unit, None, today);
        said.extend(until.map(|on| format!("{} đã nhận, nhắc lại {}", directory.unit_name(unit), short_date(on))));
    }
    said.extend(life.snoozed_until(today).map(|on| format!("tạm dừng nhắc đến {}", short_date(on))));
    said.extend(life.extension.iter().chain(&life.dispute).map(|asked| match &asked.request {
        Request::Extension { to_on, .. } => format!("xin gia hạn đến hết {}, chờ quyết định", short_date(*to_on)),
        Request::NotOurs { .. } => "đơn vị báo không thuộc trách nhiệm, chờ giao lại".to_owned(),
    }));
    said
}

/// How what was reached becomes known.
fn basis(target: &Target) -> &'static str {
    match target.basis {
        Basis::Counted { .. } => " (tính từ hồ sơ một cửa)",
        Basis::Entered => "",
    }
}

fn names(directory: &Directory, units: &[UnitId]) -> String {
    units.iter().map(|u| directory.unit_name(u)).collect::<Vec<_>>().join(", ")
}
