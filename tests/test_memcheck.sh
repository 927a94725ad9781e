#!/bin/bash
# test_memcheck.sh - the last step of `make check-valgrind`: no valgrind error has a frame in one of our files.
set -u

dir=${MEMCHECK_DIR:?set by make check-valgrind}
shopt -s nullglob
logs=("$dir"/slapd.*.log)
printf '1..2\n'
if [ ${#logs[@]} -gt 0 ]; then
	printf 'ok 1 - %d runs of slapd under valgrind\n' ${#logs[@]}
	errors=$(awk -f "${top_srcdir:?}/tests/lib/memcheck.awk" "${logs[@]}")
else
	printf 'not ok 1 - no run of slapd under valgrind in %s\n' "$dir"
	errors='nothing was checked'
fi
if [ -z "$errors" ]; then
	printf 'ok 2 - no error in our files\n'
else
	printf 'not ok 2 - no error in our files\n'
	printf '%s\n' "$errors" | sed 's/^/# /'
fi
