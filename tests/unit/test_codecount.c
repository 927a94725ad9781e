/*
 * test_codecount.c - what stays of codes when a new one is sent; which notices can be switched off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/err.h"
#include "core/codecount.h"
#include "core/notice.h"

#define NOW 1795238400

static void
five_wrong_ones_are_enough_whatever_is_sent(void **state)
{
	struct codecount count;
	int i;

	(void)state;
	codecount_new("mail", &count);
	for (i = 0; i < 5; i++) {
		assert_false(codecount_blocked(&count));
		codecount_wrong(&count, NOW + i);
		codecount_sent(&count, NOW + i);
	}
	assert_true(codecount_blocked(&count));
	assert_int_equal(count.since, NOW);
	assert_int_equal(count.sent, 5);
}

static void
a_day_later_it_begins_anew(void **state)
{
	struct codecount count;

	(void)state;
	codecount_new("mobile", &count);
	codecount_sent(&count, NOW);
	codecount_wrong(&count, NOW + 100);
	codecount_age(&count, NOW + CODECOUNT_SEC - 1);
	assert_int_equal(count.wrong + count.sent, 2);
	codecount_age(&count, NOW - 100 * CODECOUNT_SEC); /* set back */
	assert_int_equal(count.wrong + count.sent, 2);
	codecount_age(&count, NOW + CODECOUNT_SEC);
	assert_int_equal(count.wrong + count.sent, 0);
	codecount_wrong(&count, NOW + CODECOUNT_SEC + 5);
	assert_int_equal(count.since, NOW + CODECOUNT_SEC + 5);
	assert_int_equal(count.wrong, 1);
}

static void
a_value_reads_back(void **state)
{
	struct codecount count, back;
	char text[CODECOUNT_TEXT_MAX];

	(void)state;
	codecount_new("login", &count);
	codecount_sent(&count, NOW);
	codecount_wrong(&count, NOW);
	assert_int_equal(codecount_format(&count, text), 0);
	assert_string_equal(text, "login 1795238400 1 1");
	assert_int_equal(codecount_parse(text, strlen(text), NOW, &back), 0);
	assert_memory_equal(&count, &back, sizeof(count));
	strcpy(count.purpose, "no purpose");
	assert_int_equal(codecount_format(&count, text), ERR_INPUT);
	assert_string_equal(text, "");
}

/* A value that was tampered with is no budget. */
static void
what_is_no_value_is_a_count_that_is_used_up(void **state)
{
	static const char *const bad[] = { "", " ", "mail", "mail ", "mail 1", "mail 1 2", "mail 1 2 ", "mail 1 2 3 ", "mail 1 2 3 4",
	                                   "mail -1 2 3", "mail 1 -2 3", "mail 1 02 3", "Mail 1 2 3", "a-purpose-too-long 1 2 3",
	                                   "mail 99999999999999999999 2 3", "mail 1 99999999999 3", "mail  1 2 3", "mail\n 1 2 3" };
	struct codecount count;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(codecount_parse(bad[i], strlen(bad[i]), NOW, &count), ERR_INPUT);
		assert_true(codecount_blocked(&count));
		assert_int_equal(count.since, NOW);
		codecount_wrong(&count, NOW);
		assert_true(codecount_blocked(&count));
	}
}

static void
each_notice_has_its_switch_and_secrets_have_none(void **state)
{
	static const char *const none[] = { "reset", "verify-mail", "verify-mobile", "login-mail", "login-mobile", "login-known",
	                                    "sign-up", "sign-up-known", "payment-check", "", "locked2" };
	size_t i;

	(void)state;
	assert_int_equal(notice_of("locked"), notice_named("LOCKED", 6));
	assert_int_equal(notice_of("mail-changed"), notice_of("login-changed"));
	assert_int_not_equal(notice_of("mail-changed"), notice_of("factor-added"));
	assert_int_not_equal(notice_of("reset-asked"), 0);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(notice_of(none[i]), 0);
	assert_int_equal(notice_named("all", 3), 0);
	assert_int_equal(notice_named("", 0), 0);
	assert_int_equal(notice_named("lockedx", 7), 0);
	assert_int_equal(notice_named("lockedx", 6), notice_of("locked"));
}

/* Each name in the text that people are told is one, and there is no other. */
static void
the_names_that_are_told_are_the_switches(void **state)
{
	unsigned all = 0;
	const char *p;
	size_t len;

	(void)state;
	for (p = notice_names; *p != '\0'; p += len + (p[len] == ' ')) {
		len = strcspn(p, " ");
		assert_int_not_equal(notice_named(p, len), 0);
		assert_int_equal(all & notice_named(p, len), 0);
		all |= notice_named(p, len);
	}
	assert_int_equal(all, 0xff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_wrong_ones_are_enough_whatever_is_sent),
		cmocka_unit_test(a_day_later_it_begins_anew),
		cmocka_unit_test(a_value_reads_back),
		cmocka_unit_test(what_is_no_value_is_a_count_that_is_used_up),
		cmocka_unit_test(each_notice_has_its_switch_and_secrets_have_none),
		cmocka_unit_test(the_names_that_are_told_are_the_switches),
	};

	return cmocka_run_group_tests_name("codecount", tests, NULL, NULL);
}
