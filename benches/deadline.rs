//! Reading deadline phrases: how many a second on one core, how many allocations each, and texts of 100 kB.
//! `cargo bench --bench deadline`

use std::{
    alloc::System,
    hint::black_box,
    time::{Duration, Instant},
};

use nhacviec::domain::deadline::{YearContext, read_phrase};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 400;

fn main() {
    let phrases: Vec<(&str, YearContext)> = include_str!("../tests/data/deadline_phrases.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split('\t');
            let phrase = cells.next().unwrap_or_default();
            (phrase, cells.nth(1).and_then(|year| year.parse().ok()).unwrap_or_default())
        })
        .collect();
    read_all(&phrases); // the vocabulary is sorted at the first use
    let region = Region::new(ALLOCATOR);
    read_all(&phrases);
    let change = region.change();
    println!(
        "{} real phrases: {:.1} allocations and {:.0} bytes each",
        phrases.len(),
        per(change.allocations, phrases.len()),
        per(change.bytes_allocated, phrases.len())
    );
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        read_all(&phrases);
        fastest = fastest.min(start.elapsed());
    }
    let mut all = Duration::ZERO;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        read_all(&phrases);
        all += start.elapsed();
    }
    let a_second = |time: Duration, rounds: usize| per(phrases.len() * rounds, 1) / time.as_secs_f64();
    println!("read: {:.0} a second on average, {:.0} at best", a_second(all, ROUNDS), a_second(fastest, 1));
    let start = Instant::now();
    for _ in 0..ROUNDS {
        for (phrase, context) in &phrases {
            black_box(read_phrase(phrase, *context).map(|reading| reading.canonical(phrase)).ok());
        }
    }
    println!("read and printed: {:.0} a second", a_second(start.elapsed(), ROUNDS));
    for part in
        ["khi có ", "trước ngày ", "1,", "(", "từ 1-", "hằng tháng, ", "ngày 15 và ", "nếu trùng ", "aaaaaaaaaa", "9"]
    {
        let text = part.repeat(100_000 / part.len());
        let start = Instant::now();
        let _ = black_box(read_phrase(&text, YearContext::Year(2023)));
        println!("100 kB of {part:?}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}

fn read_all(phrases: &[(&str, YearContext)]) {
    for (phrase, context) in phrases {
        let _ = black_box(read_phrase(black_box(phrase), *context));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn per(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}
