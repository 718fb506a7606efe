//! `nhacviec deadline`: what a phrase means, which dates follow, what is open about it.

use std::{
    io::{BufRead as _, BufWriter, Write as _},
    sync::Arc,
};

use anyhow::Context as _;
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;

use super::{Exit, check::print_findings, load_config, print, print_json, usage::Hint};
use crate::{
    clock::{Clock, SystemClock},
    config::{
        Folders, example,
        finding::{Finding, Severity, SourceFile},
    },
    domain::{
        calendar::{WorkCalendar, timetable::Timetable},
        deadline::{
            CalendarPoint, DeadlineRule, Doubt, Due, PhraseError, Reading, Refusal, YearContext, read_phrase,
            schedule::{DuePoint, PlanYears},
        },
    },
    message::{
        reading,
        vietnamese::{date, period, short_date},
    },
};

/// So many due dates are shown.
const SHOWN: usize = 5;

/// Recurring work is looked for so many years ahead.
const YEARS_AHEAD: i32 = 6;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct DeadlineCommand {
    /// Thời hạn như phụ lục ghi, ví dụ: "Trước ngày 20 hằng tháng"
    #[arg(value_name = "THỜI HẠN", required_unless_present = "canonical", help_heading = "Tham số")]
    phrase: Option<String>,
    /// Năm của kế hoạch; năm học viết như 2025-2026
    #[arg(long, value_name = "NĂM", value_parser = year_context, help_heading = "Tùy chọn")]
    year: Option<YearContext>,
    /// Ngày xảy ra sự kiện, để tính hạn kể từ sự kiện; viết như 20/11/2026 hoặc "20/11/2026 14:30"
    #[arg(long, value_name = "NGÀY", value_parser = moment, help_heading = "Tùy chọn")]
    from: Option<NaiveDateTime>,
    /// In kết quả dạng JSON
    #[arg(long, conflicts_with = "canonical", help_heading = "Tùy chọn")]
    json: bool,
    /// Đọc từng dòng «thời hạn, dấu TAB, năm» từ đầu vào, in mỗi dòng một cách hiểu dạng chuẩn
    #[arg(long, conflicts_with_all = ["phrase", "year", "from"], help_heading = "Tùy chọn")]
    canonical: bool,
}

impl DeadlineCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(phrase) = self.phrase.as_ref().filter(|_| !self.canonical) else { return print_canonical() };
        let phrase: String = phrase.nfc().collect();
        let Some(days) = OfficeDays::load(folders) else { return Ok(Exit::Config) };
        let years = match self.year {
            Some(context) => PlanYears::of(context),
            None => PlanYears { context: YearContext::Year(days.today.year()), last: days.today.year() + YEARS_AHEAD },
        };
        let explained =
            Explained { phrase: &phrase, years, is_year_said: self.year.is_some(), event: self.from, days: &days };
        Ok(match read_phrase(&phrase, years.context) {
            Ok(read) if self.json => explained.print_json(&read),
            Ok(read) => explained.print_text(&read),
            Err(error) => explained.print_refusal(&error, self.json),
        })
    }
}

/// One line out for each line in; `?` where the phrase is refused. A line that is no UTF-8 is read as far as it is.
fn print_canonical() -> anyhow::Result<Exit> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    let mut input = std::io::stdin().lock();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).context("không đọc được đầu vào")? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        let (phrase, year) = text.split_once('\t').unwrap_or((text, ""));
        let context = year.trim().parse().unwrap_or_default();
        let read = read_phrase(phrase, context).map_or_else(|_| "?".to_owned(), |reading| reading.canonical(phrase));
        if writeln!(out, "{read}").is_err() {
            break; // the reader went away
        }
    }
    let _ = out.flush();
    Ok(Exit::Done)
}

fn year_context(text: &str) -> Result<YearContext, Hint> {
    text.parse().map_err(|()| Hint("viết năm như 2026, năm học như 2025-2026"))
}

fn moment(text: &str) -> Result<NaiveDateTime, Hint> {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%d/%m/%Y").or_else(|_| text.parse()).ok();
    let (on, at) = match text.trim().split_once([' ', 'T']) {
        Some((on, at)) => (day(on), NaiveTime::parse_from_str(at.trim(), "%H:%M").ok()),
        None => (day(text.trim()), Some(NaiveTime::MIN)),
    };
    match (on, at) {
        (Some(on), Some(at)) if (2000..=2100).contains(&on.year()) => Ok(on.and_time(at)),
        _ => Err(Hint("viết ngày như 20/11/2026 hoặc \"20/11/2026 14:30\", năm từ 2000 đến 2100")),
    }
}

/// Working days and hours to count with.
struct OfficeDays {
    calendar: WorkCalendar,
    timetable: Timetable,
    today: NaiveDate,
    /// There is no configuration: the country's holidays count, as the example has them.
    is_example: bool,
}

impl OfficeDays {
    /// `None` after the errors of a configuration were printed.
    fn load(folders: &Folders) -> Option<Self> {
        let now = SystemClock.now();
        if folders.config.join("nhacviec.yaml").exists() {
            let office = load_config(folders)?.office;
            let today = office.hours.date(now);
            let timetable = office.hours.timetable.clone();
            return Some(Self { calendar: office.calendar.clone(), timetable, today, is_example: false });
        }
        let today = now.with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive();
        Some(Self { calendar: example::work_calendar(), timetable: Timetable::default(), today, is_example: true })
    }
}

struct Explained<'a> {
    phrase: &'a str,
    years: PlanYears,
    is_year_said: bool,
    event: Option<NaiveDateTime>,
    days: &'a OfficeDays,
}

impl Explained<'_> {
    fn print_text(&self, read: &Reading) -> Exit {
        let mut lines = vec![
            format!("Thời hạn:  «{}»", self.phrase),
            format!("Cách hiểu: {}", reading::describe(read, self.phrase)),
        ];
        if read.clauses.len() > 1 {
            let parts = read.clauses.iter().map(|c| {
                let part = self.phrase.get(c.span.clone()).unwrap_or_default();
                format!("  «{part}»: {}", reading::rule(&c.rule, self.phrase))
            });
            lines.extend(parts);
        }
        lines.extend(self.due_lines(read));
        lines.extend(self.event_lines(read));
        for doubt in &read.doubts {
            lines.push(format!("Chưa chắc: {}", reading::explain_doubt(doubt, self.phrase)));
        }
        if let Some(words) = self.passed_over(read) {
            lines.push(format!("Không tính đến các chữ: {words}"));
        }
        if self.days.is_example {
            lines.push("Chưa có cấu hình: tính theo ngày nghỉ chung của cả nước.".to_owned());
        }
        lines.extend(self.warnings(read).into_iter().map(|warning| format!("Lưu ý: {warning}")));
        print(&lines.join("\n"));
        if needs_person(read) { Exit::NeedsAttention } else { Exit::Done }
    }

    fn due_lines(&self, read: &Reading) -> Vec<String> {
        if !read.has_dates() {
            return Vec::new();
        }
        let (title, points) = self.next_points(read);
        if points.is_empty() {
            return vec!["Không có hạn nào trong những năm đang tính; thêm --year".to_owned()];
        }
        let mut lines = vec![format!("{title}:")];
        for point in points {
            let due = Due::on(point.last_on, &self.days.calendar);
            let hour = point.time.map(|t| t.format("%H:%M ").to_string()).unwrap_or_default();
            let begins = point.begins_on.map(|on| format!("từ {} ", short_date(on))).unwrap_or_default();
            let provisional =
                if due.is_provisional { " (tạm tính: chưa có lịch nghỉ chính thức)" } else { "" };
            lines.push(format!(
                "  - {}: {begins}hết {hour}{}; ngày làm việc cuối cùng {}{provisional}",
                period(&point.period),
                date(due.last_on),
                date(due.safe_on)
            ));
        }
        if !self.is_year_said && lacks_year(self.phrase) {
            lines.push(format!("  (không ghi năm: đang tính theo năm {}; thêm --year)", self.days.today.year()));
        }
        lines
    }

    /// The next due dates, or the first ones when all are past.
    fn next_points(&self, read: &Reading) -> (&'static str, Vec<DuePoint>) {
        let mut points = read.due_points(self.years, &self.days.calendar);
        points.sort_by_key(|p| (p.last_on, p.time));
        let next: Vec<_> = points.iter().filter(|p| p.last_on >= self.days.today).take(SHOWN).cloned().collect();
        if next.is_empty() {
            points.truncate(SHOWN);
            return ("Các hạn (đã qua)", points);
        }
        ("Các hạn kế tiếp", next)
    }

    fn event_lines(&self, read: &Reading) -> Vec<String> {
        let mut lines = Vec::new();
        if self.event.is_some() && read.relatives().next().is_none() {
            lines.push("(thời hạn này không tính từ sự kiện: bỏ qua --from)".to_owned());
        }
        for relative in read.relatives() {
            let Some(event) = self.event else {
                lines.push("Tính ngày cụ thể: thêm --from và ngày xảy ra sự kiện".to_owned());
                continue;
            };
            lines.push(match relative.due_from(event, &self.days.calendar, &self.days.timetable) {
                Some(due) => {
                    let provisional = if self.is_provisional(event, due) { " (tạm tính)" } else { "" };
                    format!("Sự kiện {}: hạn {}{provisional}", date(event.date()), moment_text(due))
                }
                None => "Chưa tính được: chưa khai báo giờ làm việc (hours.seasons), hoặc thời hạn không có ngày cuối"
                    .to_owned(),
            });
        }
        lines
    }

    /// A holiday anywhere between the two may still move.
    fn is_provisional(&self, event: NaiveDateTime, due: NaiveDateTime) -> bool {
        let (first, last) = (event.year().min(due.year()), event.year().max(due.year()));
        (first..=last).any(|year| !self.days.calendar.is_official(year))
    }

    fn passed_over(&self, read: &Reading) -> Option<String> {
        let words: Vec<_> = read
            .passed_over
            .iter()
            .filter_map(|span| self.phrase.get(span.clone()))
            .map(|w| format!("«{w}»"))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// A date outside the year that was said is most often a slip of the year.
    fn warnings(&self, read: &Reading) -> Vec<String> {
        let days = read.clauses.iter().flat_map(|c| c.rule.named_days());
        let outside = days.filter(|day| self.is_year_said && !self.years.contains(*day)).take(SHOWN);
        outside.map(|day| format!("hạn {} nằm ngoài năm của kế hoạch; xem lại năm", short_date(day))).collect()
    }

    fn print_json(&self, read: &Reading) -> Exit {
        let due = |point: &DuePoint| {
            let due = Due::on(point.last_on, &self.days.calendar);
            json!({ "period": point.period, "begins_on": point.begins_on, "last_on": due.last_on, "safe_on": due.safe_on,
                    "time": point.time, "is_provisional": due.is_provisional })
        };
        let doubt = |d: &Doubt| json!({ "span": [d.span.start, d.span.end], "sentence": reading::explain_doubt(d, self.phrase) });
        let clauses: Vec<_> = read
            .clauses
            .iter()
            .map(|c| json!({ "span": [c.span.start, c.span.end], "reading": reading::rule(&c.rule, self.phrase) }))
            .collect();
        let from_event: Vec<_> = read
            .relatives()
            .filter_map(|r| {
                let event = self.event?;
                let due = r.due_from(event, &self.days.calendar, &self.days.timetable)?;
                let is_provisional = self.is_provisional(event, due);
                Some(json!({ "due_at": due.format("%Y-%m-%dT%H:%M:%S").to_string(), "is_provisional": is_provisional }))
            })
            .collect();
        print_json(&json!({
            "phrase": self.phrase, "canonical": read.canonical(self.phrase), "reading": reading::describe(read, self.phrase),
            "clauses": clauses, "next": self.next_points(read).1.iter().map(due).collect::<Vec<_>>(), "due_from_event": from_event,
            "doubts": read.doubts.iter().map(doubt).collect::<Vec<_>>(), "warnings": self.warnings(read),
            "passed_over": read.passed_over.iter().map(|s| [s.start, s.end]).collect::<Vec<_>>(),
        }));
        if needs_person(read) { Exit::NeedsAttention } else { Exit::Done }
    }

    fn print_refusal(&self, error: &PhraseError, is_json: bool) -> Exit {
        let (message, help) = reading::explain_refusal(error, self.phrase);
        if is_json {
            let span = [error.span.start, error.span.end];
            print_json(
                &json!({ "phrase": self.phrase, "canonical": "?", "refused": { "span": span, "message": message, "help": help } }),
            );
            return Exit::NeedsAttention;
        }
        // An empty phrase has no part to point at.
        let text = if error.refusal == Refusal::Empty { String::new() } else { self.phrase.to_owned() };
        let file = Arc::new(SourceFile::new("thời hạn".to_owned(), text));
        let span = error.span.clone();
        print_findings(&[Finding { severity: Severity::Error, file, span, message, help: Some(help) }]);
        Exit::NeedsAttention
    }
}

fn moment_text(at: NaiveDateTime) -> String {
    if at.time() == NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default() {
        format!("hết {}", date(at.date()))
    } else {
        format!("{} {}", at.format("%H:%M"), date(at.date()))
    }
}

/// Those whose event has no date of its own.
/// A lunar date has no due date until somebody looks it up.
fn needs_person(read: &Reading) -> bool {
    read.clauses.iter().any(|c| matches!(c.rule, DeadlineRule::Lunar { .. }))
}

fn lacks_year(phrase: &str) -> bool {
    let has_no_year = |point: &CalendarPoint| point.year.is_none();
    read_phrase(phrase, YearContext::Unknown).is_ok_and(|read| {
        read.clauses.iter().any(|c| match &c.rule {
            DeadlineRule::Dates { dates, .. } => dates.iter().any(has_no_year),
            DeadlineRule::Window { from, due } => has_no_year(from) || due.iter().any(|(_, to)| has_no_year(to)),
            _ => false,
        })
    })
}
