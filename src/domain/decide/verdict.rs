//! Owns the links of the chain from a due date to a message: what the decision saw, in its own words.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::{
    dossier::DossierStatus,
    ids::{RecipientId, UnitId},
    life::Ending,
    notification::{Audience, NotificationKey},
    policy::Rung,
};

/// One thing that the decision saw on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// As what somebody would be told; `None` when it concerns all.
    pub audience: Option<Audience>,
    /// Who would be told; `None` when it did not come so far.
    pub recipient: Option<RecipientId>,
    /// The link.
    pub link: Link,
}

/// A link of the chain: all but [`Link::Tells`] say no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nobody is told before this day.
    NotOpen(NaiveDate),
    /// It has ended.
    Ended(Ending),
    /// Nobody is told until that day.
    Snoozed(NaiveDate),
    /// The date that is missing was given: see what was opened.
    DateGiven,
    /// A note is said in the first days of its period only.
    NotePast(NaiveDate),
    /// The unit in charge says that the work is not its own; who follows the plan decides.
    Disputed,
    /// The unit wants to hear nothing until that day.
    Acknowledged(UnitId, NaiveDate),
    /// No rung of the policy is reached; the next one, when there is one.
    NoRung(Option<Rung>),
    /// A duty marked secret goes by e-mail only, and the recipient has no address.
    SecretWithoutEmail,
    /// The clock of the dossier stands still, or it is finished.
    ClockStopped(DossierStatus),
    /// The dossier has no appointment.
    NoAppointment,
    /// The paper is not owed: the dossier is not late, or it has been recorded by this number.
    NotOwed(Option<String>),
    /// The last believed answer of the one-stop system did not contain the dossier.
    MissingFromSource,
    /// It was said already: this key.
    AlreadyTold(NotificationKey),
    /// The same person is told in a stronger part: this key.
    Merged(NotificationKey, String),
    /// It is said.
    Tells {
        /// What makes it unique.
        key: NotificationKey,
        /// The day on which the rung fell due.
        rung: Rung,
        /// When it may leave.
        not_before: DateTime<Utc>,
    },
}
