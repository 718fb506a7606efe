//! E-mail to a mail server, one message a recipient, over a connection kept for one pass.
//!
//! Not through lettre's pool: a send cancelled in mid-dialogue would return its connection there, all
//! replies would shift by one, and a rejected message would be reported as sent. Here the connection is
//! a local value while it talks; it is kept only after a complete dialogue and dropped on any error.
//! Each phase has its own deadline, since lettre's covers the TCP connect only.

use std::{
    fs,
    future::Future,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lettre::transport::smtp::{
    Error as SmtpError,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Mail, Rcpt, Rset},
    extension::{ClientId, Extension, MailParameter},
    response::Code,
};
use secrecy::ExposeSecret;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{Channel, EmailSettings, Message, SmtpLimits, SmtpSecurity, SmtpSettings, email};
use crate::domain::notification::SendError;

pub struct SmtpChannel {
    settings: EmailSettings,
    server: SmtpSettings,
    /// As many messages are in hand at a time; a server that allows fewer takes away what it refuses.
    permits: Semaphore,
    /// Connections whose last dialogue was complete.
    idle: Mutex<Vec<Open>>,
    /// Connections that stand.
    open: Arc<AtomicUsize>,
    /// The minute and how many messages were begun in it.
    pace: Mutex<(i64, u32)>,
}

/// A connection that counts as long as it stands.
struct Open {
    connection: AsyncSmtpConnection,
    open: Arc<AtomicUsize>,
}

impl Open {
    fn new(connection: AsyncSmtpConnection, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self { connection, open: Arc::clone(open) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SmtpChannel {
    pub fn new(settings: EmailSettings, server: SmtpSettings) -> Self {
        let permits = Semaphore::new(server.limits.connections.into());
        Self { settings, server, permits, idle: Mutex::default(), open: Arc::default(), pace: Mutex::default() }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().expect("no panic happens while the lock is held")
    }

    /// Counts a message in its minute; refused when that is full.
    fn count(&self, at: DateTime<Utc>) -> Result<(), SendError> {
        let Some(most) = self.server.limits.messages_per_minute else { return Ok(()) };
        let mut pace = self.pace.lock().expect("no panic happens while the lock is held");
        let minute = at.timestamp().div_euclid(60);
        if pace.0 != minute {
            *pace = (minute, 0);
        }
        if pace.1 >= most {
            let wait = chrono::Duration::seconds(60 - at.timestamp().rem_euclid(60));
            return Err(SendError::NotNow { detail: format!("đã gửi đủ {most} thư trong phút này"), wait });
        }
        pace.1 += 1;
        Ok(())
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
        let limit = server.limits.command_deadline;
        let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(limit), &hello, implicit, None::<IpAddr>);
        let mut connection = within(limit, connecting).await.map_err(|e| down("không kết nối được máy chủ thư", &e))?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (server.security, tls) {
            within(limit, connection.starttls(tls, &hello))
                .await
                .map_err(|e| down("không bật được mã hóa STARTTLS", &e))?;
        }
        if let Some((user, password)) = &server.credentials {
            let password = password.read().map_err(|e| SendError::ChannelDown {
                detail: format!("không đọc được mật khẩu thư: {e}"),
            })?;
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            within(limit, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials))
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
    async fn begin(&self, composed: &email::Composed) -> Result<Open, SendError> {
        let limit = self.server.limits.command_deadline;
        let idle = self.idle().pop();
        if let Some(mut kept) = idle
            && mail(&mut kept.connection, composed, limit).await.is_ok()
        {
            return Ok(kept);
        }
        let mut open = Open::new(self.connect().await?, &self.open);
        mail(&mut open.connection, composed, limit).await?;
        Ok(open)
    }

    /// A server that refuses one more connection while others stand is not down: its wish is obeyed.
    async fn begin_within_permits(&self, composed: &email::Composed) -> Result<(Open, SemaphorePermit<'_>), SendError> {
        loop {
            let permit = self.permits.acquire().await.expect("the semaphore is never closed");
            match self.begin(composed).await {
                Ok(open) => return Ok((open, permit)),
                Err(SendError::ChannelDown { detail }) if self.open.load(Ordering::Relaxed) > 0 => {
                    tracing::info!(cause = detail, "the mail server takes no further connection; using fewer");
                    permit.forget();
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn dialogue(&self, message: &Message) -> Result<(), SendError> {
        self.count(message.at)?;
        let composed = compose_within(&self.settings, message, self.server.limits.most_bytes)?;
        let (mut open, _permit) = self.begin_within_permits(&composed).await?;
        let outcome = transfer(&mut open.connection, &composed, self.server.limits).await;
        // Only a connection whose every command was answered may carry the next message: a reply still to
        // come would be taken for the answer to something else.
        let limit = self.server.limits.command_deadline;
        let is_reusable = match &outcome {
            Ok(()) => true,
            Err(refusal) if refusal.is_answered => within(limit, open.connection.command(Rset)).await.is_ok(),
            Err(_) => false,
        };
        if is_reusable {
            self.idle().push(open);
        }
        outcome.map_err(|refusal| refusal.error)
    }
}

/// The message; without its files when it is too large for the server with them.
fn compose_within(settings: &EmailSettings, message: &Message, most: usize) -> Result<email::Composed, SendError> {
    let composed = email::compose(settings, message)?;
    if composed.text.len() <= most {
        return Ok(composed);
    }
    let text = format!("{}\n(Tệp đính kèm quá lớn nên không gửi kèm.)\n", message.text);
    let bare = Message { attachments: Vec::new(), text, ..message.clone() };
    let composed = email::compose(settings, &bare)?;
    if composed.text.len() <= most {
        return Ok(composed);
    }
    Err(SendError::Permanent { detail: format!("thư dài {} byte, quá giới hạn {most}", composed.text.len()) })
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.dialogue(message).await.map_err(without_addresses)
    }

    async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle());
        for mut open in idle {
            let _ = within(self.server.limits.command_deadline, open.connection.quit()).await;
        }
        let missing = usize::from(self.server.limits.connections).saturating_sub(self.permits.available_permits());
        self.permits.add_permits(missing);
    }
}

async fn mail(
    connection: &mut AsyncSmtpConnection,
    composed: &email::Composed,
    limit: Duration,
) -> Result<(), SendError> {
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
    within(limit, connection.command(command)).await.map_err(|e| down("máy chủ thư không nhận người gửi", &e))?;
    Ok(())
}

/// Why a message was not transferred.
struct Refusal {
    error: SendError,
    /// The server answered every command, so the dialogue is in step.
    is_answered: bool,
}

async fn transfer(
    connection: &mut AsyncSmtpConnection,
    composed: &email::Composed,
    limits: SmtpLimits,
) -> Result<(), Refusal> {
    let command = Rcpt::new(composed.to.clone(), Vec::new());
    within(limits.command_deadline, connection.command(command)).await.map_err(|f| refused(&f))?;
    within(limits.command_deadline, connection.command(Data)).await.map_err(|f| refused(&f))?;
    // From here on a lost answer means that nobody knows.
    let unknown = |detail| Refusal { error: SendError::Unknown { detail }, is_answered: false };
    match within(limits.message_deadline, connection.command(transparent(&composed.text))).await {
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
fn without_addresses(error: SendError) -> SendError {
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
    fn a_line_that_begins_with_a_dot_does_not_end_the_message() {
        assert_eq!(transparent("a\r\n.\r\n..b"), "a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(transparent("a\r\n"), "a\r\n.\r\n");
    }

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
