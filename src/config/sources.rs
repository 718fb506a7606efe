//! Owns the sources of `nhacviec.yaml`: how dossiers are read, and who is told of them.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
    time::Duration,
};

use super::{
    Folders,
    fields::{Fields, Reader, nearest},
    leaks::is_secret_name,
    node::{Node, Text, Value},
    profile::{Profiles, read_pairs, read_statuses},
    settings::{Root, is_loopback, read_ca, read_secret, read_session},
    units::Units,
    zalo::read_switch,
};
use crate::{
    domain::{
        dossier::SourceKind,
        ids::SourceId,
        office::{HolderPlace, HolderRule, PetitionLimits, SourceRules},
    },
    source::{
        FolderSettings, HttpSettings, SourceSettings, Way,
        fill::names_of_body,
        mapping::Words,
        profile::{Auth, PagingKind, Profile},
        table::{Field, HeaderWords},
    },
};

/// Decodes the sources and tells who gets their dossiers.
pub fn resolve(
    reader: &Reader,
    root: &Root<'_>,
    units: &Units,
    profiles: &Profiles,
    folders: &Folders,
) -> (Vec<SourceSettings>, BTreeMap<SourceId, SourceRules>) {
    let mut settings = Vec::new();
    let mut rules = BTreeMap::new();
    for node in &root.sources {
        let fields = reader.fields(node, "hệ thống một cửa");
        let source = read_source(reader, &fields, profiles, folders);
        let rule = read_rules(reader, &fields, root, units);
        fields.done();
        let (Some(source), Some(rule)) = (source, rule) else { continue };
        if rules.insert(source.id.clone(), rule).is_some() {
            let message = format!("mã hệ thống «{}» bị dùng hai lần", source.id);
            reader.error(&fields.span, message, "đặt mã khác".to_owned());
        }
        settings.push(source);
    }
    (settings, rules)
}

fn read_rules(reader: &Reader, fields: &Fields<'_>, root: &Root<'_>, units: &Units) -> Option<SourceRules> {
    let policy =
        fields.text("policy").and_then(|t| root.policies.named(reader, &t)).and_then(|name| root.policies.get(&name));
    let holders = fields.list("holders").into_iter().filter_map(|n| read_holder(reader, n, units)).collect();
    let fallback = fields.text("fallback").and_then(|t| units.resolve_one(reader, &t));
    let followed_by = units.resolve_all(reader, &fields.texts("followed_by"));
    let kind = fields.parse(
        fields.optional_text("kind"),
        "dossiers (hồ sơ) hoặc petitions (phản ánh, kiến nghị)",
        |s| match s {
            "dossiers" => Some(SourceKind::Dossiers),
            "petitions" => Some(SourceKind::Petitions),
            _ => None,
        },
    );
    let days = |key, expected: &str| read_number(fields, key, expected, 1..=365);
    let forward_within = days("forward_within", "số ngày làm việc để chuyển đơn, từ 1 đến 365");
    let answer_within = days("answer_within", "số ngày để trả lời, từ 1 đến 365");
    let usual = PetitionLimits::default();
    let limits = PetitionLimits {
        forward_within: forward_within.unwrap_or(usual.forward_within),
        answer_within: answer_within.unwrap_or(usual.answer_within),
    };
    Some(SourceRules {
        policy: policy?,
        holders,
        fallback: fallback?,
        followed_by,
        kind: kind.unwrap_or_default(),
        limits,
    })
}

fn read_source(reader: &Reader, fields: &Fields<'_>, profiles: &Profiles, folders: &Folders) -> Option<SourceSettings> {
    let id = fields.id();
    let poll_every = read_number(fields, "poll_every_minutes", "một số phút từ 1 đến 1440", 1..=1440);
    let hours = fields.parse(fields.optional_text("ask_between"), "khoảng giờ, viết như \"06:00-21:00\"", read_session);
    let shows_applicants = read_switch(fields, "applicant_names");
    let statuses = fields.optional_fields("statuses", "mục statuses").map(|f| read_statuses(reader, &f));
    let link = fields.optional_text("link").map(|t| t.value);
    let way = match (fields.get("profile"), fields.get("folder")) {
        (Some(_), None) => {
            let http = read_http(reader, fields, profiles, folders);
            http.map(|http| Way::Http(Box::new(with_words(http, statuses, link))))
        }
        (None, Some(_)) => read_folder(
            reader,
            fields,
            folders,
            Words { statuses: statuses.unwrap_or_default(), link, ..Words::default() },
        )
        .map(Way::Folder),
        (Some(_), Some(_)) | (None, None) => {
            let help = "profile: đọc qua mạng;  folder: đọc tệp xuất ra".to_owned();
            reader.error(&fields.span, "hệ thống một cửa phải có đúng một mục: profile hoặc folder", help);
            None
        }
    };
    Some(SourceSettings {
        id: id?.value.into(),
        poll_every: chrono::Duration::minutes(i64::from(poll_every.unwrap_or(15))),
        hours: hours.map(|s| (s.from, s.until)),
        shows_applicants,
        way: way?,
    })
}

/// What the source adds to the texts that its profile knows.
fn with_words(
    mut http: HttpSettings,
    statuses: Option<std::collections::HashMap<String, crate::domain::dossier::DossierStatus>>,
    link: Option<String>,
) -> HttpSettings {
    if statuses.is_some() || link.is_some() {
        let mut profile: Profile = (*http.profile).clone();
        profile.words.statuses.extend(statuses.unwrap_or_default());
        profile.words.link = link.or(profile.words.link);
        http.profile = profile.into();
    }
    http
}

fn read_folder(reader: &Reader, fields: &Fields<'_>, folders: &Folders, words: Words) -> Option<FolderSettings> {
    let folder = fields.text("folder");
    let is_complete = read_switch(fields, "lists_all_open");
    let headers = read_headers(reader, fields);
    // Relative to where the service may read and the office may write.
    Some(FolderSettings { folder: folders.state.join(folder?.value), is_complete, words, headers })
}

/// Header words of the office's own files, by what they name.
fn read_headers(reader: &Reader, fields: &Fields<'_>) -> HeaderWords {
    let mut words = HeaderWords::default();
    let Some(columns) = fields.optional_fields("columns", "mục columns") else { return words };
    for (key, node) in columns.entries() {
        let Some(field) = Field::from_key(&key.value) else {
            let known = || Field::ALL.iter().map(|f| f.key());
            let help = match nearest(&key.value, known()) {
                Some(near) => format!("ý bạn là «{near}»?"),
                None => format!("các cột: {}", known().collect::<Vec<_>>().join(", ")),
            };
            reader.error(&key.span, format!("không có cột «{}»", key.value), help);
            continue;
        };
        let texts: Vec<&Node> = match &node.value {
            Value::List(items) => items.iter().collect(),
            Value::Null | Value::Text(_) | Value::Map(_) => vec![node],
        };
        texts.into_iter().filter_map(|n| reader.text(n, &key.value)).for_each(|text| words.add(field, &text.value));
    }
    words
}

fn read_http(reader: &Reader, fields: &Fields<'_>, profiles: &Profiles, folders: &Folders) -> Option<HttpSettings> {
    let profile = fields.text("profile").and_then(|t| named(reader, &t, profiles));
    let address = |s: &str| {
        s.parse::<reqwest::Url>().ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.host_str().is_some())
    };
    let url = fields.parse(fields.text("url"), "một địa chỉ web (http:// hoặc https://)", address);
    let given = fields.optional_fields("parameters", "mục parameters");
    let user = fields.optional_text("user").map(|t| t.value);
    let secret = |key| fields.optional_text(key).and_then(|t| read_secret(reader, Some(t), folders));
    let (password, client_secret) = (secret("password_file"), secret("client_secret_file"));
    let client_certificate = secret("client_certificate_file");
    let query = fields.optional_fields("query", "mục query");
    warn_of_secrets(reader, query.iter().chain(&given));
    let query = query.map(|q| read_pairs(reader, &q)).unwrap_or_default();
    let page_size = read_number(fields, "page_size", "một số dòng từ 1 đến 10000", 1..=10_000);
    let pause = read_number(fields, "pause_milliseconds", "một số mili giây từ 0 đến 60000", 0..=60_000);
    let timeout = read_number(fields, "timeout_seconds", "một số giây từ 1 đến 600", 1..=600);
    let ca_file = read_ca(reader, fields, folders);
    let proxy = fields.parse(fields.optional_text("proxy"), "địa chỉ proxy, ví dụ http://10.0.0.1:3128", address);
    if let (Some(node), Some(true)) = (fields.get("url"), url.as_ref().map(|u| u.password().is_some())) {
        let help = "xóa phần «tên:mật khẩu@», dùng user và password_file; mật khẩu đã lộ thì nên đổi".to_owned();
        reader.error(&node.span, "không ghi mật khẩu vào tệp cấu hình: địa chỉ chứa mật khẩu", help);
    }
    let codes_file = fields.optional_text("codes_file").map(|t| folders.config.join(t.value));
    let (profile, url) = (profile?, url?);
    let parameters = read_parameters(reader, fields, given.as_ref(), &profile);
    // Some systems are shown the account in the request itself.
    let in_body = names_of_body(&profile.request.body);
    let needs_user = profile.auth.needs_user() || in_body.iter().any(|name| name == "user");
    let needs_password = needs_user || matches!(profile.auth, Auth::Header { .. });
    let lacks = [("user", needs_user && user.is_none()), ("password_file", needs_password && password.is_none())];
    for (key, _) in lacks.into_iter().filter(|(_, is_missing)| *is_missing) {
        let help = format!("thêm dòng «{key}: …»");
        reader.error(&fields.span, format!("hệ thống một cửa thiếu mục bắt buộc «{key}»"), help);
    }
    if profile.paging.kind == PagingKind::Codes && codes_file.is_none() {
        let help = "tệp trong thư mục cấu hình, mỗi dòng một mã hồ sơ".to_owned();
        reader.error(&fields.span, "loại hệ thống này tra cứu từng mã: cần mục «codes_file»", help);
    }
    if url.scheme() == "http" && !is_loopback(url.host_str().unwrap_or_default()) {
        let span: Range<usize> = fields.get("url").map_or(0..0, |n| n.span.clone());
        let help = "dùng https:// nếu hệ thống hỗ trợ".to_owned();
        reader.warning(&span, "địa chỉ http:// gửi mật khẩu không mã hóa", help);
    }
    Some(HttpSettings {
        profile,
        url,
        parameters: parameters?,
        user,
        password,
        client_secret,
        query,
        page_size,
        pause: pause.map(|n| Duration::from_millis(u64::from(n))),
        timeout: Duration::from_secs(u64::from(timeout.unwrap_or(60))),
        ca_file,
        client_certificate,
        proxy,
        codes_file,
    })
}

/// Parameters are written out in the file: none of them should be a secret.
fn warn_of_secrets<'a>(reader: &Reader, maps: impl Iterator<Item = &'a Fields<'a>>) {
    for (key, _) in maps.flat_map(Fields::entries).filter(|(key, _)| is_secret_name(&key.value)) {
        let help = "dùng password_file (tệp trong thư mục secrets) nếu loại hệ thống có chỗ cho mật khẩu".to_owned();
        reader.warning(&key.span, format!("«{}» giống một mật khẩu ghi trong tệp cấu hình", key.value), help);
    }
}

fn named(reader: &Reader, name: &Text, profiles: &Profiles) -> Option<std::sync::Arc<Profile>> {
    if profiles.is_broken(&name.value) {
        return None;
    }
    let found = profiles.get(&name.value);
    if found.is_none() {
        let help = match nearest(&name.value, profiles.names()) {
            Some(near) => format!("ý bạn là «{near}»?"),
            None => format!("các loại đang có: {}", profiles.names().collect::<Vec<_>>().join(", ")),
        };
        reader.error(&name.span, format!("không có loại hệ thống «{}»", name.value), help);
    }
    found
}

/// What the profile leaves open, from the source or by default; `None` when something is missing.
fn read_parameters(
    reader: &Reader,
    fields: &Fields<'_>,
    given: Option<&Fields<'_>>,
    profile: &Profile,
) -> Option<BTreeMap<String, String>> {
    let pairs = given.map(|g| read_pairs(reader, g)).unwrap_or_default();
    if let Some(given) = given {
        for (key, _) in given.entries().iter().filter(|(k, _)| !profile.parameters.contains_key(&k.value)) {
            let known = profile.parameters.keys().cloned().collect::<Vec<_>>().join(", ");
            let help = if known.is_empty() { "xóa dòng này".to_owned() } else { format!("các tham số: {known}") };
            reader.error(&key.span, format!("loại hệ thống {} không có tham số «{}»", profile.name, key.value), help);
        }
    }
    let mut parameters = BTreeMap::new();
    let mut is_whole = true;
    for (key, parameter) in &profile.parameters {
        let value = pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()).or_else(|| parameter.default.clone());
        if let Some(value) = value {
            drop(parameters.insert(key.clone(), value));
        } else {
            let help = format!("{}; thêm vào mục parameters", parameter.title);
            reader.error(&fields.span, format!("hệ thống một cửa thiếu tham số «{key}»"), help);
            is_whole = false;
        }
    }
    is_whole.then_some(parameters)
}

/// An optional whole number within a range.
fn read_number(fields: &Fields<'_>, key: &'static str, expected: &str, range: RangeInclusive<u32>) -> Option<u32> {
    fields.parse(fields.optional_text(key), expected, |s| s.parse().ok().filter(|n| range.contains(n)))
}

fn read_holder(reader: &Reader, node: &Node, units: &Units) -> Option<HolderRule> {
    let fields = reader.fields(node, "dòng phân hồ sơ");
    let when: Vec<_> = HolderPlace::KEYS
        .into_iter()
        .filter_map(|(key, place)| fields.optional_text(key).map(|t| (place, t.value)))
        .collect();
    let unit = fields.text("unit").and_then(|t| units.resolve_one(reader, &t));
    let person = fields.optional_text("person").and_then(|t| units.person(reader, &t));
    fields.done();
    if when.is_empty() {
        let keys = HolderPlace::KEYS.map(|(key, _)| key).join(", ");
        reader.error(&fields.span, format!("dòng phân hồ sơ phải có ít nhất một điều kiện: {keys}"), None);
        return None;
    }
    Some(HolderRule { when, unit: unit?, person })
}
