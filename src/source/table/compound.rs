//! Reads the streams of a compound file ([MS-CFB]), the folder an old workbook lies in.
//!
//! Ours, because the reader of workbooks follows a chain of sectors that runs in a circle until the memory
//! is full.

use super::Unreadable;

const END_OF_CHAIN: u32 = 0xffff_fffe;
const LAST_SECTOR: u32 = 0xffff_fffa;
const DIRECTORY_ENTRY: usize = 128;
const MINI_SECTOR: usize = 64;

/// A compound file's directory and its chains of sectors.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    next: Vec<u32>,
    next_mini: Vec<u32>,
    mini_cutoff: u32,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    start: u32,
    length: usize,
}

impl<'a> Compound<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).ok_or(Unreadable::Damaged)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let sector = match u16_at(bytes, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut file = Self {
            bytes,
            sector,
            next: Vec::new(),
            next_mini: Vec::new(),
            mini_cutoff: u32_at(bytes, 56)?,
            entries: Vec::new(),
        };
        let tables = file.table_sectors()?;
        file.next = tables.iter().filter_map(|id| file.sector_at(*id)).flat_map(numbers).collect();
        file.next_mini = file.chain(u32_at(bytes, 60)?).map(|table| numbers(&table).collect()).unwrap_or_default();
        file.entries = file.chain(u32_at(bytes, 48)?)?.chunks_exact(DIRECTORY_ENTRY).filter_map(entry).collect();
        Some(file)
    }

    /// The sectors of the allocation table: 109 in the header, the others in a chain of their own.
    fn table_sectors(&self) -> Option<Vec<u32>> {
        let mut ids: Vec<u32> = numbers(self.bytes.get(76..512)?).collect();
        let mut link = u32_at(self.bytes, 68)?;
        let mut steps = 0..=self.bytes.len() / self.sector;
        while link < LAST_SECTOR {
            steps.next()?;
            ids.extend(numbers(self.sector_at(link)?));
            link = ids.pop()?;
        }
        ids.retain(|id| *id < LAST_SECTOR);
        // More than the file has sectors is a circle.
        (ids.len() <= self.bytes.len() / self.sector).then_some(ids)
    }

    /// The last sector may be cut short.
    fn sector_at(&self, id: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(id).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let end = start.checked_add(self.sector)?.min(self.bytes.len());
        self.bytes.get(start..end).filter(|sector| !sector.is_empty())
    }

    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        follow(start, &self.next, |id| self.sector_at(id))
    }

    /// Whether there is a stream of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// What a stream holds; a short one lies in the small sectors of the root's stream.
    pub(super) fn stream(&self, name: &str) -> Result<Vec<u8>, Unreadable> {
        self.content(name).ok_or(Unreadable::Damaged)
    }

    fn content(&self, name: &str) -> Option<Vec<u8>> {
        let entry = self.entry(name)?;
        let mut content = if u64::from(self.mini_cutoff) <= entry.length as u64 {
            self.chain(entry.start)?
        } else {
            let small = self.chain(self.entries.first()?.start)?;
            follow(entry.start, &self.next_mini, |id| {
                let start = usize::try_from(id).ok()?.checked_mul(MINI_SECTOR)?;
                small.get(start..start.checked_add(MINI_SECTOR)?.min(small.len()))
            })?
        };
        content.truncate(entry.length);
        Some(content)
    }
}

/// Joins the sectors of a chain; one longer than its table runs in a circle.
fn follow<'s>(start: u32, next: &[u32], sector_at: impl Fn(u32) -> Option<&'s [u8]>) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut id = start;
    for _ in 0..=next.len() {
        if id == END_OF_CHAIN {
            return Some(content);
        }
        content.extend_from_slice(sector_at(id)?);
        id = *next.get(usize::try_from(id).ok()?)?;
    }
    None
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let length = usize::from(u16_at(bytes, 64)?).min(64);
    let units: Vec<u16> = bytes[..length].chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    let name = String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned();
    let (start, length) = (u32_at(bytes, 116)?, usize::try_from(u32_at(bytes, 120)?).ok()?);
    (!name.is_empty()).then_some(Entry { name, start, length })
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// The number at a place, little end first.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The number at a place, little end first.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
