#!/bin/sh
# Who may include and call what (the folders' promise), and that each header stands alone.
# One line; exit 1 with the places when something is out of its layer.
cd "$(dirname "$0")/.." || exit 2
bad=$(mktemp) n=0
trap 'rm -f "$bad"' EXIT

code() { # C files of the tree, the generated and the foreign left out
	find daemon scanners db tests/unit tests/fuzz -name '*.[ch]' 2>/dev/null
}
# no PATTERN in FILES: say what is wrong where; comments and strings are not code
no() {
	what=$1 pattern=$2
	shift 2
	n=$((n + 1))
	for f in "$@"; do
		[ -f "$f" ] || continue
		sed -e 's|//.*||' -e 's|"[^"]*"|""|g' -e 's|/\*.*\*/||' \
		    -e '/^[ \t]*\*\([ \t/]\|$\)/d' -e '/^\/\*/d' "$f" | grep -nE "$pattern" |
			sed "s|^|$f:|; s|\$|   ($what)|" >>"$bad"
	done
}
includes() { # LIBRARY-HEADER PATTERN: only below the folders named
	header=$1
	shift
	n=$((n + 1))
	code | grep -vE "^($(echo "$@" | tr ' ' '|'))/" | grep -v '^tests/' | while read -r f; do
		grep -nE "#include [<\"]$header" "$f" | sed "s|^|$f:|; s|\$|   (only in $*)|"
	done >>"$bad"
}

includes 'sqlite3\.h' db
includes '(yara|magic|gmime/gmime|hs|hs/hs)\.h' scanners
includes 'inotifytools/' daemon/watch
includes 'seccomp\.h' scanners

# every file: calls that cannot be made safe, and calls that need a shell or local state
all=$(code)
# shellcheck disable=SC2086
no "banned call" \
    '(^|[^a-zA-Z0-9_.>])(strcpy|strcat|sprintf|vsprintf|strncpy|strtok|atoi|atol|system|popen|mktemp|tempnam|gets|localtime|ctime|asctime|alloca)\(' $all

# the head of each file says what its job is and what it touches, each at the begin of a line
n=$((n + 1))
for f in $(find daemon scanners db -name '*.[ch]' 2>/dev/null); do
	head=$(sed -n '1,/\*\//p' "$f")
	printf '%s\n' "$head" | grep -q '^ \* Job: ' &&
		printf '%s\n' "$head" | grep -qE '^ \* (Touches|Privilege|Talks to): ' &&
		! printf '%s\n' "$head" | grep -qE '[.;)] +(Touches|Source|Limits|Never): ' ||
		echo "$f:   (its head does not say Job and Touches)" >>"$bad"
done

# pure modules: facts in, answer out. Which they are, their heads say (they touch nothing, or
# the heap); those of judgement must.
pure=$(for f in $(find daemon scanners db -name '*.c' 2>/dev/null); do
	sed -n '1,/^ \*\/$/p' "$f" | grep -qE '^ \* Touches: +(nothing|heap)([.;,]| but (the|its) (struct|table|buffers)|$)' &&
		echo "$f"
done)
n=$((n + 1))
for f in policy policy_login policy_people people volume script account facts word acct_table provider pace; do
	case "$pure" in
	*"/judge/$f.c"*) ;;
	*) echo "daemon/judge/$f.c:   (its head does not say that it touches nothing)" >>"$bad" ;;
	esac
done
# shellcheck disable=SC2086
no "a pure module asks the system" \
    '(^|[^a-zA-Z0-9_])(time|clock_wall|clock_mono|clock_gettime|gettimeofday|open|openat|fopen|opendir|access|readlink|unlink|rename|socket|connect|read|write|getenv|stat|lstat|fstat|fork|execv)\(' $pure
# shellcheck disable=SC2046
no "the analysis of PHP asks the system" \
    '(^|[^a-zA-Z0-9_])(time|clock_wall|clock_mono|clock_gettime|open|openat|fopen|socket|connect|getenv|fork|execv|mmap)\(' \
    $(find scanners/php -name '*.c' 2>/dev/null)
no "policy allocates" '(^|[^a-zA-Z0-9_])(malloc|calloc|realloc|free|x[a-z]+alloc[a-z]*)\(' \
    daemon/judge/policy.c daemon/judge/policy_login.c daemon/judge/policy_people.c

# each header compiles alone
cc=${CC:-cc}
flags="-std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Idaemon -Idaemon/common -Idaemon/judge
-Idaemon/watch -Idaemon/mtlog -Idaemon/hands -Idaemon/client -Iscanners -Iscanners/php -Idb
-DMB_SYSCONFDIR=\"/etc\" -DMB_STATEDIR=\"/var/lib/mailbrake\" -DMB_RUNDIR=\"/run/mailbrake\"
-DMB_LIBEXECDIR=\"/usr/libexec\" -DMB_DATADIR=\"/usr/share\""
flags="$flags $(pkg-config --cflags yara gmime-3.0 jansson sqlite3 2>/dev/null)"
headers=$(find daemon scanners db -name '*.h')
n=$((n + 1))
for h in $headers; do
	# shellcheck disable=SC2086
	printf '#include "%s"\n' "$h" | $cc $flags -I. -x c - 2>/dev/null ||
		echo "$h:   (does not compile alone)" >>"$bad"
done

if [ -s "$bad" ]; then
	printf 'FAIL layering  %s places\n' "$(wc -l <"$bad")"
	cat "$bad"
	exit 1
fi
printf 'ok   layering  %d rules over %d files, %d headers alone\n' "$n" \
    "$(printf '%s\n' "$all" | wc -l)" "$(printf '%s\n' "$headers" | wc -l)"
