//! Owns the one reading of an answer's bytes: finds the wanted values and passes over everything else.
//!
//! What is not wanted is never decoded: rows carry identities, addresses and the dossier's secret key, which must not
//! reach memory that we keep. What is wanted is kept as its place in the answer.

use super::{
    json::{Broken, Cursor},
    pointer::{Pointer, Step, follow},
};

pub use super::json::Place;

/// Absent.
const NOWHERE: Place = (u32::MAX, 0);

/// The wanted values of a kind of object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    root: Node,
    slots: usize,
    /// For each pointer: its slot, and how to go on from there.
    pointers: Vec<(usize, Vec<Step>)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    slot: Option<usize>,
    children: Vec<(String, Node)>,
    /// A bit for each child: most keys of a row are not wanted, and are known by theirs to be none of them.
    marks: u64,
}

impl Node {
    fn child(&self, key: &str) -> Option<&Self> {
        let may_be = self.marks & mark(key) != 0;
        may_be.then(|| self.children.iter().find(|(wanted, _)| wanted == key).map(|(_, node)| node)).flatten()
    }
}

/// One of 64 bits, by the length and the last letter of a key.
fn mark(key: &str) -> u64 {
    let last = key.as_bytes().last().copied().unwrap_or_default();
    1 << ((key.len() * 11 + usize::from(last)) % 64)
}

impl Wanted {
    /// Adds a pointer; what is found there is asked for by the number returned.
    pub fn add(&mut self, pointer: &Pointer) -> usize {
        let mut node = &mut self.root;
        let mut rest = pointer.rest.clone();
        for (depth, key) in pointer.keys.iter().enumerate() {
            if node.slot.is_some() {
                // Another pointer wants the whole of it.
                rest = pointer.keys[depth..].iter().cloned().map(Step::Key).chain(rest).collect();
                break;
            }
            let at = node.children.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
                node.marks |= mark(key);
                node.children.push((key.clone(), Node::default()));
                node.children.len() - 1
            });
            node = &mut node.children[at].1;
        }
        let slot = *node.slot.get_or_insert_with(|| {
            self.slots += 1;
            self.slots - 1
        });
        // Whoever wanted a part of it finds it from the whole.
        let parts = std::mem::take(&mut node.children);
        for (key, part) in parts {
            self.widen(slot, &[Step::Key(key)], &part);
        }
        self.pointers.push((slot, rest));
        self.pointers.len() - 1
    }

    fn widen(&mut self, slot: usize, path: &[Step], node: &Node) {
        if let Some(old) = node.slot {
            for (known, steps) in self.pointers.iter_mut().filter(|(known, _)| *known == old) {
                *known = slot;
                steps.splice(0..0, path.iter().cloned());
            }
        }
        for (key, child) in &node.children {
            let deeper: Vec<Step> = path.iter().cloned().chain([Step::Key(key.clone())]).collect();
            self.widen(slot, &deeper, child);
        }
    }

    /// Number of values kept for each object.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The value of a pointer, as JSON, from the places found.
    #[must_use]
    pub fn value<'t>(&self, text: &'t str, places: &[Place], pointer: usize) -> Option<&'t str> {
        let (slot, rest) = &self.pointers[pointer];
        let (start, length) = places[*slot];
        if start == u32::MAX {
            return None;
        }
        follow(&text[start as usize..(start + length) as usize], rest)
    }
}

/// What was found in an answer.
#[derive(Debug, Default)]
pub struct Scanned {
    /// The places of the answer's own values.
    pub envelope: Vec<Place>,
    /// The places of each row's values, one row after another.
    pub rows: Vec<Place>,
    /// Rows, those that are no objects included.
    pub count: usize,
    /// Rows that are no objects.
    pub strange: usize,
    /// Rows in a list that hold nothing wanted, as an empty XML element does: they stand for no dossier.
    pub hollow: usize,
    /// How many keys of the way to the rows were not found.
    pub way_left: usize,
}

/// Reads an answer: its own wanted values, and those of the rows that stand at `rows`.
///
/// # Errors
/// When the text is no JSON, or goes on after it.
pub fn scan(text: &str, envelope: &Wanted, rows: &[String], row: &Wanted) -> Result<Scanned, Broken> {
    let found = Scanned { envelope: vec![NOWHERE; envelope.slots], way_left: rows.len(), ..Scanned::default() };
    let mut scan = Scan { cursor: Cursor::new(text), text, row, found };
    scan.envelope(Some(&envelope.root), Some(rows))?;
    scan.cursor.end()?;
    Ok(scan.found)
}

struct Scan<'s> {
    cursor: Cursor<'s>,
    text: &'s str,
    row: &'s Wanted,
    found: Scanned,
}

impl<'s> Scan<'s> {
    /// An object of the answer above its rows, to which `rows` are the keys that still lead.
    fn envelope(&mut self, node: Option<&Node>, rows: Option<&[String]>) -> Result<(), Broken> {
        if rows.is_some_and(<[String]>::is_empty) {
            return self.rows();
        }
        if self.cursor.peek()? != b'{' {
            return self.cursor.value().map(drop);
        }
        let next = rows.and_then(<[String]>::split_first);
        let mut members = self.cursor.open();
        while self.cursor.goes_on(&mut members, b'}')? {
            let key = self.cursor.key()?;
            let is_way = next.is_some_and(|(way, _)| *way == key);
            let child = node.and_then(|node| node.child(&key));
            if let (Some(slot), false) = (child.and_then(|child| child.slot), is_way) {
                self.found.envelope[slot] = self.cursor.value()?;
            } else if child.is_some() || is_way {
                let rows = next.filter(|_| is_way).map(|(_, rest)| rest);
                self.found.way_left = rows.map_or(self.found.way_left, |rest| self.found.way_left.min(rest.len()));
                self.envelope(child, rows)?;
            } else {
                self.cursor.value()?;
            }
        }
        Ok(())
    }

    /// The rows: a list, the only one without its list, or none at all.
    fn rows(&mut self) -> Result<(), Broken> {
        match self.cursor.peek()? {
            b'[' => {
                let mut members = self.cursor.open();
                while self.cursor.goes_on(&mut members, b']')? {
                    let first = self.begin_row();
                    if self.cursor.peek()? != b'{' {
                        self.cursor.value()?;
                        self.found.strange += 1;
                        continue;
                    }
                    let row = self.row;
                    self.object(&row.root, first)?;
                    self.found.hollow += usize::from(self.is_hollow(first));
                }
                Ok(())
            }
            b'{' => {
                let first = self.begin_row();
                let row = self.row;
                self.object(&row.root, first)?;
                // An empty element stands for no row.
                if self.is_hollow(first) {
                    self.found.rows.truncate(first);
                    self.found.count -= 1;
                }
                Ok(())
            }
            _ => {
                let (start, length) = self.cursor.value()?;
                let value = &self.text[start as usize..(start + length) as usize];
                matches!(value, "null" | "\"\"").then_some(()).ok_or(Broken)
            }
        }
    }

    fn begin_row(&mut self) -> usize {
        let first = self.found.rows.len();
        self.found.rows.resize(first + self.row.slots, NOWHERE);
        self.found.count += 1;
        first
    }

    fn is_hollow(&self, first: usize) -> bool {
        self.found.rows[first..].iter().all(|place| *place == NOWHERE)
    }

    /// An object of the row whose places begin at `first`.
    fn object(&mut self, node: &'s Node, first: usize) -> Result<(), Broken> {
        let mut members = self.cursor.open();
        while self.cursor.goes_on(&mut members, b'}')? {
            let key = self.cursor.key()?;
            match node.child(&key) {
                Some(Node { slot: Some(slot), .. }) => self.found.rows[first + slot] = self.cursor.value()?,
                Some(child) if self.cursor.peek()? == b'{' => self.object(child, first)?,
                Some(_) | None => self.cursor.value().map(drop)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pointers: &[&str]) -> Wanted {
        let mut wanted = Wanted::default();
        for pointer in pointers {
            wanted.add(&pointer.parse().expect("a pointer"));
        }
        wanted
    }

    fn rows(text: &str, path: &[&str], pointers: &[&str]) -> Vec<Vec<Option<String>>> {
        let row = wanted(pointers);
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let scanned = scan(text, &Wanted::default(), &path, &row).expect("JSON");
        let places = scanned.rows.chunks(row.slots());
        places.map(|p| (0..pointers.len()).map(|i| row.value(text, p, i).map(str::to_owned)).collect()).collect()
    }

    #[test]
    fn rows_come_as_list_as_object_or_not_at_all() {
        let code = |text: &str| rows(text, &["data"], &["/no"]).into_iter().map(|r| r[0].clone()).collect::<Vec<_>>();
        assert_eq!(
            code(r#"{"total":2,"data":[{"no":"A"},{"no":7}]}"#),
            [Some("\"A\"".to_owned()), Some("7".to_owned())]
        );
        assert_eq!(code(r#"{"total":1,"data":{"no":"A"}}"#), [Some("\"A\"".to_owned())]);
        for none in [r#"{"total":0}"#, r#"{"data":null}"#, r#"{"data":""}"#, r#"{"data":[]}"#] {
            assert!(code(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_value_and_a_part_of_it_can_both_be_wanted_in_either_order() {
        let text = r#"[{"agency":{"id":5,"name":{"vi":"Sở"}},"x":{"y":[1]}}]"#;
        for pointers in [["/agency", "/agency/name/vi"], ["/agency/name/vi", "/agency"]] {
            let found = rows(text, &[], &pointers).remove(0);
            let part = found.iter().position(|v| v.as_deref() == Some("\"Sở\""));
            assert!(part.is_some(), "{found:?}");
            assert!(found.iter().flatten().any(|v| v.starts_with(r#"{"id":5"#)), "{found:?}");
        }
    }

    #[test]
    fn the_rows_of_a_search_engine_lie_two_levels_deep_and_a_row_that_is_no_object_is_counted() {
        let text = r#"{"hits":{"total":2,"hits":[{"_source":{"no":"A"}},"x"]},"took":3}"#;
        let (mut envelope, row) = (Wanted::default(), wanted(&["/_source/no"]));
        let total = envelope.add(&"/hits/total".parse().expect("a pointer"));
        let path = ["hits".to_owned(), "hits".to_owned()];
        let scanned = scan(text, &envelope, &path, &row).expect("JSON");
        assert_eq!((scanned.count, scanned.strange), (2, 1));
        assert_eq!(envelope.value(text, &scanned.envelope, total), Some("2"));
        assert_eq!(row.value(text, &scanned.rows[..1], 0), Some("\"A\""));
    }

    #[test]
    fn an_answer_cut_short_or_followed_by_rubbish_is_no_answer() {
        for broken in [r#"{"data":[{"no":"A"}"#, r#"{"data":[]} x"#, "", r#"{"data":"x"}"#] {
            assert!(scan(broken, &Wanted::default(), &["data".to_owned()], &wanted(&["/no"])).is_err(), "{broken}");
        }
    }
}
