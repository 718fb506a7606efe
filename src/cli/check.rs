//! `nhacviec check`: every mistake at once, exactly as the daemon would judge it.

use serde_json::json;

use super::{Exit, block_on, online, print, print_json};
use crate::{
    clock::{Clock, SystemClock},
    config::{
        self, Folders,
        finding::{Finding, Severity},
    },
    domain::office::Office,
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Check {
    /// Hỏi thử các máy chủ: đăng nhập máy chủ thư, hỏi hệ thống một cửa, Zalo; không gửi, không lưu gì
    #[arg(long, help_heading = "Tùy chọn")]
    online: bool,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

impl Check {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let (findings, config) = match config::load(folders) {
            Ok(config) => {
                let today = config.office.hours.date(SystemClock.now());
                (config.warnings().into_iter().chain(config.expired_plans(today)).collect(), Some(config))
            }
            Err(error) => (error.findings, None),
        };
        let answers = match config.as_ref().filter(|_| self.online) {
            Some(config) => block_on(online::ask(config))?,
            None => Vec::new(),
        };
        if self.json {
            let answers: Vec<_> = answers
                .iter()
                .map(|a| json!({ "what": a.what, "works": a.result.is_ok(), "said": a.result.as_ref().unwrap_or_else(|said| said) }))
                .collect();
            let findings: Vec<_> = findings.iter().map(to_json).collect();
            print_json(&json!({ "usable": config.is_some(), "findings": findings, "online": answers }));
        } else {
            print_findings(&findings);
            for answer in &answers {
                print(&answer.line());
            }
            print(&config.as_ref().map_or_else(
                || "Cấu hình CHƯA dùng được: sửa các lỗi trên rồi kiểm tra lại.".to_owned(),
                |config| summary(&config.office),
            ));
        }
        Ok(match config {
            None => Exit::Config,
            Some(_) if answers.iter().any(|answer| answer.result.is_err()) => Exit::NeedsAttention,
            Some(_) => Exit::Done,
        })
    }
}

fn summary(office: &Office) -> String {
    let plans = &office.agenda.plans;
    let tasks: usize = plans.iter().map(|p| p.tasks.len()).sum();
    let units = office.directory.units.len();
    format!("Cấu hình dùng được: {} kế hoạch, {tasks} nhiệm vụ, {units} đơn vị.", plans.len())
}

fn to_json(finding: &Finding) -> serde_json::Value {
    let (line, column) = finding.position();
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({ "severity": severity, "file": finding.file.path, "line": line, "column": column, "message": finding.message, "help": finding.help })
}

/// Prints findings with the lines they are about, and how many there are.
pub fn print_findings(findings: &[Finding]) {
    for finding in findings {
        eprintln!("{finding}\n");
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    if !findings.is_empty() {
        eprintln!("{errors} lỗi, {} lưu ý.", findings.len() - errors);
    }
}
