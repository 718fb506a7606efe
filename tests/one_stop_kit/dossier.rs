//! A dossier as the tests speak of it, before any system has given it its own shape.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

/// The ten statuses of the national portal, the vocabulary that all systems can be brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Registered = 1,
    Accepted,
    Refused,
    Processing,
    AwaitingPapers,
    AwaitingFee,
    Withdrawn,
    Stopped,
    Finished,
    Returned,
}

impl Status {
    pub const ALL: [Self; 10] = [
        Self::Registered,
        Self::Accepted,
        Self::Refused,
        Self::Processing,
        Self::AwaitingPapers,
        Self::AwaitingFee,
        Self::Withdrawn,
        Self::Stopped,
        Self::Finished,
        Self::Returned,
    ];

    /// `"1"` to `"10"`.
    pub fn code(self) -> String {
        (self as u8).to_string()
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::Registered => "Mới đăng ký",
            Self::Accepted => "Được tiếp nhận",
            Self::Refused => "Không được tiếp nhận",
            Self::Processing => "Đang xử lý",
            Self::AwaitingPapers => "Yêu cầu bổ sung giấy tờ",
            Self::AwaitingFee => "Yêu cầu thực hiện nghĩa vụ tài chính",
            Self::Withdrawn => "Công dân yêu cầu rút hồ sơ",
            Self::Stopped => "Dừng xử lý",
            Self::Finished => "Đã xử lý xong",
            Self::Returned => "Đã trả kết quả",
        }
    }
}

/// A dossier in no system's shape. Times are Vietnamese wall time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeDossier {
    pub code: String,
    /// What the system calls it in its own links.
    pub native_id: String,
    pub procedure: String,
    pub procedure_code: String,
    pub field: String,
    pub agency: String,
    pub agency_code: String,
    /// Where it lies: a step in one system, a unit in another.
    pub step_or_unit: String,
    pub handler: String,
    pub applicant: String,
    pub received: NaiveDateTime,
    pub due: Option<NaiveDateTime>,
    /// A later day that was promised after `due`.
    pub extended: Option<NaiveDateTime>,
    pub resolved: Option<NaiveDateTime>,
    pub returned: Option<NaiveDateTime>,
    pub status: Status,
    /// The clock stands, whatever the status says.
    pub paused: bool,
    /// `None` where the system does not tell.
    pub online: Option<bool>,
    pub by_post: bool,
}

impl FakeDossier {
    /// The name of every applicant: a test can look for it where it must not be.
    pub const APPLICANT: &str = "Công ty TNHH Ví Dụ Bí Mật";

    /// In processing since `received`, promised for `due`; both as `2025-06-17 17:00:00`.
    pub fn processing(code: &str, received: &str, due: &str) -> Self {
        Self {
            code: code.to_owned(),
            native_id: "90211".to_owned(),
            procedure: "Cấp Giấy phép bán buôn rượu trên địa bàn tỉnh".to_owned(),
            procedure_code: "2.000591".to_owned(),
            field: "Lưu thông hàng hóa".to_owned(),
            agency: "Sở Ví Dụ".to_owned(),
            agency_code: "SVD".to_owned(),
            step_or_unit: "Phòng Quản lý thương mại".to_owned(),
            handler: "Trần Thị Mẫu".to_owned(),
            applicant: Self::APPLICANT.to_owned(),
            received: local(received),
            due: Some(local(due)),
            extended: None,
            resolved: None,
            returned: None,
            status: Status::Processing,
            paused: false,
            online: Some(true),
            by_post: false,
        }
    }

    /// `count` of them, `HS-001` and on, a minute apart; all promised for `due`.
    pub fn several(count: usize, due: &str) -> Vec<Self> {
        let first = Self::processing("HS", "2025-06-03 09:00:00", due);
        let numbered = |number: usize| Self {
            code: format!("HS-{number:03}"),
            native_id: (90_000 + number).to_string(),
            received: first.received + chrono::TimeDelta::minutes(i64::try_from(number).unwrap_or(0)),
            ..first.clone()
        };
        (1..=count).map(numbered).collect()
    }

    /// The status where a system knows no other way to say that the clock stands.
    pub fn status_with_pause(&self) -> Status {
        match self.status {
            Status::Accepted | Status::Processing if self.paused => Status::AwaitingPapers,
            status => status,
        }
    }
}

/// A wall time, as `2025-06-17 17:00:00`.
pub fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").expect("the tests write times as 2025-06-17 17:00:00")
}

/// The moment at which clocks in Vietnam show `text`.
pub fn moment(text: &str) -> DateTime<Utc> {
    local(text).and_local_timezone(vietnam()).single().expect("a fixed offset has no gaps").to_utc()
}

pub fn vietnam() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("+07:00 is an offset")
}
