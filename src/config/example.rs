//! Owns the example office inside the binary, so that the rehearsal needs no files.

use std::{fs, io, path::Path};

/// Every file of the example office, by its path in the configuration folder.
pub const FILES: [(&str, &str); 10] = [
    ("nhacviec.yaml", include_str!("../../config/nhacviec.yaml")),
    ("units.yaml", include_str!("../../config/units.yaml")),
    ("plans/kstthc-2023.yaml", include_str!("../../config/plans/kstthc-2023.yaml")),
    ("calendar/2021.yaml", include_str!("../../config/calendar/2021.yaml")),
    ("calendar/2022.yaml", include_str!("../../config/calendar/2022.yaml")),
    ("calendar/2023.yaml", include_str!("../../config/calendar/2023.yaml")),
    ("calendar/2024.yaml", include_str!("../../config/calendar/2024.yaml")),
    ("calendar/2025.yaml", include_str!("../../config/calendar/2025.yaml")),
    ("calendar/2026.yaml", include_str!("../../config/calendar/2026.yaml")),
    ("holidays.yaml", include_str!("../../config/holidays.yaml")),
];

/// Writes the example office into `folder`.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_to(folder: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) use for_tests::{calendar, hours, office};

#[cfg(test)]
mod for_tests {
    use std::sync::{Arc, LazyLock};

    use crate::{
        config::{Folders, load},
        domain::{
            calendar::{OfficeHours, WorkCalendar},
            office::Office,
        },
    };

    static OFFICE: LazyLock<Arc<Office>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        super::write_to(folder.path()).expect("the folder is writable");
        let folders = Folders { config: folder.path().to_owned(), state: folder.path().to_owned(), credentials: None };
        load(&folders).expect("the example office is valid").office
    });

    pub(crate) fn office() -> Arc<Office> {
        Arc::clone(&OFFICE)
    }

    pub(crate) fn calendar() -> WorkCalendar {
        OFFICE.calendar.clone()
    }

    pub(crate) fn hours() -> OfficeHours {
        OFFICE.hours.clone()
    }
}
