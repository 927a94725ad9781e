#!/bin/bash
# test_scripts.sh - shellcheck finds nothing in our shell scripts.
set -u
cd "${top_srcdir:?}" || exit 1

count=0
while read -r script; do
	count=$((count + 1))
	if findings=$(shellcheck -x "$script" 2>&1); then
		printf 'ok %d - %s\n' "$count" "$script"
	else
		printf 'not ok %d - %s\n' "$count" "$script"
		printf '%s\n' "$findings" | sed 's/^/# /'
	fi
done < <(find .ci contrib tests -type f -exec awk 'FNR == 1 && (/^#!.*sh$/ || FILENAME ~ /\.sh$/) { print FILENAME }' {} + |
	sort)
printf '1..%d\n' "$count"
