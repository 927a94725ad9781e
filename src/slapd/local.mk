# src/slapd - the overlay. Its files are compiled with slapd's headers in place of ours: no config.h (it would
# redefine portable.h's macros), and Debian's large-file setting, which decides the layout of slapd's structures.
# slapd's headers are system headers to the compiler, so our warnings are about our files only.

overlay_sources = \
	src/slapd/connections.c \
	src/slapd/courier.c \
	src/slapd/exop.c \
	src/slapd/exop.h \
	src/slapd/exop_decode.c \
	src/slapd/exop_password.c \
	src/slapd/exop_reset.c \
	src/slapd/exop_target.c \
	src/slapd/exop_totp.c \
	src/slapd/internal.c \
	src/slapd/muster.h \
	src/slapd/outbox.c \
	src/slapd/overlay.h \
	src/slapd/password.c \
	src/slapd/queue.c \
	src/slapd/recovery.c \
	src/slapd/write.c \
	src/slapd/write.h \
	src/slapd/write_add.c \
	src/slapd/write_checks.c \
	src/slapd/write_factor.c \
	src/slapd/write_modify.c \
	src/slapd/write_password.c

EXTRA_DIST += $(overlay_sources) src/slapd/exports.sym

if OVERLAY
slapdmod_LTLIBRARIES += src/slapd/muster.la
src_slapd_muster_la_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-I$(top_srcdir)/src -isystem $(OPENLDAP_SOURCE)/include -isystem $(OPENLDAP_SOURCE)/servers/slapd
src_slapd_muster_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols $(top_srcdir)/src/slapd/exports.sym
src_slapd_muster_la_LIBADD = libcore.la libcommon.la
src_slapd_muster_la_DEPENDENCIES = libcore.la libcommon.la src/slapd/exports.sym
src_slapd_muster_la_SOURCES = $(overlay_sources)
endif
