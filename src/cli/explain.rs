//! `nhacviec explain`: the whole chain from a due date to a message, or the link that said no.
//!
//! What was sent comes from the store; what is or will be decided comes from the daemon's own decision, which takes
//! notes. For a day in the past the decision is made again on what was known then, with today's configuration.

pub mod words;

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use serde_json::json;

use self::words::Words;
use super::{
    Exit, STORE_FAILED, block_on, load_linked_config, open_existing_store,
    preview::parse_date,
    print, print_json,
    report::due_in_force,
    tasks::{content, standing},
    which::{Which, describe},
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        decide::{self, Link, Record, Situation, Told, Verdict},
        dossier::{DossierStatus, Duty, TrackedDossier, dossier_subject, has_hour},
        ids::{PersonId, SubjectId},
        life::{Event, Life, Reports},
        occurrence::{Occurrence, OccurrenceKind},
        office::Office,
    },
    message::{
        reading,
        vietnamese::{date, moment, short_date},
    },
    simulation::{self, Completions, Leaving},
    store::{Decided, Status},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Explain {
    #[command(flatten)]
    which: Which,
    /// Chỉ xem một người (mã người trong units.yaml)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    person: Option<String>,
    /// Xem một ngày, đã qua hoặc sắp tới; mặc định lúc này
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    on: Option<NaiveDate>,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

/// What the store knows.
struct Known {
    record: Record,
    status: Status,
    store: Option<Arc<dyn crate::store::Store>>,
    /// The messages to come, rehearsed once for all that is explained.
    rehearsed: OnceCell<Vec<Leaving>>,
}

impl Known {
    fn read(config: &Config, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let Some(store) = open_existing_store(config)? else {
            let (record, status) = (Record::default(), Status::default());
            return Ok(Self { record, status, store: None, rehearsed: OnceCell::new() });
        };
        // What is said of one thing does not hang on the dossiers of the house, of which there may be thousands.
        let record = block_on(store.record(DateTime::UNIX_EPOCH))?.context(STORE_FAILED)?;
        Ok(Self {
            record: Record { dossiers: Vec::new(), ..record },
            status: block_on(store.status(now))?.context(STORE_FAILED)?,
            store: Some(store),
            rehearsed: OnceCell::new(),
        })
    }

    /// The same, of one dossier alone.
    fn narrowed(&self, tracked: &TrackedDossier) -> Self {
        Self {
            record: Record { dossiers: vec![tracked.clone()], ..self.record.clone() },
            status: self.status.clone(),
            store: self.store.clone(),
            rehearsed: OnceCell::new(),
        }
    }

    fn of(&self, subject: &SubjectId) -> anyhow::Result<(Vec<Decided>, Vec<Event>)> {
        let Some(store) = &self.store else { return Ok((Vec::new(), Vec::new())) };
        let decided = block_on(store.decided(subject.clone()))?.context(STORE_FAILED)?;
        Ok((decided, block_on(store.events(subject.clone()))?.context(STORE_FAILED)?))
    }
}

/// What leaves from `today` on when nobody reports anything more.
fn rehearse(office: &Office, record: &Record, today: NaiveDate) -> Vec<Leaving> {
    const LOOKED_AHEAD: u64 = 400;
    let (first, start, _) = simulation::set_out(office, record.clone(), today, today);
    simulation::collect(office, start, first, today + Days::new(LOOKED_AHEAD), &Completions::None)
}

/// One subject, explained.
struct Account {
    subject: SubjectId,
    /// Title and facts, ready to print.
    head: Vec<String>,
    verdicts: Vec<Verdict>,
    /// The moment of the decision that is explained.
    at: DateTime<Utc>,
    decided: Vec<Decided>,
    events: Vec<Event>,
    /// Messages to come, as (day, words).
    coming: Vec<(NaiveDate, String)>,
}

impl Explain {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
        let office = &config.office;
        if let Some(person) = self.person.as_ref().filter(|p| !office.directory.people.contains_key(&p.as_str().into()))
        {
            let known = office.directory.people.keys().map(PersonId::as_str).collect::<Vec<_>>().join(", ");
            bail!("không có người «{person}» trong units.yaml; các mã người: {known}");
        }
        let now = SystemClock.now();
        let known = Known::read(&config, now)?;
        let mut accounts = Vec::new();
        if self.is_task(office) {
            for occurrence in self.wanted(office, &known, office.hours.date(now))? {
                accounts.push(self.of_occurrence(office, &known, &occurrence, now)?);
            }
        } else {
            accounts = self.of_dossier(office, &known, now)?;
        }
        let words = Words { office, is_dossier: !self.is_task(office) };
        if self.json {
            let accounts: Vec<_> = accounts.iter().map(|a| self.account_json(a, &words)).collect();
            print_json(&json!({ "accounts": accounts }));
        } else {
            let texts: Vec<_> = accounts.iter().map(|a| self.account_text(a, &words, &known.status)).collect();
            print(&texts.join("\n\n"));
        }
        Ok(Exit::Done)
    }

    fn is_task(&self, office: &Office) -> bool {
        office.agenda.plans.iter().any(|p| p.tasks.iter().any(|t| t.id.as_str() == self.which.task))
    }

    /// All occurrences that the arguments name; without a period those around the day that is asked for.
    fn wanted(&self, office: &Office, known: &Known, today: NaiveDate) -> anyhow::Result<Vec<Occurrence>> {
        let mut all = self.which.all(office, &known.record.reports)?;
        if self.which.period.is_some() {
            return Ok(all);
        }
        let on = self.on.unwrap_or(today);
        let opens_later = |o: &Occurrence| o.opens_on > on;
        let is_open = |o: &Occurrence| {
            let life = known.record.reports.life(o.subject());
            !opens_later(o) && !life.is_some_and(crate::domain::life::Life::is_closed)
        };
        // What is open then, else the last before it and the next after it of each unit.
        if all.iter().any(is_open) {
            all.retain(is_open);
        } else {
            let before = all.iter().filter(|o| !opens_later(o)).map(|o| o.opens_on).max();
            let after = all.iter().filter(|o| opens_later(o)).map(|o| o.opens_on).min();
            all.retain(|o| Some(o.opens_on) == before || Some(o.opens_on) == after);
        }
        Ok(all)
    }

    fn of_occurrence(
        &self,
        office: &Office,
        known: &Known,
        occurrence: &Occurrence,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Account> {
        let subject = occurrence.subject();
        let (decided, events) = known.of(subject)?;
        let (at, record) = self.record_at(office, known, subject, &decided, &events, now);
        let verdicts = decide::explain(&Situation { office, record: &record }, at, subject);
        let task = &occurrence.task;
        let life = record.reports.life(subject);
        let due = due_in_force(office, occurrence, life);
        let mut head = vec![describe(office, occurrence)];
        head.push(format!("Nội dung: {}", content(task)));
        head.push(format!("Nguồn: {}; kế hoạch ghi «{}»", task.source, task.phrase));
        head.push(format!("Cách hiểu: {}", reading::describe(&task.reading, &task.phrase)));
        head.extend(occurrence.document.as_ref().map(|d| format!("Phát sinh theo: {d}")));
        head.push(match (due, occurrence.kind) {
            (Some(due), OccurrenceKind::Dated(planned)) => {
                let moved = if planned.last_on == due.last_on {
                    String::new()
                } else {
                    format!("; đã gia hạn, hạn trong kế hoạch là {}", short_date(planned.last_on))
                };
                let safe = date(due.safe_on);
                format!(
                    "Hạn: hết {}; ngày làm việc cuối cùng {safe}{moved} (phiên bản hạn {})",
                    date(due.last_on),
                    due.last_on
                )
            }
            (_, OccurrenceKind::StandingNote(on)) => format!("Hạn: không có; nhắc lại vào {}", date(on)),
            (_, OccurrenceKind::DateMissing(on)) => format!("Hạn: còn thiếu; nhắc bổ sung vào {}", date(on)),
            (None, OccurrenceKind::Dated(_)) => unreachable!("dated work has a due date"),
        });
        head.push(words::calendar(office, due.map_or(occurrence.opens_on, |d| d.last_on)));
        let in_charge = life.and_then(|l| l.unit.as_ref()).unwrap_or(&occurrence.unit);
        head.extend(words::in_force(office, in_charge, office.hours.date(at)));
        head.extend(Self::state(office, occurrence, &record, office.hours.date(at)));
        if let Some(policy) = office.agenda.policies.get(&task.policy) {
            head.push(words::policy(&task.policy, policy));
        }
        head.push(words::hours(office, at));
        let coming = self.coming(office, known, subject, now);
        Ok(Account { subject: subject.clone(), head, verdicts, at, decided, events, coming })
    }

    fn state(office: &Office, occurrence: &Occurrence, record: &Record, today: NaiveDate) -> Vec<String> {
        let life = record.reports.life(occurrence.subject());
        let mut said = vec![words::ending(life)];
        said.extend(life.map(|l| standing(l, &office.directory, today)).unwrap_or_default());
        vec![format!("Trạng thái: {}", said.join("; "))]
    }

    /// The moment of the decision to explain, and what was or will be known then.
    fn record_at(
        &self,
        office: &Office,
        known: &Known,
        subject: &SubjectId,
        decided: &[Decided],
        events: &[Event],
        now: DateTime<Utc>,
    ) -> (DateTime<Utc>, Record) {
        let today = office.hours.date(now);
        let Some(on) = self.on.filter(|on| *on != today) else { return (now, known.record.clone()) };
        let at = office.hours.digest_moment(on);
        if on > today {
            let mut record = known.record.clone();
            let (first, start, _) = simulation::set_out(office, record.clone(), on, today);
            let eve = on - Days::new(1);
            let told = Arc::make_mut(&mut record.told).entry(subject.clone()).or_default();
            for leaving in simulation::collect(office, start, first, eve, &Completions::None) {
                if leaving.notification.key.subject == *subject {
                    told.push(Told::of(&leaving.notification.key));
                }
            }
            record.last_decided_at = Some(office.hours.digest_moment(eve));
            return (at, record);
        }
        // The past: what had been reported and said before that morning.
        let mut reports = Reports::default();
        for event in events.iter().filter(|e| e.recorded_at < at) {
            reports.add(event);
        }
        let day_began_at = office.hours.instant(on, NaiveTime::MIN);
        let before = decided.iter().filter(|d| d.decided_at < day_began_at);
        let told = before.filter(|d| d.withdrawn_at.is_none_or(|at| at >= day_began_at)).map(|d| Told {
            revision_on: d.revision_on,
            offset: d.offset,
            audience: d.audience,
            recipient: d.recipient.clone(),
            resumed_on: d.resumed_on,
        });
        let told = HashMap::from([(subject.clone(), told.collect())]);
        let record = Record {
            reports: Arc::new(reports),
            told: Arc::new(told),
            dossiers: known.record.dossiers.clone(),
            last_decided_at: Some(office.hours.digest_moment(on - Days::new(1))),
            ..Record::default()
        };
        (at, record)
    }

    /// The next messages about the subject, should nobody report anything.
    fn coming(
        &self,
        office: &Office,
        known: &Known,
        subject: &SubjectId,
        now: DateTime<Utc>,
    ) -> Vec<(NaiveDate, String)> {
        const SHOWN: usize = 8;
        let words = Words { office, is_dossier: !subject.as_str().starts_with("task:") };
        let today = office.hours.date(now);
        let rehearsed = known.rehearsed.get_or_init(|| rehearse(office, &known.record, today));
        let wanted = rehearsed.iter().filter(|l| l.notification.key.subject == *subject && l.on >= today);
        let wanted = wanted.filter(|l| self.person.as_ref().is_none_or(|p| l.notification.key.recipient.as_str() == p));
        wanted.take(SHOWN).map(|l| (l.on, words.key(&l.notification.key))).collect()
    }

    fn of_dossier(&self, office: &Office, known: &Known, now: DateTime<Utc>) -> anyhow::Result<Vec<Account>> {
        let code = self.which.task.as_str();
        let mut accounts = Vec::new();
        for source in office.sources.keys() {
            let subject = dossier_subject(source, code);
            let (decided, events) = known.of(&subject)?;
            let Some(store) = &known.store else { break };
            let found = block_on(store.dossier(source.clone(), code.to_owned()))?.context(STORE_FAILED)?;
            let Some(tracked) = found else { continue };
            let known = &known.narrowed(&tracked);
            let (at, record) = self.record_at(office, known, &subject, &decided, &events, now);
            let verdicts = decide::explain(&Situation { office, record: &record }, at, &subject);
            let mut head = vec![format!("Hồ sơ {code} ({source})")];
            head.extend(dossier_facts(office, &tracked, record.reports.life(&subject)));
            head.extend(tracked.closed_at.map(|at| {
                let end = if tracked.dossier.status == DossierStatus::Finished {
                    "đã có kết quả"
                } else {
                    "hệ thống một cửa không còn trả về"
                };
                let owed = if tracked.owes {
                    "xong chậm nên còn nhắc văn bản còn thiếu"
                } else {
                    "không nhắc nữa"
                };
                format!("Đã đóng lúc {}: {end}; {owed}", moment(office.hours.zone, at))
            }));
            if let Some(rules) = office.sources.get(source) {
                head.push(words::policy("hồ sơ", &rules.policy));
            }
            head.push(words::hours(office, at));
            let coming = self.coming(office, known, &subject, now);
            accounts.push(Account { subject, head, verdicts, at, decided, events, coming });
            accounts.extend(self.of_duties(office, known, &tracked, now)?);
        }
        if accounts.is_empty() {
            bail!(
                "không có nhiệm vụ hay hồ sơ «{code}»; xem nhiệm vụ bằng lệnh nhacviec tasks, hồ sơ ghi đúng mã trên giấy hẹn"
            );
        }
        Ok(accounts)
    }

    /// The papers that are owed for a dossier, or were; nothing of those that nobody has to write.
    fn of_duties(
        &self,
        office: &Office,
        known: &Known,
        tracked: &TrackedDossier,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<Account>> {
        let mut accounts = Vec::new();
        let code = &tracked.dossier.code;
        for duty in [Duty::Apology, Duty::Explanation, Duty::Forwarding] {
            let subject = duty.subject(&tracked.source, code);
            let (decided, events) = known.of(&subject)?;
            let (at, mut record) = self.record_at(office, known, &subject, &decided, &events, now);
            let own = dossier_subject(&tracked.source, code);
            let reported = known.of(&own)?.1.into_iter().filter(|e| e.recorded_at < at);
            let mut reports = Reports::default();
            reported.for_each(|event| reports.add(&event));
            record.reports = Arc::new(reports);
            let verdicts = decide::explain(&Situation { office, record: &record }, at, &subject);
            let is_idle = verdicts.iter().all(|v| matches!(v.link, Link::NotOwed(None)));
            if is_idle && decided.is_empty() {
                continue;
            }
            let late = office.sources.get(&tracked.source).and_then(|rules| rules.policy.late.as_ref());
            let name = match duty {
                Duty::Apology => late.map_or("văn bản xin lỗi", |l| &l.apology),
                Duty::Explanation => late.map_or("báo cáo giải trình", |l| &l.explanation),
                Duty::Forwarding => "chuyển đơn",
            };
            let head = vec![format!("Hồ sơ {code} ({}): {name}", tracked.source)];
            let coming = self.coming(office, known, &subject, now);
            accounts.push(Account { subject, head, verdicts, at, decided, events, coming });
        }
        Ok(accounts)
    }

    fn account_text(&self, account: &Account, words: &Words<'_>, status: &Status) -> String {
        let office = words.office;
        let mut lines = vec![account.head[0].clone()];
        lines.extend(account.head[1..].iter().map(|l| format!("  {l}")));
        let on = office.hours.date(account.at);
        let events: Vec<_> = account.events.iter().filter(|e| e.recorded_at < account.at).collect();
        if !events.is_empty() {
            lines.push("  Đã báo cáo:".to_owned());
            lines.extend(events.into_iter().map(|e| format!("    - {}", words.event(e))));
        }
        let day_off = office.calendar.day_off_name(on).map(|name| format!(" (nghỉ {name})")).unwrap_or_default();
        lines.push(format!("  Quyết định lúc {}{day_off}:", moment(office.hours.zone, account.at)));
        lines.extend(self.verdict_lines(account, words).into_iter().map(|l| format!("    - {l}")));
        let decided: Vec<_> = account.decided.iter().filter(|d| self.is_wanted(d, office)).collect();
        lines.push(if decided.is_empty() {
            "  Đã nhắc: chưa có lần nào".to_owned()
        } else {
            "  Đã nhắc:".to_owned()
        });
        for one in decided {
            lines.extend(words.decided(one).into_iter().map(|l| format!("    {l}")));
        }
        lines.extend(status.paused_channels.iter().map(|(channel, until)| {
            format!("  Kênh {} đang tạm nghỉ đến {}", channel.as_str(), moment(office.hours.zone, *until))
        }));
        if self.on.is_none() {
            lines.push(if account.coming.is_empty() {
                "  Sắp tới: không còn lần nhắc nào".to_owned()
            } else {
                "  Sắp tới, nếu không ai báo gì thêm:".to_owned()
            });
            lines.extend(account.coming.iter().map(|(on, said)| format!("    - {}: {said}", short_date(*on))));
        }
        lines.push(format!("  Mã việc: {}", account.subject));
        lines.join("\n")
    }

    /// Of a day that was asked for only what was decided or left on it.
    fn is_wanted(&self, decided: &Decided, office: &Office) -> bool {
        let is_person = self.person.as_ref().is_none_or(|p| decided.recipient.as_str() == p);
        let is_day = self.on.is_none_or(|on| {
            let left = decided.deliveries.iter().filter_map(|d| d.finished_at);
            std::iter::once(decided.decided_at).chain(left).any(|at| office.hours.date(at) == on)
        });
        is_person && is_day
    }

    fn verdict_lines(&self, account: &Account, words: &Words<'_>) -> Vec<String> {
        let wanted = |v: &&Verdict| {
            let Some(person) = &self.person else { return true };
            v.recipient.as_ref().is_none_or(|r| r.as_str() == person)
        };
        let mut lines: Vec<_> = account.verdicts.iter().filter(wanted).map(|v| words.verdict(v)).collect();
        if let Some(person) = &self.person
            && !account.verdicts.iter().any(|v| v.recipient.as_ref().is_some_and(|r| r.as_str() == person))
        {
            lines.push(words.not_a_reader(person, office_day(words.office, account.at), &account.verdicts));
        }
        if lines.is_empty() {
            lines.push("không có gì để quyết định".to_owned());
        }
        lines
    }

    fn account_json(&self, account: &Account, words: &Words<'_>) -> serde_json::Value {
        let decided: Vec<_> = account.decided.iter().filter(|d| self.is_wanted(d, words.office)).collect();
        let coming: Vec<_> = account.coming.iter().map(|(on, said)| json!({ "on": on, "what": said })).collect();
        json!({ "subject": account.subject, "facts": account.head, "decided_at": account.at, "events": account.events,
                "verdicts": self.verdict_lines(account, words), "notifications": decided, "coming": coming })
    }
}

fn office_day(office: &Office, at: DateTime<Utc>) -> NaiveDate {
    office.hours.date(at)
}

fn dossier_facts(office: &Office, tracked: &TrackedDossier, life: Option<&Life>) -> Vec<String> {
    let zone = office.hours.zone;
    let dossier = &tracked.dossier;
    let mut facts = Vec::new();
    facts.extend(dossier.procedure.as_ref().map(|p| format!("Thủ tục: {p}")));
    let appointment = |at| if has_hour(at) { moment(zone, at) } else { date(office.hours.date(at)) };
    let in_force = office.due_in_force(dossier, life);
    let due = in_force.map_or_else(|| "không có ngày hẹn".to_owned(), appointment);
    let first = dossier.due_at.filter(|at| Some(*at) != in_force);
    let first = first.map(|at| format!("; hẹn lần đầu {}", appointment(at))).unwrap_or_default();
    facts.push(format!("Hẹn trả: {due}{first}"));
    facts.extend(in_force.map(|at| words::calendar(office, office.hours.date(at))));
    let missing = if tracked.missing_polls > 0 { "; lần hỏi gần nhất không còn thấy" } else { "" };
    facts.push(format!("Trạng thái ở hệ thống một cửa: «{}»{missing}", dossier.status_raw));
    facts.push(format!("Dữ liệu lúc: {}", moment(zone, tracked.seen_at)));
    let holder = office.sources.get(&tracked.source).map(|rules| match rules.holder(dossier) {
        Some(rule) => format!("Đơn vị giữ hồ sơ: {}", office.directory.unit_name(&rule.unit)),
        None => format!("Đơn vị giữ hồ sơ: chưa biết, tạm báo {}", office.directory.unit_name(&rules.fallback)),
    });
    facts.extend(holder);
    facts
}
