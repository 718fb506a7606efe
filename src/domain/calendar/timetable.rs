//! Owns the office hours of the day, which change with the season, and arithmetic inside them.
//!
//! Provinces of the North change about 16/4 and 16/10, by a notice of the provincial people's committee.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::WorkCalendar;

/// A stretch of office time within one day, in the office's zone; `until` is no longer in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// First moment.
    pub from: NaiveTime,
    /// First moment that no longer belongs to it.
    pub until: NaiveTime,
}

/// A day of every year, as month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayOfYear {
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

/// Part of the year with its own office hours; it may run over the new year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Season {
    /// First day.
    pub from: DayOfYear,
    /// Last day.
    pub until: DayOfYear,
    /// Morning and afternoon, in order, not overlapping.
    pub sessions: Vec<Session>,
}

/// The office hours of the whole year.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timetable {
    /// First match counts.
    pub seasons: Vec<Season>,
}

impl Season {
    /// Whether the day of the year belongs to it.
    #[must_use]
    pub fn contains(&self, on: NaiveDate) -> bool {
        let day = DayOfYear { month: on.month(), day: on.day() };
        if self.from <= self.until {
            (self.from..=self.until).contains(&day)
        } else {
            day >= self.from || day <= self.until
        }
    }
}

impl Timetable {
    /// The office hours of a working day; none when no season covers it.
    #[must_use]
    pub fn sessions(&self, on: NaiveDate) -> &[Session] {
        self.seasons.iter().find(|s| s.contains(on)).map_or(&[], |s| &s.sessions)
    }

    /// Whether the office is open at `at`.
    #[must_use]
    pub fn is_open(&self, calendar: &WorkCalendar, at: NaiveDateTime) -> bool {
        let is_within = |s: &Session| (s.from..s.until).contains(&at.time());
        calendar.is_working_day(at.date()) && self.sessions(at.date()).iter().any(is_within)
    }

    /// The moment at which `time` of office hours after `start` has passed: the end of a session rather
    /// than the beginning of the next one. `None` when the office is not open often enough for that
    /// within the calendar's table.
    #[must_use]
    pub fn add_office_time(
        &self,
        calendar: &WorkCalendar,
        start: NaiveDateTime,
        time: TimeDelta,
    ) -> Option<NaiveDateTime> {
        /// Days without office hours in a row before we stop looking: longer than any closure.
        const PATIENCE: u32 = 400;
        let mut left = time;
        let mut day = start.date();
        let mut idle_days = 0;
        while idle_days < PATIENCE {
            idle_days += 1;
            let sessions = if calendar.is_working_day(day) { self.sessions(day) } else { &[] };
            for session in sessions {
                let from = day.and_time(session.from).max(start);
                let open = day.and_time(session.until) - from;
                if open <= TimeDelta::zero() {
                    continue;
                }
                if left <= open {
                    return Some(from + left);
                }
                left -= open;
                idle_days = 0;
            }
            day = day.checked_add_days(Days::new(1))?;
        }
        None
    }

    /// The office time between two moments; zero when `end` is not later.
    #[must_use]
    pub fn office_time_between(&self, calendar: &WorkCalendar, start: NaiveDateTime, end: NaiveDateTime) -> TimeDelta {
        let days = start.date().iter_days().take_while(|day| *day <= end.date());
        let mut total = TimeDelta::zero();
        for day in days.filter(|day| calendar.is_working_day(*day)) {
            for session in self.sessions(day) {
                let from = day.and_time(session.from).max(start);
                let until = day.and_time(session.until).min(end);
                total += (until - from).max(TimeDelta::zero());
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().expect("tests write moments as YYYY-MM-DDTHH:MM:SS")
    }

    fn bac_giang() -> Timetable {
        crate::config::example::hours().timetable
    }

    #[test]
    fn eight_office_hours_skip_lunch_night_and_week_end() {
        let (calendar, hours) = (crate::config::example::calendar(), bac_giang());
        // Friday in summer, 07:00-11:30 and 13:30-17:00: two and a half hours are left, the rest is Monday's.
        let end = hours.add_office_time(&calendar, at("2026-06-05T14:30:00"), TimeDelta::hours(8));
        assert_eq!(end, Some(at("2026-06-08T14:30:00")));
        let end = hours.add_office_time(&calendar, at("2026-06-05T18:00:00"), TimeDelta::hours(1));
        assert_eq!(end, Some(at("2026-06-08T08:00:00")));
    }

    #[test]
    fn hours_change_with_the_season_and_skip_tet() {
        let (calendar, hours) = (crate::config::example::calendar(), bac_giang());
        assert_eq!(
            hours.sessions(at("2026-04-15T00:00:00").date())[0].from,
            NaiveTime::from_hms_opt(7, 30, 0).expect("07:30")
        );
        assert_eq!(
            hours.sessions(at("2026-04-16T00:00:00").date())[0].from,
            NaiveTime::from_hms_opt(7, 0, 0).expect("07:00")
        );
        // Friday 13/02/2026 at 16:00; the office opens again on Monday the 23rd.
        let end = hours.add_office_time(&calendar, at("2026-02-13T16:00:00"), TimeDelta::hours(1));
        assert_eq!(end, Some(at("2026-02-23T08:00:00")));
        assert!(!hours.is_open(&calendar, at("2026-02-17T09:00:00")));
        assert!(!hours.is_open(&calendar, at("2026-02-23T12:30:00")));
    }

    #[test]
    fn an_office_that_never_opens_gives_no_moment() {
        let calendar = crate::config::example::calendar();
        assert_eq!(
            Timetable::default().add_office_time(&calendar, at("2026-06-05T14:30:00"), TimeDelta::hours(1)),
            None
        );
    }

    proptest::proptest! {
        #[test]
        fn adding_office_time_is_undone_by_measuring_it(days in 0u64..3000, minute in 0i64..1440, minutes in 1i64..3000) {
            let (calendar, hours) = (crate::config::example::calendar(), bac_giang());
            let start = at("2021-01-01T00:00:00") + Days::new(days) + TimeDelta::minutes(minute);
            let end = hours.add_office_time(&calendar, start, TimeDelta::minutes(minutes)).expect("the office opens");
            proptest::prop_assert_eq!(hours.office_time_between(&calendar, start, end), TimeDelta::minutes(minutes));
        }
    }
}
