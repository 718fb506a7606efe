//! What holds for every plan and every policy.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use nhacviec::{
    domain::{
        deadline::Due,
        decide::{self, CancelReason, Decision, PendingDelivery, Record, Situation, Told},
        life::{Event, Facts, Life, Report, Reports},
        notification::Notification,
        occurrence::{Occurrence, OccurrenceKind},
        office::Office,
    },
    message,
    simulation::{self, Completions},
    store::{self, NewReport, Outcome, Recorded, Store},
};
use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseError};

use crate::support::{OfficeFolder, day};

/// The first morning of every story here.
const BEGIN: &str = "2023-01-03";

/// A ladder as YAML.
fn ladder() -> impl Strategy<Value = String> {
    let days = |most: u16| vec(0..most, 0..4).prop_map(|n| format!("{n:?}"));
    let late = vec(1..8_u16, 0..3);
    let count = select(vec!["working_days", "calendar_days"]);
    let roll = select(vec!["usual", "earlier", "later"]);
    (days(12), late, option::of(1..6_u16), option::of(1..4_u16), count, roll).prop_map(
        |(before, after, every, most, count, roll)| {
            let most = every.and(most).map(|n| format!(", repeat_at_most: {n}")).unwrap_or_default();
            let every = every.map(|n| format!(", repeat_every: {n}")).unwrap_or_default();
            format!("{{ before: {before}, after: {after:?}{every}{most}, count_in: {count}, day_off: {roll} }}")
        },
    )
}

/// The policy of the plan, as YAML that replaces the usual one.
fn policy() -> impl Strategy<Value = String> {
    let step = (1..9_u16, select(vec!["unit-head", "unit-deputy", "giam-doc", "cvp", "trong"]));
    let closing = option::of(1..28_u32);
    (ladder(), ladder(), ladder(), vec(step, 0..4), closing).prop_map(|(lead, with, after, steps, closing)| {
        let step = |(after, who): &(u16, &str)| format!("      - {{ after: {after}, tell: [{who}] }}\n");
        let steps = steps.iter().map(step).collect::<Vec<_>>().concat();
        let escalation = if steps.is_empty() { "    escalation: []\n".to_owned() } else { format!("    escalation:\n{steps}") };
        let closing = closing.map(|d| format!("    data_closing_day: {d}\n")).unwrap_or_default();
        format!("    lead: {lead}\n    coordinating: {with}\n    following: {after}\n{escalation}{closing}    note_every: quarter\n    ask_date_every: month\n")
    })
}

/// Rows of the annex, as YAML.
fn tasks() -> impl Strategy<Value = String> {
    let date = (0..170_u64).prop_map(|n| (day("2023-01-05") + Days::new(n)).format("%d/%m/%Y").to_string());
    let phrase = prop_oneof![
        6 => date,
        1 => Just("Thường xuyên".to_owned()),
        1 => Just("Trước ngày 20 hằng tháng".to_owned()),
        1 => Just("Theo kế hoạch riêng của UBND tỉnh".to_owned()),
        1 => Just("Khi có phát sinh".to_owned()),
    ];
    let lead = select(vec!["phong-a", "phong-b", "Các phòng", "van-phong"]);
    let with = select(vec!["", "phong-b", "van-phong", "phong-a, phong-b"]);
    vec((lead, with, phrase), 1..4).prop_map(|rows| {
        let row = |(n, (lead, with, phrase)): (usize, &(&str, &str, String))| {
            format!("  - {{ id: I.{}, content: Việc {n}, lead: [{lead}], coordinating: [{with}], deadline: \"{phrase}\" }}\n", n + 1)
        };
        rows.iter().enumerate().map(row).collect()
    })
}

/// Who is away, and whether Phòng B ends.
fn people() -> impl Strategy<Value = (String, bool, bool)> {
    let away = |person: &'static str, by: &'static str| {
        option::of((0..150_u64, 0..20_u64)).prop_map(move |span| {
            span.map_or(String::new(), |(from, days)| {
                let from = day(BEGIN) + Days::new(from);
                format!("  - {{ person: {person}, by: {by}, from: {from}, until: {} }}\n", from + Days::new(days))
            })
        })
    };
    let list = (away("an", "ha"), away("ha", "binh"), away("giam-doc", "an"));
    (list, any::<bool>(), any::<bool>()).prop_map(|((a, b, c), ends, vacant)| (format!("{a}{b}{c}"), ends, vacant))
}

#[derive(Debug, Clone)]
struct Plan {
    tasks: String,
    policy: String,
    people: (String, bool, bool),
    follows: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    (tasks(), policy(), people(), any::<bool>()).prop_map(|(tasks, policy, people, follows)| Plan {
        tasks,
        policy,
        people,
        follows,
    })
}

impl Plan {
    fn office(&self) -> Arc<Office> {
        let folder = OfficeFolder::new(25, &self.tasks);
        let usual = "    lead: { before: [5, 1, 0], after: [1], repeat_every: 2 }\n    escalation:\n      - { after: 3, tell: [giam-doc] }\n  ho-so";
        folder.replace("nhacviec.yaml", usual, &format!("{}  ho-so", self.policy));
        let (away, ends, vacant) = &self.people;
        if !away.is_empty() {
            folder.append("units.yaml", &format!("substitutes:\n{away}"));
        }
        let positions = "positions: { giam-doc: giam-doc, cvp: ha, trong: vang }";
        folder.replace("units.yaml", "positions: { giam-doc: giam-doc }", positions);
        folder.replace("units.yaml", "  - { id: quan-tri", "  - { id: vang, name: Vắng }\n  - { id: quan-tri");
        folder.replace("units.yaml", "head: an, ", "head: an, overseen_by: giam-doc, ");
        if *ends {
            let until = "contacts: [binh], valid_until: 2023-03-10, successors: [phong-a, van-phong] }";
            folder.replace("units.yaml", "contacts: [binh] }", until);
        }
        if *vacant {
            folder.replace("units.yaml", "head: binh, ", "");
        }
        if self.follows {
            folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
        }
        folder.load().office
    }
}

/// What somebody may report, with the days counted from the day of the report.
#[derive(Debug, Clone, Copy)]
enum Said {
    Ack(&'static str, u64),
    Snooze(u64),
    Ask(u64),
    Grant(u64),
    Refuse,
    NotOurs,
    Assign(&'static str),
    Done,
    Cancel,
    Reopen,
}

fn said() -> impl Strategy<Value = Said> {
    let unit = || select(vec!["phong-a", "phong-b", "van-phong"]);
    prop_oneof![
        4 => (unit(), 1..15_u64).prop_map(|(unit, days)| Said::Ack(unit, days)),
        2 => (1..20_u64).prop_map(Said::Snooze),
        2 => (1..90_u64).prop_map(Said::Ask),
        3 => (1..90_u64).prop_map(Said::Grant),
        1 => Just(Said::Refuse),
        1 => Just(Said::NotOurs),
        1 => unit().prop_map(Said::Assign),
        1 => Just(Said::Done),
        1 => Just(Said::Cancel),
        1 => Just(Said::Reopen),
    ]
}

impl Said {
    fn report(self, on: NaiveDate) -> Report {
        let reason = || "lý do".to_owned();
        match self {
            Self::Ack(unit, days) => Report::Acknowledged { unit: unit.into(), until_on: on + Days::new(days) },
            Self::Snooze(days) => Report::Snoozed { until_on: on + Days::new(days), reason: reason() },
            Self::Ask(days) => Report::ExtensionAsked { to_on: on + Days::new(days), reason: reason() },
            Self::Grant(days) => Report::ExtensionGranted { to_on: on + Days::new(days), document: reason() },
            Self::Refuse => Report::ExtensionRefused { reason: reason() },
            Self::NotOurs => Report::NotOurs { reason: reason() },
            Self::Assign(unit) => Report::Assigned { unit: unit.into(), reason: reason() },
            Self::Done => Report::Completed { done_on: on, product: reason() },
            Self::Cancel => Report::Cancelled { reason: reason() },
            Self::Reopen => Report::Reopened { reason: reason() },
        }
    }
}

/// Adds what was said about the occurrences on a day, as far as the program would take it.
fn hear(office: &Office, reports: &mut Reports, on: NaiveDate, words: &[(usize, Said)]) {
    // While readers change, only of what is open: see the story of the answer before the ladder in broken.rs.
    let has_changes = office.directory.changes().next().is_some();
    let all = office.agenda.occurrences.iter();
    let occurrences: Vec<&Occurrence> = all.filter(|o| !has_changes || o.opens_on <= on).collect();
    for (which, said) in words {
        let Some(occurrence) = occurrences.get(which % occurrences.len().max(1)) else { continue };
        let subject = occurrence.subject();
        let life = reports.life(subject).cloned().unwrap_or_default();
        let facts = Facts::of(occurrence, Some(&life), office, on);
        let report = said.report(on);
        if life.refuse(&report, &facts).is_none() {
            reports.add(&event(subject.as_str(), report, on));
        }
    }
}

/// Opens an instance of each task that has no date.
fn open_undated(office: &Office, reports: &mut Reports, on: NaiveDate, due_in: u64) {
    for task in office.agenda.plans[0].tasks.iter().filter(|t| !t.reading.has_dates()) {
        let unit = task.lead[0].clone();
        let subject = format!("task:kh/{}:ps-{on}:{unit}", task.id);
        let report = Report::Opened {
            plan: "kh".into(),
            task: task.id.clone(),
            period: format!("ps-{on}"),
            unit,
            due_on: on + Days::new(due_in),
            document: "45/UBND".to_owned(),
        };
        reports.add(&event(&subject, report, on));
    }
}

fn event(subject: &str, report: Report, on: NaiveDate) -> Event {
    Event {
        subject: subject.into(),
        report,
        reported_by: "thử".to_owned(),
        reported_from: "cli".to_owned(),
        on,
        recorded_at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn decide_at(office: &Office, record: &mut Record, now: DateTime<Utc>) -> Decision {
    let decision = decide::decide(&Situation { office, record }, now);
    record.note(&decision, now);
    decision
}

/// What leaves, by day, of decisions at each digest moment from `first` to `last`.
fn decide_daily(office: &Office, record: &mut Record, first: NaiveDate, last: NaiveDate) -> Vec<Notification> {
    let mut told = Vec::new();
    for day in first.iter_days().take_while(|d| *d <= last) {
        let decision = decide_at(office, record, office.hours.digest_moment(day));
        told.extend(decision.notify.into_iter().filter(|n| n.merged_into.is_none()));
    }
    told
}

/// The same with what waits for its moment as pending deliveries, which a later decision may take back or replace.
fn live_daily(
    office: &Office,
    record: &mut Record,
    first: NaiveDate,
    last: NaiveDate,
) -> Vec<(NaiveDate, Notification)> {
    let mut waiting: Vec<Notification> = Vec::new();
    let mut left = Vec::new();
    for day in first.iter_days().take_while(|d| *d <= last) {
        let now = office.hours.digest_moment(day);
        let pending = |(id, n): (i64, &Notification)| PendingDelivery {
            id,
            subject: n.key.subject.clone(),
            told: Told::of(&n.key),
            route: n.routes[0].clone(),
            item: n.item.to_json(),
        };
        record.pending = (0..).zip(&waiting).map(pending).collect();
        let decision = decide::decide(&Situation { office, record }, now);
        let mut kept = Vec::new();
        for (id, old) in (0_i64..).zip(waiting) {
            match decision.cancel.iter().find(|c| c.id == id).map(|c| c.reason) {
                None => kept.push(old),
                Some(CancelReason::Superseded) => {}
                Some(CancelReason::Withdrawn) => {
                    let told = Arc::make_mut(&mut record.told);
                    told.get_mut(&old.key.subject).expect("it was told").retain(|t| *t != Told::of(&old.key));
                }
            }
        }
        record.note(&decision, now);
        kept.extend(decision.notify.into_iter().filter(|n| n.merged_into.is_none()));
        let (leaving, later) = kept.into_iter().partition(|n| office.hours.date(n.not_before) <= day);
        let leaving: Vec<Notification> = leaving;
        left.extend(leaving.into_iter().map(|n| (office.hours.date(n.not_before), n)));
        waiting = later;
    }
    left
}

/// The record after the days up to `start`, with what was said on that day.
fn history(office: &Office, start: NaiveDate, words: &[(usize, Said)], due_in: u64) -> Record {
    let mut record =
        Record { last_decided_at: Some(office.hours.digest_moment(day("2023-01-02"))), ..Record::default() };
    let mut reports = Reports::default();
    let half = day(BEGIN) + Days::new(u64::try_from((start - day(BEGIN)).num_days()).unwrap_or(0) / 2);
    let _ = decide_daily(office, &mut record, day(BEGIN), half);
    hear(office, &mut reports, half, &words[..words.len() / 2]);
    open_undated(office, &mut reports, half, due_in);
    record.reports = Arc::new(reports.clone());
    let _ = decide_daily(office, &mut record, half + Days::new(1), start);
    hear(office, &mut reports, start, &words[words.len() / 2..]);
    record.reports = Arc::new(reports);
    record
}

fn line(on: NaiveDate, notification: &Notification) -> String {
    format!("{on} {} {} {}", notification.key, notification.not_before, notification.item.to_json())
}

/// Fewer cases than usual: each loads a configuration and lives through half a year.
fn cases(n: u32) -> ProptestConfig {
    ProptestConfig { cases: n, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_rehearsal_says_exactly_what_deciding_every_day_says(
        plan in plan(), start in 0..110_u64, words in vec((0..12_usize, said()), 0..8), due_in in 1..60_u64
    ) {
        let office = plan.office();
        let start = day(BEGIN) + Days::new(start);
        let (first, last) = (start + Days::new(1), start + Days::new(90));
        let mut record = history(&office, start, &words, due_in);
        let rehearsed = simulation::collect(&office, record.clone(), first, last, &Completions::None);
        let rehearsed: BTreeSet<String> = rehearsed.iter().map(|l| line(l.on, &l.notification)).collect();
        let lived = live_daily(&office, &mut record, first, last);
        let lived: BTreeSet<String> = lived.iter().map(|(on, n)| line(*on, n)).collect();
        let missing: Vec<_> = lived.difference(&rehearsed).collect();
        let invented: Vec<_> = rehearsed.difference(&lived).collect();
        prop_assert!(missing.is_empty() && invented.is_empty(), "missing {missing:#?}\ninvented {invented:#?}\nstart {start}");
    }

    #[test]
    fn deciding_twice_decides_nothing(
        plan in plan(), start in 0..150_u64, words in vec((0..12_usize, said()), 0..8), minute in 0..1440_i64
    ) {
        let office = plan.office();
        let start = day(BEGIN) + Days::new(start);
        let mut record = history(&office, start, &words, 20);
        let now = office.hours.digest_moment(start) + Duration::minutes(minute);
        let _ = decide_at(&office, &mut record, now);
        let again = decide_at(&office, &mut record, now);
        prop_assert_eq!(again.notify, vec![]);
        prop_assert_eq!(again.cancel, vec![]);
    }

    #[test]
    fn nothing_leaves_on_a_day_off_or_outside_the_sending_hours_and_everybody_gets_one_message_a_day(
        plan in plan(), start in 0..110_u64, words in vec((0..12_usize, said()), 0..6), spread in 0..30_u32,
        minutes in vec(1..1439_i64, 1..4)
    ) {
        let mut office = Arc::unwrap_or_clone(plan.office());
        office.hours.spread_minutes = spread;
        let start = day(BEGIN) + Days::new(start);
        let mut record = history(&office, start, &words, 20);
        let mut minutes = minutes;
        minutes.sort_unstable();
        let mut moments: BTreeMap<(NaiveDate, String), BTreeSet<DateTime<Utc>>> = BTreeMap::new();
        for day in (start + Days::new(1)).iter_days().take(60) {
            let digest = office.hours.digest_moment(day);
            let midnight = digest - Duration::minutes(450);
            let ticks = minutes.iter().map(|m| midnight + Duration::minutes(*m)).chain([digest]);
            let ticks: BTreeSet<_> = ticks.collect();
            for now in ticks {
                for told in decide_at(&office, &mut record, now).notify {
                    let on = office.hours.date(told.not_before);
                    prop_assert!(office.hours.is_sending_time(&office.calendar, told.not_before), "{} at {}", told.key, told.not_before);
                    prop_assert!(told.not_before >= now.min(digest));
                    if told.merged_into.is_none() {
                        moments.entry((on, told.key.recipient.to_string())).or_default().insert(told.not_before);
                    }
                }
            }
        }
        for ((on, recipient), moments) in moments {
            prop_assert!(moments.len() == 1, "{recipient} on {on}: {moments:?}");
        }
    }
}

/// Applies a decision, delivers all of it and looks at what left.
async fn deliver_all(office: &Office, decision: Decision, now: DateTime<Utc>) -> Result<(), TestCaseError> {
    let wanted: BTreeMap<String, &Notification> =
        decision.notify.iter().filter(|n| n.merged_into.is_none()).map(|n| (n.key.to_string(), n)).collect();
    let store = store::open_in_memory().expect("SQLite starts");
    store.apply(decision.clone(), Vec::new(), now).await.expect("the store works");
    // After the longest holiday.
    let later = now + Duration::days(15);
    let (mut seen, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    while let Some(batch) = store.claim(later, Duration::minutes(15), None).await.expect("the store works") {
        prop_assert!(addresses.insert(batch.address.clone()), "two messages to {}", batch.address);
        let (message, _) = message::render(&batch, office, &message::Letterhead::default(), later);
        for entry in &batch.entries {
            prop_assert!(seen.insert(entry.key.clone()), "{} left twice", entry.key);
            let wanted = wanted.get(&entry.key);
            prop_assert!(wanted.is_some_and(|n| n.routes[0].address == batch.address), "{}", entry.key);
            let (task, unit) = task_and_unit(office, &entry.key);
            prop_assert!(message.text.contains(&format!("{task}. ")), "{task} is not in {}", message.text);
            prop_assert!(message.text.contains(&unit), "{unit} is not in {}", message.text);
        }
        store.finish(batch.id, Outcome::Sent, later).await.expect("the store works");
    }
    prop_assert_eq!(seen, wanted.into_keys().collect::<BTreeSet<_>>());
    Ok(())
}

/// Number of the row and name of the unit of a key `task:kh/I.1:2023:phong-a|…`.
fn task_and_unit(office: &Office, key: &str) -> (String, String) {
    let subject = key.split('|').next().unwrap_or_default();
    let parts: Vec<&str> = subject.split(':').collect();
    let task = parts[1].trim_start_matches("kh/").to_owned();
    (task, office.directory.unit_name(&parts[3].into()).to_owned())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn grouping_loses_and_doubles_nothing(plan in plan(), start in 0..150_u64) {
        let office = plan.office();
        let now = office.hours.digest_moment(day(BEGIN) + Days::new(start));
        let decision = decide::decide(&Situation { office: &office, record: &Record::default() }, now);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(deliver_all(&office, decision, now))?;
    }

    #[test]
    fn a_granted_date_speaks_like_a_date_of_the_plan(days in 0..100_u64, policy in policy()) {
        let due = day("2023-02-01") + Days::new(days);
        let row = |on: NaiveDate| format!("  - {{ id: I.1, content: Việc, lead: [phong-a], coordinating: [phong-b], deadline: {} }}\n", on.format("%d/%m/%Y"));
        let plan = |tasks| Plan { tasks, policy: policy.clone(), people: (String::new(), false, false), follows: true };
        let (planned, moved) = (plan(row(due)).office(), plan(row(day("2023-01-31"))).office());
        prop_assume!(Due::on(due, &moved.calendar).last_on > day("2023-01-31"));
        let mut reports = Reports::default();
        let granted = Report::ExtensionGranted { to_on: due, document: "12".to_owned() };
        reports.add(&event("task:kh/I.1:2023:phong-a", granted, day("2022-12-30")));
        let eve = |office: &Office| Some(office.hours.digest_moment(day("2023-01-02")));
        let mut plain = Record { last_decided_at: eve(&planned), ..Record::default() };
        let mut extended = Record { last_decided_at: eve(&moved), reports: Arc::new(reports), ..Record::default() };
        let last = due + Days::new(30);
        let keys = |told: Vec<Notification>| -> BTreeSet<String> {
            let ladder = told.iter().filter(|n| n.key.revision_on == due && n.key.audience.to_string() != "asker");
            ladder.map(|n| format!("{} {}", n.not_before, n.key)).collect()
        };
        let told = keys(decide_daily(&planned, &mut plain, day(BEGIN), last));
        let told_extended = keys(decide_daily(&moved, &mut extended, day(BEGIN), last));
        prop_assert_eq!(told, told_extended);
    }
}

/// A message that left.
#[derive(Debug, Clone)]
struct Sent {
    on: NaiveDate,
    key: String,
}

impl Sent {
    fn field(&self, at: usize) -> &str {
        self.key.split('|').nth(at).unwrap_or_default()
    }

    fn offset(&self) -> i32 {
        self.field(2).parse().unwrap_or(i32::MIN)
    }

    /// The end of a silence after which it was said; none comes first.
    fn resumed_on(&self) -> Option<NaiveDate> {
        self.field(5).parse().ok()
    }
}

/// An office on a real store, which lives from day to day.
struct Living<'a> {
    office: &'a Office,
    store: Arc<dyn Store>,
    sent: Vec<Sent>,
}

impl Living<'_> {
    async fn decide(&self, now: DateTime<Utc>) {
        let record = self.store.record(nhacviec::store::EVERY_DOSSIER).await.expect("the store works");
        let decision = decide::decide(&Situation { office: self.office, record: &record }, now);
        self.store.apply(decision, Vec::new(), now).await.expect("the store works");
    }

    async fn deliver(&mut self, now: DateTime<Utc>) -> Result<(), TestCaseError> {
        let on = self.office.hours.date(now);
        let mut addresses = BTreeSet::new();
        while self.office.hours.is_sending_time(&self.office.calendar, now)
            && let Some(batch) = self.store.claim(now, Duration::minutes(15), None).await.expect("the store works")
        {
            prop_assert!(addresses.insert(batch.address.clone()), "two messages to {} on {on}", batch.address);
            self.sent.extend(batch.entries.iter().map(|e| Sent { on, key: e.key.clone() }));
            self.store.finish(batch.id, Outcome::Sent, now).await.expect("the store works");
        }
        Ok(())
    }

    async fn hear(&self, which: usize, said: Said, on: NaiveDate) {
        let occurrences = &self.office.agenda.occurrences;
        let Some(occurrence) = occurrences.get(which % occurrences.len().max(1)) else { return };
        let reports = self.store.reports().await.expect("the store works");
        let life = reports.life(occurrence.subject());
        let facts = Facts::of(occurrence, life, self.office, on);
        let report = NewReport {
            subject: occurrence.subject().clone(),
            report: said.report(on),
            reported_by: "thử".to_owned(),
            reported_from: "cli",
        };
        let at = self.office.hours.digest_moment(on) + Duration::hours(4);
        let before = self.store.events(occurrence.subject().clone()).await.expect("the store works").len();
        let recorded = self.store.report(report, facts, at).await.expect("the store works");
        let after = self.store.events(occurrence.subject().clone()).await.expect("the store works").len();
        assert_eq!(after - before, usize::from(matches!(recorded, Recorded::Taken(_))), "{recorded:?}");
    }

    /// Whoever leads open work has been told its strongest rung, and nobody is told of work that is closed.
    async fn check(&self, today: NaiveDate) -> Result<(), TestCaseError> {
        let reports = self.store.reports().await.expect("the store works");
        let office = self.office;
        // Notes have no rungs; what a dispute does to them is told in regressions.rs.
        for occurrence in office.agenda.occurrences.iter().filter(|o| dated(o).is_some()) {
            let life = reports.life(occurrence.subject()).cloned().unwrap_or_default();
            let of_today = self.sent.iter().filter(|s| s.on == today && s.field(0) == occurrence.subject().as_str());
            if life.is_closed() || life.snoozed_until(today).is_some() {
                prop_assert_eq!(of_today.count(), 0, "{} is silent on {}", occurrence.subject(), today);
                continue;
            }
            let lead = life.unit.as_ref().unwrap_or(&occurrence.unit);
            let due = dated(occurrence).map(|due| Life::due_in_force(Some(&life), due, &office.calendar));
            // A unit that took over speaks for itself, and an older word of the unit itself counts for all.
            let is_quiet = |unit| life.quiet_until(unit, due, today).is_some();
            let heirs = office.directory.in_force(lead, today);
            if life.is_disputed() || is_quiet(lead) || heirs.iter().all(|heir| is_quiet(heir)) {
                let to_lead = of_today.filter(|s| s.field(3) == "lead").count();
                prop_assert_eq!(to_lead, 0, "{} is quiet on {}", occurrence.subject(), today);
                continue;
            }
            self.check_told(occurrence, &life, today)?;
        }
        let mut keys = BTreeSet::new();
        for sent in &self.sent {
            prop_assert!(keys.insert(&sent.key), "{} left twice", sent.key);
        }
        Ok(())
    }

    fn check_told(&self, occurrence: &Occurrence, life: &Life, today: NaiveDate) -> Result<(), TestCaseError> {
        let office = self.office;
        let Some(due) = dated(occurrence) else { return Ok(()) };
        let due = Life::due_in_force(Some(life), due, &office.calendar);
        let lead = life.unit.as_ref().unwrap_or(&occurrence.unit);
        let policy = &office.agenda.policies[&occurrence.task.policy];
        let Some(rung) = policy.lead.reached(due, today, &office.calendar) else { return Ok(()) };
        let revision = due.last_on.to_string();
        let heirs = office.directory.in_force(lead, today);
        let speaking: Vec<_> =
            heirs.into_iter().filter(|heir| life.quiet_until(heir, Some(due), today).is_none()).collect();
        let resumed = speaking.iter().copied().chain([lead]).map(|u| life.resumed_on(Some(u), Some(due), today));
        // With several heirs each has a silence of its own: the oldest end is the least that must have been said since.
        let resumed_on = if speaking.len() == 1 { resumed.max().flatten() } else { resumed.min().flatten() };
        for reader in speaking.iter().flat_map(|heir| office.directory.recipients_of(heir, today)) {
            let told = self.sent.iter().any(|s| {
                s.field(0) == occurrence.subject().as_str()
                    && s.field(1) == revision
                    && s.field(3) == "lead"
                    && s.field(4) == reader.id.as_str()
                    && s.offset() >= rung.offset
                    && s.resumed_on() >= resumed_on
            });
            prop_assert!(told, "{} was not told {:+} of {} by {today}", reader.id, rung.offset, occurrence.subject());
        }
        Ok(())
    }
}

fn dated(occurrence: &Occurrence) -> Option<Due> {
    match occurrence.kind {
        OccurrenceKind::Dated(due) => Some(due),
        OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => None,
    }
}

/// Lives day after day: what is said is said at half past eleven; every tick decides and delivers.
async fn live(office: &Office, words: &[(u64, usize, Said)], days: u64) -> Result<(), TestCaseError> {
    let store = store::open_in_memory().expect("SQLite starts");
    let mut living = Living { office, store, sent: Vec::new() };
    for (n, today) in (0..days).zip(day(BEGIN).iter_days()) {
        let digest = office.hours.digest_moment(today);
        living.decide(digest).await;
        living.deliver(digest).await?;
        if office.calendar.is_working_day(today) {
            living.check(today).await?;
        }
        for (_, which, said) in words.iter().filter(|(at, ..)| *at == n) {
            living.hear(*which, *said, today).await;
        }
        living.decide(digest + Duration::minutes(241)).await;
        living.deliver(digest + Duration::minutes(241)).await?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn whatever_is_reported_nobody_misses_a_rung_and_nobody_is_told_twice(
        plan in plan(), words in vec((0..90_u64, 0..12_usize, said()), 0..12)
    ) {
        let office = plan.office();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(&office, &words, 100))?;
    }
}
