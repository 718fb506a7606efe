//! Takes the codes by which people link their Zalo chat.

use chrono::{DateTime, Utc};

use super::App;
use crate::{channel::linking, domain::ids::PersonId, store::StoreError};

/// Takes the messages that people sent to the bot, while somebody's code is still open. Returns the people linked.
///
/// # Errors
/// When the store fails; a platform that cannot be asked is a problem, not an error.
pub async fn link(app: &App, now: DateTime<Utc>) -> Result<Vec<PersonId>, StoreError> {
    let mut linked = Vec::new();
    let Some(bot) = &app.bot else { return Ok(linked) };
    let mut problem = Vec::new();
    while !app.store.open_zalo_codes(now).await?.is_empty() {
        let incoming = match bot.next_message().await {
            Ok(Some(incoming)) => incoming,
            Ok(None) => break,
            Err(error) => {
                problem.push((
                    "zalo-link/poll".to_owned(),
                    format!("Không đọc được tin người dùng gửi Zalo Bot: {}", error.detail()),
                ));
                break;
            }
        };
        if !app.is_new(&incoming.id) {
            break;
        }
        let Some(code) = linking::code_in(&incoming.text) else { continue };
        let person = app.store.redeem_zalo_code(linking::hash(&code), incoming.chat.clone(), now).await?;
        let reply = match &person {
            Some(id) => {
                let name = app.office.directory.people.get(id).map_or(id.as_str(), |p| p.name.as_str());
                format!("Đã liên kết Zalo này với hệ thống nhắc việc cho đồng chí {name}.")
            }
            None => "Mã liên kết không đúng hoặc đã hết hạn; đề nghị hỏi quản trị để lấy mã mới.".to_owned(),
        };
        if let Err(error) = bot.send_text(&incoming.chat, &reply).await {
            tracing::warn!(%error, "the sender of a code was not answered");
        }
        linked.extend(person);
    }
    app.store.set_problems("zalo-link/".to_owned(), problem, now).await?;
    Ok(linked)
}

impl App {
    /// Whether a message to the bot comes for the first time: the platform may hand one out twice.
    fn is_new(&self, id: &str) -> bool {
        const REMEMBERED: usize = 200;
        let mut seen = self.seen.lock().expect("no panic happens while the lock is held");
        if seen.iter().any(|known| known == id) {
            return false;
        }
        seen.push_back(id.to_owned());
        if seen.len() > REMEMBERED {
            seen.pop_front();
        }
        true
    }
}
