//! Owns an Official Account: its tokens (OAuth v4) and calls that carry them.
//!
//! Tokens are renewed by one process at a time, ahead of their end, and at once when a call is refused for its token;
//! whoever was refused while another renewed takes the new token and does not renew again.

use chrono::{DateTime, Timelike as _, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use sha2::Sha256;

use super::{
    CallError, client,
    errors::{Action, Api, lookup},
    exchange, number,
    settings::ZaloOaSettings,
    tokens::{Pair, TokenFile},
};
use crate::domain::notification::{SendError, hex};

/// The access token is renewed so long before its end.
const AHEAD: chrono::Duration = chrono::Duration::minutes(30);
/// An unused refresh token is renewed after this, so that its three months never come to their end.
const RENEWED_AFTER: chrono::Duration = chrono::Duration::days(14);
/// The administrator hears so long before the end of a grant that could not be renewed.
const ALARM_AHEAD: chrono::Duration = chrono::Duration::days(14);
/// Night ends for Zalo at six; a little later, so that the clocks need not agree.
const MORNING: chrono::NaiveTime = chrono::NaiveTime::from_hms_opt(6, 5, 0).expect("a time of day");

/// Answers of the token service after which the same pair is never tried again.
const DEAD_GRANT: [i64; 3] = [-14014, -14020, -14005];

/// The account.
#[derive(Debug)]
pub struct Account {
    settings: ZaloOaSettings,
    tokens: TokenFile,
    client: Result<reqwest::Client, String>,
}

/// A call to Zalo.
pub struct Call<'a> {
    /// Which host and table of errors.
    pub api: Api,
    /// Path below the host.
    pub path: &'a str,
    /// Query parameters.
    pub query: &'a [(&'a str, &'a str)],
    /// The body of a POST; a GET without.
    pub body: Option<Value>,
}

/// Why no token is to be had.
enum TokenTrouble {
    /// It may work later.
    Later(String),
    /// A person must act.
    Dead(String),
}

impl TokenTrouble {
    fn of_message(self) -> SendError {
        match self {
            Self::Later(detail) => SendError::ChannelDown { detail },
            Self::Dead(detail) => SendError::ChannelStopped { detail },
        }
    }
}

impl Account {
    /// The account of these settings; nothing is connected yet.
    #[must_use]
    pub fn new(settings: ZaloOaSettings) -> Self {
        let tokens = TokenFile::new(settings.tokens.clone());
        Self { settings, tokens, client: client() }
    }

    /// Calls Zalo; `Ok` is the answer's body with `error` 0.
    ///
    /// # Errors
    /// Classified for the message that the call would have sent.
    pub async fn call(&self, call: &Call<'_>, now: DateTime<Utc>) -> Result<Value, SendError> {
        let mut token = self.token(None, now).await.map_err(TokenTrouble::of_message)?;
        for is_last in [false, true] {
            let request = self.request(call, &token).map_err(|detail| SendError::ChannelStopped { detail })?;
            let answer = match exchange(request, self.settings.deadline).await {
                Ok(answer) => answer,
                // Some gateways answer so to a dead token.
                Err(CallError::Refused(401)) => serde_json::json!({ "error": -216, "message": "HTTP 401" }),
                Err(error) => return Err(error.of_message()),
            };
            let Some(code) = number(answer.get("error")) else {
                return Err(SendError::Unknown { detail: "Zalo trả lời không có mã lỗi".to_owned() });
            };
            if code == 0 {
                return Ok(answer);
            }
            let (action, meaning) = lookup(call.api, code);
            if action != Action::Refresh || is_last {
                return Err(self.refusal(action, code, meaning, now));
            }
            token = self.token(Some(&token), now).await.map_err(TokenTrouble::of_message)?;
        }
        unreachable!("the second round always returns")
    }

    fn refusal(&self, action: Action, code: i64, meaning: &str, now: DateTime<Utc>) -> SendError {
        let detail = format!("Zalo báo lỗi {code}: {meaning}");
        match action {
            Action::Retry => SendError::Transient { detail, retry_after: None },
            Action::TooOften => SendError::NotNow { detail, wait: chrono::Duration::minutes(1) },
            Action::Window => SendError::NotNow { detail, wait: self.until_morning(now) },
            Action::Fall | Action::Message => SendError::Permanent { detail },
            Action::Quota | Action::Stop | Action::Refresh => SendError::ChannelStopped { detail },
        }
    }

    /// How long Zalo's night still lasts, in which it takes no templates; `None` by day.
    pub(super) fn night_left(&self, now: DateTime<Utc>) -> Option<chrono::Duration> {
        let hour = now.with_timezone(&self.settings.zone).hour();
        (!(6..22).contains(&hour)).then(|| self.until_morning(now))
    }

    fn until_morning(&self, now: DateTime<Utc>) -> chrono::Duration {
        let local = now.with_timezone(&self.settings.zone).naive_local();
        let today = local.date().and_time(MORNING);
        let morning = if local < today { today } else { today + chrono::Duration::days(1) };
        morning - local
    }

    fn request(&self, call: &Call<'_>, token: &SecretString) -> Result<RequestBuilder, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let endpoints = &self.settings.endpoints;
        let base = match call.api {
            Api::Account => &endpoints.openapi,
            Api::Template => &endpoints.business,
        };
        let mut url = join(base, call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let mut request = match &call.body {
            Some(body) => client.post(url).header("Content-Type", "application/json").body(body.to_string()),
            None => client.get(url),
        };
        request = request.header("access_token", token.expose_secret());
        if self.settings.proves_secret {
            request = request.header("appsecret_proof", self.proof(token)?);
        }
        Ok(request)
    }

    fn secret(&self) -> Result<SecretString, String> {
        self.settings.app_secret.read().map_err(|e| format!("không đọc được mã bí mật của ứng dụng Zalo: {e}"))
    }

    fn proof(&self, token: &SecretString) -> Result<String, String> {
        let secret = self.secret()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length is a key");
        mac.update(token.expose_secret().as_bytes());
        Ok(hex(&mac.finalize().into_bytes()))
    }

    /// A token that works as far as is known; another one than `rejected`, which was just refused.
    async fn token(&self, rejected: Option<&SecretString>, now: DateTime<Utc>) -> Result<SecretString, TokenTrouble> {
        let pair = self.pair()?;
        if let Some(token) = usable(&pair, rejected, now) {
            return Ok(token);
        }
        self.renew(rejected, now).await
    }

    fn pair(&self) -> Result<Pair, TokenTrouble> {
        let missing = || TokenTrouble::Dead("chưa có mã truy cập Zalo OA: chạy nhacviec zalo seed-tokens".to_owned());
        let pair = self.tokens.read().map_err(unreadable)?.ok_or_else(missing)?;
        match pair.dead {
            Some(reason) => Err(TokenTrouble::Dead(reason)),
            None => Ok(pair),
        }
    }

    /// Renews under the lock of all processes, unless somebody else has done so meanwhile.
    async fn renew(&self, rejected: Option<&SecretString>, now: DateTime<Utc>) -> Result<SecretString, TokenTrouble> {
        let tokens = self.tokens.clone();
        let lock = tokio::task::spawn_blocking(move || tokens.lock()).await;
        let _lock = lock.map_err(std::io::Error::other).flatten().map_err(unreadable)?;
        let mut pair = self.pair()?;
        if let Some(token) = usable(&pair, rejected, now) {
            return Ok(token);
        }
        pair.refreshing_since = pair.refreshing_since.or(Some(now));
        self.save(&pair)?;
        let form = [("refresh_token", pair.refresh.expose_secret()), ("grant_type", "refresh_token")];
        match self.ask_for_tokens(&form).await {
            Ok((access, refresh, lives)) => {
                let refresh = refresh.unwrap_or_else(|| {
                    tracing::warn!("Zalo gave no new refresh token; the old one is kept");
                    pair.refresh.expose_secret().to_owned()
                });
                let fresh = Pair::new(access, refresh, lives.0, lives.1, now);
                self.save(&fresh)?;
                Ok(fresh.access)
            }
            Err(Refused::NotCarriedOut(detail)) => {
                pair.refreshing_since = None;
                self.save(&pair)?;
                Err(TokenTrouble::Later(detail))
            }
            // The mark stays: the refresh token may be spent, which the next try will tell.
            Err(Refused::Unknown(detail)) => Err(TokenTrouble::Later(detail)),
            Err(Refused::Misconfigured(detail)) => {
                pair.refreshing_since = None;
                self.save(&pair)?;
                Err(TokenTrouble::Dead(detail))
            }
            Err(Refused::GrantLost(detail)) => {
                pair.dead = Some(format!("{detail}; cần cấp quyền lại: nhacviec zalo exchange-code hoặc seed-tokens"));
                self.save(&pair)?;
                Err(TokenTrouble::Dead(pair.dead.unwrap_or_default()))
            }
        }
    }

    fn save(&self, pair: &Pair) -> Result<(), TokenTrouble> {
        // Without a pair on the disk the next one would be lost with the process.
        self.tokens
            .write(pair)
            .map_err(|error| TokenTrouble::Later(format!("không ghi được mã truy cập Zalo: {error}")))
    }

    /// Asks the token service; the answer's tokens and lifetimes.
    async fn ask_for_tokens(&self, form: &[(&str, &str)]) -> Result<(String, Option<String>, Lives), Refused> {
        let client = self.client.as_ref().map_err(|text| Refused::NotCarriedOut(text.clone()))?;
        let secret = self.secret().map_err(Refused::Misconfigured)?;
        let form: Vec<_> = form.iter().copied().chain([("app_id", self.settings.app_id.as_str())]).collect();
        let request = client
            .post(join(&self.settings.endpoints.oauth, "/v4/oa/access_token"))
            .header("secret_key", secret.expose_secret())
            .form(&form);
        let answer = match exchange(request, self.settings.deadline).await {
            Ok(answer) => answer,
            Err(CallError::NotSent(text)) => {
                return Err(Refused::NotCarriedOut(format!("không kết nối được Zalo: {text}")));
            }
            // What Zalo answers to a refresh token that was used before.
            Err(CallError::Empty) => return Err(Refused::GrantLost("Zalo không nhận mã làm mới đã dùng".to_owned())),
            Err(error @ (CallError::Lost(_) | CallError::Refused(_))) => {
                return Err(Refused::Unknown(format!("chưa làm mới được mã truy cập Zalo: {}", error.text())));
            }
        };
        let text = |key: &str| answer.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let seconds = |key: &str| number(answer.get(key)).filter(|n| *n > 0).map(chrono::Duration::seconds);
        if let Some(access) = text("access_token") {
            let lives = (seconds("expires_in"), seconds("refresh_token_expires_in"));
            return Ok((access, text("refresh_token"), lives));
        }
        let code = number(answer.get("error")).unwrap_or_default();
        let detail = format!("Zalo không cấp mã truy cập (lỗi {code})");
        Err(match code {
            -32 => Refused::NotCarriedOut(detail),
            code if DEAD_GRANT.contains(&code) => Refused::GrantLost(detail),
            -14002 => Refused::Misconfigured(format!("{detail}: app_id không đúng hoặc ứng dụng chưa kích hoạt")),
            -14004 => Refused::Misconfigured(format!("{detail}: mã bí mật của ứng dụng không đúng")),
            0 => Refused::Unknown(detail),
            _ => Refused::GrantLost(detail),
        })
    }

    /// Exchanges the code of a consent for the first pair.
    ///
    /// # Errors
    /// A sentence in Vietnamese.
    pub async fn exchange_code(&self, code: &str, verifier: Option<&str>, now: DateTime<Utc>) -> Result<(), String> {
        let mut form = vec![("code", code), ("grant_type", "authorization_code")];
        form.extend(verifier.map(|v| ("code_verifier", v)));
        let (access, refresh, lives) = self.ask_for_tokens(&form).await.map_err(|refused| match refused {
            Refused::NotCarriedOut(text) | Refused::Unknown(text) | Refused::Misconfigured(text) => text,
            Refused::GrantLost(text) => format!("{text}: mã cấp quyền sai, đã dùng hoặc quá 10 phút; xin mã mới"),
        })?;
        let refresh = refresh.ok_or("Zalo không trả về mã làm mới (refresh_token)")?;
        self.seed(&Pair::new(access, refresh, lives.0, lives.1, now))
    }

    /// Puts a pair in force.
    ///
    /// # Errors
    /// A sentence in Vietnamese, when it cannot be written.
    pub fn seed(&self, pair: &Pair) -> Result<(), String> {
        let written = self.tokens.lock().and_then(|_lock| self.tokens.write(pair));
        written.map_err(|error| format!("không ghi được mã truy cập Zalo: {error}"))
    }

    /// What `nhacviec zalo status` shows of the pair, without the tokens.
    ///
    /// # Errors
    /// A sentence in Vietnamese, when the file cannot be read.
    pub fn known_pair(&self) -> Result<Option<Pair>, String> {
        self.tokens.read().map_err(|error| format!("không đọc được mã truy cập Zalo: {error}"))
    }

    /// Renews what nothing has used for long; says what a person must know.
    pub async fn keep_up(&self, now: DateTime<Utc>) -> Vec<String> {
        let pair = match self.pair() {
            Ok(pair) => pair,
            Err(TokenTrouble::Dead(reason) | TokenTrouble::Later(reason)) => return vec![format!("Zalo OA: {reason}")],
        };
        if now - pair.refresh_since > RENEWED_AFTER {
            let access = pair.access.clone();
            if let Err(TokenTrouble::Dead(reason)) = self.renew(Some(&access), now).await {
                return vec![format!("Zalo OA: {reason}")];
            }
        }
        let until = self.known_pair().ok().flatten().map_or(pair.refresh_until, |pair| pair.refresh_until);
        if until - now > ALARM_AHEAD {
            return Vec::new();
        }
        let day = until.with_timezone(&self.settings.zone).format("%d/%m/%Y");
        vec![format!(
            "Zalo OA: quyền gửi hết hạn ngày {day} mà chưa tự làm mới được; cấp quyền lại bằng nhacviec zalo exchange-code"
        )]
    }
}

/// Lifetimes of the access and of the refresh token, where Zalo names them.
type Lives = (Option<chrono::Duration>, Option<chrono::Duration>);

/// Why the token service gave no tokens.
enum Refused {
    /// Certainly not carried out: the refresh token is as good as before.
    NotCarriedOut(String),
    /// Nobody knows.
    Unknown(String),
    /// The application's number or secret is wrong: the grant itself may be good.
    Misconfigured(String),
    /// The grant is gone: a new consent is needed.
    GrantLost(String),
}

fn unreadable(error: impl std::fmt::Display) -> TokenTrouble {
    TokenTrouble::Later(format!("không đọc được mã truy cập Zalo: {error}"))
}

/// The pair's token, unless it is the one that was refused or ends too soon.
fn usable(pair: &Pair, rejected: Option<&SecretString>, now: DateTime<Utc>) -> Option<SecretString> {
    let is_good = match rejected {
        // A pasted pair has a guessed end: the refusal counts, not the clock.
        Some(rejected) => rejected.expose_secret() != pair.access.expose_secret(),
        None => pair.access_until - now > AHEAD,
    };
    is_good.then(|| pair.access.clone())
}

/// The path below the base's own.
fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// What `nhacviec zalo` asks besides sending.
impl Account {
    /// The account, the template and the quota, each with its answer in Vietnamese.
    pub async fn examine(&self, now: DateTime<Utc>) -> Vec<(String, Result<String, SendError>)> {
        let text = |answer: &Value, pointer: &str| match answer.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => "không rõ".to_owned(),
            Some(other) => other.to_string(),
        };
        let mut results = Vec::new();
        let call = Call { api: Api::Account, path: "/v2.0/oa/getoa", query: &[], body: None };
        let account = self.call(&call, now).await.map(|a| {
            format!(
                "tốt, «{}», gói {} đến {}",
                text(&a, "/data/name"),
                text(&a, "/data/package_name"),
                text(&a, "/data/package_valid_through_date")
            )
        });
        results.push(("Zalo OA".to_owned(), account));
        if let Some(template) = &self.settings.template {
            let query = [("template_id", template.id.as_str())];
            let call = Call { api: Api::Template, path: "/template/info/v2", query: &query, body: None };
            let info = self.call(&call, now).await.map(|a| {
                let parameters = a.pointer("/data/listParams").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let names: Vec<_> = parameters
                    .iter()
                    .map(|p| format!("{} (tối đa {})", text(p, "/name"), text(p, "/maxLength")))
                    .collect();
                format!("trạng thái {}, tham số: {}", text(&a, "/data/status"), names.join(", "))
            });
            results.push((format!("Mẫu tin {}", template.id), info));
            let call = Call { api: Api::Template, path: "/message/quota", query: &[], body: None };
            let quota = self.call(&call, now).await.map(|a| {
                format!("còn {} trong {} tin một ngày", text(&a, "/data/remainingQuota"), text(&a, "/data/dailyQuota"))
            });
            results.push(("Hạn mức gửi theo số điện thoại".to_owned(), quota));
        }
        results
    }

    /// The people who follow the account or wrote to it, with their names.
    ///
    /// # Errors
    /// When Zalo cannot be asked.
    pub async fn users(&self, now: DateTime<Utc>) -> Result<Vec<Value>, SendError> {
        const PAGE: usize = 50;
        const MOST: usize = 1000;
        let mut users = Vec::new();
        for offset in (0..MOST).step_by(PAGE) {
            let data = serde_json::json!({ "offset": offset, "count": PAGE }).to_string();
            let query = [("data", data.as_str())];
            let call = Call { api: Api::Account, path: "/v3.0/oa/user/getlist", query: &query, body: None };
            let page = self.call(&call, now).await?;
            let ids: Vec<_> = page.pointer("/data/users").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_last = ids.len() < PAGE;
            for user in ids {
                users.push(self.user(&user, now).await?);
            }
            if is_last {
                break;
            }
        }
        Ok(users)
    }

    async fn user(&self, listed: &Value, now: DateTime<Utc>) -> Result<Value, SendError> {
        let id = listed.get("user_id").and_then(Value::as_str).unwrap_or_default();
        let data = serde_json::json!({ "user_id": id }).to_string();
        let query = [("data", data.as_str())];
        let call = Call { api: Api::Account, path: "/v3.0/oa/user/detail", query: &query, body: None };
        match self.call(&call, now).await {
            Ok(answer) => Ok(serde_json::json!({
                "user_id": id,
                "display_name": answer.pointer("/data/display_name"),
                "phone": answer.pointer("/data/shared_info/phone"),
            })),
            // Who wrote once and does not follow has no profile; the number is still of use.
            Err(SendError::Permanent { .. }) => Ok(serde_json::json!({ "user_id": id })),
            Err(error) => Err(error),
        }
    }

    /// The groups that the account made.
    ///
    /// # Errors
    /// When Zalo cannot be asked.
    pub async fn groups(&self, now: DateTime<Utc>) -> Result<Vec<Value>, SendError> {
        let query = [("offset", "0"), ("count", "50")];
        let call = Call { api: Api::Account, path: "/v3.0/oa/group/getgroupsofoa", query: &query, body: None };
        let answer = self.call(&call, now).await?;
        let groups = answer.pointer("/data/groups").or_else(|| answer.get("data")).and_then(Value::as_array);
        Ok(groups.cloned().unwrap_or_default())
    }
}
