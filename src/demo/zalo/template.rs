//! Registered templates with their parameters, and what is set for them: answers, quota, wallet.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{
    FakeZalo, in_vietnam,
    wire::{Refusal, refuse},
};

/// A registered template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its id, usually digits.
    pub id: String,
    /// `ENABLE`, `PENDING_REVIEW`, `REJECT`, `DISABLE` or `DELETE`.
    pub status: String,
    /// Its parameters.
    pub params: Vec<TemplateParam>,
    /// Whether it may not be sent from 22:00 to 06:00.
    pub is_night_forbidden: bool,
}

/// A parameter of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateParam {
    /// Key in `template_data`.
    pub name: String,
    /// Most characters (code points as they come; nothing is normalised).
    pub max_length: usize,
    /// Whether it must be there and not be empty.
    pub is_required: bool,
}

impl Template {
    /// An approved template that may be sent at any hour, with required parameters.
    #[must_use]
    pub fn enabled(id: &str, params: &[(&str, usize)]) -> Self {
        let params = params.iter().map(|(name, max_length)| TemplateParam {
            name: (*name).to_owned(),
            max_length: *max_length,
            is_required: true,
        });
        Self { id: id.to_owned(), status: "ENABLE".to_owned(), params: params.collect(), is_night_forbidden: false }
    }
}

/// What is wrong with the parameters; the two APIs have different numbers for it.
#[derive(Debug)]
pub(super) enum ParamFault {
    Absent,
    Missing(String),
    TooLong(String),
    NotText(String),
    Unknown(String),
}

/// Messages per day when nothing else is set.
pub(super) const DAILY_QUOTA: u32 = 500;

#[derive(Debug)]
pub(super) struct Templates {
    pub registered: BTreeMap<String, Template>,
    answers: BTreeMap<String, i64>,
    phone_answers: BTreeMap<String, i64>,
    admins: BTreeSet<String>,
    pub messages: BTreeMap<String, Message>,
    pub remaining_quota: u32,
    pub quota_day: NaiveDate,
    pub is_wallet_empty: bool,
    pub is_sending_mode_null: bool,
    has_numeric_ids: bool,
}

#[derive(Debug)]
pub(super) struct Message {
    pub sent_at: DateTime<Utc>,
    pub queries: u32,
    pub fixed_status: Option<i64>,
}

impl FakeZalo {
    /// Registers a template or replaces it.
    pub fn add_template(&self, template: Template) {
        self.world().templates.registered.insert(template.id.clone(), template);
    }

    /// Sets the error that a template gets by phone and by user (-117, -146, -147, -249 …); 0 is none.
    pub fn set_template_answer(&self, template: &str, code: i64) {
        self.world().templates.answers.insert(template.to_owned(), code);
    }

    /// Sets the error that a phone number gets (-110, -114, -118, -119, -139, -141 …); 0 is none.
    pub fn set_phone_answer(&self, phone: &str, code: i64) {
        let phone = normalise(phone).unwrap_or_else(|| phone.to_owned());
        self.world().templates.phone_answers.insert(phone, code);
    }

    /// Makes a phone number one of an administrator, who gets messages in development mode.
    pub fn add_admin(&self, phone: &str) {
        self.world().templates.admins.extend(normalise(phone));
    }

    /// Sets how many messages are left today. At midnight in Vietnam there are 500 again.
    pub fn set_quota(&self, remaining: u32) {
        let mut world = self.world();
        let today = world.local_time().date_naive();
        (world.templates.remaining_quota, world.templates.quota_day) = (remaining, today);
    }

    /// While empty, a message by phone gets -115 (-126 in development mode), one by user -321.
    pub fn set_wallet_empty(&self, is_empty: bool) {
        self.world().templates.is_wallet_empty = is_empty;
    }

    /// Fixes the delivery status of a message: 0 on its way, 1 delivered, -1 unknown. Otherwise the first query
    /// is answered 0 and the next ones 1.
    pub fn set_message_status(&self, message: &str, status: i64) {
        if let Some(message) = self.world().templates.messages.get_mut(message) {
            message.fixed_status = Some(status);
        }
    }

    /// While set, answers are as one was captured: `sending_mode` null and a quota of zeros, although all is well.
    pub fn set_sending_mode_null(&self, is_null: bool) {
        self.world().templates.is_sending_mode_null = is_null;
    }

    /// While set, `templateId` is a number. Both forms are documented.
    pub fn set_numeric_template_ids(&self, is_numeric: bool) {
        self.world().templates.has_numeric_ids = is_numeric;
    }
}

impl Templates {
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            registered: BTreeMap::new(),
            answers: BTreeMap::new(),
            phone_answers: BTreeMap::new(),
            admins: BTreeSet::new(),
            messages: BTreeMap::new(),
            remaining_quota: DAILY_QUOTA,
            quota_day: in_vietnam(now).date_naive(),
            is_wallet_empty: false,
            is_sending_mode_null: false,
            has_numeric_ids: false,
        }
    }

    pub fn check_template_answer(&self, template: &str) -> Result<(), Refusal> {
        check_scripted(self.answers.get(template))
    }

    pub fn template_id(&self, template: &Template) -> Value {
        let number = template.id.parse::<u64>().ok().filter(|_| self.has_numeric_ids);
        number.map_or_else(|| json!(template.id), |number| json!(number))
    }

    pub fn check_phone_answer(&self, is_it: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        check_scripted(self.phone_answers.iter().find(|(phone, _)| is_it(phone)).map(|(_, code)| code))
    }

    pub fn is_admin(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.admins.iter().any(|admin| is_it(admin))
    }
}

impl Template {
    /// The parameters as they would be filled in.
    pub(super) fn check(&self, values: Option<&Value>) -> Result<Map<String, Value>, ParamFault> {
        let Some(Value::Object(values)) = values else { return Err(ParamFault::Absent) };
        if values.is_empty() && self.params.iter().any(|param| param.is_required) {
            return Err(ParamFault::Absent);
        }
        for param in &self.params {
            param.check(values.get(&param.name))?;
        }
        // "Keys exactly as registered": what Zalo says to others is not known, so the stricter reading.
        match values.keys().find(|key| !self.params.iter().any(|param| param.name == **key)) {
            Some(key) => Err(ParamFault::Unknown(key.clone())),
            None => Ok(values.clone()),
        }
    }
}

impl TemplateParam {
    fn check(&self, value: Option<&Value>) -> Result<(), ParamFault> {
        let name = || self.name.clone();
        match value {
            None | Some(Value::Null) if self.is_required => Err(ParamFault::Missing(name())),
            Some(Value::String(text)) if text.is_empty() && self.is_required => Err(ParamFault::Missing(name())),
            Some(Value::String(text)) if text.chars().count() > self.max_length => Err(ParamFault::TooLong(name())),
            None | Some(Value::Null | Value::String(_)) => Ok(()),
            Some(_) => Err(ParamFault::NotText(name())),
        }
    }
}

/// The form `84…` of a mobile number; `+84…`, `0…` and the bare nine digits are taken too, as Zalo says.
pub(super) fn normalise(phone: &str) -> Option<String> {
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    let own = match digits.len() {
        11 => digits.strip_prefix("84")?,
        10 => digits.strip_prefix('0')?,
        _ => digits,
    };
    let is_mobile = own.len() == 9 && own.starts_with(['3', '5', '7', '8', '9']);
    (is_mobile && own.bytes().all(|b| b.is_ascii_digit())).then(|| format!("84{own}"))
}

pub(super) fn check_scripted(code: Option<&i64>) -> Result<(), Refusal> {
    match code {
        None | Some(0) => Ok(()),
        Some(code) => Err(refuse(*code, "Error on demand")),
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn a_number_has_one_form_and_rubbish_has_none() {
        for phone in ["84987654321", "+84987654321", "0987654321", "987654321"] {
            assert_eq!(normalise(phone).as_deref(), Some("84987654321"), "{phone}");
        }
        assert_eq!(normalise("841234567").as_deref(), Some("84841234567"), "nine digits are a number's own part");
        for phone in ["", "+", "84", "0287654321", "8498765432a", "849876543210", "đ", "84 98765432"] {
            assert_eq!(normalise(phone), None, "{phone}");
        }
    }
}
