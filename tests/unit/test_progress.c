/*
 * test_progress.c - how far a long command is: on a terminal only, with rate and time left. The clock is ours here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"

#define SHOWN_MAX 4096

static int64_t now_ms;
static int on_terminal;

int64_t __wrap_clock_mono_ms(void);
int __wrap_isatty(int fd);

int64_t
__wrap_clock_mono_ms(void)
{
	return now_ms;
}

int
__wrap_isatty(int fd)
{
	(void)fd;
	return on_terminal;
}

/* What a run of 100 s over 1000 rows prints, looked at once a second up to the given one. */
static void
run(const char *quiet, uint64_t first, int seconds, char shown[SHOWN_MAX])
{
	static struct session s;
	struct progress p;
	FILE *file = tmpfile(), *saved = stderr;
	size_t n;
	int i;

	assert_non_null(file);
	s.args.value[OPT_QUIET] = quiet;
	now_ms = 5000;
	stderr = file;
	progress_begin(&p, &s, "writing", first);
	for (i = 1; i <= seconds; i++) {
		now_ms += 1000;
		progress_at(&p, first + 10 * (uint64_t)i, 10 * (uint64_t)i, 1000);
	}
	stderr = saved;
	rewind(file);
	n = fread(shown, 1, SHOWN_MAX - 1, file);
	shown[n] = '\0';
	fclose(file);
}

static void
bar(void **state)
{
	char shown[SHOWN_MAX];

	(void)state;
	on_terminal = 1;
	run(NULL, 0, 50, shown);
	assert_non_null(strstr(shown, "[############............] writing: 500 rows, 10 a second, 0:50 left"));
	run(NULL, 1234560, 25, shown);
	assert_non_null(strstr(shown, "[######..................] writing: 1,234,810 rows, 10 a second, 1:15 left"));
	run(NULL, 0, 1, shown);
	assert_non_null(strstr(shown, "writing: 10 rows, 10 a second"));
	assert_null(strstr(shown, "left"));
}

static void
nothing_elsewhere(void **state)
{
	char shown[SHOWN_MAX];

	(void)state;
	on_terminal = 0;
	run(NULL, 0, 50, shown);
	assert_string_equal(shown, "");
	on_terminal = 1;
	run("", 0, 50, shown);
	assert_string_equal(shown, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bar), cmocka_unit_test(nothing_elsewhere) };

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
