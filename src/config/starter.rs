//! Owns the configuration of a new office: commented, valid, and with something to remind of from the first day.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use chrono::{Datelike, NaiveDate};
use minijinja::{Environment, UndefinedBehavior, context};
use secrecy::{ExposeSecret as _, SecretString};

use super::{example, files, schema::SCHEMAS};
use crate::{import::yaml::quote, source::table::wording};

/// What has to be known of an office.
#[derive(Debug)]
pub struct Starter {
    /// Its name.
    pub office: String,
    /// The office above it, as letters are headed.
    pub parent: Option<String>,
    /// The unit that follows plans.
    pub unit: String,
    /// Name of the administrator.
    pub administrator: String,
    /// Their address.
    pub administrator_email: String,
    /// The sender's address.
    pub from: String,
    /// The mail server; without one letters are only written to a folder.
    pub smtp: Option<StarterSmtp>,
}

/// The office's mail server.
#[derive(Debug)]
pub struct StarterSmtp {
    /// Its name.
    pub host: String,
    /// Its port; 465 speaks TLS from the start, every other STARTTLS.
    pub port: u16,
    /// The account, with its password if it was told.
    pub account: Option<(String, Option<SecretString>)>,
}

/// The files by their path in the configuration folder, without the secrets.
#[must_use]
pub fn files(starter: &Starter, today: NaiveDate) -> Vec<(String, String)> {
    let smtp = starter.smtp.as_ref();
    let security = smtp.map(|s| if s.port == 465 { "tls" } else { "starttls" });
    let is_local = smtp.is_some_and(|s| super::settings::is_loopback(&s.host));
    let header = starter.parent.iter().chain([&starter.office]).map(|line| quote(&line.to_uppercase()));
    let facts = context! {
        office => starter.office.as_str(),
        header => header.collect::<Vec<_>>().join(", "),
        footer => format!("Báo hoàn thành hoặc vướng mắc: trả lời thư này hoặc liên hệ {}.", starter.unit),
        unit => starter.unit.as_str(),
        unit_id => Some(id_of(&starter.unit)).filter(|id| !id.is_empty()).unwrap_or_else(|| "van-phong".to_owned()),
        administrator => starter.administrator.as_str(),
        administrator_email => starter.administrator_email.as_str(),
        from => format!("Nhắc việc {} <{}>", in_an_address(&starter.office), starter.from),
        reply_to => starter.administrator_email.as_str(),
        smtp_host => smtp.map(|s| s.host.as_str()),
        smtp_port => smtp.map(|s| s.port),
        smtp_user => smtp.and_then(|s| s.account.as_ref()).map(|(user, _)| user.as_str()),
        security => if is_local { Some("plaintext") } else { security },
        title => format!("Việc của hệ thống nhắc việc năm {}", today.year()),
        year => today.year(),
        months => quarters_left(today),
    };
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.add_filter("q", |text: &str| quote(text));
    let fill = |template| {
        let text = engine.render_str(template, &facts).expect("the templates in the binary render: a test does it");
        text + "\n"
    };
    let mut files = vec![
        ("nhacviec.yaml".to_owned(), fill(include_str!("starter/nhacviec.yaml.j2"))),
        ("units.yaml".to_owned(), fill(include_str!("starter/units.yaml.j2"))),
        (format!("plans/nhac-viec-{}.yaml", today.year()), fill(include_str!("starter/plan.yaml.j2"))),
    ];
    files.extend(SCHEMAS.map(|(kind, text)| (format!("schema/{kind}.json"), text.to_owned())));
    files.extend(calendars(today.year()).map(|(path, text)| (path.to_owned(), text.to_owned())));
    files
}

/// The last months of the quarters that are not over: what was due before the office began would be overdue at once, and
/// the first message of all would go to the director.
fn quarters_left(today: NaiveDate) -> String {
    let months = (3..=12).step_by(3).filter(|month| *month >= today.month());
    months.map(|month| month.to_string()).collect::<Vec<_>>().join(",")
}

/// A name as it may stand before an address without quotes (RFC 5322, 3.2.3).
fn in_an_address(name: &str) -> String {
    let letters = name.chars().map(|c| if "()<>[]:;@\\,.\"".contains(c) || c.is_control() { ' ' } else { c });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The holidays, and the official years from this one on; the last one known when this one is not.
fn calendars(year: i32) -> impl Iterator<Item = (&'static str, &'static str)> {
    let year_of = |path: &str| path.strip_prefix("calendar/")?.strip_suffix(".yaml")?.parse::<i32>().ok();
    let last = example::FILES.iter().filter_map(|(path, _)| year_of(path)).max().unwrap_or(year);
    example::FILES
        .into_iter()
        .filter(move |(path, _)| *path == "holidays.yaml" || year_of(path).is_some_and(|of| of >= year.min(last)))
}

/// Why nothing was written.
#[derive(Debug)]
pub struct NotWritten {
    /// At which file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Writes the files and the folder for secrets: all of it, or nothing. A calendar or a schema that exists is kept.
///
/// # Errors
/// When a file cannot be written, or exists: nothing that somebody wrote is replaced.
pub fn write(folder: &Path, files: &[(String, String)], smtp: Option<&StarterSmtp>) -> Result<(), NotWritten> {
    let is_kept = |path: &str| path == "holidays.yaml" || path.starts_with("calendar/") || path.starts_with("schema/");
    let exists = |path: &str| folder.join(path).symlink_metadata().is_ok();
    let password = smtp.and_then(|s| s.account.as_ref()).and_then(|(_, password)| password.as_ref());
    let secret = password.map(|password| ("secrets/mail-password", password.expose_secret(), 0o600));
    // The main file comes last: where it is, everything is.
    let wanted = files.iter().rev().map(|(path, text)| (path.as_str(), text.as_str(), 0o644));
    let wanted: Vec<_> =
        secret.into_iter().chain(wanted).filter(|(path, ..)| !(is_kept(path) && exists(path))).collect();
    if let Some((path, ..)) = wanted.iter().find(|(path, ..)| exists(path)) {
        return Err(NotWritten { path: folder.join(path), error: io::ErrorKind::AlreadyExists.into() });
    }
    let mut made: Vec<PathBuf> = Vec::new();
    let written = write_all(folder, &wanted, &mut made);
    if written.is_err() {
        for path in made {
            let _ = fs::remove_file(path);
        }
    }
    written
}

fn write_all(folder: &Path, wanted: &[(&str, &str, u32)], made: &mut Vec<PathBuf>) -> Result<(), NotWritten> {
    let make = |path: &Path, mode: u32| fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    // The service reads the folder as a user of its own; only the secrets are handed to it.
    let secrets = folder.join("secrets");
    make(folder, 0o755).and_then(|()| make(&secrets, 0o700)).map_err(|error| NotWritten { path: secrets, error })?;
    for (path, text, mode) in wanted {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        let written = make(parent, 0o755).and_then(|()| files::write_new(&path, text, *mode));
        written.map_err(|error| NotWritten { path: path.clone(), error })?;
        made.push(path);
    }
    Ok(())
}

/// The name in small letters without marks: `Văn phòng Sở` is `van-phong-so`. Empty when it has no letters.
#[must_use]
pub fn id_of(name: &str) -> String {
    let words = wording::without_marks(&wording::heading(name)).to_lowercase();
    let letters: String = words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    letters.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-").chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_office_is_not_late_on_its_first_day() {
        let on = |month, day| quarters_left(NaiveDate::from_ymd_opt(2026, month, day).expect("a day"));
        assert_eq!([on(1, 1), on(3, 31), on(4, 1), on(12, 31)], ["3,6,9,12", "3,6,9,12", "6,9,12", "12"]);
    }
}
