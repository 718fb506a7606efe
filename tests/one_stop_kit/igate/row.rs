//! A dossier as an item of iGate's list.

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use super::{
    super::{
        dossier::{FakeDossier, Status},
        visit::Visit,
    },
    IGateFault,
};

const VIETNAMESE: u16 = 228;
const ENGLISH: u16 = 46;

/// Number and name in this deployment. Only 0, 2 and 4 mean the same everywhere.
pub fn status(dossier: &FakeDossier) -> (i64, &'static str) {
    match dossier.status_with_pause() {
        Status::Registered => (0, "Mới đăng ký"),
        Status::Accepted | Status::Processing => (2, "Đang xử lý"),
        Status::AwaitingPapers => (1, "Yêu cầu bổ sung giấy tờ"),
        Status::AwaitingFee => (3, "Yêu cầu thanh toán"),
        Status::Finished => (4, "Có kết quả"),
        Status::Returned => (5, "Đã trả kết quả"),
        Status::Refused => (6, Status::Refused.text()),
        Status::Withdrawn => (8, Status::Withdrawn.text()),
        Status::Stopped => (9, Status::Stopped.text()),
    }
}

pub fn tell(dossier: &FakeDossier, visit: &Visit<'_, IGateFault>) -> Value {
    let date = |time: Option<NaiveDateTime>| time.map(|time| date(time, visit));
    let unknown = visit.find(|fault| if let IGateFault::UnknownStatus(id) = fault { Some(*id) } else { None });
    let (id, name) = unknown.map_or_else(|| status(dossier), |id| (id, "Trạng thái riêng của tỉnh"));
    let mut item = json!({
        "id": dossier.native_id, "code": dossier.code, "nationCode": format!("G01.99.108-{}", dossier.code),
        "dossierStatus": { "id": id, "name": name },
        "dossierTaskStatus": { "id": "60ebf17309cbf91d41f87f8e", "name": names("Thụ lý hồ sơ", "Processing") },
        "applicant": { "eformId": "61a0", "userId": "61a1", "data": {
            "fullname": dossier.applicant, "identityNumber": "024099900100", "phoneNumber": "0900000001" } },
        "procedure": {
            "id": "61a2", "code": dossier.procedure_code, "translate": translate(dossier, visit),
            "sector": { "id": "61a3", "code": "G01-CT05", "name": names(&dossier.field, "Domestic trade") } },
        "agency": { "id": "60f1", "code": dossier.agency_code, "name": names(&dossier.agency, "Department") },
        "appliedDate": date(Some(dossier.received)), "acceptedDate": date(Some(dossier.received)),
        "appointmentDate": date(dossier.due), "currentTask": current_task(dossier, visit),
        "undefindedCompleteTime": i32::from(dossier.due.is_none()), "extendTime": dossier.extended.map(|_| 1),
    });
    if let Some(online) = dossier.online {
        let name = if online { "Trực tuyến" } else { "Trực tiếp" };
        item["applyMethod"] = json!({ "id": i32::from(!online), "name": name });
    }
    for (key, time) in [("completedDate", dossier.resolved), ("returnedDate", dossier.returned)] {
        if let Some(time) = date(time) {
            item[key] = time.into();
        }
    }
    item
}

/// The offset has no colon, except where a test asks for it.
fn date(time: NaiveDateTime, visit: &Visit<'_, IGateFault>) -> String {
    let (offset, hours) = visit
        .find(|fault| match fault {
            IGateFault::DatesInUtc => Some(("+0000", 7)),
            IGateFault::DatesWithZ => Some(("Z", 7)),
            IGateFault::DatesWithColon => Some(("+07:00", 0)),
            _ => None,
        })
        .unwrap_or(("+0700", 0));
    format!("{}{offset}", (time - TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%S%.3f"))
}

/// English first: the right one is found by its language, not by its place.
fn names(vietnamese: &str, english: &str) -> Value {
    json!([{ "languageId": ENGLISH, "name": english }, { "languageId": VIETNAMESE, "name": vietnamese }])
}

fn translate(dossier: &FakeDossier, visit: &Visit<'_, IGateFault>) -> Value {
    let list = names(&dossier.procedure, "Licence");
    if visit.meets(&IGateFault::TranslateAsObject) {
        list[1].clone()
    } else if visit.meets(&IGateFault::TranslateNumbered) {
        json!({ "0": list[0], "1": list[1] })
    } else {
        list
    }
}

fn current_task(dossier: &FakeDossier, visit: &Visit<'_, IGateFault>) -> Value {
    let task = json!({
        "id": "6851", "isCurrent": 1, "assignee": { "id": "61a4", "fullname": dossier.handler },
        "candidateGroup": [{ "id": "61a5", "code": "PQLTM", "name": names(&dossier.step_or_unit, "Division") }],
        "createdDate": date(dossier.received, visit), "dueDate": date(dossier.received + TimeDelta::days(1), visit),
        "bpmProcessDefinitionTask": { "name": { "id": "61a6", "name": "Thẩm định" } },
    });
    if visit.meets(&IGateFault::NoCurrentTask) {
        json!([])
    } else if visit.meets(&IGateFault::CurrentTaskAsObject) {
        task
    } else {
        json!([task])
    }
}
