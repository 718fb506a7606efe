//! One office and one system of every profile, so that a story can be told of all of them.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use nhacviec::{
    domain::dossier::{Dossier, DossierStatus},
    store::SyncReport,
};

use crate::{
    desk::{Desk, now, source},
    kit::{
        Dvcqg, FakeDossier, Fault, IGate, OpenCps, Petitions, Request, SavisEnvelope, SavisSoap, SoapFault, Status,
        TdDichVuCong, local,
    },
};

/// What all fakes have in common.
#[async_trait]
pub trait Fake: Send + Sync {
    fn base_url(&self) -> String;
    fn set_rows(&self, rows: Vec<FakeDossier>);
    fn set_time(&self, now: DateTime<Utc>);
    fn fail_at(&self, path_part: &str, fault: Fault);
    fn fail_next_at(&self, path_part: &str, times: usize, fault: Fault);
    fn recover(&self);
    fn take_requests(&self) -> Vec<Request>;
}

macro_rules! fakes {
    ($($server:ty),*) => { $(
        #[async_trait]
        impl Fake for $server {
            fn base_url(&self) -> String {
                <$server>::base_url(self)
            }
            fn set_rows(&self, rows: Vec<FakeDossier>) {
                <$server>::set_rows(self, rows);
            }
            fn set_time(&self, now: DateTime<Utc>) {
                <$server>::set_time(self, now);
            }
            fn fail_at(&self, path_part: &str, fault: Fault) {
                <$server>::fail_at(self, path_part, fault);
            }
            fn fail_next_at(&self, path_part: &str, times: usize, fault: Fault) {
                <$server>::fail_next_at(self, path_part, times, fault);
            }
            fn recover(&self) {
                <$server>::recover(self);
            }
            fn take_requests(&self) -> Vec<Request> {
                <$server>::take_requests(self)
            }
        }
    )* };
}

fakes!(OpenCps, IGate, Dvcqg, TdDichVuCong, SavisEnvelope, Petitions);

/// The SOAP service in one of the forms of its answer.
struct SavisSoapAs {
    server: SavisSoap,
    form: Option<SoapFault>,
}

impl Fake for SavisSoapAs {
    fn base_url(&self) -> String {
        self.server.base_url()
    }
    fn set_rows(&self, rows: Vec<FakeDossier>) {
        self.server.set_rows(rows);
    }
    fn set_time(&self, now: DateTime<Utc>) {
        self.server.set_time(now);
    }
    fn fail_at(&self, path_part: &str, fault: Fault) {
        self.server.fail_at(path_part, fault);
    }
    fn fail_next_at(&self, path_part: &str, times: usize, fault: Fault) {
        self.server.fail_next_at(path_part, times, fault);
    }
    fn recover(&self) {
        self.server.recover();
        if let Some(form) = self.form {
            self.server.fail(form);
        }
    }
    fn take_requests(&self) -> Vec<Request> {
        self.server.take_requests()
    }
}

/// Every built-in profile, some in several forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    OpenCps,
    IGate,
    IGateSlice,
    Dvcqg,
    Td,
    SavisEnvelope,
    Soap,
    SoapCdata,
    SoapInline,
    Petitions,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::OpenCps,
        Self::IGate,
        Self::IGateSlice,
        Self::Dvcqg,
        Self::Td,
        Self::SavisEnvelope,
        Self::Soap,
        Self::SoapCdata,
        Self::SoapInline,
        Self::Petitions,
    ];

    async fn start(self) -> Box<dyn Fake> {
        let soap = |form| async move {
            let fake = SavisSoapAs { server: SavisSoap::start(now()).await, form };
            fake.recover();
            fake
        };
        match self {
            Self::OpenCps => Box::new(OpenCps::start(now()).await),
            Self::IGate | Self::IGateSlice => Box::new(IGate::start(now()).await),
            Self::Dvcqg => Box::new(Dvcqg::start(now()).await),
            Self::Td => Box::new(TdDichVuCong::start(now()).await),
            Self::SavisEnvelope => Box::new(SavisEnvelope::start(now()).await),
            Self::Soap => Box::new(soap(None).await),
            Self::SoapCdata => Box::new(soap(Some(SoapFault::Cdata)).await),
            Self::SoapInline => Box::new(soap(Some(SoapFault::Inline)).await),
            Self::Petitions => Box::new(Petitions::start(now()).await),
        }
    }

    /// Where the list, and not the login, is asked for.
    pub fn list_path(self) -> &'static str {
        match self {
            Self::OpenCps => OpenCps::PATH,
            Self::IGate | Self::IGateSlice => IGate::PATH,
            Self::Dvcqg => Dvcqg::PATH,
            Self::Td => TdDichVuCong::PATH,
            Self::SavisEnvelope => SavisEnvelope::PATH,
            Self::Soap | Self::SoapCdata | Self::SoapInline => SavisSoap::PATH,
            Self::Petitions => Petitions::PATH,
        }
    }

    /// What stands in the password file.
    pub fn password(self) -> &'static str {
        match self {
            Self::OpenCps => OpenCps::PASSWORD,
            Self::IGate | Self::IGateSlice => IGate::PASSWORD,
            Self::Dvcqg => Dvcqg::PASSWORD,
            Self::Td => TdDichVuCong::TOKEN,
            Self::SavisEnvelope => SavisEnvelope::TOKEN,
            Self::Soap | Self::SoapCdata | Self::SoapInline => SavisSoap::PASSWORD,
            Self::Petitions => "",
        }
    }

    /// The source as an administrator writes it.
    pub fn source(self, base_url: &str, lines: &[&str]) -> String {
        let (profile, own): (&str, Vec<String>) = match self {
            Self::OpenCps => (
                "opencps-v2",
                vec![format!("parameters: {{ group_id: {} }}", OpenCps::GROUP_ID), format!("user: {}", OpenCps::USER)],
            ),
            Self::IGate | Self::IGateSlice => (
                if self == Self::IGate { "igate-v2" } else { "igate-lat" },
                vec![format!("parameters: {{ sso: \"{base_url}\" }}"), format!("user: {}", IGate::USER)],
            ),
            Self::Dvcqg => (
                "dvcqg-mapi",
                vec![
                    format!("parameters: {{ madonvi: {} }}", Dvcqg::OFFICE),
                    format!("user: {}", Dvcqg::USER),
                    "codes_file: ma-ho-so.txt".to_owned(),
                ],
            ),
            Self::Td => ("td-dichvucong", Vec::new()),
            Self::SavisEnvelope => ("savis-envelope", vec![format!("parameters: {{ path: {} }}", SavisEnvelope::PATH)]),
            Self::Soap | Self::SoapCdata | Self::SoapInline => (
                "savis-soap-2016",
                vec![
                    "parameters: { ma_don_vi: SVD, tinh_trang: \"\" }".to_owned(),
                    format!("user: {}", SavisSoap::USER),
                ],
            ),
            Self::Petitions => (
                "opencps-pakn",
                vec![format!("parameters: {{ group_id: {} }}", Petitions::GROUP_ID), "kind: petitions".to_owned()],
            ),
        };
        let password = (self != Self::Petitions).then_some("password_file: mat-khau");
        let own = own.iter().map(String::as_str).chain(password).chain(lines.iter().copied());
        source("mc", profile, base_url, &own.collect::<Vec<_>>())
    }

    /// Whether an answer says of how many rows it is a part.
    pub fn has_total(self) -> bool {
        match self {
            Self::OpenCps | Self::IGate | Self::Td | Self::SavisEnvelope | Self::Petitions => true,
            Self::IGateSlice | Self::Dvcqg | Self::Soap | Self::SoapCdata | Self::SoapInline => false,
        }
    }

    /// The number that the office knows the dossier by.
    pub fn code(self, row: &FakeDossier) -> String {
        match self {
            Self::Petitions => row.received.format("%Y%m%d%H%M%S").to_string(),
            _ => row.code.clone(),
        }
    }

    /// What is to be stored of a row. The applicant, the status as spelled, the step's date and the link are left out,
    /// and so is the limit of a petition, which no system tells.
    pub fn expected(self, row: &FakeDossier) -> Dossier {
        let some = |text: &str| Some(text.to_owned());
        let whole = Dossier {
            code: row.code.clone(),
            native_id: some(&row.native_id),
            procedure_code: some(&row.procedure_code),
            procedure: some(&row.procedure),
            field: some(&row.field),
            agency: some(&row.agency),
            handler: some(&row.handler),
            received_at: Some(at(row.received)),
            due_at: row.due.map(at),
            resolved_at: row.resolved.map(at),
            returned_at: row.returned.map(at),
            status: self.class(row),
            ..Dossier::default()
        };
        let place = some(&row.step_or_unit);
        let extended_due_at = row.extended.map(at);
        match self {
            Self::OpenCps => {
                Dossier { step: place, extended_due_at, is_online: row.online, is_by_post: Some(row.by_post), ..whole }
            }
            Self::IGate | Self::IGateSlice => {
                Dossier { step: some("Thẩm định"), unit: place, is_online: row.online, ..whole }
            }
            Self::Dvcqg => Dossier { native_id: None, handler: None, extended_due_at, ..whole },
            Self::Td => Dossier { step: place, ..whole },
            Self::SavisEnvelope => Dossier { unit: place, ..whole },
            Self::Soap | Self::SoapCdata | Self::SoapInline => Dossier {
                code: row.code.clone(),
                due_at: row.due.map(|due| at(due.date().and_time(chrono::NaiveTime::MIN))),
                status: DossierStatus::Open,
                ..Dossier::default()
            },
            Self::Petitions => Dossier {
                code: self.code(row),
                procedure: some(&row.procedure),
                received_at: Some(at(row.received)),
                status: self.class(row),
                ..Dossier::default()
            },
        }
    }

    fn class(self, row: &FakeDossier) -> DossierStatus {
        if self == Self::Petitions {
            return if row.resolved.is_some() { DossierStatus::Finished } else { DossierStatus::Open };
        }
        match row.status {
            Status::Registered => DossierStatus::NotReceived,
            Status::Accepted | Status::Processing if row.paused => DossierStatus::Paused,
            // OpenCPS goes on counting while a fee is owed.
            Status::AwaitingFee if self == Self::OpenCps => DossierStatus::Open,
            Status::Accepted | Status::Processing => DossierStatus::Open,
            Status::AwaitingPapers | Status::AwaitingFee => DossierStatus::Paused,
            Status::Refused | Status::Withdrawn | Status::Stopped | Status::Finished | Status::Returned => {
                DossierStatus::Finished
            }
        }
    }
}

/// The instant of a wall time in Vietnam.
pub fn at(time: NaiveDateTime) -> DateTime<Utc> {
    (time - TimeDelta::hours(7)).and_utc()
}

/// A dossier in every status, one that stands still, one with a later appointment, one without any.
pub fn all_sorts() -> Vec<FakeDossier> {
    let mut rows = FakeDossier::several(13, "2025-06-17 17:00:00");
    for (row, status) in rows.iter_mut().zip(Status::ALL) {
        row.status = status;
        if matches!(status, Status::Finished | Status::Returned) {
            row.resolved = Some(local("2025-06-16 10:30:00"));
        }
        if status == Status::Returned {
            row.returned = Some(local("2025-06-16 15:00:00"));
        }
    }
    rows[10].paused = true;
    rows[10].by_post = true;
    rows[11].extended = Some(local("2025-06-24 17:00:00"));
    rows[11].online = Some(false);
    rows[12].due = None;
    rows
}

/// An office, and the one system that it reads.
pub struct World {
    pub kind: Kind,
    pub fake: Box<dyn Fake>,
    pub desk: Desk,
}

impl World {
    pub async fn new(kind: Kind, rows: Vec<FakeDossier>) -> Self {
        Self::with(kind, rows, &[]).await
    }

    /// The source has further lines.
    pub async fn with(kind: Kind, rows: Vec<FakeDossier>, lines: &[&str]) -> Self {
        let fake = kind.start().await;
        let files = [
            ("secrets/mat-khau", kind.password()),
            ("profiles/igate-lat.yaml", "like: igate-v2\ntitle: iGate đọc từng lát\nquery: { spec: slice }\n"),
        ];
        let desk = Desk::open(&files, &kind.source(&fake.base_url(), lines));
        let world = Self { kind, fake, desk };
        world.tell(rows);
        world
    }

    /// From now on the system has these dossiers, and the office asks for them.
    pub fn tell(&self, rows: Vec<FakeDossier>) {
        let codes: String = rows.iter().map(|row| row.code.clone() + "\n").collect();
        self.desk.folder.write("ma-ho-so.txt", &codes);
        self.fake.set_rows(rows);
    }

    /// Spoils every answer to the question for the list.
    pub fn spoil(&self, fault: Fault) {
        self.fake.fail_at(self.kind.list_path(), fault);
    }

    pub async fn read_well(&self, moment: &str) -> SyncReport {
        self.desk.read_well(moment).await
    }

    pub async fn read_badly(&self, moment: &str) -> String {
        self.desk.read_badly(moment).await
    }
}
