//! The list as a request finds it, and its pages.

use super::dossier::FakeDossier;

/// What a request finds; some faults change it.
#[derive(Debug, Clone)]
pub struct Rows {
    list: Vec<FakeDossier>,
    repeats: bool,
}

/// A part of the list.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<FakeDossier>,
    /// Of the whole list.
    pub total: usize,
    pub is_last: bool,
}

impl Rows {
    pub fn new(list: Vec<FakeDossier>) -> Self {
        Self { list, repeats: false }
    }

    /// The first half of the list, as if the rest had never been.
    pub fn halve(&mut self) {
        self.list.truncate(self.list.len() / 2);
    }

    /// From now on each page after the first begins with the last row of the page before; nothing gets lost by it.
    pub fn repeat_over_pages(&mut self) {
        self.repeats = true;
    }

    pub fn select(&self, keep: impl Fn(&FakeDossier) -> bool) -> Self {
        Self { list: self.list.iter().filter(|row| keep(row)).cloned().collect(), repeats: self.repeats }
    }

    pub fn list(&self) -> &[FakeDossier] {
        &self.list
    }

    pub fn list_mut(&mut self) -> &mut Vec<FakeDossier> {
        &mut self.list
    }

    pub fn page(&self, from: usize, size: usize) -> Page {
        let shown = if self.repeats { self.repeated(size) } else { self.list.clone() };
        let total = shown.len();
        let rows: Vec<_> = shown.into_iter().skip(from).take(size).collect();
        Page { is_last: from.saturating_add(rows.len()) >= total, rows, total }
    }

    fn repeated(&self, size: usize) -> Vec<FakeDossier> {
        let mut shown: Vec<FakeDossier> = Vec::new();
        for row in &self.list {
            let is_page_start = size > 1 && !shown.is_empty() && shown.len().is_multiple_of(size);
            if is_page_start {
                shown.extend(shown.last().cloned());
            }
            shown.push(row.clone());
        }
        shown
    }
}
