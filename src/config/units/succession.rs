//! Owns what is wrong with how units follow one another: circles, successors that were gone or not yet there, groups
//! that name both sides, ends that nobody inherits. It refuses nothing that a single unit can be judged by.

use std::{collections::BTreeSet, ops::Range};

use chrono::NaiveDate;

use super::{Group, Reader, Units};
use crate::{
    domain::{
        directory::{Directory, Unit},
        ids::UnitId,
        occurrence::{Agenda, OccurrenceKind},
    },
    message::vietnamese::short_date,
};

/// Of long lists the first so many are named.
const NAMED: usize = 3;

/// Judges every `valid_until` with its `successors`, once all units are known.
pub fn check_successions(reader: &Reader, units: &Units) {
    let directory = &units.directory;
    let mut in_circles: BTreeSet<&UnitId> = BTreeSet::new();
    for unit in directory.units.values() {
        // One circle is told once, not at each of its units.
        if in_circles.contains(&unit.id) {
            continue;
        }
        let Some(circle) = circle_through(directory, &unit.id) else { continue };
        let names: Vec<_> = circle.iter().chain([&&unit.id]).map(|id| directory.unit_name(id)).collect();
        reader.error(
            &units.place(&unit.id),
            format!("các đơn vị kế thừa nhau thành vòng: {}", names.join(" → ")),
            "đơn vị còn hoạt động thì bỏ valid_until, successors; đơn vị đã kết thúc thì ghi đơn vị thực sự nhận việc"
                .to_owned(),
        );
        in_circles.extend(circle);
    }
    for unit in directory.units.values().filter(|u| !in_circles.contains(&u.id)) {
        let Some(until) = unit.valid_until else { continue };
        for successor in unit.successors.iter().filter_map(|id| directory.units.get(id)) {
            check_successor(reader, &units.place(&unit.id), directory, (unit, until), successor);
        }
    }
}

/// The shortest way of successors from a unit back to itself, without the unit at its end.
fn circle_through<'a>(directory: &'a Directory, unit: &'a UnitId) -> Option<Vec<&'a UnitId>> {
    let mut seen: BTreeSet<&UnitId> = BTreeSet::new();
    let mut ways = vec![vec![unit]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().and_then(|id| directory.units.get(*id));
            for next in last.into_iter().flat_map(|u| &u.successors) {
                if next == unit {
                    return Some(way);
                }
                if seen.insert(next) {
                    longer.push([&way[..], &[next]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

fn check_successor(
    reader: &Reader,
    place: &Range<usize>,
    directory: &Directory,
    (unit, until): (&Unit, NaiveDate),
    successor: &Unit,
) {
    if let Some(gone_on) = successor.valid_until.filter(|gone_on| *gone_on <= until) {
        let help = if successor.successors.is_empty() {
            format!("xem lại valid_until của «{}», hoặc ghi đơn vị khác ở successors", successor.name)
        } else {
            let heirs = successor.successors.iter().map(|id| directory.unit_name(id));
            format!("ghi đơn vị thực sự nhận việc: {}", heirs.collect::<Vec<_>>().join(", "))
        };
        let (gone_on, until) = (short_date(gone_on), short_date(until));
        let message = format!(
            "«{}» kết thúc hoạt động {gone_on} nên không thể nhận việc của «{}», đơn vị kết thúc hoạt động {until}",
            successor.name, unit.name
        );
        reader.error(place, message, help);
    }
    let next_day = until.succ_opt();
    if let Some(from) = successor.valid_from.filter(|from| next_day.is_some_and(|day| day < *from)) {
        let (from, until) = (short_date(from), short_date(until));
        reader.warning(
            place,
            format!(
                "«{}» kết thúc hoạt động {until} nhưng đến {from} mới có đơn vị kế thừa «{}»; giữa hai ngày đó tin vẫn gửi cho người của đơn vị cũ",
                unit.name, successor.name
            ),
            "sửa valid_until hoặc valid_from cho nối tiếp nhau, nếu ghi nhầm".to_owned(),
        );
    }
}

/// A group that names a unit and what that unit became asks the same people for one part more.
pub fn check_group(reader: &Reader, units: &Units, group: &Group) {
    let members = || group.members.iter().filter_map(|id| units.directory.units.get(id));
    for old in members() {
        let is_new = |new: &&Unit| new.valid_from.is_some() && new.valid_from > old.valid_until;
        for new in members().filter(is_new).filter(|new| old.successors.contains(&new.id)) {
            let message = format!(
                "nhóm «{}» có cả «{}» và đơn vị kế thừa «{}»: mỗi việc giao cho nhóm bị tính thêm một phần",
                group.name, old.name, new.name
            );
            let help = format!("bỏ «{}» khỏi nhóm này; kế hoạch sau khi sắp xếp thì dùng một nhóm mới", new.name);
            reader.warning(&group.place, message, help);
        }
    }
}

/// Units that end without a successor although plans ask something of them afterwards.
pub fn warn_uninherited(reader: &Reader, units: &Units, agenda: &Agenda) {
    let ended = units.directory.units.values().filter(|u| !units.inherited.contains(&u.id));
    for (unit, until) in ended.filter_map(|u| Some((u, u.valid_until?))) {
        let work = work_after(agenda, &unit.id, until);
        if work.is_empty() {
            continue;
        }
        let more = if work.len() > NAMED { format!(" và {} việc khác", work.len() - NAMED) } else { String::new() };
        let named = work.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        reader.warning(
            &units.place(&unit.id),
            format!(
                "«{}» kết thúc hoạt động {} mà chưa ghi đơn vị kế thừa, trong khi sau ngày đó còn việc: {named}{more}; tin vẫn gửi cho người của đơn vị này",
                unit.name,
                short_date(until)
            ),
            "thêm successors: đơn vị nhận việc".to_owned(),
        );
    }
}

/// What a unit has a part in after a day: tasks with their last day or day of a note, each task of a plan once.
fn work_after(agenda: &Agenda, unit: &UnitId, until: NaiveDate) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut work = Vec::new();
    for occurrence in &agenda.occurrences {
        let on = match occurrence.kind {
            OccurrenceKind::Dated(due) => due.last_on,
            OccurrenceKind::StandingNote(on) | OccurrenceKind::DateMissing(on) => on,
        };
        let plan = &agenda.plans[occurrence.plan];
        let has_part =
            occurrence.unit == *unit || occurrence.task.coordinating.contains(unit) || plan.followed_by.contains(unit);
        if has_part && on > until && seen.insert((occurrence.plan, &occurrence.task.id)) {
            work.push(format!("{} ({}, {})", occurrence.task.id, plan.id, short_date(on)));
        }
    }
    work
}
