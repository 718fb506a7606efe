//! Reads a paged JSON list over HTTP, with limits on everything.
//!
//! An answer counts only if it is HTTP 200, JSON, and announces its total. HTTP 203 is how OpenCPS says
//! "not signed in"; it is a success for every HTTP library and must not be one here.

use std::{collections::HashSet, fs, time::Duration};

use async_trait::async_trait;
use reqwest::{Response, StatusCode, header};
use secrecy::ExposeSecret;

use super::{DossierSource, Fetched, Profile, SourceError, SourceSettings, opencps};
use crate::domain::dossier::{Dossier, Snapshot};

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// A page of a thousand rows has some two megabytes.
const MAX_PAGE_BYTES: usize = 32 << 20;
/// No office has so many open dossiers; a server that never ends its list is stopped there.
const MAX_ROWS: u64 = 200_000;

pub struct HttpJsonSource {
    settings: SourceSettings,
    /// Or why there is none: a machine without certificates must still remind of its plan.
    client: Result<reqwest::Client, String>,
}

/// One page, decoded by the profile.
pub struct Page {
    /// Rows that exist in all.
    pub total: u64,
    /// Rows that this page held, usable or not.
    pub rows: usize,
    /// Each usable row with the system's own id for it.
    pub dossiers: Vec<(String, Dossier)>,
    /// Rows without a code.
    pub unusable: usize,
    /// What is wrong with rows, without anything about the applicant.
    pub remarks: Vec<String>,
}

impl HttpJsonSource {
    pub fn new(settings: SourceSettings) -> Self {
        Self { client: client(&settings), settings }
    }

    async fn fetch_page(&self, start: u64) -> Result<Page, SourceError> {
        let settings = &self.settings;
        let client = self.client.as_ref().map_err(|sentence| unavailable(sentence.clone()))?;
        let password = settings
            .password
            .read()
            .map_err(|e| unavailable(format!("không đọc được mật khẩu của hệ thống một cửa ({e})")))?;
        let mut url = settings.url.clone();
        url.query_pairs_mut()
            .extend_pairs(&settings.query)
            .append_pair("start", &start.to_string())
            .append_pair("end", &(start + u64::from(settings.page_size)).to_string());
        let request = client
            .get(url)
            .header(header::ACCEPT, "application/json")
            .header("groupId", settings.group_id.to_string())
            .basic_auth(&settings.user, Some(password.expose_secret()));
        let response = request.send().await.map_err(|e| transport_error(&e, settings.timeout))?;
        let body = read_body(check_status(response)?, settings.timeout).await?;
        match settings.profile {
            Profile::OpenCpsV2 => opencps::read_page(&body),
        }
    }
}

fn client(settings: &SourceSettings) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(settings.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .gzip(true);
    if let Some(path) = &settings.ca_file {
        let unusable = || format!("không dùng được chứng chỉ gốc {}", path.display());
        let pem = fs::read(path).map_err(|_| unusable())?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| unusable())?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| format!("máy này chưa kết nối TLS được; kiểm tra gói ca-certificates ({error})"))
}

#[async_trait]
impl DossierSource for HttpJsonSource {
    fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    async fn fetch(&self) -> Result<Fetched, SourceError> {
        let first = self.fetch_page(0).await?;
        let mut collected = Collected::default();
        let (mut total, mut read) = (first.total, first.rows as u64);
        collected.add(first);
        let (mut trouble, mut is_steady) = (None, true);
        while read < total.min(MAX_ROWS) {
            match self.fetch_page(read).await {
                // A list that got shorter while we read it ends early.
                Ok(page) if page.rows == 0 => break,
                Ok(page) => {
                    is_steady &= page.total == total;
                    (total, read) = (page.total, read + page.rows as u64);
                    collected.add(page);
                }
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        // While rows come and go pages overlap or leave gaps: only a total that stood still and as many
        // distinct rows are complete.
        let is_complete = trouble.is_none() && is_steady && collected.rows() == total;
        let snapshot = Snapshot { dossiers: collected.dossiers, is_complete, remarks: collected.remarks };
        Ok(Fetched { snapshot, trouble })
    }
}

#[derive(Default)]
struct Collected {
    ids: HashSet<String>,
    codes: HashSet<String>,
    dossiers: Vec<Dossier>,
    unusable: usize,
    remarks: Vec<String>,
}

impl Collected {
    fn add(&mut self, page: Page) {
        self.unusable += page.unusable;
        self.remarks.extend(page.remarks);
        for (id, dossier) in page.dossiers {
            self.ids.insert(id);
            // Two rows may carry one number; the first one stands for both.
            if self.codes.insert(dossier.code.clone()) {
                self.dossiers.push(dossier);
            }
        }
    }

    fn rows(&self) -> u64 {
        (self.ids.len() + self.unusable) as u64
    }
}

fn unavailable(sentence: String) -> SourceError {
    SourceError::Unavailable { sentence, retry_after: None }
}

fn transport_error(error: &reqwest::Error, limit: Duration) -> SourceError {
    if error.is_timeout() && !error.is_connect() {
        return unavailable(format!("hệ thống một cửa không trả lời trong {} giây", limit.as_secs()));
    }
    if error.is_connect() {
        return unavailable("không kết nối được hệ thống một cửa; kiểm tra địa chỉ, mạng và chứng chỉ".to_owned());
    }
    unavailable("mất liên lạc với hệ thống một cửa giữa chừng".to_owned())
}

fn check_status(response: Response) -> Result<Response, SourceError> {
    let status = response.status();
    match status {
        StatusCode::OK => Ok(response),
        StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::UNAUTHORIZED => Err(SourceError::AccessDenied {
            sentence: format!(
                "hệ thống một cửa không nhận tài khoản (HTTP {}); kiểm tra user và tệp mật khẩu, rồi khởi động lại dịch vụ",
                status.as_u16()
            ),
        }),
        StatusCode::FORBIDDEN => Err(unavailable(
            "hệ thống một cửa từ chối (HTTP 403); nếu kéo dài, kiểm tra quyền của tài khoản và group_id".to_owned(),
        )),
        status if status.is_redirection() => Err(SourceError::NotUnderstood {
            sentence: format!(
                "hệ thống một cửa chuyển sang trang khác (HTTP {}); kiểm tra địa chỉ url",
                status.as_u16()
            ),
        }),
        status => {
            let seconds =
                response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
            let retry_after = seconds.map(|s: i64| chrono::Duration::seconds(s.clamp(0, 24 * 3600)));
            Err(SourceError::Unavailable {
                sentence: format!("hệ thống một cửa báo lỗi HTTP {}", status.as_u16()),
                retry_after,
            })
        }
    }
}

async fn read_body(mut response: Response, limit: Duration) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| transport_error(&e, limit))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_PAGE_BYTES {
            return Err(SourceError::NotUnderstood {
                sentence: "câu trả lời của hệ thống một cửa quá lớn; giảm page_size".to_owned(),
            });
        }
    }
    Ok(body)
}
