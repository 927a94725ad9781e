# tests - everything `make check` runs speaks TAP.
#
# Each folder's local.mk adds the tests of its folder to these lists (they begin in Makefile.am):
#   unit_tests         programs tests/unit/test_NAME: cmocka, one group of tests, source and libraries by default
#   pam_tests          programs tests/pam/test_NAME: the same; the built module is $PAM_MUSTER_SO
#   fuzz_tests         programs tests/fuzz/fuzz_NAME of fuzz_NAME.c (LLVMFuzzerTestOneInput) and stub_main.c, which
#                      runs each file of tests/fuzz/corpus/NAME, whole, cut off and mutated
#   integration_tests  tests/integration/test_NAME.py, run when the overlay is built
#   script_tests       tests/test_NAME.sh
# A program with needs of its own sets tests_unit_test_NAME_LDADD and so on.

check_PROGRAMS += $(unit_tests) $(pam_tests) $(fuzz_tests)
LDADD = libclient.la libproto.la libdirectory.la libcore.la libconf.la libcommon.la $(PAM_LIBS) $(CMOCKA_LIBS)

script_tests += \
	tests/test_layers.sh \
	tests/test_named_faults.sh \
	tests/test_scripts.sh \
	tests/test_symbols.sh \
	tests/test_tarball.sh

EXTRA_DIST += \
	$(integration_tests) \
	$(script_tests) \
	tests/lib/asan.supp \
	tests/lib/keep_locale.c \
	tests/lib/memcheck.awk \
	tests/lib/memcheck.sh \
	tests/lib/sanitized.sh \
	tests/test_memcheck.sh

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .py .sh
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash

# What a test may count on. MUSTER_SLAPD_WRAPPER, when not empty, is put before slapd's command line, MUSTER_PRELOAD is the
# LD_PRELOAD of any other program that is not ours and loads one of our modules.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	MUSTER_SO='$(abs_top_builddir)/src/slapd/.libs/muster.so'; export MUSTER_SO; \
	PAM_MUSTER_SO='$(abs_top_builddir)/.libs/pam_muster.so'; export PAM_MUSTER_SO; \
	PAM_FAULTY_SO='$(abs_top_builddir)/.libs/pam_faulty.so'; export PAM_FAULTY_SO; \
	SLAPD='$(SLAPD)'; export SLAPD; \
	OPENLDAP_SOURCE='$(OPENLDAP_SOURCE)'; export OPENLDAP_SOURCE; \
	SANITIZERS='$(SANITIZERS)'; export SANITIZERS; \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	$(sanitizer_environment)

# slapd and pamtester are not built with sanitizers, our modules are: the runtime has to be there before them. slapd's own
# leaks are not ours to judge; those of our files are found by check-valgrind.
if SANITIZED
check_LTLIBRARIES += tests/lib/keep_locale.la
tests_lib_keep_locale_la_SOURCES = tests/lib/keep_locale.c
tests_lib_keep_locale_la_CFLAGS = -Wall
tests_lib_keep_locale_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

sanitizer_libraries = $(shell echo '$(SANITIZERS)' | tr , '\n' | \
	sed -n 's/^address$$/libasan.so/p; s/^undefined$$/libubsan.so/p' | while read lib; do $(CC) -print-file-name=$$lib; done)
sanitizer_environment = \
	MUSTER_PRELOAD="`echo $(sanitizer_libraries)` $(abs_top_builddir)/tests/lib/.libs/keep_locale.so"; \
	export MUSTER_PRELOAD; \
	ASAN_OPTIONS=verify_asan_link_order=0; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS; \
	MUSTER_SLAPD_WRAPPER='bash $(abs_top_srcdir)/tests/lib/sanitized.sh'; export MUSTER_SLAPD_WRAPPER;
else
sanitizer_environment =
endif

TESTS = $(unit_tests) $(pam_tests) $(fuzz_tests) $(script_tests)
if OVERLAY
TESTS += $(integration_tests)
endif

# The integration tests with slapd under valgrind: any error with a frame in one of our files is a failure. Before them the gate
# under helgrind.
memcheck_environment = \
	MEMCHECK_DIR='$(abs_top_builddir)/tests/memcheck' VALGRIND='$(VALGRIND)' \
	MUSTER_SLAPD_WRAPPER='bash $(abs_top_srcdir)/tests/lib/memcheck.sh'

.PHONY: check-valgrind
check-valgrind: all $(check_PROGRAMS)
if SANITIZED
	@echo "check-valgrind needs a build without --enable-sanitizers" >&2; exit 1
endif
	@rm -rf tests/memcheck && $(MKDIR_P) tests/memcheck
	@status=0; export VALGRIND='$(VALGRIND)'; \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(race_tests)' || status=1; \
	export $(memcheck_environment); \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(integration_tests)' || status=1; \
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='tests/test_memcheck.sh' || status=1; \
	exit $$status

clean-local:
	rm -rf tests/memcheck tests/tarball
