//! Owns what each row below the header is: a dossier, a unit's name, a footer, or a row to report.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
};

use super::{
    Export, ExportRow,
    code::{LostDigits, read_code, whole},
    field::Field,
    grid::{Cell, Grid, Row},
    header::Header,
    moment::Moment,
    wording::{heading, shortened, without_marks},
};

/// Remarks kept; a clerk reads no more.
const MAX_REMARKS: usize = 200;
/// Characters of a code or a date shown in a remark.
const SHOWN: usize = 60;
/// Characters of a unit's name.
const GROUP_NAME: usize = 200;

/// Starts of rows that add up, count or comment.
const SUMS: [&str; 6] = ["TỔNG CỘNG", "TỔNG SỐ", "TONG SO", "GHI CHÚ", "DANH SÁCH CÓ", "DANH SÁCH NÀY CÓ"];
/// The same where a number or nothing follows: a unit may be called «Tổng cục», «Cộng đồng» or «Trang trại».
const COUNTS: [&str; 4] = ["TỔNG", "CỘNG", "TONG CONG", "TRANG"];
/// Starts of the signature below a table, without marks.
const SIGNATURES: [&str; 6] = ["NGUOI LAP", "NGUOI XUAT", "THU TRUONG", "KY GHI RO", "KY TEN", "XAC NHAN CUA"];

/// Reads the rows below the header.
pub(super) fn read_rows(grid: Grid, header: &Header) -> Export {
    let mut reading = Reading::below(header, grid.is_1904);
    for row in grid.rows.into_iter().skip(header.first_row) {
        reading.read(row);
    }
    reading.finish()
}

struct Reading<'a> {
    header: &'a Header,
    is_1904: bool,
    group: Option<String>,
    is_below_table: bool,
    rows: Vec<(ExportRow, Option<Moment>)>,
    by_code: HashMap<String, usize>,
    remarks: Vec<String>,
    unsaid: usize,
}

impl<'a> Reading<'a> {
    fn below(header: &'a Header, is_1904: bool) -> Self {
        Self {
            header,
            is_1904,
            group: None,
            is_below_table: false,
            rows: Vec::new(),
            by_code: HashMap::new(),
            remarks: Vec::new(),
            unsaid: 0,
        }
    }

    fn read(&mut self, row: Row) {
        if self.header.is_repeated_by(&row) {
            self.is_below_table = false;
        } else if self.is_surely_dossier(&row) {
            self.is_below_table = false;
            self.read_dossier(row);
        } else if is_signature(&row) {
            // Below it names stand alone, as units do above.
            self.is_below_table = true;
            self.group = None;
        } else if !(self.is_below_table || is_sum(&row)) {
            match self.group_name(&row) {
                Some(name) => self.group = Some(shortened(name, GROUP_NAME)),
                None => self.read_dossier(row),
            }
        }
    }

    /// A code with a due date, or what looks like nothing but a code: no later word of the row makes it a footer.
    fn is_surely_dossier(&self, row: &Row) -> bool {
        let Some(code) = self.code_cell(row) else { return false };
        !is_sum(row) && (self.due(row).is_some() || looks_like_code(code))
    }

    fn code_cell<'r>(&self, row: &'r Row) -> Option<&'r Cell> {
        row.cell(self.header.column(Field::Code)?)
    }

    fn due(&self, row: &Row) -> Option<Moment> {
        Moment::read(row.cell(self.header.column(Field::DueAt)?)?, self.is_1904)
    }

    /// The only text of a row, beside an ordinal.
    fn group_name<'r>(&self, row: &'r Row) -> Option<&'r str> {
        let mut named = row.cells.iter().filter(|(_, cell)| !is_ordinal(cell));
        let (column, Cell::Text(text)) = named.next().filter(|_| named.next().is_none())? else { return None };
        let stands_first = row.cells.iter().take_while(|(at, _)| at != column).all(|(_, cell)| is_ordinal(cell));
        let name = without_ordinal(text);
        let is_name = stands_first && self.header.can_hold_a_name(*column) && name.contains(char::is_alphabetic);
        is_name.then_some(name)
    }

    fn read_dossier(&mut self, row: Row) {
        let code = match self.code_cell(&row).map(read_code) {
            Some(Ok(code)) if !code.is_empty() => code,
            Some(Err(LostDigits(left))) => return self.remark(row.number, &lost_code(&left)),
            Some(Ok(_)) | None => return self.remark(row.number, "thiếu mã hồ sơ nên không dùng được"),
        };
        let due = self.due(&row);
        if due.is_none() && !code.contains(|c: char| c.is_ascii_digit()) {
            return self.remark(row.number, "ô mã hồ sơ không giống một mã hồ sơ nên không dùng được");
        }
        let group = self.group.clone();
        let read = ExportRow { number: row.number, group, values: self.values(row, &code) };
        self.keep(code, read, due);
    }

    fn values(&mut self, mut row: Row, code: &str) -> BTreeMap<Field, String> {
        let mut values = BTreeMap::from([(Field::Code, code.to_owned())]);
        for (field, column) in self.header.fields().filter(|(field, _)| *field != Field::Code) {
            let Ok(at) = row.cells.binary_search_by_key(&column, |(column, _)| *column) else { continue };
            let cell = mem::replace(&mut row.cells[at].1, Cell::Number(0.0));
            let value = if field.is_date() { self.date(row.number, field, &cell) } else { Some(plain(field, cell)) };
            values.extend(value.map(|value| (field, value)));
        }
        values
    }

    fn date(&mut self, number: u32, field: Field, cell: &Cell) -> Option<String> {
        let read = Moment::read(cell, self.is_1904).map(Moment::text);
        if read.is_none() && !is_dash(cell) {
            self.remark(number, &wrong_date(field, cell));
        }
        read
    }

    /// One row a code: of several steps, the one that is due first.
    fn keep(&mut self, code: String, row: ExportRow, due: Option<Moment>) {
        match self.by_code.get(&code) {
            None => {
                self.by_code.insert(code, self.rows.len());
                self.rows.push((row, due));
            }
            Some(at) => {
                let kept = &mut self.rows[*at];
                let is_earlier = due.is_some_and(|due| kept.1.is_none_or(|other| due.end() < other.end()));
                if is_earlier {
                    *kept = (row, due);
                }
            }
        }
    }

    fn remark(&mut self, number: u32, sentence: &str) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(format!("dòng {number}: {sentence}"));
        } else {
            self.unsaid += 1;
        }
    }

    fn finish(mut self) -> Export {
        if self.unsaid > 0 {
            self.remarks.push(format!("và {} lỗi khác ở các dòng sau", self.unsaid));
        }
        Export { rows: self.rows.into_iter().map(|(row, _)| row).collect(), remarks: self.remarks }
    }
}

fn lost_code(left: &str) -> String {
    format!(
        "mã hồ sơ «{}» đã bị bảng tính đổi thành số và mất chữ số nên không dùng được; hãy đặt cột mã hồ sơ là kiểu văn bản (Text) rồi xuất lại",
        shortened(left, SHOWN)
    )
}

/// Shows the date only when nothing but a date can be in it: columns may have slipped.
fn wrong_date(field: Field, cell: &Cell) -> String {
    let text = match cell {
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    };
    let name = field.label().to_lowercase();
    if text.chars().all(|c| c.is_ascii_digit() || "/:-.,hgTZ+ ".contains(c)) {
        format!("{name} «{}» không có thật hoặc không đọc được, coi như để trống", shortened(&text, SHOWN))
    } else {
        format!("ô {name} không chứa ngày, coi như để trống")
    }
}

fn is_dash(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if !text.contains(char::is_alphanumeric))
}

/// The text of a cell that holds no date. The codes of procedures have six decimals: `1.00119` is `1.001190`.
fn plain(field: Field, cell: Cell) -> String {
    match cell {
        Cell::Text(text) => text,
        Cell::Number(number) => match whole(number) {
            Some(digits) => digits,
            None if field == Field::ProcedureCode => format!("{number:.6}"),
            None => number.to_string(),
        },
    }
}

/// `12`, `IV`, `a)`.
fn is_ordinal(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) => true,
        Cell::Text(text) => is_ordinal_word(text),
    }
}

fn is_ordinal_word(word: &str) -> bool {
    let word = word.trim_matches(['.', ')', '(', '/', '-']);
    let is_roman = !word.is_empty() && word.bytes().all(|b| b"IVXLivxl".contains(&b));
    let is_number = word.len() <= 6 && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    is_number || is_roman || word.len() == 1 && word.is_ascii()
}

fn without_ordinal(text: &str) -> &str {
    match text.split_once(' ') {
        Some((first, rest)) if first.ends_with(['.', ')', '-']) && is_ordinal_word(first) => rest,
        _ => text,
    }
}

/// Digits, and no spaces.
fn looks_like_code(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) => true,
        Cell::Text(text) => !text.contains(' ') && text.contains(|c: char| c.is_ascii_digit()),
    }
}

/// What follows a word at the start of a heading.
fn after_word<'t>(heading: &'t str, word: &str) -> Option<&'t str> {
    heading.strip_prefix(word).filter(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn is_signature(row: &Row) -> bool {
    row.texts().map(|text| without_marks(&heading(&shortened(text, SHOWN)))).any(|text| {
        SIGNATURES.iter().any(|word| after_word(&text, word).is_some())
            || text.contains("NGAY ") && text.contains(" THANG ") && text.contains(" NAM")
    })
}

fn is_sum(row: &Row) -> bool {
    let Some(first) = row.texts().next().map(|text| heading(&shortened(text, SHOWN))) else { return false };
    let counts = |rest: &str| rest.trim_start().chars().next().is_none_or(|c| c.is_ascii_digit());
    SUMS.iter().any(|word| after_word(&first, word).is_some())
        || COUNTS.iter().any(|word| after_word(&first, word).is_some_and(counts))
}
