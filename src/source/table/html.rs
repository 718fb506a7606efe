//! Reads the rows of HTML tables, as systems save them under the name `.xls`; builds no tree.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

use super::{
    Unreadable,
    grid::{Grid, GridBuilder},
};

/// Tables within cells of tables; pages nest three or four.
const MAX_DEPTH: usize = 32;
/// Rows a spreadsheet can have.
const MAX_HTML_ROWS: u32 = 1 << 20;
const MAX_SPAN: u32 = 128;

/// Reads every table of the page, one below the other.
pub(super) fn read(page: &str) -> Result<Grid, Unreadable> {
    let mut emitter = DefaultEmitter::default();
    // Scripts and styles are no markup.
    emitter.naively_switch_states(true);
    let (mut reader, mut is_shown) = (PageReader::default(), true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        match token {
            Ok(Token::StartTag(tag)) if is_unseen(&tag.name) => is_shown = false,
            Ok(Token::EndTag(tag)) if is_unseen(&tag.name) => is_shown = true,
            Ok(Token::StartTag(tag)) => reader.open(&tag)?,
            Ok(Token::EndTag(tag)) => reader.close(&tag.name)?,
            Ok(Token::String(text)) if is_shown => reader.write(&String::from_utf8_lossy(&text.value)),
            Ok(Token::String(_) | Token::Comment(_) | Token::Doctype(_) | Token::Error(_)) => {}
            Err(never) => match never {},
        }
    }
    while !reader.tables.is_empty() {
        reader.close_table()?;
    }
    let grid = reader.grid.finish(&[], false)?;
    // A page without a table is a message or a login, not an empty list.
    if grid.rows.is_empty() { Err(Unreadable::NotATable) } else { Ok(grid) }
}

fn is_unseen(name: &HtmlString) -> bool {
    matches!(name.as_slice(), b"script" | b"style")
}

#[derive(Default)]
struct PageReader {
    /// The table being read is the last; the others are around it.
    tables: Vec<Table>,
    next_row: u32,
    grid: GridBuilder,
}

#[derive(Default)]
struct Table {
    row: Option<OpenRow>,
    /// By column, the cells that reach down into the next rows.
    hanging: BTreeMap<u32, Hanging>,
}

struct Hanging {
    rows_left: u32,
    text: String,
}

struct OpenRow {
    number: u32,
    column: u32,
    cell: Option<OpenCell>,
}

struct OpenCell {
    text: String,
    columns: u32,
    rows: u32,
}

impl PageReader {
    fn open(&mut self, tag: &StartTag<()>) -> Result<(), Unreadable> {
        match tag.name.as_slice() {
            b"table" if self.tables.len() == MAX_DEPTH => Err(Unreadable::Inflates),
            b"table" => {
                self.tables.push(Table::default());
                Ok(())
            }
            b"tr" => {
                self.close_row()?;
                self.open_row()
            }
            b"td" | b"th" => {
                self.close_cell()?;
                self.open_row_if_none()?;
                self.open_cell(tag);
                Ok(())
            }
            b"br" | b"p" | b"div" | b"li" => {
                self.write(" ");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &HtmlString) -> Result<(), Unreadable> {
        match name.as_slice() {
            b"table" => self.close_table(),
            b"tr" => self.close_row(),
            b"td" | b"th" => self.close_cell(),
            _ => Ok(()),
        }
    }

    fn write(&mut self, text: &str) {
        let row = self.tables.last_mut().and_then(|table| table.row.as_mut());
        if let Some(cell) = row.and_then(|row| row.cell.as_mut()) {
            cell.text.push_str(text);
        }
    }

    fn open_row(&mut self) -> Result<(), Unreadable> {
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        if self.next_row == MAX_HTML_ROWS {
            return Err(Unreadable::TooManyRows);
        }
        table.row = Some(OpenRow { number: self.next_row, column: 0, cell: None });
        self.next_row += 1;
        Ok(())
    }

    fn open_row_if_none(&mut self) -> Result<(), Unreadable> {
        if self.tables.last().is_some_and(|table| table.row.is_none()) { self.open_row() } else { Ok(()) }
    }

    fn open_cell(&mut self, tag: &StartTag<()>) {
        let Some(row) = self.tables.last_mut().and_then(|table| table.row.as_mut()) else { return };
        row.cell = Some(OpenCell { text: String::new(), columns: span(tag, b"colspan"), rows: span(tag, b"rowspan") });
    }

    /// Puts the cell into the first column that no cell hangs down into.
    fn close_cell(&mut self) -> Result<(), Unreadable> {
        let Some(Table { row: Some(row), hanging }) = self.tables.last_mut() else { return Ok(()) };
        let Some(cell) = row.cell.take() else { return Ok(()) };
        while hanging.contains_key(&row.column) {
            hang_down(&mut self.grid, hanging, row.column, row.number)?;
            row.column += 1;
        }
        self.grid.push_text(row.number, row.column, &cell.text)?;
        let columns = row.column..row.column.saturating_add(cell.columns).min(MAX_SPAN);
        // What a cell spans to the right stays empty, as in a spreadsheet.
        let mut text = cell.text;
        for column in columns.filter(|_| cell.rows > 1) {
            hanging.insert(column, Hanging { rows_left: cell.rows - 1, text: std::mem::take(&mut text) });
        }
        row.column = row.column.saturating_add(cell.columns);
        Ok(())
    }

    fn close_row(&mut self) -> Result<(), Unreadable> {
        self.close_cell()?;
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let Some(row) = table.row.take() else { return Ok(()) };
        let rest: Vec<u32> = table.hanging.range(row.column..).map(|(column, _)| *column).collect();
        for column in rest {
            hang_down(&mut self.grid, &mut table.hanging, column, row.number)?;
        }
        Ok(())
    }

    fn close_table(&mut self) -> Result<(), Unreadable> {
        self.close_row()?;
        self.tables.pop();
        Ok(())
    }
}

/// Repeats in this row what hangs down into it: two steps of one dossier share its code.
fn hang_down(
    grid: &mut GridBuilder,
    hanging: &mut BTreeMap<u32, Hanging>,
    column: u32,
    row: u32,
) -> Result<(), Unreadable> {
    let Some(cell) = hanging.get_mut(&column) else { return Ok(()) };
    grid.push_text(row, column, &cell.text)?;
    cell.rows_left -= 1;
    if cell.rows_left == 0 {
        hanging.remove(&column);
    }
    Ok(())
}

/// How many columns or rows a cell covers.
fn span(tag: &StartTag<()>, name: &[u8]) -> u32 {
    let value = tag.attributes.get(name).and_then(|value| std::str::from_utf8(&value.value).ok());
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::table::grid::Cell;

    fn rows(page: &str) -> Vec<(u32, Vec<(u16, String)>)> {
        let text = |cell: &Cell| if let Cell::Text(text) = cell { text.clone() } else { String::new() };
        let grid = read(page).expect("a page");
        grid.rows.iter().map(|r| (r.number, r.cells.iter().map(|(c, cell)| (*c, text(cell))).collect())).collect()
    }

    fn row(number: u32, cells: &[(u16, &str)]) -> (u32, Vec<(u16, String)>) {
        (number, cells.iter().map(|(column, text)| (*column, (*text).to_owned())).collect())
    }

    #[test]
    fn cells_that_cover_others_push_them_aside() {
        let page = "<table><tr><td rowspan=2>A<td colspan='2'>B<td>C<tr><td>D<td>E<td rowspan=9>F<tr></table>";
        assert_eq!(
            rows(page),
            [
                row(1, &[(0, "A"), (1, "B"), (3, "C")]),
                row(2, &[(0, "A"), (1, "D"), (2, "E"), (3, "F")]),
                row(3, &[(3, "F")]),
            ]
        );
    }

    #[test]
    fn entities_breaks_scripts_and_tables_around_are_seen_through() {
        let page = "<style>td { x: '<td>' }</style><table><tr><td><b>M&atilde;</b><br>s&#7889; &amp;&nbsp;1\
            <script>if (a<b) '<tr><td>no'</script>\
            <table><tr><td>trong</td></tr></table></td></tr></table>ngoài<td>lạc";
        assert_eq!(rows(page), [row(1, &[(0, "Mã số & 1")]), row(2, &[(0, "trong")])]);
    }

    #[test]
    fn tables_nested_without_end_and_endless_rows_are_refused() {
        assert_eq!(read(&"<table><tr><td>".repeat(100_000)), Err(Unreadable::Inflates));
        assert_eq!(read(&format!("<table>{}", "<tr>".repeat(1_100_000))), Err(Unreadable::TooManyRows));
        let wide = format!("<table><tr><td rowspan=999999>{}{}", "x".repeat(1 << 20), "<tr>".repeat(1000));
        assert_eq!(read(&wide), Err(Unreadable::Inflates));
    }
}
