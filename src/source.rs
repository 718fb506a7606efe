//! Owns how dossiers are read from a one-stop system; refuses to judge lateness or to believe too much.
//!
//! A source is read page by page, and a page is stored before the next one is asked for: what is kept in memory does
//! not grow with the list. What systems differ in is data: a [`profile::Profile`], in YAML.

pub mod fill;
pub mod mapping;
pub mod pointer;
pub mod profile;
pub mod scan;
pub mod table;
pub mod values;

mod auth;
mod folder;
mod http;
mod json;
mod page;
mod xml;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, Utc};

use self::{mapping::Words, profile::Profile, table::HeaderWords};
use crate::{
    domain::{
        dossier::{Dossier, Extent, ListFile, ReadRow, RowKey},
        ids::SourceId,
    },
    secret::SecretFile,
};

/// A configured source of dossiers.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Key of the source.
    pub id: SourceId,
    /// Time between two polls.
    pub poll_every: chrono::Duration,
    /// Polls begin only between these hours of the office.
    pub hours: Option<(NaiveTime, NaiveTime)>,
    /// Whether names of applicants are kept in full instead of their initials.
    pub shows_applicants: bool,
    /// How it is read.
    pub way: Way,
}

/// How a source is read.
#[derive(Debug, Clone)]
pub enum Way {
    /// A one-stop system over HTTP.
    Http(Box<HttpSettings>),
    /// A folder into which people put exported files.
    Folder(FolderSettings),
}

/// A one-stop system over HTTP.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What it speaks.
    pub profile: Arc<Profile>,
    /// Its address; the profile's path follows when it has none of its own.
    pub url: reqwest::Url,
    /// What the profile leaves open, such as a site id.
    pub parameters: BTreeMap<String, String>,
    /// The account.
    pub user: Option<String>,
    /// Its password, or the token of a fixed header.
    pub password: Option<SecretFile>,
    /// The secret of the registered client, for OAuth 2.0.
    pub client_secret: Option<SecretFile>,
    /// Parameters sent with every request, besides those of the profile.
    pub query: Vec<(String, String)>,
    /// Rows a page; the profile's when absent.
    pub page_size: Option<u32>,
    /// The wait between two pages; the profile's when absent.
    pub pause: Option<Duration>,
    /// Limit of one page.
    pub timeout: Duration,
    /// A certificate authority trusted besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Certificate and key that this machine shows, PEM.
    pub client_certificate: Option<SecretFile>,
    /// All requests go through it.
    pub proxy: Option<reqwest::Url>,
    /// For a system that only answers about one number at a time: the file that lists them.
    pub codes_file: Option<PathBuf>,
}

/// A folder into which people put exported files.
#[derive(Debug, Clone)]
pub struct FolderSettings {
    /// The folder.
    pub folder: PathBuf,
    /// Whether each file lists all open dossiers, so that what is not in it has ended.
    pub is_complete: bool,
    /// What its texts mean.
    pub words: Words,
    /// The headers that its files use.
    pub headers: HeaderWords,
}

/// Why a poll brought nothing, or not everything; by what the caller can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The account was refused: asking again soon would lock it.
    #[error("access denied: {sentence}")]
    AccessDenied {
        /// In Vietnamese, with what to do.
        sentence: String,
    },
    /// It may work later.
    #[error("not available: {sentence}")]
    Unavailable {
        /// In Vietnamese.
        sentence: String,
        /// The wait the server asked for.
        retry_after: Option<chrono::Duration>,
    },
    /// It answered something that is not a list of dossiers.
    #[error("not understood: {sentence}")]
    NotUnderstood {
        /// In Vietnamese.
        sentence: String,
    },
}

impl SourceError {
    /// What happened, in Vietnamese.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::AccessDenied { sentence } | Self::Unavailable { sentence, .. } | Self::NotUnderstood { sentence } => {
                sentence
            }
        }
    }

    fn unavailable(sentence: impl Into<String>) -> Self {
        Self::Unavailable { sentence: sentence.into(), retry_after: None }
    }

    fn not_understood(sentence: impl Into<String>) -> Self {
        Self::NotUnderstood { sentence: sentence.into() }
    }
}

/// Some rows of an answer, recognised but not yet understood: most of them have not changed since the last poll.
pub trait Rows: Send + Sync {
    /// How each row is recognised; can be asked once.
    fn take_keys(&mut self) -> Vec<RowKey>;

    /// The answer as it came; never kept, shown only to who sets up the source.
    fn raw(&self) -> Option<&str> {
        None
    }

    /// Reads the row at that place of [`Rows::take_keys`]; what is wrong with it goes to `remarks`, without personal data.
    fn read(&self, place: usize, now: DateTime<Utc>, remarks: &mut Vec<String>) -> ReadRow;
}

/// A page of an answer.
pub struct Page {
    /// Its rows.
    pub rows: Box<dyn Rows>,
    /// Rows without a number, which cannot be used.
    pub unusable: u64,
    /// Of them, those that the system still knows by an id of its own.
    pub nameless: Vec<String>,
    /// What is wrong with them.
    pub remarks: Vec<String>,
    /// When the source said so, if that was before now.
    pub as_of: Option<DateTime<Utc>>,
}

/// Whoever takes the pages wants no more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// Takes the pages of an answer one by one.
#[async_trait]
pub trait Pages: Send {
    /// Stores a page. Returns how many distinct rows there have been so far.
    ///
    /// # Errors
    /// When no more is to be read.
    async fn take(&mut self, page: Page) -> Result<u64, Interrupted>;

    /// Whether the file says nothing new.
    ///
    /// # Errors
    /// When no more is to be read.
    async fn has_file(&mut self, file: &ListFile) -> Result<bool, Interrupted>;

    /// Notes that a file was taken.
    ///
    /// # Errors
    /// When no more is to be read.
    async fn note_file(&mut self, file: &ListFile) -> Result<(), Interrupted>;
}

/// How reading came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How much of the source's list was read.
    pub extent: Extent,
    /// Why not.
    pub trouble: Option<SourceError>,
    /// What the administrator should know besides, in Vietnamese.
    pub remarks: Vec<String>,
}

/// A one-stop system that can be polled.
#[async_trait]
pub trait DossierSource: Send + Sync {
    /// The source's settings.
    fn settings(&self) -> &SourceSettings;

    /// Reads the open dossiers, page by page.
    ///
    /// # Errors
    /// When whoever takes the pages says so; the source's own failures are part of the end.
    async fn read(&self, pages: &mut dyn Pages) -> Result<End, Interrupted>;
}

/// Sets up the configured sources; nothing is connected yet.
#[must_use]
pub fn open_all(settings: &[SourceSettings]) -> Vec<Box<dyn DossierSource>> {
    settings.iter().map(open).collect()
}

/// What a source says just now, for who sets it up; nothing of it is stored.
#[derive(Debug, Default)]
pub struct Sample {
    /// What was asked or read, without secrets.
    pub request: String,
    /// Rows that exist in all, where the source says so.
    pub total: Option<u64>,
    /// The first row as it came.
    pub raw: Option<String>,
    /// The rows, understood.
    pub dossiers: Vec<Dossier>,
    /// What is wrong with rows.
    pub remarks: Vec<String>,
    /// Why there are none.
    pub trouble: Option<SourceError>,
}

impl Sample {
    fn take(&mut self, page: &mut Page, now: DateTime<Utc>) {
        self.remarks.append(&mut page.remarks);
        for place in 0..page.rows.take_keys().len() {
            self.dossiers.push(page.rows.read(place, now, &mut self.remarks).dossier);
        }
    }
}

/// Asks a source for its first page, or reads its newest file.
pub async fn sample(settings: &SourceSettings) -> Sample {
    match &settings.way {
        Way::Http(http) => http::sample(settings, http).await,
        Way::Folder(folder) => folder::sample(settings, folder),
    }
}

fn open(settings: &SourceSettings) -> Box<dyn DossierSource> {
    match &settings.way {
        Way::Http(http) => Box::new(http::HttpSource::new(settings.clone(), (**http).clone())),
        Way::Folder(folder) => Box::new(folder::FolderSource::new(settings.clone(), folder.clone())),
    }
}
