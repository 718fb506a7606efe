//! Owns one message of every kind, to try templates on before anybody gets them.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::domain::{
    deadline::Due,
    directory::{ChannelKind, Route},
    dossier::Duty,
    ids::RecipientId,
    life::{Answer, Request},
    notification::{Audience, Batch, Entry, Item, Reason, Resent, TaskRow},
    office::Office,
};

/// Before, on and after the due date.
const RUNGS: [i32; 3] = [-5, 0, 2];
/// As many dossiers as stand in a table with a spreadsheet beside it.
const MANY_DOSSIERS: usize = 15;

/// A batch for each role, rung and kind of content, for a channel.
#[must_use]
pub fn samples(office: &Office, channel: ChannelKind, now: DateTime<Utc>) -> Vec<Batch> {
    let today = office.hours.date(now);
    let roles =
        [Audience::Lead, Audience::Escalation(3), Audience::Coordinating, Audience::Following, Audience::DataClosing];
    let mut batches = Vec::new();
    for role in roles {
        for rung in RUNGS {
            let entries = vec![
                entry(role, rung, task(office, today, rung, None)),
                entry(role, rung, task(office, today, rung, Some("12/TM"))),
                entry(role, rung, dossier(office, now, rung, 0)),
            ];
            batches.push(batch(office, channel, entries));
        }
        batches.push(batch(office, channel, vec![entry(role, -5, task(office, today, -5, None))]));
        let standing = Item::Standing { row: row(None).into() };
        let missing = Item::DateMissing { row: row(None).into() };
        batches.push(batch(office, channel, vec![entry(role, 0, standing), entry(role, 0, missing)]));
    }
    let duties =
        [Duty::Apology, Duty::Explanation, Duty::Forwarding].map(|d| entry(Audience::Lead, 2, duty(office, now, d)));
    batches.push(batch(office, channel, duties.into_iter().chain([entry(Audience::Following, 0, target())]).collect()));
    batches.push(batch(office, channel, requests(office, today)));
    let lines = vec!["3 tin đã gửi".to_owned(), "Trục trặc: hệ thống một cửa chưa trả lời".to_owned()];
    let problem = Item::Problem { sentence: "Hệ thống một cửa chưa trả lời".to_owned(), opened_at: now };
    let of_administrator = [Item::Health { lines }, problem].map(|item| entry(Audience::Administrator, 0, item));
    batches.push(batch(office, channel, of_administrator.into()));
    let many = (0..MANY_DOSSIERS).map(|n| entry(Audience::Lead, 2, dossier(office, now, 2, n)));
    batches.push(batch(office, channel, many.collect()));
    let mut again = entry(Audience::Lead, -5, task(office, today, -5, None));
    again.resent = Some(Resent { times: 1, note: "Đề nghị xem lại".to_owned() });
    again.may_be_duplicate = true;
    again.deferred_at = Some(now);
    again.on_behalf_of = Some("Lê Thu Hà".into());
    again.advice = Some("Báo cáo lý do chậm".into());
    batches.push(batch(office, channel, vec![again]));
    batches
}

fn batch(office: &Office, channel: ChannelKind, entries: Vec<Entry>) -> Batch {
    let person = office.directory.people.keys().next();
    let recipient = person.map_or_else(|| RecipientId::from("mau"), |id| id.as_str().into());
    Batch::unsent(Route { channel, address: "mau@coquan.example".to_owned() }, recipient, entries)
}

fn entry(audience: Audience, offset: i32, item: Item) -> Entry {
    let name = serde_json::to_string(&item).unwrap_or_default();
    Entry {
        key: format!("{name}|{offset}|{audience}"),
        subject: format!("sample:{name}").into(),
        audience,
        offset,
        reason: Reason::Upcoming,
        item,
        advice: None,
        on_behalf_of: None,
        deferred_at: None,
        may_be_duplicate: false,
        is_first: true,
        resent: None,
    }
}

fn row(reference: Option<&str>) -> TaskRow {
    let text = |text: &str| -> Arc<str> { if reference.is_some() { "".into() } else { text.into() } };
    TaskRow {
        plan: text("Kế hoạch kiểm soát thủ tục hành chính"),
        task: text("II.5.1"),
        content: text("Báo cáo kết quả kiểm soát thủ tục hành chính"),
        product: text("Báo cáo"),
        phrase: text("Tháng 3,6,9,12/2023"),
        period: text("2023-03"),
        unit: text("Văn phòng Sở"),
        coordinating: vec![text("Các phòng, đơn vị thuộc Sở")],
        document: Some(text("15/KH-SCT")),
        reference: reference.map(Into::into),
    }
}

fn due(office: &Office, today: NaiveDate, rung: i32) -> Due {
    let days = Days::new(u64::from(rung.unsigned_abs()));
    let on = if rung < 0 { today.checked_add_days(days) } else { today.checked_sub_days(days) };
    Due::on(on.unwrap_or(today), &office.calendar)
}

fn task(office: &Office, today: NaiveDate, rung: i32, reference: Option<&str>) -> Item {
    Item::Task { row: row(reference).into(), due: due(office, today, rung) }
}

fn dossier(office: &Office, now: DateTime<Utc>, rung: i32, n: usize) -> Item {
    Item::Dossier {
        code: format!("000.00.15.H02-230601-{n:04}"),
        procedure: n.is_multiple_of(2).then(|| "Cấp Giấy chứng nhận đủ điều kiện cấp lại".to_owned()),
        unit: "Phòng Quản lý Thương mại".to_owned(),
        due_at: now,
        first_due_at: n.is_multiple_of(3).then_some(now),
        due: due(office, office.hours.date(now), rung),
        seen_at: now,
        urged: (rung > 0).then_some(2),
        is_petition: false,
    }
}

fn duty(office: &Office, now: DateTime<Utc>, duty: Duty) -> Item {
    Item::Duty {
        duty,
        name: "văn bản xin lỗi và đề nghị gia hạn (mẫu số 04)".into(),
        code: "000.00.15.H02-230601-0001".to_owned(),
        procedure: Some("Cấp Giấy chứng nhận đủ điều kiện cấp lại".to_owned()),
        unit: "Phòng Quản lý Thương mại".to_owned(),
        due: due(office, office.hours.date(now), 2),
        of_at: now,
        is_ended: duty == Duty::Explanation,
    }
}

fn target() -> Item {
    Item::Target {
        plan: "Kế hoạch kiểm soát thủ tục hành chính năm 2023".into(),
        section: "II.5".into(),
        text: "Hồ sơ TTHC được giải quyết đúng hạn".into(),
        is_lost: false,
        facts: vec![("Chỉ tiêu".to_owned(), "từ 100%".to_owned()), ("Đã đạt".to_owned(), "97,5%".to_owned())],
    }
}

fn requests(office: &Office, today: NaiveDate) -> Vec<Entry> {
    let row = Arc::new(row(None));
    let asked = |request, right: Option<&str>| Item::Asked {
        row: Arc::clone(&row),
        due: Some(due(office, today, -5)),
        request,
        right: right.map(str::to_owned),
        by: "Trần An".to_owned(),
        on: today,
    };
    let answered = |answer| Item::Answered { row: Arc::clone(&row), due: Some(due(office, today, -5)), answer };
    let reason = "chờ số liệu của huyện".to_owned();
    vec![
        entry(Audience::Decider, 0, asked(Request::Extension { to_on: today, reason: reason.clone() }, None)),
        entry(
            Audience::Assigner,
            0,
            asked(Request::NotOurs { reason: reason.clone(), right: None }, Some("Văn phòng")),
        ),
        entry(Audience::Asker, 0, answered(Answer::Granted { document: "20/SCT-VP".to_owned() })),
        entry(Audience::Asker, 1, answered(Answer::Refused { reason: reason.clone() })),
        entry(Audience::Assignee, 2, answered(Answer::Assigned { reason })),
    ]
}
