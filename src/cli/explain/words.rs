//! Owns how the links of the chain are said in Vietnamese.

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    domain::{
        decide::{Link, Verdict},
        dossier::DossierStatus,
        ids::{PersonId, RecipientId, UnitId},
        life::{Ending, Event, Life, Report},
        notification::NotificationKey,
        office::Office,
        policy::{DayCount, Policy, Triggers},
    },
    message::{
        audience_name, rung_name, rung_of,
        vietnamese::{moment, short_date},
    },
    store::{Decided, DeliveryTrail},
};

/// Whether the days of the office are certain around a date.
pub fn calendar(office: &Office, on: NaiveDate) -> String {
    use chrono::Datelike as _;
    let year = on.year();
    if office.calendar.is_official(year) {
        format!("Lịch: năm {year} theo thông báo chính thức (calendar/{year}.yaml)")
    } else {
        format!("Lịch: năm {year} tạm tính, chưa có thông báo chính thức")
    }
}

/// Who does the work of a unit that has ended or has not begun that day; nothing while it does so itself.
pub fn in_force(office: &Office, unit: &UnitId, on: NaiveDate) -> Option<String> {
    let directory = &office.directory;
    let units = directory.in_force(unit, on);
    let written = directory.units.get(unit).filter(|_| units != [unit])?;
    let change = match (written.valid_until.filter(|until| *until < on), written.valid_from) {
        (Some(until), _) => format!("kết thúc hoạt động {}", short_date(until)),
        (None, Some(from)) => format!("hoạt động từ {}", short_date(from)),
        (None, None) => return None,
    };
    let names = units.iter().map(|id| directory.unit_name(id)).collect::<Vec<_>>().join(", ");
    Some(format!("Đơn vị: {} {change}; ngày {} việc này do {names} làm", written.name, short_date(on)))
}

/// How the work ended, or that it has not.
pub fn ending(life: Option<&Life>) -> String {
    match life.and_then(|l| l.ending.as_ref()) {
        None => "chưa hoàn thành".to_owned(),
        Some(Ending::Completed { done_on, product, by }) => {
            format!("hoàn thành ngày {}, sản phẩm {product} ({by} báo)", short_date(*done_on))
        }
        Some(Ending::Cancelled { reason, .. }) => format!("đã hủy ({reason})"),
    }
}

/// The policy with the line it stands on and its rungs.
pub fn policy(name: &str, policy: &Policy) -> String {
    let roles = [("chủ trì", &policy.lead), ("phối hợp", &policy.coordinating), ("theo dõi", &policy.following)];
    let mut said: Vec<String> = roles.iter().filter_map(|(role, t)| Some(format!("{role} {}", triggers(t)?))).collect();
    let steps: Vec<String> = policy.escalation.iter().map(|s| s.after.to_string()).collect();
    if !steps.is_empty() {
        said.push(format!("cấp trên quá hạn {} ngày làm việc", steps.join(", ")));
    }
    said.extend(policy.data_closing.map(|day| format!("chốt số liệu ngày {day}")));
    format!("Chính sách nhắc: {name} ({}): {}", policy.source, said.join("; "))
}

fn triggers(triggers: &Triggers) -> Option<String> {
    let list = |days: &[u16]| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut said = Vec::new();
    if !triggers.before.is_empty() {
        said.push(format!("trước hạn {}", list(&triggers.before)));
    }
    if !triggers.after.is_empty() {
        said.push(format!("sau hạn {}", list(&triggers.after)));
    }
    said.extend(triggers.repeat_every.map(|n| match triggers.repeat_at_most {
        Some(most) => format!("rồi {n} ngày một lần, nhiều nhất {most} lần"),
        None => format!("rồi {n} ngày một lần"),
    }));
    let unit = match triggers.count {
        DayCount::Working => "ngày làm việc",
        DayCount::Calendar => "ngày lịch",
    };
    (!said.is_empty()).then(|| format!("{} ({unit})", said.join(", ")))
}

/// When messages leave, and whether they may at this moment.
pub fn hours(office: &Office, at: DateTime<Utc>) -> String {
    let hours = &office.hours;
    let pause = hours.sending_pause.map(|p| format!(", nghỉ {}–{}", p.from.format("%H:%M"), p.until.format("%H:%M")));
    let most = hours.most_messages.map(|n| format!("; mỗi người nhiều nhất {n} tin một ngày")).unwrap_or_default();
    let now = if hours.is_sending_time(&office.calendar, at) {
        "lúc này được gửi".to_owned()
    } else {
        format!("lúc này không gửi, giờ gửi kế tiếp {}", moment(hours.zone, hours.next_sending(&office.calendar, at)))
    };
    format!(
        "Giờ gửi: bản tổng hợp {}, chỉ gửi {}–{}{} ngày làm việc{most}; {now}",
        hours.digest_at.format("%H:%M"),
        hours.sending_from.format("%H:%M"),
        hours.sending_until.format("%H:%M"),
        pause.unwrap_or_default()
    )
}

/// Says links, events and deliveries for one office.
pub struct Words<'a> {
    pub office: &'a Office,
    pub is_dossier: bool,
}

impl Words<'_> {
    fn name(&self, recipient: &RecipientId) -> String {
        self.office.directory.recipient_name(recipient)
    }

    fn moment(&self, at: DateTime<Utc>) -> String {
        moment(self.office.hours.zone, at)
    }

    /// Who is told, as what, at which rung.
    pub fn key(&self, key: &NotificationKey) -> String {
        format!(
            "{} ({}), {}",
            self.name(&key.recipient),
            audience_name(key.audience, self.is_dossier),
            rung_of(key.audience, key.offset)
        )
    }

    pub fn verdict(&self, verdict: &Verdict) -> String {
        let who = match (&verdict.recipient, verdict.audience) {
            (Some(recipient), Some(audience)) => {
                format!("{} ({}): ", self.name(recipient), audience_name(audience, self.is_dossier))
            }
            (None, Some(audience)) => format!("{}: ", audience_name(audience, self.is_dossier)),
            (_, None) => String::new(),
        };
        format!("{who}{}", self.link(&verdict.link))
    }

    fn link(&self, link: &Link) -> String {
        match link {
            Link::NotOpen(on) => format!("không nhắc: chưa tới mốc nào; bắt đầu nhắc từ {}", short_date(*on)),
            Link::Ended(Ending::Completed { done_on, product, .. }) => {
                format!("không nhắc: đã hoàn thành ngày {} ({product})", short_date(*done_on))
            }
            Link::Ended(Ending::Cancelled { reason, .. }) => format!("không nhắc: việc đã hủy ({reason})"),
            Link::Snoozed(until) => format!("không nhắc: đang tạm dừng đến sáng {}", short_date(*until)),
            Link::DateGiven => "không nhắc: đã có thời hạn (xem việc phát sinh của nhiệm vụ này)".to_owned(),
            Link::NotePast(on) => {
                format!("không nhắc: việc không có hạn chỉ nhắc trong 10 ngày làm việc từ {}", short_date(*on))
            }
            Link::Disputed => "không nhắc: đơn vị báo không thuộc trách nhiệm, chờ đơn vị theo dõi giao lại".to_owned(),
            Link::Acknowledged(unit, until) => {
                let unit = self.office.directory.unit_name(unit);
                format!("không nhắc: {unit} đã báo nhận, nhắc lại sáng {}", short_date(*until))
            }
            Link::NoRung(Some(next)) => {
                format!("chưa nhắc: chưa tới mốc; {} vào {}", rung_name(next.offset), short_date(next.on))
            }
            Link::NoRung(None) => "không nhắc: chính sách không còn mốc nào cho vai trò này".to_owned(),
            Link::SecretWithoutEmail => {
                "không nhắc: nhiệm vụ mật chỉ gửi qua thư điện tử, người này chưa có".to_owned()
            }
            Link::ClockStopped(status) => match status {
                DossierStatus::Finished => "không nhắc: hồ sơ đã có kết quả".to_owned(),
                DossierStatus::NotReceived => "không nhắc: hồ sơ chưa được tiếp nhận".to_owned(),
                DossierStatus::Paused => "không nhắc: hồ sơ đang tạm dừng (chờ bổ sung, chờ nộp phí…)".to_owned(),
                DossierStatus::Open | DossierStatus::Unmapped => {
                    "không nhắc: hồ sơ đã đóng vì hệ thống một cửa không còn trả về".to_owned()
                }
            },
            Link::NotOwed(Some(document)) => format!("không nhắc: đã ghi nhận ({document})"),
            Link::NotOwed(None) => "không nhắc: hồ sơ không chậm nên không phải làm".to_owned(),
            Link::NoAppointment => "không nhắc: hồ sơ không có ngày hẹn trả".to_owned(),
            Link::MissingFromSource => {
                "không nhắc: lần hỏi gần nhất hệ thống một cửa không trả về hồ sơ này; chưa coi là xong".to_owned()
            }
            Link::AlreadyTold(key) => {
                format!("không nhắc lại: đã báo ở {}; khóa {key}", rung_of(key.audience, key.offset))
            }
            Link::Merged(key, into) => {
                format!(
                    "gộp {} vào tin mạnh hơn cho cùng người; khóa {key}, tin {into}",
                    rung_of(key.audience, key.offset)
                )
            }
            Link::Tells { key, rung, not_before } => format!(
                "nhắc: {} (đến mốc ngày {}), gửi từ {}; khóa {key}",
                rung_of(key.audience, rung.offset),
                short_date(rung.on),
                self.moment(*not_before)
            ),
        }
    }

    /// Why a person is told nothing: they read for none of the units concerned.
    pub fn not_a_reader(&self, person: &str, on: NaiveDate, verdicts: &[Verdict]) -> String {
        let directory = &self.office.directory;
        let id = PersonId::from(person);
        let name = directory.people.get(&id).map_or(person, |p| p.name.as_str());
        if directory.people.get(&id).is_some_and(|p| p.routes.is_empty()) {
            return format!("{name}: không có địa chỉ nào trong units.yaml nên không nhận được tin");
        }
        if let Some(instead) = directory.recipient(&id, on).filter(|r| r.id.as_str() != person) {
            return format!("{name}: đang có người nhận thay là {}", self.name(&instead.id));
        }
        let mut readers: Vec<String> =
            verdicts.iter().filter_map(|v| v.recipient.as_ref()).map(|r| self.name(r)).collect();
        readers.sort();
        readers.dedup();
        let readers = if readers.is_empty() { "chưa có ai".to_owned() } else { readers.join(", ") };
        format!("{name}: không thuộc những người nhận lúc này; người nhận: {readers}")
    }

    pub fn event(&self, event: &Event) -> String {
        let unit = |id| self.office.directory.unit_name(id).to_owned();
        let what = match &event.report {
            Report::Acknowledged { unit: id, until_on } => {
                format!("{} đã nhận, hẹn nhắc lại {}", unit(id), short_date(*until_on))
            }
            Report::Completed { done_on, product } => {
                format!("hoàn thành ngày {}, sản phẩm {product}", short_date(*done_on))
            }
            Report::ExtensionAsked { to_on, reason } => format!("xin gia hạn đến {}: {reason}", short_date(*to_on)),
            Report::ExtensionGranted { to_on, document } => {
                format!("được gia hạn đến {} ({document})", short_date(*to_on))
            }
            Report::ExtensionRefused { reason } => format!("không được gia hạn: {reason}"),
            Report::Reopened { reason } => format!("mở lại: {reason}"),
            Report::Snoozed { until_on, reason } => format!("tạm dừng nhắc đến {}: {reason}", short_date(*until_on)),
            Report::Cancelled { reason } => format!("hủy: {reason}"),
            Report::NotOurs { reason } => format!("không thuộc trách nhiệm: {reason}"),
            Report::WrongUnit { right, reason } => format!("không thuộc trách nhiệm, thuộc {}: {reason}", unit(right)),
            Report::Assigned { unit: id, reason } => format!("giao {} chủ trì: {reason}", unit(id)),
            Report::Opened { due_on, document, .. } => {
                format!("phát sinh theo {document}, hạn {}", short_date(*due_on))
            }
            Report::Apologised { done_on, document } => {
                format!("đã xin lỗi: {document}, ngày {}", short_date(*done_on))
            }
            Report::Explained { done_on, document } => {
                format!("đã giải trình: {document}, ngày {}", short_date(*done_on))
            }
            Report::Reappointed { to_on, document } => {
                format!("đã hẹn lại đến {} ({document})", short_date(*to_on))
            }
            Report::Finished { done_on, document } => {
                format!("đã xong: {document}, ngày {}", short_date(*done_on))
            }
            Report::Forwarded { done_on, document } => {
                format!("đã chuyển đơn: {document}, ngày {}", short_date(*done_on))
            }
        };
        format!("{}: {what} ({} báo, từ {})", short_date(event.on), event.reported_by, event.reported_from)
    }

    pub fn decided(&self, decided: &Decided) -> Vec<String> {
        let behalf = decided.on_behalf_of.as_ref().map(|name| format!(", nhận thay {name}")).unwrap_or_default();
        let mut lines = vec![format!(
            "- {}: {} ({}{behalf}), {}; khóa {}",
            self.moment(decided.decided_at),
            self.name(&decided.recipient),
            audience_name(decided.audience, self.is_dossier),
            rung_of(decided.audience, decided.offset),
            decided.key
        )];
        lines.extend(decided.merged_into.as_ref().map(|into| format!("    đã gộp vào tin {into}")));
        lines.extend(decided.withdrawn_at.map(|at| format!("    đã rút lại trước khi gửi, lúc {}", self.moment(at))));
        for delivery in &decided.deliveries {
            lines.extend(self.delivery(delivery).into_iter().map(|l| format!("    {l}")));
        }
        lines
    }

    fn delivery(&self, delivery: &DeliveryTrail) -> Vec<String> {
        let state = match delivery.state.as_str() {
            "pending" => format!("chờ gửi lúc {}", self.moment(delivery.due_at)),
            "sending" => "đang gửi".to_owned(),
            "sent" => "đã gửi".to_owned(),
            "failed" => "không gửi được".to_owned(),
            "unknown" => "không rõ đã tới chưa".to_owned(),
            "cancelled" => "không gửi nữa".to_owned(),
            other => other.to_owned(),
        };
        let at = delivery.finished_at.map(|at| format!(" lúc {}", self.moment(at))).unwrap_or_default();
        let detail = delivery.detail.as_deref().map(|d| format!(" ({})", said(d))).unwrap_or_default();
        let mut lines = vec![format!("{} {}: {state}{at}{detail}", delivery.channel.as_str(), delivery.address)];
        lines.extend(
            delivery
                .deferred_at
                .map(|since| format!("  dời từ {} vì người nhận đã đủ số tin trong ngày", self.moment(since))),
        );
        for (n, attempt) in (1..).zip(&delivery.attempts) {
            let outcome = outcome_name(attempt.outcome.as_deref());
            let detail = attempt.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default();
            lines.push(format!("  lần {n}, {}: {outcome}{detail}", self.moment(attempt.started_at)));
        }
        lines
    }
}

/// How an attempt ended.
pub fn outcome_name(outcome: Option<&str>) -> &'static str {
    match outcome {
        None => "chưa có kết quả",
        Some("sent") => "máy chủ đã nhận",
        Some("transient") => "bị từ chối tạm thời",
        Some("permanent") => "bị từ chối hẳn",
        Some("channel_down") => "kênh không hoạt động",
        Some("channel_stopped") => "kênh ngừng, chờ người xử lý",
        Some("not_now") => "chưa đến lúc gửi",
        Some(_) => "mất câu trả lời",
    }
}

/// The store's words for why a delivery did not leave.
pub fn said(detail: &str) -> &str {
    match detail {
        "superseded" => "đã có tin ở mốc mạnh hơn",
        "withdrawn" => "không còn cần",
        "completed" => "việc đã báo hoàn thành",
        "cancelled" => "việc đã hủy",
        other => other,
    }
}
