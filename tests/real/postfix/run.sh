#!/bin/bash
# Owns the processes of the mail server that `tests/real_postfix.rs` has laid out: run.sh FOLDER
#
# They end with the test, also with one that was killed: then standard input comes to its end, and the
# folder goes too. A line on standard input ends them and leaves the folder. If one of them ends, all do.
set -uo pipefail
folder=$1
cd "$folder"
exec 3<&0 </dev/null >>output 2>&1

read -r <&3 &
owner=$!
exec 3<&-
dovecot -F -c "$folder/dovecot.conf" &
servers=($!)
postgrey --unix="$folder/grey/socket" --dbdir="$folder/grey" --pidfile="$folder/grey/pid" \
    --user=postfix --group=postfix --delay=1 --whitelist-clients=/dev/null &
servers+=($!)
# Makes the queue's folders, and is particular about the rights of everything.
postfix -c "$folder/etc" check
/usr/lib/postfix/sbin/master -c "$folder/etc" &
servers+=($!)

wait -n -p ended "$owner" "${servers[@]}"
status=$?
kill -s TERM "${servers[@]}" "$owner" 2>/dev/null
wait
[ "$ended" != "$owner" ] && exit 1
[ $status -eq 0 ] || rm -rf "$folder"
exit 0
