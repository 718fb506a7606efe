//! Owns how it is said as what somebody is told, and at which rung.

use crate::domain::{
    decide::{OPENING_OFFSET, REQUEST_STEP},
    notification::{Audience, Entry},
};

/// As what the recipient is told, and at which rung: `đơn vị chủ trì; mốc trước hạn 5 ngày`.
#[must_use]
pub fn why(entry: &Entry) -> String {
    why_told(entry.audience, entry.offset, entry.item.is_of_dossier())
}

/// The same for something that is no message yet.
#[must_use]
pub fn why_told(audience: Audience, offset: i32, is_dossier: bool) -> String {
    match audience {
        Audience::DataClosing => "đơn vị làm báo cáo; ngày chốt số liệu của kỳ".to_owned(),
        Audience::Decider | Audience::Assigner => "đơn vị theo dõi; đề nghị chờ quyết định".to_owned(),
        Audience::Asker => "đơn vị đã đề nghị; có trả lời".to_owned(),
        Audience::Assignee => "đơn vị có liên quan; đã xác định đơn vị chủ trì".to_owned(),
        audience => format!("{}; {}", audience_name(audience, is_dossier), rung_name(offset)),
    }
}

/// The same for a target that is about to be missed: it has no due date to count from.
#[must_use]
pub fn why_of_target(audience: Audience) -> String {
    format!("{}; chỉ tiêu có nguy cơ được báo mỗi tháng nhiều nhất một lần", audience_name(audience, false))
}

/// As what somebody is told.
#[must_use]
pub fn audience_name(audience: Audience, is_dossier: bool) -> String {
    match audience {
        Audience::Lead if is_dossier => "đơn vị giữ hồ sơ".to_owned(),
        Audience::Lead => "đơn vị chủ trì".to_owned(),
        Audience::Escalation(after) => format!("cấp trên, bậc đôn đốc quá hạn {after} ngày làm việc"),
        Audience::Coordinating => "đơn vị phối hợp".to_owned(),
        Audience::DataClosing => "đơn vị làm báo cáo (chốt số liệu)".to_owned(),
        Audience::Following => "đơn vị theo dõi".to_owned(),
        Audience::Decider => "đơn vị theo dõi (quyết định gia hạn)".to_owned(),
        Audience::Assigner => "đơn vị theo dõi (giao lại việc)".to_owned(),
        Audience::Asker => "đơn vị đã đề nghị".to_owned(),
        Audience::Assignee => "đơn vị được giao hoặc thôi chủ trì".to_owned(),
        Audience::Administrator => "quản trị".to_owned(),
    }
}

/// The rung of a message to this audience, `mốc trước hạn 5 ngày`; a request has days of waiting instead.
#[must_use]
pub fn rung_of(audience: Audience, offset: i32) -> String {
    match audience {
        Audience::Decider | Audience::Assigner => match offset % REQUEST_STEP {
            0 => "đề nghị mới".to_owned(),
            waited => format!("đề nghị đã chờ {waited} ngày làm việc"),
        },
        Audience::Asker | Audience::Assignee => "có trả lời".to_owned(),
        Audience::DataClosing => "ngày chốt số liệu".to_owned(),
        Audience::Administrator => "khi có trục trặc".to_owned(),
        Audience::Lead | Audience::Coordinating | Audience::Following | Audience::Escalation(_) => rung_name(offset),
    }
}

/// `mốc trước hạn 5 ngày`.
#[must_use]
pub fn rung_name(offset: i32) -> String {
    match offset {
        OPENING_OFFSET => "báo khi phát sinh".to_owned(),
        0 => "mốc đúng hạn".to_owned(),
        n if n < 0 => format!("mốc trước hạn {} ngày", -n),
        n => format!("mốc quá hạn {n} ngày"),
    }
}
