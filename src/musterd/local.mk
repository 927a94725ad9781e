# src/musterd - parent, gate, courier

# A library of its own, so that tests link the objects that ship.
noinst_LTLIBRARIES += libcourier.la
libcourier_la_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS) $(CURL_CFLAGS)
libcourier_la_LIBADD = $(CURL_LIBS) $(LTLIBINTL)
libcourier_la_SOURCES = \
	src/musterd/command.c \
	src/musterd/command.h \
	src/musterd/courier.c \
	src/musterd/courier.h \
	src/musterd/courier_mail.c \
	src/musterd/courier_mail.h \
	src/musterd/courier_payment.c \
	src/musterd/courier_payment.h \
	src/musterd/courier_sms.c \
	src/musterd/courier_sms.h \
	src/musterd/language.c \
	src/musterd/language.h \
	src/musterd/message.c \
	src/musterd/message.h \
	src/musterd/message_kind.c \
	src/musterd/message_kind.h \
	src/musterd/message_sms.c \
	src/musterd/mime.c \
	src/musterd/mime.h \
	src/musterd/schedule.c \
	src/musterd/schedule.h

noinst_LTLIBRARIES += libgate.la
libgate_la_CPPFLAGS = $(AM_CPPFLAGS) $(QRENCODE_CFLAGS)
libgate_la_LIBADD = $(QRENCODE_LIBS)
libgate_la_SOURCES = \
	src/musterd/gate.c \
	src/musterd/gate.h \
	src/musterd/gate_connection.c \
	src/musterd/gate_connection.h \
	src/musterd/gate_enrol.c \
	src/musterd/gate_name.c \
	src/musterd/gate_name.h \
	src/musterd/gate_pool.c \
	src/musterd/gate_pool.h \
	src/musterd/gate_request.c \
	src/musterd/gate_request.h \
	src/musterd/gate_work.c \
	src/musterd/gate_work.h

sbin_PROGRAMS += musterd
musterd_CPPFLAGS = $(AM_CPPFLAGS) $(MUSTER_PATHS)
musterd_LDADD = libgate.la libcourier.la libproto.la libdirectory.la libcore.la libconf.la libcommon.la
musterd_SOURCES = \
	src/musterd/listen.c \
	src/musterd/listen.h \
	src/musterd/main.c \
	src/musterd/parent.c \
	src/musterd/parent.h \
	src/musterd/priv.c \
	src/musterd/priv.h

# Catalogues where a musterd that is not installed finds them: MUSTER_LOCALEDIR=locale
noinst_DATA += locale/ko/LC_MESSAGES/muster.mo
CLEANFILES += locale/ko/LC_MESSAGES/muster.mo
locale/ko/LC_MESSAGES/muster.mo: po/ko.po
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(GMSGFMT) -c -o $@ $<

unit_tests += \
	tests/unit/test_gate_name \
	tests/unit/test_message \
	tests/unit/test_payment_answer \
	tests/unit/test_schedule \
	tests/unit/test_sms
tests_unit_test_gate_name_LDADD = libgate.la $(LDADD)
tests_unit_test_message_LDADD = libcourier.la $(LDADD)
tests_unit_test_payment_answer_LDADD = libcourier.la $(LDADD)
tests_unit_test_schedule_LDADD = libcourier.la $(LDADD)
tests_unit_test_sms_LDADD = libcourier.la $(LDADD)
