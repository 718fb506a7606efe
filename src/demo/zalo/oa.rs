//! The official account's API: consultation messages and their windows, groups, templates by user, profiles.
//!
//! Attachments, uploads and the changing of groups are not modelled.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::{
    FakeZalo, Host, Via, World, empty_api, in_vietnam,
    oauth::AccessFault,
    template::ParamFault,
    wire::{Answer, Refusal, Request, refuse},
};

const MAX_TEXT: usize = 2000;
const CALLS_PER_MINUTE: u32 = 4000;
/// Until then a consultation message is free; later it is charged.
const FREE_HOURS: i64 = 48;
/// Until then it is taken at all.
const WINDOW_DAYS: i64 = 7;
const MAX_USERS_PER_PAGE: u64 = 50;
const MAX_USER_OFFSET: u64 = 9951;

#[derive(Debug)]
pub(super) struct Account {
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, bool>,
    calls_left: u32,
    minute: i64,
    is_quota_hidden: bool,
}

#[derive(Debug)]
struct User {
    last_interaction: DateTime<Utc>,
    display_name: String,
    phone: Option<String>,
    answer: i64,
}

impl Default for Account {
    fn default() -> Self {
        let (users, groups) = (BTreeMap::new(), BTreeMap::new());
        Self { users, groups, calls_left: CALLS_PER_MINUTE, minute: 0, is_quota_hidden: false }
    }
}

impl FakeZalo {
    /// Makes somebody known who follows the account and last wrote to it then; again: replaces.
    pub fn add_user(&self, user: &str, last_interaction: DateTime<Utc>, display_name: &str, phone: Option<&str>) {
        let (display_name, phone) = (display_name.to_owned(), phone.map(str::to_owned));
        let known = User { last_interaction, display_name, phone, answer: 0 };
        self.world().account.users.insert(user.to_owned(), known);
    }

    /// Sets the error that messages to a user get (-213, -217, -227, -244 …); 0 is none.
    pub fn set_user_answer(&self, user: &str, code: i64) {
        if let Some(user) = self.world().account.users.get_mut(user) {
            user.answer = code;
        }
    }

    /// Makes a group known in which the account is. Messages to one that is not enabled get -237.
    pub fn add_group(&self, group: &str, is_enabled: bool) {
        self.world().account.groups.insert(group.to_owned(), is_enabled);
    }

    /// Sets how many calls are left in this minute of the clock; at 0 they get -32 and are not executed.
    pub fn set_calls_left(&self, calls: u32) {
        let mut world = self.world();
        (world.account.calls_left, world.account.minute) = (calls, minute(world.now));
    }

    /// While hidden, answers have no `quota`, as was announced.
    pub fn set_quota_hidden(&self, is_hidden: bool) {
        self.world().account.is_quota_hidden = is_hidden;
    }
}

impl From<AccessFault> for AccountRefusal {
    fn from(fault: AccessFault) -> Self {
        Self(match fault {
            AccessFault::Invalid => refuse(-216, "Access token is invalid"),
            AccessFault::Expired => refuse(-220, "Access token is expired or removed"),
            AccessFault::WrongProof => refuse(-242, "Appsecret proof is invalid"),
        })
    }
}

impl From<ParamFault> for AccountRefusal {
    fn from(fault: ParamFault) -> Self {
        Self(match fault {
            ParamFault::Absent => refuse(-201, "template_data is invalid"),
            ParamFault::Missing(name) | ParamFault::NotText(name) | ParamFault::Unknown(name) => {
                refuse(-201, &format!("template_data.{name} is invalid"))
            }
            ParamFault::TooLong(name) => refuse(-210, &format!("template_data.{name} exceeds the limit")),
        })
    }
}

/// A refusal with a number of this API's table; the business host has another table for the same faults.
struct AccountRefusal(Refusal);

impl From<Refusal> for AccountRefusal {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

fn minute(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(60)
}

fn refuse_field(name: &str) -> Refusal {
    refuse(-201, &format!("{name} is invalid"))
}

fn text_in(object: Option<&Value>, name: &str) -> String {
    object.and_then(|object| object.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Over-long text has no documented number; -210 ("over the limit") is assumed. Code points count.
fn message_text(body: &Map<String, Value>) -> Result<String, Refusal> {
    let text = text_in(body.get("message"), "text");
    match text.chars().count() {
        0 => Err(refuse_field("message.text")),
        1..=MAX_TEXT => Ok(text),
        _ => Err(refuse(-210, "message.text exceeds 2000 characters")),
    }
}

impl World {
    pub(super) fn answer_account(&mut self, request: &Request) -> Answer {
        let now = minute(self.now);
        if self.account.minute != now {
            (self.account.minute, self.account.calls_left) = (now, CALLS_PER_MINUTE);
        }
        let mut answer = if let Some(left) = self.account.calls_left.checked_sub(1) {
            self.account.calls_left = left;
            self.route_account(request)
        } else {
            Host::Account.refusal(&refuse(-32, "The application has reached its limit of calls per minute"))
        };
        answer.headers = self.rate_headers();
        answer
    }

    pub(super) fn rate_headers(&self) -> Vec<(&'static str, String)> {
        let left = self.account.calls_left.to_string();
        vec![("x-ratelimit-limit", CALLS_PER_MINUTE.to_string()), ("x-ratelimit-remain", left)]
    }

    fn route_account(&mut self, request: &Request) -> Answer {
        let answer = match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v3.0/oa/message/cs") => self.send_consultation(request),
            ("POST", "/v3.0/oa/message/template") => self.send_by_user(request),
            ("POST", "/v3.0/oa/group/message") => self.send_to_group(request),
            ("POST", "/v3.0/oa/quota/message") => self.user_quota(request),
            ("GET", "/v3.0/oa/user/detail") => self.user_detail(request),
            ("GET", "/v3.0/oa/user/getlist") => self.list_users(request),
            ("GET", "/v3.0/oa/group/getgroupsofoa") => self.list_groups(request),
            ("GET", "/v2.0/oa/getoa") => self.account_detail(request),
            ("POST", path) if path.starts_with("/v2.0/oa/message") => {
                Err(refuse(-240, "The v2 message API is closed").into())
            }
            _ => return empty_api(),
        };
        match answer {
            Ok(body) => Answer::json(&json!({ "data": body, "error": 0, "message": "Success" })),
            Err(AccountRefusal(refusal)) => Host::Account.refusal(&refusal),
        }
    }

    fn body_of(&self, request: &Request) -> Result<Map<String, Value>, AccountRefusal> {
        self.check_access(request)?;
        Ok(request.json_object().ok_or_else(|| refuse_field("body"))?)
    }

    /// Who is unknown is taken not to follow the account.
    fn user(&self, id: &str) -> Result<&User, Refusal> {
        if id.is_empty() {
            return Err(refuse_field("user_id"));
        }
        self.account.users.get(id).ok_or_else(|| refuse(-213, "User has not followed the OA"))
    }

    fn reachable_user(&self, id: &str) -> Result<&User, Refusal> {
        match self.user(id)? {
            User { answer: 0, .. } => self.user(id),
            User { answer, .. } => Err(refuse(*answer, "Error on demand")),
        }
    }

    fn send_consultation(&mut self, request: &Request) -> Result<Value, AccountRefusal> {
        let body = self.body_of(request)?;
        let to = text_in(body.get("recipient"), "user_id");
        let idle = self.now - self.reachable_user(&to)?.last_interaction;
        let text = message_text(&body)?;
        if idle > Duration::days(WINDOW_DAYS) {
            return Err(refuse(-230, "User has not interacted with the OA in the past 7 days").into());
        }
        let quota = if idle <= Duration::hours(FREE_HOURS) { "reply" } else { "sub_quota" };
        let quota = json!({ "quota_type": quota, "remain": "8", "total": "8" });
        let id = self.deliver(Via::Consultation, &to, text);
        Ok(self.receipt_with(&id, &to, quota))
    }

    fn receipt_with(&self, id: &str, to: &str, quota: Value) -> Value {
        let mut receipt = json!({ "message_id": id, "user_id": to, "sent_time": self.millis() });
        if !self.account.is_quota_hidden {
            receipt["quota"] = quota;
        }
        receipt
    }

    fn send_by_user(&mut self, request: &Request) -> Result<Value, AccountRefusal> {
        let body = self.body_of(request)?;
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (to, template) = (field("user_id"), field("template_id"));
        self.reachable_user(to)?;
        self.templates.check_template_answer(template)?;
        // This table has no number for templates that are unknown or not approved; the field is to blame.
        let known = self.templates.registered.get(template).filter(|known| known.status == "ENABLE");
        let values = known.ok_or_else(|| refuse_field("template_id"))?.check(body.get("template_data"))?;
        if self.templates.is_wallet_empty {
            return Err(refuse(-321, "Zalo Cloud Account is out of money").into());
        }
        let id = self.deliver(Via::TemplateByUser, to, Value::Object(values).to_string());
        Ok(self.receipt_with(&id, to, json!({ "quota_type": "purchase_quota", "remain": "1000" })))
    }

    fn send_to_group(&mut self, request: &Request) -> Result<Value, AccountRefusal> {
        let body = self.body_of(request)?;
        let to = text_in(body.get("recipient"), "group_id");
        let text = message_text(&body)?;
        match self.account.groups.get(&to) {
            None => Err(refuse(-403, "OA is not in the group").into()),
            Some(false) => Err(refuse(-237, "Group is expired or disabled").into()),
            Some(true) => {
                let id = self.deliver(Via::Group, &to, text);
                Ok(json!({ "message_id": id, "group_id": to }))
            }
        }
    }

    fn user_quota(&self, request: &Request) -> Result<Value, AccountRefusal> {
        let body = self.body_of(request)?;
        let user = self.user(body.get("user_id").and_then(Value::as_str).unwrap_or_default())?;
        Ok(json!({
            "last_interaction": user.last_interaction.timestamp_millis().to_string(),
            "cs_reply": { "remain": 8, "total": 8 },
            "promotion": { "daily_remain": 0, "daily_total": 1, "monthly_remain": 4, "monthly_total": 6 },
        }))
    }

    /// The query's one field `data` is JSON.
    fn query_object(&self, request: &Request) -> Result<Value, AccountRefusal> {
        self.check_access(request)?;
        let text = request.query_fields().remove("data").unwrap_or_default();
        let object = serde_json::from_str(&text).ok().filter(Value::is_object);
        Ok(object.ok_or_else(|| refuse_field("data"))?)
    }

    fn user_detail(&self, request: &Request) -> Result<Value, AccountRefusal> {
        let query = self.query_object(request)?;
        let id = text_in(Some(&query), "user_id");
        let user = self.user(&id)?;
        let mut detail = json!({
            "user_id": id, "user_id_by_app": format!("9{id}"), "user_alias": user.display_name,
            "display_name": user.display_name, "user_is_follower": true, "is_sensitive": false,
            "user_last_interaction_date": in_vietnam(user.last_interaction).format("%d/%m/%Y").to_string(),
            "tags_and_notes_info": { "notes": [], "tag_names": [] },
        });
        if let Some(phone) = &user.phone {
            detail["shared_info"] = json!({ "name": user.display_name, "phone": phone, "address": "" });
        }
        Ok(detail)
    }

    fn list_users(&self, request: &Request) -> Result<Value, AccountRefusal> {
        let query = self.query_object(request)?;
        let number = |name: &str| query.get(name).and_then(Value::as_u64).ok_or_else(|| refuse_field(name));
        let (offset, count) = (number("offset")?, number("count")?);
        if offset > MAX_USER_OFFSET || count > MAX_USERS_PER_PAGE {
            return Err(refuse(-210, "offset or count exceeds the limit").into());
        }
        let page = page(self.account.users.keys(), offset, count);
        let users: Vec<Value> = page.map(|id| json!({ "user_id": id })).collect();
        Ok(json!({ "total": self.account.users.len(), "count": users.len(), "offset": offset, "users": users }))
    }

    fn list_groups(&self, request: &Request) -> Result<Value, AccountRefusal> {
        self.check_access(request)?;
        let fields = request.query_fields();
        let number = |name: &str, default: u64| match fields.get(name) {
            None => Ok(default),
            Some(text) => text.parse::<u64>().map_err(|_| refuse_field(name)),
        };
        let (offset, count) = (number("offset", 0)?, number("count", 5)?);
        let groups = page(self.account.groups.iter(), offset, count).map(|(id, is_enabled)| {
            let status = if *is_enabled { "enabled" } else { "disabled" };
            json!({ "group_id": id, "name": format!("Nhóm {id}"), "status": status, "total_member": 3 })
        });
        let groups: Vec<Value> = groups.collect();
        Ok(json!({ "total": self.account.groups.len(), "count": count, "offset": offset, "groups": groups }))
    }

    fn account_detail(&self, request: &Request) -> Result<Value, AccountRefusal> {
        self.check_access(request)?;
        Ok(json!({
            "oaid": FakeZalo::OA_ID, "name": "Cơ quan ví dụ", "description": "", "oa_alias": "co-quan-vi-du",
            "is_verified": true, "oa_type": 4, "cate_name": "Cơ quan nhà nước",
            "num_follower": self.account.users.len(), "package_name": "Nâng cao",
            "package_valid_through_date": "31/12/2030", "package_auto_renew_date": "", "linked_ZCA": "ZCA-1",
        }))
    }
}

fn page<T>(rows: impl Iterator<Item = T>, offset: u64, count: u64) -> impl Iterator<Item = T> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    rows.skip(size(offset)).take(size(count))
}
