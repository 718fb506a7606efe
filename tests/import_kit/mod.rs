//! Word documents and sheets, written by hand as the programs of offices write them.

use std::io::{Cursor, Write as _};

use nhacviec::import::{Draft, KnownNames, Options, read_document};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A cell of a Word table.
pub struct Cell {
    content: String,
    properties: String,
}

impl Cell {
    /// With a paragraph for each line.
    pub fn text(text: &str) -> Self {
        let run = |line: &str| {
            let line = line.replace('&', "&amp;").replace('<', "&lt;");
            format!("<w:p><w:r><w:t xml:space=\"preserve\">{line}</w:t></w:r></w:p>")
        };
        let content = if text.is_empty() { "<w:p/>".to_owned() } else { text.lines().map(run).collect() };
        Self { content, properties: String::new() }
    }

    /// With this inside of its paragraph.
    pub fn raw(xml: &str) -> Self {
        Self { content: format!("<w:p>{xml}</w:p>"), properties: String::new() }
    }

    /// The lower part of a cell that is merged over several rows.
    pub fn goes_on() -> Self {
        Self { properties: "<w:vMerge/>".to_owned(), ..Self::text("") }
    }

    /// The upper part of such a cell.
    pub fn begins(self) -> Self {
        Self { properties: self.properties + "<w:vMerge w:val=\"restart\"/>", ..self }
    }

    /// Merged over several columns.
    pub fn over(self, columns: u16) -> Self {
        Self { properties: format!("{}<w:gridSpan w:val=\"{columns}\"/>", self.properties), ..self }
    }
}

/// The main part of a document with paragraphs and one table.
pub fn document(paragraphs: &[&str], rows: &[Vec<Cell>]) -> String {
    let before: String = paragraphs.iter().map(|text| Cell::text(text).content).collect();
    let cell = |cell: &Cell| format!("<w:tc><w:tcPr>{}</w:tcPr>{}</w:tc>", cell.properties, cell.content);
    let row = |row: &Vec<Cell>| format!("<w:tr>{}</w:tr>", row.iter().map(cell).collect::<String>());
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{before}<w:tbl><w:tblPr/>{rows}</w:tbl><w:p/></w:body></w:document>"
    )
}

/// A `.docx`.
pub fn docx(paragraphs: &[&str], rows: &[Vec<Cell>]) -> Vec<u8> {
    docx_with(paragraphs, rows, "")
}

/// A `.docx` with definitions of lists.
pub fn docx_with(paragraphs: &[&str], rows: &[Vec<Cell>], numbering: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [
        ("word/document.xml", document(paragraphs, rows)),
        ("word/numbering.xml", format!("<w:numbering xmlns:w=\"w\">{numbering}</w:numbering>")),
    ];
    for (name, xml) in parts {
        zip.start_file(name, SimpleFileOptions::default()).expect("a part");
        zip.write_all(xml.as_bytes()).expect("written");
    }
    zip.finish().expect("a file").into_inner()
}

/// An `.xlsx` with these rows.
pub fn sheet(rows: &[Vec<&str>]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let worksheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, text) in (0..).zip(cells) {
            worksheet.write_string(row, column, *text).expect("within the sheet");
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

/// Options that know these units.
pub fn names(names: &[&str]) -> Options {
    Options { names: KnownNames::new(names.iter().map(|name| (*name).to_owned())), ..Options::default() }
}

/// Reads a document that is known to hold a plan.
pub fn read(bytes: &[u8], known: &[&str]) -> Draft {
    read_document(bytes, &names(known)).expect("a plan")
}
