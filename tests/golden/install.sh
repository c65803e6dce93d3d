#!/bin/sh
# What make install puts where, with which mode; and that it runs from there.
#   sh tests/golden/install.sh BUILD
set -u
build=${1:-build}
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
cd "$top" || exit 2
umask 022
make --no-print-directory -s -o all B="$build" DESTDIR="$tmp/d" prefix=/usr install >"$tmp/log" 2>&1 ||
	{ cat "$tmp/log"; echo "FAIL install"; exit 1; }
(cd "$tmp/d" && find . ! -path './usr/share/mailbrake/rules/*' ! -path './usr/share/mailbrake/exim*' \
	! -path './usr/share/mailbrake/postfix*' ! -type d -printf '%m %p\n' | sort -k2) >"$tmp/list"
if [ "${2:-}" = --update ]; then
	cp "$tmp/list" tests/golden/install.list
fi
diff -u tests/golden/install.list "$tmp/list" || { echo "FAIL install"; exit 1; }
{ (cd rules && find . -type f); (cd tests/samples && find . -type f | sed 's|^\.|./samples|'); } |
    sort >"$tmp/want"
(cd "$tmp/d/usr/share/mailbrake/rules" && find . -type f | sort) | diff -u "$tmp/want" - || { echo "FAIL install: rules"; exit 1; }
"$tmp/d/usr/bin/mailbrake" --version >/dev/null || { echo "FAIL install: does not run"; exit 1; }
printf 'ok   install %d files and the rules\n' "$(wc -l <"$tmp/list")"
