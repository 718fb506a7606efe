//! A one-stop server on loopback with the shape of OpenCPS v2 and a made-up year of dossiers.
//!
//! It answers as the real one does: Basic authentication and `groupId`, an exclusive `end`, one row as
//! an object, no `data` when there is none, texts that look like numbers as numbers.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::domain::office::Office;

/// Account of the made-up server.
pub const USER: &str = "nhacviec";
/// Its password.
pub const PASSWORD: &str = "dien-tap";
/// Its site id.
pub const GROUP_ID: u64 = 35166;

/// The server; it ends with the runtime.
#[derive(Debug, Clone)]
pub struct OneStop {
    port: u16,
    world: Arc<Mutex<World>>,
}

#[derive(Debug)]
struct World {
    now: DateTime<Utc>,
    dossiers: Vec<MadeUp>,
    is_in_maintenance: bool,
    is_empty: bool,
}

/// A dossier with its whole life; what the server shows of it depends on the time.
#[derive(Debug, Clone)]
struct MadeUp {
    code: String,
    procedure: &'static str,
    field: &'static str,
    received_on: NaiveDate,
    due_on: NaiveDate,
    paused: Option<(NaiveDate, NaiveDate)>,
    extended: Option<(NaiveDate, NaiveDate)>,
    finished_on: NaiveDate,
}

/// Procedure, field, working days. The field "Hóa chất" has its own row in the example's `holders`.
const PROCEDURES: [(&str, &str, i32); 7] = [
    ("Cấp Giấy phép bán buôn rượu trên địa bàn tỉnh", "Lưu thông hàng hóa", 10),
    ("Cấp Giấy phép bán lẻ thuốc lá", "Lưu thông hàng hóa", 7),
    ("Đăng ký hoạt động khuyến mại", "Xúc tiến thương mại", 5),
    ("Thông báo hoạt động khuyến mại", "Xúc tiến thương mại", 3),
    ("Cấp Giấy phép hoạt động bán lẻ điện", "Điện", 15),
    ("Cấp Giấy chứng nhận đủ điều kiện kinh doanh hóa chất", "Hóa chất", 12),
    ("Cấp Giấy phép sử dụng vật liệu nổ công nghiệp", "Vật liệu nổ công nghiệp", 5),
];

const DOSSIERS: u32 = 320;

impl OneStop {
    /// Starts the server with a year of dossiers that keep the office's calendar.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(office: &Office) -> io::Result<Self> {
        let world = Arc::new(Mutex::new(World {
            now: DateTime::UNIX_EPOCH,
            dossiers: make_up(office),
            is_in_maintenance: false,
            is_empty: false,
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let router = Router::new().route("/o/rest/v2/dossiers", get(list)).with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { port, world })
    }

    /// Address of the list.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/o/rest/v2/dossiers", self.port)
    }

    /// Dossiers that the year has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.world().dossiers.len()
    }

    /// Moves the made-up world to `now`.
    pub fn set_time(&self, now: DateTime<Utc>) {
        self.world().now = now;
    }

    /// While in maintenance, a web page is shown instead of data.
    pub fn set_maintenance(&self, is_in_maintenance: bool) {
        self.world().is_in_maintenance = is_in_maintenance;
    }

    /// While set, the list is empty although nothing was finished.
    pub fn set_empty(&self, is_empty: bool) {
        self.world().is_empty = is_empty;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic happens while the lock is held")
    }
}

/// A small generator of repeatable numbers (Marsaglia's xorshift): every rehearsal is the same year.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn days(&mut self, sides: u64) -> i32 {
        i32::try_from(self.roll(sides)).unwrap_or(0)
    }
}

fn make_up(office: &Office) -> Vec<MadeUp> {
    let calendar = &office.calendar;
    let mut dice = Dice(0x2023_0101_0000_0007);
    let new_year = NaiveDate::from_ymd_opt(2023, 1, 1).expect("1 January exists");
    let mut dossiers: Vec<MadeUp> = (0..DOSSIERS)
        .map(|i| {
            let (procedure, field, days) = PROCEDURES[usize::try_from(dice.roll(7)).unwrap_or(0)];
            let received_on = calendar.first_working_day_from(new_year + chrono::Days::new(dice.roll(350)));
            let mut due_on = calendar.add_working_days(received_on, days);
            let paused = (dice.roll(12) == 0).then(|| {
                let from = calendar.add_working_days(received_on, 1);
                (from, calendar.add_working_days(from, 4 + dice.days(8)))
            });
            if let Some((_, until)) = paused {
                // The period starts again once the supplemented dossier is in (NĐ 61/2018/NĐ-CP, Điều 19.4).
                due_on = calendar.add_working_days(until, days);
            }
            let fate = dice.roll(100);
            let extended =
                (fate < 2).then(|| (calendar.add_working_days(due_on, -1), calendar.add_working_days(due_on, 5)));
            let finished_on = match (extended, fate) {
                (Some((_, new_due)), _) => new_due,
                (None, 2..8) => calendar.add_working_days(due_on, 1 + dice.days(7)),
                (None, _) => {
                    calendar.add_working_days(due_on, -dice.days(u64::try_from(days).unwrap_or(1))).max(received_on)
                }
            };
            let code = format!("SCT.{}.{:05}", received_on.format("%y%m%d"), i + 1);
            MadeUp { code, procedure, field, received_on, due_on, paused, extended, finished_on }
        })
        .collect();
    dossiers.sort_by(|a, b| (a.received_on, &a.code).cmp(&(b.received_on, &b.code)));
    dossiers
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    start: usize,
    #[serde(default)]
    end: usize,
    #[serde(default)]
    status: String,
}

async fn list(State(world): State<Arc<Mutex<World>>>, Query(query): Query<ListQuery>, headers: HeaderMap) -> Response {
    let world = world.lock().expect("no panic happens while the lock is held").shown();
    if !has_account(&headers) {
        return (
            StatusCode::UNAUTHORIZED,
            axum_json(&json!({ "timestamp": 0, "message": "permission denied", "rest_api": "" })),
        )
            .into_response();
    }
    let Shown::Dossiers(rows) = world else {
        return ([(header::CONTENT_TYPE, "text/html")], "<html><body>Hệ thống đang bảo trì</body></html>")
            .into_response();
    };
    // Without the site id the real server answers an empty list, not an error.
    let has_site = headers.get("groupId").is_some_and(|v| v.to_str().is_ok_and(|v| v == GROUP_ID.to_string()));
    let wanted: Vec<&str> = query.status.split(',').collect();
    let rows: Vec<Value> = rows
        .into_iter()
        .filter(|r| {
            has_site && (query.status.is_empty() || wanted.contains(&r["dossierStatus"].as_str().unwrap_or_default()))
        })
        .collect();
    let end = if query.end == 0 { rows.len() } else { query.end.min(rows.len()) };
    let page = rows.get(query.start.min(end)..end).unwrap_or_default();
    let body = match page {
        [] => json!({ "total": rows.len() }),
        [one] => json!({ "total": rows.len(), "data": one }),
        several => json!({ "total": rows.len(), "data": several }),
    };
    axum_json(&body).into_response()
}

fn axum_json(body: &Value) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string())
}

fn has_account(headers: &HeaderMap) -> bool {
    // `nhacviec:dien-tap` in base64; the made-up account has one spelling.
    headers.get(header::AUTHORIZATION).is_some_and(|v| v == "Basic bmhhY3ZpZWM6ZGllbi10YXA=")
}

enum Shown {
    Maintenance,
    Dossiers(Vec<Value>),
}

impl World {
    fn shown(&self) -> Shown {
        if self.is_in_maintenance {
            return Shown::Maintenance;
        }
        let local = self.now.with_timezone(&vietnam());
        let (today, time) = (local.date_naive(), local.time());
        let received = |d: &&MadeUp| d.received_on < today || (d.received_on == today && time >= nine());
        let rows = self.dossiers.iter().filter(received).filter(|d| d.finished_on >= today && !self.is_empty);
        Shown::Dossiers(rows.map(|d| d.row(today)).collect())
    }
}

impl MadeUp {
    fn row(&self, today: NaiveDate) -> Value {
        let is_paused = self.paused.is_some_and(|(from, until)| (from..until).contains(&today));
        let extended = self.extended.filter(|(on, _)| *on <= today).map(|(_, due)| at_five(due)).unwrap_or_default();
        let (status, lock) = if is_paused { ("waiting", "PAUSE") } else { ("processing", "") };
        json!({
            "dossierIdCTN": self.received_on.ordinal() * 1000 + self.due_on.ordinal(), "dossierNo": self.code,
            "serviceName": self.procedure, "domainName": self.field, "govAgencyCode": "SCT", "govAgencyName": "Sở Công Thương",
            "applicantName": "CÔNG TY TNHH VÍ DỤ", "applicantIdNo": 2_400_999_001_u64, "hasPassword": "x",
            "receiveDate": format!("{} 09:00:00", self.received_on.format("%d/%m/%Y")), "dueDate": at_five(self.due_on), "extendDate": extended,
            "releaseDate": "", "finishDate": "", "dossierStatus": status, "lockState": lock, "stepCode": 210, "stepName": "Chuyên viên thụ lý",
        })
    }
}

fn at_five(day: NaiveDate) -> String {
    format!("{} 17:00:00", day.format("%d/%m/%Y"))
}

fn nine() -> NaiveTime {
    NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock exists")
}

fn vietnam() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("seven hours are within a day")
}
