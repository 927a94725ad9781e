/*
 * test_text.c - UTF-8, numbers and times as text; the edges of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/err.h"
#include "common/text.h"

/* The encoder of the test, written from RFC 3629's table. */
static size_t
encode(uint32_t cp, uint8_t out[4])
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

static void
every_code_point_decodes(void **state)
{
	uint8_t octets[4];
	uint32_t cp, decoded;
	size_t n, cut;

	(void)state;
	for (cp = 0; cp < 0x120000; cp++) {
		n = encode(cp, octets);
		if ((cp >= 0xd800 && cp < 0xe000) || cp > 0x10ffff) {
			assert_int_equal(text_decode(octets, n, &decoded), 0);
			assert_int_equal(decoded, 0);
			continue;
		}
		assert_int_equal(text_decode(octets, n, &decoded), n);
		assert_int_equal(decoded, cp);
		for (cut = 0; cut < n; cut++)
			assert_int_equal(text_decode(octets, cut, &decoded), 0);
	}
}

static void
no_other_two_octets_decode(void **state)
{
	uint8_t octets[2];
	uint32_t cp;
	unsigned a, b;

	(void)state;
	for (a = 0x80; a < 0x100; a++) {
		for (b = 0; b < 0x100; b++) {
			octets[0] = (uint8_t)a;
			octets[1] = (uint8_t)b;
			assert_int_equal(text_is_utf8(octets, 2),
			                 a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf);
		}
	}
	assert_int_equal(text_decode("\xe0\x80\xaf", 3, &cp), 0);     /* overlong '/' */
	assert_int_equal(text_decode("\xe0\x9f\xbf", 3, &cp), 0);     /* overlong U+07FF */
	assert_int_equal(text_decode("\xf0\x80\x80\xaf", 4, &cp), 0); /* overlong '/' */
	assert_int_equal(text_decode("\xf0\x8f\xbf\xbf", 4, &cp), 0); /* overlong U+FFFF */
	assert_int_equal(text_decode("\xf8\x88\x80\x80\x80", 5, &cp), 0);
}

static void
control_characters_are_not_clean(void **state)
{
	uint8_t octets[6] = { 'a' };
	uint32_t cp;
	size_t n;

	(void)state;
	for (cp = 0; cp < 0x3000; cp++) {
		n = encode(cp, octets + 1);
		octets[1 + n] = 'b';
		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		assert_int_equal(text_is_utf8(octets, n + 2), 1);
		assert_int_equal(text_is_clean(octets, n + 2), !(cp < 0x20 || (cp >= 0x7f && cp <= 0x9f)));
	}
	assert_int_equal(text_is_clean("", 0), 1);
	assert_int_equal(text_is_utf8("", 0), 1);
	assert_int_equal(text_is_clean("a\xff", 2), 0);
}

static int
number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	return text_number(text, strlen(text), min, max, out);
}

static void
numbers_have_one_text(void **state)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "01", "00", "-0", "-01", "1x", "0x1", "1.0", "--1", "١" };
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		v = 7;
		assert_int_equal(number(bad[i], INT64_MIN, INT64_MAX, &v), ERR_INPUT);
		assert_true(v == 0);
	}
	assert_int_equal(text_number("1\0", 2, 0, 9, &v), ERR_INPUT);
	assert_int_equal(text_number("12", 1, 0, 9, &v), 0);
	assert_true(v == 1);
}

static void
numbers_stay_in_range(void **state)
{
	char digits[100001];
	int64_t v;

	(void)state;
	assert_int_equal(number("0", 0, 0, &v), 0);
	assert_int_equal(number("1", 0, 0, &v), ERR_RANGE);
	assert_int_equal(number("-1", 0, 0, &v), ERR_RANGE);
	assert_int_equal(number("9223372036854775807", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(number("9223372036854775808", INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	assert_int_equal(number("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(number("-9223372036854775809", INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	assert_int_equal(number("18446744073709551616", INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	assert_int_equal(number(digits, INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	assert_true(v == 0);
	digits[sizeof(digits) - 2] = 'x';
	assert_int_equal(number(digits, INT64_MIN, INT64_MAX, &v), ERR_INPUT);
}

static void
times_agree_with_the_c_library(void **state)
{
	char ours[TEXT_TIME_MAX], theirs[64];
	struct tm tm;
	int64_t when, back;
	time_t t;

	(void)state;
	/* steps of a prime number of seconds, over all years of four digits */
	for (when = INT64_C(-62167219200); when < INT64_C(253402300800); when += 2000003) {
		t = (time_t)when;
		assert_non_null(gmtime_r(&t, &tm));
		snprintf(theirs, sizeof(theirs), "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		         tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		assert_int_equal(text_time_format(when, ours), 0);
		assert_string_equal(ours, theirs);
		assert_int_equal(text_time_parse(ours, strlen(ours), &back), 0);
		assert_true(back == when);
	}
}

static void
times_out_of_range_are_refused(void **state)
{
	char text[TEXT_TIME_MAX];

	(void)state;
	assert_int_equal(text_time_format(INT64_C(-62167219200), text), 0);
	assert_string_equal(text, "00000101000000Z");
	assert_int_equal(text_time_format(INT64_C(253402300799), text), 0);
	assert_string_equal(text, "99991231235959Z");
	assert_int_equal(text_time_format(INT64_C(-62167219201), text), ERR_RANGE);
	assert_string_equal(text, "");
	assert_int_equal(text_time_format(INT64_C(253402300800), text), ERR_RANGE);
	assert_int_equal(text_time_format(INT64_MIN, text), ERR_RANGE);
	assert_int_equal(text_time_format(INT64_MAX, text), ERR_RANGE);
}

static void
times_have_several_texts(void **state)
{
	static const struct {
		const char *text;
		int64_t when;
	} good[] = {
		{ "19700101000000Z", 0 },
		{ "1970010100Z", 0 },
		{ "197001010001Z", 60 },
		{ "19700101000001.5Z", 1 },
		{ "19700101000001,999999Z", 1 },
		{ "20000229000000Z", 951782400 },
		{ "19700101090000+0900", 0 },
		{ "19700101090000+09", 0 },
		{ "19691231190000-0500", 0 },
		{ "19700101053000+0530", 0 },
		{ "20161231235960Z", 1483228800 },
		{ "19691231235959Z", -1 },
	};
	int64_t when;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(text_time_parse(good[i].text, strlen(good[i].text), &when), 0);
		assert_true(when == good[i].when);
	}
}

static void
what_is_no_time_is_refused(void **state)
{
	static const struct {
		const char *text;
		int r;
	} bad[] = {
		{ "", ERR_INPUT },
		{ "Z", ERR_INPUT },
		{ "19700101000000", ERR_INPUT },
		{ "19700101000000z", ERR_INPUT },
		{ "19700101000000ZZ", ERR_INPUT },
		{ "19700101000000.Z", ERR_INPUT },
		{ "1970010100000Z", ERR_INPUT },
		{ "-9700101000000Z", ERR_INPUT },
		{ "19700101000000+", ERR_INPUT },
		{ "19700101000000+1", ERR_INPUT },
		{ "19700101000000+090", ERR_INPUT },
		{ "19700101000000+09000", ERR_INPUT },
		{ "19700001000000Z", ERR_RANGE },
		{ "19701301000000Z", ERR_RANGE },
		{ "19700100000000Z", ERR_RANGE },
		{ "19700132000000Z", ERR_RANGE },
		{ "19700431000000Z", ERR_RANGE },
		{ "19000229000000Z", ERR_RANGE },
		{ "20010229000000Z", ERR_RANGE },
		{ "19700101240000Z", ERR_RANGE },
		{ "19700101006000Z", ERR_RANGE },
		{ "19700101000061Z", ERR_RANGE },
		{ "19700101000000+2400", ERR_RANGE },
		{ "19700101000000+0060", ERR_RANGE },
	};
	int64_t when;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		when = 7;
		assert_int_equal(text_time_parse(bad[i].text, strlen(bad[i].text), &when), bad[i].r);
		assert_true(when == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_decodes),
		cmocka_unit_test(no_other_two_octets_decode),
		cmocka_unit_test(control_characters_are_not_clean),
		cmocka_unit_test(numbers_have_one_text),
		cmocka_unit_test(numbers_stay_in_range),
		cmocka_unit_test(times_agree_with_the_c_library),
		cmocka_unit_test(times_out_of_range_are_refused),
		cmocka_unit_test(times_have_several_texts),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
