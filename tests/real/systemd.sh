#!/bin/bash
# Owns the test of the unit under a real systemd: boots a throw-away Debian 12 in a container, puts BINARY, the unit
# and the example office into it, and checks what an operator relies on. Run as root: systemd.sh BINARY
#
# Needs no systemd on the machine itself. The root file system is built once and kept in the folder NHACVIEC_ROOTFS;
# everything else is gone at the end. Exit status: 0 all passed, 1 a check failed, 2 the test itself could not run.
set -u

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
# procps has the /bin/kill of the unit's ExecReload; without ca-certificates no source can be asked.
packages=systemd,systemd-sysv,dbus,procps,ca-certificates
rootfs=${NHACVIEC_ROOTFS:-/var/cache/nhacviec-test-rootfs}/bookworm-$(cksum <<<"$packages" | cut -d ' ' -f 1)
if [ $# -ne 1 ] || [ ! -x "$1" ] || [ "$(id -u)" -ne 0 ]; then
    echo "usage, as root: $0 BINARY" >&2
    exit 2
fi
work=$(mktemp -d /tmp/nhacviec-systemd.XXXXXX)
root=$work/root group=$work/cgroup/nhacviec-test-$$
nspawn='' init='' passed=0 failed=0

cleanup() {
    if [ -n "$nspawn" ]; then
        kill -TERM "$nspawn" 2>/dev/null # nspawn shuts the container down in order
        soon 10 gone || kill -KILL "$nspawn" 2>/dev/null
        wait "$nspawn" 2>/dev/null
    fi
    soon 5 ungrouped
    umount -l "$root" "$work/layer" "$work/cgroup" 2>/dev/null
    rm -rf --one-file-system "$work" "$rootfs.new.$$"
}
gone() { ! kill -0 "$nspawn" 2>/dev/null; }
ungrouped() { [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; }
give_up() {
    echo "$1" >&2
    tail -n 40 "$work/log" >&2
    exit 2
}
trap cleanup EXIT
trap 'exit 2' INT TERM

# soon SECONDS COMMAND…: waits until the command succeeds, at most that long.
soon() {
    local until=$((SECONDS + $1))
    until "${@:2}"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}
# check WHAT COMMAND…: one check, one line.
check() {
    if "${@:2}"; then passed=$((passed + 1)) && echo "ok   $1"; else failed=$((failed + 1)) && echo "FAIL $1"; fi
}
inside() { timeout 30 nsenter --target "$init" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
control() { inside systemctl "$@" >>"$work/log" 2>&1; }
property() { inside systemctl show --property="$1" --value nhacviec; }
is() { [ "$(property "$1")" = "$2" ]; }
runs() { is ActiveState active && is SubState running; }
journal() { inside journalctl --no-pager --unit nhacviec "$@" 2>/dev/null; }
journal_has() { [ -n "$(journal --quiet --grep="$1" "${@:2}")" ]; }
journal_has_not() { ! journal_has "$@"; }

# ── A machine ──────────────────────────────────────────────────────────────────────────────────────────────────────
"$here/install.sh" systemd-container mmdebstrap debian-archive-keyring >"$work/log" 2>&1 || give_up "no host packages"
if [ ! -d "$rootfs" ]; then
    # The machine's own mirror when it is a Debian 12, the public one otherwise.
    mirror=/etc/apt/sources.list.d/debian.sources
    grep -qs bookworm "$mirror" || mirror=http://deb.debian.org/debian
    mkdir -p "$(dirname "$rootfs")"
    mmdebstrap --mode=root --variant=minbase --include="$packages" bookworm "$rootfs.new.$$" "$mirror" \
        >"$work/log" 2>&1 || give_up "no root file system"
    mv -T "$rootfs.new.$$" "$rootfs" 2>/dev/null || [ -d "$rootfs" ] || give_up "cannot write $rootfs"
fi
layer() {
    mkdir "$root" "$work/layer" "$work/cgroup" && mount -t tmpfs tmpfs "$work/layer" &&
        mkdir "$work/layer/upper" "$work/layer/work" && mount -t cgroup2 cgroup2 "$work/cgroup" && mkdir "$group" &&
        mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root"
}
layer 2>"$work/log" || give_up "no overlay or no unified control groups"

secret="not-for-others-$RANDOM$RANDOM"
unit=/etc/systemd/system/nhacviec.service
install -m 755 "$1" "$root/usr/bin/nhacviec"
install -m 644 "$project/systemd/nhacviec.service" "$root$unit"
cp -r --no-preserve=mode,ownership "$project/config" "$root/etc/nhacviec"
install -d -m 700 "$root/etc/nhacviec/secrets"
(umask 077 && echo "$secret" >"$root/etc/nhacviec/secrets/mot-cua-password")
break_units() { echo 'units: [' >"$root/etc/nhacviec/units.yaml"; }
repair_units() { cat "$project/config/units.yaml" >"$root/etc/nhacviec/units.yaml"; }

# Unified control groups whatever the machine has, in a group of their own so that nothing of them stays behind.
# shellcheck disable=SC2016
unshare --mount bash -c '
    echo $$ >"$2/cgroup.procs" && umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec systemd-nspawn --directory="$1" --boot --machine="${2##*/}" --register=no --keep-unit --console=pipe \
        --private-network --link-journal=no' bash "$root" "$group" </dev/null >"$work/log" 2>&1 &
nspawn=$!
find_init() {
    local children=()
    read -ra children <"/proc/$nspawn/task/$nspawn/children" 2>/dev/null
    for init in "${children[@]}"; do
        [ "$(cat "/proc/$init/comm" 2>/dev/null)" != systemd ] || return 0
    done
    return 1
}
booted() { [[ $(inside systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }
soon 20 find_init || give_up "the container did not start"
soon 40 booted || give_up "the container did not boot"

# ── The unit and its sandbox ───────────────────────────────────────────────────────────────────────────────────────
verifies() { [ -z "$(inside systemd-analyze verify --man=no "$unit" 2>&1)" ]; }
is_confined() { inside systemd-analyze security --no-pager --offline=true --threshold=20 "$unit" >>"$work/log" 2>&1; }
check "systemd finds nothing wrong in the unit" verifies
check "the exposure is at most 2.0" is_confined
control start nhacviec
check "it starts and says so to systemd" soon 20 runs
check "it tells its status" [ -n "$(property StatusText)" ]
pid=$(property MainPID)
user=$(inside stat --format=%u "/proc/$pid")
check "it is not root" [ "${user:-0}" -ne 0 ]
process=$(inside grep -E '^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "/proc/$pid/status" | tr -d '\t\n')
none=0000000000000000
check "it has no capabilities and cannot gain any; system calls are filtered" \
    [ "$process" = "CapPrm:${none}CapEff:${none}CapBnd:${none}CapAmb:${none}NoNewPrivs:1Seccomp:2" ]

# reads_secret USER FILE, in the service's own view of the file system
reads_secret() {
    local as=(setpriv --reuid "$1" --regid "$1" --clear-groups)
    [ "$(inside nsenter --target "$pid" --mount "${as[@]}" cat "$2" 2>/dev/null)" = "$secret" ]
}
credential=/run/credentials/nhacviec.service/secrets_mot-cua-password
is_private() { ! reads_secret nobody "$credential" && ! reads_secret "$user" /etc/nhacviec/secrets/mot-cua-password; }
environment=$(inside cat "/proc/$pid/environ" | tr '\0' '\n')
has_no_secret() { [[ $environment == *CREDENTIALS_DIRECTORY=* && $environment != *"$secret"* ]]; }
check "it reads its secret" reads_secret "$user" "$credential"
check "nobody else does, and the original stays root's" is_private
check "the secret is not in its environment" has_no_secret
check "the journal has the structured start message" journal_has '^started$' _PID="$pid" TARGET=nhacviec::daemon

# ── Status and reload ──────────────────────────────────────────────────────────────────────────────────────────────
# Status 1: something needs a person, here that the one-stop system of the example does not exist.
status_works() {
    inside nhacviec status --config /etc/nhacviec >"$work/status" 2>>"$work/log"
    [ $? -le 1 ] && grep -q 'Lượt chạy gần nhất' "$work/status"
}
is_refused() { status_works && grep -q 'Cấu hình mới có lỗi' "$work/status"; }
is_accepted() { status_works && ! grep -q 'Cấu hình mới có lỗi' "$work/status"; }
has_pid() { runs && is MainPID "$pid"; }
reloaded() { has_pid && journal_has '^reloaded the configuration$' _PID="$pid"; }
check "root sees the status of the running service" soon 10 status_works
control reload nhacviec
check "a reload keeps the process" soon 10 reloaded
break_units
control reload nhacviec
check "a reload with a wrong file is refused, and shown" soon 10 is_refused
check "the service goes on as before" soon 5 has_pid
repair_units
control reload nhacviec
check "the repaired file is taken, the problem gone" soon 10 is_accepted

# ── Crash, restart, stop ───────────────────────────────────────────────────────────────────────────────────────────
restarted_once() { is NRestarts 1 && runs && ! is MainPID "$pid"; }
stopped() { is ActiveState inactive && is Result success; }
state=/var/lib/private/nhacviec
control kill --kill-who=main --signal=KILL nhacviec
check "killed, it is started again, once" soon 30 restarted_once
break_units
control restart nhacviec
check "it restarts with the last good copy of a wrong file" soon 20 runs
check "and still shows the problem" soon 10 is_refused
control stop nhacviec
check "it stops well" soon 20 stopped
check "the state is kept" inside test -s "$state/nhacviec.db"
check "root sees the status of the stopped service" status_works
check "root leaves no file of its own in the state" [ -z "$(inside find "$state" -uid 0 2>&1)" ]

# ── Short times from here: a start that cannot work, and the watchdog ──────────────────────────────────────────────
failed_78() { is ActiveState failed && is ExecMainStatus 78; }
stays_down() { sleep 2 && failed_78 && is NRestarts 0; }
mkdir "$root$unit.d"
printf '[Service]\nWatchdogSec=3s\nRestartSec=1s\n' >"$root$unit.d/short.conf"
control daemon-reload
inside find "$state" -mindepth 1 -delete
control start nhacviec
check "without a good copy a wrong file ends it with status 78" soon 20 failed_78
check "and it is not restarted" stays_down
repair_units
control reset-failed nhacviec
control start nhacviec
check "it starts after the repair" soon 20 runs
pid=$(property MainPID)
control kill --kill-who=main --signal=STOP nhacviec
check "hanging, it is killed and started again" soon 30 restarted_once
check "by the watchdog" journal_has 'Watchdog timeout'

denials='not permitted|permission denied|os error 1\b|os error 13\b|read-only file|không có quyền|không ghi được'
check "the sandbox denied it nothing" journal_has_not "$denials" --case-sensitive=false
check "nothing else failed" [ -z "$(inside systemctl --failed --plain --no-legend)" ]

[ "$failed" -eq 0 ] || { tail -n 20 "$work/log" && journal --lines=60; } >&2
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
