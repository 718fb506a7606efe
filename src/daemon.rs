//! Owns the running service: start-up order, the loops, reload, stop, and what systemd is told.
//!
//! * The link loop waits for the tick or the stop; it asks the Zalo bot for codes while any is open.
//! * The poll loop waits for the tick or the stop; it wakes the work loop.
//! * The work loop (decide, then deliver) waits for the tick, the poll loop, a reload or the stop.
//! * The watchdog waits for its period and is silent when a loop has been busy for too long.
//!
//! Ticks come from tokio-cron-scheduler, as one cron job only: its repeated jobs die for ever after a
//! suspend. A tick is never the truth: what is due is in the store, and each loop also wakes by itself.

mod heartbeat;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{interval, sleep, timeout},
};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::heartbeat::Heartbeat;
use crate::{
    clock::{Clock, SystemClock},
    config::{self, Config, Folders},
    domain::ids::PersonId,
    passes::{self, App},
    store::{self, Store, StoreError},
};

/// Once a minute: a reminder's hour is kept to the minute.
const TICK: &str = "0 * * * * *";
/// The loops wake by themselves after this, should the scheduler die or the clock be set back.
const FALLBACK_TICK: Duration = Duration::from_secs(90);
/// So many failed rounds in a row (minutes, then) and the service ends, to be restarted by systemd: a
/// daemon that looks alive and does nothing would be worse.
const MAX_FAILED_ROUNDS: u32 = 10;
/// A loop busy for longer hangs: no pass reports progress more rarely than a message's deadlines allow.
const WORK_LIMIT: Duration = Duration::from_mins(15);
/// A poll may read many pages of a slow server.
const POLL_LIMIT: Duration = Duration::from_hours(1);
/// How long a stop waits for the message in hand; a killed one is repeated recognisably.
const STOP_LIMIT: Duration = Duration::from_secs(100);

/// The daemon could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The state folder cannot be used.
    #[error("thư mục trạng thái không ghi được")]
    State(#[source] io::Error),
    /// Another process holds the lock.
    #[error("đang có một nhacviec khác chạy trên cùng thư mục trạng thái")]
    AlreadyRunning,
    /// The store failed.
    #[error("kho dữ liệu không dùng được")]
    Store(#[from] StoreError),
    /// No ticks.
    #[error("bộ định giờ không chạy được")]
    Scheduler(#[from] JobSchedulerError),
    /// No signals.
    #[error("không nhận được tín hiệu hệ thống")]
    Signal(#[source] io::Error),
    /// A pass of `run --once` failed, or all of them for a long time.
    #[error("các lượt chạy không thành công; xem nhật ký")]
    Pass,
}

struct Daemon {
    app: RwLock<Arc<App>>,
    store: Arc<dyn Store>,
    folders: Folders,
    clock: SystemClock,
    stop: CancellationToken,
    poll_wanted: Notify,
    work_wanted: Notify,
    link_wanted: Notify,
    polling: Heartbeat,
    working: Heartbeat,
    failed_rounds: AtomicU32,
    /// Chats linked to the Zalo bot, as the configuration in force has them.
    links: Mutex<BTreeMap<PersonId, String>>,
    /// The store's file and its inode at the start.
    store_file: (PathBuf, Option<u64>),
}

/// How the configuration that a start uses was found.
#[derive(Debug)]
pub enum Found {
    /// In its folder.
    InPlace,
    /// As the last good copy, since the folder's is wrong: the findings, one a line.
    LastGood(String),
}

/// Runs until SIGTERM or SIGINT; or for one round of passes.
///
/// # Errors
/// When it cannot start, or, with `once`, when a pass failed.
pub async fn run(config: Config, found: Found, folders: Folders, once: bool) -> Result<(), DaemonError> {
    fs::create_dir_all(&folders.state).map_err(DaemonError::State)?;
    let _lock = lock(&folders.state)?;
    let store = store::open(&config.store_path)?;
    let clock = SystemClock;
    let interrupted = store.release_interrupted(clock.now()).await?;
    if interrupted > 0 {
        tracing::warn!(interrupted, "took over messages that a killed process had in hand");
    }
    let links = store.zalo_links().await?;
    let config = config.with_links(&links);
    let app = Arc::new(App::new(&config, Arc::clone(&store)));
    let problems = match found {
        Found::InPlace => {
            keep_as_last_good(&folders);
            Vec::new()
        }
        Found::LastGood(findings) => vec![wrong_configuration(&findings)],
    };
    store.set_problems("config/".to_owned(), problems, clock.now()).await?;
    passes::begin(&app, clock.now()).await?;
    let daemon = Arc::new(Daemon {
        app: RwLock::new(app),
        store,
        folders,
        clock,
        stop: CancellationToken::new(),
        poll_wanted: Notify::new(),
        work_wanted: Notify::new(),
        link_wanted: Notify::new(),
        polling: Heartbeat::new(POLL_LIMIT),
        working: Heartbeat::new(WORK_LIMIT),
        failed_rounds: AtomicU32::new(0),
        links: Mutex::new(links),
        store_file: (config.store_path.clone(), inode(&config.store_path)),
    });
    if once { daemon.run_once().await } else { daemon.serve().await }
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.ino())
}

fn keep_as_last_good(folders: &Folders) {
    if let Err(error) = config::keep_as_last_good(folders) {
        tracing::warn!(%error, "no copy of the configuration could be kept; a wrong edit would stop the next start");
    }
}

fn wrong_configuration(findings: &str) -> (String, String) {
    ("config/wrong".to_owned(), format!("Cấu hình mới có lỗi, vẫn dùng cấu hình cũ: {findings}"))
}

/// Held as long as the process lives; the kernel lets go of it even after `kill -9`.
fn lock(state: &Path) -> Result<File, DaemonError> {
    let file = File::create(state.join("nhacviec.lock")).map_err(DaemonError::State)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(DaemonError::AlreadyRunning),
        Err(fs::TryLockError::Error(error)) => Err(DaemonError::State(error)),
    }
}

impl Daemon {
    fn app(&self) -> Arc<App> {
        Arc::clone(&self.app.read().expect("no panic happens while the lock is held"))
    }

    async fn run_once(&self) -> Result<(), DaemonError> {
        let is_polled = self.poll().await;
        let is_worked = self.work().await;
        if is_polled && is_worked { Ok(()) } else { Err(DaemonError::Pass) }
    }

    async fn serve(self: Arc<Self>) -> Result<(), DaemonError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(DaemonError::Signal)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(DaemonError::Signal)?;
        let mut scheduler = self.start_ticks().await?;
        let loops = TaskTracker::new();
        loops.spawn(Arc::clone(&self).poll_loop());
        loops.spawn(Arc::clone(&self).work_loop());
        loops.spawn(Arc::clone(&self).link_loop());
        loops.spawn(Arc::clone(&self).watchdog_loop());
        loops.close();
        notify(&[NotifyState::Ready, NotifyState::Status("Đang chạy")]);
        tracing::info!(occurrences = self.app().office.agenda.occurrences.len(), "started");
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => self.reload().await,
                () = self.stop.cancelled() => break,
            }
        }
        notify(&[NotifyState::Stopping, NotifyState::Status("Đang dừng: gửi nốt tin đang gửi dở")]);
        self.stop.cancel();
        // The scheduler's own shutdown awaits no job; ours only ring a bell.
        if let Err(error) = scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not stop cleanly");
        }
        if timeout(STOP_LIMIT, loops.wait()).await.is_err() {
            tracing::warn!("stopped in the middle of a message; it will be repeated with the same Message-ID");
        }
        tracing::info!("stopped");
        if self.failed_rounds.load(Ordering::Relaxed) < MAX_FAILED_ROUNDS { Ok(()) } else { Err(DaemonError::Pass) }
    }

    async fn start_ticks(self: &Arc<Self>) -> Result<JobScheduler, DaemonError> {
        let scheduler = JobScheduler::new().await?;
        let daemon = Arc::downgrade(self);
        let tick = Job::new(TICK, move |_, _| {
            if let Some(daemon) = daemon.upgrade() {
                daemon.poll_wanted.notify_one();
                daemon.work_wanted.notify_one();
                daemon.link_wanted.notify_one();
            }
        })?;
        scheduler.add(tick).await?;
        scheduler.start().await?;
        Ok(scheduler)
    }

    async fn poll_loop(self: Arc<Self>) {
        loop {
            self.polling.begin();
            self.poll().await;
            self.polling.rest();
            self.work_wanted.notify_one();
            if !self.wait_for(&self.poll_wanted).await {
                return;
            }
        }
    }

    async fn work_loop(self: Arc<Self>) {
        loop {
            self.working.begin();
            let is_well = self.work().await;
            self.working.rest();
            self.count_round(is_well);
            if !self.wait_for(&self.work_wanted).await {
                return;
            }
        }
    }

    /// People write to the bot when they like: while a code is open the platform is asked, otherwise never.
    async fn link_loop(self: Arc<Self>) {
        while self.wait_for(&self.link_wanted).await {
            let app = self.app();
            let linked = tokio::select! {
                linked = passes::link(&app, self.clock.now()) => linked,
                () = self.stop.cancelled() => return,
            };
            match linked {
                Ok(people) if !people.is_empty() => tracing::info!(people = people.len(), "people linked their Zalo"),
                Ok(_) => {}
                Err(error) => drop(log_failure("link", Err(error))),
            }
            self.take_over_links().await;
        }
    }

    /// Chats linked or unlinked since, by whatever process, are known to the next decision.
    async fn take_over_links(&self) {
        let known = self.links.lock().expect("no panic happens while the lock is held").clone();
        match self.store.zalo_links().await {
            Ok(links) if links != known => self.reload().await,
            Ok(_) => {}
            Err(error) => drop(log_failure("link", Err(error))),
        }
    }

    fn count_round(&self, is_well: bool) {
        let (path, at_start) = &self.store_file;
        if inode(path) != *at_start {
            // Writing on into a deleted file would look healthy and be lost at the end.
            tracing::error!("the store's file was removed or replaced; ending, to be restarted on the new one");
            self.failed_rounds.store(MAX_FAILED_ROUNDS, Ordering::Relaxed);
            self.stop.cancel();
        } else if is_well {
            self.failed_rounds.store(0, Ordering::Relaxed);
        } else if self.failed_rounds.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_FAILED_ROUNDS {
            tracing::error!("every pass has failed for {MAX_FAILED_ROUNDS} rounds; ending, to be restarted");
            self.stop.cancel();
        }
    }

    /// Waits for work; `false` when the daemon stops.
    async fn wait_for(&self, wanted: &Notify) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = wanted.notified() => true,
            () = sleep(FALLBACK_TICK) => true,
        }
    }

    async fn poll(&self) -> bool {
        let app = self.app();
        // A poll that waits for a slow server must not hold up the stop: it writes only at its end.
        let result = tokio::select! {
            result = passes::poll(&app, self.clock.now(), || self.polling.begin()) => result.map(|_| ()),
            () = self.stop.cancelled() => Ok(()),
        };
        log_failure("poll", result)
    }

    async fn work(&self) -> bool {
        let app = self.app();
        let is_decided = log_failure("decide", passes::decide(&app, self.clock.now()).await.map(|_| ()));
        let delivered = passes::deliver(&app, &self.clock, &self.stop, || self.working.begin()).await;
        let is_delivered = log_failure("deliver", delivered.map(|_| ()));
        self.tell_status().await;
        is_decided && is_delivered
    }

    async fn tell_status(&self) {
        if let Ok(status) = self.store.status(self.clock.now()).await
            && !self.stop.is_cancelled()
        {
            let waiting = status.deliveries.get("pending").copied().unwrap_or(0);
            let text = format!("Đang chạy: {waiting} tin chờ gửi, {} trục trặc", status.problems.len());
            notify(&[NotifyState::Status(&text)]);
        }
    }

    /// Reads the configuration again; a bad one changes nothing and is shown in `status`.
    async fn reload(&self) {
        if let Ok(monotonic) = NotifyState::monotonic_usec_now() {
            notify(&[NotifyState::Reloading, monotonic]);
        }
        let links = self.store.zalo_links().await.unwrap_or_default();
        let problems = match config::load(&self.folders).map_err(|e| e.one_line()) {
            Ok(config) => {
                keep_as_last_good(&self.folders);
                let config = config.with_links(&links);
                *self.links.lock().expect("no panic happens while the lock is held") = links;
                let app = Arc::new(App::new(&config, Arc::clone(&self.store)));
                log_failure("reload", passes::begin(&app, self.clock.now()).await);
                *self.app.write().expect("no panic happens while the lock is held") = app;
                tracing::info!("reloaded the configuration");
                Vec::new()
            }
            Err(findings) => {
                tracing::error!(findings, "the new configuration is wrong; the old one stays in force");
                vec![wrong_configuration(&findings)]
            }
        };
        if let Err(error) = self.store.set_problems("config/".to_owned(), problems, self.clock.now()).await {
            tracing::error!(error = chain(&error), "the result of the reload was not recorded");
        }
        notify(&[NotifyState::Ready]);
        self.poll_wanted.notify_one();
        self.work_wanted.notify_one();
    }

    async fn watchdog_loop(self: Arc<Self>) {
        let Some(period) = sd_notify::watchdog_enabled() else { return };
        let mut ticks = interval(period / 3);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stop.cancelled() => return,
            }
            if self.polling.is_alive() && self.working.is_alive() {
                notify(&[NotifyState::Watchdog]);
            } else {
                tracing::error!("a pass hangs; leaving it to the watchdog to restart the service");
            }
        }
    }
}

fn log_failure(pass: &'static str, result: Result<(), StoreError>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(pass, error = chain(&error), "a pass failed; the next tick tries again");
            false
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Without systemd there is nobody to tell.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
