//! Owns the configuration folder: reads every file, reports every mistake, builds the checked office.
//!
//! `check` and the daemon call the same [`load`]. A folder holds `nhacviec.yaml`, `units.yaml`,
//! `calendar/*.yaml` and `plans/*.yaml`; unknown keys are errors. A folder `schema` beside them is the editors'.

pub mod edit;
pub mod example;
pub mod fields;
pub mod files;
pub mod finding;
pub mod node;
pub mod rollover;
pub mod starter;

mod addresses;
mod advice;
mod calendar;
mod deadline;
mod layout;
mod leaks;
mod plan;
mod policies;
pub mod profile;
pub mod schema;
mod settings;
mod sources;
mod targets;
mod templates;
mod tidy;
mod units;
mod zalo;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use chrono::{NaiveDate, Weekday};

pub use self::calendar::NOTICE_TO_FILL_IN;
use self::{
    advice::PlanFiles,
    fields::Reader,
    finding::{Finding, Severity, SourceFile},
    node::Node,
};
use crate::{
    channel::ChannelSettings,
    domain::{
        calendar::{CalendarRules, CalendarYear, WorkCalendar},
        directory::ChannelKind,
        ids::PersonId,
        occurrence::Agenda,
        office::Office,
        plan::Plan,
    },
    import::diff::WrittenTask,
    message::Letterhead,
    source::SourceSettings,
};

/// Larger files are refused before they are parsed.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Where a configuration is read and what its relative paths mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The configuration folder; also where secrets and certificates are looked for.
    pub config: PathBuf,
    /// Where the store and the Maildir live.
    pub state: PathBuf,
    /// systemd's credential folder, when it runs us.
    pub credentials: Option<PathBuf>,
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What the rules see.
    pub office: Arc<Office>,
    /// File of the SQLite store.
    pub store_path: PathBuf,
    /// The ways to send.
    pub channels: ChannelSettings,
    /// What stands around every message.
    pub letterhead: Letterhead,
    /// How many days what came to an end is kept in full; for ever when absent.
    pub keep_days: Option<i64>,
    /// One-stop systems.
    pub sources: Vec<SourceSettings>,
    /// What reading the files gave rise to.
    warnings: Vec<Finding>,
    plan_files: PlanFiles,
    units_file: Arc<SourceFile>,
}

/// The configuration cannot be used; every mistake found, warnings included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has {} findings", findings.len())]
pub struct ConfigError {
    /// In the order of files and lines.
    pub findings: Vec<Finding>,
}

impl ConfigError {
    /// Every finding in one line of text, errors first.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut findings: Vec<_> = self.findings.iter().collect();
        findings.sort_by_key(|f| f.severity);
        findings.into_iter().map(Finding::one_line).collect::<Vec<_>>().join("; ")
    }
}

impl Config {
    /// The same with the chats that people linked to the Zalo bot; a chat written in `units.yaml` counts more.
    #[must_use]
    pub fn with_links(self, links: &BTreeMap<PersonId, String>) -> Self {
        if links.is_empty() || !self.channels.has(ChannelKind::ZaloBot) {
            return self;
        }
        let mut office = (*self.office).clone();
        office.directory.link_chats(links);
        Self { office: Arc::new(office), ..self }
    }

    /// What is unwise but allowed, in the order of files and lines. It takes as long as reading a plan: for who wants to
    /// know.
    #[must_use]
    pub fn warnings(&self) -> Vec<Finding> {
        let advice = advice::advise(&self.office, &self.plan_files, &self.units_file);
        in_order(self.warnings.iter().cloned().chain(advice).collect())
    }

    /// The plans whose years were over before `today`.
    #[must_use]
    pub fn expired_plans(&self, today: NaiveDate) -> Vec<Finding> {
        advice::expired(&self.office, &self.plan_files, today)
    }
}

/// Where in the state folder the daemon keeps a copy of the last configuration it could use.
const LAST_GOOD: &str = "last-good-config";

/// Reads and checks the configuration folder.
///
/// # Errors
/// All findings, when at least one of them is an error.
pub fn load(folders: &Folders) -> Result<Config, ConfigError> {
    load_from(&folders.config, folders)
}

/// Reads the copy that [`keep_as_last_good`] made, so that a wrong edit survives neither a reload nor a
/// restart: the last good configuration stays in force.
#[must_use]
pub fn load_last_good(folders: &Folders) -> Option<Config> {
    load_from(&folders.state.join(LAST_GOOD), folders).ok()
}

/// Copies the configuration's files into the state folder.
///
/// # Errors
/// When a file cannot be read or written; the older copy may then be gone.
pub fn keep_as_last_good(folders: &Folders) -> io::Result<()> {
    let (copy, fresh) = (folders.state.join(LAST_GOOD), folders.state.join("last-good-config.new"));
    remove_folder(&fresh)?;
    for (subfolder, extension) in
        [("", "yaml"), ("calendar", "yaml"), ("plans", "yaml"), ("profiles", "yaml"), ("templates", "j2")]
    {
        if matches!(subfolder, "templates" | "profiles") && !folders.config.join(subfolder).exists() {
            continue;
        }
        fs::create_dir_all(fresh.join(subfolder))?;
        for entry in fs::read_dir(folders.config.join(subfolder))? {
            let path = entry?.path();
            if let (Some(found), Some(name)) = (path.extension().and_then(|e| e.to_str()), path.file_name())
                && found == extension
            {
                fs::copy(&path, fresh.join(subfolder).join(name))?;
            }
        }
    }
    remove_folder(&copy)?;
    fs::rename(fresh, copy)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn load_from(folder: &Path, folders: &Folders) -> Result<Config, ConfigError> {
    let mut loading = Loading::default();
    let config = loading.load(folder, folders);
    let findings = in_order(loading.findings);
    match config {
        Some(config) if findings.iter().all(|f| f.severity == Severity::Warning) => {
            Ok(Config { warnings: findings, ..config })
        }
        _ => Err(ConfigError { findings }),
    }
}

fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| (&a.file.path, a.span.start).cmp(&(&b.file.path, b.span.start)));
    findings
}

/// Reads the text of one year's calendar file, with all that is wrong in it; `path` names it in findings.
/// An ordinary week from Monday to Friday is assumed.
#[must_use]
pub fn read_calendar_text(path: &str, text: &str) -> (Option<CalendarYear>, Vec<Finding>) {
    let file = Arc::new(SourceFile::normalized(path.to_owned(), text.to_owned()));
    let mut findings = Vec::new();
    let node = node::parse(&file, &mut findings);
    let reader = Reader::new(file, findings);
    let year = node.and_then(|node| calendar::read_year(&reader, &node, &settings::ORDINARY_WEEK));
    (year, reader.into_findings())
}

/// The names that `units.yaml` gives to units and groups, keys included; `None` when there is no such file.
///
/// # Errors
/// What is wrong with the file, when it cannot be used.
pub fn read_unit_names(folder: &Path) -> Result<Option<Vec<String>>, Vec<Finding>> {
    let path = folder.join("units.yaml");
    if !path.exists() {
        return Ok(None);
    }
    let (reader, node) = Loading::open(&path);
    let names = node.map(|node| units::read_units(&reader, &node, |_| true).into_written());
    let findings = reader.into_findings();
    if findings.iter().any(|f| f.severity == Severity::Error) { Err(findings) } else { Ok(names) }
}

/// A plan's key and its tasks as the file writes them, whether or not the office can use them.
///
/// # Errors
/// What is wrong with the file, when its tasks cannot be told.
pub fn read_written_plan(path: &Path) -> Result<(Option<String>, Vec<WrittenTask>), Vec<Finding>> {
    let (reader, node) = Loading::open(path);
    let plan = node.map(|node| plan::read_written_tasks(&reader, &node));
    let findings = reader.into_findings();
    match plan {
        Some(plan) if findings.iter().all(|f| f.severity == Severity::Warning) => Ok(plan),
        _ => Err(findings),
    }
}

/// A plan file as text and tree.
#[derive(Debug)]
pub struct PlanFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub file: Arc<SourceFile>,
    root: Node,
}

impl PlanFile {
    /// Opens a file.
    ///
    /// # Errors
    /// What is wrong with it, when it is no YAML.
    pub fn open(path: &Path) -> Result<Self, Vec<Finding>> {
        let (reader, node) = Loading::open(path);
        let file = Arc::clone(&reader.file);
        let findings = reader.into_findings();
        match node {
            Some(root) if findings.iter().all(|f| f.severity == Severity::Warning) => {
                Ok(Self { path: path.to_owned(), file, root })
            }
            _ => Err(findings),
        }
    }

    /// The text in its normal form; `None` when its layout cannot be changed without losing something.
    #[must_use]
    pub fn tidied(&self) -> Option<String> {
        tidy::tidy(&self.file, &self.root)
    }

    /// The draft of the plan that begins in `year`; see [`rollover::roll`].
    ///
    /// # Errors
    /// When there can be none.
    pub fn rolled(&self, year: i32, finished: &BTreeSet<String>) -> Result<rollover::Rolled, rollover::NoDraft> {
        rollover::roll(&self.file, &self.root, year, finished)
    }
}

#[derive(Default)]
struct Loading {
    findings: Vec<Finding>,
}

impl Loading {
    fn load(&mut self, folder: &Path, folders: &Folders) -> Option<Config> {
        let (reader, node) = Self::open(&folder.join("nhacviec.yaml"));
        let root = node.as_ref().map(|node| settings::read_root(&reader, node, folders));
        let (units_reader, units_node) = Self::open(&folder.join("units.yaml"));
        let units_file = Arc::clone(&units_reader.file);
        let has_channel = |channel| root.as_ref().is_none_or(|root| root.mentions(channel));
        let units = units_node.as_ref().map(|node| units::read_units(&units_reader, node, has_channel));
        // Where nobody is declared, every name elsewhere would be one more mistake.
        let units = units.filter(|units| !units.is_empty());
        let Some((root, units)) = root.zip(units) else {
            self.findings.extend(reader.into_findings());
            self.findings.extend(units_reader.into_findings());
            return None;
        };
        let profiles = self.read_profiles(&folder.join("profiles"));
        let (sources, source_rules) = sources::resolve(&reader, &root, &units, &profiles, folders);
        let administrator = root.administrator.as_ref().and_then(|t| units.person(&reader, t));
        let years = self
            .read_all(&folder.join("calendar"), |reader, node| calendar::read_year(reader, node, &root.working_week));
        let plans = self.read_all(&folder.join("plans"), |reader, node| {
            plan::read_plan(reader, node, &units, &root.policies, &source_rules)
        });
        self.refuse_repeated_years(&years);
        let rules = self.read_rules(folder, &root.working_week);
        self.findings.extend(calendar::compare_years(&years, &rules));
        let work_calendar = WorkCalendar::new(&rules, years.into_iter().map(|(_, year)| year));
        self.findings.extend(warn_provisional_years(&plans, &work_calendar));
        let (name, hours, store_path) = (root.office_name.clone(), root.hours.clone(), root.store_path.clone());
        // Only now is it known which presets are used.
        root.policies.check_superiors(&reader, &units);
        let (channels, keep_days, policies) = (root.channels.clone(), root.keep_days, root.policies.used());
        let (header, footer) = (root.header.clone(), root.footer.clone());
        drop(root);
        let plan_files = plans.iter().map(|(file, plan)| (plan.id.clone(), Arc::clone(file))).collect();
        let plans: Vec<Plan> = self.distinct(plans);
        self.findings.extend(reader.into_findings());
        let agenda = Agenda::expand(plans, policies, &work_calendar);
        // Only now is it known what is asked of a unit after its end.
        units::warn_uninherited(&units_reader, &units, &agenda);
        self.findings.extend(units_reader.into_findings());
        let office = Office {
            name: name?.value,
            directory: units.directory,
            agenda,
            calendar: work_calendar,
            hours: hours?,
            sources: source_rules,
            administrator: administrator?,
        };
        let templates = templates::read(&folder.join("templates"), &office, &mut self.findings);
        Some(Config {
            office: Arc::new(office),
            store_path: store_path?,
            channels,
            letterhead: Letterhead { header, footer, templates: Arc::new(templates) },
            keep_days,
            sources,
            warnings: Vec::new(),
            plan_files,
            units_file,
        })
    }

    /// Opens and parses one file; what is wrong with it goes to the reader.
    fn open(path: &Path) -> (Reader, Option<Node>) {
        let shown = path.display().to_string();
        let empty = |message: String, help: &str| {
            let file = Arc::new(SourceFile::new(shown.clone(), String::new()));
            let finding = Finding {
                severity: Severity::Error,
                file: Arc::clone(&file),
                span: 0..0,
                message,
                help: Some(help.to_owned()),
            };
            (Reader::new(file, vec![finding]), None)
        };
        match read_text(path) {
            Ok(text) => {
                let file = Arc::new(SourceFile::normalized(shown, text));
                let mut findings = Vec::new();
                let node = node::parse(&file, &mut findings);
                let reader = Reader::new(file, findings);
                leaks::warn(&reader);
                (reader, node)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => empty(
                "không có tệp này".to_owned(),
                "tạo cấu hình mới bằng: nhacviec init, hoặc chép từ thư mục mẫu config/",
            ),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                empty("không có quyền đọc tệp này".to_owned(), "tệp phải đọc được bởi người dùng chạy nhacviec")
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                empty("tệp quá lớn (trên 4 MB)".to_owned(), "kiểm tra xem có chép nhầm tệp không")
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                empty("tệp không phải văn bản UTF-8".to_owned(), "lưu lại tệp với bảng mã UTF-8")
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                empty("đây không phải một tệp thường".to_owned(), "thay bằng một tệp văn bản")
            }
            Err(error) => empty(format!("không đọc được tệp: {error}"), "kiểm tra ổ đĩa và quyền truy cập"),
        }
    }

    /// The holidays of years without a notice; an office may do without them, and is told what that means.
    fn read_rules(&mut self, folder: &Path, working_week: &[Weekday]) -> CalendarRules {
        let path = folder.join("holidays.yaml");
        let without = CalendarRules { working_week: working_week.to_vec(), ..CalendarRules::default() };
        if !path.exists() {
            let file = Arc::new(SourceFile::new(path.display().to_string(), String::new()));
            let message = "không có tệp này: năm chưa có thông báo chỉ trừ thứ Bảy, Chủ nhật, không trừ Tết và ngày lễ";
            let help = Some("chép từ thư mục mẫu config/".to_owned());
            self.findings.push(Finding {
                severity: Severity::Warning,
                file,
                span: 0..0,
                message: message.to_owned(),
                help,
            });
            return without;
        }
        let (reader, node) = Self::open(&path);
        let rules = node.map_or(without, |node| calendar::read_rules(&reader, &node, working_week));
        self.findings.extend(reader.into_findings());
        rules
    }

    /// Reads every `.yaml` of a folder, in the order of names.
    fn read_all<T>(&mut self, folder: &Path, read: impl Fn(&Reader, &Node) -> Option<T>) -> Vec<(Arc<SourceFile>, T)> {
        let mut values = Vec::new();
        for (_, reader, node) in self.open_all(folder) {
            let file = Arc::clone(&reader.file);
            values.extend(read(&reader, &node).map(|value| (file, value)));
            self.findings.extend(reader.into_findings());
        }
        values
    }

    /// Opens every `.yaml` of a folder, in the order of names; with the name of each without its end.
    fn open_all(&mut self, folder: &Path) -> Vec<(String, Reader, Node)> {
        let mut paths: Vec<PathBuf> = match fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|p| !is_hidden(p)).collect(),
            Err(error) => {
                let (message, help) = match error.kind() {
                    io::ErrorKind::NotFound => ("không có thư mục này", "chép từ thư mục mẫu config/"),
                    _ => ("không đọc được thư mục này", "thư mục phải đọc được bởi người dùng chạy nhacviec"),
                };
                self.report(Severity::Error, folder, message, help);
                return Vec::new();
            }
        };
        paths.sort();
        let is_read = |path: &PathBuf| path.extension().is_some_and(|e| e == "yaml");
        for path in paths.iter().filter(|p| !is_read(p)) {
            let help = "đổi tên cho kết thúc bằng .yaml, hoặc chuyển ra nơi khác";
            self.report(Severity::Error, path, "tệp này không được đọc: tên phải kết thúc bằng .yaml", help);
        }
        paths.retain(is_read);
        if paths.is_empty() {
            self.report(Severity::Error, folder, "thư mục không có tệp .yaml nào", "chép từ thư mục mẫu config/");
        }
        let mut opened = Vec::new();
        for (path, (reader, node)) in paths.iter().zip(Self::open_side_by_side(&paths)) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            match node {
                Some(node) => opened.push((name, reader, node)),
                None => self.findings.extend(reader.into_findings()),
            }
        }
        opened
    }

    /// Opens many files on all cores: parsing is most of the time that a large configuration takes.
    fn open_side_by_side(paths: &[PathBuf]) -> Vec<(Reader, Option<Node>)> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let share = paths.len().div_ceil(cores).max(1);
        thread::scope(|scope| {
            let open_all = |paths: &[PathBuf]| paths.iter().map(|path| Self::open(path)).collect::<Vec<_>>();
            let threads: Vec<_> = paths.chunks(share).map(|paths| scope.spawn(move || open_all(paths))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("opening a file does not panic")).collect()
        })
    }

    /// The built-in kinds of one-stop systems, and the office's own.
    fn read_profiles(&mut self, folder: &Path) -> profile::Profiles {
        let mut profiles = profile::Profiles::default();
        if folder.exists() {
            // Until it has been read, each is broken: one that is no YAML never comes that far.
            for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                path.file_stem().and_then(|name| name.to_str()).into_iter().for_each(|name| profiles.note_broken(name));
            }
            for (name, reader, node) in self.open_all(folder) {
                profiles.add(&reader, &name, &node);
                self.findings.extend(reader.into_findings());
            }
        }
        profiles
    }

    /// A finding about a whole file or folder.
    fn report(&mut self, severity: Severity, path: &Path, message: &str, help: &str) {
        let file = Arc::new(SourceFile::new(path.display().to_string(), String::new()));
        let help = Some(help.to_owned());
        self.findings.push(Finding { severity, file, span: 0..0, message: message.to_owned(), help });
    }

    fn refuse_repeated_years(&mut self, years: &[(Arc<SourceFile>, CalendarYear)]) {
        for (i, (file, year)) in years.iter().enumerate() {
            if years[..i].iter().any(|(_, other)| other.year == year.year) {
                let span = file.text.find("year:").map_or(0..0, |at| at..at + 5);
                let message = format!("năm {} đã có ở tệp lịch khác", year.year);
                let help = Some("mỗi năm một tệp".to_owned());
                let file = Arc::clone(file);
                self.findings.push(Finding { severity: Severity::Error, file, span, message, help });
            }
        }
    }

    fn distinct(&mut self, plans: Vec<(Arc<SourceFile>, Plan)>) -> Vec<Plan> {
        let mut distinct: Vec<Plan> = Vec::new();
        for (file, plan) in plans {
            if distinct.iter().any(|p| p.id == plan.id) {
                let span = file.text.find(plan.id.as_str()).map_or(0..0, |at| at..at + plan.id.as_str().len());
                let message = format!("mã kế hoạch «{}» đã dùng ở tệp khác", plan.id);
                self.findings.push(Finding {
                    severity: Severity::Error,
                    file,
                    span,
                    message,
                    help: Some("mỗi kế hoạch một mã".to_owned()),
                });
            } else {
                distinct.push(plan);
            }
        }
        distinct
    }
}

/// Editors keep their own files beside the one that is edited.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// One warning a year, where the first plan of it names it.
fn warn_provisional_years(plans: &[(Arc<SourceFile>, Plan)], calendar: &WorkCalendar) -> Vec<Finding> {
    let mut years: BTreeMap<i32, &Arc<SourceFile>> = BTreeMap::new();
    for (file, plan) in plans.iter().rev() {
        years.extend(plan.years.first().map(|year| (year, file)));
    }
    let is_official = |year: i32| calendar.years().any(|known| known.is_official && known.year == year);
    let provisional = years.into_iter().filter(|(year, _)| !is_official(*year));
    let warning = |(year, file): (i32, &Arc<SourceFile>)| Finding {
        severity: Severity::Warning,
        file: Arc::clone(file),
        span: advice::place_of(file, "year:"),
        message: format!("chưa có lịch nghỉ chính thức năm {year}: mọi ngày tính ra chỉ là tạm tính"),
        help: Some(format!(
            "khi có thông báo thì thêm tệp calendar/{year}.yaml; in mẫu tệp: nhacviec calendar next-notice"
        )),
    };
    provisional.map(warning).collect()
}

fn read_text(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    // A pipe or a device would keep the daemon waiting for ever.
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(path)
}
