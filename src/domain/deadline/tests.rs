//! What phrases mean, as stories; and the score on real ones.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::{schedule::PlanYears, *};
use crate::domain::calendar::{CalendarRules, timetable::Timetable};

fn context(text: &str) -> YearContext {
    text.parse().unwrap_or_default()
}

/// The canonical form in the year 2023, `?` for a refusal.
fn read(phrase: &str) -> String {
    read_in(phrase, "2023")
}

fn read_in(phrase: &str, year: &str) -> String {
    read_phrase(phrase, context(year)).map_or_else(|_| "?".to_owned(), |r| r.canonical(phrase))
}

fn refusal(phrase: &str) -> (Refusal, &str) {
    let error = read_phrase(phrase, YearContext::Year(2023)).expect_err(phrase);
    (error.refusal, &phrase[error.span])
}

/// Period and last day in time of each due date in 2023.
fn dues(phrase: &str) -> Vec<(String, String)> {
    dues_in(phrase, PlanYears::of(YearContext::Year(2023)))
}

fn dues_in(phrase: &str, years: PlanYears) -> Vec<(String, String)> {
    let reading = read_phrase(phrase, years.context).unwrap_or_else(|e| panic!("{phrase}: {e}"));
    let points = reading.due_points(years, &crate::config::example::calendar());
    points.into_iter().map(|p| (p.period, p.last_on.to_string())).collect()
}

fn assert_read(cases: &[(&str, &str)]) {
    for (phrase, expected) in cases {
        assert_eq!(read(phrase), *expected, "{phrase}");
    }
}

/// The parts that count: events' names and doubts are free text.
fn parts(canonical: &str) -> BTreeSet<&str> {
    canonical.split(';').filter(|p| !p.starts_with("amb=") && !p.starts_with("ref=")).collect()
}

fn names_a_date(canonical: &str) -> bool {
    parts(canonical).iter().any(|p| {
        let value = p.split_once(['=', '<']).map_or("", |(_, v)| v.trim_start_matches('='));
        (p.starts_with("due") || p.starts_with("from=")) && !value.starts_with("ref") && value.len() >= 10
    })
}

#[test]
fn real_phrases_are_read_as_officials_mean_them() {
    let (mut right, mut all, mut wrong, mut invented) = (0, 0, Vec::new(), Vec::new());
    for line in include_str!("../../../tests/data/deadline_phrases.tsv").lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (phrase, year, gold) = (cells[0], cells[2], cells[4]);
        let got = read_in(phrase, year);
        all += 1;
        if parts(&got) == parts(gold) {
            right += 1;
        } else {
            wrong.push(format!("{phrase}\n    {gold}\n    {got}"));
        }
        if !names_a_date(gold) && names_a_date(&got) {
            invented.push(phrase);
        }
    }
    println!("phrases read right: {right} of {all}, dates invented: {}\n{}", invented.len(), wrong.join("\n"));
    assert_eq!(invented, Vec::<&str>::new());
    assert!(right >= 167, "{right} of {all}");
}

#[test]
fn the_seven_kinds_of_the_2023_plan_are_read() {
    assert_read(&[
        ("Trước ngày 15/01/2023", "due<2023-01-15"),
        ("Trước 15/12/2023", "due<2023-12-15"),
        ("Trước T12/2023", "due<2023-12-01;amb=before_period"),
        ("Tháng 3,6,9,12/2023", "due<=2023-03-31|2023-06-30|2023-09-30|2023-12-31"),
        ("Thường xuyên", "continuous"),
        ("Khi có phát sinh", "on_event"),
        ("Khi có văn bản yêu cầu", "on_request"),
        ("Theo kế hoạch riêng của UBND tỉnh", "external_plan;ref=UBND tỉnh"),
    ]);
}

#[test]
fn years_are_taken_from_the_right_side_and_over_the_new_year() {
    assert_read(&[
        ("Tháng 3, 2025", "due<=2025-03-31"),
        ("Quý I, năm 2025", "due<=2025-03-31"),
        ("trước 31/12, năm 2025", "due<2025-12-31"),
        ("Quý 1 - 2/2025", "from=2025-01-01;due<=2025-06-30"),
        ("15/12 và 15/6/2025", "due<=2025-12-15|2025-06-15"),
        ("20/12, 15/1/2025", "due<=2024-12-20|2025-01-15"),
        ("tháng 11, 12, 1", "due<=2023-11-30|2023-12-31|2024-01-31"),
        ("báo cáo quý I, 6 tháng đầu năm, 9 tháng, năm 2023", "due<=2023-03-31|2023-06-30|2023-09-30|2023-12-31"),
        ("từ ngày 15/12 đến ngày 15/01 năm sau", "from=2023-12-15;due<=2024-01-15"),
        ("từ tháng 10 đến tháng 12 hằng năm", "every=year;from_date=10-01;date<=12-31"),
    ]);
    assert_eq!(refusal("20/3 - 15/3").0, Refusal::Contradiction);
}

#[test]
fn hours_of_a_day_are_kept_with_their_afternoon() {
    assert_read(&[
        ("chậm nhất là 17 giờ, ngày 14/3", "due<=2023-03-14T17:00"),
        ("ngày 15/3, vào lúc 8 giờ 30 phút", "due<=2023-03-15T08:30"),
        ("5 giờ chiều ngày 14/3", "due<=2023-03-14T17:00"),
        ("Từ 7 giờ đến 19 giờ ngày 23/5", "from=2023-05-23T07:00;due<=2023-05-23T19:00"),
        ("8h-17h ngày 15/3", "from=2023-03-15T08:00;due<=2023-03-15T17:00"),
        ("trong vòng 48 giờ kể từ khi phát hiện", "due<=ref+48h;ref=phát hiện"),
        ("trước 15 giờ ngày hôm trước", "due<ref-1dT15:00"),
    ]);
}

#[test]
fn a_hyphen_is_a_separator_or_a_range_as_the_numbers_around_it_say() {
    assert_read(&[
        ("4-9-2023", "due<=2023-09-04"),
        ("14-3 đến hết 14-4", "from=2023-03-14;due<=2023-04-14"),
        ("15-20/12", "from=2023-12-15;due<=2023-12-20"),
        ("2-8/10/2023", "from=2023-10-02;due<=2023-10-08"),
        ("25/12-5/1", "from=2023-12-25;due<=2024-01-05"),
        ("tháng 4-6/2023", "from=2023-04-01;due<=2023-06-30"),
        ("10-12/2023", "from=2023-10-01;due<=2023-12-31;amb=day_or_months"),
        ("2025-2030", "from=2025-01-01;due<=2030-12-31"),
        ("vào ngày 5-9 hàng năm", "every=year;date<=09-05"),
        ("5-10 hằng tháng", "every=month;from_day=5;day<=10"),
    ]);
}

#[test]
fn recurring_reports_keep_their_day_their_month_and_the_period_they_lie_in() {
    assert_read(&[
        ("trước ngày 15 của tháng cuối quý", "every=quarter;month=last;day<15"),
        ("Định kỳ hàng quý (trước ngày 5 của tháng đầu quý sau)", "every=quarter;month=first;day<5;of=next"),
        ("Trước ngày 10 của tháng tiếp theo", "every=month;day<10;of=next"),
        ("ngày làm việc cuối cùng của tháng", "every=month;day<=last_wd"),
        ("trước 17h00, thứ 6 hằng tuần", "every=week;dow=fri;time<17:00"),
        ("Trước ngày 15/6 và trước ngày 15/12 hằng năm", "every=year;date<06-15|12-15"),
        (
            "Định kỳ 06 tháng (trước ngày 05 tháng 6) và hằng năm (trước ngày 05 tháng 12)",
            "every=half;date<06-05;every=year;date<12-05",
        ),
        ("trước ngày 15/12 (hằng năm)", "every=year;date<12-15"),
        ("hằng quý đến năm 2030", "every=quarter;until=2030"),
        ("mỗi năm hai lần", "every=half;amb=n2"),
        ("01 lần/quý", "every=quarter"),
        ("Sáu tháng một lần", "every=half"),
        ("Năm năm một lần", "every=5year"),
        ("3 tháng báo cáo 1 lần", "every=quarter"),
        ("Lần 1: chậm nhất 31/5; lần 2: chậm nhất 31/10 hằng năm", "every=year;date<=05-31|10-31"),
        ("Thứ Hai tuần thứ nhất của tháng", "every=month;week=1;dow=mon"),
    ]);
}

#[test]
fn several_deadlines_in_one_cell_stay_several() {
    assert_read(&[
        ("Khởi động quý IV/2026; hoàn thành quý II/2027", "due<=2026-12-31;due<=2027-06-30"),
        ("Quý IV/2026; quý II/2027", "due<=2026-12-31|2027-06-30"),
        ("Quý I: 15/3; Quý II: 15/6", "due<=2023-03-15;due<=2023-06-15"),
        ("Đợt 1 (tháng 3), đợt 2 (tháng 9)", "due<=2023-03-31;due<=2023-09-30"),
        ("Tháng 9 (trước ngày 15)", "due<2023-09-15"),
        ("Khi có hướng dẫn, hoàn thành trước 30/6", "on_event;due<2023-06-30"),
        ("15 ngày (trong đó: Sở 10 ngày; UBND tỉnh 5 ngày)", "due<=ref+15d;amb=direction"),
        ("ngày 10 và ngày 25 hằng tháng", "every=month;day<=10|25"),
        ("thứ ba và thứ năm hàng tuần", "every=week;dow=tue|thu"),
        ("báo cáo năm 2023 trước ngày 15/01/2024", "due<2024-01-15"),
        ("Thời gian: 02 ngày (15-16/3/2023)", "from=2023-03-15;due<=2023-03-16"),
        ("Ngày 15/6 (báo cáo 6 tháng đầu năm) và 15/12 (báo cáo năm)", "due<=2023-06-15|2023-12-15"),
        ("Báo cáo tháng: trước ngày 18; báo cáo năm: trước ngày 18/12", "every=month;day<18;every=year;date<12-18"),
        ("Trước ngày 25 tháng 3, 6, 9, 12", "due<2023-03-25|2023-06-25|2023-09-25|2023-12-25"),
    ]);
}

#[test]
fn typing_habits_marks_and_scans_do_not_matter() {
    let decomposed: String = "TRƯỚC  ngày 15 / 01/2023…".nfd().collect();
    assert_eq!(read(&decomposed), "due<2023-01-15");
    assert_read(&[
        ("truoc ngay 15/01/2023", "due<2023-01-15"),
        ("Trươc ngày 15/01/2023", "due<2023-01-15"),
        ("qúy 2", "due<=2023-06-30"),
        ("Quý lV", "due<=2023-12-31"),
        ("QIII/2023", "due<=2023-09-30"),
        ("trc 17h00, th 6 hng tun", "every=week;dow=fri;time<17:00"),
        ("Trước ngày l5/12/2O23", "due<2023-12-15;amb=repaired"),
        ("10/10/23đến 15/10/23", "from=2023-10-10;due<=2023-10-15"),
    ]);
}

#[test]
fn numbers_that_are_names_are_never_dates() {
    for phrase in [
        "Theo Kế hoạch số 5392/KH-UBND ngày 26/10/2022",
        "Thực hiện Nghị định số 61/2018/NĐ-CP ngày 23/4/2018",
        "Đại hội XIII",
        "tuần 2 tháng 6",
        "khoảng 6 tháng",
        "Trong thời hạn 05 ngày làm việc",
        "12",
        "95%",
        "Thông tư 02/2023",
        "Luật Đầu tư năm 2020",
        "Căn cứ văn bản ngày 15/3/2023",
        "nhiệm kỳ 2021-2026",
        "khóa XV, nhiệm kỳ 2021 - 2026",
        "lớp 6/2",
        "Mục 3.2",
        "1.5 ngày",
        "3-5 ngày làm việc",
        "1/2 ngày",
        "2025 triệu đồng",
        "kỳ họp giữa năm 2025",
        "tăng 15% so với năm 2024",
        "chào mừng ngày 20/11",
        "tính đến 31/12/2024",
        "đã hoàn thành ngày 15/3/2025",
        "năm học 2019-2020",
    ] {
        assert!(!names_a_date(&read(phrase)), "{phrase}: {}", read(phrase));
    }
}

#[test]
fn lunar_days_are_never_solar_dates() {
    assert_read(&[("con nước 25/10 âm lịch", "lunar=10-25"), ("mùng 10 tháng 3 âm lịch", "lunar=03-10")]);
    assert_eq!(read("rằm tháng 8"), "lunar=08-15");
    assert_eq!(read("15/8 (âm lịch)"), "lunar=08-15");
    assert_eq!(read("Từ ngày 25/01/2023 (04 tháng Giêng âm lịch) đến 02/02/2023"), "from=2023-01-25;due<=2023-02-02");
    assert_eq!(refusal("mùng 10 tháng 3").0, Refusal::Lunar);
    assert_eq!(refusal("tháng Giêng").0, Refusal::Lunar);
    // Of several dates nobody can say which are lunar.
    assert_eq!(refusal("10/3 và 15/8 âm lịch").0, Refusal::Lunar);
    assert_eq!(refusal("10/3/2023 âm lịch").0, Refusal::Lunar);
}

#[test]
fn what_does_not_exist_or_lost_its_figures_is_refused_with_the_part_concerned() {
    assert_eq!(refusal("hoàn thành trước ngày 30/02/2023"), (Refusal::NoSuchDate, "ngày 30/02/2023"));
    assert_eq!(refusal("Trong tháng 13"), (Refusal::NoSuchDate, "tháng 13"));
    assert_eq!(refusal("quý V/2023").0, Refusal::NoSuchDate);
    assert_eq!(refusal("25 giờ ngày 3/4").0, Refusal::NoSuchDate);
    assert_eq!(refusal("Thứ tư, ngày 05 tháng năm 2012").0, Refusal::Damaged);
    assert_eq!(refusal("trước ngày 2/2025").0, Refusal::Damaged);
    assert_eq!(refusal("trước ngày 15"), (Refusal::MonthMissing, "ngày 15"));
    assert_eq!(refusal("từ 20/12/2022 đến 29/02").0, Refusal::NoSuchDate, "the year after has no 29/02");
    assert_eq!(refusal("  "), (Refusal::Empty, "  "));
    assert_eq!(refusal(&"ngày 1, ".repeat(10_000)).0, Refusal::TooLong);
    // 29/02 exists when nobody knows the year.
    assert_eq!(read_in("ngày 29/02", ""), "due<=YYYY-02-29");
}

#[test]
fn contradictions_and_deadlines_joined_without_sense_are_refused() {
    let reversed = "từ ngày 20/3/2023 đến ngày 10/3/2023";
    assert_eq!(refusal(reversed), (Refusal::Contradiction, reversed));
    assert_eq!(refusal("Thường xuyên trước ngày 15/01/2023").0, Refusal::Joined);
    assert_eq!(refusal("Trước ngày 15/01/2023 trước ngày 20/02/2023").0, Refusal::Joined);
    assert_eq!(refusal("Trước ngày 15/01/2023 trừ thứ Bảy"), (Refusal::NotUnderstood, "trừ thứ Bảy"));
    assert_eq!(read("Không thường xuyên"), "?");
    assert_eq!(read("Ngày 5 hằng tuần"), "?", "a week has no fifth day by number");
}

#[test]
fn stages_of_a_term_have_no_dates_unless_the_phrase_gives_them() {
    assert_read(&[
        ("hằng năm, giữa kỳ, cuối kỳ hoặc đột xuất", "every=year;on_event;ref=giữa kỳ, cuối kỳ"),
        ("Giữa kỳ: trước 15/11, cuối kỳ: trước 20/5", "due<2023-11-15;due<2023-05-20"),
    ]);
}

#[test]
fn the_least_time_is_the_latest_before_an_event_and_the_earliest_after_it() {
    assert_read(&[
        ("ít nhất 30 ngày kể từ ngày niêm yết", "from=ref+30d;ref=niêm yết"),
        ("không sớm hơn 30 ngày kể từ ngày niêm yết", "from=ref+30d;ref=niêm yết"),
        ("không muộn hơn 5 ngày kể từ ngày ký", "due<=ref+5d;ref=ký"),
        ("trước ngày bầu cử ít nhất 70 ngày", "due<=ref-70d;ref=bầu cử"),
        ("ít nhất 45 ngày", "due<=ref-45d;amb=direction"),
        ("trong thời gian ít nhất là 60 ngày", "duration=60d"),
        ("Thứ Sáu trong tuần", "every=week;dow=fri"),
        ("các ngày 4, 5-7 và 9, 10-7", "due<=2023-07-04|2023-07-05|2023-07-09|2023-07-10"),
        ("hằng quý năm 2026", "every=quarter;from=2026;until=2026"),
    ]);
}

#[test]
fn doubts_name_the_other_reading_and_the_words_that_say_nothing_are_told() {
    let phrase = "Hoàn thành đề án trước T12/2023";
    let reading = read_phrase(phrase, YearContext::Year(2023)).expect("understood");
    let [doubt] = &reading.doubts[..] else { panic!("one doubt") };
    let other = Reading::of(doubt.other.clone().expect("another reading"), None);
    assert_eq!((doubt.kind, other.canonical("")), (DoubtKind::BeforeWholePeriod, "due<=2023-12-31".to_owned()));
    assert_eq!(&phrase[reading.passed_over[0].clone()], "Hoàn thành đề án");
    assert_eq!(&phrase[reading.clauses[0].span.clone()], "trước T12/2023");
    assert_eq!(read("Thứ năm, ngày 05/9/2012"), "due<=2012-09-05;amb=weekday");
}

#[test]
fn days_of_a_weekday_find_their_month_only_where_there_is_one() {
    assert_eq!(read_in("Ngày 07; 14; 21; 28 (Thứ 5)", "2025"), "due<=2025-08-07|2025-08-14|2025-08-21|2025-08-28");
    assert_eq!(read_in("Ngày 04; 11; 18; 25 (Thứ 5)", "2025"), "?", "September and December both fit");
}

#[test]
fn a_school_year_gives_autumn_dates_its_first_year() {
    assert_eq!(read_in("trước ngày 15/9", "2019-2020"), "due<2019-09-15");
    assert_eq!(read_in("trước ngày 31/5", "2019-2020"), "due<2020-05-31");
    assert_eq!(read_in("trước ngày 31/5 năm học 2019-2020", "2023"), "due<2020-05-31");
    assert_eq!(read_in("từ tháng 9 đến tháng 5", "2019-2020"), "from=2019-09-01;due<=2020-05-31");
}

#[test]
fn due_dates_are_named_by_their_periods() {
    let named = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(p, d)| ((*p).to_owned(), (*d).to_owned())).collect()
    };
    assert_eq!(dues("Trước ngày 15/01/2023"), named(&[("2023", "2023-01-14")]));
    assert_eq!(dues("Trước 17 giờ ngày 15/01/2023"), named(&[("2023", "2023-01-15")]), "the day itself still counts");
    assert_eq!(dues("Quý II, III"), named(&[("2023-Q2", "2023-06-30"), ("2023-Q3", "2023-09-30")]));
    assert_eq!(dues("15/6 và 15/12"), named(&[("2023-06-15", "2023-06-15"), ("2023-12-15", "2023-12-15")]));
    assert_eq!(
        dues("trước ngày 15/7 và ngày 15/01 của năm sau"),
        named(&[("2023-H1", "2023-07-14"), ("2023-H2", "2024-01-14")])
    );
    let quarters = dues("trước ngày 15 của tháng đầu quý sau");
    assert_eq!((quarters.len(), &quarters[3]), (4, &("2023-Q4".to_owned(), "2024-01-14".to_owned())));
    let months = dues("ngày 31 hằng tháng");
    assert_eq!((months.len(), months[1].1.as_str()), (12, "2023-02-28"), "the last day where the month is shorter");
    let weeks = dues("thứ 6 hằng tuần");
    assert_eq!((weeks.len(), weeks[0].clone()), (52, ("2023-W01".to_owned(), "2023-01-06".to_owned())));
    assert_eq!(dues("trước 0 giờ ngày 15/01/2023")[0].1, "2023-01-14", "nothing of the 15th is in time");
    // However the phrase lists them, the earlier date is the first half's.
    assert_eq!(
        dues("6 tháng một lần vào ngày 15/12 và ngày 15/6"),
        named(&[("2023-H1", "2023-06-15"), ("2023-H2", "2023-12-15")])
    );
}

#[test]
fn a_notice_of_holidays_renames_no_due_date() {
    let phrase = "ngày làm việc thứ 5 của tháng 5/2023 và ngày làm việc cuối cùng của tháng 5/2023";
    let years = PlanYears::of(YearContext::Year(2023));
    let reading = read_phrase(phrase, years.context).expect("understood");
    let rules =
        CalendarRules { working_week: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed], ..CalendarRules::default() };
    for calendar in [crate::config::example::calendar(), WorkCalendar::new(&rules, [])] {
        let points = reading.due_points(years, &calendar);
        let (periods, days): (Vec<_>, Vec<_>) = points.into_iter().map(|p| (p.period, p.last_on)).unzip();
        assert_eq!(periods, ["2023-05-w5", "2023-05-lastw"], "{days:?}");
    }
}

#[test]
fn rhythms_that_do_not_divide_a_year_are_counted_from_the_plan() {
    let days = |phrase: &str, last: i32| -> Vec<String> {
        let years = PlanYears { context: YearContext::Year(2023), last };
        dues_in(phrase, years).into_iter().map(|(_, day)| day).collect()
    };
    assert_eq!(days("5 tháng một lần", 2023), ["2023-05-31", "2023-10-31"]);
    assert_eq!(days("2 năm một lần", 2026), ["2023-12-31", "2025-12-31"]);
}

#[test]
fn working_days_of_a_month_and_roll_clauses_follow_the_office_calendar() {
    let last = dues("ngày làm việc cuối cùng của quý");
    let days: Vec<_> = last.iter().map(|(_, day)| day.as_str()).collect();
    assert_eq!(days, ["2023-03-31", "2023-06-30", "2023-09-29", "2023-12-29"]);
    // April ends with a long week-end from the 29th.
    assert_eq!(dues("ngày làm việc cuối cùng của tháng 4/2023")[0].1, "2023-04-28");
    assert_eq!(dues("ngày làm việc thứ 3 của tháng 5")[0].1, "2023-05-08", "1 to 3 May are off");
    let rolled = dues("ngày 15 hằng tháng (nếu trùng ngày nghỉ thì chuyển sang ngày làm việc tiếp theo)");
    assert_eq!((rolled[0].1.as_str(), rolled[3].1.as_str()), ("2023-01-16", "2023-04-17"));
    // "Trước ngày 20": what moves is the 20th, a Saturday in May; in March it is a Monday and stays.
    let strict = dues("trước ngày 20 hằng tháng, nếu trùng ngày nghỉ thì chuyển sang ngày làm việc tiếp theo");
    assert_eq!((strict[2].1.as_str(), strict[4].1.as_str()), ("2023-03-19", "2023-05-21"));
    let nearest = dues("ngày 15 hằng tháng (nếu trùng ngày nghỉ thì thực hiện vào ngày làm việc gần nhất)");
    assert_eq!((nearest[0].1.as_str(), nearest[3].1.as_str()), ("2023-01-16", "2023-04-14"));
}

#[test]
fn work_that_goes_on_after_the_plans_year_goes_on() {
    let yearly = dues_in("2025 và những năm tiếp theo", PlanYears::of(YearContext::Year(2025)));
    assert_eq!((yearly.len(), yearly[1].1.as_str()), (76, "2026-12-31"));
    let until = dues_in("hằng quý đến năm 2027", PlanYears::of(YearContext::Year(2025)));
    assert_eq!((until.len(), until[11].1.as_str()), (12, "2027-12-31"));
    let several = dues_in("hằng năm trước ngày 15/12", PlanYears { context: YearContext::Year(2025), last: 2026 });
    assert_eq!(several.len(), 2);
}

#[test]
fn before_a_sunday_the_last_safe_day_is_the_friday() {
    let calendar = crate::config::example::calendar();
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let due = Due::on(day("2023-01-14"), &calendar);
    assert_eq!((due.safe_on, due.is_provisional), (day("2023-01-13"), false));
    // The notice of 2027 could still move 1 January, so the day before it is not certain either.
    let due = Due::on(day("2027-01-01"), &calendar);
    assert_eq!((due.safe_on, due.is_provisional), (day("2026-12-31"), true));
}

#[test]
fn periods_from_an_event_follow_the_civil_code() {
    let calendar = crate::config::example::calendar();
    let hours = crate::config::example::hours().timetable;
    let due = |phrase: &str, event: &str| {
        let reading = read_phrase(phrase, YearContext::Unknown).unwrap_or_else(|e| panic!("{phrase}: {e}"));
        let DeadlineRule::Relative(relative) = &reading.clauses[0].rule else { panic!("{phrase} hangs on an event") };
        let due = relative.due_from(event.parse().expect("a moment"), &calendar, &hours);
        due.map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
    };
    // The first day is not counted; ten days end on Saturday 29/4/2023, so on 4/5 after the holidays.
    assert_eq!(due("trong thời hạn 10 ngày kể từ ngày nhận", "2023-04-19T09:00:00"), "2023-05-04T23:59");
    assert_eq!(due("05 ngày làm việc kể từ ngày nhận", "2023-01-19T09:00:00"), "2023-02-02T23:59");
    assert_eq!(due("chậm nhất 10 ngày trước khi họp", "2023-05-11T09:00:00"), "2023-05-01T23:59", "never forward");
    assert_eq!(due("trước khi họp", "2023-05-11T09:00:00"), "2023-05-10T23:59");
    assert_eq!(due("trước 08 giờ ngày hôm sau", "2023-05-11T09:00:00"), "2023-05-12T08:00");
    assert_eq!(due("01 tháng kể từ ngày nhận", "2023-01-31T09:00:00"), "2023-02-28T23:59");
    assert_eq!(due("08 giờ làm việc kể từ khi nhận", "2026-11-20T14:30:00"), "2026-11-23T14:30");
    let reading = read_phrase("8 giờ làm việc kể từ khi nhận", YearContext::Unknown).expect("understood");
    let DeadlineRule::Relative(relative) = &reading.clauses[0].rule else { panic!("it hangs on an event") };
    let event = "2026-11-20T14:30:00".parse().expect("a moment");
    assert_eq!(relative.due_from(event, &calendar, &Timetable::default()), None, "nobody entered the office hours");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in ".{0,80}") {
        if let Ok(reading) = read_phrase(&text, YearContext::Year(2023)) {
            let _ = reading.canonical(&text);
        }
    }

    #[test]
    fn words_of_the_language_in_any_order_do_not_panic_and_spans_stay_inside(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "trước", "ngày", "tháng", "quý", "T", "15", "2023", "/", "-", ",", ";", "và", "II", "chậm nhất", "hằng", "năm",
            "định kỳ", "từ", "đến", "6", "kể từ", "làm việc", "thứ", "tuần", "khi có", "(", ")", "của", "sau", "cuối", "đầu",
            "theo kế hoạch riêng của", "lần", "giờ", "nếu trùng ngày nghỉ", "hoặc", "đột xuất", "học", "âm lịch", "0", "31",
        ]), 0..14)
    ) {
        let phrase = words.join(" ");
        match read_phrase(&phrase, YearContext::Year(2023)) {
            Ok(reading) => {
                let _ = reading.canonical(&phrase);
                for clause in &reading.clauses {
                    proptest::prop_assert!(phrase.get(clause.span.clone()).is_some());
                }
                let _ = reading.due_points(PlanYears::of(YearContext::Year(2023)), &crate::config::example::calendar());
            }
            Err(error) => proptest::prop_assert!(phrase.get(error.span.clone()).is_some(), "{phrase}"),
        }
    }
}

/// Where it says so, nobody computes the due dates to see whether there are any.
#[test]
fn what_comes_each_year_has_a_due_date_in_every_plan() {
    let days = [DayOf::Number(31), DayOf::Last, DayOf::Working(5), DayOf::LastWorking];
    let on = [
        RecurringDay::End,
        RecurringDay::Weekdays { weekdays: vec![Weekday::Mon], week: None },
        RecurringDay::Dates(vec![YearDate { month: 9, day: DayOf::Number(15), of: Neighbour::Same }]),
    ];
    let on =
        on.into_iter().chain(days.map(|day| RecurringDay::Days { days: vec![day], month: None, of: Neighbour::Same }));
    let calendar = crate::config::example::calendar();
    for on in on {
        for every in (1..=13).map(Every::Months).chain((1..=53).map(Every::Weeks)) {
            let recurrence = Recurrence {
                every,
                limit: Limit::NotAfter,
                on: on.clone(),
                from: None,
                time: None,
                since: None,
                until: None,
            };
            if !recurrence.comes_each_year() {
                continue;
            }
            let reading = Reading::of(DeadlineRule::Every(recurrence), None);
            for context in [YearContext::Year(2023), YearContext::SchoolYear(2023)] {
                assert!(
                    !reading.due_points(PlanYears::of(context), &calendar).is_empty(),
                    "{reading:?} in {context:?}"
                );
            }
        }
    }
}

/// Its policy is one for all that a phrase names: that of the longer periods, in whatever order they are named.
#[test]
fn a_duty_is_weekly_when_nothing_of_it_comes_back_more_seldom() {
    let kind = |phrase| read_phrase(phrase, YearContext::Year(2026)).expect("understood").kind();
    assert_eq!(kind("Hằng tuần"), DeadlineKind::Weekly);
    assert_eq!(kind("Định kỳ hằng tuần, tháng"), DeadlineKind::Report);
    assert_eq!(kind("Định kỳ hằng tháng, tuần"), DeadlineKind::Report);
    assert_eq!(kind("Hằng quý"), DeadlineKind::Report);
}
