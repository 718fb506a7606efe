//! Owns dossiers of the one-stop system and how far an answer of that system is believed.
//!
//! The source is not trusted: lateness is computed here from `due_at` and the calendar, and an empty,
//! shrunken or half-read answer closes nothing.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::{
    calendar::WorkCalendar,
    ids::{SourceId, SubjectId},
};

/// A case of the one-stop system ("hồ sơ"), or a petition ("phản ánh, kiến nghị").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dossier {
    /// Number on the receipt ("mã hồ sơ"); the key within its source.
    pub code: String,
    /// The system's own id, for links.
    pub native_id: Option<String>,
    /// Code of the administrative procedure.
    pub procedure_code: Option<String>,
    /// Name of the administrative procedure.
    pub procedure: Option<String>,
    /// Field of the procedure ("lĩnh vực").
    pub field: Option<String>,
    /// Agency in charge.
    pub agency: Option<String>,
    /// Step of the workflow.
    pub step: Option<String>,
    /// The unit that holds the dossier now, as the system names it.
    pub unit: Option<String>,
    /// The official who holds it now, as the system names them.
    pub handler: Option<String>,
    /// Who handed it in: masked, or absent, unless the office switched names on.
    pub applicant: Option<String>,
    /// When the complete dossier was received.
    pub received_at: Option<DateTime<Utc>>,
    /// The appointment printed on the receipt ("ngày hẹn trả"): it is the due date by law and is
    /// never recomputed (Nghị định 61/2018/NĐ-CP, Điều 17). Midnight in Vietnam: a day without an hour.
    pub due_at: Option<DateTime<Utc>>,
    /// The re-appointment, allowed once (Nghị định 61/2018/NĐ-CP, Điều 19.9).
    pub extended_due_at: Option<DateTime<Utc>>,
    /// By when the official should have done the step: internal, never a lateness towards the citizen.
    pub step_due_at: Option<DateTime<Utc>>,
    /// When its processing was finished; that ends the clock.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When the result was handed over.
    pub returned_at: Option<DateTime<Utc>>,
    /// Whether it was handed in online.
    pub is_online: Option<bool>,
    /// Whether it came or its result goes by post.
    pub is_by_post: Option<bool>,
    /// Whether its fee was paid online; none where there is no fee.
    pub is_paid_online: Option<bool>,
    /// What the status means to us.
    pub status: DossierStatus,
    /// The status as the system spells it.
    pub status_raw: String,
    /// Where the system shows it.
    pub link: Option<String>,
}

impl Dossier {
    /// The appointment now in force: the re-appointment when it is the later one.
    #[must_use]
    pub fn due_in_force(&self) -> Option<DateTime<Utc>> {
        self.due_at.map(|due| self.extended_due_at.map_or(due, |e| e.max(due)))
    }

    /// What orders the steps of one dossier by what they ask of the office, the most pressing first: one whose clock
    /// runs before one whose clock stands still, then the earlier appointment, one without any last.
    #[must_use]
    pub fn pressure(&self) -> (u8, bool, Option<DateTime<Utc>>) {
        let standing = match self.status {
            DossierStatus::Open | DossierStatus::Unmapped => 0,
            DossierStatus::Paused => 1,
            DossierStatus::NotReceived => 2,
            DossierStatus::Finished => 3,
        };
        let due = self.due_in_force();
        (standing, due.is_none(), due)
    }

    /// The dossier once its row has been read again. An appointment once read is kept when an answer leaves it out: it is
    /// on the applicant's receipt. One that had passed while the clock ran stays the first, whatever the system writes in
    /// its place: a later date is a re-appointment then. After a pause it is not, the period begins anew (Nghị định
    /// 61/2018/NĐ-CP, Điều 19.4).
    #[must_use]
    pub fn following(self, known: &TrackedDossier, zone: Tz) -> Self {
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let Some(first) = known.dossier.due_at else { return self };
        let Some(fresh) = self.due_at else { return Self { due_at: Some(first), ..self } };
        let had_passed = known.dossier.status.clock_runs() && day(known.seen_at) > day(first);
        if !had_passed || fresh <= first {
            return self;
        }
        Self { due_at: Some(first), extended_due_at: self.extended_due_at.max(Some(fresh)), ..self }
    }

    /// When it came to its end, as far as the system says.
    #[must_use]
    pub fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.resolved_at.or(self.returned_at)
    }

    /// Whether it was late when it ended, its first appointment counting: by the end that the system names, else by
    /// `last_open_at`, when it was last seen unfinished. Days are compared, not hours (Thông tư 01/2018/TT-VPCP, Điều 13).
    #[must_use]
    pub fn ended_late(&self, last_open_at: DateTime<Utc>, zone: Tz) -> bool {
        let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
        let ended_at = self.ended_at().unwrap_or(last_open_at);
        self.due_at.is_some_and(|due| day(ended_at) > day(due))
    }
}

/// Vietnam's time, which has no changes of clocks; systems write it without saying so.
pub const VIETNAM: FixedOffset = FixedOffset::east_opt(7 * 3600).expect("seven hours are within a day");

/// Whether an appointment names an hour; one at midnight in Vietnam is a day.
#[must_use]
pub fn has_hour(appointment: DateTime<Utc>) -> bool {
    appointment.with_timezone(&VIETNAM).time() != NaiveTime::MIN
}

/// What a source holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SourceKind {
    /// Dossiers with appointments.
    #[default]
    Dossiers,
    /// Petitions ("phản ánh, kiến nghị"), whose limits are counted from their receipt.
    Petitions,
}

/// The subject of a dossier; the one place that spells it.
#[must_use]
pub fn dossier_subject(source: &SourceId, code: &str) -> SubjectId {
    format!("dossier:{source}/{code}").into()
}

/// Source and number of the dossier that a subject is, if it is one.
#[must_use]
pub fn dossier_of(subject: &SubjectId) -> Option<(&str, &str)> {
    subject.as_str().strip_prefix("dossier:")?.split_once('/')
}

/// A paper that is owed for a dossier, with a due date of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// The apology to the applicant ("xin lỗi").
    Apology,
    /// The explanation to the head of the office ("giải trình").
    Explanation,
    /// Forwarding a petition that another agency must answer ("chuyển đơn").
    Forwarding,
}

impl Duty {
    /// The subject of the duty; the one place that spells it.
    #[must_use]
    pub fn subject(self, source: &SourceId, code: &str) -> SubjectId {
        let word = match self {
            Self::Apology => "apology",
            Self::Explanation => "explanation",
            Self::Forwarding => "forwarding",
        };
        format!("{word}:{source}/{code}").into()
    }
}

/// Whether the clock of a dossier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    #[default]
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
    /// When it was closed, if it was.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether it ended late, and its apology or explanation has not been recorded.
    pub owes: bool,
}

/// How a row of an answer is recognised before it is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKey {
    /// The dossier's number.
    pub code: String,
    /// What tells the row from others: the system's own id if that is a number, else a fingerprint.
    pub id: u64,
    /// Fingerprint of all that we read of it, and of how we read it.
    pub print: u64,
}

/// A row that was understood, with its fingerprint; none for one in which something could not be read, so that it is
/// looked at again with every answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// The dossier.
    pub dossier: Dossier,
    /// The fingerprint.
    pub print: Option<u64>,
}

/// A row of a page that is new or has changed, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Its place among the keys of the page.
    pub place: usize,
    /// The dossier's number in the store, when it is known there.
    pub number: Option<i64>,
}

/// An exported file, by what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// Its name in the folder.
    pub name: String,
    /// Fingerprint of what it holds.
    pub digest: String,
    /// When it was written.
    pub modified_at: DateTime<Utc>,
    /// Whether it claims to list all open dossiers.
    pub is_whole: bool,
}

/// What an answer has shown so far; grows by some bytes a row, so that a list of any length is read page by page.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    rows: HashSet<u64, BuildHasherDefault<Fingerprint>>,
    /// Whether nothing was known of the source when its answer began; none before anybody looked.
    pub is_first: Option<bool>,
    unusable: u64,
    /// One bit for each dossier of the store.
    dossiers: Vec<u64>,
}

/// Places neighbours beside each other: the numbers of a list mostly follow upon one another, and a set of a million is
/// larger than the processor's cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fingerprint(u64);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        const NEIGHBOURS: u64 = 64;
        // The set tells the rows of a place apart by the highest seven bits.
        const TAG: u64 = 0x7f << 57;
        let spread = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (spread(self.0 / NEIGHBOURS) >> 13) * NEIGHBOURS + self.0 % NEIGHBOURS;
        (spread(self.0) & TAG) | (place & !TAG)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

impl Seen {
    /// Notes a row by its [`RowKey::id`]; `false` when an earlier page had it already.
    pub fn row(&mut self, id: u64) -> bool {
        self.rows.insert(id)
    }

    /// Notes rows that could not be used: they were there all the same.
    pub fn unusable(&mut self, rows: u64) {
        self.unusable += rows;
    }

    /// Notes a dossier by its number in the store; `false` when another row spoke of it already.
    pub fn dossier(&mut self, number: i64) -> bool {
        let Ok(number) = usize::try_from(number) else { return true };
        let (word, bit) = (number / 64, 1_u64 << (number % 64));
        if word >= self.dossiers.len() {
            self.dossiers.resize(word + 1, 0);
        }
        let is_new = self.dossiers[word] & bit == 0;
        self.dossiers[word] |= bit;
        is_new
    }

    /// Whether a row spoke of the dossier.
    #[must_use]
    pub fn has_dossier(&self, number: i64) -> bool {
        usize::try_from(number).is_ok_and(|n| self.dossiers.get(n / 64).is_some_and(|word| word & 1 << (n % 64) != 0))
    }

    /// Distinct rows, usable or not.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows.len() as u64 + self.unusable
    }
}

/// What one poll brought, in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Distinct rows.
    pub rows: u64,
    /// How much of the source's list they are.
    pub extent: Extent,
}

/// How much of a source's list was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every row that the source announced.
    Full,
    /// Not all of them.
    Partial,
    /// All of a list that never claimed to be whole, such as one of late dossiers only.
    Excerpt,
    /// Nothing that was not read before.
    Nothing,
}

/// What earlier polls of a source showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceHistory {
    /// Rows in the last answer that was believed.
    pub believed_count: u32,
    /// The day since which complete answers have been suspiciously short.
    pub short_since_on: Option<NaiveDate>,
    /// Polls that failed since the last that did not.
    pub failures: u32,
    /// Of them, in a row, those with which the account was refused.
    pub denials: u32,
}

/// How far an answer is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Complete and plausible: absent dossiers are counted as missing.
    Believed,
    /// Not all rows were read: nothing is concluded from absence.
    Partial,
    /// It never claimed to be whole: nothing is concluded from absence, and nothing is wrong.
    Excerpt,
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

/// Judges an answer against what the source answered before, on the office's `today`.
#[must_use]
pub fn judge_answer(answered: Answered, history: &SourceHistory, today: NaiveDate, calendar: &WorkCalendar) -> Trust {
    match answered.extent {
        Extent::Full => {}
        Extent::Partial => return Trust::Partial,
        Extent::Excerpt | Extent::Nothing => return Trust::Excerpt,
    }
    let rows = u32::try_from(answered.rows).unwrap_or(u32::MAX);
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

    fn judge(rows: u64, is_full: bool, history: &SourceHistory, today: &str) -> Trust {
        let today = today.parse().expect("a date");
        let extent = if is_full { Extent::Full } else { Extent::Partial };
        judge_answer(Answered { rows, extent }, history, today, &crate::config::example::calendar())
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
        let before = SourceHistory { believed_count: 37, short_since_on: Some(since_on), ..SourceHistory::default() };
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
