# src/directory - every libldap call of the client side

noinst_LTLIBRARIES += libdirectory.la

libdirectory_la_LIBADD = $(LDAP_LIBS)
libdirectory_la_SOURCES = \
	src/directory/build.c \
	src/directory/connect.c \
	src/directory/connection.c \
	src/directory/directory.h \
	src/directory/exop.c \
	src/directory/exop_app.c \
	src/directory/exop_organization.c \
	src/directory/exop_claim.c \
	src/directory/exop_codec.c \
	src/directory/follow.c \
	src/directory/internal.h \
	src/directory/login.c \
	src/directory/memory.c \
	src/directory/search.c \
	src/directory/write.c

unit_tests += tests/unit/test_directory_answers tests/unit/test_directory_text
tests_unit_test_directory_answers_SOURCES = \
	tests/unit/scripted_server.c \
	tests/unit/scripted_server.h \
	tests/unit/test_directory_answers.c
