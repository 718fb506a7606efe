#!/bin/bash
# Owns what a fresh Debian 12 machine needs for the tests with real parts; run as root, any number of times.
# install.sh [PACKAGE…]: those packages; without any, what the test of the mail channel with Exim needs.
#
# Meant for CI and throw-away machines: a mail server that is already there gives way to the one asked
# for, since Debian allows one at a time.
set -euo pipefail

packages=("$@")
[ $# -gt 0 ] || packages=(exim4-daemon-heavy openssl ca-certificates)

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "already installed: ${packages[*]}"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${missing[*]}; run $0 as root to install them" >&2
    exit 77
fi

# Installing must not start a mail daemon of the system's own; the tests start theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    own_policy=$policy
fi
# Container images delete apt's archive folder after each dpkg call, which breaks an installation made
# of several calls half-way; a folder of our own is not touched. The user `_apt` must be able to enter it.
archives=$(mktemp -d)
mkdir "$archives/partial"
chmod 755 "$archives" "$archives/partial"
trap 'rm -rf "$archives" ${own_policy:+"$own_policy"}' EXIT

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Dir::Cache::archives="$archives")
"${apt[@]}" update >/dev/null
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}"
echo "installed: ${missing[*]}"
