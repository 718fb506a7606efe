//! `nhacviec check`: every mistake at once, exactly as the daemon would judge it.

use serde_json::json;

use super::{Exit, print, print_json};
use crate::config::{
    self, Folders,
    finding::{Finding, Severity},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Check {
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

impl Check {
    pub fn execute(&self, folders: &Folders) -> Exit {
        let (findings, summary) = match config::load(folders) {
            Ok(config) => {
                let plans = &config.office.agenda.plans;
                let tasks: usize = plans.iter().map(|p| p.tasks.len()).sum();
                let units = config.office.directory.units.len();
                (
                    config.warnings,
                    Some(format!("Cấu hình dùng được: {} kế hoạch, {tasks} nhiệm vụ, {units} đơn vị.", plans.len())),
                )
            }
            Err(error) => (error.findings, None),
        };
        if self.json {
            print_json(
                &json!({ "usable": summary.is_some(), "findings": findings.iter().map(to_json).collect::<Vec<_>>() }),
            );
        } else {
            print_findings(&findings);
            print(
                &summary
                    .clone()
                    .unwrap_or_else(|| "Cấu hình CHƯA dùng được: sửa các lỗi trên rồi kiểm tra lại.".to_owned()),
            );
        }
        if summary.is_some() { Exit::Done } else { Exit::Config }
    }
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
