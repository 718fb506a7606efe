//! What goes back, before a fault has had its way with it.

/// An answer of a system.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    fn new(status: u16, kind: &str, body: String) -> Self {
        Self { status, headers: vec![("content-type", kind.to_owned())], body: body.into_bytes() }
    }

    pub fn json(status: u16, body: &impl ToString) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub fn xml(status: u16, kind: &str, body: &str) -> Self {
        Self::new(status, kind, format!(r#"<?xml version="1.0" encoding="utf-8"?>{body}"#))
    }

    /// A page for people.
    pub fn html(status: u16, title: &str) -> Self {
        let body =
            format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub fn not_found() -> Self {
        Self::html(404, "404 Not Found")
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
