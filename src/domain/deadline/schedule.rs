//! Owns the due dates that a reading gives over the years of a plan, and from an event.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::{
    CalendarPoint, DayOf, DeadlineRule, Distance, DistanceUnit, Every, Extent, Limit, MonthOf, Neighbour, Reading,
    Recurrence, RecurringDay, Relative, Roll, Week, YearContext, YearDate, last_of_month,
};
use crate::domain::calendar::{WorkCalendar, timetable::Timetable};

/// The last year that "và những năm tiếp theo" reaches: the end of our table of lunar holidays.
const LAST_YEAR: i32 = 2100;

/// The due date of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePoint {
    /// `2023`, `2023-03`, `2023-Q1`, `2023-W05`: names the occurrence, also after its date has moved.
    pub period: String,
    /// First day of the work or of what it reports on, where the phrase names one.
    pub begins_on: Option<NaiveDate>,
    /// The last day that is not late.
    pub last_on: NaiveDate,
    /// The hour of that day, where the phrase names one, in the office's zone.
    pub time: Option<NaiveTime>,
    /// Whether the phrase excludes the day (or hour) that it names.
    pub limit: Limit,
    mark: Mark,
}

/// The day as the phrase names it, which no notice of holidays moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    named: Named,
    time: Option<NaiveTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    /// A date.
    Day(NaiveDate),
    /// Which working day of a month counted from year 0.
    Working(i32, u32),
    /// The last working day of such a month.
    LastWorking(i32),
    /// So long after an event.
    After(NaiveDate, i32),
}

impl fmt::Display for Mark {
    /// `2023-06-15`, `2027-04-w5` for the fifth working day, with its hour `2023-06-15T1700`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = |month: i32| format!("{}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1);
        match self.named {
            Named::Day(day) => write!(f, "{day}"),
            Named::Working(of, n) => write!(f, "{}-w{n}", month(of)),
            Named::LastWorking(of) => write!(f, "{}-lastw", month(of)),
            Named::After(event, count) => write!(f, "{event}-{count}"),
        }?;
        self.time.map_or(Ok(()), |time| write!(f, "T{}", time.format("%H%M")))
    }
}

/// Kinds of work that offices remind of differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineKind {
    /// Due once, or on days of its own.
    Dated,
    /// Due each month, quarter, half or year.
    Report,
    /// Due each week, or every so many weeks.
    Weekly,
    /// Never due.
    Standing,
    /// Due when something happens, is asked for or planned elsewhere.
    Event,
}

/// The years for which recurring work is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlanYears {
    /// The year of dates without one.
    pub context: YearContext,
    /// The last year, for a plan of several.
    pub last: i32,
}

impl PlanYears {
    /// A plan of one year or school year.
    #[must_use]
    pub fn of(context: YearContext) -> Self {
        let last = match context {
            YearContext::Year(year) => year,
            YearContext::SchoolYear(year) => year + 1,
            YearContext::Unknown => LAST_YEAR,
        };
        Self { context, last }
    }

    /// The first year.
    #[must_use]
    pub fn first(self) -> Option<i32> {
        self.months().map(|(first, _)| first.div_euclid(12))
    }

    /// The first day of each month it covers.
    pub fn first_days_of_months(self) -> impl Iterator<Item = NaiveDate> {
        self.months().into_iter().flat_map(|(first, last)| first..=last).filter_map(first_of)
    }

    /// Whether `on` lies in the years it covers; a recurring report may be due in the January after.
    #[must_use]
    pub fn contains(self, on: NaiveDate) -> bool {
        let month = on.year() * 12 + month0(on.month());
        self.months().is_none_or(|(first, last)| (first..=last).contains(&month))
    }

    /// First and last month, counted from year 0.
    fn months(self) -> Option<(i32, i32)> {
        match self.context {
            YearContext::Year(year) => Some((year * 12, self.last * 12 + 11)),
            YearContext::SchoolYear(year) => Some((year * 12 + 7, self.last * 12 + 6)),
            YearContext::Unknown => None,
        }
    }
}

impl Reading {
    /// The due dates of every period of the plan, in the order of the phrase.
    ///
    /// Dates without a year, and recurrences, need `years`; without a context they give nothing.
    #[must_use]
    pub fn due_points(&self, years: PlanYears, calendar: &WorkCalendar) -> Vec<DuePoint> {
        let mut points = Vec::new();
        for clause in &self.clauses {
            match &clause.rule {
                DeadlineRule::Dates { limit, dates } => {
                    points.extend(dates.iter().filter_map(|d| dated(*d, *limit, None, years, calendar)));
                }
                DeadlineRule::Window { from, due: Some((limit, to)) } => {
                    points.extend(dated(*to, *limit, Some(*from), years, calendar));
                }
                DeadlineRule::Every(recurrence) => recurring(recurrence, years, calendar, &mut points),
                DeadlineRule::Relative(relative) => points.extend(anchored(relative, years, calendar)),
                DeadlineRule::Window { due: None, .. }
                | DeadlineRule::Lasts { .. }
                | DeadlineRule::Standing
                | DeadlineRule::Triggered(..)
                | DeadlineRule::ExternalPlan(_)
                | DeadlineRule::Lunar { .. } => {}
            }
        }
        tell_apart(&mut points);
        if let Some(roll) = self.roll {
            for point in &mut points {
                // What moves is the day that is named: "trước ngày 20" before a 20th that is off.
                let is_strict = point.limit == Limit::Before && point.time.is_none();
                let named = if is_strict { point.last_on + Days::new(1) } else { point.last_on };
                point.last_on = last_in_time(rolled(named, roll, calendar), point.limit, point.time);
            }
        }
        points
    }
}

impl Reading {
    /// What kind of work it is, as far as reminding is concerned.
    #[must_use]
    pub fn kind(&self) -> DeadlineKind {
        let of_months = |d: &CalendarPoint| matches!(d.extent, Extent::Months(_));
        let kind = |rule: &DeadlineRule| match rule {
            // "Hằng tuần, tháng" is one report as well as "hằng tháng, tuần".
            DeadlineRule::Every(_) if self.is_only_weekly() => DeadlineKind::Weekly,
            DeadlineRule::Every(_) => DeadlineKind::Report,
            DeadlineRule::Dates { dates, .. } if dates.len() > 1 && dates.iter().all(of_months) => DeadlineKind::Report,
            DeadlineRule::Dates { .. } | DeadlineRule::Window { due: Some(_), .. } => DeadlineKind::Dated,
            DeadlineRule::Standing | DeadlineRule::Window { due: None, .. } => DeadlineKind::Standing,
            DeadlineRule::Relative(relative) if relative.anchor.is_some() => DeadlineKind::Dated,
            DeadlineRule::Relative(_)
            | DeadlineRule::Lasts { .. }
            | DeadlineRule::Triggered(..)
            | DeadlineRule::ExternalPlan(_)
            | DeadlineRule::Lunar { .. } => DeadlineKind::Event,
        };
        self.clauses.first().map_or(DeadlineKind::Event, |c| kind(&c.rule))
    }

    /// Whether something comes back each week, or every so many weeks.
    #[must_use]
    pub fn is_partly_weekly(&self) -> bool {
        self.rhythms().any(|every| matches!(every, Every::Weeks(_)))
    }

    fn is_only_weekly(&self) -> bool {
        self.rhythms().all(|every| matches!(every, Every::Weeks(_)))
    }

    fn rhythms(&self) -> impl Iterator<Item = Every> {
        self.clauses.iter().filter_map(|c| match &c.rule {
            DeadlineRule::Every(recurrence) => Some(recurrence.every),
            _ => None,
        })
    }

    /// The distances from an event that is no date.
    pub fn relatives(&self) -> impl Iterator<Item = &Relative> {
        self.clauses.iter().filter_map(|c| match &c.rule {
            DeadlineRule::Relative(relative) if relative.anchor.is_none() => Some(relative),
            _ => None,
        })
    }

    /// The moment at which it is due when the event happened at `event`, for a phrase that counts from one.
    #[must_use]
    pub fn due_from_event(
        &self,
        event: NaiveDateTime,
        calendar: &WorkCalendar,
        hours: &Timetable,
    ) -> Option<NaiveDateTime> {
        self.relatives().find_map(|r| r.due_from(event, calendar, hours))
    }
}

/// "30 ngày kể từ ngày 01/7/2026": the event is a date. Hours of the office cannot be counted from a day.
fn anchored(relative: &Relative, years: PlanYears, calendar: &WorkCalendar) -> Option<DuePoint> {
    let anchor = relative.anchor?;
    let event = anchor.first_day(anchor.year.or_else(|| years.context.year_of(anchor.month))?)?;
    let due = relative.due_from(event.and_time(NaiveTime::MIN), calendar, &Timetable::default())?;
    let (limit, distance) = relative.due?;
    // The period is the event's: a notice of holidays may move the due date into another year.
    Some(DuePoint {
        period: event.year().to_string(),
        begins_on: None,
        last_on: due.date(),
        time: distance.time,
        limit,
        mark: Mark { named: Named::After(event, distance.count), time: None },
    })
}

/// Two due dates of the same name are named by the days of the phrase instead; a notice of holidays
/// renames none, for a renamed due date would be reminded of twice.
fn tell_apart(points: &mut Vec<DuePoint>) {
    // Mostly each is later than the one before, and so is its name.
    if points.is_sorted_by(|a, b| a.mark < b.mark && a.period < b.period) {
        return;
    }
    let mut seen = BTreeSet::new();
    points.retain(|p| seen.insert(p.mark));
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for point in points.iter() {
        *uses.entry(&point.period).or_default() += 1;
    }
    let repeated: Vec<String> = uses.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name.to_owned()).collect();
    for point in points.iter_mut().filter(|p| repeated.contains(&p.period)) {
        point.period = point.mark.to_string();
    }
}

/// The day that the phrase gives: the date itself, or which working day of its month.
fn mark_of(last_on: NaiveDate, day: Option<(i32, DayOf)>, time: Option<NaiveTime>) -> Mark {
    let named = match day {
        Some((of, DayOf::Working(n))) => Named::Working(of, n),
        Some((of, DayOf::LastWorking)) => Named::LastWorking(of),
        Some((_, DayOf::Number(_) | DayOf::Last)) | None => Named::Day(last_on),
    };
    Mark { named, time }
}

fn rolled(day: NaiveDate, roll: Roll, calendar: &WorkCalendar) -> NaiveDate {
    let (before, after) = (calendar.last_working_day_until(day), calendar.first_working_day_from(day));
    match roll {
        Roll::PreviousWorkingDay => before,
        Roll::Nearest if day - before <= after - day => before,
        Roll::NextWorkingDay | Roll::Nearest => after,
    }
}

/// "Trước ngày D" and "trước 0 giờ ngày D" end the day before; "trước 17 giờ ngày D" still ends on D.
fn last_in_time(day: NaiveDate, limit: Limit, time: Option<NaiveTime>) -> NaiveDate {
    match (limit, time) {
        (Limit::Before, None | Some(NaiveTime::MIN)) => day - Days::new(1),
        (Limit::Before, Some(_)) | (Limit::NotAfter, _) => day,
    }
}

fn dated(
    to: CalendarPoint,
    limit: Limit,
    from: Option<CalendarPoint>,
    years: PlanYears,
    calendar: &WorkCalendar,
) -> Option<DuePoint> {
    let year = to.year.or_else(|| years.context.year_of(to.month))?;
    let day = match to.extent {
        Extent::Day(day) => day_in_month(year * 12 + month0(to.month), day, calendar),
        Extent::Months(_) => to.bounded_day(limit, year)?,
    };
    let period = match (to.extent, limit) {
        (Extent::Months(months), Limit::NotAfter) => name_of_months(year, to.month, months),
        (Extent::Months(_), Limit::Before) | (Extent::Day(_), _) => year.to_string(),
    };
    let begins_on = from.and_then(|f| f.first_day(f.year.or_else(|| years.context.year_of(f.month))?));
    let last_on = last_in_time(day, limit, to.time);
    let named = match to.extent {
        Extent::Day(day) => Some((year * 12 + month0(to.month), day)),
        Extent::Months(_) => None,
    };
    let mark = mark_of(last_on, named, to.time);
    Some(DuePoint { period, begins_on, last_on, time: to.time, limit, mark })
}

fn name_of_months(year: i32, last_month: u32, months: u32) -> String {
    match months {
        1 => format!("{year}-{last_month:02}"),
        3 => format!("{year}-Q{}", last_month / 3),
        6 => format!("{year}-H{}", last_month / 6),
        years if years % 12 == 0 => year.to_string(),
        other => format!("{year}-{other}M"),
    }
}

impl Recurrence {
    /// Whether every year has a period of it that ends, whatever else the phrase says.
    #[must_use]
    pub fn comes_each_year(&self) -> bool {
        let is_short = match self.every {
            Every::Weeks(weeks) => weeks <= 52,
            Every::Months(months) => months <= 12,
        };
        is_short && self.since.is_none() && self.until.is_none()
    }
}

fn recurring(recurrence: &Recurrence, years: PlanYears, calendar: &WorkCalendar, points: &mut Vec<DuePoint>) {
    let Some((first, mut last)) = years.months() else { return };
    let first = first.max(recurrence.since.map_or(first, |year| year * 12));
    match (recurrence.since, recurrence.until) {
        (_, Some(year)) => last = year.min(LAST_YEAR) * 12 + 11,
        (Some(_), None) => last = LAST_YEAR * 12 + 11,
        (None, None) => {}
    }
    match (recurrence.every, &recurrence.on) {
        (Every::Weeks(weeks), on) => {
            let weekdays = match on {
                RecurringDay::Weekdays { weekdays, .. } => weekdays.as_slice(),
                // A week's work is due on its last day in the office.
                RecurringDay::End | RecurringDay::Days { .. } | RecurringDay::Dates(_) => &[Weekday::Fri],
            };
            for weekday in weekdays {
                weekly(recurrence, weeks, *weekday, (first, last), points);
            }
        }
        (Every::Months(months), RecurringDay::Dates(dates)) => {
            // "2 năm một lần": counted from the plan's first year.
            let step = usize::try_from(months.div_ceil(12)).unwrap_or(1).max(1);
            // The earlier one is the first half's, however the phrase lists them.
            let mut dates = dates.clone();
            dates.sort_by_key(|date| (self::step(date.of), date.month));
            for year in (first.div_euclid(12)..=last.div_euclid(12)).step_by(step) {
                for (i, date) in dates.iter().enumerate() {
                    yearly_date(recurrence, (year, months), (i, dates.len()), *date, years, calendar, points);
                }
            }
        }
        (Every::Months(months), RecurringDay::End | RecurringDay::Days { .. } | RecurringDay::Weekdays { .. }) => {
            for end in (first..=last).filter(|month| ends_period(*month, months, first)) {
                period_day(recurrence, months, end, calendar, points);
            }
        }
    }
}

/// Periods begin in January, with 9 months ending in September; those that do not divide a year begin
/// with the plan, and those of years are first due in its first one.
fn ends_period(month: i32, months: u32, first: i32) -> bool {
    let length = i32::try_from(months).unwrap_or(i32::MAX);
    match months {
        1..=4 | 6 | 9 | 12 => (month.rem_euclid(12) + 1) % length == 0,
        years if years % 12 == 0 => (month - first - 11).rem_euclid(length) == 0,
        _ => (month - first + 1).rem_euclid(length) == 0,
    }
}

fn weekly(recurrence: &Recurrence, weeks: u32, weekday: Weekday, span: (i32, i32), points: &mut Vec<DuePoint>) {
    let (Some(start), Some(end)) = (first_of(span.0), first_of(span.1 + 1)) else { return };
    let offset = u64::from((7 + weekday.num_days_from_monday() - start.weekday().num_days_from_monday()) % 7);
    let step = usize::try_from(weeks).unwrap_or(1).max(1) * 7;
    let days = (start + Days::new(offset)).iter_days().step_by(step).take_while(|day| *day < end);
    points.extend(days.map(|day| {
        let week = day.iso_week();
        let last_on = last_in_time(day, recurrence.limit, recurrence.time);
        DuePoint {
            period: format!("{}-W{:02}", week.year(), week.week()),
            begins_on: None,
            last_on,
            time: recurrence.time,
            limit: recurrence.limit,
            mark: mark_of(last_on, None, recurrence.time),
        }
    }));
}

fn yearly_date(
    recurrence: &Recurrence,
    (year, months): (i32, u32),
    (index, count): (usize, usize),
    date: YearDate,
    years: PlanYears,
    calendar: &WorkCalendar,
    points: &mut Vec<DuePoint>,
) {
    // A school year has each month once.
    if matches!(years.context, YearContext::SchoolYear(_))
        && recurrence.since.is_none()
        && years.months().is_some_and(|(first, last)| !(first..=last).contains(&(year * 12 + month0(date.month))))
    {
        return;
    }
    let is_one_a_period = usize::try_from(12 / months.clamp(1, 12)).is_ok_and(|periods| periods == count);
    let period = if is_one_a_period {
        let last_month = u32::try_from(index + 1).unwrap_or(1) * months;
        name_of_months(year, last_month, months)
    } else {
        year.to_string()
    };
    let there = year + step(date.of);
    let month = there * 12 + month0(date.month);
    let day = day_in_month(month, date.day, calendar);
    let begins_on = recurrence
        .from
        .and_then(|from| NaiveDate::from_ymd_opt(there + step(from.of), from.month.unwrap_or(date.month), from.day));
    let last_on = last_in_time(day, recurrence.limit, recurrence.time);
    let mark = mark_of(last_on, Some((month, date.day)), recurrence.time);
    points.push(DuePoint { period, begins_on, last_on, time: recurrence.time, limit: recurrence.limit, mark });
}

fn period_day(recurrence: &Recurrence, months: u32, end: i32, calendar: &WorkCalendar, points: &mut Vec<DuePoint>) {
    let length = i32::try_from(months).unwrap_or(12);
    let due: Vec<(NaiveDate, i32, DayOf)> = match &recurrence.on {
        RecurringDay::Days { days, month, of } => {
            let last = end + step(*of) * length;
            let first = last + 1 - length;
            let month_of = |day: &DayOf| match (month, day) {
                (Some(MonthOf::Number(n)), _) => (first + month0(*n)).min(last),
                (Some(MonthOf::Last), _) | (None, DayOf::Last | DayOf::LastWorking) => last,
                (None, DayOf::Number(_) | DayOf::Working(_)) => first,
            };
            days.iter().map(|day| (day_in_month(month_of(day), *day, calendar), month_of(day), *day)).collect()
        }
        RecurringDay::Weekdays { weekdays, week } => {
            let day = |weekday: &Weekday| weekday_in_month(end, *weekday, *week);
            weekdays.iter().map(|weekday| (day(weekday), end, DayOf::Number(day(weekday).day()))).collect()
        }
        RecurringDay::End | RecurringDay::Dates(_) => {
            vec![(day_in_month(end, DayOf::Last, calendar), end, DayOf::Last)]
        }
    };
    let period = name_of_months(end.div_euclid(12), u32::try_from(end.rem_euclid(12)).unwrap_or(0) + 1, months);
    for (day, month, named) in due {
        let begins_on = recurrence.from.and_then(|from| {
            // "Từ ngày 15 của tháng trước kỳ báo cáo": before the period's first month.
            let base = match from.of {
                Neighbour::Same => month,
                Neighbour::Previous => end - length,
                Neighbour::Next => month + 1,
            };
            Some(day_in_month_of(first_of(base)?, from.day))
        });
        let last_on = last_in_time(day, recurrence.limit, recurrence.time);
        points.push(DuePoint {
            period: period.clone(),
            begins_on,
            last_on,
            time: recurrence.time,
            limit: recurrence.limit,
            mark: mark_of(last_on, Some((month, named)), recurrence.time),
        });
    }
}

fn step(of: Neighbour) -> i32 {
    match of {
        Neighbour::Same => 0,
        Neighbour::Next => 1,
        Neighbour::Previous => -1,
    }
}

fn month0(month: u32) -> i32 {
    i32::try_from(month).unwrap_or(1) - 1
}

/// First day of a month counted from year 0.
fn first_of(month: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(month.div_euclid(12), u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)
}

fn day_in_month(month: i32, day: DayOf, calendar: &WorkCalendar) -> NaiveDate {
    let first = first_of(month).unwrap_or_default();
    let last = last_of_month(first.year(), first.month()).unwrap_or(first);
    match day {
        DayOf::Number(day) => day_in_month_of(first, day),
        DayOf::Last => last,
        DayOf::Working(n) => {
            let nth = calendar.add_working_days(first - Days::new(1), i32::try_from(n).unwrap_or(1));
            nth.min(last)
        }
        DayOf::LastWorking => calendar.last_working_day_until(last),
    }
}

/// The day, or the month's last one where the month is shorter (Bộ luật Dân sự 2015, Điều 148.3).
fn day_in_month_of(first: NaiveDate, day: u32) -> NaiveDate {
    first.with_day(day).or_else(|| last_of_month(first.year(), first.month())).unwrap_or(first)
}

fn weekday_in_month(month: i32, weekday: Weekday, week: Option<Week>) -> NaiveDate {
    let first = first_of(month).unwrap_or_default();
    let nth =
        |n: u32| NaiveDate::from_weekday_of_month_opt(first.year(), first.month(), weekday, u8::try_from(n).ok()?);
    let found = match week {
        Some(Week::Number(n)) => nth(n),
        Some(Week::Last) | None => nth(5).or_else(|| nth(4)),
    };
    found.unwrap_or(first)
}

impl Relative {
    /// The moment at which it is due when the event happened at `event`, both in the office's zone; `None`
    /// when the phrase gives only an earliest moment, or the timetable has no office hours to count in.
    ///
    /// The day of the event is not counted, and a period of days that ends on a day off ends with the
    /// next working day (Bộ luật Dân sự 2015, Điều 147, 148.5); counted back, it never moves forward.
    #[must_use]
    pub fn due_from(&self, event: NaiveDateTime, calendar: &WorkCalendar, hours: &Timetable) -> Option<NaiveDateTime> {
        let (limit, Distance { count, unit, time }) = self.due?;
        let on = event.date();
        let whole_days = |days: i64| {
            let day = on + TimeDelta::days(days);
            if days > 0 { calendar.first_working_day_from(day) } else { day }
        };
        let day = match unit {
            DistanceUnit::Day => whole_days(i64::from(count)),
            DistanceUnit::Week => whole_days(i64::from(count) * 7),
            DistanceUnit::WorkingDay => calendar.add_working_days(on, count),
            DistanceUnit::Month | DistanceUnit::Year => {
                let months = Months::new(count.unsigned_abs() * if unit == DistanceUnit::Year { 12 } else { 1 });
                if count >= 0 {
                    calendar.first_working_day_from(on.checked_add_months(months)?)
                } else {
                    on.checked_sub_months(months)?
                }
            }
            DistanceUnit::Hour => return Some(event + TimeDelta::hours(i64::from(count))),
            DistanceUnit::WorkingHour => {
                return hours.add_office_time(calendar, event, TimeDelta::hours(i64::from(count)));
            }
        };
        let end_of_day = NaiveTime::from_hms_opt(23, 59, 59)?;
        Some(last_in_time(day, limit, time).and_time(time.unwrap_or(end_of_day)))
    }
}
