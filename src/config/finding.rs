//! Owns what is wrong with a configuration file: where, in one Vietnamese sentence, and what to do.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// A file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path as messages show it.
    pub path: String,
    /// Text in Unicode NFC; spans refer to it.
    pub text: String,
    line_starts: OnceLock<Vec<usize>>,
}

/// Whether the daemon may run with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The file, if it could be read.
    pub file: Arc<SourceFile>,
    /// Bytes of the text concerned.
    pub span: Range<usize>,
    /// What is wrong, in Vietnamese.
    pub message: String,
    /// What to do, in Vietnamese.
    pub help: Option<String>,
}

impl SourceFile {
    /// A file that was read.
    #[must_use]
    pub fn new(path: String, text: String) -> Self {
        Self { path, text, line_starts: OnceLock::new() }
    }

    /// A file whose text may not be in NFC yet.
    #[must_use]
    pub fn normalized(path: String, text: String) -> Self {
        // Nearly all files are already.
        let is_normal = is_nfc_quick(text.chars()) == IsNormalized::Yes;
        Self::new(path, if is_normal { text } else { text.nfc().collect() })
    }

    /// The line of a byte, from 1.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        self.line_starts().partition_point(|start| *start <= at)
    }

    /// The byte at which a line begins, counted from 1; the end of the text for one that does not exist.
    #[must_use]
    pub fn start_of(&self, line: usize) -> usize {
        self.line_starts().get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    fn line_starts(&self) -> &[usize] {
        let breaks = || memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1);
        self.line_starts.get_or_init(|| std::iter::once(0).chain(breaks()).collect())
    }
}

impl Finding {
    /// Line and column, both from 1, the column in characters.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        let line = self.file.line_of(self.span.start);
        let before = self.file.text.get(self.file.start_of(line)..self.span.start).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// `tệp:dòng:cột: câu`, on one line.
    #[must_use]
    pub fn one_line(&self) -> String {
        let (line, column) = self.position();
        let help = self.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{}:{line}:{column}: {}{help}", self.file.path, self.message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.severity {
            Severity::Error => Level::ERROR.with_name("lỗi"),
            Severity::Warning => Level::WARNING.with_name("lưu ý"),
        };
        let title = level.primary_title(self.message.as_str());
        let mut group = if self.file.text.is_empty() {
            Group::with_title(title).element(annotate_snippets::Origin::path(self.file.path.as_str()))
        } else {
            let annotation = AnnotationKind::Primary.span(self.span.clone()).label("tại đây");
            title.element(Snippet::source(self.file.text.as_str()).path(self.file.path.as_str()).annotation(annotation))
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.with_name("gợi ý").message(help.as_str()));
        }
        f.write_str(&Renderer::plain().render(&[group]))
    }
}
