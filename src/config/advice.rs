//! Owns what is allowed but unwise, and shows only when plans, policies, people and calendar stand together.

use std::{cell::LazyCell, cmp::Reverse, collections::BTreeMap, ops::Range, ptr, rc::Rc, sync::Arc};

use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::finding::{Finding, Severity, SourceFile};
use crate::{
    domain::{
        calendar::WorkCalendar,
        deadline::Due,
        ids::{PersonId, PlanId, UnitId},
        occurrence::{Occurrence, OccurrenceKind},
        office::Office,
        plan::{Plan, Role, Task},
        policy::{Policy, Triggers},
    },
    message::vietnamese::{date, short_date},
};

/// The files that plans were read from.
pub type PlanFiles = BTreeMap<PlanId, Arc<SourceFile>>;

/// More reminders than this for one person on one day are not read to the end.
const MANY_A_DAY: usize = 20;
/// Contents with fewer words than this are alike by chance.
const LEAST_WORDS: usize = 8;
/// So many words tell what a row asks for.
const MOST_WORDS: usize = 120;
/// A row is compared with so many before it that have the same unit and deadline.
const MOST_COMPARED: usize = 60;
/// So much of the shorter content, in per cent, stands in the longer one in the same order.
const ALIKE: usize = 90;

/// All that is unwise in the office's plans, in no particular order.
pub fn advise(office: &Office, files: &PlanFiles, units_file: &Arc<SourceFile>) -> Vec<Finding> {
    let agenda = &office.agenda;
    let dated = LazyCell::new(|| {
        let is_dated = |o: &&Occurrence| matches!(o.kind, OccurrenceKind::Dated(_));
        agenda.occurrences.iter().filter(is_dated).map(|o| Arc::as_ptr(&o.task)).collect()
    });
    let mut in_holidays = tasks_in_holidays(office);
    let mut findings = Vec::new();
    for plan in &agenda.plans {
        let Some(file) = files.get(&plan.id) else { continue };
        for task in &plan.tasks {
            let policy = agenda.policies.get(&task.policy);
            findings.extend(never_reminded(task, policy, &dated).map(|said| said.at(file, task)));
            findings.extend(closed_each_week(task, policy).map(|said| said.at(file, task)));
            findings.extend(in_holidays.remove(&Arc::as_ptr(task)).map(|said| said.at(file, task)));
        }
        findings.extend(alike(plan).into_iter().map(|(task, said)| said.at(file, task)));
    }
    findings.extend(crowded(office, units_file));
    findings
}

/// The plans whose years are over, with nothing left to remind of but what is late.
pub fn expired(office: &Office, files: &PlanFiles, today: NaiveDate) -> Vec<Finding> {
    let over = office.agenda.plans.iter().filter(|plan| plan.span().is_some_and(|span| span.until_on < today));
    over.filter_map(|plan| {
        let file = files.get(&plan.id)?;
        let said = Said {
            message: format!("kế hoạch «{}» đã hết năm {}: chỉ còn nhắc việc quá hạn", plan.id, plan.years.last),
            help: format!(
                "lập kế hoạch năm sau: nhacviec plan rollover {} --year {}; việc đã xong hết thì chuyển tệp này ra khỏi thư mục plans",
                plan.id,
                plan.years.last + 1
            ),
        };
        Some(said.spanning(file, place_of(file, "year:")))
    })
    .collect()
}

/// A sentence and what to do.
struct Said {
    message: String,
    help: String,
}

impl Said {
    fn at(self, file: &Arc<SourceFile>, task: &Task) -> Finding {
        self.spanning(file, place_of_task(file, task))
    }

    fn spanning(self, file: &Arc<SourceFile>, span: Range<usize>) -> Finding {
        let file = Arc::clone(file);
        Finding { severity: Severity::Warning, file, span, message: self.message, help: Some(self.help) }
    }
}

/// The first place of a word; nowhere when it is missing.
pub fn place_of(file: &SourceFile, word: &str) -> Range<usize> {
    file.text.find(word).map_or(0..0, |at| at..at + word.len())
}

/// Where the task's number stands.
fn place_of_task(file: &SourceFile, task: &Task) -> Range<usize> {
    let line = task.source.rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let start = file.start_of(line);
    let text = file.text[start..].lines().next().unwrap_or_default();
    let id = task.id.as_str();
    text.find(id).map_or(start..start, |at| start + at..start + at + id.len())
}

/// A task with due dates of which its unit never hears; `dated` are the tasks that have some. One without any is told of
/// where its deadline is read.
fn never_reminded(
    task: &Arc<Task>,
    policy: Option<&Arc<Policy>>,
    dated: &LazyCell<HashSet<*const Task>, impl FnOnce() -> HashSet<*const Task>>,
) -> Option<Said> {
    let policy = policy?;
    let is_told = !policy.lead.before.is_empty() || !policy.lead.after.is_empty() || policy.data_closing.is_some();
    (!is_told && dated.contains(&Arc::as_ptr(task))).then(|| Said {
        message: format!("chính sách «{}» không nhắc đơn vị chủ trì lần nào", task.policy),
        help: "thêm lead: { before: […] } vào chính sách, hoặc chọn chính sách khác cho nhiệm vụ này".to_owned(),
    })
}

/// A weekly duty on a policy with a closing day: every week that is due by the next one would be announced on it.
fn closed_each_week(task: &Task, policy: Option<&Arc<Policy>>) -> Option<Said> {
    let day = policy?.data_closing?;
    task.reading.is_partly_weekly().then(|| Said {
        message: format!("việc theo tuần mà chính sách «{}» chốt số liệu ngày {day} hằng tháng", task.policy),
        help: "chọn chính sách không có data_closing_day, như bao-cao-tuan; có cả kỳ tuần và kỳ tháng thì tách thành hai nhiệm vụ"
            .to_owned(),
    })
}

/// Tasks with a ladder counted in calendar days whose every rung ahead of a due date falls into days off, Tết among
/// them: people hear of it once, on the last working day before the holidays. Tasks by their place in memory, where
/// they stay as long as the office does.
fn tasks_in_holidays(office: &Office) -> HashMap<*const Task, Said> {
    let calendar = &office.calendar;
    // Thousands of occurrences share a ladder and a due date.
    let mut known: HashMap<(*const Policy, Due), Option<&str>> = HashMap::new();
    let mut found = HashMap::new();
    for occurrence in &office.agenda.occurrences {
        let OccurrenceKind::Dated(due) = occurrence.kind else { continue };
        let policy = &occurrence.policy;
        let named = known.entry((Arc::as_ptr(policy), due)).or_insert_with(|| named_break(policy, due, calendar));
        let Some(named) = named else { continue };
        let Some(told_on) = policy.lead.days_before(due, calendar).into_iter().min() else { continue };
        found.entry(Arc::as_ptr(&occurrence.task)).or_insert_with(|| Said {
            message: format!(
                "mọi mốc nhắc trước hạn {} rơi vào ngày nghỉ ({named}): chỉ còn một lần nhắc, ngày {}",
                date(due.last_on),
                short_date(told_on)
            ),
            help: "thêm mốc nhắc sớm hơn vào before, hoặc đếm theo ngày làm việc: count_in: working_days".to_owned(),
        });
    }
    found
}

fn named_break<'c>(policy: &Policy, due: Due, calendar: &'c WorkCalendar) -> Option<&'c str> {
    let mut days = policy.lead.calendar_days_before(due);
    if days.clone().nth(1).is_none() || days.clone().any(|day| calendar.is_working_day(day)) {
        return None;
    }
    days.find_map(|day| calendar.day_off_name(day))
}

/// Rows of one unit that ask for the same by the same day: the document has them twice, or one contains the other.
fn alike(plan: &Plan) -> Vec<(&Task, Said)> {
    let words: Vec<LazyCell<Vec<String>, _>> =
        plan.tasks.iter().map(|task| LazyCell::new(|| words_of(&task.content))).collect();
    // As written, and as compared: hundreds of rows share a phrase.
    let mut phrases: HashMap<&str, usize> = HashMap::new();
    let mut folded_phrases: HashMap<String, usize> = HashMap::new();
    let mut earlier: HashMap<(usize, &UnitId), Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        let phrase = *phrases.entry(&task.phrase).or_insert_with(|| {
            let next = folded_phrases.len();
            *folded_phrases.entry(folded(&task.phrase)).or_insert(next)
        });
        let mut twin = None;
        for unit in &task.lead {
            let same = earlier.entry((phrase, unit)).or_default();
            let near = same.iter().rev().take(MOST_COMPARED).find(|before| is_alike(&words[**before], &words[at]));
            twin = twin.or(near.copied());
            same.push(at);
        }
        let Some(twin) = twin.map(|twin| &plan.tasks[twin]) else { continue };
        found.push((
            task.as_ref(),
            Said {
                message: format!("nhiệm vụ {} giống nhiệm vụ {}: cùng đơn vị, cùng thời hạn", task.id, twin.id),
                help: format!("nếu văn bản ghi trùng thì bỏ một dòng (gộp vào {}), nếu không thì để nguyên", twin.id),
            },
        ));
    }
    found
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).map(str::to_lowercase).collect()
}

/// Whether nearly all words of the shorter stand in the longer in the same order. Where one word stands for another, as
/// in "cấp tỉnh" and "cấp xã", "quý III" and "quý IV", they are two rows of a series.
fn is_alike(a: &[String], b: &[String]) -> bool {
    if a.len() == b.len() {
        return !a.is_empty() && a == b;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= LEAST_WORDS && common(short, long) * 100 >= short.len() * ALIKE
}

/// The length of the longest common subsequence.
fn common(short: &[String], long: &[String]) -> usize {
    let mut row = vec![0; short.len() + 1];
    for word in long {
        let mut diagonal = 0;
        for (at, known) in short.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == known { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[short.len()]
}

/// What one unit hears of on the same days.
struct Told {
    days: Rc<[NaiveDate]>,
    /// By their places in the agenda.
    occurrences: Vec<usize>,
}

/// People who would be told of too much on one day, each with their fullest day.
fn crowded(office: &Office, units_file: &Arc<SourceFile>) -> Vec<Finding> {
    let units = told_to_units(office);
    let mut memberships: BTreeMap<&PersonId, Vec<&UnitId>> = BTreeMap::new();
    for unit in office.directory.units.values().filter(|unit| units.contains_key(&unit.id)) {
        unit.contacts.iter().for_each(|person| memberships.entry(person).or_default().push(&unit.id));
    }
    // Colleagues hear of the same.
    let mut known: HashMap<Vec<&UnitId>, Option<(usize, NaiveDate)>> = HashMap::new();
    let places = places_of_ids(units_file);
    let findings = memberships.into_iter().filter_map(|(person, members)| {
        let told = || members.iter().filter_map(|unit| units.get(*unit)).flatten().collect::<Vec<_>>();
        let (count, day) = (*known.entry(members.clone()).or_insert_with(|| fullest(&told())))?;
        let name = office.directory.people.get(person).map_or(person.as_str(), |p| p.name.as_str());
        let said = Said {
            message: format!("{name} sẽ nhận {count} lời nhắc trong ngày {}: khó đọc hết", date(day)),
            help: format!(
                "chia bớt người nhận (contacts), bớt mốc nhắc cho đơn vị phối hợp, theo dõi; xem từng ngày: nhacviec simulate --from {day} --to {day}"
            ),
        };
        Some(said.spanning(units_file, places.get(person.as_str()).cloned().unwrap_or(0..0)))
    });
    findings.collect()
}

/// Where each person or unit is declared.
fn places_of_ids(file: &SourceFile) -> HashMap<&str, Range<usize>> {
    let text = file.text.as_str();
    let declared = text.match_indices("id: ").map(|(at, found)| {
        let start = at + found.len();
        let length = text[start..].find(|c: char| !(c.is_alphanumeric() || c == '-')).unwrap_or(text.len() - start);
        (&text[start..start + length], start..start + length)
    });
    declared.collect()
}

fn told_to_units(office: &Office) -> HashMap<&UnitId, Vec<Told>> {
    // Thousands of occurrences share a unit, a ladder and a due date.
    let mut alike: HashMap<(&UnitId, *const Triggers, OccurrenceKind), (Role, Vec<usize>)> = HashMap::new();
    for (at, occurrence) in office.agenda.occurrences.iter().enumerate() {
        let plan = &office.agenda.plans[occurrence.plan];
        let roles: [(&[UnitId], Role); 3] = [
            (std::slice::from_ref(&occurrence.unit), Role::Lead),
            (&occurrence.task.coordinating, Role::Coordinating),
            (&plan.followed_by, Role::Following),
        ];
        for (concerned, role) in roles {
            let triggers = ptr::from_ref(occurrence.policy.triggers(role));
            for unit in concerned {
                let known = alike.entry((unit, triggers, occurrence.kind));
                known.or_insert_with(|| (role, Vec::new())).1.push(at);
            }
        }
    }
    let mut told: HashMap<&UnitId, Vec<Told>> = HashMap::new();
    let mut ladders: HashMap<(*const Triggers, OccurrenceKind), Rc<[NaiveDate]>> = HashMap::new();
    for ((unit, triggers, kind), (role, occurrences)) in alike {
        let days = ladders
            .entry((triggers, kind))
            .or_insert_with(|| days_told(&office.agenda.occurrences[occurrences[0]], role, &office.calendar).into());
        told.entry(unit).or_default().push(Told { days: Rc::clone(days), occurrences });
    }
    told
}

/// The day with the most reminders in all of this together, if they are too many. One duty is one reminder, in however
/// many roles.
fn fullest(told: &[&Told]) -> Option<(usize, NaiveDate)> {
    let mut at_most: HashMap<NaiveDate, usize> = HashMap::new();
    for Told { days, occurrences } in told {
        days.iter().for_each(|day| *at_most.entry(*day).or_default() += occurrences.len());
    }
    let mut days: Vec<_> = at_most.into_iter().map(|(day, count)| (count, day)).collect();
    days.sort_unstable_by_key(|day| Reverse(*day));
    let mut fullest = (MANY_A_DAY, NaiveDate::MIN);
    for (at_most, day) in days {
        // No day after it has more.
        if at_most <= MANY_A_DAY || at_most < fullest.0 {
            break;
        }
        let of_day = told.iter().filter(|told| told.days.contains(&day));
        let occurrences: HashSet<usize> = of_day.flat_map(|told| &told.occurrences).copied().collect();
        fullest = fullest.max((occurrences.len(), day));
    }
    (fullest.0 > MANY_A_DAY).then_some(fullest)
}

/// The days ahead of the due date on which units in that role hear of the work.
fn days_told(occurrence: &Occurrence, role: Role, calendar: &WorkCalendar) -> Vec<NaiveDate> {
    match occurrence.kind {
        OccurrenceKind::Dated(due) => occurrence.policy.triggers(role).days_before(due, calendar),
        OccurrenceKind::StandingNote(on) | OccurrenceKind::DateMissing(on) if role == Role::Lead => vec![on],
        OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => Vec::new(),
    }
}
