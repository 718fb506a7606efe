//! `nhacviec zalo`: people's chats, the Official Account's grant, and whether Zalo answers.

use anyhow::{Context as _, bail};
use chrono::Duration;
use serde_json::{Value, json};

use super::{
    Exit, STORE_FAILED, block_on, load_linked_config, online, open_existing_store, open_store, print, print_json,
};
use crate::{
    channel::{Account, ZaloOaSettings, linking, tokens::Pair},
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{directory::ChannelKind, ids::PersonId},
    message::vietnamese::moment,
};

/// A code is used within a week or asked for again.
const CODE_LIVES: Duration = Duration::days(7);

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Zalo {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Cấp mã liên kết một lần để người nhận nhắn cho Zalo Bot
    Link {
        /// Mã người trong units.yaml (một hoặc nhiều)
        #[arg(value_name = "NGƯỜI", required = true, help_heading = "Tham số")]
        people: Vec<String>,
    },
    /// Bỏ liên kết Zalo của một người
    Unlink {
        /// Mã người trong units.yaml
        #[arg(value_name = "NGƯỜI", help_heading = "Tham số")]
        person: String,
    },
    /// Nạp cặp mã truy cập của OA (đọc hai dòng từ đầu vào chuẩn: access token rồi refresh token)
    SeedTokens,
    /// Đổi mã cấp quyền (code) của OA lấy cặp mã truy cập (đọc từ đầu vào chuẩn: code, rồi code verifier nếu có)
    ExchangeCode,
    /// Xem tình trạng: ai đã liên kết, mã truy cập còn hạn đến bao giờ
    Status {
        /// In kết quả dạng JSON
        #[arg(long, help_heading = "Tùy chọn")]
        json: bool,
    },
    /// Hỏi thử Zalo: mã bot, OA, mẫu tin, hạn mức
    Test,
    /// Liệt kê người quan tâm OA kèm mã, để ghi vào units.yaml
    Users,
    /// Liệt kê nhóm của OA kèm mã, để ghi vào units.yaml
    Groups,
}

impl Zalo {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        // The HTTP client takes the process-wide provider; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
        match &self.what {
            What::Link { people } => link(&config, people),
            What::Unlink { person } => unlink(&config, person),
            What::SeedTokens => seed(&config),
            What::ExchangeCode => exchange(&config),
            What::Status { json } => status(&config, *json),
            What::Test => test(&config),
            What::Users => users(&config),
            What::Groups => groups(&config),
        }
    }
}

fn oa(config: &Config) -> anyhow::Result<&ZaloOaSettings> {
    config.channels.zalo_oa.as_ref().context("chưa cấu hình mục zalo_oa trong nhacviec.yaml")
}

fn person_name(config: &Config, person: &str) -> anyhow::Result<(PersonId, String)> {
    let id = PersonId::from(person);
    let found = config.office.directory.people.get(&id);
    let found = found.with_context(|| format!("không có người «{person}» trong units.yaml"))?;
    Ok((id, found.name.clone()))
}

fn link(config: &Config, people: &[String]) -> anyhow::Result<Exit> {
    if !config.channels.has(ChannelKind::ZaloBot) {
        bail!("chưa cấu hình mục zalo_bot trong nhacviec.yaml");
    }
    let store = open_store(config)?;
    let expires_at = SystemClock.now() + CODE_LIVES;
    let people = people.iter().map(|p| person_name(config, p)).collect::<anyhow::Result<Vec<_>>>()?;
    for (id, name) in people {
        let code = linking::new_code().context("máy không cho số ngẫu nhiên")?;
        block_on(store.issue_zalo_code(id, linking::hash(&code), expires_at))?.context(STORE_FAILED)?;
        print(&format!("{name}: nhắn cho Zalo Bot của cơ quan dòng chữ sau\n    LIENKET {code}"));
    }
    print(&format!(
        "Mỗi mã dùng một lần, có hạn đến {}. Khi dịch vụ đang chạy, mã được nhận trong khoảng một phút; xem lại bằng nhacviec zalo status.",
        moment(config.office.hours.zone, expires_at)
    ));
    Ok(Exit::Done)
}

fn unlink(config: &Config, person: &str) -> anyhow::Result<Exit> {
    let store = open_store(config)?;
    if !block_on(store.unlink_zalo(PersonId::from(person)))?.context(STORE_FAILED)? {
        bail!("«{person}» chưa liên kết Zalo bằng mã; nếu ghi zalo_chat trong units.yaml thì xóa ở đó");
    }
    print(&format!("Đã bỏ liên kết Zalo của «{person}»."));
    Ok(Exit::Done)
}

/// The lines of standard input that are not empty: secrets must not stand on a command line, where every user of the
/// machine sees them.
fn secret_lines(prompt: &str) -> anyhow::Result<Vec<String>> {
    use std::io::{IsTerminal as _, Read as _};
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        print(prompt);
    }
    let mut text = String::new();
    stdin.by_ref().take(20_000).read_to_string(&mut text).context("không đọc được đầu vào chuẩn")?;
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

fn seed(config: &Config) -> anyhow::Result<Exit> {
    let account = Account::new(oa(config)?.clone());
    let lines = secret_lines("Dán access_token (một dòng), refresh_token (một dòng), rồi nhấn Ctrl+D:")?;
    let [access, refresh] = <[String; 2]>::try_from(lines).map_err(|lines| {
        anyhow::anyhow!("cần đúng hai dòng (access_token, refresh_token), đọc được {}", lines.len())
    })?;
    let pair = Pair::new(access, refresh, None, None, SystemClock.now());
    account.seed(&pair).map_err(anyhow::Error::msg)?;
    print("Đã nạp cặp mã truy cập. Kiểm tra bằng: nhacviec zalo test");
    Ok(Exit::Done)
}

fn exchange(config: &Config) -> anyhow::Result<Exit> {
    let account = Account::new(oa(config)?.clone());
    let lines = secret_lines("Dán code (một dòng), code_verifier (một dòng, nếu có), rồi nhấn Ctrl+D:")?;
    let (code, verifier) = match lines.as_slice() {
        [code] => (code, None),
        [code, verifier] => (code, Some(verifier.as_str())),
        other => bail!("cần một hoặc hai dòng (code, code_verifier), đọc được {}", other.len()),
    };
    block_on(account.exchange_code(code, verifier, SystemClock.now()))?.map_err(anyhow::Error::msg)?;
    print("Đã nhận cặp mã truy cập. Kiểm tra bằng: nhacviec zalo test");
    Ok(Exit::Done)
}

fn status(config: &Config, as_json: bool) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let time = |at| moment(config.office.hours.zone, at);
    let (links, codes) = match open_existing_store(config)? {
        Some(store) => (
            block_on(store.zalo_links())?.context(STORE_FAILED)?,
            block_on(store.open_zalo_codes(now))?.context(STORE_FAILED)?,
        ),
        None => Default::default(),
    };
    let pair = match &config.channels.zalo_oa {
        Some(settings) => Account::new(settings.clone()).known_pair().map_err(anyhow::Error::msg)?,
        None => None,
    };
    let is_dead = pair.as_ref().is_some_and(|p| p.dead.is_some() || p.refresh_until <= now);
    if as_json {
        print_json(&json!({
            "linked": links.keys().collect::<Vec<_>>(),
            "open_codes": codes.iter().map(|c| json!({ "person": c.person, "expires_at": c.expires_at })).collect::<Vec<_>>(),
            "grant": pair.as_ref().map(|p| json!({ "access_until": p.access_until, "refresh_until": p.refresh_until, "dead": p.dead, "refreshing_since": p.refreshing_since })),
        }));
        return Ok(if is_dead { Exit::NeedsAttention } else { Exit::Done });
    }
    let name = |id: &PersonId| config.office.directory.people.get(id).map_or(id.to_string(), |p| p.name.clone());
    print(&format!("Zalo Bot: {} người đã liên kết bằng mã", links.len()));
    for id in links.keys() {
        print(&format!("  {} ({id})", name(id)));
    }
    for code in &codes {
        print(&format!(
            "  {} ({}): mã chưa dùng, có hạn đến {}",
            name(&code.person),
            code.person,
            time(code.expires_at)
        ));
    }
    match (&config.channels.zalo_oa, &pair) {
        (None, _) => print("Zalo OA: chưa cấu hình"),
        (Some(_), None) => print("Zalo OA: chưa có mã truy cập; chạy nhacviec zalo seed-tokens hoặc exchange-code"),
        (Some(_), Some(pair)) => {
            let access = pair.access_until;
            print(&format!("Zalo OA: mã truy cập có hạn đến {}, tự làm mới", time(access)));
            print(&format!("  Quyền gửi có hạn đến {}, tự kéo dài mỗi lần làm mới", time(pair.refresh_until)));
            if let Some(since) = pair.refreshing_since {
                print(&format!("  ! lần làm mới lúc {} chưa có kết quả", time(since)));
            }
            if let Some(reason) = &pair.dead {
                print(&format!("  ! không dùng được nữa: {reason}"));
            }
        }
    }
    Ok(if is_dead { Exit::NeedsAttention } else { Exit::Done })
}

fn test(config: &Config) -> anyhow::Result<Exit> {
    if config.channels.zalo_bot.is_none() && config.channels.zalo_oa.is_none() {
        bail!("chưa cấu hình mục zalo_bot hay zalo_oa trong nhacviec.yaml");
    }
    let answers = block_on(online::ask_zalo(config))?;
    for answer in &answers {
        print(&answer.line());
    }
    Ok(if answers.iter().all(|answer| answer.result.is_ok()) { Exit::Done } else { Exit::NeedsAttention })
}

fn users(config: &Config) -> anyhow::Result<Exit> {
    let account = Account::new(oa(config)?.clone());
    let users = block_on(account.users(SystemClock.now()))?.map_err(|error| anyhow::anyhow!("{}", error.detail()))?;
    for user in &users {
        let text = |key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default();
        print(&format!("{}  {}  {}", text("user_id"), text("display_name"), text("phone")));
    }
    print(&format!("{} người. Ghi mã ở cột đầu vào zalo_user của người đó trong units.yaml.", users.len()));
    Ok(Exit::Done)
}

fn groups(config: &Config) -> anyhow::Result<Exit> {
    let account = Account::new(oa(config)?.clone());
    let groups = block_on(account.groups(SystemClock.now()))?.map_err(|error| anyhow::anyhow!("{}", error.detail()))?;
    for group in &groups {
        let text = |key: &str| group.get(key).and_then(Value::as_str).unwrap_or_default();
        print(&format!("{}  {}  {}", text("group_id"), text("name"), text("status")));
    }
    print(&format!("{} nhóm. Ghi mã ở cột đầu vào zalo_group trong units.yaml.", groups.len()));
    Ok(Exit::Done)
}
