//! Owns where a sheet's header is and which column holds which field; reads no values.

use std::collections::BTreeMap;

use super::{
    field::{Field, HeaderWords},
    grid::{Cell, Grid, Row},
    wording::heading,
};

/// Titles and the national motto stand above the header.
const SEARCHED_ROWS: usize = 20;

type Headings = BTreeMap<u16, String>;

/// A header found.
#[derive(Debug)]
pub(super) struct Header {
    columns: BTreeMap<Field, u16>,
    /// Its one or two rows and the numbering below, as they come again on later pages.
    rows: Vec<Headings>,
    /// Index in the grid of the first row below it.
    pub first_row: usize,
}

impl Header {
    /// Finds the first row that names a code and a due date, alone or with the row below it.
    ///
    /// On failure: the fields of the row that named most.
    pub(super) fn find(grid: &Grid, words: &HeaderWords) -> Result<Self, Vec<Field>> {
        let top: Vec<Headings> = grid.rows.iter().take(SEARCHED_ROWS).map(headings).collect();
        let is_split = |at: &usize| {
            top.get(at + 1).is_some_and(|lower| {
                is_second_row(lower, &top[*at], words) && is_header(&columns(&joined(&top[*at], lower), words))
            })
        };
        let in_one = (0..top.len()).find(|at| is_header(&columns(&top[*at], words)));
        let Some(at) = in_one.or_else(|| (0..top.len()).find(is_split)) else {
            let named = top.iter().map(|names| columns(names, words)).max_by_key(BTreeMap::len);
            return Err(named.unwrap_or_default().into_keys().collect());
        };
        Ok(Self::starting_at(at, &grid.rows, words))
    }

    fn starting_at(at: usize, rows: &[Row], words: &HeaderWords) -> Self {
        let mut own = vec![headings(&rows[at])];
        let mut names = own[0].clone();
        if let Some(sub) = rows.get(at + 1).map(headings).filter(|sub| is_second_row(sub, &names, words)) {
            names = joined(&names, &sub);
            own.push(sub);
        }
        if let Some(row) = rows.get(at + own.len()).filter(|row| is_numbering(row)) {
            own.push(headings(row));
        }
        Self { columns: columns(&names, words), first_row: at + own.len(), rows: own }
    }

    /// The column of a field.
    pub(super) fn column(&self, field: Field) -> Option<u16> {
        self.columns.get(&field).copied()
    }

    /// The fields with a column.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Field, u16)> {
        self.columns.iter().map(|(field, column)| (*field, *column))
    }

    /// Whether a unit's name may stand there: at the left, or where no other value than the code is expected.
    pub(super) fn can_hold_a_name(&self, column: u16) -> bool {
        let leftmost = self.rows.iter().filter_map(|row| row.keys().next()).min();
        let is_taken = self.fields().any(|(field, taken)| taken == column && field != Field::Code);
        leftmost.is_none_or(|leftmost| column <= *leftmost) || !is_taken
    }

    /// Whether a row is the header again, at the top of a later page.
    pub(super) fn is_repeated_by(&self, row: &Row) -> bool {
        self.rows.iter().any(|own| {
            own.len() == row.cells.len()
                && row
                    .cells
                    .iter()
                    .zip(own)
                    .all(|((at, cell), (column, name))| at == column && *name == cell_heading(cell))
        })
    }
}

fn headings(row: &Row) -> Headings {
    row.cells.iter().map(|(column, cell)| (*column, cell_heading(cell))).collect()
}

fn cell_heading(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => heading(text),
        Cell::Number(number) => number.to_string(),
    }
}

/// The lower row's names over those of the row above.
fn joined(upper: &Headings, lower: &Headings) -> Headings {
    let mut names = upper.clone();
    names.extend(lower.iter().map(|(column, name)| (*column, name.clone())));
    names
}

/// The column of each field: where several could be, the one with the surest word, then the leftmost.
fn columns(names: &Headings, words: &HeaderWords) -> BTreeMap<Field, u16> {
    let mut surest: BTreeMap<Field, (usize, u16)> = BTreeMap::new();
    for (column, name) in names {
        let Some((field, rank)) = words.field_named(name) else { continue };
        let here = (rank, *column);
        surest.entry(field).and_modify(|best| *best = here.min(*best)).or_insert(here);
    }
    surest.into_iter().map(|(field, (_, column))| (field, column)).collect()
}

fn is_header(columns: &BTreeMap<Field, u16>) -> bool {
    columns.contains_key(&Field::Code) && columns.contains_key(&Field::DueAt)
}

/// A second header row names something new, and leaves the names of merged cells above it as they are.
fn is_second_row(row: &Headings, upper: &Headings, words: &HeaderWords) -> bool {
    let above = columns(upper, words);
    let below = columns(row, words);
    let names_more = below.keys().any(|field| !above.contains_key(field));
    let keeps = above.iter().all(|(_, column)| row.get(column).is_none_or(|name| upper.get(column) == Some(name)));
    names_more && keeps
}

/// "(1) (2) (3) …", or "A B 1 2 …".
fn is_numbering(row: &Row) -> bool {
    let is_number = |cell: &Cell| match cell {
        Cell::Number(number) => (0.0..100.0).contains(number),
        Cell::Text(text) => {
            let inner = text.trim_matches(['(', ')', '[', ']']);
            (1..=2).contains(&inner.len()) && inner.bytes().all(|b| b.is_ascii_alphanumeric()) || text.contains('=')
        }
    };
    row.cells.len() >= 2 && row.cells.iter().all(|(_, cell)| is_number(cell))
}
