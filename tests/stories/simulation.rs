//! The simulation against the daemon's own passes.

use std::collections::{BTreeSet, HashSet};

use chrono::{Days, NaiveDate};
use nhacviec::{
    domain::{decide::Record, notification::Item},
    simulation::{self, Completions, Leaving},
};

use crate::support::{Office, OfficeFolder, day};

const TASKS: &str = "
  - { id: I.1, content: Báo cáo tháng, lead: [phong-a], deadline: Trước ngày 20 hằng tháng }
  - { id: I.2, content: Rà soát, lead: [Các phòng], coordinating: [van-phong], deadline: 14/02/2023 }
  - { id: I.3, content: Công khai, lead: [phong-b], deadline: Thường xuyên }
";

fn simulated(folder: &OfficeFolder, last: NaiveDate, completions: &Completions) -> Vec<Leaving> {
    let office = folder.load().office;
    let (first, record, _) = simulation::set_out(&office, Record::default(), day("2023-01-01"), day("2030-01-01"));
    simulation::collect(&office, record, first, last, completions)
}

#[tokio::test]
async fn what_is_simulated_is_what_the_daemon_sends() {
    let mut office = Office::with_tasks(TASKS, "2022-12-31").await;
    let last = day("2023-03-31");
    let planned = simulated(&office.folder, last, &Completions::None);
    let planned: BTreeSet<(NaiveDate, String)> =
        planned.into_iter().map(|l| (l.on, l.notification.routes[0].address.clone())).collect();
    let mut sent = BTreeSet::new();
    let mut read = 0;
    for today in day("2023-01-01").iter_days().take_while(|d| *d <= last) {
        office.tick(&format!("{today} 07:30")).await;
        let received = office.mail.received();
        for mail in &received[read..] {
            assert!(sent.insert((today, mail.to.clone())), "one digest a person and morning");
        }
        read = received.len();
    }
    office.mark_all_read();
    // What the administrator hears of missing rules is no part of the plan.
    sent.retain(|(_, address)| address != "khoa@so.example");
    assert!(sent.len() > 60, "{}", sent.len());
    assert_eq!(planned, sent);
}

#[test]
fn work_assumed_done_on_time_is_never_overdue() {
    let folder = OfficeFolder::new(25, TASKS);
    let last = day("2023-12-31");
    let none = simulated(&folder, last, &Completions::None);
    let on_time = simulated(&folder, last, &Completions::OnTime);
    let late = |leaving: &[Leaving]| leaving.iter().filter(|l| l.notification.key.offset > 0).count();
    assert!(late(&none) > 100);
    assert_eq!(late(&on_time), 0);
    let subject = "task:kh/I.2:2023:phong-a".into();
    let history = Completions::AsReported(vec![(subject, day("2023-02-16"))]);
    let told: Vec<_> = simulated(&folder, last, &history)
        .into_iter()
        .filter(|l| {
            l.notification.key.subject.as_str() == "task:kh/I.2:2023:phong-a"
                && l.notification.key.recipient.as_str() == "an"
        })
        .map(|l| l.on)
        .collect();
    assert_eq!(told.last(), Some(&day("2023-02-15")), "reported on the 16th, so never again: {told:?}");
}

/// Duties that are reminded of alike are decided once; each is told of all the same, by its own name and in the order
/// of the annex, until it is done.
#[test]
fn each_of_several_duties_that_are_alike_is_told_of_by_its_own_name() {
    let folder = OfficeFolder::new(
        25,
        "
  - { id: I.1, content: Rà soát, lead: [phong-a], deadline: 14/02/2023 }
  - { id: I.2, content: Công khai, lead: [phong-b], deadline: 14/02/2023 }
  - { id: I.3, content: Kiểm kê, lead: [phong-a], deadline: 14/02/2023 }
  - { id: I.4, content: Đối thoại, lead: [phong-a], coordinating: [phong-b], deadline: 14/02/2023 }
  - { id: I.5, content: Tổng kết, lead: [phong-a], deadline: 14/02/2023 }
",
    );
    let done = Completions::AsReported(vec![("task:kh/I.3:2023:phong-a".into(), day("2023-02-01"))]);
    let told = simulated(&folder, day("2023-02-28"), &done);
    let told = |task: &str| -> Vec<NaiveDate> {
        let to_reader = told.iter().filter(|l| l.notification.key.recipient.as_str() == "an");
        let of_task =
            to_reader.filter(|l| matches!(&l.notification.item, Item::Task { row, .. } if &*row.task == task));
        let is_right = |l: &&Leaving| l.notification.key.subject.as_str() == format!("task:kh/{task}:2023:phong-a");
        of_task.inspect(|l| assert!(is_right(l), "{}", l.notification.key)).map(|l| l.on).collect()
    };
    assert!(told("I.1").len() > 2, "{:?}", told("I.1"));
    assert_eq!(told("I.5"), told("I.1"));
    assert_eq!(told("I.4"), told("I.1"));
    assert!(told("I.3").iter().all(|on| *on <= day("2023-02-01")), "{:?}", told("I.3"));
    let folder = folder.load();
    let (first, record, _) =
        simulation::set_out(&folder.office, Record::default(), day("2023-01-01"), day("2030-01-01"));
    let all = simulation::collect(&folder.office, record, first, day("2023-02-14"), &Completions::None);
    let on_last_day = all.iter().filter(|l| l.on == day("2023-02-14") && l.notification.key.recipient.as_str() == "an");
    let names: Vec<_> = on_last_day.map(|l| l.notification.key.subject.as_str().to_owned()).collect();
    assert_eq!(names, ["I.1", "I.3", "I.4", "I.5"].map(|task| format!("task:kh/{task}:2023:phong-a")));
}

/// Duties of several plans are alike where the same units follow them; each is said with the title of its own plan.
#[test]
fn duties_of_several_plans_are_told_of_with_their_own_plans() {
    let folder = OfficeFolder::new(25, "\n  - { id: I.1, content: Rà soát, lead: [phong-a], deadline: 14/02/2023 }\n");
    folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    following: { before: [5] }\n");
    for (id, head) in [("hai", ""), ("ba", ", followed_by: [phong-b]")] {
        let tasks = "tasks:\n  - { id: I.1, content: Rà soát, lead: [phong-a], deadline: 14/02/2023 }\n";
        let plan = format!("plan: {{ id: {id}, title: Kế hoạch {id}, year: 2023, policy: viec{head} }}\n{tasks}");
        folder.write(&format!("plans/{id}.yaml"), &plan);
    }
    let told = simulated(&folder, day("2023-02-28"), &Completions::None);
    let plans = |reader: &str| -> BTreeSet<(String, String)> {
        let to_reader = told.iter().map(|l| &l.notification).filter(|n| n.key.recipient.as_str() == reader);
        let row = |n: &nhacviec::domain::notification::Notification| match &n.item {
            Item::Task { row, .. } => Some((n.key.subject.as_str().to_owned(), row.plan.to_string())),
            _ => None,
        };
        to_reader.filter_map(row).collect()
    };
    let title = |id: &str| if id == "kh" { "Kế hoạch thử".to_owned() } else { format!("Kế hoạch {id}") };
    let expected = |ids: &[&str]| -> BTreeSet<(String, String)> {
        ids.iter().map(|id| (format!("task:{id}/I.1:2023:phong-a"), title(id))).collect()
    };
    assert_eq!(plans("an"), expected(&["kh", "hai", "ba"]));
    assert_eq!(plans("binh"), expected(&["ba"]), "who follows one plan hears of no other");
}

#[test]
fn nothing_leaves_on_a_day_off_and_nobody_gets_two_digests_a_day() {
    let folder = OfficeFolder::new(25, TASKS);
    let office = folder.load().office;
    let mut seen = HashSet::new();
    for leaving in simulated(&folder, day("2023-12-31"), &Completions::None) {
        let (recipient, subject) =
            (leaving.notification.key.recipient.clone(), leaving.notification.key.subject.clone());
        assert!(
            seen.insert((leaving.on, recipient, subject)),
            "told twice on {}: {}",
            leaving.on,
            leaving.notification.key
        );
        assert!(office.calendar.is_working_day(leaving.on), "{}", leaving.on);
        let moment = office.hours.digest_moment(leaving.on);
        assert!(leaving.notification.not_before <= moment + chrono::Duration::seconds(1), "{}", leaving.on);
    }
}

#[test]
fn a_simulation_of_two_spans_joined_is_the_simulation_of_the_whole() {
    let folder = OfficeFolder::new(25, TASKS);
    let until = |last: &str| -> Vec<String> {
        simulated(&folder, day(last), &Completions::None)
            .iter()
            .map(|l| format!("{} {}", l.on, l.notification.key))
            .collect()
    };
    let (whole, part) = (until("2023-06-30"), until("2023-03-31"));
    let border = (day("2023-03-31") + Days::new(1)).to_string();
    let first: Vec<_> = whole.into_iter().filter(|line| *line < border).collect();
    assert_eq!(first, part);
}

#[test]
fn an_edit_shows_what_it_adds_drops_and_moves() {
    let folder = OfficeFolder::new(25, TASKS);
    let before = simulated(&folder, day("2023-03-31"), &Completions::OnTime);
    assert!(simulation::compare(&before, &before).is_empty());
    folder.replace("plans/kh.yaml", "deadline: 14/02/2023", "deadline: 21/02/2023");
    folder.replace("plans/kh.yaml", "deadline: Thường xuyên", "deadline: Khi có phát sinh");
    folder.append("plans/kh.yaml", "  - { id: I.4, content: Mới, lead: [phong-a], deadline: 15/03/2023 }\n");
    let after = simulated(&folder, day("2023-03-31"), &Completions::OnTime);
    let difference = simulation::compare(&before, &after);
    let tasks = |list: &[&Leaving]| -> BTreeSet<String> {
        let task = |l: &&Leaving| l.notification.key.subject.as_str().split(':').nth(1).unwrap_or_default().to_owned();
        list.iter().map(task).collect()
    };
    assert_eq!(tasks(&difference.added), BTreeSet::from(["kh/I.4".to_owned()]));
    assert_eq!(tasks(&difference.dropped), BTreeSet::from(["kh/I.3".to_owned()]));
    assert!(!difference.moved.is_empty());
    for (old, new) in difference.moved {
        assert_eq!((new.on - old.on).num_days(), 7, "{}", new.notification.key);
    }
}
