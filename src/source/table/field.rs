//! Owns the values an export can hold and the header words that name them; refuses to guess beyond its words.

use std::{collections::HashMap, sync::LazyLock};

use super::wording::{heading, without_marks};

/// Each field's headers, a line each; every field has some.
static USUAL_HEADERS: LazyLock<HashMap<Field, Vec<&str>>> = LazyLock::new(|| {
    let lines = include_str!("usual_headers.txt").lines().filter(|line| !line.starts_with('#'));
    let fields = lines.filter_map(|line| line.split_once(": "));
    fields.filter_map(|(key, words)| Some((Field::from_key(key)?, words.split(" | ").collect()))).collect()
});

/// A value of a dossier that an export can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The dossier's code.
    Code,
    /// Name of the administrative procedure.
    Procedure,
    /// Code of the administrative procedure.
    ProcedureCode,
    /// Field of administration the procedure belongs to.
    Field,
    /// The agency that answers for the dossier.
    Agency,
    /// The unit that holds it now.
    Unit,
    /// The officer who holds it now.
    Handler,
    /// Who asked: personal.
    Applicant,
    /// When it was received.
    ReceivedAt,
    /// When the result was promised.
    DueAt,
    /// When it was promised the second time.
    ExtendedDueAt,
    /// When the work on it was finished.
    ResolvedAt,
    /// When the result was handed over.
    ReturnedAt,
    /// Its status, in the system's words.
    Status,
    /// The step of the procedure it is in.
    Step,
    /// How it was handed in, or whether over the network.
    Online,
    /// How the result is handed over, or whether by post.
    ByPost,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 17] = [
        Self::Code,
        Self::Procedure,
        Self::ProcedureCode,
        Self::Field,
        Self::Agency,
        Self::Unit,
        Self::Handler,
        Self::Applicant,
        Self::ReceivedAt,
        Self::DueAt,
        Self::ExtendedDueAt,
        Self::ResolvedAt,
        Self::ReturnedAt,
        Self::Status,
        Self::Step,
        Self::Online,
        Self::ByPost,
    ];

    /// Its name in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Procedure => "procedure",
            Self::ProcedureCode => "procedure_code",
            Self::Field => "field",
            Self::Agency => "agency",
            Self::Unit => "unit",
            Self::Handler => "handler",
            Self::Applicant => "applicant",
            Self::ReceivedAt => "received_at",
            Self::DueAt => "due_at",
            Self::ExtendedDueAt => "extended_due_at",
            Self::ResolvedAt => "resolved_at",
            Self::ReturnedAt => "returned_at",
            Self::Status => "status",
            Self::Step => "step",
            Self::Online => "online",
            Self::ByPost => "by_post",
        }
    }

    /// The field of that name.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == key)
    }

    /// Its usual header, as an officer knows it.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.usual_words()[0]
    }

    /// Whether its values are dates.
    #[must_use]
    pub fn is_date(self) -> bool {
        matches!(self, Self::ReceivedAt | Self::DueAt | Self::ExtendedDueAt | Self::ResolvedAt | Self::ReturnedAt)
    }

    /// The headers of the systems in use, the surest first.
    fn usual_words(self) -> &'static [&'static str] {
        &USUAL_HEADERS[&self]
    }
}

/// The header words that name each field, the surest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderWords {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    field: Field,
    exact: String,
    unmarked: String,
}

impl Word {
    fn new(field: Field, text: &str) -> Self {
        let exact = heading(text);
        Self { field, unmarked: without_marks(&exact), exact }
    }
}

impl Default for HeaderWords {
    fn default() -> Self {
        let words_of = |field: Field| field.usual_words().iter().map(move |word| Word::new(field, word));
        Self { words: Field::ALL.into_iter().flat_map(words_of).collect() }
    }
}

impl HeaderWords {
    /// Adds an office's own header: it goes before the usual ones, and names no other field any more.
    pub fn add(&mut self, field: Field, header: &str) {
        let word = Word::new(field, header);
        if word.exact.is_empty() {
            return;
        }
        self.words.retain(|other| other.exact != word.exact);
        self.words.insert(0, word);
    }

    /// The field a header names, and how sure its word is: less is surer.
    pub(super) fn field_named(&self, heading: &str) -> Option<(Field, usize)> {
        let unmarked = without_marks(heading);
        let rank = self
            .words
            .iter()
            .position(|word| word.exact == heading)
            .or_else(|| self.words.iter().position(|word| word.unmarked == unmarked))?;
        Some((self.words[rank].field, rank))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_is_found_by_its_key_and_by_its_label() {
        let words = HeaderWords::default();
        for field in Field::ALL {
            assert_eq!(Field::from_key(field.key()), Some(field));
            assert_eq!(words.field_named(&heading(field.label())).map(|(named, _)| named), Some(field));
        }
        assert_eq!(Field::from_key("due"), None);
    }

    #[test]
    fn no_usual_word_names_two_fields_even_without_marks() {
        let words = HeaderWords::default().words;
        let unmarked: BTreeSet<_> = words.iter().map(|word| &word.unmarked).collect();
        assert_eq!(unmarked.len(), words.len());
    }

    #[test]
    fn an_office_s_own_word_wins_over_the_usual_meaning() {
        let mut words = HeaderWords::default();
        words.add(Field::DueAt, "Ngày nhận");
        words.add(Field::DueAt, " () ");
        assert_eq!(words.field_named("NGÀY NHẬN"), Some((Field::DueAt, 0)));
        assert_eq!(words.field_named("NGAY NHAN"), Some((Field::DueAt, 0)));
        assert_eq!(words.field_named(""), None);
    }
}
