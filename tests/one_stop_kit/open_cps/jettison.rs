//! The JSON writer of OpenCPS: a text that looks like a number or a truth value becomes one.

use super::super::text::{element, escape_markup};

/// Keys and texts in the order in which they are told. What has no value is left out, never `null`.
#[derive(Debug, Default)]
pub struct Record(Vec<(&'static str, String)>);

impl Record {
    pub fn put(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.push((key, value.into()));
    }

    pub fn to_json(&self) -> String {
        let fields: Vec<String> = self.0.iter().map(|(key, text)| format!(r#""{key}":{}"#, token(text))).collect();
        format!("{{{}}}", fields.join(","))
    }

    pub fn to_xml(&self) -> String {
        self.0.iter().map(|(key, text)| element(key, &escape_markup(text))).collect()
    }
}

/// The text itself where printing it back as a number or truth value gives the same text, else in quotes.
pub fn token(text: &str) -> String {
    if is_printed_long(text) || is_printed_double(text) || matches!(text, "true" | "false") {
        text.to_owned()
    } else {
        serde_json::to_string(text).expect("a text is always JSON")
    }
}

fn is_printed_long(text: &str) -> bool {
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

fn is_printed_double(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number.is_finite() && print_as_java(number) == text)
}

/// Java prints numbers from 0.001 up to ten million plainly, others with an exponent; always with a fraction.
fn print_as_java(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let printed = format!("{number:E}");
    match printed.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => printed,
    }
}
