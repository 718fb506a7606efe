//! Owns `profiles/NAME.yaml`: what a kind of one-stop system speaks; those inside the binary are written the same way.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use chrono::FixedOffset;
use regex::Regex;

use super::{
    fields::{Fields, Reader},
    finding::SourceFile,
    node::{self, Node, Text, Value},
};
use crate::{
    domain::dossier::DossierStatus,
    source::{
        fill::{NAMES, SECRET_NAMES, names, names_of_body},
        mapping::{Part, Rule, Words},
        pointer::Pointer,
        profile::{AnswerRules, Auth, Body, Format, Paging, PagingKind, Parameter, Predicate, Profile, Request},
        scan::Wanted,
        values::VIETNAM,
    },
};

/// The profiles inside the binary, by name.
pub const BUILT_IN: [(&str, &str); 7] = [
    ("opencps-v2", include_str!("../source/profiles/opencps-v2.yaml")),
    ("igate-v2", include_str!("../source/profiles/igate-v2.yaml")),
    ("dvcqg-mapi", include_str!("../source/profiles/dvcqg-mapi.yaml")),
    ("td-dichvucong", include_str!("../source/profiles/td-dichvucong.yaml")),
    ("savis-envelope", include_str!("../source/profiles/savis-envelope.yaml")),
    ("savis-soap-2016", include_str!("../source/profiles/savis-soap-2016.yaml")),
    ("opencps-pakn", include_str!("../source/profiles/opencps-pakn.yaml")),
];

/// All profiles that a source may name; those inside the binary are read when somebody does.
#[derive(Debug, Default)]
pub struct Profiles {
    own: BTreeMap<String, Arc<Profile>>,
    /// Names of files that are not read, or could not be: what is wrong is said there, and not again by who names them.
    broken: BTreeSet<String>,
}

impl Profiles {
    /// Adds an office's own profile; it may take the name of a built-in one.
    pub fn add(&mut self, reader: &Reader, name: &str, tree: &Node) {
        if let Some(profile) = read(reader, name, tree) {
            self.own.insert(name.to_owned(), Arc::new(profile));
            self.broken.remove(name);
        }
    }

    /// Notes that the office's own profile of that name is broken.
    pub fn note_broken(&mut self, name: &str) {
        self.broken.insert(name.to_owned());
    }

    /// Whether the office's own profile of that name is broken.
    #[must_use]
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }

    /// The profile of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Profile>> {
        let built_in = || {
            let (reader, tree) = built_in(name)?;
            read(&reader, name, &tree).map(Arc::new)
        };
        self.own.get(name).cloned().or_else(built_in)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let not_own = |(name, _): &(&'static str, &str)| !self.own.contains_key(*name);
        self.own.keys().map(String::as_str).chain(BUILT_IN.into_iter().filter(not_own).map(|(name, _)| name))
    }
}

/// A profile inside the binary, parsed.
fn built_in(name: &str) -> Option<(Reader, Node)> {
    let (_, text) = BUILT_IN.into_iter().find(|(known, _)| *known == name)?;
    let file = Arc::new(SourceFile::new(format!("loại hệ thống có sẵn {name}"), text.to_owned()));
    let mut findings = Vec::new();
    let tree = node::parse(&file, &mut findings)?;
    Some((Reader::new(file, findings), tree))
}

fn read(reader: &Reader, name: &str, tree: &Node) -> Option<Profile> {
    let merged = merged(reader, tree)?;
    let fields = reader.fields(&merged, "loại hệ thống");
    fields.get("like");
    let title = fields.text("title");
    let parameters = read_parameters(reader, &fields);
    let request = read_request(reader, &fields);
    let format = fields.parse(fields.optional_text("format"), "dạng câu trả lời (json, xml)", |s| match s {
        "json" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        _ => None,
    });
    let auth = fields.fields("auth", "mục auth").and_then(|auth| read_auth(reader, &auth));
    let paging = fields.fields("paging", "mục paging").and_then(|paging| read_paging(&paging));
    let answer = fields.fields("answer", "mục answer").and_then(|answer| read_answer(reader, &answer));
    let parts = fields.fields("fields", "mục fields").map(|f| read_parts(reader, &f)).unwrap_or_default();
    let statuses = fields.optional_fields("statuses", "mục statuses").map(|f| read_statuses(reader, &f));
    let zone =
        fields.parse(fields.optional_text("zone"), "múi giờ dạng \"+07:00\"", |s| FixedOffset::from_str(s).ok());
    let link = fields.optional_text("link").map(|t| t.value);
    fields.done();
    if !parts.iter().any(|(part, _)| *part == Part::Code) {
        reader.error(&fields.span, "loại hệ thống chưa nói mã hồ sơ ở đâu", "thêm mục code vào fields".to_owned());
        return None;
    }
    let words = Words {
        statuses: statuses.unwrap_or_default(),
        zone: Some(zone.unwrap_or(VIETNAM)),
        link,
        shows_applicants: false,
    };
    let profile = Profile {
        name: name.to_owned(),
        title: title?.value,
        parameters,
        request,
        auth: auth?,
        format: format.unwrap_or(Format::Json),
        paging: paging?,
        answer: answer?,
        fields: parts,
        words,
    };
    check_names(reader, &fields, &profile);
    Some(profile)
}

/// What the profile says, over what the one says that it is like.
fn merged(reader: &Reader, tree: &Node) -> Option<Node> {
    let Value::Map(entries) = &tree.value else { return Some(tree.clone()) };
    let Some((_, like)) = entries.iter().find(|(key, _)| key.value == "like") else { return Some(tree.clone()) };
    let like = reader.text(like, "like")?;
    let Some((_, base)) = built_in(&like.value) else {
        let known = BUILT_IN.map(|(name, _)| name).join(", ");
        let message = format!("không có loại hệ thống có sẵn «{}»", like.value);
        reader.error(&like.span, message, format!("các loại có sẵn: {known}"));
        return None;
    };
    Some(over(&base, tree))
}

/// Maps are merged key by key, everything else is replaced. What is taken over stands nowhere in the file.
fn over(base: &Node, own: &Node) -> Node {
    let (Value::Map(base), Value::Map(mine)) = (&base.value, &own.value) else { return own.clone() };
    let taken = base.iter().filter(|(key, _)| !mine.iter().any(|(k, _)| k.value == key.value));
    let mut entries: Vec<(Text, Node)> =
        taken.map(|(key, node)| (Text { value: key.value.clone(), span: 0..0 }, without_place(node))).collect();
    entries.extend(mine.iter().map(|(key, node)| {
        let below = base.iter().find(|(k, _)| k.value == key.value);
        (key.clone(), below.map_or_else(|| node.clone(), |(_, below)| over(below, node)))
    }));
    Node { value: Value::Map(entries), span: own.span.clone() }
}

fn without_place(node: &Node) -> Node {
    let value = match &node.value {
        Value::Null => Value::Null,
        Value::Text(text) => Value::Text(text.clone()),
        Value::List(items) => Value::List(items.iter().map(without_place).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, node)| (Text { value: key.value.clone(), span: 0..0 }, without_place(node)))
                .collect(),
        ),
    };
    Node { value, span: 0..0 }
}

fn read_parameters(reader: &Reader, fields: &Fields<'_>) -> BTreeMap<String, Parameter> {
    let Some(parameters) = fields.optional_fields("parameters", "mục parameters") else { return BTreeMap::new() };
    let read = |(key, node): &(Text, Node)| {
        let fields = reader.fields(node, "tham số");
        let (title, default) = (fields.text("title"), fields.optional_text("default"));
        fields.done();
        Some((key.value.clone(), Parameter { title: title?.value, default: default.map(|t| t.value) }))
    };
    parameters.entries().iter().filter_map(read).collect()
}

fn read_request(reader: &Reader, fields: &Fields<'_>) -> Request {
    let is_post = fields.parse(fields.optional_text("method"), "GET hoặc POST", |s| match s {
        "GET" => Some(false),
        "POST" => Some(true),
        _ => None,
    });
    let path = fields.optional_text("path").map(|t| t.value).unwrap_or_default();
    let headers = fields.optional_fields("headers", "mục headers").map(|f| read_pairs(reader, &f)).unwrap_or_default();
    let query = fields.optional_fields("query", "mục query").map(|f| read_pairs(reader, &f)).unwrap_or_default();
    let body = fields.optional_fields("body", "mục body").map(|f| read_body(reader, &f)).unwrap_or_default();
    Request { is_post: is_post.unwrap_or(false), path, headers, query, body }
}

/// Pairs with free keys; a list stands for a key that comes several times.
pub fn read_pairs(reader: &Reader, fields: &Fields<'_>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (key, node) in fields.entries() {
        match &node.value {
            Value::List(items) => {
                let texts = items.iter().filter_map(|item| reader.text(item, &key.value));
                pairs.extend(texts.map(|t| (key.value.clone(), t.value)));
            }
            // Empty parameters are really sent by some clients, and some servers want them.
            Value::Text(text) => pairs.push((key.value.clone(), text.clone())),
            Value::Null => pairs.push((key.value.clone(), String::new())),
            Value::Map(_) => drop(reader.text(node, &key.value)),
        }
    }
    pairs
}

fn read_body(reader: &Reader, fields: &Fields<'_>) -> Body {
    let (json, form, xml) =
        (fields.get("json"), fields.optional_fields("form", "mục form"), fields.optional_text("xml"));
    fields.done();
    match (json, form, xml) {
        (Some(json), None, None) => Body::Json(json_of(json)),
        (None, Some(form), None) => Body::Form(read_pairs(reader, &form)),
        (None, None, Some(xml)) => Body::Xml(xml.value),
        _ => {
            reader.error(&fields.span, "mục body phải có đúng một mục: json, form hoặc xml", None);
            Body::Empty
        }
    }
}

fn json_of(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Text(text) => serde_json::Value::String(text.clone()),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), json_of(node))).collect(),
    }
}

fn read_auth(reader: &Reader, auth: &Fields<'_>) -> Option<Auth> {
    let kind = auth.text("kind")?;
    let read = match kind.value.as_str() {
        "none" => Some(Auth::None),
        "basic" => Some(Auth::Basic),
        "header" => read_header(auth),
        "oauth2" => read_oauth2(auth),
        "session" => read_session(reader, auth),
        _ => {
            let help = "các cách hợp lệ: none, basic, header, oauth2, session".to_owned();
            reader.error(&kind.span, format!("không có cách đăng nhập «{}»", kind.value), help);
            return None;
        }
    };
    auth.done();
    read
}

fn read_header(auth: &Fields<'_>) -> Option<Auth> {
    let (name, value) = (auth.text("name"), auth.text("value"));
    Some(Auth::Header { name: name?.value, value: value?.value })
}

fn read_oauth2(auth: &Fields<'_>) -> Option<Auth> {
    let (url, client_id) = (auth.text("url"), auth.text("client_id"));
    let is_password = auth.parse(auth.text("grant"), "password hoặc client_credentials", |s| match s {
        "password" => Some(true),
        "client_credentials" => Some(false),
        _ => None,
    });
    let is_client_basic = auth.parse(auth.optional_text("client"), "body hoặc basic", |s| match s {
        "body" => Some(false),
        "basic" => Some(true),
        _ => None,
    });
    let scope = auth.optional_text("scope").map(|t| t.value);
    Some(Auth::OAuth2 {
        url: url?.value,
        is_password: is_password?,
        client_id: client_id?.value,
        is_client_basic: is_client_basic.unwrap_or(false),
        scope,
    })
}

fn read_session(reader: &Reader, auth: &Fields<'_>) -> Option<Auth> {
    let request = read_request(reader, auth);
    let token = auth.text("token").and_then(|t| pointer(reader, &t));
    let lives = auth.number::<u32>("minutes");
    let ok = auth.optional_fields("ok", "mục ok").and_then(|ok| read_predicate(reader, &ok));
    Some(Auth::Session { request, token: token?, lives: Duration::from_secs(u64::from(lives?) * 60), ok })
}

fn read_paging(paging: &Fields<'_>) -> Option<Paging> {
    let kind = paging.parse(paging.text("kind"), "single, offset, page, cursor hoặc codes", |s| match s {
        "single" => Some(PagingKind::Single),
        "offset" => Some(PagingKind::Offset),
        "page" => Some(PagingKind::Page),
        "cursor" => Some(PagingKind::Cursor),
        "codes" => Some(PagingKind::Codes),
        _ => None,
    });
    let number = |key, most: u32| {
        let expected = format!("một số từ 0 đến {most}");
        paging.parse(paging.optional_text(key), &expected, |s| s.parse::<u32>().ok().filter(|n| *n <= most))
    };
    let (first, size, pause) = (number("first", 1), number("size", 10_000), number("pause_milliseconds", 60_000));
    paging.done();
    Some(Paging {
        kind: kind?,
        first: u64::from(first.unwrap_or(0)),
        size: size.unwrap_or(100).max(1),
        pause: Duration::from_millis(u64::from(pause.unwrap_or(500))),
    })
}

fn read_predicate(reader: &Reader, fields: &Fields<'_>) -> Option<Predicate> {
    let at = fields.text("at").and_then(|t| pointer(reader, &t));
    let is_in: Vec<String> = fields.texts("in").into_iter().map(|t| t.value).collect();
    fields.done();
    if is_in.is_empty() {
        let help = "thêm in: [các giá trị]".to_owned();
        reader.error(&fields.span, "phép thử thiếu mục «in»: không giá trị nào đúng được", help);
    }
    Some(Predicate { at: at?, is_in })
}

fn read_answer(reader: &Reader, answer: &Fields<'_>) -> Option<AnswerRules> {
    let mut wanted = Wanted::default();
    let place = |key: &'static str| answer.optional_text(key).and_then(|t| pointer(reader, &t));
    // "/" is the answer itself.
    let rows = answer.text("rows").and_then(|t| if t.value == "/" { Some(Vec::new()) } else { plain(reader, &t) });
    let total = place("total");
    let total_in_row = place("total_in_row");
    let (last, next) = (place("last"), place("next"));
    let predicate = |key| answer.optional_fields(key, "mục của answer").and_then(|f| read_predicate(reader, &f));
    let (ok, none, denied) = (predicate("ok"), predicate("none"), predicate("denied"));
    let error_if: Vec<_> = answer.texts("error_if").iter().filter_map(|t| pointer(reader, t)).collect();
    let statuses = answer.texts("denied_status").into_iter();
    let denied_status =
        statuses.filter_map(|t| answer.parse(Some(t), "một mã HTTP, ví dụ 203", |s| s.parse().ok())).collect();
    answer.done();
    let mut at = |pointer: Option<Pointer>| pointer.map(|p| wanted.add(&p));
    let (total, last, next) = (at(total), at(last), at(next));
    let mut rule = |p: Option<Predicate>| p.map(|Predicate { at, is_in }| (wanted.add(&at), is_in));
    let (ok, none, denied) = (rule(ok), rule(none), rule(denied));
    let error_if = error_if.iter().map(|p| wanted.add(p)).collect();
    Some(AnswerRules {
        rows: rows?,
        total,
        total_in_row,
        last,
        next,
        ok,
        none,
        error_if,
        denied_status,
        denied,
        wanted,
    })
}

/// A pointer to rows, which only leads through maps.
fn plain(reader: &Reader, text: &Text) -> Option<Vec<String>> {
    let pointer = pointer(reader, text)?;
    if !pointer.rest.is_empty() {
        reader.error(&text.span, "đường dẫn tới danh sách chỉ gồm tên khóa, không đi qua danh sách khác", None);
        return None;
    }
    Some(pointer.keys)
}

fn pointer(reader: &Reader, text: &Text) -> Option<Pointer> {
    let pointer = text.value.parse().ok();
    if pointer.is_none() {
        let help = "viết như /dossierNo, /currentTask/0/assignee/fullname hoặc /name/languageId=228/name".to_owned();
        reader.error(&text.span, format!("đường dẫn «{}» không đúng dạng", text.value), help);
    }
    pointer
}

fn read_parts(reader: &Reader, fields: &Fields<'_>) -> Vec<(Part, Rule)> {
    let parts = Part::KEYS.iter().filter_map(|(key, part)| {
        let node = fields.get(key)?;
        Some((*part, read_rule(reader, node, key)))
    });
    let parts = parts.collect();
    fields.done();
    parts
}

fn read_rule(reader: &Reader, node: &Node, key: &'static str) -> Rule {
    let pointers = |node: &Node| -> Vec<Pointer> {
        let texts: Vec<Text> = match &node.value {
            Value::List(items) => items.iter().filter_map(|n| reader.text(n, key)).collect(),
            _ => reader.text(node, key).into_iter().collect(),
        };
        texts.iter().filter_map(|t| pointer(reader, t)).collect()
    };
    if !matches!(node.value, Value::Map(_)) {
        return Rule { at: pointers(node), ..Rule::default() };
    }
    let fields = reader.fields(node, "mục của fields");
    let at = fields.get("at").map(pointers).unwrap_or_default();
    let is_in = fields.texts("in").into_iter().map(|t| t.value).collect();
    // A size limit keeps a pattern from growing in memory; matching takes linear time in any case.
    let pattern = fields.parse(fields.optional_text("regex"), "một biểu thức chính quy", |s| {
        regex::RegexBuilder::new(s).size_limit(1 << 20).build().ok()
    });
    let constant = fields.optional_text("constant").map(|t| t.value);
    fields.done();
    let pattern: Option<Regex> = pattern;
    Rule { at, is_in, pattern, constant }
}

/// What each status means, by its code or its text.
pub fn read_statuses(reader: &Reader, fields: &Fields<'_>) -> std::collections::HashMap<String, DossierStatus> {
    let mut statuses = std::collections::HashMap::new();
    for (key, node) in fields.entries() {
        let Some(text) = reader.text(node, "statuses") else { continue };
        let status = match text.value.as_str() {
            "not-received" => DossierStatus::NotReceived,
            "open" => DossierStatus::Open,
            "paused" => DossierStatus::Paused,
            "finished" => DossierStatus::Finished,
            _ => {
                let help = "not-received (chưa tiếp nhận), open (đang xử lý), paused (tạm dừng), finished (đã xong)";
                reader.error(&text.span, format!("không có loại trạng thái «{}»", text.value), help.to_owned());
                continue;
            }
        };
        statuses.insert(key.value.to_lowercase(), status);
        statuses.insert(key.value.clone(), status);
    }
    statuses
}

/// What stands in braces must be known, and nothing secret may stand in an address.
fn check_names(reader: &Reader, fields: &Fields<'_>, profile: &Profile) {
    let mut addresses = vec![profile.request.path.as_str()];
    let mut others: Vec<String> = profile.request.headers.iter().map(|(_, v)| v.clone()).collect();
    addresses.extend(profile.request.query.iter().map(|(_, v)| v.as_str()));
    let mut found = names_of_body(&profile.request.body);
    match &profile.auth {
        Auth::None | Auth::Basic => {}
        Auth::Header { value, .. } => others.push(value.clone()),
        Auth::OAuth2 { url, client_id, scope, .. } => {
            addresses.push(url);
            others.extend([client_id.clone()].into_iter().chain(scope.clone()));
        }
        Auth::Session { request, .. } => {
            addresses.push(&request.path);
            addresses.extend(request.query.iter().map(|(_, v)| v.as_str()));
            others.extend(request.headers.iter().map(|(_, v)| v.clone()));
            found.extend(names_of_body(&request.body));
        }
    }
    let in_addresses: Vec<String> = addresses.iter().flat_map(|t| names(t)).map(str::to_owned).collect();
    for name in in_addresses.iter().filter(|n| SECRET_NAMES.contains(&n.as_str())) {
        let help = "đặt vào headers hoặc body".to_owned();
        reader.error(&fields.span, format!("không đặt «{{{name}}}» trong địa chỉ: địa chỉ bị ghi vào nhật ký"), help);
    }
    found.extend(in_addresses);
    found.extend(others.iter().flat_map(|t| names(t)).map(str::to_owned));
    let is_known = |name: &String| NAMES.contains(&name.as_str()) || profile.parameters.contains_key(name);
    for name in found.iter().filter(|n| !is_known(n)) {
        let help = format!("thêm «{name}» vào mục parameters");
        reader.error(&fields.span, format!("chưa biết «{{{name}}}» là gì"), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_valid_and_finds_number_and_appointment_or_receipt() {
        for (name, text) in BUILT_IN {
            let file = Arc::new(SourceFile::new(name.to_owned(), text.to_owned()));
            let mut findings = Vec::new();
            let tree = node::parse(&file, &mut findings);
            let reader = Reader::new(file, findings);
            let profile = tree.and_then(|tree| read(&reader, name, &tree));
            let findings: Vec<_> = reader.into_findings().iter().map(ToString::to_string).collect();
            assert!(findings.is_empty(), "{}", findings.join("\n"));
            let parts: Vec<_> = profile.expect("a profile").fields.iter().map(|(part, _)| *part).collect();
            assert!(parts.contains(&Part::DueAt) || parts.contains(&Part::ReceivedAt), "{name}");
        }
    }

    fn findings_of(text: &str) -> (Option<Profile>, Vec<String>) {
        let file = Arc::new(SourceFile::new("profiles/rieng.yaml".to_owned(), text.to_owned()));
        let mut findings = Vec::new();
        let tree = node::parse(&file, &mut findings).expect("YAML");
        let reader = Reader::new(file, findings);
        let profile = read(&reader, "rieng", &tree);
        (profile, reader.into_findings().into_iter().map(|f| f.message).collect())
    }

    #[test]
    fn an_office_copies_a_profile_by_saying_what_is_different() {
        let (profile, findings) =
            findings_of("like: opencps-v2\ntitle: Riêng\nstatuses: { teleporting: open }\nfields: { code: /maSo }\n");
        let profile = profile.expect("a profile");
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(profile.words.statuses["teleporting"], DossierStatus::Open);
        assert_eq!(profile.words.statuses["done"], DossierStatus::Finished, "taken over");
        let code = profile.fields.iter().find(|(part, _)| *part == Part::Code).map(|(_, rule)| rule.at[0].to_string());
        assert_eq!(code.as_deref(), Some("/maSo"));
    }

    #[test]
    fn what_is_wrong_in_a_profile_is_said() {
        let of = |text: &str| findings_of(text).1;
        assert_eq!(of("like: opencps\n"), ["không có loại hệ thống có sẵn «opencps»"]);
        assert_eq!(
            of("like: opencps-v2\nquery: { k: \"{password}\" }\n"),
            ["không đặt «{password}» trong địa chỉ: địa chỉ bị ghi vào nhật ký"]
        );
        assert_eq!(of("like: opencps-v2\nheaders: { k: \"{mat_khau}\" }\n"), ["chưa biết «{mat_khau}» là gì"]);
        assert_eq!(of("like: opencps-v2\nfields: { code: dossierNo }\n"), ["đường dẫn «dossierNo» không đúng dạng"]);
        assert_eq!(of("like: opencps-v2\nstatuses: { x: mo }\n"), ["không có loại trạng thái «mo»"]);
        assert_eq!(
            of("like: opencps-v2\nfields: { code: { at: /a, regex: \"(\" } }\n"),
            ["«(» không phải một biểu thức chính quy"]
        );
        assert_eq!(of("like: opencps-v2\nauth: { kind: kerberos }\n"), ["không có cách đăng nhập «kerberos»"]);
    }
}
