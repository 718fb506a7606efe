//! A dossier as a row of the OpenCPS list, with all that a client must leave alone.

use chrono::NaiveDateTime;

use super::{
    super::{
        dossier::{FakeDossier, Status},
        text,
    },
    jettison::Record,
};

const DATE: &str = "%d/%m/%Y %H:%M:%S";
/// Working days that every procedure takes; the text about lateness never counts beyond it.
const DURATION: i64 = 5;
pub const FIELD_CODE: &str = "XNK";

/// Status and sub-status, each with its text.
pub fn status(status: Status) -> (&'static str, &'static str, &'static str, &'static str) {
    match status {
        Status::Registered => ("receiving", "Chờ tiếp nhận", "", ""),
        Status::Accepted => ("processing", "Đang xử lý", "processing_1", "Chờ xử lý"),
        Status::Refused => ("denied", "Từ chối", "", ""),
        Status::Processing => ("processing", "Đang xử lý", "processing_6", "Chờ phê duyệt"),
        Status::AwaitingPapers => ("waiting", "Chờ bổ sung", "waiting_4", "Chờ bổ sung"),
        Status::AwaitingFee => ("paying", "Chờ thanh toán", "paying_1", "Chờ thanh toán"),
        Status::Withdrawn => ("cancelled", "Đã huỷ", "", ""),
        Status::Stopped => ("unresolved", "Không giải quyết", "", ""),
        Status::Finished => ("releasing", "Chờ trả kết quả", "", ""),
        Status::Returned => ("done", "Hoàn thành", "", ""),
    }
}

pub fn tell(dossier: &FakeDossier, now: NaiveDateTime, pause_is_overdue: bool) -> Record {
    let mut record = Record::default();
    tell_origin(&mut record, dossier);
    tell_people(&mut record, dossier);
    tell_course(&mut record, dossier);
    tell_step(&mut record, dossier);
    tell_state(&mut record, dossier, now, pause_is_overdue);
    tell_rest(&mut record, dossier);
    record
}

fn date(time: Option<NaiveDateTime>) -> String {
    text::date(time, DATE)
}

fn tell_origin(record: &mut Record, dossier: &FakeDossier) {
    record.put("dossierIdCTN", "26A41F07");
    record.put("dossierId", &dossier.native_id);
    record.put("groupId", super::OpenCps::GROUP_ID);
    record.put("createDate", date(Some(dossier.received)));
    record.put("modifiedDate", date(Some(dossier.received)));
    record.put("referenceUid", "5d0f3c2e-8a41-4d6b-9b0e-2f6a7c1e9d10");
    record.put("counter", "1");
    record.put("serviceCode", &dossier.procedure_code);
    record.put("serviceName", &dossier.procedure);
    record.put("govAgencyCode", &dossier.agency_code);
    record.put("govAgencyName", &dossier.agency);
    record.put("dossierTemplateNo", "SVD_XNK_07_HS");
}

/// The list, not the detail, puts the applicant in capitals.
fn tell_people(record: &mut Record, dossier: &FakeDossier) {
    record.put("applicantName", dossier.applicant.to_uppercase());
    record.put("applicantIdType", "business");
    record.put("applicantIdNo", "2400999001");
    record.put("applicantIdDate", "");
    record.put("address", "Số 1 đường Ví Dụ");
    record.put("cityCode", "24");
    record.put("cityName", "Tỉnh Ví Dụ");
    record.put("districtCode", "213");
    record.put("districtName", "Thành phố Ví Dụ");
    record.put("wardCode", "07228");
    record.put("wardName", "Phường Ví Dụ");
    record.put("contactName", "Nguyễn Văn Thử");
    record.put("contactTelNo", "0900000001");
    record.put("contactEmail", "a@example.invalid");
    record.put("dossierNote", "");
    record.put("submissionNote", "<p>Nộp \"lần đầu\" & duy nhất</p>");
    record.put("briefNote", "");
}

fn tell_course(record: &mut Record, dossier: &FakeDossier) {
    let (status, status_text, sub_status, sub_status_text) = status(dossier.status);
    record.put("dossierNo", &dossier.code);
    record.put("submitting", "false");
    record.put("submitDate", date(Some(dossier.received)));
    record.put("receiveDate", date(Some(dossier.received)));
    record.put("dueDate", date(dossier.due));
    record.put("releaseDate", date(dossier.resolved));
    record.put("finishDate", date(dossier.returned));
    record.put("cancellingDate", "");
    record.put("correctingDate", "");
    record.put("dossierStatus", status);
    record.put("dossierStatusText", status_text);
    record.put("dossierSubStatus", sub_status);
    record.put("dossierSubStatusText", sub_status_text);
    record.put("viaPostal", if dossier.by_post { "1" } else { "0" });
    for key in ["postalAddress", "postalCityCode", "postalCityName", "postalDistrictCode", "postalDistrictName"] {
        record.put(key, "");
    }
    record.put("postalTelNo", "");
}

fn tell_step(record: &mut Record, dossier: &FakeDossier) {
    record.put("permission", "20512_read");
    record.put("lastActionDate", date(Some(dossier.received)));
    record.put("lastActionCode", "1100");
    record.put("lastActionName", "Chuyển xử lý");
    record.put("lastActionUser", dossier.handler.to_uppercase());
    record.put("lastActionNote", "");
    record.put("stepCode", "210");
    record.put("stepName", &dossier.step_or_unit);
    record.put("stepDuedate", date(Some(dossier.received)));
    record.put("stepOverdue", "Quá 4 ngày");
    record.put("visited", "true");
    record.put("pending", "false");
    record.put("applicantNote", "");
}

fn tell_state(record: &mut Record, dossier: &FakeDossier, now: NaiveDateTime, pause_is_overdue: bool) {
    if let Some(online) = dossier.online {
        record.put("online", online.to_string());
    }
    record.put("dossierOverdue", lateness(dossier, now));
    record.put("hasPassword", "khoa-bi-mat");
    record.put("serverNo", "SERVER_MOTCUA");
    record.put("certNo", "");
    record.put("certDate", "");
    record.put("endorsementDate", "");
    record.put(
        "lockState",
        match (dossier.paused, pause_is_overdue) {
            (true, true) => "PAUSE_OVERDUE",
            (true, false) => "PAUSE",
            (false, _) => "",
        },
    );
    record.put("statusReg", "4");
    record.put("durationCount", DURATION.to_string());
    record.put("durationUnit", "0");
    record.put("sampleCount", "1");
    record.put("assigned", "0");
}

fn tell_rest(record: &mut Record, dossier: &FakeDossier) {
    record.put("domainCode", FIELD_CODE);
    record.put("domainName", &dossier.field);
    record.put("extendDate", date(dossier.extended));
    record.put("lastActionUserId", "20518");
    record.put("currentActionUser", &dossier.handler);
    record.put("dossierName", &dossier.procedure);
    record.put("dueDateComing", dossier.due.map_or(0, |due| due.and_utc().timestamp_millis()).to_string());
    record.put("originality", if dossier.online == Some(true) { "1" } else { "3" });
    record.put("origin", "0");
    record.put("originDossierId", "0");
    record.put("originDossierNo", "");
    for key in ["delegateName", "delegateIdNo", "delegateTelNo", "delegateEmail", "delegateAddress", "metaData"] {
        record.put(key, "");
    }
    record.put("groupDossierId", "0");
    record.put("delegateType", "0");
    record.put("documentNo", "");
    record.put("lock", "Yêu cầu bổ sung trong hạn 3 ngày");
    record.put("systemId", "0");
    record.put("dossierCounter", "");
    record.put("fromViaPostal", "0");
}

/// The text for people, which no client should count on.
fn lateness(dossier: &FakeDossier, now: NaiveDateTime) -> String {
    let Some(due) = dossier.due.filter(|_| dossier.status != Status::Registered) else { return String::new() };
    if let Some(resolved) = dossier.resolved {
        let text = match (resolved <= due, resolved.date() < due.date()) {
            (true, true) => "Sớm hạn",
            (true, false) => "Đúng hạn",
            (false, _) => "Quá hạn",
        };
        return text.to_owned();
    }
    if dossier.paused || dossier.status == Status::AwaitingPapers {
        return "Tạm dừng xử lý".to_owned();
    }
    let hours = (now - due).num_hours();
    match hours {
        ..=0 => format!("Còn {} ngày", -hours / 24),
        1..24 => format!("Quá {hours} giờ"),
        _ => format!("Quá {} ngày", in_quarters(hours / 6)),
    }
}

fn in_quarters(quarters: i64) -> String {
    let quarters = quarters.min(DURATION * 4);
    let fraction = [".0", ".25", ".5", ".75"][usize::try_from(quarters % 4).unwrap_or(0)];
    format!("{}{fraction}", quarters / 4).replace(".0", "")
}
