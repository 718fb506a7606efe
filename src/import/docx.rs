//! Reads a `.docx` as paragraphs and rows of its tables, with merged cells and automatic numbers resolved.
//!
//! Every part is read through a counted limit, nothing outside of the file is ever opened, and what was deleted
//! with tracked changes is left out.

use std::{
    collections::BTreeMap,
    io::{BufReader, Cursor, Read},
};

use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{
    Refused,
    document::{Block, Place, TableRow, tidy},
    lists::Lists,
};

/// A part expanded; the text of a thousand pages fits.
const MAX_PART: u64 = 64 << 20;
/// Parts a document can have; pictures count.
const MAX_PARTS: usize = 5_000;
/// Elements within elements.
const MAX_DEPTH: usize = 256;
const MAX_COLUMNS: u16 = 128;
const MAX_CELLS: usize = 400_000;
/// All texts together, repeated ones counted each time.
const MAX_TEXT: usize = 24 << 20;

/// What a zip file turns out to be.
pub(super) enum Package {
    Document,
    Workbook,
    Other,
}

/// Opens the directory of a zip file.
pub(super) fn package(bytes: &[u8]) -> Result<Package, Refused> {
    let archive = open(bytes)?;
    let has = |name: &str| archive.index_for_name(name).is_some();
    Ok(if has("word/document.xml") {
        Package::Document
    } else if has("xl/workbook.xml") || has("xl/workbook.bin") {
        Package::Workbook
    } else {
        Package::Other
    })
}

fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Refused> {
    // Before the directory is read: it alone could fill the memory.
    if bytes.windows(4).filter(|window| window == b"PK\x01\x02").count() > MAX_PARTS {
        return Err(Refused::Inflates);
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refused::Damaged)
}

/// Reads the document's body.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Block>, Refused> {
    let mut archive = open(bytes)?;
    let lists = match part(&mut archive, "word/numbering.xml")? {
        Some(xml) => Lists::read(&xml)?,
        None => Lists::default(),
    };
    let xml = part(&mut archive, "word/document.xml")?.ok_or(Refused::NotADocument)?;
    Body::new(lists).read(&xml)
}

/// A part of the file, or the refusal of one that expands too far or is encrypted.
fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<u8>>, Refused> {
    if archive.index_for_name(name).is_none() {
        return Ok(None);
    }
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(error) if error.to_string().to_lowercase().contains("password") => return Err(Refused::Protected),
        Err(_) => return Err(Refused::Damaged),
    };
    let mut bytes = Vec::new();
    file.take(MAX_PART + 1).read_to_end(&mut bytes).map_err(|_| Refused::Damaged)?;
    if bytes.len() as u64 > MAX_PART { Err(Refused::Inflates) } else { Ok(Some(bytes)) }
}

/// The events of a part; a document type could define entities without end and is refused.
pub(super) fn each_event<'x>(
    xml: &'x [u8],
    mut see: impl FnMut(&Event<'_>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let mut reader: Reader<BufReader<&'x [u8]>> = Reader::from_reader(BufReader::new(xml));
    let mut buffer = Vec::new();
    let mut depth = 0_usize;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|_| Refused::Damaged)?;
        match &event {
            Event::Start(_) if depth == MAX_DEPTH => return Err(Refused::Inflates),
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err(Refused::Damaged),
            Event::Eof if depth > 0 => return Err(Refused::Damaged),
            Event::Eof => return Ok(()),
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
        see(&event)?;
    }
}

/// The value of an attribute, whatever its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let found = attributes.with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    Some(found.value.to_string())
}

#[derive(Default)]
struct Paragraph {
    text: String,
    /// The list it is in and the level.
    list: Option<(String, u8)>,
    level: u8,
}

#[derive(Default)]
struct Cell {
    text: String,
    span: u16,
    merge: Merge,
}

#[derive(Default, PartialEq)]
enum Merge {
    #[default]
    None,
    Begins,
    Continues,
}

#[derive(Default)]
struct Row {
    cells: BTreeMap<u16, String>,
    hanging: Vec<u16>,
    column: u16,
    page: u32,
    is_deleted: bool,
}

struct Body {
    lists: Lists,
    blocks: Vec<Block>,
    /// Names of open elements that hold nothing for us, and how deep they are nested.
    skipping: usize,
    in_text: bool,
    page: u32,
    has_pages: bool,
    paragraphs: u32,
    tables: u32,
    /// Tables within tables; only the outermost has rows.
    depth: usize,
    lines: u32,
    row: Option<Row>,
    cell: Option<Cell>,
    paragraph: Option<Paragraph>,
    /// By column, what vertically merged cells repeat.
    merged: BTreeMap<u16, String>,
    text: usize,
    cells: usize,
}

/// Deleted text, text that was moved away, field codes, text boxes and the old twin of new markup.
fn is_skipped(name: &str) -> bool {
    matches!(name, "del" | "moveFrom" | "instrText" | "delText" | "delInstrText" | "Fallback" | "txbxContent" | "pict")
}

impl Body {
    fn new(lists: Lists) -> Self {
        Self {
            lists,
            blocks: Vec::new(),
            skipping: 0,
            in_text: false,
            page: 1,
            has_pages: false,
            paragraphs: 0,
            tables: 0,
            depth: 0,
            lines: 0,
            row: None,
            cell: None,
            paragraph: None,
            merged: BTreeMap::new(),
            text: 0,
            cells: 0,
        }
    }

    fn read(mut self, xml: &[u8]) -> Result<Vec<Block>, Refused> {
        each_event(xml, |event| self.see(event))?;
        if !self.has_pages {
            for block in &mut self.blocks {
                let (Block::Paragraph(_, place) | Block::Row(TableRow { place, .. })) = block;
                place.page = None;
            }
        }
        Ok(self.blocks)
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), Refused> {
        match event {
            Event::Start(tag) if self.skipping > 0 || is_skipped(tag.local_name().as_ref()) => self.skipping += 1,
            Event::End(_) if self.skipping > 0 => self.skipping -= 1,
            Event::Start(tag) => self.open(tag),
            // A mark on the row itself: the whole row was deleted.
            Event::Empty(tag) if tag.local_name().as_ref() == "del" && self.cell.is_none() => {
                self.row.iter_mut().for_each(|row| row.is_deleted = true);
            }
            Event::Empty(tag) if self.skipping == 0 => {
                self.open(tag);
                self.close(tag.local_name().as_ref())?;
            }
            Event::End(tag) => self.close(tag.local_name().as_ref())?,
            Event::Text(text) if self.in_text => self.write(&text.xml10_content())?,
            Event::CData(text) if self.in_text => self.write(&text.xml10_content())?,
            Event::GeneralRef(entity) if self.in_text => match entity.resolve_char_ref() {
                Ok(Some(character)) => self.write(character.encode_utf8(&mut [0; 4]))?,
                Ok(None) => self.write(resolve_predefined_entity(entity).unwrap_or_default())?,
                Err(_) => return Err(Refused::Damaged),
            },
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, tag: &BytesStart<'_>) {
        let value = || attribute(tag, "val");
        let number = || value().and_then(|v| v.parse::<u16>().ok()).unwrap_or(1).min(MAX_COLUMNS);
        match tag.local_name().as_ref() {
            "tbl" => {
                self.depth += 1;
                if self.depth == 1 {
                    self.tables += 1;
                    self.lines = 0;
                    self.merged.clear();
                }
            }
            "tr" if self.depth == 1 => {
                self.lines += 1;
                self.row = Some(Row { page: self.page, ..Row::default() });
            }
            "tc" if self.depth == 1 => self.cell = Some(Cell { span: 1, ..Cell::default() }),
            "gridBefore" if self.depth == 1 => {
                let before = number();
                self.row.iter_mut().for_each(|row| row.column = before);
            }
            "gridSpan" if self.depth == 1 => self.cell.iter_mut().for_each(|cell| cell.span = number().max(1)),
            "vMerge" if self.depth == 1 => {
                let merge = if value().as_deref() == Some("restart") { Merge::Begins } else { Merge::Continues };
                if let Some(cell) = &mut self.cell {
                    cell.merge = merge;
                }
            }
            "p" => self.paragraph = Some(Paragraph::default()),
            "ilvl" => {
                let level = value().and_then(|v| v.parse().ok()).unwrap_or(0);
                self.paragraph.iter_mut().for_each(|p| p.level = level);
            }
            "numId" => {
                let id = value().unwrap_or_default();
                self.paragraph.iter_mut().for_each(|p| p.list = Some((id.clone(), p.level)));
            }
            "t" => self.in_text = true,
            "lastRenderedPageBreak" => self.turn_page(),
            "br" if attribute(tag, "type").as_deref() == Some("page") => self.turn_page(),
            _ => {}
        }
    }

    fn turn_page(&mut self) {
        self.has_pages = true;
        self.page = self.page.saturating_add(1);
    }

    fn close(&mut self, name: &str) -> Result<(), Refused> {
        match name {
            "t" => self.in_text = false,
            "tab" => self.write(" ")?,
            "br" | "cr" => self.write("\n")?,
            "noBreakHyphen" => self.write("-")?,
            "p" => self.end_paragraph()?,
            "tc" if self.depth == 1 => self.end_cell()?,
            "tr" if self.depth == 1 => self.end_row(),
            "tbl" => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), Refused> {
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.text.push_str(text);
            self.count(text.len())?;
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Refused> {
        self.text += bytes;
        if self.text > MAX_TEXT || self.cells > MAX_CELLS { Err(Refused::Inflates) } else { Ok(()) }
    }

    fn end_paragraph(&mut self) -> Result<(), Refused> {
        let Some(paragraph) = self.paragraph.take() else { return Ok(()) };
        let label = paragraph.list.and_then(|(list, level)| self.lists.next(&list, level));
        let mut text = tidy(&paragraph.text);
        // In a table the number counts where nothing else stands, or where the row begins.
        let begins_row = self.row.as_ref().is_none_or(|row| row.column == 0);
        if let Some(label) = label.filter(|_| text.is_empty() || begins_row) {
            format!("{label} {text}").trim_end().clone_into(&mut text);
        }
        if self.depth > 0 {
            self.count(text.len() + 1)?;
            if let Some(cell) = self.cell.as_mut().filter(|_| !text.is_empty()) {
                cell.text.push_str(&text);
                cell.text.push('\n');
            }
            return Ok(());
        }
        self.paragraphs += 1;
        if !text.is_empty() {
            let place = Place { table: None, line: self.paragraphs, page: Some(self.page), ..Place::default() };
            self.blocks.push(Block::Paragraph(text, place));
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Refused> {
        let (Some(cell), Some(row)) = (self.cell.take(), self.row.as_mut()) else { return Ok(()) };
        let column = row.column;
        row.column = column.saturating_add(cell.span);
        if column >= MAX_COLUMNS {
            return Ok(());
        }
        let mut text = tidy(&cell.text);
        match cell.merge {
            Merge::None => {
                self.merged.remove(&column);
            }
            Merge::Begins => {
                self.merged.insert(column, text.clone());
            }
            Merge::Continues if text.is_empty() => {
                text = self.merged.get(&column).cloned().unwrap_or_default();
                row.hanging.push(column);
            }
            Merge::Continues => {}
        }
        let bytes = text.len();
        if !text.is_empty() {
            row.cells.insert(column, text);
        }
        self.cells += 1;
        self.count(bytes)
    }

    fn end_row(&mut self) {
        let Some(row) = self.row.take() else { return };
        if !row.is_deleted && !row.cells.is_empty() {
            let place = Place { table: Some(self.tables), line: self.lines, page: Some(row.page), ..Place::default() };
            self.blocks.push(Block::Row(TableRow { cells: row.cells, hanging: row.hanging, place }));
        }
    }
}
