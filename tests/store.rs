//! What every store must keep: uniqueness, claims under contention, outcomes, completions.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use futures_util::future::join_all;
use nhacviec::{
    domain::{
        decide::{CancelReason, Cancellation, Decision},
        directory::{ChannelKind, Route},
        dossier::{Dossier, DossierStatus, ReadRow, RowKey, Seen, Trust},
        ids::SourceId,
        life::{Ending, Facts, Refusal, Report},
        notification::{Audience, Item, Notification, NotificationKey, Reason, SendError},
    },
    store::{
        self, DailyCap, IntervenedResult, Intervention, InterventionKind, NewReport, OutboxFilter, Outcome, Recorded,
        Store, StoreError,
    },
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_676_000_000 + minutes * 60, 0).expect("a date in 2023")
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 2, 14).expect("a date")
}

fn notification(subject: &str, recipient: &str, routes: &[(ChannelKind, &str)]) -> Notification {
    Notification {
        key: NotificationKey {
            subject: subject.into(),
            revision_on: day(),
            offset: 0,
            audience: Audience::Lead,
            recipient: recipient.into(),
            resumed_on: None,
        },
        reason: Reason::DueNow,
        item: Item::Problem { sentence: subject.to_owned(), opened_at: at(0) },
        advice: None,
        routes: routes
            .iter()
            .map(|(channel, address)| Route { channel: *channel, address: (*address).to_owned() })
            .collect(),
        on_behalf_of: None,
        not_before: at(0),
        merged_into: None,
    }
}

fn mail(subject: &str, recipient: &str) -> Notification {
    notification(subject, recipient, &[(ChannelKind::Email, &format!("{recipient}@so.example"))])
}

fn decision(notify: Vec<Notification>) -> Decision {
    Decision { notify, ..Decision::default() }
}

fn error() -> SendError {
    SendError::Transient { detail: "thử".to_owned(), retry_after: None }
}

async fn store_with(notify: Vec<Notification>) -> Arc<dyn Store> {
    let store = store::open_in_memory().expect("SQLite");
    store.apply(decision(notify), Vec::new(), at(0)).await.expect("written");
    store
}

#[tokio::test]
async fn the_same_decision_twice_writes_nothing_the_second_time() {
    let store = store_with(vec![mail("a", "an"), mail("b", "an")]).await;
    let again =
        store.apply(decision(vec![mail("a", "an"), mail("b", "an")]), Vec::new(), at(1)).await.expect("written");
    assert_eq!(again.notified, 0);
    let batch = store.claim(at(1), Duration::minutes(15), None).await.expect("works").expect("a message");
    assert_eq!(batch.entries.len(), 2, "one address, one digest");
    assert!(store.claim(at(1), Duration::minutes(15), None).await.expect("works").is_none());
}

#[tokio::test]
async fn a_withdrawn_notification_can_become_due_again_and_a_superseded_one_cannot() {
    let store = store_with(vec![mail("a", "an"), mail("b", "an")]).await;
    let pending = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").pending;
    let cancel = pending
        .iter()
        .zip([CancelReason::Withdrawn, CancelReason::Superseded])
        .map(|(p, reason)| Cancellation { id: p.id, reason })
        .collect();
    store.apply(Decision { cancel, ..Decision::default() }, Vec::new(), at(1)).await.expect("written");
    assert!(store.claim(at(1), Duration::minutes(15), None).await.expect("works").is_none());
    let again =
        store.apply(decision(vec![mail("a", "an"), mail("b", "an")]), Vec::new(), at(2)).await.expect("written");
    assert_eq!(again.notified, 1);
    let batch = store.claim(at(2), Duration::minutes(15), None).await.expect("works").expect("a message");
    assert_eq!(batch.entries[0].key, "a|2023-02-14|+0|lead|an");
}

#[tokio::test]
async fn a_killed_attempt_is_taken_up_again_with_the_same_rows_only() {
    let store = store_with(vec![mail("a", "an")]).await;
    let first = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.apply(decision(vec![mail("b", "an")]), Vec::new(), at(1)).await.expect("written");
    let meanwhile = store.claim(at(1), Duration::minutes(15), None).await.expect("works").expect("the new one");
    assert_eq!(meanwhile.entries[0].key, "b|2023-02-14|+0|lead|an");
    let again = store.claim(at(16), Duration::minutes(15), None).await.expect("works").expect("the lease is over");
    assert_eq!((again.deliveries, again.is_resumed), (first.deliveries, true));
}

#[tokio::test]
async fn a_refusal_is_regrouped_with_what_is_due_by_then() {
    let store = store_with(vec![mail("a", "an")]).await;
    let batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(batch.id, Outcome::Retry { at: at(5), error: error() }, at(0)).await.expect("written");
    store.apply(decision(vec![mail("b", "an")]), Vec::new(), at(5)).await.expect("written");
    let batch = store.claim(at(5), Duration::minutes(15), None).await.expect("works").expect("a message");
    assert_eq!((batch.entries.len(), batch.is_resumed), (2, false));
    assert_eq!(batch.attempt, 1, "what joined now is not given up with what has waited");
}

#[tokio::test]
async fn an_unknown_outcome_stays_together_through_a_dead_channel() {
    let store = store_with(vec![mail("a", "an")]).await;
    let first = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(first.id, Outcome::UnknownResend { at: at(1), error: error() }, at(0)).await.expect("written");
    store.apply(decision(vec![mail("b", "an")]), Vec::new(), at(0)).await.expect("written");
    let second = store.claim(at(1), Duration::minutes(15), None).await.expect("works").expect("the repetition");
    assert_eq!(second.deliveries, first.deliveries);
    store.finish(second.id, Outcome::Postponed { until: at(9), error: error() }, at(1)).await.expect("written");
    assert!(store.claim(at(8), Duration::minutes(15), None).await.expect("works").is_none(), "the channel rests");
    let third = store.claim(at(9), Duration::minutes(15), None).await.expect("works").expect("the repetition");
    assert_eq!((third.deliveries, third.attempt), (first.deliveries, 2));
}

#[tokio::test]
async fn a_failed_route_hands_over_to_the_next_one_once() {
    let routes = [(ChannelKind::ZaloBot, "abc"), (ChannelKind::Email, "an@so.example")];
    let store = store_with(vec![notification("a", "an", &routes)]).await;
    let batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    assert_eq!(batch.channel, ChannelKind::ZaloBot);
    store.finish(batch.id, Outcome::Failed { error: error() }, at(0)).await.expect("written");
    store.finish(batch.id, Outcome::Failed { error: error() }, at(0)).await.expect("a second end changes nothing");
    let batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    assert_eq!((batch.channel, batch.entries[0].may_be_duplicate), (ChannelKind::Email, false));
    store.finish(batch.id, Outcome::Sent, at(0)).await.expect("written");
    assert!(store.claim(at(99), Duration::minutes(15), None).await.expect("works").is_none());
}

#[tokio::test]
async fn a_completion_is_recorded_once_and_stops_what_was_waiting() {
    let store = store_with(vec![mail("task:kh/I:2023:a", "an")]).await;
    let done = |product: &str| Report::Completed { done_on: day(), product: product.to_owned() };
    let Recorded::Taken(life) = report(&store, done("1/BC"), 0).await else { panic!("refused") };
    assert!(life.is_closed());
    let Recorded::Refused(Refusal::Ended(Ending::Completed { product, .. })) = report(&store, done("2/BC"), 1).await
    else {
        panic!("taken twice")
    };
    assert_eq!(product, "1/BC", "the first one stays");
    assert_eq!(store.events("task:kh/I:2023:a".into()).await.expect("works").len(), 1, "nothing was written");
    assert!(store.claim(at(1), Duration::minutes(15), None).await.expect("works").is_none());
}

async fn report(store: &Arc<dyn Store>, report: Report, minute: i64) -> Recorded {
    let new =
        NewReport { subject: "task:kh/I:2023:a".into(), report, reported_by: "an".to_owned(), reported_from: "cli" };
    let facts = Facts {
        today: day(),
        due_on: Some(day()),
        unit: "a".into(),
        concerned: vec!["a".into()],
        quiet_at_most: day(),
        is_reappointed: false,
    };
    store.report(new, facts, at(minute)).await.expect("works")
}

#[tokio::test]
async fn work_that_is_opened_again_is_known_as_told_until_then() {
    let store = store_with(vec![mail("task:kh/I:2023:a", "an")]).await;
    let batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(batch.id, Outcome::Sent, at(0)).await.expect("works");
    report(&store, Report::Completed { done_on: day(), product: "1/BC".to_owned() }, 0).await;
    assert!(
        store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").told.is_empty(),
        "closed work needs no memory"
    );
    report(&store, Report::Reopened { reason: "báo nhầm".to_owned() }, 1).await;
    let record = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works");
    assert_eq!(record.told.len(), 1);
    assert!(!record.reports.life(&"task:kh/I:2023:a".into()).expect("known").is_closed());
}

#[tokio::test]
async fn what_had_not_left_when_the_work_was_done_is_said_once_it_is_opened_again() {
    let store = store_with(vec![mail("task:kh/I:2023:a", "an")]).await;
    report(&store, Report::Completed { done_on: day(), product: "1/BC".to_owned() }, 0).await;
    report(&store, Report::Reopened { reason: "báo nhầm".to_owned() }, 1).await;
    assert!(store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").told.is_empty());
    let again = store.apply(decision(vec![mail("task:kh/I:2023:a", "an")]), Vec::new(), at(2)).await.expect("written");
    assert_eq!(again.notified, 1);
    assert!(store.claim(at(2), Duration::minutes(15), None).await.expect("works").is_some());
}

#[tokio::test]
async fn an_address_that_had_its_messages_of_the_day_is_put_off_and_not_forgotten() {
    let store = store_with(vec![mail("a", "an")]).await;
    let cap = Some(DailyCap { most: 1, day_began_at: at(-600), next_at: at(1440) });
    let first = store.claim(at(0), Duration::minutes(15), cap).await.expect("works").expect("the first");
    store.finish(first.id, Outcome::Sent, at(0)).await.expect("works");
    store.apply(decision(vec![mail("b", "an"), mail("b", "binh")]), Vec::new(), at(1)).await.expect("written");
    let other = store.claim(at(1), Duration::minutes(15), cap).await.expect("works").expect("another person");
    assert_eq!(other.recipient.as_str(), "binh");
    store.finish(other.id, Outcome::Sent, at(1)).await.expect("works");
    assert!(store.claim(at(2), Duration::minutes(15), cap).await.expect("works").is_none());
    let tomorrow = Some(DailyCap { most: 1, day_began_at: at(840), next_at: at(2880) });
    let late = store.claim(at(1440), Duration::minutes(15), tomorrow).await.expect("works").expect("put off");
    assert_eq!((late.recipient.as_str(), late.entries[0].deferred_at), ("an", Some(at(0))));
}

async fn withdraw_all(store: &Arc<dyn Store>, minute: i64) {
    let pending = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").pending;
    let cancel = pending.iter().map(|p| Cancellation { id: p.id, reason: CancelReason::Withdrawn }).collect();
    store.apply(Decision { cancel, ..Decision::default() }, Vec::new(), at(minute)).await.expect("written");
}

#[tokio::test]
async fn a_notification_withdrawn_on_its_second_route_takes_it_again() {
    let routes = [(ChannelKind::ZaloBot, "abc"), (ChannelKind::Email, "an@so.example")];
    let store = store_with(vec![notification("a", "an", &routes)]).await;
    let zalo = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(zalo.id, Outcome::Failed { error: error() }, at(0)).await.expect("written");
    withdraw_all(&store, 1).await;
    store.apply(decision(vec![notification("a", "an", &routes)]), Vec::new(), at(2)).await.expect("written");
    let batch = store.claim(at(2), Duration::minutes(15), None).await.expect("works").expect("the mail");
    assert_eq!(batch.channel, ChannelKind::Email);
}

#[tokio::test]
async fn what_was_merged_into_a_withdrawn_message_is_not_counted_as_said() {
    let carrier = mail("a", "an");
    let mut merged = mail("a", "an");
    merged.key.audience = Audience::Following;
    merged.merged_into = Some(carrier.key.to_string());
    let store = store_with(vec![carrier, merged]).await;
    withdraw_all(&store, 1).await;
    assert!(store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").told.is_empty());
}

#[tokio::test]
async fn a_row_given_up_after_many_tries_does_not_take_todays_rows_with_it() {
    let store = store_with(vec![mail("old", "an")]).await;
    for minute in 0..14 {
        let batch = store.claim(at(minute), Duration::minutes(15), None).await.expect("works").expect("a message");
        store
            .finish(batch.id, Outcome::Retry { at: at(minute + 1), error: error() }, at(minute))
            .await
            .expect("written");
    }
    store.apply(decision(vec![mail("new", "an")]), Vec::new(), at(14)).await.expect("written");
    let batch = store.claim(at(14), Duration::minutes(15), None).await.expect("works").expect("both");
    assert_eq!(batch.entries.len(), 2);
    assert_eq!((batch.attempt, batch.most_attempts), (1, 15), "the old one's trouble is shown, the new one's begins");
    store.finish(batch.id, Outcome::Retry { at: at(15), error: error() }, at(14)).await.expect("written");
    let batch = store.claim(at(15), Duration::minutes(15), None).await.expect("works").expect("the new one");
    assert_eq!((batch.entries.len(), batch.entries[0].key.starts_with("new")), (1, true));
    assert_eq!(
        store.status(at(15)).await.expect("works").deliveries.get("failed"),
        Some(&1),
        "and the old one is shown"
    );
}

#[tokio::test]
async fn a_killed_attempt_is_no_lost_answer() {
    let store = store_with(vec![mail("a", "an")]).await;
    for minute in [0, 20, 40] {
        let batch = store.claim(at(minute), Duration::minutes(15), None).await.expect("works").expect("the message");
        assert_eq!(batch.lost_answers, 0, "killed processes may not have sent at all");
    }
    let batch = store.claim(at(60), Duration::minutes(15), None).await.expect("works").expect("the message");
    store.finish(batch.id, Outcome::UnknownResend { at: at(61), error: error() }, at(60)).await.expect("written");
    let batch = store.claim(at(61), Duration::minutes(15), None).await.expect("works").expect("the message");
    assert_eq!((batch.lost_answers, batch.is_resumed), (1, true));
}

#[tokio::test]
async fn a_part_that_is_sent_again_by_hand_and_the_rest_of_its_message_end_each_for_itself() {
    let store = store_with(vec![mail("a", "an"), mail("b", "an")]).await;
    let whole = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(whole.id, Outcome::UnknownResend { at: at(30), error: error() }, at(0)).await.expect("written");
    let by_hand = Intervention {
        delivery: whole.deliveries[0],
        kind: InterventionKind::Retry,
        by: "khoa".to_owned(),
        note: "gọi lại".to_owned(),
    };
    assert_eq!(store.intervene(by_hand, at(1)).await.expect("works"), IntervenedResult::Done);
    let rest = store.claim(at(31), Duration::minutes(15), None).await.expect("works").expect("what was in doubt");
    let part = store.claim(at(31), Duration::minutes(15), None).await.expect("works").expect("what was asked for");
    assert_eq!(rest.deliveries, whole.deliveries[1..]);
    assert_eq!(part.deliveries, whole.deliveries[..1]);
    store.finish(part.id, Outcome::Sent, at(31)).await.expect("written");
    store.finish(rest.id, Outcome::Retry { at: at(40), error: error() }, at(31)).await.expect("written");
    // What an earlier attempt may have delivered is in doubt, not pending; it goes on.
    let again = store.claim(at(40), Duration::minutes(15), None).await.expect("works").expect("the rest is not lost");
    assert_eq!(again.deliveries, rest.deliveries);
    store.finish(again.id, Outcome::Sent, at(40)).await.expect("written");
    assert!(store.claim(at(99), Duration::minutes(15), None).await.expect("works").is_none(), "nothing leaves twice");
}

#[tokio::test]
async fn what_is_in_doubt_comes_between_many_that_wait() {
    let many = (0..40).map(|n| mail("a", &format!("nguoi-{n}"))).collect();
    let store = store_with(many).await;
    let doubtful = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    store.finish(doubtful.id, Outcome::UnknownResend { at: at(30), error: error() }, at(0)).await.expect("written");
    let mut batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("a message");
    for sent in 0.. {
        assert!(sent <= 16, "it waits behind all the others");
        let next = store.finish_and_claim(batch.id, Outcome::Sent, at(31), Duration::minutes(15), None, 0).await;
        batch = next.expect("works").expect("a message");
        if batch.deliveries == doubtful.deliveries {
            break;
        }
    }
    assert!(batch.is_resumed);
}

#[tokio::test]
async fn a_delivery_whose_notification_is_missing_does_not_hold_up_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let store = store::open(&path).expect("opens");
    store.apply(decision(vec![mail("a", "an"), mail("b", "binh")]), Vec::new(), at(0)).await.expect("written");
    let damaging = rusqlite::Connection::open(&path).expect("opens");
    damaging
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM notification WHERE recipient = 'an'")
        .expect("damaged");
    let batch = store.claim(at(0), Duration::minutes(15), None).await.expect("works").expect("the other one");
    assert_eq!(batch.address, "binh@so.example");
    let left: i64 = damaging
        .query_row("SELECT count(*) FROM delivery WHERE recipient = 'an' AND state = 'failed'", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(left, 1, "it is set aside, and a person is told");
}

/// Several processes on one file; here as many connections, each in its own thread.
fn claim_all(path: &Path, start: &std::sync::Barrier) -> Vec<(String, usize, Vec<i64>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = store::open(path).expect("the store opens");
    start.wait();
    runtime.block_on(async {
        let mut claimed = Vec::new();
        while let Some(batch) = store.claim(at(0), Duration::minutes(15), None).await.expect("works") {
            claimed.push((batch.address, batch.entries.len(), batch.deliveries));
        }
        claimed
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn claimers_at_the_same_time_take_each_digest_whole_and_once() {
    const ADDRESSES: usize = 60;
    const CLAIMERS: usize = 6;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let store = store::open(&path).expect("a new store");
    let notify = (0..ADDRESSES).flat_map(|i| (0..5).map(move |j| mail(&format!("s{j}"), &format!("p{i}")))).collect();
    store.apply(decision(notify), Vec::new(), at(0)).await.expect("written");
    let start = std::sync::Barrier::new(CLAIMERS);
    let claimed: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLAIMERS).map(|_| scope.spawn(|| claim_all(&path, &start))).collect();
        threads.into_iter().flat_map(|t| t.join().expect("no panic")).collect()
    });
    assert_eq!(claimed.len(), ADDRESSES);
    assert!(claimed.iter().all(|(_, entries, _)| *entries == 5), "a digest was split");
    let rows: BTreeSet<i64> = claimed.iter().flat_map(|(_, _, rows)| rows.clone()).collect();
    assert_eq!(rows.len(), ADDRESSES * 5, "a row was claimed twice");
}

#[tokio::test]
async fn a_store_written_by_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    drop(store::open(&path).expect("a new store"));
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.pragma_update(None, "user_version", 99).expect("set");
    assert!(matches!(store::open(&path).map(|_| ()), Err(StoreError::TooNew { found: 99, .. })));
}

#[tokio::test]
async fn a_store_of_the_first_version_keeps_what_was_done_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let old = rusqlite::Connection::open(&path).expect("opens");
    old.execute_batch(include_str!("../src/store/migrations/0001_first.sql")).expect("the first schema");
    old.execute_batch(
        "INSERT INTO event (subject, kind, happened_on, product, reported_by, recorded_at)
             VALUES ('task:kh/I:2023:a', 'completed', '2023-02-10', '7/BC', 'an', 1676000000);
         INSERT INTO notification (key, subject, revision_on, offset_days, audience, recipient, reason, item, routes, decided_at)
             VALUES ('k', 'task:kh/II:2023:a', '2023-02-14', -1, 'lead', 'an', 'upcoming', '{}', '[]', 1676000000);
         INSERT INTO delivery (notification_id, route, channel, address, state, due_at) VALUES (1, 0, 'email', 'an@so.example', 'pending', 1676000000);
         PRAGMA user_version = 1;",
    )
    .expect("rows of the first version");
    drop(old);
    let store = store::open(&path).expect("migrated");
    let record = store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works");
    let life = record.reports.life(&"task:kh/I:2023:a".into()).expect("known");
    assert!(matches!(&life.ending, Some(Ending::Completed { product, by, .. }) if product == "7/BC" && by == "an"));
    assert_eq!(record.told[&"task:kh/II:2023:a".into()][0].offset, -1);
    assert_eq!(store.events("task:kh/I:2023:a".into()).await.expect("works").len(), 1);
    let waiting = store.outbox(OutboxFilter { limit: 9, ..OutboxFilter::default() }).await.expect("works");
    assert_eq!((waiting.len(), waiting[0].recipient.as_str(), waiting[0].state.as_str()), (1, "an", "pending"));
}

/// A state that nobody knows is refused, and asking for that builds no table beside, as a list in a CHECK would.
#[tokio::test]
async fn the_state_of_a_delivery_is_checked_without_a_table_of_states() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let store = store::open(&path).expect("a new store");
    store.apply(decision(vec![mail("I", "an")]), Vec::new(), at(0)).await.expect("written");
    let other = rusqlite::Connection::open(&path).expect("opens");
    let change = |state: &str| other.execute("UPDATE delivery SET state = ?1", [state]);
    for known in ["sending", "sent", "failed", "unknown", "cancelled", "pending"] {
        assert_eq!(change(known), Ok(1), "{known}");
    }
    assert!(change("lost").is_err_and(|error| error.to_string().contains("CHECK")));
    let mut explain = other.prepare("EXPLAIN UPDATE delivery SET state = 'sent' WHERE id = 1").expect("understood");
    let steps: Vec<String> =
        explain.query_map([], |row| row.get("opcode")).expect("steps").collect::<Result<_, _>>().expect("texts");
    assert!(steps.contains(&"Halt".to_owned()) && !steps.contains(&"OpenEphemeral".to_owned()), "{steps:?}");
}

/// Outcomes that wait share a commit; one that fails must not take the others along.
#[tokio::test]
async fn an_outcome_that_cannot_be_written_leaves_those_of_the_same_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let store = store::open(&path).expect("a new store");
    let people: Vec<String> = (0..20).map(|n| format!("nguoi-{n}")).collect();
    store.apply(decision(people.iter().map(|p| mail("I", p)).collect()), Vec::new(), at(0)).await.expect("written");
    let mut batches = Vec::new();
    while let Some(batch) = store.claim(at(0), Duration::minutes(15), None).await.expect("works") {
        batches.push(batch.id);
    }
    let other = rusqlite::Connection::open(&path).expect("opens");
    let refuse =
        "CREATE TRIGGER refuse BEFORE UPDATE ON delivery WHEN new.batch = 7 BEGIN SELECT raise(ABORT, 'no'); END";
    other.execute_batch(refuse).expect("made");
    let finished = join_all(batches.iter().map(|batch| store.finish(*batch, Outcome::Sent, at(0)))).await;
    let failed: Vec<_> = batches.iter().zip(&finished).filter(|(_, result)| result.is_err()).map(|(b, _)| *b).collect();
    let states = |state: &str| {
        let sql = "SELECT count(*) FROM delivery d JOIN attempt a ON a.batch = d.batch WHERE d.state = ?1 AND a.outcome IS ?2";
        let outcome = (state == "sent").then_some("sent");
        other.query_row(sql, rusqlite::params![state, outcome], |row| row.get::<_, u32>(0)).expect("reads")
    };
    assert_eq!((failed, states("sent"), states("sending")), (vec![7], 19, 1));
}

#[tokio::test]
async fn the_same_instance_is_opened_once() {
    let store = store::open_in_memory().expect("SQLite");
    let opened = || Report::Opened {
        plan: "kh".into(),
        task: "I".into(),
        period: "2023".to_owned(),
        unit: "a".into(),
        due_on: day(),
        document: "12/CV".to_owned(),
    };
    assert!(matches!(report(&store, opened(), 0).await, Recorded::Taken(_)));
    assert_eq!(report(&store, opened(), 1).await, Recorded::Refused(Refusal::AlreadyOpened));
    assert_eq!(store.record(nhacviec::store::EVERY_DOSSIER).await.expect("works").reports.openings().len(), 1);
}

#[tokio::test]
async fn the_database_is_in_wal_mode() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kho.db");
    let _store = store::open(&path).expect("a new store");
    let connection = rusqlite::Connection::open(&path).expect("opens");
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("readable");
    assert_eq!(mode, "wal");
}

fn row(i: u32) -> (Option<i64>, ReadRow) {
    let dossier = Dossier {
        code: format!("H{i:06}"),
        procedure: Some("Cấp Giấy phép bán buôn rượu trên địa bàn tỉnh".to_owned()),
        due_at: Some(at(i64::from(i))),
        status: DossierStatus::Open,
        ..Dossier::default()
    };
    (None, ReadRow { dossier, print: Some(u64::from(i)) })
}

/// Rows are looked for in groups: none is lost at their borders, whatever its place on the page.
#[tokio::test]
async fn of_a_long_page_just_the_new_and_the_changed_rows_are_written() {
    let store = store::open_in_memory().expect("SQLite");
    let (zone, source) = (chrono_tz::Asia::Ho_Chi_Minh, SourceId::from("mc"));
    store.take_rows(source.clone(), (0..70).map(row).collect(), Seen::default(), zone, at(0)).await.expect("works");
    let key = |(n, print): (u32, u64)| {
        let code = row(n).1.dossier.code;
        RowKey { code, id: u64::from(n), print }
    };
    let changed = [0, 31, 32, 69];
    let page: Vec<_> = (0..75).map(|n| (n, if changed.contains(&n) { 999 } else { u64::from(n) })).map(key).collect();
    let (found, seen) = store.sift(source, page, Vec::new(), None, Seen::default()).await.expect("works");
    let places: Vec<_> = found.iter().map(|c| (c.place, c.number.is_some())).collect();
    let expected: Vec<_> =
        changed.map(|n| (n as usize, true)).into_iter().chain((70..75).map(|n| (n, false))).collect();
    assert_eq!((places, seen.rows()), (expected, 75));
}

#[tokio::test]
async fn a_change_of_many_dossiers_at_once_needs_no_more_memory_than_a_small_one_and_no_other_disk() {
    const DOSSIERS: u32 = 30_000;
    let folder = tempfile::tempdir().expect("a folder");
    let store = store::open(&folder.path().join("kho.db")).expect("a new store");
    let zone = chrono_tz::Asia::Ho_Chi_Minh;
    let source = SourceId::from("mc");
    let rows = (0..DOSSIERS).map(row).collect();
    let (_, seen) = store.take_rows(source.clone(), rows, Seen::default(), zone, at(0)).await.expect("works");
    store.conclude(source.clone(), seen, Trust::Believed, zone, at(0), at(0)).await.expect("works");
    // Every row of the table changes in one transaction: some megabytes.
    for minute in [1, 2] {
        let report =
            store.conclude(source.clone(), Seen::default(), Trust::Believed, zone, at(minute), at(minute)).await;
        let closed = report.expect("works").closed;
        assert_eq!(closed, if minute == 1 { 0 } else { DOSSIERS }, "closed by the second answer without them");
    }
}
