# src/directory - every libldap call of the client side

noinst_LTLIBRARIES += libdirectory.la

libdirectory_la_LIBADD = $(LDAP_LIBS)
libdirectory_la_SOURCES = \
	src/directory/directory.h
