//! Owns what one-stop systems differ in, as data: requests, accounts, paging, answers, fields.

use std::{collections::BTreeMap, time::Duration};

use super::{
    SourceError,
    mapping::{Mapping, Part, Rule, Words},
    pointer::Pointer,
    scan::Wanted,
};

/// What a kind of one-stop system speaks.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name, as sources refer to it.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// What a source must add, by key: what it is, and the value when it says nothing.
    pub parameters: BTreeMap<String, Parameter>,
    /// What is asked for each page.
    pub request: Request,
    /// How the account is shown.
    pub auth: Auth,
    /// How answers are written.
    pub format: Format,
    /// How a list is read to its end.
    pub paging: Paging,
    /// How an answer is judged and where its rows are.
    pub answer: AnswerRules,
    /// Where the parts of a dossier are.
    pub fields: Vec<(Part, Rule)>,
    /// What its texts mean.
    pub words: Words,
}

/// Something that a source must add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// What it is, for people.
    pub title: String,
    /// Its value when the source says nothing.
    pub default: Option<String>,
}

/// A request, with `{…}` for what changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Whether it is a POST.
    pub is_post: bool,
    /// Below the source's address.
    pub path: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Parameters; a key may come several times.
    pub query: Vec<(String, String)>,
    /// The body of a POST.
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// JSON; a text that is nothing but `{page}`, `{size}`, `{start}` or `{end}` becomes a number.
    Json(serde_json::Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// XML, as a text in which what is filled in is escaped.
    Xml(String),
}

impl Eq for Body {}

/// How the account is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a source has one, for as long as it lives")]
pub enum Auth {
    /// It is not, or it stands in the request itself.
    None,
    /// HTTP Basic.
    Basic,
    /// A fixed header, such as `Authorization: Bearer {password}`.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A token of an OAuth 2.0 server (RFC 6749), shown as bearer.
    OAuth2 {
        /// Address of the token endpoint.
        url: String,
        /// Whether the user's own password is handed over, or the client speaks for itself.
        is_password: bool,
        /// The registered client.
        client_id: String,
        /// Whether the client shows itself by HTTP Basic instead of in the form.
        is_client_basic: bool,
        /// The scope.
        scope: Option<String>,
    },
    /// A session that a first request opens; `{session}` stands for it in the others.
    Session {
        /// That request.
        request: Request,
        /// Where its answer holds the session.
        token: Pointer,
        /// How long it is used.
        lives: Duration,
        /// What its answer must say.
        ok: Option<Predicate>,
    },
}

impl Auth {
    /// Whether it needs a user and a password.
    #[must_use]
    pub fn needs_user(&self) -> bool {
        match self {
            Self::None | Self::Header { .. } | Self::OAuth2 { is_password: false, .. } => false,
            Self::Basic | Self::OAuth2 { is_password: true, .. } | Self::Session { .. } => true,
        }
    }
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// XML, with XML inside its texts; read as if it were JSON.
    Xml,
}

/// How a list is read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// What leads to the next page.
    pub kind: PagingKind,
    /// Number of the first page or row.
    pub first: u64,
    /// Rows a page.
    pub size: u32,
    /// The wait between two pages.
    pub pause: Duration,
}

/// What leads to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingKind {
    /// One page holds all.
    Single,
    /// `{start}` and `{end}` (exclusive) count rows.
    Offset,
    /// `{page}` counts pages.
    Page,
    /// The answer says what to put for `{cursor}`.
    Cursor,
    /// One request for each number of a list, put for `{code}`.
    Codes,
}

/// "What stands there is one of these."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// Where.
    pub at: Pointer,
    /// The texts.
    pub is_in: Vec<String>,
}

/// How an answer is judged and where its rows are.
#[derive(Debug, Clone, Default)]
pub struct AnswerRules {
    /// The values of the answer itself that are looked at.
    pub wanted: Wanted,
    /// The keys that lead to its rows.
    pub rows: Vec<String>,
    /// Which value is the number of rows in all.
    pub total: Option<usize>,
    /// The same, where each row repeats it.
    pub total_in_row: Option<Pointer>,
    /// Which value says that this is the last page.
    pub last: Option<usize>,
    /// Which value leads to the next page.
    pub next: Option<usize>,
    /// It is an answer only if the value is one of these.
    pub ok: Option<(usize, Vec<String>)>,
    /// The value says that there are no rows.
    pub none: Option<(usize, Vec<String>)>,
    /// It is an error if any of these is there.
    pub error_if: Vec<usize>,
    /// HTTP statuses with which the account is refused, besides 401.
    pub denied_status: Vec<u16>,
    /// The value says that the account, or its session, is refused.
    pub denied: Option<(usize, Vec<String>)>,
}

impl AnswerRules {
    /// Refuses what is no list of dossiers.
    ///
    /// # Errors
    /// When it is an error, or the account was refused.
    pub fn judge(&self, value: &impl Fn(usize) -> Option<String>) -> Result<(), SourceError> {
        let is = |rule: &Option<(usize, Vec<String>)>| {
            rule.as_ref().map(|(at, texts)| value(*at).is_some_and(|v| texts.contains(&v)))
        };
        if is(&self.denied) == Some(true) {
            return Err(SourceError::AccessDenied {
                sentence:
                    "hệ thống một cửa không nhận tài khoản; kiểm tra user và tệp mật khẩu, rồi khởi động lại dịch vụ"
                        .to_owned(),
            });
        }
        let is_error = self.error_if.iter().any(|at| value(*at).is_some());
        if is_error || (is(&self.ok) == Some(false) && is(&self.none) != Some(true)) {
            let code = self.ok.as_ref().and_then(|(at, _)| value(*at)).filter(|c| c.len() <= 20);
            let code = code.map(|c| format!(" (mã {c})")).unwrap_or_default();
            return Err(SourceError::unavailable(format!("hệ thống một cửa báo lỗi trong câu trả lời{code}")));
        }
        Ok(())
    }

    /// Whether the answer says that there are no rows.
    pub fn is_none(&self, value: &impl Fn(usize) -> Option<String>) -> bool {
        self.none.as_ref().is_some_and(|(at, texts)| value(*at).is_some_and(|v| texts.contains(&v)))
    }
}

impl Profile {
    /// Makes ready to read the rows of a source.
    #[must_use]
    pub fn mapping(&self, shows_applicants: bool) -> Mapping {
        let words = Words { shows_applicants, ..self.words.clone() };
        Mapping::new(&self.fields, words, self.answer.total_in_row.as_ref())
    }
}
