//! `nhacviec plan`: a plan as a table, in its normal form, as the draft of next year's, and begun in the middle of a year.

mod begin;
mod show;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};

use super::{
    Exit, STORE_FAILED, block_on, check::print_findings, import::write_new, load_config, open_existing_store, print,
};
use crate::{
    config::{self, Config, Folders, PlanFile, files, finding::Finding, rollover::NoDraft},
    domain::{
        deadline::DeadlineKind,
        life::{Ending, Reports},
        occurrence::OccurrenceKind,
        plan::{Plan, Task},
    },
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct PlanCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// In phụ lục thành bảng, kèm tình trạng từng nhiệm vụ
    Show(show::Show),
    /// Bắt đầu theo dõi kế hoạch giữa năm: những hạn đã qua mà chưa ai báo gì thì không nhắc
    Begin(begin::Begin),
    /// Soạn kế hoạch năm sau từ kế hoạch năm nay: dời ngày, bỏ số văn bản, bỏ việc một lần đã xong; kê mọi thay đổi
    Rollover(Rollover),
    /// Trình bày lại tệp kế hoạch cho thống nhất; nội dung và ghi chú giữ nguyên
    Fmt(Fmt),
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct Rollover {
    /// Mã kế hoạch, hoặc đường dẫn tệp
    #[arg(value_name = "KẾ HOẠCH", help_heading = "Tham số")]
    plan: String,
    /// Năm của kế hoạch mới (năm học: năm đầu)
    #[arg(long, value_name = "NĂM", value_parser = clap::value_parser!(i32).range(2000..=2100), help_heading = "Tùy chọn")]
    year: i32,
    /// Ghi bản nháp ra tệp mới thay vì in ra màn hình
    #[arg(long, value_name = "TỆP", help_heading = "Tùy chọn")]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct Fmt {
    /// Mã kế hoạch hoặc đường dẫn tệp; không ghi thì mọi kế hoạch
    #[arg(value_name = "KẾ HOẠCH", help_heading = "Tham số")]
    plans: Vec<String>,
    /// Chỉ kiểm tra, không ghi; mã thoát 1 nếu có tệp chưa thống nhất
    #[arg(long, help_heading = "Tùy chọn")]
    check: bool,
}

impl PlanCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        match &self.what {
            What::Show(show) => show.execute(folders),
            What::Begin(begin) => begin.execute(folders),
            What::Rollover(rollover) => rollover.execute(folders),
            What::Fmt(fmt) => fmt.execute(folders),
        }
    }
}

impl Rollover {
    fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let path = find(&self.plan, &folders.config)?;
        let file = match PlanFile::open(&path) {
            Ok(file) => file,
            Err(findings) => return Ok(refuse(&findings)),
        };
        let id = config::read_written_plan(&path).ok().and_then(|(id, _)| id);
        let plan = config.office.agenda.plans.iter().find(|plan| Some(plan.id.as_str()) == id.as_deref());
        let finished = plan.map(|plan| finished(&config, plan)).transpose()?.unwrap_or_default();
        let rolled = match file.rolled(self.year, &finished) {
            Ok(rolled) => rolled,
            Err(NoDraft::Year(first)) => {
                bail!("kế hoạch «{}» đã là của năm {first}: --year phải là năm sau đó", self.plan)
            }
            Err(NoDraft::Braces(task)) => bail!(
                "{}: nhiệm vụ «{task}» ghi trong dấu ngoặc {{ }} nên không bỏ được mục settled; ghi lại mỗi mục một dòng",
                path.display()
            ),
            Err(NoDraft::Layout) => bail!(
                "{}: cách trình bày của tệp này không sửa tự động được; mỗi nhiệm vụ phải bắt đầu bằng một dòng «  - id: …»",
                path.display()
            ),
        };
        match &self.out {
            None => print(rolled.text.trim_end()),
            Some(out) => write_new(out, &rolled.text)?,
        }
        let mut said = vec![format!("kế hoạch «{}»: {} thay đổi", rolled.id, rolled.changes.len())];
        said.extend(rolled.changes.iter().map(|change| format!("  - {change}")));
        if !rolled.reviews.is_empty() {
            said.push(format!("cần xem lại {} chỗ:", rolled.reviews.len()));
            said.extend(rolled.reviews.iter().map(|review| format!("  - {review}")));
        }
        said.extend(self.out.as_ref().map(|out| format!("đã ghi {}; kiểm tra bằng: nhacviec check", out.display())));
        eprintln!("{}", said.join("\n"));
        Ok(Exit::Done)
    }
}

/// The tasks with a date of their own that every unit has finished: they are not asked for again.
fn finished(config: &Config, plan: &Plan) -> anyhow::Result<BTreeSet<String>> {
    let reports = reports(config)?;
    let is_finished = |task: &Task| {
        let mut occurrences = config.office.agenda.of_task(&plan.id, &task.id).peekable();
        let is_one_off = matches!(task.reading.kind(), DeadlineKind::Dated) && occurrences.peek().is_some();
        is_one_off
            && occurrences.all(|o| {
                let ending = reports.life(o.subject()).and_then(|life| life.ending.as_ref());
                matches!(o.kind, OccurrenceKind::Dated(_)) && matches!(ending, Some(Ending::Completed { .. }))
            })
    };
    Ok(plan.tasks.iter().filter(|task| is_finished(task)).map(|task| task.id.to_string()).collect())
}

/// What was reported so far.
fn reports(config: &Config) -> anyhow::Result<Arc<Reports>> {
    match open_existing_store(config)? {
        Some(store) => block_on(store.reports())?.context(STORE_FAILED),
        None => Ok(Arc::default()),
    }
}

impl Fmt {
    fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let paths = match self.plans.as_slice() {
            [] => plan_paths(&folders.config)?,
            plans => plans.iter().map(|plan| find(plan, &folders.config)).collect::<anyhow::Result<_>>()?,
        };
        let mut exit = Exit::Done;
        for path in paths {
            let file = match PlanFile::open(&path) {
                Ok(file) => file,
                Err(findings) => {
                    exit = refuse(&findings);
                    continue;
                }
            };
            let shown = path.display();
            let Some(tidied) = file.tidied() else {
                print(&format!(
                    "{shown}: để nguyên, cách trình bày quá khác mẫu (mỗi nhiệm vụ phải bắt đầu bằng một dòng «  - id: …»)"
                ));
                exit = if exit == Exit::Done { Exit::NeedsAttention } else { exit };
                continue;
            };
            let old = fs::read_to_string(&path).with_context(|| format!("không đọc được {shown}"))?;
            match (old == tidied, self.check) {
                (true, _) => print(&format!("{shown}: đã thống nhất")),
                (false, true) => {
                    print(&format!("{shown}: chưa thống nhất"));
                    exit = if exit == Exit::Done { Exit::NeedsAttention } else { exit };
                }
                (false, false) => {
                    files::replace(&path, &tidied).with_context(|| format!("không ghi được {shown}"))?;
                    print(&format!("{shown}: đã trình bày lại"));
                }
            }
        }
        Ok(exit)
    }
}

fn refuse(findings: &[Finding]) -> Exit {
    print_findings(findings);
    Exit::Config
}

/// The file of a plan named by its key or its path.
pub fn find(plan: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let path = Path::new(plan);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let mut known = Vec::new();
    for path in plan_paths(folder).with_context(|| format!("không có kế hoạch «{plan}»"))? {
        match config::read_written_plan(&path) {
            Ok((Some(id), _)) if id == plan => return Ok(path),
            Ok((id, _)) => known.extend(id),
            // Whoever opens it says what is wrong with it.
            Err(_) if path.file_stem().is_some_and(|stem| stem == plan) => return Ok(path),
            Err(_) => {}
        }
    }
    bail!("không có kế hoạch «{plan}»; các kế hoạch: {}", known.join(", "))
}

fn plan_paths(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let plans = folder.join("plans");
    let entries = fs::read_dir(&plans).with_context(|| format!("không đọc được thư mục {}", plans.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    Ok(paths)
}
