//! Owns the example office inside the binary, so that the rehearsal needs no files.

use std::{fs, io, path::Path, sync::Arc};

use super::{calendar, fields::Reader, finding::SourceFile, node, schema, settings::ORDINARY_WEEK};
use crate::domain::calendar::{CalendarRules, WorkCalendar};

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

/// Writes the example office into `folder`, with the schemas.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_to(folder: &Path) -> io::Result<()> {
    for (path, text) in FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    // The first line of each file names one.
    schema::write_to(&folder.join("schema"))
}

/// The working days of the country as the example files have them: for questions asked before anything
/// is configured.
#[must_use]
pub fn work_calendar() -> WorkCalendar {
    let read = |path: &str, text: &str| {
        let file = Arc::new(SourceFile::new(path.to_owned(), text.to_owned()));
        let node = node::parse(&file, &mut Vec::new()).expect("the files in the binary parse: a test loads them");
        (Reader::new(file, Vec::new()), node)
    };
    let mut rules = CalendarRules::default();
    let mut years = Vec::new();
    for (path, text) in FILES {
        if path.starts_with("calendar/") {
            let (reader, node) = read(path, text);
            years.extend(calendar::read_year(&reader, &node, &ORDINARY_WEEK));
        } else if path == "holidays.yaml" {
            let (reader, node) = read(path, text);
            rules = calendar::read_rules(&reader, &node, &ORDINARY_WEEK);
        }
    }
    WorkCalendar::new(&rules, years)
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
