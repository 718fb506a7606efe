#!/usr/bin/env bash
# A poll of N dossiers into the store, then a second one in which one in a hundred changed, gone or new; beside what a
# script does with the same rows from a file: Python with json and sqlite3, DuckDB and the sqlite3 shell where installed.
#
#   bash benches/poll.sh [N]        default: 1000000 (some 490 MB); needs 2 GB in the temporary folder
#
# CPU seconds and peak memory are those of the reading process alone; the server is another one.
set -euo pipefail
cd "$(dirname "$0")/.."
count=${1:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bench=${BENCH:-$(cargo bench --no-run --bench poll --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*poll-[^"]*\)".*/\1/p' | tail -1)}

# Runs a command and prints its CPU seconds and peak memory.
measured() {
    python3 - "$@" <<'PY'
import resource, subprocess, sys
name, command = sys.argv[1], sys.argv[2:]
failed = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{name}: {used.ru_utime + used.ru_stime:.1f} CPU-s, peak {used.ru_maxrss // 1024} MiB" + (" FAILED" if failed else ""))
PY
}

mkdir "$work/state"
for round in 1 2; do
    mkfifo "$work/stop$round"
    "$bench" serve "$count" "$round" <"$work/stop$round" >"$work/url$round" &
    exec 7>"$work/stop$round"
    until [ -s "$work/url$round" ]; do read -r -t 0.2 <> <(:) || true; done
    echo "poll $round"
    "$bench" poll "$(cat "$work/url$round")" "$work/state"
    exec 7>&-
    "$bench" write "$count" "$round" "$work/list$round.json"
done

cat >"$work/script.py" <<'PY'
import hashlib, json, sqlite3, sys
mode, path, file = sys.argv[1:]
names = "id code title applicant phone unit unit_id officer officer_email field procedure received_at due_at status step priority fee paid days_late updated_at".split()
db = sqlite3.connect(file)
db.execute("pragma journal_mode=wal")
db.execute("pragma synchronous=full")
db.execute("create table if not exists d(id integer primary key, %s, h blob)" % ",".join(names[1:]))
old = dict(db.execute("select id, h from d")) if mode == "poll" else {}
def rows():
    for row in json.load(open(path)):
        values = [row[name] for name in names]
        print_ = hashlib.blake2b(repr(values).encode(), digest_size=8).digest()
        if old.pop(row["id"], None) != print_:
            values.append(print_)
            yield values
db.executemany("insert or replace into d values(%s)" % ",".join("?" * 21), rows())
if mode == "poll":
    db.executemany("delete from d where id = ?", ((i,) for i in old))
db.commit()
PY
measured "python json+sqlite3, load" python3 "$work/script.py" load "$work/list1.json" "$work/python.db"
measured "python json+sqlite3, second" python3 "$work/script.py" poll "$work/list2.json" "$work/python.db"
if python3 -c 'import duckdb' 2>/dev/null; then
    for round in 1 2; do
        cat >"$work/duck.py" <<'PY'
import duckdb, sys
path, file, mode = sys.argv[1:]
db = duckdb.connect(file)
rows = f"select * from read_json('{path}', format='array', maximum_object_size=100000)"
if mode == "1":
    db.execute(f"create table d as {rows}")
else:
    db.execute(f"create temp table n as {rows}")
    db.execute("delete from d where id not in (select id from n) or id in (select id from (select * from n except select * from d))")
    db.execute("insert into d select * from n where id not in (select id from d)")
PY
        measured "duckdb, round $round" python3 "$work/duck.py" "$work/list$round.json" "$work/duck.db" "$round"
    done
fi
if command -v sqlite3 >/dev/null; then
    measured "sqlite3 json_each, load" sqlite3 "$work/shell.db" "create table d as
        select value ->> 'id' id, value ->> 'code' code, value ->> 'title' title, value ->> 'unit' unit, value ->> 'officer' officer,
               value ->> 'received_at' received_at, value ->> 'due_at' due_at, value ->> 'status' status
        from json_each(readfile('$work/list1.json'))"
fi
