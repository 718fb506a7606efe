//! What the store counts for targets: which day ends a dossier, which month it belongs to, what was entered.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::{Asia::Ho_Chi_Minh, Tz};
use nhacviec::{
    domain::{
        dossier::{Dossier, DossierStatus, ReadRow, Seen, Trust, dossier_subject},
        life::{Facts, Report},
        targets::{Entered, Measure, Metric},
    },
    store::{self, MeasuresAsked, NewReport, NewTargetValue, Recorded, Store},
};

fn at(moment: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(moment, "%Y-%m-%d %H:%M").expect("a moment");
    Ho_Chi_Minh.from_local_datetime(&local).earliest().expect("no clock changes").to_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A store that reads rows of the source `mc`.
struct Desk(Arc<dyn Store>);

impl Desk {
    fn new() -> Self {
        Self(store::open_in_memory().expect("SQLite"))
    }

    async fn read(&self, dossier: Dossier, now: &str) {
        self.read_from("mc", dossier, now).await;
    }

    async fn read_from(&self, source: &str, dossier: Dossier, now: &str) {
        let rows = vec![(None, ReadRow { dossier, print: None })];
        let written = self.0.take_rows(source.into(), rows, Seen::default(), Ho_Chi_Minh, at(now)).await;
        written.expect("written");
    }

    /// An answer without any dossier, believed.
    async fn read_nothing(&self, now: &str) {
        let seen = Seen::default();
        self.0.conclude("mc".into(), seen, Trust::Believed, Ho_Chi_Minh, at(now), at(now)).await.expect("written");
    }

    async fn report(&self, code: &str, report: Report) {
        let facts = Facts {
            today: day("2023-02-20"),
            due_on: Some(day("2023-02-14")),
            unit: "a".into(),
            concerned: Vec::new(),
            quiet_at_most: day("2023-02-21"),
            is_reappointed: false,
        };
        let subject = dossier_subject(&"mc".into(), code);
        let new = NewReport { subject, report, reported_by: "thử".to_owned(), reported_from: "cli" };
        let recorded = self.0.report(new, facts, at("2023-02-20 09:00")).await.expect("works");
        assert!(matches!(recorded, Recorded::Taken(_)), "{recorded:?}");
    }

    async fn count(&self, metric: Metric, now: &str) -> BTreeMap<NaiveDate, Measure> {
        self.count_in(metric, Ho_Chi_Minh, now).await
    }

    async fn count_in(&self, metric: Metric, zone: Tz, now: &str) -> BTreeMap<NaiveDate, Measure> {
        let (from_on, until_on) = (day("2023-01-01"), day("2023-12-31"));
        let asked = MeasuresAsked { metric, sources: vec!["mc".into()], from_on, until_on, zone };
        self.0.measures(asked, at(now)).await.expect("counted")
    }
}

/// Open, received on 3 January, with its appointment.
fn open(code: &str, due: &str) -> Dossier {
    Dossier {
        code: code.to_owned(),
        received_at: Some(at("2023-01-03 09:00")),
        due_at: Some(at(due)),
        status: DossierStatus::Open,
        ..Dossier::default()
    }
}

fn ended(code: &str, due: &str, end: &str) -> Dossier {
    Dossier { resolved_at: Some(at(end)), status: DossierStatus::Finished, ..open(code, due) }
}

fn months(cases: &[(&str, u32, u32)]) -> BTreeMap<NaiveDate, Measure> {
    cases.iter().map(|(month, good, of)| (day(month), Measure { good: *good, of: *of })).collect()
}

#[tokio::test]
async fn days_are_compared_and_not_hours() {
    let desk = Desk::new();
    desk.read(ended("S1", "2023-02-14 17:00", "2023-02-13 23:59"), "2023-02-20 08:00").await;
    desk.read(ended("S2", "2023-02-14 11:00", "2023-02-14 17:30"), "2023-02-20 08:00").await;
    desk.read(ended("S3", "2023-02-14 17:00", "2023-02-15 00:01"), "2023-02-20 08:00").await;
    assert_eq!(desk.count(Metric::OnTime, "2023-02-20 08:00").await, months(&[("2023-02-01", 2, 3)]));
    assert_eq!(desk.count(Metric::Early, "2023-02-20 08:00").await, months(&[("2023-02-01", 1, 3)]));
}

#[tokio::test]
async fn months_begin_at_midnight_of_the_offices_zone() {
    let desk = Desk::new();
    // 31 January 17:30 UTC is 1 February in Vietnam.
    desk.read(ended("S1", "2023-02-03 17:00", "2023-02-01 00:30"), "2023-02-20 08:00").await;
    desk.read(ended("S2", "2023-02-03 17:00", "2023-01-31 23:59"), "2023-02-20 08:00").await;
    let vietnam = desk.count(Metric::Early, "2023-02-20 08:00").await;
    assert_eq!(vietnam, months(&[("2023-01-01", 1, 1), ("2023-02-01", 1, 1)]));
    let london = desk.count_in(Metric::Early, Tz::UTC, "2023-02-20 08:00").await;
    assert_eq!(london, months(&[("2023-01-01", 2, 2)]));
    // The first and the last second of the year.
    desk.read(ended("S3", "2023-02-03 17:00", "2022-12-31 23:59"), "2023-02-20 08:00").await;
    desk.read(ended("S4", "2023-02-03 17:00", "2024-01-01 00:00"), "2023-02-20 08:00").await;
    assert_eq!(desk.count(Metric::Early, "2023-02-20 08:00").await, vietnam);
}

#[tokio::test]
async fn an_open_dossier_past_its_first_appointment_is_late_in_the_month_of_the_appointment() {
    let desk = Desk::new();
    let extended = Dossier { extended_due_at: Some(at("2023-06-30 17:00")), ..open("S1", "2023-01-31 17:00") };
    desk.read(extended.clone(), "2023-01-04 08:00").await;
    desk.read(open("S2", "2023-03-31 17:00"), "2023-01-04 08:00").await;
    let paused = Dossier { status: DossierStatus::Paused, ..open("S3", "2023-01-31 17:00") };
    desk.read(paused, "2023-01-04 08:00").await;
    assert_eq!(desk.count(Metric::OnTime, "2023-01-31 23:00").await, months(&[]), "the day is not over");
    assert_eq!(desk.count(Metric::OnTime, "2023-02-01 00:00").await, months(&[("2023-01-01", 0, 1)]));
    // Ended, it counts once, in the month of its end, and is still late.
    let done = Dossier { resolved_at: Some(at("2023-02-02 10:00")), status: DossierStatus::Finished, ..extended };
    desk.read(done, "2023-02-02 11:00").await;
    assert_eq!(desk.count(Metric::OnTime, "2023-02-03 08:00").await, months(&[("2023-02-01", 0, 1)]));
}

#[tokio::test]
async fn one_that_leaves_the_answers_ended_when_it_was_last_there() {
    let desk = Desk::new();
    desk.read(open("S1", "2023-02-14 17:00"), "2023-02-14 16:00").await;
    desk.read_nothing("2023-02-15 08:00").await;
    desk.read_nothing("2023-02-15 08:15").await;
    // The office may have ended it at 16:30: no apology is owed for it, and it is not counted as late.
    assert_eq!(desk.count(Metric::OnTime, "2023-02-16 08:00").await, months(&[("2023-02-01", 1, 1)]));
    assert_eq!(desk.count(Metric::LateAnswered, "2023-02-16 08:00").await, months(&[]));
}

#[tokio::test]
async fn one_seen_finished_without_a_date_is_late_only_when_it_owes_the_papers() {
    let desk = Desk::new();
    let finished = |code: &str, due: &str| Dossier { status: DossierStatus::Finished, ..open(code, due) };
    // Last seen open on Friday, the day of its appointment; seen finished on Monday.
    desk.read(open("S1", "2023-02-10 17:00"), "2023-02-10 16:00").await;
    desk.read(finished("S1", "2023-02-10 17:00"), "2023-02-13 08:00").await;
    // Seen open after its appointment.
    desk.read(open("S2", "2023-02-10 17:00"), "2023-02-13 08:00").await;
    desk.read(finished("S2", "2023-02-10 17:00"), "2023-02-13 16:00").await;
    // Had ended before it was first seen.
    desk.read(finished("S3", "2023-01-10 17:00"), "2023-02-13 08:00").await;
    let now = "2023-02-14 08:00";
    assert_eq!(desk.count(Metric::OnTime, now).await, months(&[("2023-02-01", 1, 2)]));
    assert_eq!(desk.count(Metric::Early, now).await, months(&[("2023-02-01", 0, 2)]));
    assert_eq!(desk.count(Metric::LateAnswered, now).await, months(&[("2023-02-01", 0, 1)]));
    let (done_on, document) = (day("2023-02-14"), "15/SCT".to_owned());
    desk.report("S2", Report::Apologised { done_on, document: document.clone() }).await;
    desk.report("S2", Report::Explained { done_on, document }).await;
    assert_eq!(desk.count(Metric::OnTime, now).await, months(&[("2023-02-01", 1, 2)]), "answered is still late");
    assert_eq!(desk.count(Metric::LateAnswered, now).await, months(&[("2023-02-01", 1, 1)]));
}

#[tokio::test]
async fn a_paused_one_that_leaves_the_answers_counts_neither_way() {
    let desk = Desk::new();
    let paused = Dossier { status: DossierStatus::Paused, ..open("S1", "2023-02-01 17:00") };
    desk.read(paused, "2023-02-14 16:00").await;
    desk.read_nothing("2023-02-15 08:00").await;
    desk.read_nothing("2023-02-15 08:15").await;
    assert_eq!(desk.count(Metric::OnTime, "2023-02-16 08:00").await, months(&[]));
}

#[tokio::test]
async fn flags_count_by_the_month_of_receipt_and_only_where_they_are_known() {
    let desk = Desk::new();
    let with = |code: &str, received: &str, flag: Option<bool>| Dossier {
        received_at: Some(at(received)),
        is_online: flag,
        is_by_post: flag.map(|f| !f),
        is_paid_online: flag,
        ..open(code, "2023-12-29 17:00")
    };
    for dossier in [
        with("S1", "2023-01-31 23:59", Some(true)),
        with("S2", "2023-02-01 00:00", Some(true)),
        with("S3", "2023-02-01 09:00", Some(false)),
        with("S4", "2023-02-01 09:00", None),
    ] {
        desk.read(dossier, "2023-02-01 10:00").await;
    }
    let elsewhere = Dossier { is_online: Some(true), ..open("S9", "2023-12-29 17:00") };
    desk.read_from("khac", elsewhere, "2023-02-01 10:00").await;
    let online = months(&[("2023-01-01", 1, 1), ("2023-02-01", 1, 2)]);
    assert_eq!(desk.count(Metric::Online, "2023-02-02 08:00").await, online);
    assert_eq!(desk.count(Metric::PaidOnline, "2023-02-02 08:00").await, online);
    let by_post = months(&[("2023-01-01", 0, 1), ("2023-02-01", 1, 2)]);
    assert_eq!(desk.count(Metric::ByPost, "2023-02-02 08:00").await, by_post);
}

#[tokio::test]
async fn a_late_dossier_is_answered_with_both_papers_and_not_with_one() {
    let desk = Desk::new();
    // Ended late while watched, still open and late, ended in time, ended late before it was first seen.
    desk.read(open("S1", "2023-01-31 17:00"), "2023-01-04 08:00").await;
    desk.read(ended("S1", "2023-01-31 17:00", "2023-02-02 10:00"), "2023-02-02 11:00").await;
    desk.read(open("S2", "2023-02-14 17:00"), "2023-01-04 08:00").await;
    desk.read(open("S3", "2023-02-14 17:00"), "2023-01-04 08:00").await;
    desk.read(ended("S3", "2023-02-14 17:00", "2023-02-14 17:00"), "2023-02-14 18:00").await;
    desk.read(ended("S4", "2023-01-31 17:00", "2023-02-02 10:00"), "2023-02-02 11:00").await;
    let now = "2023-02-20 08:00";
    assert_eq!(desk.count(Metric::LateAnswered, now).await, months(&[("2023-01-01", 0, 1), ("2023-02-01", 0, 1)]));
    let paper = || (day("2023-02-16"), "15/SCT".to_owned());
    let (done_on, document) = paper();
    desk.report("S1", Report::Apologised { done_on, document }).await;
    assert_eq!(desk.count(Metric::LateAnswered, now).await, months(&[("2023-01-01", 0, 1), ("2023-02-01", 0, 1)]));
    let (done_on, document) = paper();
    desk.report("S1", Report::Explained { done_on, document }).await;
    assert_eq!(desk.count(Metric::LateAnswered, now).await, months(&[("2023-01-01", 1, 1), ("2023-02-01", 0, 1)]));
}

#[tokio::test]
async fn what_is_entered_is_kept_exactly_in_the_order_of_its_days() {
    let desk = Desk::new();
    let entered = |on: &str, value: &str, document: &str| Entered {
        measured_on: day(on),
        value: value.parse().expect("a percentage"),
        document: document.to_owned(),
        entered_by: "thử".to_owned(),
    };
    let values = [
        entered("2023-06-30", "92,55", "30/BC"),
        entered("2023-03-31", "0,29", "10/BC"),
        entered("2023-06-30", "100", "31/BC"),
    ];
    for value in &values {
        let new = NewTargetValue { target: "kh/II.5/2".to_owned(), entered: value.clone() };
        desk.0.enter_target(new, at("2023-07-01 08:00")).await.expect("written");
    }
    let [june, march, corrected] = values;
    assert_eq!(desk.0.target_values("kh/II.5/2".to_owned()).await.expect("read"), [march, june, corrected]);
    assert_eq!(desk.0.target_values("kh/II.5".to_owned()).await.expect("read"), []);
}
