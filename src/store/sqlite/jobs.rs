//! Owns the order of work on the connection: use cases wait, each is one transaction, some share a commit.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::store::StoreError;

/// So many waiting jobs share one commit at most.
const GROUP: usize = 64;
/// A commit takes about as long.
const PATIENCE: Duration = Duration::from_millis(2);

/// A use case that waits for the database.
pub trait Job: Send {
    /// May run again after its transaction was taken back, and therefore share one with others.
    fn is_repeatable(&self) -> bool;

    /// True when it worked; what it brings is kept until the transaction has ended.
    fn run(&mut self, tx: &Transaction<'_>) -> bool;

    /// Tells the caller how it ended.
    fn answer(self: Box<Self>, committed: Result<(), &Arc<StoreError>>);
}

/// The way to the thread that owns the connection.
pub struct Jobs(Arc<Queue>);

/// What waits, in the order in which it came.
pub struct Queue {
    line: Mutex<Line>,
    changed: Condvar,
    /// So long the first waits for its company at most.
    patience: Duration,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Box<dyn Job>>,
    /// The next commit waits a moment until so many are there.
    wanted: usize,
    /// Whether the connection's thread waits, and is to be woken.
    is_awaited: bool,
    is_closed: bool,
}

impl Line {
    fn is_complete(&self) -> bool {
        self.is_closed || self.jobs.len() >= self.wanted.clamp(1, GROUP)
    }
}

impl Queue {
    fn with_patience(patience: Duration) -> Self {
        Self { line: Mutex::default(), changed: Condvar::new(), patience }
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().expect("no job runs while the lock is held")
    }

    fn push(&self, job: Box<dyn Job>, company: usize) -> Result<(), StoreError> {
        let mut line = self.lock();
        if line.is_closed {
            return Err(StoreError::Gone);
        }
        line.wanted = if job.is_repeatable() { line.wanted.max(company + 1) } else { 0 };
        line.jobs.push_back(job);
        // The first begins the moment for which its company is waited for.
        if line.is_awaited && (line.jobs.len() == 1 || line.is_complete()) {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Takes no more, and lets those that wait know.
    fn close(&self) {
        let mut line = self.lock();
        line.is_closed = true;
        let waiting = std::mem::take(&mut line.jobs);
        drop(line);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Those that share the next commit or stand behind it; none when nobody can send any more.
    fn take(&self) -> VecDeque<Box<dyn Job>> {
        let mut line = self.lock();
        line.is_awaited = true;
        let nothing = |line: &mut Line| line.jobs.is_empty() && !line.is_closed;
        line = self.changed.wait_while(line, nothing).expect("no job runs while the lock is held");
        let incomplete = |line: &mut Line| !line.is_complete();
        let waited = self.changed.wait_timeout_while(line, self.patience, incomplete);
        (line, _) = waited.expect("no job runs while the lock is held");
        (line.is_awaited, line.wanted) = (false, 0);
        let count = line.jobs.len().min(GROUP);
        line.jobs.drain(..count).collect()
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Jobs {
    pub fn new() -> (Self, Arc<Queue>) {
        let queue = Arc::new(Queue::with_patience(PATIENCE));
        (Self(Arc::clone(&queue)), queue)
    }

    /// One transaction of its own.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut work = Some(work);
        let once = move |tx: &Transaction<'_>| work.take().expect("what is not repeatable runs once")(tx);
        self.wait(false, 0, once).await
    }

    /// One transaction, which it shares with others of its kind that wait: the commit is what a disk is slow at. Up to
    /// `company` others that are about to come are waited for, a moment long.
    pub async fn run_together<T: Send + 'static>(
        &self,
        company: usize,
        work: impl FnMut(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.wait(true, company, work).await
    }

    async fn wait<T: Send + 'static>(
        &self,
        is_repeatable: bool,
        company: usize,
        work: impl FnMut(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { is_repeatable, work, result: None, reply };
        self.0.push(Box::new(waiting), company)?;
        answer.await.map_err(|_| StoreError::Gone)?
    }
}

struct Waiting<T, W> {
    is_repeatable: bool,
    work: W,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnMut(&Transaction<'_>) -> Result<T, StoreError> + Send> Job for Waiting<T, W> {
    fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    fn run(&mut self, tx: &Transaction<'_>) -> bool {
        self.result.insert((self.work)(tx)).is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), &Arc<StoreError>>) {
        let answer = match (self.result, committed) {
            (Some(result), Ok(())) | (Some(result @ Err(_)), Err(_)) => result,
            (Some(Ok(_)) | None, Err(error)) => Err(StoreError::NotCommitted(Arc::clone(error))),
            (None, Ok(())) => unreachable!("nothing is committed without having run"),
        };
        // The caller may have been cancelled; the transaction counts all the same.
        let _ = self.reply.send(answer);
    }
}

/// Closes the queue when its thread ends, even by a panic: nobody is to wait for an answer that cannot come.
struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Runs what comes, in the order in which it came, until nobody can send any more.
pub fn serve(connection: &mut Connection, queue: &Queue) {
    let _closing = Closing(queue);
    loop {
        let mut waiting = queue.take();
        if waiting.is_empty() {
            return;
        }
        while let Some(first) = waiting.pop_front() {
            let mut group = vec![first];
            while group[0].is_repeatable()
                && let Some(next) = waiting.pop_front_if(|next| next.is_repeatable())
            {
                group.push(next);
            }
            run_group(connection, group);
        }
    }
}

/// Runs jobs in one transaction; when one of them fails, each in its own. Savepoints would do the same, at the price
/// of a copy of every page that a job changes.
fn run_group(connection: &mut Connection, mut group: Vec<Box<dyn Job>>) {
    match commit(connection, &mut group) {
        Ok(have_worked) if have_worked || group.len() == 1 => group.into_iter().for_each(|job| job.answer(Ok(()))),
        Ok(_) => group.into_iter().for_each(|job| run_group(connection, vec![job])),
        Err(error) => {
            let error = Arc::new(error);
            for job in group {
                job.answer(Err(&error));
            }
        }
    }
}

/// False when a job failed, and nothing is changed.
fn commit(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        if !job.run(&transaction) {
            return Ok(false);
        }
    }
    // A full disk makes SQLite roll everything back by itself.
    if transaction.is_autocommit() {
        return Err(StoreError::RolledBack);
    }
    transaction.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn job(number: i64) -> Box<dyn Job> {
        let (reply, _) = oneshot::channel();
        Box::new(Waiting { is_repeatable: true, work: move |_: &Transaction<'_>| Ok(number), result: None, reply })
    }

    #[tokio::test]
    async fn nobody_waits_for_a_store_whose_thread_has_ended() {
        let (jobs, queue) = Jobs::new();
        let serving = thread::spawn(move || {
            let mut connection = Connection::open_in_memory().expect("in memory");
            serve(&mut connection, &queue);
        });
        let broken = jobs.run(|_| -> Result<(), StoreError> { panic!("a broken guarantee of ours") }).await;
        assert!(matches!(broken, Err(StoreError::Gone)), "{broken:?}");
        assert!(serving.join().is_err());
        let after = jobs.run(|_| Ok(())).await;
        assert!(matches!(after, Err(StoreError::Gone)), "{after:?}");
    }

    #[test]
    fn a_commit_waits_for_those_that_are_about_to_come_and_not_for_ever() {
        let hasty = Queue::with_patience(Duration::from_millis(1));
        hasty.push(job(1), 5).expect("open");
        assert_eq!(hasty.take().len(), 1, "nobody else came");
        let patient = Queue::with_patience(Duration::from_mins(10));
        thread::scope(|scope| {
            let group = scope.spawn(|| patient.take().len());
            for number in 0..3 {
                assert!(!patient.lock().is_complete());
                patient.push(job(number), 2).expect("open");
            }
            assert_eq!(group.join().expect("ends"), 3);
        });
    }
}
