//! `nhacviec test-send`: one marked message to one person through each of their channels, past the store.

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{Exit, block_on, load_linked_config, print, print_json};
use crate::{
    channel::{self, Attachment, Message, Notice},
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        directory::{ChannelKind, Person, Route},
        notification::{SendError, hex},
    },
    message::vietnamese::{moment, short_date},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct TestSend {
    /// Mã người trong units.yaml
    #[arg(value_name = "NGƯỜI", help_heading = "Tham số")]
    person: String,
    /// Chỉ thử một kênh, ví dụ email
    #[arg(long, value_name = "KÊNH", help_heading = "Tùy chọn")]
    channel: Option<String>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

impl TestSend {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
        let person = config.office.directory.people.get(&self.person.as_str().into());
        let person = person.with_context(|| format!("không có người «{}» trong units.yaml", self.person))?;
        let routes = self.routes(person)?;
        let results = block_on(send_all(&config, person, &routes))?;
        if self.json {
            let results: Vec<_> = results
                .iter()
                .map(|(route, result)| json!({ "channel": route.channel, "address": route.address, "sent": result.is_ok(), "error": result.as_ref().err().map(SendError::detail) }))
                .collect();
            print_json(&json!(results));
        } else {
            for (route, result) in &results {
                let said = match result {
                    Ok(()) => "đã gửi, đề nghị người nhận xác nhận".to_owned(),
                    Err(error) => format!("KHÔNG gửi được: {}", error.detail()),
                };
                print(&format!("{} ({}): {said}", route.channel.name(), route.address));
            }
        }
        let is_well = results.iter().all(|(_, result)| result.is_ok());
        Ok(if is_well { Exit::Done } else { Exit::NeedsAttention })
    }

    fn routes(&self, person: &Person) -> anyhow::Result<Vec<Route>> {
        let wanted = self.channel.as_deref().map(|text| {
            text.parse::<ChannelKind>().map_err(|()| {
                let names: Vec<_> = ChannelKind::ALL.iter().map(|c| c.as_str()).collect();
                anyhow::anyhow!("không có kênh «{text}»; các kênh: {}", names.join(", "))
            })
        });
        let wanted = wanted.transpose()?;
        let routes: Vec<_> =
            person.routes.iter().filter(|r| wanted.is_none_or(|channel| r.channel == channel)).cloned().collect();
        match (routes.is_empty(), wanted) {
            (true, Some(channel)) => {
                bail!("{} không có địa chỉ trên kênh {}, hoặc kênh chưa được cấu hình", person.name, channel.as_str())
            }
            (true, None) => bail!("{} không có địa chỉ nào trên các kênh đã cấu hình", person.name),
            (false, _) => Ok(routes),
        }
    }
}

async fn send_all(config: &Config, person: &Person, routes: &[Route]) -> Vec<(Route, Result<(), SendError>)> {
    // The HTTP client takes the process-wide provider; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let channels = channel::open_all(&config.channels);
    let mut results = Vec::new();
    for route in routes {
        let result = match channels.get(&route.channel) {
            Some(channel) => {
                let result = channel.send(&test_message(config, person, route)).await;
                channel.close().await;
                result
            }
            None => Err(SendError::Permanent { detail: "kênh chưa được cấu hình".to_owned() }),
        };
        results.push((route.clone(), result));
    }
    results
}

/// Says what it is at every place that a reader may look at first.
fn test_message(config: &Config, person: &Person, route: &Route) -> Message {
    let office = &config.office;
    let now = SystemClock.now();
    let when = moment(office.hours.zone, now);
    let text = format!(
        "THỬ NGHIỆM – không phải nhắc việc.\n\n{} gửi thử tới đồng chí {} qua {}, lúc {when}.\n\
         Nhận được tin này nghĩa là kênh hoạt động. Đề nghị báo lại cho quản trị.\n",
        office.name,
        person.name,
        route.channel.name()
    );
    let html: Vec<_> = text.lines().map(|line| format!("<p>{}</p>\n", escaped(line))).collect();
    let html = html.concat();
    let today = short_date(office.hours.date(now));
    Message {
        id: format!("thunghiem{}", hex(&now.timestamp_micros().to_be_bytes())),
        to: route.address.clone(),
        subject: format!("[THỬ NGHIỆM] Nhắc việc – {}", office.name),
        text,
        html: format!(
            "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"></head><body>\n{html}</body></html>\n"
        ),
        notice: Notice {
            summary: "THỬ NGHIỆM".to_owned(),
            count: "0".to_owned(),
            title: "THỬ NGHIỆM, không phải nhắc việc".to_owned(),
            state: "THỬ NGHIỆM".to_owned(),
            code: "THU-NGHIEM".to_owned(),
            due: today.clone(),
            unit: "THỬ NGHIỆM".to_owned(),
            person: person.name.clone(),
            date: today,
            office: office.name.clone(),
        },
        attachments: Vec::<Attachment>::new(),
        thread: None,
        is_urgent: false,
        at: now,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
