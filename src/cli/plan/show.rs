//! `nhacviec plan show`: the annex as a table, each row with its state.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::{find, refuse, reports};
use crate::{
    cli::{
        Exit, load_config, print, print_json,
        report::due_in_force,
        tasks::{content, occurrences},
    },
    clock::{Clock, SystemClock},
    config::{self, Folders},
    domain::{
        life::{Ending, Reports},
        occurrence::{Occurrence, OccurrenceKind},
        office::Office,
        plan::{Plan, Task},
    },
    import::diff::WrittenTask,
    message::vietnamese::{period, short_date},
};

#[derive(clap::Args)]
#[command(help_template = crate::cli::usage::TEMPLATE)]
pub struct Show {
    /// Mã kế hoạch
    #[arg(value_name = "KẾ HOẠCH", help_heading = "Tham số")]
    plan: String,
    /// Số cột của bảng; không ghi thì theo cửa sổ
    #[arg(long, value_name = "SỐ", value_parser = clap::value_parser!(u16).range(80..=400), help_heading = "Tùy chọn")]
    width: Option<u16>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

const HEADERS: [&str; 7] = ["TT", "Nội dung công việc", "Chủ trì", "Phối hợp", "Thời hạn", "Sản phẩm", "Tình trạng"];
/// How the columns share the width, in parts; the number takes what it needs.
const SHARES: [usize; 6] = [36, 15, 15, 14, 14, 20];
/// When the output is no window.
const USUAL_WIDTH: usize = 160;

impl Show {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let path = find(&self.plan, &folders.config)?;
        let (id, written) = match config::read_written_plan(&path) {
            Ok((id, tasks)) => (id.unwrap_or_default(), tasks),
            Err(findings) => return Ok(refuse(&findings)),
        };
        let written = written.into_iter().map(|task| (task.id.clone(), task)).collect();
        let plan = config.office.agenda.plans.iter().find(|plan| plan.id.as_str() == id);
        let Some(plan) = plan else {
            anyhow::bail!("kế hoạch «{}» không ở trong thư mục plans của cấu hình", self.plan)
        };
        let today = config.office.hours.date(SystemClock.now());
        let view = View { office: &config.office, reports: &*reports(&config)?, plan, written, today };
        if self.json {
            print_json(&view.json());
        } else {
            let window = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            let width = self.width.map(usize::from).or_else(window).unwrap_or(USUAL_WIDTH);
            print(&view.table(width.max(80)));
        }
        Ok(Exit::Done)
    }
}

struct View<'a> {
    office: &'a Office,
    reports: &'a Reports,
    plan: &'a Plan,
    /// The rows as the document has them, groups not taken apart.
    written: BTreeMap<String, WrittenTask>,
    today: NaiveDate,
}

impl View<'_> {
    fn table(&self, width: usize) -> String {
        let number = self.plan.tasks.iter().map(|t| t.id.as_str().chars().count()).max().unwrap_or(2).clamp(2, 12);
        let widths = widths(number, width);
        let rule = |cross: &str| widths.iter().map(|w| "─".repeat(*w)).collect::<Vec<_>>().join(cross);
        let mut lines = vec![self.plan.title.to_string(), rule("─┬─"), row(&widths, &HEADERS.map(str::to_owned))];
        let mut section = "";
        for task in &self.plan.tasks {
            lines.push(rule("─┼─"));
            if task.section != section {
                section = &task.section;
                let whole = widths.iter().sum::<usize>() + 3 * (widths.len() - 1);
                lines.extend(wrapped(section, whole));
                lines.push(rule("─┼─"));
            }
            lines.push(row(&widths, &self.cells(task)));
        }
        lines.push(rule("─┴─"));
        lines.push(self.summary());
        lines.extend(self.hint());
        lines.join("\n")
    }

    fn cells(&self, task: &Task) -> [String; 7] {
        let written = self.written.get(task.id.as_str());
        let names = |units: fn(&WrittenTask) -> &[String]| written.map(|w| units(w).join(", ")).unwrap_or_default();
        [
            task.id.to_string(),
            content(task),
            names(|task| &task.lead),
            names(|task| &task.coordinating),
            task.phrase.to_string(),
            task.product.to_string(),
            self.state(task).text,
        ]
    }

    fn json(&self) -> serde_json::Value {
        let rows: Vec<_> = self
            .plan
            .tasks
            .iter()
            .map(|task| {
                let state = self.state(task);
                json!({ "id": task.id, "section": task.section, "content": content(task), "lead": task.lead,
                        "coordinating": task.coordinating, "deadline": task.phrase, "product": task.product,
                        "state": state.kind.key(), "state_text": state.text })
            })
            .collect();
        json!({ "id": self.plan.id, "title": self.plan.title, "tasks": rows })
    }

    /// For a plan that is entered in the middle of its year: all that was due is late, for nobody could report it.
    fn hint(&self) -> Option<String> {
        let is_current = self.plan.span().is_some_and(|span| span.until_on >= self.today);
        let is_late = || self.plan.tasks.iter().any(|task| self.state(task).kind == Kind::Overdue);
        let of_plan = |task| occurrences(self.office, self.reports, self.plan, task);
        let is_new =
            || self.plan.tasks.iter().flat_map(|t| of_plan(t)).all(|o| self.reports.life(o.subject()).is_none());
        (is_current && is_late() && is_new()).then(|| {
            let begin = format!("nhacviec plan begin {} --check", self.plan.id);
            format!("Chưa ai báo việc nào. Kế hoạch nhập giữa năm thì xem những hạn đã qua không phải nhắc: {begin}")
        })
    }

    fn summary(&self) -> String {
        let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
        self.plan.tasks.iter().for_each(|task| *counts.entry(self.state(task).kind).or_default() += 1);
        let said = counts.into_iter().map(|(kind, count)| format!("{count} {}", kind.name())).collect::<Vec<_>>();
        format!("{} nhiệm vụ: {}", self.plan.tasks.len(), said.join(", "))
    }

    fn state(&self, task: &Task) -> State {
        let occurrences = occurrences(self.office, self.reports, self.plan, task);
        let dated: Vec<&Occurrence> =
            occurrences.iter().filter(|o| matches!(o.kind, OccurrenceKind::Dated(_))).collect();
        if dated.is_empty() {
            return self.undated(&occurrences);
        }
        let (mut done, mut late, mut cancelled, mut overdue, mut next) = (0, 0, 0, Vec::new(), None);
        for occurrence in &dated {
            let life = self.reports.life(occurrence.subject());
            let Some(due) = due_in_force(self.office, occurrence, life) else { continue };
            match life.and_then(|life| life.ending.as_ref()) {
                Some(Ending::Completed { done_on, .. }) => {
                    done += 1;
                    late += usize::from(*done_on > due.last_on);
                }
                Some(Ending::Cancelled { .. }) => cancelled += 1,
                None if self.today > due.last_on => overdue.push((due.last_on, *occurrence)),
                None => next = next.into_iter().chain([(due.last_on, *occurrence)]).min_by_key(|(on, _)| *on),
            }
        }
        self.said(&Tally { all: dated.len(), done, late, cancelled, overdue, next })
    }

    fn undated(&self, occurrences: &[Occurrence]) -> State {
        let next = |is: fn(&OccurrenceKind) -> Option<NaiveDate>| {
            occurrences.iter().filter_map(|o| is(&o.kind)).filter(|on| *on >= self.today).min()
        };
        let standing = |kind: &OccurrenceKind| match kind {
            OccurrenceKind::StandingNote(on) => Some(*on),
            OccurrenceKind::Dated(_) | OccurrenceKind::DateMissing(_) => None,
        };
        let missing = |kind: &OccurrenceKind| match kind {
            OccurrenceKind::DateMissing(on) => Some(*on),
            OccurrenceKind::Dated(_) | OccurrenceKind::StandingNote(_) => None,
        };
        let again = |on: Option<NaiveDate>| on.map(|on| format!(", nhắc lại {}", short_date(on))).unwrap_or_default();
        if occurrences.iter().any(|o| standing(&o.kind).is_some()) {
            return State { kind: Kind::Standing, text: format!("thường xuyên{}", again(next(standing))) };
        }
        if occurrences.iter().any(|o| missing(&o.kind).is_some()) {
            return State { kind: Kind::Waiting, text: format!("chờ ngày hạn{}", again(next(missing))) };
        }
        State { kind: Kind::Waiting, text: "chờ phát sinh".to_owned() }
    }

    fn said(&self, tally: &Tally<'_>) -> State {
        let mut said = Vec::new();
        let count = |n: usize| if tally.all == 1 { String::new() } else { format!(" {n}/{}", tally.all) };
        if tally.done > 0 {
            let late = if tally.late > 0 { format!(" ({} quá hạn)", tally.late) } else { String::new() };
            said.push(format!("đã xong{}{late}", count(tally.done)));
        }
        if tally.cancelled > 0 {
            said.push(format!("đã hủy{}", count(tally.cancelled)));
        }
        for (on, occurrence) in &tally.overdue {
            let unit = self.office.directory.unit_name(&occurrence.unit);
            said.push(format!("QUÁ HẠN từ {} ({unit}, {})", short_date(*on), period(&occurrence.period)));
        }
        if let Some((on, _)) = tally.next {
            let left = self.office.calendar.working_days_between(self.today, on);
            said.push(format!("hạn {}, còn {left} ngày làm việc", short_date(on)));
        }
        let kind = match tally {
            Tally { overdue, .. } if !overdue.is_empty() => Kind::Overdue,
            Tally { next: Some(_), .. } => Kind::Running,
            Tally { done: 0, .. } => Kind::Cancelled,
            _ => Kind::Done,
        };
        State { kind, text: said.join("; ") }
    }
}

struct Tally<'a> {
    all: usize,
    done: usize,
    late: usize,
    cancelled: usize,
    overdue: Vec<(NaiveDate, &'a Occurrence)>,
    next: Option<(NaiveDate, &'a Occurrence)>,
}

struct State {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Overdue,
    Running,
    Done,
    Cancelled,
    Standing,
    Waiting,
}

impl Kind {
    fn key(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Standing => "standing",
            Self::Waiting => "waiting",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Overdue => "quá hạn",
            Self::Running => "đang làm",
            Self::Done => "đã xong",
            Self::Cancelled => "đã hủy",
            Self::Standing => "thường xuyên",
            Self::Waiting => "chờ phát sinh hoặc chờ ngày hạn",
        }
    }
}

fn widths(number: usize, width: usize) -> [usize; 7] {
    let room = width.saturating_sub(number + 3 * SHARES.len());
    let parts = SHARES.iter().sum::<usize>();
    let mut widths = [number; 7];
    for (at, share) in SHARES.iter().enumerate() {
        widths[at + 1] = (room * share / parts).max(6);
    }
    widths
}

fn row(widths: &[usize; 7], cells: &[String; 7]) -> String {
    let cells: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrapped(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |n: usize| {
        let parts = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{:<width$}", cell.get(n).map_or("", String::as_str), width = *width));
        parts.collect::<Vec<_>>().join(" │ ").trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

/// The text in lines of at most `width` letters, broken between words where it can be.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        while !rest.is_empty() {
            let line = lines.last_mut().expect("there is always one");
            let used = line.chars().count();
            let gap = usize::from(used > 0);
            if used + gap + rest.len() <= width || (used == 0 && rest.len() > width) {
                if gap > 0 {
                    line.push(' ');
                }
                line.extend(rest.drain(..rest.len().min(width)));
            } else {
                lines.push(String::new());
            }
        }
    }
    lines
}
