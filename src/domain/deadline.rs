//! Owns the reading of a deadline phrase of an administrative plan; refuses to guess.
//!
//! The annex says `Trước ngày 15/01/2023`, `Tháng 3,6,9,12/2023` or `Thường xuyên`; [`read_phrase`]
//! turns that into a [`DeadlineRule`] or says which part it did not understand. "Trước ngày X" excludes
//! X; every other bound includes it. A whole month or quarter is due on its last day.

use chrono::{Datelike, Days, Months, NaiveDate};
use unicode_normalization::UnicodeNormalization;

use super::calendar::WorkCalendar;

/// When a task is due, as its phrase says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadlineRule {
    /// One due date for each period named ("Tháng 3,6,9,12/2023" names four).
    Dated(Vec<DuePoint>),
    /// "Thường xuyên": never overdue, asked about from time to time.
    Standing,
    /// "Khi có phát sinh": due only once an event has been entered.
    OnEvent,
    /// "Khi có văn bản yêu cầu": due only once a request has been entered.
    OnRequest,
    /// "Theo kế hoạch riêng của …": another document, named here, will give the date.
    ExternalPlan(String),
}

/// The due date of one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePoint {
    /// `2023`, `2023-03` or `2023-Q1`: names the occurrence, also after its date has moved.
    pub period: String,
    /// The bound as written.
    pub bound: Bound,
}

/// Whether the date written is itself still in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// "Trước ngày": the date is excluded.
    Before(NaiveDate),
    /// "Chậm nhất", "đến hết", "trong" or a bare date: the date is included.
    NotAfter(NaiveDate),
}

impl Bound {
    /// The last day that is not late.
    #[must_use]
    pub fn last_on(self) -> NaiveDate {
        match self {
            Self::Before(day) => day - Days::new(1),
            Self::NotAfter(day) => day,
        }
    }
}

/// The due date of an occurrence ("hạn").
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Due {
    /// Last day that is not late.
    pub last_on: NaiveDate,
    /// Last working day not after `last_on`; it never moves forward, since "trước ngày" does not.
    pub safe_on: NaiveDate,
    /// Computed from a year whose official notice is missing ("tạm tính").
    pub is_provisional: bool,
}

impl Due {
    /// The due date whose last day in time is `last_on`.
    #[must_use]
    pub fn on(last_on: NaiveDate, calendar: &WorkCalendar) -> Self {
        let safe_on = calendar.last_working_day_until(last_on);
        Self { last_on, safe_on, is_provisional: calendar.is_provisional(safe_on) }
    }
}

/// A phrase with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The cautious meaning, which the daemon uses.
    pub rule: DeadlineRule,
    /// The later last day that some writers mean by the same words, when there is one.
    pub other_last_on: Option<NaiveDate>,
}

/// Why a phrase was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Nothing is written.
    #[error("the phrase is empty")]
    Empty,
    /// The words from `rest` on have no meaning we are sure of.
    #[error("not understood from {rest:?} on")]
    NotUnderstood {
        /// The part before it, which was understood.
        understood: String,
        /// The first part that was not.
        rest: String,
    },
    /// A date such as 31/02.
    #[error("{0} does not exist")]
    NoSuchDate(String),
}

/// Reads `phrase`; `year` completes dates that name none (the plan's year).
///
/// # Errors
/// When any word has no certain meaning: an invented date would be worse than a question.
pub fn read_phrase(phrase: &str, year: i32) -> Result<Reading, PhraseError> {
    let phrase: String = phrase.nfc().collect();
    let words = split_words(&phrase);
    if words.is_empty() {
        return Err(PhraseError::Empty);
    }
    let mut cursor = Cursor { phrase: &phrase, words: &words, at: 0, year };
    if let Some(rule) = read_undated(&mut cursor) {
        return cursor.finish(Reading { rule, other_last_on: None });
    }
    let reading = read_dated(&mut cursor)?;
    cursor.finish(reading)
}

fn read_undated(cursor: &mut Cursor<'_>) -> Option<DeadlineRule> {
    if cursor.take_words(&["thường", "xuyên"]) {
        let _ = cursor.take_words(&["trong", "năm"]);
        return Some(DeadlineRule::Standing);
    }
    if cursor.take_words(&["khi", "có", "phát", "sinh"]) || cursor.take_words(&["khi", "phát", "sinh"]) {
        return Some(DeadlineRule::OnEvent);
    }
    if cursor.take_words(&["khi", "có", "văn", "bản", "yêu", "cầu"]) || cursor.take_words(&["khi", "có", "yêu", "cầu"])
    {
        return Some(DeadlineRule::OnRequest);
    }
    if cursor.take_words(&["theo", "kế", "hoạch", "riêng", "của"]) && cursor.at < cursor.words.len() {
        let owner = cursor.rest().to_owned();
        cursor.at = cursor.words.len();
        return Some(DeadlineRule::ExternalPlan(owner));
    }
    None
}

fn read_dated(cursor: &mut Cursor<'_>) -> Result<Reading, PhraseError> {
    let _ = cursor.take_words(&["hoàn", "thành"]) || cursor.take_words(&["xong"]);
    let is_strict = cursor.take_words(&["trước"]);
    if !is_strict {
        if cursor.take_words(&["chậm", "nhất"]) || cursor.take_words(&["muộn", "nhất"]) {
            let _ = cursor.take_words(&["là"]) || cursor.take_words(&["vào"]) || cursor.take_words(&["đến"]);
        } else {
            let _ = cursor.take_words(&["đến", "hết"]) || cursor.take_words(&["trong"]);
        }
    }
    if let Some(periods) = read_months(cursor)?.or(read_quarters(cursor)?) {
        return periods_due(&periods, is_strict).ok_or_else(|| cursor.error());
    }
    let _ = cursor.take_words(&["ngày"]);
    let date = read_date(cursor)?.ok_or_else(|| cursor.error())?;
    let bound = if is_strict { Bound::Before(date) } else { Bound::NotAfter(date) };
    let period = date.year().to_string();
    Ok(Reading { rule: DeadlineRule::Dated(vec![DuePoint { period, bound }]), other_last_on: None })
}

/// A month or quarter: its name and its first and last day.
struct WholePeriod {
    name: String,
    first: NaiveDate,
    last: NaiveDate,
}

impl WholePeriod {
    fn new(name: String, year: i32, first_month: u32, months: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, first_month, 1)?;
        let last = first.checked_add_months(Months::new(months))? - Days::new(1);
        Some(Self { name, first, last })
    }
}

/// "Trước T12/2023" excludes the whole month; some mean "by its end", so that is reported as the
/// other reading. A strict bound on several periods has no meaning.
fn periods_due(periods: &[WholePeriod], is_strict: bool) -> Option<Reading> {
    if is_strict {
        let [only] = periods else { return None };
        let point = DuePoint { period: only.first.year().to_string(), bound: Bound::Before(only.first) };
        return Some(Reading { rule: DeadlineRule::Dated(vec![point]), other_last_on: Some(only.last) });
    }
    let points = periods.iter().map(|p| DuePoint { period: p.name.clone(), bound: Bound::NotAfter(p.last) }).collect();
    Some(Reading { rule: DeadlineRule::Dated(points), other_last_on: None })
}

fn read_months(cursor: &mut Cursor<'_>) -> Result<Option<Vec<WholePeriod>>, PhraseError> {
    if !(cursor.take_words(&["tháng"]) || cursor.take_words(&["t"])) {
        return Ok(None);
    }
    let months = read_number_list(cursor)?;
    let year = read_year(cursor)?;
    months
        .into_iter()
        .map(|m| {
            WholePeriod::new(format!("{year}-{m:02}"), year, m, 1)
                .ok_or_else(|| PhraseError::NoSuchDate(format!("tháng {m}")))
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_quarters(cursor: &mut Cursor<'_>) -> Result<Option<Vec<WholePeriod>>, PhraseError> {
    if !cursor.take_words(&["quý"]) {
        return Ok(None);
    }
    let quarters = read_number_list(cursor)?;
    let year = read_year(cursor)?;
    quarters
        .into_iter()
        .map(|q| {
            WholePeriod::new(format!("{year}-Q{q}"), year, q.wrapping_mul(3).wrapping_sub(2), 3)
                .ok_or_else(|| PhraseError::NoSuchDate(format!("quý {q}")))
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_number_list(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, PhraseError> {
    let mut numbers = vec![cursor.take_small_number().ok_or_else(|| cursor.error())?];
    while cursor.take_any(&[",", ";", "và"]) {
        numbers.push(cursor.take_small_number().ok_or_else(|| cursor.error())?);
    }
    Ok(numbers)
}

fn read_year(cursor: &mut Cursor<'_>) -> Result<i32, PhraseError> {
    if cursor.take_any(&["/", ".", "-", "năm"]) {
        return cursor.take_year().ok_or_else(|| cursor.error());
    }
    Ok(cursor.year)
}

/// `15/01/2023`, `15-01-2023`, `15.01.2023`, `15/01` or `15 tháng 01 [năm 2023]`, always day first.
fn read_date(cursor: &mut Cursor<'_>) -> Result<Option<NaiveDate>, PhraseError> {
    let start = cursor.at;
    let Some(day) = cursor.take_small_number() else { return Ok(None) };
    if !cursor.take_any(&["/", "-", ".", "tháng"]) {
        return Err(cursor.error());
    }
    let month = cursor.take_small_number().ok_or_else(|| cursor.error())?;
    let year = read_year(cursor)?;
    let date = NaiveDate::from_ymd_opt(year, month, day);
    date.map(Some).ok_or_else(|| PhraseError::NoSuchDate(cursor.text(start, cursor.at).to_owned()))
}

/// One word, number or sign with its place in the phrase.
struct Word {
    text: String,
    start: usize,
    end: usize,
}

fn split_words(phrase: &str) -> Vec<Word> {
    let kind = |c: char| match c {
        c if c.is_alphabetic() => 1,
        c if c.is_ascii_digit() => 2,
        c if c.is_whitespace() => 0,
        _ => 3,
    };
    let mut words: Vec<Word> = Vec::new();
    let mut previous = 0;
    for (start, c) in phrase.char_indices() {
        let (this, end) = (kind(c), start + c.len_utf8());
        match words.last_mut() {
            Some(word) if this == previous && this != 3 && this != 0 => {
                word.text.extend(c.to_lowercase());
                word.end = end;
            }
            _ if this != 0 => words.push(Word { text: c.to_lowercase().collect(), start, end }),
            _ => {}
        }
        previous = this;
    }
    words
}

struct Cursor<'a> {
    phrase: &'a str,
    words: &'a [Word],
    at: usize,
    year: i32,
}

impl Cursor<'_> {
    fn take_words(&mut self, expected: &[&str]) -> bool {
        let rest = &self.words[self.at..];
        let matches = rest.len() >= expected.len() && rest.iter().zip(expected).all(|(w, e)| w.text == *e);
        if matches {
            self.at += expected.len();
        }
        matches
    }

    fn take_any(&mut self, expected: &[&str]) -> bool {
        expected.iter().any(|e| self.take_words(&[e]))
    }

    /// A day, month or quarter: at most two digits, or a Roman quarter.
    fn take_small_number(&mut self) -> Option<u32> {
        let word = &self.words.get(self.at)?.text;
        let roman = ["i", "ii", "iii", "iv"].iter().position(|r| r == word);
        let number = match roman {
            Some(i) => u32::try_from(i + 1).ok(),
            None => word.parse().ok().filter(|_| word.len() <= 2),
        }?;
        self.at += 1;
        Some(number)
    }

    fn take_year(&mut self) -> Option<i32> {
        let year = self.words.get(self.at)?.text.parse().ok().filter(|y| (2000..=2100).contains(y))?;
        self.at += 1;
        Some(year)
    }

    fn text(&self, from: usize, to: usize) -> &str {
        let start = self.words.get(from).map_or(self.phrase.len(), |w| w.start);
        let end = if to == 0 { 0 } else { self.words[to - 1].end };
        self.phrase.get(start..end).unwrap_or_default()
    }

    fn rest(&self) -> &str {
        self.text(self.at, self.words.len())
    }

    fn error(&self) -> PhraseError {
        PhraseError::NotUnderstood { understood: self.text(0, self.at).to_owned(), rest: self.rest().to_owned() }
    }

    fn finish(mut self, reading: Reading) -> Result<Reading, PhraseError> {
        let _ = self.take_words(&["."]);
        if self.at < self.words.len() { Err(self.error()) } else { Ok(reading) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("tests write dates as YYYY-MM-DD")
    }

    fn rule(phrase: &str) -> DeadlineRule {
        read_phrase(phrase, 2023).unwrap_or_else(|e| panic!("{phrase}: {e}")).rule
    }

    fn one(period: &str, bound: Bound) -> DeadlineRule {
        DeadlineRule::Dated(vec![DuePoint { period: period.to_owned(), bound }])
    }

    #[test]
    fn the_seven_kinds_of_the_2023_plan_are_read() {
        assert_eq!(rule("Trước ngày 15/01/2023"), one("2023", Bound::Before(day("2023-01-15"))));
        assert_eq!(rule("Trước 15/12/2023"), one("2023", Bound::Before(day("2023-12-15"))));
        assert_eq!(rule("Trước T12/2023"), one("2023", Bound::Before(day("2023-12-01"))));
        let DeadlineRule::Dated(quarters) = rule("Tháng 3,6,9,12/2023") else { panic!("four dates expected") };
        let ends: Vec<_> = quarters.iter().map(|p| (p.period.as_str(), p.bound.last_on())).collect();
        assert_eq!(
            ends,
            [
                ("2023-03", day("2023-03-31")),
                ("2023-06", day("2023-06-30")),
                ("2023-09", day("2023-09-30")),
                ("2023-12", day("2023-12-31"))
            ]
        );
        assert_eq!(rule("Thường xuyên"), DeadlineRule::Standing);
        assert_eq!(rule("Khi có phát sinh"), DeadlineRule::OnEvent);
        assert_eq!(rule("Khi có văn bản yêu cầu"), DeadlineRule::OnRequest);
        assert_eq!(rule("Theo kế hoạch riêng của UBND tỉnh"), DeadlineRule::ExternalPlan("UBND tỉnh".into()));
    }

    #[test]
    fn before_a_sunday_the_last_safe_day_is_the_friday() {
        let due = Due::on(Bound::Before(day("2023-01-15")).last_on(), &crate::config::example::calendar());
        assert_eq!((due.last_on, due.safe_on, due.is_provisional), (day("2023-01-14"), day("2023-01-13"), false));
    }

    #[test]
    fn before_a_month_is_cautious_and_names_the_other_reading() {
        let reading = read_phrase("Trước T12/2023", 2023).expect("understood");
        assert_eq!(reading.other_last_on, Some(day("2023-12-31")));
    }

    #[test]
    fn spacing_case_and_decomposed_letters_do_not_matter() {
        let decomposed: String = "TRƯỚC  ngày 15 / 01/2023.".nfd().collect();
        assert_eq!(rule(&decomposed), rule("Trước ngày 15/01/2023"));
        assert_eq!(rule("chậm nhất là ngày 20-12"), one("2023", Bound::NotAfter(day("2023-12-20"))));
        assert_eq!(rule("ngày 05 tháng 6 năm 2023"), one("2023", Bound::NotAfter(day("2023-06-05"))));
        assert_eq!(rule("Quý II/2023"), one("2023-Q2", Bound::NotAfter(day("2023-06-30"))));
    }

    #[test]
    fn what_is_not_sure_is_refused_with_the_part_that_was_understood() {
        let error = read_phrase("Trước ngày 15/01/2023 hoặc khi trời mưa", 2023).expect_err("not certain");
        assert_eq!(
            error,
            PhraseError::NotUnderstood {
                understood: "Trước ngày 15/01/2023".into(), rest: "hoặc khi trời mưa".into()
            }
        );
        assert_eq!(read_phrase("Trước ngày 31/02/2023", 2023), Err(PhraseError::NoSuchDate("31/02/2023".into())));
        assert!(read_phrase("Trước tháng 3, 6/2023", 2023).is_err());
        assert_eq!(read_phrase("  ", 2023), Err(PhraseError::Empty));
        assert!(read_phrase("25/10 âm lịch", 2023).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,60}") {
            let _ = read_phrase(&text, 2023);
        }

        #[test]
        fn words_of_the_language_in_any_order_do_not_panic(words in proptest::collection::vec(proptest::sample::select(vec!["trước", "ngày", "tháng", "quý", "T", "15", "2023", "/", ",", "và", "II", "chậm nhất", "theo kế hoạch riêng của"]), 0..8)) {
            let _ = read_phrase(&words.join(" "), 2023);
        }
    }
}
