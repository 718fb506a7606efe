//! Owns the stories that a real Postfix tells with Dovecot and postgrey: what a reader finds in the mailbox.
//!
//! Most tests share one server and have mailboxes of their own, so they may run side by side.

#[path = "real/channel.rs"]
mod channel;
#[path = "real/machine.rs"]
mod machine;
#[path = "real/mail.rs"]
mod mail;
#[path = "real/postfix.rs"]
mod postfix;
#[path = "real/proxy.rs"]
mod proxy;
mod support;

use std::{
    net::{Ipv4Addr, TcpStream},
    thread,
    time::Duration,
};

use channel::{assert_is_the_message, is_down_because, long_message, message, open, verdict};
use mail::Mail;
use nhacviec::{
    channel::{Channel, Message, SmtpSettings},
    domain::notification::SendError,
    secret::SecretFile,
};
use postfix::{Door, Mailbox, Postfix, client_port};
use proxy::Proxy;
use support::{Office, Submission};

/// Settings with which the owner of the mailbox hands in mail.
fn settings(owner: &Mailbox<'_>, door: Door) -> SmtpSettings {
    SmtpSettings { client_name: Some(owner.client_name()), ..channel::settings(&owner.submission(door)) }
}

fn open_starttls(owner: &Mailbox<'_>) -> Box<dyn Channel> {
    open(settings(owner, Door::StartTls))
}

/// A message handed in and received afterwards is the only one: what came before would lie there by now.
async fn assert_nothing_arrived(clerk: &Mailbox<'_>) {
    let sent = open_starttls(clerk).send(&message("nothing-before", &clerk.address())).await;
    assert_eq!(sent, Ok(()));
    assert_eq!(clerk.read(1)[0].header("Message-ID"), "<nothing-before@office.test>");
}

/// Sends a message that is refused and then one to the clerk through the same channel; the refusal is
/// handed back once the second message has arrived, alone, over the connection of the first.
async fn refusal_followed_by_a_delivery(refused: &Message, answer: &str) -> SendError {
    let clerk = Postfix::shared().new_mailbox();
    let refusal = refusal_and_delivery(refused, &clerk).await;
    assert!(clerk.was_answered(answer), "{answer:?} is not in the log");
    refusal
}

async fn refusal_and_delivery(refused: &Message, clerk: &Mailbox<'_>) -> SendError {
    let channel = open_starttls(clerk);

    let refusal = channel.send(refused).await.expect_err("a refusal");
    let next = channel.send(&message("batch-2", &clerk.address())).await;

    assert_eq!(next, Ok(()));
    assert_is_the_message(&clerk.read(1)[0], "<batch-2@office.test>", &clerk.address());
    assert_eq!(clerk.connections(), 1);
    refusal
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_message_over_required_starttls_is_read_back_as_it_was_written() {
    let clerk = Postfix::shared().new_mailbox();

    let outcome = open_starttls(&clerk).send(&message("batch-41", &clerk.address())).await;

    assert_eq!(outcome, Ok(()));
    assert_arrived_encrypted(&clerk, "<batch-41@office.test>");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_message_over_implicit_tls_is_read_back_as_it_was_written() {
    let clerk = Postfix::shared().new_mailbox();

    let outcome = open(settings(&clerk, Door::Smtps)).send(&message("batch-42", &clerk.address())).await;

    assert_eq!(outcome, Ok(()));
    assert_arrived_encrypted(&clerk, "<batch-42@office.test>");
}

fn assert_arrived_encrypted(clerk: &Mailbox<'_>, id: &str) {
    let mails = clerk.read(1);
    assert_is_the_message(&mails[0], id, &clerk.address());
    // S: TLS, A: logged in.
    assert!(mails[0].header("Received").contains(" with ESMTPSA "), "{}", mails[0].header("Received"));
    assert!(clerk.accepted()[0].contains("sasl_method=PLAIN,"), "{:?}", clerk.accepted());
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_line_of_a_single_dot_does_not_end_a_message_of_plain_letters() {
    let clerk = Postfix::shared().new_mailbox();
    let text = "first\n.\n..\n.last\n";
    let plain = Message { text: text.to_owned(), html: text.to_owned(), ..message("batch-1", &clerk.address()) };

    let outcome = open_starttls(&clerk).send(&plain).await;

    assert_eq!(outcome, Ok(()));
    let contents: Vec<_> = clerk.read(1)[0].parts().iter().map(Mail::content).collect();
    assert_eq!(contents, [text, text]);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_server_that_knows_only_the_older_login_is_served_too() {
    let clerk = Postfix::shared().new_mailbox();

    let outcome = open(settings(&clerk, Door::LoginOnly)).send(&message("batch-1", &clerk.address())).await;

    assert_eq!(outcome, Ok(()));
    clerk.read(1);
    assert!(clerk.accepted()[0].contains("sasl_method=LOGIN,"), "{:?}", clerk.accepted());
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_wrong_password_takes_the_channel_down_and_nothing_arrives() {
    let clerk = Postfix::shared().new_mailbox();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let wrong = folder.path().join("password");
    std::fs::write(&wrong, "see-how-they-run\n").expect("a new folder takes files");

    for door in [Door::StartTls, Door::LoginOnly] {
        let credentials = Some((clerk.address(), SecretFile::at(wrong.clone())));
        let channel = open(SmtpSettings { credentials, ..settings(&clerk, door) });
        let outcome = channel.send(&message("batch-1", &clerk.address())).await;

        assert!(is_down_because(&outcome, "535"), "{door:?}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("see-how-they-run"), "{outcome:?}");
    }
    assert_nothing_arrived(&clerk).await;
}

/// Postfix does not ask for a login (530) but refuses the recipient by policy (554 5.7.1), which is the
/// server's affair: tried again, not given up.
#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn without_a_login_nothing_arrives_and_the_message_is_kept() {
    let clerk = Postfix::shared().new_mailbox();

    let channel = open(SmtpSettings { credentials: None, ..settings(&clerk, Door::StartTls) });
    let outcome = channel.send(&message("batch-1", &clerk.address())).await;

    assert_eq!(verdict(&outcome), "for now", "{outcome:?}");
    assert!(clerk.was_answered("554 5.7.1"), "{outcome:?}");
    assert_nothing_arrived(&clerk).await;
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_certificate_of_an_unknown_authority_takes_the_channel_down() {
    let clerk = Postfix::shared().new_mailbox();

    for door in [Door::StartTls, Door::Smtps] {
        let channel = open(SmtpSettings { ca_file: None, ..settings(&clerk, door) });
        let outcome = channel.send(&message("batch-1", &clerk.address())).await;

        assert!(is_down_because(&outcome, "UnknownIssuer"), "{door:?}: {outcome:?}");
    }
    assert_nothing_arrived(&clerk).await;
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_certificate_of_another_name_takes_the_channel_down() {
    let clerk = Postfix::shared().new_mailbox();

    for door in [Door::OtherNameStartTls, Door::OtherNameSmtps] {
        let outcome = open(settings(&clerk, door)).send(&message("batch-1", &clerk.address())).await;

        assert!(is_down_because(&outcome, "not valid for name"), "{door:?}: {outcome:?}");
    }
    assert_nothing_arrived(&clerk).await;
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_server_without_starttls_gets_nothing_in_plain_text() {
    let clerk = Postfix::shared().new_mailbox();
    let required = settings(&clerk, Door::Plaintext);

    let outcome = open(required.clone()).send(&message("batch-1", &clerk.address())).await;
    // This door would have taken it, so it was ours to withhold.
    let careless = SmtpSettings { security: nhacviec::channel::SmtpSecurity::Plaintext, ..required };
    let taken = open(careless).send(&message("batch-2", &clerk.address())).await;

    assert!(is_down_because(&outcome, "STARTTLS"), "{outcome:?}");
    assert_eq!(taken, Ok(()));
    let mails = clerk.read(1);
    assert_eq!(mails[0].header("Message-ID"), "<batch-2@office.test>");
    assert!(mails[0].header("Received").contains(" with ESMTPA "), "{}", mails[0].header("Received"));
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_busy_mailbox_refuses_for_now_and_the_next_message_arrives() {
    let busy = message("batch-1", "busy@office.test");

    let refusal = refusal_followed_by_a_delivery(&busy, "450 4.2.1 <busy@office.test>").await;

    assert!(matches!(refusal, SendError::Transient { .. }), "{refusal:?}");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn an_unknown_user_is_refused_for_good_and_the_next_message_arrives() {
    let unknown = message("batch-1", "nobody@office.test");

    let refusal = refusal_followed_by_a_delivery(&unknown, "550 5.1.1 <nobody@office.test>").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_full_mailbox_refuses_for_good_and_the_next_message_arrives() {
    let full = message("batch-1", "full@office.test");

    let refusal = refusal_followed_by_a_delivery(&full, "552 5.2.2 <full@office.test>").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn content_that_is_not_wanted_is_refused_for_good_and_the_next_message_arrives() {
    let picky = message("batch-1", "picky@office.test");

    let refusal = refusal_followed_by_a_delivery(&picky, "554 5.6.0 <picky@office.test>").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_header_that_is_not_wanted_is_refused_for_good_and_the_next_message_arrives() {
    let other = Postfix::shared().new_mailbox();
    let unwanted = Message { subject: "UNWANTED".to_owned(), ..message("batch-1", &other.address()) };

    let refusal = refusal_followed_by_a_delivery(&unwanted, "5.6.0 subject not wanted").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
    assert_nothing_arrived(&other).await;
}

/// Without a word of the server's administrator, Postfix calls it policy (5.7.1); that can be put right there.
#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn content_refused_by_policy_is_refused_for_now_and_the_next_message_arrives() {
    let other = Postfix::shared().new_mailbox();
    let forbidden = Message { subject: "FORBIDDEN".to_owned(), ..message("batch-1", &other.address()) };

    let refusal = refusal_followed_by_a_delivery(&forbidden, "5.7.1 message content rejected").await;

    assert!(matches!(refusal, SendError::Transient { .. }), "{refusal:?}");
    assert_nothing_arrived(&other).await;
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn mail_to_a_domain_that_the_server_does_not_serve_is_refused_for_now_and_the_next_message_arrives() {
    let elsewhere = message("batch-1", "clerk@elsewhere.test");

    let refusal = refusal_followed_by_a_delivery(&elsewhere, "554 5.7.1 <clerk@elsewhere.test>").await;

    assert!(matches!(refusal, SendError::Transient { .. }), "{refusal:?}");
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_message_too_large_is_refused_for_good_and_the_next_message_arrives() {
    let (other, clerk) = (Postfix::shared().new_mailbox(), Postfix::shared().new_mailbox());
    let large = Message { text: "a line\n".repeat(20_000), ..message("batch-1", &other.address()) };

    let refusal = refusal_and_delivery(&large, &clerk).await;

    assert!(matches!(&refusal, SendError::Permanent { detail } if detail.contains("quá giới hạn")), "{refusal:?}");
    assert_nothing_arrived(&other).await;
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_message_greylisted_by_postgrey_is_accepted_when_it_comes_again() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);
    let greylisted = message("batch-1", "stranger@office.test");

    let first = channel.send(&greylisted).await;
    // It wants a second to pass by its own clock.
    let mut again = first.clone();
    for _ in 0..100 {
        if verdict(&again) != "for now" {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        again = channel.send(&greylisted).await;
    }

    assert_eq!(verdict(&first), "for now", "{first:?}");
    assert!(clerk.was_answered("450 4.2.0 <stranger@office.test>: Recipient address rejected: Greylisted"));
    assert_eq!(again, Ok(()));
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_server_that_closes_down_in_mid_dialogue_takes_the_channel_down_until_the_next_connection() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);

    let first = channel.send(&message("batch-1", &clerk.address())).await;
    let closing = channel.send(&message("batch-2", "closing@office.test")).await;
    let next = channel.send(&message("batch-3", &clerk.address())).await;

    assert_eq!((first, next), (Ok(()), Ok(())));
    assert!(is_down_because(&closing, "421"), "{closing:?}");
    assert_eq!(ids(&clerk.read(2)), ["<batch-1@office.test>", "<batch-3@office.test>"]);
    assert_eq!(clerk.connections(), 2);
}

/// The text of the first part that is none of several.
fn text(mail: &Mail) -> String {
    if mail.header("Content-Type").starts_with("multipart/") { text(&mail.parts()[0]) } else { mail.content() }
}

fn ids(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.header("Message-ID")).collect()
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_server_with_too_many_clients_takes_the_channel_down_until_one_has_left() {
    let clerk = Postfix::shared().new_mailbox();
    let port = clerk.postfix.port(Door::Crowded);
    let channel = open(settings(&clerk, Door::Crowded));
    let other = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a running server");
    let from_other = format!("from localhost[127.0.0.1]:{}", other.local_addr().expect("connected").port());
    clerk.postfix.awaited_log_lines(&from_other);

    let refused = channel.send(&message("batch-1", &clerk.address())).await;
    drop(other);
    clerk.postfix.awaited_log_lines(&format!("disconnect {from_other}"));
    let accepted = channel.send(&message("batch-1", &clerk.address())).await;

    assert!(is_down_because(&refused, "421"), "{refused:?}");
    assert_eq!(accepted, Ok(()));
    clerk.read(1);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_a_new_one_and_no_message() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open(settings(&clerk, Door::Impatient));

    let first = channel.send(&message("batch-1", &clerk.address())).await;
    let port = client_port(&clerk.accepted()[0]).expect("an accepted message comes from somewhere");
    clerk.postfix.awaited_log_lines(&format!("disconnect from localhost[127.0.0.1]:{port}"));
    let second = channel.send(&message("batch-2", &clerk.address())).await;

    assert_eq!((first, second), (Ok(()), Ok(())));
    assert_eq!(ids(&clerk.read(2)), ["<batch-1@office.test>", "<batch-2@office.test>"]);
    assert_eq!(clerk.connections(), 2);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn messages_of_one_pass_share_a_connection() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);

    for number in 1..=12 {
        let outcome = channel.send(&message(&format!("batch-{number}"), &clerk.address())).await;
        assert_eq!(outcome, Ok(()), "message {number}");
    }

    clerk.read(12);
    assert_eq!(clerk.connections(), 1);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn an_address_with_vietnamese_letters_is_served_by_a_server_that_knows_them() {
    let clerk = Postfix::shared().new_mailbox();
    let registry = Postfix::shared().vietnamese_mailbox();

    let outcome = open_starttls(&clerk).send(&message("batch-1", &registry.address())).await;

    assert_eq!(outcome, Ok(()));
    assert_is_the_message(&registry.read(1)[0], "<batch-1@office.test>", &registry.address());
}

/// Postfix hangs up after twenty refusals, in place of the answer to what comes next.
#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn more_refusals_than_the_server_has_patience_for_cost_no_message() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);

    for number in 1..=45 {
        let outcome = channel.send(&message("batch-1", &format!("nobody-{number}@office.test"))).await;
        assert_eq!(verdict(&outcome), "for good", "message {number}: {outcome:?}");
    }
    let last = channel.send(&message("batch-2", &clerk.address())).await;

    assert_eq!(last, Ok(()));
    clerk.read(1);
    // Recipient and DATA are refused in one go, and Postfix counts both.
    assert_eq!(clerk.connections(), 5);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn refusals_among_deliveries_each_get_their_own_answer() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);
    let expected = [
        ("busy", "for now"),
        ("nobody", "for good"),
        ("clerk", "accepted"),
        ("picky", "for good"),
        ("picky", "for good"),
        ("clerk", "accepted"),
        ("nobody", "for good"),
        ("full", "for good"),
        ("busy", "for now"),
        ("clerk", "accepted"),
    ];

    let mut answers = Vec::new();
    for (number, (name, _)) in expected.into_iter().enumerate() {
        let address = if name == "clerk" { clerk.address() } else { format!("{name}@office.test") };
        answers.push((name, verdict(&channel.send(&message(&format!("batch-{number}"), &address)).await)));
    }

    assert_eq!(answers, expected);
    assert_eq!(ids(&clerk.read(3)), ["<batch-2@office.test>", "<batch-5@office.test>", "<batch-9@office.test>"]);
    assert_eq!(clerk.connections(), 1);
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_refusal_keeps_the_words_of_the_server_but_not_the_address() {
    let clerk = Postfix::shared().new_mailbox();
    let channel = open_starttls(&clerk);

    for (name, words) in [
        ("busy", "mailbox busy"),
        ("Nobody", "User unknown"),
        ("full", "mailbox full"),
        ("picky", "content not wanted"),
    ] {
        let address = format!("{name}@office.test");
        let refusal = channel.send(&message(name, &address)).await.expect_err("a refusal");

        assert!(refusal.detail().contains(words), "{refusal:?}");
        assert!(!refusal.detail().to_lowercase().contains(&address.to_lowercase()), "{refusal:?}");
    }
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_connection_cut_after_the_content_leaves_open_whether_the_message_arrived() {
    for door in [Door::StartTls, Door::Smtps] {
        let clerk = Postfix::shared().new_mailbox();
        let proxy = Proxy::start(clerk.postfix.port(door));
        let channel = open(SmtpSettings { port: proxy.port, ..settings(&clerk, door) });

        proxy.swallow_answers(1);
        let cut = channel.send(&long_message("batch-1", &clerk.address())).await;
        let arrived = clerk.read(1);
        let next = channel.send(&long_message("batch-2", &clerk.address())).await;

        assert_eq!(verdict(&cut), "not known", "{door:?}: {cut:?}");
        assert_eq!((proxy.swallowed(), ids(&arrived)), (1, vec!["<batch-1@office.test>"]));
        assert_eq!(next, Ok(()));
        assert_eq!(ids(&clerk.read(2)), ["<batch-1@office.test>", "<batch-2@office.test>"]);
        assert_eq!(clerk.connections(), 2, "the cut one carries nothing more");
    }
}

/// An office whose mail goes to mailboxes of the server.
struct RealOffice<'a> {
    office: Office,
    an: Mailbox<'a>,
    binh: Mailbox<'a>,
    khoa: Mailbox<'a>,
}

impl<'a> RealOffice<'a> {
    /// Opens on the day on which both departments owe their report, with the mail not yet redirected.
    async fn open(postfix: &'a Postfix) -> Self {
        let duty = "  - { id: I.1, content: Báo cáo quý, lead: [Các phòng], deadline: 14/02/2023 }\n";
        let office = Office::with_tasks(duty, "2023-02-14").await;
        let [an, binh, khoa] = ["an@so.example", "binh@so.example", "khoa@so.example"].map(|address| {
            let mailbox = postfix.new_mailbox();
            office.folder.replace("units.yaml", address, &mailbox.address());
            mailbox
        });
        Self { office, an, binh, khoa }
    }

    async fn tick_each_minute(&self, minutes: std::ops::Range<u32>) {
        for minute in minutes {
            self.office.tick(&format!("2023-02-14 {:02}:{:02}", minute / 60, minute % 60)).await;
        }
    }
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_message_whose_answer_was_cut_off_is_repeated_with_the_same_message_id() {
    let mut real = RealOffice::open(Postfix::shared()).await;
    let proxy = Proxy::start(real.an.postfix.port(Door::StartTls));
    real.office.submit_to(&Submission { port: proxy.port, ..real.an.submission(Door::StartTls) });

    proxy.swallow_answers(2);
    real.office.tick("2023-02-14 07:30").await;
    let before = (real.an.read(1).len(), real.binh.read(1).len());
    let during = real.office.status().await;
    real.office.tick("2023-02-14 08:00").await;

    assert_eq!((proxy.swallowed(), before, during.deliveries.get("unknown")), (2, (1, 1), Some(&2)));
    for mailbox in [&real.an, &real.binh] {
        let mails = mailbox.read(2);
        assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    }
    assert_eq!(real.office.status().await.deliveries.get("sent"), Some(&2));
}

#[ignore = "needs postfix and dovecot; .ci/run installs them and runs this"]
#[tokio::test]
async fn a_server_dead_for_an_hour_costs_nothing_but_the_hour() {
    let postfix = Postfix::start();
    let mut real = RealOffice::open(&postfix).await;
    real.office.submit_to(&real.an.submission(Door::StartTls));

    postfix.stop();
    real.tick_each_minute(7 * 60 + 25..8 * 60 + 31).await;
    let during = real.office.status().await;
    postfix.start_again();
    real.tick_each_minute(8 * 60 + 31..10 * 60).await;

    assert!(during.problems[0].sentence.starts_with("Kênh email không gửi được tin"), "{during:?}");
    assert_eq!(during.deliveries.get("sent"), None);
    // The administrator is told of the outage, once it is over.
    let contents = [&real.an, &real.binh, &real.khoa].map(|mailbox| text(&mailbox.read(1)[0]));
    let words = ["Báo cáo quý", "Báo cáo quý", "Kênh email không gửi được tin"];
    for (content, words) in contents.iter().zip(words) {
        assert!(content.contains(words), "{content}");
    }
    let after = real.office.status().await;
    assert!(after.problems.is_empty() && after.undelivered.is_empty(), "{after:?}");
    assert_eq!(after.deliveries.into_iter().collect::<Vec<_>>(), [("sent".to_owned(), 3)]);
    let reader = postfix.new_mailbox();
    assert_nothing_arrived(&reader).await;
    assert_eq!(real.an.accepted().len(), 3, "once each");
}
