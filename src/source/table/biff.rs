//! Reads the cells of an old `.xls` ([MS-XLS], BIFF8); formats and formulas are passed over.
//!
//! Ours, because the reader of workbooks panics on damaged records, allocates whatever size a sheet claims
//! and copies a shared text once for every cell that names it. A date's format is not needed: the header
//! says which columns hold dates.

use super::{
    Unreadable,
    compound::{Compound, u16_at, u32_at},
    grid::{Grid, GridBuilder, MAX_ROWS, MergedCell, choose_sheet},
    shared_texts::{read_shared_texts, text_at},
};

const BOF: u16 = 0x0809;
const EOF: u16 = 0x000a;
const CONTINUE: u16 = 0x003c;
const FILE_PASS: u16 = 0x002f;
const DATE_MODE: u16 = 0x0022;
const BOUND_SHEET: u16 = 0x0085;
const SHARED_TEXTS: u16 = 0x00fc;
const MERGED_CELLS: u16 = 0x00e5;
const NUMBER: u16 = 0x0203;
const RK: u16 = 0x027e;
const MUL_RK: u16 = 0x00bd;
const LABEL: u16 = 0x0204;
const RICH_LABEL: u16 = 0x00d6;
const SHARED_LABEL: u16 = 0x00fd;
const FORMULA: u16 = 0x0006;
const FORMULA_TEXT: u16 = 0x0207;
const BIFF8: u16 = 0x0600;

/// Reads the first sheet that has a header.
pub(super) fn read(bytes: &[u8], has_header: &dyn Fn(&Grid) -> bool) -> Result<Grid, Unreadable> {
    let file = Compound::open(bytes)?;
    if file.has("EncryptedPackage") {
        return Err(Unreadable::PasswordProtected);
    }
    if !file.has("Workbook") {
        return Err(if file.has("Book") { Unreadable::TooOld } else { Unreadable::NotATable });
    }
    let stream = file.stream("Workbook")?;
    let globals = Globals::read(&stream)?;
    choose_sheet(globals.sheets.iter().map(|start| globals.read_sheet(&stream, *start)), has_header)
}

/// What the workbook's first part says of all sheets.
#[derive(Default)]
struct Globals {
    texts: Vec<String>,
    /// Where the shown sheets begin.
    sheets: Vec<usize>,
    is_1904: bool,
}

impl Globals {
    fn read(stream: &[u8]) -> Result<Self, Unreadable> {
        let mut globals = Self::default();
        let mut records = Records { rest: stream }.peekable();
        while let Some((kind, data)) = records.next() {
            match kind {
                BOF if u16_at(data, 0) != Some(BIFF8) => return Err(Unreadable::TooOld),
                FILE_PASS => return Err(Unreadable::PasswordProtected),
                DATE_MODE => globals.is_1904 = u16_at(data, 0) == Some(1),
                BOUND_SHEET => globals.sheets.extend(shown_sheet(data)),
                SHARED_TEXTS => {
                    let mut pieces = vec![data.get(8..).unwrap_or_default()];
                    while let Some((_, more)) = records.next_if(|(kind, _)| *kind == CONTINUE) {
                        pieces.push(more);
                    }
                    globals.texts = read_shared_texts(pieces)?;
                }
                EOF => return Ok(globals),
                _ => {}
            }
        }
        Err(Unreadable::Damaged)
    }

    fn read_sheet(&self, stream: &[u8], start: usize) -> Result<Grid, Unreadable> {
        let mut sheet =
            SheetReader { texts: &self.texts, grid: GridBuilder::default(), merged: Vec::new(), formula: None };
        // Charts lie within sheets, as parts of their own.
        let mut depth = 0_usize;
        for (kind, data) in (Records { rest: stream.get(start..).ok_or(Unreadable::Damaged)? }) {
            match kind {
                BOF => depth += 1,
                EOF if depth <= 1 => return sheet.grid.finish(&sheet.merged, self.is_1904),
                EOF => depth -= 1,
                _ if depth == 1 => sheet.read_record(kind, data)?,
                _ => {}
            }
        }
        Err(Unreadable::Damaged)
    }
}

/// Where a worksheet begins that is neither hidden nor a chart.
fn shown_sheet(data: &[u8]) -> Option<usize> {
    let (hidden, kind) = (data.get(4)? % 4, *data.get(5)?);
    if hidden == 0 && kind == 0 { usize::try_from(u32_at(data, 0)?).ok() } else { None }
}

struct SheetReader<'a> {
    texts: &'a [String],
    grid: GridBuilder,
    merged: Vec<MergedCell>,
    /// The cell whose formula gave the text of the next record.
    formula: Option<(u32, u32)>,
}

impl SheetReader<'_> {
    fn read_record(&mut self, kind: u16, data: &[u8]) -> Result<(), Unreadable> {
        match kind {
            MERGED_CELLS => self.read_merged(data),
            FORMULA_TEXT => {
                let Some((row, column)) = self.formula.take() else { return Ok(()) };
                self.grid.push_text(row, column, &text_at(data, 0).unwrap_or_default())
            }
            _ => match (u16_at(data, 0), u16_at(data, 2)) {
                (Some(row), Some(column)) => self.read_cell(kind, data, (row.into(), column.into())),
                _ => Ok(()),
            },
        }
    }

    fn read_cell(&mut self, kind: u16, data: &[u8], (row, column): (u32, u32)) -> Result<(), Unreadable> {
        match kind {
            RK => self.push_number(row, column, u32_at(data, 6).map(rk)),
            MUL_RK => {
                let numbers = data.get(4..data.len().saturating_sub(2)).unwrap_or_default().chunks_exact(6);
                (column..)
                    .zip(numbers)
                    .try_for_each(|(column, number)| self.push_number(row, column, u32_at(number, 2).map(rk)))
            }
            LABEL | RICH_LABEL => self.grid.push_text(row, column, &text_at(data, 6).unwrap_or_default()),
            SHARED_LABEL => {
                let index = u32_at(data, 6).and_then(|index| usize::try_from(index).ok());
                let text = index.and_then(|index| self.texts.get(index)).ok_or(Unreadable::Damaged)?;
                self.grid.push_text(row, column, text)
            }
            FORMULA if u16_at(data, 12) == Some(0xffff) => {
                self.formula = (data[6] == 0).then_some((row, column));
                Ok(())
            }
            NUMBER | FORMULA => self.push_number(row, column, f64_at(data, 6)),
            _ => Ok(()),
        }
    }

    fn push_number(&mut self, row: u32, column: u32, number: Option<f64>) -> Result<(), Unreadable> {
        number.map_or(Ok(()), |number| self.grid.push_number(row, column, number))
    }

    fn read_merged(&mut self, data: &[u8]) -> Result<(), Unreadable> {
        let corner = |area: &[u8], at| u16_at(area, at).map(u32::from);
        let areas = data.get(2..).unwrap_or_default().chunks_exact(8);
        self.merged.extend(areas.filter_map(|area| {
            Some(MergedCell { row: corner(area, 0)?, last_row: corner(area, 2)?, column: corner(area, 4)? })
        }));
        if self.merged.len() > MAX_ROWS { Err(Unreadable::Inflates) } else { Ok(()) }
    }
}

fn f64_at(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// A number in four bytes: an integer or the upper half of a float, either of them perhaps in hundredths.
fn rk(packed: u32) -> f64 {
    let number = if packed & 2 == 0 {
        f64::from_bits(u64::from(packed & !3) << 32)
    } else {
        f64::from(packed.cast_signed() >> 2)
    };
    if packed & 1 == 0 { number } else { number / 100.0 }
}

/// The records of a stream, until its end or the first that is cut short.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.rest, 0)?, usize::from(u16_at(self.rest, 2)?));
        let data = self.rest.get(4..4 + length)?;
        self.rest = &self.rest[4 + length..];
        Some((kind, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_are_unpacked() {
        assert!((rk(18_680_110 << 2 | 2) - 18_680_110.0).abs() < f64::EPSILON);
        assert!((rk(1250 << 2 | 3) - 12.5).abs() < f64::EPSILON);
        assert!((rk(0x4059_0000) - 100.0).abs() < f64::EPSILON);
        assert!((rk((-5_i32).cast_unsigned() << 2 | 2) + 5.0).abs() < f64::EPSILON);
    }
}
