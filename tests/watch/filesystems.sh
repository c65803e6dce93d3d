#!/bin/sh
# What each backend sees on which file system: the table in mailbraked(8) is from here.
#   tests/watch/filesystems.sh BUILD      as root; file systems in image files, in mounts of our own
# A file system that cannot be made here is said to be untested. exit 1: something that the manual
# says is seen was not.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd) b=${1:-build}
case $b in /*) ;; *) b=$here/$b ;; esac
[ "$(id -u)" -eq 0 ] || { echo "skip watch file systems: needs root"; exit 0; }
if [ "${2:-}" != inside ]; then
	prog=$b/tests/watch/fs_probe
	mkdir -p "$b/tests/watch"
	${CC:-cc} -std=c11 -O2 -g -D_GNU_SOURCE -w -I"$here/daemon/common" -I"$here/daemon/watch" \
		-I"$here/tests" "$here/tests/watch/fs_probe.c" -o "$prog" "$b/libwatch.a" \
		"$b/libcommon.a" -linotifytools -lcap-ng -linih -lm || exit 1
	exec unshare -m --propagation private sh "$0" "$b" inside
fi
w=$(mktemp -d "${TMPDIR:-/tmp}/watch-fs.XXXXXX") && chmod 755 "$w"
fail=0
loops=
end() { # mounts that are busy go lazily, else their image would stay
	awk -v w="$w/" 'index($5, w) == 1 {print $5}' /proc/self/mountinfo | sort -r |
		while read -r m; do umount "$m" 2>/dev/null || umount -l "$m"; done
	for l in $loops; do losetup -d "$l" 2>/dev/null; done
	rm -rf "$w"
}
trap end EXIT
trap 'exit 1' INT TERM

row() { # name expected-to-see(fanotify inotify) dir [elsewhere]
	for k in fanotify inotify; do
		case " $2 " in *" $k "*) FS_WAIT_S=60 ;; *) FS_WAIT_S=3 ;; esac
		export FS_WAIT_S
		out=$("$b/tests/watch/fs_probe" "$k" "$3" ${4:+"$4"} 2>/dev/null) r=$?
		printf '%-18s %-9s %s\n' "$1" "$k" "$out"
		case " $2 " in *" $k "*)
			case $out in *"written here"*) [ "$r" -eq 0 ] || fail=1 ;; *) fail=1 ;; esac ;;
		esac
		rm -rf "$3"/www/made* "$3"/www/old* "$3"/www/moved "$3"/www/linked "$3"/www/mapped \
			"$3"/www/d "$3"/www/d2 "$3"/www/subvol/x
	done
}
untested() { printf '%-18s untested  %s\n' "$1" "$2"; }
image() { # name megabytes mkfs...: mounts it at $w/name
	name=$1 mb=$2
	shift 2
	command -v "$1" >/dev/null || { untested "$name" "no $1"; return 1; }
	mkdir "$w/$name" && truncate -s "${mb}M" "$w/$name.img" && "$@" "$w/$name.img" >/dev/null 2>&1 &&
		l=$(losetup -f --show "$w/$name.img" 2>/dev/null) ||
		{ untested "$name" "no loop device"; return 1; }
	loops="$loops $l"
	mount "$l" "$w/$name" 2>/dev/null || { untested "$name" "cannot be mounted"; return 1; }
	chmod 755 "$w/$name"
}

mkdir "$w/tmpfs" && mount -t tmpfs none "$w/tmpfs" && row tmpfs "fanotify inotify" "$w/tmpfs"
image ext4 64 mkfs.ext4 -q && row ext4 "fanotify inotify" "$w/ext4"
image xfs 320 mkfs.xfs -q && row xfs "fanotify inotify" "$w/xfs"

# the same tree at two places: written through the other mount
mkdir "$w/bound" "$w/other" && mount --bind "$w/tmpfs" "$w/bound" &&
	row "bind, from there" "fanotify inotify" "$w/tmpfs" "$w/bound" &&
	row "bind, watched" "fanotify inotify" "$w/bound" "$w/tmpfs"

if image btrfs 200 mkfs.btrfs -q; then
	row btrfs "fanotify inotify" "$w/btrfs"
	if command -v btrfs >/dev/null && btrfs -q subvolume create "$w/btrfs/home" >/dev/null; then
		mkdir "$w/btrfs/www2"
		row "btrfs subvolume" inotify "$w/btrfs/home"
		btrfs -q subvolume create "$w/btrfs/www/subvol" >/dev/null
		row "btrfs, one below" inotify "$w/btrfs"
		mkdir "$w/subvol" && mount -o subvol=home "$(echo "$loops" | tr ' ' '\n' | tail -n 1)" "$w/subvol" &&
			row "btrfs subvol=" inotify "$w/subvol"
	fi
fi

mkdir "$w/o" && mount -t tmpfs none "$w/o" && mkdir "$w/o/lower" "$w/o/upper" "$w/o/work" "$w/over" &&
	mkdir -p "$w/o/lower/www" &&
	if mount -t overlay overlay -o "lowerdir=$w/o/lower,upperdir=$w/o/upper,workdir=$w/o/work" "$w/over" 2>/dev/null; then
		row overlay inotify "$w/over"
		row "overlay, upper" "" "$w/over" "$w/o/upper"
	else
		untested overlay "cannot be mounted"
	fi

if command -v bindfs >/dev/null && mkdir "$w/fuse" "$w/src" &&
	bindfs -o allow_other "$w/src" "$w/fuse" 2>/dev/null; then
	row FUSE inotify "$w/fuse"
	row "FUSE, source" "" "$w/fuse" "$w/src"
else
	untested FUSE "bindfs is not installed, or no /dev/fuse"
fi
grep -qw nfs /proc/filesystems || untested NFS "not in this kernel"
grep -qw zfs /proc/filesystems || untested ZFS "not in this kernel"
exit $fail
