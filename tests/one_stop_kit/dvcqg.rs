//! The national portal through a data-exchange adapter: a session in every body, one dossier for each question.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{
    dossier::FakeDossier,
    fault::AnyFault,
    reply::Reply,
    server::FakeServer,
    text,
    visit::{System, Visit},
};

const SESSION: TimeDelta = TimeDelta::minutes(10);

/// What goes wrong, or differs, at the national portal only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DvcqgFault {
    /// Success is the text `"0"` instead of the number.
    CodeAsText,
    /// Success is the text `"00"`.
    CodeAsTwoZeros,
    /// `error_code` `"-1"`, with HTTP 200.
    Failed,
    /// The one row is an object, not in a list.
    ResultAsObject,
}

impl From<DvcqgFault> for AnyFault<DvcqgFault> {
    fn from(fault: DvcqgFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug, Default)]
pub struct DvcqgSystem {
    sessions: Vec<(String, DateTime<Utc>)>,
    logins: usize,
}

pub type Dvcqg = FakeServer<DvcqgSystem>;

impl Dvcqg {
    pub const LOGIN_PATH: &str = "/XrdAdapter/RestService/forward/mapi/login";
    pub const PATH: &str = "/XrdAdapter/RestService/forward/mapi/g";
    /// Whom the exchange shall forward to; needed on every call.
    pub const DESTINATION: &str = "VN:GOV:000.00.00.G22:vpcpdvcprovider";
    /// The asking office.
    pub const OFFICE: &str = "000.00.09.H99";
    pub const USER: &str = "nhacviec";
    pub const PASSWORD: &str = "mat-khau-vi-du";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }

    pub fn login_url(&self) -> String {
        self.base_url() + Self::LOGIN_PATH
    }

    /// Ends all sessions at once, before their ten minutes are over.
    pub fn end_sessions(&self) {
        self.with_system(|system| system.sessions.clear());
    }

    /// Logins that went well.
    pub fn logins(&self) -> usize {
        self.with_system(|system| system.logins)
    }
}

impl System for DvcqgSystem {
    type Fault = DvcqgFault;

    fn answer(&mut self, visit: &Visit<'_, DvcqgFault>) -> Reply {
        let request = visit.request;
        if request.header("dstcode").or(request.query("dstcode")) != Some(Dvcqg::DESTINATION) {
            return failure("-1", "Unknown destination");
        }
        let Some(Value::Object(body)) = request.json() else { return failure("-1", "Not JSON") };
        if visit.meets(&DvcqgFault::Failed) {
            return failure("-1", "Lỗi hệ thống");
        }
        if visit.is("POST", Dvcqg::LOGIN_PATH) {
            self.log_in(&body, visit)
        } else if visit.is("POST", Dvcqg::PATH) {
            self.serve(&body, visit)
        } else {
            Reply::not_found()
        }
    }
}

impl DvcqgSystem {
    fn log_in(&mut self, body: &Map<String, Value>, visit: &Visit<'_, DvcqgFault>) -> Reply {
        if (field(body, "username"), field(body, "password")) != (Dvcqg::USER, Dvcqg::PASSWORD) {
            return failure("-1", "Sai tên đăng nhập hoặc mật khẩu");
        }
        self.logins += 1;
        let session = format!("2f0c-{}", self.logins);
        self.sessions.push((session.clone(), visit.now + SESSION));
        Reply::json(200, &json!({ "session": session, "error_code": success(visit) }))
    }

    fn serve(&self, body: &Map<String, Value>, visit: &Visit<'_, DvcqgFault>) -> Reply {
        let session = field(body, "session");
        if !self.sessions.iter().any(|(known, until)| known == session && visit.now < *until) {
            return failure("-1", "Phiên làm việc đã hết");
        }
        if field(body, "madonvi") != Dvcqg::OFFICE || field(body, "service") != "TraCuuHoSo" {
            return failure("-1", "Không có dịch vụ");
        }
        let found = visit.rows.select(|row| row.code == field(body, "mahoso"));
        let rows: Vec<Value> = found.list().iter().map(tell).collect();
        let result = match &rows[..] {
            [one] if visit.meets(&DvcqgFault::ResultAsObject) => one.clone(),
            several => json!(several),
        };
        Reply::json(200, &json!({ "error_code": success(visit), "result": result }))
    }
}

fn field<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn success(visit: &Visit<'_, DvcqgFault>) -> Value {
    if visit.meets(&DvcqgFault::CodeAsTwoZeros) {
        json!("00")
    } else if visit.meets(&DvcqgFault::CodeAsText) {
        json!("0")
    } else {
        json!(0)
    }
}

fn failure(code: &str, message: &str) -> Reply {
    Reply::json(200, &json!({ "error_code": code, "message": message }))
}

/// All values are texts; what is missing is empty.
fn tell(dossier: &FakeDossier) -> Value {
    let date = |time: Option<NaiveDateTime>| text::date(time, "%Y%m%d%H%M%S");
    let supplements = dossier.extended.map(|extended| {
        json!({ "HoSoBoSungId": "1", "NgayHenTraTruoc": date(dossier.due), "NgayHenTraMoi": date(Some(extended)) })
    });
    json!({
        "MaHoSo": dossier.code, "MaTTHC": dossier.procedure_code, "TenTTHC": dossier.procedure,
        "MaLinhVuc": "G01-CT05", "TenLinhVuc": dossier.field, "SoBienNhan": "", "ChuHoSo": dossier.applicant,
        "LoaiDoiTuong": "2", "MaDoiTuong": "2400999001", "Email": "a@example.invalid", "SoDienThoai": "0900000001",
        "TrichYeuHoSo": "", "NgayTiepNhan": date(Some(dossier.received)), "NgayHenTra": date(dossier.due),
        "TrangThaiHoSo": dossier.status_with_pause().code(), "NgayTra": date(dossier.returned), "ThongTinTra": "",
        "HinhThuc": if dossier.by_post { "1" } else { "0" }, "NgayKetThucXuLy": date(dossier.resolved),
        "DonViXuLy": dossier.agency, "GhiChu": "", "DanhSachHoSoBoSung": Vec::from_iter(supplements),
    })
}
