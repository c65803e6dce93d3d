#!/bin/sh
# Install what the build, the tests and the benches need (Debian 12 packages).
#   contrib/deps.sh               everything
#   contrib/deps.sh --if-missing  only when something is missing; silent when nothing is
#   contrib/deps.sh --list        print the package names
#   contrib/deps.sh --bench       what make bench is compared with, besides (ClamAV, the PHP programs
#                                 and the mail systems are fetched by it, and never installed)
set -eu

build="gcc make pkg-config libc6-dev libyara-dev libmagic-dev libinotifytools0-dev libsqlite3-dev
libseccomp-dev libgmime-3.0-dev libjansson-dev libcap-ng-dev libinih-dev libssl-dev nettle-dev zlib1g-dev
liblzma-dev libncurses-dev libsystemd-dev libc-ares-dev
git"
case "$(dpkg --print-architecture 2>/dev/null || echo amd64)" in
amd64 | i386) build="$build libhyperscan-dev" ;;
*) build="$build libvectorscan-dev" ;;
esac
tests="php-cli php-fpm php-cgi sqlite3 jq strace python3 mandoc iproute2 procps xz-utils"

bench="inotify-tools yara e2fsprogs tar"

all="$build $tests"
[ "${1:-}" = --bench ] && all="$all $bench"
[ "${1:-}" = --list ] && { printf '%s\n' $all; exit 0; }

missing=
for p in $all; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -z "$missing" ]; then
	[ $# -gt 0 ] || echo "deps: everything is installed"
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: run as root: sh contrib/deps.sh" >&2
	exit 69
fi
echo "deps: installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# services of packages are never started by their installation here; tests start their own
policy=/usr/sbin/policy-rc.d made=
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	made=1
	trap 'rm -f "$policy"' EXIT INT TERM
fi
log=$(mktemp)
# shellcheck disable=SC2086
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "deps: apt-get failed; the whole log is $log" >&2
	exit 69
fi
rm -f "$log"
