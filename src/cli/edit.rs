//! `nhacviec unit add`, `person add`, `address set`: `units.yaml` by commands instead of by hand.

use anyhow::{Context as _, bail};

use super::{Exit, check::print_findings, print};
use crate::config::{
    Folders,
    edit::{Change, EditError, Given, change_units},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Unit {
    #[command(subcommand)]
    what: UnitCommand,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum UnitCommand {
    /// Thêm một đơn vị vào units.yaml
    Add(AddUnit),
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct AddUnit {
    /// Mã đơn vị: ngắn, không dấu, ví dụ p-cong-nghiep
    #[arg(value_name = "MÃ", help_heading = "Tham số")]
    id: String,
    /// Tên như kế hoạch viết
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    name: String,
    /// Cách viết khác của tên (nhiều lần)
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    alias: Vec<String>,
    /// Người đứng đầu (mã người)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    head: Option<String>,
    /// Phó giám đốc phụ trách (mã người)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    overseen_by: Option<String>,
    /// Người nhận tin của đơn vị (mã người, nhiều lần); không ghi thì người đứng đầu nhận
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    contact: Vec<String>,
    /// Hộp thư chung của đơn vị
    #[arg(long, value_name = "ĐỊA CHỈ", help_heading = "Tùy chọn")]
    mailbox: Option<String>,
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Person {
    #[command(subcommand)]
    what: PersonCommand,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum PersonCommand {
    /// Thêm một người vào units.yaml, và vào danh sách nhận tin của đơn vị
    Add(AddPerson),
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
struct AddPerson {
    /// Mã người: ngắn, không dấu, ví dụ nguyen-van-an
    #[arg(value_name = "MÃ", help_heading = "Tham số")]
    id: String,
    /// Họ tên
    #[arg(long, value_name = "HỌ TÊN", help_heading = "Tùy chọn")]
    name: String,
    /// Chức vụ
    #[arg(long, value_name = "CHỨC VỤ", help_heading = "Tùy chọn")]
    title: Option<String>,
    #[command(flatten)]
    addresses: Addresses,
    /// Đơn vị mà người này nhận tin (mã đơn vị, nhiều lần)
    #[arg(long, value_name = "ĐƠN VỊ", help_heading = "Tùy chọn")]
    unit: Vec<String>,
    /// Người này đứng đầu các đơn vị ghi ở --unit
    #[arg(long, requires = "unit", help_heading = "Tùy chọn")]
    head: bool,
}

/// The ways to reach a person; the empty text takes one away.
#[derive(clap::Args)]
struct Addresses {
    /// Địa chỉ thư điện tử
    #[arg(long, value_name = "ĐỊA CHỈ", help_heading = "Tùy chọn")]
    email: Option<String>,
    /// Số điện thoại di động, dùng cho mẫu tin Zalo
    #[arg(long, value_name = "SỐ", help_heading = "Tùy chọn")]
    phone: Option<String>,
    /// Mã cuộc trò chuyện với Zalo Bot
    #[arg(long, value_name = "MÃ", help_heading = "Tùy chọn")]
    zalo_chat: Option<String>,
    /// Mã người quan tâm OA (xem: nhacviec zalo users)
    #[arg(long, value_name = "MÃ", help_heading = "Tùy chọn")]
    zalo_user: Option<String>,
    /// Mã nhóm Zalo của OA (xem: nhacviec zalo groups)
    #[arg(long, value_name = "MÃ", help_heading = "Tùy chọn")]
    zalo_group: Option<String>,
}

impl Addresses {
    fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("email", &self.email),
            ("phone", &self.phone),
            ("zalo_chat", &self.zalo_chat),
            ("zalo_user", &self.zalo_user),
            ("zalo_group", &self.zalo_group),
        ];
        all.into_iter().filter_map(|(key, value)| value.as_deref().map(|value| (key, value.trim()))).collect()
    }
}

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Address {
    #[command(subcommand)]
    what: AddressCommand,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum AddressCommand {
    /// Đặt, đổi hoặc bỏ địa chỉ của một người (hoặc hộp thư của một đơn vị) trong units.yaml
    Set(SetAddress),
}

#[derive(clap::Args)]
#[command(
    help_template = super::usage::TEMPLATE,
    group(clap::ArgGroup::new("ways").required(true).multiple(true).args(["email", "phone", "zalo_chat", "zalo_user", "zalo_group", "mailbox"]))
)]
struct SetAddress {
    /// Mã người; với --mailbox là mã đơn vị
    #[arg(value_name = "MÃ", help_heading = "Tham số")]
    id: String,
    #[command(flatten)]
    addresses: Addresses,
    /// Hộp thư chung của đơn vị
    #[arg(
        long,
        value_name = "ĐỊA CHỈ",
        conflicts_with_all = ["email", "phone", "zalo_chat", "zalo_user", "zalo_group"],
        help_heading = "Tùy chọn"
    )]
    mailbox: Option<String>,
}

impl Unit {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let UnitCommand::Add(unit) = &self.what;
        let mut entry = vec![("id", text(&unit.id)), ("name", text(&unit.name))];
        entry.extend(some_list("aliases", &unit.alias));
        entry.extend(unit.head.as_deref().map(|head| ("head", text(head))));
        entry.extend(unit.overseen_by.as_deref().map(|person| ("overseen_by", text(person))));
        let from_head = || unit.head.iter().cloned().collect::<Vec<_>>();
        let contacts = if unit.contact.is_empty() { from_head() } else { unit.contact.clone() };
        entry.extend(some_list("contacts", &contacts));
        entry.extend(unit.mailbox.as_deref().map(|mailbox| ("mailbox", text(mailbox))));
        refuse_odd_id(&unit.id)?;
        change(folders, &[Change::Add { section: "units", entry }])
    }
}

impl Person {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let PersonCommand::Add(person) = &self.what;
        let mut entry = vec![("id", text(&person.id)), ("name", text(&person.name))];
        entry.extend(person.title.as_deref().map(|title| ("title", text(title))));
        entry.extend(person.addresses.given().into_iter().map(|(key, address)| (key, text(address))));
        refuse_odd_id(&person.id)?;
        let mut changes = vec![Change::Add { section: "people", entry }];
        for unit in &person.unit {
            changes.push(Change::Append { section: "units", id: unit, key: "contacts", value: &person.id });
            if person.head {
                changes.push(Change::Set { section: "units", id: unit, key: "head", value: Some(&person.id) });
            }
        }
        change(folders, &changes)
    }
}

impl Address {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let AddressCommand::Set(set) = &self.what;
        let id = set.id.as_str();
        let value = |text: &'_ str| -> Option<String> { (!text.is_empty()).then(|| text.to_owned()) };
        let mut wanted: Vec<(&'static str, &'static str, Option<String>)> =
            set.addresses.given().into_iter().map(|(key, address)| ("people", key, value(address))).collect();
        wanted.extend(set.mailbox.as_deref().map(|mailbox| ("units", "mailbox", value(mailbox.trim()))));
        let changes: Vec<Change<'_>> = wanted
            .iter()
            .map(|(section, key, value)| Change::Set { section, id, key, value: value.as_deref() })
            .collect();
        change(folders, &changes)
    }
}

fn has_line_end(change: &Change<'_>) -> bool {
    let is_odd = |text: &str| text.contains(char::is_control);
    match change {
        Change::Add { entry, .. } => entry.iter().any(|(_, given)| match given {
            Given::Text(text) => is_odd(text),
            Given::List(texts) => texts.iter().any(|text| is_odd(text)),
        }),
        Change::Set { value, .. } => value.is_some_and(is_odd),
        Change::Append { value, .. } => is_odd(value),
    }
}

fn text(value: &str) -> Given {
    Given::Text(value.trim().to_owned())
}

fn some_list(key: &'static str, values: &[String]) -> Option<(&'static str, Given)> {
    (!values.is_empty()).then(|| (key, Given::List(values.to_vec())))
}

/// An id stands on command lines and in the store for ever.
fn refuse_odd_id(id: &str) -> anyhow::Result<()> {
    let is_plain = id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_plain || id.is_empty() || !id.starts_with(|c: char| c.is_ascii_lowercase()) {
        bail!(
            "mã «{id}» không dùng được: chỉ gồm chữ thường không dấu, số và dấu gạch ngang, bắt đầu bằng chữ, ví dụ p-cong-nghiep"
        );
    }
    Ok(())
}

fn change(folders: &Folders, changes: &[Change<'_>]) -> anyhow::Result<Exit> {
    if changes.iter().any(has_line_end) {
        bail!("mỗi giá trị chỉ trên một dòng");
    }
    let path = folders.config.join("units.yaml");
    let lines = match change_units(&folders.config, changes) {
        Ok(lines) => lines,
        Err(EditError::Wrong(findings)) => {
            print_findings(&findings);
            print("Không thay đổi gì: sửa các lỗi trên rồi làm lại.");
            return Ok(Exit::Config);
        }
        Err(EditError::NoEntry(id)) => bail!("không có mã «{id}» trong {}", path.display()),
        Err(EditError::Layout) => {
            bail!("{}: cách trình bày của tệp này không sửa tự động được; mở tệp và sửa bằng tay", path.display())
        }
        Err(EditError::File(error)) => {
            return Err(error).with_context(|| format!("không đọc hoặc ghi được {}", path.display()));
        }
    };
    let what = if lines.is_empty() { " (bỏ những gì để trống)." } else { ":" };
    print(&format!("Đã sửa {}{what}", path.display()));
    for line in &lines {
        print(line);
    }
    print("Kiểm tra bằng: nhacviec check; đưa vào dùng bằng: systemctl reload nhacviec");
    Ok(Exit::Done)
}
