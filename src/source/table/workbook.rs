//! Reads `.xlsx`, after measuring what it expands to: a few kilobytes can hold gigabytes.

use std::{
    io::{BufReader, Cursor, Read, copy, sink},
    panic::{AssertUnwindSafe, catch_unwind},
};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx};
use quick_xml::events::Event;
use zip::ZipArchive;

use super::{
    Unreadable,
    grid::{Grid, GridBuilder, MergedCell, choose_sheet},
};

/// All parts together, expanded: 200 000 rows of ten columns fit.
const MAX_EXPANDED: u64 = 128 << 20;
/// Parts a workbook can have.
const MAX_PARTS: usize = 1_000;
/// Texts its table of shared texts may announce, since room is made for as many.
const MAX_SHARED_TEXTS: u64 = 3_000_000;

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Reads the first sheet that has a header.
pub(super) fn read(bytes: &[u8], has_header: &dyn Fn(&Grid) -> bool) -> Result<Grid, Unreadable> {
    measure(bytes)?;
    // The reader of workbooks is not ours: a file it panics on is a damaged one, and must not end a daemon.
    catch_unwind(AssertUnwindSafe(|| read_measured(bytes, has_header))).unwrap_or(Err(Unreadable::Damaged))
}

/// Refuses a file that expands too far, by reading every part through and keeping nothing.
fn measure(bytes: &[u8]) -> Result<(), Unreadable> {
    // Before the directory is read: it alone could fill the memory.
    if bytes.windows(4).filter(|window| window == b"PK\x01\x02").count() > MAX_PARTS {
        return Err(Unreadable::Inflates);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    let mut left = MAX_EXPANDED;
    let mut shared_texts = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| Unreadable::Damaged)?;
        // What the directory says is checked first, since it is cheap, and then not believed.
        if part.size() > left {
            return Err(Unreadable::Inflates);
        }
        let name = part.name().map_err(|_| Unreadable::Damaged)?.to_lowercase();
        shared_texts.extend(name.ends_with("sharedstrings.xml").then_some(index));
        let read = copy(&mut part.take(left + 1), &mut sink()).map_err(|_| Unreadable::Damaged)?;
        left = left.checked_sub(read).ok_or(Unreadable::Inflates)?;
    }
    shared_texts
        .into_iter()
        .try_for_each(|index| measure_shared_texts(archive.by_index(index).map_err(|_| Unreadable::Damaged)?))
}

/// Room is made for as many texts as the part announces, however few it has.
fn measure_shared_texts(part: impl Read) -> Result<(), Unreadable> {
    let mut xml = quick_xml::Reader::from_reader(BufReader::new(part));
    // As the reader of workbooks does: what it reads over must not stop us before we see the count.
    xml.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.local_name().as_ref() == "sst" => {
                let is_plausible = highest_count(tag.attributes_raw()) <= MAX_SHARED_TEXTS;
                return is_plausible.then_some(()).ok_or(Unreadable::Inflates);
            }
            Ok(Event::Eof) | Err(_) => return Err(Unreadable::Damaged),
            Ok(_) => {}
        }
    }
}

/// From the text itself: how it is cut into attributes must not be a second opinion.
fn highest_count(attributes: &str) -> u64 {
    let count = |after: &str| {
        let digits = after.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if end == 0 { 0 } else { digits[..end].parse().unwrap_or(u64::MAX) }
    };
    attributes.split("uniqueCount").skip(1).map(count).max().unwrap_or(0)
}

fn read_measured(bytes: &[u8], has_header: &dyn Fn(&Grid) -> bool) -> Result<Grid, Unreadable> {
    let mut workbook = Workbook::new(Cursor::new(bytes)).map_err(|_| Unreadable::Damaged)?;
    let is_shown =
        |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let names: Vec<String> = workbook.sheets_metadata().iter().filter(is_shown).map(|s| s.name.clone()).collect();
    choose_sheet(names.iter().map(|name| read_sheet(&mut workbook, name)), has_header)
}

fn read_sheet(workbook: &mut Workbook<'_>, name: &str) -> Result<Grid, Unreadable> {
    let merged: Vec<MergedCell> = workbook
        .merge_cells_by_sheet_name(name)
        .unwrap_or_default()
        .iter()
        .map(|merged| MergedCell { row: merged.start.0, last_row: merged.end.0, column: merged.start.1 })
        .collect();
    let is_1904 = workbook.has_1904_epoch();
    let mut grid = GridBuilder::default();
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_| Unreadable::Damaged)?;
    // Cell by cell: two cells in opposite corners must not make the whole sheet be allocated.
    while let Some(cell) = cells.next_cell().map_err(|_| Unreadable::Damaged)? {
        let (row, column) = cell.get_position();
        match cell.get_value() {
            #[expect(clippy::cast_precision_loss, reason = "more than fifteen digits are refused later")]
            DataRef::Int(number) => grid.push_number(row, column, *number as f64)?,
            DataRef::Float(number) => grid.push_number(row, column, *number)?,
            DataRef::DateTime(serial) => grid.push_number(row, column, serial.as_f64())?,
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                grid.push_text(row, column, text)?;
            }
            DataRef::SharedString(text) => grid.push_text(row, column, text)?,
            DataRef::Bool(is_true) => grid.push_text(row, column, if *is_true { "TRUE" } else { "FALSE" })?,
            DataRef::Error(_) | DataRef::Empty => {}
        }
    }
    grid.finish(&merged, is_1904)
}
