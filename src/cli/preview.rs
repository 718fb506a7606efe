//! `nhacviec preview`: what would be sent on a day, from the same decision as the daemon's.
//!
//! The mornings between the last real decision and that day are rehearsed in memory, so that reminders
//! which will have been sent by then do not show up again.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use chrono::{Datelike, NaiveDate};
use serde_json::json;

use super::{Exit, STORE_FAILED, block_on, load_linked_config, open_existing_store, print, print_json, usage::Hint};
use crate::{
    channel::Message,
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        decide::Record,
        directory::Route,
        notification::{Batch, Entry, Notification, NotificationKey},
    },
    message,
    message::vietnamese::{date, short_date},
    simulation::{self, Completions},
};

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
pub fn parse_date(text: &str) -> Result<NaiveDate, Hint> {
    let formats = ["%Y-%m-%d", "%d/%m/%Y"];
    formats
        .iter()
        .find_map(|f| NaiveDate::parse_from_str(text, f).ok())
        .filter(|date| (2000..=2100).contains(&date.year()))
        .ok_or(Hint("viết ngày như 2023-01-15 hoặc 15/01/2023, năm từ 2000 đến 2100"))
}

impl Preview {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
        let record = match open_existing_store(&config)? {
            Some(store) => block_on(store.record(crate::store::EVERY_DOSSIER))?.context(STORE_FAILED)?,
            None => Record::default(),
        };
        let office = &config.office;
        if let Some(person) = self.person.as_ref().filter(|p| !office.directory.people.contains_key(&p.as_str().into()))
        {
            bail!("không có người «{person}» trong units.yaml");
        }
        let today = office.hours.date(SystemClock.now());
        let (first, record, assumption) = simulation::set_out(office, record, self.on, today);
        let assumption = format!("Giả định: không có việc nào được báo hoàn thành thêm, {assumption}.");
        let messages = self.rehearse(&config, first, record)?;
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

    fn rehearse(&self, config: &Config, first: NaiveDate, record: Record) -> anyhow::Result<Vec<(Batch, Message)>> {
        let office = &config.office;
        if !simulation::is_reasonable(first, self.on) {
            bail!("ngày {} quá xa để tính thử", short_date(self.on));
        }
        let told = Arc::clone(&record.told);
        let leaving = simulation::collect(office, record, first, self.on, &Completions::None);
        let (of_day, before): (Vec<_>, Vec<_>) = leaving.into_iter().partition(|l| l.on == self.on);
        let of_day: Vec<_> = of_day
            .into_iter()
            .map(|l| l.notification)
            .filter(|n| self.person.as_ref().is_none_or(|p| n.key.recipient.as_str() == p))
            .collect();
        let about = |key: &NotificationKey| (key.subject.clone(), key.revision_on, key.recipient.clone());
        let mut known: HashSet<_> = before.iter().map(|l| about(&l.notification.key)).collect();
        let of_store = of_day.iter().flat_map(|n| {
            let told = told.get(&n.key.subject).into_iter().flatten();
            told.map(|t| (n.key.subject.clone(), t.revision_on, t.recipient.clone()))
        });
        known.extend(of_store);
        let first: HashSet<String> =
            of_day.iter().filter(|n| !known.contains(&about(&n.key))).map(|n| n.key.to_string()).collect();
        let mut batches = batches(of_day);
        for entry in batches.iter_mut().flat_map(|batch| &mut batch.entries) {
            entry.is_first = first.contains(&entry.key);
        }
        let moment = office.hours.digest_moment(self.on);
        Ok(batches
            .into_iter()
            .map(|batch| {
                let (message, _) = message::render(&batch, office, &config.letterhead, moment);
                (batch, message)
            })
            .collect())
    }
}

/// Groups notifications as a claim would: one message for each address.
pub fn batches(notifications: impl IntoIterator<Item = Notification>) -> Vec<Batch> {
    let mut batches: BTreeMap<Route, Batch> = BTreeMap::new();
    for notification in notifications {
        let Some(route) = notification.routes.first().cloned() else { continue };
        let batch = batches
            .entry(route.clone())
            .or_insert_with(|| Batch::unsent(route, notification.key.recipient.clone(), Vec::new()));
        batch.entries.push(Entry {
            key: notification.key.to_string(),
            subject: notification.key.subject.clone(),
            audience: notification.key.audience,
            offset: notification.key.offset,
            reason: notification.reason,
            item: notification.item,
            advice: notification.advice,
            on_behalf_of: notification.on_behalf_of,
            deferred_at: None,
            may_be_duplicate: false,
            is_first: false,
            resent: None,
        });
    }
    batches.into_values().collect()
}
