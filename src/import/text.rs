//! Reads plain text as it is taken out of a PDF or a page: columns between tabs or bars, or one cell on each line.

use std::collections::BTreeMap;

use super::{
    columns::{self, Field},
    document::{Block, Place, TableRow, one_line, tidy},
    numbering,
};

/// Longer texts hold no plan of one office.
const MAX_LINES: usize = 100_000;
/// No annex is as wide.
const MAX_COLUMNS: usize = 64;

/// Cuts the text into paragraphs and rows; `None` when it has too many lines.
pub(super) fn read(text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut pages = Some(1).filter(|_| text.contains('\u{c}'));
    for (number, line) in (1..).zip(text.lines()) {
        if blocks.len() > MAX_LINES {
            return None;
        }
        if line.contains('\u{c}') {
            pages = pages.map(|page| page + 1);
        }
        let place = Place { table: None, line: number, page: pages, ..Place::default() };
        let cells = split(line);
        if cells.len() > 1 {
            let cells: BTreeMap<u16, String> = (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()).collect();
            if cells.values().all(|cell| cell.chars().all(|c| "-: ".contains(c))) {
                continue; // the rule below the header of a Markdown table
            }
            blocks.push(Block::Row(TableRow { cells, hanging: Vec::new(), place }));
        } else {
            let text = tidy(line);
            if !text.is_empty() {
                blocks.push(Block::Paragraph(text, place));
            }
        }
    }
    let has_rows = blocks.iter().any(|block| matches!(block, Block::Row(_)));
    Some(if has_rows { blocks } else { read_aligned(text).unwrap_or(blocks) })
}

/// Columns kept apart by spaces only, as a PDF is copied with its layout; `None` without such a header.
///
/// A cell belongs to the column whose heading begins nearest; lines without a number go on with the row above.
fn read_aligned(text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut starts: Option<Vec<usize>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let place = Place { line: number, ..Place::default() };
        let cells = aligned(line);
        if starts.is_none() && cells.len() >= 3 {
            let fields: Vec<Field> =
                cells.iter().filter_map(|(_, text)| columns::field_of(text)).map(|f| f.0).collect();
            if fields.len() == cells.len() && columns::is_header(&fields) && fields[0] == Field::Number {
                starts = Some(cells.iter().map(|(at, _)| *at).collect());
                blocks.push(row(cells.into_iter().map(|(_, text)| text), place));
                continue;
            }
        }
        let Some(starts) = &starts else {
            blocks.extend(Some(tidy(line)).filter(|text| !text.is_empty()).map(|text| Block::Paragraph(text, place)));
            continue;
        };
        let mut own = vec![String::new(); starts.len()];
        for (at, text) in cells {
            let column = (0..starts.len()).min_by_key(|column| starts[*column].abs_diff(at)).unwrap_or(0);
            if !own[column].is_empty() {
                own[column].push(' ');
            }
            own[column].push_str(&text);
        }
        if own[0].to_lowercase().starts_with("nơi nhận") {
            break;
        }
        let begins = numbering::parse(&own[0]).is_some() || numbering::split_glued(&own[0]).is_some();
        match blocks.last_mut() {
            Some(Block::Row(above)) if !begins && own[0].is_empty() && columns::Columns::of(above).is_none() => {
                for (column, text) in (0..).zip(own).filter(|(_, text): &(u16, String)| !text.is_empty()) {
                    let cell = above.cells.entry(column).or_default();
                    if !cell.is_empty() {
                        cell.push(' ');
                    }
                    cell.push_str(&text);
                }
            }
            _ if begins => blocks.push(row(own, place)),
            _ => {} // what is left of the header's own lines
        }
    }
    starts.map(|_| blocks)
}

/// The texts of a line that two or more spaces keep apart, with the column of characters each begins in.
fn aligned(line: &str) -> Vec<(usize, String)> {
    let mut cells: Vec<(usize, String)> = Vec::new();
    let mut spaces = 2;
    for (at, c) in line.chars().enumerate().take(1_000) {
        if c.is_whitespace() {
            spaces += 1;
            continue;
        }
        if spaces >= 2 && cells.len() < MAX_COLUMNS {
            cells.push((at, String::new()));
        } else if let Some((_, text)) = cells.last_mut().filter(|_| spaces > 0) {
            text.push(' ');
        }
        if let Some((_, text)) = cells.last_mut() {
            text.push(c);
        }
        spaces = 0;
    }
    cells.into_iter().map(|(at, text)| (at, tidy(&text))).filter(|(_, text)| !text.is_empty()).collect()
}

/// The cells of a line; one when it has no columns.
fn split(line: &str) -> Vec<String> {
    let parts: Vec<&str> = if line.contains('\t') {
        line.split('\t').collect()
    } else if line.matches('|').count() > 1 {
        let inner = line.trim();
        let inner = inner.strip_prefix('|').unwrap_or(inner);
        inner.strip_suffix('|').unwrap_or(inner).split('|').collect()
    } else {
        return vec![line.to_owned()];
    };
    parts.into_iter().take(MAX_COLUMNS).map(cell).collect()
}

/// A cell without the marks that spreadsheets and Markdown put around it.
fn cell(text: &str) -> String {
    let text = text.trim();
    let text = match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) if !inner.replace("\"\"", "").contains('"') => inner.replace("\"\"", "\""),
        _ => text.to_owned(),
    };
    let text = text.replace("<br>", "\n").replace("<br/>", "\n").replace("**", "");
    tidy(&text)
}

/// Rows of a table whose cells were written below each other, one on each line; `blocks` unchanged when there is none.
pub(super) fn fold_lines(blocks: Vec<Block>) -> Vec<Block> {
    let Some((start, width)) = header_lines(&blocks) else { return blocks };
    let lines: Vec<(String, Place)> = blocks[start..]
        .iter()
        .filter_map(|block| match block {
            Block::Paragraph(text, place) => Some((text.clone(), *place)),
            Block::Row(_) => None,
        })
        .take_while(|(text, _)| !text.to_lowercase().starts_with("nơi nhận"))
        .collect();
    let header = &lines[..width];
    let fields: Vec<Option<Field>> = header.iter().map(|(text, _)| columns::field_of(text).map(|f| f.0)).collect();
    let mut folded: Vec<Block> = blocks[..start].to_vec();
    folded.push(row(header.iter().map(|(text, _)| text.clone()), header[0].1));
    let rest = &lines[width..];
    folded.extend(if fields[0] == Some(Field::Number) {
        numbered_rows(rest, width)
    } else {
        dated_rows(rest, &fields)
    });
    folded
}

fn row(cells: impl IntoIterator<Item = String>, place: Place) -> Block {
    let cells =
        (0..).zip(cells.into_iter().take(MAX_COLUMNS)).filter(|(_, cell): &(u16, String)| !cell.is_empty()).collect();
    Block::Row(TableRow { cells, hanging: Vec::new(), place })
}

/// Where three or more lines in a row are the words of a header, and how many they are.
fn header_lines(blocks: &[Block]) -> Option<(usize, usize)> {
    let heading = |block: &Block| match block {
        Block::Paragraph(text, _) => columns::field_of(text).map(|(field, _)| field),
        Block::Row(_) => None,
    };
    (0..blocks.len()).find_map(|at| {
        let fields: Vec<Field> = blocks[at..].iter().map_while(heading).collect();
        // A title such as "NHIỆM VỤ NĂM 2026" above the header looks like a part of it.
        let skip = fields.iter().position(|field| *field == Field::Number).unwrap_or(0);
        let fields = &fields[skip..];
        let is_header = fields.len() >= 3 && columns::is_header(fields);
        (is_header && fields.len() <= MAX_COLUMNS).then_some((at + skip, fields.len()))
    })
}

/// A row begins at each number; a heading is a number and a title, and what a row has too much belongs to its content.
fn numbered_rows(lines: &[(String, Place)], width: usize) -> Vec<Block> {
    let is_start = |text: &str| numbering::parse(text).is_some();
    let mut rows = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let end = lines[at + 1..].iter().position(|(text, _)| is_start(text)).map_or(lines.len(), |n| at + 1 + n);
        let mut cells: Vec<String> = lines[at..end].iter().map(|(text, _)| text.clone()).collect();
        if cells.len() > width && is_start(&cells[0]) {
            let extra = cells.len() - width;
            let content = one_line(&cells[1..=1 + extra].join(" "));
            cells.splice(1..=1 + extra, [content]);
        }
        rows.push(row(cells, lines[at].1));
        at = end;
    }
    rows
}

/// A calendar of months and weeks: after its period come the points of work, then as many names.
fn dated_rows(lines: &[(String, Place)], fields: &[Option<Field>]) -> Vec<Block> {
    let column = |wanted: Field| fields.iter().position(|field| *field == Some(wanted));
    let (Some(content), Some(lead)) = (column(Field::Content), column(Field::Lead)) else { return Vec::new() };
    let mut rows = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let start = at;
        while at < lines.len() && !is_point(&lines[at].0) {
            at += 1;
        }
        let period = one_line(&lines[start..at].iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" "));
        let mut points: Vec<(String, Place)> = Vec::new();
        while at < lines.len() && (is_point(&lines[at].0) || !is_period(&lines[at].0)) {
            match points.last_mut() {
                Some(last) if !is_point(&lines[at].0) => last.0 = format!("{} {}", last.0, lines[at].0),
                _ => points.push((without_point(&lines[at].0), lines[at].1)),
            }
            at += 1;
        }
        let half = points.len() / 2;
        let is_paired =
            points.len().is_multiple_of(2) && points[half..].iter().all(|(text, _)| text.chars().count() < 40);
        let names: Vec<String> =
            if is_paired { points.split_off(half).into_iter().map(|p| p.0).collect() } else { Vec::new() };
        for (n, (text, place)) in points.into_iter().enumerate() {
            let mut cells = vec![String::new(); fields.len()];
            cells[0].clone_from(&period);
            cells[content] = text;
            cells[lead] = names.get(n).cloned().unwrap_or_default();
            rows.push(row(cells, place));
        }
    }
    rows
}

fn is_point(text: &str) -> bool {
    text.starts_with(['-', '•', '+', '–'])
}

fn without_point(text: &str) -> String {
    text.trim_start_matches(['-', '•', '+', '–', ' ']).to_owned()
}

/// "9/2019", "Tuần 1", "Từ 01- 08/9".
fn is_period(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_month = text.split_once('/').is_some_and(|(month, year)| {
        month.len() <= 2 && year.len() == 4 && (month.to_owned() + year).bytes().all(|b| b.is_ascii_digit())
    });
    is_month
        || ["tuần ", "tháng "].iter().any(|word| lower.starts_with(word))
        || lower == "từ"
        || lower.starts_with("từ ")
}
