//! Owns what becomes of a row's values: a dossier, with nothing of the row beside what is named here.

use std::{borrow::Cow, collections::HashMap};

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use regex::Regex;

use super::{
    pointer::Pointer,
    scan::{Place, Wanted},
    values::{self, scalar},
};
use crate::domain::dossier::{Dossier, DossierStatus};

/// A part of a dossier that a profile says where to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Number on the receipt.
    Code,
    /// The system's own id.
    Id,
    /// Code of the procedure.
    ProcedureCode,
    /// Name of the procedure.
    Procedure,
    /// Field.
    Field,
    /// Agency.
    Agency,
    /// Step.
    Step,
    /// The unit that holds it.
    Unit,
    /// The official who holds it.
    Handler,
    /// Who handed it in.
    Applicant,
    /// When it was received.
    ReceivedAt,
    /// The appointment.
    DueAt,
    /// The re-appointment.
    ExtendedDueAt,
    /// The internal date of the step.
    StepDueAt,
    /// When it was finished.
    ResolvedAt,
    /// When the result was handed over.
    ReturnedAt,
    /// Its status; the first value that the table of statuses knows counts.
    Status,
    /// Whether its clock stands still, whatever the status.
    Paused,
    /// Whether it was handed in online.
    Online,
    /// Whether it goes by post.
    ByPost,
    /// Whether its fee was paid online.
    PaidOnline,
}

impl Part {
    /// Every part with its key in a profile.
    pub const KEYS: [(&'static str, Self); 21] = [
        ("code", Self::Code),
        ("id", Self::Id),
        ("procedure_code", Self::ProcedureCode),
        ("procedure", Self::Procedure),
        ("field", Self::Field),
        ("agency", Self::Agency),
        ("step", Self::Step),
        ("unit", Self::Unit),
        ("handler", Self::Handler),
        ("applicant", Self::Applicant),
        ("received_at", Self::ReceivedAt),
        ("due_at", Self::DueAt),
        ("extended_due_at", Self::ExtendedDueAt),
        ("step_due_at", Self::StepDueAt),
        ("resolved_at", Self::ResolvedAt),
        ("returned_at", Self::ReturnedAt),
        ("status", Self::Status),
        ("paused", Self::Paused),
        ("online", Self::Online),
        ("by_post", Self::ByPost),
        ("paid_online", Self::PaidOnline),
    ];
}

/// Where a part stands and how its text is read.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The places; the first that holds something counts.
    pub at: Vec<Pointer>,
    /// For what is true or false: the texts that mean true.
    pub is_in: Vec<String>,
    /// Only what the first group matches is taken; nothing when it does not match.
    pub pattern: Option<Regex>,
    /// Taken when nothing is found.
    pub constant: Option<String>,
}

/// How the rows of a source are read.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Rule and pointers of each part, by its place in [`Part::KEYS`].
    rules: [Option<(Rule, Vec<usize>)>; Part::KEYS.len()],
    /// Which values of a row are wanted.
    pub wanted: Wanted,
    /// What the texts mean.
    pub words: Words,
    /// Which value of a row repeats the number of rows in all.
    pub total: Option<usize>,
    /// Changes whenever rows would be read differently.
    seed: u64,
}

/// What the texts of a source mean.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Statuses by their code or text in lower case.
    pub statuses: HashMap<String, DossierStatus>,
    /// The zone of times without one.
    pub zone: Option<FixedOffset>,
    /// Where the system shows a dossier; `{id}` and `{code}` stand for its own.
    pub link: Option<String>,
    /// Whether applicants are kept by their names instead of their initials.
    pub shows_applicants: bool,
}

impl Mapping {
    /// Makes ready to read rows.
    #[must_use]
    pub fn new(rules: &[(Part, Rule)], words: Words, total: Option<&Pointer>) -> Self {
        let mut wanted = Wanted::default();
        let mut by_part = [const { None }; Part::KEYS.len()];
        for (part, rule) in rules {
            by_part[*part as usize] = Some((rule.clone(), rule.at.iter().map(|p| wanted.add(p)).collect()));
        }
        let rules = by_part;
        let total = total.map(|pointer| wanted.add(pointer));
        let mut statuses: Vec<_> = words.statuses.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        statuses.sort_unstable();
        let Words { zone, link, shows_applicants, .. } = &words;
        let spelled = format!("{VERSION}{rules:?}{statuses:?}{zone:?}{link:?}{shows_applicants}");
        Self { seed: print(FIRST, spelled.as_bytes()), rules, wanted, words, total }
    }

    /// Whether rows have ids of the system's own.
    #[must_use]
    pub fn has_ids(&self) -> bool {
        self.rules[Part::Id as usize].is_some()
    }

    /// The fingerprint of all that we read of a row.
    #[must_use]
    pub fn print(&self, text: &str, places: &[Place]) -> u64 {
        places.iter().fold(self.seed, |seed, (start, length)| match *start {
            u32::MAX => print(seed, &[0]),
            start => print(print(seed, &[1]), &text.as_bytes()[start as usize..(start + length) as usize]),
        })
    }

    /// The texts of a part, in the order of its places.
    fn texts<'t>(&'t self, text: &'t str, places: &'t [Place], part: Part) -> impl Iterator<Item = Cow<'t, str>> {
        let rule = self.rules[part as usize].as_ref();
        rule.into_iter().flat_map(move |(rule, pointers)| {
            let found = pointers.iter().filter_map(move |at| self.taken(rule, text, places, *at));
            found.chain(rule.constant.as_deref().map(Cow::Borrowed))
        })
    }

    /// The text of a part.
    #[must_use]
    pub fn text<'t>(&'t self, text: &'t str, places: &'t [Place], part: Part) -> Option<Cow<'t, str>> {
        let (rule, pointers) = self.rules[part as usize].as_ref()?;
        let found = pointers.iter().find_map(|at| self.taken(rule, text, places, *at));
        found.or_else(|| rule.constant.as_deref().map(Cow::Borrowed))
    }

    /// What a rule takes of the text at one of its places.
    fn taken<'t>(&'t self, rule: &Rule, text: &'t str, places: &[Place], at: usize) -> Option<Cow<'t, str>> {
        let found = scalar(self.wanted.value(text, places, at)?)?;
        let Some(pattern) = &rule.pattern else { return Some(found) };
        let groups = pattern.captures(&found)?;
        Some(Cow::Owned(groups.get(1).or_else(|| groups.get(0))?.as_str().to_owned()))
    }

    /// Reads a row.
    pub fn read(&self, text: &str, places: &[Place], now: DateTime<Utc>, remarks: &mut Vec<String>) -> Dossier {
        let is_true = |part: Part, value: &str| {
            self.rules[part as usize].as_ref().is_some_and(|(rule, _)| rule.is_in.iter().any(|known| known == value))
        };
        let statuses: Vec<_> = self.texts(text, places, Part::Status).collect();
        self.words.understand(|part| self.text(text, places, part), &statuses, is_true, now, remarks)
    }
}

impl Words {
    /// The dossier that a row's values make, however they were found: the text of each part, what may tell the status
    /// (the most telling first), and which texts mean true. What cannot be read is left out and remarked.
    pub fn understand<'t>(
        &self,
        text: impl Fn(Part) -> Option<Cow<'t, str>>,
        statuses: &[Cow<'_, str>],
        is_true: impl Fn(Part, &str) -> bool,
        now: DateTime<Utc>,
        remarks: &mut Vec<String>,
    ) -> Dossier {
        let owned = |part| text(part).map(Cow::into_owned);
        let zone = self.zone.unwrap_or(values::VIETNAM);
        let code = owned(Part::Code).unwrap_or_default();
        let mut instant = |part, name: &str| -> Option<DateTime<Utc>> {
            let text = text(part)?;
            let at = values::instant(&text, zone);
            if at.is_none() {
                // What stands in a date's place may be anything.
                let shown: String = text.chars().take(MOST_SHOWN).collect();
                remarks.push(format!("hồ sơ {code}: {name} «{shown}» không đọc được"));
            }
            at
        };
        let flag = |part| text(part).map(|text| is_true(part, &text));
        let received_at = instant(Part::ReceivedAt, "ngày tiếp nhận");
        let due_at = instant(Part::DueAt, "ngày hẹn trả");
        let extended_due_at = instant(Part::ExtendedDueAt, "ngày hẹn lại");
        let step_due_at = instant(Part::StepDueAt, "hạn của bước");
        // Some lists call the appointment so, and what is planned has not ended.
        let latest_end = now + MOST_AHEAD;
        let ends = [(Part::ResolvedAt, "ngày xử lý xong"), (Part::ReturnedAt, "ngày trả kết quả")];
        let ends = ends.map(|(part, name)| (name, instant(part, name)));
        let [resolved_at, returned_at] = ends.map(|(name, at)| {
            let is_ahead = at.is_some_and(|at| at > latest_end);
            if is_ahead {
                remarks.push(format!("hồ sơ {code}: {name} còn ở phía trước, chưa coi là đã xong"));
            }
            at.filter(|_| !is_ahead)
        });
        let is_ended = resolved_at.is_some() || returned_at.is_some();
        let status = self.status(statuses);
        let status = match status {
            // What has a result is finished for the deadline's purposes, whatever its status still says.
            _ if is_ended => DossierStatus::Finished,
            Some(status @ (DossierStatus::Finished | DossierStatus::NotReceived)) => status,
            _ if flag(Part::Paused) == Some(true) => DossierStatus::Paused,
            Some(status) => status,
            // Where no row tells a status, being on the list is the status.
            None if statuses.is_empty() => DossierStatus::Open,
            None => DossierStatus::Unmapped,
        };
        let native_id = owned(Part::Id);
        let link = self
            .link
            .as_ref()
            .map(|link| link.replace("{id}", native_id.as_deref().unwrap_or(&code)).replace("{code}", &code));
        Dossier {
            procedure_code: owned(Part::ProcedureCode),
            procedure: owned(Part::Procedure),
            field: owned(Part::Field),
            agency: owned(Part::Agency),
            step: owned(Part::Step),
            unit: owned(Part::Unit),
            handler: owned(Part::Handler),
            applicant: text(Part::Applicant)
                .map(|name| if self.shows_applicants { name.into_owned() } else { values::initials(&name) }),
            received_at,
            due_at,
            extended_due_at,
            step_due_at,
            resolved_at,
            returned_at,
            is_online: flag(Part::Online),
            is_by_post: flag(Part::ByPost),
            is_paid_online: flag(Part::PaidOnline),
            status,
            status_raw: statuses.last().map(|s| s.clone().into_owned()).unwrap_or_default(),
            link,
            native_id,
            code,
        }
    }

    /// What the first known of the texts means.
    #[must_use]
    pub fn status(&self, texts: &[Cow<'_, str>]) -> Option<DossierStatus> {
        texts.iter().find_map(|t| match self.statuses.get(t.as_ref()) {
            Some(status) => Some(*status),
            None => self.statuses.get(&t.to_lowercase()).copied(),
        })
    }
}

/// Clocks differ, and a day may be written for any hour of it.
const MOST_AHEAD: TimeDelta = TimeDelta::days(1);

/// Characters of an unreadable date that are shown: enough for any date.
const MOST_SHOWN: usize = 30;

/// Raised when rows are read differently though their profile says the same.
const VERSION: u32 = 2;

/// Begins a fingerprint.
pub const FIRST: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues a fingerprint (FNV-1a, taken eight bytes at a time): it tells a changed row from an unchanged one and
/// guards against nobody.
#[must_use]
pub fn print(seed: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    let mut chunks = bytes.chunks_exact(8);
    let hash =
        chunks.by_ref().fold(seed, |hash, chunk| mix(hash, u64::from_le_bytes(chunk.try_into().expect("eight"))));
    let rest = chunks.remainder().iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte));
    mix(hash, rest)
}
