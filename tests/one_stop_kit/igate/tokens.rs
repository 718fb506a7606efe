//! The token endpoint, as Keycloak has it: forms in, five minutes out, a refresh token good for one time.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    super::{reply::Reply, request::Request, text::basic_login},
    IGate,
};

const ACCESS: TimeDelta = TimeDelta::seconds(300);
const REFRESH: TimeDelta = TimeDelta::seconds(1800);

#[derive(Debug, Default)]
pub struct Tokens {
    access: Vec<(String, DateTime<Utc>)>,
    refresh: Vec<(String, DateTime<Utc>)>,
    given: usize,
}

impl Tokens {
    pub fn given(&self) -> usize {
        self.given
    }

    pub fn expire_all(&mut self) {
        self.access.clear();
    }

    pub fn is_valid(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.access.iter().any(|(known, until)| known == token && now < *until)
    }

    pub fn grant(&mut self, request: &Request, now: DateTime<Utc>) -> Reply {
        let field = |name| request.form_field(name).unwrap_or_default();
        match field("grant_type").as_str() {
            "password" => {
                if field("client_id") != IGate::PUBLIC_CLIENT {
                    return refuse(401, "invalid_client");
                }
                if (field("username").as_str(), field("password").as_str()) != (IGate::USER, IGate::PASSWORD) {
                    return refuse(401, "invalid_grant");
                }
                self.give(now, true)
            }
            "client_credentials" => {
                let in_body = (field("client_id"), field("client_secret"));
                let client = request.header("authorization").and_then(basic_login).unwrap_or(in_body);
                if (client.0.as_str(), client.1.as_str()) != (IGate::CLIENT, IGate::CLIENT_SECRET) {
                    return refuse(401, "invalid_client");
                }
                self.give(now, false)
            }
            "refresh_token" => self.refresh(&field("client_id"), &field("refresh_token"), now),
            _ => refuse(400, "unsupported_grant_type"),
        }
    }

    /// A token that was used once is unknown afterwards.
    fn refresh(&mut self, client: &str, token: &str, now: DateTime<Utc>) -> Reply {
        let at = self.refresh.iter().position(|(known, _)| known == token);
        let is_valid = at.is_some_and(|at| now < self.refresh.remove(at).1);
        if client != IGate::PUBLIC_CLIENT || !is_valid {
            return refuse(400, "invalid_grant");
        }
        self.give(now, true)
    }

    fn give(&mut self, now: DateTime<Utc>, with_refresh: bool) -> Reply {
        self.given += 1;
        let (access, refresh) = (format!("access-{}", self.given), format!("refresh-{}", self.given));
        self.access.push((access.clone(), now + ACCESS));
        let mut body = json!({
            "access_token": access, "expires_in": ACCESS.num_seconds(), "token_type": "Bearer", "scope": "openid",
            "refresh_expires_in": 0, "not-before-policy": 0,
        });
        if with_refresh {
            body["refresh_expires_in"] = REFRESH.num_seconds().into();
            body["refresh_token"] = refresh.clone().into();
            self.refresh.push((refresh, now + REFRESH));
        }
        Reply::json(200, &body)
    }
}

fn refuse(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({ "error": error, "error_description": "Refused" }))
}
