//! Owns what is attached to an e-mail: the calendar entry of a duty and the list as a spreadsheet.

use chrono::{DateTime, Utc};
use icalendar::{Alarm, Calendar, Component as _, Event, EventLike as _, Trigger};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use sha2::{Digest as _, Sha256};

use super::{
    line::{Line, Urgency},
    merge,
    vietnamese::{period, short_date},
};
use crate::{
    channel::Attachment,
    domain::{
        notification::{Audience, Entry, Item, hex},
        office::Office,
    },
};

/// At eight in the morning of the day before: an event of a whole day begins at midnight.
const ALARM_BEFORE: chrono::Duration = chrono::Duration::hours(16);

/// A calendar entry for each dated duty that its recipient hears of for the first time; `None` when there is none.
///
/// The UID stays with the duty, so that a moved due date moves the entry (RFC 5545, 3.8.4.7). An event and not a
/// VTODO: Outlook's and Gmail's calendars do not show those. Duties marked secret never have one.
pub fn calendar(entries: &[Entry], office: &Office, now: DateTime<Utc>) -> Option<Attachment> {
    if !entries.iter().any(|e| e.is_first) {
        return None;
    }
    let today = office.hours.date(now);
    let mut calendar = Calendar::new();
    calendar.name("Nhắc việc");
    for parts in merge(entries) {
        // Parts of one duty, such as those of two units that were merged, are one entry.
        let Some(entry) = parts.into_iter().find(|e| e.is_first) else { continue };
        let Item::Task { row, due } = &entry.item else { continue };
        let concerns = matches!(entry.audience, Audience::Lead | Audience::Coordinating | Audience::DataClosing);
        if !concerns || row.reference.is_some() || due.safe_on < today {
            continue;
        }
        let title = format!("Hạn: {}. {}", row.task, row.content.trim_end_matches('.'));
        let facts = [
            format!("Hết hạn: hết ngày {} (kế hoạch ghi: «{}»)", short_date(due.last_on), row.phrase),
            format!("Kỳ: {}", period(&row.period)),
            format!("Chủ trì: {}", row.unit),
            format!("Sản phẩm: {}", row.product),
            format!("Theo: {}", row.plan),
        ];
        let mut event = Event::new();
        event
            .uid(&format!("{}@nhacviec", &hex(&Sha256::digest(entry.subject.as_str().as_bytes()))[..32]))
            .timestamp(now)
            .sequence(u32::try_from(now.timestamp() / 60).unwrap_or_default())
            .summary(&title)
            .description(&facts.join("\n"))
            .all_day(due.safe_on)
            .add_property("TRANSP", "TRANSPARENT")
            .alarm(Alarm::display(&title, Trigger::before_start(ALARM_BEFORE)));
        calendar.push(event.done());
    }
    (!calendar.components.is_empty()).then(|| Attachment {
        name: "han-cong-viec.ics".to_owned(),
        content_type: "text/calendar; charset=utf-8; method=PUBLISH",
        bytes: calendar.to_string().into_bytes(),
    })
}

/// The lists as a spreadsheet: dossiers, and tasks when the message does not name them all.
///
/// # Errors
/// When the library refuses a value; the message goes without it.
pub fn spreadsheet(
    lines: &[(Urgency, Line)],
    with_tasks: bool,
    office: &Office,
    now: DateTime<Utc>,
) -> Result<Attachment, XlsxError> {
    let mut workbook = Workbook::new();
    let created = ExcelDateTime::from_timestamp(now.timestamp())?;
    workbook.set_properties(
        &DocProperties::new().set_title("Nhắc việc").set_author(&office.name).set_creation_datetime(&created),
    );
    let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::VerticalCenter);
    let moment = Format::new().set_num_format("hh:mm dd/mm/yyyy");
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let dossiers: Vec<_> =
        lines.iter().filter_map(|(urgency, line)| Some((urgency, line, line.dossier.as_ref()?))).collect();
    if !dossiers.is_empty() {
        let sheet = workbook.add_worksheet();
        sheet.set_name("Hồ sơ")?;
        let titles = ["Mã hồ sơ", "Thủ tục", "Đơn vị giữ hồ sơ", "Hẹn trả", "Tình trạng", "Mức", "Việc cần làm"];
        title_row(sheet, &titles, &[24.0, 40.0, 26.0, 18.0, 34.0, 16.0, 50.0], &head)?;
        for (row, (urgency, line, dossier)) in (1_u32..).zip(&dossiers) {
            let texts = [
                (0, dossier.code.as_str()),
                (1, &dossier.procedure),
                (2, &dossier.unit),
                (4, &line.state),
                (5, urgency.title()),
                (6, line.advice.as_deref().unwrap_or_default()),
            ];
            for (column, text) in texts {
                sheet.write_string_with_format(row, column, text, &wrapped)?;
            }
            // A spreadsheet's moments have no zone: the office's civil time is written as it is.
            let local = dossier.due_at.with_timezone(&office.hours.zone).naive_local().and_utc();
            let due = ExcelDateTime::from_timestamp(local.timestamp())?;
            sheet.write_datetime_with_format(row, 3, &due, &moment)?;
        }
    }
    if with_tasks {
        let sheet = workbook.add_worksheet();
        sheet.set_name("Nhiệm vụ")?;
        title_row(
            sheet,
            &["Nội dung", "Tình trạng", "Mức", "Chi tiết", "Việc cần làm"],
            &[60.0, 34.0, 16.0, 60.0, 50.0],
            &head,
        )?;
        for (row, (urgency, line)) in (1_u32..).zip(lines.iter().filter(|(_, line)| line.dossier.is_none())) {
            let facts: Vec<_> = line.facts.iter().map(|(label, text)| format!("{label}: {text}")).collect();
            let texts = [
                &line.title,
                &line.state,
                urgency.title(),
                &facts.join("\n"),
                line.advice.as_deref().unwrap_or_default(),
            ];
            for (column, text) in (0_u16..).zip(texts) {
                sheet.write_string_with_format(row, column, text, &wrapped)?;
            }
        }
    }
    Ok(Attachment {
        name: "danh-sach.xlsx".to_owned(),
        content_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        bytes: workbook.save_to_buffer()?,
    })
}

fn title_row(sheet: &mut Worksheet, titles: &[&str], widths: &[f64], format: &Format) -> Result<(), XlsxError> {
    for ((column, title), width) in (0_u16..).zip(titles).zip(widths) {
        sheet.write_string_with_format(0, column, *title, format)?;
        sheet.set_column_width(column, *width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}
