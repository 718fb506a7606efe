//! E-mail to a mail server, one message a recipient, over a connection kept for one pass.
//!
//! Not through lettre's pool: a send cancelled in mid-dialogue would return its connection there, all
//! replies would shift by one, and a rejected message would be reported as sent. Here the connection is
//! a local value while it talks; it is kept only after a complete dialogue and dropped on any error.
//! Each phase has its own deadline, since lettre's covers the TCP connect only.

mod dialogue;
mod refusal;

use std::{
    fs,
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
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Ehlo, Rset},
    extension::ClientId,
};
use secrecy::ExposeSecret;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::{
    dialogue::{Rejected, content, envelope},
    refusal::{Failure, Refusal, down, within, without_addresses},
};
use super::{
    Channel, EmailSettings, Message, SmtpSecurity, SmtpSettings,
    email::{Composed, Composer},
};
use crate::domain::notification::SendError;

pub struct SmtpChannel {
    composer: Composer,
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
    /// The server takes several commands in one piece (RFC 2920).
    takes_several: bool,
    /// The largest message it takes, where it says so (RFC 1870).
    most_bytes: Option<usize>,
    count: Arc<AtomicUsize>,
}

impl Open {
    fn new(connection: AsyncSmtpConnection, offer: &[String], open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        let size = offer.iter().find_map(|line| line.strip_prefix("SIZE ")).and_then(|n| n.trim().parse().ok());
        Self {
            connection,
            takes_several: offer.iter().any(|line| line == "PIPELINING"),
            // Nought means that there is no fixed limit.
            most_bytes: size.filter(|n| *n > 0),
            count: Arc::clone(open),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl SmtpChannel {
    pub fn new(settings: &EmailSettings, server: SmtpSettings) -> Self {
        let permits = Semaphore::new(server.limits.connections.into());
        let composer = Composer::new(settings);
        Self { composer, server, permits, idle: Mutex::default(), open: Arc::default(), pace: Mutex::default() }
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

    async fn connect(&self) -> Result<Open, SendError> {
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
        let offer = offer(&mut connection, hello, limit).await.map_err(|e| down("máy chủ thư không đáp", &e))?;
        Ok(Open::new(connection, &offer, &self.open))
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

    /// A connection, kept or new, on which the recipient was accepted. A kept one may have been closed by the server
    /// meanwhile, which costs nothing but a new one.
    async fn begin(&self, message: &Message) -> Result<(Open, Composed, SemaphorePermit<'_>), Began<'_>> {
        let mut permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let kept = self.idle().pop();
        if let Some(mut open) = kept {
            let composed = self.compose(message, &open)?;
            match envelope(&mut open.connection, &composed, self.server.limits, open.takes_several).await {
                Ok(()) => return Ok((open, composed, permit)),
                Err(Rejected::Recipient(refusal)) => return Err(Began::of(open, refusal, permit)),
                Err(Rejected::Lost(_) | Rejected::Beginning(_)) => {}
            }
        }
        let mut open = loop {
            match self.connect().await {
                Ok(open) => break open,
                // A server that refuses one more connection while others stand is not down: its wish is obeyed.
                Err(SendError::ChannelDown { detail }) if self.open.load(Ordering::Relaxed) > 0 => {
                    tracing::info!(cause = detail, "the mail server takes no further connection; using fewer");
                    permit.forget();
                    permit = self.permits.acquire().await.expect("the semaphore is never closed");
                    let kept = self.idle().pop();
                    if let Some(open) = kept {
                        break open;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        };
        let composed = self.compose(message, &open)?;
        match envelope(&mut open.connection, &composed, self.server.limits, open.takes_several).await {
            Ok(()) => Ok((open, composed, permit)),
            Err(Rejected::Recipient(refusal)) => Err(Began::of(open, refusal, permit)),
            Err(Rejected::Lost(error) | Rejected::Beginning(error)) => Err(error.into()),
        }
    }

    /// The message; without its files when it is too large for the server with them.
    fn compose(&self, message: &Message, open: &Open) -> Result<Composed, SendError> {
        let most = self.server.limits.most_bytes.min(open.most_bytes.unwrap_or(usize::MAX));
        let composed = self.composer.compose(message)?;
        if composed.text.len() <= most {
            return Ok(composed);
        }
        let text = format!("{}\n(Tệp đính kèm quá lớn nên không gửi kèm.)\n", message.text);
        let bare = Message { attachments: Vec::new(), text, ..message.clone() };
        let composed = self.composer.compose(&bare)?;
        if composed.text.len() <= most {
            return Ok(composed);
        }
        Err(SendError::Permanent {
            detail: format!("thư dài {} byte, quá giới hạn {most}", composed.text.len())
        })
    }

    async fn dialogue(&self, message: &Message) -> Result<(), SendError> {
        self.count(message.at)?;
        let (mut open, outcome, _permit) = match self.begin(message).await {
            Ok((mut open, composed, permit)) => {
                let outcome = content(&mut open.connection, &composed, self.server.limits).await;
                (open, outcome.map_err(|refusal| (refusal.error, refusal.is_answered)), permit)
            }
            Err(Began::Refused(open, error, permit)) => (*open, Err((error, true)), permit),
            Err(Began::Failed(error)) => return Err(error),
        };
        // Only a connection whose every command was answered may carry the next message: a reply still to
        // come would be taken for the answer to something else.
        let limit = self.server.limits.command_deadline;
        let is_reusable = match &outcome {
            Ok(()) => true,
            Err((_, true)) => within(limit, open.connection.command(Rset)).await.is_ok(),
            Err((_, false)) => false,
        };
        if is_reusable {
            self.idle().push(open);
        }
        outcome.map_err(|(error, _)| error)
    }
}

/// Why the content was not sent.
enum Began<'a> {
    /// The recipient was refused on a connection that is still in step.
    Refused(Box<Open>, SendError, SemaphorePermit<'a>),
    /// There is no connection to go on with.
    Failed(SendError),
}

impl<'a> Began<'a> {
    fn of(open: Open, refusal: Refusal, permit: SemaphorePermit<'a>) -> Self {
        if refusal.is_answered {
            Self::Refused(Box::new(open), refusal.error, permit)
        } else {
            Self::Failed(refusal.error)
        }
    }
}

impl From<SendError> for Began<'_> {
    fn from(error: SendError) -> Self {
        Self::Failed(error)
    }
}

/// What the server offers, in capitals; asked once more since lettre keeps only part of the answer.
async fn offer(connection: &mut AsyncSmtpConnection, hello: ClientId, limit: Duration) -> Result<Vec<String>, Failure> {
    let answer = within(limit, connection.command(Ehlo::new(hello))).await?;
    Ok(answer.message().skip(1).map(|line| line.trim().to_uppercase()).collect())
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.dialogue(message).await.map_err(without_addresses)
    }

    async fn probe(&self) -> Result<(), SendError> {
        let mut open = self.connect().await?;
        let _ = within(self.server.limits.command_deadline, open.connection.quit()).await;
        Ok(())
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
