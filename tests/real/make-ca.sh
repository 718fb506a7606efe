#!/bin/sh
# Owns the certificates of the tests with a real mail server: make-ca.sh FOLDER
#
# Leaves in FOLDER: ca.crt, a private authority no system trusts; server.crt, right for this machine by
# name and by address; other-name.crt, from the same authority but for another host. Keys lie beside them.
# Elliptic keys, because every test makes its own set and RSA keys would take most of its time.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 64; }
mkdir -p "$1"
cd "$1"
umask 077

new_key() {
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

# issue NAME SUBJECT_ALTERNATIVE_NAMES
issue() {
    new_key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    {
        echo "basicConstraints = critical, CA:FALSE"
        echo "keyUsage = critical, digitalSignature"
        echo "extendedKeyUsage = serverAuth"
        echo "subjectAltName = $2"
    } >"$1.extensions"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -sha256 \
        -extfile "$1.extensions" -out "$1.crt" 2>/dev/null
    rm "$1.csr" "$1.extensions"
}

new_key ca
openssl req -new -x509 -key ca.key -days 30 -sha256 -subj "/CN=nhacviec test authority" \
    -addext "keyUsage = critical, keyCertSign, cRLSign" -out ca.crt
issue server "DNS:localhost, IP:127.0.0.1"
issue other-name "DNS:mail.elsewhere.test"
