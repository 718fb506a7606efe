//! Owns the administrator's morning note: what of the daemon's own work a person should know.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::{
    directory::Directory,
    ids::{PersonId, SourceId, SubjectId},
    life::{Life, Reports},
    notification::{Audience, Item, Notification, NotificationKey, Reason},
    occurrence::OccurrenceKind,
    office::Office,
};

/// What happened since the last note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// When the last note was decided.
    pub last_note_at: Option<DateTime<Utc>>,
    /// Messages that left.
    pub sent: u32,
    /// Put off because their recipient had had enough that day.
    pub deferred: u32,
    /// Given up.
    pub failed: u32,
    /// Of unknown outcome.
    pub unknown: u32,
    /// Should have left already and still wait.
    pub held: u32,
    /// Each source with its last complete and believed answer.
    pub sources: Vec<(SourceId, Option<DateTime<Utc>>)>,
    /// Open problems that the administrator had a message about, in words; newer ones leave with one of their own.
    pub problems: Vec<String>,
}

/// A source without a good answer for longer than this is worth a note.
const STALE_SOURCE: chrono::Duration = chrono::Duration::hours(24);
/// A calendar that ends within so many days is about to run out.
const CALENDAR_AHEAD: u64 = 45;
/// Names listed before "and so many more".
const LISTED: usize = 8;

/// The subject of a day's note.
#[must_use]
pub fn note_subject(on: NaiveDate) -> SubjectId {
    format!("note:{on}").into()
}

/// Whether the subject is a morning note.
#[must_use]
pub fn is_note(subject: &SubjectId) -> bool {
    subject.as_str().starts_with("note:")
}

/// The note of the morning of `now`, when there is something to say: trouble on any working day, everything once a
/// week, on its first working day. `None` when the administrator cannot be reached, too.
#[must_use]
pub fn morning_note(
    office: &Office,
    reports: &Reports,
    activity: &Activity,
    last_decided_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Notification> {
    let today = office.hours.date(now);
    // Once a week, however late in it when the daemon was down on the first day.
    let week = today.iso_week();
    let is_first_day = office.calendar.last_working_day_until(today - Days::new(1)).iso_week() != week;
    let before = activity.last_note_at.or(last_decided_at).map(|at| office.hours.date(at).iso_week());
    let is_weekly = is_first_day || before.is_some_and(|before| before != week);
    let troubles = troubles(office, activity, now);
    if troubles.is_empty() && !is_weekly {
        return None;
    }
    let mut lines = vec![format!(
        "Từ bản tin trước: đã gửi {}, dời {}, không gửi được {}, không rõ {}, đang giữ {}",
        activity.sent, activity.deferred, activity.failed, activity.unknown, activity.held
    )];
    lines.extend(troubles);
    lines.extend(sources(office, activity));
    lines.extend(standing(office, reports, today));
    let recipient = office.directory.recipient(&office.administrator, today)?;
    Some(Notification {
        key: NotificationKey {
            subject: note_subject(today),
            revision_on: today,
            offset: 0,
            audience: Audience::Administrator,
            recipient: recipient.id,
            resumed_on: None,
        },
        reason: Reason::Problem,
        item: Item::Health { lines },
        advice: None,
        routes: recipient.routes,
        on_behalf_of: recipient.on_behalf_of,
        not_before: now,
        merged_into: None,
    })
}

/// What went wrong since the last note or is wrong now.
fn troubles(office: &Office, activity: &Activity, now: DateTime<Utc>) -> Vec<String> {
    let mut lines = Vec::new();
    if activity.failed + activity.unknown > 0 {
        lines.push("Có tin không gửi được hoặc không rõ đã tới chưa: xem nhacviec status".to_owned());
    }
    if activity.deferred > 0 {
        lines.push(format!("{} tin bị dời sang hôm sau vì người nhận đã đủ số tin trong ngày", activity.deferred));
    }
    if activity.held > 0 {
        lines.push(format!("{} tin lẽ ra đã đi vẫn còn giữ: kiểm tra kênh gửi", activity.held));
    }
    // A week-end without an answer is no trouble of this morning's.
    let open_since = office.hours.digest_moment(office.calendar.add_working_days(office.hours.date(now), -1));
    for (source, succeeded_at) in &activity.sources {
        let is_stale = succeeded_at.is_none_or(|at| now - at > STALE_SOURCE && at < open_since);
        if is_stale {
            lines.push(format!("{source}: chưa đọc được dữ liệu đầy đủ từ hôm qua"));
        }
    }
    lines.extend(activity.problems.iter().map(|p| format!("Trục trặc: {p}")));
    lines
}

fn sources(office: &Office, activity: &Activity) -> Vec<String> {
    let line = |(source, at): &(SourceId, Option<DateTime<Utc>>)| match at {
        Some(at) => {
            let local = at.with_timezone(&office.hours.zone);
            format!("{source}: dữ liệu đầy đủ gần nhất lúc {}", local.format("%H:%M ngày %d/%m/%Y"))
        }
        None => format!("{source}: chưa có lần nào đọc được đầy đủ"),
    };
    activity.sources.iter().map(line).collect()
}

/// What is no trouble yet: calendars about to run out, duties never reminded of, people without an address, plans
/// whose year has ended.
fn standing(office: &Office, reports: &Reports, today: NaiveDate) -> Vec<String> {
    let mut lines = Vec::new();
    let ahead = today + Days::new(CALENDAR_AHEAD);
    if ahead.year() != today.year() && !office.calendar.is_official(ahead.year()) {
        lines.push(format!("Lịch nghỉ năm {} chưa có, năm nay sắp hết: nhacviec calendar next-notice", ahead.year()));
    }
    lines.extend(listed(
        "Nhiệm vụ chưa được nhắc lần nào, chờ phát sinh hoặc chờ thời hạn",
        &never_reminded(office, reports),
    ));
    lines.extend(listed("Người chưa có địa chỉ nhận tin", &without_address(&office.directory)));
    for plan in office.agenda.plans.iter().filter(|p| p.years.last < today.year()) {
        let index = office.agenda.plans.iter().position(|p| p.id == plan.id);
        let is_owed = |subject| !reports.life(subject).is_some_and(Life::is_closed);
        let owed =
            office.agenda.occurrences.iter().filter(|o| {
                Some(o.plan) == index && matches!(o.kind, OccurrenceKind::Dated(_)) && is_owed(o.subject())
            });
        let owed = owed.count();
        let rest = if owed > 0 { format!(", còn {owed} việc chưa báo hoàn thành") } else { String::new() };
        lines.push(format!("Kế hoạch «{}» đã hết năm{rest}", plan.title));
    }
    lines
}

fn listed(what: &str, names: &[String]) -> Option<String> {
    let more = names.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!(" và {more} nữa") } else { String::new() };
    (!names.is_empty()).then(|| format!("{what}: {}{rest}", names[..names.len() - more].join(", ")))
}

/// Tasks that give nobody anything to do as long as nothing is opened.
fn never_reminded(office: &Office, reports: &Reports) -> Vec<String> {
    let agenda = &office.agenda;
    let planned: BTreeSet<_> = agenda.occurrences.iter().map(|o| (o.plan, o.task.id.as_str())).collect();
    let opened: BTreeSet<_> = reports.openings().iter().map(|o| (o.plan.as_str(), o.task.as_str())).collect();
    let mut names = Vec::new();
    for (index, plan) in agenda.plans.iter().enumerate() {
        let silent = plan.tasks.iter().filter(|t| {
            !planned.contains(&(index, t.id.as_str())) && !opened.contains(&(plan.id.as_str(), t.id.as_str()))
        });
        names.extend(silent.map(|t| t.id.to_string()));
    }
    names
}

/// Everybody whom a unit or a position names and whom no message can reach.
fn without_address(directory: &Directory) -> Vec<String> {
    let of_units = directory.units.values().flat_map(|u| u.contacts.iter().chain(&u.head).chain(&u.overseen_by));
    let named: BTreeSet<&PersonId> = of_units.chain(directory.positions.values()).collect();
    let silent = named.into_iter().filter_map(|id| directory.people.get(id)).filter(|p| p.routes.is_empty());
    silent.map(|p| p.name.clone()).collect()
}
