//! The token endpoint of an official account: a pair that rotates, single-use codes, `appsecret_proof`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Duration, Months, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    FakeZalo, Host, World, empty_api, hex,
    wire::{Answer, Refusal, Request, refuse},
};

/// What a token request that succeeds answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefreshAnswer {
    /// Both tokens and `expires_in` as a text of digits, as documented.
    #[default]
    Normal,
    /// `expires_in` is a number.
    NumberExpiry,
    /// `expires_in` is missing.
    NoExpiry,
    /// Only an access token; the refresh token that was sent stays valid.
    NoRefreshToken,
    /// `refresh_token_expires_in` is there too, as a text of digits.
    WithRefreshExpiry,
    /// `error` is 0 beside the tokens.
    WithErrorZero,
}

/// What a refresh token gets that was spent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsumedAnswer {
    /// The error -14014.
    #[default]
    Code14014,
    /// The same with the number in quotes.
    Quoted14014,
    /// The error -14020.
    Code14020,
    /// HTTP 200 with nothing in it.
    EmptyBody,
}

/// Life of an access token.
const ACCESS_SECONDS: i64 = 90_000;
const REFRESH_MONTHS: Months = Months::new(3);
const CODE_MINUTES: i64 = 10;

#[derive(Debug, Default)]
pub(super) struct Grant {
    access: String,
    access_expires_at: DateTime<Utc>,
    is_access_revoked: bool,
    refresh: String,
    refresh_expires_at: DateTime<Utc>,
    consumed: HashSet<String>,
    codes: HashMap<String, Code>,
    refreshes: usize,
    answer: RefreshAnswer,
    consumed_answer: ConsumedAnswer,
    is_proof_required: bool,
}

#[derive(Debug)]
struct Code {
    verifier: Option<String>,
    expires_at: DateTime<Utc>,
}

/// Why an access token does not open the door. The two APIs have different numbers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccessFault {
    Invalid,
    Expired,
    WrongProof,
}

impl FakeZalo {
    /// The pair that is valid now: access token, refresh token.
    #[must_use]
    pub fn tokens(&self) -> (String, String) {
        let world = self.world();
        (world.grant.access.clone(), world.grant.refresh.clone())
    }

    /// Makes the access token invalid at once.
    pub fn expire_access(&self) {
        self.world().grant.is_access_revoked = true;
    }

    /// Makes the refresh token one that was spent by somebody else; the access token lives on.
    pub fn consume_refresh(&self) {
        let mut world = self.world();
        let stolen = world.next_id();
        let spent = std::mem::replace(&mut world.grant.refresh, format!("refresh.{stolen}"));
        world.grant.consumed.insert(spent);
    }

    /// Sets what successful token requests answer.
    pub fn set_refresh_answer(&self, answer: RefreshAnswer) {
        self.world().grant.answer = answer;
    }

    /// Sets what a spent refresh token gets.
    pub fn set_consumed_answer(&self, answer: ConsumedAnswer) {
        self.world().grant.consumed_answer = answer;
    }

    /// Hands out an authorization code: for one use, within ten minutes, with this verifier if one is given.
    pub fn add_code(&self, code: &str, verifier: Option<&str>) {
        let mut world = self.world();
        let expires_at = world.now + Duration::minutes(CODE_MINUTES);
        world.grant.codes.insert(code.to_owned(), Code { verifier: verifier.map(str::to_owned), expires_at });
    }

    /// Successful refreshes so far.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.world().grant.refreshes
    }

    /// While set, a call without `appsecret_proof` is refused. A wrong one always is.
    pub fn set_proof_required(&self, is_required: bool) {
        self.world().grant.is_proof_required = is_required;
    }
}

impl World {
    pub(super) fn answer_oauth(&mut self, request: &Request) -> Answer {
        if (request.method.as_str(), request.path.as_str()) != ("POST", "/v4/oa/access_token") {
            return empty_api();
        }
        match self.grant_tokens(request) {
            Ok(answer) => answer,
            Err(refusal) => Host::OAuth.refusal(&refusal),
        }
    }

    fn grant_tokens(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let fields = request.form_fields();
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        if field("app_id") != FakeZalo::APP_ID {
            return Err(refuse(-14002, "Invalid app id."));
        }
        if request.header("secret_key") != Some(FakeZalo::APP_SECRET) {
            return Err(refuse(-14004, "Invalid secret key."));
        }
        match field("grant_type") {
            "refresh_token" => self.refresh(field("refresh_token")),
            "authorization_code" => self.exchange(field("code"), field("code_verifier")),
            _ => Err(refuse(-14018, "Invalid grant type.")),
        }
    }

    fn refresh(&mut self, token: &str) -> Result<Answer, Refusal> {
        let invalid = || refuse(-14014, "Invalid refresh token.");
        if self.grant.consumed.contains(token) {
            return match self.grant.consumed_answer {
                ConsumedAnswer::Code14014 => Err(invalid()),
                ConsumedAnswer::Quoted14014 => Ok(Host::OAuth.error(&json!("-14014"), "Invalid refresh token.")),
                ConsumedAnswer::Code14020 => Err(refuse(-14020, "Refresh token was used or has expired.")),
                ConsumedAnswer::EmptyBody => Ok(Answer::empty()),
            };
        }
        if token != self.grant.refresh || self.now >= self.grant.refresh_expires_at {
            return Err(invalid());
        }
        self.grant.refreshes += 1;
        self.rotate_tokens();
        Ok(self.token_answer())
    }

    fn exchange(&mut self, code: &str, verifier: &str) -> Result<Answer, Refusal> {
        let now = self.now;
        // A code that was tried is gone, also when the verifier was wrong.
        let known = self.grant.codes.remove(code).filter(|known| {
            now < known.expires_at && known.verifier.as_ref().is_none_or(|expected| expected == verifier)
        });
        if known.is_none() {
            return Err(refuse(-14005, "Invalid authorization code."));
        }
        self.rotate_tokens();
        Ok(self.token_answer())
    }

    /// A new pair; the old one dies at once.
    pub(super) fn rotate_tokens(&mut self) {
        let (access, refresh) = (self.next_id(), self.next_id());
        let grant = &mut self.grant;
        grant.access = format!("access.{access}");
        grant.access_expires_at = self.now + Duration::seconds(ACCESS_SECONDS);
        grant.is_access_revoked = false;
        let is_first = grant.refresh.is_empty();
        if is_first || grant.answer != RefreshAnswer::NoRefreshToken {
            let spent = std::mem::replace(&mut grant.refresh, format!("refresh.{refresh}"));
            grant.consumed.extend((!is_first).then_some(spent));
            grant.refresh_expires_at = self.now + REFRESH_MONTHS;
        }
    }

    fn token_answer(&self) -> Answer {
        let grant = &self.grant;
        let mut body = json!({
            "access_token": grant.access, "refresh_token": grant.refresh, "expires_in": ACCESS_SECONDS.to_string(),
        });
        match grant.answer {
            RefreshAnswer::Normal => {}
            RefreshAnswer::NumberExpiry => body["expires_in"] = json!(ACCESS_SECONDS),
            RefreshAnswer::NoExpiry => remove(&mut body, "expires_in"),
            RefreshAnswer::NoRefreshToken => remove(&mut body, "refresh_token"),
            RefreshAnswer::WithRefreshExpiry => {
                let seconds = (grant.refresh_expires_at - self.now).num_seconds();
                body["refresh_token_expires_in"] = json!(seconds.to_string());
            }
            RefreshAnswer::WithErrorZero => body["error"] = json!(0),
        }
        Answer::json(&body)
    }

    /// Judges the bare header `access_token`; a Bearer header is not looked at, so its sender is nobody.
    pub(super) fn check_access(&self, request: &Request) -> Result<(), AccessFault> {
        let grant = &self.grant;
        let token = request.header("access_token").unwrap_or_default();
        if token != grant.access || grant.is_access_revoked {
            return Err(AccessFault::Invalid);
        }
        if self.now >= grant.access_expires_at {
            return Err(AccessFault::Expired);
        }
        match request.header("appsecret_proof") {
            None if grant.is_proof_required => Err(AccessFault::WrongProof),
            Some(proof) if proof != hmac_sha256(FakeZalo::APP_SECRET.as_bytes(), token.as_bytes()) => {
                Err(AccessFault::WrongProof)
            }
            None | Some(_) => Ok(()),
        }
    }
}

fn remove(body: &mut Value, field: &str) {
    if let Some(object) = body.as_object_mut() {
        object.remove(field);
    }
}

/// RFC 2104 over SHA-256, in lowercase hex; the one use does not pay for a crate.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    const BLOCK: usize = 64;
    let hashed = Sha256::digest(key);
    let key = if key.len() > BLOCK { &hashed[..] } else { key };
    let pad = |with: u8| -> Vec<u8> { (0..BLOCK).map(|i| key.get(i).copied().unwrap_or(0) ^ with).collect() };
    let inner = Sha256::digest([&pad(0x36), message].concat());
    hex(&Sha256::digest([&pad(0x5c), &inner[..]].concat()))
}

#[cfg(test)]
mod tests {
    use super::hmac_sha256;

    /// Test cases 2 and 6 of RFC 4231.
    #[test]
    fn the_proof_is_the_hmac_of_the_standard() {
        let short = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(short, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
