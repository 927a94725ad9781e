# muster-flags.m4 - warnings, hardening, --enable-werror, --enable-sanitizers=LIST
#
# MUSTER_FLAGS sets MUSTER_CFLAGS and MUSTER_LDFLAGS for everything we compile, and the conditional SANITIZERS.
# Optimisation and debugging stay the builder's (CFLAGS).

AC_DEFUN([MUSTER_FLAGS], [
AC_ARG_ENABLE([werror],
	[AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
	[], [enable_werror=no])
AC_ARG_ENABLE([sanitizers],
	[AS_HELP_STRING([--enable-sanitizers=LIST], [compile with -fsanitize=LIST, for example address,undefined])],
	[], [enable_sanitizers=no])

MUSTER_CFLAGS="-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat-security -Wvla"
AS_IF([test "x$enable_werror" = xyes], [MUSTER_CFLAGS="$MUSTER_CFLAGS -Werror"])
MUSTER_LDFLAGS="-Wl,-z,relro -Wl,-z,now"
muster_sanitizers=
AS_CASE([$enable_sanitizers],
	[no], [MUSTER_CFLAGS="$MUSTER_CFLAGS -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"],
	[yes], [AC_MSG_ERROR([--enable-sanitizers needs a list, for example --enable-sanitizers=address,undefined])],
	[muster_sanitizers=$enable_sanitizers
	 MUSTER_CFLAGS="$MUSTER_CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
	 MUSTER_LDFLAGS="$MUSTER_LDFLAGS -fsanitize=$enable_sanitizers"
	 save_CFLAGS=$CFLAGS
	 CFLAGS="$CFLAGS -fsanitize=$enable_sanitizers"
	 AC_MSG_CHECKING([whether $CC can link with -fsanitize=$enable_sanitizers])
	 AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
		[AC_MSG_RESULT([no])
		 AC_MSG_ERROR([$CC cannot build with -fsanitize=$enable_sanitizers])])
	 CFLAGS=$save_CFLAGS])
AC_SUBST([MUSTER_CFLAGS])
AC_SUBST([MUSTER_LDFLAGS])
AC_SUBST([SANITIZERS], [$muster_sanitizers])
AM_CONDITIONAL([SANITIZED], [test -n "$muster_sanitizers"])
])
