//! One tick of `decide` over 10,000 tasks with a year's state. `cargo bench --bench decide`

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use chrono::{Days, NaiveDate, NaiveTime, Weekday};
use nhacviec::{
    domain::{
        calendar::{CalendarRules, CalendarYear, OfficeHours, WorkCalendar, timetable::Timetable},
        deadline::{YearContext, read_phrase, schedule::PlanYears},
        decide::{Decision, Record, Situation, decide},
        directory::{ChannelKind, Directory, Person, Route, Unit},
        ids::SubjectId,
        life::{Event, Facts, Report, Reports},
        occurrence::{Agenda, Occurrence, OccurrenceKind},
        office::Office,
        plan::{Plan, Task},
        policy::{EscalationStep, Policy, Superior, Triggers},
    },
    simulation::{self, Completions},
    store::{self, NewReport},
};

const TASKS: usize = 10_000;
const UNITS: usize = 40;
const RUNS: usize = 30;
/// Days before today that were lived through one by one.
const LIVED_DAYS: u64 = 60;

fn main() {
    let office = office();
    let today = NaiveDate::from_ymd_opt(2023, 11, 15).expect("a date");
    let record = a_year_of(&office, today);
    let now = office.hours.digest_moment(today);
    let situation = Situation { office: &office, record: &record };
    let told: usize = record.told.values().map(Vec::len).sum();
    println!(
        "{TASKS} tasks, {} occurrences, {} completed, {told} notifications on open work",
        office.agenda.occurrences.len(),
        record.reports.completions().len()
    );
    measure("decide, first tick of the day", || decide(&situation, now));
    let mut after = record.clone();
    after.note(&decide(&situation, now), now);
    let situation = Situation { office: &office, record: &after };
    measure("decide, nothing new", || decide(&situation, now));
    measure_whole_tick(&office, today);
    measure_simulation(&office);
}

/// A whole year of mornings, as `nhacviec simulate` runs it.
fn measure_simulation(office: &Office) {
    let day = |month, day| NaiveDate::from_ymd_opt(2023, month, day).expect("a date");
    let start = Instant::now();
    let mut messages = 0_u32;
    simulation::run(office, Record::default(), day(1, 1), day(12, 31), &Completions::OnTime, |_| messages += 1);
    println!("simulate a year, all done on time: {:.2} s, {messages} messages", start.elapsed().as_secs_f64());
}

/// The same tick with its reading from and writing to a store: what the daemon does each minute.
fn measure_whole_tick(office: &Office, today: NaiveDate) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = store::open_in_memory().expect("SQLite");
    runtime.block_on(async {
        for subject in completed_before(office, today) {
            let facts = Facts {
                today,
                due_on: None,
                unit: "u0".into(),
                concerned: Vec::new(),
                quiet_at_most: today,
                is_reappointed: false,
            };
            let event = done(subject, today);
            let new = NewReport {
                subject: event.subject,
                report: event.report,
                reported_by: "bench".into(),
                reported_from: "cli",
            };
            store.report(new, facts, office.hours.digest_moment(today)).await.expect("written");
        }
        let start = today - Days::new(LIVED_DAYS);
        for day in start.iter_days().take_while(|d| *d < today) {
            let now = office.hours.digest_moment(day);
            let record = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("read");
            let decision = decide(&Situation { office, record: &record }, now);
            store.apply(decision, Vec::new(), now).await.expect("written");
            while let Some(batch) = store.claim(now, chrono::Duration::minutes(15), None).await.expect("claimed") {
                store.finish(batch.id, store::Outcome::Sent, now).await.expect("finished");
            }
        }
        let mut times = Vec::new();
        for run in 0..RUNS {
            let now = office.hours.digest_moment(today) + chrono::Duration::minutes(i64::try_from(run).unwrap_or(0));
            let begun = Instant::now();
            let record = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("read");
            let decision = decide(&Situation { office, record: &record }, now);
            store.apply(decision, Vec::new(), now).await.expect("written");
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        println!("whole tick, first of the day: {:.1} ms", times[0]);
        times.remove(0);
        times.sort_by(f64::total_cmp);
        println!("whole tick, nothing new: min {:.1} ms, median {:.1} ms", times[0], times[times.len() / 2]);
    });
}

fn measure(what: &str, run: impl Fn() -> Decision) {
    let mut times: Vec<f64> = Vec::new();
    let mut notified = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        let decision = run();
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        notified = decision.notify.len();
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{what}: min {:.1} ms, median {:.1} ms, max {:.1} ms ({notified} notified)",
        times[0],
        times[RUNS / 2],
        times[RUNS - 1]
    );
}

fn office() -> Office {
    let working_week = vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
    let rules = CalendarRules { working_week, ..CalendarRules::default() };
    let calendar =
        WorkCalendar::new(&rules, [CalendarYear { year: 2023, is_official: true, ..CalendarYear::default() }]);
    let mut directory = Directory::default();
    for i in 0..UNITS {
        for j in 0..2 {
            let id = format!("p{i}.{j}");
            let routes = vec![Route { channel: ChannelKind::Email, address: format!("{id}@so.example") }];
            let person = Person {
                id: id.as_str().into(),
                name: id.clone(),
                title: String::new(),
                routes: routes.into(),
                preference: Vec::new(),
            };
            directory.people.insert(id.as_str().into(), person);
        }
        let id = format!("u{i}");
        let contacts = vec![format!("p{i}.0").into(), format!("p{i}.1").into()];
        let unit = Unit {
            id: id.as_str().into(),
            name: id.as_str().into(),
            overseen_by: None,
            valid_from: None,
            valid_until: None,
            successors: Vec::new(),
            head: Some(format!("p{i}.0").into()),
            contacts,
            mailbox: None,
        };
        directory.units.insert(id.as_str().into(), unit);
    }
    let policies = BTreeMap::from([("viec".to_owned(), policy())]);
    let plan = Plan {
        id: "kh".into(),
        title: "Kế hoạch".into(),
        years: PlanYears::of(YearContext::Year(2023)),
        followed_by: vec!["u0".into()],
        tasks: tasks(),
        targets: Vec::new(),
    };
    let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).expect("a time");
    Office {
        name: "Sở".into(),
        agenda: Agenda::expand(vec![plan], policies, &calendar),
        directory,
        calendar,
        hours: OfficeHours {
            zone: chrono_tz::Asia::Ho_Chi_Minh,
            digest_at: time(7, 30),
            sending_from: time(7, 30),
            sending_until: time(17, 0),
            sending_pause: None,
            spread_minutes: 0,
            most_messages: None,
            timetable: Timetable::default(),
        },
        sources: BTreeMap::new(),
        administrator: "p0.0".into(),
    }
}

fn policy() -> Policy {
    let triggers = |before: &[u16]| Triggers {
        before: before.to_vec(),
        after: vec![1, 3],
        repeat_every: Some(5),
        ..Triggers::default()
    };
    let step = |after| EscalationStep { after, tell: vec![Superior::UnitHead] };
    Policy {
        lead: triggers(&[10, 5, 2, 1, 0]),
        coordinating: triggers(&[5]),
        following: triggers(&[1]),
        escalation: vec![step(1), step(5)],
        ..Policy::default()
    }
}

/// Half single dates over the year, three tenths monthly, the rest standing.
fn tasks() -> Vec<Arc<Task>> {
    let first = NaiveDate::from_ymd_opt(2023, 1, 10).expect("a date");
    let phrase = |i: usize| match i % 10 {
        0..5 => (first + Days::new(i as u64 * 7 % 350)).format("Trước ngày %d/%m/%Y").to_string(),
        5..8 => "Tháng 1,2,3,4,5,6,7,8,9,10,11,12/2023".to_owned(),
        _ => "Thường xuyên".to_owned(),
    };
    let task = |i: usize| Task {
        plan: "kh".into(),
        id: format!("T.{i}").into(),
        section: String::new(),
        content: format!("Nhiệm vụ {i} của kế hoạch năm, có nội dung dài như trong thực tế").into(),
        lead: vec![format!("u{}", i % UNITS).into()],
        coordinating: vec![format!("u{}", (i + 1) % UNITS).into(), format!("u{}", (i + 2) % UNITS).into()],
        reading: read_phrase(&phrase(i), YearContext::Year(2023)).expect("understood").into(),
        phrase: phrase(i).into(),
        settled: BTreeMap::new(),
        product: "Báo cáo".into(),
        policy: "viec".to_owned(),
        secret: None,
        source: String::new(),
    };
    (0..TASKS).map(|i| Arc::new(task(i))).collect()
}

/// All that was due is done, except one in thirty; the last two months were lived through day by day.
fn a_year_of(office: &Office, today: NaiveDate) -> Record {
    let mut reports = Reports::default();
    for subject in completed_before(office, today) {
        reports.add(&done(subject, today));
    }
    let mut record = Record { reports: Arc::new(reports), ..Record::default() };
    let start = today - Days::new(LIVED_DAYS);
    for day in start.iter_days().take_while(|d| *d < today) {
        let now = office.hours.digest_moment(day);
        let decision = decide(&Situation { office, record: &record }, now);
        record.note(&decision, now);
    }
    record
}

fn done(subject: SubjectId, on: NaiveDate) -> Event {
    let report = Report::Completed { done_on: on, product: "1/BC".into() };
    Event {
        subject,
        report,
        reported_by: "bench".into(),
        reported_from: "cli".into(),
        on,
        recorded_at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn completed_before(office: &Office, today: NaiveDate) -> impl Iterator<Item = SubjectId> + '_ {
    let is_done = move |(i, occurrence): &(usize, &Occurrence)| {
        matches!(occurrence.kind, OccurrenceKind::Dated(due) if due.last_on < today) && i % 30 != 0
    };
    office.agenda.occurrences.iter().enumerate().filter(is_done).map(|(_, occurrence)| occurrence.subject().clone())
}
