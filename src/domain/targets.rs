//! Owns the plan's targets: what was reached, where it leads, and which are about to be missed.
//!
//! What is counted is compared as counts, never as rounded percentages: 999 of 1,000 are not 100 %.

mod standing;
#[cfg(test)]
mod tests;
pub mod words;

use std::{fmt, str::FromStr};

use chrono::NaiveDate;

pub use self::standing::{Standing, Trend, Value, Verdict, judge_cases, judge_values};
use super::{
    ids::{PlanId, SubjectId, TargetId},
    plan::Target,
};

/// Whether the subject is a target.
#[must_use]
pub fn is_target(subject: &SubjectId) -> bool {
    subject.as_str().starts_with("target:")
}

/// The subject of a target; the one place that spells it.
#[must_use]
pub fn target_subject(plan: &PlanId, target: &TargetId) -> SubjectId {
    format!("target:{}", target_key(plan, target)).into()
}

/// Under which name the store keeps what was entered for a target.
#[must_use]
pub fn target_key(plan: &PlanId, target: &TargetId) -> String {
    format!("{plan}/{target}")
}

/// What is counted of dossiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Ended on the day of the first appointment at the latest.
    OnTime,
    /// Ended on an earlier day than that of the first appointment.
    Early,
    /// Handed in online.
    Online,
    /// Came, or its result goes, by post.
    ByPost,
    /// Its fee was paid online.
    PaidOnline,
    /// Late, and both explained to the head of the office and apologised for.
    LateAnswered,
}

impl Metric {
    /// Every metric with its word in the configuration.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("on-time", Self::OnTime),
        ("early", Self::Early),
        ("online", Self::Online),
        ("by-post", Self::ByPost),
        ("paid-online", Self::PaidOnline),
        ("late-answered", Self::LateAnswered),
    ];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, metric)| *metric == self).map_or("", |(word, _)| word)
    }

    /// Whether a case that counts as bad stays bad: a dossier that was late was late, but it can still be apologised for.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::OnTime | Self::Early | Self::Online | Self::ByPost | Self::PaidOnline => true,
            Self::LateAnswered => false,
        }
    }
}

impl FromStr for Metric {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::WORDS.into_iter().find(|(word, _)| *word == text).map(|(_, metric)| metric).ok_or(())
    }
}

/// The days for which a plan promises something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from_on: NaiveDate,
    /// The last.
    pub until_on: NaiveDate,
}

impl Span {
    /// Whether the plan runs on the day.
    #[must_use]
    pub fn contains(&self, on: NaiveDate) -> bool {
        (self.from_on..=self.until_on).contains(&on)
    }
}

/// Cases of a month, or of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measure {
    /// Those that are as the target wants them.
    pub good: u32,
    /// All.
    pub of: u32,
}

impl std::iter::Sum for Measure {
    fn sum<I: Iterator<Item = Self>>(measures: I) -> Self {
        measures.fold(Self::default(), |sum, m| Self { good: sum.good + m.good, of: sum.of + m.of })
    }
}

/// What somebody entered as reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The day for which it holds.
    pub measured_on: NaiveDate,
    /// The percentage.
    pub value: Percent,
    /// The document that says so.
    pub document: String,
    /// Who entered it.
    pub entered_by: String,
}

/// A percentage from 0 to 100 with two decimals at most, written the Vietnamese way: `97,5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u16);

/// Why a text is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// No number at all.
    #[error("not a number")]
    NotANumber,
    /// Below 0 or above 100.
    #[error("not from 0 to 100")]
    OutOfRange,
    /// More than two decimals.
    #[error("more than two decimals")]
    TooFine,
}

impl Percent {
    /// Hundredths of a percent; `None` above 100 %.
    #[must_use]
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 10_000).then_some(Self(hundredths))
    }

    /// Hundredths of a percent.
    #[must_use]
    pub fn hundredths(self) -> u16 {
        self.0
    }
}

impl FromStr for Percent {
    type Err = PercentError;

    /// With a comma or a point, with or without the sign.
    fn from_str(text: &str) -> Result<Self, PercentError> {
        let text = text.trim().trim_end_matches('%').trim_end();
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once([',', '.']).unwrap_or((digits, "0"));
        let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(PercentError::NotANumber);
        }
        let part = part.trim_end_matches('0');
        let whole: u16 = whole.parse().map_err(|_| PercentError::OutOfRange)?;
        if is_negative || whole > 100 || (whole == 100 && !part.is_empty()) {
            return Err(PercentError::OutOfRange);
        }
        if part.len() > 2 {
            return Err(PercentError::TooFine);
        }
        let part: u16 = format!("{part:0<2}").parse().map_err(|_| PercentError::NotANumber)?;
        Ok(Self(whole * 100 + part))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", words::decimal(u32::from(self.0)))
    }
}

/// An exact part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    part: u128,
    /// Never 0.
    whole: u128,
}

impl Ratio {
    /// Whether the target is met by it; "trên" wants more than the percentage itself.
    #[must_use]
    pub fn meets(&self, target: &Target) -> bool {
        let (reached, wanted) = (self.part * 100, self.whole * u128::from(target.percent));
        if target.is_strict { reached > wanted } else { reached >= wanted }
    }

    /// Rounded to a tenth of a percent; what is less than everything is never shown as 100 %.
    #[must_use]
    pub fn percent(&self) -> Percent {
        let tenths = (self.part * 1000 + self.whole / 2) / self.whole;
        let most = if self.part < self.whole { 999 } else { 1000 };
        Percent(u16::try_from(tenths.min(most)).unwrap_or(1000) * 10)
    }
}

/// A target of a plan with how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStanding {
    /// The plan.
    pub plan: PlanId,
    /// The target.
    pub target: TargetId,
    /// How it stands.
    pub standing: Standing,
}
