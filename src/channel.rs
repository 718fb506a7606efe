//! Owns how a rendered message reaches one address; refuses to retry, to schedule, to decide.
//!
//! A channel builds, sends and classifies the outcome. What to do about it is [`crate::passes`]' work.

mod email;
pub mod linking;
mod maildir;
mod smtp;
mod zalo;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lettre::{Address, message::Mailbox};

pub use self::zalo::{
    Endpoints,
    account::Account,
    bot::Bot,
    settings::{ConsultationSettings, Field, TemplateSettings, USUAL_DEADLINE, ZaloBotSettings, ZaloOaSettings},
    tokens,
};

use crate::{
    domain::{directory::ChannelKind, notification::SendError},
    secret::SecretFile,
};

/// A rendered message to one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Left part of the Message-ID; the same for every repetition of the message.
    pub id: String,
    /// Address on the channel.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text as the channel carries it.
    pub text: String,
    /// The same content as HTML; e-mail only.
    pub html: String,
    /// The same in a few short fields, for channels that carry nothing else.
    pub notice: Notice,
    /// What goes along; e-mail only.
    pub attachments: Vec<Attachment>,
    /// Left part of the Message-ID that stands for the conversation, when the message is about one duty.
    pub thread: Option<String>,
    /// Something in it is due or overdue.
    pub is_urgent: bool,
    /// When it was composed.
    pub at: DateTime<Utc>,
}

/// The fields that a registered template may carry, in Vietnamese.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// `1 quá hạn, 2 sắp đến hạn`.
    pub summary: String,
    /// How many pieces of work.
    pub count: String,
    /// The most urgent piece of work, and how many others there are.
    pub title: String,
    /// How it stands.
    pub state: String,
    /// Its number.
    pub code: String,
    /// Its due date, `dd/mm/yyyy`.
    pub due: String,
    /// The recipient's unit.
    pub unit: String,
    /// The recipient's name.
    pub person: String,
    /// Today, `dd/mm/yyyy`.
    pub date: String,
    /// The office.
    pub office: String,
}

/// A file that goes along with an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Name of the file.
    pub name: String,
    /// Its type.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A way to deliver messages.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Hands the message over; `Ok` means that the other side took responsibility.
    async fn send(&self, message: &Message) -> Result<(), SendError>;

    /// Goes as far as a message could go without one: connected and logged in, or a folder that can be written.
    async fn probe(&self) -> Result<(), SendError> {
        Ok(())
    }

    /// Ends what was kept open between messages.
    async fn close(&self) {}

    /// Keeps the channel usable while nothing is sent: renews what would lapse. Answers with what a person must know.
    async fn keep_up(&self, _now: DateTime<Utc>) -> Vec<String> {
        Vec::new()
    }
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
    /// Where returned messages go (RFC 5321, 4.4); the sender when absent.
    pub return_path: Option<Address>,
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
    /// What is asked of the server at most.
    pub limits: SmtpLimits,
}

/// What is asked of a mail server at most, and how long it is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpLimits {
    /// Connections at a time.
    pub connections: u8,
    /// Messages in a minute; offices' providers block senders that are faster.
    pub messages_per_minute: Option<u32>,
    /// Size of a message; a larger one goes without its attachments.
    pub most_bytes: usize,
    /// Limit of connecting, and of one command with its reply (RFC 5321, 4.5.3.2).
    pub command_deadline: Duration,
    /// Limit of the message and the final reply; servers that scan messages take their time.
    pub message_deadline: Duration,
}

impl Default for SmtpLimits {
    fn default() -> Self {
        Self {
            // An office's morning takes seconds over one, and a killed process then repeats one message at most.
            connections: 1,
            messages_per_minute: None,
            most_bytes: 10_000_000,
            command_deadline: Duration::from_mins(1),
            message_deadline: Duration::from_mins(5),
        }
    }
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

/// Everything that is configured.
#[derive(Debug, Clone, Default)]
pub struct ChannelSettings {
    /// E-mail.
    pub email: Option<EmailSettings>,
    /// A Zalo bot.
    pub zalo_bot: Option<ZaloBotSettings>,
    /// A Zalo Official Account, with the ways of sending that it is used for.
    pub zalo_oa: Option<ZaloOaSettings>,
}

impl ChannelSettings {
    /// Whether a channel is configured.
    #[must_use]
    pub fn has(&self, channel: ChannelKind) -> bool {
        let of_oa = |is_used: fn(&ZaloOaSettings) -> bool| self.zalo_oa.as_ref().is_some_and(is_used);
        match channel {
            ChannelKind::Email => self.email.is_some(),
            ChannelKind::ZaloBot => self.zalo_bot.is_some(),
            ChannelKind::ZaloOa => of_oa(|oa| oa.consultation.is_some()),
            ChannelKind::ZaloTemplate => of_oa(|oa| oa.template.is_some()),
            ChannelKind::ZaloGroup => of_oa(|oa| oa.has_groups),
        }
    }
}

/// Sets up the configured channels; nothing is connected yet.
#[must_use]
pub fn open_all(settings: &ChannelSettings) -> Channels {
    let mut channels = Channels::new();
    if let Some(settings) = &settings.email {
        let channel: Box<dyn Channel> = match &settings.transport {
            EmailTransport::Maildir(path) => Box::new(maildir::MaildirChannel::new(settings, path.clone())),
            EmailTransport::Smtp(server) => Box::new(smtp::SmtpChannel::new(settings, server.clone())),
        };
        channels.insert(ChannelKind::Email, channel);
    }
    if let Some(settings) = &settings.zalo_bot {
        channels.insert(ChannelKind::ZaloBot, Box::new(zalo::bot::BotChannel::new(settings.clone())));
    }
    if let Some(settings) = &settings.zalo_oa {
        let account = Arc::new(zalo::account::Account::new(settings.clone()));
        if let Some(consultation) = &settings.consultation {
            let channel = zalo::consultation::ConsultationChannel::new(Arc::clone(&account), *consultation);
            channels.insert(ChannelKind::ZaloOa, Box::new(channel));
        }
        if let Some(template) = &settings.template {
            let channel = zalo::template::TemplateChannel::new(Arc::clone(&account), template.clone());
            channels.insert(ChannelKind::ZaloTemplate, Box::new(channel));
        }
        if settings.has_groups {
            channels.insert(ChannelKind::ZaloGroup, Box::new(zalo::group::GroupChannel::new(account)));
        }
    }
    channels
}
