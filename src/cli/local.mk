# src/cli - the command
#
# Shape of the program; uncomment with the first source files:
# bin_PROGRAMS += muster
# muster_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(QRENCODE_CFLAGS) $(JANSSON_CFLAGS)
# muster_LDADD = libdirectory.la libcore.la libconf.la libcommon.la $(QRENCODE_LIBS) $(JANSSON_LIBS) $(LTLIBINTL)
# muster_SOURCES = src/cli/main.c
