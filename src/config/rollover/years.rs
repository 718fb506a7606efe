//! Owns which years in a text of the plan are its own, and move with it, and which belong to other documents.

use std::{ops::Range, sync::LazyLock};

use chrono::NaiveDate;
use regex::{Captures, Regex};

use super::regex;

/// A year of four digits that stands alone.
static YEAR: LazyLock<Regex> = LazyLock::new(|| regex(r"\b20[0-9]{2}\b"));
/// A school year, or the years of a plan of several.
static SPAN: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(20[0-9]{2})\s*[-–]\s*(20[0-9]{2})\b"));
/// What another document is called by: its number with the date, a law with its year, a program's years.
static OTHERS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        regex(
            r"[0-9]+\s*/\s*(20[0-9]{2}\s*/\s*)?[A-ZĐ][\p{L}0-9&–-]*(\s*,?\s*ngày\s+[0-9]{1,2}/[0-9]{1,2}/20[0-9]{2})?",
        ),
        regex(r"(?i)\b(luật|nghị định|nghị quyết|thông tư|pháp lệnh|hiến pháp)\b[^,;.]*?\bnăm\s+20[0-9]{2}"),
        regex(r"(?i)\bgiai đoạn\s+20[0-9]{2}\s*[-–]\s*20[0-9]{2}"),
    ]
});
/// A date with four digits of year, day first.
static DAY: LazyLock<Regex> = LazyLock::new(|| regex(r"\b([0-9]{1,2})([/.-])([0-9]{1,2})([/.-])(20[0-9]{2})\b"));
/// The leap day, year first.
static LEAP_DAY: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(20[0-9]{2})-02-29\b"));
/// The end of February, which is not the same day each year.
static END_OF_FEBRUARY: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b2[89]\s*([/.-]|tháng)\s*0?2\b|\b20[0-9]{2}-02-2[89]\b"));

/// The years that a plan covers, and by how many they move.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    /// The first.
    pub first: i32,
    /// The last.
    pub last: i32,
    /// So many years later.
    pub by: i32,
}

/// All years that stand in a text, in order.
pub fn years_in(text: &str) -> Vec<i32> {
    YEAR.find_iter(text).filter_map(|year| year.as_str().parse().ok()).collect()
}

impl Move {
    fn owns(self, year: i32) -> bool {
        (self.first..=self.last).contains(&year)
    }

    /// A plan's key or its `year`: every year of its own moves.
    pub fn key(self, text: &str) -> String {
        shifted(text, |year| self.owns(year).then_some(year + self.by))
    }

    /// A sentence of the plan, and whether a person should look at a year that stayed.
    pub fn sentence(self, text: &str) -> (String, bool) {
        let others = others(text);
        let (mut is_open, mut moved, mut at) = (false, String::with_capacity(text.len()), 0);
        for found in YEAR.find_iter(text) {
            let year: i32 = found.as_str().parse().unwrap_or_default();
            let span = SPAN.captures_iter(text).find(|span| contains(&range(span, 0), found.start()));
            let is_others = others.iter().any(|other| contains(other, found.start()));
            let new = match span.as_ref().map(|span| (number(span, 1), number(span, 2))) {
                Some((from, to)) if (from, to) == (self.first, self.last) => Some(year + self.by),
                _ if is_others => None,
                Some((from, to)) if to == from + 1 => (self.owns(from) || self.owns(to)).then_some(year + self.by),
                None if self.owns(year) && is_named(&text[..found.start()]) => Some(year + self.by),
                Some(_) | None => None,
            };
            is_open |= new.is_none() && !is_others && (self.first - 1..=self.last + 1).contains(&year);
            moved.push_str(&text[at..found.start()]);
            moved.push_str(&new.unwrap_or(year).to_string());
            at = found.end();
        }
        (moved + &text[at..], is_open)
    }

    /// A deadline: every date moves, and no day comes to be that does not exist. And whether a person should look.
    pub fn deadline(self, text: &str) -> (String, bool) {
        let existing = DAY.replace_all(text, |found: &Captures<'_>| {
            let is_leap_day = (number(found, 1), number(found, 3)) == (29, 2);
            let is_missing = is_leap_day && NaiveDate::from_ymd_opt(number(found, 5) + self.by, 2, 29).is_none();
            let day = if is_missing { "28" } else { &found[1] };
            format!("{day}{}{}{}{}", &found[2], &found[3], &found[4], &found[5])
        });
        let others = others(&existing);
        let (mut moved, mut at) = (String::with_capacity(existing.len()), 0);
        for found in YEAR.find_iter(&existing) {
            let is_others = others.iter().any(|other| contains(other, found.start()));
            let year: i32 = found.as_str().parse().unwrap_or_default();
            moved.push_str(&existing[at..found.start()]);
            moved.push_str(&(if is_others { year } else { year + self.by }).to_string());
            at = found.end();
        }
        moved.push_str(&existing[at..]);
        let moved = LEAP_DAY.replace_all(&moved, |found: &Captures<'_>| {
            format!("{}-02-{}", &found[1], if found[0].parse::<NaiveDate>().is_ok() { "29" } else { "28" })
        });
        (moved.into_owned(), END_OF_FEBRUARY.is_match(text))
    }
}

fn shifted(text: &str, new: impl Fn(i32) -> Option<i32>) -> String {
    let moved = YEAR.replace_all(text, |found: &Captures<'_>| {
        let year = number(found, 0);
        new(year).unwrap_or(year).to_string()
    });
    moved.into_owned()
}

/// Where other documents are named.
fn others(text: &str) -> Vec<Range<usize>> {
    OTHERS.iter().flat_map(|shape| shape.find_iter(text)).map(|found| found.range()).collect()
}

/// Whether what stands before a number says that it is a year.
fn is_named(before: &str) -> bool {
    let before = before.trim_end().to_lowercase();
    ["năm", "năm học", "đến", "từ"].iter().any(|word| before.ends_with(word)) || before.ends_with(['/', '-', '.', '('])
}

fn contains(range: &Range<usize>, at: usize) -> bool {
    range.contains(&at)
}

fn range(found: &Captures<'_>, group: usize) -> Range<usize> {
    found.get(group).map_or(0..0, |found| found.range())
}

fn number(found: &Captures<'_>, group: usize) -> i32 {
    found.get(group).and_then(|found| found.as_str().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_2023: Move = Move { first: 2023, last: 2023, by: 1 };

    #[test]
    fn the_plan_s_own_years_move_and_those_of_other_documents_stay() {
        let school = Move { first: 2023, last: 2024, by: 1 };
        let several = Move { first: 2021, last: 2025, by: 5 };
        for (years, old, new, is_open) in [
            (OF_2023, "Công bố TTHC năm 2023, quý I/2023", "Công bố TTHC năm 2024, quý I/2024", false),
            (
                OF_2023,
                "Thông tư số 05/2023/TT-BNV ngày 15/02/2023",
                "Thông tư số 05/2023/TT-BNV ngày 15/02/2023",
                false,
            ),
            (OF_2023, "Luật Giao dịch điện tử năm 2023", "Luật Giao dịch điện tử năm 2023", false),
            (OF_2023, "Hỗ trợ 2023 hộ nghèo", "Hỗ trợ 2023 hộ nghèo", true),
            (
                OF_2023,
                "Báo cáo tổng kết năm 2022, kế hoạch năm 2024",
                "Báo cáo tổng kết năm 2022, kế hoạch năm 2024",
                true,
            ),
            (OF_2023, "Chương trình giai đoạn 2021-2025", "Chương trình giai đoạn 2021-2025", false),
            (
                school,
                "Tổng kết năm học 2022-2023, chuẩn bị 2024-2025",
                "Tổng kết năm học 2023-2024, chuẩn bị 2025-2026",
                false,
            ),
            (several, "Kế hoạch giai đoạn 2021-2025", "Kế hoạch giai đoạn 2026-2030", false),
            (
                several,
                "Luật Đất đai năm 2024, Nghị định số 102/2024/NĐ-CP ngày 30/7/2024",
                "Luật Đất đai năm 2024, Nghị định số 102/2024/NĐ-CP ngày 30/7/2024",
                false,
            ),
        ] {
            assert_eq!(years.sentence(old), (new.to_owned(), is_open), "{old}");
        }
        assert_eq!(several.key("kh-2021-2025"), "kh-2026-2030");
    }

    #[test]
    fn every_date_of_a_deadline_moves_to_a_day_that_exists() {
        let of_2024 = Move { first: 2024, last: 2024, by: 1 };
        for (years, old, new, is_open) in [
            (OF_2023, "Từ ngày 25/12/2023 đến ngày 05/01/2024", "Từ ngày 25/12/2024 đến ngày 05/01/2025", false),
            (OF_2023, "Trong năm 2023 (giai đoạn 2021-2025)", "Trong năm 2024 (giai đoạn 2021-2025)", false),
            (OF_2023, "2023-02-28", "2024-02-28", true),
            (of_2024, "Trước ngày 29/02/2024", "Trước ngày 28/02/2025", true),
            (of_2024, "2024-02-29", "2025-02-28", true),
            (of_2024, "Ngày 29 tháng 02 năm 2024", "Ngày 29 tháng 02 năm 2025", true),
        ] {
            assert_eq!(years.deadline(old), (new.to_owned(), is_open), "{old}");
        }
    }
}
