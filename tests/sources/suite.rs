//! One suite for every profile: what is true of reading any one-stop system.

use chrono::TimeDelta;
use nhacviec::{domain::dossier::Dossier, store::SyncReport};

use crate::{
    desk::{Desk, assert_is_for_people, now},
    kit::{FakeDossier, Fault, OtherHost, RetryAfter, moment},
    world::{Kind, World, all_sorts},
};

macro_rules! for_every_profile {
    ($($story:ident),* $(,)?) => {
        stories_of!(open_cps, OpenCps, $($story),*);
        stories_of!(igate, IGate, $($story),*);
        stories_of!(igate_slice, IGateSlice, $($story),*);
        stories_of!(dvcqg, Dvcqg, $($story),*);
        stories_of!(td_dich_vu_cong, Td, $($story),*);
        stories_of!(savis_envelope, SavisEnvelope, $($story),*);
        stories_of!(soap_escaped, Soap, $($story),*);
        stories_of!(petitions, Petitions, $($story),*);
    };
}

macro_rules! stories_of {
    ($name:ident, $kind:ident, $($story:ident),* $(,)?) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$story(super::Kind::$kind).await;
                }
            )*
        }
    };
}

for_every_profile!(
    a_list_over_several_pages_is_stored_as_it_is,
    no_row_is_no_all_clear_and_one_row_is_a_list,
    the_wait_that_a_busy_server_asks_for_is_kept,
    every_wrong_answer_is_told_closes_nothing_and_is_got_over,
    what_only_looks_unusual_is_read_like_any_answer,
    rows_told_twice_are_one_dossier_and_close_nothing,
    half_of_the_rows_for_once_close_nothing,
    an_empty_answer_after_many_rows_closes_nothing_however_long,
    a_clock_that_is_off_is_remarked_on_once,
    what_is_gone_from_two_full_answers_has_ended,
);

// The other forms of the SOAP answer differ in nothing but where the rows are.
stories_of!(
    soap_cdata,
    SoapCdata,
    a_list_over_several_pages_is_stored_as_it_is,
    no_row_is_no_all_clear_and_one_row_is_a_list,
    every_wrong_answer_is_told_closes_nothing_and_is_got_over,
);
stories_of!(
    soap_inline,
    SoapInline,
    a_list_over_several_pages_is_stored_as_it_is,
    no_row_is_no_all_clear_and_one_row_is_a_list,
    every_wrong_answer_is_told_closes_nothing_and_is_got_over,
);

/// Without what [`Kind::expected`] leaves out.
fn comparable(kind: Kind, dossier: Dossier) -> Dossier {
    let due_at = dossier.due_at.filter(|_| kind != Kind::Petitions);
    Dossier { applicant: None, status_raw: String::new(), step_due_at: None, link: None, due_at, ..dossier }
}

async fn a_list_over_several_pages_is_stored_as_it_is(kind: Kind) {
    let rows = all_sorts();
    let world = World::new(kind, rows.clone()).await;
    let report = world.read_well("2025-06-18 09:00").await;
    let expected: Vec<_> = rows.iter().map(|row| kind.expected(row)).collect();
    for wanted in &expected {
        assert_eq!(comparable(kind, world.desk.dossier(&wanted.code).await), *wanted, "{kind:?}");
    }
    assert_eq!(world.desk.tracked(false).await.len(), rows.len());
    let is_finished = |d: &&Dossier| d.status == nhacviec::domain::dossier::DossierStatus::Finished;
    let finished = u32::try_from(expected.iter().filter(is_finished).count()).expect("few");
    let open = 13 - finished;
    assert_eq!(report, SyncReport { new: open, changed: 0, closed: finished, open });
    let again = world.read_well("2025-06-18 10:00").await;
    assert_eq!(again, SyncReport { open, ..SyncReport::default() }, "an answer that says the same writes nothing");
}

async fn no_row_is_no_all_clear_and_one_row_is_a_list(kind: Kind) {
    let world = World::new(kind, Vec::new()).await;
    let sentence = world.read_badly("2025-06-18 09:00").await;
    assert_is_for_people(&sentence);
    assert!(sentence.contains("chưa thấy hồ sơ nào"), "{sentence}");
    let row = FakeDossier::processing("HS-001", "2025-06-03 09:00:00", "2025-06-17 17:00:00");
    world.tell(vec![row.clone()]);
    let report = world.read_well("2025-06-18 10:00").await;
    assert_eq!(report, SyncReport { new: 1, changed: 0, closed: 0, open: 1 });
    assert_eq!(world.desk.open_codes().await, [kind.code(&row)]);
}

/// Five dossiers that were read once.
async fn five(kind: Kind) -> (World, Vec<String>) {
    let world = World::new(kind, FakeDossier::several(5, "2025-06-17 17:00:00")).await;
    world.read_well("2025-06-18 00:00").await;
    let codes = world.desk.open_codes().await;
    assert_eq!(codes.len(), 5);
    world.fake.take_requests();
    (world, codes)
}

async fn the_wait_that_a_busy_server_asks_for_is_kept(kind: Kind) {
    let (world, codes) = five(kind).await;
    // Its clock says what its date means.
    let at = moment("2030-01-01 10:00:00");
    world.fake.set_time(at);
    let waits = [(429, RetryAfter::Seconds(2 * 3600)), (503, RetryAfter::At(at + TimeDelta::hours(2)))];
    for (day, (status, retry_after)) in waits.into_iter().enumerate() {
        world.spoil(Fault::Busy { status, retry_after });
        let sentence = world.read_badly(&format!("2025-06-{} 09:00", 18 + day)).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains(&format!("HTTP {status}")), "{sentence}");
        world.fake.recover();
        world.fake.take_requests();
        assert_eq!(world.desk.poll(&format!("2025-06-{} 10:58", 18 + day)).await, [], "two hours were asked for");
        assert!(world.fake.take_requests().is_empty());
        let report = world.desk.read(&format!("2025-06-{} 11:01", 18 + day)).await.expect("it is up again");
        assert_eq!((report.open, report.closed), (5, 0));
        assert_eq!(world.desk.open_codes().await, codes);
    }
}

async fn every_wrong_answer_is_told_closes_nothing_and_is_got_over(kind: Kind) {
    let (world, codes) = five(kind).await;
    let elsewhere = OtherHost::start(now()).await;
    let is_xml = matches!(kind, Kind::Soap | Kind::SoapCdata | Kind::SoapInline);
    let (not_data, cut) = if is_xml {
        ("XML hỏng hoặc không phải XML", "XML hỏng hoặc không phải XML")
    } else {
        ("trả về trang web thay vì dữ liệu", "hỏng hoặc bị cắt dở")
    };
    let busy = |status| Fault::Busy { status, retry_after: RetryAfter::Seconds(0) };
    let redirect = |status| Fault::Redirect { status, to: elsewhere.base_url() };
    let wrong = [
        (busy(500), "báo lỗi HTTP 500"),
        (busy(503), "báo lỗi HTTP 503"),
        (busy(404), "báo lỗi HTTP 404"),
        (Fault::Maintenance, not_data),
        (Fault::Truncated, cut),
        (Fault::Empty, cut),
        (Fault::CutMidBody, "giữa chừng"),
        (redirect(302), "chuyển sang trang khác (HTTP 302); kiểm tra địa chỉ url"),
        (redirect(307), "chuyển sang trang khác (HTTP 307)"),
        (redirect(308), "chuyển sang trang khác (HTTP 308)"),
    ];
    for (hour, (fault, part)) in wrong.into_iter().enumerate() {
        world.spoil(fault.clone());
        let sentence = world.read_badly(&format!("2025-06-18 {:02}:00", 2 * hour + 2)).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains(part), "{fault:?}: {part:?} is not in {sentence:?}");
        assert_eq!(world.desk.open_codes().await, codes, "{fault:?}");
        world.fake.recover();
        let report = world.read_well(&format!("2025-06-18 {:02}:30", 2 * hour + 2)).await;
        assert_eq!(report, SyncReport { open: 5, ..SyncReport::default() }, "{fault:?}");
        assert_eq!(world.desk.source_status().await.failures, 0, "it is forgotten");
    }
    assert_eq!(elsewhere.requests(), [], "nothing is asked where a redirect leads");
}

async fn what_only_looks_unusual_is_read_like_any_answer(kind: Kind) {
    let (world, codes) = five(kind).await;
    for (hour, fault) in [Fault::Gzip, Fault::Chunked, Fault::Bom, Fault::HugePage(200_000)].into_iter().enumerate() {
        // The login too.
        world.fake.fail_at("", fault.clone());
        let mut rows = FakeDossier::several(5, "2025-06-17 17:00:00");
        rows[4].due = Some(crate::kit::local(&format!("2025-07-{:02} 17:00:00", hour + 1)));
        rows[4].procedure = format!("Thủ tục thứ {hour}");
        world.tell(rows);
        let mut desk_report = world.read_well(&format!("2025-06-18 {:02}:00", hour + 2)).await;
        assert_eq!(std::mem::take(&mut desk_report.changed), 1, "{fault:?} hid a change");
        assert_eq!(desk_report, SyncReport { open: 5, ..SyncReport::default() }, "{fault:?}");
        assert_eq!(world.desk.open_codes().await, codes);
        world.fake.recover();
    }
}

async fn rows_told_twice_are_one_dossier_and_close_nothing(kind: Kind) {
    let (world, codes) = five(kind).await;
    world.spoil(Fault::RepeatedRows);
    for hour in 2..5 {
        let moment = format!("2025-06-18 {hour:02}:00");
        if kind.has_total() {
            // More rows were announced than there are: some other may have been pushed out.
            let sentence = world.read_badly(&moment).await;
            assert_is_for_people(&sentence);
            assert!(sentence.contains("chỉ đọc được một phần (5 hồ sơ)"), "{sentence}");
        } else {
            assert_eq!(world.read_well(&moment).await, SyncReport { open: 5, ..SyncReport::default() });
        }
        assert_eq!(world.desk.open_codes().await, codes);
    }
    world.fake.recover();
    world.read_well("2025-06-18 09:00").await;
}

async fn half_of_the_rows_for_once_close_nothing(kind: Kind) {
    let (world, codes) = five(kind).await;
    world.spoil(Fault::HalfOfRows);
    let report = world.desk.read("2025-06-18 02:00").await.expect("a small office may go from five to two");
    assert_eq!((report.closed, report.open), (0, 5));
    world.fake.recover();
    assert_eq!(world.read_well("2025-06-18 03:00").await.closed, 0);
    world.spoil(Fault::HalfOfRows);
    assert_eq!(world.desk.read("2025-06-18 04:00").await.map(|r| r.closed), Ok(0), "that they came back counts");
    assert_eq!(world.desk.open_codes().await, codes);
}

async fn an_empty_answer_after_many_rows_closes_nothing_however_long(kind: Kind) {
    let (world, codes) = five(kind).await;
    let rows = FakeDossier::several(5, "2025-06-17 17:00:00");
    world.fake.set_rows(Vec::new());
    for day in 18..30 {
        let sentence = world.read_badly(&format!("2025-06-{day} 09:00")).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains("chỉ trả về 0 hồ sơ trong khi lần trước có 5"), "{sentence}");
        assert!(sentence.contains("kiểm tra tài khoản và bộ lọc"), "{sentence}");
    }
    assert_eq!(world.desk.open_codes().await, codes);
    world.fake.set_rows(rows);
    world.read_well("2025-06-30 09:00").await;
}

async fn a_clock_that_is_off_is_remarked_on_once(kind: Kind) {
    let (world, _) = five(kind).await;
    let clocks = [(-11, "nhanh hơn máy chủ một cửa 1"), (11, "chậm hơn máy chủ một cửa 1")];
    for (hour, (minutes, part)) in clocks.into_iter().enumerate() {
        world.fake.fail_at("", Fault::WrongClock(TimeDelta::minutes(minutes)));
        world.desk.read(&format!("2025-06-18 {:02}:00", hour + 2)).await.expect("the list itself is fine");
        let problems = world.desk.problems().await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_is_for_people(&problems[0]);
        assert_eq!(problems[0].matches(part).count(), 1, "{problems:?}");
        assert!(problems[0].contains("kiểm tra đồng bộ giờ"), "{problems:?}");
        world.fake.recover();
    }
    world.fake.fail_at("", Fault::WrongClock(TimeDelta::minutes(4)));
    world.read_well("2025-06-18 09:00").await;
}

async fn what_is_gone_from_two_full_answers_has_ended(kind: Kind) {
    let (world, codes) = five(kind).await;
    let mut rows = FakeDossier::several(5, "2025-06-17 17:00:00");
    rows.remove(1);
    world.tell(rows.clone());
    assert_eq!(world.read_well("2025-06-18 02:00").await, SyncReport { open: 5, ..SyncReport::default() });
    let report = world.read_well("2025-06-18 03:00").await;
    assert_eq!(report, SyncReport { closed: 1, open: 4, ..SyncReport::default() });
    let mut left = codes;
    left.remove(1);
    assert_eq!(world.desk.open_codes().await, left);
}

/// Systems that tell a wrong account from other failures.
const TELLS_REFUSALS: [(Kind, &str); 5] = [
    (Kind::OpenCps, "không nhận tài khoản (HTTP 401)"),
    (Kind::IGate, "máy chủ cấp quyền từ chối (HTTP 401)"),
    (Kind::IGateSlice, "máy chủ cấp quyền từ chối (HTTP 401)"),
    (Kind::Dvcqg, "mở phiên làm việc bị từ chối"),
    (Kind::Td, "không nhận tài khoản (HTTP 401)"),
];

#[tokio::test]
async fn a_wrong_account_is_asked_about_three_times_and_then_not_until_somebody_has_looked() {
    for (kind, part) in TELLS_REFUSALS {
        let (mut world, codes) = five(kind).await;
        world.desk.folder.write("secrets/mat-khau", "mat-khau-sai");
        world.desk.reload("2025-06-18 07:50").await;
        for (time, is_asked) in [
            ("08:00", true),
            ("08:15", false),
            ("08:59", false),
            ("09:01", true),
            ("09:30", false),
            ("10:02", true),
            ("11:03", false),
            ("20:00", false),
        ] {
            let polled = world.desk.poll(&format!("2025-06-18 {time}")).await;
            assert_eq!(polled.len(), usize::from(is_asked), "{kind:?} at {time}");
            assert_eq!(world.fake.take_requests().len(), usize::from(is_asked), "{kind:?} at {time}");
            for sentence in polled.into_iter().map(|p| p.result.expect_err("refused")) {
                assert_is_for_people(&sentence);
                assert!(
                    sentence.contains(part) && sentence.contains("kiểm tra user") && sentence.contains("tệp mật khẩu"),
                    "{sentence}"
                );
                assert_eq!(sentence.contains("ngừng hỏi để tài khoản không bị khóa"), time == "10:02", "{sentence}");
            }
        }
        assert_eq!(world.desk.poll("2025-07-18 08:00").await, [], "not even after a month");
        assert!(world.fake.take_requests().is_empty());
        assert_eq!(world.desk.open_codes().await, codes);
        world.desk.folder.write("secrets/mat-khau", kind.password());
        world.desk.reload("2025-07-18 08:10").await;
        assert_eq!(world.read_well("2025-07-18 08:11").await.open, 5);
    }
}

#[tokio::test]
async fn a_wrong_account_that_looks_like_any_failure_is_asked_about_ever_more_seldom() {
    for kind in [Kind::SavisEnvelope, Kind::Soap] {
        let (mut world, codes) = five(kind).await;
        world.desk.folder.write("secrets/mat-khau", "mat-khau-sai");
        world.desk.reload("2025-06-18 07:50").await;
        for minute in (0..600).step_by(5) {
            let moment = format!("2025-06-18 {:02}:{:02}", 8 + minute / 60, minute % 60);
            for polled in world.desk.poll(&moment).await {
                let sentence = polled.result.expect_err("refused");
                assert!(sentence.contains("báo lỗi trong câu trả lời"), "{sentence}");
            }
        }
        let requests = world.fake.take_requests().len();
        assert!((5..=14).contains(&requests), "{kind:?}: {requests} in ten hours");
        assert_eq!(world.desk.open_codes().await, codes);
        world.desk.folder.write("secrets/mat-khau", kind.password());
        world.desk.reload("2025-06-18 20:00").await;
        world.read_well("2025-06-18 20:01").await;
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_given_up_after_the_limit_at_whatever_point() {
    let mut worlds = Vec::new();
    for (kind, fault) in Kind::ALL
        .map(|kind| (kind, Fault::Held))
        .into_iter()
        .chain([(Kind::OpenCps, Fault::HeldMidBody), (Kind::Soap, Fault::HeldMidBody)])
    {
        let rows = FakeDossier::several(2, "2025-06-17 17:00:00");
        let world = World::with(kind, rows, &["timeout_seconds: 1"]).await;
        world.read_well("2025-06-18 00:00").await;
        world.spoil(fault);
        worlds.push(world);
    }
    futures_util::future::join_all(worlds.iter().map(|world| async move {
        let sentence = world.read_badly("2025-06-18 09:00").await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains("không trả lời trong 1 giây"), "{:?}: {sentence}", world.kind);
        assert_eq!(world.desk.open_codes().await.len(), 2);
    }))
    .await;
}

#[tokio::test]
async fn a_list_that_breaks_off_counts_for_what_was_read_of_it() {
    for kind in Kind::ALL {
        let (world, codes) = five(kind).await;
        let mut rows = FakeDossier::several(5, "2025-06-17 17:00:00");
        rows[0].procedure = "Tên mới".to_owned();
        rows[0].due = Some(crate::kit::local("2025-07-17 17:00:00"));
        world.tell(rows);
        // The first page comes, the second does not.
        world.fake.fail_next_at(kind.list_path(), 1, Fault::WrongClock(TimeDelta::zero()));
        world.fake.fail_next_at(
            kind.list_path(),
            1,
            Fault::Busy { status: 429, retry_after: RetryAfter::Seconds(2 * 3600) },
        );
        let sentence = world.read_badly("2025-06-18 09:00").await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains("chỉ đọc được một phần") && sentence.contains("HTTP 429"), "{sentence}");
        assert_eq!(world.desk.open_codes().await, codes, "{kind:?}");
        let changed = world.desk.tracked(true).await.into_iter().any(|t| {
            t.dossier.procedure.as_deref() == Some("Tên mới")
                || t.dossier.due_in_force().is_some_and(|due| due > moment("2025-07-16 00:00:00"))
        });
        assert!(changed, "{kind:?}");
        assert_eq!(world.desk.poll("2025-06-18 10:58").await, [], "{kind:?}: the wait counts all the same");
        world.read_well("2025-06-18 11:01").await;
    }
}

#[test]
fn every_profile_says_what_it_misses() {
    let refusal = |kind: Kind, missing: &str| {
        let source = kind.source("http://127.0.0.1:1", &[]);
        let lines = source.lines().filter(|line| !line.trim_start().starts_with(missing));
        let shortened = lines.collect::<Vec<_>>().join("\n");
        Desk::refusal(&[("secrets/mat-khau", "x")], &shortened)
    };
    let cases = [
        (Kind::OpenCps, "parameters:", "thiếu tham số «group_id»"),
        (Kind::OpenCps, "user:", "thiếu mục bắt buộc «user»"),
        (Kind::OpenCps, "password_file:", "thiếu mục bắt buộc «password_file»"),
        (Kind::IGate, "parameters:", "thiếu tham số «sso»"),
        (Kind::Dvcqg, "parameters:", "thiếu tham số «madonvi»"),
        (Kind::Dvcqg, "codes_file:", "cần mục «codes_file»"),
        (Kind::Td, "password_file:", "thiếu mục bắt buộc «password_file»"),
        (Kind::SavisEnvelope, "parameters:", "thiếu tham số «path»"),
        (Kind::Soap, "parameters:", "thiếu tham số «ma_don_vi»"),
        (Kind::Soap, "user:", "thiếu mục bắt buộc «user»"),
        (Kind::Soap, "password_file:", "thiếu mục bắt buộc «password_file»"),
        (Kind::Petitions, "parameters:", "thiếu tham số «group_id»"),
    ];
    for (kind, missing, said) in cases {
        let refusal = refusal(kind, missing);
        assert!(refusal.contains(said), "{kind:?} without {missing} {refusal}");
    }
}
