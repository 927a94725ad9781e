#!/bin/bash
# sanitized.sh - run slapd (or another program that is not ours) with our modules built by --enable-sanitizers: the
# runtime they need must be loaded first. MUSTER_SLAPD_WRAPPER of such a build. Leaks of slapd itself are not judged.
export LD_PRELOAD="${MUSTER_PRELOAD:?set by make check}${LD_PRELOAD:+ $LD_PRELOAD}"
export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0:suppressions="${BASH_SOURCE[0]%/*}/asan.supp"
exec "$@"
