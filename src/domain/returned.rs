//! Owns the reading of returned messages: delivery status notifications (RFC 3464).
//!
//! Only what a program wrote is believed. A free text that speaks of a failure may be a person's answer, and marking
//! an address by it would silence somebody.

/// A message that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The address that cannot be reached.
    pub address: String,
    /// Left part of the Message-ID of what was sent, when the report names it.
    pub message_id: Option<String>,
    /// What the reporting server said.
    pub detail: String,
}

/// The recipients that a report says cannot be reached for good; empty for anything else, also for a delay.
#[must_use]
pub fn read(message: &str) -> Vec<Returned> {
    let lines = unfolded(message);
    if !lines
        .iter()
        .any(|line| header(line, "content-type").is_some_and(|v| v.to_lowercase().contains("message/delivery-status")))
    {
        return Vec::new();
    }
    let message_id = original_message_id(&lines);
    let mut returned = Vec::new();
    let (mut address, mut is_failed, mut status, mut diagnostic) = (None::<String>, false, None, None);
    // A report has a block of fields for each recipient, ended by an empty line.
    for line in lines.iter().map(String::as_str).chain([""]) {
        if line.is_empty() {
            if let Some(address) = address.take().filter(|_| is_failed) {
                let detail: String = diagnostic.take().or(status.take()).unwrap_or_else(|| "không rõ lý do".to_owned());
                let detail = detail.chars().take(200).collect();
                returned.push(Returned { address, message_id: message_id.clone(), detail });
            }
            (address, is_failed, status, diagnostic) = (None, false, None, None);
        } else if let Some(value) = header(line, "final-recipient").or_else(|| header(line, "original-recipient")) {
            let found = value.split_once(';').map_or(value, |(_, address)| address).trim();
            let found = found.trim_matches(['<', '>']);
            if found.contains('@') && address.is_none() {
                address = Some(found.to_lowercase());
            }
        } else if let Some(value) = header(line, "action") {
            is_failed = value.trim().eq_ignore_ascii_case("failed");
        } else if let Some(value) = header(line, "status") {
            status = Some(value.trim().to_owned());
        } else if let Some(value) = header(line, "diagnostic-code") {
            let text = value.split_once(';').map_or(value, |(_, text)| text);
            diagnostic = Some(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    returned
}

/// The last one in the message is that of the message that came back; the report's own stands first.
fn original_message_id(lines: &[String]) -> Option<String> {
    let ids = lines.iter().filter_map(|line| header(line, "message-id"));
    let ids: Vec<_> = ids.filter_map(|v| Some(v.trim().strip_prefix('<')?.split_once('@')?.0.to_owned())).collect();
    if ids.len() > 1 { ids.last().cloned() } else { None }
}

/// The value of a header field, when `line` is one of that name.
fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = line.split_once(':')?;
    found.trim().eq_ignore_ascii_case(name).then_some(value)
}

/// Lines with their continuations.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) && !last.is_empty() => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(line.trim_end().to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Return-Path: <>\r
Message-ID: <report@mail.so.example>\r
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r
\r
--b\r
Content-Type: text/plain\r
\r
I could not deliver it.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mail.so.example\r
\r
Original-Recipient: rfc822;an@so.example\r
Final-Recipient: rfc822; An@so.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <an@so.example>:\r
    Recipient address rejected\r
\r
--b\r
Content-Type: message/rfc822\r
\r
From: nhac@so.example\r
Message-ID: <0123abcd@so.example>\r
Subject: x\r
\r
--b--\r
";

    #[test]
    fn a_report_names_the_address_the_reason_and_the_message() {
        let returned = read(REPORT);
        assert_eq!(returned.len(), 1);
        assert_eq!(returned[0].address, "an@so.example");
        assert_eq!(returned[0].message_id.as_deref(), Some("0123abcd"));
        assert!(returned[0].detail.contains("Recipient address rejected"), "{returned:?}");
    }

    #[test]
    fn a_delay_and_a_persons_answer_mark_nobody() {
        assert_eq!(read(&REPORT.replace("Action: failed", "Action: delayed")), []);
        assert_eq!(read("Subject: Re\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822; an@so.example\r\n"), []);
        assert_eq!(read(""), []);
    }
}
