//! Owns the holidays of years whose official notice has not come: fixed dates, Tết and 10/3.
//!
//! What they give is provisional. The Prime Minister decides the days around Tết and Quốc khánh each year
//! (Bộ luật Lao động 45/2019/QH14, Điều 112.3), and swaps cannot be foreseen at all.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::LazyLock};

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A holiday that comes back each year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidayRule {
    /// Its name.
    pub name: String,
    /// Its main day.
    pub day: HolidayDay,
    /// Days off before the main day.
    pub days_before: u8,
    /// Days off after it.
    pub days_after: u8,
    /// First year in which it is one.
    pub since: i32,
    /// Whether a day of it on a weekly day off is made up for on the next working day (Điều 111.3).
    pub is_made_up: bool,
}

/// The main day of a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolidayDay {
    /// A date of the Gregorian calendar.
    Fixed {
        /// 1 to 12.
        month: u32,
        /// 1 to 31.
        day: u32,
    },
    /// The first day of the first lunar month.
    Tet,
    /// The tenth day of the third lunar month, never of a leap one.
    HungKings,
}

/// Days on which this office alone is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The days.
    pub days: RangeInclusive<NaiveDate>,
    /// Why.
    pub name: String,
}

/// Computed by `scripts/lunar.py` from astronomical formulas for 105° E; Vietnam and China differ in
/// some years (2007, 2030, 2038), so a Chinese calendar would not do.
const LUNAR_TABLE: &str = include_str!("lunar_2000_2100.csv");

static LUNAR: LazyLock<BTreeMap<i32, (NaiveDate, NaiveDate)>> = LazyLock::new(|| {
    let row = |line: &str| {
        let mut cells = line.split(',');
        Some((cells.next()?.parse().ok()?, (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?)))
    };
    LUNAR_TABLE.lines().skip(1).filter_map(row).collect()
});

/// Mùng 1 Tết of a year from 2000 to 2100.
#[must_use]
pub fn tet(year: i32) -> Option<NaiveDate> {
    LUNAR.get(&year).map(|(tet, _)| *tet)
}

/// Giỗ Tổ Hùng Vương of a year from 2000 to 2100.
#[must_use]
pub fn hung_kings(year: i32) -> Option<NaiveDate> {
    LUNAR.get(&year).map(|(_, day)| *day)
}

impl HolidayRule {
    /// The day itself, without the days around it; `None` before the holiday was one.
    #[must_use]
    pub fn main_day(&self, year: i32) -> Option<NaiveDate> {
        let main = match self.day {
            HolidayDay::Fixed { month, day } => NaiveDate::from_ymd_opt(year, month, day),
            HolidayDay::Tet => tet(year),
            HolidayDay::HungKings => hung_kings(year),
        };
        main.filter(|_| year >= self.since)
    }

    fn days(&self, year: i32) -> Vec<NaiveDate> {
        let Some(main) = self.main_day(year) else { return Vec::new() };
        let first = main - Days::new(u64::from(self.days_before));
        first.iter_days().take(usize::from(self.days_before) + 1 + usize::from(self.days_after)).collect()
    }
}

/// The working days that the rules take away in a year, with their names.
///
/// A holiday on a weekly day off moves to the next working day that is not itself a holiday.
#[must_use]
pub fn days_off_by_rules(rules: &[HolidayRule], working_week: &[Weekday], year: i32) -> BTreeMap<NaiveDate, String> {
    let holidays: Vec<(NaiveDate, &HolidayRule)> =
        rules.iter().flat_map(|rule| rule.days(year).into_iter().map(move |day| (day, rule))).collect();
    let is_worked = |day: NaiveDate| working_week.contains(&day.weekday());
    let mut off = BTreeMap::new();
    for (day, rule) in holidays.iter().filter(|(day, _)| is_worked(*day)) {
        off.entry(*day).or_insert_with(|| rule.name.clone());
    }
    for (day, rule) in holidays.iter().filter(|(day, rule)| !is_worked(*day) && rule.is_made_up) {
        let free = |candidate: &NaiveDate| is_worked(*candidate) && !off.contains_key(candidate);
        // A working week of no days has no day to make up on.
        if let Some(made_up) = day.iter_days().skip(1).take(31).find(free) {
            off.insert(made_up, format!("Nghỉ bù {}", rule.name));
        }
    }
    off
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lunar_table_agrees_with_the_reference_of_2000_to_2040() {
        let mut compared = 0;
        for line in include_str!("../../../tests/data/lunar_2000_2040.csv").lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let year: i32 = cells[0].parse().expect("a year");
            let dates: Vec<NaiveDate> = cells.iter().filter_map(|c| c.parse().ok()).collect();
            assert_eq!((tet(year), hung_kings(year)), (Some(dates[0]), Some(dates[1])), "{line}");
            compared += 1;
        }
        assert_eq!((compared, LUNAR.len()), (41, 101));
    }

    #[test]
    fn vietnam_keeps_its_own_dates_where_china_differs() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!([tet(2007), tet(2030)], [day("2007-02-17"), day("2030-02-02")]);
        assert_eq!([hung_kings(2037), hung_kings(2038)], [day("2037-04-24"), day("2038-04-13")]);
    }

    fn rule(name: &str, day: HolidayDay, days: (u8, u8), since: i32, is_made_up: bool) -> HolidayRule {
        HolidayRule { name: name.into(), day, days_before: days.0, days_after: days.1, since, is_made_up }
    }

    #[test]
    fn a_holiday_on_a_weekend_is_made_up_for_only_where_the_rule_says_so() {
        let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let victory = rule("Ngày Chiến thắng", HolidayDay::Fixed { month: 4, day: 30 }, (0, 0), 2000, true);
        let labour = rule("Quốc tế Lao động", HolidayDay::Fixed { month: 5, day: 1 }, (0, 0), 2000, true);
        let culture = rule("Ngày Văn hóa", HolidayDay::Fixed { month: 11, day: 24 }, (0, 0), 2026, false);
        let rules = [victory, labour, culture];
        // 2033: 30/4 is a Saturday and 1/5 a Sunday: Monday and Tuesday are off.
        let off: Vec<_> = days_off_by_rules(&rules, &week, 2033).into_keys().map(|d| d.to_string()).collect();
        assert_eq!(off, ["2033-05-02", "2033-05-03", "2033-11-24"]);
        // 24/11/2029 is a Saturday; 24/11 was no holiday before 2026.
        assert!(!days_off_by_rules(&rules, &week, 2029).into_keys().any(|d| d.month() == 11));
        assert!(!days_off_by_rules(&rules, &week, 2025).into_keys().any(|d| d.month() == 11));
    }

    #[test]
    fn the_days_around_tet_follow_the_moon() {
        let week = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];
        let rules = [rule("Tết", HolidayDay::Tet, (1, 3), 2000, true)];
        // Mùng 1 is Saturday 06/02/2027; eve Friday, mùng 3 Monday, mùng 4 Tuesday, then two days made up.
        let off: Vec<_> = days_off_by_rules(&rules, &week, 2027).into_keys().map(|d| d.to_string()).collect();
        assert_eq!(off, ["2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11"]);
    }
}
