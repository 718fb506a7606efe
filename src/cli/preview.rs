//! `nhacviec preview`: what would be sent on a day, from the same decision as the daemon's.
//!
//! The mornings between the last real decision and that day are rehearsed in memory, so that reminders
//! which will have been sent by then do not show up again.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use chrono::{Datelike, Days, NaiveDate};
use serde_json::json;

use super::{Exit, STORE_FAILED, block_on, load_config, open_existing_store, print, print_json};
use crate::{
    channel::Message,
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        decide::{Record, Situation, decide},
        directory::Route,
        notification::{Batch, Entry, Notification},
        office::Office,
    },
    message,
    message::vietnamese::{date, short_date},
};

/// A rehearsal of more mornings than this is a typing error.
const MAX_MORNINGS: i64 = 800;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Preview {
    /// Ngày cần xem (2023-06-05 hoặc 05/06/2023)
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: NaiveDate,
    /// Chỉ xem tin của một người (mã người trong units.yaml)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    person: Option<String>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

/// A date as the YAML files and officials write it.
pub fn parse_date(text: &str) -> Result<NaiveDate, String> {
    let formats = ["%Y-%m-%d", "%d/%m/%Y"];
    formats
        .iter()
        .find_map(|f| NaiveDate::parse_from_str(text, f).ok())
        .filter(|date| (2000..=2100).contains(&date.year()))
        .ok_or_else(|| "viết ngày như 2023-01-15 hoặc 15/01/2023".to_owned())
}

impl Preview {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let record = match open_existing_store(&config)? {
            Some(store) => block_on(store.record())?.context(STORE_FAILED)?,
            None => Record::default(),
        };
        let office = &config.office;
        if let Some(person) = self.person.as_ref().filter(|p| !office.directory.people.contains_key(&p.as_str().into()))
        {
            bail!("không có người «{person}» trong units.yaml");
        }
        let today = office.hours.date(SystemClock.now());
        let (record, assumption) = start_of_rehearsal(office, record, self.on, today);
        let messages = self.rehearse(&config, record)?;
        if self.json {
            let messages: Vec<_> = messages
                .iter()
                .map(|(batch, m)| {
                    let keys: Vec<_> = batch.entries.iter().map(|e| &e.key).collect();
                    json!({ "recipient": batch.recipient, "channel": batch.channel, "address": batch.address, "subject": m.subject, "text": m.text, "keys": keys })
                })
                .collect();
            print_json(&json!({ "on": self.on, "assumption": assumption, "messages": messages }));
        } else {
            print(&format!("{}: {} tin. {assumption}", date(self.on), messages.len()));
            for (batch, message) in &messages {
                print(&format!(
                    "\n════ Tới {} ({} <{}>)\n════ {}\n\n{}",
                    batch.recipient,
                    batch.channel.as_str(),
                    batch.address,
                    message.subject,
                    message.text
                ));
            }
        }
        Ok(Exit::Done)
    }

    fn rehearse(&self, config: &Config, mut record: Record) -> anyhow::Result<Vec<(Batch, Message)>> {
        let office = &config.office;
        let footer = config.email.as_ref().map(|e| e.footer.as_str()).unwrap_or_default();
        let first = record.last_decided_at.map_or(self.on, |at| office.hours.date(at)).min(self.on);
        if (self.on - first).num_days() > MAX_MORNINGS {
            bail!("ngày {} quá xa để tính thử", short_date(self.on));
        }
        let mut leaving = Vec::new();
        for day in first.iter_days().take_while(|d| *d <= self.on) {
            // What was decided since the last digest leaves with the next one, as the daemon will have it.
            let morning = record
                .last_decided_at
                .map_or(office.hours.digest_moment(day), |at| at.max(office.hours.digest_moment(day)));
            let decision = decide(&Situation { office, record: &record }, morning);
            record.note(&decision, morning);
            // What is decided on a day off leaves on the next working morning.
            leaving.retain(|n: &Notification| office.hours.date(n.not_before) >= day);
            leaving.extend(decision.notify.into_iter().filter(|n| n.merged_into.is_none()));
        }
        leaving.retain(|n| {
            office.hours.date(n.not_before) == self.on && self.person.as_ref().is_none_or(|p| n.key.recipient == *p)
        });
        let moment = office.hours.digest_moment(self.on);
        Ok(batches(leaving)
            .into_iter()
            .map(|batch| {
                let message = message::render(&batch, office, footer, moment);
                (batch, message)
            })
            .collect())
    }
}

/// The record from which the rehearsal sets out. From today on it is the real one, with what still waits
/// counted as undecided so that it is shown. For a day in the past the real history is left out, since
/// it already contains what that day brought: the year is run through from its beginning.
fn start_of_rehearsal(office: &Office, mut record: Record, on: NaiveDate, today: NaiveDate) -> (Record, String) {
    if on >= today {
        // Before the first run the rehearsal begins today, as that run would.
        let eve = office.hours.digest_moment(today - Days::new(1));
        record.last_decided_at = record.last_decided_at.or(Some(eve));
        record.forget_pending();
        let assumption = "Giả định: từ nay đến ngày đó không có việc nào được báo hoàn thành thêm, hồ sơ một cửa giữ nguyên; tin đã gửi thì không hiện lại.";
        return (record, assumption.to_owned());
    }
    let plan_start = office
        .agenda
        .plans
        .iter()
        .filter_map(|p| NaiveDate::from_ymd_opt(p.years.first()?, 1, 1))
        .filter(|d| *d <= on)
        .max();
    let start_on = plan_start.unwrap_or(on);
    let eve = office.hours.digest_moment(start_on - Days::new(1));
    let start = Record { completed: record.completed, last_decided_at: Some(eve), ..Record::default() };
    let assumption = format!(
        "Giả định: chạy từ {}, chỉ tính các việc theo kế hoạch (không tính hồ sơ một cửa).",
        short_date(start_on)
    );
    (start, assumption)
}

/// Groups notifications as a claim would: one message for each address.
fn batches(notifications: Vec<Notification>) -> Vec<Batch> {
    let mut batches: BTreeMap<Route, Batch> = BTreeMap::new();
    for notification in notifications {
        let Some(route) = notification.routes.first().cloned() else { continue };
        let batch = batches.entry(route.clone()).or_insert_with(|| Batch {
            id: 0,
            channel: route.channel,
            address: route.address,
            recipient: notification.key.recipient.clone(),
            entries: Vec::new(),
            deliveries: Vec::new(),
            attempt: 1,
            most_attempts: 1,
            is_resumed: false,
            lost_answers: 0,
        });
        batch.entries.push(Entry {
            key: notification.key.to_string(),
            audience: notification.key.audience,
            offset: notification.key.offset,
            reason: notification.reason,
            item: notification.item,
            advice: notification.advice,
            may_be_duplicate: false,
        });
    }
    batches.into_values().collect()
}
