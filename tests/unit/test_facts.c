/*
 * test_facts.c - what may be written about a member.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/country.h"
#include "core/facts.h"

#define HANGUL_GA "\xea\xb0\x80"

static int
good(enum fact fact, const char *value)
{
	return fact_check(fact, value, strlen(value)) == NULL;
}

static void
all_are(int expected, enum fact fact, const char *const *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (good(fact, values[i]) != expected)
			fail_msg("\"%s\" is %s", values[i], expected ? "refused" : "taken");
	}
}

#define TAKEN(fact, ...) \
	all_are(1, fact, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
#define REFUSED(fact, ...) \
	all_are(0, fact, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void
names_are_text_with_something_to_see(void **state)
{
	char long_name[4 * FACT_NAME_MAX + 8] = "";
	size_t i;

	(void)state;
	TAKEN(FACT_NAME, "A", "Kim Chul", HANGUL_GA, "O'Neil, jr.", "a  b");
	REFUSED(FACT_NAME, "", " ", " A", "A ", "A\nB", "A\tB", "\x7f", "\xc2\x85", "\xff", "\xed\xa0\x80", "\xe2\x82");
	assert_non_null(fact_check(FACT_NAME, "A\0B", 3));
	for (i = 0; i < FACT_NAME_MAX; i++)
		strcat(long_name, HANGUL_GA);
	assert_true(good(FACT_NAME, long_name));
	assert_true(good(FACT_AREA, long_name));
	strcat(long_name, "a");
	assert_false(good(FACT_NAME, long_name));
	assert_false(good(FACT_AREA, long_name));
}

static void
languages_have_the_shape_of_a_tag(void **state)
{
	(void)state;
	TAKEN(FACT_LANGUAGE, "ko", "en", "EN", "en-GB", "zh-Hant-TW", "sr-Latn-RS", "de-CH-1996", "haw", "sl-rozaj-biske-1994",
	      "en-a-bbb-x-a-ccc");
	REFUSED(FACT_LANGUAGE, "", "k", "k-KR", "ko-", "-ko", "ko--KR", "ko_KR", "ko KR", "ko-KR,en;q=0.8", "12", "abcdefghi",
	        "en-abcdefghi", "*", HANGUL_GA, "en-GB\n", "aa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee");
	assert_non_null(fact_check(FACT_LANGUAGE, "en\0", 3));
}

static void
addresses_have_lines(void **state)
{
	char longest[FACT_ADDRESS_MAX + 2];

	(void)state;
	TAKEN(FACT_ADDRESS, "1 Main St$Springfield", HANGUL_GA "$06236", "a\\24b", "a\\5Cb", "a\\5cb", "$a");
	REFUSED(FACT_ADDRESS, "", " ", "$", " $ ", "a\nb", "a\\b", "a\\2", "a\\", "\xff");
	memset(longest, 'a', sizeof(longest));
	assert_null(fact_check(FACT_ADDRESS, longest, FACT_ADDRESS_MAX));
	assert_non_null(fact_check(FACT_ADDRESS, longest, FACT_ADDRESS_MAX + 1));
}

static void
mail_addresses_fit_an_envelope(void **state)
{
	(void)state;
	TAKEN(FACT_MAIL, "a@b", "billing@example.com", "a+b@example.com");
	REFUSED(FACT_MAIL, "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b,c@d", "a@b\n", "<a@b>", HANGUL_GA "@b");
	assert_non_null(fact_check(FACT_MAIL, "a@b\0c", 5));
}

static void
countries_are_assigned_codes(void **state)
{
	char code[3] = "";
	int a, b, n = 0;

	(void)state;
	TAKEN(FACT_COUNTRY, "KR", "US", "DE", "AD", "ZW", "GB");
	REFUSED(FACT_COUNTRY, "", "K", "kr", "UK", "XX", "ZZ", "EU", "KOR", "K ", " K", "D A", "R ", "AQ AR");
	for (a = 'A'; a <= 'Z'; a++)
		for (b = 'A'; b <= 'Z'; b++) {
			code[0] = (char)a;
			code[1] = (char)b;
			n += fact_is_country(code, 2);
		}
	assert_in_range(n, 245, 260); /* 249 in 2026; a few come and go in a decade */
	assert_int_equal(2 * n, strlen(country_codes));
}

static void
member_types_and_numbers(void **state)
{
	(void)state;
	TAKEN(FACT_MEMBER_TYPE, "individual", "business");
	REFUSED(FACT_MEMBER_TYPE, "", "Business", "businessx", "busines", "person");
	TAKEN(FACT_REGISTRATION_NUMBER, "123-45-67890", "1234", "HRB 12345", "DE.12/34", "12345678901234567890123456789012");
	REFUSED(FACT_REGISTRATION_NUMBER, "", "123", "-1234", "1234-", "1234 ", " 1234", "12;34", "12\n34", "\xea\xb0\x80" "1234",
	        "123456789012345678901234567890123");
	assert_non_null(fact_check(FACT_REGISTRATION_NUMBER, "12\00034", 5));
	assert_non_null(fact_check((enum fact)99, "a", 1));
}

static void
names_of_organizations(void **state)
{
	(void)state;
	TAKEN(FACT_ORGANIZATION, "acme", "Acme Inc.", HANGUL_GA " " HANGUL_GA, "A & B's", "a-b_c");
	REFUSED(FACT_ORGANIZATION, "", " a", "a ", "a,b", "a=b", "a/b", "a*", "a(b", "a)b", "#a", "a\\b", "a\"b", "a+b", "a;b", "a<b",
	        "a>b", "a\nb", "\xff");
	assert_non_null(fact_check(FACT_ORGANIZATION, "a\0b", 3));
}

static void
domains_and_ids(void **state)
{
	(void)state;
	TAKEN(FACT_DOMAIN, "abc", "9-lives", "a--", "ABC", "a234567890123456789012345678901234567890");
	REFUSED(FACT_DOMAIN, "", "ab", "-abc", "a_b", "a.b", "a b", HANGUL_GA, "a2345678901234567890123456789012345678901");
	assert_non_null(fact_check(FACT_DOMAIN, "ab\0c", 4));
	TAKEN(FACT_ID, "a", "kim", "_x", "kim.chul-su_2@acme+1", "9");
	REFUSED(FACT_ID, "", "-a", ".a", "a b", "a,b", "a/b", "a=b", "a*b", HANGUL_GA, "+a",
	        "a2345678901234567890123456789012345678901234567890123456789012345");
	assert_non_null(fact_check(FACT_ID, "a\0b", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_text_with_something_to_see),
		cmocka_unit_test(languages_have_the_shape_of_a_tag),
		cmocka_unit_test(addresses_have_lines),
		cmocka_unit_test(mail_addresses_fit_an_envelope),
		cmocka_unit_test(countries_are_assigned_codes),
		cmocka_unit_test(member_types_and_numbers),
		cmocka_unit_test(names_of_organizations),
		cmocka_unit_test(domains_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
