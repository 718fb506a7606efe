//! Owns `units.yaml`: units, groups, people and positions, and the names plans use for them.

mod succession;

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    addresses::Addresses,
    fields::{Fields, Reader, date, nearest},
    node::{Node, Text, Value},
};
use crate::domain::{
    directory::{ChannelKind, Directory, Person, Route, Substitute, Unit},
    ids::{PersonId, UnitId},
};

pub use self::succession::warn_uninherited;

/// The directory with every name that may stand for one or several units.
#[derive(Debug, Default)]
pub struct Units {
    /// Checked units, people and positions.
    pub directory: Directory,
    names: HashMap<String, Vec<UnitId>>,
    written: Vec<String>,
    addresses: Addresses,
    /// Where each unit is declared.
    places: HashMap<UnitId, Range<usize>>,
    /// Units for which successors are written, whether or not those exist.
    inherited: BTreeSet<UnitId>,
}

impl Units {
    /// Every name, alias and key as written.
    pub fn into_written(self) -> Vec<String> {
        self.written
    }

    /// Whether the file declares nobody at all.
    pub fn is_empty(&self) -> bool {
        self.directory.units.is_empty() && self.directory.people.is_empty()
    }

    /// The units a name stands for: by id, name or alias, without regard to case and spacing.
    pub fn resolve(&self, reader: &Reader, text: &Text) -> Vec<UnitId> {
        // A key is folded already.
        let known = self.names.get(&text.value).or_else(|| self.names.get(&folded(&text.value)));
        if let Some(units) = known {
            return units.clone();
        }
        let near = nearest(&text.value, self.written.iter().map(String::as_str));
        let is_group = folded(&text.value).starts_with("các ");
        let declare = if is_group { "khai báo nhóm ở mục groups" } else { "khai báo đơn vị" };
        let help = near.map_or_else(
            || format!("{declare} trong units.yaml"),
            |near| format!("ý bạn là «{near}»? nếu không, {declare} trong units.yaml"),
        );
        reader.error(&text.span, format!("không có đơn vị hoặc nhóm «{}»", text.value), help);
        Vec::new()
    }

    /// Several names, each unit once, in order.
    pub fn resolve_all(&self, reader: &Reader, texts: &[Text]) -> Vec<UnitId> {
        let mut units = Vec::new();
        for unit in texts.iter().flat_map(|t| self.resolve(reader, t)) {
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        units
    }

    /// One name that must stand for exactly one unit.
    pub fn resolve_one(&self, reader: &Reader, text: &Text) -> Option<UnitId> {
        let units = self.resolve(reader, text);
        if units.len() > 1 {
            reader.error(&text.span, format!("«{}» là nhóm đơn vị; ở đây cần đúng một đơn vị", text.value), None);
        }
        units.into_iter().next()
    }

    /// A person by id.
    pub fn person(&self, reader: &Reader, text: &Text) -> Option<PersonId> {
        let id = PersonId::from(text.value.as_str());
        if self.directory.people.contains_key(&id) {
            return Some(id);
        }
        let help = nearest(&text.value, self.directory.people.keys().map(PersonId::as_str)).map_or_else(
            || "khai báo người trong units.yaml, mục people".to_owned(),
            |near| format!("ý bạn là «{near}»?"),
        );
        reader.error(&text.span, format!("không có người «{}»", text.value), help);
        None
    }

    fn place(&self, unit: &UnitId) -> Range<usize> {
        self.places.get(unit).cloned().unwrap_or_default()
    }

    fn name(&mut self, reader: &Reader, text: &Text, units: &[UnitId]) {
        self.written.push(text.value.clone());
        let known = self.names.insert(folded(&text.value), units.to_vec());
        if known.is_some_and(|k| k != units) {
            reader.error(
                &text.span,
                format!("tên «{}» dùng cho hai đơn vị khác nhau", text.value),
                "đặt tên khác".to_owned(),
            );
        }
    }
}

fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Decodes the file.
pub fn read_units(reader: &Reader, root: &Node, has_channel: impl Fn(ChannelKind) -> bool) -> Units {
    let fields = reader.fields(root, "tệp đơn vị");
    let mut units = Units::default();
    for node in fields.list("people") {
        read_person(reader, node, &mut units);
    }
    for node in fields.list("units") {
        read_unit(reader, node, &mut units);
    }
    let groups: Vec<_> = fields.list("groups").into_iter().map(|node| read_group(reader, node, &mut units)).collect();
    for node in fields.list("units") {
        read_successors(reader, node, &mut units);
    }
    succession::check_successions(reader, &units);
    for group in &groups {
        succession::check_group(reader, &units, group);
    }
    for node in fields.list("substitutes") {
        read_substitute(reader, node, &mut units);
    }
    if let Some(positions) = fields.optional_fields("positions", "mục positions") {
        for (position, node) in positions.entries() {
            let person = reader.text(node, "positions").and_then(|t| units.person(reader, &t));
            units.directory.positions.extend(person.map(|p| (position.value.clone(), p)));
        }
    }
    fields.done();
    if units.directory.units.is_empty() {
        reader.error(&fields.span, "chưa khai báo đơn vị nào", "thêm ít nhất một đơn vị vào mục units".to_owned());
    }
    units.directory.keep_channels(has_channel);
    warn_unreachable(reader, &units);
    units.addresses.advise(reader);
    units
}

fn read_person(reader: &Reader, node: &Node, units: &mut Units) {
    let fields = reader.fields(node, "người nhận tin");
    let id = fields.id();
    let name = fields.text("name");
    let title = fields.optional_text("title");
    let (email_text, email) = read_email(&fields, "email");
    let zalo_chat = fields.optional_text("zalo_chat");
    let zalo_user = fields.optional_text("zalo_user");
    let zalo_group = fields.optional_text("zalo_group");
    let expected = "một số điện thoại di động Việt Nam, viết như 0912345678 (đặt trong dấu ngoặc kép)";
    let phone = fields.parse(fields.optional_text("phone"), expected, mobile_number);
    let channels: Vec<ChannelKind> = fields
        .texts("channels")
        .into_iter()
        .filter_map(|t| {
            fields
                .parse(Some(t), "kênh gửi (email, zalo_bot, zalo_oa, zalo_template, zalo_group)", |s| s.parse().ok())
        })
        .collect();
    fields.done();
    let (Some(id), Some(name)) = (id, name) else { return };
    let address = |channel: ChannelKind| match channel {
        ChannelKind::Email => email.clone(),
        ChannelKind::ZaloBot => zalo_chat.as_ref().map(|t| t.value.clone()),
        ChannelKind::ZaloOa => zalo_user.as_ref().map(|t| t.value.clone()),
        ChannelKind::ZaloTemplate => phone.clone(),
        ChannelKind::ZaloGroup => zalo_group.as_ref().map(|t| t.value.clone()),
    };
    let preference = channels.clone();
    let order = if channels.is_empty() { ChannelKind::ALL.to_vec() } else { channels };
    let routes: Vec<Route> =
        order.into_iter().filter_map(|channel| address(channel).map(|address| Route { channel, address })).collect();
    if routes.is_empty() {
        let message = format!("{} chưa có địa chỉ nào, sẽ không nhận được tin", name.value);
        reader.warning(&id.span, message, "thêm email hoặc zalo_chat".to_owned());
    }
    let key = PersonId::from(id.value.as_str());
    let person = Person {
        id: key.clone(),
        name: name.value,
        title: title.map(|t| t.value).unwrap_or_default(),
        routes: routes.into(),
        preference,
    };
    if let (Some(text), Some(email)) = (&email_text, &email) {
        units.addresses.add(&person.name, email, text);
    }
    if units.directory.people.insert(key, person).is_some() {
        reader.error(&id.span, format!("mã người «{}» bị dùng hai lần", id.value), "đặt mã khác".to_owned());
    }
}

/// An address, with its place.
fn read_email(fields: &Fields<'_>, key: &'static str) -> (Option<Text>, Option<String>) {
    let text = fields.optional_text(key);
    let parse = |s: &str| s.parse::<lettre::Address>().ok();
    let address = fields.parse(text.clone(), "một địa chỉ thư điện tử", parse);
    (text, address.map(|a| a.to_string()))
}

/// Ten digits from 03, 05, 07, 08 or 09, with or without the country's prefix.
fn mobile_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && !".-()".contains(*c)).collect();
    let national = digits.strip_prefix("+84").or_else(|| digits.strip_prefix("84").filter(|rest| rest.len() == 9));
    let national = national.or_else(|| digits.strip_prefix('0'))?;
    let is_number = national.len() == 9 && national.bytes().all(|b| b.is_ascii_digit());
    (is_number && national.starts_with(['3', '5', '7', '8', '9'])).then(|| format!("84{national}"))
}

fn read_unit(reader: &Reader, node: &Node, units: &mut Units) {
    let fields = reader.fields(node, "đơn vị");
    let (id, name) = (fields.id(), fields.text("name"));
    let aliases = fields.texts("aliases");
    let head = fields.optional_text("head").and_then(|t| units.person(reader, &t));
    let overseen_by = fields.optional_text("overseen_by").and_then(|t| units.person(reader, &t));
    let contacts = fields.texts("contacts").iter().filter_map(|t| units.person(reader, t)).collect();
    let (mailbox_text, mailbox) = read_email(&fields, "mailbox");
    let day = |key| fields.optional_text(key).and_then(|t| date(reader, &t));
    let (valid_from, valid_until) = (day("valid_from"), day("valid_until"));
    // Resolved once every unit is known.
    let _ = fields.texts("successors");
    fields.done();
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until < from
    {
        reader.error(
            &fields.span,
            "đơn vị hết hiệu lực trước khi có hiệu lực",
            "xem lại valid_from, valid_until".to_owned(),
        );
    }
    let (Some(id), Some(name)) = (id, name) else { return };
    let key = UnitId::from(id.value.as_str());
    if units.directory.units.contains_key(&key) {
        reader.error(&id.span, format!("mã đơn vị «{}» bị dùng hai lần", id.value), "đặt mã khác".to_owned());
        return;
    }
    if let (Some(text), Some(mailbox)) = (&mailbox_text, &mailbox) {
        units.addresses.add(&name.value, mailbox, text);
    }
    for text in [&id, &name].into_iter().chain(&aliases) {
        units.name(reader, text, std::slice::from_ref(&key));
    }
    units.places.insert(key.clone(), id.span);
    units.directory.units.insert(
        key.clone(),
        Unit {
            id: key,
            name: name.value.into(),
            head,
            overseen_by,
            contacts,
            mailbox,
            valid_from,
            valid_until,
            successors: Vec::new(),
        },
    );
}

/// Who took over; only units that exist, and none of itself.
fn read_successors(reader: &Reader, node: &Node, units: &mut Units) {
    let Value::Map(entries) = &node.value else { return };
    let entry = |key: &str| entries.iter().find(|(k, _)| k.value == key).map(|(_, node)| node);
    let (Some(id), Some(list)) = (entry("id").and_then(|n| reader.text(n, "id")), entry("successors")) else { return };
    let fields = reader.fields(node, "đơn vị");
    let successors = units.resolve_all(reader, &fields.texts("successors"));
    let id = UnitId::from(id.value.as_str());
    if successors.contains(&id) {
        reader.error(&list.span, "đơn vị không kế thừa chính mình", "bỏ tên đó khỏi successors".to_owned());
    }
    if !fields.list("successors").is_empty() {
        units.inherited.insert(id.clone());
    }
    if let Some(unit) = units.directory.units.get_mut(&id) {
        if unit.valid_until.is_none() && !successors.is_empty() {
            let help = "thêm valid_until: ngày cuối còn hoạt động".to_owned();
            reader.error(&list.span, "đơn vị có successors phải có ngày hết hiệu lực", help);
        }
        unit.successors = successors.into_iter().filter(|s| *s != id).collect();
    }
}

fn read_substitute(reader: &Reader, node: &Node, units: &mut Units) {
    let fields = reader.fields(node, "người thay");
    let (person, by) = (
        fields.text("person").and_then(|t| units.person(reader, &t)),
        fields.text("by").and_then(|t| units.person(reader, &t)),
    );
    let (from_on, until_on) = (fields.date("from"), fields.date("until"));
    fields.done();
    let (Some(person), Some(by), Some(from_on), Some(until_on)) = (person, by, from_on, until_on) else { return };
    if until_on < from_on {
        reader.error(&fields.span, "người thay: ngày cuối sớm hơn ngày đầu", "xem lại from, until".to_owned());
    }
    if person == by {
        reader.error(&fields.span, "không ai thay chính mình", "xem lại person, by".to_owned());
    }
    if units.directory.people.get(&by).is_some_and(|p| p.routes.is_empty()) {
        let message = format!("người thay «{by}» chưa có địa chỉ, tin vẫn tới người được thay");
        reader.warning(&fields.span, message, "thêm email hoặc zalo_chat".to_owned());
    }
    let overlaps = |s: &Substitute| s.person == person && s.from_on <= until_on && from_on <= s.until_on;
    if units.directory.substitutes.iter().any(overlaps) {
        reader.error(
            &fields.span,
            format!("«{person}» có hai người thay cùng lúc"),
            "mỗi lúc một người thay".to_owned(),
        );
    }
    units.directory.substitutes.push(Substitute { person, by, from_on, until_on });
}

/// A name in plans that stands for several units.
struct Group {
    name: String,
    members: Vec<UnitId>,
    place: Range<usize>,
}

fn read_group(reader: &Reader, node: &Node, units: &mut Units) -> Group {
    let fields = reader.fields(node, "nhóm đơn vị");
    let (id, name) = (fields.id(), fields.text("name"));
    let aliases = fields.texts("aliases");
    let members = units.resolve_all(reader, &fields.texts("members"));
    fields.done();
    if members.is_empty() {
        reader.error(&fields.span, "nhóm chưa có đơn vị nào", "thêm mục members".to_owned());
    }
    for text in id.iter().chain(&name).chain(&aliases) {
        units.name(reader, text, &members);
    }
    let place = id.map_or_else(|| fields.span.clone(), |id| id.span);
    Group { name: name.map(|t| t.value).unwrap_or_default(), members, place }
}

fn warn_unreachable(reader: &Reader, units: &Units) {
    let directory = &units.directory;
    for unit in directory.units.values().filter(|u| !directory.can_reach(&u.id)) {
        reader.warning(
            &units.place(&unit.id),
            format!("{} không có ai nhận được tin", unit.name),
            "thêm contacts có địa chỉ, hoặc mailbox".to_owned(),
        );
    }
}
