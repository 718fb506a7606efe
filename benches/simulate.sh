#!/usr/bin/env bash
# CPU and memory of `nhacviec simulate` over 2026 for N recurring duties, beside `remind` (Debian package) on the same
# rules where it is installed: every line that either would say, 14 days ahead there, on the ladder of the presets here.
#
#   bash benches/simulate.sh [N…]        default: 10000; needs a release build
#
# Mix: 40 % monthly on a day, 25 % yearly, 10 % weekly, 15 % quarterly on a day, 10 % first weekday of a month.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${NHACVIEC:-target/release/nhacviec}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line a rule: kind, day, month, weekday (0 is Monday). The generator is the same everywhere: no rand().
rules() {
    awk -v n="$1" 'BEGIN {
        seed = 7
        for (i = 0; i < n; i++) {
            seed = (seed * 1103515245 + 12345) % 2147483648; k = int(seed / 65536) % 100
            seed = (seed * 1103515245 + 12345) % 2147483648; day = int(seed / 65536) % 28 + 1
            seed = (seed * 1103515245 + 12345) % 2147483648; month = int(seed / 65536) % 12 + 1
            seed = (seed * 1103515245 + 12345) % 2147483648; weekday = int(seed / 65536) % 7
            kind = k < 40 ? "m" : k < 65 ? "y" : k < 75 ? "w" : k < 90 ? "q" : "n"
            print i, kind, day, month, weekday
        }
    }'
}

as_remind() {
    awk 'BEGIN { split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", M); split("Mon Tue Wed Thu Fri Sat Sun", W) }
    {
        text = sprintf("Bao cao %05d don vi %d", $1, $1 % 97)
        if ($2 == "m") print "REM " $3 " +14 MSG " text "%"
        else if ($2 == "y") print "REM " M[$4] " " $3 " +14 MSG " text "%"
        else if ($2 == "w") print "REM " W[$5 + 1] " +14 MSG " text "%"
        else if ($2 == "q") print "REM " $3 " +14 SATISFY [monnum(trigdate())%3==" (($4 - 1) % 3 + 1) % 3 "] MSG " text "%"
        else print "REM " W[$5 + 1] " 1 +14 MSG " text "%"
    }'
}

# A configuration with 97 units of one reader each; plans of 10,000 rows, so that no file is too large.
as_office() {
    local folder=$1
    mkdir -p "$folder/plans" "$folder/calendar"
    cp config/calendar/2025.yaml config/calendar/2026.yaml "$folder/calendar/"
    cp config/holidays.yaml "$folder/"
    cat >"$folder/nhacviec.yaml" <<'YAML'
office: { name: Cơ quan đo thử, time_zone: Asia/Ho_Chi_Minh, administrator: n0 }
hours: { digest_at: "07:30", sending: { from: "07:30", until: "17:00" } }
store: { path: kho.db }
email: { from: "Nhắc việc <nhac@so.example>", maildir: thu }
YAML
    {
        echo "units:"
        for i in $(seq 0 96); do
            echo "  - { id: u$i, name: Đơn vị $i, head: n$i, overseen_by: n1, contacts: [n$i] }"
        done
        echo "people:"
        for i in $(seq 0 96); do echo "  - { id: n$i, name: Người $i, email: n$i@so.example }"; done
        echo "positions: { chanh-van-phong: n2, giam-doc: n3 }"
    } >"$folder/units.yaml"
    awk -v folder="$folder" 'BEGIN { split("mon tue wed thu fri sat sun", W) }
    {
        file = folder "/plans/p" int($1 / 10000) ".yaml"
        if ($1 % 10000 == 0) print "plan: { id: p" int($1 / 10000) ", title: Kế hoạch, year: 2026 }\ntasks:" >file
        if ($2 == "m") due = sprintf("Ngày %d hằng tháng", $3)
        else if ($2 == "y") due = sprintf("Ngày %d/%d/2026", $3, $4)
        else if ($2 == "w") due = "{ every: week, weekday: " W[$5 + 1] " }"
        else if ($2 == "q") due = sprintf("{ every: quarter, day: %d, month: %d }", $3, ($4 - 1) % 3 + 1)
        else due = "{ every: month, weekday: " W[$5 + 1] ", week: 1 }"
        printf "  - { id: T%d, content: Báo cáo %05d, lead: [u%d], deadline: %s }\n", $1, $1, $1 % 97, due >file
    }'
}

# CPU seconds and peak memory of a command whose output is thrown away; the best of five.
measure() {
    local best="" cpu kib
    for _ in 1 2 3 4 5; do
        read -r user system kib < <({ /usr/bin/time -f "%U %S %M" "$@" >/dev/null; } 2>&1 | tail -n 1)
        cpu=$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%.2f", u + s }')
        if [ -z "$best" ] || awk -v a="$cpu" -v b="${best%% *}" 'BEGIN { exit !(a < b) }'; then best="$cpu $kib"; fi
    done
    echo "$best"
}

for n in "${@:-10000}"; do
    rules "$n" >"$work/rules"
    as_remind <"$work/rules" >"$work/rules.rem"
    rm -rf "$work/office"
    as_office "$work/office" <"$work/rules"
    span=(simulate --from 2026-01-01 --to 2026-12-31 --assume on-time --config "$work/office" --state "$work/state")
    read -r ours kib < <(measure "$program" "${span[@]}")
    lines=$("$program" "${span[@]}" | wc -l)
    awk -v n="$n" -v cpu="$ours" -v kib="$kib" -v lines="$lines" 'BEGIN {
        printf "%d duties: nhacviec simulate %.2f CPU-s (%.0f us a duty), %.0f MiB, %d lines\n", n, cpu, cpu / n * 1e6, kib / 1024, lines }'
    if command -v remind >/dev/null; then
        read -r theirs kib < <(measure remind -q "$work/rules.rem" 2026-01-01 "*365")
        lines=$(remind -q "$work/rules.rem" 2026-01-01 "*365" | wc -l)
        awk -v n="$n" -v cpu="$theirs" -v ours="$ours" -v kib="$kib" -v lines="$lines" 'BEGIN {
            printf "%d duties: remind            %.2f CPU-s, %.0f MiB, %d lines; %.1f times ours\n", n, cpu, kib / 1024, lines, cpu / ours }'
    else
        echo "remind is not installed: no comparison"
    fi
done
