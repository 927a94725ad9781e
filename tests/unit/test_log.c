/*
 * test_log.c - one call, one line, whatever is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/err.h"
#include "common/log.h"

static int saved_stderr;
static FILE *caught;

/* Standard error of the logger goes to a file, that of the test stays. */
static int
catch_begin(void **state)
{
	(void)state;
	caught = tmpfile();
	saved_stderr = dup(STDERR_FILENO);
	return caught == NULL || saved_stderr < 0 || dup2(fileno(caught), STDERR_FILENO) < 0;
}

static int
catch_end(void **state)
{
	(void)state;
	log_open(NULL, LOG_TO_STDERR, LOG_LEVEL_NOTICE);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(caught);
	return 0;
}

/* All that was written since the last call. */
static const char *
caught_text(void)
{
	static char text[32768];
	size_t len;

	rewind(caught);
	len = fread(text, 1, sizeof(text) - 1, caught);
	text[len] = '\0';
	rewind(caught);
	if (ftruncate(fileno(caught), 0) != 0)
		fail();
	return text;
}

static void
lines_have_name_level_and_error(void **state)
{
	(void)state;
	log_open("muster", LOG_TO_STDERR, LOG_LEVEL_DEBUG);
	log_error("disk %d", 1);
	assert_string_equal(caught_text(), "muster: error: disk 1\n");
	log_notice_r(ERR_TIMEOUT, "peer");
	assert_string_equal(caught_text(), "muster: notice: peer: no answer in time\n");
	log_info("a%s", "b");
	log_debug("c");
	assert_string_equal(caught_text(), "muster: info: ab\nmuster: debug: c\n");
	log_error_r(ERR_IO, "a");
	log_info_r(ERR_IO, "b");
	log_debug_r(ERR_IO, "c");
	assert_string_equal(caught_text(), "muster: error: a: reading or writing failed\n"
	                                   "muster: info: b: reading or writing failed\n"
	                                   "muster: debug: c: reading or writing failed\n");
}

static void
less_important_lines_are_dropped(void **state)
{
	(void)state;
	log_open(NULL, LOG_TO_STDERR, LOG_LEVEL_ERROR);
	log_notice("n");
	log_info("i");
	log_debug("d");
	assert_string_equal(caught_text(), "");
	log_error("e");
	assert_string_equal(caught_text(), "error: e\n");
	log_open(NULL, LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_debug("d");
	assert_string_equal(caught_text(), "");
	log_info("i");
	assert_string_equal(caught_text(), "info: i\n");
}

static void
one_call_is_one_line(void **state)
{
	(void)state;
	log_open(NULL, LOG_TO_STDERR, LOG_LEVEL_NOTICE);
	log_error("user=%s", "eve\nerror: user=root login ok\r\x1b[2J\x7f");
	assert_string_equal(caught_text(), "error: user=eve\\x0aerror: user=root login ok\\x0d\\x1b[2J\\x7f\n");
	log_error("%s", "back\\slash");
	assert_string_equal(caught_text(), "error: back\\\\slash\n");
	/* next line (U+0085), line separator (U+2028), not UTF-8, Korean */
	log_error("%s", "a\xc2\x85" "b\xe2\x80\xa8" "c\xff" "d김");
	assert_string_equal(caught_text(), "error: a\\xc2\\x85b\\xe2\\x80\\xa8c\\xffd김\n");
}

static void
long_lines_are_cut_and_keep_their_error(void **state)
{
	char text[3 * LOG_LINE_MAX];
	const char *line;
	const char *newline;

	(void)state;
	log_open("muster", LOG_TO_STDERR, LOG_LEVEL_NOTICE);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error_r(ERR_SEAL, "%s", text);
	line = caught_text();
	assert_non_null(strstr(line, "xxx...: sealed value is damaged"));
	assert_int_equal(line[strlen(line) - 1], '\n');
	/* every octet escaped is the longest line there is */
	memset(text, '\x01', sizeof(text) - 1);
	log_error("%s", text);
	line = caught_text();
	newline = strchr(line, '\n');
	assert_non_null(newline);
	assert_int_equal(newline[1], '\0');
	assert_int_equal(newline - line, strlen("muster: error: ") + 4 * (LOG_LINE_MAX - 4) + 3);
}

static void
errno_is_left_alone(void **state)
{
	(void)state;
	errno = ENOENT;
	log_error("%s", "x");
	assert_int_equal(errno, ENOENT);
	(void)caught_text();
}

static void
escaping_never_leaves_a_half(void **state)
{
	char out[32];
	size_t size;

	(void)state;
	for (size = 1; size < sizeof(out); size++) {
		memset(out, 'z', sizeof(out));
		log_escape("a\n김b", 6, out, size);
		assert_int_equal(out[size], 'z');
		if (size < 2)
			assert_string_equal(out, "");
		else if (size < 6)
			assert_string_equal(out, "a");
		else if (size < 9)
			assert_string_equal(out, "a\\x0a");
		else if (size < 10)
			assert_string_equal(out, "a\\x0a김");
		else
			assert_string_equal(out, "a\\x0a김b");
	}
	log_escape("x", 1, NULL, 0);
}

static void
syslog_is_a_sink_too(void **state)
{
	(void)state;
	log_open("muster-test", LOG_TO_SYSLOG, LOG_LEVEL_NOTICE);
	log_debug("not sent");
	assert_string_equal(caught_text(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_have_name_level_and_error, catch_begin, catch_end),
		cmocka_unit_test_setup_teardown(less_important_lines_are_dropped, catch_begin, catch_end),
		cmocka_unit_test_setup_teardown(one_call_is_one_line, catch_begin, catch_end),
		cmocka_unit_test_setup_teardown(long_lines_are_cut_and_keep_their_error, catch_begin, catch_end),
		cmocka_unit_test_setup_teardown(errno_is_left_alone, catch_begin, catch_end),
		cmocka_unit_test(escaping_never_leaves_a_half),
		cmocka_unit_test_setup_teardown(syslog_is_a_sink_too, catch_begin, catch_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
