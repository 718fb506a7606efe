//! Owns dossiers of the one-stop system and how far an answer of that system is believed.
//!
//! The source is not trusted: lateness is computed here from `due_at` and the calendar, and an empty,
//! shrunken or half-read answer closes nothing.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    calendar::WorkCalendar,
    ids::{SourceId, SubjectId},
};

/// A case of the one-stop system ("hồ sơ"), without anything about the applicant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// Number on the receipt ("mã hồ sơ"); the key within its source.
    pub code: String,
    /// Name of the administrative procedure.
    pub procedure: Option<String>,
    /// Field of the procedure ("lĩnh vực").
    pub field: Option<String>,
    /// Agency in charge.
    pub agency: Option<String>,
    /// Step of the workflow, which tells who holds the dossier now.
    pub step: Option<String>,
    /// When the complete dossier was received.
    pub received_at: Option<DateTime<Utc>>,
    /// The appointment printed on the receipt ("ngày hẹn trả"): it is the due date by law and is
    /// never recomputed (Nghị định 61/2018/NĐ-CP, Điều 17).
    pub due_at: Option<DateTime<Utc>>,
    /// The re-appointment, allowed once (Nghị định 61/2018/NĐ-CP, Điều 19.9).
    pub extended_due_at: Option<DateTime<Utc>>,
    /// What the status means to us.
    pub status: DossierStatus,
    /// The status as the system spells it.
    pub status_raw: String,
}

impl Dossier {
    /// The appointment now in force: the re-appointment when it is the later one.
    #[must_use]
    pub fn due_in_force(&self) -> Option<DateTime<Utc>> {
        self.due_at.map(|due| self.extended_due_at.map_or(due, |e| e.max(due)))
    }
}

/// The subject of a dossier; the one place that spells it.
#[must_use]
pub fn dossier_subject(source: &SourceId, code: &str) -> SubjectId {
    format!("dossier:{source}/{code}").into()
}

/// Whether the clock of a dossier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DossierStatus {
    /// Submitted but not yet received: no appointment counts.
    NotReceived,
    /// Being worked on.
    Open,
    /// Waiting for the applicant, or suspended: the clock stands still.
    Paused,
    /// Has a result or was ended.
    Finished,
    /// A status nobody mapped: reminded of like an open one, and reported to the administrator.
    Unmapped,
}

impl DossierStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::NotReceived, Self::Open, Self::Paused, Self::Finished, Self::Unmapped];

    /// The word used in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReceived => "not_received",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Unmapped => "unmapped",
        }
    }

    /// Whether a passing appointment makes the office late.
    #[must_use]
    pub fn clock_runs(self) -> bool {
        match self {
            Self::Open | Self::Unmapped => true,
            Self::NotReceived | Self::Paused | Self::Finished => false,
        }
    }
}

impl std::str::FromStr for DossierStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(())
    }
}

/// A dossier as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedDossier {
    /// Where it comes from.
    pub source: SourceId,
    /// Its last known row.
    pub dossier: Dossier,
    /// When that row was read.
    pub seen_at: DateTime<Utc>,
    /// Complete answers since then that did not contain it.
    pub missing_polls: u32,
}

/// What one poll brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The rows read, each code once.
    pub dossiers: Vec<Dossier>,
    /// Whether every row the source announced was read.
    pub is_complete: bool,
    /// What is wrong with rows, in Vietnamese and without any personal data.
    pub remarks: Vec<String>,
}

/// What earlier polls of a source showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceHistory {
    /// Rows in the last answer that was believed.
    pub believed_count: u32,
    /// The day since which complete answers have been suspiciously short.
    pub short_since_on: Option<NaiveDate>,
}

/// How far an answer is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Complete and plausible: absent dossiers are counted as missing.
    Believed,
    /// Not all rows were read: nothing is concluded from absence.
    Partial,
    /// Complete, but empty or far shorter than before: nothing is concluded from absence.
    Short {
        /// The day since which it has been so.
        since_on: NaiveDate,
    },
}

/// A dossier absent from this many believed answers in a row is closed.
pub const CLOSED_AFTER_MISSING: u32 = 2;
/// An answer with less than one row in this many of the rows before is short.
const SHORT_DIVISOR: u32 = 2;
/// From this many rows on a sudden drop is suspicious; a fall to none always is.
const SHORT_MATTERS_FROM: u32 = 10;
/// A shrunken answer is believed once it has stayed so over this many working days: then the
/// administrator has had a message about it. An empty one never is; only rows end that doubt.
const SHORT_CONFIRMED_AFTER_WORKING_DAYS: u32 = 2;

/// Judges a snapshot against what the source answered before, on the office's `today`.
#[must_use]
pub fn judge_snapshot(
    snapshot: &Snapshot,
    history: &SourceHistory,
    today: NaiveDate,
    calendar: &WorkCalendar,
) -> Trust {
    if !snapshot.is_complete {
        return Trust::Partial;
    }
    let rows = u32::try_from(snapshot.dossiers.len()).unwrap_or(u32::MAX);
    let before = history.believed_count;
    let is_short = (rows == 0 && before > 0) || (before >= SHORT_MATTERS_FROM && rows < before / SHORT_DIVISOR);
    let stayed_for = history.short_since_on.map_or(0, |since| calendar.working_days_between(since, today));
    let is_confirmed = rows > 0 && stayed_for >= SHORT_CONFIRMED_AFTER_WORKING_DAYS;
    if is_short && !is_confirmed {
        return Trust::Short { since_on: history.short_since_on.unwrap_or(today) };
    }
    Trust::Believed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(rows: usize, is_complete: bool) -> Snapshot {
        let row = |i: usize| Dossier {
            code: i.to_string(),
            procedure: None,
            field: None,
            agency: None,
            step: None,
            received_at: None,
            due_at: None,
            extended_due_at: None,
            status: DossierStatus::Open,
            status_raw: String::new(),
        };
        Snapshot { dossiers: (0..rows).map(row).collect(), is_complete, remarks: Vec::new() }
    }

    fn judge(rows: usize, is_complete: bool, history: &SourceHistory, today: &str) -> Trust {
        let today = today.parse().expect("a date");
        judge_snapshot(&snapshot(rows, is_complete), history, today, &crate::config::example::calendar())
    }

    #[test]
    fn empty_and_shrunken_answers_are_not_believed() {
        let before = SourceHistory { believed_count: 37, ..SourceHistory::default() };
        assert_eq!(judge(36, true, &before, "2023-04-28"), Trust::Believed);
        assert_eq!(judge(36, false, &before, "2023-04-28"), Trust::Partial);
        assert_eq!(
            judge(17, true, &before, "2023-04-28"),
            Trust::Short { since_on: "2023-04-28".parse().expect("a date") }
        );
        assert_eq!(
            judge(0, true, &before, "2023-04-28"),
            Trust::Short { since_on: "2023-04-28".parse().expect("a date") }
        );
    }

    #[test]
    fn a_shrunken_answer_is_believed_after_two_working_days_and_an_empty_one_never() {
        let since_on = "2023-04-28".parse().expect("a date");
        let before = SourceHistory { believed_count: 37, short_since_on: Some(since_on) };
        let short = Trust::Short { since_on };
        assert_eq!(judge(5, true, &before, "2023-05-03"), short, "29/4 to 3/5 are days off");
        assert_eq!(judge(5, true, &before, "2023-05-05"), Trust::Believed);
        assert_eq!(judge(0, true, &before, "2023-12-29"), short);
    }

    #[test]
    fn a_small_office_may_go_from_three_to_one() {
        let before = SourceHistory { believed_count: 3, ..SourceHistory::default() };
        assert_eq!(judge(1, true, &before, "2023-04-28"), Trust::Believed);
        assert_eq!(
            judge(0, true, &before, "2023-04-28"),
            Trust::Short { since_on: "2023-04-28".parse().expect("a date") }
        );
    }
}
