# src/client - connect to the gate, one call per request. libc only: the PAM module links it.

noinst_LTLIBRARIES += libclient.la

libclient_la_SOURCES = \
	src/client/client.c \
	src/client/client.h
