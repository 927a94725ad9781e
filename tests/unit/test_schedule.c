/*
 * test_schedule.c - which record is tried when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "musterd/schedule.h"

static void
each_record_is_there_once(void **state)
{
	struct schedule *s;

	(void)state;
	assert_int_equal(schedule_new(&s), 0);
	assert_null(schedule_due(s, 1000));
	assert_int_equal(schedule_add(s, "q-b", 10), 0);
	assert_int_equal(schedule_add(s, "q-a", 20), 0);
	assert_int_equal(schedule_add(s, "q-b", 30), 0);
	assert_int_equal(schedule_len(s), 2);
	schedule_free(&s);
	assert_null(s);
}

static void
the_one_due_longest_comes_first(void **state)
{
	struct schedule *s;
	struct schedule_record *record;

	(void)state;
	assert_int_equal(schedule_new(&s), 0);
	assert_int_equal(schedule_add(s, "a", 30), 0);
	assert_int_equal(schedule_add(s, "b", 10), 0);
	assert_int_equal(schedule_add(s, "c", 20), 0);
	assert_null(schedule_due(s, 9));
	record = schedule_due(s, 100);
	assert_string_equal(record->id, "b");
	schedule_remove(s, record);
	record = schedule_due(s, 100);
	assert_string_equal(record->id, "c");
	schedule_remove(s, record);
	assert_string_equal(schedule_due(s, 100)->id, "a");
	schedule_free(&s);
}

static void
waits_double_up_to_the_longest(void **state)
{
	static const int64_t waits[] = { 1000, 2000, 4000, 5000, 5000 };
	struct schedule *s;
	struct schedule_record *record;
	size_t i;

	(void)state;
	assert_int_equal(schedule_new(&s), 0);
	assert_int_equal(schedule_add(s, "a", 0), 0);
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		record = schedule_due(s, INT64_MAX);
		schedule_retry(record, 100, 1000, 5000);
		assert_int_equal(record->due_ms, 100 + waits[i]);
	}
	schedule_free(&s);
}

static void
news_of_a_waiting_record_does_not_hurry_it(void **state)
{
	struct schedule *s;

	(void)state;
	assert_int_equal(schedule_new(&s), 0);
	assert_int_equal(schedule_add(s, "a", 0), 0);
	schedule_retry(schedule_due(s, 0), 0, 1000, 5000);
	assert_int_equal(schedule_add(s, "a", 1), 0);
	assert_null(schedule_due(s, 999));
	assert_non_null(schedule_due(s, 1000));
	schedule_free(&s);
}

static void
thousands_are_kept_in_order(void **state)
{
	struct schedule *s;
	struct schedule_record *record;
	char id[16];
	int i;

	(void)state;
	assert_int_equal(schedule_new(&s), 0);
	for (i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "q-%d", i * 7919 % 3000);
		assert_int_equal(schedule_add(s, id, i), 0);
	}
	assert_int_equal(schedule_len(s), 3000);
	for (i = 0; i < 3000; i++) {
		snprintf(id, sizeof(id), "q-%d", i * 7919 % 3000);
		record = schedule_due(s, INT64_MAX);
		assert_string_equal(record->id, id);
		schedule_remove(s, record);
	}
	assert_int_equal(schedule_len(s), 0);
	schedule_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_is_there_once),
		cmocka_unit_test(the_one_due_longest_comes_first),
		cmocka_unit_test(waits_double_up_to_the_longest),
		cmocka_unit_test(news_of_a_waiting_record_does_not_hurry_it),
		cmocka_unit_test(thousands_are_kept_in_order),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
