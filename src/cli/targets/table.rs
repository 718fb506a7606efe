//! Owns the table of targets: columns that wrap, within 100 characters.

use super::Page;
use crate::{
    domain::{
        plan::{Basis, Target},
        targets::{Standing, words},
    },
    message::vietnamese::short_date,
};

/// Title and width of each column; with the gaps 100 characters.
const COLUMNS: [(&str, usize); 7] =
    [("Mã", 9), ("Chỉ tiêu", 31), ("Yêu cầu", 8), ("Đã đạt", 15), ("Xu hướng", 8), ("Dự báo", 6), ("Đánh giá", 11)];
const GAP: &str = "  ";

/// A page with the plan's title, the table and what its columns mean.
pub fn text(page: &Page<'_>) -> String {
    let mut lines = vec![page.plan.title.to_string()];
    if let Some(span) = page.plan.span() {
        let until = short_date(span.until_on);
        let state = if page.is_over() {
            format!("đã kết thúc ngày {until}")
        } else {
            format!("tính đến {}, kết thúc ngày {until}", short_date(page.today))
        };
        lines.push(format!("Chỉ tiêu từ {}, {state}", short_date(span.from_on)));
    }
    lines.push(String::new());
    lines.extend(row(&COLUMNS.map(|(title, _)| title.to_owned())));
    lines.push(COLUMNS.map(|(_, width)| "─".repeat(width)).join(GAP));
    for (target, standing) in page.rows() {
        lines.extend(row(&cells(page, target, standing)));
    }
    lines.push(String::new());
    lines.extend(legend(page));
    lines.join("\n")
}

fn cells(page: &Page<'_>, target: &Target, standing: &Standing) -> [String; 7] {
    let none = || "–".to_owned();
    let reached = standing.value.as_ref().map(|v| format!("{}\n{}", v.percent(), words::evidence(v)));
    [
        target.id.to_string(),
        target.text.clone(),
        words::wanted(target),
        reached.unwrap_or_else(none),
        standing.trend.map_or_else(none, words::change),
        standing.forecast.filter(|_| !page.is_over()).map_or_else(none, |f| f.percent().to_string()),
        words::verdict(standing, page.is_over()).to_owned(),
    ]
}

fn legend(page: &Page<'_>) -> Vec<String> {
    let mut lines = vec![
        "Xu hướng: điểm phần trăm, ba tháng gần nhất so với trước đó (số nhập tay: so với lần nhập trước).".to_owned(),
    ];
    if !page.is_over() {
        lines.push(
            "Dự báo: tỷ lệ đến cuối kỳ nếu tiếp tục như ba tháng gần nhất (số nhập tay: theo hai lần nhập cuối)."
                .to_owned(),
        );
    }
    let entered = page.plan.targets.iter().find(|t| t.basis == Basis::Entered);
    lines.extend(entered.map(|t| {
        format!("Số không tính được từ hồ sơ thì nhập: nhacviec targets set {} --value 92,5 --document \"12/BC\"", t.id)
    }));
    lines
}

/// The lines of a row: each cell wrapped to its column.
fn row(cells: &[String; 7]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> = cells.iter().zip(COLUMNS).map(|(cell, (_, width))| wrap(cell, width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let line = |at: usize| {
        let parts = wrapped.iter().zip(COLUMNS).map(|(cell, (_, width))| {
            let part = cell.get(at).map_or("", String::as_str);
            format!("{part:<width$}")
        });
        parts.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// Breaks between words; a word that is longer than the column is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            if !line.is_empty() && line.chars().count() + 1 + word.len() > width {
                lines.push(std::mem::take(&mut line));
            }
            while word.len() > width {
                let rest = word.split_off(width);
                lines.push(word.into_iter().collect());
                word = rest;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_a_hundred_characters_wide() {
        let gaps = GAP.len() * (COLUMNS.len() - 1);
        assert_eq!(COLUMNS.iter().map(|(_, width)| width).sum::<usize>() + gaps, 100);
    }

    #[test]
    fn cells_wrap_between_words_and_long_words_are_cut() {
        assert_eq!(wrap("97,5%\n39/40 hồ sơ", 15), ["97,5%", "39/40 hồ sơ"]);
        assert_eq!(wrap("một hai ba", 7), ["một hai", "ba"]);
        assert_eq!(wrap("a 123456789 b", 4), ["a", "1234", "5678", "9 b"]);
    }
}
