/*
 * test_card.c - what looks like the number of a card is found however it is written, and other numbers are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/card.h"

static int
in(const char *text)
{
	return card_number_in(text, strlen(text));
}

/* Numbers that card companies publish for tests. */
static const char *const numbers[] = {
	"4111111111111111", "4012888888881881", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005",
	"371449635398431", "30569309025904", "6011111111111117", "3530111333300000", "6304000000000000", "6200000000000005",
	"4917610000000000003"
};

static void
numbers_of_13_to_19_digits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(in(numbers[i]), 1);
}

static void
with_separators(void **state)
{
	static const char *const separators[] = { " ", "-", ".", "_", "\t", "\n", "  ", " - ", "\xc2\xa0", "\xe3\x80\x80",
		"\xe2\x80\x91", "\xe2\x80\x93", "\xe2\x80\x8b" };
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(separators) / sizeof(separators[0]); i++) {
		const char *s = separators[i];

		snprintf(text, sizeof(text), "card 4111%s1111%s1111%s1111 please", s, s, s);
		assert_int_equal(in(text), 1);
		snprintf(text, sizeof(text), "4%s1%s1111111%s1111111", s, s, s);
		assert_int_equal(in(text), 1);
	}
}

static void
among_other_text(void **state)
{
	(void)state;
	assert_int_equal(in("number=4111111111111111;cvc=123"), 1);
	assert_int_equal(in("tok4111111111111111x"), 1);
	assert_int_equal(in("4111 1111 1111 1111 12/28 123"), 1);
	assert_int_equal(in("2028-12 4111 1111 1111 1111"), 1);
	assert_int_equal(in("00 4111 1111 1111 1111 00 00"), 1);
	assert_int_equal(in("x1 y2 z3 4111111111111111"), 1);
	assert_int_equal(in("\xff" "4111111111111111\xff"), 1);
	/* as Korean and Japanese keyboards write digits */
	assert_int_equal(in("\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91-1111-1111-1111"), 1);
	assert_int_equal(in("\xd9\xa4\xd9\xa1\xd9\xa1\xd9\xa1 1111 1111 1111"), 1);
	/* not a string */
	assert_int_equal(card_number_in("\0" "4111111111111111\0", 18), 1);
	assert_int_equal(card_number_in("4111111111111111999", 16), 1);
}

static void
other_numbers(void **state)
{
	static const char *const others[] = { "", "1", "4111111111111112", "411111111111", "41111111111111111111111", "1111",
		"2028-12", "tok_1a2b3c4d5e6f7a8b", "4111x1111x1111x1111", "4111/1111/1111/1111", "010-1234-5678",
		"2028-11-29 13:37:00", "4111 1111 1111 one one one one", "urn:uuid:4f1c6c36-71f1-4f2c-8a40-0e8f7a1d6c20" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(in(others[i]), 0);
}

/* One wrong digit, or two neighbours that changed places, is no number (but 09 and 90, which Luhn does not tell apart). */
static void
the_check_digit_counts(void **state)
{
	char text[32];
	size_t i, k;
	int digit;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (k = 0; k < strlen(numbers[i]); k++) {
			snprintf(text, sizeof(text), "%s", numbers[i]);
			for (digit = '0'; digit <= '9'; digit++) {
				text[k] = (char)digit;
				assert_int_equal(in(text), digit == numbers[i][k]);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_13_to_19_digits),
		cmocka_unit_test(with_separators),
		cmocka_unit_test(among_other_text),
		cmocka_unit_test(other_numbers),
		cmocka_unit_test(the_check_digit_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
