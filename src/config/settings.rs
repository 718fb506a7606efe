//! Owns `nhacviec.yaml`: office, hours, store, channels, sources and policies.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use super::{
    Folders,
    fields::{Fields, Reader},
    leaks::is_secret_name,
    node::{Node, Text, Value},
    policies::Policies,
};
use crate::{
    channel::{
        ChannelSettings, EmailSettings, EmailTransport, SmtpLimits, SmtpSecurity, SmtpSettings, ZaloBotSettings,
    },
    domain::{
        calendar::{
            OfficeHours,
            timetable::{DayOfYear, Season, Session, Timetable},
        },
        directory::ChannelKind,
    },
    secret::SecretFile,
};

/// The file, decoded; references to units and people are resolved by [`super::sources::resolve`] and
/// [`super::units::Units::person`] once `units.yaml` is read.
#[derive(Debug)]
pub struct Root<'a> {
    pub office_name: Option<Text>,
    pub working_week: Vec<Weekday>,
    pub administrator: Option<Text>,
    pub hours: Option<OfficeHours>,
    pub store_path: Option<PathBuf>,
    /// How long what came to an end is kept in full.
    pub keep_days: Option<i64>,
    pub channels: ChannelSettings,
    /// Lines above and below every message.
    pub header: Vec<String>,
    pub footer: String,
    pub policies: Policies,
    pub sources: Vec<&'a Node>,
    has_email: bool,
}

impl Root<'_> {
    /// Whether the file has a channel; a mistake in how it is reached does not make it another channel's matter.
    pub fn mentions(&self, channel: ChannelKind) -> bool {
        self.channels.has(channel) || (channel == ChannelKind::Email && self.has_email)
    }
}

/// Decodes everything but the sources.
pub fn read_root<'a>(reader: &'a Reader, root: &'a Node, folders: &Folders) -> Root<'a> {
    let fields = reader.fields(root, "tệp cấu hình");
    let office = fields.fields("office", "mục office");
    let hours = fields.fields("hours", "mục hours");
    let store = fields.fields("store", "mục store");
    let email = fields.optional_fields("email", "mục email");
    let zalo_bot = fields.optional_fields("zalo_bot", "mục zalo_bot");
    let zalo_oa = fields.optional_fields("zalo_oa", "mục zalo_oa");
    let policies = fields.optional_fields("policies", "mục policies");
    let sources = fields.list("sources");
    fields.done();
    let zone = office.as_ref().and_then(|o| {
        o.parse(o.text("time_zone"), "một múi giờ; thường là Asia/Ho_Chi_Minh", |s| s.parse::<Tz>().ok())
    });
    let has_email = email.is_some();
    let (header, footer) = email.as_ref().map(read_letterhead).unwrap_or_default();
    let channels = ChannelSettings {
        email: email.and_then(|e| read_email(reader, &e, folders)),
        zalo_bot: zalo_bot.and_then(|z| read_zalo_bot(reader, &z, folders)),
        zalo_oa: zalo_oa.and_then(|z| super::zalo::read_zalo_oa(reader, &z, folders, zone)),
    };
    let (store_path, keep_days) = store.map(|s| read_store(&s, folders)).unwrap_or_default();
    let root = Root {
        office_name: office.as_ref().and_then(|o| o.text("name")),
        working_week: office.as_ref().map_or_else(|| ORDINARY_WEEK.to_vec(), |o| read_week(reader, o)),
        administrator: office.as_ref().and_then(|o| o.text("administrator")),
        hours: zone.zip(hours).and_then(|(zone, hours)| read_hours(reader, &hours, zone)),
        store_path,
        keep_days,
        channels,
        header,
        footer,
        policies: Policies::read(reader, policies.as_ref()),
        sources,
        has_email,
    };
    if !ChannelKind::ALL.into_iter().any(|channel| root.mentions(channel)) {
        reader.error(&fields.span, "chưa cấu hình kênh gửi nào", "thêm mục email (xem tệp mẫu)".to_owned());
    }
    if let Some(office) = office {
        office.done();
    }
    root
}

/// Monday to Friday, the week of civil servants.
pub const ORDINARY_WEEK: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

fn read_week(reader: &Reader, office: &Fields<'_>) -> Vec<Weekday> {
    if let Some(node) = office.get("working_week")
        && !matches!(node.value, Value::List(_))
    {
        let help = "viết working_week: [mon, tue, wed, thu, fri]".to_owned();
        reader.error(&node.span, "các ngày làm việc trong tuần phải là một danh sách", help);
        return ORDINARY_WEEK.to_vec();
    }
    let days = office.texts("working_week");
    if let (Some(node), true) = (office.get("working_week"), days.is_empty()) {
        let help = "viết working_week: [mon, tue, wed, thu, fri], hoặc xóa dòng này".to_owned();
        reader.error(&node.span, "tuần làm việc không có ngày nào", help);
    }
    let week: Vec<_> = days
        .into_iter()
        .filter_map(|t| {
            office.parse(Some(t), "một thứ trong tuần (mon tue wed thu fri sat sun)", |s| s.parse().ok())
        })
        .collect();
    if week.is_empty() { ORDINARY_WEEK.to_vec() } else { week }
}

fn read_hours(reader: &Reader, hours: &Fields<'_>, zone: Tz) -> Option<OfficeHours> {
    let digest_at = hours.time("digest_at");
    let timetable = read_timetable(reader, hours);
    let sending = hours.fields("sending", "mục sending");
    let spread_minutes = hours.parse(hours.optional_text("spread_minutes"), "số phút từ 0 đến 120", |s| {
        s.parse().ok().filter(|n| *n <= 120)
    });
    let expected = "số tin nhiều nhất mỗi người mỗi ngày, từ 1 trở lên (bỏ dòng này nếu không giới hạn)";
    let most_messages =
        hours.parse(hours.optional_text("most_messages_a_day"), expected, |s| s.parse().ok().filter(|n| *n > 0));
    hours.done();
    let sending = sending?;
    let (from, until) = (
        sending.time("from"),
        sending.parse(sending.text("until"), "giờ trong ngày; viết như \"17:00\" (hoặc \"24:00\")", end_of_day),
    );
    let pause = sending.parse(sending.optional_text("pause"), "giờ nghỉ trưa, viết như \"11:30-13:30\"", read_session);
    sending.done();
    let (digest_at, from, until) = (digest_at?, from?, until?);
    if from >= until {
        reader.error(&sending.span, "giờ gửi tin: «from» phải sớm hơn «until»", None);
        return None;
    }
    if pause.is_some_and(|p| p.from <= digest_at || p.until >= until) {
        reader.error(
            &sending.span,
            "giờ nghỉ trưa «pause» phải ở sau giờ gửi bản tổng hợp và trước giờ ngừng gửi",
            None,
        );
    }
    let spread = chrono::Duration::minutes(i64::from(spread_minutes.unwrap_or(0)));
    let (last_digest, days) = digest_at.overflowing_add_signed(spread);
    if last_digest >= until || days != 0 {
        let message = "«spread_minutes» đẩy bản tổng hợp ra ngoài giờ gửi tin";
        reader.error(&hours.span, message, "giảm spread_minutes, hoặc gửi sớm hơn".to_owned());
    }
    if !(from..until).contains(&digest_at) {
        reader.error(
            &hours.span,
            "giờ gửi bản tổng hợp «digest_at» phải nằm trong giờ gửi tin",
            "sửa digest_at hoặc sending".to_owned(),
        );
    }
    Some(OfficeHours {
        zone,
        digest_at,
        sending_from: from,
        sending_until: until,
        sending_pause: pause,
        spread_minutes: spread_minutes.unwrap_or(0),
        most_messages,
        timetable,
    })
}

/// The seasons of office hours; none are needed as long as no deadline counts hours.
fn read_timetable(reader: &Reader, hours: &Fields<'_>) -> Timetable {
    let nodes = hours.list("seasons");
    let seasons: Vec<Season> = nodes.iter().filter_map(|n| read_season(reader, n)).collect();
    // A leap year: every day that any year can have.
    let days = NaiveDate::from_ymd_opt(2024, 1, 1).into_iter().flat_map(|d| d.iter_days().take(366));
    let times_covered = |day: NaiveDate| seasons.iter().filter(|s| s.contains(day)).count();
    if let (Some(node), true) = (nodes.first(), nodes.len() == seasons.len())
        && let Some(day) = days.into_iter().find(|d| times_covered(*d) != 1)
    {
        let what = if times_covered(day) == 0 { "không thuộc mùa nào" } else { "thuộc hai mùa" };
        reader.error(
            &node.span,
            format!("giờ làm việc: ngày {} {what}", day.format("%d/%m")),
            "các mùa phải nối nhau, phủ đủ cả năm".to_owned(),
        );
    }
    Timetable { seasons }
}

fn read_season(reader: &Reader, node: &Node) -> Option<Season> {
    let fields = reader.fields(node, "mùa giờ làm việc");
    let day = |key| {
        fields.parse(fields.text(key), "ngày và tháng, viết như 16/04", |s| {
            let (day, month) = s.split_once('/')?;
            let on = NaiveDate::from_ymd_opt(2024, month.parse().ok()?, day.parse().ok()?)?;
            Some(DayOfYear { month: on.month(), day: on.day() })
        })
    };
    let (from, until) = (day("from"), day("until"));
    let session = |key| fields.parse(fields.optional_text(key), "khoảng giờ, viết như \"07:30-12:00\"", read_session);
    let (morning, afternoon) = (session("morning"), session("afternoon"));
    fields.done();
    let sessions: Vec<Session> = [morning, afternoon].into_iter().flatten().collect();
    if sessions.is_empty() {
        reader.error(&fields.span, "mùa giờ làm việc chưa có buổi nào", "thêm morning và afternoon".to_owned());
    }
    if sessions.windows(2).any(|pair| pair[0].until > pair[1].from) {
        reader.error(&fields.span, "giờ buổi chiều phải sau giờ buổi sáng", None);
    }
    Some(Season { from: from?, until: until?, sessions })
}

pub fn read_session(text: &str) -> Option<Session> {
    let (from, until) = text.split_once('-')?;
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    Some(Session { from: time(from)?, until: time(until)? }).filter(|s| s.from < s.until)
}

fn end_of_day(text: &str) -> Option<NaiveTime> {
    if text == "24:00" {
        return NaiveTime::from_hms_opt(23, 59, 59);
    }
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn read_store(store: &Fields<'_>, folders: &Folders) -> (Option<PathBuf>, Option<i64>) {
    let path = store.text("path");
    // A year is not over before its reports are.
    let expected = "số ngày giữ nội dung tin đã xong, từ 90 đến 36500";
    let keep_days = store.parse(store.optional_text("keep_days"), expected, |s| {
        s.parse::<i64>().ok().filter(|n| (90..=36_500).contains(n))
    });
    store.done();
    (path.map(|p| folders.state.join(p.value)), keep_days)
}

fn read_letterhead(email: &Fields<'_>) -> (Vec<String>, String) {
    let header = email.texts("header").into_iter().map(|t| t.value).collect();
    (header, email.optional_text("footer").map(|t| t.value).unwrap_or_default())
}

fn read_email(reader: &Reader, email: &Fields<'_>, folders: &Folders) -> Option<EmailSettings> {
    let from =
        email.parse(email.text("from"), "người gửi; viết như \"Nhắc việc <nhacviec@coquan.vn>\"", |s| {
            s.parse().ok()
        });
    let reply_to = email.optional("reply_to", "một địa chỉ thư điện tử");
    let return_path = email.optional("return_path", "một địa chỉ thư điện tử (nơi nhận thư bị trả lại)");
    let maildir = email.optional_text("maildir");
    let smtp = email.optional_fields("smtp", "mục smtp");
    email.done();
    let transport = match (maildir, smtp) {
        (Some(path), None) => Some(EmailTransport::Maildir(folders.state.join(path.value))),
        (None, Some(smtp)) => read_smtp(reader, &smtp, folders).map(EmailTransport::Smtp),
        (Some(_), Some(_)) | (None, None) => {
            reader.error(
                &email.span,
                "thư điện tử: phải chọn đúng một cách gửi, maildir hoặc smtp",
                "thêm dấu # trước cách không dùng".to_owned(),
            );
            None
        }
    };
    Some(EmailSettings { from: from?, reply_to, return_path, transport: transport? })
}

fn read_smtp(reader: &Reader, smtp: &Fields<'_>, folders: &Folders) -> Option<SmtpSettings> {
    let host = smtp.text("host");
    let port = smtp
        .parse(smtp.text("port"), "một số cổng từ 1 đến 65535", |s| s.parse::<std::num::NonZeroU16>().ok());
    let security = smtp.parse(smtp.text("security"), "cách bảo mật (starttls, tls, plaintext)", |s| match s {
        "starttls" => Some(SmtpSecurity::StartTls),
        "tls" => Some(SmtpSecurity::Tls),
        "plaintext" => Some(SmtpSecurity::Plaintext),
        _ => None,
    });
    let user = smtp.optional_text("user").map(|t| t.value);
    let password = read_secret(reader, smtp.optional_text("password_file"), folders);
    let ca_file = read_ca(reader, smtp, folders);
    let client_name = smtp.optional_text("client_name").map(|t| t.value);
    let limits = read_limits(smtp);
    smtp.done();
    let host = host?;
    if security == Some(SmtpSecurity::Plaintext) && !is_loopback(&host.value) {
        reader.error(
            &host.span,
            "gửi thư không mã hóa chỉ được phép tới chính máy này (127.0.0.1)",
            "dùng security: starttls hoặc tls".to_owned(),
        );
    }
    // A password in the wrong place is said to be that, and nothing else.
    let has_password = smtp.entries().iter().any(|(key, _)| key.value == "password_file" || is_secret_name(&key.value));
    if user.is_some() != has_password {
        reader.error(&smtp.span, "máy chủ thư: «user» và «password_file» phải đi cùng nhau", None);
    }
    let credentials = user.zip(password);
    Some(SmtpSettings {
        host: host.value,
        port: port?.get(),
        security: security?,
        credentials,
        ca_file,
        client_name,
        limits,
    })
}

fn read_limits(smtp: &Fields<'_>) -> SmtpLimits {
    let usual = SmtpLimits::default();
    let within = |key, expected: &str, range: RangeInclusive<u32>| {
        smtp.parse(smtp.optional_text(key), expected, |s| s.parse::<u32>().ok().filter(|n| range.contains(n)))
    };
    let connections = within("connections", "số kết nối cùng lúc, từ 1 đến 16", 1..=16);
    let messages_per_minute = within("messages_per_minute", "số thư mỗi phút, từ 1 đến 10000", 1..=10_000);
    let most_kilobytes = within("most_kilobytes", "cỡ thư lớn nhất tính bằng kB, từ 100 đến 100000", 100..=100_000);
    let timeout = within("timeout_seconds", "số giây chờ máy chủ thư, từ 1 đến 300", 1..=300);
    let timeout = timeout.map(|n| Duration::from_secs(n.into()));
    SmtpLimits {
        connections: connections.and_then(|n| u8::try_from(n).ok()).unwrap_or(usual.connections),
        messages_per_minute,
        most_bytes: most_kilobytes.map_or(usual.most_bytes, |n| n as usize * 1000),
        command_deadline: timeout.unwrap_or(usual.command_deadline),
        // Scanning a message takes a server longer than answering a command.
        message_deadline: timeout.map_or(usual.message_deadline, |limit| limit * 5),
    }
}

/// Whether `host` is this machine itself.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn read_zalo_bot(reader: &Reader, zalo: &Fields<'_>, folders: &Folders) -> Option<ZaloBotSettings> {
    let token = read_secret(reader, zalo.text("token_file"), folders);
    let base_url = zalo.parse(zalo.optional_text("base_url"), "một địa chỉ web", |s| s.parse().ok());
    let deadline = super::zalo::read_deadline(zalo);
    zalo.done();
    let base_url = base_url.unwrap_or_else(|| ZaloBotSettings::DEFAULT_URL.parse().expect("the constant is a URL"));
    Some(ZaloBotSettings { token: token?, base_url, deadline })
}

pub fn read_secret(reader: &Reader, text: Option<Text>, folders: &Folders) -> Option<SecretFile> {
    let text = text?;
    if text.value.contains(['/', '\\']) {
        reader.error(
            &text.span,
            "chỉ ghi tên tệp bí mật, không ghi đường dẫn",
            "đặt tệp vào thư mục secrets cạnh tệp cấu hình".to_owned(),
        );
        return None;
    }
    if !text.value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        let help = "systemd chỉ nhận tên tệp gồm chữ không dấu, số, dấu - _ và dấu chấm".to_owned();
        reader.error(&text.span, format!("tên tệp bí mật «{}» không dùng được", text.value), help);
        return None;
    }
    let secret = SecretFile::new(&text.value, &folders.config, folders.credentials.as_deref());
    if !secret.exists() {
        reader.warning(
            &text.span,
            format!("chưa có tệp bí mật «{}»", text.value),
            format!("tạo tệp secrets/{} chỉ chứa mật khẩu, quyền 0600", text.value),
        );
    }
    if secret.is_open_to_all() {
        let help = format!("chạy: chmod 600 {}", folders.config.join("secrets").join(&text.value).display());
        reader.warning(&text.span, format!("mọi người dùng của máy đều đọc được tệp bí mật «{}»", text.value), help);
    }
    Some(secret)
}

pub fn read_ca(reader: &Reader, fields: &Fields<'_>, folders: &Folders) -> Option<PathBuf> {
    let text = fields.optional_text("ca_file")?;
    let path = folders.config.join(&text.value);
    let is_certificate = std::fs::read(&path).is_ok_and(|pem| {
        reqwest::Certificate::from_pem_bundle(&pem).is_ok_and(|certificates| !certificates.is_empty())
    });
    if path.is_file() && !is_certificate {
        let message = format!("tệp «{}» không phải chứng chỉ dạng PEM", text.value);
        reader.error(&text.span, message, "tệp PEM bắt đầu bằng -----BEGIN CERTIFICATE-----".to_owned());
    }
    if !path.is_file() {
        reader.error(
            &text.span,
            format!("không có tệp chứng chỉ «{}»", text.value),
            "đường dẫn tính từ thư mục cấu hình".to_owned(),
        );
    }
    Some(path)
}
