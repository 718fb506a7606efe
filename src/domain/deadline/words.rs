//! Owns the words of a deadline phrase: cuts the text, and knows the vocabulary through typing habits.
//!
//! A word is compared without regard to case, to composed or decomposed letters, and to where the tone
//! mark sits ("qúy", "hòan"). Wrong or missing marks are forgiven only where no other word of office
//! language differs by its marks alone: "truớc" is "trước", but "quỹ" is a fund and no quarter. A phrase
//! typed wholly without marks is read by its bare letters. Figures that a scanner read as letters are
//! taken for figures where nothing else can be meant: "l5/0l/2O23" is 15/01/2023.

use std::sync::LazyLock;

/// More tokens than any cell of an annex has; bounds the work on a text that is no deadline.
pub(super) const MAX_TOKENS: usize = 400;

/// A piece of the phrase with its byte range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// White space stands before it.
    pub has_gap: bool,
    /// Letters in it were taken for figures.
    pub is_repaired: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Figures; a number of more than nine is kept as the largest.
    Number { value: u32, digits: usize },
    /// A word of the vocabulary.
    Word(Word),
    /// Any other word.
    Other,
    /// A sign; every dash is `-`.
    Sign(char),
}

macro_rules! vocabulary {
    ($($word:ident $habit:ident $($spelling:literal)+;)+) => {
        /// The words that deadlines are made of, named as they are spelt.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Word { $($word,)+ }

        const VOCABULARY: &[(Word, Habit, &[&str])] = &[$((Word::$word, Habit::$habit, &[$($spelling),+]),)+];
    };
}

/// How far the marks of a word may be off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Only as spelt, unless the whole phrase has no marks: another word differs by its marks.
    Strict,
    /// Any marks: no other word of office language has these letters.
    Loose,
    /// Only as spelt: without marks it is more often another word.
    Marked,
}

// Where two words have the same bare letters, the first is meant in a phrase without marks. Spellings
// without vowels are those of scans that lost letters.
vocabulary! {
    Ngày Strict "ngày" "ng" "ngy";
    Tháng Strict "tháng" "thg" "thng";
    Th Strict "th";
    T Strict "t";
    Quý Strict "quý" "quí";
    Q Strict "q";
    Năm Strict "năm" "nm";
    Tuần Loose "tuần" "tun";
    Giờ Strict "giờ" "h" "g";
    Phút Loose "phút";
    Trước Loose "trước" "trc";
    Chậm Loose "chậm" "chm" "trễ";
    Muộn Loose "muộn";
    Nhất Strict "nhất" "nht";
    Nhật Strict "nhật";
    Chủ Strict "chủ";
    Cn Strict "cn";
    Đến Strict "đến" "tới";
    Hết Loose "hết";
    Từ Strict "từ";
    Trong Strict "trong";
    Và Strict "và";
    Hoặc Loose "hoặc";
    Hằng Strict "hằng" "hàng" "hng";
    Mỗi Strict "mỗi" "từng" "cứ";
    Định Strict "định";
    Kỳ Strict "kỳ" "kì";
    Lần Strict "lần";
    Cuối Loose "cuối" "chót";
    Đầu Strict "đầu";
    Giữa Loose "giữa";
    Cùng Strict "cùng";
    Sau Strict "sau";
    Tiếp Strict "tiếp";
    Theo Loose "theo";
    Kể Strict "kể";
    Kế Strict "kế";
    Kề Strict "kề";
    Tính Strict "tính";
    Liền Strict "liền" "liên";
    Hạn Strict "hạn";
    Thời Strict "thời";
    Gian Strict "gian";
    Vòng Strict "vòng";
    Không Loose "không";
    Quá Strict "quá";
    Tối Strict "tối";
    Thiểu Loose "thiểu";
    Đa Strict "đa";
    Ít Strict "ít";
    Sớm Strict "sớm";
    Khi Strict "khi";
    Là Strict "là";
    Vào Strict "vào";
    Của Strict "của";
    Thứ Strict "thứ";
    Làm Strict "làm";
    Việc Strict "việc";
    Một Strict "một" "mốt";
    Hai Strict "hai";
    Ba Strict "ba";
    Bốn Strict "bốn" "tư";
    Lăm Strict "lăm" "nhăm";
    Sáu Strict "sáu";
    Bảy Strict "bảy" "bẩy";
    Tám Strict "tám";
    Chín Strict "chín";
    Mười Strict "mười" "mươi";
    Sáng Strict "sáng";
    Trưa Strict "trưa";
    Chiều Strict "chiều";
    Thường Loose "thường";
    Xuyên Loose "xuyên";
    Tục Strict "tục";
    Đột Strict "đột";
    Xuất Strict "xuất";
    Phát Strict "phát";
    Sinh Strict "sinh";
    Yêu Loose "yêu";
    Cầu Strict "cầu";
    Đề Strict "đề";
    Nghị Strict "nghị";
    Riêng Loose "riêng";
    Hoạch Loose "hoạch";
    Thông Strict "thông";
    Báo Strict "báo";
    Cáo Strict "cáo";
    Nếu Strict "nếu";
    Trùng Strict "trùng";
    Nghỉ Strict "nghỉ";
    Lễ Strict "lễ";
    Gần Strict "gần";
    Âm Strict "âm" "âl";
    Dương Strict "dương";
    Lịch Loose "lịch";
    Giêng Loose "giêng";
    Rằm Strict "rằm";
    Mùng Strict "mùng" "mồng";
    Chạp Strict "chạp";
    Nay Strict "nay";
    Trở Strict "trở";
    Đi Strict "đi";
    Các Strict "các" "những";
    Khoảng Loose "khoảng";
    Nửa Strict "nửa";
    Học Strict "học";
    So Strict "so";
    Với Strict "với";
    Ngay Strict "ngay";
    Hôm Strict "hôm";
    Suốt Loose "suốt";
    Cả Strict "cả";
    Có Strict "có";
    Được Loose "được";
    Thành Strict "thành";
    Xong Strict "xong";
    Bắt Strict "bắt";
    Đợt Strict "đợt" "lớp" "khối" "bước" "phần" "phiên" "chương" "mục" "điều" "khoản" "tầng" "tổ" "phòng" "mẫu" "lục";
    Khóa Strict "khóa" "khoá";
    Nhìn Strict "nhìn";
    Đoạn Strict "đoạn";
    Thượng Marked "thượng";
    Trung Marked "trung";
    Hạ Marked "hạ";
    Mừng Marked "mừng" "niệm";
    Tức Marked "tức";
    Sang Marked "sang";
    Hơn Marked "hơn";
    Đã Marked "đã" "hoãn" "dừng" "hiệu" "lùi";
    Luật Strict "luật";
    Trừ Strict "trừ";
    Lúc Strict "lúc";
    Tiên Strict "tiên";
    Điểm Strict "điểm";
    Văn Strict "văn" "quyết" "hướng" "công";
    Chỉ Strict "chỉ";
    Đạo Strict "đạo";
    Bản Strict "bản" "dẫn" "điện";
    Số Strict "số";
    Trường Strict "trường";
    Hợp Strict "hợp";
    Thuộc Loose "thuộc";
}

/// A word taken apart: bare letters, then the shape of each letter and the tone of the word, so that
/// "quý" and "qúy" are the same.
#[derive(Clone, Copy, Default)]
struct Spelling {
    /// Up to eight lower-case letters, one a byte.
    bare: u64,
    /// Two bits a letter: â ê ô đ, ă, ơ ư.
    shapes: u32,
    tone: u32,
    letters: u32,
}

struct Entry {
    bare: u64,
    marks: u32,
    word: Word,
    habit: Habit,
}

/// The vocabulary, sorted by bare letters.
static LEXICON: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let spelt = |text: &str| {
        let mut spelling = Spelling::default();
        text.chars().for_each(|c| spelling.push(c));
        spelling
    };
    let mut lexicon: Vec<Entry> = VOCABULARY
        .iter()
        .flat_map(|(word, habit, spellings)| spellings.iter().map(move |s| (*word, *habit, spelt(s))))
        .map(|(word, habit, s)| Entry { bare: s.bare, marks: s.marks(), word, habit })
        .collect();
    lexicon.sort_by_key(|e| e.bare);
    lexicon
});

fn find_word(spelling: &Spelling, has_marks: bool) -> Option<Word> {
    // No word of the vocabulary has more than eight letters.
    if spelling.letters > 8 {
        return None;
    }
    let lexicon = &*LEXICON;
    let start = lexicon.partition_point(|e| e.bare < spelling.bare);
    let alike = || lexicon[start..].iter().take_while(|e| e.bare == spelling.bare);
    let marks = spelling.marks();
    let found = alike()
        .find(|e| e.marks == marks || !has_marks && e.habit != Habit::Marked)
        .or_else(|| alike().find(|e| e.habit == Habit::Loose));
    found.map(|e| e.word)
}

/// Cuts `phrase` into tokens, or `None` when there are more than [`MAX_TOKENS`]. Quotation marks and an
/// ellipsis are left out.
pub(super) fn split(phrase: &str) -> Option<Vec<Token>> {
    let has_marks = phrase.chars().any(|c| is_mark(c) || !c.is_ascii() && c.is_alphabetic());
    let mut tokens: Vec<Token> = Vec::with_capacity(32);
    let mut at = 0;
    let mut has_gap = true;
    while let Some(c) = phrase[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        let mut is_repaired = false;
        let kind = if let Some((value, end)) = repaired_number(phrase, start) {
            (at, is_repaired) = (end, true);
            Some(Kind::Number { value, digits: end - start })
        } else if c.is_ascii_digit() {
            let digits = phrase[start..].bytes().take_while(u8::is_ascii_digit).count();
            at = start + digits;
            Some(Kind::Number { value: number(&phrase[start..at]), digits })
        } else if c.is_alphabetic() {
            let mut spelling = Spelling::default();
            for (offset, c) in phrase[start..].char_indices() {
                if !(c.is_alphabetic() || is_mark(c) || is_invisible(c)) {
                    break;
                }
                spelling.push(c);
                at = start + offset + c.len_utf8();
            }
            let word = find_word(&spelling, has_marks);
            // "Trướcngày 15/11": the space was lost.
            if word.is_none()
                && let Some(split) = split_before_day(&phrase[start..at])
            {
                at = start + split;
                let mut first = Spelling::default();
                phrase[start..at].chars().for_each(|c| first.push(c));
                find_word(&first, has_marks).map(Kind::Word).or(Some(Kind::Other))
            } else {
                Some(word.map_or(Kind::Other, Kind::Word))
            }
        } else {
            // "->" is one sign.
            let is_head = c == '>' && phrase[..start].ends_with('-');
            sign(c).filter(|_| !is_head)
        };
        // "31/7/2017..." trails off; the points say nothing.
        let is_ellipsis = c == '.' && (phrase[at..].starts_with('.') || phrase[..start].ends_with('.'));
        match kind.filter(|_| !is_ellipsis) {
            Some(_) if tokens.len() == MAX_TOKENS => return None,
            Some(kind) => {
                tokens.push(Token { kind, start, end: at, has_gap, is_repaired });
                has_gap = false;
            }
            None => has_gap = true,
        }
    }
    Some(tokens)
}

/// Where "ngày" begins that is glued to the word before it.
fn split_before_day(word: &str) -> Option<usize> {
    let at = word.to_lowercase().rfind("ngày").filter(|at| *at > 0 && word.is_char_boundary(*at))?;
    (word[at..].chars().count() == 4).then_some(at)
}

fn sign(c: char) -> Option<Kind> {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '→' | '÷' | '~' => Some(Kind::Sign('-')),
        '…' | '"' | '“' | '”' | '«' | '»' | '*' | '\'' | '’' => None,
        c if c.is_whitespace() || c.is_control() || is_mark(c) || is_invisible(c) => None,
        c => Some(Kind::Sign(c)),
    }
}

/// A part of a date that has at least one `l`, `I`, `O` or `o` among its figures: no word is spelt so.
fn repaired_number(phrase: &str, start: usize) -> Option<(u32, usize)> {
    let run = phrase[start..].bytes().take_while(|b| b.is_ascii_digit() || b"lIOo".contains(b)).count();
    let text = &phrase[start..start + run];
    let has_both = text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| !b.is_ascii_digit());
    let touches_letter = phrase[start + run..].starts_with(|c: char| c.is_alphanumeric() || is_mark(c))
        || phrase[..start].ends_with(|c: char| c.is_alphanumeric() || is_mark(c));
    let is_separator = |c: char| matches!(c, '/' | '.' | '-');
    let is_in_date = phrase[..start].ends_with(is_separator) || phrase[start + run..].starts_with(is_separator);
    if !has_both || touches_letter || !is_in_date || !matches!(run, 2 | 4) {
        return None;
    }
    let figure = |b: u8| match b {
        b'l' | b'I' => 1,
        b'O' | b'o' => 0,
        digit => u32::from(digit - b'0'),
    };
    Some((text.bytes().fold(0, |n, b| n * 10 + figure(b)), start + run))
}

fn number(figures: &str) -> u32 {
    figures.parse().unwrap_or(u32::MAX)
}

impl Spelling {
    fn push(&mut self, c: char) {
        let (base, shape) = match c {
            '\u{300}' => return self.tone = 1,
            '\u{301}' => return self.tone = 2,
            '\u{303}' => return self.tone = 3,
            '\u{309}' => return self.tone = 4,
            '\u{323}' => return self.tone = 5,
            '\u{302}' => return self.shape_last(1),
            '\u{306}' => return self.shape_last(2),
            '\u{31b}' => return self.shape_last(3),
            c if is_invisible(c) => return,
            c if c.is_ascii() => (c.to_ascii_lowercase() as u8, 0),
            'đ' | 'Đ' => (b'd', 1),
            c => {
                let letter = composed_letter(c);
                self.tone = self.tone.max(u32::from(letter.tone));
                (letter.base, u32::from(letter.shape))
            }
        };
        self.letters += 1;
        if self.letters <= 8 {
            self.bare = self.bare << 8 | u64::from(base);
            self.shapes = self.shapes << 2 | shape;
        }
    }

    fn shape_last(&mut self, shape: u32) {
        self.shapes |= shape;
    }

    fn marks(&self) -> u32 {
        self.shapes << 3 | self.tone
    }
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{feff}' | '\u{2060}')
}

/// A letter with its marks taken off; `?` for one that Vietnamese does not have.
#[derive(Clone, Copy)]
struct Letter {
    base: u8,
    shape: u8,
    tone: u8,
}

fn composed_letter(c: char) -> Letter {
    const NONE: Letter = Letter { base: b'?', shape: 0, tone: 0 };
    /// Every composed letter of Vietnamese lies below this.
    const END: usize = 0x1f00;
    static LETTERS: LazyLock<Vec<Letter>> = LazyLock::new(|| {
        const ROWS: [(&str, u8, u8); 12] = [
            ("aàáãảạ", b'a', 0),
            ("âầấẫẩậ", b'a', 1),
            ("ăằắẵẳặ", b'a', 2),
            ("eèéẽẻẹ", b'e', 0),
            ("êềếễểệ", b'e', 1),
            ("iìíĩỉị", b'i', 0),
            ("oòóõỏọ", b'o', 0),
            ("ôồốỗổộ", b'o', 1),
            ("ơờớỡởợ", b'o', 3),
            ("uùúũủụ", b'u', 0),
            ("ưừứữửự", b'u', 3),
            ("yỳýỹỷỵ", b'y', 0),
        ];
        let mut letters = vec![NONE; END];
        for (row, base, shape) in ROWS {
            for (tone, c) in (0..).zip(row.chars()) {
                for c in c.to_uppercase().chain([c]) {
                    letters[c as usize] = Letter { base, shape, tone };
                }
            }
        }
        letters
    });
    LETTERS.get(c as usize).copied().unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn words(text: &str) -> Vec<Kind> {
        split(text).expect("short").into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn the_same_word_is_found_through_typing_habits() {
        let expected = words("trước quý hoàn");
        for text in ["TRƯỚC QUÝ hoàn", "truớc qúy hòan", "trươc quí HOÀN"] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words(&"Trước quý hoàn".nfd().collect::<String>()), expected);
        assert_eq!(words("truoc quy hoan"), expected);
    }

    #[test]
    fn a_word_that_differs_by_its_marks_alone_is_another_word() {
        assert_eq!(words("quỹ năm"), [Kind::Other, Kind::Word(Word::Năm)]);
        assert_eq!(words("nam năm")[0], Kind::Other);
    }

    #[test]
    fn letters_among_figures_are_figures_only_where_nothing_else_is_meant() {
        let number = |value, digits| Kind::Number { value, digits };
        let slash = Kind::Sign('/');
        assert_eq!(words("l5/0l/2O23"), [number(15, 2), slash, number(1, 2), slash, number(2023, 4)]);
        assert_eq!(words("Io"), [Kind::Other]);
        assert_eq!(words("5l xăng")[0], number(5, 1));
        assert_eq!(words("10lít")[0], number(10, 2));
    }
}
