//! Owns the stories that only a real mail server can tell: encryption, login, refusals, and what arrives.
//!
//! Each test starts an Exim of its own and ends it; nothing is shared, so they may run side by side.

#[path = "real/channel.rs"]
mod channel;
#[path = "real/exim.rs"]
mod exim;
#[path = "real/machine.rs"]
mod machine;
#[path = "real/mail.rs"]
mod mail;
#[path = "real/proxy.rs"]
mod proxy;
mod support;

use channel::{assert_is_the_message, is_down_because, long_message, message, open, verdict};
use exim::{Exim, Face, LOGIN};
use nhacviec::{
    channel::{Channel, Message, SmtpSecurity, SmtpSettings},
    domain::notification::SendError,
    secret::SecretFile,
};
use proxy::Proxy;
use support::{Office, Submission};

/// Settings that this server accepts.
fn settings(exim: &Exim, security: SmtpSecurity) -> SmtpSettings {
    channel::settings(&exim.submission(security))
}

fn open_starttls(exim: &Exim) -> Box<dyn Channel> {
    open(settings(exim, SmtpSecurity::StartTls))
}

/// Sends to `refused` and then to the clerk through one channel; the refusal is handed back once the
/// second message has arrived, alone and unharmed, over the connection of the first.
async fn refusal_followed_by_a_delivery(refused: &str, answer: &str) -> SendError {
    let exim = Exim::start();
    let channel = open_starttls(&exim);

    let refusal = channel.send(&message("batch-1", refused)).await.expect_err("a scripted refusal");
    let next = channel.send(&message("batch-2", "clerk@office.test")).await;

    assert_eq!(next, Ok(()));
    let mails = exim.delivered(1);
    assert_eq!(mails[0].header("Envelope-To"), "clerk@office.test");
    assert_eq!(mails[0].header("Message-ID"), "<batch-2@office.test>");
    assert_eq!(exim.connections(), 1);
    assert!(!exim.log_lines(answer).is_empty(), "the server has answered {answer:?}");
    refusal
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_message_over_required_starttls_arrives_as_it_was_written() {
    let exim = Exim::start();

    let outcome = open_starttls(&exim).send(&message("batch-41", "clerk@office.test")).await;

    assert_eq!(outcome, Ok(()));
    assert_arrived_encrypted(&exim, "<batch-41@office.test>");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_message_over_implicit_tls_arrives_as_it_was_written() {
    let exim = Exim::start();
    // By address, for which the certificate holds as well.
    let server = SmtpSettings { host: "127.0.0.1".to_owned(), ..settings(&exim, SmtpSecurity::Tls) };

    let outcome = open(server).send(&message("batch-42", "clerk@office.test")).await;

    assert_eq!(outcome, Ok(()));
    assert_arrived_encrypted(&exim, "<batch-42@office.test>");
}

fn assert_arrived_encrypted(exim: &Exim, id: &str) {
    assert_is_the_message(&exim.delivered(1)[0], id, "clerk@office.test");
    // E: encrypted, S: TLS, A: logged in.
    assert!(exim.accepted()[0].contains(" P=esmtpsa "), "{:?}", exim.accepted());
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_server_that_knows_only_the_older_login_is_served_too() {
    let exim = Exim::start_as(&Face { mechanisms: "LOGIN", ..Face::default() });

    let outcome = open_starttls(&exim).send(&message("batch-1", "clerk@office.test")).await;

    assert_eq!(outcome, Ok(()));
    exim.delivered(1);
    assert!(exim.accepted()[0].contains(" A=login:reminder "), "{:?}", exim.accepted());
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_line_of_a_single_dot_does_not_end_a_message_of_plain_letters() {
    let exim = Exim::start();
    let text = "first\n.\n..\n.last\n";
    let plain = Message { text: text.to_owned(), html: text.to_owned(), ..message("batch-1", "clerk@office.test") };

    let outcome = open_starttls(&exim).send(&plain).await;

    assert_eq!(outcome, Ok(()));
    let contents: Vec<_> = exim.delivered(1)[0].parts().iter().map(mail::Mail::content).collect();
    assert_eq!(contents, [text, text]);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn messages_of_one_pass_share_a_connection() {
    let exim = Exim::start();
    let channel = open_starttls(&exim);

    for number in 1..=12 {
        let outcome = channel.send(&message(&format!("batch-{number}"), "clerk@office.test")).await;
        assert_eq!(outcome, Ok(()), "message {number}");
    }

    exim.delivered(12);
    assert_eq!(exim.connections(), 1);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_server_that_takes_one_message_a_connection_gets_a_connection_a_message() {
    let exim = Exim::start_as(&Face { messages_per_connection: 1, ..Face::default() });
    let channel = open_starttls(&exim);

    let first = channel.send(&message("batch-1", "clerk@office.test")).await;
    let second = channel.send(&message("batch-2", "clerk@office.test")).await;

    assert_eq!((first, second), (Ok(()), Ok(())));
    exim.delivered(2);
    assert_eq!(exim.connections(), 2);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_wrong_password_takes_the_channel_down_and_nothing_is_delivered() {
    let exim = Exim::start();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let wrong = folder.path().join("password");
    std::fs::write(&wrong, "see-how-they-run\n").expect("a new folder takes files");
    let credentials = Some((LOGIN.to_owned(), SecretFile::at(wrong)));

    let channel = open(SmtpSettings { credentials, ..settings(&exim, SmtpSecurity::StartTls) });
    let outcome = channel.send(&message("batch-1", "clerk@office.test")).await;

    assert!(is_down_because(&outcome, "535"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("see-how-they-run"), "{outcome:?}");
    exim.delivered(0);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_missing_login_takes_the_channel_down_and_nothing_is_delivered() {
    let exim = Exim::start();

    let channel = open(SmtpSettings { credentials: None, ..settings(&exim, SmtpSecurity::StartTls) });
    let outcome = channel.send(&message("batch-1", "clerk@office.test")).await;

    assert!(is_down_because(&outcome, "530"), "{outcome:?}");
    exim.delivered(0);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_certificate_of_an_unknown_authority_takes_the_channel_down() {
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let exim = Exim::start();

        let channel = open(SmtpSettings { ca_file: None, ..settings(&exim, security) });
        let outcome = channel.send(&message("batch-1", "clerk@office.test")).await;

        assert!(is_down_because(&outcome, "UnknownIssuer"), "{security:?}: {outcome:?}");
        exim.delivered(0);
    }
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_certificate_of_another_name_takes_the_channel_down() {
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let exim = Exim::start_as(&Face { certificate: "other-name", ..Face::default() });

        let outcome = open(settings(&exim, security)).send(&message("batch-1", "clerk@office.test")).await;

        assert!(is_down_because(&outcome, "not valid for name"), "{security:?}: {outcome:?}");
        exim.delivered(0);
    }
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_server_without_starttls_gets_nothing_in_plain_text() {
    let exim = Exim::start_as(&Face { offers_starttls: false, ..Face::default() });

    let outcome = open_starttls(&exim).send(&message("batch-1", "clerk@office.test")).await;

    assert!(is_down_because(&outcome, "STARTTLS"), "{outcome:?}");
    exim.delivered(0);
    // This server would have taken it, so it was ours to withhold.
    let careless = open(settings(&exim, SmtpSecurity::Plaintext)).send(&message("batch-2", "clerk@office.test")).await;
    assert_eq!(careless, Ok(()));
    assert_eq!(exim.delivered(1)[0].header("Message-ID"), "<batch-2@office.test>");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_busy_mailbox_refuses_for_now_and_the_next_message_arrives() {
    let refusal = refusal_followed_by_a_delivery("busy@office.test", "450 4.2.1 <busy@office.test>").await;

    assert!(matches!(refusal, SendError::Transient { .. }), "{refusal:?}");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_mailbox_that_is_gone_refuses_for_good_and_the_next_message_arrives() {
    let refusal = refusal_followed_by_a_delivery("gone@office.test", "550 5.1.1 <gone@office.test>").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn content_that_is_not_wanted_is_refused_for_good_and_the_next_message_arrives() {
    let refusal = refusal_followed_by_a_delivery("picky@office.test", "554 5.6.0 <picky@office.test>").await;

    assert!(matches!(refusal, SendError::Permanent { .. }), "{refusal:?}");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn refusals_among_deliveries_each_get_their_own_answer() {
    let exim = Exim::start();
    let channel = open_starttls(&exim);

    let mut answers = Vec::new();
    for name in ["busy", "gone", "clerk", "picky", "picky", "archive", "gone", "busy", "clerk"] {
        let answer = verdict(&channel.send(&message(name, &format!("{name}@office.test"))).await);
        answers.push((name, answer));
    }

    let expected = [
        ("busy", "for now"),
        ("gone", "for good"),
        ("clerk", "accepted"),
        ("picky", "for good"),
        ("picky", "for good"),
        ("archive", "accepted"),
        ("gone", "for good"),
        ("busy", "for now"),
        ("clerk", "accepted"),
    ];
    assert_eq!(answers, expected);
    let mut receivers: Vec<_> = exim.delivered(3).iter().map(|mail| mail.header("Envelope-To").to_owned()).collect();
    receivers.sort();
    assert_eq!(receivers, ["archive@office.test", "clerk@office.test", "clerk@office.test"]);
    assert_eq!(exim.connections(), 1);
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_greylisted_message_is_accepted_when_it_comes_again() {
    let exim = Exim::start();
    let channel = open_starttls(&exim);
    let greylisted = message("batch-1", "stranger@office.test");

    let first = channel.send(&greylisted).await;
    exim.delivered(0);
    let second = channel.send(&greylisted).await;

    assert!(matches!(first, Err(SendError::Transient { .. })), "{first:?}");
    assert_eq!(second, Ok(()));
    assert_eq!(exim.delivered(1)[0].header("Message-ID"), "<batch-1@office.test>");
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_refusal_keeps_the_words_of_the_server_but_not_the_address() {
    let exim = Exim::start();
    let channel = open_starttls(&exim);

    for (name, words) in
        [("busy", "4.2.1"), ("Gone", "no such user"), ("stranger", "come back later"), ("picky", "content not wanted")]
    {
        let address = format!("{name}@office.test");
        let refusal = channel.send(&message(name, &address)).await.expect_err("a scripted refusal");

        let named = format!(" <{}> ", address.to_lowercase());
        let is_named = |line: &String| line.to_lowercase().contains(&named);
        assert!(exim.log_lines(words).iter().any(is_named), "{name}: not named");
        assert!(refusal.detail().contains(words), "{refusal:?}");
        // The server may answer in its own spelling of the address.
        assert!(!refusal.detail().to_lowercase().contains(&address.to_lowercase()), "{refusal:?}");
    }
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_connection_cut_after_the_content_leaves_open_whether_the_message_arrived() {
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let exim = Exim::start();
        let proxy = Proxy::start(exim.submission(security).port);
        let channel = open(SmtpSettings { port: proxy.port, ..settings(&exim, security) });

        proxy.swallow_answers(1);
        let cut = channel.send(&long_message("batch-1", "clerk@office.test")).await;
        let arrived = exim.delivered(1);
        let next = channel.send(&long_message("batch-2", "clerk@office.test")).await;

        assert!(matches!(cut, Err(SendError::Unknown { .. })), "{security:?}: {cut:?}");
        assert_eq!((proxy.swallowed(), arrived[0].header("Message-ID")), (1, "<batch-1@office.test>"));
        assert_eq!(next, Ok(()));
        exim.delivered(2);
        assert_eq!(exim.connections(), 2, "the cut one carries nothing more");
    }
}

const DUTY: &str = "  - { id: I.1, content: Báo cáo quý, lead: [Các phòng], deadline: 14/02/2023 }\n";

/// An office that lives at `office.test` and hands its mail to the server.
async fn office_with(tasks: &str, server: &Submission) -> Office {
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.folder.replace("units.yaml", "@so.example", "@office.test");
    office.submit_to(server);
    office
}

fn sorted<'a>(mails: &'a [mail::Mail], header: &str) -> Vec<&'a str> {
    let mut values: Vec<_> = mails.iter().map(|mail| mail.header(header)).collect();
    values.sort_unstable();
    values
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_message_whose_answer_was_cut_off_is_repeated_with_the_same_message_id() {
    let exim = Exim::start();
    let proxy = Proxy::start(exim.starttls_port);
    let through_proxy = Submission { port: proxy.port, ..exim.submission(SmtpSecurity::StartTls) };
    let office = office_with(&DUTY.replace("Các phòng", "phong-a"), &through_proxy).await;

    proxy.swallow_answers(1);
    office.tick("2023-02-14 07:30").await;
    let before = exim.delivered(1).len();
    let unknown = office.status().await.deliveries.get("unknown").copied();
    office.tick("2023-02-14 08:00").await;

    assert_eq!((proxy.swallowed(), before, unknown), (1, 1, Some(1)));
    let mails = exim.delivered(2);
    assert_eq!(sorted(&mails, "Envelope-To"), ["an@office.test", "an@office.test"]);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(office.status().await.deliveries.get("sent"), Some(&1));
}

#[ignore = "needs exim4; .ci/run installs it and runs this"]
#[tokio::test]
async fn a_server_dead_for_an_hour_costs_nothing_but_the_hour() {
    let mut exim = Exim::start();
    let office = office_with(DUTY, &exim.submission(SmtpSecurity::StartTls)).await;
    let ticks = async |minutes: std::ops::Range<u32>| {
        for minute in minutes {
            office.tick(&format!("2023-02-14 {:02}:{:02}", minute / 60, minute % 60)).await;
        }
    };

    exim.kill();
    ticks(7 * 60 + 25..8 * 60 + 31).await;
    let during = office.status().await;
    exim.start_again();
    ticks(8 * 60 + 31..10 * 60).await;

    assert!(during.problems[0].sentence.starts_with("Kênh email không gửi được tin"), "{during:?}");
    assert_eq!(during.deliveries.get("sent"), None);
    // The administrator is told of the outage, once it is over.
    let mails = exim.delivered(3);
    assert_eq!(sorted(&mails, "Envelope-To"), ["an@office.test", "binh@office.test", "khoa@office.test"]);
    let after = office.status().await;
    assert!(after.problems.is_empty() && after.undelivered.is_empty(), "{after:?}");
    assert_eq!(after.deliveries.keys().collect::<Vec<_>>(), ["sent"]);
}
