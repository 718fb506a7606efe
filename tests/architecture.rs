//! The direction of dependencies, read from the sources: rules know no clock, no I/O, no adapters.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder exists").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            // Unit tests may look at the example office; the rules may not.
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("readable");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                files.push((path, code));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has sources");
    files
}

fn assert_free_of(folder: &str, forbidden: &[&str]) {
    for (path, code) in sources(folder) {
        for word in forbidden {
            assert!(!code.contains(word), "{} must not use {word}", path.display());
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let adapters =
        ["crate::store", "crate::channel", "crate::source", "crate::passes", "crate::config", "crate::message"];
    let impure =
        ["crate::clock", "tokio", "async fn", "std::fs", "std::net", "std::env", "rand::", "println!", "tracing::"];
    assert_free_of("src/domain", &adapters);
    assert_free_of("src/domain", &impure);
}

#[test]
fn adapters_do_not_know_each_other_or_the_passes() {
    assert_free_of(
        "src/store",
        &["crate::channel", "crate::source", "crate::passes", "crate::message", "crate::config"],
    );
    assert_free_of(
        "src/channel",
        &["crate::store", "crate::source", "crate::passes", "crate::message", "crate::config"],
    );
    assert_free_of(
        "src/source",
        &["crate::store", "crate::channel", "crate::passes", "crate::message", "crate::config"],
    );
}

#[test]
fn the_import_reads_bytes_and_nothing_else() {
    let adapters = ["crate::store", "crate::channel", "crate::passes", "crate::daemon", "crate::cli"];
    let impure = ["crate::clock", "tokio", "std::fs", "std::net", "std::env", "println!", "tracing::"];
    assert_free_of("src/import", &adapters);
    assert_free_of("src/import", &impure);
}

#[test]
fn no_office_is_written_into_the_code() {
    let places = ["Bắc Giang", "Bắc Ninh", "Sở Công Thương", "bacgiang", ".gov.vn"];
    for folder in
        ["src/domain", "src/store", "src/channel", "src/source", "src/message", "src/daemon", "src/cli", "src/import"]
    {
        assert_free_of(folder, &places);
    }
}
