//! Arithmetic on working days over decades. `cargo bench --bench calendar`

use std::{hint::black_box, time::Instant};

use chrono::{Days, NaiveDate};
use nhacviec::config::example;

const TIMES: u32 = 2_000_000;

fn main() {
    let start = Instant::now();
    let calendar = example::work_calendar();
    println!("building the calendar of 1999 to 2101: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let first = NaiveDate::from_ymd_opt(2001, 1, 1).expect("a date");
    let days: Vec<NaiveDate> = (0..4096).map(|i| first + Days::new(i * 5)).collect();
    measure("add 7,500 working days (30 years)", &days, |day| calendar.add_working_days(day, 7_500));
    measure("take 2,500 working days away", &days, |day| calendar.add_working_days(day, -2_500));
    measure("last working day until", &days, |day| calendar.last_working_day_until(day));
    let end = NaiveDate::from_ymd_opt(2099, 12, 31).expect("a date");
    measure("count working days to 2099", &days, |day| calendar.working_days_between(day, end));
}

fn measure<T>(what: &str, days: &[NaiveDate], run: impl Fn(NaiveDate) -> T) {
    let start = Instant::now();
    for i in 0..TIMES {
        let day = days[i as usize % days.len()];
        black_box(run(black_box(day)));
    }
    println!("{what}: {:.1} ns", start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
}
