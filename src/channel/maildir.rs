//! E-mail into a Maildir: the embedded way to see messages without a mail server.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{Channel, EmailSettings, Message, email::Composer};
use crate::domain::notification::SendError;

pub struct MaildirChannel {
    composer: Composer,
    path: PathBuf,
}

impl MaildirChannel {
    pub fn new(settings: &EmailSettings, path: PathBuf) -> Self {
        Self { composer: Composer::new(settings), path }
    }
}

#[async_trait]
impl Channel for MaildirChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let composed = self.composer.compose(message)?;
        let (path, name) = (self.path.clone(), format!("{}.{}.eml", message.at.timestamp(), message.id));
        let written = tokio::task::spawn_blocking(move || write(&path, &name, composed.text.as_bytes())).await;
        written.map_err(io::Error::other).flatten().map_err(|error| SendError::ChannelDown {
            detail: format!("không ghi được vào thư mục thư: {error}"),
        })
    }

    async fn probe(&self) -> Result<(), SendError> {
        let path = self.path.clone();
        let tried = tokio::task::spawn_blocking(move || try_folder(&path)).await;
        tried.map_err(io::Error::other).flatten().map_err(|error| SendError::ChannelDown {
            detail: format!("không ghi được vào thư mục thư: {error}"),
        })
    }
}

/// Leaves nothing behind.
fn try_folder(maildir: &Path) -> io::Result<()> {
    let temporary = maildir.join("tmp");
    fs::create_dir_all(&temporary)?;
    let probe = temporary.join("nhacviec-probe");
    File::create(&probe)?;
    fs::remove_file(probe)
}

/// Writes into `tmp`, then moves into `new`, so that a reader never sees half a message.
fn write(maildir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    for folder in ["tmp", "new", "cur"] {
        fs::create_dir_all(maildir.join(folder))?;
    }
    let (temporary, final_path) = (maildir.join("tmp").join(name), maildir.join("new").join(name));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, final_path)?;
    File::open(maildir.join("new"))?.sync_all()
}
