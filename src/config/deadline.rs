//! Owns the `deadline` of a task: the phrase of the annex, or the structured form for what no phrase says.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, LazyLock},
};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use foldhash::{HashMap, HashMapExt as _};

use super::{
    fields::{Fields, Reader, date},
    node::{Node, Text, Value},
};
use crate::{
    domain::{
        calendar::{CalendarRules, WorkCalendar},
        deadline::{
            CalendarPoint, Clause, DayOf, DeadlineRule, Distance, DistanceUnit, Every, Extent, Limit, MonthOf,
            Neighbour, Reading, Recurrence, RecurringDay, Relative, Roll, Trigger, Week, YearDate, read_phrase,
            schedule::{DuePoint, PlanYears},
        },
    },
    message::{reading, vietnamese::short_date},
};

/// A deadline as configured: the text that messages quote and what it means.
#[derive(Clone)]
pub struct Deadline {
    pub phrase: Arc<str>,
    pub reading: Arc<Reading>,
}

/// Reads the deadlines of a plan of these years.
pub struct Deadlines<'n> {
    years: PlanYears,
    /// Those of which nothing is to be said: an annex repeats them in many rows.
    known: HashMap<Vec<Token<'n>>, Deadline>,
    /// Room for the tokens of the next.
    tokens: Vec<Token<'n>>,
}

/// A piece of what a value says, wherever it stands in the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Token<'n> {
    Null,
    Text(&'n str),
    List(usize),
    Map(usize),
}

impl<'n> Deadlines<'n> {
    pub fn of(years: PlanYears) -> Self {
        Self { years, known: HashMap::new(), tokens: Vec::new() }
    }

    /// Decodes `deadline`; `settled` holds the days that the office has fixed by period.
    pub fn read(&mut self, reader: &Reader, node: &'n Node, settled: &BTreeMap<String, NaiveDate>) -> Option<Deadline> {
        if !settled.is_empty() {
            return read_deadline(reader, node, self.years, settled);
        }
        self.tokens.clear();
        tokens_of(node, &mut self.tokens);
        if let Some(known) = self.known.get(&self.tokens) {
            return Some(known.clone());
        }
        let before = reader.count();
        let deadline = read_deadline(reader, node, self.years, settled)?;
        if reader.count() == before {
            self.known.insert(self.tokens.clone(), deadline.clone());
        }
        Some(deadline)
    }
}

fn tokens_of<'n>(node: &'n Node, tokens: &mut Vec<Token<'n>>) {
    match &node.value {
        Value::Null => tokens.push(Token::Null),
        Value::Text(text) => tokens.push(Token::Text(text)),
        Value::List(items) => {
            tokens.push(Token::List(items.len()));
            for item in items {
                tokens_of(item, tokens);
            }
        }
        Value::Map(entries) => {
            tokens.push(Token::Map(entries.len()));
            for (key, value) in entries {
                tokens.push(Token::Text(&key.value));
                tokens_of(value, tokens);
            }
        }
    }
}

fn read_deadline(
    reader: &Reader,
    node: &Node,
    years: PlanYears,
    settled: &BTreeMap<String, NaiveDate>,
) -> Option<Deadline> {
    let (deadline, text) = match &node.value {
        Value::Map(_) => (read_structured(reader, node)?, None),
        Value::Text(_) | Value::Null | Value::List(_) => {
            let text = reader.text(node, "deadline")?;
            let reading = Arc::new(read_text(reader, &text, years, settled)?);
            (Deadline { phrase: text.value.as_str().into(), reading }, Some(text))
        }
    };
    let reading = &deadline.reading;
    for clause in &reading.clauses {
        let place = text.as_ref().map_or_else(|| node.span.clone(), |text| place_in_file(reader, text, &clause.span));
        warn_dates_outside(reader, &place, clause, years);
    }
    let comes_surely = |c: &Clause| matches!(&c.rule, DeadlineRule::Every(every) if every.comes_each_year());
    let is_due = years.first().is_some() && reading.clauses.iter().any(comes_surely);
    if reading.has_dates() && !is_due && periods_of(reading, years).is_empty() {
        reader.warning(
            &node.span,
            "thời hạn này không có kỳ nào trong những năm của kế hoạch, nên sẽ không nhắc",
            "xem lại năm của plan (year, until) và của thời hạn".to_owned(),
        );
    }
    Some(deadline)
}

fn read_text(reader: &Reader, text: &Text, years: PlanYears, settled: &BTreeMap<String, NaiveDate>) -> Option<Reading> {
    let place = |span: &Range<usize>| place_in_file(reader, text, span);
    match read_phrase(&text.value, years.context) {
        Ok(reading) => {
            let has_lunar = reading.clauses.iter().find(|c| matches!(c.rule, DeadlineRule::Lunar { .. }));
            // A settled day stands for the whole phrase only where nothing else in it has dates.
            let is_open = settled.is_empty() || reading.has_dates();
            if let (Some(lunar), true) = (has_lunar, is_open) {
                let (message, help) = (
                    format!("thời hạn «{}» là ngày âm lịch", text.value),
                    "tra ngày dương lịch rồi ghi bằng dạng cấu trúc, giữ nguyên văn ở mục phrase".to_owned(),
                );
                reader.error(&place(&lunar.span), message, help);
                return None;
            }
            let is_settled =
                !settled.is_empty() && periods_of(&reading, years).iter().all(|p| settled.contains_key(&p.period));
            for doubt in reading.doubts.iter().filter(|_| !is_settled) {
                let help = settle_by(&reading, doubt.other.as_ref(), years);
                reader.warning(&place(&doubt.span), reading::explain_doubt(doubt, &text.value), help);
            }
            if let (Some(event), true) = (reading.waits_for_holiday(&text.value), settled.is_empty()) {
                let help = "tra ngày dương lịch rồi ghi dạng cấu trúc: { phrase: \"…\", due: 2027-02-04 }".to_owned();
                reader.warning(&place(&event), reading::explain_holiday(&text.value[event.clone()]), help);
            }
            Some(reading)
        }
        Err(error) => {
            let (message, help) = reading::explain_refusal(&error, &text.value);
            reader.error(&place(&error.span), message, help);
            None
        }
    }
}

/// Where a part of the phrase stands in the file; the whole value when it is written with escapes.
fn place_in_file(reader: &Reader, text: &Text, part: &Range<usize>) -> Range<usize> {
    let written = reader.file.text.get(text.span.clone()).unwrap_or_default();
    match written.find(&text.value) {
        Some(at) => text.span.start + at + part.start..text.span.start + at + part.end,
        None => text.span.clone(),
    }
}

/// The due dates by period, before the office's own calendar is known: the names of periods do not depend
/// on working days.
pub fn periods_of(reading: &Reading, years: PlanYears) -> Vec<DuePoint> {
    static ORDINARY: LazyLock<WorkCalendar> = LazyLock::new(|| {
        let rules = CalendarRules { working_week: super::settings::ORDINARY_WEEK.to_vec(), ..CalendarRules::default() };
        WorkCalendar::new(&rules, [])
    });
    reading.due_points(years, &ORDINARY)
}

/// The line that settles a doubt for the other reading.
fn settle_by(reading: &Reading, other: Option<&DeadlineRule>, years: PlanYears) -> String {
    let mine = periods_of(reading, years);
    let other = other.map(|rule| periods_of(&Reading::of(rule.clone(), None), years)).unwrap_or_default();
    match (mine.first(), other.first()) {
        (Some(mine), Some(other)) => format!("chốt bằng dòng: settled: {{ \"{}\": {} }}", mine.period, other.last_on),
        _ => "chốt bằng mục settled, hoặc ghi thời hạn bằng dạng cấu trúc".to_owned(),
    }
}

/// A date far from the plan's years is most often a slip of the year.
fn warn_dates_outside(reader: &Reader, place: &Range<usize>, clause: &Clause, years: PlanYears) {
    for day in clause.rule.named_days().into_iter().filter(|day| !years.contains(*day)) {
        reader.warning(
            place,
            format!("ngày hạn {} nằm ngoài năm của kế hoạch", short_date(day)),
            "xem lại năm; kế hoạch nhiều năm thì ghi năm cuối vào mục until của plan".to_owned(),
        );
    }
}

// ----- the structured form

fn read_structured(reader: &Reader, node: &Node) -> Option<Deadline> {
    let fields = reader.fields(node, "thời hạn dạng cấu trúc");
    let phrase = fields.optional_text("phrase");
    let roll = fields.parse(
        fields.optional_text("roll"),
        "cách dời (next_working_day, previous_working_day, nearest)",
        |s| match s {
            "next_working_day" => Some(Roll::NextWorkingDay),
            "previous_working_day" => Some(Roll::PreviousWorkingDay),
            "nearest" => Some(Roll::Nearest),
            _ => None,
        },
    );
    let at = fields.parse(fields.optional_text("at"), "giờ trong ngày; viết như \"17:00\"", |s| {
        NaiveTime::parse_from_str(s, "%H:%M").ok()
    });
    let forms = ["due", "before", "every", "within", "kind"];
    let given: Vec<&str> = forms.into_iter().filter(|key| fields.get(key).is_some()).collect();
    let event = fields.optional_text("event");
    let rule = match given[..] {
        ["every"] => read_every(reader, &fields, at).map(DeadlineRule::Every),
        ["within"] => read_within(&fields, at).map(DeadlineRule::Relative),
        ["kind"] => read_kind(&fields),
        ["due"] => read_dates(reader, &fields, "due", Limit::NotAfter, at),
        ["before"] => read_dates(reader, &fields, "before", Limit::Before, at),
        _ => {
            reader.error(
                &fields.span,
                "thời hạn dạng cấu trúc phải có đúng một mục: due, before, every, within hoặc kind",
                "xem bảng trong sổ tay quản trị, mục 5.2".to_owned(),
            );
            None
        }
    };
    fields.done();
    let is_rolled = roll.is_some() && matches!(given[..], ["kind" | "within"]);
    if is_rolled || at.is_some() && given == ["kind"] {
        let message = "at và roll chỉ dùng với due, before, every; at còn dùng với within";
        reader.error(&fields.span, message, "xóa mục đó".to_owned());
        return None;
    }
    let mut rule = rule?;
    let mut text = phrase.map(|t| t.value);
    if let Some(event) = event {
        let text = text.get_or_insert_with(|| said_with_event(&rule, &event.value));
        name_event(reader, &mut rule, text, &event);
    }
    let reading = Reading::of(rule, roll);
    let phrase = text.unwrap_or_else(|| reading::describe(&reading, ""));
    let clauses = reading.clauses.into_iter().map(|c| Clause { span: 0..phrase.len(), ..c }).collect();
    Some(Deadline { reading: Arc::new(Reading { clauses, ..reading }), phrase: phrase.into() })
}

/// Our words for a deadline that hangs on an event and was given no phrase.
fn said_with_event(rule: &DeadlineRule, event: &str) -> String {
    match rule {
        DeadlineRule::ExternalPlan(_) => format!("Theo {event}"),
        DeadlineRule::Relative(relative) => {
            let said = reading::rule(&DeadlineRule::Relative(Relative { event: 0..0, ..relative.clone() }), "");
            said.replace("một sự kiện chưa ghi rõ", event)
        }
        _ => format!("Khi {event}"),
    }
}

/// The event is kept as a part of the phrase, so that a message quotes it.
fn name_event(reader: &Reader, rule: &mut DeadlineRule, phrase: &str, event: &Text) {
    let span = match rule {
        DeadlineRule::Relative(relative) => &mut relative.event,
        DeadlineRule::Triggered(_, span) | DeadlineRule::ExternalPlan(span) => span,
        DeadlineRule::Dates { .. }
        | DeadlineRule::Window { .. }
        | DeadlineRule::Every(_)
        | DeadlineRule::Lasts { .. }
        | DeadlineRule::Standing
        | DeadlineRule::Lunar { .. } => {
            reader.error(&event.span, "mục «event» chỉ dùng với within hoặc kind", "xóa dòng này".to_owned());
            return;
        }
    };
    match phrase.find(&event.value) {
        Some(at) => *span = at..at + event.value.len(),
        None => reader.error(
            &event.span,
            format!("«{}» không có trong phrase", event.value),
            "ghi đúng các chữ của phrase, hoặc bỏ mục phrase".to_owned(),
        ),
    }
}

fn read_dates(
    reader: &Reader,
    fields: &Fields<'_>,
    key: &'static str,
    limit: Limit,
    at: Option<NaiveTime>,
) -> Option<DeadlineRule> {
    let point = |day: NaiveDate| CalendarPoint {
        year: Some(day.year()),
        month: day.month(),
        extent: Extent::Day(DayOf::Number(day.day())),
        time: at,
    };
    let texts = fields.texts(key);
    let days: Vec<NaiveDate> = texts.iter().filter_map(|t| date(reader, t)).collect();
    if days.is_empty() {
        if texts.is_empty() {
            reader.error(&fields.span, format!("mục «{key}» chưa ghi ngày nào"), "viết như 2027-01-15".to_owned());
        }
        return None;
    }
    let Some(from) = fields.optional_text("from").and_then(|t| date(reader, &t)) else {
        return Some(DeadlineRule::Dates { limit, dates: days.into_iter().map(point).collect() });
    };
    let [day] = days[..] else {
        reader.error(&fields.span, "có «from» thì chỉ ghi một ngày hạn", None);
        return None;
    };
    if day < from || day == from && limit == Limit::Before {
        reader.error(&fields.span, "ngày kết thúc sớm hơn ngày bắt đầu", None);
        return None;
    }
    Some(DeadlineRule::Window { from: CalendarPoint { time: None, ..point(from) }, due: Some((limit, point(day))) })
}

fn read_every(reader: &Reader, fields: &Fields<'_>, time: Option<NaiveTime>) -> Option<Recurrence> {
    let every = fields.parse(
        fields.optional_text("every"),
        "chu kỳ (week, month, quarter, half, year, «2 weeks», «2 months»)",
        rhythm,
    );
    let day_word = "ngày trong tháng (1 đến 31, last, last_working, «working 5»)";
    let days = |key| -> Vec<DayOf> {
        fields.texts(key).into_iter().filter_map(|t| fields.parse(Some(t), day_word, day_of)).collect()
    };
    let (on_days, before_days) = (days("day"), days("before_day"));
    let month = fields.parse(fields.optional_text("month"), "tháng trong kỳ (first, last, 1 đến 12)", |s| match s
    {
        "first" => Some(MonthOf::Number(1)),
        "last" => Some(MonthOf::Last),
        number => number.parse().ok().filter(|n| (1..=12).contains(n)).map(MonthOf::Number),
    });
    let of = fields.parse(fields.optional_text("of"), "kỳ (next: kỳ sau, previous: kỳ trước)", |s| match s {
        "next" => Some(Neighbour::Next),
        "previous" => Some(Neighbour::Previous),
        _ => None,
    });
    let of = of.unwrap_or(Neighbour::Same);
    let weekdays: Vec<Weekday> = fields
        .texts("weekday")
        .into_iter()
        .filter_map(|t| fields.parse(Some(t), "thứ trong tuần (mon tue wed thu fri sat sun)", |s| s.parse().ok()))
        .collect();
    let week = fields.parse(fields.optional_text("week"), "tuần trong tháng (1 đến 4, last)", |s| match s {
        "last" => Some(Week::Last),
        number => number.parse().ok().filter(|n| (1..=4).contains(n)).map(Week::Number),
    });
    let dates = year_dates(fields, "date", of);
    let before_dates = year_dates(fields, "before_date", of);
    let year = |key| {
        fields.parse(fields.optional_text(key), "một năm từ 2000 đến 2100", |s| {
            s.parse::<i32>().ok().filter(|year| (2000..=2100).contains(year))
        })
    };
    let (since, until) = (year("since"), year("until"));
    let limit = if !before_days.is_empty() || !before_dates.is_empty() { Limit::Before } else { Limit::NotAfter };
    let dates = if dates.is_empty() { before_dates } else { dates };
    let ways = [!on_days.is_empty(), !before_days.is_empty(), !weekdays.is_empty(), !dates.is_empty()];
    if ways.into_iter().filter(|given| *given).count() > 1 {
        let message = "chỉ ghi một cách chọn ngày: day, before_day, date, before_date hoặc weekday";
        reader.error(&fields.span, message, None);
        return None;
    }
    let every = every?;
    let days = if on_days.is_empty() { before_days } else { on_days };
    let given = (month.is_some(), week.is_some(), fields.get("of").is_some());
    let on = if !days.is_empty() {
        RecurringDay::Days { days, month, of }
    } else if !weekdays.is_empty() {
        RecurringDay::Weekdays { weekdays, week }
    } else if dates.is_empty() {
        RecurringDay::End
    } else {
        RecurringDay::Dates(dates)
    };
    if let Some(message) = contradiction(every, &on, given) {
        reader.error(&fields.span, message, "xem bảng trong sổ tay quản trị, mục 5.2".to_owned());
        return None;
    }
    if let (Some(since), Some(until)) = (since, until)
        && until < since
    {
        reader.error(&fields.span, format!("năm cuối {until} sớm hơn năm đầu {since}"), None);
        return None;
    }
    Some(Recurrence { every, limit, on, from: None, time, since, until })
}

/// What does not go together in a recurrence; silently ignored it would remind on other days than meant.
/// The flags tell whether `month`, `week` and `of` were given.
fn contradiction(
    every: Every,
    on: &RecurringDay,
    (has_month, has_week, has_of): (bool, bool, bool),
) -> Option<&'static str> {
    let months = match every {
        Every::Weeks(_) => 0,
        Every::Months(months) if months > 12 && months % 12 != 0 => {
            return Some("chu kỳ dài hơn một năm phải là số năm tròn");
        }
        Every::Months(months) => months,
    };
    let is_weekday = matches!(on, RecurringDay::Weekdays { .. });
    if months == 0 && (has_month || has_week || has_of || !(is_weekday || *on == RecurringDay::End)) {
        return Some("định kỳ theo tuần chỉ dùng với weekday");
    }
    if has_month && !matches!(on, RecurringDay::Days { .. }) {
        return Some("month chỉ dùng cùng day hoặc before_day");
    }
    if has_week && !is_weekday {
        return Some("week chỉ dùng cùng weekday");
    }
    if has_of && !matches!(on, RecurringDay::Days { .. } | RecurringDay::Dates(_)) {
        return Some("of chỉ dùng cùng day, before_day, date hoặc before_date");
    }
    match on {
        RecurringDay::Days { month: Some(MonthOf::Number(n)), .. } if *n > months => {
            Some("tháng trong kỳ (month) lớn hơn số tháng của kỳ")
        }
        RecurringDay::Days { days, month: None, .. }
            if months > 1 && days.iter().any(|d| matches!(d, DayOf::Number(_) | DayOf::Working(_))) =>
        {
            Some("kỳ có nhiều tháng: thêm month (first, last hoặc số thứ tự) để biết ngày thuộc tháng nào")
        }
        RecurringDay::Dates(dates)
            if months % 12 != 0 && u32::try_from(dates.len()).is_ok_and(|n| n * months != 12) =>
        {
            Some("date phải đủ mỗi kỳ một ngày: mỗi năm một ngày trở lên, 6 tháng hai ngày, quý bốn ngày")
        }
        RecurringDay::Weekdays { .. } if months > 1 || months == 1 && !has_week => {
            Some("weekday dùng với every: week, hoặc với every: month cùng week")
        }
        RecurringDay::Days { .. } | RecurringDay::Dates(_) | RecurringDay::Weekdays { .. } | RecurringDay::End => None,
    }
}

fn rhythm(text: &str) -> Option<Every> {
    let (count, unit) = match text.split_once(' ') {
        Some((count, unit)) => (count.parse().ok().filter(|n| (1..=120).contains(n))?, unit.trim_end_matches('s')),
        None => (1, text),
    };
    match unit {
        "week" => Some(Every::Weeks(count)),
        "month" => Some(Every::Months(count)),
        "quarter" => Some(Every::Months(count * 3)),
        "half" => Some(Every::Months(count * 6)),
        "year" => Some(Every::Months(count * 12)),
        _ => None,
    }
}

fn day_of(text: &str) -> Option<DayOf> {
    match text {
        "last" => Some(DayOf::Last),
        "last_working" => Some(DayOf::LastWorking),
        other => match other.strip_prefix("working ") {
            Some(n) => n.parse().ok().filter(|n| (1..=22).contains(n)).map(DayOf::Working),
            None => other.parse().ok().filter(|n| (1..=31).contains(n)).map(DayOf::Number),
        },
    }
}

fn year_dates(fields: &Fields<'_>, key: &'static str, of: Neighbour) -> Vec<YearDate> {
    let read = |text: &str| {
        let (day, month) = text.split_once('/')?;
        let (day, month) = (day.trim().parse().ok()?, month.trim().parse().ok()?);
        NaiveDate::from_ymd_opt(2024, month, day).map(|_| YearDate { month, day: DayOf::Number(day), of })
    };
    let texts = fields.texts(key);
    texts.into_iter().filter_map(|t| fields.parse(Some(t), "ngày và tháng, viết như 15/06", read)).collect()
}

fn read_within(fields: &Fields<'_>, time: Option<NaiveTime>) -> Option<Relative> {
    let counted = fields.parse(
        fields.optional_text("within"),
        "khoảng thời gian (như «5 working_days», «10 days», «8 working_hours»; days, working_days, hours, working_hours, weeks, months, years)",
        |s| {
            let (count, unit) = s.split_once(' ')?;
            let unit = match unit.trim_end_matches('s') {
                "day" => DistanceUnit::Day,
                "working_day" => DistanceUnit::WorkingDay,
                "hour" => DistanceUnit::Hour,
                "working_hour" => DistanceUnit::WorkingHour,
                "week" => DistanceUnit::Week,
                "month" => DistanceUnit::Month,
                "year" => DistanceUnit::Year,
                _ => return None,
            };
            Some((count.parse::<i32>().ok().filter(|n| (0..=10_000).contains(n))?, unit))
        },
    );
    let is_before = fields.parse(
        fields.optional_text("side"),
        "phía (after: sau sự kiện, before: trước sự kiện)",
        |s| match s {
            "after" => Some(false),
            "before" => Some(true),
            _ => None,
        },
    );
    let (count, unit) = counted?;
    let count = if is_before == Some(true) { -count } else { count };
    Some(Relative {
        from: None,
        due: Some((Limit::NotAfter, Distance { count, unit, time })),
        event: 0..0,
        anchor: None,
    })
}

fn read_kind(fields: &Fields<'_>) -> Option<DeadlineRule> {
    fields.parse(fields.optional_text("kind"), "loại (standing, on_event, on_request, external_plan)", |s| match s {
        "standing" => Some(DeadlineRule::Standing),
        "on_event" => Some(DeadlineRule::Triggered(Trigger::Event, 0..0)),
        "on_request" => Some(DeadlineRule::Triggered(Trigger::Request, 0..0)),
        "external_plan" => Some(DeadlineRule::ExternalPlan(0..0)),
        _ => None,
    })
}
