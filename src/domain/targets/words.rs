//! Owns how a target and its standing are said in Vietnamese: `trên 60%`, `97,5% (39/40 hồ sơ)`.

use super::{Measure, Standing, Trend, Value, Verdict};
use crate::domain::plan::Target;

/// Hundredths as a decimal number with a comma, without zeros at the end: `97,5`.
#[must_use]
pub fn decimal(hundredths: u32) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match (part, part % 10) {
        (0, _) => whole.to_string(),
        (_, 0) => format!("{whole},{}", part / 10),
        (_, _) => format!("{whole},{part:02}"),
    }
}

/// What is wanted: `100%`, `từ 90%`, `trên 60%`.
#[must_use]
pub fn wanted(target: &Target) -> String {
    match (target.is_strict, target.percent) {
        (true, percent) => format!("trên {percent}%"),
        (false, 100) => "100%".to_owned(),
        (false, percent) => format!("từ {percent}%"),
    }
}

/// Of what a value is: `39/40 hồ sơ`, or the document with its day.
#[must_use]
pub fn evidence(value: &Value) -> String {
    match value {
        Value::Cases(Measure { good, of }) => format!("{good}/{of} hồ sơ"),
        Value::Entered(entered) => format!("{}, {}", entered.document, entered.measured_on.format("%d/%m/%Y")),
    }
}

/// A change: `+1,5`, `-0,8`, `0`.
#[must_use]
pub fn change(trend: Trend) -> String {
    let sign = match trend.0.signum() {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{sign}{}", decimal(trend.0.unsigned_abs()))
}

/// What a standing means, while the plan runs.
#[must_use]
pub fn verdict(standing: &Standing, is_over: bool) -> &'static str {
    match (standing.verdict, is_over) {
        (Verdict::NoData, _) if standing.value.is_none() => "chưa có",
        (Verdict::NoData, _) => "ít hồ sơ",
        (Verdict::Reached, false) => "đang đạt",
        (Verdict::Reached, true) => "đạt",
        (Verdict::OnCourse, _) => "sẽ đạt",
        (Verdict::AtRisk, _) => "CÓ NGUY CƠ",
        (Verdict::Lost, _) => "KHÔNG ĐẠT",
    }
}

/// The facts of a warning.
#[must_use]
pub fn facts(target: &Target, standing: &Standing) -> Vec<(String, String)> {
    let mut facts = vec![("Chỉ tiêu", wanted(target))];
    if let Some(value) = &standing.value {
        facts.push(("Đã đạt", format!("{} ({})", value.percent(), evidence(value))));
    }
    if let Some(trend) = standing.trend {
        let than = match standing.value {
            Some(Value::Entered(_)) => "so với lần trước",
            Some(Value::Cases(_)) | None => "ba tháng gần nhất so với trước đó",
        };
        let word = match trend.0.signum() {
            1 => format!("tăng {} điểm phần trăm", decimal(trend.0.unsigned_abs())),
            -1 => format!("giảm {} điểm phần trăm", decimal(trend.0.unsigned_abs())),
            _ => "không đổi".to_owned(),
        };
        facts.push(("Xu hướng", format!("{word}, {than}")));
    }
    if let Some(forecast) = standing.forecast {
        facts.push(("Dự báo cuối kỳ", forecast.percent().to_string()));
    }
    facts.into_iter().map(|(label, text)| (label.to_owned(), text)).collect()
}
