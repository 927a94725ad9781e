# contrib - the two commands of the README and what they share

dist_noinst_SCRIPTS += \
	contrib/check \
	contrib/slapd-headers

EXTRA_DIST += \
	contrib/lib/build.sh
