//! Any text is read or refused: no panic, spans inside the text, no date before year 0, no slow input.
#![no_main]

use std::{collections::HashSet, sync::LazyLock};

use chrono::Weekday;
use libfuzzer_sys::fuzz_target;
use nhacviec::{
    config::example,
    domain::{
        calendar::{CalendarRules, WorkCalendar},
        deadline::{YearContext, read_phrase, schedule::PlanYears},
    },
    message::reading,
};

static CALENDAR: LazyLock<WorkCalendar> = LazyLock::new(example::work_calendar);
static WITHOUT_NOTICES: LazyLock<WorkCalendar> = LazyLock::new(|| {
    let rules =
        CalendarRules { working_week: vec![Weekday::Mon, Weekday::Wed, Weekday::Sat], ..CalendarRules::default() };
    WorkCalendar::new(&rules, [])
});

fuzz_target!(|text: &str| {
    for context in [YearContext::Unknown, YearContext::Year(2023), YearContext::SchoolYear(2023)] {
        match read_phrase(text, context) {
            Ok(read) => {
                assert!(!read.clauses.is_empty());
                assert!(!read.canonical(text).is_empty());
                assert!(!reading::describe(&read, text).is_empty());
                for span in read.clauses.iter().map(|c| &c.span).chain(&read.passed_over) {
                    assert!(text.get(span.clone()).is_some());
                }
                for doubt in &read.doubts {
                    let _ = reading::explain_doubt(doubt, text);
                }
                let periods = |calendar: &WorkCalendar| -> Vec<String> {
                    read.due_points(PlanYears::of(context), calendar).into_iter().map(|p| p.period).collect()
                };
                let named = periods(&CALENDAR);
                assert!(context != YearContext::Year(2023) || named.len() <= 20_000);
                // An occurrence has a name of its own, which no notice of holidays changes.
                assert_eq!(named.iter().collect::<HashSet<_>>().len(), named.len());
                assert_eq!(named, periods(&WITHOUT_NOTICES));
            }
            Err(error) => {
                assert!(text.get(error.span.clone()).is_some());
                let _ = reading::explain_refusal(&error, text);
            }
        }
    }
});
