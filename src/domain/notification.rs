//! Owns what is said to whom once: keys, reasons, the facts of a message, and how failures are retried.

mod item;

use std::{borrow::Cow, fmt, sync::Arc};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::item::{Item, TaskRow};
use super::{
    directory::{ChannelKind, Route},
    ids::{RecipientId, SubjectId},
};

/// As what somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Chủ trì, or the unit that holds the dossier.
    Lead,
    /// A superior, told so many working days after the due date.
    Escalation(u16),
    /// Phối hợp.
    Coordinating,
    /// Theo dõi.
    Following,
    /// Chủ trì and phối hợp, on the day on which the numbers of a report are closed.
    DataClosing,
    /// Theo dõi, or the administrator: a request for more time waits for their decision.
    Decider,
    /// The same, when a unit says that the work is not its own.
    Assigner,
    /// Chủ trì, whose request for more time was answered.
    Asker,
    /// Who is relieved of the work and who is in charge of it from now on.
    Assignee,
    /// The administrator of the daemon.
    Administrator,
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lead => f.write_str("lead"),
            Self::Escalation(after) => write!(f, "escalation:{after}"),
            Self::Coordinating => f.write_str("coordinating"),
            Self::Following => f.write_str("following"),
            Self::DataClosing => f.write_str("data_closing"),
            Self::Decider => f.write_str("decider"),
            Self::Assigner => f.write_str("assigner"),
            Self::Asker => f.write_str("asker"),
            Self::Assignee => f.write_str("assignee"),
            Self::Administrator => f.write_str("administrator"),
        }
    }
}

impl std::str::FromStr for Audience {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "lead" => Ok(Self::Lead),
            "coordinating" => Ok(Self::Coordinating),
            "following" => Ok(Self::Following),
            "data_closing" => Ok(Self::DataClosing),
            "decider" => Ok(Self::Decider),
            "assigner" => Ok(Self::Assigner),
            "asker" => Ok(Self::Asker),
            "assignee" => Ok(Self::Assignee),
            "administrator" => Ok(Self::Administrator),
            _ => text.strip_prefix("escalation:").and_then(|n| n.parse().ok()).map(Self::Escalation).ok_or(()),
        }
    }
}

/// What makes a notification the same one: told once, whatever happens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotificationKey {
    /// What it is about.
    pub subject: SubjectId,
    /// The due date it speaks of; a moved due date arms every trigger again.
    pub revision_on: NaiveDate,
    /// The rung, in days from the due date.
    pub offset: i32,
    /// As what the recipient is told.
    pub audience: Audience,
    /// Who is told.
    pub recipient: RecipientId,
    /// The day on which a silence that was asked for ended: what was said before it is said again.
    pub resumed_on: Option<NaiveDate>,
}

impl fmt::Display for NotificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, revision_on, offset, audience, recipient, resumed_on } = self;
        write!(f, "{subject}|{revision_on}|{offset:+}|{audience}|{recipient}")?;
        resumed_on.map_or(Ok(()), |day| write!(f, "|{day}"))
    }
}

/// Why somebody is told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The due date comes nearer.
    Upcoming,
    /// The last safe day is here.
    DueNow,
    /// The due date has passed.
    Overdue,
    /// It has passed and nothing happened.
    Escalated,
    /// A standing duty is recalled, or a date is still missing.
    Note,
    /// Somebody asked, and this recipient decides; or it was decided, and this recipient asked.
    Decision,
    /// Something is wrong with the daemon or its surroundings.
    Problem,
}

impl Reason {
    /// The word used in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::DueNow => "due_now",
            Self::Overdue => "overdue",
            Self::Escalated => "escalated",
            Self::Note => "note",
            Self::Decision => "decision",
            Self::Problem => "problem",
        }
    }

    /// Whether it may leave before the next digest, within the sending hours.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        match self {
            Self::DueNow | Self::Overdue | Self::Escalated | Self::Problem => true,
            Self::Upcoming | Self::Note | Self::Decision => false,
        }
    }
}

/// The decision that somebody be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What makes it unique.
    pub key: NotificationKey,
    /// Why now.
    pub reason: Reason,
    /// The facts.
    pub item: Item,
    /// What the office's policy asks for at this rung.
    pub advice: Option<Arc<str>>,
    /// Ways to reach the recipient, the preferred one first.
    pub routes: Arc<[Route]>,
    /// For whom the recipient reads just now.
    pub on_behalf_of: Option<Arc<str>>,
    /// It must not leave earlier.
    pub not_before: DateTime<Utc>,
    /// The key of the stronger notification, for the same recipient and subject at the same moment,
    /// that says it already; then nothing is delivered for this one.
    pub merged_into: Option<String>,
}

/// What a message to one address contains: a notification with what its delivery adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Key, as text.
    pub key: String,
    /// What it is about.
    pub subject: SubjectId,
    /// As what the recipient is told.
    pub audience: Audience,
    /// The rung.
    pub offset: i32,
    /// Why it was decided.
    pub reason: Reason,
    /// The facts.
    pub item: Item,
    /// The policy's advice.
    pub advice: Option<Arc<str>>,
    /// For whom the recipient reads.
    pub on_behalf_of: Option<Arc<str>>,
    /// When it should have left, had the recipient not had enough messages that day.
    pub deferred_at: Option<DateTime<Utc>>,
    /// An earlier try on another channel may have arrived.
    pub may_be_duplicate: bool,
    /// No message about this due date has left to the recipient yet: the calendar entry goes with it.
    pub is_first: bool,
    /// How often the administrator had it sent again, and what they add to it.
    pub resent: Option<Resent>,
}

/// A message that an administrator has sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resent {
    /// From 1.
    pub times: u32,
    /// What the administrator adds.
    pub note: String,
}

/// Why a message was not accepted; senders classify, they never retry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It may work later.
    #[error("refused for now: {detail}")]
    Transient {
        /// What the server said, without addresses or secrets.
        detail: String,
        /// The wait the server asked for.
        retry_after: Option<Duration>,
    },
    /// This message will never be taken for this address.
    #[error("refused for good: {detail}")]
    Permanent {
        /// What the server said.
        detail: String,
    },
    /// The channel as a whole does not work just now; the message itself was not tried.
    #[error("channel down: {detail}")]
    ChannelDown {
        /// What is wrong.
        detail: String,
    },
    /// The channel works again only when somebody acts or a day's quota is renewed: a dead token, an empty wallet.
    #[error("channel stopped: {detail}")]
    ChannelStopped {
        /// What is wrong and what to do.
        detail: String,
    },
    /// Nothing is wrong, but not at this hour or at this pace: the channel rests.
    #[error("not now: {detail}")]
    NotNow {
        /// Why.
        detail: String,
        /// For how long.
        wait: Duration,
    },
    /// Nobody knows whether it was taken.
    #[error("outcome unknown: {detail}")]
    Unknown {
        /// Where the answer was lost.
        detail: String,
    },
}

impl SendError {
    /// What the server said or what is wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Transient { detail, .. }
            | Self::Permanent { detail }
            | Self::ChannelDown { detail }
            | Self::ChannelStopped { detail }
            | Self::NotNow { detail, .. }
            | Self::Unknown { detail } => detail,
        }
    }
}

/// Minutes before the second, third … attempt: long enough for greylisting and a rebooting server
/// at first, for a dead week-end in total.
const RETRY_MINUTES: [i64; 14] = [1, 3, 5, 10, 20, 30, 60, 60, 120, 240, 240, 480, 720, 1440];

/// A message tried so often has failed for good.
#[expect(clippy::cast_possible_truncation, reason = "the table above has 14 entries")]
pub const MAX_ATTEMPTS: u32 = RETRY_MINUTES.len() as u32 + 1;

/// The same on channels other than e-mail, where the next way is not far.
pub const MAX_ATTEMPTS_ELSEWHERE: u32 = 4;

/// A message whose answer was lost so often is not sent again but shown: a filter that is slow every time
/// would fill the mailbox with copies.
pub const MAX_LOST_ANSWERS: u32 = 2;

/// A message with which in hand the program was killed so often is given up: it may be what kills it. Many times, since
/// those that were in hand beside it are not at fault.
pub const MAX_INTERRUPTIONS: u32 = 20;

/// A stopped channel is tried again this late, should nobody have said that it works: one refused call.
pub const STOPPED_PAUSE: Duration = Duration::minutes(55);

/// When a channel has been down for so long, its messages take their recipients' next routes.
pub const DIVERTED_AFTER: Duration = Duration::hours(1);
/// And has failed so often: one failure in the evening and one in the morning are not a night of failures.
pub const DIVERTED_AFTER_FAILURES: u32 = 5;

/// A repetition of a message that may have arrived waits so long: a slow content filter is not a lost answer.
pub const RESEND_AFTER: Duration = Duration::minutes(30);

/// When a message is tried again after `attempts` tries, or `None` when it has failed for good.
///
/// `seed` spreads the tries of many messages over a fifth of the wait (jitter without randomness, so
/// that a rehearsal repeats exactly).
#[must_use]
pub fn next_attempt(
    attempts: u32,
    now: DateTime<Utc>,
    retry_after: Option<Duration>,
    seed: u64,
) -> Option<DateTime<Utc>> {
    let index = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let wait = Duration::minutes(*RETRY_MINUTES.get(index)?);
    let jitter = Duration::milliseconds(wait.num_milliseconds() / 5 * i64::try_from(seed % 100).unwrap_or(0) / 100);
    Some(now + (wait + jitter).max(retry_after.unwrap_or(Duration::zero())))
}

/// How long a channel rests after `failures` consecutive failures: 1, 2, 4, 8, then 15 minutes.
#[must_use]
pub fn channel_pause(failures: u32) -> Duration {
    Duration::minutes((1_i64 << failures.saturating_sub(1).min(4)).min(15))
}

/// All that a delivery needs to know of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Names the rows that travel together.
    pub id: i64,
    /// The channel.
    pub channel: ChannelKind,
    /// The address.
    pub address: String,
    /// Who is told.
    pub recipient: RecipientId,
    /// Others who read at the same address.
    pub also: Vec<RecipientId>,
    /// What they are told.
    pub entries: Vec<Entry>,
    /// The row ids, in order.
    pub deliveries: Vec<i64>,
    /// As [`message_id`] derives it.
    pub message_id: String,
    /// Number of this attempt, from 1, of the row that was tried least often: what joined today is not
    /// given up together with what has waited for weeks.
    pub attempt: u32,
    /// The same of the row that was tried most often.
    pub most_attempts: u32,
    /// The attempt before ended without an outcome: a killed process or a lost answer.
    pub is_resumed: bool,
    /// How many attempts ended with a lost answer; a killed process is none, it may not have sent at all.
    pub lost_answers: u32,
    /// How many attempts ended with a killed process.
    pub interruptions: u32,
}

impl Batch {
    /// A message that no store knows, for looking at it.
    #[must_use]
    pub fn unsent(route: Route, recipient: RecipientId, entries: Vec<Entry>) -> Self {
        Self {
            id: 0,
            channel: route.channel,
            address: route.address,
            recipient,
            also: Vec::new(),
            message_id: message_id(&entries),
            entries,
            deliveries: Vec::new(),
            attempt: 1,
            most_attempts: 1,
            is_resumed: false,
            lost_answers: 0,
            interruptions: 0,
        }
    }
}

/// Left part of the Message-ID: derived from what is said to whom, so that a repetition after a crash is
/// recognisable (RFC 5322, 3.6.4), and one that an administrator asks for is not taken for it.
#[must_use]
pub fn message_id(entries: &[Entry]) -> String {
    let mut keys: Vec<Cow<'_, str>> = entries.iter().map(Entry::identity).collect();
    keys.sort_unstable();
    hex(&Sha256::digest(keys.join("\n").as_bytes())[..16])
}

impl Entry {
    fn identity(&self) -> Cow<'_, str> {
        match &self.resent {
            Some(resent) => format!("{}|resent {}", self.key, resent.times).into(),
            None => self.key.as_str().into(),
        }
    }
}

/// Bytes as lowercase hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xF));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_grow_spread_and_end() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("a date");
        assert_eq!(next_attempt(1, now, None, 0), Some(now + Duration::minutes(1)));
        assert_eq!(next_attempt(2, now, None, 50), Some(now + Duration::seconds(180 + 18)));
        assert_eq!(next_attempt(1, now, Some(Duration::minutes(30)), 0), Some(now + Duration::minutes(30)));
        assert_eq!(next_attempt(15, now, None, 0), None);
    }

    #[test]
    fn a_dead_channel_rests_longer_each_time_up_to_a_quarter_of_an_hour() {
        let minutes: Vec<_> = (1..=6).map(|n| channel_pause(n).num_minutes()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 15, 15]);
    }

    #[test]
    fn audiences_survive_their_text_form() {
        for audience in [
            Audience::Lead,
            Audience::Escalation(3),
            Audience::Coordinating,
            Audience::Following,
            Audience::DataClosing,
            Audience::Decider,
            Audience::Assigner,
            Audience::Asker,
            Audience::Assignee,
            Audience::Administrator,
        ] {
            assert_eq!(audience.to_string().parse(), Ok(audience));
        }
    }
}
