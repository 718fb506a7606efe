//! Owns what kind of document some bytes are and hands each to its reader; names of files lie.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::{
    Refused,
    columns::{self, Columns},
    document::{Block, Place, TableRow, tidy},
    docx::{self, Package},
    text,
};
use crate::source::table::{SheetRow, Unreadable, read_cells, read_text};

/// The blocks of a document.
pub(super) fn read_blocks(bytes: &[u8]) -> Result<Vec<Block>, Refused> {
    if bytes.starts_with(b"PK") {
        return match docx::package(bytes)? {
            Package::Document => docx::read(bytes),
            Package::Workbook => sheet_blocks(bytes),
            Package::Other => Err(Refused::NotADocument),
        };
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return compound_blocks(bytes);
    }
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"%PDF") {
        return Err(Refused::Pdf);
    }
    match read_text(bytes)? {
        Some(content) => text_blocks(bytes, &content),
        None => sheet_blocks(bytes),
    }
}

/// Old Word, old Excel and everything with a password come in the same kind of file.
fn compound_blocks(bytes: &[u8]) -> Result<Vec<Block>, Refused> {
    let has_stream = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.windows(wide.len()).any(|window| window == wide)
    };
    if has_stream("EncryptedPackage") || has_stream("EncryptionInfo") {
        Err(Refused::Protected)
    } else if has_stream("WordDocument") {
        Err(Refused::OldWord)
    } else {
        sheet_blocks(bytes)
    }
}

fn text_blocks(bytes: &[u8], content: &str) -> Result<Vec<Block>, Refused> {
    let blocks = text::read(content).ok_or(Refused::Inflates)?;
    let has_rows = blocks.iter().any(|block| matches!(block, Block::Row(_)));
    if has_rows {
        return Ok(blocks);
    }
    // Columns between commas or semicolons, as spreadsheets save them.
    let Ok(separated) = sheet_blocks(bytes) else { return Ok(blocks) };
    let has_header = separated.iter().any(|block| matches!(block, Block::Row(row) if Columns::of(row).is_some()));
    Ok(if has_header { separated } else { blocks })
}

fn sheet_blocks(bytes: &[u8]) -> Result<Vec<Block>, Refused> {
    let is_wanted = |rows: &[SheetRow]| rows.iter().take(60).any(|row| Columns::of(&table_row(row)).is_some());
    let rows = read_cells(bytes, &is_wanted).map_err(|error| match error {
        Unreadable::NotATable => Refused::NotADocument,
        other => other.into(),
    })?;
    Ok(rows.iter().map(block).collect())
}

/// A row with a single text above the table is a title; a sheet has no paragraphs.
fn block(row: &SheetRow) -> Block {
    let row = table_row(row);
    match row.cells.values().next() {
        Some(text) if row.cells.len() == 1 && columns::field_of(text).is_none() && is_title(text) => {
            Block::Paragraph(text.clone(), Place { table: Some(1), ..row.place })
        }
        _ => Block::Row(row),
    }
}

fn is_title(text: &str) -> bool {
    let upper = text.to_uppercase();
    ["KẾ HOẠCH", "PHỤ LỤC", "CHƯƠNG TRÌNH", "(KÈM THEO", "(BAN HÀNH KÈM", "CỘNG H", "ĐỘC LẬP"]
        .iter()
        .any(|w| upper.starts_with(w))
}

fn table_row(row: &SheetRow) -> TableRow {
    let cells: BTreeMap<u16, String> =
        row.cells.iter().map(|(column, text)| (*column, tidy(text))).filter(|(_, text)| !text.is_empty()).collect();
    TableRow {
        cells,
        hanging: Vec::new(),
        place: Place { table: None, line: row.number, page: None, ..Place::default() },
    }
}

/// A date that a spreadsheet keeps as a number of days.
pub(super) fn date_of_serial(text: &str) -> Option<String> {
    let serial: u64 = text.parse().ok().filter(|n| (36_526..73_051).contains(n))?;
    let day = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(serial))?;
    Some(day.format("%d/%m/%Y").to_string())
}
