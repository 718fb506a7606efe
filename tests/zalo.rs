//! Owns the stories of the ways over Zalo, against a stand-in for its servers, with the clock set by hand.

use std::{fs, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use nhacviec::{
    channel::{
        Account, ChannelSettings, Channels, ConsultationSettings, Endpoints, Field, Message, Notice, TemplateSettings,
        USUAL_DEADLINE, ZaloOaSettings, open_all, tokens::Pair,
    },
    demo::zalo::{ConsumedAnswer, FakeZalo, Fault, Template},
    domain::{directory::ChannelKind, notification::SendError},
    secret::SecretFile,
};
use secrecy::ExposeSecret as _;

/// Ten in the morning in Vietnam.
fn morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_046_000, 0).expect("a date")
}

struct Office {
    zalo: FakeZalo,
    settings: ZaloOaSettings,
    channels: Channels,
    _folder: tempfile::TempDir,
}

impl Office {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let zalo = FakeZalo::start(morning()).await.expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("secret"), FakeZalo::APP_SECRET).expect("writable");
        let parameters = vec![("ten_viec".to_owned(), Field::Title), ("han".to_owned(), Field::Due)];
        let settings = ZaloOaSettings {
            app_id: FakeZalo::APP_ID.to_owned(),
            app_secret: SecretFile::at(folder.path().join("secret")),
            proves_secret: false,
            deadline: USUAL_DEADLINE,
            endpoints: Endpoints::at(&zalo.url().parse().expect("a URL")),
            tokens: folder.path().join("zalo-tokens.json"),
            zone: chrono_tz::Asia::Ho_Chi_Minh,
            consultation: Some(ConsultationSettings { may_cost: false }),
            template: Some(TemplateSettings { id: "375847".to_owned(), parameters, is_development: false }),
            has_groups: true,
        };
        zalo.add_template(Template::enabled("375847", &[("ten_viec", 20), ("han", 20)]));
        let channels = open_all(&ChannelSettings { zalo_oa: Some(settings.clone()), ..ChannelSettings::default() });
        let office = Self { zalo, settings, channels, _folder: folder };
        office.seed();
        office
    }

    fn account(&self) -> Account {
        Account::new(self.settings.clone())
    }

    fn seed(&self) {
        let (access, refresh) = self.zalo.tokens();
        self.account().seed(&Pair::new(access, refresh, None, None, morning())).expect("writable");
    }

    async fn send(&self, channel: ChannelKind, to: &str) -> Result<(), SendError> {
        self.channels[&channel].send(&message(to, morning())).await
    }

    async fn send_at(&self, channel: ChannelKind, to: &str, at: DateTime<Utc>) -> Result<(), SendError> {
        self.zalo.set_time(at);
        self.channels[&channel].send(&message(to, at)).await
    }
}

fn message(to: &str, at: DateTime<Utc>) -> Message {
    let title = "II.5.1. Báo cáo kết quả kiểm soát thủ tục hành chính quý III".to_owned();
    Message {
        id: "0123456789abcdef".to_owned(),
        to: to.to_owned(),
        text: "Nhắc việc [@everyone] quý III".to_owned(),
        notice: Notice { title, due: "30/09/2026".to_owned(), ..Notice::default() },
        at,
        ..Message::default()
    }
}

#[tokio::test]
async fn a_template_goes_to_a_phone_with_its_values_cut_to_their_length() {
    let office = Office::new().await;
    assert_eq!(office.send(ChannelKind::ZaloTemplate, "84912345678").await, Ok(()));
    let sent = office.zalo.texts();
    assert!(sent[0].text.contains("II.5.1. Báo cáo kết…") && sent[0].text.contains("30/09/2026"), "{sent:?}");
}

#[tokio::test]
async fn two_messages_that_meet_a_dead_token_refresh_it_once() {
    let office = Office::new().await;
    office.zalo.add_group("nhom", true);
    office.zalo.expire_access();
    let (a, b) = tokio::join!(
        office.send(ChannelKind::ZaloTemplate, "84912345678"),
        office.send(ChannelKind::ZaloGroup, "nhom")
    );
    assert_eq!((a, b, office.zalo.refreshes()), (Ok(()), Ok(()), 1));
    let pair = office.account().known_pair().expect("readable").expect("a pair");
    let (access, refresh) = office.zalo.tokens();
    assert_eq!((pair.access.expose_secret(), pair.refresh.expose_secret()), (access.as_str(), refresh.as_str()));
}

#[tokio::test]
async fn a_spent_refresh_token_stops_the_channel_for_good_and_asks_nobody_again() {
    for answer in
        [ConsumedAnswer::Code14014, ConsumedAnswer::Quoted14014, ConsumedAnswer::Code14020, ConsumedAnswer::EmptyBody]
    {
        let office = Office::new().await;
        office.zalo.add_group("nhom", true);
        office.zalo.set_consumed_answer(answer);
        office.zalo.consume_refresh();
        office.zalo.expire_access();
        for _ in 0..3 {
            let refusal = office.send(ChannelKind::ZaloGroup, "nhom").await;
            assert!(matches!(refusal, Err(SendError::ChannelStopped { .. })), "{refusal:?}");
        }
        let asked = office.zalo.requests().iter().filter(|r| r.path.contains("access_token")).count();
        assert_eq!(asked, 1);
        let told = office.channels[&ChannelKind::ZaloGroup].keep_up(morning()).await;
        assert!(told[0].contains("nhacviec zalo exchange-code"), "{told:?}");
    }
}

#[tokio::test]
async fn an_answer_of_the_token_service_that_is_lost_is_asked_for_once_more() {
    let office = Office::new().await;
    office.zalo.add_group("nhom", true);
    office.zalo.expire_access();
    office.zalo.fail_once("access_token", Fault::Html200);
    let first = office.send(ChannelKind::ZaloGroup, "nhom").await;
    assert!(matches!(first, Err(SendError::ChannelDown { .. })), "{first:?}");
    assert_eq!(office.send(ChannelKind::ZaloGroup, "nhom").await, Ok(()));
}

#[tokio::test]
async fn a_consultation_is_sent_while_it_is_free_and_refused_before_it_costs() {
    let office = Office::new().await;
    let at = morning();
    for (user, age) in [("gan", Duration::hours(1)), ("xa", Duration::hours(50)), ("lau", Duration::days(8))] {
        office.zalo.add_user(user, at - age, "Trần An", None);
    }
    assert_eq!(office.send(ChannelKind::ZaloOa, "gan").await, Ok(()));
    for user in ["xa", "lau"] {
        let refusal = office.send(ChannelKind::ZaloOa, user).await;
        assert!(matches!(refusal, Err(SendError::Permanent { .. })), "{refusal:?}");
    }
    let sent = office.zalo.texts();
    assert_eq!((sent.len(), sent[0].text.as_str()), (1, "Nhắc việc  quý III"));
    let tried = office.zalo.requests().iter().filter(|r| r.path.ends_with("/message/cs")).count();
    assert_eq!(tried, 1, "the window is known before sending");
}

#[tokio::test]
async fn at_night_a_template_waits_for_six_in_the_morning() {
    let office = Office::new().await;
    // Eleven at night in Vietnam.
    let night = morning() + Duration::hours(13);
    match office.send_at(ChannelKind::ZaloTemplate, "84912345678", night).await {
        Err(SendError::NotNow { wait, .. }) => assert!(wait > Duration::hours(6), "{wait}"),
        other => panic!("{other:?}"),
    }
    assert!(office.zalo.texts().is_empty());
}

#[tokio::test]
async fn every_class_of_answer_has_its_outcome_and_shows_no_token() {
    let office = Office::new().await;
    office.zalo.add_group("nhom", true);
    let phone = ChannelKind::ZaloTemplate;
    assert_eq!(office.send(phone, "84912345678").await, Ok(()), "the template is known from here on");
    let group = ChannelKind::ZaloGroup;
    let table = [
        (phone, Fault::Error(-118), "for good"),
        (phone, Fault::Error(-115), "stopped"),
        (phone, Fault::Error(-144), "stopped"),
        (phone, Fault::Error(-133), "not now"),
        (phone, Fault::Error(-100), "for now"),
        (phone, Fault::QuotedError(-118), "for good"),
        (group, Fault::Error(-237), "for good"),
        (group, Fault::Error(-32), "not now"),
        (group, Fault::Error(-204), "stopped"),
        (group, Fault::Empty200, "unknown"),
        (group, Fault::Html200, "unknown"),
        (group, Fault::Http(502), "unknown"),
        (group, Fault::DropAfter, "unknown"),
    ];
    let (access, refresh) = office.zalo.tokens();
    for (channel, fault, expected) in table {
        let name = format!("{fault:?}");
        office.zalo.fail_once(if channel == phone { "/message/template" } else { "/group/message" }, fault);
        let outcome = office.send(channel, if channel == phone { "84912345678" } else { "nhom" }).await;
        let class = match &outcome {
            Ok(()) => "accepted",
            Err(SendError::Transient { .. }) => "for now",
            Err(SendError::Permanent { .. }) => "for good",
            Err(SendError::ChannelDown { .. }) => "down",
            Err(SendError::ChannelStopped { .. }) => "stopped",
            Err(SendError::NotNow { .. }) => "not now",
            Err(SendError::Unknown { .. }) => "unknown",
        };
        assert_eq!(class, expected, "{name}: {outcome:?}");
        let said = format!("{outcome:?}");
        assert!(!said.contains(&access) && !said.contains(&refresh) && !said.contains(FakeZalo::APP_SECRET), "{said}");
    }
}

#[tokio::test]
async fn an_unused_grant_is_renewed_after_two_weeks() {
    let office = Office::new().await;
    let later = morning() + Duration::days(15);
    office.zalo.set_time(later);
    let told = office.channels[&ChannelKind::ZaloOa].keep_up(later).await;
    assert_eq!((told, office.zalo.refreshes()), (Vec::<String>::new(), 1));
}

#[tokio::test]
async fn a_code_of_consent_is_exchanged_with_its_verifier_once() {
    let office = Office::new().await;
    let account = Arc::new(office.account());
    office.zalo.add_code("ma-cap-quyen", Some("kiem-chung"));
    account.exchange_code("ma-cap-quyen", Some("kiem-chung"), morning()).await.expect("a pair");
    let again = account.exchange_code("ma-cap-quyen", Some("kiem-chung"), morning()).await.expect_err("used");
    assert!(again.contains("xin mã mới"), "{again}");
}

#[tokio::test]
async fn two_processes_that_meet_a_dead_token_refresh_it_once() {
    let office = Office::new().await;
    office.zalo.add_group("nhom", true);
    let other = open_all(&ChannelSettings { zalo_oa: Some(office.settings.clone()), ..ChannelSettings::default() });
    office.zalo.expire_access();
    let message = message("nhom", morning());
    let (a, b) =
        tokio::join!(office.send(ChannelKind::ZaloGroup, "nhom"), other[&ChannelKind::ZaloGroup].send(&message));
    assert_eq!((a, b, office.zalo.refreshes()), (Ok(()), Ok(()), 1));
}

#[tokio::test]
async fn a_process_that_ends_between_the_refresh_and_its_answer_leads_to_one_more_try_and_a_stop() {
    let office = Office::new().await;
    office.zalo.add_group("nhom", true);
    office.zalo.expire_access();
    // Carried out there, never heard of here: what a kill at that moment leaves.
    office.zalo.fail_once("access_token", Fault::DropAfter);
    let first = office.send(ChannelKind::ZaloGroup, "nhom").await;
    assert!(matches!(first, Err(SendError::ChannelDown { .. })), "{first:?}");
    assert!(office.account().known_pair().expect("readable").expect("a pair").refreshing_since.is_some());
    for _ in 0..3 {
        let next = office.send(ChannelKind::ZaloGroup, "nhom").await;
        assert!(matches!(next, Err(SendError::ChannelStopped { .. })), "{next:?}");
    }
    let asked = office.zalo.requests().iter().filter(|r| r.path.contains("access_token")).count();
    assert_eq!(asked, 2, "no loop");
}

#[tokio::test]
async fn a_grant_that_cannot_be_renewed_is_spoken_of_before_it_lapses() {
    let office = Office::new().await;
    office.zalo.set_fault("access_token", Some(Fault::Html200));
    let channel = &office.channels[&ChannelKind::ZaloOa];
    assert_eq!(channel.keep_up(morning() + Duration::days(60)).await, Vec::<String>::new());
    let told = channel.keep_up(morning() + Duration::days(80)).await;
    assert!(told[0].contains("hết hạn ngày"), "{told:?}");
}
