//! Owns which column of an annex holds what: by the words of its header, never by its position.

use std::collections::BTreeMap;

use super::document::{TableRow, one_line};
use crate::source::table::wording::{heading, without_marks};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Number,
    Content,
    Lead,
    Coordinating,
    /// Lead and coordinating units in one cell.
    Units,
    Deadline,
    /// The month or week that rows stand under.
    Period,
    Product,
    /// Notes, money, the state of things.
    Other,
}

/// A header's cell is short.
const MAX_HEADING: usize = 80;

/// What a header's cell announces and how surely: 0 is surest.
pub(super) fn field_of(text: &str) -> Option<(Field, u8)> {
    if text.chars().count() > MAX_HEADING {
        return None;
    }
    let words = without_marks(&heading(text));
    let has = |word: &str| words.contains(word);
    let starts = |any: &[&str]| any.iter().any(|word| words.starts_with(word));
    let is = |any: &[&str]| any.contains(&words.as_str());
    if is(&["TT", "STT", "SO TT", "SO THU TU", "THU TU", "S TT", "ST T"]) {
        Some((Field::Number, 0))
    } else if starts(&["GHI CHU", "KINH PHI", "NGUON", "DON VI TINH", "DANH GIA", "TINH TRANG", "CAN CU", "DIA DIEM"])
        || has("HIEN NAY")
        || has("BAT DAU")
    {
        Some((Field::Other, 0))
    } else if starts(&CONTENT) {
        Some((Field::Content, u8::from(starts(&["HOAT DONG", "GIAI PHAP", "MUC TIEU", "CHI TIEU"])) * 2))
    } else if starts(&["THANG", "TUAN"]) && words.split(' ').count() < 4 {
        Some((Field::Period, u8::from(starts(&["TUAN"]))))
    } else {
        field_of_rest(&words)
    }
}

const CONTENT: [&str; 14] = [
    "NOI DUNG",
    "NHIEM VU",
    "CONG VIEC",
    "TEN NHIEM VU",
    "TEN CONG VIEC",
    "DANH MUC NHIEM VU",
    "DANH MUC CONG VIEC",
    "CAC NHIEM VU",
    "NHOM NHIEM VU",
    "HOAT DONG",
    "GIAI PHAP",
    "MUC TIEU",
    "CHI TIEU",
    "DAU VIEC",
];

/// A unit's column begins with one of these; "Các đơn vị" begins a value.
const UNITS: [&str; 18] = [
    "CO QUAN",
    "DON VI",
    "BO PHAN",
    "NGUOI",
    "CHU TRI",
    "PHOI HOP",
    "PHU TRACH",
    "CAN BO",
    "PHONG BAN",
    "PHONG DON VI",
    "THUC HIEN",
    "CHUC VU",
    "LANH DAO",
    "TO CHUC",
    "DAU MOI",
    "THAM MUU",
    "TRACH NHIEM",
    "PHAN CONG",
];

fn field_of_rest(words: &str) -> Option<(Field, u8)> {
    let has = |word: &str| words.contains(word);
    let starts = |any: &[&str]| any.iter().any(|word| words.starts_with(word));
    let is_units = starts(&UNITS);
    if is_units && has("CHU TRI") && has("PHOI HOP") {
        return Some((Field::Units, 0));
    }
    if is_units && has("PHOI HOP") {
        return Some((Field::Coordinating, 0));
    }
    if is_units && has("CHU TRI") {
        return Some((Field::Lead, 0));
    }
    if starts(&["THOI GIAN", "THOI HAN", "HAN ", "THOI DIEM", "LO TRINH", "MOC ", "TIEN DO HOAN THANH"]) {
        let is_sure = has("HOAN THANH") || has("THOI HAN");
        return Some((Field::Deadline, u8::from(!is_sure)));
    }
    if starts(&["NGAY HOAN THANH"]) {
        return Some((Field::Deadline, 0));
    }
    if starts(&["SAN PHAM", "DU KIEN SAN PHAM", "DU KIEN KET QUA", "DAU RA", "KET QUA"]) || has("SAN PHAM") {
        let is_doubtful = has("THUC HIEN") && !has("SAN PHAM");
        return Some((Field::Product, u8::from(is_doubtful) * 2));
    }
    match () {
        () if starts(&["TIEN DO"]) => Some((Field::Deadline, 3)),
        () if starts(&["NGAY "]) => Some((Field::Deadline, 4)),
        () if is_units && starts(&["CHUC VU"]) => Some((Field::Lead, 3)),
        () if is_units && starts(&["NGUOI"]) => Some((Field::Lead, 4)),
        () if is_units && (has("THUC HIEN") || has("T HIEN") || has("PHU TRACH") || has("PHAN CONG")) => {
            Some((Field::Lead, 1))
        }
        () if is_units => Some((Field::Lead, 2)),
        () => None,
    }
}

/// Whether these fields together make a header.
pub(super) fn is_header(fields: &[Field]) -> bool {
    let has = |field: Field| fields.contains(&field);
    let others =
        [Field::Lead, Field::Units, Field::Deadline, Field::Product].into_iter().filter(|field| has(*field)).count();
    (has(Field::Content) && others >= 1 && fields.len() >= 2) || (has(Field::Deadline) && has(Field::Period))
}

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    at: BTreeMap<Field, u16>,
    /// Every header cell, as it comes again on later pages.
    names: BTreeMap<u16, String>,
}

impl Columns {
    /// The columns that a row announces; `None` when it is no header.
    pub(super) fn of(row: &TableRow) -> Option<Self> {
        let names: BTreeMap<u16, String> = row.cells.iter().map(|(column, text)| (*column, one_line(text))).collect();
        Self::named(names)
    }

    fn named(names: BTreeMap<u16, String>) -> Option<Self> {
        let mut best: BTreeMap<Field, (u8, u16)> = BTreeMap::new();
        for (column, name) in &names {
            let Some((field, rank)) = field_of(name) else { continue };
            let here = (rank, *column);
            best.entry(field).and_modify(|known| *known = here.min(*known)).or_insert(here);
        }
        let fields: Vec<Field> = best.keys().copied().collect();
        is_header(&fields).then(|| Self { at: best.into_iter().map(|(f, (_, column))| (f, column)).collect(), names })
    }

    /// The same with the names of a second header row below; `None` when the row is no such thing.
    pub(super) fn with_second(&self, row: &TableRow) -> Option<Self> {
        let is_name = |(column, text): (&u16, &String)| {
            self.names.get(column) == Some(&one_line(text)) || field_of(text).is_some()
        };
        let is_new = |(column, text): (&u16, &String)| self.names.get(column) != Some(&one_line(text));
        let keeps_number = self.at.get(&Field::Number).is_none_or(|column| {
            row.cells.get(column).is_none_or(|text| self.names.get(column) == Some(&one_line(text)))
        });
        if !keeps_number || !row.cells.iter().all(is_name) || !row.cells.iter().any(is_new) {
            return None;
        }
        let mut names = self.names.clone();
        names.extend(row.cells.iter().map(|(column, text)| (*column, one_line(text))));
        Self::named(names)
    }

    /// "(1) (2) (3)" below the header.
    pub(super) fn is_numbering(row: &TableRow) -> bool {
        let is_figure = |text: &String| {
            let inner = text.trim_matches(['(', ')', '[', ']', ' ']);
            (1..=2).contains(&inner.len()) && inner.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        row.cells.len() >= 3 && row.cells.values().all(is_figure)
    }

    /// Whether the row is the header again, whole or a part of it.
    pub(super) fn is_repeated_by(&self, row: &TableRow) -> bool {
        let is_same =
            |(column, text): (&u16, &String)| self.names.get(column).is_some_and(|name| heading(name) == heading(text));
        row.cells.len() >= 2 && row.cells.iter().all(is_same)
    }

    pub(super) fn column(&self, field: Field) -> Option<u16> {
        self.at.get(&field).copied()
    }

    /// The words above a field's column.
    pub(super) fn name(&self, field: Field) -> Option<&str> {
        self.column(field).and_then(|column| self.names.get(&column)).map(String::as_str)
    }

    /// Whether a row of another table fits under this header.
    pub(super) fn fits(&self, row: &TableRow) -> bool {
        let last = self.names.keys().max().copied().unwrap_or_default();
        row.cells.keys().all(|column| *column <= last)
    }

    /// For rows without a header: the number, the text and the deadline by what stands in them.
    pub(super) fn guessed(number: Option<u16>, content: u16, deadline: u16) -> Self {
        let at = [(Field::Content, content), (Field::Deadline, deadline)].into_iter();
        let at = at.chain(number.map(|column| (Field::Number, column))).collect();
        Self { at, names: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_by_their_words() {
        for (text, field) in [
            ("TT", Field::Number),
            ("Nội dung công việc", Field::Content),
            ("NHIỆM VỤ", Field::Content),
            ("Cơ quan, đơn vị chủ trì", Field::Lead),
            ("Cơ quan phối hợp", Field::Coordinating),
            ("Đơn vị chủ trì/phối hợp", Field::Units),
            ("BỘ PHẬN T.HIỆN", Field::Lead),
            ("Phân công thực hiện", Field::Lead),
            ("Thời gian thực hiện", Field::Deadline),
            ("Thời hạn\nhoàn thành", Field::Deadline),
            ("Dự kiến sản phẩm", Field::Product),
            ("KẾT QUẢ YÊU CẦU", Field::Product),
            ("KẾT QUẢ HIỆN NAY", Field::Other),
            ("Ngày tiếp công dân", Field::Deadline),
            ("TUẦN C.MÔN", Field::Period),
        ] {
            assert_eq!(field_of(text).map(|f| f.0), Some(field), "{text}");
        }
        for text in ["Các đơn vị thực hiện", "Văn phòng Sở", "Trước ngày 15/01/2023", "Báo cáo"] {
            assert_eq!(field_of(text), None, "{text}");
        }
    }
}
