//! Reads the envelope of a call as strictly as the real service: well-formed, and every name in its namespace.

use quick_xml::{
    NsReader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
};

use super::SOAP;

/// An element with what is in it.
#[derive(Debug, Default)]
pub struct Element {
    namespace: String,
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn new(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Self {
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.as_ref(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
        };
        let name = start.local_name().into_inner().to_owned();
        Self { namespace: namespace.to_owned(), name, ..Self::default() }
    }

    /// Goes down, name by name.
    pub fn at(&self, path: &[(&str, &str)]) -> Option<&Self> {
        path.iter().try_fold(self, |element, (namespace, name)| element.child(namespace, name))
    }

    /// The text of a child, blanks trimmed; empty when there is none.
    pub fn text_of(&self, namespace: &str, name: &str) -> &str {
        self.child(namespace, name).map_or("", |child| child.text.trim())
    }

    fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.namespace == namespace && child.name == name)
    }
}

/// The envelope; `None` when it is no well-formed XML or no envelope of SOAP 1.1.
pub fn read(body: &str) -> Option<Element> {
    let mut reader = NsReader::from_str(body);
    let mut open = vec![Element::default()];
    loop {
        let (namespace, event) = reader.read_resolved_event().ok()?;
        match event {
            Event::Start(start) => open.push(Element::new(&namespace, &start)),
            Event::Empty(start) => open.last_mut()?.children.push(Element::new(&namespace, &start)),
            Event::End(_) => {
                let closed = open.pop()?;
                open.last_mut()?.children.push(closed);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(entity) => open.last_mut()?.text.push_str(&resolve(&entity)?),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return None,
            Event::Eof => break,
        }
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    document
        .children
        .into_iter()
        .next()
        .filter(|root| (root.namespace.as_str(), root.name.as_str()) == (SOAP, "Envelope"))
}

fn resolve(entity: &BytesRef<'_>) -> Option<String> {
    let letter = entity.resolve_char_ref().ok()?.map(String::from);
    letter.or_else(|| resolve_predefined_entity(entity).map(str::to_owned))
}
