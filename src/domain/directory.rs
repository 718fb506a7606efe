//! Owns who acts and who reads: units, unit groups, people and positions.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use chrono::NaiveDate;

use super::ids::{PersonId, RecipientId, UnitId};

/// A unit that can be in charge of a task ("đơn vị").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Key used in the configuration.
    pub id: UnitId,
    /// Name as plans write it.
    pub name: Arc<str>,
    /// Head of the unit, told first when an escalation step says so.
    pub head: Option<PersonId>,
    /// The deputy director in charge of the unit ("phó giám đốc phụ trách").
    pub overseen_by: Option<PersonId>,
    /// People who read the unit's messages.
    pub contacts: Vec<PersonId>,
    /// Mailbox used when no contact can be reached.
    pub mailbox: Option<String>,
    /// First day on which the unit exists, when that is known; before it, those whose successor it is are told.
    pub valid_from: Option<NaiveDate>,
    /// Last day on which it exists; afterwards its successors are told.
    pub valid_until: Option<NaiveDate>,
    /// Units that took over its work ("đơn vị kế thừa").
    pub successors: Vec<UnitId>,
}

impl Unit {
    /// Whether it exists on a day.
    #[must_use]
    pub fn exists_on(&self, on: NaiveDate) -> bool {
        self.has_begun(on) && self.valid_until.is_none_or(|until| on <= until)
    }

    fn has_begun(&self, on: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= on)
    }
}

/// Somebody who reads for somebody else during a leave or a vacancy ("người thay").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// Who is away.
    pub person: PersonId,
    /// Who reads instead.
    pub by: PersonId,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
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
    pub routes: Arc<[Route]>,
    /// The channels in the order that the person prefers; those not named come in the usual order behind.
    pub preference: Vec<ChannelKind>,
}

impl Person {
    fn rank(&self, channel: ChannelKind) -> usize {
        let usual = || ChannelKind::ALL.iter().position(|c| *c == channel).map(|at| self.preference.len() + at);
        self.preference.iter().position(|c| *c == channel).or_else(usual).unwrap_or(usize::MAX)
    }
}

/// One way to reach somebody: a channel and an address on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Route {
    /// The channel that carries the message.
    pub channel: ChannelKind,
    /// E-mail address, chat, phone number, user or group.
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
    /// A consultation message of the office's Zalo Official Account ("tin tư vấn").
    ZaloOa,
    /// A registered template to a phone number (ZNS, since 2026 ZBS template message).
    ZaloTemplate,
    /// A Zalo group that the Official Account made (GMF).
    ZaloGroup,
}

impl ChannelKind {
    /// Every channel, in the order of preference when a person names none.
    pub const ALL: [Self; 5] = [Self::Email, Self::ZaloBot, Self::ZaloOa, Self::ZaloTemplate, Self::ZaloGroup];

    /// The word used in configuration, store and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::ZaloBot => "zalo_bot",
            Self::ZaloOa => "zalo_oa",
            Self::ZaloTemplate => "zalo_template",
            Self::ZaloGroup => "zalo_group",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "thư điện tử",
            Self::ZaloBot => "Zalo Bot",
            Self::ZaloOa => "Zalo OA (tin tư vấn)",
            Self::ZaloTemplate => "Zalo theo số điện thoại",
            Self::ZaloGroup => "nhóm Zalo",
        }
    }

    /// Whether a message whose outcome is unknown may be sent again: an e-mail carries the same
    /// Message-ID and is recognisable, a Zalo text is not.
    #[must_use]
    pub fn may_resend_unknown(self) -> bool {
        match self {
            Self::Email => true,
            Self::ZaloBot | Self::ZaloOa | Self::ZaloTemplate | Self::ZaloGroup => false,
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
    /// Who reads for whom, and when.
    pub substitutes: Vec<Substitute>,
}

/// Successors of successors; further ones are a circle in the configuration.
const MOST_SUCCESSIONS: usize = 8;

impl Directory {
    /// Drops the ways to reach people over channels that the office does not have.
    pub fn keep_channels(&mut self, exists: impl Fn(ChannelKind) -> bool) {
        for person in self.people.values_mut() {
            person.routes = person.routes.iter().filter(|route| exists(route.channel)).cloned().collect();
        }
        for unit in self.units.values_mut() {
            unit.mailbox = unit.mailbox.take().filter(|_| exists(ChannelKind::Email));
        }
    }

    /// Adds the chats that people linked themselves, where the configuration names none.
    pub fn link_chats(&mut self, links: &BTreeMap<PersonId, String>) {
        for (person, chat) in links {
            let Some(person) = self.people.get_mut(person) else { continue };
            if person.routes.iter().any(|route| route.channel == ChannelKind::ZaloBot) {
                continue;
            }
            let mut routes = person.routes.to_vec();
            let at = routes.iter().position(|route| person.rank(route.channel) > person.rank(ChannelKind::ZaloBot));
            let route = Route { channel: ChannelKind::ZaloBot, address: chat.clone() };
            routes.insert(at.unwrap_or(routes.len()), route);
            person.routes = routes.into();
        }
    }

    /// The unit's name, or its id once the unit has left the configuration.
    #[must_use]
    pub fn unit_name<'a>(&'a self, id: &'a UnitId) -> &'a str {
        self.units.get(id).map_or(id.as_str(), |u| &u.name)
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_unit_name(&self, id: &UnitId) -> Arc<str> {
        self.units.get(id).map_or_else(|| id.to_shared(), |u| Arc::clone(&u.name))
    }

    /// The name to address a recipient by, or its id once it has left the configuration.
    #[must_use]
    pub fn recipient_name(&self, id: &RecipientId) -> String {
        match id.as_str().strip_prefix("unit:") {
            Some(unit) => format!("Hộp thư {}", self.unit_name(&unit.into())),
            None => self.people.get(&id.as_str().into()).map_or_else(|| id.to_string(), |p| p.name.clone()),
        }
    }

    /// The units that do the work of `unit` on a day, each once: itself, those that took over when it ended, or those
    /// that it is to take over from when it has not begun.
    #[must_use]
    pub fn in_force<'a>(&'a self, unit: &'a UnitId, on: NaiveDate) -> Vec<&'a UnitId> {
        let mut units = vec![unit];
        for _ in 0..MOST_SUCCESSIONS {
            let mut next: Vec<&UnitId> = Vec::new();
            // Where two of them were merged later, whoever took over does the work of both and is one unit.
            for id in units.iter().flat_map(|id| self.replaced(id, on)) {
                if !next.contains(&id) {
                    next.push(id);
                }
            }
            if next == units {
                break;
            }
            units = next;
        }
        units
    }

    /// Whether `heir` takes over from `unit` sooner or later.
    #[must_use]
    pub fn inherits(&self, heir: &UnitId, unit: &UnitId) -> bool {
        let mut heirs = vec![unit];
        for _ in 0..MOST_SUCCESSIONS {
            heirs = heirs.iter().filter_map(|id| self.units.get(*id)).flat_map(|unit| &unit.successors).collect();
            if heirs.contains(&heir) {
                return true;
            }
        }
        false
    }

    /// Who stands for a unit that has ended or has not begun. Until its successor begins, a unit keeps its work.
    fn replaced<'a>(&'a self, id: &'a UnitId, on: NaiveDate) -> Vec<&'a UnitId> {
        let Some(unit) = self.units.get(id) else { return vec![id] };
        let has_begun = |id: &UnitId| self.units.get(id).is_none_or(|u| u.has_begun(on));
        let others: Vec<_> = if !unit.has_begun(on) {
            self.units.values().filter(|u| u.successors.contains(id)).map(|u| &u.id).collect()
        } else if unit.valid_until.is_some_and(|until| until < on) {
            unit.successors.iter().filter(|id| has_begun(id)).collect()
        } else {
            Vec::new()
        };
        if others.is_empty() { vec![id] } else { others }
    }

    /// Everybody who must be told on a day when `unit` is told: its contacts with an address, else its mailbox.
    ///
    /// Empty when nobody can be reached; the caller must report that, never drop it.
    #[must_use]
    pub fn recipients_of(&self, unit: &UnitId, on: NaiveDate) -> Vec<Recipient> {
        let mut recipients: Vec<Recipient> = Vec::new();
        for unit in self.in_force(unit, on).into_iter().filter_map(|id| self.units.get(id)) {
            let people = unit.contacts.iter().filter_map(|id| self.recipient(id, on));
            let people: Vec<_> = people.collect();
            let is_vacant = people.is_empty();
            recipients.extend(people);
            recipients.extend(Self::mailbox(unit).filter(|_| is_vacant));
        }
        // Who reads for a colleague of the same unit is told once.
        let mut told = HashSet::new();
        recipients.retain(|r| told.insert(r.id.clone()));
        recipients
    }

    /// Whether the unit has a contact with an address, or a mailbox; one that has ended may do without.
    #[must_use]
    pub fn can_reach(&self, id: &UnitId) -> bool {
        let Some(unit) = self.units.get(id) else { return false };
        let is_reachable = unit.contacts.iter().any(|id| self.reachable(id).is_some());
        is_reachable || unit.mailbox.is_some() || !unit.successors.is_empty()
    }

    /// The unit's mailbox as a recipient.
    #[must_use]
    pub fn mailbox(unit: &Unit) -> Option<Recipient> {
        let address = unit.mailbox.as_ref()?;
        Some(Recipient {
            id: format!("unit:{}", unit.id).into(),
            routes: [Route { channel: ChannelKind::Email, address: address.clone() }].into(),
            on_behalf_of: None,
        })
    }

    /// The person of that name, written in any case; none when two have it.
    #[must_use]
    pub fn person_named(&self, name: &str) -> Option<&PersonId> {
        let wanted = name.to_lowercase();
        let mut named = self.people.values().filter(|p| p.name.to_lowercase() == wanted);
        named.next().filter(|_| named.next().is_none()).map(|p| &p.id)
    }

    /// The person, or who reads for them on that day, as a recipient; `None` when there is no way to reach them.
    #[must_use]
    pub fn recipient(&self, id: &PersonId, on: NaiveDate) -> Option<Recipient> {
        let substitute_of = |id: &PersonId| {
            let is_away = |s: &&Substitute| s.person == *id && (s.from_on..=s.until_on).contains(&on);
            self.substitutes.iter().find(is_away).map(|s| &s.by)
        };
        // Who stands in may be away too; in a circle somebody there is nobody, the last of them reads.
        let chain = std::iter::successors(substitute_of(id), |by| substitute_of(by)).take(MOST_SUCCESSIONS);
        let substitute = chain.filter(|by| *by != id).filter_map(|by| self.reachable(by)).last();
        if let (Some(person), Some(away)) = (substitute, self.people.get(id)) {
            return Some(Recipient { on_behalf_of: Some(away.name.as_str().into()), ..recipient(person) });
        }
        self.reachable(id).map(recipient)
    }

    fn reachable(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id).filter(|p| !p.routes.is_empty())
    }

    /// The days on which it may change who reads what: a substitute or a unit begins or ends.
    pub fn changes(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        let substitutes = self.substitutes.iter().flat_map(|s| [Some(s.from_on), s.until_on.succ_opt()]);
        let units = self.units.values().flat_map(|u| [u.valid_from, u.valid_until.and_then(|d| d.succ_opt())]);
        substitutes.chain(units).flatten()
    }
}

fn recipient(person: &Person) -> Recipient {
    Recipient { id: person.id.as_str().into(), routes: Arc::clone(&person.routes), on_behalf_of: None }
}

/// Somebody who can be told: a person, or a unit's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Person or mailbox.
    pub id: RecipientId,
    /// Ways to reach them, never empty.
    pub routes: Arc<[Route]>,
    /// The name of the person for whom they read just now.
    pub on_behalf_of: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    /// Id, first day, last day, successors.
    type Row<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a [&'a str]);

    fn directory(rows: &[Row<'_>]) -> Directory {
        let unit = |(id, from, until, successors): &Row<'_>| Unit {
            id: (*id).into(),
            name: (*id).into(),
            head: None,
            overseen_by: None,
            contacts: Vec::new(),
            mailbox: None,
            valid_from: from.map(day),
            valid_until: until.map(day),
            successors: successors.iter().map(|s| (*s).into()).collect(),
        };
        let units = rows.iter().map(unit).map(|u| (u.id.clone(), u)).collect();
        Directory { units, ..Directory::default() }
    }

    fn in_force(directory: &Directory, unit: &str, on: &str) -> String {
        let unit = unit.into();
        directory.in_force(&unit, day(on)).iter().map(|u| u.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_successor_of_a_successor_does_the_work_once_it_has_begun() {
        let chain = directory(&[
            ("a", None, Some("2025-02-28"), &["b"]),
            ("b", Some("2025-03-01"), Some("2025-06-30"), &["c"]),
            ("c", Some("2025-07-01"), None, &[]),
        ]);
        for unit in ["a", "b", "c"] {
            let on = ["2025-02-28", "2025-03-01", "2025-06-30", "2025-07-01"];
            assert_eq!(on.map(|on| in_force(&chain, unit, on)), ["a", "b", "b", "c"], "{unit}");
        }
    }

    #[test]
    fn a_unit_that_took_over_along_two_ways_is_one_unit() {
        let split_and_merged = directory(&[
            ("a", None, Some("2025-02-28"), &["b", "c", "d"]),
            ("b", None, Some("2025-06-30"), &["e"]),
            ("c", None, None, &[]),
            ("d", None, Some("2025-06-30"), &["e"]),
            ("e", Some("2025-07-01"), None, &[]),
        ]);
        assert_eq!(in_force(&split_and_merged, "a", "2025-06-30"), "b c d");
        assert_eq!(in_force(&split_and_merged, "a", "2025-07-01"), "e c");
    }

    #[test]
    fn until_its_successor_begins_a_unit_keeps_its_work() {
        let late = directory(&[
            ("a", None, Some("2025-02-28"), &["b"]),
            ("b", Some("2025-04-01"), None, &[]),
            ("new", Some("2025-07-01"), None, &[]),
        ]);
        assert_eq!(["2025-03-31", "2025-04-01"].map(|on| in_force(&late, "a", on)), ["a", "b"]);
        assert_eq!(["2025-03-31", "2025-04-01"].map(|on| in_force(&late, "b", on)), ["a", "b"]);
        assert_eq!(in_force(&late, "new", "2025-03-31"), "new", "nobody else could be told");
    }
}
