#!/bin/sh
# The alert hooks of contrib/hooks hand on what they are told, byte for byte, and run none of it. The panels
# themselves are not here: programs in their places note how they were called.
#   sh tests/golden/hooks.sh
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
root=$tmp/root n=0 bad=0
evil='$(touch '$tmp/ran') `touch '$tmp/ran'`; & | "x" '\''y'\'' %s \n -f --' 
body="first $evil
action=user&value=delete
.
last Ä &message=x%0a"
same() { # WHAT WANT FILE
	n=$((n + 1))
	printf '%s' "$2" >"$tmp/want"
	cmp -s "$tmp/want" "$3" || { echo "hooks: $1:"; diff "$tmp/want" "$3"; bad=1; }
}
run() { # HOOK WANTED-CODE
	n=$((n + 1))
	printf '{"event":"hold"}\n' | env -i PATH=/usr/bin:/bin LANG=C.UTF-8 MAILBRAKE_PANEL_ROOT="$root" \
		MAILBRAKE_SUBJECT="holding $evil" MAILBRAKE_BODY="$body" sh "$top/contrib/hooks/$1" >"$tmp/out" 2>&1
	got=$?
	[ "$got" -eq "$2" ] || { echo "hooks: $1: exit $got, wanted $2"; cat "$tmp/out"; bad=1; }
}
fake() { # PATH: a program, its text on standard input
	mkdir -p "$root${1%/*}"
	{ printf '#!/bin/sh\ntmp=%s\n' "$tmp"; cat; } >"$root$1"
	chmod 755 "$root$1"
}

for hook in cpanel directadmin plesk; do
	run "$hook" 69 # no such panel here
done

# cPanel's perl: the code is always the same, the text is in the environment
fake /usr/local/cpanel/3rdparty/bin/perl <<'END'
printf '%s\n' "$#" "$1" "$2" "$3" >"$tmp/argv"
printf '%s' "$4" >"$tmp/code"
printf '%s' "$MAILBRAKE_SUBJECT" >"$tmp/subject"
printf '%s' "$MAILBRAKE_BODY" >"$tmp/body"
END
run cpanel 0
same "cpanel argv" "4
-I/usr/local/cpanel
-MCpanel::iContact
-e
" "$tmp/argv"
same "cpanel subject" "holding $evil" "$tmp/subject"
same "cpanel body" "$body" "$tmp/body"
n=$((n + 1))
# what a real perl makes of that code
if command -v perl >/dev/null; then
	mkdir -p "$tmp/lib/Cpanel"
	cat >"$tmp/lib/Cpanel/iContact.pm" <<'END'
package Cpanel::iContact;
sub icontact { my %a = @_; print join("\0", map { "$_=$a{$_}" } sort keys %a); }
1;
END
	MAILBRAKE_SUBJECT="holding $evil" MAILBRAKE_BODY="$body" perl -I"$tmp/lib" -MCpanel::iContact \
		-e "$(cat "$tmp/code")" >"$tmp/told"
	tr '\0' '\1' <"$tmp/told" >"$tmp/told1"
	same "cpanel iContact" "application=mailbrake$(printf '\001')message=$body$(printf '\001')subject=holding $evil" "$tmp/told1"
fi

# DirectAdmin's queue: one line more, nothing in it but %XX behind the two names
mkdir -p "$root/usr/local/directadmin/data"
printf 'action=tally&value=all\n' >"$root/usr/local/directadmin/data/task.queue"
run directadmin 0
queue=$root/usr/local/directadmin/data/task.queue
n=$((n + 1))
[ "$(wc -l <"$queue")" -eq 2 ] || { echo "hooks: directadmin: lines"; cat "$queue"; bad=1; }
for part in subject message; do
	sed -n "2s/.*&$part=\\([%0-9a-f]*\\).*/\\1/p" "$queue" | sed 's/%/\\\\x/g' >"$tmp/hex"
	/usr/bin/printf "$(sed 's/\\\\/\\/g' "$tmp/hex")" >"$tmp/$part"
done
same "directadmin subject" "holding $evil" "$tmp/subject"
same "directadmin message" "$body" "$tmp/message"
n=$((n + 1))
[ "$(sed 's/%[0-9a-f][0-9a-f]//g' "$queue" | tail -n 1)" = 'action=notify&value=admin&subject=&message=' ] ||
	{ echo "hooks: directadmin: more than text in the line"; cat "$queue"; bad=1; }

# Plesk: whom it names gets it; no name that is an option, no header from the text
fake /usr/sbin/plesk <<'END'
[ "$1 $2 $3" = "bin admin --info" ] && printf 'Name:   x\nE-mail:   boss@panel.test\n'
END
fake /usr/sbin/sendmail <<'END'
printf '%s\n' "$@" >"$tmp/argv"
cat >"$tmp/mail"
END
run plesk 0
same "plesk argv" "-i
--
boss@panel.test
" "$tmp/argv"
same "plesk mail" "To: boss@panel.test
Subject: [mailbrake] holding $evil
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

$body
" "$tmp/mail"
fake /usr/sbin/plesk <<'END'
echo 'Email: -Cx/tmp/evil@panel.test'
END
run plesk 78

n=$((n + 1))
[ ! -e "$tmp/ran" ] || { echo "hooks: a part of the text was run"; bad=1; }
[ "$bad" -eq 0 ] && echo "ok   hooks     $n checks" || { echo "FAIL hooks"; exit 1; }
