//! Any calendar file is read or its mistakes are named: no panic, and a year that is accepted can be counted with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nhacviec::{
    config,
    domain::calendar::{CalendarRules, CalendarYear, WorkCalendar},
};

fuzz_target!(|text: &str| {
    let (year, findings) = config::read_calendar_text("calendar/2023.yaml", text);
    for finding in &findings {
        assert!(finding.file.text.get(finding.span.clone()).is_some());
        assert!(!finding.to_string().is_empty());
    }
    // Building a table takes milliseconds: only a file without mistakes would be built in the daemon.
    if let Some(year) = year.filter(|_| findings.is_empty()) {
        assert_days_count(year);
    }
});

fn assert_days_count(year: CalendarYear) {
    let (off, worked) = (year.days_off.clone(), year.worked_days.clone());
    let calendar = WorkCalendar::new(&CalendarRules::default(), [year]);
    for day in off.keys() {
        assert!(!calendar.is_working_day(*day));
    }
    for day in worked.keys() {
        assert!(calendar.is_working_day(*day));
        assert_eq!(calendar.last_working_day_until(*day), *day);
        assert_eq!(calendar.first_working_day_from(*day), *day);
    }
}
