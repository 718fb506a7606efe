//! Owns the outline of an annex: which heading a row stands under and the number it gets in the plan.

use std::collections::HashSet;

use super::{
    Review,
    columns::Field,
    document::one_line,
    numbering::{self, Marker, Number},
    rows::Entry,
};

/// A task with its place in the outline.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub id: String,
    pub section: String,
    pub entry: Entry,
}

/// A heading, or a task under which others stand.
#[derive(Debug, Clone)]
struct Level {
    /// `None` for a heading without a number.
    number: Option<Number>,
    id: String,
    title: String,
    is_task: bool,
    children: usize,
}

/// Gives every task its number and heading; the remarks are about headings that have nothing below them.
pub(super) fn outline(entries: Vec<Entry>) -> (Vec<Placed>, Vec<String>) {
    let mut outline = Outline { has_numbers: entries.iter().any(|e| e.number.is_some()), ..Outline::default() };
    for entry in entries {
        if entry.is_task() { outline.task(entry) } else { outline.heading(&entry) }
    }
    outline.leave(0);
    (outline.placed, outline.remarks)
}

#[derive(Default)]
struct Outline {
    levels: Vec<Level>,
    placed: Vec<Placed>,
    remarks: Vec<String>,
    used: HashSet<String>,
    has_numbers: bool,
    unnumbered: usize,
}

impl Outline {
    fn heading(&mut self, entry: &Entry) {
        let title = one_line(entry.text(Field::Content));
        if title.is_empty() {
            return;
        }
        let number = self.settled(entry.number.clone());
        match &number {
            Some(number) => self.leave_for(number, false),
            None if numbering::is_shouted(&title) => self.leave(0),
            None => {
                let same = self.levels.iter().position(|level| level.number.is_none());
                self.leave(same.unwrap_or(self.levels.len()));
            }
        }
        let id = number.as_ref().map_or_else(|| self.parent_id(), |number| self.id_of(number));
        self.count_child();
        let title = match &number {
            Some(number) => format!("{}. {title}", number.label),
            None => title,
        };
        self.levels.push(Level {
            number,
            id,
            title: format!("{title}\u{0}{}", entry.place),
            is_task: false,
            children: 0,
        });
        self.unnumbered = 0;
    }

    fn task(&mut self, mut entry: Entry) {
        entry.number = self.settled(entry.number.take());
        if let Some(number) = entry.number.clone() {
            self.leave_for(&number, true);
            let id = self.id_of(&number);
            self.unnumbered = 0;
            self.place(&id, entry.clone());
            let title = format!("{}. {}\u{0}", number.label, one_line(entry.text(Field::Content)));
            self.levels.push(Level { number: Some(number), id, title, is_task: true, children: 1 });
        } else {
            self.unnumbered += 1;
            let parent = self.parent_id();
            let id = match (self.has_numbers, parent.is_empty()) {
                (true, false) => format!("{parent}-{}", self.unnumbered),
                _ => format!("{}", self.placed.len() + 1),
            };
            if self.has_numbers {
                let sentence = "dòng này không có số thứ tự trong văn bản: mã do chương trình đặt";
                entry.reviews.push(Review::look(sentence));
            }
            self.place(&id, entry);
        }
    }

    fn place(&mut self, id: &str, mut entry: Entry) {
        let mut unique = id.to_owned();
        let mut n = 2;
        while !self.used.insert(unique.clone()) {
            unique = format!("{id}-{n}");
            n += 1;
        }
        if unique != id {
            let sentence = format!("số «{id}» bị dùng lại trong văn bản: đặt là «{unique}»");
            entry.reviews.push(Review::look(sentence));
        }
        self.count_child();
        let titles = self.levels.iter().filter(|level| !level.is_task);
        let section = titles.map(|level| shown(&level.title)).collect::<Vec<_>>().join(" / ");
        self.placed.push(Placed { id: unique, section, entry });
    }

    fn count_child(&mut self) {
        if let Some(last) = self.levels.last_mut() {
            last.children += 1;
        }
    }

    fn parent_id(&self) -> String {
        self.levels.last().map(|level| level.id.clone()).unwrap_or_default()
    }

    /// "C" after "B" is a letter, "V" after "IV" is five.
    fn settled(&self, number: Option<Number>) -> Option<Number> {
        let mut number = number?;
        if let (Marker::Roman(_), Some(letter)) = (&number.marker, single(&number.label)) {
            let before = |level: &Level| match level.number.as_ref().map(|n| &n.marker) {
                Some(Marker::Upper(previous)) => u32::from(*previous) + 1 == u32::from(letter),
                _ => false,
            };
            let is_roman_next = self.levels.iter().any(|level| {
                let known = level.number.as_ref().map(|n| &n.marker);
                matches!((known, &number.marker), (Some(Marker::Roman(a)), Marker::Roman(b)) if a + 1 == *b)
            });
            if !is_roman_next && self.levels.iter().any(before) {
                number.marker = Marker::Upper(letter);
            }
        }
        Some(number)
    }

    /// Goes back up to the level that a number belongs to.
    fn leave_for(&mut self, number: &Number, is_task: bool) {
        let same =
            |level: &Level| level.number.as_ref().is_some_and(|known| is_same_kind(&known.marker, &number.marker));
        let follows = |level: &Level| level.number.as_ref().is_some_and(|known| is_next(&known.marker, &number.marker));
        let places: Vec<usize> = (0..self.levels.len()).filter(|at| same(&self.levels[*at])).collect();
        let Some(deepest) = places.last().copied() else {
            return self.leave_parts(number);
        };
        // "2. Title" without units, then "1": a list of its own below it.
        let top = &self.levels[deepest];
        let begins = matches!(&number.marker, Marker::Arabic(parts) if parts == &[1]);
        if is_task && begins && !top.is_task && top.children == 0 && deepest + 1 == self.levels.len() {
            return;
        }
        let exact = places.iter().rev().find(|at| follows(&self.levels[**at]) && self.levels[**at].is_task == is_task);
        let next = exact.or_else(|| places.iter().rev().find(|at| follows(&self.levels[**at])));
        self.leave(next.copied().unwrap_or(deepest));
    }

    /// A first number of its kind goes below what is there, except below figures that are deeper.
    fn leave_parts(&mut self, number: &Number) {
        let Marker::Arabic(parts) = &number.marker else { return };
        let deeper = self.levels.iter().position(|level| {
            matches!(level.number.as_ref().map(|n| &n.marker), Some(Marker::Arabic(known)) if known.len() > parts.len())
        });
        let lower = self
            .levels
            .iter()
            .position(|level| matches!(level.number.as_ref().map(|n| &n.marker), Some(Marker::Lower(_))));
        self.leave(deeper.into_iter().chain(lower).min().unwrap_or(self.levels.len()));
    }

    fn leave(&mut self, at: usize) {
        for level in self.levels.split_off(at.min(self.levels.len())) {
            if level.children == 0 {
                let (title, place) = level.title.split_once('\u{0}').unwrap_or((&level.title, ""));
                let title = crate::source::table::wording::shortened(title, 80);
                self.remarks.push(format!(
                    "{place}: «{title}» không có đơn vị, thời hạn và không có dòng con nên chỉ coi là đề mục; nếu là nhiệm vụ thì thêm bằng tay"
                ));
            }
        }
    }

    fn id_of(&self, number: &Number) -> String {
        let label = &number.label;
        let parent = match &number.marker {
            Marker::Path => None,
            // "1.1" carries its parent's figure already.
            Marker::Arabic(parts) if parts.len() > 1 => self.levels.iter().rev().find(|level| {
                matches!(level.number.as_ref().map(|n| &n.marker), Some(Marker::Roman(_) | Marker::Upper(_)))
            }),
            Marker::Arabic(_) | Marker::Roman(_) | Marker::Upper(_) | Marker::Lower(_) => self.levels.last(),
        };
        match parent.filter(|level| !level.id.is_empty()) {
            Some(level) => format!("{}.{label}", level.id),
            None => label.clone(),
        }
    }
}

fn shown(title: &str) -> &str {
    title.split('\u{0}').next().unwrap_or(title)
}

fn single(label: &str) -> Option<char> {
    let mut chars = label.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn is_same_kind(a: &Marker, b: &Marker) -> bool {
    match (a, b) {
        (Marker::Arabic(a), Marker::Arabic(b)) => a.len() == b.len(),
        (Marker::Upper(_), Marker::Upper(_))
        | (Marker::Roman(_), Marker::Roman(_))
        | (Marker::Lower(_), Marker::Lower(_))
        | (Marker::Path, Marker::Path) => true,
        _ => false,
    }
}

fn is_next(a: &Marker, b: &Marker) -> bool {
    match (a, b) {
        (Marker::Arabic(a), Marker::Arabic(b)) => match (a.split_last(), b.split_last()) {
            (Some((last, head)), Some((next, other))) => head == other && last + 1 == *next,
            _ => false,
        },
        (Marker::Roman(a), Marker::Roman(b)) => a + 1 == *b,
        (Marker::Upper(a), Marker::Upper(b)) | (Marker::Lower(a), Marker::Lower(b)) => {
            u32::from(*a) + 1 == u32::from(*b)
        }
        _ => false,
    }
}
