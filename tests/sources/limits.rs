//! How much of a server's time, memory and word is taken.

use std::time::{Duration, Instant};

use crate::{
    desk::{Desk, assert_is_for_people, now, source},
    kit::{FakeDossier, Fault, OpenCps, OtherHost},
    world::{Kind, World},
};

/// Beyond what a page may have.
const TOO_MUCH: usize = 33 << 20;

fn five() -> Vec<FakeDossier> {
    FakeDossier::several(5, "2025-06-17 17:00:00")
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_off_packed_or_not() {
    let world = World::new(Kind::OpenCps, five()).await;
    world.read_well("2025-06-18 09:00").await;
    for (hour, fault) in [Fault::HugePage(TOO_MUCH), Fault::GzipBomb(TOO_MUCH)].into_iter().enumerate() {
        world.spoil(fault.clone());
        let sentence = world.read_badly(&format!("2025-06-18 {}:00", 2 * hour + 10)).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains("quá lớn; giảm page_size"), "{fault:?}: {sentence}");
        assert_eq!(world.desk.open_codes().await.len(), 5);
        world.fake.recover();
        world.read_well(&format!("2025-06-18 {}:30", 2 * hour + 10)).await;
    }
}

#[tokio::test]
async fn a_login_that_never_ends_or_leads_elsewhere_is_no_login() {
    let elsewhere = OtherHost::start(now()).await;
    let world = World::new(Kind::IGate, five()).await;
    let wrong = [
        (Fault::HugePage(TOO_MUCH), "quá lớn"),
        (Fault::Redirect { status: 307, to: elsewhere.base_url() }, "chuyển sang trang khác (HTTP 307)"),
        (Fault::Redirect { status: 302, to: elsewhere.base_url() }, "chuyển sang trang khác (HTTP 302)"),
        (Fault::Truncated, "không có «access_token»"),
    ];
    for (hour, (fault, part)) in wrong.into_iter().enumerate() {
        world.fake.fail_at("/token", fault);
        let sentence = world.read_badly(&format!("2025-06-18 {:02}:00", 2 * hour + 1)).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains(part), "{sentence}");
        world.fake.recover();
    }
    assert!(!elsewhere.got_credentials() && elsewhere.requests().is_empty());
    world.read_well("2025-06-18 20:00").await;
}

#[tokio::test]
async fn a_login_that_only_looks_unusual_is_one() {
    for kind in [Kind::IGate, Kind::Dvcqg] {
        for fault in [Fault::Bom, Fault::Gzip, Fault::Chunked] {
            let world = World::new(kind, five()).await;
            world.fake.fail_at("", fault.clone());
            assert_eq!(world.read_well("2025-06-18 09:00").await.new, 5, "{kind:?}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_asked_ever_more_seldom_and_then_hourly() {
    let world = World::new(Kind::OpenCps, five()).await;
    world.spoil(Fault::Maintenance);
    for minute in (0..24 * 60).step_by(5) {
        world.desk.poll(&format!("2025-06-18 {:02}:{:02}", minute / 60, minute % 60)).await;
    }
    let asked = world.fake.take_requests().len();
    assert!((24..32).contains(&asked), "{asked} requests in a day");
}

#[tokio::test]
async fn requests_are_made_within_the_hours_only_and_as_often_as_said() {
    let lines = ["ask_between: \"06:00-21:00\"", "poll_every_minutes: 30", "page_size: 100"];
    let world = World::with(Kind::OpenCps, five(), &lines).await;
    let mut asked = Vec::new();
    for minute in (0..24 * 60).step_by(10) {
        let time = format!("{:02}:{:02}", minute / 60, minute % 60);
        world.desk.poll(&format!("2025-06-18 {time}")).await;
        asked.extend(world.fake.take_requests().iter().map(|_| time.clone()));
    }
    assert_eq!((asked.first().map(String::as_str), asked.last().map(String::as_str)), (Some("06:00"), Some("20:30")));
    assert_eq!(asked.len(), 30);
}

#[tokio::test]
async fn between_two_pages_the_server_is_given_a_rest() {
    let world = World::with(Kind::OpenCps, five(), &["pause_milliseconds: 40", "page_size: 2"]).await;
    let start = Instant::now();
    world.read_well("2025-06-18 09:00").await;
    assert!(start.elapsed() >= Duration::from_millis(80), "two rests between three pages");
}

#[tokio::test]
async fn a_system_that_hangs_does_not_keep_the_other_from_being_read() {
    let [hanging, well] = [OpenCps::start(now()).await, OpenCps::start(now()).await];
    hanging.set_rows(five());
    well.set_rows(five());
    hanging.fail(Fault::Held);
    let lines = |seconds: u32| {
        [
            format!("parameters: {{ group_id: {} }}", OpenCps::GROUP_ID),
            format!("user: {}", OpenCps::USER),
            "password_file: mat-khau".to_owned(),
            format!("timeout_seconds: {seconds}"),
        ]
    };
    let as_source = |id: &str, server: &OpenCps, seconds| {
        let lines = lines(seconds);
        source(id, "opencps-v2", &server.base_url(), &lines.each_ref().map(String::as_str))
    };
    let sources = as_source("treo", &hanging, 600) + &as_source("tot", &well, 30);
    let desk = Desk::open(&[("secrets/mat-khau", OpenCps::PASSWORD)], &sources);
    let poll = desk.poll("2025-06-18 09:00");
    let look = async {
        hanging.wait_for_requests(1).await;
        well.wait_for_requests(2).await;
        while desk.tracked(true).await.len() < 5 {
            tokio::task::yield_now().await;
        }
        hanging.release();
        hanging.recover();
    };
    let (polled, ()) = tokio::join!(poll, look);
    let open: Vec<_> = polled.into_iter().map(|p| (p.source.to_string(), p.result.map(|r| r.new))).collect();
    assert_eq!(open, [("treo".to_owned(), Ok(5)), ("tot".to_owned(), Ok(5))], "each has its own dossiers");
}
