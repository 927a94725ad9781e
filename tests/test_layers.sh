#!/bin/bash
# test_layers.sh - who may include whom, and what the built modules link and export (doc/ARCHITECTURE.md, "Parts").
set -u
cd "${top_srcdir:?}" || exit 1

count=0
# report NAME FINDINGS - one TAP result: passed when there are no findings
report() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		printf 'ok %d - %s\n' "$count" "$1"
	else
		printf 'not ok %d - %s\n' "$count" "$1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

sources() { find "$@" -name '*.[ch]' | sort; }

# wrong_includes FOLDER ALLOWED... - includes of FOLDER's files that name a folder not allowed
# A name without a folder is a file beside it or config.h; src/slapd takes slapd's own headers so as well.
wrong_includes() {
	local folder=$1 file header part
	shift
	for file in $(sources "$folder"); do
		sed -n 's/^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*"\([^"]*\)".*/\1/p' "$file" | while read -r header; do
			part=${header%%/*}
			if [ "$part" = "$header" ]; then
				[ "$folder" = src/slapd ] || [ "$header" = config.h ] || [ -e "${file%/*}/$header" ] ||
					echo "$file: $header"
			elif [ "$part" = ac ] && [ "$folder" = src/slapd ]; then
				continue
			else
				[[ " $* " == *" $part "* ]] || echo "$file: $header"
			fi
		done
	done
}

layer() {
	if [ -z "$(sources "$1")" ]; then
		report "$1 has source files" "no .c or .h file found in $1"
	else
		report "$1 includes only: ${*:2}" "$(wrong_includes "$@")"
	fi
}

# only PATTERN ALLOWED - lines that include a header matching PATTERN in files whose path does not match ALLOWED
only() {
	sources src pam_module | grep -Ev "$2" |
		xargs grep -nE "^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*[<\"]($1)[>\"]"
}

# needed FILE ALLOWED... - libraries that FILE links besides ALLOWED and the sanitizers' runtime
needed() {
	local file=$1 library
	shift
	[ -e "$file" ] || echo "$file is not there"
	readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do
		case $library in
		libasan.so.* | libubsan.so.*) [ -n "${SANITIZERS:-}" ] && continue ;;
		ld-linux*.so.*) continue ;; # of libc: variables that each thread has for itself
		esac
		[[ " $* " == *" $library "* ]] || echo "$library"
	done
}

# exported FILE EXPORTS.SYM - the difference between what FILE exports and the list
exported() {
	nm -D --defined-only "$1" | awk '{ print $NF }' | grep -v '^__odr_asan' | sort | diff - <(sort "$2")
}

layer src/common common
layer src/core core common
layer src/directory directory common
layer src/proto proto common
layer src/client client proto common
layer src/musterd musterd proto directory core common
layer src/cli cli client proto directory core common
layer src/slapd slapd core common
layer pam_module pam_module client proto common

report 'only src/directory includes ldap.h' "$(only '(ldap|lber)[a-z_]*\.h' '^src/(directory|slapd)/')"
report 'only src/core includes liboath' "$(only 'liboath/.*|oath\.h' '^src/core/')"
report 'only the courier includes curl' "$(only 'curl/.*' '^src/musterd/(courier|mail|smtp)[a-z_]*\.c')"
report 'only pam_module includes PAM' "$(only 'security/.*' '^pam_module/')"
report 'src/slapd includes none of our config.h' "$(grep -nE '#[[:blank:]]*include.*"config\.h"' src/slapd/*.[ch])"
report 'nobody uses select' "$(sources src pam_module | xargs grep -nE '\<(FD_SET|FD_ZERO|fd_set)\>|sys/select\.h')"

report 'pam_muster.so links libpam and libc' "$(needed "${PAM_MUSTER_SO:?}" libpam.so.0 libc.so.6)"
report 'pam_muster.so exports pam_sm_*' "$(exported "$PAM_MUSTER_SO" pam_module/exports.sym)"
if [ -n "${OPENLDAP_SOURCE:-}" ]; then
	report 'muster.so links what src/core needs' \
		"$(needed "${MUSTER_SO:?}" libsodium.so.23 liboath.so.0 libunistring.so.2 libc.so.6)"
	report 'muster.so exports init_module' "$(exported "$MUSTER_SO" src/slapd/exports.sym)"
fi
printf '1..%d\n' "$count"
