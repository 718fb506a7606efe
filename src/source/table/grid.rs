//! Owns the cells of a sheet, whatever file they came from, and how many of them are kept.

use super::{Unreadable, wording::clean};

/// More rows than a province hands out in a year.
pub(super) const MAX_ROWS: usize = 200_000;
/// A row of any known export has fewer than twenty columns.
const MAX_COLUMNS: u32 = 128;
const MAX_CELLS: usize = MAX_ROWS * 15;
/// One shared text can be named by every cell of a sheet: what counts is what they hold together.
const MAX_TEXT: usize = 64 << 20;
/// What a cell costs beside its text, in bytes.
const CELL_COST: usize = 8;
/// Sheets looked at for a header.
const MAX_SHEETS: usize = 10;

/// What a cell holds; an empty one is not kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Clean text.
    Text(String),
    /// A number, or a date as its serial.
    Number(f64),
}

/// A row with something in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// As the person sees it, from 1.
    pub number: u32,
    /// By column, in order.
    pub cells: Vec<(u16, Cell)>,
}

impl Row {
    pub(super) fn cell(&self, column: u16) -> Option<&Cell> {
        let at = self.cells.binary_search_by_key(&column, |(column, _)| *column).ok()?;
        Some(&self.cells[at].1)
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().filter_map(|(_, cell)| match cell {
            Cell::Text(text) => Some(text.as_str()),
            Cell::Number(_) => None,
        })
    }
}

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    /// The rows with something in them, in order.
    pub rows: Vec<Row>,
    /// Whether serials count from 1904.
    pub is_1904: bool,
}

/// A cell that stands for those below it, too. Rows and columns from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct MergedCell {
    pub row: u32,
    pub last_row: u32,
    pub column: u32,
}

/// Collects cells in any order and refuses too many of them.
#[derive(Debug, Default)]
pub(super) struct GridBuilder {
    cells: Vec<(u32, u16, Cell)>,
    text: usize,
}

impl GridBuilder {
    pub(super) fn push_text(&mut self, row: u32, column: u32, text: &str) -> Result<(), Unreadable> {
        // Before it is cleaned: a blank cell has to be read as well.
        self.text += text.len() + CELL_COST;
        if self.text > MAX_TEXT {
            return Err(Unreadable::Inflates);
        }
        let text = clean(text);
        if text.is_empty() { Ok(()) } else { self.push(row, column, Cell::Text(text)) }
    }

    pub(super) fn push_number(&mut self, row: u32, column: u32, number: f64) -> Result<(), Unreadable> {
        self.push(row, column, Cell::Number(number))
    }

    fn push(&mut self, row: u32, column: u32, cell: Cell) -> Result<(), Unreadable> {
        let Some(column) = u16::try_from(column).ok().filter(|c| u32::from(*c) < MAX_COLUMNS) else { return Ok(()) };
        if self.cells.len() >= MAX_CELLS {
            return Err(Unreadable::TooManyRows);
        }
        self.cells.push((row, column, cell));
        Ok(())
    }

    pub(super) fn finish(mut self, merged: &[MergedCell], is_1904: bool) -> Result<Grid, Unreadable> {
        self.cells.sort_by_key(|(row, column, _)| (*row, *column));
        self.cells.dedup_by_key(|(row, column, _)| (*row, *column));
        let mut rows: Vec<Row> = Vec::new();
        for (row, column, cell) in self.cells {
            let number = row.saturating_add(1);
            if rows.last().is_none_or(|last| last.number != number) {
                rows.push(Row { number, cells: Vec::new() });
            }
            if let Some(last) = rows.last_mut() {
                last.cells.push((column, cell));
            }
        }
        if rows.len() > MAX_ROWS {
            return Err(Unreadable::TooManyRows);
        }
        fill_down(&mut rows, merged, self.text)?;
        Ok(Grid { rows, is_1904 })
    }
}

/// Repeats a merged cell in the rows below it that hold something: two steps of one dossier share its code.
fn fill_down(rows: &mut [Row], merged: &[MergedCell], mut text: usize) -> Result<(), Unreadable> {
    let mut visits = 0;
    for merge in merged.iter().filter(|m| m.last_row > m.row && m.column < MAX_COLUMNS) {
        let Ok(column) = u16::try_from(merge.column) else { continue };
        let Ok(top) = rows.binary_search_by_key(&merge.row.saturating_add(1), |row| row.number) else { continue };
        let Some(cell) = rows[top].cell(column).cloned() else { continue };
        for row in rows[top + 1..].iter_mut().take_while(|row| row.number <= merge.last_row.saturating_add(1)) {
            visits += 1;
            text += if let Cell::Text(t) = &cell { t.len() } else { 0 };
            if visits > MAX_CELLS || text > MAX_TEXT {
                return Err(Unreadable::Inflates);
            }
            if let Err(at) = row.cells.binary_search_by_key(&column, |(column, _)| *column) {
                row.cells.insert(at, (column, cell.clone()));
            }
        }
    }
    Ok(())
}

/// The first sheet with a header, or else the first with anything in it.
pub(super) fn choose_sheet(
    sheets: impl Iterator<Item = Result<Grid, Unreadable>>,
    has_header: &dyn Fn(&Grid) -> bool,
) -> Result<Grid, Unreadable> {
    let mut first = None;
    for sheet in sheets.take(MAX_SHEETS) {
        let sheet = sheet?;
        if has_header(&sheet) {
            return Ok(sheet);
        }
        if first.is_none() && !sheet.rows.is_empty() {
            first = Some(sheet);
        }
    }
    first.ok_or(Unreadable::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_rows_and_too_much_text_are_refused_while_they_are_read() {
        let mut grid = GridBuilder::default();
        for row in 0..=u32::try_from(MAX_ROWS).expect("fits") {
            grid.push_number(row, 0, 1.0).expect("few cells");
        }
        assert_eq!(grid.finish(&[], false), Err(Unreadable::TooManyRows));

        let long = "x".repeat(1 << 20);
        let mut grid = GridBuilder::default();
        let refused = (0..100).find_map(|row| grid.push_text(row, 0, &long).err());
        assert_eq!(refused, Some(Unreadable::Inflates));
    }

    #[test]
    fn a_merged_cell_reaches_the_rows_below_but_no_others() {
        let mut grid = GridBuilder::default();
        for row in 0..4 {
            grid.push_number(row, 1, f64::from(row)).expect("few cells");
        }
        grid.push_text(1, 0, "HS-1").expect("few cells");
        let grid = grid.finish(&[MergedCell { row: 1, last_row: 2, column: 0 }], false).expect("a grid");
        let filled: Vec<bool> = grid.rows.iter().map(|row| row.cell(0).is_some()).collect();
        assert_eq!(filled, [false, true, true, false]);
    }
}
