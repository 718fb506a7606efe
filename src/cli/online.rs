//! `nhacviec check --online`: asks every server that the configuration names; nothing is sent and nothing stored.

use crate::{
    channel::{self, Account, Bot, EmailTransport},
    clock::{Clock, SystemClock},
    config::Config,
    domain::{directory::ChannelKind, notification::SendError},
    source,
};

/// What one server answered, in Vietnamese.
pub struct Answer {
    /// Which one.
    pub what: String,
    /// That it works, or why not.
    pub result: Result<String, String>,
}

impl Answer {
    /// The answer as a line.
    pub fn line(&self) -> String {
        match &self.result {
            Ok(said) => format!("{}: {said}", self.what),
            Err(said) => format!("{}: KHÔNG dùng được: {said}", self.what),
        }
    }
}

/// Asks the mail server (up to the login), the one-stop systems (their first page) and Zalo.
pub async fn ask(config: &Config) -> Vec<Answer> {
    // The HTTP client takes the process-wide provider; a second installation changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut answers = Vec::new();
    answers.extend(ask_mail(config).await);
    for settings in &config.sources {
        let sample = source::sample(settings).await;
        let result = match sample.trouble {
            Some(trouble) => Err(trouble.sentence().to_owned()),
            None => Ok(format!("tốt, đọc được {} hồ sơ ở trang đầu", sample.dossiers.len())),
        };
        answers.push(Answer { what: format!("Hệ thống một cửa «{}»", settings.id), result });
    }
    answers.extend(ask_zalo(config).await);
    answers
}

async fn ask_mail(config: &Config) -> Option<Answer> {
    let settings = config.channels.email.as_ref()?;
    let channels = channel::open_all(&config.channels);
    let result = channels.get(&ChannelKind::Email)?.probe().await;
    let (what, well) = match &settings.transport {
        EmailTransport::Smtp(server) => {
            let login = if server.credentials.is_some() { "đăng nhập được" } else { "kết nối được" };
            (format!("Máy chủ thư {}:{}", server.host, server.port), login.to_owned())
        }
        EmailTransport::Maildir(path) => {
            (format!("Thư mục thư {}", path.display()), "ghi được (đang dùng thử: thư không gửi đi đâu)".to_owned())
        }
    };
    Some(Answer { what, result: result.map(|()| well).map_err(|error: SendError| error.detail().to_owned()) })
}

/// Asks the bot and the Official Account, as far as they are configured.
pub async fn ask_zalo(config: &Config) -> Vec<Answer> {
    let mut answers = Vec::new();
    if let Some(settings) = &config.channels.zalo_bot {
        let identity = Bot::new(settings.clone()).identity().await.map(|bot| {
            let groups = if bot.can_join_groups { "vào nhóm được" } else { "không vào nhóm" };
            format!("tốt, tên «{}», {groups}", bot.name)
        });
        let result = identity.map_err(|error| error.detail().to_owned());
        answers.push(Answer { what: "Zalo Bot".to_owned(), result });
    }
    if let Some(settings) = &config.channels.zalo_oa {
        for (what, result) in Account::new(settings.clone()).examine(SystemClock.now()).await {
            answers.push(Answer { what, result: result.map_err(|error| error.detail().to_owned()) });
        }
    }
    answers
}
