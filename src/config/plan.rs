//! Owns `plans/NAME.yaml`: the rows of an annex, the targets, who follows the plan.

use std::{collections::BTreeMap, sync::Arc};

use foldhash::{HashSet, HashSetExt as _};

use super::{
    deadline::{Deadlines, periods_of},
    fields::{Fields, Reader, date},
    node::{Node, Text, Value},
    policies::{PRESET_OF_KIND, Policies},
    targets::{Sources, read_targets},
    units::Units,
};
use crate::domain::{
    deadline::{DeadlineKind, Reading, YearContext, schedule::PlanYears},
    ids::{PlanId, TaskId},
    plan::{Plan, Secret, Task},
};
use crate::import::diff::WrittenTask;

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
pub fn read_plan(reader: &Reader, root: &Node, units: &Units, policies: &Policies, sources: &Sources) -> Option<Plan> {
    let fields = reader.fields(root, "tệp kế hoạch");
    let head = fields.fields("plan", "mục plan");
    let targets = read_targets(reader, &fields.list("targets"), units, sources);
    let tasks = fields.list("tasks");
    fields.done();
    let head = head?;
    let (id, title, years) = (head.id(), head.text("title"), read_years(reader, &head));
    let followed_by = units.resolve_all(reader, &head.texts("followed_by"));
    let policy = read_kinds(reader, &head, policies);
    head.done();
    if tasks.is_empty() {
        reader.error(&fields.span, "kế hoạch chưa có nhiệm vụ nào", "thêm mục tasks".to_owned());
    }
    let unknown = PlanYears::of(YearContext::Year(2000));
    let plan_id = PlanId::from(id.as_ref().map_or("", |t| &t.value));
    let defaults = Defaults { plan: plan_id, years: years.unwrap_or(unknown), policy, policies, units };
    let mut seen: HashSet<TaskId> = HashSet::new();
    let mut deadlines = Deadlines::of(defaults.years);
    let tasks = tasks.into_iter().filter_map(|n| read_task(reader, n, &defaults, &mut deadlines, &mut seen));
    let tasks = tasks.map(Arc::new).collect();
    Some(Plan { id: id?.value.into(), title: title?.value.into(), years: years?, followed_by, tasks, targets })
}

/// The tasks of a plan file as written, names and phrases untouched; what is no task is passed over.
pub fn read_written_tasks(reader: &Reader, root: &Node) -> (Option<String>, Vec<WrittenTask>) {
    let fields = reader.fields(root, "tệp kế hoạch");
    let id = fields.optional_fields("plan", "mục plan").and_then(|head| head.optional_text("id")).map(|t| t.value);
    let tasks = fields.list("tasks").into_iter().filter_map(|node| {
        let task = reader.fields(node, "nhiệm vụ");
        let text = |key| task.optional_text(key).map(|t| t.value);
        let texts = |key| task.texts(key).into_iter().map(|t| t.value).collect();
        let deadline = task.get("deadline").and_then(|node| match &node.value {
            Value::Map(_) => reader.fields(node, "mục deadline").optional_text("phrase").map(|t| t.value),
            Value::Text(_) | Value::Null | Value::List(_) => reader.text(node, "deadline").map(|t| t.value),
        });
        Some(WrittenTask {
            id: task.text("id")?.value,
            section: text("section").unwrap_or_default(),
            content: text("content"),
            lead: texts("lead"),
            coordinating: texts("coordinating"),
            deadline,
            product: text("product").unwrap_or_default(),
        })
    });
    (id, tasks.collect())
}

/// The policies of a plan: one for all its tasks, or one for each kind of deadline; presets where it names none.
enum KindPolicies {
    One(String),
    ByKind(BTreeMap<&'static str, String>),
}

fn read_kinds(reader: &Reader, head: &Fields<'_>, policies: &Policies) -> KindPolicies {
    let Some(node) = head.get("policy") else { return KindPolicies::ByKind(BTreeMap::new()) };
    if !matches!(node.value, Value::Map(_)) {
        let name = reader.text(node, "policy").and_then(|t| policies.named(reader, &t));
        return KindPolicies::One(name.unwrap_or_default());
    }
    let kinds = reader.fields(node, "mục policy");
    let named = PRESET_OF_KIND.iter().filter_map(|(kind, _)| {
        kinds.optional_text(kind).and_then(|t| policies.named(reader, &t)).map(|name| (*kind, name))
    });
    let named = named.collect();
    kinds.done();
    KindPolicies::ByKind(named)
}

struct Defaults<'a> {
    plan: PlanId,
    years: PlanYears,
    policy: KindPolicies,
    policies: &'a Policies,
    units: &'a Units,
}

impl Defaults<'_> {
    /// The policy of a task that names none.
    fn policy_for(&self, reading: &Reading) -> String {
        let kind = match reading.kind() {
            DeadlineKind::Dated => "dated",
            DeadlineKind::Report => "report",
            DeadlineKind::Weekly => "weekly",
            DeadlineKind::Standing => "standing",
            DeadlineKind::Event => "event",
        };
        match &self.policy {
            KindPolicies::One(name) => name.clone(),
            KindPolicies::ByKind(named) => named.get(kind).cloned().unwrap_or_else(|| self.policies.preset(kind)),
        }
    }

    /// The policy of a task: named, written out in the row, or the plan's.
    fn policy_of(&self, reader: &Reader, task: &str, node: Option<&Node>, reading: &Reading) -> String {
        match node {
            None => self.policy_for(reading),
            Some(node) if matches!(node.value, Value::Map(_)) => {
                let default = self.policy_for(reading);
                self.policies.own(reader, node, format!("{}/{task}", self.plan), &default)
            }
            Some(node) => reader
                .text(node, "policy")
                .and_then(|t| self.policies.named(reader, &t))
                .unwrap_or_else(|| self.policy_for(reading)),
        }
    }
}

/// A task's number as the annex has it; only a colon would make it the name of another one's period.
fn read_number(fields: &Fields<'_>) -> Option<Text> {
    let text = fields.text("id");
    fields.parse(text.clone(), "một số thứ tự không có dấu hai chấm", |s| {
        (!s.contains(':')).then_some(())
    })?;
    text
}

fn read_task<'n>(
    reader: &'n Reader,
    node: &'n Node,
    defaults: &Defaults<'_>,
    deadlines: &mut Deadlines<'n>,
    seen: &mut HashSet<TaskId>,
) -> Option<Task> {
    let fields = reader.fields(node, "nhiệm vụ");
    let id = read_number(&fields);
    // The content of a duty marked secret stays on paper.
    let content = match fields.get("secrecy") {
        Some(_) => fields.optional_text("content").or_else(|| Some(Text { value: String::new(), span: 0..0 })),
        None => fields.text("content"),
    };
    let section = fields.optional_text("section");
    let lead_node = fields.require("lead");
    let named = fields.texts("lead");
    let lead = defaults.units.resolve_all(reader, &named);
    let coordinating = defaults.units.resolve_all(reader, &fields.texts("coordinating"));
    let deadline = fields.require("deadline");
    let settled = read_settled(reader, &fields);
    let product = fields.optional_text("product");
    let policy = fields.get("policy");
    let secret = read_secrecy(reader, &fields);
    fields.done();
    if let (Some(node), true) = (lead_node, named.is_empty()) {
        reader.error(&node.span, "nhiệm vụ chưa có cơ quan chủ trì", "ghi tên đơn vị vào mục lead".to_owned());
    }
    let (id, content, deadline) = (id?, content?, deadline?);
    let task = TaskId::from(id.value.as_str());
    if !seen.insert(task.clone()) {
        reader.error(&id.span, format!("số thứ tự «{task}» bị dùng hai lần"), "mỗi nhiệm vụ một số".to_owned());
    }
    let deadline = deadlines.read(reader, deadline, &settled)?;
    check_settled(reader, &fields, &deadline.reading, defaults.years);
    Some(Task {
        plan: defaults.plan.clone(),
        id: task,
        section: section.map(|t| t.value).unwrap_or_default(),
        content: content.value.into(),
        lead,
        coordinating,
        phrase: deadline.phrase,
        policy: defaults.policy_of(reader, &id.value, policy, &deadline.reading),
        reading: deadline.reading,
        settled,
        product: product.map(|t| t.value.into()).unwrap_or_default(),
        secret,
        source: format!("{}:{}", reader.file.path, reader.file.line_of(id.span.start)),
    })
}

/// `secrecy: mật` with the number that may be said.
fn read_secrecy(reader: &Reader, fields: &Fields<'_>) -> Option<Secret> {
    let text = fields.optional_text("secrecy");
    let reference = fields.optional_text("reference");
    let mark = fields.parse(text.clone(), "độ mật (mật, tối mật, tuyệt mật)", |s| {
        let mark = s.to_lowercase();
        ["mật", "tối mật", "tuyệt mật"].contains(&mark.as_str()).then_some(mark)
    });
    let text = text?;
    if let Some(content) = fields.get("content") {
        reader.warning(
            &content.span,
            "không ghi nội dung nhiệm vụ mật vào máy có nối mạng",
            "xóa mục content, chỉ để reference (số văn bản)".to_owned(),
        );
    }
    let Some(reference) = reference else {
        reader.error(&text.span, "nhiệm vụ mật phải có số văn bản để nhắc", "thêm mục reference".to_owned());
        return None;
    };
    // An unknown mark is an error, and still no reason to say more.
    Some(Secret { mark: mark.unwrap_or(text.value), reference: reference.value.into() })
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
