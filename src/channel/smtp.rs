//! E-mail to a mail server, one message a recipient, over a connection kept for one pass.
//!
//! Not through lettre's pool: a send cancelled in mid-dialogue would return its connection there, all
//! replies would shift by one, and a rejected message would be reported as sent. Here the connection is
//! a local value while it talks; it is kept only after a complete dialogue and dropped on any error.
//! Each phase has its own deadline, since lettre's covers the TCP connect only.

use std::{fs, future::Future, net::IpAddr, time::Duration};

use async_trait::async_trait;
use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail, Rcpt, Rset},
    extension::{ClientId, Extension, MailParameter},
    response::Code,
};
use secrecy::ExposeSecret;
use tokio::{sync::Mutex, time::timeout};

use super::{Channel, EmailSettings, Message, SmtpSecurity, SmtpSettings, email};
use crate::domain::notification::SendError;

/// Limit of one command and its reply.
const COMMAND_DEADLINE: Duration = Duration::from_mins(1);
/// Limit of the message and the final reply; servers that scan messages take their time (RFC 5321, 4.5.3.2.6).
const MESSAGE_DEADLINE: Duration = Duration::from_mins(5);

pub struct SmtpChannel {
    settings: EmailSettings,
    server: SmtpSettings,
    idle: Mutex<Option<AsyncSmtpConnection>>,
}

impl SmtpChannel {
    pub fn new(settings: EmailSettings, server: SmtpSettings) -> Self {
        Self { settings, server, idle: Mutex::new(None) }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let server = &self.server;
        let hello = server.client_name.clone().map_or_else(ClientId::default, ClientId::Domain);
        let tls = match server.security {
            SmtpSecurity::Tls | SmtpSecurity::StartTls => Some(self.tls()?),
            SmtpSecurity::Plaintext => None,
        };
        let implicit = tls.clone().filter(|_| server.security == SmtpSecurity::Tls);
        let address = (server.host.as_str(), server.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(COMMAND_DEADLINE), &hello, implicit, None::<IpAddr>);
        let mut connection =
            within(COMMAND_DEADLINE, connecting).await.map_err(|e| down("không kết nối được máy chủ thư", &e))?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (server.security, tls) {
            within(COMMAND_DEADLINE, connection.starttls(tls, &hello))
                .await
                .map_err(|e| down("không bật được mã hóa STARTTLS", &e))?;
        }
        if let Some((user, password)) = &server.credentials {
            let password = password.read().map_err(|e| SendError::ChannelDown {
                detail: format!("không đọc được mật khẩu thư: {e}"),
            })?;
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            within(COMMAND_DEADLINE, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials))
                .await
                .map_err(|e| down("máy chủ thư không nhận tên hoặc mật khẩu", &e))?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, SendError> {
        let down = |detail: String| SendError::ChannelDown { detail };
        let mut builder = TlsParameters::builder(self.server.host.clone());
        if let Some(path) = &self.server.ca_file {
            let pem = fs::read(path).map_err(|e| down(format!("không đọc được chứng chỉ gốc: {e}")))?;
            builder = builder.add_root_certificate(
                Certificate::from_pem(&pem).map_err(|e| down(format!("chứng chỉ gốc không hợp lệ: {e}")))?,
            );
        }
        builder.build().map_err(|e| down(format!("không thiết lập được TLS: {e}")))
    }

    /// A connection on which MAIL was accepted; one kept from the message before may have been
    /// closed by the server meanwhile, which costs nothing but a new one.
    async fn begin(&self, composed: &email::Composed) -> Result<AsyncSmtpConnection, SendError> {
        let idle = self.idle.lock().await.take();
        if let Some(mut connection) = idle
            && mail(&mut connection, composed).await.is_ok()
        {
            return Ok(connection);
        }
        let mut connection = self.connect().await?;
        mail(&mut connection, composed).await?;
        Ok(connection)
    }
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.dialogue(message).await.map_err(without_addresses)
    }

    async fn close(&self) {
        let idle = self.idle.lock().await.take();
        if let Some(mut connection) = idle {
            let _ = within(COMMAND_DEADLINE, connection.quit()).await;
        }
    }
}

impl SmtpChannel {
    async fn dialogue(&self, message: &Message) -> Result<(), SendError> {
        let composed = email::compose(&self.settings, message)?;
        let mut connection = self.begin(&composed).await?;
        let outcome = transfer(&mut connection, &composed).await;
        // Only a connection whose every command was answered may carry the next message: a reply still to
        // come would be taken for the answer to something else.
        let is_reusable = match &outcome {
            Ok(()) => true,
            Err(refusal) if refusal.is_answered => within(COMMAND_DEADLINE, connection.command(Rset)).await.is_ok(),
            Err(_) => false,
        };
        if is_reusable {
            *self.idle.lock().await = Some(connection);
        }
        outcome.map_err(|refusal| refusal.error)
    }
}

async fn mail(connection: &mut AsyncSmtpConnection, composed: &email::Composed) -> Result<(), SendError> {
    let is_plain = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
    let needs_utf8 = !is_plain(&composed.from) || !is_plain(&composed.to);
    if needs_utf8 && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        let detail = "máy chủ thư không nhận địa chỉ có dấu (SMTPUTF8)".to_owned();
        let is_senders_fault = !is_plain(&composed.from);
        return Err(if is_senders_fault { SendError::ChannelDown { detail } } else { SendError::Permanent { detail } });
    }
    let parameters = if needs_utf8 { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
    let command = Mail::new(Some(composed.from.clone()), parameters);
    // A refused sender concerns every message: the channel is at fault, no message is spent on it.
    within(COMMAND_DEADLINE, connection.command(command))
        .await
        .map_err(|e| down("máy chủ thư không nhận người gửi", &e))?;
    Ok(())
}

/// Why a message was not transferred.
struct Refusal {
    error: SendError,
    /// The server answered every command, so the dialogue is in step.
    is_answered: bool,
}

async fn transfer(connection: &mut AsyncSmtpConnection, composed: &email::Composed) -> Result<(), Refusal> {
    let command = Rcpt::new(composed.to.clone(), Vec::new());
    within(COMMAND_DEADLINE, connection.command(command)).await.map_err(|f| refused(&f))?;
    within(COMMAND_DEADLINE, connection.command(Data)).await.map_err(|f| refused(&f))?;
    // From here on a lost answer means that nobody knows.
    let unknown = |detail| Refusal { error: SendError::Unknown { detail }, is_answered: false };
    match within(MESSAGE_DEADLINE, connection.command(transparent(&composed.text))).await {
        Ok(response) if is_accepted(response.code()) => Ok(()),
        Ok(response) => Err(unknown(format!("máy chủ trả lời lạ: {}", response.code()))),
        Err(Failure::Smtp(error)) if error.status().is_some() => Err(refused(&Failure::Smtp(error))),
        Err(failure) => Err(unknown(format!("mất liên lạc sau khi đã gửi nội dung: {}", failure.text()))),
    }
}

/// The message with its end mark, lines that begin with a dot doubled (RFC 5321, 4.5.2).
///
/// In one piece and not through lettre's `message`: that writes the end mark separately, and the pair
/// of small writes costs 40 ms a message (Nagle's algorithm against delayed acknowledgements).
fn transparent(text: &str) -> String {
    let mut sent = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive("\r\n") {
        if line.starts_with('.') {
            sent.push('.');
        }
        sent.push_str(line);
    }
    if !sent.ends_with("\r\n") {
        sent.push_str("\r\n");
    }
    sent.push_str(".\r\n");
    sent
}

fn is_accepted(code: Code) -> bool {
    u16::from(code) == 250
}

/// What went wrong in one phase.
enum Failure {
    Deadline,
    Smtp(SmtpError),
}

impl Failure {
    fn text(&self) -> String {
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

async fn within<T>(limit: Duration, phase: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Failure> {
    match timeout(limit, phase).await {
        Ok(result) => result.map_err(Failure::Smtp),
        Err(_) => Err(Failure::Deadline),
    }
}

fn down(what: &str, failure: &Failure) -> SendError {
    SendError::ChannelDown { detail: format!("{what}: {}", failure.text()) }
}

/// A refusal before the message was taken: certainly not delivered.
fn refused(failure: &Failure) -> Refusal {
    let status = match failure {
        Failure::Smtp(error) => error.status().map(u16::from),
        Failure::Deadline => None,
    };
    let detail = failure.text();
    let error = match status {
        // Closing down, or wanting a login: nothing to do with this message.
        Some(421 | 530 | 535) => SendError::ChannelDown { detail },
        // Policy and quota (RFC 3463, x.7.x and x.4.5) are the server's affair and can be put right there;
        // not a dead channel either, since one such mailbox must not hold up the others.
        Some(500..) if detail.contains(" 5.7.") || detail.contains(" 5.4.5") => {
            SendError::Transient { detail, retry_after: None }
        }
        Some(500..) => SendError::Permanent { detail },
        // Without an answer too: a server slow for one mailbox must not hold up the others.
        Some(_) | None => SendError::Transient { detail, retry_after: None },
    };
    let is_answered = status.is_some() && !matches!(error, SendError::ChannelDown { .. });
    Refusal { error, is_answered }
}

/// Servers repeat addresses in their answers; logs and status must not.
fn without_addresses(error: SendError) -> SendError {
    match error {
        SendError::Transient { detail, retry_after } => SendError::Transient { detail: masked(&detail), retry_after },
        SendError::Permanent { detail } => SendError::Permanent { detail: masked(&detail) },
        SendError::ChannelDown { detail } => SendError::ChannelDown { detail: masked(&detail) },
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
    fn a_line_that_begins_with_a_dot_does_not_end_the_message() {
        assert_eq!(transparent("a\r\n.\r\n..b"), "a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(transparent("a\r\n"), "a\r\n.\r\n");
    }

    #[test]
    fn answers_do_not_carry_addresses_on_however_they_are_spelt() {
        let error = SendError::Permanent { detail: "550 <An@So.example> unknown; ask it@so.example".to_owned() };
        assert_eq!(without_addresses(error).detail(), "550 <…> unknown; ask …");
    }
}
