//! TD.DichVuCong: `GET /hosos` with pages from 1, query keys that repeat, and failures that come as HTTP 200.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::{
    dossier::FakeDossier,
    fault::AnyFault,
    reply::Reply,
    request::Request,
    server::FakeServer,
    text::slashed_day,
    visit::{System, Visit},
};

/// What goes wrong, or differs, in TD.DichVuCong only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TdFault {
    /// `{"succeeded":false,…}` with HTTP 200.
    Failed,
    /// A missing date is the first day of .NET instead of `null`.
    MinimalDates,
}

impl From<TdFault> for AnyFault<TdFault> {
    fn from(fault: TdFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug, Default)]
pub struct TdSystem;

pub type TdDichVuCong = FakeServer<TdSystem>;

impl TdDichVuCong {
    pub const PATH: &str = "/hosos";
    pub const TOKEN: &str = "7c1e9d10-vi-du";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }
}

impl System for TdSystem {
    type Fault = TdFault;

    fn answer(&mut self, visit: &Visit<'_, TdFault>) -> Reply {
        if !visit.is("GET", TdDichVuCong::PATH) {
            return Reply::not_found();
        }
        if visit.request.bearer() != Some(TdDichVuCong::TOKEN) {
            return failure(401, "Unauthorized");
        }
        if visit.meets(&TdFault::Failed) {
            return failure(200, "Đã có lỗi xảy ra");
        }
        list(visit)
    }
}

fn failure(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "succeeded": false, "message": message, "data": null }))
}

fn list(visit: &Visit<'_, TdFault>) -> Reply {
    let request = visit.request;
    let number = |key, default| request.filled(key).map_or(Ok(default), str::parse::<usize>);
    let (Ok(number), Ok(size)) = (number("pageNumber", 1), number("pageSize", 20)) else {
        return failure(400, "Bad Request");
    };
    let (number, size) = (number.max(1), size.max(1));
    let page = visit.rows.select(|row| keep(request, row)).page((number - 1).saturating_mul(size), size);
    let missing = if visit.meets(&TdFault::MinimalDates) { json!("0001-01-01T00:00:00") } else { Value::Null };
    let rows: Vec<Value> = page.rows.iter().map(|row| tell(row, &missing)).collect();
    Reply::json(
        200,
        &json!({
            "data": rows, "currentPage": number, "totalPages": page.total.div_ceil(size), "totalCount": page.total,
            "pageSize": size, "hasPreviousPage": number > 1, "hasNextPage": !page.is_last,
        }),
    )
}

fn keep(request: &Request, row: &FakeDossier) -> bool {
    let status = row.status_with_pause().code();
    let status = status.as_str();
    let wanted = request.query_all("inMaTrangThais");
    let unwanted = request.query_all("notInMaTrangThais");
    request.filled("maTrangThai").is_none_or(|one| one == status)
        && (wanted.is_empty() || wanted.contains(&status))
        && !unwanted.contains(&status)
        && is_within(request, "tiepNhan", Some(row.received))
        && is_within(request, "henTra", row.due)
}

fn is_within(request: &Request, name: &str, time: Option<NaiveDateTime>) -> bool {
    let day = |end: &str| {
        let text = request.filled(&format!("{name}{end}"))?;
        slashed_day(text).or_else(|| text.get(..10)?.parse().ok())
    };
    day("From").is_none_or(|first| time.is_some_and(|time| time.date() >= first))
        && day("To").is_none_or(|last| time.is_some_and(|time| time.date() <= last))
}

fn tell(dossier: &FakeDossier, missing: &Value) -> Value {
    let date = |time: Option<NaiveDateTime>| {
        time.map_or_else(|| missing.clone(), |time| json!(time.format("%Y-%m-%dT%H:%M:%S").to_string()))
    };
    let status = dossier.status_with_pause();
    json!({
        "id": dossier.native_id, "maHoSo": dossier.code, "ngayNopHoSo": date(Some(dossier.received)),
        "ngayTiepNhan": date(Some(dossier.received)), "ngayHenTra": date(dossier.due),
        // The officer's own deadline, always earlier than the one promised to the citizen.
        "ngayHenTraCaNhan": date(Some(dossier.received + chrono::TimeDelta::days(1))),
        "ngayTra": date(dossier.returned), "ngayKetThucXuLy": date(dossier.resolved), "chuHoSo": dossier.applicant,
        "trangThaiHoSoId": status.code(), "tenTrangThaiHoSo": status.text(), "maTTHC": dossier.procedure_code,
        "tenTTHC": dossier.procedure, "tenLinhVuc": dossier.field, "donViId": dossier.agency_code,
        "tenDonVi": dossier.agency, "nguoiDangXuLy": dossier.handler, "tenBuocHienTai": dossier.step_or_unit,
        "kenhThucHien": dossier.online.map(|online| if online { "Trực tuyến" } else { "Trực tiếp" }),
    })
}
