//! Owns how a target stands on a day: what was reached, the trend, the forecast, the verdict.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{Entered, Measure, Metric, Percent, Ratio, Span};
use crate::domain::plan::Target;

/// With fewer cases nobody is alarmed and no trend is seen.
const ENOUGH_CASES: u32 = 5;
/// The trend and the forecast look at so many months: this one and those before it.
const RECENT_MONTHS: u32 = 3;

/// How a target stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What was reached.
    pub value: Option<Value>,
    /// Where it moves.
    pub trend: Option<Trend>,
    /// What it comes to at the end of the plan if things go on as of late.
    pub forecast: Option<Ratio>,
    /// What that means.
    pub verdict: Verdict,
}

impl Standing {
    /// Nothing is known.
    pub const NOTHING: Self = Self { value: None, trend: None, forecast: None, verdict: Verdict::NoData };
}

/// What was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// So many of so many dossiers.
    Cases(Measure),
    /// What was entered last.
    Entered(Entered),
}

impl Value {
    /// The percentage, as it is shown.
    #[must_use]
    pub fn percent(&self) -> Percent {
        match self {
            Self::Cases(measure) => share(*measure).percent(),
            Self::Entered(entered) => entered.value,
        }
    }
}

/// A change in hundredths of a percent ("điểm phần trăm").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trend(pub i32);

/// What a standing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing, or too little, is known.
    NoData,
    /// Met by now, and it stays so.
    Reached,
    /// Not met by now, but it will be.
    OnCourse,
    /// It will be missed if things go on as of late.
    AtRisk,
    /// It is missed, whatever happens.
    Lost,
}

impl Verdict {
    /// The word used in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::Reached => "reached",
            Self::OnCourse => "on_course",
            Self::AtRisk => "at_risk",
            Self::Lost => "lost",
        }
    }

    /// Whether somebody should be told.
    #[must_use]
    pub fn is_alarming(self) -> bool {
        match self {
            Self::AtRisk | Self::Lost => true,
            Self::NoData | Self::Reached | Self::OnCourse => false,
        }
    }
}

/// Judges a target by the cases of each month, named by its first day.
///
/// The rest of the span is expected to bring cases at the pace of the days since the first month with any: a system
/// that was connected in June says nothing about the months before.
#[must_use]
pub fn judge_cases(
    target: &Target,
    metric: Metric,
    span: Span,
    months: &BTreeMap<NaiveDate, Measure>,
    today: NaiveDate,
) -> Standing {
    let total: Measure = months.values().copied().sum();
    let first = months.iter().find(|(_, m)| m.of > 0).map(|(month, _)| (*month).max(span.from_on));
    let Some(first) = first else { return Standing::NOTHING };
    let recent_from = first_of_month(today.min(span.until_on)) - Months::new(RECENT_MONTHS - 1);
    let recent: Measure = months.range(recent_from..).map(|(_, m)| *m).sum();
    let course = Course {
        total,
        latest: if recent.of > 0 { recent } else { total },
        elapsed: days(first, today.min(span.until_on) + Days::new(1)).max(1),
        remaining: days(today, span.until_on),
        is_over: today > span.until_on,
    };
    let earlier = Measure { good: total.good - recent.good, of: total.of - recent.of };
    let forecast = course.forecast();
    Standing {
        value: Some(Value::Cases(total)),
        trend: trend_of(earlier, recent),
        forecast: Some(forecast),
        verdict: if course.is_lost(target, metric) {
            Verdict::Lost
        } else if !forecast.meets(target) && total.of < ENOUGH_CASES {
            Verdict::NoData
        } else {
            by_forecast(target, share(total), forecast)
        },
    }
}

/// Judges a target by what was entered for it, in the order of entering; of one day the last counts.
///
/// A value that is measured after the span, as yearly surveys are, speaks of the span.
#[must_use]
pub fn judge_values(target: &Target, span: Span, values: &[Entered], today: NaiveDate) -> Standing {
    let known = values.iter().filter(|v| v.measured_on >= span.from_on && v.measured_on <= today);
    let by_day: BTreeMap<NaiveDate, &Entered> = known.map(|v| (v.measured_on, v)).collect();
    let mut latest = by_day.into_values().rev();
    let Some(last) = latest.next() else { return Standing::NOTHING };
    let before = latest.next();
    let value = part(i64::from(last.value.hundredths()), 10_000);
    let is_over = today > span.until_on;
    let forecast = match before {
        Some(before) if !is_over => carried_on(before, last, span.until_on),
        Some(_) | None => value,
    };
    let trend = before.map(|b| Trend(i32::from(last.value.hundredths()) - i32::from(b.value.hundredths())));
    Standing {
        value: Some(Value::Entered(last.clone())),
        trend,
        forecast: Some(forecast),
        verdict: if is_over && !value.meets(target) { Verdict::Lost } else { by_forecast(target, value, forecast) },
    }
}

fn by_forecast(target: &Target, value: Ratio, forecast: Ratio) -> Verdict {
    match (forecast.meets(target), value.meets(target)) {
        (false, _) => Verdict::AtRisk,
        (true, true) => Verdict::Reached,
        (true, false) => Verdict::OnCourse,
    }
}

/// The cases so far and the days to come.
struct Course {
    /// All cases so far.
    total: Measure,
    /// Those by which the coming ones are expected to go; never none.
    latest: Measure,
    /// Days that brought the total.
    elapsed: u128,
    /// Days to come.
    remaining: u128,
    /// Whether the plan has ended.
    is_over: bool,
}

impl Course {
    /// `(good + coming × rate) / (of + coming)` where `coming = of × remaining / elapsed`, without a rounding.
    fn forecast(&self) -> Ratio {
        let (total, latest) = (self.total, self.latest);
        let (good, of) = (u128::from(total.good), u128::from(total.of));
        let (rate_good, rate_of) = (u128::from(latest.good), u128::from(latest.of));
        Ratio {
            part: good * rate_of * self.elapsed + self.remaining * rate_good * of,
            whole: of * rate_of * (self.elapsed + self.remaining),
        }
    }

    /// Whether the target is missed even if every coming case is good. How many come is a guess, which a few cases do
    /// not allow; that one bad case spoils 100 % is none.
    fn is_lost(&self, target: &Target, metric: Metric) -> bool {
        let now = share(self.total);
        if self.is_over {
            return !now.meets(target);
        }
        if !metric.is_final() {
            return false;
        }
        let best = Course { latest: Measure { good: 1, of: 1 }, ..*self }.forecast();
        let is_spoilt = target.percent == 100 && !now.meets(target);
        is_spoilt || (self.total.of >= ENOUGH_CASES && !best.meets(target))
    }
}

/// Along the line through the last two values to the end of the span, within 0 and 100 %.
fn carried_on(before: &Entered, last: &Entered, until_on: NaiveDate) -> Ratio {
    let (from, to) = (i64::from(before.value.hundredths()), i64::from(last.value.hundredths()));
    let run = (last.measured_on - before.measured_on).num_days().max(1);
    let ahead = (until_on - last.measured_on).num_days().max(0);
    let whole = 10_000 * run;
    part((to * run + (to - from) * ahead).clamp(0, whole), whole)
}

fn trend_of(before: Measure, recent: Measure) -> Option<Trend> {
    if before.of < ENOUGH_CASES || recent.of < ENOUGH_CASES {
        return None;
    }
    let [good, of, old_good, old_of] = [recent.good, recent.of, before.good, before.of].map(i128::from);
    let (change, whole) = ((good * old_of - old_good * of) * 1000, of * old_of);
    let tenths = (change.abs() + whole / 2) / whole * change.signum();
    i32::try_from(tenths * 10).ok().map(Trend)
}

fn share(measure: Measure) -> Ratio {
    Ratio { part: measure.good.into(), whole: measure.of.max(1).into() }
}

fn part(part: i64, whole: i64) -> Ratio {
    Ratio { part: part.unsigned_abs().into(), whole: whole.unsigned_abs().into() }
}

/// Days from one day to a later one; 0 when it is not later.
fn days(from: NaiveDate, to: NaiveDate) -> u128 {
    u128::try_from((to - from).num_days()).unwrap_or(0)
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.day0()))
}
