//! Owns working days and office hours; refuses to know where their data comes from.
//!
//! A working day is a day of the working week, minus the days off of the official notice, plus the
//! weekend days worked in exchange (Bộ luật Lao động 45/2019/QH14, Điều 111 and 112, and the yearly
//! notice on public holidays). A year without such a notice is *provisional*: still computed, from the
//! rules in [`rules`], and marked wherever it is shown.

pub mod rules;
pub mod timetable;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    rules::{Closure, HolidayRule, days_off_by_rules},
    timetable::{Session, Timetable},
};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// What the official notice of one year says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarYear {
    /// Gregorian year.
    pub year: i32,
    /// Whether the notice has been entered in full.
    pub is_official: bool,
    /// Days off on what would be working days, with their names.
    pub days_off: BTreeMap<NaiveDate, String>,
    /// Weekend days that are worked, each with the day off it makes up for.
    pub worked_days: BTreeMap<NaiveDate, NaiveDate>,
    /// Days off that the notice says are exchanged, each with the day worked instead.
    pub exchanged_days: BTreeMap<NaiveDate, NaiveDate>,
}

/// First and last year of the working-day table; dates outside are clamped to it.
const FIRST_YEAR: i32 = 1999;
const LAST_YEAR: i32 = 2101;

/// What is known of all years beside their notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarRules {
    /// Days that are worked in an ordinary week.
    pub working_week: Vec<Weekday>,
    /// Holidays, for years without an official notice.
    pub holidays: Vec<HolidayRule>,
    /// Days on which the office is closed, in any year.
    pub closures: Vec<Closure>,
}

/// Which days are worked, with constant-time arithmetic on working days.
#[derive(Debug, Clone)]
pub struct WorkCalendar {
    years: BTreeMap<i32, CalendarYear>,
    /// Days off on what would be working days, with their names.
    days_off: BTreeMap<NaiveDate, String>,
    first_day: NaiveDate,
    /// `worked_until[i]`: number of working days among the first `i` days of the table.
    worked_until: Vec<u32>,
    /// All working days of the table in order.
    working_days: Vec<NaiveDate>,
}

impl WorkCalendar {
    /// Builds the table from the rules and the years' notices. An official notice replaces the rules of
    /// its year; one that is not complete adds to them.
    #[must_use]
    pub fn new(rules: &CalendarRules, years: impl IntoIterator<Item = CalendarYear>) -> Self {
        let years: BTreeMap<i32, CalendarYear> = years.into_iter().map(|y| (y.year, y)).collect();
        let days_off = days_off(rules, &years);
        let first_day = first_of_year(FIRST_YEAR);
        let end = first_of_year(LAST_YEAR + 1);
        // A day worked for one of the year before counts although its own notice has not come.
        let worked = years.values().flat_map(|y| y.exchanged_days.values().chain(y.worked_days.keys()));
        let worked: BTreeSet<NaiveDate> = worked.copied().collect();
        // Days come in order: none is looked up.
        let mut worked = worked.range(first_day..).peekable();
        let mut off = days_off.range(first_day..).map(|(day, _)| day).peekable();
        let mut worked_until = vec![0];
        let mut working_days = Vec::new();
        for day in first_day.iter_days().take_while(|d| *d < end) {
            let is_made_up = worked.next_if_eq(&&day).is_some();
            let is_off = off.next_if_eq(&&day).is_some();
            let is_closed = rules.closures.iter().any(|c| c.days.contains(&day));
            let is_ordinary = rules.working_week.contains(&day.weekday()) && !is_off;
            if (is_made_up || is_ordinary) && !is_closed {
                working_days.push(day);
            }
            worked_until.push(count(working_days.len()));
        }
        Self { years, days_off, first_day, worked_until, working_days }
    }

    /// Whether the office works on `day`.
    #[must_use]
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        let i = self.index(day);
        self.worked_until[i + 1] > self.worked_until[i]
    }

    /// Whether `day` lies in a year whose official notice has not been entered ("tạm tính").
    #[must_use]
    pub fn is_provisional(&self, day: NaiveDate) -> bool {
        !self.is_official(day.year())
    }

    /// Whether the official notice of the year has been entered in full.
    #[must_use]
    pub fn is_official(&self, year: i32) -> bool {
        self.years.get(&year).is_some_and(|y| y.is_official)
    }

    /// The name of the day off, where it has one.
    #[must_use]
    pub fn day_off_name(&self, day: NaiveDate) -> Option<&str> {
        self.days_off.get(&day).map(String::as_str)
    }

    /// The days off of a year that would be working days, with their names.
    pub fn days_off(&self, year: i32) -> impl Iterator<Item = (NaiveDate, &str)> {
        self.days_off.range(first_of_year(year)..first_of_year(year + 1)).map(|(day, name)| (*day, name.as_str()))
    }

    /// The weekend days of a year that are worked, each with the day off it makes up for.
    pub fn worked_days(&self, year: i32) -> impl Iterator<Item = (NaiveDate, NaiveDate)> + '_ {
        self.years.get(&year).into_iter().flat_map(|y| y.worked_days.iter().map(|(day, replaced)| (*day, *replaced)))
    }

    /// The years for which a notice is loaded, in order.
    pub fn years(&self) -> impl Iterator<Item = &CalendarYear> {
        self.years.values()
    }

    /// The last working day that is not after `day`.
    #[must_use]
    pub fn last_working_day_until(&self, day: NaiveDate) -> NaiveDate {
        let n = self.worked_until[self.index(day) + 1];
        self.nth(i64::from(n) - 1)
    }

    /// The first working day that is not before `day`.
    #[must_use]
    pub fn first_working_day_from(&self, day: NaiveDate) -> NaiveDate {
        self.nth(i64::from(self.worked_until[self.index(day)]))
    }

    /// The day `n` working days after `start` (before it when negative).
    ///
    /// The start itself is never counted (Bộ luật Dân sự 2015, Điều 147): one working day after a
    /// Friday is the next working Monday, and one working day before a Sunday is the Friday.
    #[must_use]
    pub fn add_working_days(&self, start: NaiveDate, n: i32) -> NaiveDate {
        let i = self.index(start);
        match n {
            0 => start,
            1.. => self.nth(i64::from(self.worked_until[i + 1]) + i64::from(n) - 1),
            ..=-1 => self.nth(i64::from(self.worked_until[i]) + i64::from(n)),
        }
    }

    /// The end of a period of `n` calendar days from `start`: the first day is not counted, and an
    /// end on a day off moves to the next working day (Bộ luật Dân sự 2015, Điều 147 and 148.5).
    #[must_use]
    pub fn end_of_period(&self, start: NaiveDate, n: u32) -> NaiveDate {
        self.first_working_day_from(start + Days::new(u64::from(n)))
    }

    /// The number of working days after `from` up to and including `to`; 0 when `to` is not later.
    #[must_use]
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        let (a, b) = (self.index(from), self.index(to));
        self.worked_until[b + 1].saturating_sub(self.worked_until[a + 1])
    }

    fn index(&self, day: NaiveDate) -> usize {
        let last = self.worked_until.len() - 2;
        let offset = (day - self.first_day).num_days();
        usize::try_from(offset).map_or(0, |i| i.min(last))
    }

    fn nth(&self, n: i64) -> NaiveDate {
        let last = self.working_days.len().saturating_sub(1);
        let i = usize::try_from(n).map_or(0, |i| i.min(last));
        // Closures could leave an office without any working day.
        self.working_days.get(i).copied().unwrap_or(self.first_day)
    }
}

fn days_off(rules: &CalendarRules, years: &BTreeMap<i32, CalendarYear>) -> BTreeMap<NaiveDate, String> {
    let mut off = BTreeMap::new();
    for year in FIRST_YEAR..=LAST_YEAR {
        let notice = years.get(&year);
        if !notice.is_some_and(|y| y.is_official) {
            off.extend(days_off_by_rules(&rules.holidays, &rules.working_week, year));
        }
        off.extend(notice.into_iter().flat_map(|y| y.days_off.clone()));
    }
    for closure in &rules.closures {
        let days = closure.days.start().iter_days().take_while(|d| d <= closure.days.end());
        let working = days.filter(|d| rules.working_week.contains(&d.weekday()));
        off.extend(working.map(|day| (day, closure.name.clone())));
    }
    off
}

fn first_of_year(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).expect("1 January exists in every year of the table")
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("the table has some 37,000 days")
}

/// When the office reads messages: the zone, the morning digest and the sending hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeHours {
    /// Zone of every civil date and time of the office.
    pub zone: Tz,
    /// Time of the morning digest on a working day.
    pub digest_at: NaiveTime,
    /// First moment of a working day at which messages may leave.
    pub sending_from: NaiveTime,
    /// First moment of a working day at which they no longer may.
    pub sending_until: NaiveTime,
    /// The lunch break, in which messages wait.
    pub sending_pause: Option<Session>,
    /// The digests of a morning leave over so many minutes instead of all at once.
    pub spread_minutes: u32,
    /// So many messages a person and day at most; what is more waits for the next digest, which says so.
    pub most_messages: Option<u32>,
    /// When the office is open, by season; empty when nobody has entered it.
    pub timetable: Timetable,
}

impl OfficeHours {
    /// The office's civil date at `now`.
    #[must_use]
    pub fn date(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }

    /// The instant of a civil time of the office.
    ///
    /// A time skipped or doubled by a change of clocks is read as the first valid one: Vietnam has
    /// none since 1975, but the zone is configuration.
    #[must_use]
    pub fn instant(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = day.and_time(time).and_local_timezone(self.zone);
        local
            .earliest()
            .or_else(|| (day.and_time(time) + chrono::Duration::hours(1)).and_local_timezone(self.zone).earliest())
            .expect("a clock change skips at most an hour")
            .to_utc()
    }

    /// The digest moment of the civil day.
    #[must_use]
    pub fn digest_moment(&self, day: NaiveDate) -> DateTime<Utc> {
        self.instant(day, self.digest_at)
    }

    /// The first digest moment of a working day that is not before `now`.
    #[must_use]
    pub fn next_digest(&self, calendar: &WorkCalendar, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = self.date(now);
        let first = if now <= self.digest_moment(today) { today } else { today + Days::new(1) };
        self.digest_moment(calendar.first_working_day_from(first))
    }

    /// Whether messages may leave at `now`: a working day, within the sending hours, not in the lunch break.
    #[must_use]
    pub fn is_sending_time(&self, calendar: &WorkCalendar, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&self.zone);
        calendar.is_working_day(local.date_naive())
            && (self.sending_from..self.sending_until).contains(&local.time())
            && !self.is_pause(local.time())
    }

    fn is_pause(&self, time: NaiveTime) -> bool {
        self.sending_pause.is_some_and(|p| (p.from..p.until).contains(&time))
    }

    /// The first moment from `now` on at which messages may leave.
    #[must_use]
    pub fn next_sending(&self, calendar: &WorkCalendar, now: DateTime<Utc>) -> DateTime<Utc> {
        let local = now.with_timezone(&self.zone);
        let (today, time) = (local.date_naive(), local.time());
        if self.is_sending_time(calendar, now) {
            return now;
        }
        let pause_end = self.sending_pause.map(|p| p.until).filter(|_| self.is_pause(time));
        let later_today = if time < self.sending_from { Some(self.sending_from) } else { pause_end };
        if let Some(time) = later_today.filter(|t| calendar.is_working_day(today) && *t < self.sending_until) {
            return self.instant(today, time);
        }
        self.instant(calendar.add_working_days(today, 1), self.sending_from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn day(text: &str) -> NaiveDate {
        text.parse().expect("tests write dates as YYYY-MM-DD")
    }

    fn vietnam() -> WorkCalendar {
        crate::config::example::calendar()
    }

    #[test]
    fn vectors_of_the_official_years_hold() {
        let calendar = vietnam();
        for line in include_str!("../../tests/data/workday_vectors.csv").lines().skip(1) {
            let mut cells = line.split(',');
            let mut cell = || cells.next().expect("a vector has op, start, n, expected");
            let (op, start, n, expected) = (cell(), day(cell()), cell(), day(cell()));
            let got = match op {
                "add_work" => calendar.add_working_days(start, n.parse().expect("a count")),
                "add_cal" => calendar.end_of_period(start, n.parse().expect("a count")),
                "before" => calendar.last_working_day_until(start - Days::new(1)),
                other => panic!("unknown operation {other}"),
            };
            assert_eq!(got, expected, "{line}");
        }
    }

    #[test]
    fn yearly_counts_match_the_notices() {
        let calendar = vietnam();
        for (year, expected) in [(2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 250), (2026, 249)] {
            let eve = first_of_year(year) - Days::new(1);
            let last = first_of_year(year + 1) - Days::new(1);
            assert_eq!(calendar.working_days_between(eve, last), expected, "{year}");
        }
    }

    #[test]
    fn a_year_without_notice_is_provisional_and_still_computed() {
        let calendar = vietnam();
        assert!(!calendar.is_provisional(day("2023-06-01")));
        assert!(calendar.is_provisional(day("2031-06-02")));
        assert!(calendar.is_working_day(day("2031-06-02")));
    }

    #[test]
    fn the_digest_waits_for_the_next_working_morning() {
        let calendar = vietnam();
        let hours = crate::config::example::hours();
        let friday_night = hours.instant(day("2023-04-28"), NaiveTime::from_hms_opt(20, 0, 0).expect("20:00"));
        assert_eq!(hours.next_digest(&calendar, friday_night), hours.digest_moment(day("2023-05-04")));
        assert!(!hours.is_sending_time(&calendar, friday_night));
    }

    #[test]
    fn tet_is_off_in_a_year_whose_notice_has_not_come() {
        let calendar = vietnam();
        for (day_off, name) in
            [("2028-01-26", "Tết Nguyên đán"), ("2028-09-01", "Quốc khánh"), ("2031-04-01", "Giỗ Tổ Hùng Vương")]
        {
            assert!(!calendar.is_working_day(day(day_off)));
            assert_eq!(calendar.day_off_name(day(day_off)), Some(name));
            assert!(calendar.is_provisional(day(day_off)));
        }
    }

    proptest::proptest! {
        #[test]
        fn working_days_never_go_back_and_adjoining_windows_join(a in 0u64..30_000, b in 0u64..900, c in 0u64..900) {
            let calendar = vietnam();
            let first = first_of_year(2001) + Days::new(a);
            let (middle, last) = (first + Days::new(b), first + Days::new(b + c));
            let whole = calendar.working_days_between(first, last);
            proptest::prop_assert_eq!(calendar.working_days_between(first, middle) + calendar.working_days_between(middle, last), whole);
            proptest::prop_assert!(calendar.add_working_days(first, 3) <= calendar.add_working_days(middle, 3));
            proptest::prop_assert!(calendar.last_working_day_until(first) <= first);
        }

        #[test]
        fn adding_working_days_lands_on_one_and_can_be_undone(start in 8_000i64..27_000, n in 1i32..200) {
            let calendar = vietnam();
            let start = calendar.first_working_day_from(first_of_year(2000) + Days::new(u64::try_from(start - 8_000).unwrap_or(0)));
            let end = calendar.add_working_days(start, n);
            proptest::prop_assert!(calendar.is_working_day(end));
            proptest::prop_assert_eq!(calendar.add_working_days(end, -n), start);
            proptest::prop_assert_eq!(calendar.working_days_between(start, end), u32::try_from(n).unwrap_or(0));
        }
    }
}
