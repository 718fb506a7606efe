//! Whatever answers follow one another, nothing that a system still holds is given up.

use std::collections::BTreeMap;

use nhacviec::{passes, store::SyncReport};
use proptest::prelude::*;

use crate::{
    desk::{Desk, now},
    kit::{FakeDossier, Fault, OpenCps, OpenCpsFault, RetryAfter, local},
    support::instant,
    world::Kind,
};

/// How many the office has: enough for a sudden third of them to be strange.
const HELD: usize = 17;

/// What becomes of a poll.
#[derive(Debug, Clone)]
enum Answer {
    Full,
    /// Only the first pages come.
    BrokenOff(usize),
    Failed(Fault),
    Guest,
    /// Only a third of the dossiers are shown.
    Shrunken,
    Moving,
    Repeated,
    NotSignedIn,
}

/// Before a poll, one dossier is taken off the list, or is put back.
#[derive(Debug, Clone)]
struct Poll {
    answer: Answer,
    toggled: Option<usize>,
}

fn answers() -> impl Strategy<Value = Answer> {
    let busy = Fault::Busy { status: 503, retry_after: RetryAfter::Seconds(1) };
    let failed = [Fault::Truncated, Fault::Empty, Fault::Maintenance, Fault::CutMidBody, busy];
    prop_oneof![
        5 => Just(Answer::Full),
        1 => (0..4_usize).prop_map(Answer::BrokenOff),
        2 => prop::sample::select(failed.to_vec()).prop_map(Answer::Failed),
        1 => Just(Answer::Guest),
        1 => Just(Answer::Shrunken),
        1 => Just(Answer::Moving),
        1 => Just(Answer::Repeated),
        1 => Just(Answer::NotSignedIn),
    ]
}

fn polls() -> impl Strategy<Value = Vec<Poll>> {
    let poll =
        (answers(), prop::option::weighted(0.4, 0..5_usize)).prop_map(|(answer, toggled)| Poll { answer, toggled });
    prop::collection::vec(poll, 1..14)
}

/// The office, the server, and what the server really holds.
struct Trial {
    server: OpenCps,
    desk: Desk,
    rows: Vec<FakeDossier>,
    is_off: [bool; HELD],
    /// For each dossier, the full answers without it since the last one that had it.
    missed: BTreeMap<String, u32>,
    minute: u32,
}

impl Trial {
    async fn start() -> Self {
        let server = OpenCps::start(now()).await;
        let rows = FakeDossier::several(HELD, "2025-06-17 17:00:00");
        server.set_rows(rows.clone());
        let files = [("secrets/mat-khau", OpenCps::PASSWORD)];
        let desk = Desk::open(&files, &Kind::OpenCps.source(&server.base_url(), &[]));
        let mut trial = Self { server, desk, rows, is_off: [false; HELD], missed: BTreeMap::new(), minute: 0 };
        trial.poll().await.expect("a first full answer");
        trial
    }

    fn held(&self) -> Vec<FakeDossier> {
        self.rows.iter().zip(self.is_off).filter(|(_, is_off)| !is_off).map(|(row, _)| row.clone()).collect()
    }

    /// Reads the source, due or not, within one day.
    async fn poll(&mut self) -> Result<SyncReport, String> {
        self.minute += 10;
        let moment = format!("2025-06-18 {:02}:{:02}", self.minute / 60, self.minute % 60);
        let source = self.desk.app.sources[0].as_ref();
        passes::poll_one(&self.desk.app, source, instant(&moment), &|| {}).await.expect("the store works").result
    }

    async fn live_through(&mut self, poll: &Poll) {
        if let Some(number) = poll.toggled {
            self.is_off[number] = !self.is_off[number];
        }
        let held = self.held();
        self.server.recover();
        self.server.set_rows(held.clone());
        match &poll.answer {
            Answer::Full => self.note_full_answer(),
            Answer::BrokenOff(pages) => {
                self.server.fail_next(*pages, Fault::WrongClock(chrono::TimeDelta::zero()));
                self.server.fail_next(1, OpenCpsFault::NoContent);
            }
            Answer::Failed(fault) => self.server.fail(fault.clone()),
            Answer::Guest => self.server.fail(OpenCpsFault::TakenForGuest),
            Answer::Shrunken => self.server.set_rows(held[..held.len() / 3].to_vec()),
            Answer::Moving => self.server.fail(OpenCpsFault::RowMoves),
            Answer::Repeated => self.server.fail(Fault::RepeatedRows),
            Answer::NotSignedIn => self.server.fail(OpenCpsFault::NotSignedIn),
        }
        let _ = self.poll().await;
        let open = self.desk.open_codes().await;
        for row in self.rows.iter().filter(|row| !open.contains(&row.code)) {
            let missed = self.missed.get(&row.code).copied().unwrap_or(0);
            assert!(missed >= 2, "{} was closed though {missed} full answers in a row had not had it", row.code);
        }
    }

    fn note_full_answer(&mut self) {
        for (row, is_off) in self.rows.iter().zip(self.is_off) {
            let missed = self.missed.entry(row.code.clone()).or_default();
            *missed = if is_off { *missed + 1 } else { 0 };
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_answers_nothing_held_is_closed_and_nothing_gone_before_two_full_ones(polls in polls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut trial = Trial::start().await;
            for poll in &polls {
                trial.live_through(poll).await;
            }
            // In the end the same answer comes twice, and the second changes nothing.
            trial.server.recover();
            trial.server.set_rows(trial.held());
            for _ in 0..3 {
                trial.poll().await.expect("a full answer");
            }
            let open = u32::try_from(trial.held().len()).expect("few");
            assert_eq!(trial.poll().await, Ok(SyncReport { open, ..SyncReport::default() }));
            assert_eq!(trial.desk.open_codes().await, trial.held().iter().map(|r| r.code.clone()).collect::<Vec<_>>());
        });
    }
}

#[tokio::test]
async fn a_dossier_that_comes_back_as_it_was_is_open_again() {
    let mut trial = Trial::start().await;
    trial.server.edit("HS-003", |row| row.due = Some(local("2025-06-20 17:00:00")));
    let all = trial.rows.clone();
    trial.server.set_rows(all[1..].to_vec());
    for _ in 0..2 {
        trial.poll().await.expect("a full answer");
    }
    assert!(!trial.desk.open_codes().await.contains(&"HS-001".to_owned()));
    trial.server.set_rows(all);
    trial.poll().await.expect("a full answer");
    assert!(trial.desk.open_codes().await.contains(&"HS-001".to_owned()));
}
