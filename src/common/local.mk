# src/common - libcommon: libc only, since the PAM module links it. libconf: the configuration file (libinih).

noinst_LTLIBRARIES += libcommon.la libconf.la

libcommon_la_SOURCES = \
	src/common/address.c \
	src/common/address.h \
	src/common/buf.c \
	src/common/buf.h \
	src/common/clock.c \
	src/common/clock.h \
	src/common/err.c \
	src/common/err.h \
	src/common/log.c \
	src/common/log.h \
	src/common/secret.c \
	src/common/secret.h \
	src/common/text.c \
	src/common/text.h \
	src/common/text_time.c

libconf_la_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(INIH_CFLAGS)
libconf_la_LIBADD = $(INIH_LIBS)
libconf_la_SOURCES = \
	src/common/conf.c \
	src/common/conf.h \
	src/common/conf_check.c \
	src/common/conf_file.c \
	src/common/conf_file.h \
	src/common/conf_table.c

unit_tests += \
	tests/unit/test_buf \
	tests/unit/test_clock \
	tests/unit/test_conf \
	tests/unit/test_err \
	tests/unit/test_log \
	tests/unit/test_secret \
	tests/unit/test_text

tests_unit_test_secret_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
