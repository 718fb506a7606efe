//! Owns the one reading of an answer's bytes: finds the wanted values and passes over everything else.
//!
//! What is not wanted is never decoded: rows carry identities, addresses and the dossier's secret key, which must not
//! reach memory that we keep. What is wanted is kept as its place in the answer.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::pointer::{Pointer, Step, follow};

/// Where a value stands in the text, in bytes.
pub type Place = (u32, u32);

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
pub fn scan(text: &str, envelope: &Wanted, rows: &[String], row: &Wanted) -> Result<Scanned, serde_json::Error> {
    let mut scanned = Scanned { envelope: vec![NOWHERE; envelope.slots], way_left: rows.len(), ..Scanned::default() };
    let base = text.as_ptr() as usize;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Envelope { base, node: Some(&envelope.root), rows: Some(rows), row, out: &mut scanned };
    seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(scanned)
}

/// The place of a value that the parser handed out of the text that begins at `base`.
fn place(base: usize, value: &RawValue) -> Place {
    let text = value.get();
    let start = (text.as_ptr() as usize) - base;
    (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(text.len()).unwrap_or(0))
}

/// Finds the place of a key among the wanted ones, without keeping it.
struct Key<'n>(&'n [(String, Node)]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|(wanted, _)| wanted == key))
    }
}

/// An object of the answer above its rows.
struct Envelope<'s> {
    base: usize,
    node: Option<&'s Node>,
    /// The keys that still lead to the rows.
    rows: Option<&'s [String]>,
    row: &'s Wanted,
    out: &'s mut Scanned,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.rows {
            Some([]) => RowList { base: self.base, row: self.row, out: self.out }.deserialize(deserializer),
            _ => deserializer.deserialize_any(self),
        }
    }
}

/// Finds which of the keys it is: of a wanted value, of the way to the rows, or neither.
struct EnvelopeKey<'n> {
    children: &'n [(String, Node)],
    rows: Option<&'n str>,
}

impl<'de> DeserializeSeed<'de> for EnvelopeKey<'_> {
    type Value = (Option<usize>, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for EnvelopeKey<'_> {
    type Value = (Option<usize>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok((self.children.iter().position(|(wanted, _)| wanted == key), self.rows == Some(key)))
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let children = self.node.map_or(&[][..], |n| &n.children);
        let next = self.rows.and_then(|keys| keys.split_first());
        while let Some((wanted, is_way)) =
            map.next_key_seed(EnvelopeKey { children, rows: next.map(|(key, _)| key.as_str()) })?
        {
            let node = wanted.map(|at| &children[at].1);
            let slot = node.and_then(|n| n.slot);
            if let (Some(slot), false) = (slot, is_way) {
                self.out.envelope[slot] = place(self.base, map.next_value::<&RawValue>()?);
            } else if node.is_some() || is_way {
                let rows = next.filter(|_| is_way).map(|(_, rest)| rest);
                self.out.way_left = rows.map_or(self.out.way_left, |rest| self.out.way_left.min(rest.len()));
                map.next_value_seed(Envelope { base: self.base, node, rows, row: self.row, out: &mut *self.out })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The rows: a list, the only one without its list, or none at all.
struct RowList<'s> {
    base: usize,
    row: &'s Wanted,
    out: &'s mut Scanned,
}

impl RowList<'_> {
    fn begin_row(&mut self) -> usize {
        let first = self.out.rows.len();
        self.out.rows.resize(first + self.row.slots, NOWHERE);
        self.out.count += 1;
        first
    }
}

impl<'de> DeserializeSeed<'de> for RowList<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowList<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        loop {
            let first = self.begin_row();
            let seed = Object { base: self.base, node: &self.row.root, slots: &mut self.out.rows[first..] };
            match list.next_element_seed(seed)? {
                Some(true) => {
                    let is_hollow = self.out.rows[first..].iter().all(|place| *place == NOWHERE);
                    self.out.hollow += usize::from(is_hollow);
                }
                Some(false) => self.out.strange += 1,
                None => {
                    self.out.rows.truncate(first);
                    self.out.count -= 1;
                    return Ok(());
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let first = self.begin_row();
        let seed = Object { base: self.base, node: &self.row.root, slots: &mut self.out.rows[first..] };
        seed.visit_map(map)?;
        // An empty element stands for no row.
        if self.out.rows[first..].iter().all(|place| *place == NOWHERE) {
            self.out.rows.truncate(first);
            self.out.count -= 1;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.is_empty() { Ok(()) } else { Err(E::custom("rows are a text")) }
    }
}

/// An object of a row; its value tells whether it was one.
struct Object<'s> {
    base: usize,
    node: &'s Node,
    slots: &'s mut [Place],
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(wanted) = map.next_key_seed(Key(&self.node.children))? {
            let Some(node) = wanted.map(|at| &self.node.children[at].1) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if let Some(slot) = node.slot {
                self.slots[slot] = place(self.base, map.next_value::<&RawValue>()?);
            } else {
                map.next_value_seed(Object { base: self.base, node, slots: &mut *self.slots })?;
            }
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
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
