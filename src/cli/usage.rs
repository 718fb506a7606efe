//! The Vietnamese face of clap: help layout and messages for wrong usage.

use std::{error::Error, fmt, io::Write as _};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Exit;

/// Layout of every help page.
pub const TEMPLATE: &str = "{about-with-newline}\nCách dùng: {usage}\n\n{all-args}";

/// How to write the value that was refused, in Vietnamese.
#[derive(Debug)]
pub struct Hint(pub &'static str);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Hint {}

/// Prints help, version or what is wrong with the command line.
pub fn explain(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = write!(std::io::stdout(), "{}", in_vietnamese(error));
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(std::io::stderr(), "{}", in_vietnamese(error));
            Exit::Usage
        }
        _ => {
            let _ = writeln!(std::io::stderr(), "lỗi: {}\nXem hướng dẫn: nhacviec --help", sentence(error));
            Exit::Usage
        }
    }
}

/// The English words of clap's own that the template cannot replace, or that a command below a command would have to
/// replace anew.
fn in_vietnamese(error: &clap::Error) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("[OPTIONS]", "[TÙY CHỌN]"),
        ("<COMMAND>", "<LỆNH>"),
        ("[COMMAND]", "[LỆNH]"),
        ("\nCommands:\n", "\nLệnh:\n"),
        ("Usage: ", "Cách dùng: "),
        ("[possible values: ", "[các giá trị: "),
    ];
    WORDS.iter().fold(error.render().to_string(), |text, (english, vietnamese)| text.replace(english, vietnamese))
}

fn sentence(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            // clap lists the nearest one last.
            let near = match error.get(ContextKind::SuggestedSubcommand) {
                Some(ContextValue::Strings(near)) => near.last().cloned().unwrap_or_default(),
                _ => context(ContextKind::SuggestedSubcommand),
            };
            let near = if near.is_empty() { String::new() } else { format!("; ý bạn là «{near}»?") };
            format!("không có lệnh «{}»{near}", context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument => format!("không có tùy chọn «{argument}»"),
        ErrorKind::MissingRequiredArgument => format!("thiếu {argument}"),
        ErrorKind::MissingSubcommand => "chưa ghi lệnh".to_owned(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue);
            if value.is_empty() {
                format!("tùy chọn {argument} cần một giá trị")
            } else {
                let hint = error.source().and_then(|source| source.downcast_ref::<Hint>());
                let choices = context(ContextKind::ValidValue);
                let help = match hint {
                    Some(hint) => format!(": {hint}"),
                    None if choices.is_empty() => String::new(),
                    None => format!(": chọn một trong {choices}"),
                };
                format!("giá trị «{value}» không hợp lệ cho {argument}{help}")
            }
        }
        ErrorKind::ArgumentConflict => {
            format!("tùy chọn {argument} không dùng cùng các tùy chọn kia, hoặc bị ghi hai lần")
        }
        _ => format!("dòng lệnh không đúng ({argument})"),
    }
}
