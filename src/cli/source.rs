//! `nhacviec source`: setting up one-stop systems: what they answer, how it is understood, who would be told.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Exit, STORE_FAILED, block_on, load_linked_config, open_store, print, print_json};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders, profile::BUILT_IN, schema::PROFILE_MODELINE},
    domain::{
        decide::{self, Record, Situation},
        dossier::{Dossier, DossierStatus, TrackedDossier, has_hour},
        notification::Item,
        office::Office,
    },
    message::{
        self,
        vietnamese::{moment, short_date},
    },
    passes::{self, App},
    source::{self, Sample, SourceSettings, Way},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct SourceCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Xem các loại hệ thống có sẵn, hoặc toàn văn một loại để chép về sửa
    ShowProfile {
        /// Tên loại; bỏ qua để xem danh sách
        #[arg(value_name = "LOẠI", help_heading = "Tham số")]
        name: Option<String>,
    },
    /// Hỏi thử một trang: yêu cầu gửi đi, dòng đầu, hồ sơ như đã hiểu, ai sẽ được nhắc; không lưu, không gửi gì
    Test {
        /// Mã hệ thống trong nhacviec.yaml
        #[arg(value_name = "HỆ THỐNG", help_heading = "Tham số")]
        id: String,
        /// Hiện nguyên văn dòng đầu, kể cả thông tin cá nhân
        #[arg(long, help_heading = "Tùy chọn")]
        raw: bool,
        /// In kết quả dạng JSON
        #[arg(long, conflicts_with = "raw", help_heading = "Tùy chọn")]
        json: bool,
    },
    /// Hỏi ngay, không đợi đến kỳ (kể cả khi đang tạm ngừng vì tài khoản bị từ chối)
    Poll {
        /// Mã hệ thống trong nhacviec.yaml; bỏ qua để hỏi mọi hệ thống
        #[arg(value_name = "HỆ THỐNG", help_heading = "Tham số")]
        id: Option<String>,
    },
}

impl SourceCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        match &self.what {
            What::ShowProfile { name } => show_profile(name.as_deref()),
            What::Test { id, raw, json } => {
                let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
                test(&config, id, *raw, *json)
            }
            What::Poll { id } => {
                let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
                poll(&config, id.as_deref())
            }
        }
    }
}

fn show_profile(name: Option<&str>) -> anyhow::Result<Exit> {
    let Some(name) = name else {
        for (name, text) in BUILT_IN {
            let title = text.lines().find_map(|l| l.strip_prefix("title: ")).unwrap_or_default();
            print(&format!("{name:<16}{title}"));
        }
        print("Xem toàn văn: nhacviec source show-profile LOẠI. Chép vào profiles/TÊN.yaml để sửa thành loại riêng.");
        return Ok(Exit::Done);
    };
    let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
        let known = BUILT_IN.map(|(name, _)| name).join(", ");
        bail!("không có loại hệ thống có sẵn «{name}»; các loại: {known}");
    };
    // Not in the file itself, which is no part of a configuration folder: a copy in `profiles/` is.
    print(PROFILE_MODELINE);
    print(text.trim_end());
    Ok(Exit::Done)
}

fn settings<'c>(config: &'c Config, id: &str) -> anyhow::Result<&'c SourceSettings> {
    config.sources.iter().find(|s| s.id.as_str() == id).with_context(|| {
        let known = config.sources.iter().map(|s| s.id.as_str()).collect::<Vec<_>>().join(", ");
        format!("không có hệ thống một cửa «{id}» trong nhacviec.yaml; các mã: {known}")
    })
}

fn poll(config: &Config, id: Option<&str>) -> anyhow::Result<Exit> {
    if let Some(id) = id {
        settings(config, id)?;
    }
    let store = open_store(config)?;
    let app = App::new(config, Arc::clone(&store));
    let mut exit = Exit::Done;
    for source in app.sources.iter().filter(|s| id.is_none_or(|id| s.settings().id.as_str() == id)) {
        let polled =
            block_on(passes::poll_one(&app, source.as_ref(), SystemClock.now(), &|| {}))?.context(STORE_FAILED)?;
        match polled.result {
            Ok(r) => print(&format!(
                "{}: {} hồ sơ mới, {} thay đổi, {} đã xong; đang mở {}",
                polled.source, r.new, r.changed, r.closed, r.open
            )),
            Err(sentence) => {
                print(&sentence);
                exit = Exit::NeedsAttention;
            }
        }
    }
    Ok(exit)
}

fn test(config: &Config, id: &str, shows_raw: bool, as_json: bool) -> anyhow::Result<Exit> {
    let settings = settings(config, id)?;
    // The HTTP client takes the process-wide provider; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sample = block_on(source::sample(settings))?;
    let office = &config.office;
    let now = SystemClock.now();
    if as_json {
        print_json(&describe_json(&sample, office, settings, now));
    } else {
        print_sample(&sample, shows_raw, office, settings, now);
    }
    Ok(if sample.trouble.is_some() { Exit::NeedsAttention } else { Exit::Done })
}

fn print_sample(sample: &Sample, shows_raw: bool, office: &Office, settings: &SourceSettings, now: DateTime<Utc>) {
    print("Yêu cầu:");
    sample.request.lines().for_each(|line| print(&format!("  {line}")));
    if let Some(trouble) = &sample.trouble {
        return print(&format!("Kết quả: {}", trouble.sentence()));
    }
    let total = sample.total.map(|n| format!(" trong tổng số {n}")).unwrap_or_default();
    print(&format!("Kết quả: đọc được {} hồ sơ{total}", sample.dossiers.len()));
    if let Some(raw) = &sample.raw {
        print("Dòng đầu như hệ thống trả về:");
        let value: Value = serde_json::from_str(raw).unwrap_or_default();
        // What is not taken is not shown either: rows carry identities and secret keys.
        let wanted = wanted(settings);
        let pointers: Vec<Vec<&str>> = wanted.iter().map(|pointer| pointer[1..].split('/').collect()).collect();
        let pointers: Vec<&[&str]> = pointers.iter().map(Vec::as_slice).collect();
        let shown = if shows_raw { value } else { covered(value, &pointers) };
        print(&format!("{shown:#}").lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n"));
        if !shows_raw {
            print("  (mục không dùng đến được che; xem nguyên văn bằng --raw)");
        }
    }
    if let Some(first) = sample.dossiers.first() {
        print("Hồ sơ đầu như đã hiểu:");
        for (label, text) in facts(first, office, settings) {
            print(&format!("  {label}: {text}"));
        }
    }
    sample.remarks.iter().for_each(|remark| print(&format!("Lưu ý: {remark}")));
    let (statuses, places) = unmapped(sample, office, settings);
    list("Trạng thái chưa biết (thêm vào mục statuses)", &statuses);
    list("Chưa biết đơn vị nào giữ (thêm vào mục holders)", &places);
    let told = told(sample, office, settings, now);
    print(&format!("Nếu hôm nay là lần nhắc đầu tiên, sẽ có {} tin:", told.len()));
    told.iter().take(SHOWN).for_each(|line| print(&format!("  {line}")));
    if told.len() > SHOWN {
        print(&format!("  … và {} tin khác", told.len() - SHOWN));
    }
}

/// Lines of a list that are shown.
const SHOWN: usize = 20;

fn list(title: &str, items: &BTreeSet<String>) {
    if !items.is_empty() {
        print(&format!("{title}:"));
        items.iter().take(SHOWN).for_each(|item| print(&format!("  «{item}»")));
    }
}

/// The keys on the way to something that the profile takes, except who handed it in.
fn wanted(settings: &SourceSettings) -> BTreeSet<String> {
    let Way::Http(http) = &settings.way else { return BTreeSet::new() };
    let rules = http.profile.fields.iter().filter(|(part, _)| *part != source::mapping::Part::Applicant);
    rules.flat_map(|(_, rule)| &rule.at).map(ToString::to_string).collect()
}

/// The value with everything covered that no wanted pointer leads to, at whatever depth: a row may stand in a wrapping,
/// and beside the official's name stands the official's telephone.
fn covered(value: Value, wanted: &[&[&str]]) -> Value {
    // A step into a list also works where its only element stands by itself.
    let is_of_list = |step: &str| step.contains('=') || step.bytes().all(|b| b.is_ascii_digit());
    let inside = wanted.iter().filter_map(|steps| steps.split_first().filter(|(step, _)| is_of_list(step)));
    let chosen_by = inside.clone().filter_map(|(step, _)| step.split_once('=')).map(|(key, _)| key);
    let chosen_by: Vec<&str> = chosen_by.collect();
    let inside: Vec<&[&str]> = inside.map(|(_, rest)| rest).collect();
    match value {
        Value::Object(entries) => {
            let cover = |(key, value): (String, Value)| {
                let below = wanted.iter().chain(&inside).filter_map(|steps| steps.split_first());
                let mut below: Vec<&[&str]> = below.filter(|(step, _)| **step == key).map(|(_, rest)| rest).collect();
                below.extend(chosen_by.contains(&key.as_str()).then_some(&[][..]));
                // A map with numbers for its keys stands for a list.
                below.extend(is_of_list(&key).then_some(&inside).into_iter().flatten());
                let shown = covered(value, &below);
                (key, shown)
            };
            entries.into_iter().map(cover).collect()
        }
        Value::Array(elements) => {
            let choices = chosen_by.iter().map(std::slice::from_ref);
            let inside: Vec<&[&str]> = inside.iter().copied().chain(choices).collect();
            elements.into_iter().map(|element| covered(element, &inside)).collect()
        }
        value if wanted.iter().any(|steps| steps.is_empty()) => value,
        _ => Value::String("…".to_owned()),
    }
}

fn facts(dossier: &Dossier, office: &Office, settings: &SourceSettings) -> Vec<(&'static str, String)> {
    let zone = office.hours.zone;
    let at = |at: Option<DateTime<Utc>>| {
        at.map(|at| if has_hour(at) { moment(zone, at) } else { short_date(at.with_timezone(&zone).date_naive()) })
    };
    let flag = |flag: Option<bool>| flag.map(|f| if f { "có" } else { "không" }.to_owned());
    let status = match dossier.status {
        DossierStatus::NotReceived => "chưa tiếp nhận",
        DossierStatus::Open => "đang xử lý",
        DossierStatus::Paused => "tạm dừng, không tính hạn",
        DossierStatus::Finished => "đã xong",
        DossierStatus::Unmapped => "chưa biết; vẫn nhắc như đang xử lý",
    };
    let holder = office.sources.get(&settings.id).map(|rules| match rules.holder(dossier) {
        Some(rule) => office.directory.unit_name(&rule.unit).to_owned(),
        None => format!("chưa biết, tạm báo {}", office.directory.unit_name(&rules.fallback)),
    });
    let facts = [
        ("Mã hồ sơ", Some(dossier.code.clone())),
        ("Mã trong hệ thống", dossier.native_id.clone()),
        ("Mã thủ tục", dossier.procedure_code.clone()),
        ("Thủ tục", dossier.procedure.clone()),
        ("Lĩnh vực", dossier.field.clone()),
        ("Cơ quan", dossier.agency.clone()),
        ("Phòng (department)", dossier.unit.clone()),
        ("Bước xử lý", dossier.step.clone()),
        ("Cán bộ", dossier.handler.clone()),
        ("Người nộp", dossier.applicant.clone()),
        ("Tiếp nhận", at(dossier.received_at)),
        ("Hẹn trả", at(dossier.due_at)),
        ("Hẹn lại", at(dossier.extended_due_at)),
        ("Hạn của bước (không dùng để nhắc)", at(dossier.step_due_at)),
        ("Xử lý xong", at(dossier.resolved_at)),
        ("Trả kết quả", at(dossier.returned_at)),
        ("Trạng thái", Some(format!("«{}»: {status}", dossier.status_raw))),
        ("Nộp trực tuyến", flag(dossier.is_online)),
        ("Qua bưu chính", flag(dossier.is_by_post)),
        ("Thanh toán trực tuyến", flag(dossier.is_paid_online)),
        ("Xem tại", dossier.link.clone()),
        ("Đơn vị giữ hồ sơ", holder),
    ];
    facts.into_iter().filter_map(|(label, text)| text.map(|t| (label, t))).collect()
}

/// Statuses that nobody mapped, and places whose unit nobody named.
fn unmapped(sample: &Sample, office: &Office, settings: &SourceSettings) -> (BTreeSet<String>, BTreeSet<String>) {
    let is_unmapped = |d: &&Dossier| d.status == DossierStatus::Unmapped;
    let statuses = sample.dossiers.iter().filter(is_unmapped).map(|d| d.status_raw.clone()).collect();
    let rules = office.sources.get(&settings.id);
    let strange = sample.dossiers.iter().filter(|d| rules.is_some_and(|rules| rules.holder(d).is_none()));
    let places = strange.map(|d| {
        let place = [&d.unit, &d.step, &d.field, &d.agency].into_iter().flatten().next();
        place.cloned().unwrap_or_else(|| "(không có phòng, bước, lĩnh vực, cơ quan)".to_owned())
    });
    (statuses, places.collect())
}

/// Who would be told what today, had nobody been told before.
fn told(sample: &Sample, office: &Office, settings: &SourceSettings, now: DateTime<Utc>) -> Vec<String> {
    let tracked = |dossier: &Dossier| TrackedDossier {
        source: settings.id.clone(),
        dossier: dossier.clone(),
        seen_at: now,
        missing_polls: 0,
        closed_at: None,
        owes: false,
    };
    let record = Record { dossiers: sample.dossiers.iter().map(tracked).collect(), ..Record::default() };
    let decision = decide::decide(&Situation { office, record: &record }, now);
    let of_dossiers = decision.notify.iter().filter(|n| n.item.is_of_dossier() && n.merged_into.is_none());
    of_dossiers
        .map(|n| {
            let name = office.directory.recipient_name(&n.key.recipient);
            let what = match &n.item {
                Item::Duty { name, code, .. } => format!("{code}: {name}"),
                item => item.dossier_code().unwrap_or_default().to_owned(),
            };
            format!("{name}: {what}; {}", message::why_told(n.key.audience, n.key.offset, true))
        })
        .collect()
}

fn describe_json(sample: &Sample, office: &Office, settings: &SourceSettings, now: DateTime<Utc>) -> Value {
    let (statuses, places) = unmapped(sample, office, settings);
    let first = sample.dossiers.first().map(|d| {
        facts(d, office, settings).into_iter().map(|(k, v)| (k.to_owned(), Value::String(v))).collect::<Value>()
    });
    json!({
        "request": sample.request, "total": sample.total, "rows": sample.dossiers.len(), "first": first,
        "remarks": sample.remarks, "trouble": sample.trouble.as_ref().map(source::SourceError::sentence),
        "unmapped_statuses": statuses, "unmapped_places": places, "would_tell": told(sample, office, settings, now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_row_only_what_is_taken_is_shown_at_whatever_depth() {
        let row = json!({
            "_source": { "code": "H1", "owner": "BÍ MẬT", "phone": { "code": "BÍ MẬT" } },
            "task": [{ "assignee": { "name": "Trần An", "phone": "BÍ MẬT" } }],
            "sector": { "languageId": 228, "name": "Điện", "note": "BÍ MẬT" },
            "step": { "0": { "name": "Thẩm định", "note": "BÍ MẬT" } },
        });
        let wanted = ["_source/code", "task/0/assignee/name", "sector/languageId=228/name", "step/0/name"];
        let wanted = wanted.map(|pointer| pointer.split('/').collect::<Vec<_>>());
        let shown = covered(row, &wanted.each_ref().map(Vec::as_slice)).to_string();
        assert!(!shown.contains("BÍ MẬT"), "{shown}");
        for text in ["H1", "Trần An", "228", "Điện", "Thẩm định"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
    }
}
