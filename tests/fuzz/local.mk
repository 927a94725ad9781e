# tests/fuzz - parsers of what strangers control, over their corpora (see tests/local.mk)

fuzz_tests += \
	tests/fuzz/fuzz_application \
	tests/fuzz/fuzz_apps \
	tests/fuzz/fuzz_budget \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_frame \
	tests/fuzz/fuzz_lists \
	tests/fuzz/fuzz_stored \
	tests/fuzz/fuzz_text \
	tests/fuzz/fuzz_values

tests_fuzz_fuzz_application_SOURCES = tests/fuzz/fuzz_application.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_apps_SOURCES = tests/fuzz/fuzz_apps.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_budget_SOURCES = tests/fuzz/fuzz_budget.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c tests/fuzz/stub_main.c
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c tests/fuzz/stub_main.c
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
	tests/fuzz/corpus/frame \
	tests/fuzz/corpus/lists \
	tests/fuzz/corpus/stored \
	tests/fuzz/corpus/text \
	tests/fuzz/corpus/values
