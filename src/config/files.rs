//! Owns how files of the configuration are written: whole or not at all, and nothing is left behind.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Replaces a file at once: whoever reads it meanwhile sees the old or the new one. Owner and mode stay; a link stays
/// a link, to the file that is replaced.
///
/// # Errors
/// When the folder cannot be written; the old file is still there then.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    with_hidden(&path, text, old.mode(), |fresh| {
        let new = fs::metadata(fresh)?;
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            std::os::unix::fs::chown(fresh, Some(old.uid()), Some(old.gid()))?;
        }
        fs::set_permissions(fresh, old.permissions())?;
        fs::rename(fresh, &path)
    })
}

/// Writes a file that does not exist yet; it appears when it is whole.
///
/// # Errors
/// When it exists, or cannot be written.
pub fn write_new(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    with_hidden(path, text, mode, |fresh| fs::hard_link(fresh, path))
}

/// Only one process at a time changes files of a folder: holds until the answer is dropped.
///
/// # Errors
/// When the folder cannot be opened.
pub fn lock(folder: &Path) -> io::Result<fs::File> {
    let folder = fs::File::open(folder)?;
    folder.lock()?;
    Ok(folder)
}

/// Writes a file that nobody looks at beside `path`, then does the rest; whatever happens, it is gone afterwards.
fn with_hidden(path: &Path, text: &str, mode: u32, rest: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let (mut file, fresh) = create_hidden(path, mode)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| rest(&fresh));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => written.and(Err(error)),
        // The new name survives a power cut as well.
        Ok(()) | Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            written.and_then(|()| fs::File::open(folder)?.sync_all())
        }
    }
}

/// Files whose names begin with a dot are passed over when the configuration is read.
fn create_hidden(path: &Path, mode: u32) -> io::Result<(fs::File, PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100 {
        let fresh = path.with_file_name(format!(".{name}.{}.{attempt}", std::process::id()));
        match fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh) {
            Ok(file) => return Ok((file, fresh)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
