//! VNPT iGate V2: a Keycloak that gives tokens for five minutes, and a gateway with the list of dossiers.

mod filters;
mod row;
mod tokens;

use serde_json::{Value, json};

use self::tokens::Tokens;
use super::{
    fault::AnyFault,
    reply::Reply,
    server::FakeServer,
    visit::{System, Visit},
};

/// What goes wrong, or differs from one deployment to the next, in iGate only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IGateFault {
    /// The procedure's `translate` is one object.
    TranslateAsObject,
    /// The procedure's `translate` is an object with the keys `"0"` and `"1"`.
    TranslateNumbered,
    /// `currentTask` is one object.
    CurrentTaskAsObject,
    /// Nobody has the dossier in hand: `currentTask` is empty.
    NoCurrentTask,
    /// Dates of older rows: `…+0000`.
    DatesInUtc,
    /// Dates as `…Z`.
    DatesWithZ,
    /// Dates as `…+07:00`.
    DatesWithColon,
    /// HTTP 502 with the gateway's page.
    GatewayHtml,
    /// HTTP 200 with the login page instead of data.
    HtmlLogin,
    /// All dossiers are in this status, which no table lists.
    UnknownStatus(i64),
}

impl From<IGateFault> for AnyFault<IGateFault> {
    fn from(fault: IGateFault) -> Self {
        Self::Own(fault)
    }
}

#[derive(Debug, Default)]
pub struct IGateSystem {
    tokens: Tokens,
}

pub type IGate = FakeServer<IGateSystem>;

impl IGate {
    pub const TOKEN_PATH: &str = "/auth/realms/digo/protocol/openid-connect/token";
    pub const PATH: &str = "/pa/dossier/search";
    /// Of the password grant; it has no secret.
    pub const PUBLIC_CLIENT: &str = "web-onegate";
    pub const USER: &str = "canbo.mau";
    pub const PASSWORD: &str = "mat-khau-vi-du";
    /// Of the `client_credentials` grant.
    pub const CLIENT: &str = "nhacviec";
    pub const CLIENT_SECRET: &str = "khoa-ung-dung-vi-du";

    pub fn url(&self) -> String {
        self.base_url() + Self::PATH
    }

    pub fn token_url(&self) -> String {
        self.base_url() + Self::TOKEN_PATH
    }

    /// Ends every access token at once, before its five minutes are over.
    pub fn expire_tokens(&self) {
        self.with_system(|system| system.tokens.expire_all());
    }

    /// Tokens given so far.
    pub fn tokens_given(&self) -> usize {
        self.with_system(|system| system.tokens.given())
    }
}

impl System for IGateSystem {
    type Fault = IGateFault;

    fn answer(&mut self, visit: &Visit<'_, IGateFault>) -> Reply {
        if visit.meets(&IGateFault::GatewayHtml) {
            return Reply::html(502, "502 Bad Gateway");
        }
        if visit.meets(&IGateFault::HtmlLogin) {
            return Reply::html(200, "Sign in to digo");
        }
        if visit.is("POST", IGate::TOKEN_PATH) {
            return self.tokens.grant(visit.request, visit.now);
        }
        if !visit.is("GET", IGate::PATH) {
            return Reply::not_found();
        }
        if !visit.request.bearer().is_some_and(|token| self.tokens.is_valid(token, visit.now)) {
            return Reply::json(401, &json!({ "error": "invalid_token" })).with("www-authenticate", "Bearer");
        }
        list(visit)
    }
}

fn list(visit: &Visit<'_, IGateFault>) -> Reply {
    let request = visit.request;
    let number = |key, default| request.filled(key).map_or(Ok(default), str::parse::<usize>);
    let (Ok(number), Ok(size)) = (number("page", 0), number("size", 10)) else {
        return Reply::json(400, &json!({ "status": 400, "error": "Bad Request" }));
    };
    let size = size.max(1);
    let rows = visit.rows.select(|row| filters::keep(request, row));
    let page = rows.page(number.saturating_mul(size), size);
    let content: Vec<Value> = page.rows.iter().map(|row| row::tell(row, visit)).collect();
    let mut body = json!({
        "pageable": { "pageNumber": number, "pageSize": size }, "last": page.is_last, "size": size, "number": number,
        "numberOfElements": content.len(), "first": number == 0, "empty": content.is_empty(), "content": content,
    });
    if request.query("spec") != Some("slice") {
        body["totalElements"] = page.total.into();
        body["totalPages"] = page.total.div_ceil(size).into();
    }
    Reply::json(200, &body)
}
