//! Owns how the reading of a deadline phrase, its doubts and a refusal are said in Vietnamese.

use chrono::{Datelike, NaiveTime, Timelike};

use super::vietnamese::{short_date, weekday};
use crate::domain::deadline::{
    CalendarPoint, DayOf, DeadlineRule, Distance, DistanceUnit, Doubt, DoubtKind, Every, Extent, Limit, MonthOf,
    Neighbour, PhraseError, Reading, Recurrence, RecurringDay, Refusal, Relative, Roll, Trigger, Week, YearDate,
};

/// The reading in one sentence; `phrase` is the text it was read from.
#[must_use]
pub fn describe(reading: &Reading, phrase: &str) -> String {
    let mut said: Vec<String> = reading.clauses.iter().map(|c| rule(&c.rule, phrase)).collect();
    match reading.also {
        Some(Trigger::Event) => said.push("ngoài ra, đột xuất khi có phát sinh".to_owned()),
        Some(Trigger::Request) => said.push("ngoài ra, đột xuất khi có yêu cầu".to_owned()),
        None => {}
    }
    match reading.roll {
        Some(Roll::NextWorkingDay) => said.push("trùng ngày nghỉ thì chuyển sang ngày làm việc tiếp theo".to_owned()),
        Some(Roll::PreviousWorkingDay) => said.push("trùng ngày nghỉ thì chuyển về ngày làm việc trước đó".to_owned()),
        Some(Roll::Nearest) => said.push("trùng ngày nghỉ thì chuyển sang ngày làm việc gần nhất".to_owned()),
        None => {}
    }
    said.join("; ")
}

/// One rule in words.
#[must_use]
pub fn rule(rule: &DeadlineRule, phrase: &str) -> String {
    let quoted = |span: &std::ops::Range<usize>| phrase.get(span.clone()).filter(|t| !t.is_empty());
    match rule {
        DeadlineRule::Dates { limit, dates } => {
            let days: Vec<String> = dates.iter().map(|d| bounded(*limit, *d)).collect();
            days.join(", ")
        }
        DeadlineRule::Window { from, due: Some((limit, to)) } => {
            format!("từ {}, {}", point(*from, Limit::Before), bounded(*limit, *to))
        }
        DeadlineRule::Window { from, due: None } => {
            format!("từ {}, không ghi ngày kết thúc", point(*from, Limit::Before))
        }
        DeadlineRule::Every(recurrence) => every(recurrence),
        DeadlineRule::Relative(relative) => relative_to(relative, quoted(&relative.event)),
        DeadlineRule::Lasts { limit, count, unit } => {
            let about = if limit.is_some() { "không quá" } else { "khoảng" };
            format!("kéo dài {about} {count} {}, không ghi tính từ ngày nào", unit_name(*unit))
        }
        DeadlineRule::Standing => "thường xuyên, không bao giờ quá hạn".to_owned(),
        DeadlineRule::Triggered(by, event) => match (by, quoted(event)) {
            (Trigger::Event, None) => "chờ phát sinh, chưa có ngày hạn".to_owned(),
            (Trigger::Request, None) => "chờ văn bản yêu cầu, chưa có ngày hạn".to_owned(),
            (Trigger::Event, Some(event)) => format!("chờ phát sinh («{event}»), chưa có ngày hạn"),
            (Trigger::Request, Some(event)) => format!("chờ yêu cầu («{event}»), chưa có ngày hạn"),
        },
        DeadlineRule::ExternalPlan(owner) => match quoted(owner) {
            Some(owner) => format!("chờ văn bản khác ấn định ngày hạn («{owner}»)"),
            None => "chờ văn bản khác ấn định ngày hạn".to_owned(),
        },
        DeadlineRule::Lunar { day, month } => {
            format!("ngày {day} tháng {month} âm lịch, cần người tra ngày dương lịch")
        }
    }
}

fn bounded(limit: Limit, date: CalendarPoint) -> String {
    match limit {
        Limit::Before => format!("trước {}", point(date, limit)),
        Limit::NotAfter => format!("chậm nhất hết {}", point(date, limit)),
    }
}

fn point(date: CalendarPoint, limit: Limit) -> String {
    let hour = date.time.map(|t| format!("{} ", clock(t))).unwrap_or_default();
    let day = match (date.bounded_day(limit, 2023).or_else(|| date.bounded_day(limit, 2024)), date.extent) {
        (Some(day), _) => match date.year {
            Some(year) => format!("ngày {}", short_date(date.bounded_day(limit, year).unwrap_or(day))),
            None => format!("ngày {:02}/{:02} (không ghi năm)", day.day(), day.month()),
        },
        (None, Extent::Day(day)) => {
            let year = date.year.map(|y| format!("/{y}")).unwrap_or_default();
            format!("{} của tháng {}{year}", day_name(day), date.month)
        }
        (None, Extent::Months(_)) => format!("tháng {}", date.month),
    };
    format!("{hour}{day}")
}

fn clock(time: NaiveTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn day_name(day: DayOf) -> String {
    match day {
        DayOf::Number(n) => format!("ngày {n}"),
        DayOf::Last => "ngày cuối cùng".to_owned(),
        DayOf::Working(n) => format!("ngày làm việc thứ {n}"),
        DayOf::LastWorking => "ngày làm việc cuối cùng".to_owned(),
    }
}

fn every(recurrence: &Recurrence) -> String {
    let Recurrence { every, limit, on, from, time, since, until } = recurrence;
    let rhythm = match every {
        Every::Weeks(1) => "hằng tuần".to_owned(),
        Every::Weeks(n) => format!("{n} tuần một lần"),
        Every::Months(1) => "hằng tháng".to_owned(),
        Every::Months(3) => "hằng quý".to_owned(),
        Every::Months(6) => "6 tháng một lần".to_owned(),
        Every::Months(12) => "hằng năm".to_owned(),
        Every::Months(n) if n % 12 == 0 => format!("{} năm một lần", n / 12),
        Every::Months(n) => format!("{n} tháng một lần"),
    };
    let bound = match limit {
        Limit::Before => "trước",
        Limit::NotAfter => "chậm nhất hết",
    };
    let hour = time.map(|t| format!("{} ", clock(t))).unwrap_or_default();
    let on = match on {
        RecurringDay::End => "đến hết ngày cuối của kỳ (không ghi ngày cụ thể)".to_owned(),
        RecurringDay::Days { days, month, of } => {
            let month = match month {
                Some(MonthOf::Number(1)) => " của tháng đầu".to_owned(),
                Some(MonthOf::Number(n)) => format!(" của tháng thứ {n}"),
                Some(MonthOf::Last) => " của tháng cuối".to_owned(),
                None => String::new(),
            };
            let days: Vec<String> = days.iter().map(|day| day_name(*day)).collect();
            format!("{bound} {hour}{}{month}{}", days.join(" và "), neighbour(*of, "kỳ"))
        }
        RecurringDay::Weekdays { weekdays, week } => {
            let week = match week {
                Some(Week::Number(n)) => format!(" của tuần thứ {n} trong tháng"),
                Some(Week::Last) => " của tuần cuối trong tháng".to_owned(),
                None => String::new(),
            };
            let days: Vec<&str> = weekdays.iter().map(|day| weekday(*day)).collect();
            format!("{bound} {hour}{}{week}", days.join(" và "))
        }
        RecurringDay::Dates(dates) => {
            let dates: Vec<String> = dates.iter().map(year_date).collect();
            format!("{bound} {hour}{}", dates.join(" và "))
        }
    };
    let from = from.map(|from| {
        let month = from.month.map(|m| format!("/{m:02}")).unwrap_or_default();
        format!(
            "tính từ ngày {:02}{month}{}, ",
            from.day,
            neighbour(from.of, if from.month.is_some() { "năm" } else { "tháng" })
        )
    });
    let years = match (since, until) {
        (Some(since), Some(until)) if since == until => format!(" trong năm {since}"),
        (Some(since), Some(until)) => format!(" từ năm {since} đến hết năm {until}"),
        (Some(since), None) => format!(" từ năm {since}"),
        (None, Some(until)) => format!(" đến hết năm {until}"),
        (None, None) => String::new(),
    };
    format!("{rhythm}{years}: {}{on}", from.unwrap_or_default())
}

fn year_date(date: &YearDate) -> String {
    let day = match date.day {
        DayOf::Number(day) => format!("ngày {day:02}/{:02}", date.month),
        other => format!("{} của tháng {}", day_name(other), date.month),
    };
    format!("{day}{}", neighbour(date.of, "năm"))
}

fn neighbour(of: Neighbour, period: &str) -> String {
    match of {
        Neighbour::Same => String::new(),
        Neighbour::Next => format!(" {period} sau"),
        Neighbour::Previous => format!(" {period} trước"),
    }
}

fn relative_to(relative: &Relative, event: Option<&str>) -> String {
    let event = event.map_or_else(|| "một sự kiện chưa ghi rõ".to_owned(), |event| format!("«{event}»"));
    let mut said = Vec::new();
    if let Some(from) = relative.from {
        said.push(format!("sớm nhất {}", distance(from, &event)));
    }
    match relative.due {
        Some((Limit::Before, Distance { count: 0, .. })) => said.push(format!("trước {event}")),
        Some((Limit::Before, due)) => said.push(format!("trước {}", distance(due, &event))),
        Some((Limit::NotAfter, due)) => said.push(format!("chậm nhất {}", distance(due, &event))),
        None => {}
    }
    said.join(", ")
}

fn distance(distance: Distance, event: &str) -> String {
    let hour = distance.time.map(|t| format!("{} của ", clock(t))).unwrap_or_default();
    let side = if distance.count < 0 { "trước" } else { "sau" };
    match distance.count {
        0 => format!("{hour}ngày của {event}"),
        count => format!("{hour}{} {} {side} {event}", count.unsigned_abs(), unit_name(distance.unit)),
    }
}

fn unit_name(unit: DistanceUnit) -> &'static str {
    match unit {
        DistanceUnit::Day => "ngày",
        DistanceUnit::WorkingDay => "ngày làm việc",
        DistanceUnit::Hour => "giờ",
        DistanceUnit::WorkingHour => "giờ làm việc",
        DistanceUnit::Week => "tuần",
        DistanceUnit::Month => "tháng",
        DistanceUnit::Year => "năm",
    }
}

/// That nobody looked the day of a holiday up.
#[must_use]
pub fn explain_holiday(event: &str) -> String {
    format!("«{event}» chưa thành ngày cụ thể: nhiệm vụ chờ, không được nhắc trước")
}

/// What is open about a reading, and what the other reading is.
#[must_use]
pub fn explain_doubt(doubt: &Doubt, phrase: &str) -> String {
    let part = phrase.get(doubt.span.clone()).unwrap_or(phrase);
    let other =
        doubt.other.as_ref().map(|other| format!("; cách hiểu khác: {}", rule(other, phrase))).unwrap_or_default();
    let what = match doubt.kind {
        DoubtKind::BeforeWholePeriod => "có hai cách hiểu; đang lấy cách chặt: trước ngày đầu kỳ",
        DoubtKind::ListOrSpan => "có hai cách hiểu; đang lấy mỗi kỳ một hạn",
        DoubtKind::PartOfPeriod => "có nhiều cách hiểu; đang lấy ngày theo Điều 146 Bộ luật Dân sự 2015",
        DoubtKind::TimesWithoutDays => "chỉ ghi số lần, không ghi ngày; đang chia đều thành các kỳ",
        DoubtKind::Direction => "không rõ đếm trước hay sau sự kiện nào",
        DoubtKind::DayOrMonths => "có hai cách hiểu; đang lấy khoảng tháng",
        DoubtKind::Repaired => "có chữ cái lẫn trong chữ số (lỗi quét văn bản), đang đọc là chữ số; đối chiếu bản gốc",
        DoubtKind::WrongWeekday => "thứ và ngày không khớp nhau; đang theo ngày",
    };
    format!("«{part}» {what}{other}")
}

/// Why a phrase was refused, and what to do.
#[must_use]
pub fn explain_refusal(error: &PhraseError, phrase: &str) -> (String, String) {
    let part = phrase.get(error.span.clone()).unwrap_or(phrase).trim();
    let understood = phrase.get(..error.span.start).unwrap_or_default().trim();
    let structured = "hoặc ghi ngày bằng dạng cấu trúc (sổ tay quản trị, mục 5.2)";
    let (message, help) = match error.refusal {
        Refusal::Empty => ("chưa ghi thời gian hoàn thành".to_owned(), "chép nguyên văn từ Phụ lục".to_owned()),
        Refusal::TooLong => (
            "thời hạn dài quá mức của một ô trong Phụ lục".to_owned(),
            "chỉ chép cột thời gian hoàn thành, phần khác ghi vào content".to_owned(),
        ),
        Refusal::NotUnderstood if understood.is_empty() => (
            format!("chưa hiểu thời hạn «{part}»"),
            format!(
                "viết như «Trước ngày 15/01/2023», «Tháng 3,6,9,12/2023», «Trước ngày 20 hằng tháng», «Thường xuyên», «Khi có phát sinh», {structured}"
            ),
        ),
        Refusal::NotUnderstood => (
            format!("chưa hiểu phần «{part}» của thời hạn (đã hiểu: «{understood}»)"),
            format!("tách thành nhiệm vụ riêng, viết lại phần đó, {structured}"),
        ),
        Refusal::NoSuchDate => {
            (format!("«{part}» không phải là một ngày, tháng, quý hoặc giờ có thật"), "xem lại văn bản gốc".to_owned())
        }
        Refusal::Damaged => {
            (format!("«{part}» có vẻ bị mất hoặc sai chữ số"), format!("đối chiếu bản gốc rồi sửa, {structured}"))
        }
        Refusal::MonthMissing => {
            (format!("«{part}» không có tháng"), "ghi thêm tháng, hoặc «hằng tháng» nếu tháng nào cũng vậy".to_owned())
        }
        Refusal::Contradiction => {
            (format!("«{part}»: ngày kết thúc sớm hơn ngày bắt đầu"), "xem lại văn bản gốc".to_owned())
        }
        Refusal::Joined => (
            format!("«{part}» là hai thời hạn viết liền nhau, không rõ quan hệ"),
            "ngăn cách bằng dấu chấm phẩy, hoặc tách thành hai nhiệm vụ".to_owned(),
        ),
        Refusal::Lunar => {
            (format!("«{part}» là ngày âm lịch"), format!("tra ngày dương lịch rồi ghi lại, {structured}"))
        }
    };
    (message, help)
}
