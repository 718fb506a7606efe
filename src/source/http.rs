//! Owns the reading of a list over HTTP as a profile says, with limits on everything.
//!
//! An answer counts only if it is HTTP 200, written as the profile says, and does not call itself an error. HTTP 203 is
//! how OpenCPS says "not signed in"; it is a success for every HTTP library and must not be one here.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use secrecy::SecretString;

use super::{
    DossierSource, End, HttpSettings, Interrupted, Page, Pages, Sample, SourceError, SourceSettings,
    auth::{Held, show},
    fill::Values,
    mapping::Mapping,
    page::{self, Envelope},
    profile::{Auth, Body, Format, PagingKind},
    xml,
};
use crate::{
    clock::{Clock as _, SystemClock},
    domain::dossier::Extent,
};

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// A page of a thousand rows has some two megabytes.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// No office has so many dossiers; a server that never ends its list is stopped there.
const MAX_ROWS: u64 = 5_000_000;
/// The same for its pages.
const MAX_PAGES: u64 = 200_000;
/// Some .NET services put it in front; JSON may not begin with it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// Clocks that differ by more make "today" differ.
const MOST_SKEW: chrono::Duration = chrono::Duration::minutes(5);

pub struct HttpSource {
    source: SourceSettings,
    settings: HttpSettings,
    mapping: Arc<Mapping>,
    /// Or why there is none: a machine without certificates must still remind of its plan.
    client: Result<reqwest::Client, String>,
    held: Held,
}

/// Where in the list a request stands.
#[derive(Debug, Clone, Default)]
struct At {
    page: u64,
    row: u64,
    cursor: String,
    code: String,
}

/// An answer with what it tells about the server's clock.
struct Answer {
    envelope: Envelope,
    page: Page,
    skew: Option<chrono::Duration>,
}

/// An answer that has arrived.
struct Fetched {
    text: String,
    skew: Option<chrono::Duration>,
}

/// Why a page did not come.
struct Refused {
    error: SourceError,
    /// Whether the session or token may have come to its end.
    has_ended: bool,
}

impl From<SourceError> for Refused {
    fn from(error: SourceError) -> Self {
        Self { has_ended: matches!(error, SourceError::AccessDenied { .. }), error }
    }
}

impl HttpSource {
    pub fn new(source: SourceSettings, settings: HttpSettings) -> Self {
        let mapping = Arc::new(settings.profile.mapping(source.shows_applicants));
        Self { client: client(&settings), mapping, held: Held::default(), source, settings }
    }

    fn size(&self) -> u64 {
        u64::from(self.settings.page_size.unwrap_or(self.settings.profile.paging.size))
    }

    fn values(&self, at: &At) -> Result<Values, SourceError> {
        let settings = &self.settings;
        let paging = &settings.profile.paging;
        let mut values = Values { parameters: settings.parameters.clone(), ..Values::default() };
        values.plain = BTreeMap::from([
            ("start", (at.row + paging.first).to_string()),
            ("end", (at.row + paging.first + self.size()).to_string()),
            ("page", (at.page + paging.first).to_string()),
            ("size", self.size().to_string()),
            ("cursor", at.cursor.clone()),
            ("code", at.code.clone()),
        ]);
        if let Some(user) = &settings.user {
            values.plain.insert("user", user.clone());
        }
        for (name, file) in [("password", &settings.password), ("client_secret", &settings.client_secret)] {
            if let Some(file) = file {
                let secret = file.read().map_err(|e| SourceError::unavailable(e.to_string()))?;
                values.secrets.insert(name, secret);
            }
        }
        Ok(values)
    }

    fn request(
        &self,
        client: &reqwest::Client,
        values: &Values,
        token: Option<&SecretString>,
    ) -> Result<RequestBuilder, SourceError> {
        let profile = &self.settings.profile;
        let mut url = self.settings.url.clone();
        if url.path() == "/" {
            url = url
                .join(&values.text(&profile.request.path))
                .map_err(|_| SourceError::unavailable("địa chỉ url không ghép được với đường dẫn của loại hệ thống"))?;
        }
        // What the source says counts more than what its profile says.
        let own = values.pairs(&self.settings.query);
        let mut query = values.pairs(&profile.request.query);
        query.retain(|(key, _)| !own.iter().any(|(k, _)| k == key));
        query.extend(own);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = if profile.request.is_post { client.post(url) } else { client.get(url) };
        for (name, value) in values.pairs(&profile.request.headers) {
            request = request.header(name, value);
        }
        Ok(show(with_body(request, &profile.request.body, values), &profile.auth, values, token))
    }

    /// Asks for a page. A session or token that ended meanwhile is renewed, once; one that was got for this very page
    /// did not end, and getting another would only be one more login.
    async fn ask(&self, at: &At) -> Result<Answer, SourceError> {
        let client = self.client.as_ref().map_err(|sentence| SourceError::unavailable(sentence.clone()))?;
        let mut values = self.values(at)?;
        let mut is_refused = false;
        loop {
            let token = self.held.get(client, &self.settings, &values, is_refused).await?;
            if let Some(token) = &token {
                values.secrets.insert("session", token.secret.clone());
            }
            let request = self.request(client, &values, token.as_ref().map(|t| &t.secret))?;
            let answer = self.exchange(request).await.and_then(|fetched| self.read_answer(fetched));
            match answer {
                Err(Refused { has_ended: true, .. }) if token.is_some_and(|t| !t.is_fresh) => is_refused = true,
                answer => return answer.map_err(|refused| refused.error),
            }
        }
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Fetched, Refused> {
        let profile = &self.settings.profile;
        let response = send(request, &self.settings).await?;
        if profile.answer.denied_status.contains(&response.status().as_u16())
            || response.status() == StatusCode::UNAUTHORIZED
        {
            let sentence = format!(
                "hệ thống một cửa không nhận tài khoản (HTTP {}); kiểm tra user và tệp mật khẩu, rồi khởi động lại dịch vụ",
                response.status().as_u16()
            );
            return Err(SourceError::AccessDenied { sentence }.into());
        }
        if response.status() != StatusCode::OK {
            return Err(refused(&response).into());
        }
        let skew = skew(&response);
        Ok(Fetched { text: read_body(response, self.settings.timeout).await?, skew })
    }

    fn read_answer(&self, Fetched { text, skew }: Fetched) -> Result<Answer, Refused> {
        let profile = &self.settings.profile;
        let text = match profile.format {
            Format::Json => text,
            Format::Xml => xml::to_json(&text)
                .ok_or_else(|| SourceError::not_understood("hệ thống một cửa trả về XML hỏng hoặc không phải XML"))?,
        };
        let (envelope, page) = page::read(text, &profile.answer, &self.mapping).map_err(|error| {
            // Such a system tells the end of a session like any other failure: with HTTP 200.
            let may_have_ended = matches!(error, SourceError::Unavailable { .. });
            let refused = Refused::from(error);
            let has_ended = refused.has_ended || (may_have_ended && matches!(profile.auth, Auth::Session { .. }));
            Refused { has_ended, ..refused }
        })?;
        Ok(Answer { envelope, page, skew })
    }

    /// Reads until the list ends, a page fails or a limit is reached.
    async fn read_list(&self, pages: &mut dyn Pages) -> Result<End, Interrupted> {
        let mut reading = Reading::default();
        loop {
            let answer = match self.ask(&reading.at).await {
                Ok(answer) => answer,
                Err(error) => return Ok(reading.broken(error)),
            };
            let Answer { envelope, page, skew } = answer;
            reading.note_skew(skew);
            let distinct = pages.take(page).await?;
            if !reading.goes_on(&envelope, self.settings.profile.paging.kind, self.size()) {
                return Ok(reading.ended(distinct));
            }
            self.rest().await;
        }
    }

    /// Asks about each number by itself; one that fails leaves the answer incomplete.
    async fn read_codes(&self, pages: &mut dyn Pages) -> Result<End, Interrupted> {
        let mut reading = Reading::default();
        let codes = match self.codes() {
            Ok(codes) => codes,
            Err(error) => return Ok(reading.broken(error)),
        };
        for code in codes {
            reading.at.code = code;
            match self.ask(&reading.at).await {
                Ok(Answer { page, skew, .. }) => {
                    reading.note_skew(skew);
                    pages.take(page).await?;
                }
                Err(error) => return Ok(reading.broken(error)),
            }
            self.rest().await;
        }
        Ok(End { extent: Extent::Full, trouble: None, remarks: reading.remarks })
    }

    fn codes(&self) -> Result<Vec<String>, SourceError> {
        let path = self.settings.codes_file.as_deref();
        let path = path.ok_or_else(|| SourceError::unavailable("chưa có tệp danh sách mã hồ sơ (codes_file)"))?;
        let text = fs::read_to_string(path).map_err(|_| {
            SourceError::unavailable(format!("không đọc được tệp danh sách mã hồ sơ {}", path.display()))
        })?;
        Ok(text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned).collect())
    }

    async fn rest(&self) {
        let pause = self.settings.pause.unwrap_or(self.settings.profile.paging.pause);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

#[async_trait]
impl DossierSource for HttpSource {
    fn settings(&self) -> &SourceSettings {
        &self.source
    }

    async fn read(&self, pages: &mut dyn Pages) -> Result<End, Interrupted> {
        match self.settings.profile.paging.kind {
            PagingKind::Codes => self.read_codes(pages).await,
            _ => self.read_list(pages).await,
        }
    }
}

/// How far a list has been read.
#[derive(Debug, Default)]
struct Reading {
    at: At,
    has_answered: bool,
    /// What each page said of the whole; it must not change while we read.
    total: Option<u64>,
    is_steady: Option<bool>,
    is_cut: bool,
    remarks: Vec<String>,
}

impl Reading {
    /// Notes a page; whether there may be another.
    fn goes_on(&mut self, envelope: &Envelope, kind: PagingKind, size: u64) -> bool {
        let steady = self.is_steady.unwrap_or(true) && (self.is_steady.is_none() || self.total == envelope.total);
        // An empty page that is not the last hides some rows.
        let is_hollow = envelope.rows == 0 && envelope.is_last == Some(false);
        self.is_steady = Some(steady && !is_hollow);
        self.total = envelope.total;
        self.at.page += 1;
        self.at.row += envelope.rows;
        // A list that got shorter while we read it ends early.
        let is_over = match (kind, envelope.is_last, envelope.total) {
            (PagingKind::Single | PagingKind::Codes, ..) => true,
            (PagingKind::Cursor, ..) => match &envelope.next {
                Some(next) if *next != self.at.cursor => {
                    self.at.cursor.clone_from(next);
                    false
                }
                _ => true,
            },
            _ if envelope.rows == 0 => true,
            (_, Some(is_last), None) => is_last,
            (_, _, Some(total)) => self.at.row >= total,
            (_, None, None) => envelope.rows < size,
        };
        self.is_cut = !is_over && (self.at.row >= MAX_ROWS || self.at.page >= MAX_PAGES);
        !is_over && !self.is_cut
    }

    fn note_skew(&mut self, skew: Option<chrono::Duration>) {
        let is_first = !std::mem::replace(&mut self.has_answered, true);
        let Some(skew) = skew.filter(|_| is_first) else { return };
        let minutes = skew.num_minutes();
        let which = if minutes > 0 { "chậm hơn" } else { "nhanh hơn" };
        self.remarks.push(format!(
            "đồng hồ máy này {which} máy chủ một cửa {} phút; kiểm tra đồng bộ giờ của cả hai máy",
            minutes.abs()
        ));
    }

    /// While rows come and go pages overlap or leave gaps: only a total that stood still, and as many distinct rows,
    /// are complete.
    fn ended(self, distinct: u64) -> End {
        let is_counted = self.total.is_none_or(|total| total == distinct);
        let is_complete = !self.is_cut && self.is_steady.unwrap_or(true) && is_counted;
        let trouble = self.is_cut.then(|| SourceError::not_understood("danh sách dài bất thường, đã ngừng đọc"));
        let extent = if is_complete { Extent::Full } else { Extent::Partial };
        End { extent, trouble, remarks: self.remarks }
    }

    fn broken(self, error: SourceError) -> End {
        End { extent: Extent::Partial, trouble: Some(error), remarks: self.remarks }
    }
}

fn client(settings: &HttpSettings) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(settings.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .gzip(true);
    builder = match &settings.proxy {
        None => builder.no_proxy(),
        Some(url) => {
            builder.proxy(reqwest::Proxy::all(url.clone()).map_err(|e| format!("proxy không dùng được ({e})"))?)
        }
    };
    if let Some(path) = &settings.ca_file {
        let unusable = || format!("không dùng được chứng chỉ gốc {}", path.display());
        let pem = fs::read(path).map_err(|_| unusable())?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| unusable())?;
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some(file) = &settings.client_certificate {
        let pem = file.read().map_err(|e| e.to_string())?;
        let identity = reqwest::Identity::from_pem(secrecy::ExposeSecret::expose_secret(&pem).as_bytes());
        builder = builder
            .identity(identity.map_err(|_| {
                format!("tệp «{}» không có đủ chứng chỉ và khóa riêng dạng PEM của máy này", file.name)
            })?);
    }
    builder.build().map_err(|error| format!("máy này chưa kết nối TLS được; kiểm tra gói ca-certificates ({error})"))
}

/// Puts the body on a request.
pub fn with_body(request: RequestBuilder, body: &Body, values: &Values) -> RequestBuilder {
    match body {
        Body::Empty => request,
        Body::Json(template) => {
            request.header(header::CONTENT_TYPE, "application/json").body(values.json(template).to_string())
        }
        Body::Form(pairs) => request.form(&values.pairs(pairs)),
        Body::Xml(template) => {
            request.header(header::CONTENT_TYPE, "text/xml; charset=utf-8").body(values.xml(template))
        }
    }
}

/// Sends a request; what goes wrong on the way is said without addresses or secrets.
pub async fn send(request: RequestBuilder, settings: &HttpSettings) -> Result<Response, SourceError> {
    request.send().await.map_err(|e| transport_error(&e, settings.timeout))
}

fn transport_error(error: &reqwest::Error, limit: Duration) -> SourceError {
    SourceError::unavailable(if error.is_timeout() && !error.is_connect() {
        format!("hệ thống một cửa không trả lời trong {} giây", limit.as_secs())
    } else if error.is_connect() {
        "không kết nối được hệ thống một cửa; kiểm tra địa chỉ, mạng và chứng chỉ".to_owned()
    } else {
        "mất liên lạc với hệ thống một cửa giữa chừng".to_owned()
    })
}

/// What a status other than 200 means.
pub fn refused(response: &Response) -> SourceError {
    let status = response.status();
    if status == StatusCode::FORBIDDEN {
        return SourceError::unavailable(
            "hệ thống một cửa từ chối (HTTP 403); nếu kéo dài, kiểm tra quyền của tài khoản và các tham số (parameters)",
        );
    }
    if status.is_redirection() {
        let sentence =
            format!("hệ thống một cửa chuyển sang trang khác (HTTP {}); kiểm tra địa chỉ url", status.as_u16());
        return SourceError::NotUnderstood { sentence };
    }
    SourceError::Unavailable {
        sentence: format!("hệ thống một cửa báo lỗi HTTP {}", status.as_u16()),
        retry_after: retry_after(response),
    }
}

/// The wait that the server asks for, in seconds or as a date (RFC 9110, section 10.2.3). A date is one of the server's
/// own clock, which may differ from ours.
fn retry_after(response: &Response) -> Option<chrono::Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    let until = |at: DateTime<Utc>| (at - server_time(response).unwrap_or_else(|| SystemClock.now())).num_seconds();
    let seconds = text.parse::<i64>().ok().or_else(|| http_date(text).map(until))?;
    Some(chrono::Duration::seconds(seconds.clamp(0, 24 * 3600)))
}

fn server_time(response: &Response) -> Option<DateTime<Utc>> {
    http_date(response.headers().get(header::DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc())
}

/// By how much the server's clock is ahead of ours, when that is too much.
fn skew(response: &Response) -> Option<chrono::Duration> {
    let ahead = server_time(response)? - SystemClock.now();
    (ahead.abs() > MOST_SKEW).then_some(ahead)
}

/// Reads a body up to the limit.
pub async fn read_body(mut response: Response, limit: Duration) -> Result<String, SourceError> {
    let mut body = Vec::with_capacity(
        response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(MAX_PAGE_BYTES),
    );
    while let Some(chunk) = response.chunk().await.map_err(|e| transport_error(&e, limit))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_PAGE_BYTES {
            return Err(SourceError::not_understood("câu trả lời của hệ thống một cửa quá lớn; giảm page_size"));
        }
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(body)
        .map_err(|_| SourceError::not_understood("hệ thống một cửa trả lời không phải văn bản UTF-8"))
}

/// Asks for the first page only, and tells what was asked.
pub async fn sample(source: &SourceSettings, settings: &HttpSettings) -> Sample {
    let reader = HttpSource::new(source.clone(), settings.clone());
    let mut at = At::default();
    if settings.profile.paging.kind == PagingKind::Codes {
        at.code = reader.codes().ok().and_then(|codes| codes.into_iter().next()).unwrap_or_default();
    }
    let mut sample = Sample { request: reader.describe(&at), ..Sample::default() };
    match reader.ask(&at).await {
        Ok(Answer { envelope, mut page, .. }) => {
            sample.total = envelope.total;
            sample.raw = page.rows.raw().and_then(|text| page::first_row(text, &settings.profile.answer.rows));
            sample.take(&mut page, SystemClock.now());
        }
        Err(error) => sample.trouble = Some(error),
    }
    sample
}

impl HttpSource {
    /// The request as it would be sent, with `***` for secrets.
    fn describe(&self, at: &At) -> String {
        let masked = || SecretString::from("***".to_owned());
        let mut values = self.values(at).unwrap_or_default();
        values.secrets = ["password", "session", "client_secret"].map(|name| (name, masked())).into();
        let Ok(client) = &self.client else { return String::new() };
        let request = self.request(client, &values, Some(&masked())).ok().and_then(|r| r.build().ok());
        let Some(request) = request else { return String::new() };
        let mut lines = vec![format!("{} {}", request.method(), request.url())];
        for (name, value) in request.headers() {
            let is_secret = value.is_sensitive() || *name == header::AUTHORIZATION;
            lines.push(format!("{name}: {}", if is_secret { "***" } else { value.to_str().unwrap_or("…") }));
        }
        if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
            lines.push(String::from_utf8_lossy(body).into_owned());
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_slice_that_is_not_the_last_leaves_the_list_incomplete() {
        let slice = |rows, is_last| Envelope { rows, is_last: Some(is_last), ..Envelope::default() };
        let read = |slices: &[Envelope]| {
            let mut reading = Reading::default();
            let goes_on: Vec<_> = slices.iter().map(|s| reading.goes_on(s, PagingKind::Page, 3)).collect();
            (goes_on, reading.ended(4).extent == Extent::Full)
        };
        assert_eq!(read(&[slice(3, false), slice(1, true)]), (vec![true, false], true));
        assert_eq!(read(&[slice(3, false), slice(0, false)]), (vec![true, false], false));
    }
}
