#!/bin/sh
# Runs the Java client, from source: run_java.sh append --url U --key FILE ... (see SijillClient.java).
# `--present` only says whether it could. Exit status 77 where there is no JDK 17 or later.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1) || version=
if [ -z "$version" ] || [ "$version" -lt 17 ]; then
    echo "SKIPPED tests/clients/java: JDK 17 or later is needed, found ${version:-none}" >&2
    exit 77
fi
if ! "$java" --list-modules 2>/dev/null | grep -q '^jdk.compiler@'; then
    echo "SKIPPED tests/clients/java: this Java has no compiler (a JRE, not a JDK)" >&2
    exit 77
fi
[ "${1:-}" != --present ] || exit 0
exec "$java" "$here/java/SijillClient.java" "$@"
