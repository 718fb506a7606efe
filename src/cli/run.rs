//! `nhacviec run`: the daemon.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use super::Exit;
use crate::{
    config::{self, Folders},
    daemon::{self, Found},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Run {
    /// Chỉ chạy một lượt rồi thoát: hỏi hệ thống một cửa, quyết định, gửi
    #[arg(long, help_heading = "Tùy chọn")]
    once: bool,
    /// Ghi nhật ký dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json_log: bool,
}

impl Run {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        start_log(self.json_log);
        let (config, found) = match config::load(folders) {
            Ok(config) => (config, Found::InPlace),
            Err(error) => {
                super::check::print_findings(&error.findings);
                let Some(config) = config::load_last_good(folders) else { return Ok(Exit::Config) };
                tracing::error!("the configuration is wrong; starting with the last good one");
                (config, Found::LastGood(error.one_line()))
            }
        };
        for warning in &config.warnings() {
            tracing::warn!(finding = warning.one_line(), "the configuration is unwise");
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("không khởi động được")?;
        runtime.block_on(daemon::run(config, found, folders.clone(), self.once))?;
        Ok(Exit::Done)
    }
}

/// Logs to the journal under systemd, to standard error otherwise. The scheduler is noisy at `info`.
fn start_log(is_json: bool) {
    let filter =
        EnvFilter::try_from_env("NHACVIEC_LOG").unwrap_or_else(|_| EnvFilter::new("info,tokio_cron_scheduler=warn"));
    let registry = tracing_subscriber::registry().with(filter);
    if is_json {
        registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).init();
        return;
    }
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    if let Some(layer) = journal {
        registry.with(layer).init();
    } else {
        let layer = tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal());
        registry.with(layer.with_writer(std::io::stderr)).init();
    }
}
