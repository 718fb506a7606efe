//! Owns the settings of the ways over Zalo.

use std::{path::PathBuf, time::Duration};

use chrono_tz::Tz;
use reqwest::Url;

use crate::{channel::Notice, secret::SecretFile};

/// A Zalo bot.
#[derive(Debug, Clone)]
pub struct ZaloBotSettings {
    /// The bot's token; it is part of every URL, so no URL is ever logged.
    pub token: SecretFile,
    /// Address of the platform.
    pub base_url: Url,
    /// How long an answer is waited for.
    pub deadline: Duration,
}

/// An answer of Zalo's is waited for so long, where the configuration says nothing else.
pub const USUAL_DEADLINE: Duration = Duration::from_secs(30);

impl ZaloBotSettings {
    /// The platform's public address.
    pub const DEFAULT_URL: &'static str = "https://bot-api.zaloplatforms.com";
}

/// Zalo's three hosts for Official Accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Tokens.
    pub oauth: Url,
    /// Messages of the account.
    pub openapi: Url,
    /// Templates to phone numbers.
    pub business: Url,
}

impl Default for Endpoints {
    fn default() -> Self {
        let url = |text: &str| text.parse().expect("the constants are URLs");
        Self {
            oauth: url("https://oauth.zaloapp.com"),
            openapi: url("https://openapi.zalo.me"),
            business: url("https://business.openapi.zalo.me"),
        }
    }
}

impl Endpoints {
    /// One server in the place of all three.
    #[must_use]
    pub fn at(url: &Url) -> Self {
        Self { oauth: url.clone(), openapi: url.clone(), business: url.clone() }
    }
}

/// A Zalo Official Account and the ways of sending it is used for.
#[derive(Debug, Clone)]
pub struct ZaloOaSettings {
    /// Number of the application at Zalo.
    pub app_id: String,
    /// Its secret.
    pub app_secret: SecretFile,
    /// Whether each call proves that it knows the secret (`appsecret_proof`); an application may demand it.
    pub proves_secret: bool,
    /// Where Zalo is.
    pub endpoints: Endpoints,
    /// How long an answer is waited for.
    pub deadline: Duration,
    /// Where the token pair is kept, in the state folder.
    pub tokens: PathBuf,
    /// The office's zone; Zalo's hours and days are counted in it.
    pub zone: Tz,
    /// Consultation messages.
    pub consultation: Option<ConsultationSettings>,
    /// Templates to phone numbers.
    pub template: Option<TemplateSettings>,
    /// Messages to groups that the account made.
    pub has_groups: bool,
}

/// Consultation messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsultationSettings {
    /// Whether messages may be sent that cost money: from 48 hours to 7 days after the person's last message.
    pub may_cost: bool,
}

/// A registered template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSettings {
    /// Its number at Zalo.
    pub id: String,
    /// Its parameters and what stands in them.
    pub parameters: Vec<(String, Field)>,
    /// Sent to the account's administrators only, free of charge.
    pub is_development: bool,
}

/// What may stand in a parameter of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `1 quá hạn, 2 sắp đến hạn`.
    Summary,
    /// How many pieces of work.
    Count,
    /// The most urgent one.
    Title,
    /// How it stands.
    State,
    /// Its number.
    Code,
    /// Its due date.
    Due,
    /// The recipient's unit.
    Unit,
    /// The recipient.
    Person,
    /// Today.
    Date,
    /// The office.
    Office,
}

impl Field {
    /// Every field, in the order of the handbook.
    pub const ALL: [Self; 10] = [
        Self::Summary,
        Self::Count,
        Self::Title,
        Self::State,
        Self::Code,
        Self::Due,
        Self::Unit,
        Self::Person,
        Self::Date,
        Self::Office,
    ];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Count => "count",
            Self::Title => "title",
            Self::State => "state",
            Self::Code => "code",
            Self::Due => "due",
            Self::Unit => "unit",
            Self::Person => "person",
            Self::Date => "date",
            Self::Office => "office",
        }
    }

    /// Its value in a message.
    #[must_use]
    pub fn of(self, notice: &Notice) -> &str {
        match self {
            Self::Summary => &notice.summary,
            Self::Count => &notice.count,
            Self::Title => &notice.title,
            Self::State => &notice.state,
            Self::Code => &notice.code,
            Self::Due => &notice.due,
            Self::Unit => &notice.unit,
            Self::Person => &notice.person,
            Self::Date => &notice.date,
            Self::Office => &notice.office,
        }
    }
}

impl std::str::FromStr for Field {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|field| field.as_str() == text).ok_or(())
    }
}
