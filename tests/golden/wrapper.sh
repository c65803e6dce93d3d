#!/bin/sh
# mailbrake-wrapper on and off leave what they found: for a link (Exim), for a program with
# links to it (Postfix), with and without dpkg, run twice, and in states it must refuse.
#   sh tests/golden/wrapper.sh BUILD
set -u
build=${1:-build}
top=$(cd "$(dirname "$0")/../.." && pwd)
case "$build" in /*) ;; *) build=$top/$build ;; esac
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
ok() { # WHAT COMMAND...
	what=$1
	shift
	n=$((n + 1))
	"$@" >"$tmp/out" 2>&1 || { echo "wrapper: $what: failed: $*"; cat "$tmp/out"; bad=1; }
}
code() { # WHAT CODE COMMAND...
	what=$1 want=$2
	shift 2
	n=$((n + 1))
	"$@" >"$tmp/out" 2>&1
	got=$?
	[ "$got" -eq "$want" ] || { echo "wrapper: $what: exit $got, wanted $want"; cat "$tmp/out"; bad=1; }
}
wrap() { sh "$top/contrib/mailbrake-wrapper" "$@" --root "$tmp/root" --wrapper "$build/mailbrake-sendmail"; }
same() { [ "$(cat "$tmp/before")" = "$(listing)" ]; }
listing() { # inode, mode, kind, link: what must come back
	(cd "$tmp/root/usr/sbin" && stat -c '%n %i %a %F %h' -- * && readlink sendmail
	 if [ -e "$tmp/root/var/lib/dpkg/diversions" ]; then cat "$tmp/root/var/lib/dpkg/diversions"; fi)
}
mta() { # KIND DPKG
	rm -rf "$tmp/root"
	mkdir -p "$tmp/root/usr/sbin" "$tmp/root/usr/bin"
	[ "$2" = dpkg ] && mkdir -p "$tmp/root/var/lib/dpkg" && : >"$tmp/root/var/lib/dpkg/diversions" &&
		: >"$tmp/root/var/lib/dpkg/status"
	if [ "$1" = exim ]; then
		printf '#!/bin/sh\necho exim\n' >"$tmp/root/usr/sbin/exim4"
		chmod 4755 "$tmp/root/usr/sbin/exim4"
		ln -s exim4 "$tmp/root/usr/sbin/sendmail"
	else
		printf '#!/bin/sh\necho postfix\n' >"$tmp/root/usr/sbin/sendmail"
		chmod 755 "$tmp/root/usr/sbin/sendmail"
		ln -s ../sbin/sendmail "$tmp/root/usr/bin/mailq"
	fi
}
for kind in exim postfix; do
	for dpkg in dpkg plain; do
		[ "$dpkg" = plain ] || command -v dpkg-divert >/dev/null 2>&1 || continue
		mta "$kind" "$dpkg"
		listing >"$tmp/before"
		code "$kind $dpkg status" 1 wrap status
		ok "$kind $dpkg on" wrap on
		code "$kind $dpkg status" 0 wrap status
		ok "$kind $dpkg wrapper" cmp "$tmp/root/usr/sbin/sendmail" "$build/mailbrake-sendmail"
		ok "$kind $dpkg no set-id" test "$(stat -c %a "$tmp/root/usr/sbin/sendmail")" = 755
		ok "$kind $dpkg real" test "$("$tmp/root/usr/sbin/sendmail.mailbrake-real")" = "$kind"
		[ "$dpkg" = plain ] || ok "$kind diverted" grep -q mailbrake-real "$tmp/root/var/lib/dpkg/diversions"
		ok "$kind $dpkg on again" wrap on
		ok "$kind $dpkg off" wrap off
		ok "$kind $dpkg as before" same
		ok "$kind $dpkg off again" wrap off
		ok "$kind $dpkg as before" same
		code "$kind $dpkg status" 1 wrap status
	done
done
# the mail system was replaced while the wrapper stood there without a diversion
mta postfix plain
ok "on" wrap on
printf '#!/bin/sh\necho new\n' >"$tmp/root/usr/sbin/sendmail"
code "replaced: status" 70 wrap status
code "replaced: on" 70 wrap on
# no mail system, no wrapper
rm -f "$tmp/root/usr/sbin/"*
code "no mail system" 69 wrap on
mta exim plain
code "a wrapper that is none" 69 sh "$top/contrib/mailbrake-wrapper" on --root "$tmp/root" --wrapper /bin/sh
code "usage" 64 sh "$top/contrib/mailbrake-wrapper" sideways
[ "$bad" -eq 0 ] || { echo "FAIL wrapper"; exit 1; }
printf 'ok   wrapper %d checks: as it was before, by inode\n' "$n"
