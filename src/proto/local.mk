# src/proto - the socket protocol between pam_muster.so and the gate

noinst_LTLIBRARIES += libproto.la

libproto_la_SOURCES = \
	src/proto/proto.c \
	src/proto/proto.h

unit_tests += tests/unit/test_proto
