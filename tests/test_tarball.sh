#!/bin/bash
# test_tarball.sh - `make dist` takes every file that is under version control. In an unpacked tarball there is nothing to
# compare with; there the other tests show whether all is there.
set -u
cd "${top_srcdir:?}" || exit 1

printf '1..1\n'
if [ ! -e .git ]; then
	printf 'ok 1 - this is a tarball\n'
	exit 0
fi
tarball=tests/tarball # automake wants it relative to the build
log=$(env -u MAKEFLAGS -u MFLAGS make -s -C "${top_builddir:?}" distdir distdir=$tarball 2>&1)
if files=$(git -c safe.directory='*' ls-files); then
	missing=$(printf '%s\n' "$files" | grep -vxF .gitignore | while read -r file; do
		[ -e "$top_builddir/$tarball/$file" ] || printf '%s\n' "$file"
	done)
else
	missing='git ls-files failed'
fi
if [ -z "$missing" ] && [ -e "$top_builddir/$tarball/configure" ]; then
	printf 'ok 1 - every file is in the tarball\n'
else
	printf 'not ok 1 - every file is in the tarball\n'
	printf '%s\n' "$missing" "$log" | sed 's/^/# /'
fi
chmod -R u+w "$top_builddir/$tarball"
rm -rf "${top_builddir:?}/$tarball"
