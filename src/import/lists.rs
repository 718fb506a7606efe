//! Owns the automatic numbers of a Word document: many annexes number their rows with them.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::events::{BytesStart, Event};

use super::{
    Refused,
    docx::{attribute, each_event},
};

const LEVELS: usize = 9;
/// Lists a document can define.
const MAX_LISTS: usize = 20_000;

#[derive(Debug, Clone, Default)]
struct Level {
    format: String,
    /// Such as `%1.%2.`.
    text: String,
    start: u32,
}

#[derive(Debug, Default)]
struct Definition {
    levels: BTreeMap<u8, Level>,
    /// What each level has counted to.
    counts: BTreeMap<u8, u32>,
}

#[derive(Debug, Default)]
struct Instance {
    definition: String,
    /// Levels that begin anew with this list.
    restarts: BTreeMap<u8, u32>,
}

/// The lists of a document and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Lists {
    definitions: BTreeMap<String, Definition>,
    instances: BTreeMap<String, Instance>,
    begun: BTreeSet<(String, u8)>,
}

impl Lists {
    /// Reads `word/numbering.xml`.
    pub(super) fn read(xml: &[u8]) -> Result<Self, Refused> {
        let mut lists = Self::default();
        let (mut definition, mut instance, mut level) = (None, None, 0_u8);
        each_event(xml, |event| {
            match event {
                Event::Start(tag) | Event::Empty(tag) => {
                    lists.open(tag, &mut definition, &mut instance, &mut level);
                }
                Event::End(tag) => match tag.local_name().as_ref() {
                    "abstractNum" => definition = None,
                    "num" => instance = None,
                    _ => {}
                },
                _ => {}
            }
            if lists.definitions.len() + lists.instances.len() > MAX_LISTS { Err(Refused::Inflates) } else { Ok(()) }
        })?;
        Ok(lists)
    }

    fn open(
        &mut self,
        tag: &BytesStart<'_>,
        definition: &mut Option<String>,
        instance: &mut Option<String>,
        level: &mut u8,
    ) {
        let value = || attribute(tag, "val").unwrap_or_default();
        match tag.local_name().as_ref() {
            "abstractNum" => *definition = attribute(tag, "abstractNumId"),
            "num" => *instance = attribute(tag, "numId"),
            "lvl" | "lvlOverride" => *level = attribute(tag, "ilvl").and_then(|v| v.parse().ok()).unwrap_or(0),
            "abstractNumId" => {
                if let Some(id) = instance.as_ref() {
                    self.instances.entry(id.clone()).or_default().definition = value();
                }
            }
            "startOverride" => {
                if let (Some(id), Ok(start)) = (instance.as_ref(), value().parse()) {
                    self.instances.entry(id.clone()).or_default().restarts.insert(*level, start);
                }
            }
            name @ ("start" | "numFmt" | "lvlText") => {
                let Some(id) = definition.as_ref().filter(|_| instance.is_none()) else { return };
                let levels = &mut self.definitions.entry(id.clone()).or_default().levels;
                let known = levels.entry(*level).or_insert_with(|| Level { start: 1, ..Level::default() });
                match name {
                    "start" => known.start = value().parse().unwrap_or(1),
                    "numFmt" => known.format = value(),
                    _ => known.text = value(),
                }
            }
            _ => {}
        }
    }

    /// The number of the next paragraph at a level of a list; `None` for bullets and unknown lists.
    pub(super) fn next(&mut self, list: &str, level: u8) -> Option<String> {
        let instance = self.instances.get(list)?;
        let definition = self.definitions.get_mut(&instance.definition)?;
        let own = definition.levels.get(&level)?.clone();
        let restart = instance.restarts.get(&level).filter(|_| self.begun.insert((list.to_owned(), level)));
        let count = match (restart, definition.counts.get(&level)) {
            (Some(start), _) => *start,
            (None, Some(count)) => count.saturating_add(1),
            (None, None) => own.start,
        };
        definition.counts.insert(level, count);
        definition.counts.retain(|other, _| *other <= level);
        if matches!(own.format.as_str(), "bullet" | "none") || own.text.len() > 64 {
            return None;
        }
        let mut text = own.text.clone();
        for other in 0..LEVELS {
            let place = format!("%{}", other + 1);
            let other = u8::try_from(other).unwrap_or(0);
            if text.contains(&place) {
                let format = definition.levels.get(&other).map_or("decimal", |level| level.format.as_str());
                let start = definition.levels.get(&other).map_or(1, |level| level.start);
                let count = definition.counts.get(&other).copied().unwrap_or(start);
                text = text.replace(&place, &written(format, count));
            }
        }
        Some(text).filter(|text| !text.trim().is_empty())
    }
}

fn written(format: &str, count: u32) -> String {
    match format {
        "upperRoman" => roman(count),
        "lowerRoman" => roman(count).to_lowercase(),
        "upperLetter" => letter(count).to_uppercase(),
        "lowerLetter" => letter(count),
        "decimalZero" => format!("{count:02}"),
        _ => count.to_string(),
    }
}

fn letter(count: u32) -> String {
    let at = u8::try_from((count.max(1) - 1) % 26).unwrap_or(0);
    char::from(b'a' + at).to_string()
}

fn roman(mut count: u32) -> String {
    let mut text = String::new();
    if count > 399 {
        return count.to_string();
    }
    for (value, figure) in
        [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    {
        while count >= value {
            text.push_str(figure);
            count -= value;
        }
    }
    text
}
