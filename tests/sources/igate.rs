//! What is known of iGate: tokens that end, and rows that differ from one deployment to the next.

use nhacviec::domain::dossier::DossierStatus;

use crate::{
    desk::{Desk, now},
    kit::{FakeDossier, Fault, IGate, IGateFault, RetryAfter, moment},
    world::Kind,
};

async fn office_of(count: usize) -> (IGate, Desk) {
    let server = IGate::start(now()).await;
    server.set_rows(FakeDossier::several(count, "2025-06-17 17:00:00"));
    let files = [("secrets/mat-khau", IGate::PASSWORD)];
    let desk = Desk::open(&files, &Kind::IGate.source(&server.base_url(), &[]));
    (server, desk)
}

fn logins(server: &IGate) -> usize {
    server.requests().iter().filter(|r| r.path == IGate::TOKEN_PATH).count()
}

#[tokio::test]
async fn one_token_serves_all_pages_and_the_next_polls_too() {
    let (server, desk) = office_of(11).await;
    for hour in 9..14 {
        desk.read_well(&format!("2025-06-18 {hour:02}:00")).await;
    }
    assert_eq!((logins(&server), server.tokens_given()), (1, 1));
    assert_eq!(server.requests().len(), 1 + 5 * 4);
    let form = server.requests()[0].form();
    assert!(form.contains(&("grant_type".to_owned(), "password".to_owned())), "{form:?}");
    let pages: Vec<_> = server.requests()[1..5].iter().map(|r| r.query("page").map(str::to_owned)).collect();
    assert_eq!(pages, ["0", "1", "2", "3"].map(|page| Some(page.to_owned())), "the first page is 0");
}

#[tokio::test]
async fn a_token_that_ended_is_replaced_once_in_the_midst_of_a_list() {
    let (server, desk) = office_of(11).await;
    desk.read_well("2025-06-18 09:00").await;
    server.expire_tokens();
    server.take_requests();
    assert_eq!(desk.read_well("2025-06-18 10:00").await.open, 11, "nobody notices");
    let paths: Vec<_> = server.requests().iter().map(|r| r.path == IGate::TOKEN_PATH).collect();
    assert_eq!(paths, [false, true, false, false, false, false], "refused, renewed, and the four pages");
}

#[tokio::test]
async fn a_server_that_refuses_every_token_causes_no_storm_of_logins() {
    let (server, desk) = office_of(5).await;
    desk.read_well("2025-06-18 08:00").await;
    server.take_requests();
    server.fail_at(IGate::PATH, Fault::Busy { status: 401, retry_after: RetryAfter::Seconds(0) });
    for minute in (0..600).step_by(5) {
        desk.poll(&format!("2025-06-18 {:02}:{:02}", 9 + minute / 60, minute % 60)).await;
    }
    assert!(desk.problems().await[0].contains("ngừng hỏi để tài khoản không bị khóa"));
    let lists = server.requests().len() - logins(&server);
    assert!(logins(&server) <= 3 && lists <= 6, "{} logins, {lists} lists", logins(&server));
}

#[tokio::test]
async fn a_login_that_fails_for_now_is_no_refusal_of_the_account() {
    let (server, desk) = office_of(5).await;
    for (hour, (fault, part)) in [
        (IGateFault::GatewayHtml, "báo lỗi HTTP 502"),
        (IGateFault::HtmlLogin, "máy chủ cấp quyền trả về trang web thay vì mã truy cập"),
    ]
    .into_iter()
    .enumerate()
    {
        server.fail_at(IGate::TOKEN_PATH, fault);
        let sentence = desk.read_badly(&format!("2025-06-18 {:02}:00", 2 * hour + 8)).await;
        assert!(sentence.contains(part), "{sentence}");
        server.recover();
        assert_eq!(desk.read_well(&format!("2025-06-18 {:02}:20", 2 * hour + 8)).await.open, 5);
        server.expire_tokens();
    }
}

#[tokio::test]
async fn the_gateway_s_page_is_an_error_and_the_login_page_is_no_list() {
    let (server, desk) = office_of(5).await;
    desk.read_well("2025-06-18 08:00").await;
    for (hour, (fault, part)) in
        [(IGateFault::GatewayHtml, "báo lỗi HTTP 502"), (IGateFault::HtmlLogin, "trả về trang web thay vì dữ liệu")]
            .into_iter()
            .enumerate()
    {
        server.fail_at(IGate::PATH, fault);
        let sentence = desk.read_badly(&format!("2025-06-18 {:02}:00", 2 * hour + 9)).await;
        assert!(sentence.contains(part), "{sentence}");
        assert_eq!(desk.open_codes().await.len(), 5);
        server.recover();
        desk.read_well(&format!("2025-06-18 {:02}:20", 2 * hour + 9)).await;
    }
}

#[tokio::test]
async fn names_tasks_and_dates_are_found_in_every_shape() {
    for fault in [
        IGateFault::TranslateAsObject,
        IGateFault::TranslateNumbered,
        IGateFault::CurrentTaskAsObject,
        IGateFault::DatesInUtc,
        IGateFault::DatesWithZ,
        IGateFault::DatesWithColon,
    ] {
        let (server, desk) = office_of(2).await;
        desk.read_well("2025-06-18 08:00").await;
        let usual = desk.dossier("HS-001").await;
        assert_eq!(usual.due_at, Some(moment("2025-06-17 17:00:00")));
        assert_eq!(usual.step_due_at, Some(moment("2025-06-04 09:01:00")), "the official's own date is another");
        server.fail(fault);
        desk.read_well("2025-06-18 09:00").await;
        assert_eq!(desk.dossier("HS-001").await, usual, "{fault:?}");
    }
}

#[tokio::test]
async fn a_dossier_in_nobody_s_hands_has_the_step_of_its_status() {
    let (server, desk) = office_of(1).await;
    server.fail(IGateFault::NoCurrentTask);
    desk.read_well("2025-06-18 09:00").await;
    let dossier = desk.dossier("HS-001").await;
    assert_eq!((dossier.unit, dossier.handler), (None, None));
    assert_eq!(dossier.step.as_deref(), Some("Thụ lý hồ sơ"));
}

#[tokio::test]
async fn a_status_of_the_province_is_unknown_until_the_administrator_says_what_it_means() {
    let (server, mut desk) = office_of(1).await;
    server.fail(IGateFault::UnknownStatus(17));
    desk.read_well("2025-06-18 09:00").await;
    let dossier = desk.dossier("HS-001").await;
    assert_eq!((dossier.status, dossier.status_raw.as_str()), (DossierStatus::Unmapped, "Trạng thái riêng của tỉnh"));
    desk.folder.append("nhacviec.yaml", "    statuses: { trạng thái riêng của TỈNH: paused }\n");
    desk.reload("2025-06-18 09:30").await;
    desk.read_well("2025-06-18 10:00").await;
    assert_eq!(desk.status_of("HS-001").await, DossierStatus::Paused, "by its name");
    desk.folder.replace("nhacviec.yaml", "trạng thái riêng của TỈNH: paused", "\"17\": not-received");
    desk.reload("2025-06-18 10:30").await;
    desk.read_well("2025-06-18 11:00").await;
    assert_eq!(desk.status_of("HS-001").await, DossierStatus::NotReceived, "by its number");
}

#[tokio::test]
async fn a_registered_client_speaks_for_itself_in_the_form_or_by_its_header() {
    for client in ["body", "basic"] {
        let server = IGate::start(now()).await;
        server.set_rows(FakeDossier::several(5, "2025-06-17 17:00:00"));
        let own = format!("like: igate-v2\ntitle: x\nauth: {{ grant: client_credentials, client: {client} }}\n");
        let files = [("secrets/ung-dung", IGate::CLIENT_SECRET), ("profiles/igate-app.yaml", own.as_str())];
        let source = crate::desk::source(
            "mc",
            "igate-app",
            &server.base_url(),
            &[
                &format!("parameters: {{ sso: \"{}\", client_id: {} }}", server.base_url(), IGate::CLIENT),
                "client_secret_file: ung-dung",
            ],
        );
        let desk = Desk::open(&files, &source);
        assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5, "{client}");
        let login = server.requests().remove(0);
        assert_eq!(login.form_field("client_secret").is_some(), client == "body");
        assert_eq!(login.header("authorization").is_some(), client == "basic");
    }
}
