//! Owns the reading of XML answers as if they were JSON: elements become maps, repeated ones lists, text a text.
//!
//! Services of .NET put a whole XML document into a text of their own answer; such a text is read as well. Prefixes and
//! attributes are left out. An empty element becomes an empty map, which holds no value.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};
use serde_json::{Map, Value};

/// Deeper answers are refused.
const DEEPEST: usize = 32;
/// XML inside of texts inside of XML: deeper is refused.
const DEEPEST_TEXTS: usize = 3;

/// The answer as JSON; `None` when it is no XML.
#[must_use]
pub fn to_json(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    read(text, 0).map(|value| value.to_string())
}

/// An element that is being read.
#[derive(Default)]
struct Element {
    name: String,
    children: Map<String, Value>,
    text: String,
}

impl Element {
    fn into_value(self, texts: usize) -> Value {
        if !self.children.is_empty() {
            return Value::Object(self.children);
        }
        let text = self.text.trim();
        if text.starts_with('<')
            && texts < DEEPEST_TEXTS
            && let Some(inner) = read(text, texts + 1)
        {
            return inner;
        }
        if text.is_empty() { Value::Object(Map::new()) } else { Value::String(text.to_owned()) }
    }
}

fn read(text: &str, texts: usize) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return None;
                }
                open.push(Element { name: start.local_name().as_ref().to_owned(), ..Element::default() });
            }
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                add(open.last_mut()?, name, Value::Object(Map::new()));
            }
            Event::End(_) => {
                let mut element = open.pop()?;
                let name = std::mem::take(&mut element.name);
                add(open.last_mut()?, name, element.into_value(texts));
            }
            Event::Text(part) => open.last_mut()?.text.push_str(&part.xml10_content()),
            Event::CData(part) => open.last_mut()?.text.push_str(&part.xml10_content()),
            Event::GeneralRef(entity) => {
                let text = &mut open.last_mut()?.text;
                match entity.resolve_char_ref().ok()? {
                    Some(character) => text.push(character),
                    None => text.push_str(resolve_predefined_entity(&entity)?),
                }
            }
            // An entity of its own making could grow without end.
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty())?;
    (!root.children.is_empty()).then_some(Value::Object(root.children))
}

/// Adds a child; the second of a name makes a list of both. `any` stands for whatever is in it: some services write it,
/// some leave it out.
fn add(parent: &mut Element, name: String, value: Value) {
    if let ("any", Value::Object(children)) = (name.as_str(), &value) {
        let children = children.clone();
        return children.into_iter().for_each(|(name, value)| add(parent, name, value));
    }
    match parent.children.get_mut(&name) {
        None => {
            parent.children.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => {
            let list = vec![first.take(), value];
            *first = Value::Array(list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_inside_the_text_of_a_soap_answer_is_read_too() {
        let inner = "<data><row><ma>A&amp;B</ma><ten/></row><row><ma>C</ma></row></data>";
        let shapes = [quick_xml::escape::escape(inner).into_owned(), format!("<![CDATA[{inner}]]>"), inner.to_owned()];
        for shape in shapes {
            let answer = format!(
                "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"x\"><soap:Body><R><any>{shape}</any></R></soap:Body></soap:Envelope>"
            );
            assert_eq!(
                to_json(&answer).as_deref(),
                Some(r#"{"Envelope":{"Body":{"R":{"data":{"row":[{"ma":"A&B","ten":{}},{"ma":"C"}]}}}}}"#),
                "{shape}"
            );
        }
    }

    #[test]
    fn what_is_no_xml_or_too_much_of_it_is_refused() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let entity = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        for wrong in ["", "{}", "<a>", "<a></b>", "</a>", &deep, entity] {
            assert_eq!(to_json(wrong), None, "{wrong}");
        }
    }
}
