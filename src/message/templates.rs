//! Owns the templates: those in the binary, and an office's own in their place.
//!
//! A template of the office's that fails at run time gives way to the one in the binary: a message that looks
//! different beats none.

use std::{collections::BTreeMap, sync::LazyLock};

use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig};

/// Name of the file in `templates/`, and the template in the binary.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("digest.txt.j2", include_str!("digest.txt.j2")),
    ("digest.html.j2", include_str!("digest.html.j2")),
    ("digest.zalo.txt.j2", include_str!("digest.zalo.txt.j2")),
];

/// A loop of the office's that does not end is stopped; the longest digest needs a tenth of this.
const FUEL: u64 = 5_000_000;

static IN_BINARY: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = environment();
    for (name, source) in BUILT_IN {
        environment.add_template(name, source).expect("the templates in the binary parse: a test renders them");
    }
    environment
});

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // A misspelt name must not become an empty place.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters do not clash"));
    environment
}

/// What is wrong with an office's template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Name of the file.
    pub name: String,
    /// Line, from 1, when it is known.
    pub line: Option<usize>,
    /// What the engine says, in English.
    pub detail: String,
}

impl TemplateError {
    fn of(name: &str, error: &minijinja::Error) -> Self {
        let detail =
            error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
        Self { name: name.to_owned(), line: error.line(), detail }
    }
}

/// The templates that an office has put in the place of ours.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    own: Environment<'static>,
    names: Vec<String>,
}

impl Templates {
    /// Takes the office's templates, by name of the file.
    ///
    /// # Errors
    /// Those that cannot be parsed.
    pub fn with(own: BTreeMap<String, String>) -> Result<Self, Vec<TemplateError>> {
        let mut templates = Self { own: environment(), names: own.keys().cloned().collect() };
        templates.own.set_fuel(Some(FUEL));
        let mut errors = Vec::new();
        for (name, source) in own {
            if let Err(error) = templates.own.add_template_owned(name.clone(), source) {
                errors.push(TemplateError::of(&name, &error));
            }
        }
        if errors.is_empty() { Ok(templates) } else { Err(errors) }
    }

    /// Names of the office's own.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The text, and why the office's own template was not used although there is one.
    pub(super) fn render(&self, name: &str, digest: &Value) -> (String, Option<TemplateError>) {
        let own = self.names.iter().any(|n| n == name).then(|| {
            let template = self.own.get_template(name)?;
            template.render(digest)
        });
        match own {
            Some(Ok(text)) => (text, None),
            Some(Err(error)) => (render_built_in(name, digest), Some(TemplateError::of(name, &error))),
            None => (render_built_in(name, digest), None),
        }
    }
}

fn render_built_in(name: &str, digest: &Value) -> String {
    let template = IN_BINARY.get_template(name).expect("the name is one of the three above");
    template
        .render(digest)
        .expect("every field that the templates use is in the digest: a test renders every kind of message")
}
