/*
 * test_clock.c - the two clocks: seconds since 1970, and milliseconds that never go back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>

#include "common/clock.h"

static void
now_is_the_system_time(void **state)
{
	int64_t before = (int64_t)time(NULL);
	int64_t now = clock_now();
	int64_t after = (int64_t)time(NULL);

	(void)state;
	assert_true(before <= now && now <= after);
}

static void
milliseconds_never_go_back(void **state)
{
	struct timespec ts;
	int64_t last = clock_mono_ms(), ms;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		ms = clock_mono_ms();
		assert_true(ms >= last);
		last = ms;
	}
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	assert_true(last <= ms && clock_mono_ms() >= ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_is_the_system_time),
		cmocka_unit_test(milliseconds_never_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
