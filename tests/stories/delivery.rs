//! What happens to messages on bad days.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, routing::post};
use nhacviec::demo::mail_server::Fault;

use crate::support::Office;

const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";

#[tokio::test]
async fn a_closed_mail_server_is_shown_and_the_message_leaves_once_it_opens() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_closed(true);
    for minute in [30, 31, 40, 55] {
        office.tick(&format!("2023-02-14 07:{minute}")).await;
    }
    let status = office.status().await;
    assert!(status.problems[0].sentence.starts_with("Kênh email không gửi được tin"), "{status:?}");
    assert_eq!(status.deliveries.get("pending"), Some(&1));
    office.mail.set_closed(false);
    office.tick("2023-02-14 08:20").await;
    office.tick("2023-02-14 08:30").await;
    // The administrator's notice of the outage was decided meanwhile; the outage itself is over.
    office.expect_mail(&[("an@so.example", "Hôm nay"), ("khoa@so.example", "Kênh email không gửi được tin")]);
    assert!(office.status().await.problems.is_empty());
}

#[tokio::test]
async fn a_greylisted_message_is_tried_again_and_arrives_once() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_greylisting(true);
    office.tick("2023-02-14 07:30").await;
    office.expect_silence();
    office.tick("2023-02-14 07:32").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.tick("2023-02-14 07:40").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_refused_address_is_shown_to_a_person_and_does_not_stop_the_others() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::Refused));
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("binh@so.example", "Hôm nay")]);
    let status = office.status().await;
    assert_eq!((status.undelivered.len(), status.undelivered[0].state.as_str()), (1, "failed"));
    assert!(status.problems[0].sentence.contains("«an»"), "{status:?}");
    assert!(!format!("{status:?}").contains("an@so.example"), "no address in status");
}

#[tokio::test]
async fn a_message_whose_reply_was_lost_is_sent_again_with_the_same_message_id() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::ReplyLost));
    office.tick("2023-02-14 07:30").await;
    assert_eq!(office.status().await.deliveries.get("unknown"), Some(&1), "not guessed");
    office.tick("2023-02-14 07:59").await;
    assert_eq!(office.mail.count(), 1, "a slow server is given half an hour");
    office.tick("2023-02-14 08:00").await;
    office.expect_mail(&[("an@so.example", "Hôm nay"), ("an@so.example", "Hôm nay")]);
    let received = office.mail.received();
    assert_eq!(received[0].message_id, received[1].message_id);
    assert_eq!(office.status().await.deliveries.get("sent"), Some(&1));
}

#[tokio::test]
async fn new_work_does_not_join_a_message_that_may_have_arrived() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::ReplyLost));
    office.tick("2023-02-14 07:30").await;
    office.folder.write_plan(&format!("{REPORT}{}", REPORT.replace("I.1", "I.2")));
    office.reload();
    office.tick("2023-02-14 08:05").await;
    let mut ids: Vec<_> = office.mail.received().into_iter().map(|r| r.message_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2, "the repetition keeps its identity, the new duty has its own");
    office.expect_mail(&[("an@so.example", "I.1."), ("an@so.example", "I.1."), ("an@so.example", "I.2.")]);
}

#[tokio::test]
async fn a_rejected_message_is_never_reported_as_sent_after_a_cancelled_one() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::ReplyLate));
    office.mail.set_fault("binh@so.example", Some(Fault::ContentRejected));
    // The first send is abandoned in mid-dialogue, while its reply is still to come.
    let cut = tokio::time::timeout(std::time::Duration::from_millis(300), office.tick("2023-02-14 07:30"));
    assert!(cut.await.is_err(), "the first reply is late on purpose");
    office.tick("2023-02-14 07:31").await;
    let status = office.status().await;
    assert_eq!(status.deliveries.get("failed"), Some(&1), "the second was rejected: {status:?}");
    assert_eq!(status.deliveries.get("sent"), None);
    // The abandoned one is still in hand; after its lease it is repeated.
    office.tick("2023-02-14 07:50").await;
    office.expect_mail(&[("an@so.example", "Đăng ký"), ("an@so.example", "Đăng ký")]);
}

/// The platform takes the text and never answers.
const NO_REPLY: &str = "(silence)";

/// A Zalo platform that records the texts and answers as told.
async fn zalo(reply: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let texts: Arc<Mutex<Vec<String>>> = Arc::default();
    let answer = move |State(texts): State<Arc<Mutex<Vec<String>>>>, body: String| async move {
        texts.lock().expect("no panic under the lock").push(body);
        if reply == NO_REPLY {
            std::future::pending::<()>().await;
        }
        reply
    };
    let router = Router::new().route("/bot12:bi-mat/sendMessage", post(answer)).with_state(Arc::clone(&texts));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, texts)
}

async fn office_with_zalo(reply: &'static str) -> (Office, Arc<Mutex<Vec<String>>>) {
    let (url, texts) = zalo(reply).await;
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: zalo, base_url: \"{url}\" }}\n"));
    office.folder.write("secrets/zalo", "12:bi-mat\n");
    office.folder.replace(
        "units.yaml",
        "name: Trần An, ",
        "name: Trần An, zalo_chat: abc, channels: [zalo_bot, email], ",
    );
    office.reload();
    (office, texts)
}

fn count(texts: &Mutex<Vec<String>>) -> usize {
    texts.lock().expect("no panic under the lock").len()
}

#[tokio::test]
async fn a_person_who_prefers_zalo_is_told_there_and_not_by_mail() {
    let (mut office, texts) = office_with_zalo(r#"{"ok":true,"result":{"message_id":"1","date":1}}"#).await;
    office.tick("2023-02-14 07:30").await;
    office.expect_silence();
    let text = texts.lock().expect("no panic under the lock")[0].clone();
    assert!(text.contains(r#""chat_id":"abc""#) && text.contains("Báo cáo quý"), "{text}");
}

#[tokio::test]
async fn a_zalo_chat_that_is_gone_hands_over_to_mail() {
    let (mut office, texts) = office_with_zalo(r#"{"ok":false,"error_code":404,"description":"chat not found"}"#).await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.tick("2023-02-14 09:30").await;
    assert_eq!(count(&texts), 1);
}

#[tokio::test]
async fn a_zalo_call_without_an_answer_is_not_repeated_there_but_mailed_as_a_possible_duplicate() {
    let (mut office, texts) = office_with_zalo("").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "có thể trùng")]);
    assert_eq!(office.status().await.deliveries.get("unknown"), Some(&1));
    office.tick("2023-02-14 12:30").await;
    assert_eq!(count(&texts), 1);
}

#[tokio::test]
async fn a_refused_bot_token_stops_zalo_and_the_message_goes_by_mail_in_the_same_pass() {
    let (mut office, texts) = office_with_zalo(r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#).await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    let status = office.status().await;
    assert!(status.problems[0].sentence.contains("Kênh zalo_bot ngừng"), "{status:?}");
    assert!(!format!("{status:?}").contains("bi-mat"));
    assert_eq!(count(&texts), 1, "one refused call, whoever else was to be told there");
    office.tick("2023-02-14 08:20").await;
    office.expect_mail(&[("khoa@so.example", "Kênh zalo_bot ngừng")]);
}

#[tokio::test]
async fn a_process_that_ended_in_a_zalo_call_does_not_repeat_it_but_mails() {
    let (mut office, texts) = office_with_zalo(NO_REPLY).await;
    let cut = tokio::time::timeout(std::time::Duration::from_millis(300), office.tick("2023-02-14 07:30"));
    assert!(cut.await.is_err(), "the platform is silent");
    office.tick("2023-02-14 07:50").await;
    office.expect_mail(&[("an@so.example", "có thể trùng")]);
    assert_eq!(count(&texts), 1);
}

#[tokio::test]
async fn a_message_whose_reply_is_lost_every_time_is_shown_after_its_third_copy() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    for moment in ["07:30", "08:00", "08:30", "09:00", "10:00"] {
        office.mail.set_fault("an@so.example", Some(Fault::ReplyLost));
        office.tick(&format!("2023-02-14 {moment}")).await;
    }
    let status = office.status().await;
    assert_eq!((status.undelivered.len(), status.undelivered[0].state.as_str()), (1, "unknown"));
    assert!(status.problems[0].sentence.contains("không chắc đã tới; kiểm tra máy chủ"), "{status:?}");
    office.mail.set_fault("an@so.example", None);
    let told = ("khoa@so.example", "không chắc đã tới");
    office.expect_mail(&[("an@so.example", ""), ("an@so.example", ""), ("an@so.example", ""), told]);
}
