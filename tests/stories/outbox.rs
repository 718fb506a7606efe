//! What an administrator sees of the outbox and does to it.

use nhacviec::{
    channel::linking,
    clock::Clock as _,
    demo::{mail_server::Fault, zalo::FakeZalo},
    domain::returned::Returned,
    store::{IntervenedResult, Intervention, InterventionKind, OutboxFilter, OutboxRow},
};

use crate::support::{Office, decoded};

const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";

async fn rows(office: &Office) -> Vec<OutboxRow> {
    let filter = OutboxFilter {
        states: ["sent", "failed", "pending"].map(str::to_owned).into(),
        limit: 99,
        ..OutboxFilter::default()
    };
    let mut rows = office.store.outbox(filter).await.expect("the store works");
    rows.retain(|row| row.recipient == "an");
    rows
}

async fn intervene(office: &Office, delivery: i64, kind: InterventionKind, note: &str) -> IntervenedResult {
    let intervention = Intervention { delivery, kind, by: "quản trị".to_owned(), note: note.to_owned() };
    office.store.intervene(intervention, office.clock.now()).await.expect("the store works")
}

#[tokio::test]
async fn a_message_that_failed_is_tried_again_when_the_administrator_says_so() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::Refused));
    office.tick("2023-02-14 07:30").await;
    office.mail.set_fault("an@so.example", None);
    let failed = rows(&office).await.remove(0);
    assert_eq!(failed.state, "failed");
    assert_eq!(intervene(&office, failed.id, InterventionKind::Retry, "").await, IntervenedResult::Done);
    office.tick("2023-02-14 07:31").await;
    office.expect_mail(&[("an@so.example", "Báo cáo quý")]);
    let entry = office.store.outbox_entry(failed.id).await.expect("works").expect("there");
    assert_eq!((entry.row.state.as_str(), entry.interventions.len(), entry.trail.len()), ("sent", 1, 2));
}

#[tokio::test]
async fn a_message_sent_again_carries_the_note_and_an_identity_of_its_own() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Báo cáo quý")]);
    let sent = rows(&office).await.remove(0);
    assert_eq!(
        intervene(&office, sent.id, InterventionKind::Cancel, "x").await,
        IntervenedResult::WrongState("sent".to_owned())
    );
    intervene(&office, sent.id, InterventionKind::Resend, "Bổ sung phụ lục 2").await;
    office.tick("2023-02-14 08:30").await;
    let received = office.mail.received();
    assert_ne!(received[0].message_id, received[1].message_id);
    office.expect_mail(&[("an@so.example", "Ghi chú của quản trị: Bổ sung phụ lục 2")]);
}

#[tokio::test]
async fn a_waiting_message_that_is_cancelled_does_not_leave() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.decide("2023-02-14 07:00").await;
    let waiting = rows(&office).await.remove(0);
    intervene(&office, waiting.id, InterventionKind::Cancel, "nhầm đơn vị").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_message_that_came_back_takes_the_next_way_and_the_address_is_avoided() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    let zalo = FakeZalo::start(office.clock.now()).await.expect("a free port");
    zalo.add_chat("abc");
    let url = zalo.url();
    office.folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: zalo, base_url: \"{url}\" }}\n"));
    office.folder.write("secrets/zalo", FakeZalo::BOT_TOKEN);
    office.folder.replace("units.yaml", "name: Trần An, ", "name: Trần An, zalo_chat: abc, ");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Báo cáo quý")]);
    let id = office.mail.received()[0].message_id.trim_matches(['<', '>']).split('@').next().map(str::to_owned);
    let returned =
        Returned { address: "An@so.example".to_owned(), message_id: id, detail: "550 5.1.1 no such user".to_owned() };
    let taken = office.store.take_return(returned, office.clock.now()).await.expect("the store works");
    assert_eq!((taken.failed, taken.handed_over), (1, 1));
    office.tick("2023-02-14 08:00").await;
    office.tick("2023-02-15 07:30").await;
    assert_eq!(zalo.texts().len(), 2, "the message that came back, and the next one at once");
    office.expect_mail(&[("khoa@so.example", "bị trả lại")]);
}

#[tokio::test]
async fn a_duty_alone_is_one_conversation_with_a_calendar_entry_in_its_first_message() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.tick("2023-02-13 07:30").await;
    let received = office.mail.received();
    let line =
        |text: &str, name: &str| text.replace("\r\n ", " ").lines().find(|l| l.starts_with(name)).map(str::to_owned);
    let (first, second) = (&received[0].text, &received[1].text);
    assert_eq!(line(first, "References:"), line(second, "References:"));
    assert_eq!(line(first, "Subject:"), line(second, "Subject:"));
    assert!(line(first, "References:").is_some());
    assert!(first.contains("han-cong-viec.ics") && !second.contains("han-cong-viec.ics"));
    assert!(decoded(first).contains("Đồng chí nhận tin này với vai trò: đơn vị chủ trì (1 việc)"));
    office.mark_all_read();
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_set_aside_and_holds_nobody_up() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.decide("2023-02-14 07:00").await;
    let kho = rusqlite::Connection::open(office.folder.state().join("kho.db")).expect("a store");
    kho.execute("UPDATE notification SET reason = '???' WHERE recipient = 'an'", []).expect("writable");
    drop(kho);
    office.deliver("2023-02-14 07:30").await;
    office.expect_mail(&[("binh@so.example", "Đăng ký")]);
    assert_eq!(rows(&office).await[0].state, "failed");
}

/// Trần An reads e-mail first, and the Zalo bot where that does not get through.
async fn office_with_bot(tasks: &str, day: &str) -> (Office, FakeZalo) {
    let mut office = Office::with_tasks(tasks, day).await;
    let zalo = FakeZalo::start(office.clock.now()).await.expect("a free port");
    let url = zalo.url();
    office.folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: zalo, base_url: \"{url}\" }}\n"));
    office.folder.write("secrets/zalo", FakeZalo::BOT_TOKEN);
    office.reload();
    (office, zalo)
}

#[tokio::test]
async fn a_person_who_sends_their_code_to_the_bot_is_reached_there() {
    let (mut office, zalo) = office_with_bot(REPORT, "2023-02-14").await;
    let code = linking::new_code().expect("random bytes");
    let until = office.clock.now() + chrono::Duration::days(7);
    office.store.issue_zalo_code("an".into(), linking::hash(&code), until).await.expect("the store works");
    zalo.receive("chat-an", "An", "xin chào");
    zalo.receive("chat-la", "Người lạ", "LIENKET ABCD2345");
    zalo.receive("chat-an", "An", &format!("lienket {code}"));
    assert_eq!(office.link().await, ["an".into()]);
    let replies: Vec<_> = zalo.texts().into_iter().map(|t| (t.to, t.text)).collect();
    assert!(replies[0].0 == "chat-la" && replies[0].1.contains("không đúng"), "{replies:?}");
    assert!(replies[1].0 == "chat-an" && replies[1].1.contains("Trần An"), "{replies:?}");
    assert!(office.store.open_zalo_codes(office.clock.now()).await.expect("works").is_empty(), "used up");
    office.reload_with_links().await;
    office.mail.set_fault("an@so.example", Some(Fault::Refused));
    office.tick("2023-02-14 07:30").await;
    let last = zalo.texts().pop().expect("a message");
    assert!(last.to == "chat-an" && last.text.contains("Báo cáo quý"), "{last:?}");
}

#[tokio::test]
async fn after_an_hour_of_a_dead_mail_server_the_next_way_is_taken_and_said() {
    let (mut office, zalo) = office_with_bot(REPORT, "2023-02-14").await;
    zalo.add_chat("abc");
    office.folder.replace("units.yaml", "name: Trần An, ", "name: Trần An, zalo_chat: abc, ");
    office.reload();
    office.mail.set_closed(true);
    let at = |minute: u32| format!("2023-02-14 {:02}:{:02}", minute / 60, minute % 60);
    for minute in 450..505 {
        office.tick(&at(minute)).await;
    }
    assert!(zalo.texts().is_empty(), "an hour is waited for");
    for minute in 505..535 {
        office.tick(&at(minute)).await;
    }
    assert_eq!(zalo.texts().len(), 1);
    let left_behind =
        office.store.outbox(OutboxFilter { states: vec!["cancelled".to_owned()], limit: 9, ..OutboxFilter::default() });
    let detail = left_behind.await.expect("works")[0].detail.clone().expect("said");
    assert!(detail.starts_with("chuyển sang Zalo Bot: "), "{detail}");
}

#[tokio::test]
async fn a_mail_server_is_given_so_many_messages_a_minute_and_no_more() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.folder.replace("nhacviec.yaml", "security: plaintext", "security: plaintext, messages_per_minute: 1");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    assert_eq!(office.mail.count(), 1);
    office.tick("2023-02-14 07:31").await;
    office.expect_mail(&[("an@so.example", "Đăng ký"), ("binh@so.example", "Đăng ký")]);
    assert!(office.status().await.problems.is_empty(), "a pace is no trouble");
}

#[tokio::test]
async fn what_is_long_over_is_emptied_and_still_not_said_again() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Báo cáo quý")]);
    let sent = rows(&office).await.remove(0);
    let later = office.clock.now() + chrono::Duration::days(100);
    let pruned = office.store.prune(later).await.expect("the store works");
    assert!(pruned.items > 0 && pruned.attempts > 0, "{pruned:?}");
    let entry = office.store.outbox_entry(sent.id).await.expect("works").expect("the row stays");
    assert_eq!((entry.item, entry.trail.len()), (None, 0));
    assert_eq!(intervene(&office, sent.id, InterventionKind::Resend, "x").await, IntervenedResult::Pruned);
    office.tick("2023-02-14 09:00").await;
    office.expect_silence();
}
