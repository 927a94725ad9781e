#!/bin/bash
# memcheck.sh - run slapd under valgrind: the MUSTER_SLAPD_WRAPPER of `make check-valgrind`.
#
# Errors go to $MEMCHECK_DIR, one log a process; tests/test_memcheck.sh judges them afterwards. slapd's exit status stays
# its own. --keep-debuginfo: slapd unloads its modules before leaks are looked for.
exec "${VALGRIND:-valgrind}" --quiet --log-file="${MEMCHECK_DIR:?}/slapd.%p.log" --keep-debuginfo=yes --fullpath-after= \
	--num-callers=40 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
