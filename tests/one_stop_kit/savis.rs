//! The envelope of SAVIS's web APIs: `PascalCase`, one JSON text as the filter, and HTTP 200 whatever happened.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{
    dossier::{FakeDossier, vietnam},
    fault::AnyFault,
    reply::Reply,
    server::FakeServer,
    visit::{System, Visit},
};

/// What goes wrong, or differs, in this envelope only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavisFault {
    /// `Status` -1.
    Failed,
    /// Without rows `Data` is an empty list instead of `null`.
    EmptyList,
    /// Dates as `/Date(1750154400000)/`.
    DotNetDates,
}

impl From<SavisFault> for AnyFault<SavisFault> {
    fn from(fault: SavisFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug, Default)]
pub struct SavisSystem;

pub type SavisEnvelope = FakeServer<SavisSystem>;

impl SavisEnvelope {
    pub const PATH: &str = "/api/v1/dossiers";
    /// Of the gateway in front.
    pub const TOKEN: &str = "9b0e2f6a-vi-du";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }
}

impl System for SavisSystem {
    type Fault = SavisFault;

    fn answer(&mut self, visit: &Visit<'_, SavisFault>) -> Reply {
        if !visit.is("GET", SavisEnvelope::PATH) {
            return envelope(-1, "Not found", &Value::Null, 0);
        }
        if visit.request.bearer() != Some(SavisEnvelope::TOKEN) {
            return envelope(-1, "Unauthorized", &Value::Null, 0);
        }
        if visit.meets(&SavisFault::Failed) {
            return envelope(-1, "Object reference not set to an instance of an object.", &Value::Null, 0);
        }
        list(visit)
    }
}

fn envelope(status: i32, message: &str, rows: &Value, total: usize) -> Reply {
    let count = rows.as_array().map_or(0, Vec::len);
    Reply::json(
        200,
        &json!({ "Status": status, "Message": message, "Data": rows, "TotalCount": total, "DataCount": count }),
    )
}

fn list(visit: &Visit<'_, SavisFault>) -> Reply {
    let filter: Value = match visit.request.filled("filter").map(serde_json::from_str) {
        None => json!({}),
        Some(Ok(filter @ Value::Object(_))) => filter,
        Some(_) => return envelope(-1, "Unexpected character encountered while parsing value", &Value::Null, 0),
    };
    let number = |key: &str, default| filter[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(default);
    let (number, size) = (number("PageNumber", 1).max(1), number("PageSize", 20).max(1));
    let page = visit.rows.page((number - 1).saturating_mul(size), size);
    let rows: Vec<Value> = page.rows.iter().map(|row| tell(row, visit.meets(&SavisFault::DotNetDates))).collect();
    if rows.is_empty() {
        let none = if visit.meets(&SavisFault::EmptyList) { json!([]) } else { Value::Null };
        return envelope(0, "Không có dữ liệu", &none, page.total);
    }
    envelope(1, "Success", &json!(rows), page.total)
}

fn tell(dossier: &FakeDossier, as_dot_net: bool) -> Value {
    let date = |time: Option<NaiveDateTime>| {
        time.map(|time| {
            if as_dot_net {
                let at = time.and_local_timezone(vietnam()).single().expect("a fixed offset has no gaps");
                format!("/Date({})/", at.timestamp_millis())
            } else {
                time.format("%Y-%m-%dT%H:%M:%S").to_string()
            }
        })
    };
    let status = dossier.status_with_pause();
    json!({
        "Id": dossier.native_id, "MaHoSo": dossier.code, "MaTTHC": dossier.procedure_code,
        "TenTTHC": dossier.procedure, "TenLinhVuc": dossier.field, "MaDonVi": dossier.agency_code,
        "TenDonVi": dossier.agency, "BoPhanXuLy": dossier.step_or_unit, "NguoiXuLy": dossier.handler,
        "ChuHoSo": dossier.applicant, "NgayTiepNhan": date(Some(dossier.received)), "NgayHenTra": date(dossier.due),
        "NgayKetThucXuLy": date(dossier.resolved), "NgayTra": date(dossier.returned),
        "TrangThaiHoSo": status.code(), "TenTrangThaiHoSo": status.text(),
    })
}
