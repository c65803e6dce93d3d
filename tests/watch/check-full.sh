#!/bin/sh
# The slower tests of process watch: 100,000 files by every kind of writer on each backend
# (0 missed), fairness between accounts, mounts that go and come, no watches left, and what is
# seen on which file system.
#   tests/watch/check-full.sh BUILD
b=${1:-build}
cd "$(dirname "$0")/../.." || exit 2
say() { # name status output
	if [ "$2" -eq 0 ]; then
		printf 'ok   watch %-23s %s\n' "$1" "$(printf '%s\n' "$3" | tail -n 1 | cut -c1-150)"
	else
		printf 'FAIL watch %s\n%s\n' "$1" "$3"
	fi
}
out=$(WATCH_SLOW=1 "$b/tests/unit/test_watch_hostile" 2>&1)
say hostile-slow $? "$out"
out=$(sh tests/e2e/watch-oracle.sh "$b" "${WATCH_FILES:-100000}" 2>&1)
say oracle $? "$out"
out=$(sh tests/watch/filesystems.sh "$b" 2>&1)
say filesystems $? "$out"
