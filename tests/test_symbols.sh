#!/bin/bash
# test_symbols.sh - what pam_muster.so shows to the program it is loaded into: six names, and behind them none that is libc's or
#                   libpam's too. A function named like one of theirs would be called in place of ours as soon as the list of exports
#                   is not in the way, and what it returns would be taken for the directory's answer.
set -u
build=${top_builddir:?}
libs=$build/.libs

count=0
check() {
	local what=$1 found=$2
	count=$((count + 1))
	if [ -z "$found" ]; then
		printf 'ok %d - %s\n' "$count" "$what"
	else
		printf 'not ok %d - %s\n# %s\n' "$count" "$what" "${found//$'\n'/ }"
	fi
}

names() { awk 'NF >= 2 { sub(/@.*/, "", $NF); print $NF }' | sort -u; }

check "the module exports the six entry points and nothing else" \
	"$(comm -3 <(nm -D --defined-only "$libs/pam_muster.so" | names) <(sort -u "${top_srcdir:?}/pam_module/exports.sym"))"

ours=$(nm -g --defined-only "$libs"/lib{pammodule,client,proto,common}.a | names)
check "nm shows our names" "$(grep -qx log_in <<<"$ours" || echo "log_in is missing")"
for library in libc.so.6 libpam.so.0; do
	path=$(ldd "$libs/pam_muster.so" | awk -v name="$library" '$1 == name { print $3 }')
	check "$library is found" "$([ -r "$path" ] || echo "${path:-nowhere}")"
	check "no name of ours is one of $library" "$(comm -12 <(printf '%s\n' "$ours") <(nm -D --defined-only "$path" | names))"
done
printf '1..%d\n' "$count"
