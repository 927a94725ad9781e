/*
 * test_err.c - every error code has a text of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

static void
every_code_has_a_text_of_its_own(void **state)
{
	int r, other;

	(void)state;
	for (r = ERR_BASE - 1; r >= ERR_LAST; r--) {
		assert_string_not_equal(err_str(r), "");
		assert_string_not_equal(err_str(r), "unknown error");
		assert_string_not_equal(err_str(r), err_str(0));
		for (other = r - 1; other >= ERR_LAST; other--)
			assert_string_not_equal(err_str(r), err_str(other));
	}
}

static void
foreign_numbers_are_unknown(void **state)
{
	static const int foreign[] = { 1, -1, 49, ERR_BASE, ERR_LAST - 1, INT32_MIN, INT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_string_equal(err_str(foreign[i]), "unknown error");
}

static void
zero_memory_is_no_permission(void **state)
{
	enum verdict verdict;

	(void)state;
	memset(&verdict, 0, sizeof(verdict));
	assert_int_equal(verdict, VERDICT_DENY);
	assert_int_not_equal(VERDICT_ALLOW, 0);
	assert_int_not_equal(VERDICT_ALLOW, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_text_of_its_own),
		cmocka_unit_test(foreign_numbers_are_unknown),
		cmocka_unit_test(zero_memory_is_no_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
