//! Owns how a file exported from a one-stop system becomes rows of values; refuses what it cannot trust.
//!
//! Where a system has no interface, an officer exports its list by hand. Such files carry any name over
//! any content, titles and signatures around the table, and codes and dates a spreadsheet has bent. What
//! is certain is used, what is doubtful is reported by row, and no file may panic or fill the memory.

mod biff;
mod code;
mod compound;
mod field;
mod grid;
mod header;
mod html;
mod lines;
mod moment;
mod separated;
mod shared_texts;
mod sniffing;
pub(crate) mod wording;
mod workbook;

use std::collections::BTreeMap;

pub use field::{Field, HeaderWords};
use header::Header;
use sniffing::Kind;

/// Larger files are not read: a province's list of a year is a tenth of it.
pub const MAX_BYTES: usize = 32 << 20;

/// What an exported file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// One row for each code, in the order of the file.
    pub rows: Vec<ExportRow>,
    /// What could not be used, in Vietnamese, with row numbers; never a name or another cell's text.
    pub remarks: Vec<String>,
}

/// A row that names a dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// As the person sees it in a spreadsheet, from 1.
    pub number: u32,
    /// The last name that stood alone in a row above, as units do.
    pub group: Option<String>,
    /// Clean texts, never empty; dates as `dd/MM/yyyy HH:mm:ss`, or `dd/MM/yyyy` when no time was given.
    pub values: BTreeMap<Field, String>,
}

/// Why nothing of a file can be used, by what the officer can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("the file is too large")]
    TooLarge,
    /// It has more rows than are read.
    #[error("the table has too many rows")]
    TooManyRows,
    /// A small file that would fill the memory.
    #[error("the file expands beyond all measure")]
    Inflates,
    /// It is encrypted.
    #[error("the workbook is protected by a password")]
    PasswordProtected,
    /// A workbook of the time before Excel 97.
    #[error("the workbook's format is too old")]
    TooOld,
    /// A workbook that is cut short or broken.
    #[error("the workbook is damaged")]
    Damaged,
    /// Something else, such as a PDF.
    #[error("the file holds no table")]
    NotATable,
    /// A quotation mark swallows the rest of a text file.
    #[error("a quotation mark in row {row} is not closed")]
    OpenQuote {
        /// The row it stands in.
        row: u32,
    },
    /// No row names both a code and a due date.
    #[error("no header with a code and a due date")]
    NoHeader {
        /// The fields of the row that named most.
        found: Vec<Field>,
    },
}

impl Unreadable {
    /// What is wrong and what to do, in Vietnamese.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Empty => "tệp trống; hãy xuất lại danh sách hồ sơ từ hệ thống một cửa".to_owned(),
            Self::TooLarge => {
                "tệp lớn hơn 32 MB nên không đọc; hãy lọc bớt, chỉ xuất hồ sơ đang giải quyết".to_owned()
            }
            Self::TooManyRows => {
                "bảng có quá 200.000 dòng nên không đọc; hãy lọc bớt, chỉ xuất hồ sơ đang giải quyết".to_owned()
            }
            Self::Inflates => {
                "tệp giãn ra quá lớn khi mở, có thể bị hỏng hoặc là tệp độc hại nên không đọc; hãy xuất lại từ hệ thống một cửa"
                    .to_owned()
            }
            Self::PasswordProtected => {
                "tệp Excel có mật khẩu nên không đọc được; hãy mở tệp, bỏ mật khẩu rồi lưu lại".to_owned()
            }
            Self::TooOld => {
                "tệp Excel kiểu quá cũ (trước Excel 97); hãy mở bằng Excel rồi lưu lại thành .xlsx".to_owned()
            }
            Self::Damaged => {
                "tệp Excel hỏng hoặc tải về chưa hết; hãy xuất lại, hoặc mở bằng Excel rồi lưu lại thành .xlsx"
                    .to_owned()
            }
            Self::NotATable => {
                "tệp không phải bảng tính (.xlsx, .xls), bảng HTML hay .csv; hãy xuất lại danh sách ở dạng Excel"
                    .to_owned()
            }
            Self::OpenQuote { row } => {
                format!("dòng {row} có dấu ngoặc kép không đóng, các dòng sau sẽ bị mất; hãy sửa dòng này hoặc xuất ra .xlsx")
            }
            Self::NoHeader { found } => no_header(found),
        }
    }
}

/// A row of a sheet as text, for readers of other tables than lists of dossiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SheetRow {
    /// As the person sees it in a spreadsheet, from 1.
    pub number: u32,
    /// By column from 0, in order; a date is still its serial.
    pub cells: Vec<(u16, String)>,
}

/// The rows of the first sheet that `is_wanted`, or else of the first with anything in it.
///
/// # Errors
/// When the file cannot be read at all.
pub(crate) fn read_cells(bytes: &[u8], is_wanted: &dyn Fn(&[SheetRow]) -> bool) -> Result<Vec<SheetRow>, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let has_header = |grid: &grid::Grid| is_wanted(&sheet_rows(grid));
    let count_cells = |grid: &grid::Grid| if has_header(grid) { usize::MAX } else { 0 };
    let grid = match sniffing::sniff(bytes)? {
        Kind::Xlsx => workbook::read(bytes, &has_header)?,
        Kind::Compound => biff::read(bytes, &has_header)?,
        Kind::Html(page) => html::read(&page)?,
        Kind::Text(text) => separated::read(&text, &count_cells)?,
    };
    Ok(sheet_rows(&grid))
}

fn sheet_rows(grid: &grid::Grid) -> Vec<SheetRow> {
    let text = |cell: &grid::Cell| match cell {
        grid::Cell::Text(text) => text.clone(),
        grid::Cell::Number(number) => number.to_string(),
    };
    let row = |row: &grid::Row| SheetRow {
        number: row.number,
        cells: row.cells.iter().map(|(column, cell)| (*column, text(cell))).collect(),
    };
    grid.rows.iter().map(row).collect()
}

/// The text of a file that is neither a workbook nor a page; `None` for those.
///
/// # Errors
/// When it is no text.
pub(crate) fn read_text(bytes: &[u8]) -> Result<Option<String>, Unreadable> {
    Ok(match sniffing::sniff(bytes)? {
        Kind::Text(text) => Some(text.into_owned()),
        Kind::Xlsx | Kind::Compound | Kind::Html(_) => None,
    })
}

fn no_header(found: &[Field]) -> String {
    let names = |fields: &[Field]| fields.iter().map(|f| format!("«{}»", f.label())).collect::<Vec<_>>().join(", ");
    let missing: Vec<Field> = [Field::Code, Field::DueAt].into_iter().filter(|field| !found.contains(field)).collect();
    let seen = if found.is_empty() {
        "không thấy cột nào quen".to_owned()
    } else {
        format!("chỉ thấy {}", names(found))
    };
    format!(
        "không tìm thấy dòng tiêu đề trong 20 dòng đầu: {seen}, thiếu {}; hãy xuất lại có đủ các cột này, hoặc khai tên cột của cơ quan trong cấu hình",
        names(&missing)
    )
}

/// Reads an exported file, whatever its name.
///
/// # Errors
/// When nothing of it can be used; single bad rows are remarks.
pub fn read_export(bytes: &[u8], words: &HeaderWords) -> Result<Export, Unreadable> {
    if bytes.len() > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let has_header = |grid: &grid::Grid| Header::find(grid, words).is_ok();
    let count_fields = |grid: &grid::Grid| Header::find(grid, words).map_or_else(|f| f.len(), |h| h.fields().count());
    let grid = match sniffing::sniff(bytes)? {
        Kind::Xlsx => workbook::read(bytes, &has_header)?,
        Kind::Compound => biff::read(bytes, &has_header)?,
        Kind::Html(page) => html::read(&page)?,
        Kind::Text(text) => separated::read(&text, &count_fields)?,
    };
    if grid.rows.is_empty() {
        return Err(Unreadable::Empty);
    }
    let header = Header::find(&grid, words).map_err(|found| Unreadable::NoHeader { found })?;
    Ok(lines::read_rows(grid, &header))
}
