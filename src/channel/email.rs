//! Composes the MIME message that both e-mail transports carry.

use lettre::{
    Address,
    message::{
        Attachment as MimePart, Mailbox, Mailboxes,
        header::{
            ContentType, Date, From, HeaderName, HeaderValue, Headers, InReplyTo, MIME_VERSION_1_0, MessageId,
            References, ReplyTo, Subject, To,
        },
    },
};

use super::{Attachment, EmailSettings, Message};
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
/// The library encodes headers and files; the two parts are put together here, without the copies that its builder makes.
pub struct Composer {
    sender: Address,
    domain: String,
    /// The headers that are the same in every message, as they travel.
    lasting: String,
}

impl Composer {
    pub fn new(settings: &EmailSettings) -> Self {
        let domain = settings.from.email.domain().to_owned();
        let mut headers = Headers::new();
        headers.set(From::from(Mailboxes::from(settings.from.clone())));
        if let Some(reply_to) = &settings.reply_to {
            headers.set(ReplyTo::from(Mailboxes::from(reply_to.clone())));
        }
        raw(&mut headers, "Auto-Submitted", "auto-generated".to_owned());
        raw(&mut headers, "X-Auto-Response-Suppress", "All".to_owned());
        raw(&mut headers, "List-Id", format!("<nhacviec.{domain}>"));
        headers.set(MIME_VERSION_1_0);
        let sender = settings.return_path.clone().unwrap_or_else(|| settings.from.email.clone());
        Self { sender, domain, lasting: headers.to_string() }
    }

    pub fn compose(&self, message: &Message) -> Result<Composed, SendError> {
        let permanent = |detail: &str| SendError::Permanent { detail: detail.to_owned() };
        let to: Address = message.to.parse().map_err(|_| permanent("địa chỉ thư không hợp lệ"))?;
        let domain = &self.domain;
        let mut headers = Headers::new();
        headers.set(To::from(Mailboxes::from(Mailbox::new(None, to.clone()))));
        headers.set(Subject::from(message.subject.clone()));
        headers.set(Date::new(message.at.into()));
        headers.set(MessageId::from(format!("<{}@{domain}>", message.id)));
        if let Some(thread) = &message.thread {
            let root = format!("<{thread}@{domain}>");
            headers.set(InReplyTo::from(root.clone()));
            headers.set(References::from(root));
        }
        if message.is_urgent {
            raw(&mut headers, "Importance", "high".to_owned());
        }
        let files = message.attachments.iter().map(|file| self::file(file).map_err(|e| permanent(&e)));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        // Base64 is a third longer, and broken into lines.
        let length = message.text.len() + message.html.len() + files.iter().map(Vec::len).sum::<usize>();
        let mut text = String::with_capacity(length + length / 2 + 2048);
        text.extend([&self.lasting, headers.to_string().as_str()]);
        if files.is_empty() {
            push_texts(&mut text, message);
        } else {
            let boundary = begin_parts(&mut text, "mixed", message);
            text.extend(["--", &boundary, "\r\n"]);
            push_texts(&mut text, message);
            for file in files {
                text.extend(["--", &boundary, "\r\n"]);
                text.push_str(std::str::from_utf8(&file).expect("a file is encoded in ASCII"));
            }
            text.extend(["--", &boundary, "--\r\n"]);
        }
        Ok(Composed { from: self.sender.clone(), to, text })
    }
}

fn raw(headers: &mut Headers, name: &'static str, value: String) {
    headers.insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
}

/// A file with its headers, as it travels.
fn file(attachment: &Attachment) -> Result<Vec<u8>, String> {
    let kind = ContentType::parse(attachment.content_type).map_err(|error| format!("không soạn được thư: {error}"))?;
    Ok(MimePart::new(attachment.name.clone()).body(attachment.bytes.clone(), kind).formatted())
}

/// Text and HTML, of which a mail program shows what it can (RFC 2046, 5.1.4).
fn push_texts(text: &mut String, message: &Message) {
    let boundary = begin_parts(text, "alternative", message);
    for (kind, content) in [("plain", &message.text), ("html", &message.html)] {
        text.extend(["--", &boundary, "\r\nContent-Type: text/", kind, "; charset=utf-8\r\n"]);
        text.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        push_base64(text, content);
        text.push_str("\r\n");
    }
    text.extend(["--", &boundary, "--\r\n"]);
}

/// The header of several parts, and the boundary between them: no line of base64 contains `_` (RFC 2046, 5.1.1).
fn begin_parts(text: &mut String, kind: &str, message: &Message) -> String {
    let boundary = format!("=_{kind}_{}", message.id);
    text.extend(["Content-Type: multipart/", kind, ";\r\n boundary=\"", &boundary, "\"\r\n\r\n"]);
    boundary
}

/// In base64 (RFC 2045, 6.8): quoted-printable makes six or nine characters of a Vietnamese letter and is slower to make.
/// Encoded in one piece, which is faster than line by line, then broken into lines of 76 characters.
fn push_base64(text: &mut String, content: &str) {
    // Line ends of mail are two bytes within base64 too.
    let content = content.as_bytes();
    let mut lines = Vec::with_capacity(content.len() + content.len() / 16);
    let mut written = 0;
    for end in memchr::memchr_iter(b'\n', content) {
        let line = &content[written..end];
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.extend_from_slice(b"\r\n");
        written = end + 1;
    }
    lines.extend_from_slice(&content[written..]);
    let encoded = base64_simd::STANDARD.encode_to_string(&lines);
    let mut rest = encoded.as_str();
    while let Some((line, others)) = rest.split_at_checked(76) {
        text.push_str(line);
        if !others.is_empty() {
            text.push_str("\r\n");
        }
        rest = others;
    }
    text.push_str(rest);
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

    fn composer() -> Composer {
        Composer::new(&settings())
    }

    fn head(text: &str) -> String {
        text.split_once("\r\n\r\n").expect("a message has a head").0.replace("\r\n ", " ")
    }

    #[test]
    fn a_subject_with_line_ends_adds_no_header() {
        let subject = "Việc\r\nBcc: ai-do@noi-khac.example\r\n\r\nThân".to_owned();
        let message = Message { id: "x".to_owned(), to: "an@so.example".to_owned(), subject, ..Message::default() };
        let composed = composer().compose(&message).expect("composed");
        assert!(!head(&composed.text).to_lowercase().lines().any(|line| line.starts_with("bcc:")), "{}", composed.text);
    }

    #[test]
    fn texts_travel_in_base64_with_line_ends_of_mail() {
        let message =
            Message { to: "an@so.example".to_owned(), text: "Hạn\nmai\r\n".to_owned(), ..Message::default() };
        let composed = composer().compose(&message).expect("composed");
        // "Hạn", CR LF, "mai", CR LF.
        assert!(composed.text.contains("\r\n\r\nSOG6oW4NCm1haQ0K\r\n"), "{}", composed.text);
    }

    #[test]
    fn an_address_with_a_line_end_is_refused() {
        let to = "an@so.example>\r\nRCPT TO:<ai-do@noi-khac.example".to_owned();
        let message = Message { to, ..Message::default() };
        assert!(matches!(composer().compose(&message), Err(SendError::Permanent { .. })));
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
        let composed = composer().compose(&message).expect("composed");
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
        assert_eq!(
            Composer::new(&settings).compose(&message).expect("composed").from.to_string(),
            "tra-lai@so.example"
        );
    }
}
