//! What is known of the SOAP service, of the envelope, of TD.DichVuCong and of petitions.

use crate::{
    desk::{Desk, assert_is_for_people, now},
    kit::{FakeDossier, SavisEnvelope, SavisFault, SavisSoap, SoapFault, TdDichVuCong, TdFault, local, moment},
    world::{Kind, World},
};

fn five() -> Vec<FakeDossier> {
    FakeDossier::several(5, "2025-06-17 17:00:00")
}

async fn soap() -> (SavisSoap, Desk) {
    let server = SavisSoap::start(now()).await;
    server.set_rows(five());
    let files = [("secrets/mat-khau", SavisSoap::PASSWORD)];
    let desk = Desk::open(&files, &Kind::Soap.source(&server.base_url(), &[]));
    (server, desk)
}

#[tokio::test]
async fn an_empty_row_at_the_end_of_each_page_is_passed_over() {
    let (server, desk) = soap().await;
    server.fail(SoapFault::EmptyRow);
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5);
    assert_eq!(desk.read_well("2025-06-18 10:00").await.open, 5);
    server.set_rows(five()[..4].to_vec());
    desk.read_well("2025-06-18 11:00").await;
    assert_eq!(desk.read_well("2025-06-18 12:00").await.closed, 1, "what is gone still ends");
}

#[tokio::test]
async fn a_status_of_failure_and_a_soap_fault_are_no_empty_lists() {
    let (server, desk) = soap().await;
    desk.read_well("2025-06-18 00:00").await;
    for (hour, (fault, form, part)) in [
        (SoapFault::Failed, SoapFault::Inline, "báo lỗi trong câu trả lời"),
        (SoapFault::Failed, SoapFault::Cdata, "báo lỗi trong câu trả lời"),
        (SoapFault::ServerFault, SoapFault::Cdata, "báo lỗi HTTP 500"),
    ]
    .into_iter()
    .enumerate()
    {
        server.fail(form);
        server.fail(fault);
        let sentence = desk.read_badly(&format!("2025-06-18 {:02}:00", 2 * hour + 1)).await;
        assert_is_for_people(&sentence);
        assert!(sentence.contains(part), "{sentence}");
        assert_eq!(desk.open_codes().await.len(), 5);
        server.recover();
        desk.read_well(&format!("2025-06-18 {:02}:00", 2 * hour + 2)).await;
    }
}

#[tokio::test]
async fn marks_in_a_soap_account_are_escaped() {
    let (server, mut desk) = soap().await;
    desk.folder.write("secrets/mat-khau", "a<b&\"c\">]]>{user}");
    desk.reload("2025-06-18 08:00").await;
    desk.read_badly("2025-06-18 09:00").await;
    let body = server.requests().remove(0).body;
    assert!(body.contains("<Password>a&lt;b&amp;&quot;c&quot;&gt;]]&gt;{user}</Password>"), "{body}");
}

#[tokio::test]
async fn a_limit_without_an_hour_is_a_day() {
    let (_server, desk) = soap().await;
    desk.read_well("2025-06-18 09:00").await;
    assert_eq!(desk.dossier("HS-001").await.due_at, Some(moment("2025-06-17 00:00:00")));
}

#[tokio::test]
async fn a_status_of_minus_one_is_an_error_though_it_comes_with_200() {
    let server = SavisEnvelope::start(now()).await;
    server.set_rows(five());
    let files = [("secrets/mat-khau", SavisEnvelope::TOKEN)];
    let desk = Desk::open(&files, &Kind::SavisEnvelope.source(&server.base_url(), &[]));
    desk.read_well("2025-06-18 00:00").await;
    server.fail(SavisFault::Failed);
    let sentence = desk.read_badly("2025-06-18 01:00").await;
    assert!(sentence.contains("báo lỗi trong câu trả lời (mã -1)"), "{sentence}");
    assert_eq!(desk.open_codes().await.len(), 5);
    server.recover();
    server.fail(SavisFault::DotNetDates);
    desk.read_well("2025-06-18 02:00").await;
    assert_eq!(desk.dossier("HS-001").await.due_at, Some(moment("2025-06-17 17:00:00")));
    server.set_rows(Vec::new());
    server.fail(SavisFault::EmptyList);
    assert!(desk.read_badly("2025-06-18 03:00").await.contains("chỉ trả về 0 hồ sơ"));
    let filter = server.requests()[0].query("filter").map(str::to_owned);
    assert_eq!(filter.as_deref(), Some(r#"{"PageNumber":1,"PageSize":3}"#));
}

#[tokio::test]
async fn an_answer_of_td_that_did_not_succeed_is_no_empty_list_and_the_first_day_of_its_clock_is_none() {
    let server = TdDichVuCong::start(now()).await;
    server.set_rows(five());
    let files = [("secrets/mat-khau", TdDichVuCong::TOKEN)];
    let lines = ["query: { inMaTrangThais: [\"2\", \"4\"], catalog: so-ban-nganh }"];
    let desk = Desk::open(&files, &Kind::Td.source(&server.base_url(), &lines));
    server.fail(TdFault::MinimalDates);
    desk.read_well("2025-06-18 00:00").await;
    let dossier = desk.dossier("HS-001").await;
    assert_eq!((dossier.resolved_at, dossier.returned_at), (None, None));
    assert_eq!(dossier.step_due_at, Some(moment("2025-06-04 09:01:00")), "the official's own date");
    assert_eq!(server.requests()[0].query_all("inMaTrangThais"), ["2", "4"], "a key that comes several times");
    server.fail(TdFault::Failed);
    let sentence = desk.read_badly("2025-06-18 01:00").await;
    assert_is_for_people(&sentence);
    assert_eq!(desk.open_codes().await.len(), 5);
}

#[tokio::test]
async fn a_petition_has_its_limit_from_its_receipt_and_ends_with_its_answer() {
    let mut row = FakeDossier::processing("khong-co", "2023-02-01 08:14:09", "2023-02-14 17:00:00");
    let world = World::new(Kind::Petitions, vec![row.clone()]).await;
    world.read_well("2023-02-02 09:00").await;
    let petition = world.desk.dossier("20230201081409").await;
    assert_eq!(petition.due_at, Some(moment("2023-02-21 00:00:00")), "twenty days");
    row.resolved = Some(local("2023-02-10 09:00:00"));
    world.tell(vec![row]);
    assert_eq!(world.read_well("2023-02-10 10:00").await.closed, 1);
}

#[tokio::test]
async fn two_petitions_of_the_same_second_are_one_to_us_and_the_administrator_is_told_so() {
    let row = FakeDossier::processing("khong-co", "2023-02-01 08:14:09", "2023-02-14 17:00:00");
    let other = FakeDossier { procedure: "Việc khác".to_owned(), ..row.clone() };
    let world = World::new(Kind::Petitions, vec![row, other]).await;
    assert_eq!(world.desk.read("2023-02-02 09:00").await.map(|report| report.open), Ok(1));
    let problems = world.desk.problems().await;
    assert!(problems[0].contains("mã 20230201081409 có ở nhiều dòng khác nhau"), "{problems:?}");
}

#[tokio::test]
async fn a_dossier_whose_number_is_left_out_for_a_while_is_still_held() {
    let server = TdDichVuCong::start(now()).await;
    server.set_rows(five());
    let files = [("secrets/mat-khau", TdDichVuCong::TOKEN)];
    let desk = Desk::open(&files, &Kind::Td.source(&server.base_url(), &[]));
    desk.read_well("2025-06-18 00:00").await;
    server.edit("HS-002", |row| row.code = String::new());
    for hour in 1..6 {
        let _ = desk.read(&format!("2025-06-18 {hour:02}:00")).await;
        assert!(desk.problems().await[0].contains("1 dòng không đọc được hoặc thiếu mã hồ sơ"));
        assert_eq!(desk.open_codes().await.len(), 5);
    }
}
