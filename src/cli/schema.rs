//! `nhacviec schema`: what each file may hold, for editors that complete and explain while one types.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;

use super::{Exit, print};
use crate::config::schema::{self, SCHEMAS};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Schema {
    /// Loại tệp cần in lược đồ; không ghi thì liệt kê các loại
    #[arg(
        value_name = "LOẠI",
        value_parser = PossibleValuesParser::new(SCHEMAS.map(|(kind, _)| kind)),
        help_heading = "Tham số"
    )]
    kind: Option<String>,
    /// Ghi mọi lược đồ vào thư mục này, đè lên bản cũ
    #[arg(long, value_name = "THƯ MỤC", conflicts_with = "kind", help_heading = "Tùy chọn")]
    out: Option<PathBuf>,
}

impl Schema {
    pub fn execute(&self) -> anyhow::Result<Exit> {
        if let Some(folder) = &self.out {
            schema::write_to(folder)
                .with_context(|| format!("không ghi được lược đồ vào thư mục {}", folder.display()))?;
            print(&format!("đã ghi {} lược đồ vào {}", SCHEMAS.len(), folder.display()));
            return Ok(Exit::Done);
        }
        match self.kind.as_deref() {
            None => SCHEMAS.iter().for_each(|(kind, _)| print(&format!("{kind:<10}{}", described(kind)))),
            Some(kind) => SCHEMAS.iter().filter(|(known, _)| *known == kind).for_each(|(_, s)| print(s.trim_end())),
        }
        Ok(Exit::Done)
    }
}

fn described(kind: &str) -> &'static str {
    match kind {
        "nhacviec" => "nhacviec.yaml: cơ quan, giờ gửi, kênh gửi, hệ thống một cửa, chính sách nhắc",
        "units" => "units.yaml: đơn vị, nhóm đơn vị, người nhận tin, chức vụ",
        "plan" => "plans/*.yaml: kế hoạch, chỉ tiêu, nhiệm vụ",
        "calendar" => "calendar/*.yaml: ngày nghỉ, ngày làm bù của một năm",
        "holidays" => "holidays.yaml: ngày lễ hằng năm, ngày cơ quan nghỉ riêng",
        _ => "profiles/*.yaml: loại hệ thống một cửa riêng của cơ quan",
    }
}
