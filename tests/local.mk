# tests - each folder's local.mk adds its unit tests to unit_tests, by program name: source NAME.c, linked as below

check_PROGRAMS += $(unit_tests)
LDADD = libdirectory.la libproto.la libcore.la libconf.la libcommon.la $(CMOCKA_LIBS)

LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_EXTENSIONS = .py .sh
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = bash

AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

TESTS = $(unit_tests) $(script_tests)
