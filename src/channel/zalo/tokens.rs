//! Owns the token pair of an Official Account: one file in the state folder, changed by one process at a time.
//!
//! A refresh token works once and is replaced by each success. The pair is therefore on the disk before it is used,
//! and a mark is there before the request leaves: a process killed in between must not refresh in a circle.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Duration, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// Zalo's access tokens live 25 hours.
const ACCESS_LIVES: Duration = Duration::hours(25);
/// Its refresh tokens three months.
const REFRESH_LIVES: Duration = Duration::days(90);

/// A token pair with what is known about it.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Goes with each call.
    pub access: SecretString,
    /// Buys the next pair, once.
    pub refresh: SecretString,
    /// When the access token ends; a guess for a pasted pair.
    pub access_until: DateTime<Utc>,
    /// When the refresh token came.
    pub refresh_since: DateTime<Utc>,
    /// When it ends.
    pub refresh_until: DateTime<Utc>,
    /// A refresh was begun then and has not come to its end: the refresh token may be spent.
    pub refreshing_since: Option<DateTime<Utc>>,
    /// Why the pair is of no use any more, in Vietnamese.
    pub dead: Option<String>,
}

/// The form in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    access_token: String,
    refresh_token: String,
    access_until: DateTime<Utc>,
    refresh_since: DateTime<Utc>,
    refresh_until: DateTime<Utc>,
    refreshing_since: Option<DateTime<Utc>>,
    dead: Option<String>,
}

impl Pair {
    /// A fresh pair; lifetimes that Zalo does not name are those of its documents.
    #[must_use]
    pub fn new(
        access: String,
        refresh: String,
        access_lives: Option<Duration>,
        refresh_lives: Option<Duration>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            access: access.into(),
            refresh: refresh.into(),
            access_until: now + access_lives.unwrap_or(ACCESS_LIVES),
            refresh_since: now,
            refresh_until: now + refresh_lives.unwrap_or(REFRESH_LIVES),
            refreshing_since: None,
            dead: None,
        }
    }
}

/// The file that holds the pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFile {
    path: PathBuf,
}

/// Held as long as one process changes the pair; the kernel lets go of it even after `kill -9`.
#[derive(Debug)]
pub struct TokenLock {
    _file: File,
}

impl TokenFile {
    /// The file at `path`, which need not exist.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Waits for whoever changes the pair. Blocks the thread.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn lock(&self) -> io::Result<TokenLock> {
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
        give_to_owner_of_folder(&path)?;
        file.lock()?;
        Ok(TokenLock { _file: file })
    }

    /// The pair, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn read(&self) -> io::Result<Option<Pair>> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // The error of the parser could quote a token.
        let written: Written = serde_json::from_slice(&text)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "tệp mã truy cập Zalo bị hỏng"))?;
        let Written { access_token, refresh_token, access_until, refresh_since, refresh_until, refreshing_since, dead } =
            written;
        Ok(Some(Pair {
            access: access_token.into(),
            refresh: refresh_token.into(),
            access_until,
            refresh_since,
            refresh_until,
            refreshing_since,
            dead,
        }))
    }

    /// Replaces the pair; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written; the old pair is still there.
    pub fn write(&self, pair: &Pair) -> io::Result<()> {
        let written = Written {
            access_token: pair.access.expose_secret().to_owned(),
            refresh_token: pair.refresh.expose_secret().to_owned(),
            access_until: pair.access_until,
            refresh_since: pair.refresh_since,
            refresh_until: pair.refresh_until,
            refreshing_since: pair.refreshing_since,
            dead: pair.dead.clone(),
        };
        let fresh = self.path.with_extension("new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        file.write_all(&serde_json::to_vec(&written).map_err(io::Error::other)?)?;
        file.sync_all()?;
        give_to_owner_of_folder(&fresh)?;
        fs::rename(&fresh, &self.path)?;
        File::open(folder(&self.path))?.sync_all()
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The administrator seeds the pair as root; the service, which runs as another user, must be able to renew it.
fn give_to_owner_of_folder(path: &Path) -> io::Result<()> {
    let (file, folder) = (fs::metadata(path)?, fs::metadata(folder(path))?);
    if file.uid() != folder.uid() {
        std::os::unix::fs::chown(path, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_pair_survives_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TokenFile::new(folder.path().join("zalo-tokens.json"));
        assert!(file.read().expect("readable").is_none());
        let now = DateTime::UNIX_EPOCH;
        file.write(&Pair::new("A".to_owned(), "R".to_owned(), None, None, now)).expect("writable");
        let pair = file.read().expect("readable").expect("written");
        assert_eq!((pair.access.expose_secret(), pair.refresh.expose_secret()), ("A", "R"));
        assert_eq!((pair.access_until - now, pair.refresh_until - now), (ACCESS_LIVES, REFRESH_LIVES));
        let mode = fs::metadata(folder.path().join("zalo-tokens.json")).expect("exists").permissions().mode();
        assert_eq!(mode & 0o077, 0);
        assert!(!format!("{pair:?}").contains("\"A\""), "tokens do not show in debug output");
    }

    #[test]
    fn a_damaged_file_says_so_without_quoting_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("t.json"), "{\"access_token\": \"bi-mat\", }").expect("writable");
        let error = TokenFile::new(folder.path().join("t.json")).read().expect_err("damaged");
        assert!(error.to_string().contains("hỏng") && !error.to_string().contains("bi-mat"), "{error}");
    }
}
