//! What an office writes itself: a profile like another, statuses of its own, a link.

use nhacviec::domain::dossier::DossierStatus;

use crate::{
    desk::{Desk, now},
    kit::{FakeDossier, OpenCps, Status},
    world::Kind,
};

const OWN: &str = "
like: opencps-v2
title: Bản của tỉnh
fields:
  code: /dossierIdCTN
  id: /dossierNo
  unit: { at: /stepName, regex: \"^Phòng (.+)$\" }
  field: { constant: Chung }
statuses: { waiting: open }
link: \"https://motcua.example/ho-so/{id}?ma={code}\"
";

#[tokio::test]
async fn an_own_profile_says_what_is_different_and_takes_over_the_rest() {
    let server = OpenCps::start(now()).await;
    let mut row = FakeDossier::processing("HS-001", "2025-06-03 09:00:00", "2025-06-17 17:00:00");
    row.status = Status::AwaitingPapers;
    server.set_rows(vec![row]);
    let files = [("secrets/mat-khau", OpenCps::PASSWORD), ("profiles/cua-tinh.yaml", OWN)];
    let source = Kind::OpenCps.source(&server.base_url(), &[]).replace("opencps-v2", "cua-tinh");
    let desk = Desk::open(&files, &source);
    desk.read_well("2025-06-18 09:00").await;
    let dossier = desk.dossier("26A41F07").await;
    assert_eq!(dossier.native_id.as_deref(), Some("HS-001"));
    assert_eq!(dossier.unit.as_deref(), Some("Quản lý thương mại"));
    assert_eq!(dossier.field.as_deref(), Some("Chung"));
    assert_eq!(dossier.status, DossierStatus::Open);
    assert_eq!(dossier.link.as_deref(), Some("https://motcua.example/ho-so/HS-001?ma=26A41F07"));
    assert_eq!(dossier.handler.as_deref(), Some("Trần Thị Mẫu"), "taken over");
}

#[tokio::test]
async fn what_a_source_says_of_statuses_and_link_counts_over_its_profile_from_the_reload_on() {
    let server = OpenCps::start(now()).await;
    server.set_rows(FakeDossier::several(2, "2025-06-17 17:00:00"));
    let files = [("secrets/mat-khau", OpenCps::PASSWORD)];
    let mut desk = Desk::open(&files, &Kind::OpenCps.source(&server.base_url(), &[]));
    desk.read_well("2025-06-18 09:00").await;
    desk.folder
        .append("nhacviec.yaml", "    statuses: { processing_6: paused }\n    link: \"https://a.example/{code}\"\n");
    desk.reload("2025-06-18 09:30").await;
    assert_eq!(desk.read_well("2025-06-18 10:00").await.changed, 2, "rows that say the same are read anew");
    let dossier = desk.dossier("HS-001").await;
    assert_eq!((dossier.status, dossier.link.as_deref()), (DossierStatus::Paused, Some("https://a.example/HS-001")));
    assert_eq!(desk.read_well("2025-06-18 11:00").await.changed, 0);
}

#[test]
fn a_profile_that_nobody_has_is_named_with_the_nearest_one() {
    let refusal = |name: &str| {
        let source = Kind::OpenCps.source("http://127.0.0.1:1", &[]).replace("opencps-v2", name);
        Desk::refusal(&[("secrets/mat-khau", "x")], &source)
    };
    assert!(refusal("opencps-v3").contains("không có loại hệ thống «opencps-v3»"));
    assert!(refusal("opencps-v3").contains("ý bạn là «opencps-v2»?"));
}
