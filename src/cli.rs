//! Owns the commands: the only place that joins configuration, store and adapters.
//!
//! Exit codes: 0 done; 1 something needs a person; 2 wrong usage; 78 wrong configuration (sysexits).

mod bounce;
mod calendar;
mod check;
mod deadline;
mod demo;
mod dossier;
mod dossiers;
mod edit;
mod explain;
mod import;
mod init;
mod online;
mod outbox;
mod plan;
mod preview;
mod report;
mod run;
mod schema;
mod simulate;
mod source;
mod status;
mod targets;
mod tasks;
mod template;
mod test_send;
mod usage;
mod which;
mod zalo;

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
    config::{self, Config, Folders},
    store::{self, Store},
};

/// Said when the store answers with an error.
const STORE_FAILED: &str = "kho dữ liệu không dùng được";

/// What a command ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done,
    NeedsAttention,
    Usage,
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::NeedsAttention => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Config => Self::from(78),
        }
    }
}

#[derive(Parser)]
#[command(
    name = "nhacviec",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
#[command(about = "Nhắc việc theo kế hoạch và hồ sơ một cửa cho cơ quan hành chính")]
#[command(help_template = usage::TEMPLATE, override_usage = "nhacviec [TÙY CHỌN] <LỆNH>", subcommand_help_heading = "Lệnh")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
    /// Xem hướng dẫn
    #[arg(short = 'h', long, global = true, action = clap::ArgAction::Help, help_heading = "Tùy chọn")]
    help: Option<bool>,
    /// Xem phiên bản
    #[arg(short = 'V', long, action = clap::ArgAction::Version, help_heading = "Tùy chọn")]
    version: Option<bool>,
}

/// Where the configuration and the state are.
#[derive(Args)]
struct Place {
    /// Thư mục cấu hình
    #[arg(
        long,
        global = true,
        value_name = "THƯ MỤC",
        default_value = "/etc/nhacviec",
        hide_default_value = true,
        help_heading = "Tùy chọn"
    )]
    config: PathBuf,
    /// Thư mục trạng thái (kho dữ liệu); mặc định do systemd chỉ định, hoặc /var/lib/nhacviec
    #[arg(long, global = true, value_name = "THƯ MỤC", help_heading = "Tùy chọn")]
    state: Option<PathBuf>,
}

#[derive(Subcommand)]
#[command(help_template = usage::TEMPLATE)]
enum Command {
    /// Chạy dịch vụ nhắc việc (systemd gọi lệnh này)
    Run(run::Run),
    /// Kiểm tra cấu hình, báo mọi lỗi một lần
    Check(check::Check),
    /// Xem tình trạng: lần chạy, hệ thống một cửa, tin chưa đi được, trục trặc
    Status(status::StatusCommand),
    /// Xem kế hoạch như đã hiểu: từng nhiệm vụ, cách hiểu thời hạn, các ngày hạn
    Tasks(tasks::Tasks),
    /// Xem các chỉ tiêu: đã đạt, xu hướng, dự báo; nhập kết quả (targets set)
    Targets(targets::Targets),
    /// Báo một nhiệm vụ đã hoàn thành
    Done(report::Done),
    /// Báo đã nhận việc, hẹn ngày nhắc lại
    Ack(report::Ack),
    /// Xin gia hạn, hoặc ghi quyết định về việc gia hạn
    Extend(report::Extend),
    /// Báo việc không thuộc trách nhiệm của đơn vị
    NotOurs(report::NotOurs),
    /// Giao lại việc cho đơn vị khác chủ trì
    Assign(report::Assign),
    /// Ghi một việc phát sinh, hoặc thời hạn mới có của một việc còn thiếu thời hạn
    Open(report::Open),
    /// Tạm dừng nhắc một việc đến một ngày
    Snooze(report::Snooze),
    /// Hủy một việc không còn phải làm
    Cancel(report::Cancel),
    /// Mở lại một việc đã báo hoàn thành hoặc đã hủy
    Reopen(report::Reopen),
    /// Giải thích vì sao đã nhắc, sẽ nhắc hoặc không nhắc một nhiệm vụ hay hồ sơ
    Explain(explain::Explain),
    /// Xem trước các tin sẽ gửi vào một ngày
    Preview(preview::Preview),
    /// Tính thử mọi tin của một khoảng ngày: gửi khi nào, cho ai, vì sao
    Simulate(simulate::Simulate),
    /// Xem hồ sơ một cửa: còn mấy ngày, quá hạn, ai giữ, còn thiếu văn bản gì
    Dossiers(dossiers::Dossiers),
    /// Ghi việc đã làm với hồ sơ chậm: xin lỗi, giải trình, hẹn lại; chuyển đơn
    Dossier(dossier::DossierCommand),
    /// Hệ thống một cửa: thử kết nối, hỏi ngay, xem các loại có sẵn
    Source(source::SourceCommand),
    /// Xem hộp tin đi; gửi lại, thử lại hoặc hủy từng tin
    Outbox(outbox::Outbox),
    /// Gửi tin thử cho một người qua từng kênh
    TestSend(test_send::TestSend),
    /// Zalo: liên kết người nhận, cấp quyền, kiểm tra
    Zalo(zalo::Zalo),
    /// Ghi nhận thư bị trả lại (đọc thư từ tệp hoặc đầu vào chuẩn)
    Bounce(bounce::Bounce),
    /// Xem các mẫu tin có sẵn, để sửa thành mẫu riêng
    Template(template::Template),
    /// In lược đồ (JSON Schema) của các tệp cấu hình, để trình soạn thảo gợi ý và báo lỗi khi gõ
    Schema(schema::Schema),
    /// Xem lịch làm việc của một năm: ngày nghỉ, ngày làm bù
    Calendar(calendar::CalendarCommand),
    /// Xem một thời hạn được hiểu thế nào, các ngày hạn kế tiếp, chỗ nào chưa chắc
    Deadline(deadline::DeadlineCommand),
    /// Tạo cấu hình cho một cơ quan mới: hỏi vài câu rồi ghi các tệp
    Init(init::Init),
    /// Đơn vị: thêm vào units.yaml
    Unit(edit::Unit),
    /// Người nhận tin: thêm vào units.yaml
    Person(edit::Person),
    /// Địa chỉ của người, hộp thư của đơn vị: đặt, đổi, bỏ
    Address(edit::Address),
    /// Kế hoạch: in thành bảng, soạn kế hoạch năm sau, trình bày lại tệp
    Plan(plan::PlanCommand),
    /// Nhập kế hoạch từ văn bản (.docx, .xlsx, .tsv, .txt) thành bản nháp, hoặc so với kế hoạch đang dùng
    Import(import::Import),
    /// Diễn tập cả năm 2023 với cơ quan mẫu, không cần cài đặt gì
    Demo(demo::Demo),
}

/// Runs the command line and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error).into(),
    };
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            // What we say is Vietnamese; what libraries say below it is for whoever helps.
            let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
            let technical = if causes.is_empty() {
                String::new()
            } else {
                format!("\nchi tiết kỹ thuật: {}", causes.join(": "))
            };
            let _ = writeln!(std::io::stderr(), "lỗi: {error}{technical}");
            Exit::NeedsAttention.into()
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let folders = folders(&cli.place);
    match cli.command {
        Command::Run(command) => command.execute(&folders),
        Command::Check(command) => command.execute(&folders),
        Command::Status(command) => command.execute(&folders),
        Command::Tasks(command) => command.execute(&folders),
        Command::Targets(command) => command.execute(&folders),
        Command::Done(command) => command.execute(&folders),
        Command::Ack(command) => command.execute(&folders),
        Command::Extend(command) => command.execute(&folders),
        Command::NotOurs(command) => command.execute(&folders),
        Command::Assign(command) => command.execute(&folders),
        Command::Open(command) => command.execute(&folders),
        Command::Snooze(command) => command.execute(&folders),
        Command::Cancel(command) => command.execute(&folders),
        Command::Reopen(command) => command.execute(&folders),
        Command::Explain(command) => command.execute(&folders),
        Command::Preview(command) => command.execute(&folders),
        Command::Simulate(command) => command.execute(&folders),
        Command::Dossiers(command) => command.execute(&folders),
        Command::Dossier(command) => command.execute(&folders),
        Command::Source(command) => command.execute(&folders),
        Command::Outbox(command) => command.execute(&folders),
        Command::TestSend(command) => command.execute(&folders),
        Command::Zalo(command) => command.execute(&folders),
        Command::Bounce(command) => command.execute(&folders),
        Command::Template(command) => command.execute(),
        Command::Schema(command) => command.execute(),
        Command::Calendar(command) => command.execute(&folders),
        Command::Deadline(command) => command.execute(&folders),
        Command::Init(command) => command.execute(&folders),
        Command::Unit(command) => command.execute(&folders),
        Command::Person(command) => command.execute(&folders),
        Command::Address(command) => command.execute(&folders),
        Command::Plan(command) => command.execute(&folders),
        Command::Import(command) => command.execute(&folders),
        Command::Demo(command) => command.execute(),
    }
}

fn folders(place: &Place) -> Folders {
    // systemd gives a list separated by colons when a unit names several folders; ours names one.
    let from_systemd = || {
        std::env::var("STATE_DIRECTORY")
            .ok()
            .and_then(|v| v.split(':').next().map(PathBuf::from))
            .filter(|p| !p.as_os_str().is_empty())
    };
    Folders {
        config: place.config.clone(),
        state: place.state.clone().or_else(from_systemd).unwrap_or_else(|| PathBuf::from("/var/lib/nhacviec")),
        credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
    }
}

/// The configuration, or `None` after its errors were printed.
fn load_config(folders: &Folders) -> Option<Config> {
    match config::load(folders) {
        Ok(config) => Some(config),
        Err(error) => {
            check::print_findings(&error.findings);
            None
        }
    }
}

/// The same with the chats that people linked to the Zalo bot, as the daemon knows them.
fn load_linked_config(folders: &Folders) -> anyhow::Result<Option<Config>> {
    let Some(config) = load_config(folders) else { return Ok(None) };
    with_links(config).map(Some)
}

fn with_links(config: Config) -> anyhow::Result<Config> {
    let Some(store) = open_existing_store(&config)? else { return Ok(config) };
    let links = block_on(store.zalo_links())?.context(STORE_FAILED)?;
    Ok(config.with_links(&links))
}

/// The daemon's store, if it has ever run; commands that only look must not create one.
fn open_existing_store(config: &Config) -> anyhow::Result<Option<Arc<dyn Store>>> {
    if !config.store_path.exists() {
        return Ok(None);
    }
    open_store(config).map(Some)
}

fn open_store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    store::open(&config.store_path)
        .with_context(|| format!("không mở được kho dữ liệu {}", config.store_path.display()))
}

/// A runtime for commands that only talk to the store.
fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("không khởi động được")?;
    Ok(runtime.block_on(future))
}

/// Prints lines to standard output; a reader that went away (`| head`) is no error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}"));
}
