#!/bin/bash
# test_named_faults.sh - each fault that hit other systems (F01 to F28, doc/CONTRIBUTING.md) has a test that carries its number, or a
# line in SECURITY.md that says why it cannot happen here.
set -u
cd "${top_srcdir:?}" || exit 1

# marks - "NUMBER FILE" for each mark of a Python test, name of a C test and line of SECURITY.md
marks() {
	grep -rnoE '^@tap\.fault\([0-9, ]+\)' --include='*.py' tests | tr -c '[:alnum:]_./:,\n' ' ' |
		awk -F: '{ sub(/.*fault/, "", $3); n = split($3, number, /[ ,]+/)
			for (i = 1; i <= n; i++) if (number[i] != "") printf "%02d %s\n", number[i], $1 }'
	grep -rnoE 'cmocka_unit_test[a-z_]*\(f[0-9]{2}_' --include='*.c' tests | sed -E 's/^([^:]*):.*\(f([0-9]{2})_$/\2 \1/'
	# every test's last check is about its logs
	if grep -q 'ok(not found, "F19 ' tests/lib/tap.py; then echo "19 tests/lib/tap.py"; fi
	sed -nE 's/^- F([0-9]{2}) .*/\1 SECURITY.md/p' SECURITY.md
}

all=$(marks | sort -u)
printf '1..28\n'
for number in {01..28}; do
	files=$(printf '%s\n' "$all" | sed -n "s/^$number //p" | tr '\n' ' ')
	if [ -n "$files" ]; then
		printf 'ok %d - F%s %s\n' "$((10#$number))" "$number" "${files% }"
	else
		printf 'not ok %d - F%s has neither a test nor a line in SECURITY.md\n' "$((10#$number))" "$number"
	fi
done
