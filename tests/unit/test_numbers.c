/*
 * test_numbers.c - numbers of members and groups: each is given once, also after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/numbers.h"

static const struct numbers_range small = { 2000, 2009 };

static struct numbers *
pool(struct numbers_range range, uint64_t stored)
{
	struct numbers *one;

	assert_int_equal(numbers_new(range, stored, &one), 0);
	return one;
}

/* Store what has to be, as the caller would. */
static uint32_t
drawn(struct numbers *one)
{
	uint64_t store;
	uint32_t number;
	int r = numbers_draw(one, &number);

	if (r == ERR_SPENT) {
		assert_int_equal(numbers_reserve(one, 4, &store), 0);
		numbers_reserved(one, store);
		r = numbers_draw(one, &number);
	}
	assert_int_equal(r, 0);
	return number;
}

static void
ranges(void **state)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ "100000-999999", 0 }, { "1000-1000", 0 }, { "2000-2147483647", 0 },
		{ "999-2000", ERR_RANGE }, { "2000-1999", ERR_RANGE }, { "2000-2147483648", ERR_RANGE },
		{ "2000-99999999999", ERR_RANGE }, { "2000", ERR_INPUT }, { "", ERR_INPUT }, { "-", ERR_INPUT },
		{ "2000-", ERR_INPUT }, { "-2000", ERR_INPUT }, { "2000--3000", ERR_INPUT }, { "2000 - 3000", ERR_INPUT },
		{ "0x7d0-3000", ERR_INPUT }
	};
	struct numbers_range range;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(numbers_range_parse(rows[i].text, strlen(rows[i].text), &range), rows[i].r);
	assert_int_equal(numbers_range_parse("2000-3000", 9, &range), 0);
	assert_int_equal(range.first, 2000);
	assert_int_equal(range.last, 3000);
}

static void
numbers_as_stored(void **state)
{
	uint32_t number;

	(void)state;
	assert_int_equal(numbers_parse("4294967295", 10, &number), 0);
	assert_int_equal(number, UINT32_MAX);
	assert_int_equal(numbers_parse("4294967296", 10, &number), ERR_RANGE);
	assert_int_equal(numbers_parse("-1", 2, &number), ERR_INPUT);
	assert_int_equal(numbers_parse("", 0, &number), ERR_INPUT);
}

static void
nothing_is_given_before_it_is_stored(void **state)
{
	struct numbers *one = pool(small, 0);
	uint32_t number;

	(void)state;
	assert_int_equal(numbers_draw(one, &number), ERR_SPENT);
	numbers_reserved(one, 2001);
	assert_int_equal(numbers_draw(one, &number), 0);
	assert_int_equal(number, 2000);
	assert_int_equal(numbers_draw(one, &number), ERR_SPENT);
	numbers_free(&one);
}

static void
each_number_once(void **state)
{
	struct numbers *one = pool(small, 0);
	uint32_t number;
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(drawn(one), 2000 + i);
	assert_int_equal(numbers_draw(one, &number), ERR_RANGE);
	assert_int_equal(numbers_reserve(one, 4, &(uint64_t){ 0 }), ERR_RANGE);
	numbers_free(&one);
}

static void
after_a_restart_what_was_reserved_is_gone(void **state)
{
	struct numbers *one = pool(small, 2004);

	(void)state;
	assert_int_equal(drawn(one), 2004);
	numbers_free(&one);
	one = pool((struct numbers_range){ 3000, 3009 }, 2004);
	assert_int_equal(drawn(one), 3000);
	numbers_free(&one);
	one = pool(small, 4000);
	assert_int_equal(numbers_draw(one, &(uint32_t){ 0 }), ERR_RANGE);
	numbers_free(&one);
}

static void
found_numbers_are_passed_over(void **state)
{
	struct numbers *one = pool(small, 0);
	uint32_t found[] = { 2001, 2000, 2002, 2005, 2001, 5, 4000000000u };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		assert_int_equal(numbers_found(one, found[i]), 0);
	assert_int_equal(drawn(one), 2003);
	assert_int_equal(drawn(one), 2004);
	assert_int_equal(drawn(one), 2006);
	numbers_free(&one);
}

static void
a_number_that_is_asked_for(void **state)
{
	struct numbers *one = pool(small, 2002);

	(void)state;
	assert_int_equal(numbers_take(one, 1999), ERR_RANGE);
	assert_int_equal(numbers_take(one, 2010), ERR_RANGE);
	assert_int_equal(numbers_take(one, 2001), ERR_EXISTS);
	assert_int_equal(numbers_take(one, 2005), 0);
	assert_int_equal(numbers_take(one, 2005), ERR_EXISTS);
	assert_int_equal(numbers_take(one, 2003), 0);
	numbers_give_back(one, 2003);
	assert_int_equal(numbers_take(one, 2003), 0);
	assert_int_equal(drawn(one), 2002);
	assert_int_equal(drawn(one), 2004);
	assert_int_equal(drawn(one), 2006);
	numbers_free(&one);
}

static void
a_number_that_goes_is_not_given_again(void **state)
{
	struct numbers *one = pool(small, 2002);

	(void)state;
	assert_int_equal(numbers_gone(one, 2001), 0);
	assert_int_equal(numbers_gone(one, 1000), 0);
	assert_int_equal(numbers_gone(one, 2010), 0);
	assert_int_equal(numbers_gone(one, 2007), 2008);
	numbers_reserved(one, 2008);
	assert_int_equal(numbers_gone(one, 2007), 0);
	numbers_free(&one);
}

static void
many_in_any_order(void **state)
{
	struct numbers *one = pool((struct numbers_range){ 10000, 19999 }, 0);
	uint32_t i, number = 0;

	(void)state;
	for (i = 0; i < 5000; i++)
		assert_int_equal(numbers_take(one, 10000 + (i * 7919) % 10000), 0);
	for (i = 0; i < 5000; i++) {
		uint32_t next = drawn(one);

		assert_true(next > number);
		assert_int_equal(numbers_take(one, next), ERR_EXISTS);
		number = next;
	}
	assert_int_equal(numbers_draw(one, &number), ERR_RANGE);
	numbers_free(&one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(numbers_as_stored),
		cmocka_unit_test(nothing_is_given_before_it_is_stored),
		cmocka_unit_test(each_number_once),
		cmocka_unit_test(after_a_restart_what_was_reserved_is_gone),
		cmocka_unit_test(found_numbers_are_passed_over),
		cmocka_unit_test(a_number_that_is_asked_for),
		cmocka_unit_test(a_number_that_goes_is_not_given_again),
		cmocka_unit_test(many_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
