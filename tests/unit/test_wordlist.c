/*
 * test_wordlist.c - lists of words that are no passwords: the packaged one, files, and what is like a listed word as a whole.
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
#include "core/wordlist.h"

static int
refuses(const struct wordlist *more, const char *password)
{
	int refused = 7;

	assert_int_equal(wordlist_refuses(more, (const uint8_t *)password, strlen(password), &refused), 0);
	assert_true(refused == 0 || refused == 1);
	return refused;
}

static struct wordlist *
list(const struct wordlist *base, const char *text)
{
	struct wordlist *made = NULL;

	assert_int_equal(wordlist_new(base, text, strlen(text), &made), 0);
	assert_non_null(made);
	return made;
}

static void
packaged_list_is_sorted_and_without_case(void **state)
{
	const struct wordlist *words = &wordlist_packaged;
	size_t i;
	const char *c;

	(void)state;
	assert_true(words->n >= 3000);
	for (i = 0; i < words->n; i++) {
		if (i > 0)
			assert_true(strcmp(words->text + words->at[i - 1], words->text + words->at[i]) < 0);
		for (c = words->text + words->at[i]; *c != '\0'; c++)
			assert_true(*c > ' ' && *c < 0x7f && !(*c >= 'A' && *c <= 'Z'));
	}
}

static void
every_packaged_word_is_refused_in_any_case(void **state)
{
	const struct wordlist *words = &wordlist_packaged;
	char upper[256];
	size_t i, k;

	(void)state;
	for (i = 0; i < words->n; i++) {
		snprintf(upper, sizeof(upper), "%s", words->text + words->at[i]);
		assert_int_equal(refuses(NULL, upper), 1);
		for (k = 0; upper[k] != '\0'; k += 2)
			if (upper[k] >= 'a' && upper[k] <= 'z')
				upper[k] = (char)(upper[k] - 'a' + 'A');
		assert_int_equal(refuses(NULL, upper), 1);
	}
}

static void
well_known_ones_are_on_it(void **state)
{
	static const char *const known[] = { "123456", "password", "Password", "qwertyuiop", "1q2w3e4r", "iloveyou",
		                             "letmein", "PASSWORD1", "qwerty123456789" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(refuses(NULL, known[i]), 1);
}

static void
a_word_inside_of_a_longer_password_refuses_nothing(void **state)
{
	static const char *const good[] = { "correct horse battery staple", "password is not my password", "my password!",
		                            "123456 and then some", "7h3 qwerty dragon", "Winter#2026", "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(refuses(NULL, good[i]), 0);
}

static void
repetition_is_seen_through(void **state)
{
	(void)state;
	assert_int_equal(refuses(NULL, "passwordpassword"), 1);
	assert_int_equal(refuses(NULL, "PasswordPASSWORDpassword"), 1);
	assert_int_equal(refuses(NULL, "aaaaaaaaaaaaaaaa"), 1);
	assert_int_equal(refuses(NULL, "!x!x!x!x!x!x!x!x"), 1);
	assert_int_equal(refuses(NULL, "#4z#4z#4z#4z#4z#4z"), 1);
	assert_int_equal(refuses(NULL, "비밀번비밀번비밀번비밀번비밀번"), 1);
	/* a longer unit that is no word, and one that does not come out even */
	assert_int_equal(refuses(NULL, "vX#9vX#9vX#9vX#9"), 0);
	assert_int_equal(refuses(NULL, "passwordpasswordp"), 0);
}

static void
runs_are_seen(void **state)
{
	static const char *const runs[] = { "abcdefghijklmnop", "ABCDEFGHIJKLMNOP", "ponmlkjihgfedcba", "12345678901234567890",
		                            "98765432109876543210", "xyzabcdefghijklm", "가각갂갃간갅갆갇갈갉갊갋갌갍갎" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		assert_int_equal(refuses(NULL, runs[i]), 1);
	assert_int_equal(refuses(NULL, "abcdefghijklmnoq"), 0);
	assert_int_equal(refuses(NULL, "abcdefghijkjihgf"), 0);
	assert_int_equal(refuses(NULL, "ab"), 0);
}

static void
files_add_words_in_any_spelling(void **state)
{
	struct wordlist *first = list(NULL, "#!comment: ours\nAcme-Rocket\r\n\n비밀번호\nSTRAßE 9\n#hash\n");
	struct wordlist *both = list(first, "second\nacme-rocket");

	(void)state;
	assert_int_equal(first->n, 4);
	assert_int_equal(both->n, 5);
	assert_int_equal(refuses(both, "acme-rocket"), 1);
	assert_int_equal(refuses(both, "ACME-ROCKETacme-rocket"), 1);
	assert_int_equal(refuses(both, "ａｃｍｅ－ｒｏｃｋｅｔ"), 1); /* full width */
	assert_int_equal(refuses(both, "strasse 9"), 1);
	assert_int_equal(refuses(both, "SECOND"), 1);
	assert_int_equal(refuses(both, "#Hash"), 1);
	assert_int_equal(refuses(both, "\xe1\x84\x87\xe1\x85\xb5밀번호"), 1); /* decomposed */
	assert_int_equal(refuses(both, "#!comment: ours"), 0);
	assert_int_equal(refuses(both, "acme-rockets"), 0);
	assert_int_equal(refuses(first, "second"), 0);
	wordlist_free(&both);
	assert_null(both);
	assert_int_equal(refuses(first, "acme-rocket"), 1);
	wordlist_free(&first);
	wordlist_free(&first);
}

static void
lines_that_are_no_passwords_are_passed_over(void **state)
{
	char text[SECRET_MAX + 64];
	struct wordlist *made = NULL;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[SECRET_MAX + 1] = '\n';
	memcpy(text + SECRET_MAX + 2, "\xff\xfe\nco\tl\ngood\n", 14);
	assert_int_equal(wordlist_new(NULL, text, SECRET_MAX + 2 + 14, &made), 0);
	assert_int_equal(made->n, 1);
	assert_int_equal(wordlist_has(made, "good"), 1);
	wordlist_free(&made);
	assert_int_equal(wordlist_new(NULL, "", 0, &made), 0);
	assert_int_equal(made->n, 0);
	assert_int_equal(wordlist_has(made, ""), 0);
	assert_int_equal(wordlist_has(made, "good"), 0);
	wordlist_free(&made);
}

static void
too_big_is_refused(void **state)
{
	struct wordlist *made = (struct wordlist *)&wordlist_packaged;

	(void)state;
	assert_int_equal(wordlist_new(NULL, "x", WORDLIST_FILE_MAX + 1, &made), ERR_RANGE);
	assert_null(made);
}

static void
what_is_no_password_is_an_error(void **state)
{
	char big[SECRET_MAX + 1];
	int refused = 7;

	(void)state;
	assert_int_equal(wordlist_refuses(NULL, (const uint8_t *)"\xff", 1, &refused), ERR_INPUT);
	assert_int_equal(refused, 0);
	memset(big, 'a', sizeof(big));
	assert_int_equal(wordlist_refuses(NULL, (const uint8_t *)big, sizeof(big), &refused), ERR_RANGE);
	assert_int_equal(wordlist_refuses(NULL, (const uint8_t *)big, sizeof(big) - 1, &refused), 0);
	assert_int_equal(refused, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packaged_list_is_sorted_and_without_case),
		cmocka_unit_test(every_packaged_word_is_refused_in_any_case),
		cmocka_unit_test(well_known_ones_are_on_it),
		cmocka_unit_test(a_word_inside_of_a_longer_password_refuses_nothing),
		cmocka_unit_test(repetition_is_seen_through),
		cmocka_unit_test(runs_are_seen),
		cmocka_unit_test(files_add_words_in_any_spelling),
		cmocka_unit_test(lines_that_are_no_passwords_are_passed_over),
		cmocka_unit_test(too_big_is_refused),
		cmocka_unit_test(what_is_no_password_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
