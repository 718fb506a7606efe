//! Owns `plans/NAME.yaml`: the rows of an annex, the targets, who follows the plan.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    deadline::{periods_of, read_deadline},
    fields::{Fields, Reader, date, nearest},
    node::{Node, Text},
    units::Units,
};
use crate::domain::{
    deadline::{Reading, YearContext, schedule::PlanYears},
    ids::TaskId,
    plan::{Plan, Target, Task},
    policy::Policy,
};

/// The year of a plan or a calendar.
pub fn read_year(fields: &Fields<'_>) -> Option<i32> {
    let expected = "một năm từ 2000 đến 2100";
    fields.parse(fields.text("year"), expected, |s| s.parse().ok().filter(|year| (2000..=2100).contains(year)))
}

/// `year: 2023`, or `year: 2019-2020` for a school year; `until` for a plan of several years.
fn read_years(reader: &Reader, head: &Fields<'_>) -> Option<PlanYears> {
    let expected =
        "một năm từ 2000 đến 2100 (năm học viết như 2019-2020; kế hoạch nhiều năm: year là năm đầu, until là năm cuối)";
    let context = head.parse(head.text("year"), expected, |s| {
        s.parse::<YearContext>().ok().filter(|context| {
            let (YearContext::Year(first) | YearContext::SchoolYear(first)) = *context else { return false };
            (2000..=2100).contains(&first)
        })
    });
    let until = head.optional_text("until");
    let last = head.parse(until.clone(), "một năm từ 2000 đến 2100", |s| {
        s.parse::<i32>().ok().filter(|year| (2000..=2100).contains(year))
    });
    let years = PlanYears::of(context?);
    if let (Some(text), Some(last)) = (until, last.filter(|last| *last < years.last)) {
        reader.error(&text.span, format!("năm cuối {last} của kế hoạch sớm hơn năm đầu"), None);
    }
    Some(PlanYears { last: last.unwrap_or(years.last).max(years.last), ..years })
}

/// Decodes the file.
pub fn read_plan(reader: &Reader, root: &Node, units: &Units, policies: &BTreeMap<String, Policy>) -> Option<Plan> {
    let fields = reader.fields(root, "tệp kế hoạch");
    let head = fields.fields("plan", "mục plan");
    let targets = fields.list("targets").into_iter().filter_map(|n| read_target(reader, n)).collect();
    let tasks = fields.list("tasks");
    fields.done();
    let head = head?;
    let (id, title, years) = (head.text("id"), head.text("title"), read_years(reader, &head));
    let followed_by = units.resolve_all(reader, &head.texts("followed_by"));
    let policy = head.text("policy").and_then(|t| known_policy(reader, t, policies));
    head.done();
    if tasks.is_empty() {
        reader.error(&fields.span, "kế hoạch chưa có nhiệm vụ nào", "thêm mục tasks".to_owned());
    }
    let unknown = PlanYears::of(YearContext::Year(2000));
    let defaults = Defaults { years: years.unwrap_or(unknown), policy: policy.unwrap_or_default(), policies, units };
    let mut seen: Vec<TaskId> = Vec::new();
    let tasks = tasks.into_iter().filter_map(|n| read_task(reader, n, &defaults, &mut seen)).map(Arc::new).collect();
    Some(Plan { id: id?.value.into(), title: title?.value, years: years?, followed_by, tasks, targets })
}

struct Defaults<'a> {
    years: PlanYears,
    policy: String,
    policies: &'a BTreeMap<String, Policy>,
    units: &'a Units,
}

fn read_task(reader: &Reader, node: &Node, defaults: &Defaults<'_>, seen: &mut Vec<TaskId>) -> Option<Task> {
    let fields = reader.fields(node, "nhiệm vụ");
    let (id, content) = (fields.text("id"), fields.text("content"));
    let section = fields.optional_text("section");
    let lead_node = fields.require("lead");
    let lead = defaults.units.resolve_all(reader, &fields.texts("lead"));
    let coordinating = defaults.units.resolve_all(reader, &fields.texts("coordinating"));
    let deadline = fields.require("deadline");
    let settled = read_settled(reader, &fields);
    let product = fields.optional_text("product");
    let policy = fields.optional_text("policy").and_then(|t| known_policy(reader, t, defaults.policies));
    fields.done();
    if let (Some(node), true) = (lead_node, fields.texts("lead").is_empty()) {
        reader.error(&node.span, "nhiệm vụ chưa có cơ quan chủ trì", "ghi tên đơn vị vào mục lead".to_owned());
    }
    let (id, content, deadline) = (id?, content?, deadline?);
    let task = TaskId::from(id.value.as_str());
    if seen.contains(&task) {
        reader.error(&id.span, format!("số thứ tự «{task}» bị dùng hai lần"), "mỗi nhiệm vụ một số".to_owned());
    }
    seen.push(task.clone());
    let deadline = read_deadline(reader, deadline, defaults.years, &settled)?;
    check_settled(reader, &fields, &deadline.reading, defaults.years);
    Some(Task {
        id: task,
        section: section.map(|t| t.value).unwrap_or_default(),
        content: content.value,
        lead,
        coordinating,
        phrase: deadline.phrase,
        reading: deadline.reading,
        settled,
        product: product.map(|t| t.value).unwrap_or_default(),
        policy: policy.unwrap_or_else(|| defaults.policy.clone()),
    })
}

fn read_settled(reader: &Reader, fields: &Fields<'_>) -> BTreeMap<String, chrono::NaiveDate> {
    let Some(settled) = fields.optional_fields("settled", "mục settled") else { return BTreeMap::new() };
    settled
        .entries()
        .iter()
        .filter_map(|(period, node)| {
            reader.text(node, "settled").and_then(|t| date(reader, &t)).map(|on| (period.value.clone(), on))
        })
        .collect()
}

/// A settled date must name a period of the phrase, or it would be ignored.
fn check_settled(reader: &Reader, fields: &Fields<'_>, reading: &Reading, years: PlanYears) {
    let Some(settled) = fields.optional_fields("settled", "mục settled") else { return };
    if !reading.has_dates() {
        return;
    }
    let points = periods_of(reading, years);
    for (period, _) in settled.entries().iter().filter(|(p, _)| !points.iter().any(|point| point.period == p.value)) {
        let known = points.iter().take(12).map(|p| p.period.as_str()).collect::<Vec<_>>().join(", ");
        reader.error(
            &period.span,
            format!("thời hạn không có kỳ «{}»", period.value),
            format!("các kỳ của thời hạn này: {known}"),
        );
    }
}

fn read_target(reader: &Reader, node: &Node) -> Option<Target> {
    let fields = reader.fields(node, "chỉ tiêu");
    let (section, text) = (fields.text("section"), fields.text("text"));
    let percent = |key| {
        fields.parse(fields.optional_text(key), "một tỷ lệ từ 0 đến 100", |s| {
            s.parse::<u8>().ok().filter(|p| *p <= 100)
        })
    };
    let (at_least, above) = (percent("at_least"), percent("above"));
    fields.done();
    let (percent, is_strict) = match (at_least, above) {
        (Some(percent), None) => (percent, false),
        (None, Some(percent)) => (percent, true),
        (Some(_), Some(_)) | (None, None) => {
            reader.error(&fields.span, "chỉ tiêu phải có đúng một mục: at_least (tối thiểu) hoặc above (trên)", None);
            return None;
        }
    };
    Some(Target { section: section?.value, text: text?.value, percent, is_strict })
}

fn known_policy(reader: &Reader, text: Text, policies: &BTreeMap<String, Policy>) -> Option<String> {
    if policies.contains_key(&text.value) {
        return Some(text.value);
    }
    let help = nearest(&text.value, policies.keys().map(String::as_str))
        .map_or_else(|| "khai báo ở mục policies của nhacviec.yaml".to_owned(), |near| format!("ý bạn là «{near}»?"));
    reader.error(&text.span, format!("không có chính sách nhắc «{}»", text.value), help);
    None
}
