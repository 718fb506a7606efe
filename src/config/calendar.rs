//! Owns `calendar/YEAR.yaml`, the official notice of one year, and `holidays.yaml`, the rules of all others.

use std::{ops::Range, sync::Arc};

use chrono::{Datelike, NaiveDate, Weekday};

use super::{
    fields::{Fields, Reader, date},
    finding::{Finding, Severity, SourceFile},
    node::{Node, Value},
};
use crate::{
    domain::calendar::{
        CalendarRules, CalendarYear,
        rules::{Closure, HolidayDay, HolidayRule},
    },
    message::vietnamese::short_date,
};

/// What a drafted file has in place of its notice.
pub const NOTICE_TO_FILL_IN: &str = "số và ngày của thông báo";

/// Decodes one year.
pub fn read_year(reader: &Reader, root: &Node, working_week: &[Weekday]) -> Option<CalendarYear> {
    // A shell empties the file that it is about to fill: `nhacviec calendar next-notice > calendar/2027.yaml`.
    if matches!(root.value, Value::Null) {
        let help = "lấy mẫu: nhacviec calendar next-notice, rồi sửa theo thông báo".to_owned();
        reader.warning(&root.span, "tệp lịch đang trống, coi như chưa có lịch nghỉ của năm đó", help);
        return None;
    }
    let fields = reader.fields(root, "lịch");
    let year = super::plan::read_year(&fields);
    let is_official = match fields.text("status").as_ref().map(|t| t.value.as_str()) {
        Some("official") => Some(true),
        Some("provisional") => Some(false),
        Some(_) => {
            let span = fields.get("status").map_or(0..0, |n| n.span.clone());
            reader.error(
                &span,
                "mục «status» phải là official hoặc provisional",
                "official: đã nhập đủ theo thông báo; provisional: còn tạm tính".to_owned(),
            );
            None
        }
        None => None,
    };
    let notices = fields.texts("notices");
    for notice in notices.iter().filter(|n| n.value == NOTICE_TO_FILL_IN) {
        reader.error(&notice.span, "chưa ghi số và ngày của thông báo", "thay dòng mẫu bằng căn cứ thật".to_owned());
    }
    if is_official == Some(true) && notices.is_empty() {
        reader.error(
            &fields.span,
            "lịch chính thức nhưng chưa ghi căn cứ",
            "thêm mục «notices» với số thông báo".to_owned(),
        );
    }
    let mut calendar =
        CalendarYear { year: year?, is_official: is_official.unwrap_or(false), ..CalendarYear::default() };
    let mut exchanged = Vec::new();
    for node in fields.list("days_off") {
        read_day_off(reader, node, working_week, &mut calendar, &mut exchanged);
    }
    for node in fields.list("worked_days") {
        read_worked_day(reader, node, working_week, &mut calendar);
    }
    for (worked, span) in exchanged.into_iter().filter(|(day, _)| day.year() == calendar.year) {
        if !calendar.worked_days.contains_key(&worked) {
            let message = format!("ngày nghỉ hoán đổi chưa có ngày làm bù {} tương ứng", worked.format("%d/%m/%Y"));
            reader.error(&span, message, "thêm ngày đó vào worked_days".to_owned());
        }
    }
    fields.done();
    Some(calendar)
}

fn read_day_off(
    reader: &Reader,
    node: &Node,
    working_week: &[Weekday],
    calendar: &mut CalendarYear,
    exchanged: &mut Vec<(NaiveDate, Range<usize>)>,
) {
    let fields = reader.fields(node, "ngày nghỉ");
    let (on, name) = (dated(reader, &fields, "on", calendar.year), fields.text("name"));
    if let Some(worked) = fields.optional_text("worked_instead")
        && let Some(day) = date(reader, &worked)
    {
        exchanged.push((day, worked.span));
        calendar.exchanged_days.extend(on.as_ref().map(|(on, _)| (*on, day)));
    }
    fields.done();
    let (Some((on, span)), Some(name)) = (on, name) else { return };
    if !working_week.contains(&on.weekday()) {
        reader.error(
            &span,
            format!("ngày {} vốn không phải ngày làm việc, không cần ghi là ngày nghỉ", on.format("%d/%m/%Y")),
            "xóa dòng này".to_owned(),
        );
    }
    if calendar.days_off.insert(on, name.value).is_some() {
        reader.error(
            &span,
            format!("ngày nghỉ {} bị ghi hai lần", on.format("%d/%m/%Y")),
            "xóa bớt một dòng".to_owned(),
        );
    }
}

fn read_worked_day(reader: &Reader, node: &Node, working_week: &[Weekday], calendar: &mut CalendarYear) {
    let fields = reader.fields(node, "ngày làm bù");
    let (on, replaced) = (dated(reader, &fields, "on", calendar.year), fields.date("for"));
    fields.done();
    let (Some((on, span)), Some(replaced)) = (on, replaced) else { return };
    if working_week.contains(&on.weekday()) {
        reader.error(
            &span,
            format!("ngày làm bù {} phải là ngày nghỉ cuối tuần", on.format("%d/%m/%Y")),
            "xem lại ngày trong thông báo".to_owned(),
        );
    }
    if replaced.year() == calendar.year && !calendar.days_off.contains_key(&replaced) {
        reader.error(
            &span,
            format!("ngày được hoán đổi {} chưa có trong «days_off»", replaced.format("%d/%m/%Y")),
            "thêm ngày đó vào days_off".to_owned(),
        );
    }
    if calendar.worked_days.insert(on, replaced).is_some() {
        let message = format!("ngày làm bù {} bị ghi hai lần", on.format("%d/%m/%Y"));
        reader.error(&span, message, "xóa bớt một dòng".to_owned());
    }
}

fn dated(reader: &Reader, fields: &Fields<'_>, key: &'static str, year: i32) -> Option<(NaiveDate, Range<usize>)> {
    let on = fields.date(key)?;
    let span = fields.get(key).map_or(0..0, |n| n.span.clone());
    if on.year() != year {
        reader.error(
            &span,
            format!("ngày {} không thuộc năm {year} của tệp này", on.format("%d/%m/%Y")),
            "ghi vào tệp lịch của đúng năm".to_owned(),
        );
        return None;
    }
    Some((on, span))
}

/// What the years say against each other and against the holidays of the law.
///
/// An exchange over the new year stands in two files, and each must have its half. A notice that leaves
/// out a holiday of the law was most likely not entered in full.
pub fn compare_years(years: &[(Arc<SourceFile>, CalendarYear)], rules: &CalendarRules) -> Vec<Finding> {
    let official = |day: NaiveDate| years.iter().map(|(_, y)| y).find(|y| y.year == day.year() && y.is_official);
    let mut findings = Vec::new();
    for (file, year) in years {
        for (on, off) in year.worked_days.iter().filter(|(_, off)| off.year() != year.year) {
            if official(*off).is_some_and(|other| !other.days_off.contains_key(off)) {
                let message =
                    format!("ngày được hoán đổi {} chưa có trong tệp lịch năm {}", short_date(*off), off.year());
                findings.push(finding_on(file, *on, message, "thêm ngày đó vào days_off của tệp kia"));
            }
        }
        for (on, worked) in year.exchanged_days.iter().filter(|(_, worked)| worked.year() != year.year) {
            if official(*worked).is_some_and(|other| !other.worked_days.contains_key(worked)) {
                let message =
                    format!("ngày làm bù {} chưa có trong tệp lịch năm {}", short_date(*worked), worked.year());
                findings.push(finding_on(file, *on, message, "thêm ngày đó vào worked_days của tệp kia"));
            }
        }
    }
    findings.extend(years.iter().filter_map(|(file, year)| missing_holidays(file, year, rules)));
    findings
}

fn missing_holidays(file: &Arc<SourceFile>, year: &CalendarYear, rules: &CalendarRules) -> Option<Finding> {
    let missing: Vec<String> = rules
        .holidays
        .iter()
        .filter_map(|rule| Some((rule, rule.main_day(year.year)?)))
        .filter(|(_, day)| rules.working_week.contains(&day.weekday()) && !year.days_off.contains_key(day))
        .map(|(rule, day)| format!("{} ({})", rule.name, short_date(day)))
        .collect();
    if missing.is_empty() || !year.is_official {
        return None;
    }
    let at = file.text.find("status");
    Some(Finding {
        severity: Severity::Warning,
        file: Arc::clone(file),
        span: at.map_or(0..0, |at| at..at + "status".len()),
        message: format!("lịch chính thức năm {} thiếu ngày nghỉ: {}", year.year, missing.join(", ")),
        help: Some("đối chiếu thông báo; chưa nhập đủ thì ghi status: provisional".to_owned()),
    })
}

fn finding_on(file: &Arc<SourceFile>, day: NaiveDate, message: String, help: &str) -> Finding {
    let written = day.to_string();
    let span = file.text.find(&written).map_or(0..0, |at| at..at + written.len());
    Finding { severity: Severity::Error, file: Arc::clone(file), span, message, help: Some(help.to_owned()) }
}

/// Decodes the rules of years without a notice.
pub fn read_rules(reader: &Reader, root: &Node, working_week: &[Weekday]) -> CalendarRules {
    let fields = reader.fields(root, "tệp ngày lễ");
    let holidays = fields.list("holidays").into_iter().filter_map(|n| read_holiday(reader, n)).collect();
    let closures = fields.list("closures").into_iter().filter_map(|n| read_closure(reader, n)).collect();
    fields.done();
    CalendarRules { working_week: working_week.to_vec(), holidays, closures }
}

fn read_holiday(reader: &Reader, node: &Node) -> Option<HolidayRule> {
    let fields = reader.fields(node, "ngày lễ");
    let name = fields.text("name");
    let expected = "ngày và tháng, viết như 30/04";
    let fixed = fields.parse(fields.optional_text("date"), expected, fixed_day);
    let lunar =
        fields.parse(fields.optional_text("lunar"), "ngày âm lịch đã biết (tet, hung-kings)", |s| match s {
            "tet" => Some(HolidayDay::Tet),
            "hung-kings" => Some(HolidayDay::HungKings),
            _ => None,
        });
    let few = |key| {
        fields.parse(fields.optional_text(key), "một số ngày từ 0 đến 10", |s| {
            s.parse::<u8>().ok().filter(|n| *n <= 10)
        })
    };
    let (days_before, days_after) = (few("days_before").unwrap_or(0), few("days_after").unwrap_or(0));
    let since = fields.optional("since", "một năm").unwrap_or(2000);
    let is_made_up = fields.optional("makeup", "true (có nghỉ bù) hoặc false").unwrap_or(true);
    let has_both = fields.get("date").is_some() == fields.get("lunar").is_some();
    fields.done();
    if has_both {
        reader.error(&fields.span, "ngày lễ phải có đúng một mục: date (dương lịch) hoặc lunar (âm lịch)", None);
    }
    Some(HolidayRule { name: name?.value, day: fixed.or(lunar)?, days_before, days_after, since, is_made_up })
}

fn fixed_day(text: &str) -> Option<HolidayDay> {
    let (day, month) = text.split_once('/')?;
    let (day, month) = (day.parse().ok()?, month.parse().ok()?);
    // A leap year, so that 29/02 could be one.
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| HolidayDay::Fixed { month, day })
}

/// A closure of a quarter or more is a slip of the year: it would take every due date away with it.
const LONGEST_CLOSURE_DAYS: i64 = 90;

fn read_closure(reader: &Reader, node: &Node) -> Option<Closure> {
    let fields = reader.fields(node, "ngày cơ quan nghỉ riêng");
    let (from, until, name) = (fields.date("from"), fields.date("until"), fields.text("name"));
    fields.done();
    let (from, until) = (from?, until?);
    if until < from {
        reader.error(&fields.span, "ngày kết thúc sớm hơn ngày bắt đầu", None);
    }
    if (until - from).num_days() >= LONGEST_CLOSURE_DAYS {
        let message = format!("cơ quan nghỉ riêng {} ngày liền", (until - from).num_days() + 1);
        reader.error(&fields.span, message, "xem lại năm của from và until".to_owned());
    }
    Some(Closure { days: from..=until, name: name?.value })
}
