#!/bin/sh
# Make a Debian package of what `make` built: sh contrib/packaging/deb.sh [BUILD] [OUT]
# The package makes the accounts and starts the daemon; putting the wrapper in sendmail's
# place stays an admin's own step (mailbrake-wrapper on), taking it away at removal not.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-build} out=${2:-$build}
cd "$top"
version=$(sed -n 's/^VERSION := //p' Makefile)
arch=$(dpkg --print-architecture)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
make --no-print-directory B="$build" DESTDIR="$tree" prefix=/usr install >/dev/null
# settings are conffiles; the example is what they start from
mkdir -p "$tree/DEBIAN" "$tree/usr/lib/sysusers.d"
depends=$(cd "$tree" && mkdir -p debian && printf 'Source: mailbrake\n\nPackage: mailbrake\nArchitecture: any\n' >debian/control &&
	dpkg-shlibdeps -O usr/sbin/mailbraked usr/bin/mailbrake usr/libexec/mailbrake/mailbrake-scan 2>/dev/null |
	sed -n 's/^shlibs:Depends=//p') || depends=
rm -rf "$tree/debian"
[ -n "$depends" ] || depends="libyara9, libmagic1, libgmime-3.0-0, libjansson4, libsqlite3-0, libseccomp2, libcap-ng0, libinih1, libinotifytools0, libssl3, libnettle8, libsystemd0"
cat >"$tree/DEBIAN/control" <<C
Package: mailbrake
Version: $version
Architecture: $arch
Maintainer: Mailbrake <root@localhost>
Section: mail
Priority: optional
Depends: $depends, passwd
Recommends: exim4 | postfix | mail-transport-agent
Description: holds the mail of hacked hosting accounts before the spam leaves
 Watches the files of hosting accounts, looks into new ones, is asked about every
 message a site sends, and holds the mail of an account that was taken over, so
 that one hacked site does not get the server's address blocked.
C
find "$tree/etc" -type f | sed "s|^$tree||" >"$tree/DEBIAN/conffiles"
cat >"$tree/DEBIAN/postinst" <<'C'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
	/usr/libexec/mailbrake/make-users
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		systemctl enable --quiet mailbraked
		systemctl restart mailbraked || true
	fi
	# the copy in sendmail's place follows an update
	if mailbrake-wrapper status >/dev/null 2>&1; then mailbrake-wrapper on; fi
fi
C
cat >"$tree/DEBIAN/prerm" <<'C'
#!/bin/sh
set -e
if [ "$1" = remove ]; then
	if mailbrake-wrapper status >/dev/null 2>&1; then mailbrake-wrapper off; fi
	if [ -d /run/systemd/system ]; then systemctl disable --now --quiet mailbraked || true; fi
	rm -f /etc/mailbrake/brake.held # of a daemon that was killed: nobody lifts a hold now
fi
C
cat >"$tree/DEBIAN/postrm" <<'C'
#!/bin/sh
set -e
# held mail is people's mail: it is not removed, not even by a purge
if [ "$1" = purge ] && [ -n "$(ls -A /var/lib/mailbrake/held 2>/dev/null)" ]; then
	echo "mailbrake: /var/lib/mailbrake/held holds messages and was kept" >&2
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
C
chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm" "$tree/DEBIAN/postrm"
mkdir -p "$out"
dpkg-deb --root-owner-group --build "$tree" "$out/mailbrake_${version}_$arch.deb" >/dev/null
echo "$out/mailbrake_${version}_$arch.deb"
