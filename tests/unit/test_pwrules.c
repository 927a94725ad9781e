/*
 * test_pwrules.c - what a password must be like: edges in code points, kinds of characters, and the text that travels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "common/err.h"
#include "common/secret.h"
#include "core/pwrules.h"

#define KINDS (PWRULE_LETTER | PWRULE_DIGIT | PWRULE_SPECIAL)

static unsigned
check(const struct pwrules *rules, const char *password)
{
	return pwrules_check(rules, (const uint8_t *)password, strlen(password));
}

static void
console_16_has_its_edges(void **state)
{
	static const struct pwrules rules = PWRULES_CONSOLE_16;

	(void)state;
	assert_int_equal(check(&rules, "Abc12!"), PWRULE_MIN_LENGTH);
	assert_int_equal(check(&rules, "Abc123!"), PWRULE_MIN_LENGTH);
	assert_int_equal(check(&rules, "Abc1234!"), 0);
	assert_int_equal(check(&rules, "Abc123456789012!"), 0);
	assert_int_equal(check(&rules, "Abc1234567890123!"), PWRULE_MAX_LENGTH);
	assert_int_equal(check(&rules, "12345678!"), PWRULE_LETTER);
	assert_int_equal(check(&rules, "abcdefgh!"), PWRULE_DIGIT);
	assert_int_equal(check(&rules, "abcdefgh1"), PWRULE_SPECIAL);
	assert_int_equal(check(&rules, "abcdefgh"), PWRULE_DIGIT | PWRULE_SPECIAL);
	assert_int_equal(check(&rules, "1"), PWRULE_MIN_LENGTH | PWRULE_LETTER | PWRULE_SPECIAL);
	assert_int_equal(check(&rules, ""), PWRULE_MIN_LENGTH | KINDS);
}

static void
empty_is_no_password_under_any_rules(void **state)
{
	static const struct pwrules none = { .min_length = 0, .max_length = 256 };

	(void)state;
	assert_int_equal(check(&none, ""), PWRULE_MIN_LENGTH);
	assert_int_equal(pwrules_check(&none, NULL, 0), PWRULE_MIN_LENGTH);
	assert_int_equal(check(&none, "a"), 0);
}

static void
every_ascii_character_is_of_one_kind(void **state)
{
	struct pwrules rules = { .min_length = 1, .max_length = 1, .require = KINDS };
	uint8_t c;
	unsigned kind;

	(void)state;
	for (c = 0; c < 0x80; c++) {
		if (c < 0x20 || c == 0x7f) {
			assert_int_equal(pwrules_check(&rules, &c, 1), PWRULE_ENCODING);
			continue;
		}
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			kind = PWRULE_LETTER;
		else if (c >= '0' && c <= '9')
			kind = PWRULE_DIGIT;
		else
			kind = PWRULE_SPECIAL;
		assert_int_equal(pwrules_check(&rules, &c, 1), KINDS & ~kind);
	}
}

static void
other_scripts_are_special(void **state)
{
	static const struct pwrules rules = { .min_length = 1, .max_length = 16, .require = KINDS };

	(void)state;
	assert_int_equal(check(&rules, "비밀번호"), PWRULE_LETTER | PWRULE_DIGIT);
	assert_int_equal(check(&rules, "é"), PWRULE_LETTER | PWRULE_DIGIT);
	assert_int_equal(check(&rules, "٣"), PWRULE_LETTER | PWRULE_DIGIT);
	assert_int_equal(check(&rules, "🔒"), PWRULE_LETTER | PWRULE_DIGIT);
	/* after normalization a full width letter is a letter, a full width digit a digit */
	assert_int_equal(check(&rules, "ａ１ "), 0);
}

static void
length_is_in_code_points_after_normalization(void **state)
{
	static const struct pwrules fifteen = { .min_length = 15, .max_length = 15 };
	static const struct pwrules modern = { .min_length = 15, .max_length = 256 };
	char composed[64] = "", decomposed[64] = "", wide[64] = "", password[SECRET_MAX + 1] = "";
	int i;

	(void)state;
	for (i = 0; i < 15; i++) {
		strcat(composed, "\xc3\xa9");
		strcat(decomposed, "e\xcc\x81");
	}
	assert_int_equal(check(&fifteen, composed), 0);
	assert_int_equal(check(&fifteen, decomposed), 0);
	assert_int_equal(check(&fifteen, composed + 2), PWRULE_MIN_LENGTH);
	assert_int_equal(check(&fifteen, decomposed + 3), PWRULE_MIN_LENGTH);
	for (i = 0; i < 14; i++)
		strcat(wide, "\xf0\x9f\x94\x92"); /* four octets each */
	assert_int_equal(check(&fifteen, wide), PWRULE_MIN_LENGTH);
	strcat(wide, "\xf0\x9f\x94\x92");
	assert_int_equal(check(&fifteen, wide), 0);
	/* one code point that becomes 18 */
	assert_int_equal(check(&fifteen, "\xef\xb7\xba"), PWRULE_MAX_LENGTH);
	assert_int_equal(check(&modern, "\xef\xb7\xba"), 0);
	for (i = 0; i < 249; i++)
		strcat(password, "\xf0\x9f\x94\x92");
	strcat(password, "abcd"); /* 1000 octets, 253 code points */
	assert_int_equal(strlen(password), SECRET_MAX);
	assert_int_equal(check(&modern, password), 0);
	memset(password, 'a', SECRET_MAX);
	password[256] = '\0';
	assert_int_equal(check(&modern, password), 0);
	password[256] = 'a';
	password[257] = '\0';
	assert_int_equal(check(&modern, password), PWRULE_MAX_LENGTH);
}

static void
too_many_octets_are_refused_before_they_are_looked_at(void **state)
{
	static const struct pwrules rules = PWRULES_CONSOLE_16;
	size_t megabyte = 1 << 20;
	uint8_t *password = malloc(megabyte);

	(void)state;
	assert_non_null(password);
	memset(password, 0xff, megabyte);
	assert_int_equal(pwrules_check(&rules, password, megabyte), PWRULE_BYTES);
	assert_int_equal(pwrules_check(&rules, password, SECRET_MAX + 1), PWRULE_BYTES);
	assert_int_equal(pwrules_check(&rules, password, SECRET_MAX), PWRULE_ENCODING);
	memset(password, 'a', megabyte);
	assert_int_equal(pwrules_check(&rules, password, SECRET_MAX), PWRULE_MAX_LENGTH | PWRULE_DIGIT | PWRULE_SPECIAL);
	free(password);
}

static void
not_utf8_or_control_is_refused(void **state)
{
	static const struct pwrules rules = { .min_length = 1, .max_length = 256 };
	static const char *const bad[] = { "abc\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "abc\n", "\tabc", "a\x7f",
		                           "a\xc2\x85", "é\n", "\xf4\x90\x80\x80" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(check(&rules, bad[i]), PWRULE_ENCODING);
	assert_int_equal(pwrules_check(&rules, (const uint8_t *)"abc\0def", 7), PWRULE_ENCODING);
}

static void
only_kinds_can_be_required(void **state)
{
	static const struct pwrules rules = { .min_length = 1, .max_length = 9, .require = ~0u };

	(void)state;
	assert_int_equal(check(&rules, "a1!"), 0);
	assert_int_equal(check(&rules, "a"), PWRULE_DIGIT | PWRULE_SPECIAL);
}

static void
text_is_the_contract(void **state)
{
	static const struct pwrules rules = PWRULES_CONSOLE_16;
	char text[PWRULES_TEXT_MAX];

	(void)state;
	pwrules_format(&rules, 0x3ff, text);
	assert_string_equal(text, "password refused: min-length=8 max-length=16 letter digit special history=3 blocklist context "
	                          "bytes=1000 encoding");
	pwrules_format(&rules, PWRULE_MIN_LENGTH | PWRULE_DIGIT | PWRULE_HISTORY, text);
	assert_string_equal(text, "password refused: min-length=8 digit history=3");
}

static void
every_set_is_read_back(void **state)
{
	static const struct pwrules numbers[] = {
		PWRULES_CONSOLE_16,
		{ 0 },
		{ .min_length = UINT32_MAX, .max_length = UINT32_MAX, .history = UINT32_MAX },
	};
	struct pwrules back;
	char text[PWRULES_TEXT_MAX];
	unsigned broken, broken_back;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (broken = 1; broken < 1024; broken++) {
			pwrules_format(&numbers[i], broken, text);
			assert_true(strlen(text) < PWRULES_TEXT_MAX);
			assert_int_equal(pwrules_parse(text, &back, &broken_back), 0);
			assert_int_equal(broken_back, broken);
			assert_int_equal(back.min_length, broken & PWRULE_MIN_LENGTH ? numbers[i].min_length : 0);
			assert_int_equal(back.max_length, broken & PWRULE_MAX_LENGTH ? numbers[i].max_length : 0);
			assert_int_equal(back.history, broken & PWRULE_HISTORY ? numbers[i].history : 0);
			assert_int_equal(back.require, 0);
		}
	}
	/* nothing broken is no such text */
	pwrules_format(&numbers[0], 0, text);
	assert_int_equal(pwrules_parse(text, &back, &broken_back), ERR_INPUT);
}

static void
unknown_words_are_passed_over(void **state)
{
	struct pwrules back;
	unsigned broken;

	(void)state;
	assert_int_equal(pwrules_parse("password refused: blocklists digits letter color=blue", &back, &broken), 0);
	assert_int_equal(broken, PWRULE_LETTER);
	assert_int_equal(pwrules_parse("password refused: min-length", &back, &broken), 0);
	assert_int_equal(broken, 0);
}

static void
other_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "password refused", "password refused:", "password refused: ", "password refused:  letter",
		"password refused: letter ", "password refused: letter  digit", " password refused: letter",
		"Password refused: letter", "constraint violation", "password refused: min-length=",
		"password refused: min-length=x", "password refused: min-length=-1", "password refused: min-length=08",
		"password refused: history=4294967296", "password refused: letter bytes=1 000x history=",
	};
	struct pwrules back;
	unsigned broken;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		broken = 7;
		assert_int_equal(pwrules_parse(bad[i], &back, &broken), ERR_INPUT);
		assert_int_equal(broken, 0);
		assert_true(back.min_length == 0 && back.max_length == 0 && back.require == 0 && back.history == 0);
	}
	assert_int_equal(pwrules_parse(NULL, &back, &broken), ERR_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(console_16_has_its_edges),
		cmocka_unit_test(empty_is_no_password_under_any_rules),
		cmocka_unit_test(every_ascii_character_is_of_one_kind),
		cmocka_unit_test(other_scripts_are_special),
		cmocka_unit_test(length_is_in_code_points_after_normalization),
		cmocka_unit_test(too_many_octets_are_refused_before_they_are_looked_at),
		cmocka_unit_test(not_utf8_or_control_is_refused),
		cmocka_unit_test(only_kinds_can_be_required),
		cmocka_unit_test(text_is_the_contract),
		cmocka_unit_test(every_set_is_read_back),
		cmocka_unit_test(unknown_words_are_passed_over),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
