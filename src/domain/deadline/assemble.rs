//! Owns how the clauses of a phrase go together: which day belongs to which rhythm, which year to which
//! date, and what people may read differently.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use super::{
    CalendarPoint, Clause, DayOf, DeadlineRule, Doubt, DoubtKind, Every, Extent, Limit, MonthOf, Neighbour,
    PhraseError, Reading, Recurrence, RecurringDay, Refusal, Trigger, YearContext, YearDate,
    clauses::{FoundPart, Joint, Part, Parts, Rhythm},
    points::{Point, What, runs_over_new_year},
};

/// A leap year, for dates whose year nobody knows.
pub(super) const SOME_LEAP_YEAR: i32 = 2024;

pub(super) fn assemble(parts: Parts, context: YearContext, phrase: &str) -> Result<Reading, PhraseError> {
    let reading = Reading {
        clauses: Vec::with_capacity(2),
        roll: None,
        also: None,
        doubts: Vec::new(),
        passed_over: parts.passed_over,
    };
    let mut assembly = Assembly {
        phrase,
        context,
        reading,
        open_rhythm: None,
        is_periodic: false,
        has_words: false,
        has_words_behind_sign: false,
        yearless: None,
    };
    let mut found = parts.found.into_iter().peekable();
    let mut previous: Option<(Range<usize>, bool)> = None;
    while let Some(FoundPart { part, joint, has_words, has_words_behind_sign, mut span }) = found.next() {
        if let Part::Points { points, is_bare: true, .. } = &part
            && names_subject(points, joint, found.peek())
        {
            assembly.reading.passed_over.push(span);
            continue;
        }
        let is_whole = !matches!(part, Part::Rhythm(_) | Part::Periodic | Part::YearsAfter | Part::Roll(_));
        if let (Some((before, true)), true, Joint::Adjacent) = (&previous, is_whole, joint) {
            return Err(PhraseError { refusal: Refusal::Joined, span: before.start..span.end });
        }
        let takes_rhythm = matches!(part, Part::Points { .. } | Part::Window { .. } | Part::Standing);
        let mut rhythms = Vec::new();
        if let Some(FoundPart { part: Part::Rhythm(rhythm), span: rhythm_span, .. }) =
            found.next_if(|next| takes_rhythm && next.joint == Joint::Adjacent && matches!(next.part, Part::Rhythm(_)))
        {
            span.end = rhythm_span.end;
            rhythms = rhythm.every;
        }
        previous = Some((span.clone(), is_whole));
        assembly.has_words = has_words;
        assembly.has_words_behind_sign = has_words_behind_sign;
        assembly.take(part, joint, &rhythms, span)?;
    }
    assembly.drop_lengths_beside_dates();
    // A year is only certain once the whole phrase is read: "từ 20/12 đến 29/02" ends in the next one.
    if let Some(clause) = assembly.reading.clauses.iter().find(|c| c.rule.names_no_day()) {
        return Err(PhraseError { refusal: Refusal::NoSuchDate, span: clause.span.clone() });
    }
    if assembly.reading.clauses.is_empty() {
        return Err(PhraseError { refusal: Refusal::NotUnderstood, span: 0..phrase.len() });
    }
    Ok(assembly.reading)
}

/// Whether bare months say what the work is about rather than when it is due: "báo cáo tháng 5 gửi trước
/// ngày 20/5", "Quý II: trước ngày 10/6", "Tháng 8 (15-30/8)".
fn names_subject(points: &[Point], joint: Joint, next: Option<&FoundPart>) -> bool {
    let Some(next) = next.filter(|_| points.iter().all(|p| matches!(p.what, What::Months { .. }))) else {
        return false;
    };
    let is_limited = matches!(next.part, Part::Points { is_bare: false, .. });
    // A day without its month needs the month before it: "Tháng 9 (trước ngày 15)".
    let is_exact = match &next.part {
        Part::Points { points, .. } => points.iter().all(|p| matches!(p.what, What::Day { month: Some(_), .. })),
        Part::Window { from, .. } => matches!(from.what, What::Day { .. }),
        _ => false,
    };
    match next.joint {
        Joint::Sign(':' | '(') => is_exact,
        Joint::Conjunction | Joint::Sign(',' | ';') => false,
        Joint::Adjacent | Joint::Words | Joint::Sign(_) => is_limited && joint == Joint::Words,
    }
}

fn begins_with_until(text: &str) -> bool {
    let text = text.to_lowercase();
    ["đến", "tới", "hết", "den ", "toi ", "het "].iter().any(|word| text.starts_with(word))
}

pub(super) struct Assembly<'a> {
    phrase: &'a str,
    context: YearContext,
    pub reading: Reading,
    /// The clause whose rhythm has no day yet, and whether it only named a report ("báo cáo quý").
    pub open_rhythm: Option<OpenRhythm>,
    /// "Định kỳ" was said without a period.
    is_periodic: bool,
    /// Plain words stand before the part at hand.
    has_words: bool,
    /// They stand between the sign and it: "(báo cáo 6 tháng)".
    has_words_behind_sign: bool,
    /// The dates of the last clause when none of them named a year: a rhythm that follows may hold for them too.
    yearless: Option<Vec<YearDate>>,
}

#[derive(Clone, Copy)]
pub(super) struct OpenRhythm {
    pub clause: usize,
    /// How many rhythms the same words named; the clause is the last of them.
    count: usize,
    is_report: bool,
}

impl Assembly<'_> {
    fn take(&mut self, part: Part, joint: Joint, rhythms: &[Every], span: Range<usize>) -> Result<(), PhraseError> {
        match part {
            Part::Points { limit, points, .. } => {
                // "15/6 (báo cáo 6 tháng đầu năm)": the bracket says what is due, not when.
                let is_gloss = joint == Joint::Sign('(')
                    && self.has_words_behind_sign
                    && points.iter().all(|p| p.is_part || matches!(p.what, What::Months { .. }))
                    && self.last_dates_limit().is_some();
                if is_gloss {
                    self.reading.passed_over.push(span);
                } else {
                    self.points(limit, &points, joint, rhythms, &span)?;
                }
            }
            Part::Window { from, to, limit } => self.window(from, to, limit, rhythms, span)?,
            Part::Rhythm(rhythm) => self.rhythm(rhythm, joint, span),
            Part::Periodic => self.is_periodic = true,
            Part::YearsAfter => self.go_on_from_year(span)?,
            Part::Relative { mut relative, anchor, is_direction_open } => {
                // "Chậm nhất ngày 14/3 (70 ngày trước ngày bầu cử)": the bracket explains the date.
                if joint == Joint::Sign('(') && self.reading.has_dates() {
                    self.reading.passed_over.push(span);
                    return Ok(());
                }
                if is_direction_open {
                    let mut other = relative.clone();
                    if let Some((_, distance)) = &mut other.due {
                        distance.count = -distance.count;
                    }
                    self.doubt(DoubtKind::Direction, Some(DeadlineRule::Relative(other)), span.clone());
                }
                relative.anchor = anchor.map(|date| self.calendar_point(&date)).transpose()?;
                self.push(DeadlineRule::Relative(relative), span);
            }
            Part::Lasts { limit, count, unit } => self.push(DeadlineRule::Lasts { limit, count, unit }, span),
            Part::Roll(roll) => self.reading.roll = Some(roll),
            Part::Standing => self.push(DeadlineRule::Standing, span),
            Part::Triggered { by, event } => {
                let is_said = |c: &Clause| matches!(c.rule, DeadlineRule::Triggered(known, _) if known == by);
                if self.reading.clauses.is_empty() {
                    self.push(DeadlineRule::Triggered(by, event), span);
                } else if !self.reading.clauses.iter().any(is_said) {
                    self.reading.also = Some(by);
                }
            }
            Part::Stages(stages) => self.push(DeadlineRule::Triggered(Trigger::Event, stages), span),
            Part::ExternalPlan(owner) => self.push(DeadlineRule::ExternalPlan(owner), span),
            Part::Lunar { day, month } => self.push(DeadlineRule::Lunar { day, month }, span),
        }
        Ok(())
    }

    /// "Hằng quý", "trước ngày 15/12 (hằng năm)", "ngày 20/6 đối với báo cáo 6 tháng".
    fn rhythm(&mut self, rhythm: Rhythm, joint: Joint, span: Range<usize>) {
        let Rhythm { every, is_times, is_report } = rhythm;
        let belongs_to_dates = joint == Joint::Sign('(') && !is_report || joint == Joint::Words && is_report;
        if let ([every @ Every::Months(_)], Some(limit), true) = (&every[..], self.last_dates_limit(), belongs_to_dates)
            && let Some(dates) = self.yearless.take()
        {
            let start = self.reading.clauses.pop().map_or(span.start, |c| c.span.start);
            self.push(recurrence(*every, limit, RecurringDay::Dates(dates)), start..span.end);
            return;
        }
        // "15/12 (báo cáo năm)" names the report.
        if is_report && joint == Joint::Sign('(') && self.reading.has_dates() {
            self.reading.passed_over.push(span);
            return;
        }
        let count = every.len();
        for every in every {
            self.push(recurrence(every, Limit::NotAfter, RecurringDay::End), span.clone());
            self.open_rhythm = Some(OpenRhythm { clause: self.reading.clauses.len() - 1, count, is_report });
        }
        if is_times {
            self.doubt(DoubtKind::TimesWithoutDays, None, span);
        }
    }

    /// "Thời gian: 02 ngày (26-27/10)", "từ 05/9 đến 15/01, có ít nhất 18 tuần": how long it lasts adds
    /// nothing to a date.
    fn drop_lengths_beside_dates(&mut self) {
        let names_event =
            |c: &Clause| matches!(&c.rule, DeadlineRule::Relative(relative) if !relative.event.is_empty());
        let names_time = self.reading.has_dates()
            || self.reading.clauses.iter().any(|c| matches!(c.rule, DeadlineRule::Window { .. }) || names_event(c));
        let is_length = |rule: &DeadlineRule| match rule {
            DeadlineRule::Lasts { .. } => true,
            DeadlineRule::Relative(relative) => relative.event.is_empty(),
            _ => false,
        };
        // "20 ngày làm việc, trong đó Sở 15 ngày": the first one is the whole.
        let mut has_whole = names_time;
        let mut dropped = Vec::new();
        self.reading.clauses.retain(|c| {
            let is_kept = !(is_length(&c.rule) && has_whole);
            has_whole |= is_length(&c.rule);
            if !is_kept {
                dropped.push(c.span.clone());
            }
            is_kept
        });
        if !dropped.is_empty() {
            self.reading.doubts.retain(|d| d.kind != DoubtKind::Direction || !dropped.contains(&d.span));
            self.reading.passed_over.extend(dropped);
        }
    }

    pub fn push(&mut self, rule: DeadlineRule, span: Range<usize>) {
        self.reading.clauses.push(Clause { rule, span });
    }

    pub fn doubt(&mut self, kind: DoubtKind, other: Option<DeadlineRule>, span: Range<usize>) {
        self.reading.doubts.push(Doubt { kind, other, span });
    }

    /// "2025 và những năm tiếp theo".
    fn go_on_from_year(&mut self, span: Range<usize>) -> Result<(), PhraseError> {
        if let Some(Clause { rule: DeadlineRule::Dates { dates, .. }, .. }) = self.reading.clauses.last()
            && let [CalendarPoint { year: Some(year), extent: Extent::Months(12), .. }] = dates[..]
        {
            let mut yearly = new_recurrence(Every::Months(12), Limit::NotAfter, RecurringDay::End);
            yearly.since = Some(year);
            let start = self.reading.clauses.pop().map_or(span.start, |c| c.span.start);
            self.push(DeadlineRule::Every(yearly), start..span.end);
            return Ok(());
        }
        Err(PhraseError { refusal: Refusal::NotUnderstood, span })
    }

    // ----- points

    fn points(
        &mut self,
        limit: Limit,
        points: &[Point],
        joint: Joint,
        rhythms: &[Every],
        span: &Range<usize>,
    ) -> Result<(), PhraseError> {
        let first = &points[0];
        match first.what {
            What::Inner { .. } | What::Weekday { .. } => {
                for point in points {
                    self.recurring_point(limit, point, rhythms.first().copied(), span)?;
                }
            }
            What::Day { month: None, .. } => {
                let every = rhythms.first().copied().or_else(|| self.open_every()).or_else(|| self.last_every());
                match every {
                    Some(every) => {
                        for point in points {
                            self.recurring_point(limit, point, Some(every), span)?;
                        }
                    }
                    None if self.days_of_named_month(limit, points) => {}
                    None => self.days_of_a_weekday(limit, points, span)?,
                }
            }
            What::Day { .. } | What::Months { .. } => self.dates(limit, points, joint, rhythms, span)?,
        }
        for every in rhythms.iter().skip(1) {
            self.push(recurrence(*every, Limit::NotAfter, RecurringDay::End), span.clone());
        }
        Ok(())
    }

    fn open_every(&self) -> Option<Every> {
        match self.open_rhythm.map(|open| &self.reading.clauses[open.clause].rule) {
            Some(DeadlineRule::Every(recurrence)) => Some(recurrence.every),
            _ => None,
        }
    }

    /// "Tính từ ngày 15 tháng trước đến ngày 14, gửi trước ngày 20": the rhythm goes on.
    fn last_every(&self) -> Option<Every> {
        match self.reading.clauses.last().map(|c| &c.rule) {
            Some(DeadlineRule::Every(Recurrence { every: every @ Every::Months(_), .. })) => Some(*every),
            _ => None,
        }
    }

    /// A day of each month or quarter, a weekday of each week.
    fn recurring_point(
        &mut self,
        limit: Limit,
        point: &Point,
        rhythm: Option<Every>,
        span: &Range<usize>,
    ) -> Result<(), PhraseError> {
        let said = rhythm.or_else(|| self.open_every());
        let (every, on) = match point.what {
            What::Inner { day, month_of, months } => {
                let of = point.of.unwrap_or(Neighbour::Same);
                let every = match said {
                    Some(Every::Months(longer)) if longer > months => Every::Months(longer),
                    _ => Every::Months(months),
                };
                // "Định kỳ hằng quý, trước ngày 5 của tháng tiếp theo" means the month after the quarter.
                let is_longer = every != Every::Months(months) && month_of.is_none();
                let month = match of {
                    Neighbour::Next if is_longer => Some(MonthOf::Number(1)),
                    Neighbour::Same if is_longer => Some(MonthOf::Last),
                    _ => month_of,
                };
                (every, RecurringDay::Days { days: vec![day], month, of })
            }
            What::Weekday { weekday, week: Some(week) } => {
                (Every::Months(1), RecurringDay::Weekdays { weekdays: vec![weekday], week: Some(week) })
            }
            What::Weekday { weekday, week: None } => match said {
                Some(every @ Every::Weeks(_)) => {
                    (every, RecurringDay::Weekdays { weekdays: vec![weekday], week: None })
                }
                // "Thứ Sáu trong tuần".
                None if point.of.is_some() => {
                    (Every::Weeks(1), RecurringDay::Weekdays { weekdays: vec![weekday], week: None })
                }
                _ => return Err(PhraseError { refusal: Refusal::NotUnderstood, span: point.span.clone() }),
            },
            // "Ngày 15 và ngày 20 hằng tháng": the earlier days of such a list.
            What::Day { day, month: None, .. } => match said {
                // A week has no fifth day by number.
                Some(Every::Weeks(_)) => {
                    return Err(PhraseError { refusal: Refusal::NotUnderstood, span: point.span.clone() });
                }
                Some(every) => (every, RecurringDay::Days { days: vec![day], month: None, of: Neighbour::Same }),
                None => return Err(PhraseError { refusal: Refusal::MonthMissing, span: point.span.clone() }),
            },
            What::Day { .. } | What::Months { .. } => {
                return Err(PhraseError { refusal: Refusal::NotUnderstood, span: point.span.clone() });
            }
        };
        if point.is_part {
            self.doubt(DoubtKind::PartOfPeriod, None, point.span.clone());
        }
        self.recur(every, limit, on, point, span);
        Ok(())
    }

    /// Fills the rhythm that still lacks a day, joins the days of one list, or begins a recurrence.
    fn recur(&mut self, every: Every, limit: Limit, on: RecurringDay, point: &Point, span: &Range<usize>) {
        let mut new = new_recurrence(every, limit, on);
        new.time = point.time;
        if let Some(clause) = self.reading.clauses.last_mut()
            && clause.span.start == span.start
            && let DeadlineRule::Every(known) = &mut clause.rule
            && known.has_same_rhythm(&new)
            && known.join(&new)
        {
            return;
        }
        match self.open_rhythm.take() {
            Some(open)
                if self.reading.clauses[open.clause].rule == recurrence(every, Limit::NotAfter, RecurringDay::End) =>
            {
                let clause = &mut self.reading.clauses[open.clause];
                clause.rule = DeadlineRule::Every(new);
                // The rest of a list joins by where the list begins.
                clause.span = clause.span.start.min(span.start)..clause.span.end.max(span.end);
            }
            _ => self.push(DeadlineRule::Every(new), span.clone()),
        }
    }

    /// "Tháng 9/2025 (trước ngày 15)": days of the month that stands before them, instead of its end.
    fn days_of_named_month(&mut self, limit: Limit, points: &[Point]) -> bool {
        let Some(Clause { rule, .. }) = self.reading.clauses.last_mut() else { return false };
        let DeadlineRule::Dates { dates, .. } = rule else { return false };
        let &[CalendarPoint { year, month, extent: Extent::Months(1), .. }] = &dates[..] else { return false };
        let numbers: Vec<u32> = points.iter().filter_map(|p| number_of(p.what)).collect();
        let exists = |day: &u32| NaiveDate::from_ymd_opt(year.unwrap_or(SOME_LEAP_YEAR), month, *day).is_some();
        if numbers.len() != points.len() || !numbers.iter().all(exists) {
            return false;
        }
        let date = |(day, point): (u32, &Point)| CalendarPoint {
            year,
            month,
            extent: Extent::Day(DayOf::Number(day)),
            time: point.time,
        };
        self.yearless = None;
        *rule = DeadlineRule::Dates { limit, dates: numbers.into_iter().zip(points).map(date).collect() };
        true
    }

    /// "Ngày 03; 10; 17; 24; 31 (Thứ 5)": the month is the one of the year in which all of them fall on
    /// that weekday, if there is only one.
    fn days_of_a_weekday(&mut self, limit: Limit, points: &[Point], span: &Range<usize>) -> Result<(), PhraseError> {
        let missing = || PhraseError { refusal: Refusal::MonthMissing, span: points[0].span.clone() };
        let (YearContext::Year(year), Some(weekday)) = (self.context, points[0].weekday) else { return Err(missing()) };
        let numbers: Vec<u32> = points.iter().filter_map(|p| number_of(p.what)).collect();
        let fits = |month: &u32| {
            let is_weekday =
                |day: &u32| NaiveDate::from_ymd_opt(year, *month, *day).is_some_and(|date| date.weekday() == weekday);
            numbers.len() == points.len() && numbers.iter().all(is_weekday)
        };
        let mut months = (1..=12).filter(fits);
        let (Some(month), None) = (months.next(), months.next()) else { return Err(missing()) };
        let date = |day: u32| CalendarPoint {
            year: Some(year),
            month,
            extent: Extent::Day(DayOf::Number(day)),
            time: points[0].time,
        };
        self.yearless = None;
        self.push(DeadlineRule::Dates { limit, dates: numbers.into_iter().map(date).collect() }, span.clone());
        Ok(())
    }

    fn dates(
        &mut self,
        limit: Limit,
        points: &[Point],
        joint: Joint,
        rhythms: &[Every],
        span: &Range<usize>,
    ) -> Result<(), PhraseError> {
        // "Hằng quý đến năm 2030", "hằng quý năm 2026"; "các quý trong năm" says nothing more.
        if let (Some(open), Joint::Adjacent, [Point { what: What::Months { months: 12, year, .. }, .. }]) =
            (self.open_rhythm, joint, points)
            && let DeadlineRule::Every(recurrence) = &mut self.reading.clauses[open.clause].rule
        {
            if !self.phrase.get(span.clone()).is_some_and(begins_with_until) && year.is_some() {
                recurrence.since = *year;
            }
            recurrence.until = year.or(recurrence.until);
            return Ok(());
        }
        let is_joined = matches!(joint, Joint::Conjunction | Joint::Sign(',' | ';'));
        let yearless: Option<Vec<_>> = points.iter().map(|p| year_date(p, limit)).collect();
        // "Lần 1: chậm nhất 31/5; lần 2: chậm nhất 31/10 hằng năm".
        let is_in_list = is_joined || joint == Joint::Sign(':');
        let earlier = self.yearless.take().filter(|_| is_in_list && self.last_dates_limit() == Some(limit));
        let count = points.len() + earlier.as_ref().map_or(0, Vec::len);
        if let (Some(every), Some(dates)) = (self.rhythm_of_dates(points, rhythms, count), &yearless) {
            let mut span = span.clone();
            if let Some(clause) = earlier.is_some().then(|| self.reading.clauses.pop()).flatten() {
                span.start = clause.span.start;
            }
            let dates = earlier.into_iter().flatten().chain(dates.iter().copied()).collect();
            self.recur(every, limit, RecurringDay::Dates(dates), &points[0], &span);
            return Ok(());
        }
        // "Định kỳ 6 tháng, trước ngày 10/6 và trước ngày 10/12".
        if let (true, true, Some(dates), Some(Clause { rule: DeadlineRule::Every(known), span: known_span })) =
            (is_joined, rhythms.is_empty(), &yearless, self.reading.clauses.last_mut())
            && known.limit == limit
            && let RecurringDay::Dates(known_dates) = &mut known.on
        {
            known_dates.extend(dates);
            known_span.end = span.end;
            return Ok(());
        }
        // "Báo cáo năm: trước ngày 15/12/2025" is due once.
        if let Some(OpenRhythm { clause, count, is_report: true }) = self.open_rhythm.take() {
            let reports = self.reading.clauses.drain(clause + 1 - count..=clause);
            self.reading.passed_over.extend(reports.map(|c| c.span).take(1));
        }
        let mut dates = points.iter().map(|p| self.calendar_point(p)).collect::<Result<Vec<_>, _>>()?;
        carry_over_new_year(points, &mut dates);
        self.doubts_of(limit, points, &dates, span);
        if let Some((first, last)) = consecutive_days(limit, &dates) {
            self.push(DeadlineRule::Window { from: first, due: Some((limit, last)) }, span.clone());
            return Ok(());
        }
        let extends = match self.reading.clauses.last_mut() {
            Some(Clause { rule: DeadlineRule::Dates { limit: before, dates: known }, span: known_span })
                if *before == limit && is_joined && !self.has_words =>
            {
                known.extend(dates);
                known_span.end = span.end;
                true
            }
            _ => {
                self.push(DeadlineRule::Dates { limit, dates }, span.clone());
                false
            }
        };
        self.yearless = match (extends, earlier, yearless) {
            (false, _, dates) => dates,
            (true, Some(mut earlier), Some(dates)) => {
                earlier.extend(dates);
                Some(earlier)
            }
            (true, _, _) => None,
        };
        Ok(())
    }

    fn last_dates_limit(&self) -> Option<Limit> {
        match self.reading.clauses.last().map(|c| &c.rule) {
            Some(DeadlineRule::Dates { limit, .. }) => Some(*limit),
            _ => None,
        }
    }

    /// The rhythm that dates without a year come in, or `None` when each of them comes once.
    fn rhythm_of_dates(&self, points: &[Point], rhythms: &[Every], count: usize) -> Option<Every> {
        let has_year = |p: &Point| match p.what {
            What::Day { year, .. } | What::Months { year, .. } => year.is_some(),
            What::Inner { .. } | What::Weekday { .. } => false,
        };
        if points.iter().any(has_year) {
            return None;
        }
        let is_yearly_or_half = |every: &Every| matches!(every, Every::Months(months) if *months >= 3);
        let said = rhythms.first().copied().or_else(|| self.open_every()).filter(is_yearly_or_half);
        let is_recurring = self.is_periodic || points.iter().any(|p| p.of.is_some()) || points.iter().all(|p| p.is_law);
        said.or_else(|| {
            is_recurring.then_some(match count {
                2 => Every::Months(6),
                4 => Every::Months(3),
                _ => Every::Months(12),
            })
        })
    }

    pub fn calendar_point(&self, point: &Point) -> Result<CalendarPoint, PhraseError> {
        let refuse = |refusal| PhraseError { refusal, span: point.span.clone() };
        let (year, month, extent) = match point.what {
            What::Day { day, month: Some(month), year } => (year, month, Extent::Day(day)),
            What::Months { months, month, year } => (year, month, Extent::Months(months)),
            What::Day { month: None, .. } => return Err(refuse(Refusal::MonthMissing)),
            What::Inner { .. } | What::Weekday { .. } => return Err(refuse(Refusal::NotUnderstood)),
        };
        // "Từ ngày 15/12 đến ngày 15/01 năm sau".
        let step = match point.of {
            Some(Neighbour::Next) => 1,
            Some(Neighbour::Previous) => -1,
            Some(Neighbour::Same) | None => 0,
        };
        let own_year = year;
        let year = own_year.or_else(|| self.context.year_of(month).map(|year| year + step));
        let found = CalendarPoint { year, month, extent, time: point.time };
        if let Extent::Day(DayOf::Number(_)) = extent
            && (CalendarPoint { year: own_year, ..found }).last_day(SOME_LEAP_YEAR).is_none()
        {
            return Err(refuse(Refusal::NoSuchDate));
        }
        Ok(found)
    }
}

/// "Tháng 11, 12, 1", "20/12 và 15/01": where only the plan's year is known, what comes after the new year
/// lies in the next one.
fn carry_over_new_year(points: &[Point], dates: &mut [CalendarPoint]) {
    let mut carried = 0;
    for i in 1..points.len() {
        carried += i32::from(has_no_year(&points[i - 1]) && runs_over_new_year(&points[i - 1], &points[i]));
        if has_no_year(&points[i]) {
            dates[i].year = dates[i].year.map(|year| year + carried);
        }
    }
}

pub(super) fn new_recurrence(every: Every, limit: Limit, on: RecurringDay) -> Recurrence {
    Recurrence { every, limit, on, from: None, time: None, since: None, until: None }
}

fn recurrence(every: Every, limit: Limit, on: RecurringDay) -> DeadlineRule {
    DeadlineRule::Every(new_recurrence(every, limit, on))
}

fn number_of(what: What) -> Option<u32> {
    match what {
        What::Day { day: DayOf::Number(day), .. } | What::Inner { day: DayOf::Number(day), .. } => Some(day),
        What::Day { .. } | What::Inner { .. } | What::Months { .. } | What::Weekday { .. } => None,
    }
}

pub(super) fn has_no_year(point: &Point) -> bool {
    matches!(point.what, What::Day { year: None, .. } | What::Months { year: None, .. })
}

/// "Trước tháng 6 hằng năm" ends before its first day, "trong tháng 6" on its last.
pub(super) fn year_date(point: &Point, limit: Limit) -> Option<YearDate> {
    let of = point.of.unwrap_or(Neighbour::Same);
    match point.what {
        What::Day { day, month: Some(month), year: None } => {
            let exists = match day {
                DayOf::Number(day) => NaiveDate::from_ymd_opt(SOME_LEAP_YEAR, month, day).is_some(),
                DayOf::Last | DayOf::Working(_) | DayOf::LastWorking => true,
            };
            exists.then_some(YearDate { month, day, of })
        }
        What::Months { months, month, year: None } => Some(match limit {
            Limit::Before => YearDate { month: month + 1 - months, day: DayOf::Number(1), of },
            Limit::NotAfter => YearDate { month, day: DayOf::Last, of },
        }),
        What::Day { .. } | What::Months { .. } | What::Inner { .. } | What::Weekday { .. } => None,
    }
}

/// First and last of days that follow each other: "26, 27, 28, 29/6" is one event over four days.
fn consecutive_days(limit: Limit, dates: &[CalendarPoint]) -> Option<(CalendarPoint, CalendarPoint)> {
    let follows = |pair: &[CalendarPoint]| match (pair[0].extent, pair[1].extent) {
        (Extent::Day(DayOf::Number(a)), Extent::Day(DayOf::Number(b))) => {
            (pair[0].year, pair[0].month, a + 1) == (pair[1].year, pair[1].month, b)
        }
        _ => false,
    };
    let is_span = limit == Limit::NotAfter && dates.len() > 2 && dates.windows(2).all(follows);
    Some((*dates.first()?, *dates.last()?)).filter(|_| is_span)
}
