//! Owns the folder into which people put exported files: each is taken once, by what it holds, whatever its name.

use std::{
    borrow::Cow,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::{
    DossierSource, End, FolderSettings, Interrupted, Page, Pages, Rows, Sample, SourceError, SourceSettings,
    mapping::{FIRST, Part, Words, print},
    table::{Export, ExportRow, Field, MAX_BYTES, read_export},
};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{
    dossier::{DossierStatus, Extent, ListFile, ReadRow, RowKey},
    notification::hex,
};

/// A file younger than this may still be on its way.
const SETTLED_AFTER: Duration = Duration::from_secs(20);

pub struct FolderSource {
    source: SourceSettings,
    settings: FolderSettings,
}

/// A file that was not taken yet.
struct Fresh {
    file: ListFile,
    bytes: Vec<u8>,
}

impl FolderSource {
    pub fn new(source: SourceSettings, settings: FolderSettings) -> Self {
        Self { source, settings }
    }

    fn page(&self, Fresh { file, bytes }: &Fresh) -> Result<Page, String> {
        let export = read_export(bytes, &self.settings.headers)
            .map_err(|error| format!("tệp {}: {}", file.name, error.sentence()))?;
        let remarks = export.remarks.iter().map(|remark| format!("tệp {}: {remark}", file.name)).collect();
        let words = Words { shows_applicants: self.source.shows_applicants, ..with_usual(&self.settings.words) };
        let (rows, as_of) = (Box::new(FileRows::new(export, words)), Some(file.modified_at));
        Ok(Page { rows, unusable: 0, nameless: Vec::new(), remarks, as_of })
    }

    /// Whether the file could be taken.
    async fn take(&self, fresh: &Fresh, pages: &mut dyn Pages, end: &mut End) -> Result<bool, Interrupted> {
        let page = match self.page(fresh) {
            Ok(page) => page,
            Err(remark) => {
                end.remarks.push(remark);
                return Ok(false);
            }
        };
        pages.take(page).await?;
        pages.note_file(&fresh.file).await?;
        end.extent = if self.settings.is_complete { Extent::Full } else { Extent::Excerpt };
        Ok(true)
    }
}

#[async_trait]
impl DossierSource for FolderSource {
    fn settings(&self) -> &SourceSettings {
        &self.source
    }

    async fn read(&self, pages: &mut dyn Pages) -> Result<End, Interrupted> {
        let mut end = End { extent: Extent::Nothing, trouble: None, remarks: Vec::new() };
        let Ok(paths) = files(&self.settings.folder) else {
            let folder = self.settings.folder.display();
            let sentence = format!("không đọc được thư mục {folder}; tạo thư mục và cho dịch vụ quyền đọc");
            end.trouble = Some(SourceError::unavailable(sentence));
            return Ok(end);
        };
        let mut fresh = Vec::new();
        for (modified, path) in paths {
            match read(&path, modified, self.settings.is_complete) {
                Ok(Fresh { file, .. }) if pages.has_file(&file).await? => {}
                Ok(file) => fresh.push(file),
                Err(remark) => end.remarks.push(remark),
            }
        }
        // The newest first: of the rows of one dossier the first one counts, as in the pages of a list.
        let mut has_whole = false;
        for fresh in fresh.iter().rev() {
            if has_whole {
                // Of several lists that claim to be whole only the newest that can be read says what is open.
                pages.note_file(&fresh.file).await?;
            } else {
                has_whole = self.take(fresh, pages, &mut end).await? && self.settings.is_complete;
            }
        }
        Ok(end)
    }
}

/// Reads the newest file, taken before or not.
pub fn sample(source: &SourceSettings, settings: &FolderSettings) -> Sample {
    let reader = FolderSource::new(source.clone(), settings.clone());
    let mut sample = Sample { request: settings.folder.display().to_string(), ..Sample::default() };
    let newest = if let Ok(mut paths) = files(&settings.folder) {
        paths.pop()
    } else {
        let sentence = "không đọc được thư mục này; tạo thư mục và cho dịch vụ quyền đọc";
        sample.trouble = Some(SourceError::unavailable(sentence));
        return sample;
    };
    let Some((modified, path)) = newest else {
        sample.trouble = Some(SourceError::unavailable("thư mục chưa có tệp nào (tệp vừa chép xong phải đợi 20 giây)"));
        return sample;
    };
    sample.request = path.display().to_string();
    match read(&path, modified, settings.is_complete).and_then(|file| reader.page(&file)) {
        Ok(mut page) => sample.take(&mut page, SystemClock.now()),
        Err(remark) => sample.trouble = Some(SourceError::not_understood(remark)),
    }
    sample
}

/// The files of the folder that have come to rest, the oldest first.
fn files(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (metadata, name) = (entry.metadata()?, entry.file_name());
        // Office programs put such names beside a file that is open.
        let is_passing = name.to_string_lossy().starts_with(['.', '~']);
        let modified = metadata.modified()?;
        // A time ahead of ours says nothing of how long it has rested.
        let is_settled = modified.elapsed().map_or(true, |age| age >= SETTLED_AFTER);
        if metadata.is_file() && !is_passing && is_settled {
            files.push((modified, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, modified: SystemTime, is_whole: bool) -> Result<Fresh, String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_too_large = fs::metadata(path).is_ok_and(|m| m.len() > MAX_BYTES as u64);
    if is_too_large {
        return Err(format!("tệp {name}: quá lớn, không đọc"));
    }
    let bytes = fs::read(path).map_err(|_| format!("tệp {name}: không có quyền đọc"))?;
    let digest = hex(&Sha256::digest(&bytes));
    Ok(Fresh { file: ListFile { name, digest, modified_at: modified.into(), is_whole }, bytes })
}

/// The statuses that exported files usually name, unless the office says otherwise.
fn with_usual(words: &Words) -> Words {
    use DossierStatus::{Finished, NotReceived, Open, Paused};
    const USUAL: [(&str, DossierStatus); 22] = [
        ("mới đăng ký", NotReceived),
        ("chờ tiếp nhận", NotReceived),
        ("được tiếp nhận", Open),
        ("đã tiếp nhận", Open),
        ("đang xử lý", Open),
        ("đang giải quyết", Open),
        ("đang thụ lý", Open),
        ("chờ xử lý", Open),
        ("chờ phê duyệt", Open),
        ("quá hạn", Open),
        ("chờ bổ sung", Paused),
        ("yêu cầu bổ sung giấy tờ", Paused),
        ("yêu cầu thực hiện nghĩa vụ tài chính", Paused),
        ("tạm dừng", Paused),
        ("không được tiếp nhận", Finished),
        ("công dân yêu cầu rút hồ sơ", Finished),
        ("dừng xử lý", Finished),
        ("đã xử lý xong", Finished),
        ("đã có kết quả", Finished),
        ("đã trả kết quả", Finished),
        ("hoàn thành", Finished),
        ("đã hủy", Finished),
    ];
    let mut statuses: std::collections::HashMap<String, DossierStatus> =
        USUAL.map(|(text, status)| (text.to_owned(), status)).into();
    statuses.extend(words.statuses.clone());
    Words { statuses, ..words.clone() }
}

/// The rows of a file; every one is read, since few are and none comes twice.
struct FileRows {
    rows: Vec<ExportRow>,
    keys: Vec<RowKey>,
    words: Words,
}

impl FileRows {
    fn new(export: Export, words: Words) -> Self {
        let key = |row: &ExportRow| {
            let code = row.values.get(&Field::Code).cloned().unwrap_or_default();
            RowKey { id: print(FIRST, code.as_bytes()), print: 0, code }
        };
        Self { keys: export.rows.iter().map(key).collect(), rows: export.rows, words }
    }
}

impl Rows for FileRows {
    fn take_keys(&mut self) -> Vec<RowKey> {
        std::mem::take(&mut self.keys)
    }

    fn read(&self, place: usize, now: DateTime<Utc>, remarks: &mut Vec<String>) -> ReadRow {
        let row = &self.rows[place];
        let text = |part: Part| -> Option<Cow<'_, str>> {
            let found = field(part).and_then(|field| row.values.get(&field));
            // The name above a group of rows is the unit's.
            let group = || row.group.as_ref().filter(|_| part == Part::Unit);
            found.or_else(group).map(|text| Cow::Borrowed(text.as_str()))
        };
        let is_true = |part: Part, text: &str| {
            let text = text.to_lowercase();
            let words: &[&str] = match part {
                Part::Online => &["trực tuyến", "online", "qua mạng", "toàn trình", "một phần"],
                _ => &["bưu chính", "bưu điện", "bcci"],
            };
            matches!(text.as_str(), "x" | "1" | "có" | "true") || words.iter().any(|word| text.contains(word))
        };
        let statuses: Vec<_> = text(Part::Status).into_iter().collect();
        let dossier = self.words.understand(text, &statuses, is_true, now, remarks);
        ReadRow { dossier, print: None }
    }
}

/// The column in which a part stands.
fn field(part: Part) -> Option<Field> {
    match part {
        Part::Code => Some(Field::Code),
        Part::ProcedureCode => Some(Field::ProcedureCode),
        Part::Procedure => Some(Field::Procedure),
        Part::Field => Some(Field::Field),
        Part::Agency => Some(Field::Agency),
        Part::Step => Some(Field::Step),
        Part::Unit => Some(Field::Unit),
        Part::Handler => Some(Field::Handler),
        Part::Applicant => Some(Field::Applicant),
        Part::ReceivedAt => Some(Field::ReceivedAt),
        Part::DueAt => Some(Field::DueAt),
        Part::ExtendedDueAt => Some(Field::ExtendedDueAt),
        Part::ResolvedAt => Some(Field::ResolvedAt),
        Part::ReturnedAt => Some(Field::ReturnedAt),
        Part::Status => Some(Field::Status),
        Part::Online => Some(Field::Online),
        Part::ByPost => Some(Field::ByPost),
        Part::Id | Part::StepDueAt | Part::Paused | Part::PaidOnline => None,
    }
}
