/*
 * test_application.c - what can be applied for, what comes of it, and what a document is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/application.h"
#include "core/document.h"

#define V(text) { text, sizeof(text) - 1 }

static int
parse(const char *text, enum application_field *field, char *value_out)
{
	char wrong[APPLICATION_TEXT_MAX];
	struct application_value value;
	int r = application_change_parse(text, strlen(text), field, &value, wrong);

	assert_int_equal(r == 0, *wrong == '\0');
	assert_int_equal(r == 0, value.value != NULL);
	snprintf(value_out, 64, "%.*s", (int)value.len, value.value != NULL ? value.value : "");
	return r;
}

static void
changes_name_required_information(void **state)
{
	static const char *const wrong[] = { "", ":", "cn", "cn:", "cn: ", "cn:Kim", "cn:  Kim", "cn : Kim", " cn: Kim", "cn: Kim ",
		"cn: a\nb", "uid: x", "mail: a@b", "musterStatus: active", "userPassword: x", "musterBusinessProved: 2026",
		"c: kr", "c: XX", "musterMemberType: Business", "musterRegistrationNumber: 1", "cn;lang-ko: Kim", "o: \xff" };
	enum application_field field;
	char value[64];
	size_t i;

	(void)state;
	assert_int_equal(parse("cn: Kim Chul", &field, value), 0);
	assert_int_equal(field, APPLICATION_NAME);
	assert_string_equal(value, "Kim Chul");
	assert_int_equal(parse("MUSTERMEMBERTYPE: business", &field, value), 0);
	assert_int_equal(field, APPLICATION_MEMBER_TYPE);
	assert_int_equal(parse("o: A: B", &field, value), 0);
	assert_string_equal(value, "A: B");
	assert_int_equal(parse("c: KR", &field, value), 0);
	assert_int_equal(parse("givenName: Chul", &field, value), 0);
	assert_int_equal(parse("sn: Kim", &field, value), 0);
	assert_int_equal(parse("musterRegistrationNumber: 123-45-67890", &field, value), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(wrong[i], &field, value) == 0)
			fail_msg("\"%s\" is taken", wrong[i]);
	}
}

static int
apply(const struct application_value *now, const struct application_value *changes, struct application_value *after)
{
	char wrong[APPLICATION_TEXT_MAX];
	int r = application_apply(now, changes, after, wrong);

	assert_int_equal(r == 0, *wrong == '\0');
	return r;
}

static void
what_is_not_asked_for_stays(void **state)
{
	static const struct application_value now[APPLICATION_FIELDS] = {
		[APPLICATION_NAME] = V("Old"), [APPLICATION_BUSINESS_NAME] = V("written by an administrator")
	}, changes[APPLICATION_FIELDS] = { [APPLICATION_NAME] = V("New"), [APPLICATION_COUNTRY] = V("KR") },
	  person[APPLICATION_FIELDS] = { [APPLICATION_NAME] = V("x"), [APPLICATION_SURNAME] = V("x"), [APPLICATION_GIVEN_NAME] = V("x") };
	struct application_value after[APPLICATION_FIELDS];

	(void)state;
	assert_int_equal(apply(now, changes, after), 0);
	assert_string_equal(after[APPLICATION_NAME].value, "New");
	assert_string_equal(after[APPLICATION_COUNTRY].value, "KR");
	assert_string_equal(after[APPLICATION_BUSINESS_NAME].value, "written by an administrator");
	assert_null(after[APPLICATION_SURNAME].value);
	assert_true(application_concerns_business(changes));
	assert_false(application_concerns_business(person));
}

static void
a_business_has_a_name_and_a_number(void **state)
{
	static const struct application_value nobody[APPLICATION_FIELDS] = { { NULL, 0 } },
	        business[APPLICATION_FIELDS] = { [APPLICATION_MEMBER_TYPE] = V("business"), [APPLICATION_BUSINESS_NAME] = V("Acme"),
		                                 [APPLICATION_REGISTRATION_NUMBER] = V("12345") };
	struct application_value changes[APPLICATION_FIELDS] = { [APPLICATION_MEMBER_TYPE] = V("business") },
	                         after[APPLICATION_FIELDS];

	(void)state;
	assert_int_equal(apply(nobody, changes, after), ERR_RULES);
	changes[APPLICATION_BUSINESS_NAME] = (struct application_value)V("Acme");
	assert_int_equal(apply(nobody, changes, after), ERR_RULES);
	changes[APPLICATION_REGISTRATION_NUMBER] = (struct application_value)V("12345");
	assert_int_equal(apply(nobody, changes, after), 0);
	assert_true(application_is_business(&after[APPLICATION_MEMBER_TYPE]));
	changes[APPLICATION_MEMBER_TYPE] = (struct application_value){ NULL, 0 };
	assert_int_equal(apply(nobody, changes, after), ERR_RULES);
	assert_int_equal(apply(business, changes, after), 0);
	changes[APPLICATION_MEMBER_TYPE] = (struct application_value)V("individual");
	assert_int_equal(apply(business, changes, after), ERR_RULES);
	changes[APPLICATION_BUSINESS_NAME] = changes[APPLICATION_REGISTRATION_NUMBER] = (struct application_value){ NULL, 0 };
	assert_int_equal(apply(business, changes, after), 0);
	assert_null(after[APPLICATION_BUSINESS_NAME].value);
	assert_null(after[APPLICATION_REGISTRATION_NUMBER].value);
	assert_false(application_is_business(&after[APPLICATION_MEMBER_TYPE]));
}

static void
names_and_reasons_are_bounded(void **state)
{
	char text[4 * APPLICATION_REASON_MAX];

	(void)state;
	assert_int_equal(application_name_check("a-B_9", 5), 0);
	assert_int_equal(application_name_check("", 0), ERR_INPUT);
	assert_int_equal(application_name_check("a,b", 3), ERR_INPUT);
	assert_int_equal(application_name_check("a\0b", 3), ERR_INPUT);
	memset(text, 'a', sizeof(text));
	assert_int_equal(application_name_check(text, APPLICATION_NAME_MAX), 0);
	assert_int_equal(application_name_check(text, APPLICATION_NAME_MAX + 1), ERR_INPUT);
	assert_int_equal(application_reason_check(text, APPLICATION_REASON_MAX), 0);
	assert_int_equal(application_reason_check(text, APPLICATION_REASON_MAX + 1), ERR_INPUT);
	assert_int_equal(application_reason_check("", 0), ERR_INPUT);
	assert_int_equal(application_reason_check("  ", 2), ERR_INPUT);
	assert_int_equal(application_reason_check("a\nb", 3), ERR_INPUT);
	assert_int_equal(application_reason_check("\xff", 1), ERR_INPUT);
}

static void
documents_are_what_they_begin_with(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
	char hash[DOCUMENT_HASH_LEN + 1];

	(void)state;
	assert_int_equal(document_type_of("%PDF-1.7", 8), DOCUMENT_PDF);
	assert_int_equal(document_type_of(png, 16), DOCUMENT_PNG);
	assert_int_equal(document_type_of(png, 15), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_of("\xff\xd8\xff\xe0", 4), DOCUMENT_JPEG);
	assert_int_equal(document_type_of("", 0), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_of(" %PDF-1.7", 9), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_of("<html>", 6), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_of("MZ\x90", 3), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_named("Application/PDF", 15), DOCUMENT_PDF);
	assert_int_equal(document_type_named("image/png", 9), DOCUMENT_PNG);
	assert_int_equal(document_type_named("image/jpeg", 10), DOCUMENT_JPEG);
	assert_int_equal(document_type_named("image/jpe", 9), DOCUMENT_UNKNOWN);
	assert_int_equal(document_type_named("", 0), DOCUMENT_UNKNOWN);
	assert_string_equal(document_type_ending(DOCUMENT_JPEG), ".jpg");
	assert_string_equal(document_type_name((enum document_type)99), "");
	/* FIPS 180-2, appendix B.1 */
	document_hash("abc", 3, hash);
	assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_name_required_information),
		cmocka_unit_test(what_is_not_asked_for_stays),
		cmocka_unit_test(a_business_has_a_name_and_a_number),
		cmocka_unit_test(names_and_reasons_are_bounded),
		cmocka_unit_test(documents_are_what_they_begin_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
