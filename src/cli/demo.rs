//! `nhacviec demo`: the rehearsal of 2023.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{Exit, print};
use crate::demo;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Demo {
    /// Thư mục ghi kết quả; phải chưa có hoặc còn trống. Mặc định: một thư mục tạm mới
    #[arg(long, value_name = "THƯ MỤC", help_heading = "Tùy chọn")]
    out: Option<PathBuf>,
}

impl Demo {
    pub fn execute(&self) -> anyhow::Result<Exit> {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => fresh_folder(),
        };
        if out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            anyhow::bail!("thư mục {} không trống; chọn thư mục khác bằng --out", out.display());
        }
        // The year is told line by line; warnings of the staged faults would only interrupt it.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("không khởi động được")?;
        let summary = runtime.block_on(demo::rehearse(&out, &print))?;
        Ok(if summary.is_sound() { Exit::Done } else { Exit::NeedsAttention })
    }
}

fn fresh_folder() -> PathBuf {
    let base = std::env::temp_dir();
    let mut name = format!("nhacviec-demo-{}", std::process::id());
    while base.join(&name).exists() {
        name.push('x');
    }
    base.join(name)
}
