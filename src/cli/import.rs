//! `nhacviec import plan`: a signed document becomes a draft of a plan file, or what it changes in a plan.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde_json::json;
use unicode_normalization::UnicodeNormalization as _;

use super::{Exit, check::print_findings, plan::find, print, print_json, usage::Hint};
use crate::{
    config::{self, Folders, files, schema::PLAN_MODELINE, starter},
    domain::deadline::YearContext,
    import::{
        self, Draft, KnownNames, Options,
        diff::{self, Change, WrittenTask},
        yaml,
    },
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Nhập phụ lục nhiệm vụ của một văn bản thành bản nháp kế hoạch (YAML), kèm danh sách chỗ cần xem lại
    Plan(PlanCommand),
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct PlanCommand {
    /// Văn bản đã ký: .docx, .xlsx, .tsv, hoặc .txt chép từ PDF
    #[arg(value_name = "TỆP", help_heading = "Tham số")]
    file: PathBuf,
    /// Mã kế hoạch; không ghi thì đặt theo tên tệp
    #[arg(long, value_name = "MÃ", help_heading = "Tùy chọn")]
    id: Option<String>,
    /// Tên kế hoạch; không ghi thì lấy trong văn bản
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    title: Option<String>,
    /// Năm của kế hoạch, năm học viết như 2025-2026; không ghi thì lấy trong văn bản
    #[arg(long, value_name = "NĂM", value_parser = year, help_heading = "Tùy chọn")]
    year: Option<YearContext>,
    /// So với kế hoạch đang dùng (mã kế hoạch hoặc đường dẫn tệp): dòng thêm, bỏ, sửa; không in bản nháp
    #[arg(long, value_name = "KẾ HOẠCH", conflicts_with = "out", help_heading = "Tùy chọn")]
    into: Option<String>,
    /// Ghi bản nháp ra tệp mới thay vì in ra màn hình
    #[arg(long, value_name = "TỆP", conflicts_with = "json", help_heading = "Tùy chọn")]
    out: Option<PathBuf>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

fn year(text: &str) -> Result<YearContext, Hint> {
    let is_plausible = |year: &YearContext| matches!(year, YearContext::Year(first) | YearContext::SchoolYear(first) if (2000..=2100).contains(first));
    text.parse().ok().filter(is_plausible).ok_or(Hint("viết năm như 2026, năm học như 2025-2026"))
}

impl Import {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let What::Plan(command) = &self.what;
        command.execute(folders)
    }
}

impl PlanCommand {
    fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let names = match config::read_unit_names(&folders.config) {
            Ok(names) => names.map(KnownNames::new).unwrap_or_default(),
            Err(findings) => {
                print_findings(&findings);
                return Ok(Exit::Config);
            }
        };
        let path = self.into.as_deref().map(|plan| find(plan, &folders.config)).transpose()?;
        let plan = match path.as_deref().map(config::read_written_plan) {
            Some(Err(findings)) => {
                print_findings(&findings);
                return Ok(Exit::Config);
            }
            Some(Ok((_, tasks))) => Some(tasks),
            None => None,
        };
        let title = self.title.as_deref().map(|title| title.trim().nfc().collect());
        let options = Options { names, title, year: self.year };
        let bytes = read_file(&self.file)?;
        let draft = match import::read_document(&bytes, &options) {
            Ok(draft) => draft,
            Err(refused) => bail!("{}: {}", self.file.display(), refused.sentence()),
        };
        match plan {
            Some(tasks) => self.print_changes(&tasks, &draft),
            None => self.print_draft(&draft)?,
        }
        Ok(if draft.needs_person() { Exit::NeedsAttention } else { Exit::Done })
    }

    fn print_draft(&self, draft: &Draft) -> anyhow::Result<()> {
        let id = self.id.clone().unwrap_or_else(|| id_of(&self.file));
        if self.json {
            print_json(&as_json(draft, &id));
            return Ok(());
        }
        let file = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = format!("{PLAN_MODELINE}\n{}", yaml::write(draft, yaml::Head { id: &id, file: &file }));
        match &self.out {
            None => print(text.trim_end()),
            Some(path) => write_new(path, &text)?,
        }
        self.print_reviews(draft);
        Ok(())
    }

    fn print_reviews(&self, draft: &Draft) {
        let mut lines = Vec::new();
        if let Some(path) = &self.out {
            lines.push(format!("đã ghi {} nhiệm vụ vào {}", draft.rows.len(), path.display()));
        }
        let reviews = yaml::review_list(draft);
        if reviews.is_empty() {
            lines.push(format!("{} nhiệm vụ, không có chỗ nào cần xem lại", draft.rows.len()));
        } else {
            lines.push(format!("{} nhiệm vụ; cần xem lại {} chỗ:", draft.rows.len(), reviews.len()));
            lines.extend(reviews.into_iter().map(|line| format!("  - {line}")));
        }
        let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    }

    fn print_changes(&self, tasks: &[WrittenTask], draft: &Draft) {
        let changes = diff::compare(tasks, draft);
        if self.json {
            let review = yaml::review_list(draft);
            print_json(&json!({ "changes": changes, "review": review }));
            return;
        }
        if changes.is_empty() {
            print("Văn bản và kế hoạch giống nhau.");
        } else {
            print(&changes.iter().map(described).collect::<Vec<_>>().join("\n"));
            let count = |is: fn(&Change) -> bool| changes.iter().filter(|change| is(change)).count();
            print(&format!(
                "{} dòng thêm, {} dòng bỏ, {} dòng sửa",
                count(|c| matches!(c, Change::Added { .. })),
                count(|c| matches!(c, Change::Dropped { .. })),
                count(|c| matches!(c, Change::Changed { .. }))
            ));
        }
        self.print_reviews(draft);
    }
}

/// Reads no more than may be read, from a regular file: a device would never end.
fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let unreadable = || format!("không đọc được tệp {}", path.display());
    let metadata = fs::metadata(path).with_context(unreadable)?;
    if !metadata.is_file() {
        bail!("{} không phải là một tệp", path.display());
    }
    let mut bytes = Vec::new();
    let limit = import::MAX_BYTES as u64 + 1;
    File::open(path).with_context(unreadable)?.take(limit).read_to_end(&mut bytes).with_context(unreadable)?;
    Ok(bytes)
}

/// A draft must not overwrite a plan that somebody has worked on.
pub fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    match files::write_new(path, text, 0o644) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("đã có tệp {}: chọn tên khác, hoặc so sánh bằng --into", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("không ghi được tệp {}", path.display())),
    }
}

/// The file's name in small letters without marks: `Kế hoạch 2026.docx` is `ke-hoach-2026`.
fn id_of(path: &Path) -> String {
    let id = starter::id_of(&path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default());
    if id.is_empty() { "ke-hoach".to_owned() } else { id }
}

fn as_json(draft: &Draft, id: &str) -> serde_json::Value {
    let year = match draft.year {
        Some(YearContext::Year(year)) => json!(year.to_string()),
        Some(YearContext::SchoolYear(first)) => json!(format!("{first}-{}", first + 1)),
        Some(YearContext::Unknown) | None => json!(null),
    };
    let rows: Vec<serde_json::Value> = draft
        .rows
        .iter()
        .map(|row| {
            json!({ "id": row.id, "section": row.section, "content": row.content, "lead": row.lead,
                    "coordinating": row.coordinating, "deadline": row.deadline, "product": row.product,
                    "source": row.place, "confidence": row.confidence(), "reviews": row.reviews })
        })
        .collect();
    json!({ "plan": { "id": id, "title": draft.title, "year": year, "until": draft.until },
            "tasks": rows, "remarks": draft.remarks })
}

fn described(change: &Change) -> String {
    match change {
        Change::Added { row } => {
            let units = row.lead.join(", ");
            format!("+ {}: {}\n    chủ trì: {units}; thời hạn: {}", row.id, row.content, row.deadline)
        }
        Change::Dropped { id, content } => format!("- {id}: {content}"),
        Change::Changed { id, content, fields } => {
            let lines = fields.iter().map(|f| {
                let shown = |text: &str| if text.is_empty() { "(trống)".to_owned() } else { format!("«{text}»") };
                format!("    {}: {} → {}", field_name(f.field), shown(&f.old), shown(&f.new))
            });
            std::iter::once(format!("~ {id}: {content}")).chain(lines).collect::<Vec<_>>().join("\n")
        }
    }
}

fn field_name(field: &str) -> &str {
    match field {
        "id" => "số thứ tự",
        "section" => "mục",
        "content" => "nội dung",
        "lead" => "chủ trì",
        "coordinating" => "phối hợp",
        "deadline" => "thời hạn",
        "product" => "sản phẩm",
        other => other,
    }
}
