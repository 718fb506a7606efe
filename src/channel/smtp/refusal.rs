//! What a mail server's refusals mean: for now, for good, or of the server as a whole.

use std::{future::Future, time::Duration};

use lettre::transport::smtp::Error as SmtpError;
use tokio::time::timeout;

use crate::domain::notification::SendError;

/// What went wrong in one phase.
pub enum Failure {
    Deadline,
    Smtp(SmtpError),
}

impl Failure {
    /// Whether the server answered, so that the dialogue is in step.
    pub fn is_answered(&self) -> bool {
        matches!(self, Self::Smtp(error) if error.status().is_some())
    }

    pub fn text(&self) -> String {
        match self {
            Self::Deadline => "quá thời gian chờ".to_owned(),
            Self::Smtp(error) => error_chain(error),
        }
    }
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

pub async fn within<T>(limit: Duration, phase: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Failure> {
    match timeout(limit, phase).await {
        Ok(result) => result.map_err(Failure::Smtp),
        Err(_) => Err(Failure::Deadline),
    }
}

pub fn down(what: &str, failure: &Failure) -> SendError {
    let technical = failure.text();
    let cause = in_words(&technical).map_or_else(|| technical.clone(), |words| format!("{words} ({technical})"));
    SendError::ChannelDown { detail: format!("{what}: {cause}") }
}

/// The causes that an administrator can do something about, in their words.
fn in_words(technical: &str) -> Option<&'static str> {
    const CAUSES: [(&str, &str); 6] = [
        ("Connection refused", "máy chủ không nhận kết nối, xem lại tên máy chủ và cổng"),
        ("failed to lookup address", "không tìm thấy tên máy chủ, xem lại tên hoặc mạng"),
        ("No route to host", "không có đường mạng tới máy chủ"),
        ("Network is unreachable", "máy này không có mạng"),
        ("invalid peer certificate", "chứng chỉ của máy chủ không được tin, xem lại tên máy chủ hoặc ca_file"),
        ("timed out", "hết thời gian chờ"),
    ];
    CAUSES.iter().find(|(english, _)| technical.contains(english)).map(|(_, words)| *words)
}

/// Why a message was not transferred.
pub struct Refusal {
    pub error: SendError,
    /// The server answered every command, so the dialogue is in step.
    pub is_answered: bool,
}

/// A refusal before the message was taken: certainly not delivered.
pub fn refused(failure: &Failure) -> Refusal {
    let status = match failure {
        Failure::Smtp(error) => error.status().map(u16::from),
        Failure::Deadline => None,
    };
    let error = classify(status, failure.text());
    let is_answered = status.is_some() && !matches!(error, SendError::ChannelDown { .. });
    Refusal { error, is_answered }
}

/// What a refusal means, by its code (RFC 5321, 4.2) and enhanced status code (RFC 3463).
fn classify(status: Option<u16>, detail: String) -> SendError {
    let transient = |detail| SendError::Transient { detail, retry_after: None };
    let Some(code @ 500..) = status else {
        // Closing down, or asking for TLS or a login before anything else: nothing to do with this message. Without an
        // answer it is no dead channel either: a server slow for one mailbox must not hold up the others.
        let is_of_server = matches!((status, enhanced(&detail)), (Some(421), _) | (Some(_), Some((7, 0 | 8 | 9 | 11))));
        return if is_of_server { SendError::ChannelDown { detail } } else { transient(detail) };
    };
    match (code, enhanced(&detail)) {
        // Authentication wanted or refused, and senders that the server does not take: every message would fail.
        (530 | 534 | 535 | 538, _) | (_, Some((1, 7 | 8))) => SendError::ChannelDown { detail },
        // Policy, quota and routing are the server's affair and can be put right there; one such mailbox must not
        // hold up the others.
        (_, Some((7, _) | (3, 0..=3 | 5) | (4, 3..=5 | 7))) => transient(detail),
        _ => SendError::Permanent { detail },
    }
}

/// Subject and detail of an enhanced status code.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    text.split(|c: char| !is_part(c)).find_map(|word| {
        let mut parts = word.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let is_code = matches!(class, "4" | "5") && parts.next().is_none();
        is_code.then_some(())?;
        Some((subject.parse().ok()?, detail.parse().ok()?))
    })
}

/// Servers repeat addresses in their answers; logs and status must not.
pub fn without_addresses(error: SendError) -> SendError {
    match error {
        SendError::Transient { detail, retry_after } => SendError::Transient { detail: masked(&detail), retry_after },
        SendError::Permanent { detail } => SendError::Permanent { detail: masked(&detail) },
        SendError::ChannelDown { detail } => SendError::ChannelDown { detail: masked(&detail) },
        SendError::ChannelStopped { detail } => SendError::ChannelStopped { detail: masked(&detail) },
        SendError::NotNow { detail, wait } => SendError::NotNow { detail, wait },
        SendError::Unknown { detail } => SendError::Unknown { detail: masked(&detail) },
    }
}

fn masked(text: &str) -> String {
    let is_part = |c: char| !c.is_whitespace() && !"<>()[],;\"'".contains(c);
    let mut masked = String::new();
    for word in text.split_inclusive(|c| !is_part(c)) {
        let name = word.strip_suffix(|c| !is_part(c)).unwrap_or(word);
        if name.contains('@') {
            masked.push('…');
            masked.push_str(&word[name.len()..]);
        } else {
            masked.push_str(word);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_their_class_by_code_and_enhanced_code() {
        let class =
            |status: u16, text: &str| match classify(Some(status), format!("permanent error ({status}): {text}")) {
                SendError::Transient { .. } => "for now",
                SendError::Permanent { .. } => "for good",
                SendError::ChannelDown { .. } => "down",
                other => panic!("{other:?}"),
            };
        let table = [
            (421, "4.3.2 shutting down", "down"),
            (450, "4.2.1 busy", "for now"),
            (451, "4.7.1 greylisted", "for now"),
            (452, "4.3.1 disk full", "for now"),
            (454, "4.7.0 TLS not available", "down"),
            (530, "5.7.0 authentication required", "down"),
            (535, "5.7.8 bad credentials", "down"),
            (550, "5.1.1 no such user", "for good"),
            (550, "5.1.8 sender unknown", "down"),
            (550, "5.7.1 not allowed", "for now"),
            (550, "no such user", "for good"),
            (552, "5.2.2 mailbox full", "for good"),
            (552, "5.3.4 too big", "for good"),
            (554, "5.4.6 routing loop", "for good"),
            (554, "5.6.0 content refused", "for good"),
        ];
        for (status, text, expected) in table {
            assert_eq!(class(status, text), expected, "{status} {text}");
        }
        assert!(matches!(classify(None, "5.1.1 in a timeout".to_owned()), SendError::Transient { .. }));
    }

    #[test]
    fn answers_do_not_carry_addresses_on_however_they_are_spelt() {
        let error = SendError::Permanent { detail: "550 <An@So.example> unknown; ask it@so.example".to_owned() };
        assert_eq!(without_addresses(error).detail(), "550 <…> unknown; ask …");
    }
}
