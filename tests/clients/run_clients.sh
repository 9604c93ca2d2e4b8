#!/bin/sh
# Runs the Java and the Python client against tests/clients/made_server.py: an honest one, then ones that lie.
# Where no JDK 17 is installed, the Java part says SKIPPED and this exits 77 after the Python part.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1

python_client() { python3 "$here/../../tools/verify/client.py" "$@"; }
java_client() { "$here/run_java.sh" "$@"; }

serve() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work/made"
    python3 "$here/made_server.py" "$work/made" "$@" &
    server=$!
    tries=0
    until [ -s "$work/made/url" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "FAILED: the server does not start" >&2; exit 1; }
        sleep 0.1
    done
}

append() {
    client=$1
    "$client" append --url "$(cat "$work/made/url")" --key "$work/made/key.json" --log-key "$(cat "$work/made/vkey")" \
        --stream "case/$client" --type referral.accepted --data '{"to":{"agency":"mosd"},"note":"\u0645\u0639 \"\\\n"}' \
        --disclose 'casework:priority="high"' --disclose casework:deadline=null \
        --disclose 'identity:name={"ar":"سالم","en":"Salim"}' --occurred 2026-01-02T03:04:05+04:00
}

try() {
    serve
    for _ in 1 2 3; do
        append "$1" >"$work/out"
    done
    grep -q '"index": *12' "$work/out" || { echo "FAILED: $1: not the receipt of the third event" >&2; exit 1; }
    for lie in received index root signature payload; do
        serve --lie "$lie"
        if append "$1" >"$work/out" 2>&1; then
            echo "FAILED: $1 believes a ledger that lies about: $lie" >&2
            exit 1
        fi
        echo "$1, lied to about $lie: $(tail -n 1 "$work/out")"
    done
    serve
    sed 's/"d": "./"d": "_/' "$work/made/key.json" >"$work/other.json"
    mv "$work/other.json" "$work/made/key.json"
    if append "$1" >"$work/out" 2>&1; then
        echo "FAILED: $1 got a token with the wrong key" >&2
        exit 1
    fi
    echo "$1: ok"
}

try python_client
status=0
java_client --present || status=$?
[ $status -eq 0 ] || exit $status
try java_client
