//! One message over one connection: envelope, content, and whether every command was answered.

use lettre::transport::smtp::{
    client::AsyncSmtpConnection,
    commands::{Data, Mail, Rcpt},
    extension::{Extension, MailParameter},
    response::{Code, Response},
};

use super::refusal::{Failure, Refusal, down, refused, within};
use crate::{
    channel::{SmtpLimits, email::Composed},
    domain::notification::SendError,
};

/// Why an envelope was not taken.
pub enum Rejected {
    /// The connection or the sender is at fault: a kept connection may have been closed meanwhile.
    Beginning(SendError),
    /// The recipient or the message is refused.
    Recipient(Refusal),
    /// There is no answer: nothing was sent yet, another connection may have more luck.
    Lost(SendError),
}

/// Sends sender, recipient and DATA; in one piece where the server takes that (RFC 2920), since each wait for an
/// answer is a turn of both sides.
pub async fn envelope(
    connection: &mut AsyncSmtpConnection,
    composed: &Composed,
    limits: SmtpLimits,
    takes_several: bool,
) -> Result<(), Rejected> {
    let mail = Mail::new(Some(composed.from.clone()), parameters(connection, composed)?);
    let rcpt = Rcpt::new(composed.to.clone(), Vec::new());
    let limit = limits.command_deadline;
    // A refused sender concerns every message: the channel is at fault, no message is spent on it.
    let beginning = |failure: &Failure| Rejected::Beginning(down("máy chủ thư không nhận người gửi", failure));
    let recipient = |failure: &Failure| match refused(failure) {
        refusal if failure.is_answered() => Rejected::Recipient(refusal),
        refusal => Rejected::Lost(refusal.error),
    };
    if !takes_several {
        within(limit, connection.command(mail)).await.map_err(|f| beginning(&f))?;
        within(limit, connection.command(rcpt)).await.map_err(|f| recipient(&f))?;
        within(limit, connection.command(Data)).await.map_err(|f| recipient(&f))?;
        return Ok(());
    }
    let mail = within(limit, connection.command(format!("{mail}{rcpt}{Data}"))).await;
    // As many answers are read as commands were sent, whatever they say; without one of them the rest cannot be told
    // apart.
    if let Some(failure) = lost(&mail) {
        return Err(beginning(failure));
    }
    let rcpt = within(limit, connection.read_response()).await;
    if let Some(failure) = lost(&rcpt) {
        return Err(recipient(failure));
    }
    let data = within(limit, connection.read_response()).await;
    // A server may wait for content although it has no recipient: it gets none (RFC 2920, 3.1).
    let is_waiting = data.is_ok() && (mail.is_err() || rcpt.is_err());
    let in_step = lost(&data).is_none() && (!is_waiting || end_of_nothing(connection, limits).await);
    if let Err(failure) = &mail {
        return Err(beginning(failure));
    }
    for answer in [&rcpt, &data] {
        if let Err(failure) = answer {
            return Err(match recipient(failure) {
                Rejected::Recipient(refusal) => {
                    Rejected::Recipient(Refusal { is_answered: refusal.is_answered && in_step, ..refusal })
                }
                lost => lost,
            });
        }
    }
    Ok(())
}

/// Why there is no answer at all.
fn lost(answer: &Result<Response, Failure>) -> Option<&Failure> {
    answer.as_ref().err().filter(|failure| !failure.is_answered())
}

/// Ends a message without content; true when the server answered, whatever it said.
async fn end_of_nothing(connection: &mut AsyncSmtpConnection, limits: SmtpLimits) -> bool {
    match within(limits.message_deadline, connection.command(".\r\n")).await {
        Ok(_) => true,
        Err(failure) => failure.is_answered(),
    }
}

fn parameters(connection: &AsyncSmtpConnection, composed: &Composed) -> Result<Vec<MailParameter>, Rejected> {
    let is_plain = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
    if is_plain(&composed.from) && is_plain(&composed.to) {
        return Ok(Vec::new());
    }
    if connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        return Ok(vec![MailParameter::SmtpUtfEight]);
    }
    let detail = "máy chủ thư không nhận địa chỉ có dấu (SMTPUTF8)".to_owned();
    Err(if is_plain(&composed.from) {
        Rejected::Recipient(Refusal { error: SendError::Permanent { detail }, is_answered: true })
    } else {
        Rejected::Beginning(SendError::ChannelDown { detail })
    })
}

/// Sends the content; from here on a lost answer means that nobody knows.
pub async fn content(
    connection: &mut AsyncSmtpConnection,
    composed: &Composed,
    limits: SmtpLimits,
) -> Result<(), Refusal> {
    let unknown = |detail| Refusal { error: SendError::Unknown { detail }, is_answered: false };
    match within(limits.message_deadline, connection.command(transparent(&composed.text))).await {
        Ok(response) if is_accepted(response.code()) => Ok(()),
        Ok(response) => Err(unknown(format!("máy chủ trả lời lạ: {}", response.code()))),
        Err(failure) if failure.is_answered() => Err(refused(&failure)),
        Err(failure) => Err(unknown(format!("mất liên lạc sau khi đã gửi nội dung: {}", failure.text()))),
    }
}

/// The message with its end mark, lines that begin with a dot doubled (RFC 5321, 4.5.2).
///
/// In one piece and not through lettre's `message`: that writes the end mark separately, and the pair
/// of small writes costs 40 ms a message (Nagle's algorithm against delayed acknowledgements).
fn transparent(text: &str) -> String {
    let mut sent = String::with_capacity(text.len() + 64);
    let mut written = 0;
    let dots = memchr::memmem::find_iter(text.as_bytes(), b"\n.").map(|end_of_line| end_of_line + 1);
    for dot in text.starts_with('.').then_some(0).into_iter().chain(dots) {
        sent.push_str(&text[written..dot]);
        sent.push('.');
        written = dot;
    }
    sent.push_str(&text[written..]);
    if !sent.ends_with("\r\n") {
        sent.push_str("\r\n");
    }
    sent.push_str(".\r\n");
    sent
}

fn is_accepted(code: Code) -> bool {
    u16::from(code) == 250
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_does_not_end_the_message() {
        assert_eq!(transparent("a\r\n.\r\n..b"), "a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(transparent("a\r\n"), "a\r\n.\r\n");
    }
}
