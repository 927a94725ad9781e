# pam_module - pam_muster.so. Loaded into sshd, sudo and login: links libpam and libc, nothing else.
#
# libpammodule is everything; the module itself is that library and an export list, so tests link what ships.

noinst_LTLIBRARIES += libpammodule.la
libpammodule_la_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS)
libpammodule_la_SOURCES = \
	pam_module/module.h \
	pam_module/call.c \
	pam_module/change.c \
	pam_module/converse.c \
	pam_module/enrol.c \
	pam_module/login.c \
	pam_module/options.c \
	pam_module/pam_muster.c \
	pam_module/terminal.c

pam_LTLIBRARIES += pam_muster.la
pam_muster_la_SOURCES =
pam_muster_la_LIBADD = libpammodule.la libclient.la libproto.la libcommon.la $(PAM_LIBS)
pam_muster_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-export-symbols $(top_srcdir)/pam_module/exports.sym
EXTRA_DIST += pam_module/exports.sym

# libpam opens the .so; a .la beside it helps nobody.
install-exec-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_muster.la

uninstall-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_muster.so
