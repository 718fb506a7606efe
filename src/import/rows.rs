//! Owns how the rows of an annex become rows of a plan again: headers that repeat, rows cut at the end of a page,
//! numbers glued to titles, two rows typed into one.

use std::collections::BTreeMap;

use super::{
    Review,
    columns::{Columns, Field},
    document::{Block, Place, TableRow, one_line},
    numbering::{self, Marker, Number},
};
use crate::domain::deadline::{YearContext, read_phrase};

/// A row put together again; it is not yet known whether it is a heading or a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub number: Option<Number>,
    pub cells: BTreeMap<Field, String>,
    pub place: Place,
    pub reviews: Vec<Review>,
}

impl Entry {
    pub(super) fn text(&self, field: Field) -> &str {
        self.cells.get(&field).map_or("", String::as_str)
    }

    /// Whether anybody or any time is named: then it is work, whatever its number looks like.
    pub(super) fn is_task(&self) -> bool {
        [Field::Lead, Field::Coordinating, Field::Units, Field::Deadline, Field::Period, Field::Product]
            .iter()
            .any(|field| !self.text(*field).is_empty())
    }

    fn append(&mut self, field: Field, text: &str) {
        let cell = self.cells.entry(field).or_default();
        if !cell.is_empty() {
            // A name or a sentence goes on; two names come in lines of their own only within one cell.
            cell.push(' ');
        }
        cell.push_str(text);
    }
}

/// What was found in a document.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub entries: Vec<Entry>,
    /// Paragraphs before the first table, and those that are not part of any.
    pub paragraphs: Vec<String>,
    /// Words of the header above the deadlines; the work of a table without a column for it.
    pub work: Option<String>,
    pub remarks: Vec<String>,
}

/// Reads the blocks in their order.
pub(super) fn collect(blocks: &[Block]) -> Found {
    let mut collecting = Collecting::default();
    let mut at = 0;
    while at < blocks.len() {
        let lower = blocks.get(at + 1).and_then(as_row);
        match &blocks[at] {
            Block::Paragraph(text, place) => collecting.paragraph(text, *place),
            Block::Row(row) => at += collecting.row(row, lower),
        }
        at += 1;
    }
    collecting.found
}

fn as_row(block: &Block) -> Option<&TableRow> {
    match block {
        Block::Row(row) => Some(row),
        Block::Paragraph(..) => None,
    }
}

#[derive(Default)]
struct Collecting {
    found: Found,
    columns: Option<Columns>,
    table: Option<u32>,
    page: u32,
    /// A header has just come again: the next row may be the rest of the last one.
    is_after_break: bool,
    /// Within a table that is none of tasks, such as the one for signatures.
    is_ignored: bool,
    last: Place,
}

impl Collecting {
    /// Takes a row; returns how many of the rows below it were part of it.
    fn row(&mut self, row: &TableRow, lower: Option<&TableRow>) -> usize {
        let is_new_table = row.place.table != self.table;
        self.table = row.place.table;
        if let Some(columns) = &self.columns {
            if columns.is_repeated_by(row) || (self.is_after_break && Columns::is_numbering(row)) {
                if !self.is_after_break {
                    self.page += 1;
                }
                self.is_after_break = true;
                return 0;
            }
            if is_new_table {
                self.is_after_break = true;
            }
        }
        if let Some(mut columns) = Columns::of(row).filter(|_| self.is_header_possible(row, is_new_table)) {
            let second = lower.and_then(|lower| columns.with_second(lower));
            let taken = usize::from(second.is_some());
            columns = second.unwrap_or(columns);
            if self.columns.is_none() {
                self.page = 1;
            }
            if columns.column(Field::Content).is_none() {
                self.found.work = columns.name(Field::Deadline).map(work_of);
            }
            self.is_ignored = false;
            self.columns = Some(columns);
            self.is_after_break = true;
            return taken;
        }
        match &self.columns {
            Some(columns) if !is_new_table || (columns.fits(row) && may_go_on(columns, row)) => {
                self.is_ignored &= !is_new_table;
                if !self.is_ignored {
                    self.entry(row);
                }
            }
            _ => {
                let text = row.cells.values().map(|cell| one_line(cell)).collect::<Vec<_>>().join(" ");
                self.found.paragraphs.push(text);
                self.is_ignored = self.columns.is_some();
            }
        }
        0
    }

    /// Within a table, a row that looks like a header must look very much like one.
    fn is_header_possible(&self, row: &TableRow, is_new_table: bool) -> bool {
        self.columns.is_none() || is_new_table || {
            let known = row.cells.values().filter(|text| super::columns::field_of(text).is_some()).count();
            known >= 3 && known == row.cells.len()
        }
    }

    fn entry(&mut self, row: &TableRow) {
        let Some(columns) = self.columns.clone() else { return };
        let mut entry = Entry { place: self.placed(row.place), ..Entry::default() };
        for field in FIELDS {
            let Some(column) = columns.column(field) else { continue };
            if let Some(text) = row.cells.get(&column).filter(|text| !text.trim().is_empty()) {
                entry.cells.insert(field, text.clone());
            }
        }
        // Only what hangs down from above: nothing of its own.
        let has_own = row.cells.keys().any(|column| !row.hanging.contains(column));
        if (entry.cells.is_empty() && row.cells.is_empty()) || !has_own {
            return;
        }
        if Columns::is_numbering(row) && self.is_after_break {
            return;
        }
        let is_hanging = |field: Field| columns.column(field).is_some_and(|column| row.hanging.contains(&column));
        let own_deadline = !entry.text(Field::Deadline).is_empty() && !is_hanging(Field::Deadline);
        let has_hanging_content = is_hanging(Field::Content);
        self.last = row.place;
        if has_hanging_content && !own_deadline {
            // One task over several rows: what is new in this one belongs to it.
            let news: Vec<(Field, String)> =
                entry.cells.into_iter().filter(|(field, _)| !is_hanging(*field) && *field != Field::Number).collect();
            if let Some(last) = self.found.entries.last_mut() {
                for (field, text) in news {
                    last.cells.entry(field).and_modify(|cell| cell.push('\n')).or_default().push_str(&text);
                }
            }
            return;
        }
        if columns.column(Field::Content).is_none() && columns.column(Field::Period).is_none() && entry.cells.is_empty()
        {
            return;
        }
        let first_text = row.cells.values().next().cloned().unwrap_or_default();
        self.take(entry, &first_text, row.cells.len());
        self.is_after_break = false;
    }

    fn placed(&self, place: Place) -> Place {
        // Text has no pages of its own: each repeated header begins one.
        let is_counted = place.page.is_none() && place.table.is_none() && self.page > 1;
        Place { table_page: is_counted.then_some(self.page), ..place }
    }

    /// Finds the number of an entry and whether it goes on with the one above.
    fn take(&mut self, mut entry: Entry, first_text: &str, width: usize) {
        let number_text = one_line(&entry.cells.remove(&Field::Number).unwrap_or_default());
        if let Some(number) = numbering::parse(&number_text) {
            entry.number = Some(number);
        } else if let Some(numbers) = numbering::several(&number_text) {
            return self.several(&entry, numbers);
        } else if let Some((number, rest)) = numbering::split_glued(&number_text) {
            let content = entry.cells.remove(&Field::Content).unwrap_or_default();
            entry.cells.insert(Field::Content, format!("{rest} {content}").trim().to_owned());
            entry.number = Some(number);
        } else if !number_text.is_empty() && !is_bullet(&number_text) {
            if entry.cells.is_empty() && self.is_after_break && !self.found.entries.is_empty() {
                return self.go_on(entry, &number_text);
            }
            let content = entry.cells.remove(&Field::Content).unwrap_or_default();
            entry.cells.insert(Field::Content, format!("{number_text} {content}").trim().to_owned());
            if width > 1 {
                let sentence = format!("ô số thứ tự ghi «{number_text}», không phải số: đã đưa vào nội dung");
                entry.reviews.push(Review::look(sentence));
            }
        }
        if entry.number.is_none() {
            Self::number_within(&mut entry);
        }
        if entry.number.is_none() && is_bullet(&number_text) {
            return self.found.entries.push(entry);
        }
        if entry.number.is_none() && self.goes_on(&entry, first_text) {
            return self.go_on(entry, "");
        }
        if !entry.cells.is_empty() || self.found.work.is_some() {
            self.found.entries.push(entry);
        }
    }

    /// The number may stand before the text in its own cell.
    fn number_within(entry: &mut Entry) {
        let content = entry.text(Field::Content).to_owned();
        let (first, rest) = content.split_once('\n').unwrap_or((&content, ""));
        if let Some((number, text)) = numbering::split_glued(first) {
            entry.cells.insert(Field::Content, format!("{text}\n{rest}").trim().to_owned());
            entry.number = Some(number);
        }
    }

    fn goes_on(&self, entry: &Entry, first_text: &str) -> bool {
        let Some(last) = self.found.entries.last() else { return false };
        let content = entry.text(Field::Content);
        let has_period = !entry.text(Field::Period).is_empty();
        if content.is_empty() {
            return !has_period && self.found.work.is_none();
        }
        let is_named = !entry.text(Field::Lead).is_empty() || !entry.text(Field::Units).is_empty();
        let is_dated = !entry.text(Field::Deadline).is_empty();
        let starts_small = content.chars().next().is_some_and(char::is_lowercase);
        if numbering::is_shouted(content) && !last.is_task() && self.is_after_break {
            return numbering::is_shouted(last.text(Field::Content));
        }
        if numbering::is_shouted(content) {
            return false;
        }
        if self.is_after_break && !(is_named && is_dated) {
            return last.is_task() || starts_small;
        }
        if starts_small && !is_bullet(first_text) {
            return !(is_named && is_dated);
        }
        !is_named && !is_dated && last.is_task() && first_text.trim() == content && is_bullet(content)
    }

    /// The row above goes on with this one.
    fn go_on(&mut self, entry: Entry, more: &str) {
        let is_certain = self.is_after_break;
        let Some(last) = self.found.entries.last_mut() else { return };
        if !more.is_empty() {
            last.append(Field::Content, more);
        }
        for (field, text) in entry.cells {
            last.append(field, &text);
        }
        if !is_certain {
            let sentence = format!("đã nối thêm {} không có số thứ tự", entry.place);
            last.reviews.push(Review::look(sentence));
        }
        self.is_after_break = false;
    }

    /// Two rows typed into one: each number gets its deadline, and its part of the text where that can be told.
    fn several(&mut self, entry: &Entry, numbers: Vec<Number>) {
        let count = numbers.len();
        let contents = cut_content(entry.text(Field::Content), count);
        let deadlines = cut_deadline(entry.text(Field::Deadline), count);
        for (n, number) in numbers.into_iter().enumerate() {
            let mut one = Entry { number: Some(number), ..entry.clone() };
            if let Some(contents) = &contents {
                one.cells.insert(Field::Content, contents[n].clone());
            }
            if let Some(deadlines) = &deadlines {
                one.cells.insert(Field::Deadline, deadlines[n].clone());
            }
            one.reviews.push(Review::must(format!(
                "{count} số thứ tự nằm chung một dòng: xem lại nội dung, thời hạn từng việc"
            )));
            self.found.entries.push(one);
        }
        self.is_after_break = false;
    }

    /// Text between rows: a heading that lost its columns, or the rest of the row above.
    fn paragraph(&mut self, text: &str, place: Place) {
        let is_next_line = place.table.is_none() && self.last.table.is_none() && place.line == self.last.line + 1;
        let is_inside = self.columns.is_some() && self.table.is_none();
        if is_inside
            && let Some((number, title)) = numbering::split_glued(text).filter(|(n, title)| {
                matches!(n.marker, Marker::Roman(_) | Marker::Upper(_)) && numbering::is_shouted(title)
            })
        {
            let cells = [(Field::Content, title.to_owned())].into_iter().collect();
            let entry = Entry { number: Some(number), cells, place: self.placed(place), reviews: Vec::new() };
            self.found.entries.push(entry);
            self.last = place;
            self.is_after_break = false;
        } else if is_inside && is_next_line && !ends_annex(text) && !self.found.entries.is_empty() {
            if let Some(last) = self.found.entries.last_mut() {
                let field = last.cells.keys().copied().filter(|f| *f != Field::Other).max().unwrap_or(Field::Content);
                last.append(field, text);
                last.reviews.push(Review::look(format!("đã nối thêm dòng chữ rời ở {place}")));
            }
            self.last = place;
        } else {
            self.found.paragraphs.push(text.to_owned());
        }
    }
}

/// In the order in which a row's last text is looked for.
const FIELDS: [Field; 9] = [
    Field::Number,
    Field::Content,
    Field::Lead,
    Field::Coordinating,
    Field::Units,
    Field::Deadline,
    Field::Period,
    Field::Product,
    Field::Other,
];

fn is_bullet(text: &str) -> bool {
    text.starts_with(['-', '+', '•', '–', '*', '\u{f0b7}']) && !text.starts_with("**")
}

/// Whether a table without a header goes on with the one before: with a number, or with the rest of a row.
fn may_go_on(columns: &Columns, row: &TableRow) -> bool {
    let number = columns.column(Field::Number).and_then(|column| row.cells.get(&column));
    match number {
        Some(text) => numbering::parse(text).is_some() || numbering::split_glued(text).is_some(),
        None => row.cells.len() > 1 && !row.cells.values().any(|text| ends_annex(text)),
    }
}

/// What stands below an annex.
fn ends_annex(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["nơi nhận", "ghi chú", "giám đốc", "người lập", "chủ tịch", "- ", "tm.", "kt.", "tl."]
        .iter()
        .any(|w| lower.starts_with(w))
}

/// "Ngày tiếp công dân" above the days: the work is "Tiếp công dân".
fn work_of(header: &str) -> String {
    let work = header.strip_prefix("Ngày ").or_else(|| header.strip_prefix("NGÀY ")).unwrap_or(header);
    let mut letters = work.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A text in as many parts as there are numbers: by its lines, else where a capital follows a small word.
fn cut_content(text: &str, count: usize) -> Option<Vec<String>> {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() == count {
        return Some(lines);
    }
    if count != 2 {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_small = |word: &str| word.chars().all(|c| c.is_lowercase() || c.is_ascii_punctuation());
    let at = (2..words.len()).find(|at| {
        let mut letters = words[*at].chars();
        let is_name = letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
        is_small(words[at - 1]) && is_name
    })?;
    Some(vec![words[..at].join(" "), words[at..].join(" ")])
}

/// A cell with as many deadlines as there are numbers, where each can be read.
fn cut_deadline(text: &str, count: usize) -> Option<Vec<String>> {
    let by_lines = || text.lines().map(str::to_owned).collect::<Vec<_>>();
    let by_words = || text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    [by_lines(), by_words()]
        .into_iter()
        .find(|parts| parts.len() == count && parts.iter().all(|part| read_phrase(part, YearContext::Unknown).is_ok()))
}

/// Without a header: the columns by what stands in them. `None` when nothing looks like a deadline.
pub(super) fn guess_columns(blocks: &[Block]) -> Option<Columns> {
    let rows: Vec<&TableRow> = blocks.iter().filter_map(as_row).take(400).collect();
    let last = rows.iter().filter_map(|row| row.cells.keys().max()).max().copied()?;
    let share = |column: u16, is: &dyn Fn(&str) -> bool| {
        let texts: Vec<&String> = rows.iter().filter_map(|row| row.cells.get(&column)).collect();
        let hits = texts.iter().filter(|text| is(text)).count();
        (hits >= 3 && hits * 5 >= rows.len() * 3).then_some(hits)
    };
    let is_dated = |text: &str| {
        text.chars().any(|c| c.is_ascii_digit())
            && read_phrase(&one_line(text), YearContext::Unknown).is_ok_and(|r| r.has_dates())
    };
    let is_number = |text: &str| numbering::parse(text).is_some() || numbering::several(text).is_some();
    let number = (0..=last).find(|column| share(*column, &is_number).is_some());
    let others = || (0..=last).filter(|column| Some(*column) != number);
    let deadline = others().filter_map(|c| share(c, &is_dated).map(|hits| (hits, c))).max()?.1;
    let length =
        |column: u16| rows.iter().filter_map(|r| r.cells.get(&column)).map(|text| text.chars().count()).sum::<usize>();
    let content = others().filter(|column| *column != deadline).max_by_key(|column| length(*column))?;
    (length(content) > 0).then(|| Columns::guessed(number, content, deadline))
}

/// Reads the rows of a table without a header, whose columns were guessed.
pub(super) fn collect_guessed(blocks: &[Block], columns: Columns) -> Found {
    let mut collecting = Collecting { columns: Some(columns), page: 1, ..Collecting::default() };
    for block in blocks {
        match block {
            Block::Row(row) => {
                collecting.table = row.place.table;
                collecting.entry(row);
            }
            Block::Paragraph(text, _) => collecting.found.paragraphs.push(text.clone()),
        }
    }
    let remark = "bảng không có dòng tiêu đề: cột nội dung, thời hạn được đoán theo chữ trong ô; xem lại";
    collecting.found.remarks.push(remark.to_owned());
    collecting.found
}
