//! Any file is read or refused with a sentence: no panic, no empty value, no date but in the two forms.
#![no_main]

use std::{panic, sync::Once};

use chrono::{NaiveDate, NaiveDateTime};
use libfuzzer_sys::fuzz_target;
use nhacviec::source::table::{HeaderWords, read_export};

static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    // The reader of .xlsx is caught when it panics: only a panic that leaves `read_export` may end the run.
    QUIET.call_once(|| panic::set_hook(Box::new(|_| {})));
    match read_export(bytes, &HeaderWords::default()) {
        Ok(export) => {
            for (field, value) in export.rows.iter().flat_map(|row| &row.values) {
                assert!(!value.is_empty());
                assert!(!field.is_date() || is_date(value), "{value}");
            }
        }
        Err(refused) => assert!(!refused.sentence().is_empty()),
    }
});

fn is_date(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%d/%m/%Y").is_ok()
        || NaiveDateTime::parse_from_str(text, "%d/%m/%Y %H:%M:%S").is_ok()
}
