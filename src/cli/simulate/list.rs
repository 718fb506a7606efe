//! Owns the list that a simulation prints: a line for each message, or the messages themselves.
//!
//! A year of a large office has millions of lines: what they have in common is put into words once.

use std::{
    hash::{Hash, Hasher},
    io::{StdoutLock, Write as _},
    sync::Arc,
};

use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt as _};

use super::{provisional, reason, said_due, unit_and_due, what, why};
use crate::{
    cli::preview::batches,
    config::Config,
    domain::{
        deadline::Due,
        ids::{RecipientId, SubjectId},
        notification::{Audience, Notification, Reason},
        occurrence::Occurrence,
        office::Office,
        plan::Task,
    },
    message::{
        self,
        vietnamese::{date, period},
    },
    simulation::{Digest, Leave},
};

/// Prints messages as they come, those of a day under its name; whole texts when the day is over.
pub struct List<'a> {
    config: &'a Config,
    is_text: bool,
    on: Option<NaiveDate>,
    /// The day's messages, where they are printed as texts.
    of_day: Vec<Notification>,
    /// What is not printed yet.
    page: Vec<u8>,
    /// For each thing said on the day.
    ends: Vec<Option<Ends>>,
    /// Ends of lines, and where they stand.
    tails: Vec<String>,
    known_tails: HashMap<Tail, usize>,
    /// Beginnings of lines.
    starts: HashMap<RecipientId, Starts>,
    /// Numbers of rows, and words for periods; both by their places in memory, where they stay as long as the office
    /// does.
    tasks: Words<*const Task>,
    periods: Words<*const str>,
    /// By duties.
    labels: Vec<Option<Label>>,
    out: StdoutLock<'static>,
}

/// Beginnings of a recipient's lines, by channel.
type Starts = Vec<(&'static str, String)>;

/// With what the lines about one thing begin and end, and whether they may name the duty.
#[derive(Clone, Copy)]
struct Ends {
    start: usize,
    tail: usize,
    is_named: bool,
}

/// Number in the annex and period of a duty, by their places among the words.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Label {
    task: u32,
    period: u32,
}

/// Words that many lines share.
struct Words<K> {
    known: HashMap<K, u32>,
    /// One after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<K: Eq + Hash> Words<K> {
    fn new() -> Self {
        Self { known: HashMap::new(), text: Vec::new(), ends: Vec::new() }
    }

    /// The place of what is said for `key`.
    fn place(&mut self, key: K, say: impl FnOnce(&mut Vec<u8>)) -> u32 {
        *self.known.entry(key).or_insert_with(|| {
            say(&mut self.text);
            self.ends.push(self.text.len());
            u32::try_from(self.ends.len() - 1).expect("fewer words than a file has bytes")
        })
    }

    fn at(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }
}

/// What the end of a line depends on: the due date of a duty that may be named, and why somebody is told.
#[derive(PartialEq, Eq)]
struct Tail {
    due: Option<Due>,
    reason: Reason,
    audience: Audience,
    offset: i32,
    is_of_dossier: bool,
}

impl Hash for Tail {
    /// The rest seldom tells any apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.due.map(|due| due.last_on), self.offset).hash(state);
    }
}

/// So many bytes are printed at once.
const PAGE: usize = 1 << 15;

impl<'a> List<'a> {
    pub fn new(config: &'a Config, is_text: bool) -> Self {
        Self {
            config,
            is_text,
            on: None,
            of_day: Vec::new(),
            page: Vec::new(),
            ends: Vec::new(),
            tails: Vec::new(),
            known_tails: HashMap::new(),
            starts: HashMap::new(),
            tasks: Words::new(),
            periods: Words::new(),
            labels: Vec::new(),
            out: std::io::stdout().lock(),
        }
    }

    pub fn say(&mut self, text: &str) {
        let _ = writeln!(self.page, "{text}");
    }

    pub fn add(&mut self, digest: &Digest<'_>) {
        if self.on != Some(digest.on) {
            self.end_day();
            self.on = Some(digest.on);
            self.ends.clear();
            self.say(&format!("\n{}{}", date(digest.on), provisional(&self.config.office, digest.on)));
        }
        if self.is_text {
            self.of_day.extend(digest.leaving(&self.config.office).map(|l| l.notification));
        } else {
            self.add_lines(digest);
        }
    }

    pub fn end_day(&mut self) {
        let office = &self.config.office;
        let Some(on) = self.on else { return };
        for batch in batches(std::mem::take(&mut self.of_day)) {
            let (message, _) = message::render(&batch, office, &self.config.letterhead, office.hours.digest_moment(on));
            self.say(&format!("\n════ Tới {}: {}\n\n{}", batch.recipient, message.subject, message.text));
            self.print();
        }
    }

    /// Prints what was not printed yet; a reader that went away (`| head`) is no error.
    pub fn print(&mut self) {
        let _ = self.out.write_all(&self.page);
        self.page.clear();
    }

    fn add_lines(&mut self, digest: &Digest<'_>) {
        let office = &self.config.office;
        let mut starts = self.starts.remove(digest.recipient).unwrap_or_default();
        let mut last: Option<(Leave<'_>, Option<Label>)> = None;
        let mut is_joined = false;
        for leave in digest.leaves() {
            let Ends { start, tail, is_named } = match self.ends.get(leave.number()).copied().flatten() {
                Some(known) => known,
                None => self.ends_of(leave, digest.recipient, &mut starts),
            };
            let label = if is_named { self.label_of(leave) } else { None };
            // Most lines are about another task or period than the one before.
            if let Some((last, last_label)) = last
                && label.zip(last_label).is_none_or(|(label, last)| label == last)
                && is_said_together(last, leave, office)
            {
                self.page.pop();
                if !is_joined {
                    let _ = write!(self.page, "; chủ trì: {}", unit(last, office));
                }
                let _ = writeln!(self.page, ", {}", unit(leave, office));
                is_joined = true;
                continue;
            }
            (last, is_joined) = (Some((leave, label)), false);
            self.page.extend_from_slice(starts[start].1.as_bytes());
            match label {
                Some(Label { task, period }) => {
                    self.page.extend_from_slice(self.tasks.at(task));
                    self.page.extend_from_slice(self.periods.at(period));
                }
                None => self.page.extend_from_slice(what(&leave.to_notification(office).item).as_bytes()),
            }
            self.page.extend_from_slice(self.tails[tail].as_bytes());
        }
        self.starts.insert(digest.recipient.clone(), starts);
        if self.page.len() > PAGE {
            self.print();
        }
    }

    fn ends_of(&mut self, leave: Leave<'_>, recipient: &RecipientId, starts: &mut Starts) -> Ends {
        let said = leave.shared();
        let channel = said.routes.first().map_or("", |r| r.channel.as_str());
        let start = starts.iter().position(|(known, _)| *known == channel).unwrap_or_else(|| {
            let name = self.config.office.directory.recipient_name(recipient);
            starts.push((channel, format!("  {name} ({channel}): ")));
            starts.len() - 1
        });
        let is_named = leave.named().is_some();
        let tail = self.tail_of(said, is_named);
        let ends = Ends { start, tail, is_named };
        if self.ends.len() <= leave.number() {
            self.ends.resize(leave.number() + 1, None);
        }
        self.ends[leave.number()] = Some(ends);
        ends
    }

    fn tail_of(&mut self, shared: &Notification, is_named: bool) -> usize {
        let tail = Tail {
            due: shared.item.named().map(|(_, due)| due).filter(|_| is_named),
            reason: shared.reason,
            audience: shared.key.audience,
            offset: shared.key.offset,
            is_of_dossier: shared.item.is_of_dossier(),
        };
        let due = tail.due;
        *self.known_tails.entry(tail).or_insert_with(|| {
            let due = due.map(|due| format!(", {}", said_due(due))).unwrap_or_default();
            self.tails.push(format!("{due}; {}; {}\n", reason(shared.reason), why(shared)));
            self.tails.len() - 1
        })
    }

    /// Number in the annex and period of a duty that may be named; put into words once, for it is named several times.
    fn label_of(&mut self, leave: Leave<'_>) -> Option<Label> {
        let member = leave.member()?;
        if let Some(known) = self.labels.get(member).copied().flatten() {
            return Some(known);
        }
        let Occurrence { task, period, .. } = leave.named()?;
        let label = Label {
            task: self.tasks.place(Arc::as_ptr(task), |text| text.extend_from_slice(task.id.as_str().as_bytes())),
            period: self.periods.place(Arc::as_ptr(period), |text| {
                let _ = write!(text, " {}", self::period(period));
            }),
        };
        if self.labels.len() <= member {
            self.labels.resize(member + 1, None);
        }
        self.labels[member] = Some(label);
        Some(label)
    }
}

/// Whether two lines differ in the unit in charge only; then they are one, as in the message.
fn is_said_together(one: Leave<'_>, other: Leave<'_>, office: &Office) -> bool {
    let said = |leave: Leave<'_>| {
        let n = leave.shared();
        (what(&leave.to_notification(office).item), n.reason, why(n), n.routes.first().map(|r| r.channel))
    };
    row_of(one.subject()) == row_of(other.subject()) && said(one) == said(other) && !unit(other, office).is_empty()
}

/// The unit in charge; empty for what has none.
fn unit(leave: Leave<'_>, office: &Office) -> String {
    unit_and_due(&leave.to_notification(office).item).0.to_owned()
}

/// What a notification is about, whichever unit is in charge.
fn row_of(subject: &SubjectId) -> &str {
    let subject = subject.as_str();
    subject.rsplit_once(':').map_or(subject, |(row, _)| row)
}
