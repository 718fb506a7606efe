//! `nhacviec calendar`: a year of working days, as a page, as JSON, as iCalendar; and which notice is missing.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use chrono::{Datelike, Days, NaiveDate};
use icalendar::{Calendar, Component, Event, EventLike};
use serde_json::json;

use super::{Exit, load_config, print, print_json};
use crate::{
    clock::{Clock, SystemClock},
    config::{Folders, NOTICE_TO_FILL_IN, schema::CALENDAR_MODELINE},
    domain::{
        calendar::{WorkCalendar, rules::tet},
        office::Office,
    },
    message::vietnamese::{date, short_date},
};

/// Width of a month on the page; three stand side by side.
const MONTH_WIDTH: usize = 28;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct CalendarCommand {
    /// Năm cần xem (mặc định năm nay), hoặc «next-notice»: thông báo nghỉ lễ nào còn thiếu
    #[arg(value_name = "NĂM", help_heading = "Tham số")]
    what: Option<String>,
    /// In kết quả dạng JSON
    #[arg(long, conflicts_with = "ics", help_heading = "Tùy chọn")]
    json: bool,
    /// In dạng iCalendar (.ics) để nhập vào phần mềm lịch
    #[arg(long, help_heading = "Tùy chọn")]
    ics: bool,
}

impl CalendarCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let office = &config.office;
        let today = office.hours.date(SystemClock.now());
        if self.what.as_deref() == Some("next-notice") {
            return Ok(next_notice(&office.calendar, today, self.json));
        }
        let year = match &self.what {
            Some(text) => text
                .parse()
                .ok()
                .filter(|y| (2000..=2100).contains(y))
                .with_context(|| format!("«{text}» không phải một năm từ 2000 đến 2100"))?,
            None => today.year(),
        };
        if self.ics {
            print(&to_ics(office, year)?);
        } else if self.json {
            print_json(&to_json(&office.calendar, year));
        } else {
            print(&page(&office.calendar, year, std::io::stdout().is_terminal()));
        }
        Ok(Exit::Done)
    }
}

/// Says for this year and the next whether the notice is there, and what to enter when it is not.
fn next_notice(calendar: &WorkCalendar, today: NaiveDate, is_json: bool) -> Exit {
    let missing: Vec<i32> =
        [today.year(), today.year() + 1].into_iter().filter(|y| !calendar.is_official(*y)).collect();
    if is_json {
        print_json(&json!({ "missing": missing }));
    } else if missing.is_empty() {
        print(&format!("Đã có lịch chính thức năm {} và {}.", today.year(), today.year() + 1));
    }
    if !missing.is_empty() && !is_json {
        print(CALENDAR_MODELINE);
    }
    for year in missing.iter().filter(|_| !is_json) {
        // Every line that is no YAML is a comment: the whole output may become the file.
        print(&format!(
            "# Chưa có lịch nghỉ chính thức năm {year}. Khi có thông báo, ghi thành tệp calendar/{year}.yaml; mẫu theo ngày tạm tính:"
        ));
        print(&format!("year: {year}\nstatus: official\nnotices: [\"{NOTICE_TO_FILL_IN}\"]\ndays_off:"));
        for (day, name) in calendar.days_off(*year) {
            print(&format!("  - {{ on: {day}, name: \"{name}\" }}"));
        }
        if let Some(tet) = tet(*year) {
            print(&format!(
                "# Mùng 1 Tết năm {year} là {}. Các ngày nghỉ quanh Tết và Quốc khánh, ngày hoán đổi: theo đúng thông báo.",
                date(tet)
            ));
        }
    }
    if missing.is_empty() { Exit::Done } else { Exit::NeedsAttention }
}

fn to_json(calendar: &WorkCalendar, year: i32) -> serde_json::Value {
    let days_off: Vec<_> = calendar.days_off(year).map(|(on, name)| json!({ "on": on, "name": name })).collect();
    let worked: Vec<_> = calendar.worked_days(year).map(|(on, instead)| json!({ "on": on, "for": instead })).collect();
    json!({ "year": year, "is_official": calendar.is_official(year), "working_days": working_days(calendar, year),
            "days_off": days_off, "worked_days": worked })
}

fn working_days(calendar: &WorkCalendar, year: i32) -> usize {
    days_of(year).filter(|day| calendar.is_working_day(*day)).count()
}

fn days_of(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("the year was checked");
    first.iter_days().take_while(move |day| day.year() == year)
}

/// All-day events: the days off and the week-end days that are worked.
fn to_ics(office: &Office, year: i32) -> anyhow::Result<String> {
    let calendar = &office.calendar;
    let provisional = if calendar.is_official(year) { "" } else { " (tạm tính)" };
    let stamp = days_of(year)
        .next()
        .context("năm không có ngày nào")?
        .and_hms_opt(0, 0, 0)
        .context("nửa đêm luôn có")?
        .and_utc();
    let event = |day: NaiveDate, summary: String| {
        // The same day keeps its UID, so that a corrected year replaces the old one.
        let uid = format!("{}@nhacviec", day.format("%Y%m%d"));
        Event::new().uid(&uid).timestamp(stamp).summary(&summary).starts(day).ends(day + Days::new(1)).done()
    };
    let mut ics = Calendar::new();
    ics.name(&format!("Ngày nghỉ {} năm {year}{provisional}", office.name));
    for (day, name) in calendar.days_off(year) {
        ics.push(event(day, format!("Nghỉ: {name}{provisional}")));
    }
    for (day, instead) in calendar.worked_days(year) {
        ics.push(event(day, format!("Làm bù cho ngày {}", short_date(instead))));
    }
    if ics.components.is_empty() {
        bail!("năm {year} không có ngày nghỉ nào trong cấu hình");
    }
    Ok(ics.to_string().trim_end().to_owned())
}

/// The year as a page of months: `*` is a day off, `+` a week-end day that is worked.
fn page(calendar: &WorkCalendar, year: i32, has_colours: bool) -> String {
    let state = if calendar.is_official(year) {
        "theo thông báo chính thức"
    } else {
        "TẠM TÍNH: chưa có thông báo chính thức"
    };
    let mut lines = vec![
        format!("LỊCH LÀM VIỆC NĂM {year}: {} ngày làm việc, {state}", working_days(calendar, year)),
        String::new(),
    ];
    for quarter in [1, 4, 7, 10] {
        let months: Vec<_> =
            (quarter..quarter + 3).map(|month| month_lines(calendar, year, month, has_colours)).collect();
        let height = months.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let blank = " ".repeat(MONTH_WIDTH);
            let cells: Vec<&str> = months.iter().map(|m| m.get(row).unwrap_or(&blank).as_str()).collect();
            lines.push(cells.join("  ").trim_end().to_owned());
        }
        lines.push(String::new());
    }
    lines.push("* ngày nghỉ   + làm bù".to_owned());
    lines.extend(calendar.days_off(year).map(|(day, name)| format!("  * {}: {name}", date(day))));
    lines.extend(
        calendar
            .worked_days(year)
            .map(|(day, instead)| format!("  + {}: làm bù cho ngày {}", date(day), short_date(instead))),
    );
    lines.join("\n")
}

fn month_lines(calendar: &WorkCalendar, year: i32, month: u32, has_colours: bool) -> Vec<String> {
    let mut lines = vec![
        format!("{:<MONTH_WIDTH$}", format!("Tháng {month}")),
        format!("{:<MONTH_WIDTH$}", " T2  T3  T4  T5  T6  T7  CN"),
    ];
    let first = NaiveDate::from_ymd_opt(year, month, 1).expect("months are 1 to 12");
    let mut cells: Vec<String> = vec!["    ".to_owned(); first.weekday().num_days_from_monday() as usize];
    cells.extend(first.iter_days().take_while(|d| d.month() == month).map(|day| cell(calendar, day, has_colours)));
    for week in cells.chunks(7) {
        let padding = "    ".repeat(7 - week.len());
        lines.push(format!("{}{padding}", week.concat()));
    }
    lines
}

fn cell(calendar: &WorkCalendar, day: NaiveDate, has_colours: bool) -> String {
    const RED: &str = "31";
    const GREEN: &str = "32";
    const DIM: &str = "2";
    let is_working = calendar.is_working_day(day);
    let (mark, colour) = if calendar.day_off_name(day).is_some() {
        ('*', Some(RED))
    } else if is_working && day.weekday().num_days_from_monday() >= 5 {
        ('+', Some(GREEN))
    } else {
        (' ', (!is_working).then_some(DIM))
    };
    let text = format!("{:>3}{mark}", day.day());
    match colour.filter(|_| has_colours) {
        Some(colour) => format!("\x1b[{colour}m{text}\x1b[0m"),
        None => text,
    }
}
