//! One suite for every channel, each against a server that misbehaves on demand: what an answer means, what a missing
//! answer means, and that nothing secret is ever in an error.

use std::{fs, time::Duration};

use chrono::{DateTime, Utc};
use nhacviec::{
    channel::{
        Account, ChannelSettings, Channels, ConsultationSettings, EmailSettings, EmailTransport, Endpoints, Field,
        Message, Notice, SmtpLimits, SmtpSecurity, SmtpSettings, TemplateSettings, ZaloBotSettings, ZaloOaSettings,
        open_all, tokens::Pair,
    },
    demo::{
        mail_server::{self, MailServer},
        zalo::{FakeZalo, Fault, Template},
    },
    domain::{directory::ChannelKind, notification::SendError},
    secret::SecretFile,
};

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Situation {
    Accepted,
    RefusedForGood,
    RefusedForNow,
    /// Login, token or money: only a person can mend it.
    ChannelRefused,
    /// Nothing listens.
    NoServer,
    /// No answer, and the message is not there.
    SilentBefore,
    /// No answer, though the message is there.
    SilentAfter,
    /// The line is cut, though the message is there.
    CutAfter,
}

const SITUATIONS: [Situation; 8] = [
    Situation::Accepted,
    Situation::RefusedForGood,
    Situation::RefusedForNow,
    Situation::ChannelRefused,
    Situation::NoServer,
    Situation::SilentBefore,
    Situation::SilentAfter,
    Situation::CutAfter,
];

/// Short, so that a silent server costs little; nothing else here waits.
const DEADLINE: Duration = Duration::from_millis(250);

fn class(outcome: &Result<(), SendError>) -> &'static str {
    match outcome {
        Ok(()) => "accepted",
        Err(SendError::Transient { .. }) => "for now",
        Err(SendError::Permanent { .. }) => "for good",
        Err(SendError::ChannelDown { .. }) => "down",
        Err(SendError::ChannelStopped { .. }) => "stopped",
        Err(SendError::NotNow { .. }) => "not now",
        Err(SendError::Unknown { .. }) => "unknown",
    }
}

/// The class that every channel must give. A mail server knows one message's envelope from its content, so its silence
/// before the content is no doubt; and of a refusing one nobody can say that a person must act.
fn expected(situation: Situation, is_mail: bool) -> &'static str {
    match situation {
        Situation::Accepted => "accepted",
        Situation::RefusedForGood => "for good",
        Situation::RefusedForNow => "for now",
        Situation::ChannelRefused => {
            if is_mail {
                "down"
            } else {
                "stopped"
            }
        }
        Situation::NoServer => "down",
        Situation::SilentBefore => {
            if is_mail {
                "for now"
            } else {
                "unknown"
            }
        }
        Situation::SilentAfter | Situation::CutAfter => "unknown",
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_046_000, 0).expect("ten in the morning in Vietnam")
}

fn message(to: &str) -> Message {
    Message {
        id: "0123456789abcdef".to_owned(),
        to: to.to_owned(),
        subject: "Nhắc việc".to_owned(),
        text: "Nhắc việc".to_owned(),
        html: "<p>Nhắc việc</p>".to_owned(),
        notice: Notice { title: "Báo cáo".to_owned(), ..Notice::default() },
        at: now(),
        ..Message::default()
    }
}

async fn run(
    kind: ChannelKind,
    channels: &Channels,
    to: &str,
    situation: Situation,
    arrived: impl Fn() -> usize,
    secrets: &[String],
) {
    let outcome = channels[&kind].send(&message(to)).await;
    assert_eq!(class(&outcome), expected(situation, kind == ChannelKind::Email), "{kind:?} {situation:?}: {outcome:?}");
    let is_there = matches!(situation, Situation::Accepted | Situation::SilentAfter | Situation::CutAfter);
    assert_eq!(arrived(), usize::from(is_there), "{kind:?} {situation:?}");
    let said = format!("{outcome:?} {}", outcome.as_ref().err().map(ToString::to_string).unwrap_or_default());
    for secret in secrets {
        assert!(!said.contains(secret), "{kind:?} {situation:?} shows a secret: {said}");
    }
}

#[tokio::test]
async fn mail_in_every_situation() {
    for situation in SITUATIONS {
        let folder = tempfile::tempdir().expect("a folder");
        let server = MailServer::start(folder.path().to_owned()).await.expect("a free port");
        let to = "an@so.example";
        let fault = match situation {
            Situation::Accepted | Situation::ChannelRefused | Situation::NoServer => None,
            Situation::RefusedForGood => Some(mail_server::Fault::Refused),
            Situation::RefusedForNow => Some(mail_server::Fault::Deferred),
            Situation::SilentBefore => Some(mail_server::Fault::Silent),
            Situation::SilentAfter => Some(mail_server::Fault::ReplyLate),
            Situation::CutAfter => Some(mail_server::Fault::ReplyLost),
        };
        server.set_fault(to, fault);
        server.set_closed(situation == Situation::ChannelRefused);
        // Port 1 is nobody's.
        let port = if situation == Situation::NoServer { 1 } else { server.port() };
        let smtp = SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port,
            security: SmtpSecurity::Plaintext,
            credentials: None,
            ca_file: None,
            client_name: Some("thu.example".to_owned()),
            limits: SmtpLimits { command_deadline: DEADLINE, message_deadline: DEADLINE, ..SmtpLimits::default() },
        };
        let email = EmailSettings {
            from: "Nhắc việc <nhac@so.example>".parse().expect("a mailbox"),
            reply_to: None,
            return_path: None,
            transport: EmailTransport::Smtp(smtp),
        };
        let channels = open_all(&ChannelSettings { email: Some(email), ..ChannelSettings::default() });
        // An address is as private as a secret here.
        run(ChannelKind::Email, &channels, to, situation, || server.count(), &[to.to_owned()]).await;
    }
}

/// Zalo's ways, with the path of each one's message and codes for the three refusals.
const ZALO: [(ChannelKind, &str, [i64; 3]); 4] = [
    (ChannelKind::ZaloBot, "/sendMessage", [404, 403, 401]),
    (ChannelKind::ZaloOa, "/oa/message/cs", [-213, -200, -204]),
    (ChannelKind::ZaloTemplate, "/message/template", [-118, -100, -115]),
    (ChannelKind::ZaloGroup, "/oa/group/message", [-237, -200, -204]),
];

#[tokio::test]
async fn every_way_over_zalo_in_every_situation() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for (kind, path, [for_good, for_now, stop]) in ZALO {
        for situation in SITUATIONS {
            let zalo = FakeZalo::start(now()).await.expect("a free port");
            zalo.add_chat("nguoi");
            zalo.add_user("nguoi", now(), "Trần An", None);
            zalo.add_group("nguoi", true);
            zalo.add_template(Template::enabled("7", &[("viec", 30)]));
            let fault = match situation {
                Situation::Accepted | Situation::NoServer => None,
                Situation::RefusedForGood => Some(Fault::Error(for_good)),
                Situation::RefusedForNow => Some(Fault::Error(for_now)),
                Situation::ChannelRefused => Some(Fault::Error(stop)),
                Situation::SilentBefore => Some(Fault::Silence),
                Situation::SilentAfter => Some(Fault::SilenceAfter),
                Situation::CutAfter => Some(Fault::DropAfter),
            };
            zalo.set_fault(path, fault);
            let folder = tempfile::tempdir().expect("a folder");
            let secret = |name: &str, text: &str| {
                fs::write(folder.path().join(name), text).expect("writable");
                SecretFile::at(folder.path().join(name))
            };
            let url = if situation == Situation::NoServer { "http://127.0.0.1:1".to_owned() } else { zalo.url() };
            let url: reqwest::Url = url.parse().expect("a URL");
            let oa = ZaloOaSettings {
                app_id: FakeZalo::APP_ID.to_owned(),
                app_secret: secret("app", FakeZalo::APP_SECRET),
                proves_secret: true,
                endpoints: Endpoints::at(&url),
                deadline: DEADLINE,
                tokens: folder.path().join("zalo-tokens.json"),
                zone: chrono_tz::Asia::Ho_Chi_Minh,
                consultation: Some(ConsultationSettings { may_cost: false }),
                template: Some(TemplateSettings {
                    id: "7".to_owned(),
                    parameters: vec![("viec".to_owned(), Field::Title)],
                    is_development: false,
                }),
                has_groups: true,
            };
            let (access, refresh) = zalo.tokens();
            let pair = Pair::new(access.clone(), refresh.clone(), None, None, now());
            Account::new(oa.clone()).seed(&pair).expect("writable");
            let bot = ZaloBotSettings { token: secret("bot", FakeZalo::BOT_TOKEN), base_url: url, deadline: DEADLINE };
            let channels =
                open_all(&ChannelSettings { zalo_bot: Some(bot), zalo_oa: Some(oa), ..ChannelSettings::default() });
            let to = if kind == ChannelKind::ZaloTemplate { "84912345678" } else { "nguoi" };
            let secrets =
                [FakeZalo::BOT_TOKEN, FakeZalo::APP_SECRET].map(str::to_owned).into_iter().chain([access, refresh]);
            let secrets: Vec<_> = secrets.collect();
            run(kind, &channels, to, situation, || zalo.texts().len(), &secrets).await;
        }
    }
}
