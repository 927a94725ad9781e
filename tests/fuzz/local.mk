# tests/fuzz - parsers of what strangers control, over their corpora (see tests/local.mk)

fuzz_tests += \
	tests/fuzz/fuzz_application \
	tests/fuzz/fuzz_apps \
	tests/fuzz/fuzz_budget \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_csv \
	tests/fuzz/fuzz_frame \
	tests/fuzz/fuzz_ldif \
	tests/fuzz/fuzz_lists \
	tests/fuzz/fuzz_stored \
	tests/fuzz/fuzz_text \
	tests/fuzz/fuzz_values

# What comes of a member in a file, read from either form
fuzz_rows = src/cli/names.c src/cli/row.c src/cli/rows.c tests/fuzz/judge_row.c tests/fuzz/judge_row.h

tests_fuzz_fuzz_application_SOURCES = tests/fuzz/fuzz_application.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_apps_SOURCES = tests/fuzz/fuzz_apps.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_budget_SOURCES = tests/fuzz/fuzz_budget.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_csv_CPPFLAGS = $(muster_CPPFLAGS)
tests_fuzz_fuzz_csv_LDADD = libfiles.la $(LDADD) $(SODIUM_LIBS)
tests_fuzz_fuzz_csv_SOURCES = tests/fuzz/fuzz_csv.c tests/fuzz/stub_main.c $(fuzz_rows)
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_ldif_CPPFLAGS = $(muster_CPPFLAGS)
tests_fuzz_fuzz_ldif_LDADD = libfiles.la $(LDADD) $(SODIUM_LIBS)
tests_fuzz_fuzz_ldif_SOURCES = tests/fuzz/fuzz_ldif.c tests/fuzz/stub_main.c $(fuzz_rows)
tests_fuzz_fuzz_lists_SOURCES = tests/fuzz/fuzz_lists.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_stored_SOURCES = tests/fuzz/fuzz_stored.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_stored_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=crypto_pwhash
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz_text.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_values_SOURCES = tests/fuzz/fuzz_values.c tests/fuzz/stub_main.c

EXTRA_DIST += \
	tests/fuzz/corpus/application \
	tests/fuzz/corpus/apps \
	tests/fuzz/corpus/budget \
	tests/fuzz/corpus/conf \
	tests/fuzz/corpus/csv \
	tests/fuzz/corpus/frame \
	tests/fuzz/corpus/ldif \
	tests/fuzz/corpus/lists \
	tests/fuzz/corpus/stored \
	tests/fuzz/corpus/text \
	tests/fuzz/corpus/values
