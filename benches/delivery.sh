#!/usr/bin/env bash
# Wall and CPU time of sending N e-mails to Postfix's smtp-sink on loopback: ours from the store with every change of
# state committed durably; smtp-source (8 connections) and Python's smtplib (one), which store nothing. Each the best of
# five, in turns; ratios to smtp-source. Needs the packages postfix and python3.
#
#   bash benches/delivery.sh [N]        default: 5000
set -euo pipefail
cd "$(dirname "$0")/.."
n=${1:-5000}
port=${PORT:-2599}
work=$(mktemp -d)
cargo bench --no-run --bench deliver 2>/dev/null
program=$(cargo bench --no-run --bench deliver --message-format=json 2>/dev/null | grep -o '"executable":"[^"]*deliver-[^"]*"' | cut -d'"' -f4 | tail -n 1)
sink_user=()
[ "$(id -u)" -ne 0 ] || sink_user=(-u nobody)
smtp-sink "${sink_user[@]}" "127.0.0.1:$port" 1000 >/dev/null 2>&1 &
sink=$!
trap 'kill $sink; rm -rf "$work"' EXIT
for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done

cat >"$work/send.py" <<'PY'
import smtplib, sys
n, port = int(sys.argv[1]), int(sys.argv[2])
body = "\r\n".join("x" * 78 for _ in range(51))
server = smtplib.SMTP("127.0.0.1", port, local_hostname="me.test")
for i in range(n):
    head = f"From: a@b.test\r\nTo: c{i}@office.test\r\nSubject: nhac viec {i}\r\nMessage-ID: <{i}@b.test>\r\n\r\n"
    server.sendmail("a@b.test", [f"c{i}@office.test"], head + body + "\r\n")
server.quit()
PY

# Prints "wall cpu kib" of a command.
timed() { { /usr/bin/time -f "%e %U %S %M" "$@" >/dev/null 2>"$work/said"; } 2>"$work/said"; tail -n 1 "$work/said" | awk '{ print $1, $2 + $3, $4 }'; }

for round in 1 2 3 4 5; do
    PORT=$port MESSAGES=$n "$program" >>"$work/ours"
    timed smtp-source -d -s 8 -m "$n" -l 4096 -f a@b.test -t c@office.test "127.0.0.1:$port" >>"$work/source"
    timed python3 "$work/send.py" "$n" "$port" >>"$work/smtplib"
done

best() { sort -n "$work/$1" | head -n 1; }
read -r source_wall source_cpu _ < <(best source)
for who in source smtplib ours; do
    read -r wall cpu kib < <(best "$who")
    awk -v who="$who" -v n="$n" -v wall="$wall" -v cpu="$cpu" -v kib="$kib" -v w="$source_wall" -v c="$source_cpu" 'BEGIN {
        name["source"] = "smtp-source -d -s 8"; name["smtplib"] = "smtplib, one connection"; name["ours"] = "nhacviec, durable"
        printf "%-24s %5.2f s wall (%.1f x), %5.2f s CPU (%.1f x), %5.1f MiB, %.0f a second\n", name[who], wall, wall / w, cpu, cpu / c, kib / 1024, n / wall }'
done
