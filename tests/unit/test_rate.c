/*
 * test_rate.c - a burst, then one in a while, whoever else comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rate.h"

#define NOW 1856430000LL
#define BURST 20
#define EVERY 120

static struct rate rate;

static void
begin(void)
{
	memset(&rate, 0, sizeof(rate));
	rate.burst = BURST;
	rate.every_sec = EVERY;
}

/* taken - how many of n a caller gets */
static int
taken(uint32_t caller, int n, int64_t now)
{
	int i, got = 0;

	for (i = 0; i < n; i++)
		got += rate_take(&rate, &caller, sizeof(caller), now);
	return got;
}

static void
a_burst_then_one_in_a_while(void **state)
{
	int64_t now;
	int got = 0;

	(void)state;
	begin();
	assert_int_equal(taken(1, 100, NOW), BURST);
	assert_int_equal(taken(1, 1, NOW + EVERY - 1), 0);
	assert_int_equal(taken(1, 5, NOW + EVERY), 1);
	assert_int_equal(taken(1, 5, NOW + 3 * EVERY), 2);
	for (now = NOW + 10 * EVERY; now < NOW + 10 * EVERY + 86400; now++)
		got += taken(1, 1, now);
	assert_in_range(got, 86400 / EVERY, 86400 / EVERY + BURST);
	assert_int_equal(taken(1, 100, now + 86400), BURST);
}

static void
callers_do_not_share(void **state)
{
	uint32_t i;

	(void)state;
	begin();
	for (i = 0; i < RATE_CALLERS; i++)
		assert_int_equal(taken(i + 1, 100, NOW), BURST);
	/* who comes when all places are taken gets the place that is free first; who is at it longest waits on */
	assert_int_equal(taken(RATE_CALLERS + 1, 100, NOW), BURST);
	assert_int_equal(taken(RATE_CALLERS, 100, NOW), 0);
}

static void
clocks_that_jump(void **state)
{
	(void)state;
	begin();
	assert_int_equal(taken(1, 100, NOW), BURST);
	/* an hour back: no more than a whole burst has to be waited for */
	assert_int_equal(taken(1, 1, NOW - 3600), 0);
	assert_int_equal(taken(1, 1, NOW - 3600 + EVERY), 1);
	assert_int_equal(taken(1, 100, NOW + 40 * 86400), BURST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_then_one_in_a_while),
		cmocka_unit_test(callers_do_not_share),
		cmocka_unit_test(clocks_that_jump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
