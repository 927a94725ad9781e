# src/core - the rules as pure functions

noinst_LTLIBRARIES += libcore.la

libcore_la_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS) $(OATH_CFLAGS)
libcore_la_LIBADD = $(SODIUM_LIBS) $(OATH_LIBS) $(UNISTRING_LIBS)
libcore_la_SOURCES = \
	src/core/application.c \
	src/core/application.h \
	src/core/apppw.c \
	src/core/apppw.h \
	src/core/apppw_text.c \
	src/core/base64.c \
	src/core/base64.h \
	src/core/breached.c \
	src/core/breached.h \
	src/core/budget.c \
	src/core/budget.h \
	src/core/budget_text.c \
	src/core/card.c \
	src/core/card.h \
	src/core/codecount.c \
	src/core/codecount.h \
	src/core/context.c \
	src/core/context.h \
	src/core/country.h \
	src/core/document.c \
	src/core/document.h \
	src/core/facts.c \
	src/core/facts.h \
	src/core/init.c \
	src/core/init.h \
	src/core/keyring.c \
	src/core/keyring.h \
	src/core/keyring_text.c \
	src/core/network.c \
	src/core/network.h \
	src/core/nfkc.c \
	src/core/nfkc.h \
	src/core/payment.c \
	src/core/payment.h \
	src/core/numbers.c \
	src/core/numbers.h \
	src/core/notice.c \
	src/core/notice.h \
	src/core/policy.c \
	src/core/policy.h \
	src/core/pwhash.c \
	src/core/pwhash.h \
	src/core/pwrules.c \
	src/core/pwrules.h \
	src/core/rate.c \
	src/core/rate.h \
	src/core/seal.c \
	src/core/seal.h \
	src/core/signup.c \
	src/core/signup.h \
	src/core/service.c \
	src/core/service.h \
	src/core/token.c \
	src/core/token.h \
	src/core/token_text.c \
	src/core/totp.c \
	src/core/totp.h \
	src/core/totp_text.c \
	src/core/wordlist.c \
	src/core/wordlist.h
nodist_libcore_la_SOURCES = src/core/country_codes.c src/core/wordlist_packaged.c

# Countries as iso-codes has them when this is built.
src/core/country_codes.c: $(ISO_3166_JSON) $(srcdir)/src/core/country.awk
	$(AM_V_GEN)$(MKDIR_P) src/core && \
	LC_ALL=C $(AWK) -f $(srcdir)/src/core/country.awk $(ISO_3166_JSON) > $@.new && mv $@.new $@

# The list is compiled in, so that no file can be missing; it is installed for people to read, with its licence.
src/core/wordlist_packaged.c: $(srcdir)/src/core/common-passwords.txt $(srcdir)/src/core/wordlist.awk
	$(AM_V_GEN)$(MKDIR_P) src/core && \
	LC_ALL=C $(AWK) -f $(srcdir)/src/core/wordlist.awk $(srcdir)/src/core/common-passwords.txt > $@.new && mv $@.new $@

dist_pkgdata_DATA += src/core/common-passwords.txt
EXTRA_DIST += src/core/country.awk src/core/wordlist.awk
CLEANFILES += src/core/country_codes.c src/core/wordlist_packaged.c

unit_tests += \
	tests/unit/test_application \
	tests/unit/test_apppw \
	tests/unit/test_base64 \
	tests/unit/test_breached \
	tests/unit/test_budget \
	tests/unit/test_card \
	tests/unit/test_codecount \
	tests/unit/test_context \
	tests/unit/test_core_memory \
	tests/unit/test_facts \
	tests/unit/test_keyring \
	tests/unit/test_payment \
	tests/unit/test_policy \
	tests/unit/test_network \
	tests/unit/test_numbers \
	tests/unit/test_pwhash \
	tests/unit/test_pwrules \
	tests/unit/test_rate \
	tests/unit/test_seal \
	tests/unit/test_signup \
	tests/unit/test_service \
	tests/unit/test_token \
	tests/unit/test_totp \
	tests/unit/test_wordlist

tests_unit_test_pwhash_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=crypto_pwhash,--wrap=crypto_pwhash_str_alg
tests_unit_test_core_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=sodium_malloc
