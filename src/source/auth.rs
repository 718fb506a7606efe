//! Owns the account of a source: the token or session that it works with, got once and used until it ends.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::{
    HttpSettings, SourceError,
    fill::Values,
    http::{read_body, send, with_body},
    pointer::{Step, follow},
    profile::{Auth, Predicate},
    values::scalar,
};

/// A token is used until so long before its end.
const AHEAD: Duration = Duration::from_secs(30);
/// How long a token lives whose server does not say.
const UNSAID: Duration = Duration::from_mins(5);

/// The token or session in hand.
#[derive(Debug, Default)]
pub struct Held(Mutex<Option<(SecretString, Instant)>>);

/// A token or session as it is used.
pub struct Token {
    /// Its text.
    pub secret: SecretString,
    /// Whether it was got for this very use.
    pub is_fresh: bool,
}

impl Held {
    /// The token or session, got anew when there is none or `is_refused`; `None` where the profile has none.
    pub async fn get(
        &self,
        client: &reqwest::Client,
        settings: &HttpSettings,
        values: &Values,
        is_refused: bool,
    ) -> Result<Option<Token>, SourceError> {
        if !matches!(settings.profile.auth, Auth::OAuth2 { .. } | Auth::Session { .. }) {
            return Ok(None);
        }
        let mut held = self.0.lock().await;
        if let Some((token, _)) = held.as_ref().filter(|(_, until)| !is_refused && Instant::now() < *until) {
            return Ok(Some(Token { secret: token.clone(), is_fresh: false }));
        }
        *held = None;
        let (token, lives) = match &settings.profile.auth {
            Auth::OAuth2 { .. } => token(client, settings, values).await?,
            Auth::Session { .. } => session(client, settings, values).await?,
            Auth::None | Auth::Basic | Auth::Header { .. } => return Ok(None),
        };
        *held = Some((token.clone(), Instant::now() + lives.saturating_sub(AHEAD.min(lives / 2))));
        Ok(Some(Token { secret: token, is_fresh: true }))
    }
}

/// Asks an OAuth 2.0 server for a token (RFC 6749, sections 4.3 and 4.4).
async fn token(
    client: &reqwest::Client,
    settings: &HttpSettings,
    values: &Values,
) -> Result<(SecretString, Duration), SourceError> {
    let Auth::OAuth2 { url, is_password, client_id, is_client_basic, scope } = &settings.profile.auth else {
        unreachable!("asked for OAuth 2.0 only");
    };
    let client_id = values.text(client_id);
    let mut form = vec![("grant_type", if *is_password { "password" } else { "client_credentials" }.to_owned())];
    if *is_password {
        form.push(("username", values.text("{user}")));
        form.push(("password", values.text("{password}")));
    }
    let secret = values.text("{client_secret}");
    let mut request = client.post(values.text(url));
    if *is_client_basic {
        request = request.basic_auth(&client_id, Some(&secret));
    } else {
        form.push(("client_id", client_id));
        if !secret.is_empty() {
            form.push(("client_secret", secret));
        }
    }
    if let Some(scope) = scope {
        form.push(("scope", values.text(scope)));
    }
    let text = open(request.form(&form), settings).await?;
    let at = |key: &str| follow(&text, &[Step::Key(key.to_owned())]).and_then(scalar);
    let token = at("access_token").ok_or_else(|| no_token("access_token"))?.into_owned();
    let lives = at("expires_in").and_then(|t| t.parse().ok()).map_or(UNSAID, Duration::from_secs);
    Ok((token.into(), lives))
}

/// Opens a session.
async fn session(
    client: &reqwest::Client,
    settings: &HttpSettings,
    values: &Values,
) -> Result<(SecretString, Duration), SourceError> {
    let Auth::Session { request, token, lives, ok } = &settings.profile.auth else {
        unreachable!("asked for a session only");
    };
    let mut url = settings.url.join(&values.text(&request.path)).map_err(|_| no_token("path"))?;
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(values.pairs(&request.query));
    }
    let mut builder = if request.is_post { client.post(url) } else { client.get(url) };
    for (name, value) in values.pairs(&request.headers) {
        builder = builder.header(name, value);
    }
    let text = open(with_body(builder, &request.body, values), settings).await?;
    let at = |pointer: &super::pointer::Pointer| {
        let steps: Vec<Step> = pointer.keys.iter().cloned().map(Step::Key).chain(pointer.rest.clone()).collect();
        follow(&text, &steps).and_then(scalar).map(std::borrow::Cow::into_owned)
    };
    if let Some(Predicate { at: pointer, is_in }) = ok
        && !at(pointer).is_some_and(|text| is_in.contains(&text))
    {
        return Err(denied("mở phiên làm việc bị từ chối"));
    }
    let session = at(token).ok_or_else(|| no_token(&token.to_string()))?;
    Ok((session.into(), *lives))
}

/// Sends a request that opens something; a refusal is one of the account.
async fn open(request: RequestBuilder, settings: &HttpSettings) -> Result<String, SourceError> {
    let response = send(request, settings).await?;
    let status = response.status();
    // RFC 6749, section 5.2: wrong client and wrong password are 400 and 401.
    if matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(denied(&format!("máy chủ cấp quyền từ chối (HTTP {})", status.as_u16())));
    }
    if !status.is_success() {
        return Err(super::http::refused(&response));
    }
    let text = read_body(response, settings.timeout).await?;
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return Err(SourceError::not_understood("máy chủ cấp quyền trả về trang web thay vì mã truy cập"));
    }
    Ok(text)
}

fn denied(cause: &str) -> SourceError {
    SourceError::AccessDenied {
        sentence: format!("{cause}; kiểm tra user, tệp mật khẩu và client_id, rồi khởi động lại dịch vụ"),
    }
}

fn no_token(place: &str) -> SourceError {
    SourceError::not_understood(format!("câu trả lời cấp quyền không có «{place}»"))
}

/// What a request needs to show the account.
pub fn show(request: RequestBuilder, auth: &Auth, values: &Values, token: Option<&SecretString>) -> RequestBuilder {
    match auth {
        Auth::None | Auth::Session { .. } => request,
        Auth::Basic => request.basic_auth(values.text("{user}"), Some(values.text("{password}"))),
        Auth::Header { name, value } => request.header(name, sensitive(&values.text(value))),
        Auth::OAuth2 { .. } => match token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        },
    }
}

/// A header that is shown nowhere, should somebody print the request.
fn sensitive(text: &str) -> reqwest::header::HeaderValue {
    let mut value =
        reqwest::header::HeaderValue::from_str(text).unwrap_or_else(|_| reqwest::header::HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
