//! Composes the MIME message that both e-mail transports carry.

use lettre::{
    Address, Message as Mail,
    address::Envelope,
    message::{
        Attachment as MimePart, Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
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
pub fn compose(settings: &EmailSettings, message: &Message) -> Result<Composed, SendError> {
    let permanent = |detail: String| SendError::Permanent { detail };
    let to: Address = message.to.parse().map_err(|_| permanent("địa chỉ thư không hợp lệ".to_owned()))?;
    let domain = settings.from.email.domain();
    let from = settings.return_path.clone().unwrap_or_else(|| settings.from.email.clone());
    let envelope = Envelope::new(Some(from.clone()), vec![to.clone()]).map_err(|e| permanent(e.to_string()))?;
    let mut builder = Mail::builder()
        // Given, since the library would read it from the headers that it has just written.
        .envelope(envelope)
        .from(settings.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(message.subject.clone())
        .date(message.at.into())
        .message_id(Some(format!("<{}@{domain}>", message.id)));
    if let Some(reply_to) = &settings.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    if let Some(thread) = &message.thread {
        let root = format!("<{thread}@{domain}>");
        builder = builder.in_reply_to(root.clone()).references(root);
    }
    let content = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    let failed = |detail: String| permanent(format!("không soạn được thư: {detail}"));
    let mail = if message.attachments.is_empty() {
        builder.multipart(content)
    } else {
        let mut parts = MultiPart::mixed().multipart(content);
        for attachment in &message.attachments {
            let kind = ContentType::parse(attachment.content_type).map_err(|e| failed(e.to_string()))?;
            parts = parts.singlepart(MimePart::new(attachment.name.clone()).body(attachment.bytes.clone(), kind));
        }
        builder.multipart(parts)
    };
    let mut mail = mail.map_err(|error| failed(error.to_string()))?;
    let mut header = |name, value: String| {
        mail.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    };
    header("Auto-Submitted", "auto-generated".to_owned());
    header("X-Auto-Response-Suppress", "All".to_owned());
    header("List-Id", format!("<nhacviec.{domain}>"));
    if message.is_urgent {
        header("Importance", "high".to_owned());
    }
    let text = String::from_utf8(mail.formatted()).map_err(|error| failed(error.to_string()))?;
    Ok(Composed { from, to, text })
}

/// A part in base64 (RFC 2045, 6.8): quoted-printable makes six or nine characters of a Vietnamese letter and is slower
/// to make.
fn part(kind: ContentType, text: &str) -> SinglePart {
    // Line ends of mail are two bytes within base64 too; made here, since the library does it letter by letter.
    let lines = text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let body = Body::new_with_encoding(lines, ContentTransferEncoding::Base64).expect("base64 carries every byte");
    SinglePart::builder().header(kind).body(body)
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
