//! The poll pass: reads the sources that are due and stores what they say, page by page.

use std::fmt::Write as _;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;

use super::App;
use crate::{
    domain::{
        dossier::{
            Answered, Changed, Extent, ListFile, ReadRow, RowKey, Seen, SourceHistory, SourceKind, Trust, judge_answer,
        },
        ids::SourceId,
        office::{Office, SourceRules},
    },
    source::{
        DossierSource, End, Interrupted, Page, Pages, SourceError, SourceSettings,
        mapping::{FIRST, print as fingerprint},
    },
    store::{PollFailure, StoreError, SyncReport, source_prefix},
};

/// A refused account is tried again this late: OpenCPS locks it after five wrong tries in a row.
const ACCESS_DENIED_PAUSE: Duration = Duration::hours(1);
/// And is left alone after so many refusals, until somebody has looked.
pub const MOST_DENIALS: u32 = 3;
/// From so many failures in a row on, the wait between two polls doubles with each.
const PATIENT_FAILURES: u32 = 3;
/// Up to this.
const LONGEST_WAIT: Duration = Duration::hours(1);

/// Rows written in one transaction.
const WRITTEN_TOGETHER: usize = 4096;

/// What a poll of one source brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// The source.
    pub source: SourceId,
    /// What changed, or why nothing did (in Vietnamese).
    pub result: Result<SyncReport, String>,
}

/// Polls the sources that are due, side by side; `progress` is called with each page.
///
/// # Errors
/// When the store fails; a failing source is a report, not an error.
pub async fn poll(app: &App, now: DateTime<Utc>, progress: impl Fn() + Sync) -> Result<Vec<Polled>, StoreError> {
    let time = now.with_timezone(&app.office.hours.zone).time();
    let is_hour = |s: &SourceSettings| s.hours.is_none_or(|(from, until)| (from..until).contains(&time));
    let asked = app.sources.iter().map(|s| s.settings()).filter(|s| is_hour(s));
    let periods = asked.map(|s| (s.id.clone(), s.poll_every)).collect();
    let due = app.store.sources_due(periods, MOST_DENIALS, now).await?;
    let sources = app.sources.iter().filter(|s| due.contains(&s.settings().id));
    let polled = join_all(sources.map(|source| poll_one(app, source.as_ref(), now, &progress))).await;
    let polled = polled.into_iter().collect::<Result<_, _>>()?;
    app.store.pass_ended("poll", now).await?;
    Ok(polled)
}

/// Polls one source now, whatever it is due.
///
/// # Errors
/// When the store fails.
pub async fn poll_one(
    app: &App,
    source: &dyn DossierSource,
    now: DateTime<Utc>,
    progress: &(impl Fn() + Sync),
) -> Result<Polled, StoreError> {
    let id = source.settings().id.clone();
    let mut taking = Taking::new(app, &id, now, progress);
    let Ok(end) = source.read(&mut taking).await else { return Err(taking.failure.unwrap_or(StoreError::Gone)) };
    taking.write().await?;
    let result = match end {
        End { trouble: Some(error), .. } if taking.seen.rows() == 0 => {
            Err(record_failure(app, &id, &error, now).await?)
        }
        end => conclude(app, source, taking, end, now).await?,
    };
    log_poll(&id, &result);
    Ok(Polled { source: id, result })
}

/// Stores pages as they come.
struct Taking<'a, P> {
    app: &'a App,
    source: &'a SourceId,
    now: DateTime<Utc>,
    progress: &'a P,
    seen: Seen,
    /// Changes the fingerprints of rows whenever the office would count their limits differently.
    salt: u64,
    report: SyncReport,
    remarks: Vec<String>,
    /// New or changed rows: a commit for some thousands touches the pages of the indexes once, not once a page.
    waiting: Vec<(Option<i64>, ReadRow)>,
    /// When the rows that wait were said.
    as_of: DateTime<Utc>,
    /// Why no more pages are taken.
    failure: Option<StoreError>,
}

impl<'a, P> Taking<'a, P> {
    fn new(app: &'a App, source: &'a SourceId, now: DateTime<Utc>, progress: &'a P) -> Self {
        let (seen, report, salt) = (Seen::default(), SyncReport::default(), salt(app.office.sources.get(source), app));
        let (remarks, waiting) = (Vec::new(), Vec::new());
        Self { salt, app, source, now, progress, seen, report, remarks, waiting, as_of: now, failure: None }
    }
}

impl<P: Fn() + Sync> Taking<'_, P> {
    fn interrupt(&mut self, error: StoreError) -> Interrupted {
        self.failure = Some(error);
        Interrupted
    }

    async fn store(&mut self, mut page: Page) -> Result<(), StoreError> {
        let (store, id) = (&self.app.store, self.source);
        let mut seen = std::mem::take(&mut self.seen);
        seen.unusable(page.unusable);
        self.remarks.extend(page.remarks);
        let salted = |key: RowKey| RowKey { print: key.print ^ self.salt, ..key };
        let keys = page.rows.take_keys().into_iter().map(salted).collect();
        let (changed, seen) = store.sift(id.clone(), keys, page.nameless, page.as_of, seen).await?;
        self.seen = seen;
        let rules = self.app.office.sources.get(id);
        for Changed { place, number } in changed {
            let row = page.rows.read(place, self.now, &mut self.remarks);
            let print = row.print.map(|print| print ^ self.salt);
            self.waiting.push((number, with_limits(ReadRow { print, ..row }, rules, &self.app.office)));
        }
        self.as_of = page.as_of.map_or(self.now, |at| at.min(self.now));
        if self.waiting.len() >= WRITTEN_TOGETHER { self.write().await } else { Ok(()) }
    }

    /// Writes the rows that wait.
    async fn write(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let (seen, zone) = (std::mem::take(&mut self.seen), self.app.office.hours.zone);
        let (report, seen) = self.app.store.take_rows(self.source.clone(), rows, seen, zone, self.as_of).await?;
        self.seen = seen;
        self.report.new += report.new;
        self.report.changed += report.changed;
        self.report.closed += report.closed;
        Ok(())
    }
}

#[async_trait]
impl<P: Fn() + Sync> Pages for Taking<'_, P> {
    async fn take(&mut self, page: Page) -> Result<u64, Interrupted> {
        (self.progress)();
        self.store(page).await.map_err(|error| self.interrupt(error))?;
        Ok(self.seen.rows())
    }

    async fn has_file(&mut self, file: &ListFile) -> Result<bool, Interrupted> {
        let known = self.app.store.has_file(self.source.clone(), file.clone(), self.now).await;
        known.map_err(|error| self.interrupt(error))
    }

    async fn note_file(&mut self, file: &ListFile) -> Result<(), Interrupted> {
        // Not before its rows are safe.
        self.write().await.map_err(|error| self.interrupt(error))?;
        let noted = self.app.store.note_file(self.source.clone(), file.clone(), self.now).await;
        noted.map_err(|error| self.interrupt(error))
    }
}

/// What the limits of a source's petitions are counted from, besides their rows.
fn salt(rules: Option<&SourceRules>, app: &App) -> u64 {
    let petitions = rules.filter(|r| r.kind == SourceKind::Petitions);
    petitions.map_or(0, |rules| fingerprint(FIRST, format!("{:?}{:?}", rules.limits, app.office.calendar).as_bytes()))
}

/// A petition's system knows no limit: it is counted from the receipt.
fn with_limits(mut row: ReadRow, rules: Option<&SourceRules>, office: &Office) -> ReadRow {
    if let Some(rules) = rules.filter(|r| r.kind == SourceKind::Petitions)
        && let (None, Some(received_at)) = (row.dossier.due_at, row.dossier.received_at)
    {
        let on = rules.limits.answer_by(office.hours.date(received_at), &office.calendar);
        row.dossier.due_at = Some(office.hours.instant(on, chrono::NaiveTime::MIN));
    }
    row
}

async fn conclude<P>(
    app: &App,
    source: &dyn DossierSource,
    taking: Taking<'_, P>,
    end: End,
    now: DateTime<Utc>,
) -> Result<Result<SyncReport, String>, StoreError> {
    let id = &source.settings().id;
    let Taking { seen, report: taken, mut remarks, as_of, .. } = taking;
    let history = app.store.source_history(id.clone()).await?;
    let today = app.office.hours.date(now);
    let rows = seen.rows();
    let answered = Answered { rows, extent: end.extent };
    let trust = judge_answer(answered, &history, today, &app.office.calendar);
    let report = app.store.conclude(id.clone(), seen, trust, app.office.hours.zone, as_of, now).await?;
    let report = SyncReport { new: taken.new, changed: taken.changed, closed: taken.closed + report.closed, ..report };
    // What came before does not make the rest less of a refusal, or the server less busy.
    if let Some(error @ (SourceError::AccessDenied { .. } | SourceError::Unavailable { retry_after: Some(_), .. })) =
        &end.trouble
    {
        record_failure(app, id, error, now).await?;
    }
    let sentence = sentence(id, rows, trust, end.trouble, &history);
    let mut problems: Vec<_> = sentence.clone().into_iter().map(|s| (poll_problem(id), s)).collect();
    remarks.extend(end.remarks);
    problems.extend(
        undated(id, report.open, app.store.has_dated_dossier(id.clone()).await?)
            .map(|s| (format!("{}dates", source_prefix(id)), s)),
    );
    problems.extend(summarize(&remarks).map(|r| (format!("{}rows", source_prefix(id)), format!("{id}: {r}"))));
    // What was wrong with the last file is still wrong when there is no new one.
    let is_news = end.extent != Extent::Nothing || !remarks.is_empty();
    let concerned = if is_news { source_prefix(id) } else { poll_problem(id) };
    app.store.set_problems(concerned, problems, now).await?;
    Ok(sentence.map_or(Ok(report), Err))
}

/// Nobody is ever reminded of what has no appointment: when that is all there is, it is looked for in the wrong place.
fn undated(id: &SourceId, open: u32, has_dated: bool) -> Option<String> {
    const SUSPICIOUS_FROM: u32 = 2;
    let is_suspicious = open >= SUSPICIOUS_FROM && !has_dated;
    is_suspicious.then(|| {
        format!(
            "{id}: cả {open} hồ sơ đang mở đều không có ngày hẹn trả nên không nhắc được hồ sơ nào; kiểm tra mục due_at của loại hệ thống (hoặc kind: petitions nếu là phản ánh, kiến nghị)",
        )
    })
}

/// The key of what was wrong with an answer as a whole.
fn poll_problem(id: &SourceId) -> String {
    format!("{}poll", source_prefix(id))
}

/// What the administrator should know of an answer, if anything.
fn sentence(
    id: &SourceId,
    rows: u64,
    trust: Trust,
    trouble: Option<SourceError>,
    history: &SourceHistory,
) -> Option<String> {
    match trust {
        Trust::Believed if rows == 0 => Some(format!(
            "{id}: chưa thấy hồ sơ nào; nếu cơ quan đang có hồ sơ thì kiểm tra parameters và query trong nhacviec.yaml"
        )),
        Trust::Believed | Trust::Excerpt => None,
        Trust::Partial => {
            let cause =
                trouble.map_or_else(|| "danh sách thay đổi trong lúc đọc".to_owned(), |t| t.sentence().to_owned());
            Some(format!("{id}: chỉ đọc được một phần ({rows} hồ sơ), không kết luận hồ sơ nào đã xong; {cause}"))
        }
        Trust::Short { .. } => Some(format!(
            "{id}: chỉ trả về {rows} hồ sơ trong khi lần trước có {}; chưa tin, không đóng hồ sơ nào; kiểm tra tài khoản và bộ lọc",
            history.believed_count
        )),
    }
}

/// The first few remarks; a source with a thousand bad rows needs no thousand lines.
fn summarize(remarks: &[String]) -> Option<String> {
    const SHOWN: usize = 5;
    let mut text = remarks.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if remarks.len() > SHOWN {
        let _ = write!(text, "; và {} dòng khác", remarks.len() - SHOWN);
    }
    (!text.is_empty()).then_some(text)
}

async fn record_failure(
    app: &App,
    source: &SourceId,
    error: &SourceError,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let history = app.store.source_history(source.clone()).await?;
    let (is_denied, pause) = match error {
        SourceError::AccessDenied { .. } => (true, ACCESS_DENIED_PAUSE),
        SourceError::Unavailable { retry_after, .. } => {
            (false, retry_after.unwrap_or_else(|| backoff(history.failures)))
        }
        SourceError::NotUnderstood { .. } => (false, backoff(history.failures)),
    };
    let mut sentence = format!("{source}: {}", error.sentence());
    if is_denied && history.denials + 1 >= MOST_DENIALS {
        let _ = write!(
            sentence,
            "; đã bị từ chối {} lần liền nên ngừng hỏi để tài khoản không bị khóa, đến khi nạp lại cấu hình",
            history.denials + 1
        );
    }
    let failure = PollFailure { sentence: sentence.clone(), paused_until: now + pause, is_denied };
    app.store.record_poll_failure(source.clone(), failure, now).await?;
    // What was wrong with rows is not cured by an answer that did not come: told of it anew after each failure,
    // nobody would read it any more.
    let key = poll_problem(source);
    app.store.set_problems(key.clone(), vec![(key, sentence.clone())], now).await?;
    Ok(sentence)
}

/// How long a source is left alone that has failed so often before.
fn backoff(failures: u32) -> Duration {
    let doublings = (failures + 1).saturating_sub(PATIENT_FAILURES);
    if failures + 1 < PATIENT_FAILURES {
        return Duration::zero();
    }
    // Not to the second the same for all: a system that comes up again is not run over.
    (Duration::minutes(15) * 2_i32.pow(doublings.min(4))).min(LONGEST_WAIT) - Duration::seconds(i64::from(failures % 7))
}

fn log_poll(source: &SourceId, result: &Result<SyncReport, String>) {
    match result {
        Ok(r) => {
            tracing::info!(%source, new = r.new, changed = r.changed, closed = r.closed, open = r.open, "polled the one-stop system");
        }
        Err(sentence) => tracing::warn!(%source, cause = sentence, "the one-stop system was not read in full"),
    }
}
