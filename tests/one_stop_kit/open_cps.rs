//! OpenCPS version 2: `GET /o/rest/v2/dossiers`, with what its filter, its list and its JSON writer are known for.

mod filters;
mod jettison;
mod row;

use self::{
    filters::{Filters, Window},
    jettison::Record,
};
use super::{
    dossier::FakeDossier,
    fault::AnyFault,
    reply::Reply,
    server::FakeServer,
    text::{basic_login, element},
    visit::{System, Visit},
};

const WRONG_LOGINS_ALLOWED: u32 = 5;

/// What goes wrong, or differs, in OpenCPS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenCpsFault {
    /// HTTP 203 with an error as JSON.
    NotSignedIn,
    /// HTTP 403 "No Content.", for anything that failed inside.
    NoContent,
    /// HTTP 200 with what is otherwise the body of a 403.
    NoContentWith200,
    /// HTTP 200 and no rows, as a guest may get.
    TakenForGuest,
    /// The login page of a proxy, with HTTP 200.
    HtmlLogin,
    /// After the answer the first row goes to the end: the next page misses one, the last has one twice.
    RowMoves,
    /// `fromDueDate` and `toDueDate` count in the list, as in release candidate 3.
    HonoursDueDates,
    /// Paused dossiers show `PAUSE_OVERDUE`.
    PauseOverdue,
}

impl From<OpenCpsFault> for AnyFault<OpenCpsFault> {
    fn from(fault: OpenCpsFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug)]
pub struct OpenCpsSystem {
    account: (String, String),
    wrong_logins: u32,
    refusals_left: u32,
    moved: usize,
}

pub type OpenCps = FakeServer<OpenCpsSystem>;

impl OpenCps {
    pub const USER: &str = "nhacviec";
    pub const PASSWORD: &str = "mat-khau-vi-du";
    /// The Liferay site.
    pub const GROUP_ID: &str = "35166";
    pub const PATH: &str = "/o/rest/v2/dossiers";
    /// Requests that a locked account stays refused, whatever the password.
    pub const LOCKED_FOR: u32 = 10;

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }

    pub fn set_account(&self, user: &str, password: &str) {
        self.with_system(|system| system.account = (user.to_owned(), password.to_owned()));
    }

    /// Wrong logins since the last right one or the end of a lock.
    pub fn wrong_logins(&self) -> u32 {
        self.with_system(|system| system.wrong_logins)
    }

    pub fn is_locked(&self) -> bool {
        self.with_system(|system| system.refusals_left > 0)
    }
}

impl Default for OpenCpsSystem {
    fn default() -> Self {
        let account = (OpenCps::USER.to_owned(), OpenCps::PASSWORD.to_owned());
        Self { account, wrong_logins: 0, refusals_left: 0, moved: 0 }
    }
}

impl System for OpenCpsSystem {
    type Fault = OpenCpsFault;

    fn answer(&mut self, visit: &Visit<'_, OpenCpsFault>) -> Reply {
        if visit.meets(&OpenCpsFault::HtmlLogin) {
            return Reply::html(200, "Đăng nhập");
        }
        if !self.lets_in(visit) {
            let body = format!(
                r#"{{"timestamp":{},"message":"permission denied","rest_api":""}}"#,
                visit.now.timestamp_millis()
            );
            return Reply::json(401, &body);
        }
        if visit.meets(&OpenCpsFault::NotSignedIn) {
            return failure(203, 203, "Non-Authoritative Information.");
        }
        if visit.meets(&OpenCpsFault::NoContent) {
            return failure(403, 403, "No Content.");
        }
        if visit.meets(&OpenCpsFault::NoContentWith200) {
            return failure(200, 403, "No Content.");
        }
        match (visit.request.method.as_str(), visit.request.path.as_str()) {
            ("GET", OpenCps::PATH) => self.list(visit, visit.meets(&OpenCpsFault::HonoursDueDates)),
            ("GET", "/o/rest/v2/dossiers/todo") => self.list(visit, true),
            _ => Reply::not_found(),
        }
    }
}

fn failure(status: u16, code: u16, message: &str) -> Reply {
    Reply::json(status, &format!(r#"{{"message":"{message}","code":{code},"description":"{message}"}}"#))
}

impl OpenCpsSystem {
    /// The filter in front of all paths. It cuts the password at its first colon.
    fn lets_in(&mut self, visit: &Visit<'_, OpenCpsFault>) -> bool {
        let Some(header) = visit.request.header("authorization") else { return false };
        if self.refusals_left > 0 {
            self.refusals_left -= 1;
            if self.refusals_left == 0 {
                self.wrong_logins = 0;
            }
            return false;
        }
        let login = basic_login(header);
        let cut = |password: &str| password.split(':').next().unwrap_or_default().to_owned();
        if login.is_some_and(|(user, password)| (user, cut(&password)) == self.account) {
            self.wrong_logins = 0;
            return true;
        }
        self.wrong_logins += 1;
        if self.wrong_logins >= WRONG_LOGINS_ALLOWED {
            self.refusals_left = OpenCps::LOCKED_FOR;
        }
        false
    }

    fn list(&mut self, visit: &Visit<'_, OpenCpsFault>, honours_due_dates: bool) -> Reply {
        let Ok(window) = Window::of(visit.request) else { return failure(403, 403, "No Content.") };
        // Another site, or none (read as 0), has no dossiers; that is no error.
        let is_known_site = visit.request.header("groupid") == Some(OpenCps::GROUP_ID);
        let mut rows = visit.rows.clone();
        if !is_known_site || visit.meets(&OpenCpsFault::TakenForGuest) {
            rows.list_mut().clear();
        }
        let filters = Filters::of(visit.request, honours_due_dates);
        let mut rows = rows.select(|row| filters.keep(row, visit.wall_time()));
        filters.sort(rows.list_mut());
        let moved = self.moved % rows.list().len().max(1);
        rows.list_mut().rotate_left(moved);
        if visit.meets(&OpenCpsFault::RowMoves) {
            self.moved += 1;
        }
        let page = rows.page(window.start, window.size);
        let tell = |row: &FakeDossier| row::tell(row, visit.wall_time(), visit.meets(&OpenCpsFault::PauseOverdue));
        let records: Vec<Record> = page.rows.iter().map(tell).collect();
        let accept = visit.request.header("accept").unwrap_or_default();
        if accept.contains("application/json") {
            Reply::json(200, &as_json(page.total, &records))
        } else {
            Reply::xml(200, "application/xml", &as_xml(page.total, &records))
        }
    }
}

/// One row comes as an object, none leaves `data` out.
fn as_json(total: usize, records: &[Record]) -> String {
    let rows: Vec<String> = records.iter().map(Record::to_json).collect();
    match &rows[..] {
        [] => format!(r#"{{"total":{total}}}"#),
        [one] => format!(r#"{{"total":{total},"data":{one}}}"#),
        several => format!(r#"{{"total":{total},"data":[{}]}}"#, several.join(",")),
    }
}

fn as_xml(total: usize, records: &[Record]) -> String {
    let rows: String = records.iter().map(|record| element("data", &record.to_xml())).collect();
    format!("<DossierResultsModel><total>{total}</total>{rows}</DossierResultsModel>")
}
