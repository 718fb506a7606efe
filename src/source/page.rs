//! Owns a page of an answer as it was scanned: its text, and where in it the wanted values stand.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Page, Rows, SourceError,
    mapping::{FIRST, Mapping, Part, print},
    pointer::{Step, follow},
    profile::AnswerRules,
    scan::{Scanned, scan},
};
use crate::domain::dossier::{ReadRow, RowKey};

/// What an answer says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// Rows that exist in all, where the system says so.
    pub total: Option<u64>,
    /// Whether it says that this is the last page.
    pub is_last: Option<bool>,
    /// Where the next page is found.
    pub next: Option<String>,
    /// Rows of this page, usable or not.
    pub rows: u64,
}

struct ScannedRows {
    text: String,
    scanned: Scanned,
    mapping: Arc<Mapping>,
    keys: Vec<RowKey>,
    /// Which scanned row each key belongs to, with its fingerprint.
    places: Vec<(usize, u64)>,
}

impl ScannedRows {
    fn values(&self, row: usize) -> &[(u32, u32)] {
        let slots = self.mapping.wanted.slots();
        &self.scanned.rows[row * slots..(row + 1) * slots]
    }
}

impl Rows for ScannedRows {
    fn take_keys(&mut self) -> Vec<RowKey> {
        std::mem::take(&mut self.keys)
    }

    fn raw(&self) -> Option<&str> {
        Some(&self.text)
    }

    fn read(&self, place: usize, now: DateTime<Utc>, remarks: &mut Vec<String>) -> ReadRow {
        let before = remarks.len();
        let (row, print) = self.places[place];
        let dossier = self.mapping.read(&self.text, self.values(row), now, remarks);
        let is_whole = remarks.len() == before;
        ReadRow { dossier, print: is_whole.then_some(print) }
    }
}

/// Reads an answer that came as HTTP 200.
pub fn read(text: String, rules: &AnswerRules, mapping: &Arc<Mapping>) -> Result<(Envelope, Page), SourceError> {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.starts_with('<') {
        return Err(SourceError::not_understood(
            "hệ thống một cửa trả về trang web thay vì dữ liệu; có thể đang bảo trì, hoặc url sai",
        ));
    }
    let text = if trimmed.len() == text.len() { text } else { trimmed.to_owned() };
    let scanned = scan(&text, &rules.wanted, &rules.rows, &mapping.wanted)
        .map_err(|_| SourceError::not_understood("hệ thống một cửa trả về dữ liệu hỏng hoặc bị cắt dở"))?;
    let value = |pointer: usize| {
        rules
            .wanted
            .value(&text, &scanned.envelope, pointer)
            .and_then(super::values::scalar)
            .map(std::borrow::Cow::into_owned)
    };
    rules.judge(&value)?;
    let is_none = rules.is_none(&value) || (mapping.total.is_some() && scanned.count == 0);
    let mut envelope = Envelope {
        total: rules.total.and_then(&value).and_then(|t| t.parse().ok()),
        is_last: rules.last.and_then(&value).map(|t| t == "true" || t == "1"),
        next: rules.next.and_then(&value),
        rows: scanned.count as u64,
    };
    let mut rows = ScannedRows { scanned, mapping: Arc::clone(mapping), keys: Vec::new(), places: Vec::new(), text };
    if let (Some(at), true) = (mapping.total, rows.scanned.count > 0) {
        let total = mapping.wanted.value(&rows.text, rows.values(0), at).and_then(super::values::scalar);
        envelope.total = total.and_then(|t| t.parse().ok());
    }
    if envelope.total.is_none() && is_none {
        envelope.total = Some(0);
    }
    // A system that counts nothing may say instead whether this was the last page.
    let tells_end = envelope.total.is_some() || envelope.is_last.is_some();
    if !tells_end && (rules.total.is_some() || mapping.total.is_some()) {
        return Err(SourceError::not_understood("câu trả lời của hệ thống một cửa thiếu tổng số hồ sơ"));
    }
    // Where neither a number nor a word tells of the end, an answer without the list itself is not an empty list. An
    // empty XML element has no key for its rows.
    let may_lack = usize::from(rules.rows.len() > 1);
    let is_vouched = tells_end || is_none || rules.ok.is_some();
    if !is_vouched && rows.scanned.way_left > may_lack {
        return Err(SourceError::not_understood(
            "câu trả lời của hệ thống một cửa không có danh sách hồ sơ; kiểm tra url và profile trong nhacviec.yaml",
        ));
    }
    let nameless = recognise(&mut rows);
    let unusable = (rows.scanned.count - rows.keys.len() - rows.scanned.hollow) as u64;
    let mut remarks: Vec<String> =
        (unusable > 0).then(|| format!("{unusable} dòng không đọc được hoặc thiếu mã hồ sơ")).into_iter().collect();
    if !mapping.has_ids() {
        remarks.extend(repeated(&rows.keys));
    }
    Ok((envelope, Page { rows: Box::new(rows), unusable, nameless, remarks, as_of: None }))
}

/// The first row as the system sent it; for showing to who sets up a source.
pub fn first_row(text: &str, rows: &[String]) -> Option<String> {
    let steps = rows.iter().cloned().chain(["0".to_owned()]).map(Step::Key);
    follow(text, &steps.collect::<Vec<_>>()).map(str::to_owned)
}

/// Where a system has no ids, two rows with one number may be two matters, of which one only is reminded of.
fn repeated(keys: &[RowKey]) -> Option<String> {
    let mut known: HashMap<&str, u64> = HashMap::with_capacity(keys.len());
    let again = keys.iter().find(|key| *known.entry(&key.code).or_insert(key.id) != key.id)?;
    Some(format!("mã {} có ở nhiều dòng khác nhau; các dòng ấy được coi là một", again.code))
}

/// Finds number and fingerprint of each row; of those without a number the system's own ids.
fn recognise(rows: &mut ScannedRows) -> Vec<String> {
    let mut nameless = Vec::new();
    for at in 0..rows.scanned.count {
        let (text, values) = (rows.text.as_str(), rows.values(at));
        let own = rows.mapping.text(text, values, Part::Id);
        let Some(code) = rows.mapping.text(text, values, Part::Code) else {
            nameless.extend(own.map(Cow::into_owned));
            continue;
        };
        let whole = rows.mapping.print(text, values);
        // Where a system has no ids, two rows with one number are still two rows.
        let id = own.map_or(whole, |own| number(&own).unwrap_or_else(|| print(FIRST, own.as_bytes())));
        let key = RowKey { id, print: whole, code: code.into_owned() };
        rows.keys.push(key);
        rows.places.push((at, whole));
    }
    nameless
}

/// An id that is a number, spelled as numbers are: `07` is another id than `7`.
fn number(id: &str) -> Option<u64> {
    (!id.starts_with(['0', '+'])).then(|| id.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::profile::Profiles, source::xml};

    fn read_as(profile: &str, text: &str) -> Result<u64, SourceError> {
        let profile = Profiles::default().get(profile).expect("a built-in profile");
        let (envelope, _) = read(text.to_owned(), &profile.answer, &Arc::new(profile.mapping(false)))?;
        Ok(envelope.rows)
    }

    #[test]
    fn an_id_spelled_unlike_a_number_is_not_taken_for_that_number() {
        assert_eq!(
            ["7", "07", "+7", "7a", "", "99999999999999999999"].map(number),
            [Some(7), None, None, None, None, None]
        );
    }

    #[test]
    fn an_answer_without_its_list_is_no_empty_list_where_nothing_else_tells_of_the_end() {
        let soap = |xml: &str| read_as("savis-soap-2016", &xml::to_json(xml).expect("XML"));
        let answer = |inner: &str| {
            soap(&format!("<Envelope><Body><GetListHoSoResponse>{inner}</GetListHoSoResponse></Body></Envelope>"))
        };
        assert_eq!(answer("<GetListHoSoResult><any>&lt;data/&gt;</any></GetListHoSoResult>"), Ok(0));
        for strange in [soap("<html><body>Bảo trì</body></html>"), answer("<GetListHoSoResult/>")] {
            assert!(matches!(strange, Err(SourceError::NotUnderstood { .. })), "{strange:?}");
        }
        assert_eq!(read_as("igate-v2", r#"{"content":[],"last":true}"#), Ok(0), "slices have no total");
        for strange in [r#"{"content":[]}"#, "{}"] {
            assert!(matches!(read_as("igate-v2", strange), Err(SourceError::NotUnderstood { .. })), "{strange}");
        }
    }
}
