//! Owns secrets that live in files: read when used, never printed, never kept in the configuration.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// A secret's name and the places where it may stand, the first existing one counting.
///
/// Under systemd the credential folder comes first (`LoadCredential=secrets:…` names its files
/// `secrets_NAME`), then the `secrets` folder beside the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// Name as configured.
    pub name: String,
    places: Vec<PathBuf>,
}

/// The secret could not be read; in Vietnamese, since it ends up before the administrator.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// None of the places has the file.
    #[error("không có tệp bí mật «{0}»")]
    Missing(String),
    /// It exists but cannot be read.
    #[error("không có quyền đọc tệp bí mật «{name}»")]
    Unreadable {
        /// Name as configured.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// It holds nothing.
    #[error("tệp bí mật «{0}» đang trống")]
    Empty(String),
}

impl SecretFile {
    /// The secret `name`, looked for in the credential folder and in `config_dir`.
    #[must_use]
    pub fn new(name: &str, config_dir: &Path, credentials_dir: Option<&Path>) -> Self {
        let credential = credentials_dir.map(|dir| dir.join(format!("secrets_{name}")));
        let places = credential.into_iter().chain([config_dir.join("secrets").join(name)]).collect();
        Self { name: name.to_owned(), places }
    }

    /// A secret in a given file; the rehearsal's.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { name: path.display().to_string(), places: vec![path] }
    }

    /// Reads the secret, without the line end that editors add.
    ///
    /// # Errors
    /// When the file is missing, unreadable or empty.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let path = self.places.iter().find(|p| p.exists()).ok_or_else(|| SecretError::Missing(self.name.clone()))?;
        let text = std::fs::read_to_string(path)
            .map_err(|source| SecretError::Unreadable { name: self.name.clone(), source })?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() { Err(SecretError::Empty(self.name.clone())) } else { Ok(secret.to_owned().into()) }
    }

    /// Whether every user of the machine may read or change the file.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = self.places.iter().find_map(|p| p.metadata().ok()).map(|m| m.permissions().mode());
        mode.is_some_and(|mode| mode & 0o006 != 0)
    }

    /// Whether the file exists anywhere.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.places.iter().any(|p| p.exists())
    }
}
