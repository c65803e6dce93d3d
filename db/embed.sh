#!/bin/sh
# Print schema.h: db/schema.sql and the migrations as C strings.
#   sh db/embed.sh DIR    (the folder that holds schema.sql and migrations/)
# migrations/N.sql brings a database of version N to N + 1.
set -eu
lines() {
	printf 'static const char *const %s[] = {\n' "$1"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/",/' "$2"
	printf '\tNULL,\n};\n'
}
echo '/* made by db/embed.sh; do not edit */'
lines schema_lines "$1/schema.sql"
n=1 list=
while [ -e "$1/migrations/$n.sql" ]; do
	lines "migration_$n" "$1/migrations/$n.sql"
	list="$list migration_$n,"
	n=$((n + 1))
done
printf '#define SCHEMA_VERSION %d\n' "$n"
printf 'static const char *const *const migrations[] = {%s NULL};\n' "$list"
