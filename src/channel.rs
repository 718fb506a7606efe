//! Owns how a rendered message reaches one address; refuses to retry, to schedule, to decide.
//!
//! A channel builds, sends and classifies the outcome. What to do about it is [`crate::passes`]' work.

mod email;
mod maildir;
mod smtp;
mod zalo_bot;

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lettre::message::Mailbox;

use crate::{
    domain::{directory::ChannelKind, notification::SendError},
    secret::SecretFile,
};

/// A rendered message to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Left part of the Message-ID; the same for every repetition of the message.
    pub id: String,
    /// Address on the channel.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Full text.
    pub text: String,
    /// The same content as HTML.
    pub html: String,
    /// A few lines, for channels that carry no more.
    pub short: String,
    /// When it was composed.
    pub at: DateTime<Utc>,
}

/// A way to deliver messages.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Hands the message over; `Ok` means that the other side took responsibility.
    async fn send(&self, message: &Message) -> Result<(), SendError>;

    /// Ends what was kept open between messages.
    async fn close(&self) {}
}

/// The channels that are configured.
pub type Channels = BTreeMap<ChannelKind, Box<dyn Channel>>;

/// E-mail, whichever way it leaves.
#[derive(Debug, Clone)]
pub struct EmailSettings {
    /// Sender.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// Last line of every message.
    pub footer: String,
    /// How messages leave.
    pub transport: EmailTransport,
}

/// How e-mail leaves.
#[derive(Debug, Clone)]
pub enum EmailTransport {
    /// Into a folder, for trying out and for offices whose mail system collects files.
    Maildir(PathBuf),
    /// To a mail server.
    Smtp(SmtpSettings),
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Host name, also the name that the certificate must carry.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub security: SmtpSecurity,
    /// User and password for SASL PLAIN or LOGIN.
    pub credentials: Option<(String, SecretFile)>,
    /// A certificate authority trusted besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Name used in EHLO.
    pub client_name: Option<String>,
}

/// Encryption of the connection to the mail server; there is no opportunistic mode on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, without which nothing is sent.
    StartTls,
    /// None; only to this machine.
    Plaintext,
}

/// A Zalo bot.
#[derive(Debug, Clone)]
pub struct ZaloBotSettings {
    /// The bot's token; it is part of every URL, so no URL is ever logged.
    pub token: SecretFile,
    /// Address of the platform.
    pub base_url: reqwest::Url,
}

impl ZaloBotSettings {
    /// The platform's public address.
    pub const DEFAULT_URL: &'static str = "https://bot-api.zaloplatforms.com";
}

/// Sets up the configured channels; nothing is connected yet.
#[must_use]
pub fn open_all(email: Option<&EmailSettings>, zalo_bot: Option<&ZaloBotSettings>) -> Channels {
    let mut channels = Channels::new();
    if let Some(settings) = email {
        let channel: Box<dyn Channel> = match &settings.transport {
            EmailTransport::Maildir(path) => Box::new(maildir::MaildirChannel::new(settings.clone(), path.clone())),
            EmailTransport::Smtp(server) => Box::new(smtp::SmtpChannel::new(settings.clone(), server.clone())),
        };
        channels.insert(ChannelKind::Email, channel);
    }
    if let Some(settings) = zalo_bot {
        channels.insert(ChannelKind::ZaloBot, Box::new(zalo_bot::ZaloBotChannel::new(settings.clone())));
    }
    channels
}
