//! Owns the numbers of an annex: Roman, letters, figures with dots, and what stands glued behind them.

/// What kind of number a row has; it tells how deep the row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    /// A, B, C.
    Upper(char),
    /// I, II, III.
    Roman(u32),
    /// 1, or 1.1 with two parts.
    Arabic(Vec<u32>),
    /// a, b, c, also đ.
    Lower(char),
    /// II.1.1: the whole path.
    Path,
}

/// A number as the annex writes it, without the marks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    pub label: String,
    pub marker: Marker,
}

/// The number that a cell is, if it is one.
pub(super) fn parse(text: &str) -> Option<Number> {
    let label = text.trim().trim_matches(['*', '(', ')', '.', ':', '/', ' ', '-', '_']).to_owned();
    let marker = marker(&label)?;
    Some(Number { label, marker })
}

fn marker(label: &str) -> Option<Marker> {
    if label.is_empty() || label.len() > 16 || label.contains(char::is_whitespace) {
        return None;
    }
    let parts: Vec<&str> = label.split('.').map(str::trim).collect();
    let figures: Option<Vec<u32>> = parts.iter().map(|p| figure(p)).collect();
    if let Some(figures) = figures {
        return Some(Marker::Arabic(figures));
    }
    if parts.len() > 1 {
        let is_path = parts[1..].iter().all(|p| figure(p).is_some() || is_letter(p));
        let first = roman(parts[0]).is_some() || is_letter(parts[0]) || figure(parts[0]).is_some();
        return (is_path && first).then_some(Marker::Path);
    }
    let mut chars = label.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii_uppercase() || c == 'Đ' => {
            // Whether it is a letter or a Roman figure is known only from its neighbours.
            Some(roman(label).map_or(Marker::Upper(c), Marker::Roman))
        }
        (Some(c), None) if c.is_ascii_lowercase() || c == 'đ' => Some(Marker::Lower(c)),
        _ => roman(label).map(Marker::Roman),
    }
}

fn figure(text: &str) -> Option<u32> {
    (1..=3)
        .contains(&text.len())
        .then(|| text.parse().ok())
        .flatten()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

fn is_letter(text: &str) -> bool {
    text.chars().count() == 1 && text.chars().all(char::is_alphabetic)
}

/// The value of a Roman figure as people write them, up to 89.
fn roman(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 7 {
        return None;
    }
    let tens = ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX"];
    let ones = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"];
    let values =
        (0_u32..).zip(tens).flat_map(|(ten, t)| (0_u32..).zip(ones).map(move |(one, o)| (ten * 10 + one, t, o)));
    let mut values = values.filter(|(value, ..)| *value > 0);
    values.find(|(_, t, o)| text.len() == t.len() + o.len() && text.starts_with(t) && text.ends_with(o)).map(|v| v.0)
}

/// The number at the beginning of a text and what follows it: "III NHIỆM VỤ…", "1.1. Rà soát".
pub(super) fn split_glued(text: &str) -> Option<(Number, &str)> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    let number = parse(first)?;
    let is_marked = first.ends_with(['.', ')', ':']) || first.contains('.');
    let rest = rest.trim();
    let is_certain = match &number.marker {
        // "A", "I" and "V" also begin sentences; figures also count things.
        Marker::Arabic(parts) => is_marked || parts.len() > 1,
        Marker::Roman(_) | Marker::Upper(_) => is_marked || (first.len() > 1 && is_shouted(rest)),
        Marker::Lower(_) => is_marked,
        Marker::Path => true,
    };
    (is_certain && rest.chars().any(char::is_alphabetic)).then_some((number, rest))
}

/// Several numbers in one cell: "3. 4.".
pub(super) fn several(text: &str) -> Option<Vec<Number>> {
    let numbers: Option<Vec<Number>> = text.split_whitespace().map(parse).collect();
    numbers.filter(|n| n.len() > 1 && n.len() <= 8)
}

/// Whether a text is written in capitals, as headings are.
pub(super) fn is_shouted(text: &str) -> bool {
    let (mut upper, mut lower) = (0, 0);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        if c.is_uppercase() { upper += 1 } else { lower += 1 }
    }
    upper > 3 && lower * 8 <= upper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_known_and_other_words_are_not() {
        for (text, marker) in [
            ("I", Marker::Roman(1)),
            ("XIV.", Marker::Roman(14)),
            ("**IV**", Marker::Roman(4)),
            ("A", Marker::Upper('A')),
            ("5.", Marker::Arabic(vec![5])),
            ("(12)", Marker::Arabic(vec![12])),
            ("1.1", Marker::Arabic(vec![1, 1])),
            ("a)", Marker::Lower('a')),
            ("đ)", Marker::Lower('đ')),
            ("II.1.1", Marker::Path),
        ] {
            assert_eq!(parse(text).map(|n| n.marker), Some(marker), "{text}");
        }
        for text in ["", "-", "LIÊN THÔNG", "IIII", "VX", "3. 4.", "2023", "1/2023", "Tháng 7", "1. Rà soát"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_glued_to_its_title_is_cut_off() {
        let split = |text| split_glued(text).map(|(number, rest)| (number.label, rest));
        assert_eq!(split("III NHIỆM VỤ THỰC HIỆN"), Some(("III".to_owned(), "NHIỆM VỤ THỰC HIỆN")));
        assert_eq!(split("1.1. Rà soát"), Some(("1.1".to_owned(), "Rà soát")));
        for text in ["100 hồ sơ", "LIÊN THÔNG", "A lô", "I", "3 đơn vị"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
