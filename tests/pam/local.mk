# tests/pam - the built module, loaded by libpam from a service file of its own

pam_application = \
	tests/pam/application.c \
	tests/pam/application.h \
	tests/pam/fake_gate.c \
	tests/pam/fake_gate.h

pam_tests += \
	tests/pam/test_faults \
	tests/pam/test_nth \
	tests/pam/test_returns

tests_pam_test_faults_SOURCES = tests/pam/test_faults.c $(pam_application)
tests_pam_test_nth_SOURCES = tests/pam/test_nth.c $(pam_application)
tests_pam_test_returns_SOURCES = tests/pam/test_returns.c $(pam_application)

# The objects that ship, with calls that can be made to fail. Not installed; -rpath makes libtool build a shared module.
check_LTLIBRARIES += pam_faulty.la
pam_faulty_la_SOURCES = tests/pam/fault_wrap.c tests/pam/fault_wrap.h
pam_faulty_la_LIBADD = libpammodule.la libclient.la libproto.la libcommon.la $(PAM_LIBS)
pam_faulty_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath $(abs_builddir)/nowhere \
	-export-symbols $(top_srcdir)/tests/pam/fault_wrap.sym \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=strdup,--wrap=recv,--wrap=send,--wrap=connect,--wrap=socket \
	-Wl,--wrap=getsockopt,--wrap=poll,--wrap=lstat
EXTRA_DIST += tests/pam/fault_wrap.sym
