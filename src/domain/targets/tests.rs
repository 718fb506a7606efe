//! How a target stands, as small stories.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::domain::plan::{Basis, Target};

const YEAR: Span = Span { from_on: day(1, 1), until_on: day(12, 31) };

const fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, month, day).expect("a day of 2023")
}

fn target(percent: u8, is_strict: bool) -> Target {
    Target {
        id: "II.5".into(),
        section: "II.5".to_owned(),
        text: "Hồ sơ".to_owned(),
        percent,
        is_strict,
        basis: Basis::Entered,
        lead: Vec::new(),
    }
}

fn months(cases: &[(u32, u32, u32)]) -> BTreeMap<NaiveDate, Measure> {
    cases.iter().map(|(month, good, of)| (day(*month, 1), Measure { good: *good, of: *of })).collect()
}

fn judged(target: &Target, metric: Metric, cases: &[(u32, u32, u32)], today: NaiveDate) -> Standing {
    judge_cases(target, metric, YEAR, &months(cases), today)
}

fn entered(month: u32, on: u32, value: &str) -> Entered {
    let value = value.parse().expect("a percentage");
    Entered { measured_on: day(month, on), value, document: "12/BC".to_owned(), entered_by: "thử".to_owned() }
}

#[test]
fn one_late_dossier_of_a_thousand_loses_a_hundred_percent_and_is_not_rounded_away() {
    let standing = judged(&target(100, false), Metric::OnTime, &[(1, 4999, 5000)], day(1, 31));
    assert_eq!(standing.verdict, Verdict::Lost);
    assert_eq!(standing.value.expect("a value").percent().to_string(), "99,9%");
}

#[test]
fn what_is_late_can_still_be_answered_so_that_its_target_is_at_risk_and_not_lost() {
    let hundred = target(100, false);
    assert_eq!(judged(&hundred, Metric::LateAnswered, &[(3, 4, 6)], day(3, 31)).verdict, Verdict::AtRisk);
    assert_eq!(judged(&hundred, Metric::LateAnswered, &[(3, 4, 6)], day(12, 31)).verdict, Verdict::AtRisk);
    let after = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
    assert_eq!(judged(&hundred, Metric::LateAnswered, &[(3, 4, 6)], after).verdict, Verdict::Lost);
}

#[test]
fn above_sixty_wants_more_than_sixty() {
    let cases = [(1, 6, 10)];
    assert_eq!(judged(&target(60, true), Metric::Early, &cases, day(1, 31)).verdict, Verdict::AtRisk);
    assert_eq!(judged(&target(60, false), Metric::Early, &cases, day(1, 31)).verdict, Verdict::Reached);
}

#[test]
fn the_last_three_months_decide_where_it_leads() {
    let rising = judged(&target(60, false), Metric::Online, &[(1, 0, 10), (2, 10, 10), (4, 10, 10)], day(4, 30));
    assert_eq!(rising.trend, Some(Trend(10_000)));
    assert_eq!(rising.verdict, Verdict::Reached);
    // 70 of 100 so far, none of late: a third of the year at 70 % and the rest at 0.
    let falling = judged(&target(60, false), Metric::Online, &[(1, 70, 70), (4, 0, 30)], day(4, 30));
    assert_eq!(falling.trend, Some(Trend(-10_000)));
    assert_eq!(
        (falling.forecast.expect("one").percent().to_string(), falling.verdict),
        ("23%".to_owned(), Verdict::AtRisk)
    );
    let climbing = judged(&target(60, false), Metric::Online, &[(1, 0, 20), (4, 10, 10)], day(4, 30));
    assert_eq!(climbing.verdict, Verdict::OnCourse, "33 % by now");
}

#[test]
fn four_cases_alarm_nobody_and_five_do() {
    let ninety = target(90, false);
    assert_eq!(judged(&ninety, Metric::Online, &[(1, 2, 4)], day(1, 31)).verdict, Verdict::NoData);
    assert_eq!(judged(&ninety, Metric::Online, &[(1, 2, 5)], day(1, 31)).verdict, Verdict::AtRisk);
    let after = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
    assert_eq!(judged(&ninety, Metric::Online, &[(1, 2, 4)], after).verdict, Verdict::Lost, "the year is over");
    assert_eq!(judged(&ninety, Metric::Online, &[], day(6, 1)), Standing::NOTHING);
}

#[test]
fn in_december_the_rest_of_the_year_cannot_save_it_any_more() {
    let sixty = target(60, false);
    let cases = [(1, 50, 100), (12, 0, 100)];
    assert_eq!(judged(&sixty, Metric::Online, &cases, day(12, 20)).verdict, Verdict::Lost);
    assert_eq!(judged(&sixty, Metric::Online, &[(1, 50, 100)], day(7, 1)).verdict, Verdict::AtRisk);
}

#[test]
fn a_system_connected_in_october_is_extrapolated_from_october() {
    // 40 of 100 in October, and as many again in each of two months: 60 % can still be reached.
    let standing = judged(&target(60, false), Metric::Online, &[(10, 40, 100)], day(10, 31));
    assert_eq!(standing.verdict, Verdict::AtRisk);
}

#[test]
fn what_is_entered_goes_on_along_its_line_and_stays_within_a_hundred() {
    let ninety = target(90, false);
    let one = judge_values(&ninety, YEAR, &[entered(3, 1, "85")], day(6, 1));
    assert_eq!((one.trend, one.verdict), (None, Verdict::AtRisk));
    let rising = [entered(3, 1, "85"), entered(6, 1, "88,5")];
    let two = judge_values(&ninety, YEAR, &rising, day(6, 1));
    assert_eq!((two.trend, two.verdict), (Some(Trend(350)), Verdict::OnCourse));
    let steep = [entered(3, 1, "20"), entered(4, 1, "80")];
    let steep = judge_values(&ninety, YEAR, &steep, day(6, 1));
    assert_eq!(steep.forecast.expect("one").percent().to_string(), "100%");
    let sinking = judge_values(&ninety, YEAR, &[entered(3, 1, "95"), entered(6, 1, "91")], day(6, 1));
    assert_eq!(sinking.verdict, Verdict::AtRisk);
}

#[test]
fn a_correction_of_the_same_day_replaces_and_the_order_of_entering_does_not_matter_otherwise() {
    let values = [entered(6, 1, "91"), entered(3, 1, "85"), entered(6, 1, "92")];
    let standing = judge_values(&target(90, false), YEAR, &values, day(6, 2));
    assert_eq!(standing.value.expect("a value").percent().to_string(), "92%");
    assert_eq!(standing.trend, Some(Trend(700)));
    let before = judge_values(&target(90, false), YEAR, &values, day(5, 1));
    assert_eq!(before.value.expect("a value").percent().to_string(), "85%", "what is not yet measured does not count");
}

#[test]
fn a_survey_that_ends_below_is_lost_when_the_year_is() {
    let after = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
    let below = [entered(12, 20, "89,99")];
    assert_eq!(judge_values(&target(90, false), YEAR, &below, day(12, 31)).verdict, Verdict::AtRisk);
    assert_eq!(judge_values(&target(90, false), YEAR, &below, after).verdict, Verdict::Lost);
    assert_eq!(judge_values(&target(90, false), YEAR, &[entered(12, 20, "90")], after).verdict, Verdict::Reached);
}

#[test]
fn percentages_are_read_and_written_the_vietnamese_way() {
    let read = |text: &str| text.parse::<Percent>().map(|p| p.to_string());
    for (text, written) in
        [("92,5", "92,5%"), ("92.5%", "92,5%"), ("100", "100%"), ("100,00", "100%"), ("0,05", "0,05%"), ("7", "7%")]
    {
        assert_eq!(read(text), Ok(written.to_owned()), "{text}");
    }
    for (text, error) in [
        ("-5", PercentError::OutOfRange),
        ("100,01", PercentError::OutOfRange),
        ("99999999", PercentError::OutOfRange),
        ("92,555", PercentError::TooFine),
        ("chín mươi", PercentError::NotANumber),
        ("9,", PercentError::NotANumber),
        ("", PercentError::NotANumber),
    ] {
        assert_eq!(read(text), Err(error), "{text}");
    }
}

#[test]
fn a_warning_states_what_is_wanted_reached_and_to_be_expected() {
    let standing = judged(&target(60, true), Metric::Online, &[(1, 70, 70), (4, 0, 30)], day(4, 30));
    let facts: Vec<_> =
        words::facts(&target(60, true), &standing).into_iter().map(|(l, t)| format!("{l}: {t}")).collect();
    assert_eq!(
        facts,
        [
            "Chỉ tiêu: trên 60%",
            "Đã đạt: 70% (70/100 hồ sơ)",
            "Xu hướng: giảm 100 điểm phần trăm, ba tháng gần nhất so với trước đó",
            "Dự báo cuối kỳ: 23%"
        ]
    );
}

/// Worse, unknown, better.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Lost => 0,
        Verdict::AtRisk => 1,
        Verdict::NoData => 2,
        Verdict::OnCourse => 3,
        Verdict::Reached => 4,
    }
}

prop_compose! {
    fn any_month()(of in 0_u32..200)(good in 0..=of, of in Just(of)) -> Measure {
        Measure { good, of }
    }
}

fn any_metric() -> impl Strategy<Value = Metric> {
    proptest::sample::select(Metric::WORDS.map(|(_, metric)| metric).to_vec())
}

proptest! {
    #[test]
    fn a_bad_case_made_good_never_worsens_anything(
        months in proptest::collection::vec(any_month(), 1..13), at in 0_usize..12, percent in 0_u8..=100, is_strict: bool,
        metric in any_metric(), on in 0_u64..400,
    ) {
        let target = target(percent, is_strict);
        let mut cases: BTreeMap<_, _> = (1..).zip(months).map(|(m, measure)| (day(m, 1), measure)).collect();
        let today = day(1, 1) + chrono::Days::new(on);
        let before = judge_cases(&target, metric, YEAR, &cases, today);
        if let Some(measure) = cases.values_mut().nth(at) && measure.good < measure.of {
            measure.good += 1;
        }
        let after = judge_cases(&target, metric, YEAR, &cases, today);
        prop_assert!(rank(after.verdict) >= rank(before.verdict), "{before:?} {after:?}");
        prop_assert!(after.forecast.map(|f| f.percent()) >= before.forecast.map(|f| f.percent()));
    }

    #[test]
    fn a_good_case_more_never_lowers_the_forecast(
        months in proptest::collection::vec(any_month(), 1..13), at in 0_usize..12, on in 334_u64..400,
    ) {
        let target = target(60, false);
        let mut cases: BTreeMap<_, _> = (1..).zip(months).map(|(m, measure)| (day(m, 1), measure)).collect();
        let today = day(1, 1) + chrono::Days::new(on);
        // A first case in an earlier month than any would also change since when cases are expected.
        cases.entry(day(1, 1)).and_modify(|m| m.of = m.of.max(1));
        let before = judge_cases(&target, Metric::Early, YEAR, &cases, today).forecast;
        if let Some(measure) = cases.values_mut().nth(at) {
            *measure = Measure { good: measure.good + 1, of: measure.of + 1 };
        }
        let after = judge_cases(&target, Metric::Early, YEAR, &cases, today).forecast;
        prop_assert!(after.map(|f| f.percent()) >= before.map(|f| f.percent()), "{before:?} {after:?}");
    }

    #[test]
    fn forecasts_stay_within_a_hundred(
        values in proptest::collection::vec((0_u16..=10_000, 0_u64..500), 0..6), on in 0_u64..500, percent in 0_u8..=100,
    ) {
        let values: Vec<_> = values.into_iter().map(|(value, on)| Entered {
            measured_on: day(1, 1) + chrono::Days::new(on),
            value: Percent::from_hundredths(value).expect("within a hundred"),
            document: String::new(),
            entered_by: String::new(),
        }).collect();
        let standing = judge_values(&target(percent, false), YEAR, &values, day(1, 1) + chrono::Days::new(on));
        prop_assert!(standing.forecast.is_none_or(|f| f.percent().hundredths() <= 10_000 && f.part <= f.whole));
        prop_assert_eq!(standing.value.is_none(), standing.verdict == Verdict::NoData);
    }
}
