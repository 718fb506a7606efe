//! Owns how dossiers are read from a one-stop system; refuses to judge lateness or to believe too much.

mod http_json;
mod opencps;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;

use crate::{
    domain::{dossier::Snapshot, ids::SourceId},
    secret::SecretFile,
};

/// A configured one-stop system.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// Key of the source.
    pub id: SourceId,
    /// What it speaks.
    pub profile: Profile,
    /// Address of the list of dossiers.
    pub url: reqwest::Url,
    /// Liferay site id, needed on every call of OpenCPS: without it the answer is empty, not an error.
    pub group_id: u64,
    /// Account for HTTP Basic.
    pub user: String,
    /// Its password.
    pub password: SecretFile,
    /// Parameters sent with every request.
    pub query: Vec<(String, String)>,
    /// Rows a page.
    pub page_size: u32,
    /// Time between two polls.
    pub poll_every: chrono::Duration,
    /// Limit of one page.
    pub timeout: Duration,
    /// A certificate authority trusted besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
}

/// The systems whose language we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// OpenCPS version 2, `GET /o/rest/v2/dossiers`.
    OpenCpsV2,
}

impl Profile {
    /// The profile of that name in the configuration.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (name == "opencps-v2").then_some(Self::OpenCpsV2)
    }
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
}

/// What one poll brought; rows read before an error are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The rows.
    pub snapshot: Snapshot,
    /// Why it is not complete.
    pub trouble: Option<SourceError>,
}

/// A one-stop system that can be polled.
#[async_trait]
pub trait DossierSource: Send + Sync {
    /// The source's settings.
    fn settings(&self) -> &SourceSettings;

    /// Reads the open dossiers.
    async fn fetch(&self) -> Result<Fetched, SourceError>;
}

/// Sets up the configured sources; nothing is connected yet.
#[must_use]
pub fn open_all(settings: &[SourceSettings]) -> Vec<Box<dyn DossierSource>> {
    let open = |s: &SourceSettings| Box::new(http_json::HttpJsonSource::new(s.clone())) as Box<dyn DossierSource>;
    settings.iter().map(open).collect()
}
