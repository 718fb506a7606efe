//! Which maps of a file a schema speaks of, and which keys it allows in them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// A map of a file and the part of the schema that speaks of it, both as JSON pointers.
#[derive(Debug, Clone)]
pub struct Described {
    pub place: String,
    pub part: String,
}

/// The parts of a schema that list keys, wherever they stand; conditions are no parts.
pub fn parts_with_keys(schema: &Value) -> BTreeSet<String> {
    fn look(part: &Value, pointer: &str, found: &mut BTreeSet<String>) {
        let Value::Object(words) = part else { return };
        if words.contains_key("properties") {
            found.insert(pointer.to_owned());
        }
        for word in ["properties", "definitions"] {
            for (key, below) in words.get(word).and_then(Value::as_object).into_iter().flatten() {
                look(below, &format!("{pointer}/{word}/{key}"), found);
            }
        }
        for word in ["items", "additionalProperties"] {
            words.get(word).into_iter().for_each(|below| look(below, &format!("{pointer}/{word}"), found));
        }
    }
    let mut found = BTreeSet::new();
    look(schema, "", &mut found);
    found
}

/// Every map of a file that a part with keys speaks of.
pub fn described_maps(file: &Value, schema: &Value) -> Vec<Described> {
    fn look(value: &Value, place: &str, schema: &Value, part: &str, found: &mut Vec<Described>) {
        let words = &schema.pointer(part).expect("the part is in the schema");
        let of_map = words.get("then").filter(|_| value.is_object());
        for reference in [*words].into_iter().chain(of_map).filter_map(|words| words["$ref"].as_str()) {
            let part = reference.strip_prefix('#').expect("each file stands for itself");
            look(value, place, schema, part, found);
        }
        match value {
            Value::Object(entries) => {
                if words.get("properties").is_some() {
                    found.push(Described { place: place.to_owned(), part: part.to_owned() });
                }
                for (key, below) in entries {
                    let place = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                    if words["properties"].get(key).is_some() {
                        look(below, &place, schema, &format!("{part}/properties/{key}"), found);
                    } else if words["additionalProperties"].is_object() {
                        look(below, &place, schema, &format!("{part}/additionalProperties"), found);
                    }
                }
            }
            Value::Array(items) if words.get("items").is_some() => {
                for (i, item) in items.iter().enumerate() {
                    look(item, &format!("{place}/{i}"), schema, &format!("{part}/items"), found);
                }
            }
            Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
    let mut found = Vec::new();
    look(file, "", schema, "", &mut found);
    found
}

/// The keys that a part allows beside those that a map has already: what `dependencies` ask for must be there.
pub fn allowed_keys(map: &Map<String, Value>, part: &Value) -> BTreeSet<String> {
    let is_allowed = |key: &&String| match &part["dependencies"][key.as_str()] {
        Value::Array(needed) => needed.iter().filter_map(Value::as_str).all(|key| map.contains_key(key)),
        Value::Null => true,
        condition => jsonschema::is_valid(condition, &Value::Object(map.clone())),
    };
    part["properties"].as_object().expect("a part with keys").keys().filter(is_allowed).cloned().collect()
}
