//! Targets of the plan that are about to be missed, from dossiers and from what is entered.

use nhacviec::{
    domain::{
        dossier::{Dossier, DossierStatus, ReadRow, Seen},
        targets::Entered,
    },
    store::NewTargetValue,
};

use crate::support::{Office, day, instant};

const ONLINE: &str = "  - { section: II.6, at_least: 60, text: Hồ sơ trực tuyến, metric: online, lead: [phong-a] }\n";
const PLEASED: &str = "  - { section: II.5, at_least: 90, text: Mức độ hài lòng, lead: [phong-a] }\n";
const AT_RISK: &str = "Có nguy cơ không đạt chỉ tiêu";

/// An office with a source that is never asked, and a plan that Văn phòng follows.
async fn office_with(targets: &str, day: &str) -> Office {
    let mut office = Office::with_source("http://127.0.0.1:9/", day).await;
    office.folder.replace("plans/kh.yaml", "policy: viec", "followed_by: [van-phong], policy: viec");
    office.folder.append("plans/kh.yaml", &format!("targets:\n{targets}"));
    office.reload();
    office
}

/// Ten dossiers received on the day, so many of them online; none has an appointment.
async fn receive(office: &Office, received: &str, online: usize) {
    let row = |n: usize| Dossier {
        code: format!("{received}-{n}"),
        received_at: Some(instant(&format!("{received} 09:00"))),
        is_online: Some(n < online),
        status: DossierStatus::Open,
        ..Dossier::default()
    };
    let rows = (0..10).map(|n| (None, ReadRow { dossier: row(n), print: None })).collect();
    let zone = chrono_tz::Asia::Ho_Chi_Minh;
    let at = instant(&format!("{received} 10:00"));
    office.store.take_rows("mc".into(), rows, Seen::default(), zone, at).await.expect("written");
}

async fn enter(office: &Office, on: &str, value: &str) {
    let entered = Entered {
        measured_on: day(on),
        value: value.parse().expect("a percentage"),
        document: "12/BC".to_owned(),
        entered_by: "thử".to_owned(),
    };
    let new = NewTargetValue { target: "kh/II.5".to_owned(), entered };
    office.store.enter_target(new, instant(&format!("{on} 08:00"))).await.expect("written");
}

/// The morning's messages, without what the administrator hears of the dead source.
async fn morning(office: &Office, day: &str) {
    office.decide(&format!("{day} 07:30")).await;
    office.deliver(&format!("{day} 07:30")).await;
}

#[tokio::test]
async fn who_is_in_charge_and_who_follows_are_warned_once_a_month() {
    let mut office = office_with(ONLINE, "2023-02-01").await;
    receive(&office, "2023-02-01", 3).await;
    morning(&office, "2023-02-02").await;
    office.expect_mail(&[("an@so.example", AT_RISK), ("ha@so.example", "Đã đạt: 30% (3/10 hồ sơ)")]);
    for day in ["2023-02-03", "2023-02-06", "2023-02-28"] {
        morning(&office, day).await;
    }
    office.reload();
    office.decide("2023-02-28 08:00").await;
    office.expect_silence();
    morning(&office, "2023-03-01").await;
    office
        .expect_mail(&[("an@so.example", "Chỉ tiêu II.6: Hồ sơ trực tuyến"), ("ha@so.example", "Dự báo cuối kỳ: 30%")]);
}

#[tokio::test]
async fn it_comes_with_the_digest_of_a_working_day_and_never_in_between() {
    let mut office = office_with(ONLINE, "2023-02-03").await;
    office.decide("2023-02-03 07:30").await;
    receive(&office, "2023-02-03", 0).await;
    for moment in ["2023-02-03 07:31", "2023-02-03 16:00", "2023-02-04 07:30", "2023-02-05 10:00", "2023-02-06 07:29"] {
        assert_eq!(office.decide(moment).await.notified, 0, "{moment}");
    }
    morning(&office, "2023-02-06").await;
    office.expect_mail(&[("an@so.example", AT_RISK), ("ha@so.example", AT_RISK)]);
}

#[tokio::test]
async fn after_a_downtime_over_the_digest_hour_it_still_comes_that_day() {
    let mut office = office_with(ONLINE, "2023-02-03").await;
    office.decide("2023-02-03 16:00").await;
    receive(&office, "2023-02-03", 0).await;
    office.decide("2023-02-06 10:12").await;
    office.deliver("2023-02-06 10:12").await;
    office.expect_mail(&[("an@so.example", AT_RISK), ("ha@so.example", AT_RISK)]);
}

#[tokio::test]
async fn what_waits_through_a_night_of_a_dead_mail_server_stays_as_it_was_decided_and_comes_once() {
    let mut office = office_with(ONLINE, "2023-02-01").await;
    receive(&office, "2023-02-01", 3).await;
    office.mail.set_closed(true);
    morning(&office, "2023-02-02").await;
    receive(&office, "2023-02-02", 10).await;
    for minute in 31..40 {
        office.decide(&format!("2023-02-02 07:{minute}")).await;
    }
    office.mail.set_closed(false);
    office.deliver("2023-02-02 09:00").await;
    office.expect_mail(&[("an@so.example", "3/10 hồ sơ"), ("ha@so.example", "3/10 hồ sơ")]);
}

#[tokio::test]
async fn one_who_is_in_charge_and_follows_hears_of_it_once() {
    let mut office = office_with(&ONLINE.replace("[phong-a]", "[van-phong, phong-a]"), "2023-02-01").await;
    receive(&office, "2023-02-01", 3).await;
    morning(&office, "2023-02-02").await;
    office.expect_mail(&[("an@so.example", AT_RISK), ("ha@so.example", "đơn vị chủ trì; chỉ tiêu có nguy cơ")]);
}

#[tokio::test]
async fn who_comes_to_be_in_charge_during_the_month_hears_of_it_and_the_others_not_again() {
    let mut office = office_with(ONLINE, "2023-02-01").await;
    receive(&office, "2023-02-01", 3).await;
    morning(&office, "2023-02-02").await;
    office.expect_mail(&[("an@so.example", AT_RISK), ("ha@so.example", AT_RISK)]);
    office.folder.replace("plans/kh.yaml", "lead: [phong-a]", "lead: [van-phong, phong-b]");
    office.reload();
    morning(&office, "2023-02-03").await;
    office.expect_mail(&[("binh@so.example", AT_RISK)]);
}

#[tokio::test]
async fn too_few_cases_nothing_entered_and_a_target_on_course_alarm_nobody() {
    let more = ONLINE.replace("at_least: 60", "at_least: 20").replace("II.6", "II.7");
    let mut office = office_with(&format!("{more}{PLEASED}"), "2023-02-01").await;
    receive(&office, "2023-02-01", 3).await;
    morning(&office, "2023-02-02").await;
    enter(&office, "2023-02-02", "95").await;
    morning(&office, "2023-02-03").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_survey_below_its_target_is_told_with_its_document() {
    let mut office = office_with(PLEASED, "2023-03-01").await;
    enter(&office, "2023-03-01", "85").await;
    enter(&office, "2023-03-15", "84,5").await;
    morning(&office, "2023-03-16").await;
    office.expect_mail(&[
        ("an@so.example", "Đã đạt: 84,5% (12/BC, 15/03/2023)"),
        ("ha@so.example", "Xu hướng: giảm 0,5 điểm phần trăm, so với lần trước"),
    ]);
}

#[tokio::test]
async fn what_is_lost_is_said_once_and_not_each_month() {
    let all = ONLINE.replace("at_least: 60", "at_least: 100");
    let mut office = office_with(&all, "2023-02-01").await;
    receive(&office, "2023-02-01", 9).await;
    morning(&office, "2023-02-02").await;
    let lost = "Không còn khả năng đạt chỉ tiêu";
    office.expect_mail(&[("an@so.example", lost), ("ha@so.example", lost)]);
    for day in ["2023-03-01", "2023-04-03", "2023-05-04"] {
        morning(&office, day).await;
    }
    office.expect_silence();
}

#[tokio::test]
async fn a_plan_whose_year_is_over_warns_of_nothing() {
    let mut office = office_with(PLEASED, "2023-12-29").await;
    enter(&office, "2023-12-29", "50").await;
    office.folder.replace("plans/kh.yaml", "year: 2023", "year: 2022");
    office.reload();
    morning(&office, "2024-01-02").await;
    office.expect_silence();
}
