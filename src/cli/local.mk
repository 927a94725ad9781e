# src/cli - the command

bin_PROGRAMS += muster

muster_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(QRENCODE_CFLAGS) $(JANSSON_CFLAGS)
muster_LDADD = libdirectory.la libcore.la libconf.la libcommon.la $(QRENCODE_LIBS) $(JANSSON_LIBS)
muster_SOURCES = \
	src/cli/cli.h \
	src/cli/commands.c \
	src/cli/init.c \
	src/cli/init.h \
	src/cli/init_access.c \
	src/cli/init_config.c \
	src/cli/init_files.c \
	src/cli/init_tree.c \
	src/cli/ldif.c \
	src/cli/ldif.h \
	src/cli/main.c \
	src/cli/member.c \
	src/cli/names.c \
	src/cli/org.c \
	src/cli/otp.c \
	src/cli/output.c \
	src/cli/password.c \
	src/cli/prompt.c \
	src/cli/qr.c \
	src/cli/record.c \
	src/cli/session.c \
	src/cli/who.c
nodist_muster_SOURCES = src/cli/templates.c

src/cli/templates.c: src/cli/templates.awk $(muster_init_ldif) $(muster_policies_ldif)
	$(AM_V_GEN)$(MKDIR_P) src/cli && cd $(srcdir) && \
	$(AWK) -f src/cli/templates.awk $(muster_init_ldif) $(muster_policies_ldif) \
		> $(abs_builddir)/src/cli/templates.c.new && \
	mv $(abs_builddir)/src/cli/templates.c.new $(abs_builddir)/src/cli/templates.c

EXTRA_DIST += src/cli/templates.awk
CLEANFILES += src/cli/templates.c
