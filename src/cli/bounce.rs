//! `nhacviec bounce`: takes messages that came back, as a mail system's pipe or by hand.

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use anyhow::{Context as _, bail};

use super::{Exit, STORE_FAILED, block_on, load_config, open_store, print};
use crate::{
    clock::{Clock, SystemClock},
    config::Folders,
    domain::returned::{self, Returned},
    message::vietnamese::moment,
};

/// Reports name a few kilobytes of what came back, never more than the message itself.
const MOST_BYTES: u64 = 20_000_000;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Bounce {
    /// Các tệp thư bị trả lại; không ghi tệp nào thì đọc một thư từ đầu vào chuẩn
    #[arg(value_name = "TỆP", help_heading = "Tham số")]
    files: Vec<PathBuf>,
    /// Xem các địa chỉ đang bị trả lại thư
    #[arg(long, conflicts_with_all = ["files", "clear"], help_heading = "Tùy chọn")]
    list: bool,
    /// Bỏ dấu «bị trả lại» của một địa chỉ đã sửa xong
    #[arg(long, value_name = "ĐỊA CHỈ", conflicts_with = "files", help_heading = "Tùy chọn")]
    clear: Option<String>,
}

impl Bounce {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let store = open_store(&config)?;
        let now = SystemClock.now();
        if self.list {
            let bounces = block_on(store.bounces())?.context(STORE_FAILED)?;
            let zone = config.office.hours.zone;
            for b in &bounces {
                print(&format!(
                    "{}: từ {}, lần cuối {}: {}",
                    b.address,
                    moment(zone, b.first_at),
                    moment(zone, b.last_at),
                    b.detail
                ));
            }
            if bounces.is_empty() {
                print("Không có địa chỉ nào bị trả lại thư.");
            }
            return Ok(Exit::Done);
        }
        if let Some(address) = &self.clear {
            if !block_on(store.clear_bounce(address.clone(), now))?.context(STORE_FAILED)? {
                bail!("địa chỉ «{address}» không có trong danh sách bị trả lại; xem: nhacviec bounce --list");
            }
            print(&format!("Đã bỏ dấu bị trả lại của {address}."));
            return Ok(Exit::Done);
        }
        let mut is_well = true;
        for (name, text) in self.messages()? {
            let returned = returned::read(&text);
            if returned.is_empty() {
                print(&format!("{name}: không phải thông báo trả lại thư (hoặc chỉ báo chậm), bỏ qua"));
                is_well = false;
            }
            for one in returned {
                let Returned { address, .. } = &one;
                let address = address.clone();
                let taken = block_on(store.take_return(one, now))?.context(STORE_FAILED)?;
                print(&format!(
                    "{address}: đã đánh dấu bị trả lại; {} tin chưa tới, {} tin chuyển sang kênh khác",
                    taken.failed, taken.handed_over
                ));
            }
        }
        Ok(if is_well { Exit::Done } else { Exit::NeedsAttention })
    }

    fn messages(&self) -> anyhow::Result<Vec<(String, String)>> {
        if self.files.is_empty() {
            let mut bytes = Vec::new();
            io::stdin().take(MOST_BYTES).read_to_end(&mut bytes).context("không đọc được đầu vào chuẩn")?;
            return Ok(vec![("thư".to_owned(), String::from_utf8_lossy(&bytes).into_owned())]);
        }
        self.files
            .iter()
            .map(|path| {
                let mut bytes = Vec::new();
                let file = fs::File::open(path).with_context(|| format!("không mở được {}", path.display()))?;
                file.take(MOST_BYTES)
                    .read_to_end(&mut bytes)
                    .with_context(|| format!("không đọc được {}", path.display()))?;
                Ok((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()))
            })
            .collect()
    }
}
