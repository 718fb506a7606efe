//! Owns what every kind of file becomes before it is understood: paragraphs and rows of cells, with their places.

use std::{collections::BTreeMap, fmt};

/// Where something stands in the document, as a person would look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Place {
    /// The table, from 1, where the file has tables.
    pub table: Option<u32>,
    /// The row of the table or sheet, or the line of the text, from 1.
    pub line: u32,
    /// The page of the document, from 1, where it is known.
    pub page: Option<u32>,
    /// The page of the table, counted by its repeated headers, where nothing else tells pages apart.
    pub table_page: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = self.table {
            write!(f, "bảng {table}, ")?;
        }
        write!(f, "dòng {}", self.line)?;
        if let Some(page) = self.page {
            write!(f, ", trang {page}")?;
        } else if let Some(page) = self.table_page {
            write!(f, ", trang {page} của bảng")?;
        }
        Ok(())
    }
}

/// A row of a table; lines within a cell stay apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableRow {
    /// By column from 0; empty cells are left out.
    pub cells: BTreeMap<u16, String>,
    /// The columns whose text hangs down from the row above.
    pub hanging: Vec<u16>,
    pub place: Place,
}

/// A part of the document, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Text outside of tables.
    Paragraph(String, Place),
    /// A row of a table.
    Row(TableRow),
}

/// The text in NFC with single spaces, its lines kept apart, without empty ones.
pub(super) fn tidy(text: &str) -> String {
    let lines = text.lines().map(crate::source::table::wording::clean);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The lines as one.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
