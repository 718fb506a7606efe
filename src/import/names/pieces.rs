//! Owns where a cell of units is cut: around known names first, then at signs and words that can only separate names.

use super::{KnownNames, bare, is_blank};

/// The names of a cell, one each.
pub fn pieces(cell: &str, known: &KnownNames) -> Vec<String> {
    let text: Vec<char> = joined_lines(cell).chars().collect();
    let folded: Vec<char> = text.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let mut pieces: Vec<String> = Vec::new();
    let (mut at, mut open) = (0, String::new());
    let flush = |open: &mut String, pieces: &mut Vec<String>| {
        let piece = std::mem::take(open);
        pieces.extend(loose_pieces(&piece));
    };
    while at < text.len() {
        let is_start = is_blank(&open) || ends_with_joint(&open);
        if is_start && let Some(length) = known_at(&folded, at, known) {
            flush(&mut open, &mut pieces);
            pieces.push(text[at..at + length].iter().collect());
            at += length;
        } else {
            open.push(text[at]);
            at += 1;
        }
    }
    flush(&mut open, &mut pieces);
    pieces
}

/// Whether a new name may begin here: behind a comma, a semicolon, a line's end or "và".
fn ends_with_joint(open: &str) -> bool {
    let trimmed = open.trim_end_matches(' ');
    trimmed.ends_with([',', ';', '\n', '+', '/'])
        || (open.ends_with(' ') && (trimmed.ends_with(" và") || trimmed.ends_with(" cùng") || trimmed == "và"))
}

/// How long the longest known name at a place is; it must end where a word ends and a name may.
fn known_at(folded: &[char], at: usize, known: &KnownNames) -> Option<usize> {
    if at > 0 && folded[at - 1].is_alphanumeric() {
        return None;
    }
    let rest = &folded[at..];
    let is_end = |length: usize| {
        let tail: String = rest[length..].iter().take(40).collect();
        let tail_words = tail.trim_start_matches(' ');
        let is_word_end = rest.get(length).is_none_or(|c| !c.is_alphanumeric());
        let may_end = tail_words.is_empty()
            || tail_words.starts_with([',', ';', '.', '\n', '+', '(', '/', '&'])
            || ["và ", "cùng ", "thuộc ", "trực thuộc ", "có liên quan"].iter().any(|w| tail_words.starts_with(w))
            || follows_directly(&rest[length..], known);
        is_word_end && may_end
    };
    let found = known.names.iter().map(|(name, _)| name).find(|name| rest.starts_with(name) && is_end(name.len()));
    let length = found?.len();
    // What narrows the name belongs to it until somebody has looked at it.
    let tail: String = rest[length..].iter().take(400).collect();
    let narrowed =
        ["(", "thuộc ", "trực thuộc ", "có liên quan"].iter().any(|w| tail.trim_start_matches(' ').starts_with(w));
    if !narrowed {
        return Some(length);
    }
    let mut depth = 0_usize;
    let end = rest.iter().enumerate().skip(length).find(|(at, c)| {
        match **c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let begins_name = |after: &[char]| {
            let next: String = after.iter().take(24).collect();
            begins_with_head(&next) || known.names.iter().any(|(name, _)| after.starts_with(name))
        };
        let is_joint = rest[*at..].starts_with(&[' ', 'v', 'à', ' ']) && begins_name(&rest[*at + 4..]);
        depth == 0 && (is_joint || [',', ';', '\n', '+'].contains(*c))
    });
    Some(end.map_or(rest.len(), |(end, _)| end))
}

/// Another known name right behind this one: the separator was forgotten.
fn follows_directly(rest: &[char], known: &KnownNames) -> bool {
    let Some(skip) = rest.iter().position(|c| *c != ' ').filter(|skip| *skip > 0) else { return false };
    known.names.iter().any(|(name, _)| {
        let after = &rest[skip..];
        after.starts_with(name) && after.get(name.len()).is_none_or(|c| !c.is_alphanumeric())
    })
}

/// Lines that only wrapped are joined again; a line that begins a name begins a piece.
fn joined_lines(cell: &str) -> String {
    let mut joined = String::new();
    for line in cell.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let begins = line.starts_with(['-', '+', '•', '–']) || line.chars().next().is_some_and(char::is_uppercase);
        if !joined.is_empty() {
            let goes_on = joined.ends_with(',') || joined.ends_with(" và");
            joined.push(if begins && !goes_on { '\n' } else { ' ' });
        }
        joined.push_str(line);
    }
    joined
}

/// Words that a unit's name begins with; a comma before any other word belongs to the name.
const HEADS: [&str; 55] = [
    "bộ",
    "sở",
    "văn phòng",
    "các",
    "phòng",
    "trung tâm",
    "ubnd",
    "hđnd",
    "ủy ban",
    "uỷ ban",
    "ban",
    "thanh tra",
    "công an",
    "chi cục",
    "cục",
    "tổng cục",
    "vụ",
    "viện",
    "trường",
    "đài",
    "báo",
    "hội",
    "liên hiệp",
    "liên đoàn",
    "liên minh",
    "mặt trận",
    "đoàn",
    "kho bạc",
    "ngân hàng",
    "bảo hiểm",
    "thuế",
    "hải quan",
    "tòa án",
    "toà án",
    "tập đoàn",
    "tổng công ty",
    "công ty",
    "doanh nghiệp",
    "bql",
    "hiệu trưởng",
    "phó",
    "giám đốc",
    "chủ tịch",
    "khoa",
    "tổ",
    "nhà",
    "thông tấn xã",
    "học viện",
    "đại học",
    "mttq",
    "những",
    "toàn",
    "bch",
    "bộ phận",
    "thường trực",
];

/// Text without known names, cut at signs that can only separate names.
fn loose_pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for part in text.split(['\n', ';']) {
        let mut open = String::new();
        let mut depth = 0_usize;
        let mut rest = part;
        while let Some(c) = rest.chars().next() {
            let separator = separator_at(rest, &open).filter(|_| depth == 0);
            if let Some(length) = separator {
                pieces.push(std::mem::take(&mut open));
                rest = &rest[length..];
                continue;
            }
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            open.push(c);
            rest = &rest[c.len_utf8()..];
        }
        pieces.push(open);
    }
    let pieces = pieces.iter().flat_map(|piece| forgotten_separator(piece));
    pieces.map(bare).filter(|p| !p.is_empty() && !is_joint_word(p)).collect()
}

/// "Bộ Nội vụ Bộ Tài chính" are two names.
fn forgotten_separator(piece: &str) -> Vec<&str> {
    let trimmed = piece.trim_start();
    for head in ["Bộ ", "Sở ", "UBND "] {
        let second = trimmed.strip_prefix(head).and_then(|rest| rest.find(&format!(" {head}")));
        if let Some(at) = second.map(|at| at + head.len()) {
            let (first, rest) = trimmed.split_at(at);
            return std::iter::once(first).chain(forgotten_separator(rest)).collect();
        }
    }
    vec![trimmed]
}

fn is_joint_word(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "và" | "cùng" | "với")
}

/// Whether a text in small letters begins as units' names do.
fn begins_with_head(folded: &str) -> bool {
    HEADS.iter().any(|head| {
        folded.strip_prefix(head).is_some_and(|after| after.chars().next().is_none_or(|c| !c.is_alphanumeric()))
    })
}

/// How many bytes separate two names here, if they do.
fn separator_at(rest: &str, open: &str) -> Option<usize> {
    let word = [",", "+", " và ", "và ", " cùng "].into_iter().find(|w| rest.starts_with(w))?;
    if word == "và " && !is_blank(open) {
        return None;
    }
    let next = rest[word.len()..].trim_start();
    let next_folded: String = next.chars().take(24).flat_map(char::to_lowercase).collect();
    let next_folded = next_folded.strip_prefix("và ").unwrap_or(&next_folded);
    let begins = begins_with_head(next_folded);
    // "các bộ, ngành": a group goes on in small letters.
    let is_group = open.trim_start().to_lowercase().starts_with("các ")
        && next.chars().next().is_some_and(char::is_lowercase)
        && !next_folded.starts_with("các ");
    let is_short = |text: &str| {
        let text = text.trim();
        let is_upper = text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
        !text.is_empty() && is_upper && text.chars().count() <= 12 && !text.contains(' ')
    };
    let next_name = next.split([',', '+', ';']).next().unwrap_or_default();
    let are_short = is_short(open) && is_short(next_name);
    ((begins && !is_group) || are_short || next.is_empty()).then_some(word.len())
}
