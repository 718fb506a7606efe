//! `nhacviec template`: the templates in the binary, to be copied and changed.

use anyhow::bail;

use super::{Exit, print};
use crate::message::BUILT_IN;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Template {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Liệt kê các mẫu tin
    List,
    /// In một mẫu tin; chép vào thư mục templates cạnh nhacviec.yaml rồi sửa
    Show {
        /// Tên mẫu, ví dụ digest.html.j2
        #[arg(value_name = "MẪU", help_heading = "Tham số")]
        name: String,
    },
}

impl Template {
    pub fn execute(&self) -> anyhow::Result<Exit> {
        match &self.what {
            What::List => BUILT_IN.iter().for_each(|(name, _)| print(&format!("{name:<20} {}", purpose(name)))),
            What::Show { name } => {
                let Some((_, source)) = BUILT_IN.iter().find(|(known, _)| known == name) else {
                    let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                    bail!("không có mẫu tin «{name}»; các mẫu: {}", names.join(", "));
                };
                print(source.trim_end());
            }
        }
        Ok(Exit::Done)
    }
}

fn purpose(name: &str) -> &'static str {
    match name {
        "digest.txt.j2" => "thư, phần văn bản thường",
        "digest.html.j2" => "thư, phần trình bày (HTML)",
        _ => "tin Zalo",
    }
}
