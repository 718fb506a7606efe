//! Owns the policies: those of `nhacviec.yaml`, the presets inside the binary, and what a task overrides.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use super::{
    fields::{Fields, Reader, nearest},
    finding::SourceFile,
    node::{self, Node, Text, Value},
    units::Units,
};
use crate::domain::policy::{
    Advice, DayCount, EscalationStep, LateDuties, Policy, Reader as AdviceReader, Roll, Superior, Triggers,
};

/// The presets, also shown to the administrator in the handbook.
const PRESETS: &str = include_str!("presets.yaml");

/// The preset for each kind of deadline, and for dossiers.
pub const PRESET_OF_KIND: [(&str, &str); 5] = [
    ("dated", "viec-co-han"),
    ("report", "bao-cao"),
    ("weekly", "bao-cao-tuan"),
    ("standing", "thuong-xuyen"),
    ("event", "phat-sinh"),
];

static PRESET_POLICIES: LazyLock<BTreeMap<String, Policy>> = LazyLock::new(|| {
    let file = Arc::new(SourceFile::new("mẫu có sẵn".to_owned(), PRESETS.to_owned()));
    let root = node::parse(&file, &mut Vec::new()).expect("the presets parse: a test loads them");
    let reader = Reader::new(file, Vec::new());
    let fields = reader.fields(&root, "mẫu");
    Policies::of(&reader, &fields, &BTreeMap::new()).known.into_inner()
});

/// Every policy by its name; those of the presets count only once somebody uses them.
#[derive(Debug, Default)]
pub struct Policies {
    known: RefCell<BTreeMap<String, Policy>>,
    /// Names written in the office's own files or used by a plan or source.
    used: RefCell<BTreeSet<String>>,
}

impl Policies {
    /// Reads the office's policies on top of the presets.
    pub fn read(reader: &Reader, fields: Option<&Fields<'_>>) -> Self {
        match fields {
            Some(fields) => Self::of(reader, fields, &PRESET_POLICIES),
            None => Self { known: RefCell::new(PRESET_POLICIES.clone()), used: RefCell::default() },
        }
    }

    fn of(reader: &Reader, fields: &Fields<'_>, presets: &BTreeMap<String, Policy>) -> Self {
        let mut reading = Reading { reader, entries: fields.entries(), presets, done: BTreeMap::new() };
        for (name, _) in fields.entries() {
            reading.policy(&name.value, &mut Vec::new());
        }
        let used = fields.entries().iter().map(|(name, _)| name.value.clone()).collect();
        let mut known = presets.clone();
        known.extend(reading.done);
        Self { known: RefCell::new(known), used: RefCell::new(used) }
    }

    /// The policy that a plan, a task or a source names.
    pub fn named(&self, reader: &Reader, text: &Text) -> Option<String> {
        if self.known.borrow().contains_key(&text.value) {
            self.used.borrow_mut().insert(text.value.clone());
            return Some(text.value.clone());
        }
        let known = self.known.borrow();
        let help = nearest(&text.value, known.keys().map(String::as_str)).map_or_else(
            || "khai báo ở mục policies của nhacviec.yaml".to_owned(),
            |near| format!("ý bạn là «{near}»?"),
        );
        reader.error(&text.span, format!("không có chính sách nhắc «{}»", text.value), help);
        None
    }

    /// The preset of a kind of deadline.
    pub fn preset(&self, kind: &str) -> String {
        let preset = PRESET_OF_KIND.iter().find(|(k, _)| *k == kind).map_or(PRESET_OF_KIND[0].1, |(_, name)| name);
        self.used.borrow_mut().insert(preset.to_owned());
        preset.to_owned()
    }

    /// A policy of its own for one task, written in the plan with `like:`; it gets the name given here.
    pub fn own(&self, reader: &Reader, node: &Node, name: String, default: &str) -> String {
        let base = match &node.value {
            Value::Map(entries) => entries.iter().find(|(key, _)| key.value == "like"),
            Value::Text(_) | Value::List(_) | Value::Null => None,
        };
        let base = base
            .and_then(|(_, node)| reader.text(node, "like"))
            .map_or_else(|| Some(default.to_owned()), |text| self.named(reader, &text));
        let base = base.and_then(|name| self.known.borrow().get(&name).cloned()).unwrap_or_default();
        let policy = read_policy(reader, node, base);
        self.known.borrow_mut().insert(name.clone(), policy);
        self.used.borrow_mut().insert(name.clone());
        name
    }

    /// A copy of the policy of this name.
    pub fn get(&self, name: &str) -> Option<Policy> {
        self.known.borrow().get(name).cloned()
    }

    /// The policies that are written or used.
    pub fn used(&self) -> BTreeMap<String, Policy> {
        let used = self.used.borrow();
        self.known
            .borrow()
            .iter()
            .filter(|(name, _)| used.contains(*name))
            .map(|(n, p)| (n.clone(), p.clone()))
            .collect()
    }

    /// Checks that somebody holds every role that an escalation step names.
    pub fn check_superiors(&self, reader: &Reader, units: &Units) {
        let directory = &units.directory;
        let mut reported: Vec<Superior> = Vec::new();
        for (name, policy) in self.used() {
            let late = policy.late.iter().flat_map(|late| &late.policy.escalation);
            for superior in policy.escalation.iter().chain(late).flat_map(|s| &s.tell) {
                let is_held = match superior {
                    Superior::Position(position) => directory.positions.contains_key(position),
                    Superior::UnitHead => directory.units.values().any(|u| u.head.is_some()),
                    Superior::UnitDeputy => directory.units.values().any(|u| u.overseen_by.is_some()),
                };
                if !is_held && !reported.contains(superior) {
                    report_vacancy(reader, superior, &name, units);
                    reported.push(superior.clone());
                }
            }
        }
    }
}

fn report_vacancy(reader: &Reader, superior: &Superior, policy: &str, units: &Units) {
    let (word, message, help) = match superior {
        Superior::Position(position) => {
            let known = units.directory.positions.keys().map(String::as_str).chain(["unit-head", "unit-deputy"]);
            let help = nearest(position, known).map_or_else(
                || "khai báo chức vụ ở mục positions của units.yaml".to_owned(),
                |n| format!("ý bạn là «{n}»?"),
            );
            (position.as_str(), format!("không có chức vụ «{position}» (chính sách nhắc «{policy}»)"), help)
        }
        Superior::UnitHead => (
            "unit-head",
            format!(
                "chính sách nhắc «{policy}» báo cho người đứng đầu đơn vị, nhưng chưa đơn vị nào có người đứng đầu"
            ),
            "thêm head cho các đơn vị trong units.yaml".to_owned(),
        ),
        Superior::UnitDeputy => (
            "unit-deputy",
            format!("chính sách nhắc «{policy}» báo cho phó giám đốc phụ trách, nhưng chưa đơn vị nào có"),
            "thêm overseen_by cho các đơn vị trong units.yaml, hoặc bỏ unit-deputy".to_owned(),
        ),
    };
    let at = reader.file.text.find(word);
    reader.error(&at.map_or(0..0, |at| at..at + word.len()), message, help);
}

struct Reading<'r> {
    reader: &'r Reader,
    entries: &'r [(Text, Node)],
    presets: &'r BTreeMap<String, Policy>,
    done: BTreeMap<String, Policy>,
}

impl Reading<'_> {
    /// Reads the policy of this name, what it is like first.
    fn policy(&mut self, name: &str, path: &mut Vec<String>) -> Option<Policy> {
        if let Some(policy) = self.done.get(name) {
            return Some(policy.clone());
        }
        let Some((_, node)) = self.entries.iter().find(|(n, _)| n.value == name) else {
            return self.presets.get(name).cloned();
        };
        path.push(name.to_owned());
        let base = self.base(node, name, path);
        path.pop();
        let policy = read_policy(self.reader, node, base);
        self.done.insert(name.to_owned(), policy.clone());
        Some(policy)
    }

    fn base(&mut self, node: &Node, name: &str, path: &mut Vec<String>) -> Policy {
        let Value::Map(entries) = &node.value else { return Policy::default() };
        let like = entries.iter().find(|(key, _)| key.value == "like");
        let Some(like) = like.and_then(|(_, node)| self.reader.text(node, "like")) else { return Policy::default() };
        // A policy that keeps the name of a preset and changes a part of it.
        if like.value == name {
            return self.presets.get(name).cloned().unwrap_or_default();
        }
        if path.contains(&like.value) {
            let message = format!("«{}» và «{name}» lấy mẫu lẫn nhau", like.value);
            self.reader.error(&like.span, message, "bỏ một mục like".to_owned());
            return Policy::default();
        }
        self.policy(&like.value, path).unwrap_or_else(|| {
            let known =
                self.entries.iter().map(|(n, _)| n.value.as_str()).chain(self.presets.keys().map(String::as_str));
            let help = nearest(&like.value, known).map_or_else(
                || format!("các mẫu có sẵn: {}", self.presets.keys().cloned().collect::<Vec<_>>().join(", ")),
                |near| format!("ý bạn là «{near}»?"),
            );
            self.reader.error(&like.span, format!("không có chính sách nhắc «{}» để làm mẫu", like.value), help);
            Policy::default()
        })
    }
}

fn read_policy(reader: &Reader, node: &Node, base: Policy) -> Policy {
    let fields = reader.fields(node, "chính sách nhắc");
    let _ = fields.get("like");
    let triggers = |key, base| fields.optional_fields(key, "mốc nhắc").map_or(base, |f| read_triggers(reader, &f));
    let (lead, coordinating, following) = (
        triggers("lead", base.lead),
        triggers("coordinating", base.coordinating),
        triggers("following", base.following),
    );
    let mut escalation: Vec<EscalationStep> = match fields.get("escalation") {
        None => base.escalation,
        Some(_) => fields.list("escalation").into_iter().filter_map(|n| read_step(reader, n)).collect(),
    };
    escalation.sort_by_key(|step| step.after);
    let advice = match fields.get("advice") {
        None => base.advice,
        Some(_) => fields.list("advice").into_iter().filter_map(|n| read_advice(reader, n)).collect(),
    };
    let closing = fields.optional_text("data_closing_day");
    let data_closing = fields.parse(closing, "ngày chốt số liệu trong tháng (1 đến 28)", |s| {
        s.parse().ok().filter(|day| (1..=28).contains(day))
    });
    let months = |key| {
        fields.parse(fields.optional_text(key), "một nhịp (month, quarter, half, year)", |s| match s {
            "month" => Some(1),
            "quarter" => Some(3),
            "half" => Some(6),
            "year" => Some(12),
            _ => None,
        })
    };
    let (note_every, ask_date_every) = (months("note_every"), months("ask_date_every"));
    let late = match fields.get("late_duties") {
        None => base.late,
        Some(node) => read_late(reader, node, base.late),
    };
    fields.done();
    let line = reader.file.line_of(fields.span.start);
    let policy = Policy {
        lead,
        coordinating,
        following,
        escalation,
        advice,
        data_closing: data_closing.or(base.data_closing),
        note_every: note_every.unwrap_or(base.note_every),
        ask_date_every: ask_date_every.unwrap_or(base.ask_date_every),
        late,
        source: format!("{}:{line}", reader.file.path).into(),
    };
    if policy.is_silent() && note_every.is_none() && ask_date_every.is_none() {
        reader.error(
            &fields.span,
            "chính sách này không có mốc nhắc nào, sẽ không nhắc ai",
            "thêm before hoặc after cho lead, hoặc lấy theo mẫu: like: viec-co-han".to_owned(),
        );
    }
    policy
}

/// What is owed for a late dossier; what is not written is as before.
fn read_late(reader: &Reader, node: &Node, base: Option<LateDuties>) -> Option<LateDuties> {
    let fields = reader.fields(node, "mục late_duties");
    let (apology, explanation) = (fields.optional_text("apology"), fields.optional_text("explanation"));
    let last_call = fields.optional_text("last_call").map(|t| Arc::from(t.value));
    let within =
        fields.parse(fields.optional_text("explain_within"), "một số ngày làm việc từ 0 đến 60", |s| {
            s.parse::<u16>().ok().filter(|n| *n <= 60)
        });
    let (old_policy, old) = base.map_or((None, None), |b| (Some((*b.policy).clone()), Some(b)));
    let policy = match fields.get("remind") {
        Some(node) => {
            refuse_nesting(reader, node);
            Some(read_policy(reader, node, old_policy.unwrap_or_default()))
        }
        None => old_policy,
    };
    fields.done();
    let missing = |what: &str| reader.error(&fields.span, format!("mục late_duties thiếu «{what}»"), None);
    let text = |own: Option<Text>, old: Option<&Arc<str>>, what: &str| {
        let text = own.map(|t| Arc::from(t.value)).or_else(|| old.cloned());
        text.or_else(|| {
            missing(what);
            None
        })
    };
    let apology = text(apology, old.as_ref().map(|o| &o.apology), "apology");
    let explanation = text(explanation, old.as_ref().map(|o| &o.explanation), "explanation");
    if policy.is_none() {
        missing("remind");
    }
    Some(LateDuties {
        apology: apology?,
        explanation: explanation?,
        explain_within: within.or(old.as_ref().map(|o| o.explain_within)).unwrap_or(1),
        last_call: last_call.or_else(|| old.as_ref().and_then(|o| o.last_call.clone())),
        policy: Box::new(policy?),
    })
}

/// What is like another policy, or owes something itself, would be passed over in silence here.
fn refuse_nesting(reader: &Reader, node: &Node) {
    let Value::Map(entries) = &node.value else { return };
    for (key, _) in entries.iter().filter(|(key, _)| ["like", "late_duties"].contains(&key.value.as_str())) {
        let help = "ghi thẳng lead, coordinating, following, escalation trong remind".to_owned();
        reader.error(&key.span, format!("mục remind không dùng được «{}»", key.value), help);
    }
}

fn read_triggers(reader: &Reader, fields: &Fields<'_>) -> Triggers {
    let (before, mut after) = (fields.numbers("before"), fields.numbers("after"));
    let repeat_every = fields.parse(fields.optional_text("repeat_every"), "một số ngày từ 1 đến 365", |s| {
        s.parse().ok().filter(|n| (1..=365).contains(n))
    });
    let most = fields.optional_text("repeat_at_most");
    let expected = "số lần nhắc lại nhiều nhất, từ 1 trở lên (bỏ repeat_every nếu không muốn nhắc lại)";
    let repeat_at_most = fields.parse(most.clone(), expected, |s| s.parse().ok().filter(|n| *n > 0));
    if let (Some(text), None) = (most, repeat_every) {
        reader.error(&text.span, "có repeat_at_most mà không có repeat_every", "thêm repeat_every".to_owned());
    }
    let count =
        fields.parse(fields.optional_text("count_in"), "cách đếm ngày (working_days hoặc calendar_days)", |s| {
            match s {
                "working_days" => Some(DayCount::Working),
                "calendar_days" => Some(DayCount::Calendar),
                _ => None,
            }
        });
    let roll = fields.parse(
        fields.optional_text("day_off"),
        "cách dời mốc trùng ngày nghỉ (usual, earlier, later)",
        |s| match s {
            "usual" => Some(Roll::Usual),
            "earlier" => Some(Roll::Earlier),
            "later" => Some(Roll::Later),
            _ => None,
        },
    );
    fields.done();
    // "Every five days" without a first day begins after five days.
    if after.is_empty() {
        after.extend(repeat_every);
    }
    Triggers {
        before,
        after,
        repeat_every,
        repeat_at_most,
        count: count.unwrap_or_default(),
        roll: roll.unwrap_or_default(),
    }
}

fn read_step(reader: &Reader, node: &Node) -> Option<EscalationStep> {
    let fields = reader.fields(node, "bậc đôn đốc");
    let after = fields.number::<u16>("after");
    let superior = |t: Text| match t.value.as_str() {
        "unit-head" => Superior::UnitHead,
        "unit-deputy" => Superior::UnitDeputy,
        _ => Superior::Position(t.value),
    };
    let tell: Vec<_> = fields.texts("tell").into_iter().map(superior).collect();
    fields.done();
    if tell.is_empty() {
        reader.error(&fields.span, "bậc đôn đốc chưa ghi báo cho ai", "thêm mục tell: [unit-head, …]".to_owned());
    }
    if after == Some(0) {
        reader.error(
            &fields.span,
            "bậc đôn đốc phải sau hạn ít nhất 1 ngày làm việc",
            "sửa «after» thành 1 trở lên".to_owned(),
        );
    }
    Some(EscalationStep { after: after.filter(|n| *n > 0)?, tell })
}

fn read_advice(reader: &Reader, node: &Node) -> Option<Advice> {
    let fields = reader.fields(node, "lời dặn");
    let (offset, text) = (fields.number::<i32>("days"), fields.text("text"));
    let to = fields.parse(
        fields.optional_text("to"),
        "người đọc lời dặn (lead, coordinating, following, superior)",
        |s| match s {
            "lead" => Some(AdviceReader::Lead),
            "coordinating" => Some(AdviceReader::Coordinating),
            "following" => Some(AdviceReader::Following),
            "superior" => Some(AdviceReader::Superior),
            _ => None,
        },
    );
    fields.done();
    Some(Advice { reader: to.unwrap_or(AdviceReader::Lead), offset: offset?, text: text?.value.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_tells_somebody() {
        let file = Arc::new(SourceFile::new("presets.yaml".to_owned(), PRESETS.to_owned()));
        let mut findings = Vec::new();
        let root = node::parse(&file, &mut findings).expect("YAML");
        let reader = Reader::new(file, findings);
        let policies = Policies::of(&reader, &reader.fields(&root, "mẫu"), &BTreeMap::new());
        let known = policies.known.into_inner();
        for (kind, preset) in PRESET_OF_KIND {
            assert!(known.get(preset).is_some_and(|p| !p.is_silent()), "{kind}: {preset}");
        }
        assert_eq!(known["bao-cao"].data_closing, Some(14));
        assert_eq!(known["bao-cao"].escalation, known["viec-co-han"].escalation, "taken over by like");
        assert!(reader.into_findings().is_empty());
    }
}
