#!/bin/sh
# Every kind of writer at full speed against a real watch, on both backends: 0 missed.
#   watch-oracle.sh BUILD [FILES] [DIR]      FILES in all (100000); DIR: where (a temporary one)
# 1000000 FILES want fs.inotify.max_user_watches above the 300000 directories they lie in, or
# patience: what has no watch is walked every 20 s or more.
# Without root only inotify is tested, and not from other mount namespaces.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd) b=${1:-build} files=${2:-100000}
dir=${3:-${TMPDIR:-/tmp}}
case $b in /*) ;; *) b=$here/$b ;; esac
prog=$b/tests/e2e/watch-oracle
mkdir -p "$b/tests/e2e"
${CC:-cc} -std=c11 -O2 -g -D_GNU_SOURCE ${SAN:-} -w -I"$here/daemon/common" \
	-I"$here/daemon/watch" -I"$here/tests" "$here/tests/e2e/watch-oracle.c" \
	"$here/tests/e2e/writers.c" -o "$prog" \
	"$b/libwatch.a" "$b/libcommon.a" -linotifytools -lcap-ng -linih -lm || exit 1
backends=inotify
[ "$(id -u)" -eq 0 ] && backends="inotify fanotify"
fail=0
for backend in $backends; do
	# a small bound of the queue makes most files come by way of marked directories
	for bound in 20000 300; do
		work=$(mktemp -d "$dir/watch-oracle.XXXXXX") && chmod 755 "$work"
		"$prog" "$backend" "$files" "$work" "$bound" 2>"$b/tests/e2e/oracle.err" || fail=1
		grep -v watch_ready "$b/tests/e2e/oracle.err" | head -20
		rm -rf "$work"
	done
	if [ "$backend" = inotify ]; then
		# most directories get no watch: what changes there is found by walks, later
		work=$(mktemp -d "$dir/watch-oracle.XXXXXX") && chmod 755 "$work"
		"$prog" inotify $((files / 10)) "$work" 20000 300 2>"$b/tests/e2e/oracle.err" || fail=1
		grep -v "watch_ready\|sight_degraded" "$b/tests/e2e/oracle.err" | head -20
		rm -rf "$work"
	fi
	if [ "$(id -u)" -eq 0 ]; then
		work=$(mktemp -d "$dir/watch-oracle.XXXXXX") && chmod 755 "$work"
		"$prog" "$backend" 1000000 "$work" fair 2>"$b/tests/e2e/oracle.err" || fail=1
		rm -rf "$work"
	fi
done
exit $fail
