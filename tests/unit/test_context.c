/*
 * test_context.c - passwords that are mostly names: where half is, and what is left out on both sides.
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
#include "common/secret.h"
#include "core/context.h"

static struct context *
context(const char *const names[])
{
	struct context *made = NULL;

	assert_int_equal(context_new(&made), 0);
	for (; *names != NULL; names++)
		assert_int_equal(context_add(made, *names, strlen(*names)), 0);
	return made;
}

static int
refuses(const struct context *c, const char *password)
{
	int refused = 7;

	assert_int_equal(context_refuses(c, (const uint8_t *)password, strlen(password), &refused), 0);
	return refused;
}

static void
half_is_where_it_begins(void **state)
{
	struct context *c = context((const char *const[]){ "acme", "muster", NULL });

	(void)state;
	assert_int_equal(refuses(c, "acme"), 1);
	assert_int_equal(refuses(c, "Acme#2026"), 1);   /* 4 of 8 */
	assert_int_equal(refuses(c, "Acme#20261"), 0);  /* 4 of 9 */
	assert_int_equal(refuses(c, "x9ACMEy8"), 1);    /* anywhere */
	assert_int_equal(refuses(c, "muster-acme-12345!"), 1); /* 10 of 15: together */
	assert_int_equal(refuses(c, "acmeXacmeY12"), 1); /* 8 of 12 */
	assert_int_equal(refuses(c, "Winter#2026"), 0);
	context_free(&c);
	assert_null(c);
}

static void
what_is_no_letter_or_digit_does_not_count(void **state)
{
	struct context *c = context((const char *const[]){ "acme", NULL });

	(void)state;
	assert_int_equal(refuses(c, "a-c-m-e"), 1);
	assert_int_equal(refuses(c, "a.c!m e????????????????????"), 1);
	assert_int_equal(refuses(c, "!!!!!!!!"), 0);
	assert_int_equal(refuses(c, ""), 0);
	context_free(&c);
}

static void
short_words_say_nothing(void **state)
{
	struct context *c = context((const char *const[]){ "kim", "a-b", "", "Lee Su", NULL });

	(void)state;
	assert_int_equal(refuses(c, "kim"), 0);
	assert_int_equal(refuses(c, "kimkimkim"), 0);
	/* but all of a name together */
	assert_int_equal(refuses(c, "leesu"), 1);
	assert_int_equal(refuses(c, "Lee.Su.99"), 1);
	context_free(&c);
}

static void
parts_and_the_whole_are_words(void **state)
{
	struct context *c = context((const char *const[]){ "Kim-Chul.soo", NULL });

	(void)state;
	assert_int_equal(refuses(c, "chul1234"), 1);
	assert_int_equal(refuses(c, "kimchulsoo-2026"), 1);
	assert_int_equal(refuses(c, "kimc2026"), 0);
	context_free(&c);
}

static void
overlapping_words_count_once(void **state)
{
	struct context *c = context((const char *const[]){ "aaaa", NULL });

	(void)state;
	assert_int_equal(refuses(c, "aaaaa12345"), 1);  /* 5 of 10 */
	assert_int_equal(refuses(c, "aaaaa123456"), 0); /* 5 of 11 */
	context_free(&c);
}

static void
case_width_and_composition_make_no_difference(void **state)
{
	struct context *c = context((const char *const[]){ "Straße", "비밀번호", "café9", NULL });

	(void)state;
	assert_int_equal(refuses(c, "STRASSE 12"), 1);
	assert_int_equal(refuses(c, "ｓｔｒａｓｓｅ"), 1);
	assert_int_equal(refuses(c, "비밀번호1234"), 1);
	assert_int_equal(refuses(c, "비밀번호12345"), 0); /* code points, not octets */
	assert_int_equal(refuses(c, "\xe1\x84\x87\xe1\x85\xb5밀번호!"), 1);
	assert_int_equal(refuses(c, "CAFE\xcc\x81" "9"), 1);
	context_free(&c);
}

static void
values_that_are_no_text_are_passed_over(void **state)
{
	struct context *c = context((const char *const[]){ "\xff\xfe\xfd\xfc\xfb", NULL });
	char big[SECRET_MAX + 1];
	int refused = 7;

	(void)state;
	memset(big, 'a', sizeof(big));
	assert_int_equal(context_add(c, big, sizeof(big)), 0);
	assert_int_equal(refuses(c, "aaaaaaaa"), 0);
	assert_int_equal(context_refuses(c, (const uint8_t *)"\xff", 1, &refused), ERR_INPUT);
	assert_int_equal(refused, 0);
	assert_int_equal(context_refuses(c, (const uint8_t *)big, sizeof(big), &refused), ERR_RANGE);
	context_free(&c);
	context_free(&c);
}

static void
many_words_are_taken(void **state)
{
	struct context *c = NULL;
	char name[16];
	int i;

	(void)state;
	assert_int_equal(context_new(&c), 0);
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name%d", i / 2);
		assert_int_equal(context_add(c, name, strlen(name)), 0);
	}
	assert_int_equal(refuses(c, "name999"), 1);
	assert_int_equal(refuses(c, "nam999"), 0);
	assert_int_equal(refuses(c, "1000eman"), 0);
	context_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_is_where_it_begins),
		cmocka_unit_test(what_is_no_letter_or_digit_does_not_count),
		cmocka_unit_test(short_words_say_nothing),
		cmocka_unit_test(parts_and_the_whole_are_words),
		cmocka_unit_test(overlapping_words_count_once),
		cmocka_unit_test(case_width_and_composition_make_no_difference),
		cmocka_unit_test(values_that_are_no_text_are_passed_over),
		cmocka_unit_test(many_words_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
