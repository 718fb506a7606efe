//! Owns how a signed plan becomes a draft: bytes in, rows with their source, certainty and what to review out.
//!
//! A draft is never silently better than its document: what was joined, guessed or not understood is said by row, and
//! a row is kept even when its deadline or its unit is not understood. Nothing here reads a clock, a file or a network.

mod columns;
pub mod diff;
mod document;
mod docx;
mod heading;
mod lists;
mod names;
mod numbering;
mod rows;
mod sections;
mod sheet;
mod text;
pub mod yaml;

pub use self::{document::Place, names::KnownNames};

use self::{
    columns::Field,
    document::{Block, one_line},
    rows::{Entry, Found},
    sections::Placed,
};
use crate::{
    domain::deadline::{DeadlineRule, YearContext, read_phrase, schedule::PlanYears},
    message::reading,
    source::table::Unreadable,
};

/// Larger files are not read: signed plans with scanned pictures are smaller.
pub const MAX_BYTES: usize = 32 << 20;
/// More rows than any plan of an office has.
const MAX_ROWS: usize = 5_000;

/// What the person who imports knows better than the document.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The names of `units.yaml`; the default when there is none.
    pub names: KnownNames,
    /// The title, instead of the document's.
    pub title: Option<String>,
    /// The year, instead of the document's.
    pub year: Option<YearContext>,
}

/// A plan as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document's title, if one was found.
    pub title: Option<String>,
    /// The year or school year, if one was found.
    pub year: Option<YearContext>,
    /// The last year of a plan of several years.
    pub until: Option<i32>,
    /// Its tasks, in its order.
    pub rows: Vec<DraftRow>,
    /// What concerns the document as a whole.
    pub remarks: Vec<Review>,
}

/// One task of the draft.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DraftRow {
    /// Its number in the plan, such as `II.1.1`.
    pub id: String,
    /// The headings above it.
    pub section: String,
    /// The work.
    pub content: String,
    /// Units in charge, as the document writes them.
    pub lead: Vec<String>,
    /// Coordinating units.
    pub coordinating: Vec<String>,
    /// The deadline as the document writes it.
    pub deadline: String,
    /// The expected product.
    pub product: String,
    /// Where it stands.
    pub place: Place,
    /// What a person should look at.
    pub reviews: Vec<Review>,
}

/// How certain a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing was joined, guessed or left out.
    Sure,
    /// It is most likely right.
    Look,
    /// It cannot be used as it is.
    Must,
}

impl Confidence {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sure => "chắc",
            Self::Look => "nên xem lại",
            Self::Must => "phải xem lại",
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Review {
    /// How much it matters.
    pub confidence: Confidence,
    /// What it is, in Vietnamese.
    pub sentence: String,
}

impl DraftRow {
    /// The worst of what there is to review.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.reviews.iter().map(|r| r.confidence).max().unwrap_or(Confidence::Sure)
    }
}

impl Draft {
    /// Whether somebody must change something before the draft can be used.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        self.reviews().any(|review| review.confidence == Confidence::Must)
    }

    fn reviews(&self) -> impl Iterator<Item = &Review> {
        self.remarks.iter().chain(self.rows.iter().flat_map(|row| &row.reviews))
    }
}

/// Why nothing of a file can be used, by what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// A small file that would fill the memory, or a table without end.
    #[error("the file expands beyond all measure")]
    Inflates,
    /// It is encrypted.
    #[error("the document is protected by a password")]
    Protected,
    /// A document of Word 97 to 2003.
    #[error("the document's format is too old")]
    OldWord,
    /// A PDF, which keeps no tables.
    #[error("the file is a PDF")]
    Pdf,
    /// It is cut short or broken.
    #[error("the file is damaged")]
    Damaged,
    /// Something else.
    #[error("the file is no document with a table")]
    NotADocument,
    /// No table with the columns of a plan.
    #[error("no table of tasks")]
    NoTable,
}

impl Refused {
    /// What is wrong and what to do, in Vietnamese.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "tệp trống; hãy chọn lại tệp kế hoạch",
            Self::TooLarge => "tệp lớn hơn 32 MB nên không đọc; hãy bỏ bớt hình ảnh, chỉ giữ phụ lục nhiệm vụ",
            Self::Inflates => {
                "tệp giãn ra quá lớn khi mở, có thể bị hỏng hoặc là tệp độc hại nên không đọc; hãy lưu lại từ Word hoặc Excel"
            }
            Self::Protected => "tệp có mật khẩu nên không đọc được; hãy mở tệp, bỏ mật khẩu rồi lưu lại",
            Self::OldWord => "tệp Word kiểu cũ (.doc); hãy mở bằng Word rồi lưu lại thành .docx",
            Self::Pdf => {
                "tệp PDF không giữ bảng; hãy dùng tệp Word gốc (.docx), hoặc chép chữ trong PDF ra tệp .txt (các cột cách nhau bằng TAB)"
            }
            Self::Damaged => "tệp hỏng hoặc tải về chưa hết; hãy mở bằng Word hoặc Excel rồi lưu lại",
            Self::NotADocument => "tệp không phải văn bản Word (.docx), bảng tính (.xlsx), .tsv hay .txt",
            Self::NoTable => {
                "không tìm thấy bảng nhiệm vụ: cần một dòng tiêu đề có cột nội dung (Nội dung công việc, Nhiệm vụ) và ít nhất một cột khác (Đơn vị chủ trì, Thời gian hoàn thành, Sản phẩm)"
            }
        }
    }
}

impl From<Unreadable> for Refused {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Empty => Self::Empty,
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::TooManyRows | Unreadable::Inflates => Self::Inflates,
            Unreadable::PasswordProtected => Self::Protected,
            Unreadable::Damaged | Unreadable::TooOld => Self::Damaged,
            Unreadable::NotATable => Self::NotADocument,
            Unreadable::OpenQuote { .. } | Unreadable::NoHeader { .. } => Self::NoTable,
        }
    }
}

/// Reads a document, whatever its name.
///
/// # Errors
/// When no row of a plan can be found in it.
pub fn read_document(bytes: &[u8], options: &Options) -> Result<Draft, Refused> {
    if bytes.len() > MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    let found = find_rows(sheet::read_blocks(bytes)?)?;
    if found.entries.len() > MAX_ROWS {
        return Err(Refused::Inflates);
    }
    let Found { entries, paragraphs, work, remarks, .. } = found;
    let title = options.title.clone().or_else(|| heading::title(&paragraphs));
    let phrases: Vec<&str> = entries.iter().map(|entry| entry.text(Field::Deadline)).collect();
    let found_year = heading::year(title.as_deref(), &paragraphs, &phrases);
    let mut remarks: Vec<Review> = remarks.into_iter().map(Review::look).collect();
    let (year, until) = if options.year.is_some() {
        (options.year, None)
    } else {
        remarks.extend(found_year.review);
        (found_year.year, found_year.until)
    };
    if title.is_none() {
        remarks.push(Review::look("không thấy tên kế hoạch trong văn bản: ghi lại mục title, hoặc thêm --title"));
    }
    if !options.names.is_given() {
        remarks.push(Review::look("không có units.yaml để đối chiếu: tên đơn vị ghi như trong văn bản"));
    }
    let (placed, lonely) = sections::outline(with_work(entries, work.as_deref()));
    remarks.extend(lonely.into_iter().map(Review::look));
    if placed.is_empty() {
        return Err(Refused::NoTable);
    }
    let reader = RowReader { names: &options.names, year: year.unwrap_or_default(), until };
    let mut rows: Vec<DraftRow> = Vec::with_capacity(placed.len());
    for one in placed {
        let row = reader.row(one, rows.last());
        rows.push(row);
    }
    Ok(Draft { title, year, until, rows, remarks })
}

/// The rows by their header; by lines, or by what stands in the columns, when there is none.
fn find_rows(blocks: Vec<Block>) -> Result<Found, Refused> {
    if blocks.is_empty() {
        return Err(Refused::Empty);
    }
    let found = rows::collect(&blocks);
    if !found.entries.is_empty() {
        return Ok(found);
    }
    let folded = text::fold_lines(blocks);
    let found = rows::collect(&folded);
    if !found.entries.is_empty() {
        return Ok(found);
    }
    let columns = rows::guess_columns(&folded).ok_or(Refused::NoTable)?;
    Ok(rows::collect_guessed(&folded, columns))
}

/// A table without a column for the work has it in its header.
fn with_work(mut entries: Vec<Entry>, work: Option<&str>) -> Vec<Entry> {
    for entry in entries.iter_mut().filter(|entry| entry.text(Field::Content).is_empty()) {
        if let Some(work) = work {
            entry.cells.insert(Field::Content, work.to_owned());
            entry.reviews.push(Review::look("bảng không có cột nội dung: nội dung lấy theo tiêu đề cột"));
        }
    }
    entries
}

struct RowReader<'a> {
    names: &'a KnownNames,
    year: YearContext,
    until: Option<i32>,
}

impl RowReader<'_> {
    fn row(&self, placed: Placed, above: Option<&DraftRow>) -> DraftRow {
        let Placed { id, section, entry } = placed;
        let mut reviews = entry.reviews.clone();
        let mut content = one_line(entry.text(Field::Content));
        // A sign of a list says nothing where every row has its own number.
        let marks = ['-', '–', '+', '•', '\u{f0b7}', ' '];
        if let Some(first) = content.find(|c: char| !marks.contains(&c)) {
            content.drain(..first);
        }
        if content.is_empty() {
            reviews.push(Review::must("không có nội dung công việc"));
        }
        let roles = names::read_roles(
            no_ditto(entry.text(Field::Lead)),
            no_ditto(entry.text(Field::Coordinating)),
            no_ditto(entry.text(Field::Units)),
            self.names,
        );
        let (mut lead, mut coordinating) = (roles.lead, roles.coordinating);
        let is_lead_above = is_ditto(entry.text(Field::Lead)) || is_ditto(entry.text(Field::Units));
        reviews.extend(roles.reviews.into_iter().filter(|r| !is_lead_above || !r.sentence.contains("mục lead")));
        let mut deadline = self.deadline(&entry, &mut content, &mut reviews);
        let mut product = one_line(entry.text(Field::Product));
        if let Some(above) = above {
            let mut same = Vec::new();
            let mut inherit = |what, field, is_here: bool| {
                let is_same = is_here || is_ditto(entry.text(field));
                same.extend(is_same.then_some(what));
                is_same
            };
            if inherit("đơn vị chủ trì", Field::Lead, is_lead_above) {
                lead.clone_from(&above.lead);
            }
            if inherit("đơn vị phối hợp", Field::Coordinating, false) {
                coordinating.clone_from(&above.coordinating);
            }
            if inherit("thời hạn", Field::Deadline, false) {
                deadline.clone_from(&above.deadline);
            }
            if inherit("sản phẩm", Field::Product, false) {
                product.clone_from(&above.product);
            }
            if !same.is_empty() {
                reviews.push(Review::look(format!("ghi «như trên»: {} lấy theo dòng trên", same.join(", "))));
            }
        }
        self.check_deadline(&deadline, &mut reviews);
        DraftRow { id, section, content, lead, coordinating, deadline, product, place: entry.place, reviews }
    }

    /// The phrase of the deadline's cell; from the period's column or the text's brackets where there is no such cell.
    fn deadline(&self, entry: &Entry, content: &mut String, reviews: &mut Vec<Review>) -> String {
        let cell = no_ditto(entry.text(Field::Deadline));
        let period = one_line(entry.text(Field::Period));
        let phrase = sheet::date_of_serial(&one_line(cell)).unwrap_or_else(|| one_line(cell));
        // Days under a month's column are no deadline without it.
        let is_half = !period.is_empty() && !phrase.contains('/') && !phrase.to_lowercase().contains("tháng");
        if self.reads(&phrase) && !is_half {
            return phrase;
        }
        if cell.contains('\n') {
            let joined = cell.lines().map(str::trim).collect::<Vec<_>>().join("; ");
            if self.reads(&joined) {
                return joined;
            }
        }
        if period.is_empty() {
            return phrase;
        }
        if phrase.is_empty() {
            if let Some((text, inner)) = heading::bracket_at_end(content).filter(|(_, inner)| self.is_date(inner)) {
                reviews.push(Review::look(format!("thời hạn «{inner}» lấy trong ngoặc ở cuối nội dung")));
                *content = text;
                return inner;
            }
            reviews.push(Review::look("không có cột thời hạn: lấy theo cột tháng, tuần"));
            return self.readable_end(&period).unwrap_or(period);
        }
        let found = heading::days_with_month(&phrase, &period).into_iter().find(|phrase| self.is_date(phrase));
        if found.is_none() && self.reads(&phrase) {
            return phrase;
        }
        if found.is_some() {
            reviews.push(Review::look(format!("thời hạn ghép từ cột «{period}» và «{phrase}»")));
        }
        found.unwrap_or_else(|| format!("{phrase} {period}"))
    }

    fn reads(&self, phrase: &str) -> bool {
        read_phrase(phrase, self.year).is_ok()
    }

    fn is_date(&self, phrase: &str) -> bool {
        phrase.chars().any(|c| c.is_ascii_digit()) && read_phrase(phrase, self.year).is_ok_and(|r| r.has_dates())
    }

    /// The longest end of a text that is a deadline: "9/2019 Từ 01- 08/9".
    fn readable_end(&self, text: &str) -> Option<String> {
        let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1)).take(12);
        starts.map(|at| &text[at..]).find(|end| self.is_date(end)).map(str::to_owned)
    }

    fn check_deadline(&self, phrase: &str, reviews: &mut Vec<Review>) {
        if phrase.is_empty() {
            reviews.push(Review::must("chưa có thời hạn: ghi vào mục deadline"));
            return;
        }
        match read_phrase(phrase, self.year) {
            Err(error) => {
                let (message, help) = reading::explain_refusal(&error, phrase);
                reviews.push(Review::must(format!("{message} ({help})")));
            }
            Ok(read) => {
                if read.clauses.iter().any(|c| matches!(c.rule, DeadlineRule::Lunar { .. })) {
                    reviews.push(Review::must(format!("thời hạn «{phrase}» là ngày âm lịch: tra ngày dương lịch")));
                }
                if let Some(event) = read.waits_for_holiday(phrase) {
                    let sentence = reading::explain_holiday(&phrase[event]);
                    reviews.push(Review::look(format!("{sentence}; tra ngày dương lịch, ghi dạng cấu trúc")));
                }
                reviews.extend(read.doubts.iter().map(|doubt| Review::look(reading::explain_doubt(doubt, phrase))));
                let years = PlanYears::of(self.year);
                let years = PlanYears { last: self.until.unwrap_or(years.last).max(years.last), ..years };
                let days = read.clauses.iter().flat_map(|clause| clause.rule.named_days());
                let mut outside = days.filter(|day| self.year != YearContext::Unknown && !years.contains(*day));
                if let Some(day) = outside.next() {
                    let sentence = format!("hạn {} nằm ngoài năm của kế hoạch", day.format("%d/%m/%Y"));
                    reviews.push(Review::look(sentence));
                }
            }
        }
    }
}

/// "nt", "//": the same as in the row above.
fn is_ditto(text: &str) -> bool {
    let text = text.trim().trim_matches(['-', '.', '(', ')', ' ']).to_lowercase();
    matches!(text.as_str(), "nt" | "//" | "\"" | "″" | "''" | "như trên" | "n.t" | "〃" | "”")
}

fn no_ditto(text: &str) -> &str {
    if is_ditto(text) { "" } else { text }
}
