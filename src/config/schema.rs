//! Owns the JSON Schemas of the configuration files, for editors; `check` alone judges what may run.
//!
//! They are written by hand beside the example office. Where JSON Schema cannot say what a reader asks for, they accept
//! more than it; never less. `dependencies` says which keys a reader asks for only beside certain others, all other needs
//! stand in conditions: `tests/schema.rs` compares the keys with those that `check` lists.

use std::{fs, io, path::Path};

/// The schema of each kind of file; draft-07, the one that editors know best.
pub const SCHEMAS: [(&str, &str); 6] = [
    ("nhacviec", include_str!("../../config/schema/nhacviec.json")),
    ("units", include_str!("../../config/schema/units.json")),
    ("plan", include_str!("../../config/schema/plan.json")),
    ("calendar", include_str!("../../config/schema/calendar.json")),
    ("holidays", include_str!("../../config/schema/holidays.json")),
    ("profile", include_str!("../../config/schema/profile.json")),
];

/// Tells an editor the schema of a plan that a command drafts; the path holds from the folder the file belongs in.
pub const PLAN_MODELINE: &str = "# yaml-language-server: $schema=../schema/plan.json";

/// The same for a year of the calendar.
pub const CALENDAR_MODELINE: &str = "# yaml-language-server: $schema=../schema/calendar.json";

/// The same for a copy of a built-in profile.
pub const PROFILE_MODELINE: &str = "# yaml-language-server: $schema=../schema/profile.json";

/// Writes every schema into `folder`, over older ones.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_to(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (kind, schema) in SCHEMAS {
        fs::write(folder.join(format!("{kind}.json")), schema)?;
    }
    Ok(())
}
