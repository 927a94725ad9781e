/*
 * test_budget.c - failures are counted by source, delays double, a day has its totals, and the stored text is read as it was
 *                 written or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/budget.h"

#define NOW 1800000000LL
#define DAY 86400
#define HOUR 3600

static const struct budget_limits usual = { .threshold = 5, .min_delay_sec = 1, .max_delay_sec = 900, .daily = { 100, 50 } };
static const struct budget_limits locking = { .threshold = 3, .min_delay_sec = 1, .max_delay_sec = 900, .daily = { 100, 50 },
	                                      .lockout = 1 };

static struct budget_from
from(int number, int known)
{
	struct budget_from f = { .known = known };

	snprintf(f.id, sizeof(f.id), "%016d", number);
	return f;
}

static void
fail_times(struct budget *b, enum budget_kind kind, const struct budget_from *f, int times, int64_t now)
{
	while (times-- > 0)
		assert_int_equal(budget_fail(b, kind, &usual, f, now), 0);
}

static void
delays_double_up_to_the_longest(void **state)
{
	static const int delays[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900 };
	struct budget_from f = from(1, 0);
	struct budget b = { 0 };
	int64_t now = NOW;
	size_t i;

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &f, 4, now);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, now), 0);
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		fail_times(&b, BUDGET_PASSWORD, &f, 1, now);
		assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, now + delays[i] - 1), 1);
		assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, now + delays[i]), 0);
		now += delays[i];
	}
}

static void
passwords_and_codes_are_counted_apart(void **state)
{
	struct budget_from f = from(1, 0);
	struct budget b = { 0 };

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &f, 10, NOW);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, NOW), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &f, NOW), 0);
	fail_times(&b, BUDGET_CODE, &f, 5, NOW);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &f, NOW), 1);
}

static void
a_source_does_not_hold_up_another(void **state)
{
	struct budget_from one = from(1, 0), other = from(2, 0);
	struct budget b = { 0 };

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &one, 50, NOW);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &one, NOW), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &other, NOW), 0);
}

/* Sources without number: together they have the day's total, then one try in the longest delay. */
static void
strangers_share_a_day(void **state)
{
	struct budget_from owner = from(1, 1), stranger;
	int64_t now = NOW, end = NOW + DAY;
	struct budget b = { 0 };
	int i, verified = 0;

	(void)state;
	for (i = 0; now < end; i++, now++) {
		stranger = from(100 + i, 0);
		if (budget_throttled(&b, BUDGET_PASSWORD, &usual, &stranger, now))
			continue;
		fail_times(&b, BUDGET_PASSWORD, &stranger, 1, now);
		verified++;
		assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &owner, now), 0);
	}
	assert_in_range(verified, 100 + 95, 100 + 96);
}

static void
a_known_source_keeps_its_own_delay(void **state)
{
	struct budget_from known = from(1, 1), stranger;
	struct budget b = { 0 };
	int i;

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &known, 20, NOW);
	assert_int_equal(b.day[BUDGET_PASSWORD].hours_len, 0);
	for (i = 0; i < 200; i++) {
		stranger = from(100 + i, 0);
		fail_times(&b, BUDGET_PASSWORD, &stranger, 1, NOW);
	}
	assert_int_equal(b.sources_len, BUDGET_SOURCES);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &known, NOW), 1);
	/* the oldest stranger was dropped, the newest was not */
	assert_string_equal(b.sources[BUDGET_SOURCES - 1].id, stranger.id);
}

static void
codes_of_a_day_end(void **state)
{
	int64_t now, in_a_day = 0;
	struct budget b = { 0 };
	int verified[4 * 24] = { 0 }, i, j, sum;

	(void)state;
	for (now = NOW; now < NOW + 4 * DAY; now += 60) {
		struct budget_from f = from((int)((now / 60) % 1000), (int)(now / 60) % 2);

		if (budget_throttled(&b, BUDGET_CODE, &usual, &f, now))
			continue;
		fail_times(&b, BUDGET_CODE, &f, 1, now);
		verified[(now - NOW) / HOUR]++;
	}
	/* whichever 24 hours are looked at */
	for (i = 0; i + 24 <= 4 * 24; i++) {
		for (sum = 0, j = i; j < i + 24; j++)
			sum += verified[j];
		assert_in_range(sum, 0, 50);
		in_a_day = sum > in_a_day ? sum : in_a_day;
	}
	assert_int_equal(in_a_day, 50);
}

static void
a_login_clears_its_own_source(void **state)
{
	struct budget_from own = from(1, 0), other = from(2, 0);
	struct budget b = { 0 };

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &own, 3, NOW);
	fail_times(&b, BUDGET_CODE, &own, 4, NOW);
	fail_times(&b, BUDGET_PASSWORD, &other, 9, NOW);
	budget_login(&b, &own);
	assert_int_equal(b.sources_len, 1);
	assert_string_equal(b.sources[0].id, other.id);
	assert_int_equal(b.sources[0].count[BUDGET_PASSWORD].failures, 9);
	assert_int_equal(b.day[BUDGET_PASSWORD].hours[0].failures, 12);
	assert_int_equal(b.day[BUDGET_CODE].hours[0].failures, 4);
	assert_int_equal(b.since_login[BUDGET_PASSWORD], 0);
}

static void
a_lock_comes_at_the_threshold_from_wherever(void **state)
{
	struct budget b = { 0 };
	struct budget_from f;
	int i;

	(void)state;
	for (i = 1; i <= 9; i++) {
		f = from(i, i % 2);
		assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &locking, &f, NOW), 0);
		assert_int_equal(budget_fail(&b, BUDGET_PASSWORD, &locking, &f, NOW), i % 3 == 0);
	}
	budget_fail(&b, BUDGET_PASSWORD, &locking, &f, NOW);
	budget_fail(&b, BUDGET_CODE, &locking, &f, NOW);
	budget_fail(&b, BUDGET_PASSWORD, &locking, &f, NOW);
	budget_login(&b, &f);
	assert_int_equal(budget_fail(&b, BUDGET_PASSWORD, &locking, &f, NOW), 0);
}

static void
clocks_that_jump(void **state)
{
	struct budget_from f = from(1, 0), g = from(2, 0);
	struct budget b = { 0 };
	int i;

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &f, 30, NOW);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, NOW - 900), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, NOW - 901), 0);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &f, NOW + 900), 0);
	for (i = 0; i < 50; i++)
		fail_times(&b, BUDGET_CODE, &g, 1, NOW - (i % 2) * 2 * HOUR);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &f, NOW), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &f, NOW - 20 * HOUR), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &f, NOW - 400 * DAY), 0);
	fail_times(&b, BUDGET_CODE, &g, 1, NOW - 400 * DAY);
	assert_int_equal(b.day[BUDGET_CODE].hours_len, 1);
	fail_times(&b, BUDGET_CODE, &g, 1, NOW + 400 * DAY);
	assert_int_equal(b.day[BUDGET_CODE].hours_len, 1);
}

static void
a_quiet_month_is_forgiven(void **state)
{
	struct budget_from f = from(1, 0);
	struct budget b = { 0 };

	(void)state;
	fail_times(&b, BUDGET_PASSWORD, &f, 30, NOW);
	fail_times(&b, BUDGET_PASSWORD, &f, 1, NOW + 29 * DAY);
	assert_int_equal(b.sources[0].count[BUDGET_PASSWORD].failures, 31);
	assert_int_equal(budget_failures(&b, &f, NOW + 29 * DAY), 31);
	assert_int_equal(budget_failures(&b, &f, NOW + 60 * DAY), 0);
	fail_times(&b, BUDGET_PASSWORD, &f, 1, NOW + 60 * DAY);
	assert_int_equal(b.sources[0].count[BUDGET_PASSWORD].failures, 1);
}

/* --- the text ------------------------------------------------------------------------------------- */

static void
the_fullest_state_fits(void **state)
{
	struct budget b, again;
	char text[BUDGET_TEXT_MAX], text_again[BUDGET_TEXT_MAX];
	int i, kind;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (kind = 0; kind < BUDGET_KINDS; kind++) {
		b.since_login[kind] = BUDGET_FAILURES;
		b.day[kind].last = BUDGET_TIME_MAX;
		for (i = 0; i < BUDGET_HOURS; i++)
			b.day[kind].hours[b.day[kind].hours_len++] =
				(struct budget_hour){ BUDGET_TIME_MAX / 3600 - BUDGET_HOURS + i, BUDGET_FAILURES };
	}
	for (i = 0; i < BUDGET_SOURCES; i++) {
		struct budget_source *s = &b.sources[b.sources_len++];

		memcpy(s->id, from(i, 0).id, sizeof(s->id));
		s->known = i % 2;
		for (kind = 0; kind < BUDGET_KINDS; kind++)
			s->count[kind] = (struct budget_count){ BUDGET_FAILURES, BUDGET_TIME_MAX };
	}
	budget_format(&b, text);
	assert_in_range(strlen(text), 1000, BUDGET_TEXT_MAX - 200);
	assert_int_equal(budget_parse(text, strlen(text), &again), 0);
	budget_format(&again, text_again);
	assert_string_equal(text, text_again);
}

static void
nothing_is_the_empty_text(void **state)
{
	struct budget b;
	char text[BUDGET_TEXT_MAX] = "x";

	(void)state;
	assert_int_equal(budget_parse("", 0, &b), 0);
	budget_format(&b, text);
	assert_string_equal(text, "");
}

#define ID "AAAAAAAAAAAAAAAA"

static void
one_octet_off_is_refused(void **state)
{
	static const char *const bad[] = {
		" ", "1", "x", "p=1 pt=1 c=0 ct=0", "1 n=0,0 p=0 c=0", "2 n=1,0 p=1 c=0", "1 n=1,0 p=1", "1 n=1 p=1 c=0",
		"1 n=-1,0 p=1 c=0", "1 n=1001,0 p=1 c=0", "1 n=01,0 p=1 c=0", "1 n=1,0  p=1 c=0", "1 n=1,0 p=1 c=0 ",
		"1 n=1,0 p=100000000000 c=0", "1 n=1,0 p=99999999999999999999 c=0", "1 n=1,0 p=1,2 c=0", "1 n=1,0 p=1,2:0 c=0",
		"1 n=1,0 p=1,2:1,2:1 c=0", "1 n=1,0 p=1,3:1,2:1 c=0", "1 n=1,0 p=1,2:1001 c=0", "1 n=1,0 c=0 p=1",
		"1 n=1,0 p=1 c=0 " ID, "1 n=1,0 p=1 c=0 " ID "=2,0,0,0,0", "1 n=1,0 p=1 c=0 " ID "=0,0,0,0",
		"1 n=1,0 p=1 c=0 " ID "=0,0,0,0,0 " ID "=0,0,0,0,0", "1 n=1,0 p=1 c=0 AAAAAAAAAAAAAAA=0,0,0,0,0",
		"1 n=1,0 p=1 c=0 AAAAAAAAAAAAAAA+=0,0,0,0,0", "1 n=1,0 p=1 c=0\n", "1 n=+1,0 p=1 c=0", "1 n= 1,0 p=1 c=0"
	};
	static const char good[] = "1 n=1,0 p=7,2:1,3:4 c=0 " ID "=0,1,7,0,0";
	struct budget b, empty;
	char text[BUDGET_TEXT_MAX];
	size_t i;

	(void)state;
	memset(&empty, 0, sizeof(empty));
	assert_int_equal(budget_parse(good, strlen(good), &b), 0);
	budget_format(&b, text);
	assert_string_equal(text, good);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (budget_parse(bad[i], strlen(bad[i]), &b) != ERR_INPUT)
			fail_msg("taken: %s", bad[i]);
		assert_memory_equal(&b, &empty, sizeof(b));
	}
	assert_int_equal(budget_parse(good, sizeof(good), &b), ERR_INPUT); /* with its NUL */
	for (i = 1; i < strlen(good) - 1; i++)
		if (budget_parse(good, i, &b) == 0) {
			budget_format(&b, text);
			assert_int_equal(strlen(text), i);
		}
}

static void
too_many_are_refused(void **state)
{
	char text[BUDGET_TEXT_MAX * 2];
	struct budget b;
	size_t len;
	int i;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text), "1 n=1,0 p=1 c=0");
	for (i = 0; i < BUDGET_SOURCES + 1; i++) {
		assert_int_equal(budget_parse(text, len, &b), 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %016d=0,1,1,0,0", i);
	}
	assert_int_equal(budget_parse(text, len, &b), ERR_INPUT);
	len = (size_t)snprintf(text, sizeof(text), "1 n=1,0 p=1");
	for (i = 0; i < BUDGET_HOURS + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",%d:1", 100 + i);
	len += (size_t)snprintf(text + len, sizeof(text) - len, " c=0");
	assert_int_equal(budget_parse(text, len, &b), ERR_INPUT);
}

static void
what_cannot_be_read_neither_opens_nor_locks_out(void **state)
{
	struct budget_from known = from(1, 1), stranger = from(2, 0);
	struct budget b;

	(void)state;
	budget_unreadable(NOW, &b);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &stranger, NOW), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &stranger, NOW + 900), 0);
	assert_int_equal(budget_throttled(&b, BUDGET_PASSWORD, &usual, &known, NOW), 0);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &known, NOW + 24 * HOUR - 1), 1);
	assert_int_equal(budget_throttled(&b, BUDGET_CODE, &usual, &known, NOW + 25 * HOUR), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_double_up_to_the_longest),
		cmocka_unit_test(passwords_and_codes_are_counted_apart),
		cmocka_unit_test(a_source_does_not_hold_up_another),
		cmocka_unit_test(strangers_share_a_day),
		cmocka_unit_test(a_known_source_keeps_its_own_delay),
		cmocka_unit_test(codes_of_a_day_end),
		cmocka_unit_test(a_login_clears_its_own_source),
		cmocka_unit_test(a_lock_comes_at_the_threshold_from_wherever),
		cmocka_unit_test(clocks_that_jump),
		cmocka_unit_test(a_quiet_month_is_forgiven),
		cmocka_unit_test(the_fullest_state_fits),
		cmocka_unit_test(nothing_is_the_empty_text),
		cmocka_unit_test(one_octet_off_is_refused),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(what_cannot_be_read_neither_opens_nor_locks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
