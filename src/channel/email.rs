//! Composes the MIME message that both e-mail transports carry.

use lettre::{
    Address,
    message::{
        Attachment as MimePart, Body, Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{
            ContentTransferEncoding, ContentType, Date, From, HeaderName, HeaderValue, Headers, InReplyTo,
            MIME_VERSION_1_0, MessageId, References, ReplyTo, Subject, To,
        },
    },
};

use super::{EmailSettings, Message};
use crate::domain::notification::SendError;

/// The message as it travels, with its sender and recipient.
pub struct Composed {
    pub from: Address,
    pub to: Address,
    pub text: String,
}

/// Builds text and HTML parts in UTF-8 with a stable Message-ID, and what goes along.
///
/// * `Auto-Submitted` keeps vacation responders silent (RFC 3834, 5), `X-Auto-Response-Suppress` those of Exchange.
/// * `List-Id` lets people sort all of the office's reminders by one rule (RFC 2919).
/// * A message about one duty refers to a message that was never sent and stands for the conversation, so that mail
///   programs keep it together (RFC 5322, 3.6.4).
///
/// Not through the library's builder of whole messages: that reads some headers again that it has just written.
pub fn compose(settings: &EmailSettings, message: &Message) -> Result<Composed, SendError> {
    let permanent = |detail: &str| SendError::Permanent { detail: detail.to_owned() };
    let to: Address = message.to.parse().map_err(|_| permanent("địa chỉ thư không hợp lệ"))?;
    let domain = settings.from.email.domain();
    let mut headers = Headers::new();
    headers.set(From::from(Mailboxes::from(settings.from.clone())));
    headers.set(To::from(Mailboxes::from(Mailbox::new(None, to.clone()))));
    headers.set(Subject::from(message.subject.clone()));
    headers.set(Date::new(message.at.into()));
    headers.set(MessageId::from(format!("<{}@{domain}>", message.id)));
    if let Some(reply_to) = &settings.reply_to {
        headers.set(ReplyTo::from(Mailboxes::from(reply_to.clone())));
    }
    if let Some(thread) = &message.thread {
        let root = format!("<{thread}@{domain}>");
        headers.set(InReplyTo::from(root.clone()));
        headers.set(References::from(root));
    }
    let mut raw = |name, value: String| {
        headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    };
    raw("Auto-Submitted", "auto-generated".to_owned());
    raw("X-Auto-Response-Suppress", "All".to_owned());
    raw("List-Id", format!("<nhacviec.{domain}>"));
    if message.is_urgent {
        raw("Importance", "high".to_owned());
    }
    headers.set(MIME_VERSION_1_0);
    let mut content = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    if !message.attachments.is_empty() {
        let mut parts = MultiPart::mixed().multipart(content);
        for attachment in &message.attachments {
            let kind = ContentType::parse(attachment.content_type)
                .map_err(|error| permanent(&format!("không soạn được thư: {error}")))?;
            parts = parts.singlepart(MimePart::new(attachment.name.clone()).body(attachment.bytes.clone(), kind));
        }
        content = parts;
    }
    let mut text = headers.to_string();
    let content = String::from_utf8(content.formatted()).expect("every part is encoded in ASCII");
    text.push_str(&content);
    let from = settings.return_path.clone().unwrap_or_else(|| settings.from.email.clone());
    Ok(Composed { from, to, text })
}

/// A part in base64 (RFC 2045, 6.8): quoted-printable makes six or nine characters of a Vietnamese letter and is slower
/// to make.
fn part(kind: ContentType, text: &str) -> SinglePart {
    // Line ends of mail are two bytes within base64 too.
    let mut lines = String::with_capacity(text.len() + text.len() / 16);
    let mut written = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
        let line = &text[written..end];
        lines.push_str(line.strip_suffix('\r').unwrap_or(line));
        lines.push_str("\r\n");
        written = end + 1;
    }
    lines.push_str(&text[written..]);
    let body = Body::dangerous_pre_encoded(base64_lines(lines.as_bytes()), ContentTransferEncoding::Base64);
    SinglePart::builder().header(kind).body(body)
}

/// Encoded in one piece, which is faster than line by line, then broken into lines of 76 characters.
fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let encoded = base64_simd::STANDARD.encode_to_string(bytes);
    let mut lines = Vec::with_capacity(encoded.len() + encoded.len() / 32);
    for (n, line) in encoded.as_bytes().chunks(76).enumerate() {
        if n > 0 {
            lines.extend_from_slice(b"\r\n");
        }
        lines.extend_from_slice(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::channel::{Attachment, EmailTransport};

    fn settings() -> EmailSettings {
        EmailSettings {
            from: "Nhắc việc <nhac@so.example>".parse().expect("a mailbox"),
            reply_to: None,
            return_path: None,
            transport: EmailTransport::Maildir(PathBuf::new()),
        }
    }

    fn head(text: &str) -> String {
        text.split_once("\r\n\r\n").expect("a message has a head").0.replace("\r\n ", " ")
    }

    #[test]
    fn a_subject_with_line_ends_adds_no_header() {
        let subject = "Việc\r\nBcc: ai-do@noi-khac.example\r\n\r\nThân".to_owned();
        let message = Message { id: "x".to_owned(), to: "an@so.example".to_owned(), subject, ..Message::default() };
        let composed = compose(&settings(), &message).expect("composed");
        assert!(!head(&composed.text).to_lowercase().lines().any(|line| line.starts_with("bcc:")), "{}", composed.text);
    }

    #[test]
    fn texts_travel_in_base64_with_line_ends_of_mail() {
        let message =
            Message { to: "an@so.example".to_owned(), text: "Hạn\nmai\r\n".to_owned(), ..Message::default() };
        let composed = compose(&settings(), &message).expect("composed");
        // "Hạn", CR LF, "mai", CR LF.
        assert!(composed.text.contains("\r\n\r\nSOG6oW4NCm1haQ0K\r\n"), "{}", composed.text);
    }

    #[test]
    fn an_address_with_a_line_end_is_refused() {
        let to = "an@so.example>\r\nRCPT TO:<ai-do@noi-khac.example".to_owned();
        let message = Message { to, ..Message::default() };
        assert!(matches!(compose(&settings(), &message), Err(SendError::Permanent { .. })));
    }

    #[test]
    fn a_message_about_one_duty_belongs_to_its_conversation_and_carries_its_files() {
        let attachment =
            Attachment { name: "han-cong-viec.ics".to_owned(), content_type: "text/calendar", bytes: b"x".to_vec() };
        let message = Message {
            id: "x".to_owned(),
            to: "an@so.example".to_owned(),
            thread: Some("viec-1".to_owned()),
            attachments: vec![attachment],
            is_urgent: true,
            ..Message::default()
        };
        let composed = compose(&settings(), &message).expect("composed");
        let head = head(&composed.text);
        for line in [
            "References: <viec-1@so.example>",
            "In-Reply-To: <viec-1@so.example>",
            "List-Id: <nhacviec.so.example>",
            "Auto-Submitted: auto-generated",
            "Importance: high",
        ] {
            assert!(head.lines().any(|l| l == line), "{line} in {head}");
        }
        assert!(composed.text.contains("filename=\"han-cong-viec.ics\""), "{}", composed.text);
    }

    #[test]
    fn returned_messages_go_where_the_office_wants_them() {
        let settings =
            EmailSettings { return_path: Some("tra-lai@so.example".parse().expect("an address")), ..settings() };
        let message = Message { to: "an@so.example".to_owned(), ..Message::default() };
        assert_eq!(compose(&settings, &message).expect("composed").from.to_string(), "tra-lai@so.example");
    }
}
