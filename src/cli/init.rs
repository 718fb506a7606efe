//! `nhacviec init`: a handful of questions, then a commented, valid configuration for a new office.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use secrecy::SecretString;

use super::{Exit, check::print_findings, print};
use crate::{
    clock::{Clock, SystemClock},
    config::{
        self, Folders,
        starter::{self, NotWritten, Starter, StarterSmtp},
    },
};

/// Questions are asked for what no option says; without a terminal the answers are read line by line.
#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Init {
    /// Tên cơ quan
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    office: Option<String>,
    /// Cơ quan chủ quản, ghi ở đầu thư
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    parent: Option<String>,
    /// Đơn vị theo dõi, đôn đốc kế hoạch (mặc định: Văn phòng)
    #[arg(long, value_name = "TÊN", help_heading = "Tùy chọn")]
    unit: Option<String>,
    /// Họ tên người quản trị hệ thống nhắc việc
    #[arg(long, value_name = "HỌ TÊN", help_heading = "Tùy chọn")]
    administrator: Option<String>,
    /// Thư điện tử của người quản trị
    #[arg(long, value_name = "ĐỊA CHỈ", help_heading = "Tùy chọn")]
    administrator_email: Option<String>,
    /// Địa chỉ gửi thư nhắc việc
    #[arg(long, value_name = "ĐỊA CHỈ", help_heading = "Tùy chọn")]
    from: Option<String>,
    /// Máy chủ thư; không ghi thì thư chỉ ghi ra thư mục để dùng thử
    #[arg(long, value_name = "MÁY CHỦ", help_heading = "Tùy chọn")]
    smtp_host: Option<String>,
    /// Cổng của máy chủ thư (587 hoặc 465)
    #[arg(long, value_name = "CỔNG", help_heading = "Tùy chọn")]
    smtp_port: Option<u16>,
    /// Tài khoản gửi thư
    #[arg(long, value_name = "TÀI KHOẢN", help_heading = "Tùy chọn")]
    smtp_user: Option<String>,
    /// Không hỏi: những gì không ghi thì theo mặc định
    #[arg(long, help_heading = "Tùy chọn")]
    yes: bool,
}

impl Init {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let folder = &folders.config;
        for name in ["nhacviec.yaml", "units.yaml"] {
            if folder.join(name).exists() {
                bail!(
                    "{} đã có cấu hình ({name}): chọn thư mục khác bằng --config, hoặc sửa cấu hình đang có",
                    folder.display()
                );
            }
        }
        let starter = self.ask()?;
        let today = SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive();
        let files = starter::files(&starter, today);
        if let Err(NotWritten { path, error }) = starter::write(folder, &files, starter.smtp.as_ref()) {
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                bail!(
                    "đã có {}: không ghi gì; chuyển tệp ấy đi nơi khác, hoặc chọn thư mục khác bằng --config",
                    path.display()
                );
            }
            return Err(error).with_context(|| format!("không ghi được {}; chưa tạo gì", path.display()));
        }
        print(&format!("Đã tạo cấu hình trong {}:", folder.display()));
        files.iter().filter(|(path, _)| !path.starts_with("schema/")).for_each(|(path, _)| print(&format!("  {path}")));
        print("  schema/ (gợi ý cho trình soạn thảo)");
        print("  secrets/ (mật khẩu, mỗi mật khẩu một tệp)");
        let is_usable = match config::load(folders) {
            Ok(config) => {
                print_findings(&config.warnings());
                true
            }
            Err(error) => {
                print_findings(&error.findings);
                false
            }
        };
        print(&next_steps(folders));
        Ok(if is_usable { Exit::Done } else { Exit::Config })
    }

    fn ask(&self) -> anyhow::Result<Starter> {
        let mut asked = Questions { is_silent: self.yes, said_nothing: Vec::new() };
        let office = asked.text("Tên cơ quan", self.office.as_deref(), None, "--office", is_name)?;
        let parent = asked.optional(
            "Cơ quan chủ quản, ghi ở đầu thư (bỏ trống nếu không có)",
            self.parent.as_deref(),
            |_| Ok(()),
        )?;
        let unit = asked.text(
            "Đơn vị theo dõi, đôn đốc kế hoạch",
            self.unit.as_deref(),
            Some("Văn phòng"),
            "--unit",
            is_name,
        )?;
        let administrator =
            asked.text("Họ tên người quản trị", self.administrator.as_deref(), None, "--administrator", is_name)?;
        let given = self.administrator_email.as_deref();
        let administrator_email =
            asked.text("Thư điện tử của người quản trị", given, None, "--administrator-email", is_address)?;
        let domain = administrator_email.rsplit('@').next().unwrap_or_default();
        let usual = format!("nhacviec@{domain}");
        let from = asked.text("Địa chỉ gửi thư nhắc việc", self.from.as_deref(), Some(&usual), "--from", is_address)?;
        let host = asked.optional(
            "Máy chủ thư, ví dụ mail.coquan.vn (bỏ trống: chỉ ghi thư ra thư mục để dùng thử)",
            self.smtp_host.as_deref(),
            is_host,
        )?;
        let smtp = host.map(|host| self.ask_smtp(&mut asked, host)).transpose()?;
        if !asked.said_nothing.is_empty() {
            bail!("còn thiếu: {}", asked.said_nothing.join(", "));
        }
        Ok(Starter { office, parent, unit, administrator, administrator_email, from, smtp })
    }

    fn ask_smtp(&self, asked: &mut Questions, host: String) -> anyhow::Result<StarterSmtp> {
        let given = self.smtp_port.map(|port| port.to_string());
        let port = asked.text("Cổng (587 hoặc 465)", given.as_deref(), Some("587"), "--smtp-port", is_port)?;
        let user = asked.optional(
            "Tài khoản gửi thư (bỏ trống nếu máy chủ không đòi)",
            self.smtp_user.as_deref(),
            |_| Ok(()),
        )?;
        let account = match user {
            Some(user) => Some((user, asked.password()?)),
            None => None,
        };
        Ok(StarterSmtp { host, port: port.parse().unwrap_or(587), account })
    }
}

/// Says what is wrong with an answer.
type Judge = fn(&str) -> Result<(), &'static str>;

fn is_name(text: &str) -> Result<(), &'static str> {
    let is_name = text.chars().any(char::is_alphabetic) && !text.chars().any(char::is_control);
    if is_name { Ok(()) } else { Err("cần một tên, trên một dòng") }
}

fn is_address(text: &str) -> Result<(), &'static str> {
    text.parse::<lettre::Address>().map(drop).map_err(|_| "cần một địa chỉ thư điện tử, ví dụ an@coquan.vn")
}

fn is_host(text: &str) -> Result<(), &'static str> {
    let is_plain =
        text.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)) || text.parse::<std::net::IpAddr>().is_ok();
    if is_plain {
        Ok(())
    } else {
        Err("cần tên hoặc địa chỉ máy chủ, ví dụ mail.coquan.vn (không ghi http://, không ghi cổng)")
    }
}

fn is_port(text: &str) -> Result<(), &'static str> {
    text.parse::<std::num::NonZeroU16>().map(drop).map_err(|_| "cần một số cổng, thường là 587 hoặc 465")
}

struct Questions {
    is_silent: bool,
    said_nothing: Vec<String>,
}

impl Questions {
    /// An answer that is needed: given, asked for, or usual.
    fn text(
        &mut self,
        question: &str,
        given: Option<&str>,
        usual: Option<&str>,
        flag: &str,
        judge: Judge,
    ) -> anyhow::Result<String> {
        if let Some(given) = given.map(str::trim) {
            judge(given).map_err(|why| anyhow::anyhow!("{flag} «{given}»: {why}"))?;
            return Ok(given.to_owned());
        }
        if self.is_silent {
            let answer = usual.map(str::to_owned);
            if answer.is_none() {
                self.said_nothing.push(flag.to_owned());
            }
            return Ok(answer.unwrap_or_default());
        }
        loop {
            let hint = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
            let answer = read_line(&format!("{question}{hint}: "))?;
            let Some(answer) = answer else { bail!("chưa trả lời: {question} (có thể ghi bằng {flag})") };
            let answer = if answer.is_empty() { usual.unwrap_or_default().to_owned() } else { answer };
            match judge(&answer) {
                Ok(()) => return Ok(answer),
                Err(why) => say(&format!("  {why}\n")),
            }
        }
    }

    /// An answer that may stay empty.
    fn optional(&self, question: &str, given: Option<&str>, judge: Judge) -> anyhow::Result<Option<String>> {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if given.is_some() || self.is_silent {
            let answer = given.and_then(filled);
            if let Some(Err(why)) = answer.as_deref().map(judge) {
                bail!("«{}»: {why}", answer.unwrap_or_default());
            }
            return Ok(answer);
        }
        loop {
            let answer = read_line(&format!("{question}: "))?.as_deref().and_then(filled);
            match answer.as_deref().map(judge) {
                Some(Err(why)) => say(&format!("  {why}\n")),
                Some(Ok(())) | None => return Ok(answer),
            }
        }
    }

    /// The password, unseen; `None` to write it into its file later.
    fn password(&self) -> anyhow::Result<Option<SecretString>> {
        if self.is_silent {
            return Ok(None);
        }
        let prompt = "Mật khẩu của tài khoản (gõ không hiện ra; bỏ trống để ghi vào tệp sau): ";
        let password = if std::io::stdin().is_terminal() {
            rpassword::prompt_password(prompt).context("không đọc được mật khẩu")?
        } else {
            read_line(prompt)?.unwrap_or_default()
        };
        Ok(Some(password).filter(|password| !password.is_empty()).map(SecretString::from))
    }
}

/// A question goes to where it is seen even when the output is kept in a file.
fn say(text: &str) {
    let mut out = std::io::stderr();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// One line of standard input without its end; `None` when there is no more.
fn read_line(prompt: &str) -> anyhow::Result<Option<String>> {
    say(prompt);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).context("không đọc được câu trả lời")?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

fn next_steps(folders: &Folders) -> String {
    let config = folders.config.display();
    let with = if config.to_string() == "/etc/nhacviec" { String::new() } else { format!(" --config {config}") };
    format!(
        "\nViệc tiếp theo:
  1. Thêm người, đơn vị:     nhacviec{with} person add nguyen-van-an --name \"Nguyễn Văn An\" --email an@coquan.vn
                             nhacviec{with} unit add p-tong-hop --name \"Phòng Tổng hợp\" --head nguyen-van-an
  2. Nhập kế hoạch đã ký:    nhacviec{with} import plan VĂN-BẢN.docx --out {config}/plans/ke-hoach.yaml
  3. Kiểm tra:               nhacviec{with} check
  4. Gửi thử cho mình:       nhacviec{with} test-send quan-tri
  5. Bật dịch vụ:            systemctl enable --now nhacviec"
    )
}
