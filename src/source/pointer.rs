//! Owns the pointers of a profile: where in an answer a value stands.
//!
//! JSON Pointer (RFC 6901) with one more step, `key=value`: the element of a list whose `key` is `value`. A step into
//! a list also works where the system sends the only element without its list, or a map with the keys "0", "1", ….

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use serde::Deserialize as _;
use serde_json::value::RawValue;

use super::values::scalar;

/// A step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into the value of a key; a number also into a list.
    Key(String),
    /// To the element of a list whose key has this value.
    Select {
        /// The key.
        key: String,
        /// Its value, as text.
        value: String,
    },
}

impl Step {
    /// Whether it may lead into a list.
    fn is_of_list(&self) -> bool {
        match self {
            Self::Key(key) => key.bytes().all(|b| b.is_ascii_digit()),
            Self::Select { .. } => true,
        }
    }
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    /// The steps that only lead into maps.
    pub keys: Vec<String>,
    /// The others, from the first that may lead into a list.
    pub rest: Vec<Step>,
}

impl FromStr for Pointer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let inner = text.strip_prefix('/').ok_or(())?;
        let steps = inner.split('/').map(read_step).collect::<Option<Vec<_>>>().ok_or(())?;
        let plain = steps.iter().take_while(|s| !s.is_of_list()).count();
        let key = |s: &Step| match s {
            Step::Key(key) => key.clone(),
            Step::Select { .. } => unreachable!("a selection leads into a list"),
        };
        let keys = steps[..plain].iter().map(key).collect();
        Ok(Self { text: text.to_owned(), keys, rest: steps[plain..].to_vec() })
    }
}

fn read_step(text: &str) -> Option<Step> {
    if let Some((key, value)) = text.split_once('=') {
        return (!key.is_empty()).then(|| Step::Select { key: key.to_owned(), value: value.to_owned() });
    }
    (!text.is_empty()).then(|| Step::Key(text.replace("~1", "/").replace("~0", "~")))
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Follows `steps` from a JSON value, given as its text.
#[must_use]
pub fn follow<'a>(json: &'a str, steps: &[Step]) -> Option<&'a str> {
    let Some((step, rest)) = steps.split_first() else { return Some(json) };
    match step {
        Step::Key(key) if !step.is_of_list() => follow(entries(json)?.get(key.as_str())?.get(), rest),
        Step::Key(index) => {
            let elements = elements(json);
            follow(elements.get(index.parse::<usize>().ok()?)?, rest)
        }
        Step::Select { key, value } => {
            let is_meant = |element: &&&str| {
                let found = entries(element).and_then(|e| e.get(key.as_str()).map(|v| v.get()));
                found.and_then(scalar).is_some_and(|text| text == value.as_str())
            };
            follow(elements(json).iter().find(is_meant)?, rest)
        }
    }
}

/// A map's values by their keys.
fn entries(json: &str) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    BTreeMap::deserialize(&mut deserializer).ok()
}

/// The elements of a list, of what stands for one, or the value itself as its only element.
fn elements(json: &str) -> Vec<&str> {
    match json.as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(json)
            .map(|list| list.into_iter().map(RawValue::get).collect())
            .unwrap_or_default(),
        Some(b'{') => {
            let entries = entries(json).unwrap_or_default();
            let is_numbered = !entries.is_empty() && entries.keys().all(|k| k.bytes().all(|b| b.is_ascii_digit()));
            if !is_numbered {
                return vec![json];
            }
            let mut numbered: Vec<(u32, &str)> =
                entries.iter().filter_map(|(k, v)| Some((k.parse().ok()?, v.get()))).collect();
            numbered.sort_unstable();
            numbered.into_iter().map(|(_, v)| v).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(json: &'a str, pointer: &str) -> Option<&'a str> {
        let pointer: Pointer = pointer.parse().expect("a pointer");
        let steps: Vec<Step> = pointer.keys.iter().cloned().map(Step::Key).chain(pointer.rest).collect();
        follow(json, &steps)
    }

    #[test]
    fn a_name_is_found_by_its_language_whether_it_comes_as_list_as_object_or_as_numbered_object() {
        let vi = r#"{"languageId":228,"name":"Cấp phép"}"#;
        let en = r#"{"languageId":46,"name":"Licence"}"#;
        let shapes = [format!("[{en},{vi}]"), vi.to_owned(), format!(r#"{{"0":{en},"1":{vi}}}"#)];
        for shape in shapes {
            let row = format!(r#"{{"procedure":{{"translate":{shape}}}}}"#);
            assert_eq!(at(&row, "/procedure/translate/languageId=228/name"), Some("\"Cấp phép\""), "{shape}");
        }
        assert_eq!(at(r#"{"procedure":{"translate":"Cấp phép"}}"#, "/procedure/translate/languageId=228/name"), None);
    }

    #[test]
    fn the_first_of_a_list_is_also_the_only_one_that_came_without_it() {
        assert_eq!(at(r#"{"task":[{"due":1},{"due":2}]}"#, "/task/0/due"), Some("1"));
        assert_eq!(at(r#"{"task":{"due":1}}"#, "/task/0/due"), Some("1"));
        assert_eq!(at(r#"{"task":[]}"#, "/task/0/due"), None);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for wrong in ["", "code", "/a//b", "/=x"] {
            assert!(wrong.parse::<Pointer>().is_err(), "{wrong}");
        }
    }
}
