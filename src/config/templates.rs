//! Owns the office's own templates: reads them and tries each on every kind of message before anybody gets one.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    fields::nearest,
    finding::{Finding, Severity, SourceFile},
    is_hidden, read_text,
};
use crate::{
    domain::{directory::ChannelKind, office::Office},
    message::{self, BUILT_IN, Letterhead, TemplateError, Templates},
};

/// The templates of a folder that need not exist; what is wrong with them goes to `findings`.
pub fn read(folder: &Path, office: &Office, findings: &mut Vec<Finding>) -> Templates {
    let mut report = |path: &Path, text: &str, line: Option<usize>, message: String, help: String| {
        let file = Arc::new(SourceFile::new(path.display().to_string(), text.to_owned()));
        let span = span_of_line(text, line);
        findings.push(Finding { severity: Severity::Error, file, span, message, help: Some(help) });
    };
    let mut own = BTreeMap::new();
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|p| !is_hidden(p)) {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !BUILT_IN.iter().any(|(known, _)| *known == name) {
            let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let help = nearest(&name, names.iter().copied())
                .map_or_else(|| format!("các mẫu tin: {}", names.join(", ")), |near| format!("ý bạn là «{near}»?"));
            report(path, "", None, format!("không có mẫu tin tên «{name}»"), help);
            continue;
        }
        match read_text(path) {
            Ok(text) => {
                own.insert(name, text);
            }
            Err(error) => {
                let message = format!("không đọc được mẫu tin: {error}");
                report(path, "", None, message, "kiểm tra quyền đọc tệp".to_owned());
            }
        }
    }
    let mut say = |error: &TemplateError, own: &BTreeMap<String, String>| {
        let text = own.get(&error.name).map(String::as_str).unwrap_or_default();
        let help = format!("so với mẫu có sẵn: nhacviec template show {}", error.name);
        report(&folder.join(&error.name), text, error.line, format!("mẫu tin có lỗi: {}", error.detail), help);
    };
    match Templates::with(own.clone()) {
        Ok(templates) => {
            for error in try_out(&templates, office) {
                say(&error, &own);
            }
            templates
        }
        Err(errors) => {
            for error in &errors {
                say(error, &own);
            }
            Templates::default()
        }
    }
}

/// Renders every kind of message; each template's first failure.
fn try_out(templates: &Templates, office: &Office) -> Vec<TemplateError> {
    let mut errors: Vec<TemplateError> = Vec::new();
    if templates.names().is_empty() {
        return errors;
    }
    let letterhead = Letterhead {
        header: vec!["UBND TỈNH".to_owned()],
        footer: "Cuối thư".to_owned(),
        templates: Arc::new(templates.clone()),
    };
    let now: DateTime<Utc> = DateTime::from_timestamp(1_700_000_000, 0).expect("a date of 2023");
    for channel in [ChannelKind::Email, ChannelKind::ZaloBot] {
        for batch in message::samples(office, channel, now) {
            let (_, error) = message::render(&batch, office, &letterhead, now);
            if let Some(error) = error
                && !errors.iter().any(|known| known.name == error.name)
            {
                errors.push(error);
            }
        }
    }
    errors
}

fn span_of_line(text: &str, line: Option<usize>) -> std::ops::Range<usize> {
    let Some(line) = line else { return 0..0 };
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text[start.min(text.len())..].lines().next().map_or(0, str::len);
    start.min(text.len())..(start + length).min(text.len())
}
