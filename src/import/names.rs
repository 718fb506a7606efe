//! Owns how a cell of units becomes names: known ones first, the longest, then what commas and words separate.

mod pieces;

use crate::config::fields::nearest;

use self::pieces::pieces;
use super::{Confidence, Review, document::one_line};

/// The names that `units.yaml` gives to units and groups.
#[derive(Debug, Clone, Default)]
pub struct KnownNames {
    /// Folded and as written; the longest first, so that a name is never cut by a shorter one.
    names: Vec<(Vec<char>, String)>,
    is_given: bool,
}

impl KnownNames {
    /// From all names, aliases and keys.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<(Vec<char>, String)> = names
            .into_iter()
            .map(|name| (fold(&one_line(&name)), name))
            .filter(|(folded, _)| !folded.is_empty())
            .collect();
        names.sort_by_key(|(folded, _)| std::cmp::Reverse(folded.len()));
        names.dedup_by(|a, b| a.0 == b.0);
        Self { names, is_given: true }
    }

    /// Whether there was a `units.yaml` at all.
    pub(super) fn is_given(&self) -> bool {
        self.is_given
    }

    fn knows(&self, name: &str) -> bool {
        let folded = fold(name);
        self.names.iter().any(|(known, _)| *known == folded)
    }
}

fn fold(text: &str) -> Vec<char> {
    // One character stays one character, so that places in the folded text are places in the text.
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// No cell that names units is longer.
const MAX_CELL: usize = 2_000;

/// What a cell, or two, say about who works.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    pub lead: Vec<String>,
    pub coordinating: Vec<String>,
    pub reviews: Vec<Review>,
}

/// Reads the cells of both roles; either may hold both.
pub(super) fn read_roles(lead: &str, coordinating: &str, both: &str, known: &KnownNames) -> Roles {
    let mut roles = Roles::default();
    for (cell, is_lead) in [(lead, true), (both, true), (coordinating, false)] {
        let (first, second) = split_roles(cell, is_lead);
        if !first.is_empty() {
            let names = read_names(&first, known, &mut roles.reviews, true);
            roles.lead.extend(names);
        }
        if !second.is_empty() {
            let names = read_names(&second, known, &mut roles.reviews, false);
            roles.coordinating.extend(names);
        }
    }
    for names in [&mut roles.lead, &mut roles.coordinating] {
        let mut seen = Vec::new();
        names.retain(|name| {
            let folded = fold(name);
            let is_new = !seen.contains(&folded);
            seen.push(folded);
            is_new
        });
    }
    if roles.lead.is_empty() {
        roles.reviews.push(Review::must("chưa rõ đơn vị chủ trì: ghi tên đơn vị vào mục lead"));
    } else if roles.lead.len() > 1 {
        let sentence = "có nhiều đơn vị chủ trì: đơn vị nào cũng phải báo hoàn thành; xem lại đơn vị nào trả lời chính";
        roles.reviews.push(Review::look(sentence));
    }
    roles
}

/// "Chủ trì: …; phối hợp: …", "… chủ trì, phối hợp với …", "… (chủ trì), …": the two parts of one cell.
fn split_roles(cell: &str, is_lead: bool) -> (String, String) {
    let text: Vec<char> = cell.chars().collect();
    let folded = fold(cell);
    let find = |word: &str, from: usize| {
        let word: Vec<char> = word.chars().collect();
        (from..folded.len()).find(|at| folded[*at..].starts_with(&word))
    };
    let whole = || if is_lead { (cell.to_owned(), String::new()) } else { (String::new(), cell.to_owned()) };
    let slice = |from: usize, to: usize| text.get(from..to.max(from)).unwrap_or_default().iter().collect::<String>();
    let Some(with) = find("phối hợp", 0) else {
        return match find("chủ trì", 0) {
            Some(at) => (bare(&slice(0, at)) + &bare(&slice(at + 7, text.len())), String::new()),
            None => whole(),
        };
    };
    let after = slice(with + 8, text.len());
    let before = match find("chủ trì", 0) {
        // "Phòng A chủ trì; các phòng phối hợp": each word stands behind its names.
        Some(at) if at < with && is_blank(&after) && !bare(&slice(0, at)).is_empty() => {
            return (bare(&slice(0, at)), bare(&slice(at + 7, with)));
        }
        Some(at) if at < with => format!("{}\n{}", bare(&slice(0, at)), bare(&slice(at + 7, with))),
        Some(at) => return (bare(&slice(at + 7, text.len())), bare(&slice(with + 8, at))),
        None => slice(0, with),
    };
    let before = bare(&before);
    let after = bare(&after);
    match (is_lead, before.is_empty(), after.is_empty()) {
        // "Các phòng phối hợp": the word says nothing new.
        (false, _, true) => (String::new(), before),
        (true, _, true) => (before, String::new()),
        (_, true, false) => (String::new(), after),
        (_, false, false) => (before, after),
    }
}

/// Signs around names, which are no part of them.
const SIGNS: [char; 11] = ['.', ',', ';', ':', '-', '–', '(', ')', '+', '•', '*'];

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || SIGNS.contains(&c))
}

/// Without the labels and signs that stand around names.
fn bare(text: &str) -> String {
    let mut text = text.trim().trim_start_matches(|c: char| SIGNS.contains(&c) || c.is_whitespace());
    for label in ["cơ quan, đơn vị", "cơ quan/đơn vị", "cơ quan", "đơn vị", "thực hiện", "chính", "với", "là", "cùng"]
    {
        let is_label = fold(text) == fold(label) || fold(text).starts_with(&fold(&format!("{label}:")));
        let is_joint = ["với", "là", "cùng"].contains(&label) && fold(text).starts_with(&fold(&format!("{label} ")));
        if is_label || is_joint {
            let cut: usize = text.chars().take(label.chars().count()).map(char::len_utf8).sum();
            text = text[cut..].trim_start_matches(|c: char| SIGNS.contains(&c) || c.is_whitespace());
        }
    }
    let text = text.trim_end_matches(|c: char| (SIGNS.contains(&c) && c != ')') || c.is_whitespace());
    // A bracket that was opened before the label closes nothing any more.
    let text = if text.ends_with('(') || (text.ends_with(')') && !text.contains('(')) {
        text.trim_end_matches(['(', ')', ' '])
    } else {
        text
    };
    text.to_owned()
}

fn read_names(cell: &str, known: &KnownNames, reviews: &mut Vec<Review>, is_lead: bool) -> Vec<String> {
    let mut names = Vec::new();
    if cell.chars().count() > MAX_CELL {
        reviews.push(Review::must("ô đơn vị quá dài nên không tách tên; ghi lại tên từng đơn vị"));
        return names;
    }
    for piece in pieces(cell, known) {
        let name = without_bracket(&piece, known, reviews);
        if name.is_empty() {
            continue;
        }
        let is_known = known.knows(&name);
        if !is_known && is_open(&name) {
            reviews.push(open_name(&name, is_lead));
            if is_lead {
                names.push(name);
            }
            continue;
        }
        // Without `units.yaml` that is said once, of the whole document.
        if !is_known && known.is_given {
            reviews.push(unknown(&name, known));
        }
        names.push(name);
    }
    names
}

/// "… có liên quan" names nobody in particular.
fn is_open(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("liên quan") || name.ends_with("khác")
}

fn open_name(name: &str, is_lead: bool) -> Review {
    if is_lead {
        Review::must(format!("«{name}» không chỉ rõ đơn vị nào: thay bằng tên từng đơn vị"))
    } else {
        Review::look(format!("«{name}» không chỉ rõ đơn vị nào nên không ghi vào coordinating; biết thì ghi thêm"))
    }
}

fn unknown(name: &str, known: &KnownNames) -> Review {
    match nearest(name, known.names.iter().map(|(_, written)| written.as_str())) {
        Some(near) => Review::must(format!("chưa có đơn vị hoặc nhóm «{name}» trong units.yaml; gần nhất là «{near}»")),
        None => Review::must(format!("chưa có đơn vị hoặc nhóm «{name}» trong units.yaml")),
    }
}

/// A name without what stands in brackets behind it, or behind "thuộc", where only so it is known.
fn without_bracket(piece: &str, known: &KnownNames, reviews: &mut Vec<Review>) -> String {
    let piece = bare(&one_line(piece));
    if known.knows(&piece) || piece.is_empty() {
        return piece;
    }
    let cuts = ["(", " thuộc ", " trực thuộc ", " có liên quan"];
    let cut = cuts.iter().filter_map(|mark| piece.find(mark)).min();
    let Some(at) = cut.filter(|at| *at > 0) else { return piece };
    let short = bare(&piece[..at]);
    let rest = piece[at..].trim();
    let is_bracket = rest.starts_with('(');
    if known.knows(&short) {
        reviews.push(Review::look(format!("«{piece}» được hiểu là «{short}», bỏ «{rest}»")));
        return short;
    }
    if is_bracket && !short.is_empty() && rest.ends_with(')') {
        reviews.push(Review::look(format!("phần trong ngoặc «{rest}» không đưa vào tên đơn vị")));
        return short;
    }
    piece
}

impl Review {
    pub(super) fn look(sentence: impl Into<String>) -> Self {
        Self { confidence: Confidence::Look, sentence: sentence.into() }
    }

    pub(super) fn must(sentence: impl Into<String>) -> Self {
        Self { confidence: Confidence::Must, sentence: sentence.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> KnownNames {
        KnownNames::new(names.iter().map(|name| (*name).to_owned()))
    }

    fn lead(cell: &str, names: &[&str]) -> Vec<String> {
        read_roles(cell, "", "", &known(names)).lead
    }

    #[test]
    fn the_longest_known_name_is_taken_first() {
        let office = ["Văn phòng", "Văn phòng Sở", "Trung tâm", "Trung tâm thuộc Sở", "Các phòng chuyên môn"];
        assert_eq!(
            lead("Các phòng chuyên môn, Trung tâm thuộc Sở", &office),
            ["Các phòng chuyên môn", "Trung tâm thuộc Sở"]
        );
        assert_eq!(lead("văn phòng sở,Trung tâm", &office), ["văn phòng sở", "Trung tâm"]);
        assert_eq!(lead("Văn phòng UBND tỉnh", &office), ["Văn phòng UBND tỉnh"]);
        assert_eq!(
            lead("Các phòng chuyên môn thuộc Sở và Văn phòng Sở", &office),
            ["Các phòng chuyên môn", "Văn phòng Sở"]
        );
        assert_eq!(lead("Văn phòng Sở Trung tâm", &office), ["Văn phòng Sở", "Trung tâm"]);
    }

    #[test]
    fn commas_within_a_name_do_not_cut_it() {
        for name in [
            "Bộ Văn hóa, Thể thao và Du lịch",
            "Sở VH,TT&DL",
            "Các bộ, ngành, địa phương",
            "UBND các huyện, thị xã, thành phố",
            "Bộ Lao động - Thương binh và Xã hội",
        ] {
            assert_eq!(lead(name, &[]), [name]);
            assert_eq!(lead(&format!("{name}, Sở Nội vụ"), &["Sở Nội vụ"]), [name, "Sở Nội vụ"]);
        }
        assert_eq!(lead("Bộ Nội vụ, các bộ, ngành, địa phương", &[]), ["Bộ Nội vụ", "các bộ, ngành, địa phương"]);
        assert_eq!(lead("Bộ Nội vụ Bộ Tài chính", &[]), ["Bộ Nội vụ", "Bộ Tài chính"]);
        assert_eq!(lead("VTV, VOV, TTXVN", &[]), ["VTV", "VOV", "TTXVN"]);
        assert_eq!(lead("Sở Tài chính; Sở Nội vụ\nCông an tỉnh", &[]), ["Sở Tài chính", "Sở Nội vụ", "Công an tỉnh"]);
    }

    #[test]
    fn both_roles_are_told_apart_in_one_cell() {
        for cell in [
            "Chủ trì: Sở Công nghiệp. Phối hợp: Sở Tài chính, Sở Nội vụ",
            "Chủ trì: Sở Công nghiệp; phối hợp: Sở Tài chính, Sở Nội vụ",
            "Sở Công nghiệp chủ trì, phối hợp với Sở Tài chính, Sở Nội vụ",
            "Cơ quan chủ trì: Sở Công nghiệp\nCơ quan phối hợp: Sở Tài chính, Sở Nội vụ",
            "Sở Công nghiệp chủ trì; Sở Tài chính, Sở Nội vụ phối hợp",
            "Sở Công nghiệp (chủ trì), Sở Tài chính, Sở Nội vụ (phối hợp)",
            "- Sở Công nghiệp (chủ trì)\n- Phối hợp: Sở Tài chính, Sở Nội vụ",
        ] {
            let roles = read_roles("", "", cell, &known(&[]));
            assert_eq!(roles.lead, ["Sở Công nghiệp"], "{cell}");
            assert_eq!(roles.coordinating, ["Sở Tài chính", "Sở Nội vụ"], "{cell}");
        }
    }

    #[test]
    fn what_names_nobody_and_what_is_unknown_is_said() {
        let roles = read_roles("Văn phong Sở", "Các đơn vị có liên quan", "", &known(&["Văn phòng Sở"]));
        assert_eq!(roles.lead, ["Văn phong Sở"]);
        assert!(roles.coordinating.is_empty());
        let said: Vec<&str> = roles.reviews.iter().map(|r| r.sentence.as_str()).collect();
        assert!(said[0].contains("gần nhất là «Văn phòng Sở»"), "{said:?}");
        assert!(said[1].contains("không chỉ rõ đơn vị nào"), "{said:?}");
    }
}
