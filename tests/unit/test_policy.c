/*
 * test_policy.c - the numbers of a policy: limits of each, what holds when absent, and which do not go together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/policy.h"

static int
reads(enum policy_number which, const char *text, int64_t *number)
{
	*number = -7;
	return policy_number_read(which, text, strlen(text), number);
}

static void
each_number_has_its_limits(void **state)
{
	static const char *const garbage[] = { "", " 8", "8 ", "+8", "08", "8.0", "0x8", "eight", "-1", "4294967297", "9223372036854775808",
		                               "99999999999999999999999999999999" };
	char text[32];
	int64_t number;
	size_t i;
	int which;

	(void)state;
	for (which = 0; which < POLICY_NUMBERS; which++) {
		const struct policy_limits *limits = &policy_limits[which];

		assert_non_null(limits->attribute);
		assert_true(limits->min >= 0 && limits->min <= limits->max);
		assert_int_equal(policy_number_read((enum policy_number)which, NULL, 0, &number), 0);
		assert_int_equal(number, limits->absent);
		snprintf(text, sizeof(text), "%lld", (long long)limits->min);
		assert_int_equal(reads((enum policy_number)which, text, &number), 0);
		assert_int_equal(number, limits->min);
		snprintf(text, sizeof(text), "%lld", (long long)limits->max);
		assert_int_equal(reads((enum policy_number)which, text, &number), 0);
		assert_int_equal(number, limits->max);
		snprintf(text, sizeof(text), "%lld", (long long)limits->max + 1);
		assert_int_equal(reads((enum policy_number)which, text, &number), ERR_RANGE);
		assert_int_equal(number, limits->absent);
		snprintf(text, sizeof(text), "%lld", (long long)limits->min - 1);
		assert_int_equal(reads((enum policy_number)which, text, &number), ERR_RANGE);
		for (i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
			assert_int_equal(reads((enum policy_number)which, garbage[i], &number), ERR_RANGE);
	}
}

static void
absent_numbers_go_together(void **state)
{
	int64_t numbers[POLICY_NUMBERS];
	int which;

	(void)state;
	for (which = 0; which < POLICY_NUMBERS; which++)
		numbers[which] = policy_limits[which].absent;
	assert_null(policy_numbers_complete(numbers));
	assert_int_equal(numbers[POLICY_MIN_LENGTH_FACTOR], 8);
}

static const char *
complete(int64_t least, int64_t most, int64_t factor, int64_t delay, int64_t longest)
{
	int64_t numbers[POLICY_NUMBERS] = { 0 };

	numbers[POLICY_MIN_LENGTH] = least;
	numbers[POLICY_MAX_LENGTH] = most;
	numbers[POLICY_MIN_LENGTH_FACTOR] = factor;
	numbers[POLICY_MIN_DELAY] = delay;
	numbers[POLICY_MAX_DELAY] = longest;
	return policy_numbers_complete(numbers);
}

static void
numbers_that_do_not_go_together_are_named(void **state)
{
	(void)state;
	assert_null(complete(15, 15, 0, 1, 1));
	assert_null(complete(15, 256, 15, 1, 900));
	assert_null(complete(15, 256, 1, 900, 900));
	assert_string_equal(complete(16, 15, 0, 1, 1), "pwdMinLength is more than pwdMaxLength");
	assert_string_equal(complete(15, 256, 16, 1, 1), "musterPwdMinLengthFactor is more than pwdMinLength");
	assert_string_equal(complete(15, 256, 8, 2, 1), "pwdMinDelay is more than pwdMaxDelay");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_has_its_limits),
		cmocka_unit_test(absent_numbers_go_together),
		cmocka_unit_test(numbers_that_do_not_go_together_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
