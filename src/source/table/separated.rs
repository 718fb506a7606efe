//! Reads text whose columns stand between separators, as `.csv` and as spreadsheets save "Unicode text".

use csv::{Position, ReaderBuilder, StringRecord};

use super::{
    Unreadable,
    grid::{Grid, GridBuilder},
};

/// A last line of our own: when it is not seen, a quotation mark has swallowed it.
const END: &str = "\u{4}\n";
const SEPARATORS: [u8; 4] = [b'\t', b';', b',', b'|'];
/// Rows read to guess the separator.
const GUESSED_ROWS: usize = 24;
/// No cell of an export has as many lines; a quotation mark that is never closed swallows the rest of the file.
const MAX_LINES_IN_CELL: u64 = 50;

/// Reads the text with the separator whose first rows `count_fields` knows most of.
pub(super) fn read(text: &str, count_fields: &dyn Fn(&Grid) -> usize) -> Result<Grid, Unreadable> {
    // Then every record ends with the same sign, and the lines can be counted.
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(END);
    if let Some((separator, rest)) = named_separator(&text) {
        return read_with(rest, separator, usize::MAX);
    }
    let fields_with = |separator: &u8| read_with(&text, *separator, GUESSED_ROWS).map_or(0, |grid| count_fields(&grid));
    // The first of equals, so a table in one column is still read.
    let separator = SEPARATORS.into_iter().rev().max_by_key(fields_with).unwrap_or(b',');
    read_with(&text, separator, usize::MAX)
}

/// `sep=;` in the first line, which Excel obeys and does not show.
fn named_separator(text: &str) -> Option<(u8, &str)> {
    let (first, rest) = text.split_once('\n')?;
    let separator = first.trim_matches('"').strip_prefix("sep=")?.as_bytes();
    (separator.len() == 1).then(|| (separator[0], rest))
}

fn read_with(text: &str, separator: u8, limit: usize) -> Result<Grid, Unreadable> {
    let mut reader =
        ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut grid, mut record, mut inner_lines) = (GridBuilder::default(), StringRecord::new(), 0_u64);
    let mut first_line = 1;
    for _ in 0..limit {
        let is_end = !reader.read_record(&mut record).map_err(|_| Unreadable::NotATable)?;
        if !is_end {
            first_line = record.position().map_or(first_line, Position::line).saturating_sub(inner_lines);
        }
        if is_end || record.iter().any(|cell| lines_in(cell) > MAX_LINES_IN_CELL) {
            return Err(Unreadable::OpenQuote { row: row_number(first_line) });
        }
        if record.len() == 1 && record[0] == END[..1] {
            break;
        }
        inner_lines += record.iter().map(lines_in).sum::<u64>();
        // The reader stands at the start of the next line; blank lines count, lines within cells do not.
        let row = row_number(reader.position().line().saturating_sub(inner_lines).saturating_sub(2));
        for (column, cell) in (0..).zip(&record) {
            grid.push_text(row, column, cell)?;
        }
    }
    grid.finish(&[], false)
}

fn lines_in(cell: &str) -> u64 {
    cell.bytes().map(|byte| u64::from(byte == b'\n')).sum()
}

fn row_number(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u32, usize)> {
        let grid = read(text, &|grid| grid.rows.iter().map(|row| row.cells.len()).sum()).expect("a table");
        grid.rows.iter().map(|row| (row.number, row.cells.len())).collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        assert_eq!(rows("a,b\n\n\"c\nc\",d\r\n\re,f"), [(1, 2), (3, 2), (5, 2)]);
        assert_eq!(rows("sep=;\na;b,c\n"), [(1, 2)]);
        assert_eq!(rows("một cột\nhai\n"), [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_quotation_mark_never_closed_is_named_instead_of_losing_rows() {
        for swallowed in [0, 1, 10, 100] {
            let text = format!("a;b\n\"c;d\n{}", "e;f\n".repeat(swallowed));
            assert_eq!(read(&text, &|_| 0), Err(Unreadable::OpenQuote { row: 2 }), "{swallowed} rows");
        }
    }
}
