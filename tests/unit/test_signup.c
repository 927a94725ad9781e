/*
 * test_signup.c - what a sign-up must say. The values themselves are test_facts.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"
#include "core/signup.h"

#define FIELD(text) { text, sizeof(text) - 1 }

static const struct signup individual = { .mail = FIELD("ana@example.com"), .name = FIELD("Ana Kim"), .country = FIELD("KR"),
	                                  .member_type = FIELD("individual"), .terms = FIELD("2028-01") };
static const struct signup business = {
	.mail = FIELD("ana@example.com"), .name = FIELD("\xea\xb9\x80\xeb\xaf\xbc\xec\xa7\x80"), .country = FIELD("KR"),
	.member_type = FIELD("business"), .terms = FIELD("2028-01"), .language = FIELD("ko-KR"), .business_name = FIELD("Acme"),
	.registration_number = FIELD("123-45-67890")
};

static void
taken(const struct signup *s)
{
	char text[SIGNUP_TEXT_MAX];

	assert_int_equal(signup_check(s, text), 0);
	assert_string_equal(text, "");
}

/* refused - and what is said begins with the name of the field */
static void
refused(const struct signup *s, const char *begins)
{
	char text[SIGNUP_TEXT_MAX];

	assert_int_equal(signup_check(s, text), ERR_INPUT);
	assert_int_equal(strncmp(text, begins, strlen(begins)), 0);
}

static void
all_that_is_needed(void **state)
{
	(void)state;
	taken(&individual);
	taken(&business);
	assert_int_equal(signup_is_business(&individual), 0);
	assert_int_equal(signup_is_business(&business), 1);
}

/* Each field left out, and each with a line end in it. */
static void
every_field_is_looked_at(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		int optional;
	} fields[] = {
		{ "mail:", offsetof(struct signup, mail), 0 },
		{ "name:", offsetof(struct signup, name), 0 },
		{ "country:", offsetof(struct signup, country), 0 },
		{ "member type:", offsetof(struct signup, member_type), 0 },
		{ "terms:", offsetof(struct signup, terms), 0 },
		{ "language:", offsetof(struct signup, language), 1 },
		{ "business name:", offsetof(struct signup, business_name), 0 },
		{ "registration number:", offsetof(struct signup, registration_number), 0 },
	};
	struct signup s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct signup_field *field = (struct signup_field *)((char *)&s + fields[i].offset);

		s = business;
		*field = (struct signup_field)FIELD("a\nb");
		refused(&s, fields[i].name);
		*field = (struct signup_field){ NULL, 0 };
		if (fields[i].optional)
			taken(&s);
		else if (strcmp(fields[i].name, "member type:") != 0)
			refused(&s, fields[i].name);
	}
	s = individual;
	s.member_type.len = 0;
	refused(&s, "member type:");
}

static void
a_business_has_name_and_number(void **state)
{
	struct signup s = individual;

	(void)state;
	s.business_name = business.business_name;
	refused(&s, "business name and registration number");
	s.business_name.len = 0;
	s.registration_number = business.registration_number;
	refused(&s, "business name and registration number");
	s.member_type = (struct signup_field)FIELD("Business");
	refused(&s, "member type:");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_needed),
		cmocka_unit_test(every_field_is_looked_at),
		cmocka_unit_test(a_business_has_name_and_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
