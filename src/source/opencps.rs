//! The OpenCPS v2 profile: how its rows read, and which of their fields we take.
//!
//! Only the fields named here are ever decoded: rows also carry the applicant's identity and the
//! dossier's secret key (`hasPassword`), which must not reach memory we keep. The server turns texts that
//! look like numbers into JSON numbers, so every scalar is taken by its raw token.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

use super::{SourceError, http_json::Page};
use crate::domain::dossier::{Dossier, DossierStatus};

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    total: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(borrow)]
    dossier_no: Option<&'a RawValue>,
    #[serde(borrow)]
    dossier_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "dossierIdCTN")]
    dossier_id_ctn: Option<&'a RawValue>,
    #[serde(borrow)]
    service_name: Option<&'a RawValue>,
    #[serde(borrow)]
    domain_name: Option<&'a RawValue>,
    #[serde(borrow)]
    gov_agency_name: Option<&'a RawValue>,
    #[serde(borrow)]
    step_name: Option<&'a RawValue>,
    #[serde(borrow)]
    receive_date: Option<&'a RawValue>,
    #[serde(borrow)]
    due_date: Option<&'a RawValue>,
    #[serde(borrow)]
    extend_date: Option<&'a RawValue>,
    #[serde(borrow)]
    release_date: Option<&'a RawValue>,
    #[serde(borrow)]
    finish_date: Option<&'a RawValue>,
    #[serde(borrow)]
    dossier_status: Option<&'a RawValue>,
    #[serde(borrow)]
    lock_state: Option<&'a RawValue>,
}

/// Decodes one page: `{"total": n, "data": [...]}`, where one row comes as an object and none leaves
/// `data` out.
pub fn read_page(body: &[u8]) -> Result<Page, SourceError> {
    let not_understood = |sentence: &str| SourceError::NotUnderstood { sentence: sentence.to_owned() };
    let text =
        std::str::from_utf8(body).map_err(|_| not_understood("hệ thống một cửa trả lời không phải văn bản UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('<') {
        return Err(not_understood(
            "hệ thống một cửa trả về trang web thay vì dữ liệu; có thể đang bảo trì, hoặc url sai",
        ));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text)
        .map_err(|_| not_understood("hệ thống một cửa trả về dữ liệu hỏng hoặc bị cắt dở"))?;
    if envelope.code.is_some() && envelope.message.is_some() {
        return Err(SourceError::Unavailable {
            sentence: "hệ thống một cửa báo lỗi trong câu trả lời".to_owned(),
            retry_after: None,
        });
    }
    let total = scalar(envelope.total)
        .and_then(|t| t.parse().ok())
        .ok_or_else(|| not_understood("câu trả lời của hệ thống một cửa thiếu tổng số hồ sơ (total)"))?;
    let rows = read_rows(envelope.data).ok_or_else(|| not_understood("danh sách hồ sơ (data) không đúng dạng"))?;
    let mut page = Page { total, rows: rows.len(), dossiers: Vec::new(), unusable: 0, remarks: Vec::new() };
    for row in rows {
        match read_dossier(row, &mut page.remarks) {
            Some(dossier) => page.dossiers.push(dossier),
            None => page.unusable += 1,
        }
    }
    if page.unusable > 0 {
        page.remarks.push(format!("{} dòng không đọc được hoặc thiếu mã hồ sơ", page.unusable));
    }
    Ok(page)
}

fn read_rows(data: Option<&RawValue>) -> Option<Vec<&RawValue>> {
    let Some(data) = data else { return Some(Vec::new()) };
    match data.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(data.get()).ok(),
        Some(b'{') => Some(vec![data]),
        _ => data.get().trim_matches('"').is_empty().then(Vec::new),
    }
}

/// The row's own id and its dossier.
fn read_dossier(row: &RawValue, remarks: &mut Vec<String>) -> Option<(String, Dossier)> {
    let row: Row<'_> = serde_json::from_str(row.get()).ok()?;
    let status_raw = scalar(row.dossier_status).unwrap_or_default();
    let code = scalar(row.dossier_no).or_else(|| scalar(row.dossier_id_ctn))?;
    let mut read_instant = |raw, name| {
        let text = scalar(raw)?;
        let at = instant(&text);
        if at.is_none() {
            remarks.push(format!("hồ sơ {code}: {name} «{text}» không đọc được"));
        }
        at
    };
    let (due_at, extended_due_at) =
        (read_instant(row.due_date, "ngày hẹn trả"), read_instant(row.extend_date, "ngày hẹn lại"));
    let id = scalar(row.dossier_id).unwrap_or_else(|| code.clone());
    let dossier = Dossier {
        code,
        procedure: scalar(row.service_name),
        field: scalar(row.domain_name),
        agency: scalar(row.gov_agency_name),
        step: scalar(row.step_name),
        received_at: scalar(row.receive_date).and_then(|t| instant(&t)),
        due_at,
        extended_due_at,
        status: status(
            &status_raw,
            &scalar(row.lock_state).unwrap_or_default(),
            scalar(row.release_date).is_some() || scalar(row.finish_date).is_some(),
        ),
        status_raw,
    };
    Some((id, dossier))
}

/// A released dossier is finished for the deadline's purposes, whatever its status still says.
fn status(status: &str, lock_state: &str, is_released: bool) -> DossierStatus {
    if is_released {
        return DossierStatus::Finished;
    }
    match status {
        "done" | "cancelled" | "denied" | "unresolved" => DossierStatus::Finished,
        "new" | "receiving" => DossierStatus::NotReceived,
        _ if matches!(lock_state, "PAUSE" | "PAUSE_OVERDUE") => DossierStatus::Paused,
        "waiting" | "pausing" => DossierStatus::Paused,
        "processing" | "paying" | "collecting" | "handover" | "interoperating" | "releasing" | "posting"
        | "correcting" | "cancelling" => DossierStatus::Open,
        _ => DossierStatus::Unmapped,
    }
}

/// A scalar's text: numbers and booleans by their raw token, never through floating point, since
/// `2.000591` is a procedure code.
fn scalar(raw: Option<&RawValue>) -> Option<String> {
    let token = raw?.get();
    let text = match token.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(token).ok()?,
        b'{' | b'[' => return None,
        _ if token == "null" => return None,
        _ => token.to_owned(),
    };
    let text: String = text.trim().nfc().collect();
    (!text.is_empty()).then_some(text)
}

/// `dd/MM/yyyy HH:mm:ss`, wall time of Vietnam without saying so.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let vietnam = FixedOffset::east_opt(7 * 3600)?;
    let local = NaiveDateTime::parse_from_str(text, "%d/%m/%Y %H:%M:%S").ok()?;
    vietnam.from_local_datetime(&local).single().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        read_page(body.as_bytes()).expect("a readable page")
    }

    #[test]
    fn rows_come_as_list_as_object_or_not_at_all() {
        assert_eq!(page(r#"{"total":2,"data":[{"dossierNo":"A"},{"dossierNo":"B"}]}"#).dossiers.len(), 2);
        assert_eq!(page(r#"{"total":1,"data":{"dossierNo":"A"}}"#).dossiers.len(), 1);
        assert_eq!(page(r#"{"total":0}"#).dossiers.len(), 0);
    }

    #[test]
    fn texts_that_became_numbers_keep_their_digits() {
        let page = page(
            r#"{"total":"2","data":[{"dossierIdCTN":18680110,"serviceName":2.000591},{"dossierIdCTN":"185E6DE0","dossierNo":""}]}"#,
        );
        assert_eq!(page.dossiers[0].1.code, "18680110");
        assert_eq!(page.dossiers[0].1.procedure.as_deref(), Some("2.000591"));
        assert_eq!(page.dossiers[1].1.code, "185E6DE0");
    }

    #[test]
    fn dates_are_vietnamese_wall_time() {
        let page = page(r#"{"total":1,"data":{"dossierNo":"A","dueDate":"17/06/2025 17:00:00","receiveDate":""}}"#);
        assert_eq!(page.dossiers[0].1.due_at.map(|d| d.to_rfc3339()), Some("2025-06-17T10:00:00+00:00".to_owned()));
        assert_eq!(page.dossiers[0].1.received_at, None);
    }

    #[test]
    fn pauses_releases_and_unknown_statuses_are_told_apart() {
        let of =
            |fields: &str| page(&format!(r#"{{"total":1,"data":{{"dossierNo":"A",{fields}}}}}"#)).dossiers[0].1.status;
        assert_eq!(of(r#""dossierStatus":"processing""#), DossierStatus::Open);
        assert_eq!(of(r#""dossierStatus":"processing","lockState":"PAUSE""#), DossierStatus::Paused);
        assert_eq!(of(r#""dossierStatus":"waiting""#), DossierStatus::Paused);
        assert_eq!(of(r#""dossierStatus":"processing","releaseDate":"01/06/2025 08:00:00""#), DossierStatus::Finished);
        assert_eq!(of(r#""dossierStatus":"receiving""#), DossierStatus::NotReceived);
        assert_eq!(of(r#""dossierStatus":"teleporting""#), DossierStatus::Unmapped);
    }

    #[test]
    fn what_is_not_a_list_of_dossiers_is_said_so() {
        let sentence = |body: &str| read_page(body.as_bytes()).map(|_| ()).expect_err("refused").sentence().to_owned();
        assert!(sentence("<html><body>Đăng nhập</body></html>").contains("trang web"));
        assert!(sentence(r#"{"total":2,"data":[{"dossierNo":"A"},"#).contains("cắt dở"));
        assert!(sentence(r#"{"message":"No Content.","code":403}"#).contains("báo lỗi"));
        assert!(sentence("{}").contains("total"));
    }

    #[test]
    fn a_row_without_a_code_is_reported_and_the_others_are_used() {
        let page = page(r#"{"total":2,"data":[{"dossierNo":"A"},{"applicantName":"NGUYỄN VĂN A"}]}"#);
        assert_eq!((page.dossiers.len(), page.rows, page.unusable), (1, 2, 1));
        assert_eq!(page.remarks, ["1 dòng không đọc được hoặc thiếu mã hồ sơ"]);
    }

    #[test]
    fn an_unreadable_appointment_keeps_the_dossier_and_is_reported() {
        let page = page(r#"{"total":1,"data":{"dossierNo":"A","dueDate":"31/02/2025 17:00:00"}}"#);
        assert_eq!(page.dossiers[0].1.due_at, None);
        assert_eq!(page.remarks, ["hồ sơ A: ngày hẹn trả «31/02/2025 17:00:00» không đọc được"]);
    }
}
