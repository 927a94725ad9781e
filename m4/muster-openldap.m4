# muster-openldap.m4 - --with-openldap-source=DIR
#
# The overlay is compiled against slapd's private headers, and a module built with other settings than the slapd
# that loads it is loaded without complaint and then reads the wrong fields. So the tree's version must be that of the
# installed slapd, and the settings that change the layout of slapd's structures must be those of Debian's build.
#
# Sets OPENLDAP_SOURCE, SLAPD and the conditional OVERLAY.

AC_DEFUN([MUSTER_OPENLDAP_SOURCE], [
AC_ARG_WITH([openldap-source],
	[AS_HELP_STRING([--with-openldap-source=DIR],
		[configured OpenLDAP source tree of the installed slapd, as contrib/slapd-headers prints it;
		 --without-openldap-source builds everything but the overlay])],
	[], [with_openldap_source=])
AC_PATH_PROG([SLAPD], [slapd], [], [/usr/sbin:/usr/local/sbin:$PATH])

OPENLDAP_SOURCE=
muster_overlay_summary="not built (--without-openldap-source)"
muster_headers_hint="use --with-openldap-source=\"\$(contrib/slapd-headers)\", or --without-openldap-source to build without the overlay"
AS_CASE([$with_openldap_source],
	[no], [],
	[''|yes], [AC_MSG_ERROR([the overlay needs the source tree of the installed slapd: $muster_headers_hint])],
	[MUSTER_OPENLDAP_CHECK([$with_openldap_source])
	 OPENLDAP_SOURCE=$with_openldap_source
	 muster_overlay_summary="slapd $muster_source_version headers in $OPENLDAP_SOURCE"])
AC_SUBST([OPENLDAP_SOURCE])
AM_CONDITIONAL([OVERLAY], [test -n "$OPENLDAP_SOURCE"])
])

# MUSTER_OPENLDAP_CHECK(dir) - stop unless dir is configured, of the right version, with the right settings
AC_DEFUN([MUSTER_OPENLDAP_CHECK], [
AC_MSG_CHECKING([OpenLDAP source in $1])
AS_CASE([$1], [/*], [], [AC_MSG_ERROR([--with-openldap-source takes an absolute path, not $1])])
for muster_file in include/portable.h include/ldap_config.h include/ldap_features.h servers/slapd/slap.h; do
	AS_IF([test -r "$1/$muster_file"], [],
		[AC_MSG_ERROR([$1/$muster_file is missing, so that is no configured OpenLDAP source tree: $muster_headers_hint])])
done
muster_source_version=`$SED -n 's/^#define LDAP_VENDOR_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$1/include/ldap_features.h" |
	tr '\n' . | $SED 's/\.$//'`
AC_MSG_RESULT([$muster_source_version])

for muster_define in LDAP_SLAPI SLAP_DYNACL HAVE_TLS HAVE_GNUTLS SLAPD_MODULES; do
	AS_IF([grep -q "^#define $muster_define 1" "$1/include/portable.h"], [],
		[AC_MSG_ERROR([$1 was configured without $muster_define, unlike Debian's slapd: $muster_headers_hint])])
done

AS_IF([test -n "$SLAPD"],
	[AC_MSG_CHECKING([version of $SLAPD])
	 # -VV prints and ends; -V would go on and start a server
	 muster_slapd_version=`$SLAPD -VV 2>&1 | $SED -n 's/.*slapd \([[0-9]][[0-9.]]*\).*/\1/p' | $SED -n 1p`
	 AC_MSG_RESULT([$muster_slapd_version])
	 AS_IF([test "x$muster_slapd_version" = "x$muster_source_version"], [],
		[AC_MSG_ERROR([$1 is OpenLDAP $muster_source_version but $SLAPD is $muster_slapd_version: $muster_headers_hint])])],
	[AC_MSG_WARN([no slapd here to compare version $muster_source_version with; the overlay checks again when it is loaded])])
])
