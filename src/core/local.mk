# src/core - the rules as pure functions

noinst_LTLIBRARIES += libcore.la

libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS) $(OATH_CFLAGS)
libcore_la_LIBADD = $(SODIUM_LIBS) $(OATH_LIBS) $(UNISTRING_LIBS)
libcore_la_SOURCES = \
	src/core/init.c \
	src/core/init.h \
	src/core/keyring.c \
	src/core/keyring.h \
	src/core/nfkc.c \
	src/core/nfkc.h \
	src/core/pwhash.c \
	src/core/pwhash.h \
	src/core/pwrules.c \
	src/core/pwrules.h \
	src/core/seal.c \
	src/core/seal.h \
	src/core/token.c \
	src/core/token.h \
	src/core/token_text.c \
	src/core/totp.c \
	src/core/totp.h \
	src/core/totp_text.c

# unit_tests += tests/unit/test_NAME    (source tests/unit/test_NAME.c, see tests/local.mk)
