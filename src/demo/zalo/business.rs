//! Template messages by phone, on the business host: sending, delivery status, quota, templates.
//!
//! A `tracking_id` that comes again is a second message: no source shows that Zalo merges them.

use chrono::Timelike;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    Host, Via, World, empty_api, hex,
    oauth::AccessFault,
    template::{DAILY_QUOTA, Message, ParamFault, Template, normalise},
    wire::{Answer, Refusal, Request, refuse},
};

const MAX_TRACKING_ID: usize = 48;
/// The numbers by which the list is filtered, with the words by which it shows them.
const STATUS_NUMBERS: [(&str, &str); 4] = [("1", "ENABLE"), ("2", "PENDING_REVIEW"), ("3", "REJECT"), ("4", "DISABLE")];

impl From<ParamFault> for Refusal {
    fn from(fault: ParamFault) -> Self {
        match fault {
            ParamFault::Absent => refuse(-111, "Template data is empty"),
            ParamFault::Missing(name) => refuse(-1122, &format!("Template data missing param: {name}")),
            ParamFault::TooLong(name) => refuse(-1121, &format!("Template param exceeds max length: {name}")),
            ParamFault::NotText(name) => refuse(-1124, &format!("Template param has a bad format: {name}")),
            ParamFault::Unknown(name) => refuse(-132, &format!("Param is invalid: {name}")),
        }
    }
}

impl From<AccessFault> for Refusal {
    fn from(fault: AccessFault) -> Self {
        match fault {
            AccessFault::Invalid | AccessFault::Expired => refuse(-124, "Access token invalid"),
            AccessFault::WrongProof => refuse(-1241, "Appsecret proof invalid"),
        }
    }
}

/// Whom a message is for: the number itself, or what it hashes to.
enum Recipient {
    Phone(String),
    Hash(String),
}

impl Recipient {
    fn read(body: &Map<String, Value>, is_hashed: bool) -> Result<Self, Refusal> {
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let recipient = if is_hashed {
            let hash = field("hash_phone");
            let is_hash = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            is_hash.then(|| Self::Hash(hash.to_owned()))
        } else {
            normalise(field("phone")).map(Self::Phone)
        };
        recipient.ok_or_else(|| refuse(-108, "Phone number invalid"))
    }

    fn is(&self, phone: &str) -> bool {
        match self {
            Self::Phone(own) => own == phone,
            Self::Hash(hash) => *hash == hex(&Sha256::digest(phone)),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Phone(text) | Self::Hash(text) => text,
        }
    }
}

impl World {
    pub(super) fn answer_business(&mut self, request: &Request) -> Answer {
        let answer = match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/message/template") => self.send_by_phone(request, false),
            ("POST", "/message/template/hashphone") => self.send_by_phone(request, true),
            ("GET", "/message/status") => self.message_status(request),
            ("GET", "/message/quota") => self.quota(request),
            ("GET", "/template/info/v2") => self.template_info(request),
            ("GET", "/template/all") => self.list_templates(request),
            ("GET", "/template/sample-data") => self.sample_values(request),
            _ => return empty_api(),
        };
        match answer {
            Ok(body) => Answer::json(&json!({ "error": 0, "message": "Success", "data": body })),
            Err(refusal) => Host::Business.refusal(&refusal),
        }
    }

    fn send_by_phone(&mut self, request: &Request, is_hashed: bool) -> Result<Value, Refusal> {
        self.check_access(request)?;
        if request.body.is_empty() {
            return Err(refuse(-121, "Body is empty"));
        }
        let body = request.json_object().ok_or_else(|| refuse(-122, "Body is not JSON"))?;
        let to = Recipient::read(&body, is_hashed)?;
        let template = self.sendable_template(&body)?;
        let mode = Mode::read(&body)?;
        check_tracking_id(body.get("tracking_id"))?;
        let values = template.check(body.get("template_data"))?;
        self.check_send(&template, &to, mode)?;
        if mode == Mode::Normal {
            self.templates.remaining_quota -= 1;
        }
        let id = self.deliver(Via::Template, to.text(), Value::Object(values).to_string());
        let message = Message { sent_at: self.now, queries: 0, fixed_status: None };
        self.templates.messages.insert(id.clone(), message);
        Ok(self.receipt(&id, mode))
    }

    fn sendable_template(&self, body: &Map<String, Value>) -> Result<Template, Refusal> {
        let id = body.get("template_id").and_then(Value::as_str).unwrap_or_default();
        let template = self.templates.registered.get(id).ok_or_else(|| refuse(-109, "Template id invalid"))?;
        self.templates.check_template_answer(id)?;
        if template.status == "ENABLE" { Ok(template.clone()) } else { Err(refuse(-131, "Template is not approved")) }
    }

    fn check_send(&mut self, template: &Template, to: &Recipient, mode: Mode) -> Result<(), Refusal> {
        self.renew_quota();
        let templates = &self.templates;
        if mode == Mode::Development && !templates.is_admin(|admin| to.is(admin)) {
            return Err(refuse(-127, "Test template can be sent to admins only"));
        }
        let is_night = !(6..22).contains(&self.local_time().hour());
        if template.is_night_forbidden && is_night {
            return Err(refuse(-133, "This template can not be sent from 22:00 to 06:00"));
        }
        if templates.is_wallet_empty {
            let code = if mode == Mode::Development { -126 } else { -115 };
            return Err(refuse(code, "Out of money"));
        }
        templates.check_phone_answer(|phone| to.is(phone))?;
        if mode == Mode::Normal && templates.remaining_quota == 0 {
            return Err(refuse(-144, "Daily quota exceeded"));
        }
        Ok(())
    }

    /// The hour at which the quota starts anew is not documented; midnight in Vietnam is assumed.
    fn renew_quota(&mut self) {
        let today = self.local_time().date_naive();
        if self.templates.quota_day != today {
            (self.templates.quota_day, self.templates.remaining_quota) = (today, DAILY_QUOTA);
        }
    }

    fn receipt(&self, id: &str, mode: Mode) -> Value {
        let templates = &self.templates;
        let is_bare = templates.is_sending_mode_null || mode == Mode::Development;
        let (daily, remaining) = if is_bare { (0, 0) } else { (DAILY_QUOTA, templates.remaining_quota) };
        json!({
            "msg_id": id, "sent_time": self.millis(),
            "sending_mode": if templates.is_sending_mode_null { Value::Null } else { json!("1") },
            "quota": { "dailyQuota": daily.to_string(), "remainingQuota": remaining.to_string() },
        })
    }

    fn message_status(&mut self, request: &Request) -> Result<Value, Refusal> {
        self.check_access(request)?;
        // A `phone` beside it is accepted and not looked at.
        let id = request.query_fields().remove("message_id").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| refuse(-107, "Message id invalid"))?;
        let Some(message) = self.templates.messages.get_mut(&id) else {
            return Ok(json!({ "delivery_time": "", "status": -1, "message": "Message id is unknown" }));
        };
        message.queries += 1;
        let status = message.fixed_status.unwrap_or(i64::from(message.queries > 1));
        Ok(match status {
            1 => {
                let delivered_at = message.sent_at.timestamp_millis().to_string();
                json!({ "delivery_time": delivered_at, "status": 1, "message": "Message is delivered" })
            }
            _ => json!({ "delivery_time": "", "status": status, "message": "Message is not delivered yet" }),
        })
    }

    fn quota(&mut self, request: &Request) -> Result<Value, Refusal> {
        self.check_access(request)?;
        self.renew_quota();
        Ok(json!({
            "dailyQuota": DAILY_QUOTA, "remainingQuota": self.templates.remaining_quota,
            "dailyQuotaPromotion": null, "remainingQuotaPromotion": null, "monthlyPromotionQuota": 0,
            "remainingMonthlyPromotionQuota": 0, "estimatedNextMonthPromotionQuota": 0,
        }))
    }

    fn template_in_query(&self, request: &Request) -> Result<&Template, Refusal> {
        self.check_access(request)?;
        let id = request.query_fields().remove("template_id").unwrap_or_default();
        self.templates.registered.get(&id).ok_or_else(|| refuse(-109, "Template id invalid"))
    }

    fn template_info(&self, request: &Request) -> Result<Value, Refusal> {
        let template = self.template_in_query(request)?;
        let params = template.params.iter().map(|param| {
            json!({
                "name": param.name, "require": param.is_required, "type": "STRING", "maxLength": param.max_length,
                "minLength": 0, "acceptNull": !param.is_required,
            })
        });
        Ok(json!({
            "templateId": self.templates.template_id(template), "templateName": format!("Mẫu {}", template.id),
            "status": template.status, "listParams": params.collect::<Vec<_>>(), "listButtons": [],
            "timeout": 7_200_000, "previewUrl": "https://preview.example/", "templateQuality": "HIGH",
            "templateTag": "TRANSACTION", "price": "200", "price_sdt": "200", "price_uid": "140",
        }))
    }

    fn list_templates(&self, request: &Request) -> Result<Value, Refusal> {
        self.check_access(request)?;
        let fields = request.query_fields();
        let invalid = |name: &str| refuse(-132, &format!("Param is invalid: {name}"));
        let number = |name: &str, default: usize| match fields.get(name) {
            None => Ok(default),
            Some(text) => text.parse::<usize>().map_err(|_| invalid(name)),
        };
        let (offset, limit) = (number("offset", 0)?, number("limit", 100)?);
        if limit > 100 {
            return Err(invalid("limit"));
        }
        let word = match fields.get("status") {
            None => None,
            Some(wanted) => {
                let known = STATUS_NUMBERS.iter().find(|(number, _)| number == wanted);
                Some(known.ok_or_else(|| invalid("status"))?.1)
            }
        };
        let shown = self.templates.registered.values().filter(|t| word.is_none_or(|word| t.status == word));
        let rows = shown.skip(offset).take(limit).map(|template| {
            json!({
                "templateId": self.templates.template_id(template), "templateName": format!("Mẫu {}", template.id),
                "status": template.status, "templateQuality": "HIGH",
            })
        });
        Ok(rows.collect())
    }

    fn sample_values(&self, request: &Request) -> Result<Value, Refusal> {
        let template = self.template_in_query(request)?;
        Ok(template.params.iter().map(|param| (param.name.clone(), json!("mẫu"))).collect::<Map<_, _>>().into())
    }
}

/// Whether a message is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Normal,
    Development,
}

impl Mode {
    fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        match body.get("sending_mode").map(|mode| mode.as_str().unwrap_or_default()) {
            None | Some("1") => {}
            Some("3") => return Err(refuse(-162, "Sending mode 3 is not for this template tag")),
            Some(_) => return Err(refuse(-161, "Sending mode invalid")),
        }
        match body.get("mode").map(|mode| mode.as_str().unwrap_or_default()) {
            None => Ok(Self::Normal),
            Some("development") => Ok(Self::Development),
            Some(_) => Err(refuse(-132, "Param is invalid: mode")),
        }
    }
}

/// It may be absent; special characters are advised against and refused here.
fn check_tracking_id(value: Option<&Value>) -> Result<(), Refusal> {
    let is_good = value.is_none_or(|value| {
        value
            .as_str()
            .is_some_and(|id| id.len() <= MAX_TRACKING_ID && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    });
    if is_good { Ok(()) } else { Err(refuse(-132, "Param is invalid: tracking_id")) }
}
