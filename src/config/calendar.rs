//! Owns `calendar/YEAR.yaml`: the official notice of one year.

use std::ops::Range;

use chrono::{Datelike, NaiveDate, Weekday};

use super::{
    fields::{Fields, Reader},
    node::Node,
};
use crate::domain::calendar::CalendarYear;

/// Decodes one year.
pub fn read_year(reader: &Reader, root: &Node, working_week: &[Weekday]) -> Option<CalendarYear> {
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
    if is_official == Some(true) && notices.is_empty() {
        reader.error(
            &fields.span,
            "lịch chính thức nhưng chưa ghi căn cứ",
            "thêm mục «notices» với số thông báo".to_owned(),
        );
    }
    let mut calendar =
        CalendarYear { year: year?, is_official: is_official.unwrap_or(false), ..CalendarYear::default() };
    for node in fields.list("days_off") {
        read_day_off(reader, node, working_week, &mut calendar);
    }
    for node in fields.list("worked_days") {
        read_worked_day(reader, node, working_week, &mut calendar);
    }
    fields.done();
    Some(calendar)
}

fn read_day_off(reader: &Reader, node: &Node, working_week: &[Weekday], calendar: &mut CalendarYear) {
    let fields = reader.fields(node, "ngày nghỉ");
    let (on, name) = (dated(reader, &fields, "on", calendar.year), fields.text("name"));
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
    calendar.worked_days.insert(on, replaced);
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
