//! Composes the MIME message that both e-mail transports carry.

use lettre::{
    Address, Message as Mail,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
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

/// Builds text and HTML parts in UTF-8 with a stable Message-ID.
///
/// `Auto-Submitted` keeps vacation responders silent (RFC 3834, 5).
pub fn compose(settings: &EmailSettings, message: &Message) -> Result<Composed, SendError> {
    let permanent = |detail: String| SendError::Permanent { detail };
    let to: Address = message.to.parse().map_err(|_| permanent("địa chỉ thư không hợp lệ".to_owned()))?;
    let from = settings.from.email.clone();
    let mut builder = Mail::builder()
        .from(settings.from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(message.subject.clone())
        .date(message.at.into())
        .message_id(Some(format!("<{}@{}>", message.id, from.domain())));
    if let Some(reply_to) = &settings.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    let mut mail = builder
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
        .map_err(|error| permanent(format!("không soạn được thư: {error}")))?;
    let auto = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    mail.headers_mut().insert_raw(auto);
    let text =
        String::from_utf8(mail.formatted()).map_err(|error| permanent(format!("không soạn được thư: {error}")))?;
    Ok(Composed { from, to, text })
}
