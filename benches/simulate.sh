#!/usr/bin/env bash
# CPU and memory of `nhacviec simulate` over 2026 for N recurring duties, beside `remind` (Debian package) where it is
# installed, in two forms:
#   the same rules: the ladders of the presets here, counted in working days of 2026, and the days on which numbers are
#   closed; that both remind of the same duties on the same days is compared, day by day;
#   an agenda: every date from 14 days ahead, with no calendar and no ladder. It is what other programs were measured with.
#
#   bash benches/simulate.sh [N…]        default: 10000; needs a release build
#
# Mix: 40 % monthly on a day, 25 % yearly, 10 % weekly, 15 % quarterly on a day, 10 % first weekday of a month.
set -efuo pipefail
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

as_agenda() {
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

# The presets `bao-cao`, `bao-cao-tuan` and `viec-co-han` on config/calendar/2026.yaml.
as_same_rules() {
    awk 'BEGIN {
        split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", M); split("Mon Tue Wed Thu Fri Sat Sun", W)
        n = split("Jan 1,Jan 2,Feb 16,Feb 17,Feb 18,Feb 19,Feb 20,Apr 27,Apr 30,May 1,Aug 31,Sep 1,Sep 2,Nov 24", off, ",")
        for (i = 1; i <= n; i++) print "OMIT " off[i] " 2026"
        split("31 28 31 30 31 30 31 31 30 31 30 31", days, " ")
        weekday = 3 # of 1 January
        for (m = 1; m <= 12; m++) for (d = 1; d <= days[m]; d++) {
            is_worked = m == 1 && d == 10 || m == 8 && d == 22
            if (weekday >= 5 && !is_worked) print "OMIT " M[m] " " d " 2026"
            weekday = (weekday + 1) % 7
        }
        print "FSET report(n) choose(n, -5, -2, -1, 0)"
        print "FSET weekly(n) choose(n, -1, 0)"
        print "FSET dated(n) choose(n, -10, -5, -2, -1, 0)"
    }
    # BEFORE moves a date to the working day before it, by nine days at most: that changes the month of the first days.
    function quarterly(day, residue) { return "SATISFY [monnum(trigdate()" (day <= 9 ? "+9" : "") ")%3==" residue "]" }
    {
        text = "MSG " sprintf("Bao cao %05d don vi %d", $1, $1 % 97) "%"
        residue = (($4 - 1) % 3 + 1) % 3
        if ($2 == "m") print "REM " $3 " BEFORE WARN report " text
        else if ($2 == "y") print "REM " M[$4] " " $3 " 2026 BEFORE WARN dated " text
        else if ($2 == "w") print "REM " W[$5 + 1] " BEFORE WARN weekly " text
        else if ($2 == "q") print "REM " $3 " BEFORE WARN report " quarterly($3, residue) " " text
        else print "REM " W[$5 + 1] " 1 BEFORE WARN report " text
        # The numbers of a report are closed on the 14th before it.
        is_early = $2 == "n" || $3 <= 14
        closing = "REM 14 BEFORE " (is_early ? "UNTIL Nov 30 2026 " : "")
        if ($2 == "m" || $2 == "n") print closing text
        else if ($2 == "q") print closing quarterly(14, is_early ? (residue + 2) % 3 : residue) " " text
    }'
}

# "MM-DD duty", sorted, each once: what is said from 12 January, when the first days of the year are settled, to
# 24 December, when the next year has nothing to say yet.
days_and_duties() {
    awk '$1 >= "01-12" && $1 <= "12-24"' | sort -u
}

of_nhacviec() {
    awk '/^[^ ].*, [0-9][0-9]\/[0-9][0-9]\/2026/ { match($0, /[0-9][0-9]\/[0-9][0-9]\/2026/); on = substr($0, RSTART + 3, 2) "-" substr($0, RSTART, 2) }
        / \(email\): T[0-9]+ / { match($0, /: T[0-9]+/); print on, substr($0, RSTART + 3, RLENGTH - 3) }' | days_and_duties
}

of_remind() {
    awk 'BEGIN { n = split("January February March April May June July August September October November December", M)
            for (i = 1; i <= n; i++) month[M[i]] = i }
        /^Reminders for / { on = sprintf("%02d-%02d", month[substr($5, 1, length($5) - 1)], $4) }
        /^Bao cao / { print on, $3 + 0 }' | days_and_duties
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

# CPU seconds and peak memory in KiB of a command whose output is thrown away.
once() {
    { /usr/bin/time -f "%U %S %M" "$@" >/dev/null; } 2>&1 | tail -n 1 | awk '{ printf "%.2f %d\n", $1 + $2, $3 }'
}

# The one of two measurements with less CPU.
better() {
    printf '%s\n' "$@" | grep . | sort -n | head -n 1
}

agenda_of() {
    echo remind -q "$work/$1.rem" 2026-01-01 "*365"
}

# What remind needs for a file of rules, beside ours.
beside() {
    local what=$1 cpu=$2 kib=$3 lines
    lines=$($(agenda_of "$what") | grep -c '^Bao cao')
    awk -v n="$n" -v what="${what//_/ }" -v cpu="$cpu" -v ours="${ours% *}" -v kib="$kib" -v lines="$lines" 'BEGIN {
        printf "%d duties: remind, %s: %.2f CPU-s, %.0f MiB, %d lines; %.1f times ours\n", n, what, cpu, kib / 1024, lines, cpu / ours }'
}

for n in "${@:-10000}"; do
    rules "$n" >"$work/rules"
    as_agenda <"$work/rules" >"$work/agenda.rem"
    as_same_rules <"$work/rules" >"$work/the_same_rules.rem"
    rm -rf "$work/office"
    as_office "$work/office" <"$work/rules"
    span=("$program" simulate --from 2026-01-01 --to 2026-12-31 --assume on-time --config "$work/office" --state "$work/state")
    has_remind=$(command -v remind || true)
    ours="" agenda="" same=""
    # In turns, for a shared machine is not equally fast all the time; the best of each.
    for round in 1 2 3 4 5; do
        ours=$(better "$ours" "$(once "${span[@]}")")
        [ -z "$has_remind" ] || agenda=$(better "$agenda" "$(once $(agenda_of agenda))")
        [ -z "$has_remind" ] || [ "$round" -gt 2 ] || same=$(better "$same" "$(once $(agenda_of the_same_rules))")
    done
    "${span[@]}" >"$work/list"
    awk -v n="$n" -v cpu="${ours% *}" -v kib="${ours#* }" -v lines="$(wc -l <"$work/list")" 'BEGIN {
        printf "%d duties: nhacviec simulate: %.2f CPU-s (%.0f us a duty), %.0f MiB, %d lines\n", n, cpu, cpu / n * 1e6, kib / 1024, lines }'
    if [ -n "$has_remind" ]; then
        beside the_same_rules $same
        beside agenda $agenda
        of_nhacviec <"$work/list" >"$work/ours"
        $(agenda_of the_same_rules) | of_remind >"$work/theirs"
        echo "$n duties: $(wc -l <"$work/ours") reminders of 12 January to 24 December;" \
            "$(comm -3 "$work/ours" "$work/theirs" | wc -l) of them of one program only"
    else
        echo "remind is not installed: no comparison"
    fi
done
