# src/musterd - parent, gate, courier
#
# Shape of the program; uncomment with the first source files:
# sbin_PROGRAMS += musterd
# musterd_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(CURL_CFLAGS)
# musterd_LDADD = libproto.la libdirectory.la libcore.la libconf.la libcommon.la $(CURL_LIBS) $(LTLIBINTL)
# musterd_SOURCES = src/musterd/main.c
