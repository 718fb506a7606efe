//! Owns who acts and who reads: units, unit groups, people and positions.

use std::collections::BTreeMap;

use super::ids::{PersonId, UnitId};

/// A unit that can be in charge of a task ("đơn vị").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Key used in the configuration.
    pub id: UnitId,
    /// Name as plans write it.
    pub name: String,
    /// Head of the unit, told first when an escalation step says so.
    pub head: Option<PersonId>,
    /// People who read the unit's messages.
    pub contacts: Vec<PersonId>,
    /// Mailbox used when no contact can be reached.
    pub mailbox: Option<String>,
}

/// A person who reads messages ("người").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Key used in the configuration.
    pub id: PersonId,
    /// Full name.
    pub name: String,
    /// Title as letters address it.
    pub title: String,
    /// Ways to reach the person, the preferred one first; empty when none is known.
    pub routes: Vec<Route>,
}

/// One way to reach somebody: a channel and an address on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Route {
    /// The channel that carries the message.
    pub channel: ChannelKind,
    /// E-mail address or Zalo chat id.
    pub address: String,
}

/// The channels that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// E-mail, through a mail server or into a Maildir.
    Email,
    /// A Zalo bot's one-to-one chat.
    ZaloBot,
}

impl ChannelKind {
    /// Every channel, in the order of preference when a person names none.
    pub const ALL: [Self; 2] = [Self::Email, Self::ZaloBot];

    /// The word used in configuration, store and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::ZaloBot => "zalo_bot",
        }
    }

    /// Whether a message whose outcome is unknown may be sent again: an e-mail carries the same
    /// Message-ID and is recognisable, a Zalo text is not.
    #[must_use]
    pub fn may_resend_unknown(self) -> bool {
        match self {
            Self::Email => true,
            Self::ZaloBot => false,
        }
    }
}

impl std::str::FromStr for ChannelKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|c| c.as_str() == text).ok_or(())
    }
}

/// All units, people and positions of the office.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Units by id.
    pub units: BTreeMap<UnitId, Unit>,
    /// People by id.
    pub people: BTreeMap<PersonId, Person>,
    /// Who holds a position named in escalation steps, such as `chanh-van-phong`.
    pub positions: BTreeMap<String, PersonId>,
}

impl Directory {
    /// Drops the ways to reach people over channels that the office does not have.
    pub fn keep_channels(&mut self, exists: impl Fn(ChannelKind) -> bool) {
        for person in self.people.values_mut() {
            person.routes.retain(|route| exists(route.channel));
        }
        for unit in self.units.values_mut() {
            unit.mailbox = unit.mailbox.take().filter(|_| exists(ChannelKind::Email));
        }
    }

    /// The unit's name, or its id once the unit has left the configuration.
    #[must_use]
    pub fn unit_name<'a>(&'a self, id: &'a UnitId) -> &'a str {
        self.units.get(id).map_or(id.as_str(), |u| u.name.as_str())
    }

    /// Everybody who must be told when `unit` is told: its contacts with an address, else its mailbox.
    ///
    /// Empty when nobody can be reached; the caller must report that, never drop it.
    #[must_use]
    pub fn recipients_of(&self, unit: &UnitId) -> Vec<Recipient> {
        let Some(unit) = self.units.get(unit) else { return Vec::new() };
        let people: Vec<_> = unit.contacts.iter().filter_map(|id| self.recipient(id)).collect();
        if !people.is_empty() {
            return people;
        }
        let mailbox = unit.mailbox.iter().map(|address| Recipient {
            id: format!("unit:{}", unit.id),
            name: unit.name.clone(),
            routes: vec![Route { channel: ChannelKind::Email, address: address.clone() }],
        });
        mailbox.collect()
    }

    /// The person as a recipient, if there is a way to reach them.
    #[must_use]
    pub fn recipient(&self, id: &PersonId) -> Option<Recipient> {
        let person = self.people.get(id).filter(|p| !p.routes.is_empty())?;
        Some(Recipient { id: person.id.to_string(), name: person.name.clone(), routes: person.routes.clone() })
    }
}

/// Somebody who can be told: a person, or a unit's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Person id, or `unit:` and the unit's id for a mailbox.
    pub id: String,
    /// Name to address.
    pub name: String,
    /// Ways to reach them, never empty.
    pub routes: Vec<Route>,
}
