//! Owns the mail channel as the tests with real servers drive it, and the message that it carries.

use chrono::DateTime;
use nhacviec::{
    channel::{Channel, ChannelSettings, EmailSettings, EmailTransport, Message, SmtpLimits, SmtpSettings, open_all},
    domain::{directory::ChannelKind, notification::SendError},
    secret::SecretFile,
};

use super::{mail::Mail, support::Submission};

pub const SUBJECT: &str = "Nhắc việc: báo cáo cải cách hành chính quý III đã quá hạn 02 ngày làm việc — Phòng Nội vụ";
const TEXT: &str = "Kính gửi Phòng Nội vụ,\n\n.Báo cáo cải cách hành chính phải nộp trước ngày 30/9.\n.\nTrân trọng.\n";
const HTML: &str = "<p>Kính gửi Phòng Nội vụ,</p>\n<p>Báo cáo cải cách hành chính phải nộp trước ngày 30/9.</p>\n";

/// Settings with which the server takes mail.
pub fn settings(server: &Submission) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: server.port,
        security: server.security,
        credentials: Some((server.user.clone(), SecretFile::at(server.password_file.clone()))),
        ca_file: Some(server.ca_file.clone()),
        client_name: Some("client.office.test".to_owned()),
        limits: SmtpLimits::default(),
    }
}

pub fn open(server: SmtpSettings) -> Box<dyn Channel> {
    // Fails when a test of the same process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let email = EmailSettings {
        from: "Nhắc việc <nhac-viec@office.test>".parse().expect("a mailbox"),
        reply_to: None,
        return_path: None,
        transport: EmailTransport::Smtp(server),
    };
    let mut channels = open_all(&ChannelSettings { email: Some(email), ..ChannelSettings::default() });
    channels.remove(&ChannelKind::Email).expect("the configured channel")
}

pub fn message(id: &str, to: &str) -> Message {
    Message {
        id: id.to_owned(),
        to: to.to_owned(),
        subject: SUBJECT.to_owned(),
        text: TEXT.to_owned(),
        html: HTML.to_owned(),
        at: DateTime::from_timestamp(1_790_000_000, 0).expect("a date"),
        ..Message::default()
    }
}

/// As long as an office's usual digest, and longer than anything else that is said in one go.
pub fn long_message(id: &str, to: &str) -> Message {
    Message { text: TEXT.repeat(20), html: HTML.repeat(20), ..message(id, to) }
}

/// The message as it was written: subject, both texts, Message-ID.
pub fn assert_is_the_message(mail: &Mail, id: &str, to: &str) {
    assert_eq!(mail.subject(), SUBJECT);
    assert_eq!(mail.header("Message-ID"), id);
    assert_eq!(mail.header("To"), to);
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"));
    let parts = mail.parts();
    let kinds: Vec<_> = parts.iter().map(|part| part.header("Content-Type")).collect();
    assert_eq!(kinds, ["text/plain; charset=utf-8", "text/html; charset=utf-8"]);
    let contents: Vec<_> = parts.iter().map(Mail::content).collect();
    assert_eq!(contents, [TEXT, HTML]);
}

pub fn is_down_because(outcome: &Result<(), SendError>, reason: &str) -> bool {
    matches!(outcome, Err(SendError::ChannelDown { detail }) if detail.contains(reason))
}

/// What became of a message, in two words.
pub fn verdict(outcome: &Result<(), SendError>) -> &'static str {
    match outcome {
        Ok(()) => "accepted",
        Err(SendError::Transient { .. }) => "for now",
        Err(SendError::Permanent { .. }) => "for good",
        Err(SendError::ChannelDown { .. }) => "channel down",
        Err(SendError::ChannelStopped { .. }) => "channel stopped",
        Err(SendError::NotNow { .. }) => "not now",
        Err(SendError::Unknown { .. }) => "not known",
    }
}
