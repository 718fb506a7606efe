//! Any answer of a one-stop system is read or refused: no panic, the same answer reads the same, no slow input.
#![no_main]

use std::sync::LazyLock;

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use nhacviec::{
    config::profile::Profiles,
    source::{
        mapping::{Mapping, Part},
        profile::{AnswerRules, Profile},
        scan::scan,
        values::scalar,
    },
};

static SYSTEMS: LazyLock<Vec<(AnswerRules, Mapping)>> = LazyLock::new(|| {
    let profiles = Profiles::default();
    let ready = |name: &str| {
        let profile: std::sync::Arc<Profile> = profiles.get(name).expect("a built-in profile");
        (profile.answer.clone(), profile.mapping(false))
    };
    ["opencps-v2", "igate-v2"].map(ready).into()
});

fuzz_target!(|text: &str| {
    for (rules, mapping) in SYSTEMS.iter() {
        let Ok(scanned) = scan(text, &rules.wanted, &rules.rows, &mapping.wanted) else { continue };
        let of_answer = |pointer: usize| {
            rules.wanted.value(text, &scanned.envelope, pointer).and_then(scalar).map(|value| value.into_owned())
        };
        if let Err(error) = rules.judge(&of_answer) {
            assert!(error.sentence().len() < 300, "an answer does not write the administrator's sentences");
        }
        let slots = mapping.wanted.slots();
        assert_eq!(scanned.rows.len(), scanned.count * slots);
        assert!(scanned.strange + scanned.hollow <= scanned.count);
        for places in scanned.rows.chunks(slots) {
            let mut remarks = Vec::new();
            let dossier = mapping.read(text, places, DateTime::UNIX_EPOCH, &mut remarks);
            assert_eq!(mapping.text(text, places, Part::Code).unwrap_or_default(), dossier.code);
            assert_eq!(mapping.print(text, places), mapping.print(text, places));
            assert_eq!(mapping.read(text, places, DateTime::UNIX_EPOCH, &mut Vec::new()), dossier);
            // At most one remark for each date.
            assert!(remarks.len() <= 6);
        }
    }
});
