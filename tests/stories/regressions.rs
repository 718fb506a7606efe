//! Stories that once went wrong.

use std::collections::BTreeSet;

use nhacviec::{
    domain::{
        decide::{self, Link, Situation},
        life::Report,
    },
    simulation::{self, Completions},
    store::Recorded,
};

use crate::support::{Office, day, instant};

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";
const FAR: &str = "  - { id: I.9, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";

async fn says(office: &Office, moment: &str, report: Report) {
    office.set_clock(moment);
    office.report("I.1", "2023", "phong-a", report).await;
}

fn opened(period: &str, unit: &str, due: &str) -> Report {
    Report::Opened {
        plan: "kh".into(),
        task: "I.1".into(),
        period: period.to_owned(),
        unit: unit.into(),
        due_on: day(due),
        document: "45/UBND-KT".to_owned(),
    }
}

/// What a rehearsal from the store as it is says of the days until `last`, as `day recipient offset`.
async fn rehearsed(office: &Office, today: &str, last: &str) -> BTreeSet<String> {
    let rules = office.folder.load().office;
    let record = office.store.record(nhacviec::store::EVERY_DOSSIER).await.expect("the store works");
    let (first, record, _) = simulation::set_out(&rules, record, day(today), day(today));
    let leaving = simulation::collect(&rules, record, first, day(last), &Completions::None);
    let lines = leaving.iter().filter(|l| l.on >= day(today)).map(|l| {
        let key = &l.notification.key;
        format!("{} {} {} {:+}", l.on, key.recipient, key.audience, key.offset)
    });
    lines.collect()
}

fn asked(to: &str) -> Report {
    Report::ExtensionAsked { to_on: day(to), reason: "chờ số liệu".to_owned() }
}

/// The note must stay where it is until it has left: a later decision takes it back as "no longer needed", so
/// neither the note comes nor does status turn red.
#[tokio::test]
async fn a_note_that_cannot_leave_at_once_is_kept_and_turns_status_red() {
    let mut office = Office::with_tasks(FAR, "2023-02-06").await;
    office.reads_notes = true;
    office.mail.set_closed(true);
    for moment in ["07:30", "07:40", "08:00", "09:00"] {
        office.tick(&format!("2023-02-06 {moment}")).await;
    }
    let note = office.status().await.note.expect("a note was decided");
    assert!(note.is_overdue(instant("2023-02-06 09:00")), "{note:?}");
    office.mail.set_closed(false);
    office.tick("2023-02-06 09:30").await;
    office.expect_mail(&[("khoa@so.example", "Tình trạng hệ thống nhắc việc ngày")]);
}

/// The answer that counts is the last one of the day.
#[tokio::test]
async fn time_refused_in_the_morning_and_granted_in_the_afternoon_is_told_as_granted() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    says(&office, "2023-02-08 08:00", asked("2023-02-28")).await;
    says(&office, "2023-02-08 09:00", Report::ExtensionRefused { reason: "đã hẹn tỉnh".to_owned() }).await;
    office.tick("2023-02-08 09:05").await;
    office.mark_all_read();
    let granted = Report::ExtensionGranted { to_on: day("2023-02-28"), document: "12/SCT-VP".to_owned() };
    says(&office, "2023-02-08 15:00", granted).await;
    office.tick("2023-02-08 15:05").await;
    office.tick("2023-02-09 07:30").await;
    office.expect_mail(&[("an@so.example", "Được gia hạn đến hết Thứ Ba, 28/02/2023")]);
}

/// The same with the request: who decides must read the date that is asked for now.
#[tokio::test]
async fn a_request_corrected_on_the_same_day_is_told_as_corrected() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 4 ngày")]);
    says(&office, "2023-02-08 09:00", asked("2023-02-24")).await;
    office.tick("2023-02-08 09:05").await;
    says(&office, "2023-02-08 10:00", asked("2023-02-28")).await;
    office.tick("2023-02-08 10:05").await;
    office.tick("2023-02-09 07:30").await;
    office.expect_mail(&[("khoa@so.example", "Xin gia hạn đến hết Thứ Ba, 28/02/2023")]);
}

/// "For him I read" names the unit of a duty marked secret.
#[tokio::test]
async fn a_secret_duty_of_a_unit_that_nobody_reads_for_does_not_name_the_unit() {
    let secret = "  - { id: I.1, secrecy: mật, reference: 17/KH-M, lead: [phong-a], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(secret, "2023-02-14").await;
    office.folder.replace("units.yaml", ", email: an@so.example", "");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    let received = office.mail.received();
    let texts: Vec<_> = received.iter().map(|m| crate::support::decoded(&m.text)).collect();
    let text = texts.iter().find(|t| t.contains("17/KH-M")).expect("the administrator reads it instead");
    assert!(!text.contains("Phòng A"), "{text}");
    office.mark_all_read();
}

/// Who stands in for somebody and is away too has a substitute of their own.
#[tokio::test]
async fn the_substitute_of_a_substitute_is_told() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    let away = "substitutes:
  - { person: an, by: ha, from: 2023-02-01, until: 2023-02-28 }
  - { person: ha, by: binh, from: 2023-02-06, until: 2023-02-10 }\n";
    office.folder.append("units.yaml", away);
    office.reload();
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("binh@so.example", "Còn 5 ngày")]);
}

/// A message deferred by the cap and overtaken by the next rung is never said to have been late.
#[tokio::test]
async fn a_deferred_message_that_the_next_rung_overtakes_still_says_so() {
    let mut office = Office::with_tasks(&REPORT.replace("I.1", "I.0"), "2023-02-14").await;
    office.folder.replace("nhacviec.yaml", "digest_at: \"07:30\"", "digest_at: \"07:30\", most_messages_a_day: 1");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "I.0.")]);
    office.folder.append("plans/kh.yaml", REPORT);
    office.reload();
    office.tick("2023-02-14 09:00").await;
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "dời sang hôm nay")]);
}

/// Half of a step is told: then nothing was handed over to the next step, and the problem must not say so.
#[tokio::test]
async fn a_step_with_one_holder_left_is_not_said_to_have_gone_to_the_next() {
    let mut office = Office::with_tasks(REPORT, "2023-02-15").await;
    office.folder.replace("units.yaml", "head: an, ", "");
    office.folder.replace(
        "nhacviec.yaml",
        "{ after: 3, tell: [giam-doc] }\n  ho-so",
        "{ after: 1, tell: [unit-head, giam-doc] }\n  ho-so",
    );
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1"), ("minh@so.example", "Đã quá hạn 1")]);
    let problems = office.status().await.problems;
    assert!(!problems[0].sentence.contains("đã báo ngay cho bậc đôn đốc kế tiếp"), "{problems:?}");
}

/// An extension of disputed work says nothing of whose it is; the dispute is still to be settled.
#[tokio::test]
async fn more_time_does_not_settle_whose_work_it_is() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    says(&office, "2023-02-08 06:00", Report::NotOurs { reason: "theo quy chế".to_owned() }).await;
    let granted = Report::ExtensionGranted { to_on: day("2023-02-15"), document: "12/SCT-VP".to_owned() };
    says(&office, "2023-02-08 06:30", granted).await;
    office.tick("2023-02-08 07:30").await;
    office.mark_all_read();
    office.tick("2023-02-10 07:30").await;
    office.expect_mail(&[("khoa@so.example", "không thuộc trách nhiệm")]);
}

/// What a day off decides and the next working day overtakes leaves once: the rehearsal shows both.
#[tokio::test]
async fn a_rehearsal_shows_what_a_day_off_decides_and_a_stronger_rung_overtakes_as_one_message() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    let until_saturday = Report::Acknowledged { unit: "phong-a".into(), until_on: day("2023-02-11") };
    says(&office, "2023-02-10 09:00", until_saturday).await;
    office.decide("2023-02-10 09:01").await;
    let planned = rehearsed(&office, "2023-02-10", "2023-02-13").await;
    for moment in ["2023-02-11 07:30", "2023-02-12 07:30", "2023-02-13 07:30"] {
        office.tick(moment).await;
    }
    let told = office.store.decided("task:kh/I.1:2023:phong-a".into()).await.expect("the store works");
    let sent: BTreeSet<String> = told
        .iter()
        .filter(|d| d.deliveries.iter().any(|d| d.state == "sent" && d.finished_at > Some(instant("2023-02-10 00:00"))))
        .map(|d| format!("2023-02-13 {} {} {:+}", d.recipient, d.audience, d.offset))
        .collect();
    office.mark_all_read();
    assert_eq!(planned, sent);
}

/// A substitute of a week-end only hears nothing from the daemon; the rehearsal has them told on Monday.
#[tokio::test]
async fn a_rehearsal_tells_a_substitute_of_a_week_end_as_little_as_the_daemon_does() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    let away = "substitutes: [{ person: an, by: ha, from: 2023-02-11, until: 2023-02-12 }]\n";
    office.folder.append("units.yaml", away);
    office.reload();
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    let planned = rehearsed(&office, "2023-02-10", "2023-02-13").await;
    for day in ["10", "11", "12", "13"] {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
    assert_eq!(planned, BTreeSet::from(["2023-02-13 an lead -1".to_owned()]));
}

/// An answer given before the ladder begins goes to a substitute who comes meanwhile: the rehearsal leaves it out.
#[tokio::test]
async fn a_rehearsal_shows_an_answer_before_the_ladder_to_a_new_substitute() {
    let mut office = Office::with_tasks(&REPORT.replace("14/02/2023", "31/03/2023"), "2023-02-06").await;
    office.folder.append("units.yaml", "substitutes: [{ person: an, by: ha, from: 2023-02-08, until: 2023-02-10 }]\n");
    office.reload();
    office.tick("2023-02-06 07:30").await;
    let granted = Report::ExtensionGranted { to_on: day("2023-04-28"), document: "12/SCT-VP".to_owned() };
    says(&office, "2023-02-06 09:00", granted).await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Được gia hạn")]);
    let planned = rehearsed(&office, "2023-02-08", "2023-02-10").await;
    for day in ["08", "09", "10"] {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
    office.expect_mail(&[("ha@so.example", "Được gia hạn")]);
    assert_eq!(planned, BTreeSet::from(["2023-02-08 ha asker +1".to_owned()]));
}

/// "Not yet" is not why nothing comes: it is done, and nothing will ever come.
#[tokio::test]
async fn explaining_work_that_ended_before_its_ladder_says_that_it_ended() {
    let office = Office::with_tasks(REPORT, "2023-01-30").await;
    office.complete("I.1", "phong-a", "2023-01-30").await;
    let (rules, record) = (
        office.folder.load().office,
        office.store.record(nhacviec::store::EVERY_DOSSIER).await.expect("the store works"),
    );
    let situation = Situation { office: &rules, record: &record };
    let verdicts = decide::explain(&situation, instant("2023-01-31 07:30"), &"task:kh/I.1:2023:phong-a".into());
    assert!(verdicts.iter().any(|v| matches!(v.link, Link::Ended(_))), "{verdicts:?}");
}

/// A unit that took over the work speaks for it.
#[tokio::test]
async fn a_unit_that_took_over_acknowledges_in_its_own_name() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    let ended = "contacts: [an], valid_until: 2023-01-31, successors: [phong-b] }";
    office.folder.replace("units.yaml", "contacts: [an] }", ended);
    office.reload();
    office.set_clock("2023-02-07 09:00");
    let report = Report::Acknowledged { unit: "phong-b".into(), until_on: day("2023-02-13") };
    let recorded = office.report("I.1", "2023", "phong-a", report).await;
    assert!(matches!(recorded, Recorded::Taken(_)), "{recorded:?}");
}

const WAITS: &str =
    "  - { id: I.1, content: Rà soát, lead: [Các phòng], deadline: Theo kế hoạch riêng của UBND tỉnh }\n";

/// Opened by mistake and cancelled: the date is still missing.
#[tokio::test]
async fn a_date_that_was_cancelled_again_is_asked_for_again() {
    let mut office = Office::with_tasks(&WAITS.replace("Các phòng", "phong-a"), "2023-02-06").await;
    office.set_clock("2023-02-06 09:00");
    office.report("I.1", "ps-1", "phong-a", opened("ps-1", "phong-a", "2023-03-31")).await;
    let cancelled = Report::Cancelled { reason: "ghi nhầm".to_owned() };
    office.report("I.1", "ps-1", "phong-a", cancelled).await;
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn thiếu thời hạn")]);
}

/// The date of one unit is not the date of the others.
#[tokio::test]
async fn a_date_given_to_one_unit_of_a_group_is_still_asked_of_the_others() {
    let mut office = Office::with_tasks(WAITS, "2023-02-06").await;
    office.set_clock("2023-02-06 09:00");
    office.report("I.1", "ps-1", "phong-a", opened("ps-1", "phong-a", "2023-03-31")).await;
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "báo khi phát sinh"), ("binh@so.example", "Còn thiếu thời hạn")]);
}

/// Twenty working days may be acknowledged, and after ten the note is "past": it never speaks again.
#[tokio::test]
async fn an_acknowledged_standing_duty_speaks_again_on_its_day() {
    let tasks = "  - { id: I.1, content: Công khai, lead: [phong-a], deadline: Thường xuyên }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-03").await;
    office.tick("2023-04-03 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên")]);
    let report = Report::Acknowledged { unit: "phong-a".into(), until_on: day("2023-04-24") };
    let recorded = office.report("I.1", "2023-Q2", "phong-a", report).await;
    assert!(matches!(recorded, Recorded::Taken(_)), "{recorded:?}");
    office.tick("2023-04-24 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên")]);
}

/// The daemon was down on Monday: the note of the week comes on Tuesday.
#[tokio::test]
async fn a_weekly_note_that_monday_missed_comes_on_the_next_working_day() {
    let mut office = Office::with_tasks(FAR, "2023-02-03").await;
    office.reads_notes = true;
    office.tick("2023-02-03 16:00").await;
    office.mark_all_read();
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("khoa@so.example", "Tình trạng hệ thống nhắc việc ngày")]);
}

/// The plan itself was changed to a later day than was granted before.
#[tokio::test]
async fn a_plan_moved_beyond_a_granted_date_counts() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    let granted = Report::ExtensionGranted { to_on: day("2023-02-20"), document: "12/SCT-VP".to_owned() };
    says(&office, "2023-02-08 06:00", granted).await;
    office.tick("2023-02-08 07:30").await;
    office.mark_all_read();
    office.folder.replace("plans/kh.yaml", "14/02/2023", "30/06/2023");
    office.reload();
    for day in ["2023-02-20", "2023-02-21", "2023-02-23"] {
        office.tick(&format!("{day} 07:30")).await;
    }
    office.expect_silence();
}

/// A question about the date does not withdraw the question whose work it is.
#[tokio::test]
async fn asking_for_time_does_not_withdraw_a_dispute() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    says(&office, "2023-02-08 06:00", Report::NotOurs { reason: "theo quy chế".to_owned() }).await;
    says(&office, "2023-02-08 06:30", asked("2023-02-28")).await;
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("khoa@so.example", "không thuộc trách nhiệm")]);
}

/// Two people of a unit who share an address are told of a duty once, and the unit is named once.
#[tokio::test]
async fn two_readers_with_one_address_are_told_of_a_duty_once() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.folder.replace("units.yaml", "contacts: [an]", "contacts: [an, binh]");
    office.folder.replace("units.yaml", "binh@so.example", "an@so.example");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Chủ trì: Phòng A\r\n")]);
}

/// The gap is gone in this very decision; the record still has it as a problem.
#[tokio::test]
async fn a_problem_that_an_edit_has_cured_is_not_mailed_any_more() {
    let mut office = Office::with_tasks(REPORT, "2023-02-15").await;
    office.folder.replace("units.yaml", "head: an, ", "");
    office.folder.replace(
        "nhacviec.yaml",
        "{ after: 3, tell: [giam-doc] }\n  ho-so",
        "{ after: 1, tell: [unit-head] }\n  ho-so",
    );
    office.folder.replace("units.yaml", "head: binh, ", "head: giam-doc, ");
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
    office.folder.replace("units.yaml", "name: Phòng A, ", "name: Phòng A, head: ha, ");
    office.reload();
    office.tick("2023-02-15 08:00").await;
    office.expect_mail(&[("ha@so.example", "Đã quá hạn 1")]);
}

/// The unit says that a standing duty is not its own: until that is settled it is not reminded of it.
#[tokio::test]
async fn a_disputed_standing_duty_is_not_recalled_to_the_unit_that_disputes_it() {
    let tasks = "  - { id: I.1, content: Công khai, lead: [phong-a], deadline: Thường xuyên }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-03").await;
    office.set_clock("2023-04-03 06:00");
    office.report("I.1", "2023-Q2", "phong-a", Report::NotOurs { reason: "theo quy chế".to_owned() }).await;
    office.tick("2023-04-03 07:30").await;
    office.expect_mail(&[("khoa@so.example", "không thuộc trách nhiệm")]);
}

/// A dispute about next quarter's note does not bring that note forward.
#[tokio::test]
async fn a_note_is_not_said_before_its_day_because_somebody_disputes_it() {
    let tasks = "  - { id: I.1, content: Công khai, lead: [phong-a], deadline: Thường xuyên }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-06").await;
    office.set_clock("2023-02-06 06:00");
    office.report("I.1", "2023-Q2", "phong-a", Report::NotOurs { reason: "nhầm".to_owned() }).await;
    let assigned = Report::Assigned { unit: "phong-b".into(), reason: "CV 9".to_owned() };
    office.report("I.1", "2023-Q2", "phong-a", assigned).await;
    office.tick("2023-02-06 07:30").await;
    let answer = "Giao Phòng B chủ trì";
    for message in office.mail.received() {
        let text = crate::support::decoded(&message.text);
        assert!(!text.contains("nhắc lại việc thường xuyên đầu kỳ"), "{}: {text}", message.to);
    }
    office.expect_mail(&[("an@so.example", answer), ("binh@so.example", answer)]);
}

/// Asked why a message came this morning, the answer is not that the work was done: it was reported in the evening.
#[tokio::test]
async fn explaining_a_morning_knows_nothing_of_its_evening() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.complete("I.1", "phong-a", "2023-02-14").await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["explain", "I.1", "--on", "2023-02-14", "--config"]).arg(office.folder.config());
    let output = command.arg("--state").arg(office.folder.state()).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Trần An (đơn vị chủ trì): nhắc: mốc đúng hạn"), "{text}");
}

/// A unit's mailbox is e-mail: it may carry what the chat of its only reader may not.
#[tokio::test]
async fn a_secret_duty_of_a_reader_without_mail_goes_to_the_units_mailbox() {
    let secret = "  - { id: I.1, secrecy: mật, reference: 17/KH-M, lead: [phong-a], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(secret, "2023-02-14").await;
    office.folder.append("nhacviec.yaml", "zalo_bot: { token_file: zalo, base_url: \"http://127.0.0.1:9\" }\n");
    office.folder.write("secrets/zalo", "12:bi-mat\n");
    office.folder.replace("units.yaml", "name: Trần An, email: an@so.example", "name: Trần An, zalo_chat: abc");
    office.folder.replace("units.yaml", "contacts: [an] }", "contacts: [an], mailbox: phong-a@so.example }");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("phong-a@so.example", "Văn bản số 17/KH-M")]);
}
