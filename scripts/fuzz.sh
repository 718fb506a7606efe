#!/usr/bin/env bash
# Fuzzes the phrase parser and the readers of calendars, exported files and one-stop answers:
# scripts/fuzz.sh [SECONDS-FOR-EACH]
#
# Works with the stable compiler: the coverage flags below are what libFuzzer needs, no sanitizer is used,
# since there is no unsafe code of ours to watch.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"

# With a target named, the flags do not reach build scripts.
RUSTFLAGS="$coverage" cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/phrase" "$work/calendar" "$work/export" "$work/rows"
n=0
tail -n +2 tests/data/deadline_phrases.tsv | cut -f1 | while IFS= read -r phrase; do
    n=$((n + 1))
    printf '%s' "$phrase" >"$work/phrase/$n"
done
cp config/calendar/*.yaml config/holidays.yaml "$work/calendar"
cp tests/fixtures/* "$work/export"

cat >"$work/rows/opencps" <<'JSON'
{"total":2,"data":[{"dossierIdCTN":18680112,"dossierId":90211,"dossierNo":"HS-001","serviceCode":2.000591,"applicantName":"A B","receiveDate":"03/06/2025 09:00:00","dueDate":"17/06/2025 17:00:00","releaseDate":"","dossierStatus":"processing","dossierSubStatus":"processing_1","lockState":"PAUSE","online":true,"viaPostal":1}]}
JSON
cat >"$work/rows/igate" <<'JSON'
{"content":[{"id":"6851","code":"HS-001","dossierStatus":{"id":2,"name":"X"},"procedure":{"code":"2.000591","translate":{"0":{"languageId":228,"name":"X"}}},"appointmentDate":"2025-06-17T17:00:00.000+0700","currentTask":[{"assignee":{"fullname":"A"},"candidateGroup":[{"code":"P","name":[{"languageId":228,"name":"P"}]}]}]}],"last":true,"totalElements":1}
JSON

for target in phrase calendar export rows; do
    echo "--- $target, $seconds s"
    # A text of 100 kB must be answered at once: 2 s is a hundred times what it takes.
    "fuzz/target/$host/release/$target" -max_total_time="$seconds" -max_len=100000 -timeout=2 -rss_limit_mb=2048 \
        -artifact_prefix="$work/" -print_final_stats=1 "$work/$target" 2>"$work/log" || {
        tail -n 60 "$work/log"
        for input in "$work"/crash-* "$work"/timeout-* "$work"/oom-*; do
            [ -e "$input" ] && echo "input, in base64:" && base64 -w 100 "$input" | head -n 40
        done
        exit 1
    }
    grep -E "stat::number_of_executed_units|stat::slowest_unit_time_sec|stat::new_units_added" "$work/log"
done
