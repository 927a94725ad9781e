# src/cli - the command

bin_PROGRAMS += muster

# Readers of what people bring, apart so that they can be tested and fuzzed
noinst_LTLIBRARIES += libfiles.la
libfiles_la_CPPFLAGS = $(AM_CPPFLAGS) $(SODIUM_CFLAGS)
libfiles_la_LIBADD = $(SODIUM_LIBS)
libfiles_la_SOURCES = \
	src/cli/csv.c \
	src/cli/csv.h \
	src/cli/ldif.c \
	src/cli/ldif.h \
	src/cli/ldif_read.c \
	src/cli/seen.c \
	src/cli/seen.h

muster_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(SODIUM_CFLAGS) $(QRENCODE_CFLAGS) $(JANSSON_CFLAGS)
muster_LDADD = libfiles.la libclient.la libproto.la libdirectory.la libcore.la libconf.la libcommon.la $(QRENCODE_LIBS) $(JANSSON_LIBS)
muster_SOURCES = \
	src/cli/account.c \
	src/cli/account_address.c \
	src/cli/adopt.c \
	src/cli/adopt.h \
	src/cli/adopt_access.c \
	src/cli/adopt_factor.c \
	src/cli/adopt_look.c \
	src/cli/adopt_write.c \
	src/cli/app_password.c \
	src/cli/application.c \
	src/cli/application.h \
	src/cli/application_decide.c \
	src/cli/application_document.c \
	src/cli/application_show.c \
	src/cli/certificate.c \
	src/cli/certificate.h \
	src/cli/cli.h \
	src/cli/commands.c \
	src/cli/doctor.c \
	src/cli/doctor.h \
	src/cli/doctor_access.c \
	src/cli/doctor_access.h \
	src/cli/doctor_access_who.c \
	src/cli/doctor_clock.c \
	src/cli/doctor_config.c \
	src/cli/doctor_data.c \
	src/cli/doctor_member.c \
	src/cli/doctor_musterd.c \
	src/cli/doctor_owed.c \
	src/cli/doctor_pam.c \
	src/cli/doctor_policy.c \
	src/cli/doctor_slapd.c \
	src/cli/doctor_sshd.c \
	src/cli/export.c \
	src/cli/import.c \
	src/cli/import.h \
	src/cli/import_check.c \
	src/cli/import_source.c \
	src/cli/import_write.c \
	src/cli/init.c \
	src/cli/init.h \
	src/cli/init_access.c \
	src/cli/init_config.c \
	src/cli/init_files.c \
	src/cli/init_tree.c \
	src/cli/invite.c \
	src/cli/key.c \
	src/cli/key.h \
	src/cli/key_file.c \
	src/cli/key_use.c \
	src/cli/key_ids.c \
	src/cli/key_ids.h \
	src/cli/journal.c \
	src/cli/journal.h \
	src/cli/main.c \
	src/cli/member.c \
	src/cli/member_facts.c \
	src/cli/member_failures.c \
	src/cli/member_facts.h \
	src/cli/names.c \
	src/cli/ordered.c \
	src/cli/ordered.h \
	src/cli/org.c \
	src/cli/otp.c \
	src/cli/output.c \
	src/cli/pam_stack.c \
	src/cli/pam_stack.h \
	src/cli/pam_walk.c \
	src/cli/password.c \
	src/cli/pipeline.c \
	src/cli/pipeline.h \
	src/cli/payment.c \
	src/cli/policy.c \
	src/cli/policy_facts.c \
	src/cli/policy_facts.h \
	src/cli/progress.c \
	src/cli/progress.h \
	src/cli/prompt.c \
	src/cli/qr.c \
	src/cli/record.c \
	src/cli/row.c \
	src/cli/row.h \
	src/cli/rows.c \
	src/cli/run.c \
	src/cli/run.h \
	src/cli/service.c \
	src/cli/session.c \
	src/cli/signup.c \
	src/cli/slapd_process.c \
	src/cli/slapd_process.h \
	src/cli/slapcat.c \
	src/cli/uninstall.c \
	src/cli/uninstall.h \
	src/cli/uninstall_config.c \
	src/cli/uninstall_data.c \
	src/cli/who.c
nodist_muster_SOURCES = src/cli/templates.c

src/cli/templates.c: src/cli/templates.awk $(muster_init_ldif) $(muster_policies_ldif)
	$(AM_V_GEN)$(MKDIR_P) src/cli && cd $(srcdir) && \
	$(AWK) -f src/cli/templates.awk $(muster_init_ldif) $(muster_policies_ldif) \
		> $(abs_builddir)/src/cli/templates.c.new && \
	mv $(abs_builddir)/src/cli/templates.c.new $(abs_builddir)/src/cli/templates.c

EXTRA_DIST += src/cli/templates.awk
CLEANFILES += src/cli/templates.c

unit_tests += tests/unit/test_progress

tests_unit_test_progress_CPPFLAGS = $(muster_CPPFLAGS)
tests_unit_test_progress_SOURCES = tests/unit/test_progress.c src/cli/progress.c
tests_unit_test_progress_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_mono_ms,--wrap=isatty
